package ui

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/ui/view"

	"github.com/valyala/fasthttp"
)

// Who is nobody of the team meets a dashboard of its own on a site whose setting
// public is on: like the one of a secret link it knows one site and one page, and
// every number on it, files included, has passed one gate (blurred):
//
//  1. Counts are told in steps of k visitors, rounded down, so that neither the
//     difference of two figures nor of two looks is one visitor. k is the site's
//     floor, and at least 3.
//  2. What fewer than k visitors share is not told: not as a figure, not as a row.
//     Nobody and one visitor look alike.
//  3. Means and shares are told of many visitors only, and of the rounded counts.
//  4. Nothing can be filtered, no days can be chosen but those of the menu, and
//     nothing finer than an hour is shown: many cuts through the same visitors would
//     give the exact numbers back.
//  5. One answer holds for five minutes, however often and however it is asked for.

// blurred is an Asker whose answers anybody may read.
type blurred struct {
	Asker
	site  aggregate.Site
	floor float64
	clock func() time.Time

	mu   sync.Mutex // protects what follows
	slot int64      // of the answers kept
	kept map[string]*blurredAnswer
	rows int // of these answers
}

// blurredAnswer is one answer of a slot, worked out once.
type blurredAnswer struct {
	once   sync.Once
	report *aggregate.Report
	err    error
}

const (
	// publicPace is how long an answer holds.
	publicPace = 5 * time.Minute
	// meansFrom is how many steps of visitors a mean is told from.
	meansFrom = 10
	// publicRows are the most rows of an answer, and publicAnswers and publicKept the
	// most answers and rows that are kept: what comes then has to wait for the next
	// slot.
	publicRows    = 1000
	publicAnswers = 2000
	publicKept    = 200_000
)

var errPublicBusy = errors.New("too many different questions in five minutes")

// Answer implements Asker. All orders and pages of an answer are made of one, so that
// there are no more questions than the menu has.
func (b *blurred) Answer(q *aggregate.Query) (*aggregate.Report, error) {
	if err := b.admit(q); err != nil {
		return nil, err
	}
	whole := *q
	whole.Orders, whole.Limit, whole.Offset = nil, 0, 0
	one := b.answer(fmt.Sprintf("%+v", whole))
	if one == nil {
		return nil, errPublicBusy
	}
	one.once.Do(func() {
		if one.report, one.err = b.work(&whole); one.err == nil {
			b.mu.Lock()
			b.rows += len(one.report.Rows) // of the slot before, at worst
			b.mu.Unlock()
		}
	})
	if one.err != nil {
		return nil, one.err
	}
	report := *one.report
	report.Rows = slices.Clone(report.Rows)
	sortBlurred(report.Rows, q)
	report.Rows = report.Rows[min(q.Offset, len(report.Rows)):]
	if q.Limit > 0 {
		report.Rows = report.Rows[:min(q.Limit, len(report.Rows))]
	}
	return &report, nil
}

// answer is the one of a key in this slot, nil where there are too many.
func (b *blurred) answer(key string) *blurredAnswer {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slot := b.clock().UnixNano() / int64(publicPace); slot != b.slot || b.kept == nil {
		b.slot, b.kept, b.rows = slot, map[string]*blurredAnswer{}, 0
	}
	one := b.kept[key]
	if one == nil && len(b.kept) < publicAnswers && b.rows < publicKept {
		one = &blurredAnswer{}
		b.kept[key] = one
	}
	return one
}

// admit refuses what would cut the same visitors in too many ways.
func (b *blurred) admit(q *aggregate.Query) error {
	switch {
	case q.Site != b.site:
		return errOtherSite
	case q.Range.Realtime && len(q.Fields) > 0, !q.Range.Realtime && !q.Range.Days:
		return &ask.Refusal{Part: "date_range", Why: "A public view shows whole days only."}
	case len(q.Filters) > 1 || len(q.Filters) == 1 && !isEventFilter(&q.Filters[0]):
		return &ask.Refusal{Part: "filters", Why: "A public view cannot be filtered."}
	case len(q.Filters) == 0 && slices.ContainsFunc(q.Fields, func(f aggregate.Field) bool { return f.Dimension == aggregate.Property }):
		// Made-up keys would use the answers of a slot up, too.
		return &ask.Refusal{Part: "dimensions", Why: "A public view shows no properties."}
	}
	return nil
}

// isEventFilter recognizes what the reports about events need: downloads, say, or
// all events that are no pageviews.
func isEventFilter(f *aggregate.Filter) bool {
	if f.Op == aggregate.FilterNot && len(f.Args) == 1 {
		f = &f.Args[0]
	}
	return f.Op == aggregate.FilterIs && len(f.Values) == 1 && f.Field.Dimension == aggregate.EventName
}

// work asks a whole question and blurs the answer.
func (b *blurred) work(q *aggregate.Query) (*aggregate.Report, error) {
	inner := *q
	inner.Metrics = []aggregate.Metric{aggregate.MetricVisitors}
	for _, m := range q.Metrics {
		if k := kindOf(m); (k == aCount || k == aMean) && m != aggregate.MetricVisitors {
			inner.Metrics = append(inner.Metrics, m)
		}
	}
	told, err := b.Asker.Answer(&inner)
	if err != nil {
		return nil, err
	}
	out := &aggregate.Report{Grain: told.Grain, TimeLabels: told.TimeLabels, Lossy: told.Lossy}
	timed := isTimed(q)
	seen := map[string]bool{}
	for _, row := range told.Rows {
		values := b.values(q, &inner, row.Values)
		if len(q.Fields) > 0 && !timed && b.few(row.Values) {
			continue
		}
		out.Rows = append(out.Rows, aggregate.ReportRow{Labels: row.Labels, Values: values})
		seen[strings.Join(row.Labels, "\n")] = true
	}
	if timed && len(q.Fields) == 1 { // an hour with nobody looks like one with few
		for _, label := range told.TimeLabels {
			if !seen[label] {
				out.Rows = append(out.Rows, aggregate.ReportRow{Labels: []string{label}, Values: b.values(q, &inner, nil)})
			}
		}
	}
	if len(q.Fields) == 0 && len(out.Rows) == 0 {
		out.Rows = []aggregate.ReportRow{{Values: b.values(q, &inner, nil)}}
	}
	sortBlurred(out.Rows, q)
	out.Rows = slices.Clone(out.Rows[:min(publicRows, len(out.Rows))]) // the rest is let go
	out.TotalRows = len(out.Rows)
	return out, nil
}

// few reports whether values, of which the first is visitors, are about too few.
func (b *blurred) few(values []aggregate.Value) bool {
	return len(values) == 0 || values[0].Null || values[0].Number < b.floor
}

// values are a row's figures as they may be told; exact are those of the inner
// query, nil where there are none.
func (b *blurred) values(q, inner *aggregate.Query, exact []aggregate.Value) []aggregate.Value {
	out := make([]aggregate.Value, len(q.Metrics))
	for i, m := range q.Metrics {
		out[i].Null = true
		at := slices.Index(inner.Metrics, m)
		switch {
		case b.few(exact):
			if m == aggregate.MetricVisitors {
				out[i].Below = b.floor
			}
		case at < 0 || exact[at].Null: // withheld, or not known
		case kindOf(m) == aCount:
			out[i] = aggregate.Value{Number: math.Floor(exact[at].Number/b.floor) * b.floor, UpperBound: exact[at].UpperBound}
			if exact[at].Number < b.floor {
				out[i] = aggregate.Value{Null: true, Below: b.floor}
			}
		case exact[0].Number >= meansFrom*b.floor:
			out[i] = aggregate.Value{Number: coarse(m, exact[at].Number)}
		}
	}
	return out
}

// metricKind is how a metric is blurred.
type metricKind uint8

const (
	withheld metricKind = iota
	aCount
	aMean
)

func kindOf(m aggregate.Metric) metricKind {
	switch m {
	case aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricPageviews, aggregate.MetricEvents:
		return aCount
	case aggregate.MetricViewsPerVisit, aggregate.MetricBounceRate, aggregate.MetricVisitDuration, aggregate.MetricTimeOnPage, aggregate.MetricScrollDepth:
		return aMean
	}
	return withheld
}

// coarse is a mean in steps that no single visitor moves.
func coarse(m aggregate.Metric, v float64) float64 {
	switch m {
	case aggregate.MetricViewsPerVisit:
		return math.Round(10*v) / 10
	case aggregate.MetricVisitDuration, aggregate.MetricTimeOnPage:
		return 5 * math.Round(v/5)
	}
	return math.Round(v)
}

// isTimed reports whether the rows of an answer are steps of time.
func isTimed(q *aggregate.Query) bool {
	return len(q.Fields) > 0 && q.Fields[0].Time != aggregate.NoTime
}

// sortBlurred orders rows by what is told of them: the exact order would tell more.
func sortBlurred(rows []aggregate.ReportRow, q *aggregate.Query) {
	by, descending, timed := 0, true, isTimed(q)
	if len(q.Orders) > 0 && q.Orders[0].Metric != "" {
		by, descending = slices.Index(q.Metrics, q.Orders[0].Metric), q.Orders[0].Descending
	}
	slices.SortStableFunc(rows, func(a, b aggregate.ReportRow) int {
		if !timed && by >= 0 && by < len(a.Values) && a.Values[by].Number != b.Values[by].Number {
			if (a.Values[by].Number > b.Values[by].Number) == descending {
				return -1
			}
			return 1
		}
		return slices.Compare(a.Labels, b.Labels)
	})
}

// publicPage is the dashboard of a site for strangers.
func (u *UI) publicPage(site aggregate.Site, settings *aggregate.Settings) *UI {
	floor := settings.PublicFloor()
	u.shares.mu.Lock()
	defer u.shares.mu.Unlock()
	key := fmt.Sprintf("public %s %d", site, floor) // no token has a space
	if s := u.shares.m[key]; s != nil {
		return s
	}
	s := u.guest(key, site, &blurred{Asker: u.ask, site: site, floor: float64(floor), clock: u.clock}, u.base)
	s.access.public = floor
	return s
}

// enterPublic answers whoever may not see a site as one of its team, where its
// figures are public. It reports whether it did.
func (u *UI) enterPublic(r *route, c *caller, name string) bool {
	if r.method != fasthttp.MethodGet || r.path != "/{site}" || u.access.shared != "" {
		return false
	}
	site, err := aggregate.ParseSite(name)
	settings, known := u.settings(site)
	if err != nil || !known || !settings.Public || c.who.may(site, r.action) {
		return false
	}
	u.publicPage(site, &settings).Serve(c.RequestCtx)
	allowFrames(c.RequestCtx, settings.EmbedHosts)
	return true
}

// narrow takes out of an address what a public view does not show.
func narrow(v *view.View) {
	v.Filters, v.Search, v.Date, v.First, v.Last = nil, "", 0, 0, 0
	v.Compare, v.CompareFirst, v.CompareLast, v.Weekdays = view.CompareQuietly, 0, 0, false
	if v.Period == view.Custom || v.Period == view.OneDay || v.Period == view.Realtime {
		v.Period = view.DefaultPeriod
	}
}

// looks is how a page that is embedded wants to be: its address says so.
type looks struct {
	Embed bool
	Theme string // "light", "dark"; "" = as the reader's system
	Size  string // "small" = figures and trend alone
}

func looksOf(ctx *fasthttp.RequestCtx) (l looks) {
	args := ctx.QueryArgs()
	l.Embed = len(args.Peek("embed")) > 0
	if theme := string(args.Peek("theme")); theme == "light" || theme == "dark" {
		l.Theme = theme
	}
	if string(args.Peek("size")) == "small" {
		l.Size = "small"
	}
	return l
}
