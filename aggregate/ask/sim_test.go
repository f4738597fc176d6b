package ask

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
)

// seed is printed by every test that uses chance; ASK_SEED repeats one.
func seed(t testing.TB) uint64 {
	n := uint64(time.Now().UnixNano())
	if s := os.Getenv("ASK_SEED"); s != "" {
		n, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("ASK_SEED=%d", n)
	return n
}

func berlin(t testing.TB) *time.Location {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// stage is a world with an Asker over it.
type stage struct {
	*world
	blocks *fakeBlocks
	open   *fakeOpen
	asker  *Asker
	now    time.Time
}

// newStage closes all days of the world but the open ones; the clock shows noon
// of the last day, or of the day after if none is open.
func newStage(w *world, imports int, open ...aggregate.Day) *stage {
	s := &stage{world: w, blocks: w.blocks(imports, open...), open: &fakeOpen{w: w, days: open}}
	s.now = (w.last + 1).Start(w.loc).Add(12 * time.Hour)
	if len(open) > 0 {
		s.now = w.last.End(w.loc).Add(-time.Second)
	}
	s.asker = New(Options{Blocks: s.blocks, Open: s.open, Clock: func() time.Time { return s.now },
		Settings: func(site aggregate.Site) (aggregate.Settings, bool) {
			o := aggregate.DefaultSettings()
			o.Timezone, o.Floor = w.loc.String(), w.floor
			return o, site == testSite
		}})
	return s
}

var everyMetric = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricPageviews, aggregate.MetricEvents,
	aggregate.MetricViewsPerVisit, aggregate.MetricBounceRate, aggregate.MetricVisitDuration, aggregate.MetricTimeOnPage, aggregate.MetricScrollDepth}

var testFields = []string{"visit:source", "visit:referrer", "visit:utm_campaign", "visit:country", "visit:country_name", "visit:region", "visit:city_name",
	"visit:browser", "visit:browser_version", "visit:entry_page", "visit:exit_page", "event:page", "event:hostname", "event:name",
	"event:props:plan", "event:props:lang"}

func mustField(name string) aggregate.Field {
	f, ok := ParseField(name)
	if !ok {
		panic(name)
	}
	return f
}

func is(name string, values ...string) aggregate.Filter {
	return aggregate.Filter{Op: aggregate.FilterIs, Field: mustField(name), Values: values}
}

func not(f aggregate.Filter) aggregate.Filter {
	return aggregate.Filter{Op: aggregate.FilterNot, Args: []aggregate.Filter{f}}
}

func (s *stage) query(first, last aggregate.Day, fields []string, filters ...aggregate.Filter) *aggregate.Query {
	q := &aggregate.Query{Site: testSite, Metrics: everyMetric, Filters: filters,
		Range: aggregate.Range{Days: true, First: first, Last: last}}
	for _, f := range fields {
		q.Fields = append(q.Fields, mustField(f))
	}
	return q
}

// satisfies is the reference's reading of a filter.
func (s *stage) satisfies(v *visit, e *happening, f *aggregate.Filter) bool {
	switch f.Op {
	case aggregate.FilterAnd:
		return !slices.ContainsFunc(f.Args, func(x aggregate.Filter) bool { return !s.satisfies(v, e, &x) })
	case aggregate.FilterOr:
		return slices.ContainsFunc(f.Args, func(x aggregate.Filter) bool { return s.satisfies(v, e, &x) })
	case aggregate.FilterNot:
		return !s.satisfies(v, e, &f.Args[0])
	}
	l := label(v, e, f.Field)
	return slices.ContainsFunc(f.Values, func(want string) bool {
		if f.FoldCase {
			l, want = strings.ToLower(l), strings.ToLower(want)
		}
		switch f.Op {
		case aggregate.FilterContains, aggregate.FilterMatches: // the tests' patterns are plain
			return strings.Contains(l, want)
		}
		return l == want
	})
}

func label(v *visit, e *happening, f aggregate.Field) string {
	x, ok := value(v, e, f.Dimension, f.Key)
	if !ok && f.Dimension != aggregate.Property {
		x = aggregate.EngagementName
	}
	return labelOf(f)(x)
}

// reference counts what the query's row with these labels should show.
func (s *stage) reference(q *aggregate.Query, bucketOf func(at int64) string, labels []string) aggregate.Counts {
	c := condition{}
	named := slices.Clone(q.Fields)
	for _, f := range q.Filters {
		named = append(named, fieldsOf(&f)...)
	}
	for _, f := range named {
		c.byPage = c.byPage || f.Dimension == aggregate.Page
	}
	c.holds = func(v *visit, e *happening) bool {
		if q.NoImports && v.imp != aggregate.Live {
			return false
		}
		for i, f := range q.Fields {
			if !isTime(f) && labels != nil && label(v, e, f) != labels[i] {
				return false
			}
		}
		for i := range q.Filters {
			if !s.satisfies(v, e, &q.Filters[i]) {
				return false
			}
		}
		return true
	}
	in := func(at int64) bool {
		d := s.day(at)
		if d < q.Range.First || d > q.Range.Last {
			return false
		}
		for i, f := range q.Fields {
			if isTime(f) && labels != nil && bucketOf(at) != labels[i] {
				return false
			}
		}
		return true
	}
	return s.tally(s.visits, in, c)
}

func fieldsOf(f *aggregate.Filter) (all []aggregate.Field) {
	if f.Op < aggregate.FilterAnd {
		return []aggregate.Field{f.Field}
	}
	for i := range f.Args {
		all = append(all, fieldsOf(&f.Args[i])...)
	}
	return all
}

// bucketLabel names the bucket of an instant, the reference's way.
func (s *stage) bucketLabel(q *aggregate.Query) func(at int64) string {
	return func(at int64) string {
		d := s.day(at)
		for _, f := range q.Fields {
			switch f.Time {
			case aggregate.DayGrain:
				return d.String()
			case aggregate.Week:
				return max(d.Monday(), q.Range.First).String()
			case aggregate.MonthGrain:
				return d.Month().String()
			}
		}
		return ""
	}
}

// check compares a report with the reference, row by row. complete: no floor
// withheld anything.
func (s *stage) check(t *testing.T, q *aggregate.Query, report *aggregate.Report, complete bool) {
	t.Helper()
	bucketOf := s.bucketLabel(q)
	var all aggregate.Counts // shown, by what adds
	seen := map[string]bool{}
	var hiddenRows [2]int64
	for _, row := range report.Rows {
		if slices.Contains(row.Labels, labelHidden) {
			if complete || report.Hidden == nil {
				t.Errorf("row %v, want none: nothing was withheld", row.Labels)
			}
			hiddenRows[0] += int64(row.Values[2].Number)
			hiddenRows[1] += int64(row.Values[3].Number)
			continue
		}
		all[aggregate.Pageviews] += int64(row.Values[2].Number)
		all[aggregate.Events] += int64(row.Values[3].Number)
		if seen[fmt.Sprint(row.Labels)] {
			t.Errorf("row %v is there twice", row.Labels)
		}
		seen[fmt.Sprint(row.Labels)] = true
		s.checkRow(t, q, report, row, s.reference(q, bucketOf, row.Labels), complete)
	}
	hidden := aggregate.HiddenRows{}
	if report.Hidden != nil {
		hidden = *report.Hidden
	}
	whole := s.reference(q, bucketOf, nil)
	if hiddenRows[0] > hidden.Pageviews || hiddenRows[1] > hidden.Events {
		t.Errorf("rows (hidden) have %v pageviews and events, the report says %+v", hiddenRows, hidden)
	}
	all[aggregate.Pageviews] += hidden.Pageviews
	all[aggregate.Events] += hidden.Events
	for _, col := range []aggregate.Column{aggregate.Pageviews, aggregate.Events} {
		bounds := report.Warnings[aggregate.MetricPageviews].Code == codeFloor
		if all[col] != whole[col] && !bounds || all[col] < whole[col] {
			t.Errorf("column %d of all rows: %d, want %d (hidden %+v)", col, all[col], whole[col], hidden)
		}
	}
}

func (s *stage) checkRow(t *testing.T, q *aggregate.Query, report *aggregate.Report, row aggregate.ReportRow, want aggregate.Counts, complete bool) {
	t.Helper()
	exact := (&figures{}).value
	for i, m := range q.Metrics {
		got := row.Values[i]
		ref := exact(m, &cell{counts: want})
		_, warned := report.Warnings[m]
		switch {
		case got.Null && (warned || ref.Null):
		case m == aggregate.MetricVisitors || m == aggregate.MetricVisits:
			// What the floor leaves of several values may be one value alone, whose
			// visitors across midnight are fewer than those of all together.
			least, most := complete, !got.UpperBound && (complete || !severalValues(q.Filters))
			if least && got.Number < ref.Number || most && got.Number > ref.Number {
				t.Errorf("%v %s: %v, want %v (bound %v)", row.Labels, m, got.Number, ref.Number, got.UpperBound)
			}
			if got.UpperBound && !warned {
				t.Errorf("%v %s: an upper bound without a warning", row.Labels, m)
			}
		case !complete && (m == aggregate.MetricPageviews || m == aggregate.MetricEvents):
			if got.Number > ref.Number {
				t.Errorf("%v %s: %v, want at most %v", row.Labels, m, got.Number, ref.Number)
			}
		case complete && !warned && (got.Null != ref.Null || math.Abs(got.Number-ref.Number) > 1e-9):
			t.Errorf("%v %s: %v, want %v", row.Labels, m, got, ref)
		}
	}
}

func severalValues(filters []aggregate.Filter) bool {
	return slices.ContainsFunc(filters, func(f aggregate.Filter) bool { return f.Op != aggregate.FilterIs || len(f.Values) > 1 })
}

// TestAnswersEqualANaiveRecomputation asks random questions about random sites.
func TestAnswersEqualANaiveRecomputation(t *testing.T) {
	n := seed(t)
	r := rand.New(rand.NewPCG(n, 1))
	for round := range 6 {
		floor := []int{1, 3, 1, 10, 1, 3}[round]
		first := aggregate.Date(2026, time.March, 20+r.IntN(8))
		last := first + aggregate.Day(8+r.IntN(34))
		imports := r.IntN(3)
		w := makeWorld(r, berlin(t), first, last, 6+r.IntN(5), 4, imports, floor)
		for imp := range imports + 1 {
			if r.IntN(2) == 0 {
				from := first + aggregate.Day(r.IntN(int(last-first)))
				w.keep(aggregate.ImportID(imp), from, from+aggregate.Day(r.IntN(int(last-from)+1)))
			}
		}
		var open []aggregate.Day
		if round%3 != 0 {
			open = []aggregate.Day{last}
			if r.IntN(2) == 0 {
				open = []aggregate.Day{last - 1, last}
			}
		}
		s := newStage(w, imports, open...)
		counts := map[string]int{}
		for range 250 {
			q := s.randomQuery(r)
			report, err := s.asker.Answer(q)
			var refusal *Refusal
			if errors.As(err, &refusal) {
				counts["refused"]++
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			counts["answered"]++
			s.check(t, q, report, floor == 1)
			if t.Failed() {
				t.Fatalf("round %d, query %s; open %v, range of data %s to %s, warnings %v, hidden %+v", round, describe(q), open, first, last, report.Warnings, report.Hidden)
			}
		}
		t.Logf("round %d: %v, %d visits, floor %d, open %v", round, counts, len(w.visits), floor, open)
		if counts["answered"] < 50 {
			t.Errorf("only %d of 250 queries were answered", counts["answered"])
		}
	}
}

func describe(q *aggregate.Query) string {
	var names []string
	for _, f := range q.Fields {
		names = append(names, f.Name)
	}
	filters := fmt.Sprintf("%+v", q.Filters)
	return fmt.Sprintf("%s to %s by %v filters %s", q.Range.First, q.Range.Last, names, filters)
}

func (s *stage) randomQuery(r *rand.Rand) *aggregate.Query {
	a := s.first + aggregate.Day(r.IntN(int(s.last-s.first)+1))
	b := s.first + aggregate.Day(r.IntN(int(s.last-s.first)+1))
	if r.IntN(3) == 0 {
		a, b = s.first, s.last
	}
	q := s.query(min(a, b), max(a, b), nil)
	q.NoImports = r.IntN(4) == 0
	if r.IntN(3) == 0 {
		q.Fields = append(q.Fields, mustField(pick(r, []string{"time:day", "time:week", "time:month"})))
	}
	for n := r.IntN(3); n > 0; n-- {
		if f := mustField(pick(r, testFields)); !slices.Contains(q.Fields, f) {
			q.Fields = append(q.Fields, f)
		}
	}
	for n := r.IntN(3); n > 0; n-- {
		q.Filters = append(q.Filters, s.randomFilter(r, 2))
	}
	return q
}

func (s *stage) randomFilter(r *rand.Rand, depth int) aggregate.Filter {
	switch k := r.IntN(10); {
	case k == 0 && depth > 0:
		return aggregate.Filter{Op: aggregate.FilterOr, Args: []aggregate.Filter{s.randomFilter(r, depth-1), s.randomFilter(r, depth-1)}}
	case k == 1 && depth > 0:
		return not(s.randomFilter(r, depth-1))
	}
	f := aggregate.Filter{Field: mustField(pick(r, testFields)), FoldCase: r.IntN(4) == 0,
		Op: pick(r, []aggregate.FilterOp{aggregate.FilterIs, aggregate.FilterIs, aggregate.FilterContains, aggregate.FilterMatches})}
	v := pick(r, s.visits)
	l := label(v, &v.events[0], f.Field)
	if f.Op == aggregate.FilterMatches && strings.ContainsAny(l, "()./") || f.Op == aggregate.FilterContains && len(l) > 3 && r.IntN(2) == 0 {
		l = l[1:2]
		if !isPlain(l) {
			l = "o"
		}
	}
	f.Values = []string{l}
	if r.IntN(3) == 0 {
		v = pick(r, s.visits)
		if l = label(v, &v.events[0], f.Field); isPlain(l) {
			f.Values = append(f.Values, l)
		}
	}
	return f
}

func isPlain(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r > 127 || strings.ContainsRune("()[]{}./+*?|^$\\", r) })
}
