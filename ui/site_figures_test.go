package ui

import (
	"testing"

	"footfall/aggregate"
	"footfall/ui/words"
)

func TestAFigureWithNothingBeforeIsNewAndNoAmountMore(t *testing.T) {
	s := &scene{l: words.For("en")}
	number := func(n float64) aggregate.Value { return aggregate.Value{Number: n} }
	if c := s.change(aggregate.MetricVisitors, number(8), number(0)); c == nil || !c.New || c.Way != "up" || c.Text != "new" {
		t.Errorf("8 visitors after none: got %+v, want new", c)
	}
	if c := s.change(aggregate.MetricVisitors, number(8), number(4)); c == nil || c.New || c.Way != "up" || c.Text != "100%" {
		t.Errorf("8 visitors after 4: got %+v, want 100%% more", c)
	}
}
