package ui

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// siteView is a site's page, ready to be printed. Its text is plain: the
// templates escape it.
type siteView struct {
	Site    aggregate.Site
	Base    string // the page's own path
	Period  string
	Periods []periodLink
	Range   string
	Zone    string
	Full    bool // one report alone, with all its rows
	Figures []figure
	Current figure
	Charts  []chart
	Panels  []panel
	Notes   []string // about figures on this page
	Notices []string // about the installation
	Credits []Credit
	Empty   *emptyView
	Build   string
}

type periodLink struct {
	Name, URL string
	Here      bool
}

// figure is one of the top figures.
type figure struct {
	ID, Name, Meaning string
	Value             string
	Sign              string // why the value is not exact; "" if it is
	Today             string // the same figure of today, beside that of a longer period
}

// panel is one report.
type panel struct {
	ID, Title, First, Second string
	Rows                     []panelRow
	Notes                    []string
	Error                    string
	Sign                     string
	More                     string // "10 of 1,234", when there are more rows
	URL                      string // of the full report, or back
}

type panelRow struct {
	Label         string
	Bar           string // percent of the longest bar
	First, Second string
	Why           string // what (other) and (hidden) stand for
}

// emptyView is what a site shows before its first beacon.
type emptyView struct{ Script string }

// figureKinds are the top figures with what they mean.
var figureKinds = []struct {
	metric        aggregate.Metric
	name, meaning string
}{
	{aggregate.MetricVisitors, "Unique visitors", "Distinct visitors with at least one pageview or custom event. A visitor is known for one day only: over several days this is the sum of the days, so somebody who comes on three days counts three times."},
	{aggregate.MetricVisits, "Visits", "Series of events of one visitor with gaps of at most 30 minutes."},
	{aggregate.MetricPageviews, "Pageviews", "Pages shown, reloads and in-app navigation included."},
	{aggregate.MetricViewsPerVisit, "Views per visit", "Pageviews of the visits that started in this time, divided by their number."},
	{aggregate.MetricBounceRate, "Bounce rate", "Share of the visits started in this time that had exactly one pageview and no interactive event."},
	{aggregate.MetricVisitDuration, "Visit duration", "Mean time from the first to the last event of the visits started in this time. A visit of one pageview lasts 0s."},
}

const currentMeaning = "Distinct visitors with a pageview or custom event in the last 30 minutes."

// panelKinds are the reports of a site's page.
var panelKinds = []struct {
	id, title, first string
	field            aggregate.Field
	second           aggregate.Metric // percentage stands for the share of all visitors
}{
	{"pages", "Top pages", "Page", aggregate.Field{Name: "event:page", Dimension: aggregate.Page}, aggregate.MetricPageviews},
	{"sources", "Sources", "Source", aggregate.Field{Name: "visit:source", Dimension: aggregate.Source}, aggregate.MetricPercentage},
	{"entry", "Entry pages", "Page", aggregate.Field{Name: "visit:entry_page", Dimension: aggregate.EntryPage}, aggregate.MetricVisits},
	{"channels", "Channels", "Channel", aggregate.Field{Name: "visit:channel", Dimension: aggregate.Channel}, aggregate.MetricPercentage},
	{"countries", "Countries", "Country", aggregate.Field{Name: "visit:country_name", Dimension: aggregate.Country, Spelled: true}, aggregate.MetricPercentage},
	{"devices", "Devices", "Device", aggregate.Field{Name: "visit:device", Dimension: aggregate.Device}, aggregate.MetricPercentage},
	{"browsers", "Browsers", "Browser", aggregate.Field{Name: "visit:browser", Dimension: aggregate.Browser}, aggregate.MetricPercentage},
	{"os", "Operating systems", "System", aggregate.Field{Name: "visit:os", Dimension: aggregate.OS}, aggregate.MetricPercentage},
}

const (
	panelRows = 10
	fullRows  = 500
)

// labels that do not name a value but what was left out.
const (
	otherLabel  = "(other)"
	hiddenLabel = "(hidden)"
	otherWhy    = "Values beyond the number that is kept per day, counted together."
	hiddenWhy   = "Links that too few visitors shared to keep them apart, counted together."
)

// answer is what came of one query.
type answer struct {
	report *aggregate.Report
	err    error
}

// asking runs queries side by side.
type asking struct {
	u    *UI
	wait sync.WaitGroup
}

func (a *asking) run(into *answer, q aggregate.Query) {
	a.wait.Go(func() {
		into.report, into.err = a.u.ask.Answer(&q)
		if into.err == nil && into.report == nil {
			into.err = errors.New("BUG: neither a report nor an error")
		}
	})
}

// siteAnswers are all answers that a site's page needs.
type siteAnswers struct {
	totals, today, current, trend, hours answer
	panels                               []answer
}

// view asks for everything on a site's page. report names the panel to show
// alone, or is blank.
func (u *UI) view(site aggregate.Site, settings *aggregate.Settings, p period, report, origin string) *siteView {
	now, loc := u.clock(), settings.Location()
	today := aggregate.DayOf(now, loc)
	v := &siteView{Site: site, Base: u.sitePath(site), Period: p.key, Range: rangeText(p.days(today)),
		Zone: settings.Timezone, Build: u.assets.build, Notices: u.notices(site), Credits: u.credits()}
	kinds := panelKinds
	for _, k := range panelKinds {
		if k.id == report {
			kinds, v.Full = panelKinds[slices.Index(panelIDs(), report):][:1], true
		}
	}
	v.Periods = v.links(report)

	var got siteAnswers
	got.panels = make([]answer, len(kinds))
	a := asking{u: u}
	all := p.days(today)
	a.run(&got.totals, aggregate.Query{Site: site, Metrics: metricsOf(), Range: all})
	a.run(&got.current, aggregate.Query{Site: site, Metrics: []aggregate.Metric{aggregate.MetricVisitors},
		Range: aggregate.Range{Realtime: true}})
	for i, k := range kinds {
		q := aggregate.Query{Site: site, Metrics: panelMetrics(k.second), Range: all, Fields: []aggregate.Field{k.field},
			Orders: []aggregate.Order{{Metric: aggregate.MetricVisitors, Descending: true}}, Limit: panelRows}
		if v.Full {
			q.Limit = fullRows
		}
		a.run(&got.panels[i], q)
	}
	if !v.Full {
		oneDay := aggregate.Range{Days: true, First: today, Last: today}
		a.run(&got.hours, trendQuery(site, aggregate.Hour, oneDay))
		if !p.oneDay() {
			a.run(&got.trend, trendQuery(site, p.grain, all))
			a.run(&got.today, aggregate.Query{Site: site, Metrics: metricsOf(), Range: oneDay})
		}
	}
	a.wait.Wait()
	u.fill(v, &got, settings, p, now)
	for i, k := range kinds {
		v.Panels = append(v.Panels, u.panel(v, k.id, k.title, k.first, k.second, &got.panels[i], visitorsOf(&got.totals)))
	}
	if !v.Full && u.empty(site, &got, today) {
		v.Empty = &emptyView{Script: `<script defer data-domain="` + string(site) + `" src="` + origin + `/js/script.js"></script>`}
	}
	return v
}

func panelIDs() (ids []string) {
	for _, k := range panelKinds {
		ids = append(ids, k.id)
	}
	return ids
}

func metricsOf() (all []aggregate.Metric) {
	for _, k := range figureKinds {
		all = append(all, k.metric)
	}
	return all
}

func panelMetrics(second aggregate.Metric) []aggregate.Metric {
	if second == aggregate.MetricPercentage {
		return []aggregate.Metric{aggregate.MetricVisitors}
	}
	return []aggregate.Metric{aggregate.MetricVisitors, second}
}

func trendQuery(site aggregate.Site, grain aggregate.TimeGrain, r aggregate.Range) aggregate.Query {
	field := timeField(grain)
	return aggregate.Query{Site: site, Metrics: trendMetrics, Range: r, Fields: []aggregate.Field{field},
		Orders: []aggregate.Order{{Field: field.Name}}}
}

// links are the addresses of the page's periods.
func (v *siteView) links(report string) (all []periodLink) {
	for _, p := range periods {
		all = append(all, periodLink{Name: p.name, URL: v.url(p.key, report), Here: p.key == v.Period})
	}
	return all
}

func (v *siteView) url(period, report string) string {
	var query []string
	if period != defaultPeriod {
		query = append(query, "period="+period)
	}
	if report != "" && v.Full {
		query = append(query, "report="+report)
	}
	if len(query) == 0 {
		return v.Base
	}
	return v.Base + "?" + strings.Join(query, "&")
}

// fill makes figures, charts and notes from the answers.
func (u *UI) fill(v *siteView, got *siteAnswers, settings *aggregate.Settings, p period, now time.Time) {
	loc := settings.Location()
	today := aggregate.DayOf(now, loc)
	todayValues := values(&got.today, len(figureKinds))
	totals := values(&got.totals, len(figureKinds))
	for i, k := range figureKinds {
		f := figure{ID: string(k.metric), Name: k.name, Meaning: k.meaning, Value: figureText(k.metric, totals[i])}
		if got.today.report != nil {
			f.Today = figureText(k.metric, todayValues[i])
		}
		if got.totals.report != nil {
			f.Sign = got.totals.report.Warnings[k.metric].Warning
		}
		v.Figures = append(v.Figures, f)
	}
	v.Current = figure{ID: "current", Name: "Current visitors", Meaning: currentMeaning,
		Value: figureText(aggregate.MetricVisitors, values(&got.current, 1)[0])}
	for _, a := range []struct {
		*answer
		what string
	}{{&got.totals, "The figures of this period"}, {&got.today, "Today's figures"}, {&got.current, "The current visitors"}} {
		if a.err != nil {
			v.Notes = append(v.Notes, a.what+" are missing. "+u.sentence(v.Site, a.err))
		}
	}
	if got.totals.report != nil && len(got.totals.report.Lossy) > 0 {
		v.Notes = append(v.Notes, lossNote(got.totals.report.Lossy))
	}
	if v.Full {
		return
	}
	if !p.oneDay() {
		title := "Visitors by day"
		if p.grain == aggregate.MonthGrain {
			title = "Visitors by month"
		}
		v.Charts = append(v.Charts, u.chart(v.Site, "trend", title, buckets(p.grain, p.days(today), now, loc), &got.trend))
	}
	v.Charts = append(v.Charts, u.chart(v.Site, "hours", "Today by hour", hours(today, now, loc), &got.hours))
}

func (u *UI) chart(site aggregate.Site, id, title string, steps []bucket, a *answer) chart {
	if a.err != nil {
		return chart{ID: id, Title: title, Note: u.sentence(site, a.err)}
	}
	return makeChart(id, title, steps, a.report)
}

// values is the only row of a report without dimensions; nulls where there is none.
func values(a *answer, n int) []aggregate.Value {
	if a.report != nil && len(a.report.Rows) == 1 && len(a.report.Rows[0].Values) == n {
		return a.report.Rows[0].Values
	}
	all := make([]aggregate.Value, n)
	for i := range all {
		all[i].Null = a.report == nil
	}
	return all
}

func visitorsOf(totals *answer) float64 {
	if totals.report == nil {
		return 0
	}
	return values(totals, len(figureKinds))[0].Number
}

// lossNote explains days that miss a part.
func lossNote(days []aggregate.Day) string {
	var names []string
	for _, d := range days[:min(len(days), 3)] {
		names = append(names, civil(d, "2 Jan"))
	}
	text := strings.Join(names, ", ")
	if more := len(days) - len(names); more > 0 {
		text += " and " + grouped(int64(more)) + " more days"
	}
	return "On " + text + " the memory of that day's visitors was lost, by a power cut or a reboot: " +
		"who came back was counted again, and answers with a filter miss a part."
}

// panel makes one report.
func (u *UI) panel(v *siteView, id, title, first string, second aggregate.Metric, a *answer, visitors float64) panel {
	p := panel{ID: id, Title: title, First: first, Second: secondName(second)}
	if a.err != nil {
		p.Error = u.sentence(v.Site, a.err)
		return p
	}
	longest := 0.0
	for _, row := range a.report.Rows {
		if len(row.Values) > 0 {
			longest = max(longest, row.Values[0].Number)
		}
	}
	for _, row := range a.report.Rows {
		if len(row.Labels) != 1 || len(row.Values) != len(panelMetrics(second)) {
			continue
		}
		r := panelRow{Label: row.Labels[0], First: figureText(aggregate.MetricVisitors, row.Values[0]), Bar: "0"}
		if longest > 0 {
			r.Bar = number(100 * row.Values[0].Number / longest)
		}
		if second == aggregate.MetricPercentage {
			r.Second = share(row.Values[0].Number, visitors)
		} else {
			r.Second = figureText(second, row.Values[1])
		}
		switch r.Label {
		case otherLabel:
			r.Why = otherWhy
		case hiddenLabel:
			r.Why = hiddenWhy
		}
		p.Rows = append(p.Rows, r)
	}
	p.Sign = a.report.Warnings[aggregate.MetricVisitors].Warning
	if h := a.report.Hidden; h != nil && h.Reason != "" {
		p.Notes = append(p.Notes, h.Reason)
	}
	shown := len(a.report.Rows)
	if v.Full {
		p.URL = (&siteView{Base: v.Base}).url(v.Period, "")
	} else if a.report.TotalRows > shown {
		p.URL = (&siteView{Base: v.Base, Full: true}).url(v.Period, id)
	}
	if a.report.TotalRows > shown {
		p.More = grouped(int64(shown)) + " of " + grouped(int64(a.report.TotalRows))
	}
	return p
}

func secondName(m aggregate.Metric) string {
	switch m {
	case aggregate.MetricPageviews:
		return "Views"
	case aggregate.MetricVisits:
		return "Visits"
	default:
		return "Share"
	}
}

// empty reports whether no beacon of the site was ever counted.
func (u *UI) empty(site aggregate.Site, got *siteAnswers, today aggregate.Day) bool {
	if got.totals.err != nil {
		return false
	}
	for _, v := range values(&got.totals, len(figureKinds))[:3] {
		if v.Number > 0 {
			return false
		}
	}
	// A day also begins with a beacon that was refused, and then holds nothing.
	first, ever := u.first(site)
	return !ever || first >= today
}

// sentence is an error as the page says it. What is no refusal is a fault of
// ours: it goes to the log, at most once a minute, as a page asks every other second.
func (u *UI) sentence(site aggregate.Site, err error) string {
	var refusal *ask.Refusal
	if errors.As(err, &refusal) {
		return refusal.Error()
	}
	if u.failures.due(u.clock()) {
		u.log.Error("a report could not be made", "site", string(site), "err", err)
	}
	return "It could not be read just now. The server's log says why."
}

// failures spaces out what is logged.
type failures struct {
	mu   sync.Mutex // protects last
	last time.Time
}

func (f *failures) due(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if since := now.Sub(f.last); since >= 0 && since < time.Minute {
		return false
	}
	f.last = now
	return true
}
