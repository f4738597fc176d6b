package fold

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"footfall/aggregate"
)

var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Chatham", "America/Havana", "Africa/Cairo"}

// changes are days around which some zone changes its clock.
var changes = []string{"2026-03-28", "2026-03-07", "2026-10-24", "2026-10-31", "2026-04-04", "2026-04-23", "2026-10-29", "2026-01-01"}

func newStream(t testing.TB, seed uint64) *stream {
	r := rand.New(rand.NewPCG(seed, 1))
	zone, err := time.LoadLocation(zones[r.IntN(len(zones))])
	if err != nil {
		t.Fatal(err)
	}
	first, err := aggregate.ParseDay(changes[r.IntN(len(changes))])
	if err != nil {
		t.Fatal(err)
	}
	return &stream{r: r, zone: zone, first: first, days: 2 + r.IntN(3), people: 1 + r.IntN(12)}
}

// world folds a stream and keeps the days it closed.
type world struct {
	t      testing.TB
	s      *stream
	days   Days
	closed map[aggregate.Day]*Day
	defs   *aggregate.Definitions // in force; nil: nothing is ever defined
}

func (w *world) day(at int64) *Day {
	if d := w.days.At(at); d != nil {
		return d
	}
	d := NewDay(aggregate.DayOf(time.UnixMilli(at), w.s.zone), w.s.zone, Limits{Values: 1000, Visits: 1 << 20})
	d.compile(w.defs)
	w.days.Insert(d)
	return d
}

// closeEnded takes out the days that have ended at now.
func (w *world) closeEnded(now int64) {
	for _, d := range slices.Clone(w.days.Open()) {
		if w.days.Ended(d, now) {
			w.days.Remove(d)
			w.closed[d.day] = d
		}
	}
}

// restart writes all open days and reads them back.
func (w *world) restart() {
	var again Days
	for _, d := range w.days.Open() {
		again.Insert(reread(w.t, d))
	}
	w.days = again
}

func reread(t testing.TB, d *Day) *Day {
	var buf bytes.Buffer
	frozen := d.Freeze()
	defer d.Thaw()
	if _, err := frozen.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	again, err := ReadDay(&buf)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// delayed moves some events to a later place in the stream, at most half an hour
// and never into the next day. The first half hour of a day stays in order: what
// comes after it no longer brings yesterday's id.
func (s *stream) delayed(events []happened) []happened {
	type arrival struct {
		at int64
		e  happened
	}
	var order []arrival
	for _, e := range events {
		a := arrival{e.hit.At, e}
		if early := e.day.Start(s.zone).Add(Gap).UnixMilli(); e.hit.At > early && activity(e) && s.r.IntN(4) == 0 {
			late := e.hit.At + s.r.Int64N(Gap.Milliseconds())
			if aggregate.DayOf(time.UnixMilli(late), s.zone) == e.day {
				a.at = late
			}
		}
		order = append(order, a)
	}
	slices.SortStableFunc(order, func(a, b arrival) int { return int(a.at - b.at) })
	out := make([]happened, len(order))
	for i, a := range order {
		out[i] = a.e
	}
	return out
}

// run folds the events and returns those that were counted.
func (w *world) run(events []happened) (counted []happened, dropped int) {
	now := int64(0)
	for i := range events {
		e := events[i]
		now = max(now, e.hit.At)
		w.closeEnded(now)
		switch got := w.days.Add(w.day(e.hit.At), &e.hit); got {
		case Counted:
			counted = append(counted, e)
		case NoVisit:
			dropped++
		default:
			w.t.Fatalf("event %d: outcome %d", i, got)
		}
		if w.s.r.IntN(50) == 0 {
			w.restart()
		}
		if w.defs != nil && w.s.r.IntN(40) == 0 {
			w.defs = w.s.definitions()
			w.days.Define(w.defs)
		}
	}
	w.closeEnded(now + 72*time.Hour.Milliseconds())
	return counted, dropped
}

func TestEveryCounterEqualsANaiveRecomputation(t *testing.T) {
	for seed := range uint64(1200) {
		simulate(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func simulate(t *testing.T, seed uint64) {
	s := newStream(t, seed)
	s.late = seed%3 == 0
	events := s.events(1 + s.r.IntN(20) + s.r.IntN(2)*s.r.IntN(2)*s.r.IntN(150))
	order := events
	if s.late {
		order = s.delayed(events)
	}
	w := &world{t: t, s: s, closed: map[aggregate.Day]*Day{}}
	if seed%4 != 1 {
		w.defs = s.definitions()
	}
	counted, dropped := w.run(order)
	if s.late {
		events = counted // which engagements found a live visit depends on the order of arrival
	}
	visits, wantDropped := sessions(events)
	if !s.late && dropped != wantDropped {
		t.Errorf("seed %d: %d engagements dropped, want %d", seed, dropped, wantDropped)
	}
	for day, d := range w.closed {
		compareDay(t, seed, d, day, visits)
		compareScans(t, s, d, visits)
	}
}

func compareDay(t *testing.T, seed uint64, d *Day, day aggregate.Day, visits []*refVisit) {
	t.Helper()
	all := question{day: day, holds: func(*refVisit, happened) bool { return true }}
	compare(t, fmt.Sprintf("seed %d, %s, total", seed, day), d.total, all.answer(visits))
	for _, dim := range counted {
		for v := range d.cells[dim] {
			text := d.text(dim, value(v))
			key, val := "", text
			if keyed(dim) {
				key, val = aggregate.Part(text, 0), aggregate.Part(text, 1)
				if v < int(firstFree) {
					continue
				}
			}
			if defined(dim) && v < int(firstFree) {
				continue
			}
			q := question{day: day, byPage: dim == aggregate.Page, byHost: dim == aggregate.Hostname, goals: dim == aggregate.Conversion}
			defs := d.Definitions()
			q.holds = func(v *refVisit, e happened) bool {
				return v.hasValue(&defs, dim, key, func(got string) bool { return got == val }, e)
			}
			want := q.answer(visits)
			compare(t, fmt.Sprintf("seed %d, %s, %s %q", seed, day, dim, text), d.cells[dim][v].Counts, want)
		}
	}
	compareHours(t, seed, d, day, visits)
}

func compare(t *testing.T, what string, got, want aggregate.Counts) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func compareHours(t *testing.T, seed uint64, d *Day, day aggregate.Day, visits []*refVisit) {
	var want [24]aggregate.Counts
	people := [24]map[int]bool{}
	hour := func(e happened) int { return time.UnixMilli(e.hit.At).In(d.zone).Hour() }
	for _, v := range visits {
		first, last := -1, -1
		for _, e := range v.on(day) {
			if !activity(e) {
				continue
			}
			h := hour(e)
			want[h][aggregate.Events]++
			if view(e) {
				want[h][aggregate.Pageviews]++
			}
			if people[h] == nil {
				people[h] = map[int]bool{}
			}
			people[h][v.person] = true
			if first < 0 {
				first, last = h, h
			}
			first, last = min(first, h), max(last, h) // a repeated hour may come after a later one
		}
		if first < 0 {
			continue
		}
		if v.start < day {
			first = 0
		}
		if slices.ContainsFunc(v.on(day+1), activity) {
			last = 23
		}
		for h := first; h <= last; h++ {
			want[h][aggregate.Visits]++
		}
		if v.start == day {
			v.addStart(&want[hour(v.events[0])])
		}
	}
	for h := range want {
		want[h][aggregate.Visitors] = int64(len(people[h]))
		for _, col := range []aggregate.Column{aggregate.Visitors, aggregate.Visits, aggregate.Pageviews, aggregate.Events,
			aggregate.Starts, aggregate.Bounces, aggregate.Duration, aggregate.StartViews} {
			if d.hour[h][col] != want[h][col] {
				t.Errorf("seed %d, %s, hour %d, column %d: got %d, want %d", seed, day, h, col, d.hour[h][col], want[h][col])
			}
		}
	}
}

// leafFor makes a random condition and its twin for the reference.
func leafFor(s *stream, d *Day) (aggregate.Expr, func(*refVisit, happened) bool) {
	dims := []aggregate.Dimension{aggregate.Source, aggregate.Country, aggregate.EntryPage, aggregate.ExitPage, aggregate.Page, aggregate.Hostname,
		aggregate.EventName, aggregate.Property, aggregate.Conversion, aggregate.Reached, aggregate.PageBefore}
	dim := dims[s.r.IntN(len(dims))]
	key := ""
	switch dim {
	case aggregate.Property:
		key = "plan"
	case aggregate.Reached:
		key = "100"
	}
	wanted := map[string]bool{"": s.r.IntN(3) == 0}
	for _, v := range d.dicts[dictOf(dim)].values {
		if keyed(dim) {
			v = propValue(v)
		}
		wanted[v] = s.r.IntN(2) == 0
	}
	match := func(v string) bool { return wanted[v] }
	leaf := aggregate.Expr{Dimension: dim, Key: key, Match: match}
	defs := d.Definitions()
	holds := func(v *refVisit, e happened) bool {
		if defined(dim) || dim == aggregate.PageBefore {
			return v.hasValue(&defs, dim, key, match, e)
		}
		got, _ := v.fact(dim, key, e)
		return match(got)
	}
	if s.r.IntN(4) == 0 {
		return aggregate.Expr{Op: aggregate.Not, Args: []aggregate.Expr{leaf}},
			func(v *refVisit, e happened) bool { return !holds(v, e) }
	}
	return leaf, holds
}

// compareScans puts random questions to the records.
func compareScans(t *testing.T, s *stream, d *Day, visits []*refVisit) {
	for range 4 {
		filter := aggregate.Expr{Op: aggregate.And}
		var holds []func(*refVisit, happened) bool
		for range s.r.IntN(4) {
			e, h := leafFor(s, d)
			filter.Args = append(filter.Args, e)
			holds = append(holds, h)
		}
		scan := &aggregate.Scan{Filter: &filter}
		q := question{day: d.day}
		note := func(dim aggregate.Dimension) {
			q.byPage = q.byPage || dim == aggregate.Page || dim == aggregate.PageBefore
			q.goals = q.goals || dim == aggregate.Conversion
			q.byHost = q.byHost || dim == aggregate.Hostname
		}
		filter.Leaves(func(e *aggregate.Expr) { note(e.Dimension) })
		groups := []aggregate.Dimension{aggregate.Channel, aggregate.Page, aggregate.ExitPage, aggregate.EventName, aggregate.Property,
			aggregate.Conversion, aggregate.Reached, aggregate.PageBefore}
		s.r.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
		groups = groups[:s.r.IntN(3)]
		for _, dim := range groups {
			g := aggregate.Group{Dimension: dim, Label: sameLabel}
			switch dim {
			case aggregate.Property:
				g.Key = "size"
			case aggregate.Reached:
				g.Key = "101"
			}
			scan.Groups = append(scan.Groups, g)
			note(dim)
		}
		defs := d.Definitions()
		for _, row := range d.Scan(scan) {
			q.holds = func(v *refVisit, e happened) bool {
				for _, h := range holds {
					if !h(v, e) {
						return false
					}
				}
				for i, dim := range groups {
					key := "size"
					if dim == aggregate.Reached {
						key = "101"
					}
					if !v.hasValue(&defs, dim, key, func(got string) bool { return got == row.Values[i] }, e) {
						return false
					}
				}
				return true
			}
			compare(t, fmt.Sprintf("%s, scan by %v with %d conditions, row %q", d.day, groups, len(holds), row.Values), row.Counts, q.answer(visits))
		}
	}
}
