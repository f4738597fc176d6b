package view

import (
	"slices"

	"footfall/aggregate"
)

// View is what a site's page shows. The zero value is the page without a query.
type View struct {
	Period Period
	// Date is a day of a period that moves (the last one of a number of days or
	// months); 0: the one that holds today.
	Date aggregate.Day
	// First and Last are the days of a Custom period.
	First, Last aggregate.Day

	Compare Comparison
	// CompareFirst and CompareLast are the days of CompareCustom.
	CompareFirst, CompareLast aggregate.Day
	// Weekdays moves the compared days so that both begin on the same day of the week.
	Weekdays bool

	Filters []Filter
	Metric  aggregate.Metric    // of the trend; "" = visitors
	Grain   aggregate.TimeGrain // of the trend; NoTime: by the period's length

	// Tabs are the reports opened in place of the first of their group.
	Tabs []string
	// Report is shown alone, with all its rows; "" = the whole page.
	Report    string
	Sort      aggregate.Metric // of the rows of Report; "" = the report's first
	Ascending bool
	Search    string // rows of Report whose name contains it
	Page      int    // of the rows of Report, from 0

	// Kept are parts that say how the page looks, not what it shows: its language, say.
	// They belong to whoever prints pages, and are carried on as they came.
	Kept []Pair

	// Unread are the parts of an address that were not understood.
	Unread []string
}

// Pair is one part of an address, without escapes.
type Pair struct{ Name, Value string }

// kept are the names of what is carried on.
var kept = []string{"lang", "theme", "embed", "size"}

// Metrics are the figures that a trend can show.
var Metrics = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricPageviews,
	aggregate.MetricViewsPerVisit, aggregate.MetricBounceRate, aggregate.MetricVisitDuration,
	aggregate.MetricTimeOnPage, aggregate.MetricScrollDepth}

// Figure is the figure that the trend shows.
func (v *View) Figure() aggregate.Metric {
	if v.Metric == "" {
		return aggregate.MetricVisitors
	}
	return v.Metric
}

// Clone is a copy that shares nothing with v.
func (v *View) Clone() *View {
	c := *v
	c.Filters = make([]Filter, len(v.Filters))
	for i, f := range v.Filters {
		c.Filters[i] = Filter{f.Op, f.Key, slices.Clone(f.Values)}
	}
	c.Tabs = slices.Clone(v.Tabs)
	c.Kept, c.Unread = slices.Clone(v.Kept), slices.Clone(v.Unread)
	return &c
}

// Whole is v without the report that is shown alone.
func (v *View) Whole() *View {
	c := v.Clone()
	c.Report, c.Sort, c.Ascending, c.Search, c.Page = "", "", false, "", 0
	return c
}

// WithTab is v with a report opened in its group.
func (v *View) WithTab(report string) *View {
	c := v.Whole()
	group := GroupOf(report)
	c.Tabs = slices.DeleteFunc(c.Tabs, func(id string) bool { return GroupOf(id) == group })
	if group != "" && FirstOf(group) != report {
		c.Tabs = append(c.Tabs, report)
	}
	slices.Sort(c.Tabs)
	return c
}

// Tab is the report that is open in a group.
func (v *View) Tab(group string) string {
	for _, id := range v.Tabs {
		if GroupOf(id) == group {
			return id
		}
	}
	return FirstOf(group)
}

// WithReport is v with a report shown alone.
func (v *View) WithReport(report string) *View {
	c := v.Whole()
	c.Report = report
	return c
}

// HasPage reports whether a filter is about the page that was viewed: then a page
// has a time and a depth.
func (v *View) HasPage() bool {
	return slices.ContainsFunc(v.Filters, func(f Filter) bool {
		return f.Key == "page" || f.Key == "section" || f.Key == "hostname"
	})
}
