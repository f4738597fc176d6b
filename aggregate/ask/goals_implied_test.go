package ask

import (
	"slices"
	"testing"

	"footfall/aggregate"
)

// TestEventsAreGoalsWhereNobodyHasDefinedAny: by name as a filter and as rows, pages
// as "Visit /path", with rates of all visitors.
func TestEventsAreGoalsWhereNobodyHasDefinedAny(t *testing.T) {
	s := smallStage(t, 0, 1, 1)
	figures := []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricEvents}
	ask := func(metrics []aggregate.Metric, fields []string, filters ...aggregate.Filter) []aggregate.ReportRow {
		q := s.query(s.first, s.last, fields, filters...)
		q.Metrics = metrics
		return s.mustAnswer(t, q).Rows
	}
	all := ask(figures, nil)[0].Values[0].Number
	rates := append(slices.Clone(figures), aggregate.MetricConversionRate)
	goals := map[string][]aggregate.Value{}
	for _, row := range ask(rates, []string{"event:goal"}) {
		goals[row.Labels[0]] = row.Values
	}
	events := 0
	for _, row := range ask(figures, []string{"event:name"}) {
		name := row.Labels[0]
		if name == aggregate.PageviewName {
			continue
		}
		events++
		filtered := ask(rates, nil, is("event:goal", name))[0].Values
		for i, got := range [][]aggregate.Value{goals[name], filtered} {
			if len(got) != 3 || !slices.Equal(got[:2], row.Values) || got[2].Number != round(aggregate.Value{Number: row.Values[0].Number * 100 / all}, 2).Number {
				t.Errorf("the goal %s as %s: %v, want %v of %v visitors", name, []string{"a row", "a filter"}[i], got, row.Values, all)
			}
		}
	}
	if events == 0 || len(goals) != events {
		t.Errorf("%d goals for %d events", len(goals), events)
	}
	page, want := ask(rates, nil, is("event:goal", "Visit /p0"))[0].Values, ask(figures, []string{"event:page"}, is("event:page", "/p0"))[0].Values
	if page[0] != want[0] || page[2].Number == 0 {
		t.Errorf("the goal of a page: %v, want %v visitors", page, want[0])
	}
	if got := ask(rates, nil, is("event:goal", "Nobody"))[0].Values; got[0].Number != 0 || got[2].Number != 0 {
		t.Errorf("an event that never happened: %v, want 0", got)
	}
}
