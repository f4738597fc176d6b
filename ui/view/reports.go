package view

import (
	"strings"

	"footfall/aggregate"
)

// Report is one table of a site's page.
type Report struct {
	ID    string // in addresses and catalogues
	Group string
	Key   string // of the filter that a row stands for
	// Fields are what the rows are broken down by. The filter's is the first; the
	// others tell more of the same fact, a version's browser, say.
	Fields []aggregate.Field
	// Event, where not blank, is the only event whose rows are shown.
	Event string
	// Metrics are the columns of all rows; the first two are those of the short table.
	Metrics []aggregate.Metric
}

// Properties is the report of the keys that events carry properties under. It has no
// dimension; each key has a report of its values.
const Properties = "properties"

// Groups are the cards of a site's page, in order.
var Groups = []string{"sources", "pages", "places", "devices", "events"}

var (
	visitMetrics = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricPageviews,
		aggregate.MetricViewsPerVisit, aggregate.MetricBounceRate, aggregate.MetricVisitDuration}
	pageMetrics = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricPageviews, aggregate.MetricVisits,
		aggregate.MetricBounceRate, aggregate.MetricTimeOnPage, aggregate.MetricScrollDepth}
	entryMetrics = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricViewsPerVisit,
		aggregate.MetricBounceRate, aggregate.MetricVisitDuration}
	exitMetrics  = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricExitRate}
	eventMetrics = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricEvents, aggregate.MetricVisits}
	paidMetrics  = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricEvents, aggregate.MetricVisits, aggregate.MetricTotalRevenue}
	goalMetrics  = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricConversionRate, aggregate.MetricEvents, aggregate.MetricTotalRevenue}
)

var reports = makeReports()

func makeReports() (all []Report) {
	add := func(group string, metrics []aggregate.Metric, id, key string, more ...string) {
		r := Report{ID: id, Group: group, Key: key, Metrics: metrics}
		field, ok := Field(key)
		if !ok {
			panic("BUG: a report by no dimension: " + id)
		}
		r.Fields = append(r.Fields, field)
		for _, name := range more {
			r.Fields = append(r.Fields, api(name))
		}
		all = append(all, r)
	}
	add("sources", visitMetrics, "channels", "channel")
	add("sources", visitMetrics, "sources", "source")
	add("sources", visitMetrics, "referrers", "referrer")
	for _, tag := range []string{"utm_medium", "utm_source", "utm_campaign", "utm_content", "utm_term"} {
		add("sources", visitMetrics, tag, tag)
	}
	add("pages", pageMetrics, "pages", "page")
	add("pages", entryMetrics, "entry", "entry")
	add("pages", exitMetrics, "exit", "exit")
	add("pages", pageMetrics, "sections", "section")
	add("pages", pageMetrics, "hostnames", "hostname")
	add("pages", eventMetrics, "searches", "search")
	add("places", visitMetrics, "countries", "country")
	add("places", visitMetrics, "regions", "region", "visit:country")
	add("places", visitMetrics, "cities", "city", "visit:country")
	add("places", visitMetrics, "languages", "language")
	add("devices", visitMetrics, "browsers", "browser")
	add("devices", visitMetrics, "os", "os")
	add("devices", visitMetrics, "devices", "device")
	add("devices", visitMetrics, "browser_versions", "browser_version", "visit:browser")
	add("devices", visitMetrics, "os_versions", "os_version", "visit:os")
	add("events", paidMetrics, "events", "event")
	add("events", goalMetrics, "goals", "goal")
	all = append(all, Report{ID: Properties, Group: "events", Key: "property", Fields: []aggregate.Field{{Name: "event:props"}}, Metrics: []aggregate.Metric{aggregate.MetricEvents}})
	add("events", eventMetrics, "outbound", "outbound")
	add("events", eventMetrics, "downloads", "download")
	add("events", eventMetrics, "missing", PropPrefix+"path")
	all[len(all)-1].Event = "404"
	return all
}

// Reports are those of a group, in the order of their tabs; "" = of all groups.
func Reports(group string) (all []Report) {
	for _, r := range reports {
		if group == "" || r.Group == group {
			all = append(all, r)
		}
	}
	return all
}

// ReportOf finds a report. One of "prop:<key>" breaks down by a property.
func ReportOf(id string) (Report, bool) {
	for _, r := range reports {
		if r.ID == id {
			return r, true
		}
	}
	if strings.HasPrefix(id, PropPrefix) {
		if field, ok := Field(id); ok {
			return Report{ID: id, Group: "events", Key: id, Fields: []aggregate.Field{field}, Metrics: eventMetrics}, true
		}
	}
	return Report{}, false
}

// GroupOf is the group of a report, "" where there is no such report.
func GroupOf(id string) string {
	r, _ := ReportOf(id)
	return r.Group
}

// FirstOf is the report that is open in a group unless the reader chose another.
func FirstOf(group string) string {
	for _, r := range reports {
		if r.Group == group {
			return r.ID
		}
	}
	return ""
}

// MetricsOf are the columns of a report.
func MetricsOf(id string) []aggregate.Metric {
	r, _ := ReportOf(id)
	return r.Metrics
}

// Filters are those of the view and, where the report is about one event, the one
// on its name.
func (r *Report) Filters(v *View) []aggregate.Filter {
	all := v.Asks()
	if r.Event != "" {
		f := Filter{Is, "event", []string{r.Event}}
		all = append(all, f.Ask())
	}
	if r.Key == "event" {
		f := Filter{IsNot, "event", []string{"pageview"}} // which has reports of its own
		all = append(all, f.Ask())
	}
	return all
}

// Answerable reports whether the counters can tell the report under the view's filters.
func (r *Report) Answerable(v *View, days aggregate.Range, today aggregate.Day) bool {
	if r.ID == Properties {
		return true // whatever the filters are: they do not narrow it
	}
	fields := r.Fields
	if r.Event != "" {
		fields = append(fields[:len(fields):len(fields)], api("event:name"))
	}
	return v.Answerable(days, today, fields...)
}
