//go:build linux

package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

var seasonMetrics = append(slices.Clone(allMetrics), "total_revenue", "average_revenue")

// query is the question as the site is asked it.
func (s *season) query(q *seasonQuestion) *aggregate.Query {
	field := func(name string) aggregate.Field {
		f, ok := ask.ParseField(name)
		if !ok {
			s.t.Fatalf("no field %s", name)
		}
		return f
	}
	query := &aggregate.Query{Site: "week.example", Range: aggregate.Range{Days: true, First: s.day(q.first), Last: s.day(q.last)}, NoImports: q.live}
	for _, m := range seasonMetrics {
		query.Metrics = append(query.Metrics, aggregate.Metric(m))
	}
	if q.dimension != "" {
		query.Fields = append(query.Fields, field(q.dimension))
	}
	for _, f := range q.filters {
		query.Filters = append(query.Filters, aggregate.Filter{Op: aggregate.FilterIs, Field: field(f[0]), Values: []string{f[1]}})
	}
	return query
}

// compare puts random questions to all sites.
func (s *season) compare(n int) {
	s.t.Helper()
	for range n {
		q := s.question()
		for _, site := range s.sites {
			if q.live && site.copied {
				continue
			}
			query := s.query(&q)
			j := judge{s: s, site: site, q: &q}
			j.r = j.answer(query)
			j.rows, j.whole = s.truth(&q)
			if s.forgetful {
				j.adds()
				continue
			}
			j.all()
			j.inPages(query)
			j.byTime(query)
		}
	}
}

// judge compares one answer with the truth.
type judge struct {
	s     *season
	site  *seasonSite
	q     *seasonQuestion
	r     *aggregate.Report
	rows  map[string]figures
	whole figures
}

func (j *judge) wrong(format string, args ...any) {
	j.s.t.Helper()
	j.s.t.Errorf("floor %d, capped %v, %s: %s\nhidden %+v, warnings %v", j.site.floor, j.site.capped, j.q, fmt.Sprintf(format, args...), j.r.Hidden, j.r.Warnings)
}

// complete reports whether no floor and no cap can withhold anything.
func (j *judge) complete() bool {
	facts := len(j.q.filters)
	if j.q.dimension != "" {
		facts++
	}
	return !j.site.capped && (j.site.floor == 1 || facts < 2 || j.q.today)
}

// adds judges what a forgetful season knows: totals, and that rows add up to what is
// answered without the dimension.
func (j *judge) adds() {
	j.s.t.Helper()
	var sum figures
	for _, row := range j.r.Rows {
		if !slices.Contains(row.Labels, "(hidden)") {
			sum.pageviews += int(row.Values[2].Number)
			sum.events += int(row.Values[3].Number)
			sum.cents += int(math.Round(row.Values[9].Number * 100))
		}
	}
	if len(j.q.filters) == 2 || j.site.capped && len(j.q.filters) > 0 { // a value may be cut in one session, and not in its links
		return
	}
	if len(j.q.filters) == 1 {
		whole := *j.s.query(j.q)
		whole.Fields = nil
		values := j.answer(&whole).Rows[0].Values
		j.whole = figures{pageviews: int(values[2].Number), events: int(values[3].Number), cents: int(math.Round(values[9].Number * 100))}
	}
	if j.r.Hidden != nil {
		sum.pageviews += int(j.r.Hidden.Pageviews)
		sum.events += int(j.r.Hidden.Events)
	}
	if sum.pageviews != j.whole.pageviews || sum.events != j.whole.events || j.complete() && sum.cents != j.whole.cents {
		j.wrong("all rows have %d pageviews, %d events and %d cents, want %d, %d and %d", sum.pageviews, sum.events, sum.cents,
			j.whole.pageviews, j.whole.events, j.whole.cents)
	}
}

// all judges every row, and what adds. Rows may hold less than the truth where
// something may be withheld; it must then be in (hidden) or (other).
func (j *judge) all() {
	j.s.t.Helper()
	var sum figures
	seen := map[string]bool{}
	for _, row := range j.r.Rows {
		label := strings.Join(row.Labels, "|")
		if seen[label] {
			j.wrong("row %q is there twice", label)
		}
		seen[label] = true
		if label != "(hidden)" {
			sum.pageviews += int(row.Values[2].Number)
			sum.events += int(row.Values[3].Number)
			sum.cents += int(math.Round(row.Values[9].Number * 100))
		}
		if label == "(hidden)" || label == "(other)" {
			continue
		}
		want, ok := j.rows[label]
		if !ok && row.Values[3].Number > 0 {
			j.wrong("there is a row %q, want none but %q", label, slices.Collect(maps.Keys(j.rows)))
		}
		j.row(label, row.Values, want)
	}
	for label := range j.rows {
		if !seen[label] && j.complete() {
			j.wrong("there is no row %q", label)
		}
	}
	j.sums(sum)
}

func (j *judge) row(label string, got []aggregate.Value, want figures) {
	j.s.t.Helper()
	numbers := append(want.row(), float64(want.cents)/100, -1)
	if want.paid > 0 {
		numbers[10] = math.Round(float64(want.cents)*10/float64(want.paid)) / 1000
	}
	byName := j.q.dimension == "event:name" || slices.ContainsFunc(j.q.filters, func(f [2]string) bool { return f[0] == "event:name" })
	for i, m := range seasonMetrics {
		v := got[i]
		switch _, warned := j.r.Warnings[aggregate.Metric(m)]; {
		case m == "total_revenue" || i < 4:
			if j.complete() && v.Number < numbers[i]-1e-6 || v.Number > numbers[i]+1e-6 && !v.UpperBound {
				j.wrong("%q has %v %s, want %v", label, v, m, numbers[i])
			}
		case !j.complete() || warned || v.Null && numbers[i] == -1:
		case byName && i < 9: // what a visit is, belongs to no event
		case m == "average_revenue":
			if math.Abs(v.Number-numbers[i]) > 0.0011 {
				j.wrong("%q has %v %s, want %v", label, v, m, numbers[i])
			}
		case v.Null || !same(m, v.Number, numbers[i]):
			j.wrong("%q has %v %s, want %v", label, v, m, numbers[i])
		}
	}
}

// sums judges the sum of all rows with what is hidden. Of a value that a cap has cut
// at times the whole is what is answered without the dimension.
func (j *judge) sums(sum figures) {
	j.s.t.Helper()
	if j.q.dimension == "" && j.site.capped {
		return
	}
	want := j.whole
	if j.site.capped && len(j.q.filters) == 1 {
		whole := *j.s.query(j.q)
		whole.Fields = nil
		values := j.answer(&whole).Rows[0].Values
		want.pageviews, want.events = int(values[2].Number), int(values[3].Number)
	}
	var hidden aggregate.HiddenRows
	if j.r.Hidden != nil {
		hidden = *j.r.Hidden
	}
	sum.pageviews += int(hidden.Pageviews)
	sum.events += int(hidden.Events)
	atLeast := len(j.q.filters) == 2 // of two filters the rest is known by bounds
	if sum.pageviews < want.pageviews || sum.pageviews > want.pageviews && !atLeast {
		j.wrong("all rows have %d pageviews, want %d", sum.pageviews, want.pageviews)
	}
	if sum.events < want.events || sum.events > want.events && !atLeast {
		j.wrong("all rows have %d events, want %d", sum.events, want.events)
	}
	if j.complete() && sum.cents != want.cents {
		j.wrong("all rows have %d cents, want %d", sum.cents, want.cents)
	}
}

// inPages asks again, a few rows at a time.
func (j *judge) inPages(query *aggregate.Query) {
	j.s.t.Helper()
	page := *query
	page.Limit = 1 + j.s.random.IntN(5)
	page.Orders = []aggregate.Order{{Metric: query.Metrics[j.s.random.IntN(4)], Descending: j.s.random.IntN(2) == 0}}
	seen := map[string]bool{}
	for page.Offset = 0; page.Offset < len(j.r.Rows); page.Offset += page.Limit {
		r := j.answer(&page)
		if r.TotalRows != len(j.r.Rows) {
			j.wrong("%d rows in all, want %d", r.TotalRows, len(j.r.Rows))
		}
		for _, row := range r.Rows {
			seen[strings.Join(row.Labels, "|")] = true
		}
	}
	if len(seen) != len(j.r.Rows) {
		j.wrong("pages of %d rows by %v have %d different ones, want %d", page.Limit, page.Orders, len(seen), len(j.r.Rows))
	}
}

// byTime asks again bucket by bucket: a bucket of a trend says what its days say alone.
func (j *judge) byTime(query *aggregate.Query) {
	j.s.t.Helper()
	name := []string{"time:day", "time:week", "time:month"}[j.s.random.IntN(3)]
	field, _ := ask.ParseField(name)
	trend := *query
	trend.Fields = append([]aggregate.Field{field}, query.Fields...)
	r := j.answer(&trend)
	buckets := map[string][]string{}
	for _, row := range r.Rows {
		if j.unlike(row) {
			continue
		}
		buckets[row.Labels[0]] = append(buckets[row.Labels[0]], fmt.Sprint(row.Labels[1:], row.Values))
	}
	for i, label := range r.TimeLabels {
		first, err := aggregate.ParseDay(label)
		if err != nil {
			j.s.t.Fatal(err)
		}
		one := *query
		one.Range.First, one.Range.Last = max(first, query.Range.First), query.Range.Last
		if i+1 < len(r.TimeLabels) {
			next, _ := aggregate.ParseDay(r.TimeLabels[i+1])
			one.Range.Last = next - 1
		}
		var want []string
		for _, row := range j.answer(&one).Rows {
			if (len(query.Fields) > 0 || row.Values[3].Number > 0) && !j.unlike(row) {
				want = append(want, fmt.Sprint(row.Labels, row.Values))
			}
		}
		if got := buckets[label]; !slices.Equal(got, want) {
			j.wrong("%s %s:\n%s\nwant\n%s", name, label, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// unlike tells of rows (hidden) after a change of the floor: whether what is left is
// enough for a row depends on the floor of the other days.
func (j *judge) unlike(row aggregate.ReportRow) bool {
	return j.site.moved && slices.Contains(row.Labels, "(hidden)")
}

func (j *judge) answer(q *aggregate.Query) *aggregate.Report {
	j.s.t.Helper()
	r, err := j.site.real.asker.Answer(q)
	if err != nil {
		j.s.t.Fatal(err)
	}
	return r
}
