package ask

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"footfall/aggregate"
)

// answer makes one attempt at a report.
func (a *Asker) answer(q *aggregate.Query, settings aggregate.Settings, open []aggregate.Day) (*aggregate.Report, error) {
	if err := checkMetrics(q); err != nil {
		return nil, err
	}
	goals, err := a.findGoals(q, settings, open)
	if err != nil {
		return nil, err
	}
	if goals != nil {
		return a.answerGoals(q, goals, settings, open)
	}
	f, err := a.figures(q, settings, open, nil)
	if err != nil {
		return nil, err
	}
	return f.report(), nil
}

// figures works out all that the report of one plan needs.
func (a *Asker) figures(q *aggregate.Query, settings aggregate.Settings, open []aggregate.Day, goals *goalContext) (*figures, error) {
	p, err := a.newPlan(q, settings, open, goals.since())
	if err != nil {
		return nil, err
	}
	if err := p.run(); err != nil {
		return nil, err
	}
	p.dropEngaged()
	f := &figures{p: p, goals: goals}
	if err := f.findBases(); err != nil {
		return nil, err
	}
	if slices.Contains(q.Metrics, aggregate.MetricPercentage) {
		if err := f.findTotal(); err != nil {
			return nil, err
		}
	}
	if slices.Contains(q.Metrics, aggregate.MetricExitRate) {
		if err := f.findPageviews(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// since is the first day that is counted for the goals.
func (g *goalContext) since() aggregate.Day {
	if g == nil {
		return early
	}
	return g.plan.since
}

// dropEngaged takes time on page and scroll depth away where events are told
// apart by name, property or goal: engagement has none of these.
func (p *plan) dropEngaged() {
	for i := range p.facts {
		switch p.facts[i].dim {
		case aggregate.EventName, aggregate.Property, aggregate.Conversion, aggregate.PageBefore:
			p.notes.noEngaged = true
		}
	}
	for i := range p.grid.cells {
		c := &p.grid.cells[i]
		c.noEngaged = c.noEngaged || p.notes.noEngaged
	}
}

// checkMetrics refuses what cannot be computed at all.
func checkMetrics(q *aggregate.Query) error {
	if len(q.Metrics) == 0 {
		return &Refusal{Part: "metrics", Why: "A query needs at least one metric."}
	}
	for _, m := range q.Metrics {
		switch m {
		case aggregate.MetricExitRate:
			others := slices.ContainsFunc(q.Fields, func(f aggregate.Field) bool {
				return f.Dimension != aggregate.ExitPage
			})
			if len(q.Fields) == 0 || others {
				return &Refusal{Part: "metrics", TooMany: []string{string(m)},
					Why: "The metric exit_rate can be asked for with the dimension visit:exit_page only."}
			}
		}
	}
	return nil
}

// figures turns the cells of a plan into rows.
type figures struct {
	p     *plan
	total *cell            // percentage: the same query without dimensions
	views map[string]int64 // exit_rate: pageviews by page

	goals  *goalContext    // nil: the query is not about goals
	all    base            // conversion_rate
	groups map[string]base // group_conversion_rate: by the labels that are no goals
}

// further runs another plan for the same report.
func (f *figures) further(change func(q *aggregate.Query)) (*plan, error) {
	q := *f.p.q
	change(&q)
	return f.furtherQuery(&q)
}

func (f *figures) furtherQuery(q *aggregate.Query) (*plan, error) {
	p, err := f.p.a.newPlan(q, f.p.settings, f.p.open, f.p.since)
	if err != nil {
		return nil, err
	}
	if err := p.run(); err != nil {
		return nil, err
	}
	for _, d := range p.notes.lossy {
		f.p.notes.lose(d)
	}
	return p, nil
}

func (f *figures) findTotal() error {
	p := f.p
	if f.goals != nil && f.goals.asked.rows {
		var err error
		if p, err = f.furtherQuery(f.goals.asked.without(f.p.q, false)); err != nil {
			return err
		}
	} else if len(p.q.Fields) > 0 {
		var err error
		if p, err = f.further(func(q *aggregate.Query) { q.Fields = nil }); err != nil {
			return err
		}
		n := &f.p.notes
		n.hourTotals = n.hourTotals || p.notes.hourTotals
		n.summedVisitors = n.summedVisitors || p.notes.summedVisitors
	}
	f.total = &cell{}
	if len(p.grid.cells) > 0 {
		f.total = &p.grid.cells[0]
	}
	return nil
}

// findPageviews counts the pageviews of each page under the same filters, those
// on the exit page apart.
func (f *figures) findPageviews() error {
	var filters []aggregate.Filter
	for _, x := range f.p.q.Filters {
		on, off := exitFilter(&x)
		if on && off {
			return &Refusal{Part: "filters", TooMany: []string{"visit:exit_page"},
				Why: "With exit_rate, a filter on visit:exit_page cannot be combined with others in one \"or\" or \"not\"."}
		}
		if !on {
			filters = append(filters, x)
		}
	}
	page, _ := ParseField("event:page")
	p, err := f.further(func(q *aggregate.Query) { q.Fields, q.Filters = []aggregate.Field{page}, filters })
	if err != nil {
		return err
	}
	f.views = make(map[string]int64, len(p.grid.cells))
	for i := range p.grid.cells {
		c := &p.grid.cells[i]
		f.views[p.grid.labels[c.tuple][0]] += c.counts[aggregate.Pageviews]
	}
	return nil
}

// exitFilter tells whether a filter is about the exit page, and about others.
func exitFilter(x *aggregate.Filter) (on, off bool) {
	if x.Op < aggregate.FilterAnd {
		return x.Field.Dimension == aggregate.ExitPage, x.Field.Dimension != aggregate.ExitPage
	}
	for i := range x.Args {
		o, f := exitFilter(&x.Args[i])
		on, off = on || o, off || f
	}
	return on, off
}

// row is a report row with what it is sorted by.
type row struct {
	aggregate.ReportRow
	bucket int32
}

// report makes the report.
func (f *figures) report() *aggregate.Report {
	rows := f.rows()
	f.sort(rows)
	report := f.head(len(rows))
	report.Rows = cutRows(rows, f.p.q)
	return report
}

// head is the report but for its rows.
func (f *figures) head(rows int) *aggregate.Report {
	p := f.p
	report := &aggregate.Report{TotalRows: rows, TimeLabels: p.labels(), Grain: p.grain, Warnings: p.warnings(), Lossy: p.notes.lossy}
	if f.goals != nil && p.since > p.first {
		p.warnSince(report.Warnings, f.goals.plan)
	}
	slices.Sort(report.Lossy)
	report.Hidden = p.hiddenRows()
	return report
}

// cutRows are the rows between offset and limit.
func cutRows(rows []*row, q *aggregate.Query) []aggregate.ReportRow {
	rows = rows[min(q.Offset, len(rows)):]
	if q.Limit > 0 {
		rows = rows[:min(q.Limit, len(rows))]
	}
	cut := make([]aggregate.ReportRow, len(rows))
	for i := range rows {
		cut[i] = rows[i].ReportRow
	}
	return cut
}

// hiddenRows is what the report says of rows it does not have.
func (p *plan) hiddenRows() *aggregate.HiddenRows {
	h := p.notes.hidden
	if !p.notes.capped || len(p.facts) == 0 {
		return h
	}
	if h == nil {
		h = &aggregate.HiddenRows{}
	}
	h.Capped = true
	h.Reason = strings.TrimSpace(h.Reason + " Of some days only the heaviest values were kept; the rest is counted under " + labelOther + ".")
	return h
}

func (f *figures) rows() []*row {
	p, width := f.p, len(f.p.q.Metrics)
	cells := p.grid.cells
	if len(p.q.Fields) == 0 && len(cells) == 0 {
		cells = []cell{{tuple: p.grid.tuple(nil)}}
	}
	values := make([]aggregate.Value, 0, width*len(cells))
	made := make([]row, 0, len(cells))
	rows := make([]*row, 0, len(cells))
	for i := range cells {
		c := &cells[i]
		if c.empty() && len(p.q.Fields) > 0 {
			continue
		}
		start := len(values)
		for _, m := range p.q.Metrics {
			values = append(values, f.value(m, c))
		}
		if c.nobodys() && len(p.q.Fields) > 0 && allZero(values[start:]) {
			values = values[:start]
			continue
		}
		made = append(made, row{aggregate.ReportRow{Labels: p.rowLabels(c), Values: values[start:len(values):len(values)]}, c.bucket})
		rows = append(rows, &made[len(made)-1])
	}
	return rows
}

// allZero reports whether values say nothing.
func allZero(values []aggregate.Value) bool {
	return !slices.ContainsFunc(values, func(v aggregate.Value) bool { return v.Number != 0 })
}

// rowLabels are the labels of a cell in the order of the query's fields.
func (p *plan) rowLabels(c *cell) []string {
	labels := p.grid.labels[c.tuple]
	if len(p.fields) == len(p.q.Fields) {
		return labels
	}
	out := make([]string, 0, len(p.q.Fields))
	for _, f := range p.q.Fields {
		if isTime(f) {
			out = append(out, p.buckets[c.bucket].label)
			continue
		}
		out = append(out, labels[0])
		labels = labels[1:]
	}
	return out
}

// value computes one metric of one cell.
func (f *figures) value(m aggregate.Metric, c *cell) aggregate.Value {
	n := &c.counts
	null := aggregate.Value{Null: true}
	mean := func(sum, of aggregate.Column, scale float64, unknown bool) aggregate.Value {
		if unknown || n[of] <= 0 {
			return null
		}
		return aggregate.Value{Number: float64(n[sum]) * scale / float64(n[of])}
	}
	orZero := func(v aggregate.Value, unknown bool) aggregate.Value {
		v.Null = unknown
		return v
	}
	switch m {
	case aggregate.MetricVisitors:
		return aggregate.Value{Number: float64(n[aggregate.Visitors]), Null: c.noVisitors, UpperBound: c.visitorsBound}
	case aggregate.MetricVisits:
		return aggregate.Value{Number: float64(n[aggregate.Visits]), UpperBound: c.visitsBound}
	case aggregate.MetricPageviews:
		return aggregate.Value{Number: float64(n[aggregate.Pageviews])}
	case aggregate.MetricEvents:
		return aggregate.Value{Number: float64(n[f.conversions()])}
	case aggregate.MetricViewsPerVisit:
		return orZero(round(mean(aggregate.StartViews, aggregate.Starts, 1, c.noMeans), 2), c.noMeans)
	case aggregate.MetricBounceRate:
		return orZero(round(mean(aggregate.Bounces, aggregate.Starts, 100, c.noMeans), 0), c.noMeans)
	case aggregate.MetricVisitDuration:
		return round(mean(aggregate.Duration, aggregate.Starts, 1e-3, c.noMeans), 0)
	case aggregate.MetricTimeOnPage:
		return round(mean(aggregate.Engaged, aggregate.EngagedVisits, 1e-3, c.noEngaged), 0)
	case aggregate.MetricScrollDepth:
		return round(mean(aggregate.Scroll, aggregate.ScrollVisits, 1, c.noEngaged), 0)
	case aggregate.MetricPercentage:
		return f.percentage(c)
	case aggregate.MetricConversionRate:
		return rate(c, f.all)
	case aggregate.MetricGroupConversion:
		return rate(c, f.groupOf(c))
	case aggregate.MetricTotalRevenue, aggregate.MetricAverageRevenue:
		return f.revenue(c, m == aggregate.MetricAverageRevenue)
	case aggregate.MetricExitRate:
		views := f.views[f.p.grid.labels[c.tuple][0]]
		if views == 0 {
			return null
		}
		return round(aggregate.Value{Number: float64(n[aggregate.Visits]) * 100 / float64(views), UpperBound: c.visitsBound}, 1)
	}
	return null
}

func (f *figures) percentage(c *cell) aggregate.Value {
	total := f.total.counts[aggregate.Visitors]
	if c.noVisitors || f.total.noVisitors || total == 0 {
		return aggregate.Value{Null: true}
	}
	v := aggregate.Value{Number: float64(c.counts[aggregate.Visitors]) * 100 / float64(total)}
	v.UpperBound = c.visitorsBound || f.total.visitorsBound
	return round(v, 2)
}

func round(v aggregate.Value, digits int) aggregate.Value {
	scale := math.Pow10(digits)
	v.Number = math.Round(v.Number*scale) / scale
	return v
}

// sort orders rows: as asked, else time ascending and the first metric
// descending; ties by labels, so that pages of results never overlap.
func (f *figures) sort(rows []*row) {
	var keys []func(a, b *row) int
	for _, o := range f.orders() {
		if key := f.key(o); key != nil {
			keys = append(keys, key)
		}
	}
	keys = append(keys, func(a, b *row) int { return cmp.Compare(a.bucket, b.bucket) })
	keys = append(keys, func(a, b *row) int { return slices.Compare(a.Labels, b.Labels) })
	slices.SortFunc(rows, func(a, b *row) int {
		for _, key := range keys {
			if n := key(a, b); n != 0 {
				return n
			}
		}
		return 0
	})
}

func (f *figures) orders() []aggregate.Order {
	if len(f.p.q.Orders) > 0 {
		return f.p.q.Orders
	}
	var orders []aggregate.Order
	for _, field := range f.p.q.Fields {
		if isTime(field) {
			orders = append(orders, aggregate.Order{Field: field.Name})
		}
	}
	return append(orders, aggregate.Order{Metric: f.p.q.Metrics[0], Descending: true})
}

// key compares rows by one order; what is not known comes last either way.
func (f *figures) key(o aggregate.Order) func(a, b *row) int {
	sign := 1
	if o.Descending {
		sign = -1
	}
	if i := slices.Index(f.p.q.Metrics, o.Metric); i >= 0 {
		return func(a, b *row) int {
			x, y := a.Values[i], b.Values[i]
			switch {
			case x.Null && y.Null:
				return 0
			case x.Null:
				return 1
			case y.Null:
				return -1
			}
			return sign * cmp.Compare(x.Number, y.Number)
		}
	}
	i := slices.IndexFunc(f.p.q.Fields, func(x aggregate.Field) bool { return x.Name == o.Field })
	if i < 0 {
		return nil
	}
	if isTime(f.p.q.Fields[i]) {
		return func(a, b *row) int { return sign * cmp.Compare(a.bucket, b.bucket) }
	}
	return func(a, b *row) int { return sign * strings.Compare(a.Labels[i], b.Labels[i]) }
}
