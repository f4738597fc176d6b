package ask

import (
	"fmt"
	"slices"
	"strings"

	"footfall/aggregate"
)

// notes gathers what an answer has to say about itself.
type notes struct {
	hourTotals bool // a part of a past day was answered from hour totals
	lossy      []aggregate.Day
	summaries  []aggregate.Day // imported as totals of days, with few links
	noHours    []aggregate.Day // likewise, where hours are asked for
	capped     bool
	imports    bool // imports count in the range
	floor      uint32

	summedVisitors bool // sums over several values
	summedVisits   bool
	summedMeans    bool
	summedEngaged  bool

	without       bool // a row (none) whose visitors are bounded only
	noEngaged     bool // events are told apart by name or property
	cutOpen       bool // a later open day is cut, and with it what was carried into it
	asRow, tooFew bool // what the floor withholds is in a row, or would make too small a one
	hiddenRow     bool // a row (hidden) whose visitors are bounded only
	split         bool // what is withheld of a property may be among the events without it

	hidden  *aggregate.HiddenRows
	missing *missing // what two filters may have missed
}

// missing bounds what the floor withholds from an answer.
type missing struct{ pageviews, events, visits int64 }

func (n *notes) lose(d aggregate.Day) { note(&n.lossy, d) }

// note adds a day that is not there yet.
func note(days *[]aggregate.Day, d aggregate.Day) {
	if !slices.Contains(*days, d) {
		*days = append(*days, d)
	}
}

// Codes of warnings.
const (
	codeHourTotals = "hour_totals_only"
	codeWholeHours = "whole_hours"
	codeSum        = "sum_of_values"
	codeWithout    = "without_property"
	codeCrossing   = "crossed_midnight"
	codeByEvent    = "not_by_event"
	codeFloor      = "floor"
	codeLossy      = "memory_lost"
	codeSince      = "counted_since"
	codeCurrency   = "no_currency"
	codeSummaries  = "imported_totals"
)

// metricNeeds says what a metric is made of.
type metricNeeds struct{ visitors, visits, means, engaged bool }

func needsOf(m aggregate.Metric) (n metricNeeds) {
	switch m {
	case aggregate.MetricVisitors, aggregate.MetricPercentage, aggregate.MetricConversionRate, aggregate.MetricGroupConversion:
		n.visitors = true
	case aggregate.MetricVisits:
		n.visits = true
	case aggregate.MetricViewsPerVisit, aggregate.MetricBounceRate, aggregate.MetricVisitDuration:
		n.means = true
	case aggregate.MetricTimeOnPage, aggregate.MetricScrollDepth:
		n.engaged = true
	case aggregate.MetricExitRate:
		n.visits = true
	}
	return n
}

// warnings are the warnings of the metrics asked for.
func (p *plan) warnings() map[aggregate.Metric]aggregate.Warning {
	all := map[aggregate.Metric]aggregate.Warning{}
	for _, m := range p.q.Metrics {
		var w aggregate.Warning
		for _, one := range p.warningsOf(m) {
			if w.Code == "" {
				w = one
			} else {
				w.Warning += " " + one.Warning
			}
		}
		if w.Code != "" {
			all[m] = w
		}
	}
	return all
}

func (p *plan) warningsOf(m aggregate.Metric) (all []aggregate.Warning) {
	n, needs := &p.notes, needsOf(m)
	warn := func(cond bool, code, sentence string) {
		if cond {
			all = append(all, aggregate.Warning{Code: code, Warning: sentence})
		}
	}
	warn(n.hourTotals && (needs.visitors || needs.engaged), codeHourTotals,
		"The range covers a part of a past day, of which only hour totals are kept: what does not add up over hours is not known.")
	warn(n.noEngaged && needs.engaged, codeByEvent,
		"Time on page and scroll depth belong to pages and visits, not to events by name or property.")
	warn(p.hasPast && len(p.facts) == 0 && p.ragged(), codeWholeHours,
		"Hours that the range cuts on past days are counted whole.")
	warn(len(n.lossy) > 0, codeLossy,
		fmt.Sprintf("The memory of %d of the days was lost in part (%s first): filtered figures miss a part of them.", len(n.lossy), firstDay(n.lossy)))
	warn(len(n.summaries) > 0, codeSummaries,
		fmt.Sprintf("%d of the days (%s first) were imported as totals, which tell little about what belongs together: filtered figures miss the rest.",
			len(n.summaries), firstDay(n.summaries)))
	warn(len(n.noHours) > 0, codeSummaries,
		fmt.Sprintf("%d of the days (%s first) were imported as totals without hours: they are missing here.", len(n.noHours), firstDay(n.noHours)))
	warn(n.cutOpen && (needs.visitors || needs.visits), codeCrossing,
		"Who visited across midnight into the day that the range cuts is counted on both days.")
	warn(n.summedVisitors && needs.visitors, codeSum,
		"Visitors of several values are the sum over the values on past days, an upper bound: who had two of them is counted twice.")
	warn(n.summedVisits && needs.visits, codeSum,
		"Visits of several values are the sum over the values on past days, an upper bound: a visit with two of them is counted twice.")
	warn(n.summedMeans && needs.means, codeSum,
		"Visits with several of the values count once for each of them on past days.")
	warn(n.summedEngaged && !n.noEngaged && needs.engaged, codeSum,
		"The mean is taken over visits and values on past days: a visit with two of the values counts twice.")
	warn(n.without && (needs.visitors || needs.visits), codeWithout,
		"Who had an event without the property is not counted on past days: the row (none) shows an upper bound.")
	warn(n.without && needs.means, codeWithout,
		"Of visits with an event without the property no means are kept on past days.")
	warn(n.hiddenRow && (needs.visitors || needs.visits), codeFloor,
		"How many the row (hidden) stands for is known within bounds: it shows the upper one.")
	warn(n.split, codeFloor,
		"What may be hidden of the property is told at its most: some of it may be events without the property.")
	warn(!p.settings.Earns() && (m == aggregate.MetricTotalRevenue || m == aggregate.MetricAverageRevenue), codeCurrency,
		"This site has no currency: that of the first amount becomes its own, unless its settings name one (or none).")
	if n.missing != nil {
		warn(true, codeFloor, p.missingSentence(m))
	}
	return all
}

// warnSince says of every metric that it holds only the days that were counted.
func (p *plan) warnSince(all map[aggregate.Metric]aggregate.Warning, g *goalPlan) {
	for _, m := range p.q.Metrics {
		w, ok := all[m]
		if !ok {
			w.Code = codeSince
		} else {
			w.Warning += " "
		}
		w.Warning += g.sentence() + " Days before are not in the figures."
		all[m] = w
	}
}

func firstDay(days []aggregate.Day) aggregate.Day {
	if len(days) == 0 {
		return 0
	}
	return slices.Min(days)
}

func (p *plan) missingSentence(m aggregate.Metric) string {
	n := p.notes.missing
	what, count := "events", n.events
	switch needs := needsOf(m); {
	case m == aggregate.MetricPageviews:
		what, count = "pageviews", n.pageviews
	case needs.visitors:
		what, count = "visitors", n.visits
	case needs.visits || needs.means || needs.engaged:
		what, count = "visits", n.visits
	}
	if count == 1 {
		what = strings.TrimSuffix(what, "s")
	}
	return fmt.Sprintf("Links that fewer than %d visitors of a day share do not keep their date: up to %d %s may be missing.",
		p.floor(), count, what)
}

// floor is the k that applied to the links of this answer.
func (p *plan) floor() int { return max(int(p.notes.floor), p.settings.Floor) }
