package ask

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"footfall/aggregate"
)

// A goal is asked for by its name, and answered from the block that knows it: one
// event from the event names, one page from the pages, whatever else from the
// events that were marked with the goal. Goals that need different blocks are
// answered by a plan each.

// goalsAsked are the goals of a query.
type goalsAsked struct {
	goals   []aggregate.Goal
	filters []aggregate.Filter // the query's others
	rows    bool               // the query breaks down by goals
}

// goalPlan is what one plan answers for.
type goalPlan struct {
	dim   aggregate.Dimension // whose values are
	names map[string][]string // the names of the goals with a stored value
	kind  aggregate.GoalKind
	since aggregate.Day // the first day that is counted; early, where all are
	title string        // of a goal that is counted since then
}

// early is before all days that can be asked for.
const early = aggregate.Day(-1 << 30)

// findGoals understands what a query says of goals; nil if nothing.
func (a *Asker) findGoals(q *aggregate.Query, settings aggregate.Settings, open []aggregate.Day) (*goalsAsked, error) {
	g := &goalsAsked{rows: slices.ContainsFunc(q.Fields, isGoal)}
	var conditions []aggregate.Filter
	for _, f := range q.Filters {
		on, off := goalFilter(&f)
		switch {
		case on && (off || f.Op >= aggregate.FilterAnd):
			return nil, &Refusal{Part: "filters", TooMany: []string{goalField},
				Why:     "A filter on " + goalField + " stands alone: it cannot be negated, and not be combined with others in one \"or\".",
				Instead: "Name the goals that are wanted, and the other filters beside it."}
		case on:
			conditions = append(conditions, f)
		default:
			g.filters = append(g.filters, f)
		}
	}
	if len(conditions) == 0 && !g.rows {
		return nil, needsNoGoal(q)
	}
	part := "dimensions"
	if len(conditions) > 0 {
		part = "filters"
	}
	if len(conditions) > 1 {
		return nil, &Refusal{Part: part, TooMany: []string{goalField}, Why: "A query may have one filter on " + goalField + "."}
	}
	all := slices.Clone(a.definitions(q.Site).Goals)
	if len(all) == 0 {
		var err error
		if all, err = a.impliedGoals(q, conditions, settings, open); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, &Refusal{Part: part, TooMany: []string{goalField}, Why: "This site has no goals, and no events in these days, so " + goalField + " cannot be asked for.",
			Instead: "Ask for event:name or event:page instead."}
	}
	for _, f := range conditions {
		test, err := compileTest(f)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(g aggregate.Goal) bool { return !test(g.Name) })
		if len(all) == 0 {
			return nil, &Refusal{Part: part, TooMany: []string{goalField}, Why: fmt.Sprintf("This site has no goal that the filter on %s names (%s).",
				goalField, strings.Join(f.Values, ", ")), Instead: "The goals of a site and their names are in its settings."}
		}
	}
	g.goals = all
	return g, nil
}

func isGoal(f aggregate.Field) bool { return f.Name == goalField }

// goalFilter tells whether a filter is about goals, and about others.
func goalFilter(x *aggregate.Filter) (on, off bool) {
	if x.Op < aggregate.FilterAnd {
		return isGoal(x.Field), !isGoal(x.Field)
	}
	for i := range x.Args {
		o, f := goalFilter(&x.Args[i])
		on, off = on || o, off || f
	}
	return on, off
}

// needsNoGoal refuses the metrics that are about goals.
func needsNoGoal(q *aggregate.Query) error {
	for _, m := range q.Metrics {
		if m == aggregate.MetricConversionRate || m == aggregate.MetricGroupConversion {
			return &Refusal{Part: "metrics", TooMany: []string{string(m)},
				Why: "The metric " + string(m) + " needs a goal.", Instead: "Filter by " + goalField + ", or break down by it."}
		}
	}
	return nil
}

// plans sorts the goals by what answers for them. first is that of the range.
func (g *goalsAsked) plans(first aggregate.Day) (plans []*goalPlan, err error) {
	for i := range g.goals {
		goal := &g.goals[i]
		p := &goalPlan{dim: aggregate.Conversion, kind: goal.Kind(), since: goal.Since, title: goal.Name}
		value := goal.ID.String()
		if goal.Simple() {
			p.dim, p.since, value = aggregate.EventName, early, goal.Event
			if p.kind == aggregate.PageGoal {
				p.dim, value = aggregate.Page, goal.Page
			}
		}
		if p.since <= first {
			p.since = early // the whole range is counted
		}
		at := slices.IndexFunc(plans, func(o *goalPlan) bool { return o.dim == p.dim && o.kind == p.kind && o.since == p.since })
		if at < 0 {
			at, p.names = len(plans), map[string][]string{}
			plans = append(plans, p)
		}
		plans[at].names[value] = append(plans[at].names[value], goal.Name)
	}
	if g.rows || len(plans) == 1 {
		return plans, nil
	}
	r := &Refusal{Part: "filters", TooMany: []string{goalField}, Why: "These goals are counted in different ways: pages, events, or from different days on.",
		Instead: "Filter by one of them at a time, or break down by " + goalField + "."}
	return nil, r
}

// rewrite is the query that the plan answers.
func (p *goalPlan) rewrite(q *aggregate.Query, filters []aggregate.Filter) *aggregate.Query {
	field := aggregate.Field{Name: goalField, Dimension: p.dim}
	c := *q
	c.Limit, c.Offset = 0, 0
	c.Fields = slices.Clone(q.Fields)
	for i := range c.Fields {
		if isGoal(c.Fields[i]) {
			c.Fields[i] = field
		}
	}
	wanted := aggregate.Filter{Op: aggregate.FilterIs, Field: field}
	for value := range p.names {
		wanted.Values = append(wanted.Values, value)
	}
	slices.Sort(wanted.Values)
	c.Filters = append(slices.Clone(filters), wanted)
	return &c
}

// without is the query as if nobody had asked for goals, by other is by the fields
// that are no goals.
func (g *goalsAsked) without(q *aggregate.Query, byOther bool) *aggregate.Query {
	c := *q
	c.Limit, c.Offset, c.Filters = 0, 0, g.filters
	c.Fields = nil
	if byOther {
		c.Fields = slices.DeleteFunc(slices.Clone(q.Fields), isGoal)
	}
	return &c
}

// answerGoals makes the report of a query about goals.
func (a *Asker) answerGoals(q *aggregate.Query, g *goalsAsked, settings aggregate.Settings, open []aggregate.Day) (*aggregate.Report, error) {
	probe := &plan{a: a, q: q, loc: settings.Location(), now: a.clock()}
	if err := probe.setRange(); err != nil {
		return nil, err
	}
	plans, err := g.plans(probe.first)
	if err != nil {
		return nil, err
	}
	var main *figures
	var rows []*row
	var reports []*aggregate.Report
	var late []*goalPlan // counted since after the range
	for _, p := range plans {
		if p.since > probe.last {
			late = append(late, p)
			continue
		}
		f, err := a.figures(p.rewrite(q, g.filters), settings, open, &goalContext{g, p})
		if err != nil {
			return nil, err
		}
		if main == nil {
			main = f
		}
		rows = append(rows, f.renamed(f.rows())...)
		reports = append(reports, f.head(0))
	}
	if main == nil {
		return nil, &Refusal{Part: "date_range", Why: late[0].sentence(), Instead: "Ask for days from then on."}
	}
	main.sort(rows)
	report := merge(reports)
	for _, p := range late {
		main.p.warnSince(report.Warnings, p)
	}
	report.TotalRows = len(rows)
	report.Rows = cutRows(rows, q)
	return report, nil
}

func (p *goalPlan) sentence() string {
	return fmt.Sprintf("The goal %q is counted since %s.", p.title, p.since)
}

// goalContext is what figures must know of the goals they are about.
type goalContext struct {
	asked *goalsAsked
	plan  *goalPlan
}

// renamed gives rows the names of the goals in the place of stored values. Goals
// with the same condition have a row each.
func (f *figures) renamed(rows []*row) []*row {
	at := slices.IndexFunc(f.p.q.Fields, isGoal)
	if at < 0 {
		return rows
	}
	var all []*row
	for _, r := range rows {
		names := f.goals.plan.names[r.Labels[at]]
		if r.Labels[at] == labelHidden || r.Labels[at] == labelOther {
			all = append(all, r)
		} // others are goals that the same events have reached, and another plan's
		for _, name := range names {
			c := *r
			c.Labels = slices.Clone(r.Labels)
			c.Labels[at] = name
			all = append(all, &c)
		}
	}
	return all
}

// merge puts the heads of several plans' reports together.
func merge(reports []*aggregate.Report) *aggregate.Report {
	sum := reports[0]
	for _, r := range reports[1:] {
		for m, w := range r.Warnings {
			if old, ok := sum.Warnings[m]; !ok {
				sum.Warnings[m] = w
			} else if !strings.Contains(old.Warning, w.Warning) {
				old.Warning += " " + w.Warning
				sum.Warnings[m] = old
			}
		}
		for _, d := range r.Lossy {
			if !slices.Contains(sum.Lossy, d) {
				sum.Lossy = append(sum.Lossy, d)
			}
		}
		if h := r.Hidden; h != nil {
			if sum.Hidden == nil {
				sum.Hidden = h
				continue
			}
			sum.Hidden.Pageviews += h.Pageviews
			sum.Hidden.Events += h.Events
			sum.Hidden.Visits += h.Visits
			sum.Hidden.Capped = sum.Hidden.Capped || h.Capped
			sum.Hidden.Floor = max(sum.Hidden.Floor, h.Floor)
		}
	}
	slices.Sort(sum.Lossy)
	return sum
}

// conversions is the column of a goal's conversions.
func (f *figures) conversions() aggregate.Column {
	if f.goals == nil {
		return aggregate.Events
	}
	switch f.goals.plan.kind {
	case aggregate.PageGoal:
		return aggregate.Pageviews
	case aggregate.ScrollGoal:
		return aggregate.Visits
	}
	return aggregate.Events
}

// base is a number of visitors that conversion rates are of.
type base struct {
	visitors int64
	bound    bool
}

// findBases counts the visitors that conversion rates are of: all of them, and
// those of each row.
func (f *figures) findBases() error {
	asked := func(m aggregate.Metric) bool { return slices.Contains(f.p.q.Metrics, m) }
	if f.goals == nil {
		return nil
	}
	if asked(aggregate.MetricConversionRate) {
		all, err := f.basesOf(f.goals.asked.without(f.p.q, false))
		if err != nil {
			return err
		}
		f.all = all[""]
	}
	if asked(aggregate.MetricGroupConversion) {
		var err error
		f.groups, err = f.basesOf(f.goals.asked.without(f.p.q, true))
		return err
	}
	return nil
}

func (f *figures) basesOf(q *aggregate.Query) (map[string]base, error) {
	p, err := f.furtherQuery(q)
	if err != nil {
		return nil, err
	}
	f.p.notes.hourTotals = f.p.notes.hourTotals || p.notes.hourTotals
	bases := map[string]base{}
	for i := range p.grid.cells {
		c := &p.grid.cells[i]
		if c.noVisitors {
			continue
		}
		bases[baseKey(p.rowLabels(c))] = base{c.counts[aggregate.Visitors], c.visitorsBound}
	}
	return bases, nil
}

func baseKey(labels []string) string { return strings.Join(labels, "\x00") }

// rate is the visitors of a cell in percent of a base.
func rate(c *cell, of base) aggregate.Value {
	if of.visitors == 0 || c.noVisitors {
		return aggregate.Value{Null: true}
	}
	v := aggregate.Value{Number: float64(c.counts[aggregate.Visitors]) * 100 / float64(of.visitors)}
	v.Number = min(v.Number, 100)
	v.UpperBound = c.visitorsBound || of.bound
	return round(v, 2)
}

// groupOf is the base of a cell's row: labels that are no goals.
func (f *figures) groupOf(c *cell) base {
	labels := f.p.rowLabels(c)
	var others []string
	for i, field := range f.p.q.Fields {
		if !isGoal(field) {
			others = append(others, labels[i])
		}
	}
	return f.groups[baseKey(others)]
}

// revenue is the sum of a cell's amounts, or their mean.
func (f *figures) revenue(c *cell, mean bool) aggregate.Value {
	sum, n := c.counts[aggregate.Revenue], c.counts[aggregate.Paid]
	if !f.p.settings.Earns() || mean && n <= 0 {
		return aggregate.Value{Null: true}
	}
	if mean {
		sum = (sum + n/2) / n
	}
	number, _ := strconv.ParseFloat(fmt.Sprintf("%d.%03d", sum/1000, sum%1000), 64)
	return aggregate.Value{Number: number}
}
