package ask

import (
	"slices"
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
}

// TestWhatIsHiddenOfAPropertyIsNoMoreThanWhatIsWithheldOfIt: the rest lacks the
// property for sure, and has its row.
func TestWhatIsHiddenOfAPropertyIsNoMoreThanWhatIsWithheldOfIt(t *testing.T) {
	s := smallStage(t, 0, 3, 0)
	first, last := day(2026, time.April, 2), day(2026, time.April, 9)
	filter := is("visit:source", "Google")
	q := s.query(first, last, []string{"event:props:lang"}, filter)
	r := s.mustAnswer(t, q)
	s.check(t, q, r, false)
	withheld := 0.0 // of the property, whatever the source
	for _, row := range s.mustAnswer(t, s.query(first, last, []string{"event:props:lang"})).Rows {
		if row.Labels[0] != labelNone {
			withheld += row.Values[3].Number
		}
	}
	for _, row := range s.mustAnswer(t, s.query(first, last, []string{"visit:source", "event:props:lang"})).Rows {
		if row.Labels[1] != labelNone && row.Labels[1] != labelHidden {
			withheld -= row.Values[3].Number
		}
	}
	none := slices.IndexFunc(r.Rows, func(row aggregate.ReportRow) bool { return row.Labels[0] == labelNone })
	if none < 0 || r.Hidden == nil || r.Hidden.Events == 0 || float64(r.Hidden.Events) > withheld {
		t.Errorf("rows %v, hidden %+v; want at most %v events hidden, and the others in the row %s", r.Rows, r.Hidden, withheld, labelNone)
	}
	if w := r.Warnings[aggregate.MetricEvents]; w.Code != codeFloor {
		t.Errorf("warning %+v, want that the hidden events are the most there can be", w)
	}
}
