package ask

import (
	"testing"
	"time"

	"footfall/aggregate"
)

// TestEventsWithoutAPropertyAreNotTakenForHidden: the floor takes the date of links
// of the range's month, but every event that has the property is told of.
func TestEventsWithoutAPropertyAreNotTakenForHidden(t *testing.T) {
	s := smallStage(t, 0, 3, 0)
	first, last := day(2026, time.April, 2), day(2026, time.April, 9) // no whole month
	for _, filter := range []aggregate.Filter{is("visit:source", "Google"), is("event:page", "/p1"), is("event:name", aggregate.PageviewName)} {
		whole := s.mustAnswer(t, s.query(first, last, nil, filter))
		r := s.mustAnswer(t, s.query(first, last, []string{"event:props:absent"}, filter))
		events := whole.Rows[0].Values[3]
		if len(r.Rows) != 1 || r.Rows[0].Labels[0] != labelNone || r.Rows[0].Values[3].Number != events.Number || events.Number == 0 || r.Hidden != nil {
			t.Errorf("%v: rows %v, hidden %+v; want the row %s with all %v events", filter.Field.Name, r.Rows, r.Hidden, labelNone, events.Number)
		}
	}
	r := s.mustAnswer(t, s.query(first, last, []string{"event:props:plan"}, is("visit:source", "Google")))
	if r.Hidden == nil || r.Hidden.Events == 0 {
		t.Errorf("hidden %+v, want what the floor withholds of a property that some events have", r.Hidden)
	}
}
