package fold

import (
	"testing"
	"time"

	"footfall/aggregate"
)

// TestAScrollGoalReachedAgainAfterMidnightHasOneVisitor: the visit goes on with
// nothing but an engagement, which reaches the goal on a day without activity.
func TestAScrollGoalReachedAgainAfterMidnightHasOneVisitor(t *testing.T) {
	days, d := oneDay(Limits{Values: 50, Visits: 1 << 20})
	next := NewDay(june+1, time.UTC, Limits{Values: 50, Visits: 1 << 20})
	days.Insert(next)
	goal := aggregate.Goal{ID: 7, Name: "Read", Condition: aggregate.Condition{Page: "/long", Scroll: 50}}
	days.Define(&aggregate.Definitions{Goals: []aggregate.Goal{goal}})

	view := pageview(d, 1, 24*3600-600, "/long")
	scrolled := func(second, depth int) aggregate.Hit {
		h := pageview(d, 1, second, "/long")
		h.Kind, h.Engaged, h.Scroll = aggregate.Engagement, 1000, depth
		h.Facts[aggregate.EventName] = aggregate.Blank
		return h
	}
	first, again := scrolled(24*3600-300, 60), scrolled(24*3600+300, 90)
	again.Before = view.Visitor
	again.Visitor[0]++ // under the next day's salt
	for i, hit := range []struct {
		day *Day
		h   *aggregate.Hit
	}{{d, &view}, {d, &first}, {next, &again}} {
		if got := days.Add(hit.day, hit.h); got != Counted {
			t.Fatalf("hit %d: outcome %d, want it counted", i, got)
		}
	}
	c := next.cells[aggregate.Conversion][next.number(aggregate.Conversion, goal.ID.String())]
	for _, col := range []struct{ all, carried aggregate.Column }{{aggregate.Visitors, aggregate.CarriedVisitors}, {aggregate.Visits, aggregate.CarriedVisits}} {
		if c.Counts[col.all] != 1 || c.Counts[col.carried] != 1 {
			t.Errorf("on the second day the goal has %d of column %d, %d of them carried; want 1 and 1", c.Counts[col.all], col.all, c.Counts[col.carried])
		}
	}
}
