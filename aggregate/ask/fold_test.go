package ask

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/fold"
)

// folded is the same world, counted by the fold instead of the reference.
type folded struct {
	days   fold.Days
	blocks *fakeBlocks
}

func (f *folded) OpenDays(aggregate.Site) (days []aggregate.Day) {
	for _, d := range f.days.Open() {
		days = append(days, d.Day())
	}
	return days
}

func (f *folded) Scan(_ aggregate.Site, day aggregate.Day, s aggregate.Scan) ([]aggregate.ScanRow, aggregate.Meta, error) {
	d := f.days.Find(day)
	if d == nil {
		return nil, aggregate.Meta{}, aggregate.ErrDayClosed
	}
	return d.Scan(&s), d.Meta(), nil
}

// hash stands for the visitor under the day's salt.
func hash(v visitor, d aggregate.Day) (id aggregate.Visitor) {
	binary.LittleEndian.PutUint64(id[:], uint64(v.person)*2654435761+uint64(d)<<40)
	binary.LittleEndian.PutUint32(id[8:], uint32(d))
	binary.LittleEndian.PutUint32(id[12:], uint32(v.person)+1)
	return id
}

// hits are all beacons of the world's live visitors, in order.
func (w *world) hits() []aggregate.Hit {
	var all []aggregate.Hit
	for _, v := range w.visits {
		for _, e := range v.events {
			d := w.day(e.at)
			h := aggregate.Hit{Site: testSite, At: e.at, Visitor: hash(v.visitor, d), Before: hash(v.visitor, d-1), Kind: e.kind,
				Interactive: e.kind == aggregate.Custom, Engaged: e.engaged, Scroll: e.scroll, Paid: e.paid, Revenue: e.revenue}
			for dim, x := range v.facts {
				if dim <= aggregate.LastHitFact {
					h.Facts[dim] = x
				}
			}
			for dim, x := range e.facts {
				h.Facts[dim] = x
			}
			for k, x := range e.props {
				h.Props = append(h.Props, aggregate.Prop{Key: k, Value: x})
			}
			all = append(all, h)
		}
	}
	slices.SortStableFunc(all, func(a, b aggregate.Hit) int { return cmp.Compare(a.At, b.At) })
	return all
}

func (w *world) fold(t *testing.T, open int) *folded {
	t.Helper()
	f := &folded{blocks: &fakeBlocks{blocks: map[aggregate.Key]*aggregate.Block{}}}
	for d := w.first; d <= w.last; d++ {
		one := fold.NewDay(d, w.loc, fold.Limits{Values: 1000, Visits: 1 << 20})
		one.Use(&w.defs)
		f.days.Insert(one)
	}
	for _, h := range w.hits() {
		if got := f.days.Add(f.days.At(h.At), &h); got != fold.Counted {
			t.Fatalf("hit %+v: outcome %v, want it counted", h, got)
		}
	}
	for d := w.first; d <= w.last-aggregate.Day(open); d++ {
		x := f.days.Find(d)
		f.days.Remove(x)
		x.Close()
		for _, p := range x.Blocks(testSite, aggregate.Live) {
			f.put(p)
		}
		if err := x.Links(testSite, aggregate.Live, w.floor, func(p aggregate.Put) error { f.put(p); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range f.days.Open() {
		for _, p := range x.Blocks(testSite, aggregate.Live) {
			f.put(p) // the projection of an open day
		}
	}
	return f
}

func (f *folded) put(p aggregate.Put) {
	if old := f.blocks.blocks[p.Key]; p.Add && old != nil {
		var sum adder
		sum.add(old, true)
		sum.add(p.Block, true)
		p.Block.A, p.Block.B, p.Block.Rows = sum.a, sum.b, sum.rows
	}
	f.blocks.blocks[p.Key] = p.Block
}

// TestAnswersFromTheFoldEqualANaiveRecomputation puts the fold's own blocks and
// scans under the Asker.
func TestAnswersFromTheFoldEqualANaiveRecomputation(t *testing.T) {
	n := seed(t)
	r := rand.New(rand.NewPCG(n, 3))
	for round := range 8 {
		floor := 1 + 2*(round%2)
		first := aggregate.Date(2026, time.March, 20+r.IntN(8))
		last := first + aggregate.Day(5+r.IntN(25))
		w := makeWorld(r, berlin(t), first, last, 6+r.IntN(20), 4, 0, floor)
		f := w.fold(t, round%3)
		s := &stage{world: w, blocks: f.blocks, now: last.End(w.loc).Add(-time.Second)}
		if round%3 == 0 {
			s.now = s.now.AddDate(0, 0, 1)
		}
		s.asker = New(Options{Blocks: f.blocks, Open: f, Clock: func() time.Time { return s.now },
			Settings: func(aggregate.Site) (aggregate.Settings, bool) {
				o := aggregate.DefaultSettings()
				o.Timezone, o.Floor = w.loc.String(), w.floor
				return o, true
			}})
		answered := 0
		for range 250 {
			q := s.randomQuery(r)
			if _, leaves, err := compileFilters(q.Filters); err == nil && len(findFacts(withoutTime(q.Fields), leaves)) > 1 {
				q.Metrics = everyMetric[:7] // links of engagement alone lose their date under any floor
			}
			report, err := s.asker.Answer(q)
			var refusal *Refusal
			if errors.As(err, &refusal) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			answered++
			s.check(t, q, report, floor == 1)
			if t.Failed() {
				t.Fatalf("round %d, query %s; open %v, data %s to %s, warnings %v, hidden %+v", round, describe(q), f.OpenDays(""), first, last, report.Warnings, report.Hidden)
			}
		}
		t.Logf("round %d: %d answered, %d visits, floor %d, %d open", round, answered, len(w.visits), floor, round%3)
	}
}

func withoutTime(fields []aggregate.Field) []aggregate.Field {
	return slices.DeleteFunc(slices.Clone(fields), isTime)
}

// The example of the API: A at 00:00 and 00:25, B at 00:00.
func TestTwoVisitsGiveTheFiguresOfTheExample(t *testing.T) {
	d := day(2026, time.November, 20)
	w := &world{loc: berlin(t), floor: 3, first: d, last: d}
	at := d.Start(w.loc).UnixMilli()
	view := func(at int64) happening {
		return happening{at: at, kind: aggregate.Pageview, scroll: aggregate.NoScroll,
			facts: map[aggregate.Dimension]string{aggregate.Page: "/", aggregate.EventName: aggregate.PageviewName}}
	}
	for person, events := range [][]happening{{view(at), view(at + 25*60_000)}, {view(at)}} {
		w.visits = append(w.visits, &visit{visitor: visitor{person: person}, facts: map[aggregate.Dimension]string{}, events: events})
	}
	for open := range 2 {
		f := w.fold(t, open)
		a := New(Options{Blocks: f.blocks, Open: f, Clock: func() time.Time { return d.End(w.loc).Add(-time.Minute) },
			Settings: func(aggregate.Site) (aggregate.Settings, bool) { return aggregate.DefaultSettings(), true }})
		report, err := a.Answer(&aggregate.Query{Site: testSite, Range: aggregate.Range{Days: true, First: d, Last: d},
			Metrics: []aggregate.Metric{aggregate.MetricPageviews, aggregate.MetricVisits, aggregate.MetricViewsPerVisit,
				aggregate.MetricVisitors, aggregate.MetricBounceRate, aggregate.MetricVisitDuration}})
		if err != nil {
			t.Fatal(err)
		}
		var got []float64
		for _, v := range report.Rows[0].Values {
			got = append(got, v.Number)
		}
		if want := []float64{3, 2, 1.5, 2, 50, 750}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d open days: %v, want %v", open, got, want)
		}
	}
}
