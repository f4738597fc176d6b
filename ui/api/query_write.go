package api

import (
	"strconv"
	"time"

	"footfall/aggregate"
)

// appendAnswer writes the answer of a query.
func appendAnswer(dst []byte, asked *statsQuery, q *aggregate.Query, r *aggregate.Report, loc *time.Location) []byte {
	dst = append(dst, `{"results":[`...)
	for i := range r.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendRow(dst, &r.Rows[i])
	}
	dst = append(dst, `],"meta":`...)
	dst = appendJSON(dst, statsMeta(asked, q, r))
	dst = append(dst, `,"query":`...)
	dst = appendJSON(dst, echo(asked, q, loc))
	return append(dst, '}')
}

func appendRow(dst []byte, r *aggregate.ReportRow) []byte {
	dst = append(dst, `{"dimensions":[`...)
	for i, l := range r.Labels {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSON(dst, l)
	}
	dst = append(dst, `],"metrics":[`...)
	for i, v := range r.Values {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.Null {
			dst = append(dst, "null"...)
			continue
		}
		dst = strconv.AppendFloat(dst, v.Number, 'f', -1, 64)
	}
	return append(dst, "]}"...)
}

// meta is what an answer says about itself.
type meta struct {
	ImportsIncluded bool                                   `json:"imports_included"`
	TimeLabels      []string                               `json:"time_labels,omitempty"`
	TotalRows       *int                                   `json:"total_rows,omitempty"`
	Warnings        map[aggregate.Metric]aggregate.Warning `json:"metric_warnings,omitempty"`
	Hidden          *aggregate.HiddenRows                  `json:"hidden,omitempty"`
	Lossy           []string                               `json:"lossy_days,omitempty"`
}

func statsMeta(asked *statsQuery, q *aggregate.Query, r *aggregate.Report) meta {
	m := meta{ImportsIncluded: !q.NoImports, Warnings: r.Warnings, Hidden: r.Hidden}
	if asked.timeLabels {
		m.TimeLabels = r.TimeLabels
	}
	if asked.totalRows {
		m.TotalRows = &r.TotalRows
	}
	for _, d := range r.Lossy {
		m.Lossy = append(m.Lossy, d.String())
	}
	return m
}

// echoed is the resolved query, in the form in which it can be posted again.
type echoed struct {
	Site       aggregate.Site     `json:"site_id"`
	Metrics    []aggregate.Metric `json:"metrics"`
	DateRange  any                `json:"date_range"`
	Dimensions []string           `json:"dimensions"`
	Filters    any                `json:"filters"`
	OrderBy    [][2]string        `json:"order_by"`
	Include    map[string]bool    `json:"include"`
	Pagination map[string]int     `json:"pagination"`
}

func echo(asked *statsQuery, q *aggregate.Query, loc *time.Location) echoed {
	e := echoed{Site: q.Site, Metrics: q.Metrics, Dimensions: []string{}, Filters: asked.filters, OrderBy: [][2]string{},
		Include:    map[string]bool{"imports": !q.NoImports},
		Pagination: map[string]int{"limit": q.Limit, "offset": q.Offset}}
	if asked.timeLabels {
		e.Include["time_labels"] = true
	}
	if asked.totalRows {
		e.Include["total_rows"] = true
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
	switch {
	case q.Range.Realtime:
		e.DateRange = "realtime"
	case q.Range.Days:
		e.DateRange = [2]string{stamp(q.Range.First.Start(loc), loc), stamp(q.Range.Last.End(loc).Add(-time.Second), loc)}
	default:
		e.DateRange = [2]string{stamp(q.Range.From, loc), stamp(q.Range.To, loc)}
	}
	return e
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
