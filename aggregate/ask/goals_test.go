package ask

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
)

// someDefinitions are goals of every kind, and funnels, for the worlds of the
// tests; what is marked counts since a day of its own.
func someDefinitions(since aggregate.Day) (defs aggregate.Definitions) {
	for i, c := range []aggregate.Condition{{Event: "Signup"}, {Event: "Outbound", Props: []aggregate.Prop{{Key: "plan", Value: "pro"}}},
		{Page: "/p1"}, {Page: "/p*"}, {Page: "/p0", Scroll: 50}, {Page: "/p2"}} {
		g := aggregate.Goal{ID: aggregate.GoalID(i + 1), Condition: c, Since: since}
		if err := g.Clean(); err != nil {
			panic(err)
		}
		defs.Goals = append(defs.Goals, g)
	}
	steps := func(all ...aggregate.Condition) (s []aggregate.Step) {
		for _, c := range all {
			s = append(s, aggregate.Step{Name: c.String(), Condition: c})
		}
		return s
	}
	page := func(p string) aggregate.Condition { return aggregate.Condition{Page: p} }
	defs.Funnels = []aggregate.Funnel{
		{ID: 11, Name: "loose", Since: since, Steps: steps(page("/p0"), page("/p*"), aggregate.Condition{Event: "Signup"})},
		{ID: 12, Name: "strict", Since: since, Strict: true, Steps: steps(page("/p1"), page("/p0"), page("/p1"))},
	}
	return defs
}

func meets(c *aggregate.Condition, e *happening) bool {
	page := aggregate.MatchGlob(c.Page, e.facts[aggregate.Page])
	switch {
	case c.Scroll > 0:
		return !e.active() && page && e.scroll >= c.Scroll
	case !e.active():
		return false
	case c.Page != "":
		return page
	}
	return e.kind == aggregate.Custom && e.facts[aggregate.EventName] == c.Event &&
		!slices.ContainsFunc(c.Props, func(p aggregate.Prop) bool { return e.props[p.Key] != p.Value })
}

// reaches is how far a visit goes in a funnel, by trying every way.
func (v *visit) reaches(f *aggregate.Funnel) (best int) {
	var events []*happening
	for i := range v.events {
		if v.events[i].active() {
			events = append(events, &v.events[i])
		}
	}
	var from func(events []*happening, n int) int
	from = func(events []*happening, n int) int { // step n is the next one to be done
		switch {
		case n == len(f.Steps) || len(events) == 0:
			return n
		case meets(&f.Steps[n].Condition, events[0]):
			far := from(events[1:], n+1)
			if f.Strict {
				rest := events[1:]
				for len(rest) > 0 && meets(&f.Steps[n].Condition, rest[0]) { // repetitions
					rest = rest[1:]
					far = max(far, from(rest, n+1))
				}
				return far
			}
			return max(far, from(events[1:], n))
		case f.Strict:
			return n
		}
		return from(events[1:], n)
	}
	if !f.Strict {
		return from(events, 0)
	}
	for i := range events {
		best = max(best, from(events[i:], 0))
	}
	return best
}

func (v *visit) pageBefore(e *happening) (page string) {
	for i := range v.events {
		if o := &v.events[i]; o == e {
			break
		} else if o.kind == aggregate.Pageview {
			page = o.facts[aggregate.Page]
		}
	}
	return page
}

// goalStage is a world with goals, counted by the fold.
type goalStage struct {
	*stage
	t     *testing.T
	floor int
}

func newGoalStage(t *testing.T, r *rand.Rand, round int) *goalStage {
	floor := 1 + 2*(round%2)
	first := aggregate.Date(2026, time.March, 20+r.IntN(8))
	last := first + aggregate.Day(5+r.IntN(20))
	w := makeWorld(r, berlin(t), first, last, 6+r.IntN(12), 4, 0, floor)
	since := first
	if round%2 == 0 {
		since += aggregate.Day(r.IntN(4))
	}
	w.defs = someDefinitions(since)
	f := w.fold(t, round%3)
	s := &stage{world: w, blocks: f.blocks, now: last.End(w.loc).Add(-time.Second)}
	if round%3 == 0 {
		s.now = s.now.AddDate(0, 0, 1)
	}
	s.asker = New(Options{Blocks: f.blocks, Open: f, Clock: func() time.Time { return s.now },
		Definitions: func(aggregate.Site) aggregate.Definitions { return w.defs },
		Settings: func(aggregate.Site) (aggregate.Settings, bool) {
			o := aggregate.DefaultSettings()
			o.Timezone, o.Floor, o.Currency = w.loc.String(), w.floor, "EUR"
			return o, true
		}})
	return &goalStage{stage: s, t: t, floor: floor}
}

// in is the range of a query from a day on.
func (s *goalStage) in(q *aggregate.Query, since aggregate.Day) func(int64) bool {
	return func(at int64) bool {
		d := s.day(at)
		return d >= max(q.Range.First, since) && d <= q.Range.Last
	}
}

var goalMetrics = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricEvents, aggregate.MetricPageviews,
	aggregate.MetricTotalRevenue, aggregate.MetricAverageRevenue, aggregate.MetricConversionRate, aggregate.MetricGroupConversion}

// want are the figures of a goal's row: under the labels of the other fields.
func (s *goalStage) want(q *aggregate.Query, g *aggregate.Goal, other []aggregate.Field, labels []string) map[aggregate.Metric]float64 {
	since := g.Since
	if g.Simple() {
		since = early
	}
	in := s.in(q, since)
	row := func(v *visit, e *happening) bool {
		for i, f := range other {
			if label(v, e, f) != labels[i] {
				return false
			}
		}
		return true
	}
	c := s.tally(s.visits, in, condition{goals: true, holds: func(v *visit, e *happening) bool { return row(v, e) && meets(&g.Condition, e) }})
	all := s.tally(s.visits, in, condition{holds: func(*visit, *happening) bool { return true }})
	group := s.tally(s.visits, in, condition{holds: row})
	want := map[aggregate.Metric]float64{
		aggregate.MetricVisitors: float64(c[aggregate.Visitors]), aggregate.MetricVisits: float64(c[aggregate.Visits]),
		aggregate.MetricPageviews: float64(c[aggregate.Pageviews]), aggregate.MetricTotalRevenue: float64(c[aggregate.Revenue]) / 1000,
		aggregate.MetricEvents: float64(c[map[aggregate.GoalKind]aggregate.Column{aggregate.PageGoal: aggregate.Pageviews,
			aggregate.EventGoal: aggregate.Events, aggregate.ScrollGoal: aggregate.Visits}[g.Kind()]]),
	}
	percent := func(of aggregate.Counts) float64 {
		return math.Round(min(100, float64(c[aggregate.Visitors])*100/float64(of[aggregate.Visitors]))*100) / 100
	}
	if all[aggregate.Visitors] > 0 {
		want[aggregate.MetricConversionRate] = percent(all)
	}
	if group[aggregate.Visitors] > 0 {
		want[aggregate.MetricGroupConversion] = percent(group)
	}
	if c[aggregate.Paid] > 0 {
		want[aggregate.MetricAverageRevenue] = math.Round(float64(c[aggregate.Revenue])/float64(c[aggregate.Paid])) / 1000
	}
	return want
}

// compare compares a row. Where the floor hides links, the row may hold less.
func (s *goalStage) compare(what string, row aggregate.ReportRow, want map[aggregate.Metric]float64, complete bool) {
	s.t.Helper()
	for i, m := range goalMetrics {
		got := row.Values[i]
		adds := m != aggregate.MetricAverageRevenue
		switch {
		case got.Null && (!complete || want[m] == 0):
		case !complete && adds && got.Number <= want[m]+1e-9, !complete && !adds, got.UpperBound && got.Number >= want[m]-1e-9:
		case got.Null || math.Abs(got.Number-want[m]) > 0.0015:
			s.t.Errorf("%s: %s is %v, want %v", what, m, got, want[m])
		}
	}
}

// TestGoalsEqualANaiveRecomputation asks for goals as filters and as rows, of days
// in blocks and in memory.
func TestGoalsEqualANaiveRecomputation(t *testing.T) {
	n := seed(t)
	r := rand.New(rand.NewPCG(n, 5))
	for round := range 6 {
		s := newGoalStage(t, r, round)
		answered := 0
		for range 60 {
			q := s.randomQuery(r)
			q.NoImports, q.Metrics, q.Fields, q.Filters = false, goalMetrics, nil, nil
			var other []aggregate.Field
			if r.IntN(2) == 0 {
				other = append(other, mustField(pick(r, []string{"visit:source", "visit:country", "visit:entry_page"})))
			}
			rows := r.IntN(2) == 0
			q.Fields = slices.Clone(other)
			if rows {
				q.Fields = append(q.Fields, mustField(goalField))
			} else {
				q.Filters = []aggregate.Filter{is(goalField, pick(r, s.defs.Goals).Name)}
			}
			report, err := s.asker.Answer(q)
			if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
				if refusal.Part != "date_range" {
					t.Fatalf("round %d, %s: %v", round, describe(q), err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			answered++
			s.checkGoals(q, report, other, rows)
			if t.Failed() {
				t.Fatalf("round %d, query %s, data %s to %s, since %s, floor %d", round, describe(q), s.first, s.last, s.defs.Goals[1].Since, s.floor)
			}
		}
		if answered < 30 {
			t.Errorf("round %d: only %d of 60 queries were answered", round, answered)
		}
	}
}

func (s *goalStage) checkGoals(q *aggregate.Query, report *aggregate.Report, other []aggregate.Field, rows bool) {
	seen := map[string]bool{}
	for _, row := range report.Rows {
		if slices.Contains(row.Labels, labelHidden) {
			continue
		}
		name := ""
		if rows {
			name = row.Labels[len(row.Labels)-1]
		} else {
			name = q.Filters[0].Values[0]
		}
		at := slices.IndexFunc(s.defs.Goals, func(g aggregate.Goal) bool { return g.Name == name })
		if at < 0 {
			s.t.Errorf("row %v is of no goal", row.Labels)
			return
		}
		g := &s.defs.Goals[at]
		seen[strings.Join(row.Labels, "|")] = true
		s.compare(fmt.Sprintf("%v", row.Labels), row, s.want(q, g, other, row.Labels), s.floor == 1 || len(other) == 0)
		if late := !g.Simple() && g.Since > q.Range.First; late && report.Warnings[aggregate.MetricVisitors].Code == "" {
			s.t.Errorf("%s: no warning although it is counted since %s", name, g.Since)
		}
	}
	if rows && len(other) == 0 {
		for i := range s.defs.Goals {
			g := &s.defs.Goals[i]
			if s.want(q, g, nil, nil)[aggregate.MetricVisitors] > 0 && !seen[g.Name] {
				s.t.Errorf("no row of the goal %s", g.Name)
			}
		}
	}
}

// TestFunnelsAndFlowsEqualANaiveRecomputation asks how visits went.
func TestFunnelsAndFlowsEqualANaiveRecomputation(t *testing.T) {
	n := seed(t)
	r := rand.New(rand.NewPCG(n, 6))
	for round := range 6 {
		s := newGoalStage(t, r, round)
		for range 30 {
			q := s.randomQuery(r)
			s.checkFunnel(r, q)
			s.checkFlow(r, q)
			if t.Failed() {
				t.Fatalf("round %d, %s to %s, data %s to %s, floor %d", round, q.Range.First, q.Range.Last, s.first, s.last, s.floor)
			}
		}
	}
}

func (s *goalStage) checkFunnel(r *rand.Rand, q *aggregate.Query) {
	f := pick(r, s.defs.Funnels)
	ask := &aggregate.FunnelQuery{Site: testSite, Funnel: f.ID, Range: q.Range}
	source := mustField("visit:source")
	if r.IntN(2) == 0 {
		ask.By = &source
	} else if r.IntN(2) == 0 {
		ask.Filters = []aggregate.Filter{is("visit:source", "Google")}
	}
	report, err := s.asker.Funnel(ask)
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) && refusal.Part == "date_range" {
		return
	}
	if err != nil {
		s.t.Fatal(err)
	}
	tally := func(step int, from string) aggregate.Counts {
		return s.tally(s.visits, s.in(q, f.Since), condition{holds: func(v *visit, e *happening) bool {
			return v.reaches(&f) >= step && (from == "*" || labelOf(source)(v.facts[aggregate.Source]) == from)
		}})
	}
	check := func(steps []aggregate.StepReport, from string, exact bool) {
		for i, got := range steps {
			want := tally(i+1, from)
			if got.Visits > want[aggregate.Visits] || got.Visitors > want[aggregate.Visitors] && !got.UpperBound ||
				exact && (got.Visits != want[aggregate.Visits] || got.Visitors != want[aggregate.Visitors]) {
				s.t.Errorf("%s, step %d from %q: %d visitors, %d visits; want %d, %d (exact %v)", f.Name, i+1, from,
					got.Visitors, got.Visits, want[aggregate.Visitors], want[aggregate.Visits], exact)
			}
		}
	}
	if len(ask.Filters) > 0 {
		check(report.Steps, "Google", s.floor == 1)
	} else {
		check(report.Steps, "*", true)
	}
	for _, g := range report.Groups {
		if g.Label != labelHidden {
			check(g.Steps, g.Label, s.floor == 1)
		}
	}
}

func (s *goalStage) checkFlow(r *rand.Rand, q *aggregate.Query) {
	page := fmt.Sprintf("/p%d", r.IntN(4))
	report, err := s.asker.Flow(&aggregate.FlowQuery{Site: testSite, Page: page, Range: q.Range})
	if err != nil {
		s.t.Fatal(err)
	}
	count := func(before, at string) aggregate.Counts {
		return s.tally(s.visits, s.in(q, early), condition{holds: func(v *visit, e *happening) bool {
			return e.kind == aggregate.Pageview && e.facts[aggregate.Page] == at && v.pageBefore(e) == before
		}})
	}
	entries, again := count("", page), count(page, page)
	exact := func(what string, got, want int64) {
		if got != want && (s.floor == 1 || got > want) {
			s.t.Errorf("%s, %s: %d, want %d", page, what, got, want)
		}
	}
	exact("entries", report.Entries, entries[aggregate.Pageviews])
	exact("again", report.Again, again[aggregate.Pageviews])
	sum := report.Entries + report.Again
	for _, l := range report.Before {
		if sum += l.Pageviews; l.Page != labelHidden {
			want := count(l.Page, page)
			exact("from "+l.Page, l.Pageviews, want[aggregate.Pageviews])
			exact("visits from "+l.Page, l.Visits, want[aggregate.Visits])
			exact("visitors from "+l.Page, l.Visitors, want[aggregate.Visitors])
		}
	}
	if sum > report.Pageviews || sum < report.Pageviews && s.floor == 1 {
		s.t.Errorf("%s: %d views by way of other pages, want %d", page, sum, report.Pageviews)
	}
	for _, l := range report.After {
		if l.Page != labelHidden {
			want := count(page, l.Page)
			exact("to "+l.Page, l.Pageviews, want[aggregate.Pageviews])
		}
	}
}
