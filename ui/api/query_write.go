package api

import (
	"strconv"
	"time"

	"footfall/aggregate"
)

// answered is a query with its answer.
type answered struct {
	asked  *statsQuery
	query  *aggregate.Query
	report *aggregate.Report
	other  *compared // nil without a comparison
	loc    *time.Location
}

// appendAnswer writes the answer of a query.
func appendAnswer(dst []byte, a *answered) []byte {
	dst = append(dst, `{"results":[`...)
	for i, row := range a.report.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendLabels(append(dst, `{"dimensions":`...), row.Labels)
		dst = appendValues(append(dst, `,"metrics":`...), row.Values)
		if a.other != nil {
			dst = appendCompared(append(dst, `,"comparison":`...), &a.other.rows[i])
		}
		dst = append(dst, '}')
	}
	dst = append(dst, `],"meta":`...)
	dst = appendJSON(dst, a.meta())
	dst = append(dst, `,"query":`...)
	dst = appendJSON(dst, a.echo())
	return append(dst, '}')
}

func appendCompared(dst []byte, r *comparedRow) []byte {
	if r.labels == nil && r.values == nil {
		return append(dst, "null"...)
	}
	dst = appendLabels(append(dst, `{"dimensions":`...), r.labels)
	dst = appendValues(append(dst, `,"metrics":`...), r.values)
	return append(appendValues(append(dst, `,"change":`...), r.change), '}')
}

func appendLabels(dst []byte, labels []string) []byte {
	dst = append(dst, '[')
	for i, l := range labels {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSON(dst, l)
	}
	return append(dst, ']')
}

func appendValues(dst []byte, values []aggregate.Value) []byte {
	dst = append(dst, '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendValue(dst, v)
	}
	return append(dst, ']')
}

func appendValue(dst []byte, v aggregate.Value) []byte {
	if v.Null {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v.Number, 'f', -1, 64)
}

// meta is what an answer says about itself.
type meta struct {
	ImportsIncluded bool                                   `json:"imports_included"`
	TimeLabels      []string                               `json:"time_labels,omitempty"`
	TotalRows       *int                                   `json:"total_rows,omitempty"`
	Warnings        map[aggregate.Metric]aggregate.Warning `json:"metric_warnings,omitempty"`
	Hidden          *aggregate.HiddenRows                  `json:"hidden,omitempty"`
	Lossy           []string                               `json:"lossy_days,omitempty"`
	Comparison      *comparisonMeta                        `json:"comparison,omitempty"`
}

// comparisonMeta is the same of the range that is compared with.
type comparisonMeta struct {
	DateRange  any                                    `json:"date_range"`
	TimeLabels []string                               `json:"time_labels,omitempty"`
	Warnings   map[aggregate.Metric]aggregate.Warning `json:"metric_warnings,omitempty"`
	Hidden     *aggregate.HiddenRows                  `json:"hidden,omitempty"`
	Lossy      []string                               `json:"lossy_days,omitempty"`
}

func (a *answered) meta() meta {
	r := a.report
	m := meta{ImportsIncluded: !a.query.NoImports, Warnings: r.Warnings, Hidden: r.Hidden, Lossy: dates(r.Lossy)}
	if a.asked.timeLabels {
		m.TimeLabels = r.TimeLabels
	}
	if a.asked.totalRows {
		m.TotalRows = &r.TotalRows
	}
	if a.other == nil {
		return m
	}
	o, with := a.other.report, a.other.query.Range
	with.Realtime = false // "realtime" is now
	m.Comparison = &comparisonMeta{DateRange: resolved(&with, a.loc), Warnings: o.Warnings, Hidden: o.Hidden, Lossy: dates(o.Lossy)}
	if a.asked.timeLabels {
		m.Comparison.TimeLabels = o.TimeLabels
	}
	return m
}

func dates(days []aggregate.Day) (all []string) {
	for _, d := range days {
		all = append(all, d.String())
	}
	return all
}

// echoed is the resolved query, in the form in which it can be posted again.
type echoed struct {
	Site       aggregate.Site     `json:"site_id"`
	Metrics    []aggregate.Metric `json:"metrics"`
	DateRange  any                `json:"date_range"`
	Dimensions []string           `json:"dimensions"`
	Filters    any                `json:"filters"`
	OrderBy    [][2]string        `json:"order_by"`
	Include    map[string]any     `json:"include"`
	Pagination map[string]int     `json:"pagination"`
}

func (a *answered) echo() echoed {
	q := a.query
	e := echoed{Site: q.Site, Metrics: q.Metrics, DateRange: resolved(&q.Range, a.loc), Dimensions: []string{}, Filters: a.asked.filters,
		OrderBy: [][2]string{}, Include: map[string]any{"imports": !q.NoImports},
		Pagination: map[string]int{"limit": q.Limit, "offset": q.Offset}}
	if a.asked.timeLabels {
		e.Include["time_labels"] = true
	}
	if a.asked.totalRows {
		e.Include["total_rows"] = true
	}
	if a.asked.comparison != nil {
		e.Include["comparisons"] = a.asked.comparison.posted
	}
	for _, f := range q.Fields {
		e.Dimensions = append(e.Dimensions, f.Name)
	}
	for _, o := range statsOrders(q) {
		name, direction := o.Field, "asc"
		if name == "" {
			name = string(o.Metric)
		}
		if o.Descending {
			direction = "desc"
		}
		e.OrderBy = append(e.OrderBy, [2]string{name, direction})
	}
	return e
}

// resolved is a range in the form in which it can be posted again.
func resolved(r *aggregate.Range, loc *time.Location) any {
	switch {
	case r.Realtime:
		return "realtime"
	case r.Days:
		return [2]string{stamp(r.First.Start(loc), loc), stamp(r.Last.End(loc).Add(-time.Second), loc)}
	}
	return [2]string{stamp(r.From, loc), stamp(r.To, loc)}
}

func stamp(t time.Time, loc *time.Location) string { return t.In(loc).Format(time.RFC3339) }

// statsOrders are the orders of a query, the default spelled out.
func statsOrders(q *aggregate.Query) []aggregate.Order {
	if len(q.Orders) > 0 {
		return q.Orders
	}
	var orders []aggregate.Order
	for _, f := range q.Fields {
		if isTimeField(f) {
			orders = append(orders, aggregate.Order{Field: f.Name})
		}
	}
	return append(orders, aggregate.Order{Metric: q.Metrics[0], Descending: true})
}
