package ask

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"footfall/aggregate"
)

// Which way visits went: funnels and flows. Each is a few queries of the kind that
// Answer answers, about the same days.

// funnelField breaks down by the steps of a funnel.
func funnelField(id aggregate.GoalID) aggregate.Field {
	return aggregate.Field{Name: "funnel:" + id.String(), Dimension: aggregate.Reached, Key: id.String()}
}

var wayMetrics = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricPageviews}

// Funnel answers q. The error is a *Refusal, ErrUnknownSite, wraps
// aggregate.ErrNoGoal, or comes from Blocks or Open.
func (a *Asker) Funnel(q *aggregate.FunnelQuery) (*aggregate.FunnelReport, error) {
	settings, ok := a.settings(q.Site)
	if !ok {
		return nil, fmt.Errorf("%s: %w", q.Site, ErrUnknownSite)
	}
	funnels := a.definitions(q.Site).Funnels
	at := slices.IndexFunc(funnels, func(f aggregate.Funnel) bool { return f.ID == q.Funnel })
	if at < 0 {
		return nil, fmt.Errorf("funnel %d: %w", q.Funnel, aggregate.ErrNoGoal)
	}
	w := &funnelWalk{a: a, q: q, funnel: funnels[at], settings: settings}
	err := a.steadily(q.Site, func(open []aggregate.Day) error {
		w.open, w.report = open, &aggregate.FunnelReport{Funnel: w.funnel}
		return w.run()
	})
	return w.report, err
}

// funnelWalk is a funnel on its way to a report.
type funnelWalk struct {
	a        *Asker
	q        *aggregate.FunnelQuery
	funnel   aggregate.Funnel
	settings aggregate.Settings
	open     []aggregate.Day
	report   *aggregate.FunnelReport
}

func (w *funnelWalk) run() error {
	for i := range w.funnel.Steps {
		w.report.Steps = append(w.report.Steps, aggregate.StepReport{Name: w.funnel.Steps[i].Name})
	}
	if err := w.checkSince(); err != nil {
		return err
	}
	if len(w.q.Filters) == 0 {
		p, err := w.plan([]aggregate.Field{funnelField(w.funnel.ID)}, nil)
		if err != nil {
			return err
		}
		for i := range p.grid.cells {
			c := &p.grid.cells[i]
			if n, err := strconv.Atoi(p.grid.labels[c.tuple][0]); err == nil && n >= 1 && n <= len(w.report.Steps) {
				take(&w.report.Steps[n-1], c)
			}
		}
		w.note(p)
	} else if err := w.eachStep(nil, func(n int, _ string, c *cell) { take(&w.report.Steps[n], c) }); err != nil {
		return err
	}
	if w.q.By == nil {
		return nil
	}
	groups := map[string]*aggregate.FunnelGroup{}
	err := w.eachStep(w.q.By, func(n int, label string, c *cell) {
		g := groups[label]
		if g == nil {
			g = &aggregate.FunnelGroup{Label: label, Steps: make([]aggregate.StepReport, len(w.report.Steps))}
			for i := range g.Steps {
				g.Steps[i].Name = w.report.Steps[i].Name
			}
			groups[label] = g
		}
		take(&g.Steps[n], c)
	})
	for _, g := range groups {
		w.report.Groups = append(w.report.Groups, *g)
	}
	slices.SortFunc(w.report.Groups, func(a, b aggregate.FunnelGroup) int {
		if n := b.Steps[0].Visitors - a.Steps[0].Visitors; n != 0 {
			return int(n)
		}
		return strings.Compare(a.Label, b.Label)
	})
	return err
}

// checkSince refuses ranges of which nothing is counted for the funnel, and notes
// where a part is not.
func (w *funnelWalk) checkSince() error {
	probe := &plan{a: w.a, q: w.query(nil, nil), loc: w.settings.Location(), now: w.a.clock()}
	if err := probe.setRange(); err != nil {
		return err
	}
	sentence := fmt.Sprintf("The funnel %q is counted since %s.", w.funnel.Name, w.funnel.Since)
	if w.funnel.Since > probe.last {
		return &Refusal{Part: "date_range", Why: sentence, Instead: "Ask for days from then on."}
	}
	if w.funnel.Since > probe.first {
		w.report.Warnings = append(w.report.Warnings, aggregate.Warning{Code: codeSince, Warning: sentence + " Days before are not in the figures."})
	}
	return nil
}

func (w *funnelWalk) query(fields []aggregate.Field, filters []aggregate.Filter) *aggregate.Query {
	return &aggregate.Query{Site: w.q.Site, Metrics: wayMetrics, Range: w.q.Range, Fields: fields, Filters: filters, NoImports: w.q.NoImports}
}

func (w *funnelWalk) plan(fields []aggregate.Field, filters []aggregate.Filter) (*plan, error) {
	p, err := w.a.newPlan(w.query(fields, filters), w.settings, w.open, w.funnel.Since)
	if err != nil {
		return nil, err
	}
	return p, p.run()
}

// eachStep asks for one step after the other, under the query's filters, and calls
// fn for each row: its step, counted from 0, and its value of by.
func (w *funnelWalk) eachStep(by *aggregate.Field, fn func(n int, label string, c *cell)) error {
	var fields []aggregate.Field
	if by != nil {
		fields = append(fields, *by)
	}
	for n := range w.funnel.Steps {
		step := aggregate.Filter{Op: aggregate.FilterIs, Field: funnelField(w.funnel.ID), Values: []string{strconv.Itoa(n + 1)}}
		p, err := w.plan(fields, append(slices.Clone(w.q.Filters), step))
		if err != nil {
			return err
		}
		for i := range p.grid.cells {
			c := &p.grid.cells[i]
			label := ""
			if by != nil {
				label = p.grid.labels[c.tuple][0]
			}
			fn(n, label, c)
		}
		w.note(p)
	}
	return nil
}

// note takes over what an answer says of itself.
func (w *funnelWalk) note(p *plan) {
	w.report.Warnings = p.addWarnings(w.report.Warnings)
	if h := p.hiddenRows(); h != nil && w.report.Hidden == nil {
		w.report.Hidden = h
	}
}

// addWarnings adds the plan's warnings that are not there yet.
func (p *plan) addWarnings(all []aggregate.Warning) []aggregate.Warning {
	warnings := p.warnings()
	for _, m := range p.q.Metrics {
		if w, ok := warnings[m]; ok && !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all
}

// take adds a cell to a step.
func take(s *aggregate.StepReport, c *cell) {
	s.Visitors += c.counts[aggregate.Visitors]
	s.Visits += c.counts[aggregate.Visits]
	s.UpperBound = s.UpperBound || c.visitorsBound
}

// flowRows is how many links a flow shows on each side unless it is told.
const flowRows = 20

// Flow answers q. The error is a *Refusal, ErrUnknownSite, or comes from Blocks or
// Open.
func (a *Asker) Flow(q *aggregate.FlowQuery) (*aggregate.FlowReport, error) {
	settings, ok := a.settings(q.Site)
	if !ok {
		return nil, fmt.Errorf("%s: %w", q.Site, ErrUnknownSite)
	}
	w := &flowWalk{a: a, q: q, settings: settings}
	err := a.steadily(q.Site, func(open []aggregate.Day) error {
		w.open, w.report = open, &aggregate.FlowReport{Page: q.Page}
		return w.run()
	})
	return w.report, err
}

// flowWalk is a flow on its way to a report.
type flowWalk struct {
	a        *Asker
	q        *aggregate.FlowQuery
	settings aggregate.Settings
	open     []aggregate.Day
	report   *aggregate.FlowReport
}

func (w *flowWalk) run() error {
	page, _ := ParseField("event:page")
	before, _ := ParseField("event:page_before")
	exit, _ := ParseField("visit:exit_page")
	entry, _ := ParseField("visit:entry_page")
	r := w.report
	totals := map[string]*aggregate.Counts{}
	for _, f := range []aggregate.Field{page, exit, entry} {
		rows, err := w.rows(nil, f)
		if err != nil {
			return err
		}
		totals[f.Name] = new(aggregate.Counts)
		for _, c := range rows {
			totals[f.Name].Add(&c)
		}
	}
	r.Pageviews, r.Visits = totals[page.Name][aggregate.Pageviews], totals[page.Name][aggregate.Visits]
	r.Exits = totals[exit.Name][aggregate.Visits]
	into, err := w.rows(&before, page)
	if err != nil {
		return err
	}
	r.Entries = into[labelEntry][aggregate.Pageviews]
	out, err := w.rows(&page, before)
	if err != nil {
		return err
	}
	// Each view is followed by another one, or is the last of its visit.
	left := r.Pageviews - r.Exits
	for _, c := range out {
		left -= c[aggregate.Pageviews]
	}
	if w.past() && left > 0 {
		out[labelHidden] = aggregate.Counts{aggregate.Pageviews: left}
	}
	again := into[w.q.Page]
	r.Again = again[aggregate.Pageviews]
	for _, side := range []map[string]aggregate.Counts{into, out} {
		delete(side, labelEntry)
		delete(side, w.q.Page)
	}
	r.Before, r.After = w.links(into), w.links(out)
	return nil
}

// past reports whether the range has days that are read from blocks.
func (w *flowWalk) past() bool {
	probe := &plan{a: w.a, q: w.query(nil, nil), loc: w.settings.Location(), now: w.a.clock()}
	return probe.setRange() == nil && !slices.Contains(w.open, probe.first)
}

func (w *flowWalk) query(fields []aggregate.Field, filters []aggregate.Filter) *aggregate.Query {
	return &aggregate.Query{Site: w.q.Site, Metrics: wayMetrics, Range: w.q.Range, Fields: fields, Filters: filters, NoImports: w.q.NoImports}
}

// rows are the counters of the events whose value of filter is the page, by the
// values of another field (nil: all of them).
func (w *flowWalk) rows(by *aggregate.Field, filter aggregate.Field) (map[string]aggregate.Counts, error) {
	var fields []aggregate.Field
	if by != nil {
		fields = append(fields, *by)
	}
	is := aggregate.Filter{Op: aggregate.FilterIs, Field: filter, Values: []string{w.q.Page}}
	p, err := w.a.newPlan(w.query(fields, []aggregate.Filter{is}), w.settings, w.open, early)
	if err == nil {
		err = p.run()
	}
	if err != nil {
		return nil, err
	}
	rows := map[string]aggregate.Counts{}
	for i := range p.grid.cells {
		c := &p.grid.cells[i]
		label := ""
		if by != nil {
			label = p.grid.labels[c.tuple][0]
		}
		sum := rows[label]
		sum.Add(&c.counts)
		rows[label] = sum
	}
	w.report.Warnings = p.addWarnings(w.report.Warnings)
	return rows, nil
}

// links are the heaviest of one side.
func (w *flowWalk) links(rows map[string]aggregate.Counts) []aggregate.FlowLink {
	var all []aggregate.FlowLink
	for page, c := range rows {
		if c[aggregate.Pageviews] > 0 {
			all = append(all, aggregate.FlowLink{Page: page, Pageviews: c[aggregate.Pageviews], Visits: c[aggregate.Visits], Visitors: c[aggregate.Visitors]})
		}
	}
	slices.SortFunc(all, func(a, b aggregate.FlowLink) int {
		if n := b.Pageviews - a.Pageviews; n != 0 {
			return int(n)
		}
		return strings.Compare(a.Page, b.Page)
	})
	limit := w.q.Limit
	if limit <= 0 {
		limit = flowRows
	}
	return all[:min(limit, len(all))]
}
