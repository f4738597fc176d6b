package ui

import (
	"testing"

	"footfall/aggregate"
)

// countingAsker answers with rows of so many visitors, and with visits.
type countingAsker struct{ rows []aggregate.ReportRow }

func (c countingAsker) Answer(q *aggregate.Query) (*aggregate.Report, error) {
	r := &aggregate.Report{TotalRows: len(c.rows)}
	for _, row := range c.rows {
		kept := aggregate.ReportRow{Labels: row.Labels}
		for _, m := range q.Metrics {
			kept.Values = append(kept.Values, row.Values[map[aggregate.Metric]int{aggregate.MetricVisitors: 0, aggregate.MetricVisits: 1}[m]])
		}
		r.Rows = append(r.Rows, kept)
	}
	return r, nil
}

func TestWhatIsPublicIsAboutTheFloorOrMore(t *testing.T) {
	row := func(label string, visitors, visits float64) aggregate.ReportRow {
		return aggregate.ReportRow{Labels: []string{label}, Values: []aggregate.Value{{Number: visitors}, {Number: visits}}}
	}
	rows := countingAsker{[]aggregate.ReportRow{row("many", 9, 12), row("some", 5, 5), row("few", 4, 90), row("none", 0, 0)}}
	g := guarded{rows, func() int { return 5 }}
	page := aggregate.Field{Name: "event:page", Dimension: aggregate.Page}
	for _, metrics := range [][]aggregate.Metric{{aggregate.MetricVisits}, {aggregate.MetricVisitors, aggregate.MetricVisits}, {aggregate.MetricVisits, aggregate.MetricVisitors}} {
		r, err := g.Answer(&aggregate.Query{Metrics: metrics, Fields: []aggregate.Field{page}})
		if err != nil || len(r.Rows) != 3 || r.TotalRows != 3 || r.Rows[2].Labels[0] != "none" {
			t.Fatalf("asked for %v: %+v (%v), want the three rows that are not about 1 to 4 visitors", metrics, r, err)
		}
		for _, row := range r.Rows {
			if len(row.Values) != len(metrics) {
				t.Errorf("asked for %v, answered %d values", metrics, len(row.Values))
			}
		}
		r, _ = g.Answer(&aggregate.Query{Metrics: metrics, Fields: []aggregate.Field{{Name: "time:day", Time: aggregate.DayGrain}}})
		if len(r.Rows) != 4 || !r.Rows[2].Values[0].Null || r.Rows[0].Values[0].Null || r.Rows[3].Values[0].Null {
			t.Errorf("by day: %+v, want nothing in place of the third", r.Rows)
		}
	}
	r, _ := guarded{countingAsker{[]aggregate.ReportRow{row("", 2, 3)}}, func() int { return 3 }}.Answer(&aggregate.Query{Metrics: []aggregate.Metric{aggregate.MetricVisits}})
	if !r.Rows[0].Values[0].Null {
		t.Errorf("the visits of two visitors are %v, want nothing", r.Rows[0].Values)
	}
	if !withheld(aggregate.Value{Null: true}, 3) {
		t.Error("a figure of whose visitors nothing is known is shown")
	}
}
