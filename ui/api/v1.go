package api

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// The first version of the stats API is asked by older clients: GET requests with
// their question in the query string. It is answered out of the same queries as
// the second. What the answer says about itself stands in "meta", and only where
// there is something to say.

// legacy answers one address of the first version; the query has site, metrics,
// range and filters.
type legacy func(a *API, q *legacyQuery) (body []byte, err error)

// legacyQuery is a question of the first version.
type legacyQuery struct {
	aggregate.Query
	period string
	args   *fasthttp.Args
	loc    *time.Location
}

// v1 wraps what the addresses of the first version have in common.
func v1(answer legacy) func(*API, *fasthttp.RequestCtx) (int, []byte) {
	return func(a *API, ctx *fasthttp.RequestCtx) (status int, body []byte) {
		args := ctx.QueryArgs()
		if apiToken(ctx) != "" && len(args.Peek("site_id")) == 0 {
			return fasthttp.StatusBadRequest, errorBody("Missing site ID: send the site's domain as site_id.")
		}
		site, settings, status := a.open(ctx, string(args.Peek("site_id")), ScopeStats)
		if status != fasthttp.StatusOK {
			return a.denied(ctx, status)
		}
		first := func() (aggregate.Day, bool) { return a.o.First(site) }
		q, err := readLegacy(args, settings.Location(), a.o.Clock(), first)
		if err == nil {
			q.Site = site
			q.Filters, err = a.expand(site, q.Filters)
		}
		if err == nil {
			body, err = answer(a, q)
		}
		var bad *queryError
		var refusal *ask.Refusal
		switch {
		case err == nil:
			return fasthttp.StatusOK, body
		case errors.As(err, &bad):
			return fasthttp.StatusBadRequest, errorBody(bad.Error())
		case errors.As(err, &refusal):
			return fasthttp.StatusBadRequest, errorBody(refusal.Error())
		}
		return a.failed(site, err)
	}
}

// nowSpan is how long somebody who saw a page counts as being there.
const nowSpan = 5 * time.Minute

// legacyRealtime is GET /api/v1/stats/realtime/visitors: a bare number.
func (a *API) legacyRealtime(q *legacyQuery) ([]byte, error) {
	now := a.o.Clock()
	q.Metrics = []aggregate.Metric{aggregate.MetricVisitors}
	q.Range = aggregate.Range{Realtime: true, From: now.Add(-nowSpan), To: now.Add(time.Second)}
	r, err := a.o.Asker.Answer(&q.Query)
	if err != nil {
		return nil, err
	}
	return appendValue(nil, r.Rows[0].Values[0]), nil
}

// legacyAggregate is GET /api/v1/stats/aggregate.
func (a *API) legacyAggregate(q *legacyQuery) ([]byte, error) {
	var r *aggregate.Report
	var other *compared
	var err error
	switch with := string(q.args.Peek("compare")); with {
	case "":
		r, err = a.o.Asker.Answer(&q.Query)
	case "previous_period", "year_over_year":
		r, other, err = a.compare(&comparison{Comparison: aggregate.Comparison{Mode: compareModes[with]}}, &q.Query, q.loc)
	default:
		err = wrong("compare", "Want previous_period or year_over_year, got %s", shown(with))
	}
	if err != nil {
		return nil, err
	}
	body := []byte(`{"results":{`)
	for i, m := range q.Metrics {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(appendJSON(body, m), `:{"value":`...)
		body = appendValue(body, r.Rows[0].Values[i])
		if other != nil {
			body = appendValue(append(body, `,"change":`...), other.rows[0].change[i])
			body = appendValue(append(body, `,"comparison_value":`...), other.rows[0].values[i])
		}
		body = append(body, '}')
	}
	return appendLegacyMeta(append(body, '}'), r, q.ignored("compare")), nil
}

// legacyTimeseries is GET /api/v1/stats/timeseries: a row for every bucket.
func (a *API) legacyTimeseries(q *legacyQuery) ([]byte, error) {
	field, err := q.interval()
	if err != nil {
		return nil, err
	}
	q.Fields = []aggregate.Field{field}
	r, err := a.o.Asker.Answer(&q.Query)
	if err != nil {
		return nil, err
	}
	fillBuckets(&q.Query, r)
	return q.appendRows("date", r, q.ignored("interval")), nil
}

// interval is the bucket of a timeseries: hours of a day, months of a long period,
// days otherwise, unless it is asked for.
func (q *legacyQuery) interval() (aggregate.Field, error) {
	name := string(q.args.Peek("interval"))
	switch {
	case name == "" && q.period == "day":
		name = "hour"
	case name == "" && slices.Contains([]string{"6mo", "12mo", "year"}, q.period):
		name = "month"
	case name == "" && q.period == "realtime":
		return aggregate.Field{Name: "time"}, nil
	case name == "", name == "date":
		name = "day"
	}
	field, ok := ask.ParseField("time:" + name)
	if !ok {
		return field, wrong("interval", "Want hour, day, week or month, got %s", shown(name))
	}
	return field, nil
}

// Limits of a breakdown of the first version.
const legacyRows, maxLegacyRows = 100, 1000

// legacyBreakdown is GET /api/v1/stats/breakdown.
func (a *API) legacyBreakdown(q *legacyQuery) ([]byte, error) {
	name := string(q.args.Peek("property"))
	if name == "" {
		return nil, wrong("property", "The property to break down by is missing")
	}
	field, ok := ask.ParseField(name)
	if !ok || isTimeField(field) {
		return nil, wrong("property", "Invalid property %s", shown(name))
	}
	q.Fields = []aggregate.Field{field}
	limit, page := legacyRows, 1
	if err := readLegacyNumber(q.args, "limit", maxLegacyRows, &limit); err != nil {
		return nil, err
	}
	if err := readLegacyNumber(q.args, "page", 1_000_000, &page); err != nil {
		return nil, err
	}
	q.Limit, q.Offset = limit, (page-1)*limit
	r, err := a.o.Asker.Answer(&q.Query)
	if err != nil {
		return nil, err
	}
	return q.appendRows(legacyKey(field, q.Metrics), r, q.ignored("property", "limit", "page")), nil
}

// legacyKey names a property in the rows: without its prefix, unless a metric has
// that name.
func legacyKey(f aggregate.Field, metrics []aggregate.Metric) string {
	key := f.Key
	if key == "" {
		key = f.Name[len("event:"):] // or visit:
	}
	if slices.Contains(metrics, aggregate.Metric(key)) {
		return f.Name
	}
	return key
}

func (q *legacyQuery) appendRows(key string, r *aggregate.Report, ignored []string) []byte {
	body := []byte(`{"results":[`)
	for i, row := range r.Rows {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(appendJSON(append(body, '{'), key), ':')
		body = appendJSON(body, row.Labels[0])
		for j, m := range q.Metrics {
			body = append(appendJSON(append(body, ','), m), ':')
			body = appendValue(body, row.Values[j])
		}
		body = append(body, '}')
	}
	return appendLegacyMeta(append(body, ']'), r, ignored)
}

// ignored are the parameters that mean nothing to a question, own being those that
// mean something to it alone. Clients send what they like, so that these are no
// error; but a filter under a wrong name is not passed over in silence.
func (q *legacyQuery) ignored(own ...string) (names []string) {
	for key := range q.args.All() {
		name := string(key)
		switch name {
		case "site_id", "period", "date", "metrics", "filters", "with_imported":
			continue
		}
		if !slices.Contains(own, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// appendLegacyMeta ends an answer, with what there is to say about it.
func appendLegacyMeta(dst []byte, r *aggregate.Report, ignored []string) []byte {
	var m struct {
		Ignored  []string                               `json:"ignored,omitempty"`
		Warnings map[aggregate.Metric]aggregate.Warning `json:"metric_warnings,omitempty"`
		Hidden   *aggregate.HiddenRows                  `json:"hidden,omitempty"`
		Lossy    []string                               `json:"lossy_days,omitempty"`
	}
	m.Ignored, m.Warnings, m.Hidden, m.Lossy = ignored, r.Warnings, r.Hidden, dates(r.Lossy)
	if len(m.Ignored) > 0 || len(m.Warnings) > 0 || m.Hidden != nil || m.Lossy != nil {
		dst = appendJSON(append(dst, `,"meta":`...), m)
	}
	return append(dst, '}')
}

func readLegacyNumber(args *fasthttp.Args, key string, most int, to *int) error {
	text := string(args.Peek(key))
	if text == "" {
		return nil
	}
	var n int
	if _, err := fmt.Sscanf(text, "%d", &n); err != nil || fmt.Sprint(n) != text || n < 1 || n > most {
		return wrong(key, "Want a number from 1 to %d, got %s", most, shown(text))
	}
	*to = n
	return nil
}
