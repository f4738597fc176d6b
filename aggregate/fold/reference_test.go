package fold

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"footfall/aggregate"
)

// The reference computes every counter from the list of all events, by the words
// of the definitions and without any cleverness.

// happened is one event of one person, as the reference sees it.
type happened struct {
	hit    aggregate.Hit
	person int
	day    aggregate.Day
	number int // tells events of the same moment apart
}

// refVisit is a visit with its events in order of time.
type refVisit struct {
	person int
	start  aggregate.Day
	events []happened
}

func activity(e happened) bool { return e.hit.Kind != aggregate.Engagement }
func view(e happened) bool     { return e.hit.Kind == aggregate.Pageview }

// sessions cuts the events of each person into visits: gaps of at most half an
// hour, cut at the second midnight. An engagement without a live visit is
// reported as dropped.
func sessions(events []happened) (visits []*refVisit, dropped int) {
	byPerson := map[int][]happened{}
	for _, e := range events {
		byPerson[e.person] = append(byPerson[e.person], e)
	}
	for person, list := range byPerson {
		slices.SortStableFunc(list, func(a, b happened) int { return int(a.hit.At - b.hit.At) })
		var v *refVisit
		var seen int64
		for _, e := range list {
			alive := v != nil && e.hit.At-seen <= Gap.Milliseconds() && e.day <= v.start+1
			switch {
			case alive:
				v.events = append(v.events, e)
			case !activity(e):
				dropped++
				continue
			default:
				v = &refVisit{person: person, start: e.day, events: []happened{e}}
				visits = append(visits, v)
			}
			seen = e.hit.At
		}
	}
	return visits, dropped
}

// fact is the value of a dimension for an event of the visit, as stored.
func (v *refVisit) fact(dim aggregate.Dimension, key string, e happened) (string, bool) {
	switch {
	case dim == aggregate.EntryPage, dim == aggregate.ExitPage:
		page := ""
		for _, o := range v.events {
			if view(o) && (page == "" || dim == aggregate.ExitPage) {
				page = o.hit.Facts[aggregate.Page]
			}
		}
		return page, true
	case dim.OfVisit():
		return v.events[0].hit.Facts[dim], true
	case dim == aggregate.Page || dim == aggregate.Hostname:
		return e.hit.Facts[dim], true
	case !activity(e) && dim == aggregate.EventName:
		return aggregate.EngagementName, true
	case !activity(e):
		return "", false
	case dim == aggregate.Property:
		for _, p := range e.hit.Props {
			if p.Key == key {
				return p.Value, true
			}
		}
		return "", true
	case dim == aggregate.Outbound, dim == aggregate.Download, dim == aggregate.SearchTerm:
		return e.hit.Facts[dim], e.hit.Facts[dim] != ""
	}
	return e.hit.Facts[dim], true
}

// entered is the event by which the visit entered on the day it started.
func (v *refVisit) entered() happened {
	for _, e := range v.on(v.start) {
		if view(e) {
			return e
		}
	}
	return v.events[0]
}

func (v *refVisit) on(day aggregate.Day) (events []happened) {
	for _, e := range v.events {
		if e.day == day {
			events = append(events, e)
		}
	}
	return events
}

// question is a row to recompute: the events for which holds is true.
type question struct {
	day            aggregate.Day
	holds          func(*refVisit, happened) bool
	byPage, byHost bool
	goals          bool // an engagement for which holds is true has reached a goal
}

func (q question) answer(visits []*refVisit) (c aggregate.Counts) {
	people := map[int]bool{}
	carriedBy := map[int]bool{}
	for _, v := range visits {
		today := q.part(v, v.on(q.day))
		if today.active {
			people[v.person] = true
		}
		c.Add(&today.counts)
		if v.start == q.day && q.starts(v) {
			v.addStart(&c)
		}
		if v.start != q.day-1 || len(v.on(q.day)) == 0 {
			continue
		}
		before := q.part(v, v.on(v.start))
		if before.active {
			carriedBy[v.person] = true
			c[aggregate.CarriedVisits] += today.counts[aggregate.Visits]
		}
		if before.counts[aggregate.EngagedVisits] > 0 {
			c[aggregate.CarriedEngagedVisits] += today.counts[aggregate.EngagedVisits]
		}
		if before.counts[aggregate.ScrollVisits] > 0 && today.counts[aggregate.ScrollVisits] > 0 {
			c[aggregate.CarriedScrollVisits]++
			c[aggregate.CarriedScroll] += min(before.counts[aggregate.Scroll], today.counts[aggregate.Scroll])
		}
	}
	c[aggregate.Visitors] = int64(len(people))
	for person := range people {
		if carriedBy[person] {
			c[aggregate.CarriedVisitors]++
		}
	}
	return c
}

type part struct {
	active bool
	counts aggregate.Counts
}

func (q question) part(v *refVisit, events []happened) (p part) {
	depth := -1
	for _, e := range events {
		if !q.holds(v, e) {
			continue
		}
		if !activity(e) && q.goals {
			p.active = true
			p.counts[aggregate.Visits] = 1
			continue
		}
		if !activity(e) {
			p.counts[aggregate.Engaged] += e.hit.Engaged
			if e.hit.Engaged > 0 {
				p.counts[aggregate.EngagedVisits] = 1
			}
			depth = max(depth, e.hit.Scroll)
			continue
		}
		p.active = true
		p.counts[aggregate.Visits] = 1
		p.counts[aggregate.Events]++
		if view(e) {
			p.counts[aggregate.Pageviews]++
		}
		if e.hit.Paid {
			p.counts[aggregate.Paid]++
			p.counts[aggregate.Revenue] += int64(e.hit.Revenue)
		}
	}
	if depth >= 0 {
		p.counts[aggregate.ScrollVisits] = 1
		p.counts[aggregate.Scroll] = int64(depth)
	}
	return p
}

// starts reports whether the row has the visit's start.
func (q question) starts(v *refVisit) bool {
	in := v.entered()
	for _, e := range v.on(v.start) {
		if (activity(e) || q.goals) && q.holds(v, e) &&
			(!q.byPage || e.hit.Facts[aggregate.Page] == in.hit.Facts[aggregate.Page]) &&
			(!q.byHost || e.hit.Facts[aggregate.Hostname] == in.hit.Facts[aggregate.Hostname]) {
			return true
		}
	}
	return false
}

func (v *refVisit) addStart(c *aggregate.Counts) {
	views, interactive, last := int64(0), false, int64(0)
	for _, e := range v.events {
		if view(e) {
			views++
		}
		if activity(e) {
			last = e.hit.At
		}
		interactive = interactive || e.hit.Kind == aggregate.Custom && e.hit.Interactive
	}
	c[aggregate.Starts]++
	c[aggregate.StartViews] += views
	c[aggregate.Duration] += last - v.events[0].hit.At
	if views == 1 && !interactive {
		c[aggregate.Bounces]++
	}
}

// stream makes random events of a few days: many people near midnight, many
// returns, all kinds of events.
type stream struct {
	r      *rand.Rand
	zone   *time.Location
	first  aggregate.Day
	days   int
	people int
	late   bool
}

func (s *stream) pick(prefix string, n int) string {
	if i := s.r.IntN(n + 1); i > 0 {
		return fmt.Sprintf("%s%d", prefix, i)
	}
	return ""
}

func (s *stream) events(n int) []happened {
	from := s.first.Start(s.zone).UnixMilli()
	to := (s.first + aggregate.Day(s.days)).Start(s.zone).UnixMilli()
	events := make([]happened, 0, n)
	for len(events) < n {
		at := from + s.r.Int64N(to-from)
		if s.r.IntN(2) == 0 { // near a midnight
			midnight := (s.first + aggregate.Day(s.r.IntN(s.days))).Start(s.zone).UnixMilli()
			at = min(max(from, midnight+s.r.Int64N(5_400_000)-2_700_000), to-1)
		}
		person := s.r.IntN(s.people)
		for range 1 + s.r.IntN(5) {
			events = append(events, s.event(person, at))
			at += s.r.Int64N(2_400_000)
			if at >= to {
				break
			}
		}
	}
	slices.SortStableFunc(events, func(a, b happened) int { return int(a.hit.At - b.hit.At) })
	for i := range events {
		events[i].number = i
	}
	return events
}

func (s *stream) event(person int, at int64) happened {
	day := aggregate.DayOf(time.UnixMilli(at), s.zone)
	e := happened{person: person, day: day, hit: aggregate.Hit{Site: "example.com", At: at, Scroll: aggregate.NoScroll}}
	e.hit.Visitor = s.id(person, day)
	e.hit.Before = s.id(person, day-1)
	f := &e.hit.Facts
	for dim := aggregate.Source; dim <= aggregate.LastHitFact; dim++ {
		f[dim] = s.pick(dim.String(), 3)
	}
	f[aggregate.Page] = "/" + s.pick("page", 4)
	f[aggregate.Hostname] = s.pick("host", 2)
	switch s.r.IntN(6) {
	case 0:
		e.hit.Kind, f[aggregate.EventName] = aggregate.Engagement, aggregate.EngagementName
		e.hit.Engaged = s.r.Int64N(3) * s.r.Int64N(60_000)
		e.hit.Scroll = s.r.IntN(102) - 1
	case 1:
		e.hit.Kind, f[aggregate.EventName] = aggregate.Custom, s.pick("event", 3)+"!"
		e.hit.Interactive = s.r.IntN(2) == 0
		f[aggregate.Outbound], f[aggregate.Download] = s.pick("out", 2), s.pick("file", 2)
		if s.r.IntN(3) == 0 {
			e.hit.Paid, e.hit.Revenue = true, aggregate.Money(s.r.Int64N(3)*s.r.Int64N(1_000_000))
		}
		for _, key := range []string{"plan", "size"} {
			if v := s.pick(key, 2); v != "" {
				e.hit.Props = append(e.hit.Props, aggregate.Prop{Key: key, Value: v})
			}
		}
	default:
		e.hit.Kind, f[aggregate.EventName] = aggregate.Pageview, aggregate.PageviewName
		if s.r.IntN(12) == 0 {
			f[aggregate.SearchTerm] = s.pick("term", 3)
		}
		if s.r.IntN(8) == 0 {
			e.hit.Props = []aggregate.Prop{{Key: "plan", Value: "viewed"}}
		}
	}
	return e
}

// id is a stand-in for the visitor's keyed hash of that day.
func (s *stream) id(person int, day aggregate.Day) (id aggregate.Visitor) {
	copy(id[:], fmt.Sprintf("%08d%08d", person*7919%1_000_000, day))
	return id
}
