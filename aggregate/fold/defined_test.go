package fold

import (
	"fmt"

	"footfall/aggregate"
)

// definitions makes what an owner might define for the stream's pages and events.
// Ids never return, and mean the same whenever they come.
func (s *stream) definitions() *aggregate.Definitions {
	defs := new(aggregate.Definitions)
	for id, c := range s.conditions() {
		if s.r.IntN(2) == 0 {
			defs.Goals = append(defs.Goals, aggregate.Goal{ID: aggregate.GoalID(id + 1), Name: c.String(), Condition: c})
		}
	}
	for id := range 6 {
		if s.r.IntN(2) == 0 {
			defs.Funnels = append(defs.Funnels, s.funnel(id))
		}
	}
	return defs
}

func (s *stream) conditions() []aggregate.Condition {
	return []aggregate.Condition{
		{Page: "/page1"}, {Page: "/page*"}, {Page: "/**"}, {Page: "/page3", Scroll: 40}, {Page: "/page*", Scroll: 90},
		{Event: "event1!"}, {Event: "event2!", Props: []aggregate.Prop{{Key: "plan", Value: "plan1"}}},
		{Event: "event1!", Props: []aggregate.Prop{{Key: "plan", Value: "plan2"}, {Key: "size", Value: "size1"}}},
	}
}

// funnel is always the same for an id: odd ones are strict.
func (s *stream) funnel(id int) aggregate.Funnel {
	all := []aggregate.Condition{{Page: "/page1"}, {Page: "/page2"}, {Page: "/page*"}, {Event: "event1!"}, {Page: "/page1"},
		{Event: "event2!"}, {Page: "/**"}, {Page: "/page2"}}
	f := aggregate.Funnel{ID: aggregate.GoalID(100 + id), Name: fmt.Sprint("funnel ", id), Strict: id%2 == 1}
	for n := range 2 + id%3 {
		f.Steps = append(f.Steps, aggregate.Step{Condition: all[(id+n)%len(all)]})
	}
	return f
}

// meets reports, in the words of the definition, whether an event satisfies a
// condition.
func meets(c *aggregate.Condition, e happened) bool {
	f := &e.hit.Facts
	onPage := aggregate.MatchGlob(c.Page, f[aggregate.Page])
	switch {
	case c.Scroll > 0:
		return !activity(e) && onPage && e.hit.Scroll >= c.Scroll
	case c.Page != "":
		return activity(e) && onPage
	case e.hit.Kind != aggregate.Custom || f[aggregate.EventName] != c.Event:
		return false
	}
	for _, want := range c.Props {
		found := false
		for _, p := range e.hit.Props {
			found = found || p == want
		}
		if !found {
			return false
		}
	}
	return true
}

// reaches is the number of steps that a visit has gone in a funnel.
func (v *refVisit) reaches(f *aggregate.Funnel) int {
	var events []happened
	for _, e := range v.events {
		if activity(e) {
			events = append(events, e)
		}
	}
	if !f.Strict {
		step := 0
		for _, e := range events {
			if step < len(f.Steps) && meets(&f.Steps[step].Condition, e) {
				step++
			}
		}
		return step
	}
	best := 0
	for i := range events {
		best = max(best, strictFrom(f, events[i:], 0))
	}
	return best
}

// strictFrom is how many steps are done when the first event does step n.
func strictFrom(f *aggregate.Funnel, events []happened, n int) int {
	if n == len(f.Steps) || len(events) == 0 || !meets(&f.Steps[n].Condition, events[0]) {
		return n
	}
	return max(n+1, strictFrom(f, events[1:], n), strictFrom(f, events[1:], n+1))
}

// pageBefore is the page viewed before a pageview.
func (v *refVisit) pageBefore(e happened) string {
	before := ""
	for _, o := range v.events {
		if o.hit.At == e.hit.At && o.number == e.number {
			return before
		}
		if view(o) {
			before = o.hit.Facts[aggregate.Page]
		}
	}
	return before
}

// hasValue reports whether an event of the visit has a value of a dimension; of
// some it has several, or none.
func (v *refVisit) hasValue(defs *aggregate.Definitions, dim aggregate.Dimension, key string, match func(string) bool, e happened) bool {
	switch dim {
	case aggregate.Conversion:
		for i := range defs.Goals {
			if g := &defs.Goals[i]; !g.Simple() && match(g.ID.String()) && meets(&g.Condition, e) {
				return true
			}
		}
		return false
	case aggregate.Reached:
		for i := range defs.Funnels {
			f := &defs.Funnels[i]
			for step := 1; f.ID.String() == key && step <= v.reaches(f); step++ {
				if match(fmt.Sprint(step)) {
					return true
				}
			}
		}
		return false
	case aggregate.PageBefore:
		return view(e) && match(v.pageBefore(e))
	}
	got, ok := v.fact(dim, key, e)
	return ok && match(got) && !(dim == aggregate.EventName && !activity(e))
}
