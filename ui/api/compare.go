package api

import (
	"math"
	"slices"
	"strings"
	"time"

	"footfall/aggregate"
)

// comparison is what include.comparisons asks for.
type comparison struct {
	aggregate.Comparison
	posted any // for the echo
}

var compareModes = map[string]aggregate.CompareMode{"previous_period": aggregate.PreviousPeriod,
	"year_over_year": aggregate.YearOverYear, "custom": aggregate.CompareCustom}

func readComparison(v any) (*comparison, error) {
	const place = "#/include/comparisons"
	object, ok := v.(map[string]any)
	if !ok {
		return nil, wrong(place, "Want an object, got %s", shown(v))
	}
	if err := onlyKnown(place, object, map[string]bool{"mode": true, "date_range": true, "match_day_of_week": true}); err != nil {
		return nil, err
	}
	c := &comparison{posted: v}
	name, _ := object["mode"].(string)
	if c.Mode, ok = compareModes[name]; !ok {
		return nil, wrong(place+"/mode", "Want previous_period, year_over_year or custom, got %s", shown(object["mode"]))
	}
	if v, there := object["match_day_of_week"]; there && v != nil {
		if c.MatchWeekday, ok = v.(bool); !ok {
			return nil, wrong(place+"/match_day_of_week", "Want true or false, got %s", shown(v))
		}
	}
	return c, c.readRange(place+"/date_range", object["date_range"])
}

// readRange reads the other range, which only the mode custom has.
func (c *comparison) readRange(place string, v any) error {
	custom := c.Mode == aggregate.CompareCustom
	if v == nil && !custom {
		return nil
	}
	list, ok := v.([]any)
	if !custom || !ok || len(list) != 2 {
		return wrong(place, "Want a list of two dates with the mode custom, and nothing with the others")
	}
	c.Range.Days = true
	for i, to := range []*aggregate.Day{&c.Range.First, &c.Range.Last} {
		text, _ := list[i].(string)
		day, err := readDay(at(place, i), text)
		if err != nil {
			return err
		}
		*to = day
	}
	if c.Range.First > c.Range.Last {
		return wrong(place, "The range ends before it begins")
	}
	return nil
}

// compared is what the rows of a report are compared with.
type compared struct {
	query  *aggregate.Query
	report *aggregate.Report
	rows   []comparedRow // one for each row of the report
}

// comparedRow is the counterpart of a row. Without labels there is none: the other
// range has fewer buckets.
type comparedRow struct {
	labels []string
	values []aggregate.Value
	change []aggregate.Value
}

// compare answers q for two ranges. Rows belong together by their labels, buckets
// by their place in the range. With time as the only dimension, and in its order,
// empty buckets have rows, too.
func (a *API) compare(c *comparison, q *aggregate.Query, loc *time.Location) (*aggregate.Report, *compared, error) {
	filled := len(q.Fields) == 1 && isTimeField(q.Fields[0]) && (len(q.Orders) == 0 || q.Orders[0] == aggregate.Order{Field: q.Fields[0].Name})
	whole := *q
	if filled {
		whole.Limit, whole.Offset = 0, 0
	}
	report, err := a.o.Asker.Answer(&whole)
	if err != nil {
		return nil, nil, err
	}
	other := *q
	other.Range, other.Orders, other.Limit, other.Offset = c.Of(q.Range, loc, a.o.Clock()), nil, 0, 0
	other.Fields = slices.Clone(q.Fields)
	for i, f := range other.Fields {
		if isTimeField(f) {
			other.Fields[i].Time = report.Grain
		}
	}
	out := &compared{query: &other}
	if out.report, err = a.o.Asker.Answer(&other); err != nil {
		return nil, nil, err
	}
	if filled {
		fillBuckets(q, report)
		report.Rows = page(report.Rows, q.Offset, q.Limit)
	}
	out.match(q, report)
	return report, out, nil
}

func page[T any](rows []T, offset, limit int) []T {
	rows = rows[min(offset, len(rows)):]
	if limit > 0 {
		rows = rows[:min(limit, len(rows))]
	}
	return rows
}

// fillBuckets gives a report whose only dimension is time a row for every bucket.
func fillBuckets(q *aggregate.Query, r *aggregate.Report) {
	known := make(map[string]aggregate.ReportRow, len(r.Rows))
	for _, row := range r.Rows {
		known[row.Labels[0]] = row
	}
	r.Rows = make([]aggregate.ReportRow, len(r.TimeLabels))
	for i, label := range r.TimeLabels {
		row, ok := known[label]
		if !ok {
			row = aggregate.ReportRow{Labels: []string{label}, Values: nothing(q.Metrics)}
		}
		r.Rows[i] = row
	}
	r.TotalRows = len(r.Rows)
}

// nothing is the row of a bucket in which nothing happened: counts and rates are
// zero, there is no mean.
func nothing(metrics []aggregate.Metric) []aggregate.Value {
	values := make([]aggregate.Value, len(metrics))
	for i, m := range metrics {
		switch m {
		case aggregate.MetricVisitDuration, aggregate.MetricTimeOnPage, aggregate.MetricScrollDepth, aggregate.MetricExitRate,
			aggregate.MetricTotalRevenue, aggregate.MetricAverageRevenue:
			values[i].Null = true
		}
	}
	return values
}

// match finds the counterpart of each row.
func (c *compared) match(q *aggregate.Query, r *aggregate.Report) {
	key := func(labels []string) string { return strings.Join(labels, "\x00") }
	theirs := make(map[string]aggregate.ReportRow, len(c.report.Rows))
	for _, row := range c.report.Rows {
		theirs[key(row.Labels)] = row
	}
	timeAt := slices.IndexFunc(q.Fields, isTimeField)
	bucket := make(map[string]int, len(r.TimeLabels))
	for i, label := range r.TimeLabels {
		bucket[label] = i
	}
	c.rows = make([]comparedRow, len(r.Rows))
	for i, row := range r.Rows {
		labels := slices.Clone(row.Labels)
		if timeAt >= 0 {
			n := bucket[labels[timeAt]]
			if n >= len(c.report.TimeLabels) {
				continue
			}
			labels[timeAt] = c.report.TimeLabels[n]
		}
		values := nothing(q.Metrics)
		if their, ok := theirs[key(labels)]; ok {
			values = their.Values
		}
		c.rows[i] = comparedRow{labels: labels, values: values, change: changes(q.Metrics, values, row.Values)}
	}
}

func changes(metrics []aggregate.Metric, before, now []aggregate.Value) []aggregate.Value {
	out := make([]aggregate.Value, len(metrics))
	for i, m := range metrics {
		out[i] = change(m, before[i], now[i])
	}
	return out
}

// change is what became of a figure, as Plausible's clients expect it: whole
// percents of what it was; of rates that are percents themselves the points.
func change(m aggregate.Metric, before, now aggregate.Value) aggregate.Value {
	if before.Null || now.Null {
		return aggregate.Value{Null: true}
	}
	switch m {
	case aggregate.MetricBounceRate:
		return aggregate.Value{Number: now.Number - before.Number, Null: before.Number == 0}
	case aggregate.MetricConversionRate, aggregate.MetricGroupConversion, aggregate.MetricExitRate:
		return aggregate.Value{Number: math.Round((now.Number-before.Number)*10) / 10}
	}
	switch {
	case before.Number != 0:
		return aggregate.Value{Number: math.Round((now.Number - before.Number) / before.Number * 100)}
	case now.Number > 0:
		return aggregate.Value{Number: 100}
	}
	return aggregate.Value{}
}
