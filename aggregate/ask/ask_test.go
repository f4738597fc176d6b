package ask

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
)

func day(y int, m time.Month, d int) aggregate.Day { return aggregate.Date(y, m, d) }

func (s *stage) mustAnswer(t *testing.T, q *aggregate.Query) *aggregate.Report {
	t.Helper()
	r, err := s.asker.Answer(q)
	if err != nil {
		t.Fatalf("query %s: %v", describe(q), err)
	}
	return r
}

func smallStage(t *testing.T, imports int, floor int, openDays int) *stage {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	first := day(2026, time.March, 20)
	w := makeWorld(r, berlin(t), first, first+24, 8, 4, imports, floor)
	var open []aggregate.Day
	for i := range openDays {
		open = append([]aggregate.Day{w.last - aggregate.Day(i)}, open...)
	}
	return newStage(w, imports, open...)
}

func TestPastDaysRefuseWhatTheyDoNotLink(t *testing.T) {
	s := smallStage(t, 0, 1, 0)
	first, last := s.first, s.last
	for _, c := range []struct {
		name    string
		fields  []string
		filters []aggregate.Filter
		tooMany []string
		words   string
	}{
		{"three filters", nil, []aggregate.Filter{is("visit:source", "Bing"), is("visit:country", "DE"), is("event:page", "/p0")}, []string{"event:page"}, "3 facts"},
		{"two filters and a dimension", []string{"event:page"}, []aggregate.Filter{is("visit:source", "Bing"), is("visit:country", "DE")}, []string{"visit:country"}, "3 facts"},
		{"three dimensions", []string{"visit:source", "visit:country", "event:page"}, nil, []string{"event:page"}, "3 facts"},
		{"a city and a page", []string{"visit:city"}, []aggregate.Filter{is("event:page", "/p0")}, []string{"event:page"}, "visit:country and visit:region only"},
		{"a version and a source", nil, []aggregate.Filter{is("visit:browser_version", "1"), is("visit:source", "Bing")}, []string{"visit:browser_version"}, "visit:browser only"},
		{"a region and its country with a city and a source", nil, []aggregate.Filter{is("visit:city_name", "Berlin"), is("visit:source", "Bing"), is("visit:country", "DE")}, []string{"visit:city_name", "visit:country"}, "visit:country and visit:region only"},
		{"two properties", []string{"event:props:plan"}, []aggregate.Filter{is("event:props:lang", "de")}, []string{"event:props:lang"}, "Two properties"},
		{"hours of a source", []string{"time:hour"}, []aggregate.Filter{is("visit:source", "Bing")}, []string{"visit:source"}, "hours"},
		{"hours of pages", []string{"time:hour", "event:page"}, nil, []string{"event:page"}, "hours"},
		{"no property and a source", nil, []aggregate.Filter{not(is("event:props:plan", "pro")), is("visit:source", "Bing")}, []string{"event:props:plan"}, "without a property"},
	} {
		_, err := s.asker.Answer(s.query(first, last, c.fields, c.filters...))
		var r *Refusal
		if !errors.As(err, &r) {
			t.Errorf("%s: error %v, want a Refusal", c.name, err)
			continue
		}
		if !slices.Equal(r.TooMany, c.tooMany) || !strings.Contains(r.Error(), c.words) || r.Instead == "" {
			t.Errorf("%s: one too many %v, want %v; %q wants %q and what can be asked instead", c.name, r.TooMany, c.tooMany, r, c.words)
		}
	}
	for _, m := range []aggregate.Metric{aggregate.MetricConversionRate, aggregate.MetricGroupConversion, aggregate.MetricExitRate} {
		q := s.query(first, last, nil)
		q.Metrics = []aggregate.Metric{m}
		var r *Refusal
		if _, err := s.asker.Answer(q); !errors.As(err, &r) || r.Part != "metrics" || !slices.Equal(r.TooMany, []string{string(m)}) {
			t.Errorf("%s: %v, want a refusal of the metric", m, err)
		}
	}
	if _, err := s.asker.Answer(&aggregate.Query{Site: "nowhere.example"}); !errors.Is(err, ErrUnknownSite) {
		t.Errorf("unknown site: %v, want ErrUnknownSite", err)
	}
}

func TestFactsThatContainEachOtherAreOne(t *testing.T) {
	s := smallStage(t, 0, 1, 0)
	q := s.query(s.first, s.last, []string{"visit:country_name", "visit:region_name", "visit:city_name"}, is("visit:country", "DE"))
	r := s.mustAnswer(t, q)
	s.check(t, q, r, true)
	if len(r.Rows) != 2 || r.Rows[0].Labels[0] != "Germany" {
		t.Errorf("rows %v, want Berlin and Munich of Germany", r.Rows)
	}
	if len(r.Warnings) > 0 {
		t.Errorf("warnings %v, want none: each row is one stored value", r.Warnings)
	}
	q = s.query(s.first, s.last, []string{"visit:browser_version"})
	s.check(t, q, s.mustAnswer(t, q), true)
	for _, row := range s.mustAnswer(t, q).Rows {
		if row.Values[0].UpperBound {
			t.Errorf("visitors of version %s are a bound, want them exact: nobody has two browsers", row.Labels[0])
		}
	}
}

func TestOpenDaysTakeAnyNumberOfFilters(t *testing.T) {
	for _, openDays := range []int{1, 2} {
		s := smallStage(t, 0, 3, openDays)
		q := s.query(s.last-aggregate.Day(openDays)+1, s.last, []string{"event:page", "visit:city_name"},
			not(is("visit:source", "Bing")), is("visit:browser", "Chrome", "Firefox"), not(is("event:props:plan", "x")), is("visit:utm_campaign", "(not set)", "spring"))
		r := s.mustAnswer(t, q)
		s.check(t, q, r, true)
		if len(r.Rows) == 0 {
			t.Errorf("%d open days: no rows, want some", openDays)
		}
		q.Range.First--
		var refusal *Refusal
		if _, err := s.asker.Answer(q); !errors.As(err, &refusal) {
			t.Errorf("with a past day: %v, want a Refusal", err)
		}
	}
}

func TestTodayTakesAnyNumberOfFiltersBeforeItsFirstHit(t *testing.T) {
	s := smallStage(t, 0, 3, 0)
	q := s.query(s.last+1, s.last+1, nil, is("visit:source", "Bing"), is("visit:country", "DE"), is("event:page", "/p0"))
	if r := s.mustAnswer(t, q); len(r.Rows) != 1 || r.Rows[0].Values[0].Number != 0 {
		t.Errorf("rows %v, want one of zeros", r.Rows)
	}
}

func TestImportsOnAnOpenDayAreAddedFromTheirBlocks(t *testing.T) {
	s := smallStage(t, 1, 1, 1)
	for _, q := range []*aggregate.Query{s.query(s.last, s.last, nil), s.query(s.last-3, s.last, []string{"visit:source"}, is("event:page", "/p0")),
		s.query(s.last-3, s.last, []string{"time:day", "visit:exit_page"})} {
		s.check(t, q, s.mustAnswer(t, q), true)
		q.NoImports = true
		s.check(t, q, s.mustAnswer(t, q), true)
	}
	three := s.query(s.last, s.last, nil, is("visit:source", "Bing"), is("visit:country", "DE"), is("event:page", "/p0"))
	var refusal *Refusal
	if _, err := s.asker.Answer(three); !errors.As(err, &refusal) {
		t.Errorf("three filters over an import: %v, want a Refusal", err)
	}
	three.NoImports = true
	s.check(t, three, s.mustAnswer(t, three), true)
}

func TestADayThatClosesDuringTheQueryIsReadFromItsBlocks(t *testing.T) {
	s := smallStage(t, 0, 1, 2)
	closed := newStage(s.world, 0, s.last)
	s.open.onScan = func() {
		s.open.onScan = nil
		s.open.days = []aggregate.Day{s.last}
		s.blocks.blocks = closed.blocks.blocks
		s.asker.Invalidate(testSite, s.last-1)
	}
	q := s.query(s.first, s.last, []string{"visit:source"})
	s.check(t, q, s.mustAnswer(t, q), true)
	s.open.onScan = func() { s.open.days = nil }
	s.open.days = []aggregate.Day{s.last}
	s.blocks.blocks = newStage(s.world, 0).blocks.blocks
	s.check(t, q, s.mustAnswer(t, q), true)
}

// hourly compares hour buckets with the reference.
func (s *stage) hourly(t *testing.T, q *aggregate.Query, r *aggregate.Report) {
	t.Helper()
	shown := map[string]aggregate.ReportRow{}
	for _, row := range r.Rows {
		shown[row.Labels[0]] = row
	}
	views, hours := 0.0, 0
	for d := s.first; d <= s.last; d++ {
		for h := range 24 {
			label := d.String() + " " + aggregate.HourValue(h) + ":00:00"
			if !slices.Contains(r.TimeLabels, label) {
				if _, ok := shown[label]; ok {
					t.Errorf("a row of %s, which is no label of the range", label)
				}
				continue
			}
			want := s.hourRow(s.around(aggregate.Live, d), d, h)
			row, ok := shown[label]
			if !ok {
				if want[aggregate.Events] > 0 {
					t.Errorf("%s: no row, want %d events", label, want[aggregate.Events])
				}
				continue
			}
			hours++
			views += row.Values[2].Number
			for i, col := range []aggregate.Column{aggregate.Visitors, aggregate.Visits, aggregate.Pageviews, aggregate.Events} {
				if got := row.Values[i].Number; got != float64(want[col]) {
					t.Errorf("%s %s: %v, want %d", label, q.Metrics[i], got, want[col])
				}
			}
		}
	}
	if hours == 0 {
		t.Error("no hour was compared")
	}
}

func TestHoursArePresentAsTheClockShowsThem(t *testing.T) {
	s := smallStage(t, 0, 1, 1)
	summer := day(2026, time.March, 29)
	q := s.query(summer-1, s.last, []string{"time:hour"})
	r := s.mustAnswer(t, q)
	s.hourly(t, q, r)
	if got, want := len(r.TimeLabels), int(s.last-summer+2)*24-1; got != want {
		t.Errorf("%d labels, want %d: one hour is skipped", got, want)
	}
	if slices.Contains(r.TimeLabels, "2026-03-29 02:00:00") {
		t.Error("the skipped hour has a label")
	}
	winter := day(2026, time.October, 25)
	r = s.mustAnswer(t, s.query(winter, winter, []string{"time"}))
	if len(r.TimeLabels) != 24 || r.TimeLabels[2] != "2026-10-25 02:00:00" {
		t.Errorf("labels %v, want 24: the repeated hour is one", r.TimeLabels)
	}
}

func TestLabelsNameTheBucketsOfTheRange(t *testing.T) {
	s := smallStage(t, 0, 1, 0)
	for _, c := range []struct {
		field       string
		first, last aggregate.Day
		want        string
	}{
		{"time:day", day(2026, 2, 27), day(2026, 3, 1), "2026-02-27 2026-02-28 2026-03-01"},
		{"time:week", day(2026, 3, 4), day(2026, 3, 17), "2026-03-04 2026-03-09 2026-03-16"},
		{"time:month", day(2026, 1, 15), day(2026, 3, 1), "2026-01-01 2026-02-01 2026-03-01"},
		{"time", day(2026, 1, 1), day(2026, 4, 2), "2026-01-01 2026-02-01 2026-03-01 2026-04-01"},
		{"time", day(2026, 3, 1), day(2026, 3, 2), "2026-03-01 2026-03-02"},
	} {
		r := s.mustAnswer(t, s.query(c.first, c.last, []string{c.field}))
		if got := strings.Join(r.TimeLabels, " "); got != c.want {
			t.Errorf("%s: labels %s, want %s", c.field, got, c.want)
		}
	}
}

func TestAPartOfAPastDayIsAnsweredFromItsHours(t *testing.T) {
	s := smallStage(t, 0, 1, 1)
	d := day(2026, time.March, 31)
	q := s.query(0, 0, nil)
	q.Range = aggregate.Range{From: d.Start(s.loc).Add(10 * time.Hour), To: (d + 2).Start(s.loc).Add(9 * time.Hour)}
	r := s.mustAnswer(t, q)
	in := func(at int64) bool { return at >= q.Range.From.UnixMilli() && at < q.Range.To.UnixMilli() }
	want := s.tally(s.visits, in, condition{holds: func(*visit, *happening) bool { return true }})
	row := r.Rows[0].Values
	if row[2].Number != float64(want[aggregate.Pageviews]) || row[3].Number != float64(want[aggregate.Events]) {
		t.Errorf("pageviews and events %v, want %v", row[2:4], want)
	}
	// A visit counts in each hour from its first activity to its last, so one that
	// only spans the range's first hour may count, too.
	if row[1].Number < float64(want[aggregate.Visits]) || row[1].Number > float64(want[aggregate.Visits]+1) {
		t.Errorf("visits %v, want %d", row[1], want[aggregate.Visits])
	}
	for i, m := range q.Metrics {
		unknown := m == aggregate.MetricVisitors || m == aggregate.MetricTimeOnPage || m == aggregate.MetricScrollDepth
		if row[i].Null != unknown || (r.Warnings[m].Code == codeHourTotals) != unknown {
			t.Errorf("%s: %v with warning %v, want unknown = %v", m, row[i], r.Warnings[m], unknown)
		}
	}
	q.Fields = []aggregate.Field{mustField("time:hour")}
	r = s.mustAnswer(t, q)
	s.hourly(t, q, r)
	if got, want := r.TimeLabels[0], "2026-03-31 10:00:00"; got != want || len(r.TimeLabels) != 14+24+9 {
		t.Errorf("%d labels from %s, want 47 from %s", len(r.TimeLabels), got, want)
	}
	q.Fields = []aggregate.Field{mustField("time:day")}
	r = s.mustAnswer(t, q)
	if len(r.Rows) != 3 || !r.Rows[0].Values[0].Null || r.Rows[1].Values[0].Null || !r.Rows[2].Values[0].Null {
		t.Errorf("rows %v, want visitors of the whole day only", r.Rows)
	}
	q.Fields, q.Filters = nil, []aggregate.Filter{is("visit:source", "Bing")}
	var refusal *Refusal
	if _, err := s.asker.Answer(q); !errors.As(err, &refusal) {
		t.Errorf("a filter on a part of a past day: %v, want a Refusal", err)
	}
	q.Filters = nil
	q.Range.From = q.Range.From.Add(20 * time.Minute)
	if w := s.mustAnswer(t, q).Warnings[aggregate.MetricPageviews]; w.Code != codeWholeHours {
		t.Errorf("warning %v, want %s: the first hour is counted whole", w, codeWholeHours)
	}
}

func TestAPartOfAnOpenDayIsExact(t *testing.T) {
	s := smallStage(t, 0, 3, 2)
	q := s.query(0, 0, nil, is("visit:browser", "Chrome"), not(is("visit:source", "Bing")), not(is("visit:country", "FR")))
	q.Range = aggregate.Range{From: (s.last - 1).Start(s.loc).Add(15*time.Hour + 7*time.Minute), To: s.last.Start(s.loc).Add(11 * time.Hour)}
	r := s.mustAnswer(t, q)
	want := s.tally(s.visits, func(at int64) bool { return at >= q.Range.From.UnixMilli() && at < q.Range.To.UnixMilli() },
		condition{holds: func(v *visit, e *happening) bool {
			for i := range q.Filters {
				if !s.satisfies(v, e, &q.Filters[i]) {
					return false
				}
			}
			return true
		}})
	for i, col := range []aggregate.Column{aggregate.Visitors, aggregate.Visits, aggregate.Pageviews, aggregate.Events} {
		got := r.Rows[0].Values[i]
		if got.UpperBound != (i < 2) || got.Number < float64(want[col]) || !got.UpperBound && got.Number != float64(want[col]) {
			t.Errorf("%s: %v, want %d", q.Metrics[i], got, want[col])
		}
	}
	if w := r.Warnings[aggregate.MetricVisits]; w.Code != codeCrossing {
		t.Errorf("warning %v, want %s", w, codeCrossing)
	}
	// Up to now, the last day is whole: all of it is exact.
	q.Range.To = s.now.Add(time.Second)
	r = s.mustAnswer(t, q)
	if len(r.Warnings) > 0 || r.Rows[0].Values[0].UpperBound {
		t.Errorf("up to now: %v with warnings %v, want it exact", r.Rows[0].Values, r.Warnings)
	}
}

func TestRealtimeIsTheLastThirtyMinutes(t *testing.T) {
	s := smallStage(t, 0, 3, 1)
	var last int64
	for _, v := range s.visits {
		last = max(last, v.events[len(v.events)-1].at)
	}
	s.now = time.UnixMilli(last).Add(5 * time.Minute)
	q := s.query(0, 0, []string{"time", "event:page"}, not(is("visit:source", "x")), not(is("visit:country", "x")), not(is("visit:browser", "x")))
	q.Range = aggregate.Range{Realtime: true}
	r := s.mustAnswer(t, q)
	if len(r.TimeLabels) < 30 || len(r.TimeLabels) > 31 {
		t.Errorf("%d minutes, want 30 or 31", len(r.TimeLabels))
	}
	views := 0.0
	for _, row := range r.Rows {
		views += row.Values[3].Number
	}
	want := s.tally(s.visits, func(at int64) bool { return at >= s.now.Add(-30*time.Minute).UnixMilli() && s.day(at) == s.last },
		condition{holds: func(*visit, *happening) bool { return true }})
	if views != float64(want[aggregate.Events]) || views == 0 {
		t.Errorf("%v events, want %d", views, want[aggregate.Events])
	}
}

func TestTheFloorLeavesARowWithTheExactRemainder(t *testing.T) {
	s := smallStage(t, 0, 3, 0)
	first, last := day(2026, time.April, 2), day(2026, time.April, 9) // no whole month
	q := s.query(first, last, []string{"event:page"}, is("visit:source", "Google"))
	r := s.mustAnswer(t, q)
	s.check(t, q, r, false)
	if r.Hidden == nil || r.Hidden.Floor != 3 || r.Hidden.Events == 0 || r.Hidden.Reason == "" {
		t.Fatalf("hidden %+v, want what the floor withheld", r.Hidden)
	}
	i := slices.IndexFunc(r.Rows, func(row aggregate.ReportRow) bool { return row.Labels[0] == labelHidden })
	if i < 0 || r.Rows[i].Values[3].Number != float64(r.Hidden.Events) || !r.Rows[i].Values[0].UpperBound {
		t.Errorf("rows %v, want one of the hidden %d events whose visitors are a bound", r.Rows, r.Hidden.Events)
	}
	// The whole of March and April: nothing has lost more than its date.
	q = s.query(s.first, s.last, []string{"event:page"}, is("visit:source", "Google"))
	r = s.mustAnswer(t, q)
	s.check(t, q, r, true)
	if r.Hidden != nil {
		t.Errorf("hidden %+v over whole months, want nothing", r.Hidden)
	}
}

func TestARemainderOfTooFewVisitorsIsNoRow(t *testing.T) {
	s := smallStage(t, 0, 50, 0) // a floor that no remainder of a day reaches
	d := day(2026, time.April, 4)
	q := s.query(d, d, []string{"visit:country"}, is("visit:source", "Google"))
	r := s.mustAnswer(t, q)
	if len(r.Rows) != 0 || r.Hidden == nil || r.Hidden.Events == 0 || !strings.Contains(r.Hidden.Reason, "too few") {
		t.Errorf("rows %v, hidden %+v; want no row, and the report to say so", r.Rows, r.Hidden)
	}
}

func TestTwoFiltersSayHowMuchMayBeMissing(t *testing.T) {
	s := smallStage(t, 0, 3, 0)
	q := s.query(day(2026, time.April, 2), day(2026, time.April, 9), nil, is("visit:source", "Google"), is("event:page", "/p1"))
	r := s.mustAnswer(t, q)
	want := s.reference(q, s.bucketLabel(q), nil)
	got := int64(r.Rows[0].Values[3].Number)
	if r.Hidden == nil || got > want[aggregate.Events] || got+r.Hidden.Events < want[aggregate.Events] {
		t.Errorf("events %d, hidden %+v; want them to enclose %d", got, r.Hidden, want[aggregate.Events])
	}
	if w := r.Warnings[aggregate.MetricPageviews]; w.Code != codeFloor || !strings.Contains(w.Warning, "up to") {
		t.Errorf("warning %v, want how many may be missing", w)
	}
}

func TestSeveralValuesGiveAMarkedBound(t *testing.T) {
	s := smallStage(t, 0, 1, 0)
	q := s.query(s.first, s.last, nil, is("event:page", "/p0", "/p1", "/p2", "/p3"))
	r := s.mustAnswer(t, q)
	s.check(t, q, r, true)
	all := s.mustAnswer(t, s.query(s.first, s.last, nil))
	v := r.Rows[0].Values[0]
	if !v.UpperBound || r.Warnings[aggregate.MetricVisitors].Code != codeSum || r.Warnings[aggregate.MetricVisits].Code != codeSum {
		t.Errorf("visitors %v, warnings %v; want a marked bound", v, r.Warnings)
	}
	if r.Rows[0].Values[1].Number > all.Rows[0].Values[1].Number {
		t.Errorf("visits %v, want at most the site's %v", r.Rows[0].Values[1], all.Rows[0].Values[1])
	}
	if _, warned := r.Warnings[aggregate.MetricPageviews]; warned {
		t.Errorf("pageviews have a warning %v, want none: they add up", r.Warnings[aggregate.MetricPageviews])
	}
	one := s.mustAnswer(t, s.query(s.first, s.last, nil, is("event:page", "/p0")))
	if one.Rows[0].Values[0].UpperBound || len(one.Warnings) > 0 {
		t.Errorf("one value: %v, warnings %v; want it exact", one.Rows[0].Values[0], one.Warnings)
	}
}

func TestExitRateIsExitsOverPageviewsOfThePage(t *testing.T) {
	s := smallStage(t, 0, 1, 1)
	for _, filters := range [][]aggregate.Filter{nil, {is("visit:source", "Google")}, {is("visit:exit_page", "/p0")}} {
		q := s.query(s.first, s.last, []string{"visit:exit_page"}, filters...)
		q.Metrics = []aggregate.Metric{aggregate.MetricVisits, aggregate.MetricExitRate}
		var others []aggregate.Filter
		if len(filters) > 0 && filters[0].Field.Dimension != aggregate.ExitPage {
			others = filters
		}
		pages := s.query(s.first, s.last, []string{"event:page"}, others...)
		for _, row := range s.mustAnswer(t, q).Rows {
			if row.Labels[0] == labelNotSet {
				continue
			}
			exits := s.reference(q, s.bucketLabel(q), row.Labels)[aggregate.Visits]
			views := s.reference(pages, s.bucketLabel(q), row.Labels)[aggregate.Pageviews]
			want := round(aggregate.Value{Number: float64(exits) * 100 / float64(views)}, 1).Number
			if row.Values[1].Number != want {
				t.Errorf("%s: exit rate %v, want %v (%d of %d)", row.Labels[0], row.Values[1], want, exits, views)
			}
		}
	}
}

func TestPercentageIsOfTheSameQueryWithoutDimensions(t *testing.T) {
	s := smallStage(t, 0, 1, 1)
	q := s.query(s.first, s.last, []string{"visit:country"}, is("visit:source", "Google"))
	q.Metrics = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricPercentage}
	total := s.reference(s.query(s.first, s.last, nil, q.Filters...), s.bucketLabel(q), nil)[aggregate.Visitors]
	for _, row := range s.mustAnswer(t, q).Rows {
		want := round(aggregate.Value{Number: row.Values[0].Number * 100 / float64(total)}, 2).Number
		if row.Values[1].Number != want {
			t.Errorf("%s: %v percent, want %v", row.Labels[0], row.Values[1], want)
		}
	}
}

func TestRowsAreOrderedAndPaged(t *testing.T) {
	s := smallStage(t, 0, 1, 0)
	q := s.query(s.first, s.last, []string{"time:week", "event:page"})
	all := s.mustAnswer(t, q)
	for i := 1; i < len(all.Rows); i++ {
		a, b := all.Rows[i-1], all.Rows[i]
		if a.Labels[0] > b.Labels[0] || a.Labels[0] == b.Labels[0] && (a.Values[0].Number < b.Values[0].Number ||
			a.Values[0].Number == b.Values[0].Number && a.Labels[1] >= b.Labels[1]) {
			t.Errorf("row %v before %v, want time ascending, then visitors descending, then labels", a, b)
		}
	}
	var paged []aggregate.ReportRow
	q.Limit = 3
	for q.Offset = 0; q.Offset < all.TotalRows+3; q.Offset += 3 {
		r := s.mustAnswer(t, q)
		if r.TotalRows != len(all.Rows) {
			t.Fatalf("total rows %d, want %d", r.TotalRows, len(all.Rows))
		}
		paged = append(paged, r.Rows...)
	}
	if len(paged) != len(all.Rows) {
		t.Errorf("%d rows on all pages, want %d", len(paged), len(all.Rows))
	}
	q = s.query(s.first, s.last, []string{"visit:source"})
	q.Orders = []aggregate.Order{{Field: "visit:source", Descending: true}}
	r := s.mustAnswer(t, q)
	if !slices.IsSortedFunc(r.Rows, func(a, b aggregate.ReportRow) int { return strings.Compare(b.Labels[0], a.Labels[0]) }) {
		t.Errorf("rows %v, want sources descending", r.Rows)
	}
}

func TestDaysThatLostTheirMemoryAreListed(t *testing.T) {
	s := smallStage(t, 0, 1, 1)
	lost := day(2026, time.April, 1)
	key := aggregate.Key{Site: testSite, Span: aggregate.OneDay, Day: lost}
	s.blocks.blocks[key].Meta.Lossy = true
	unlinked := key
	unlinked.Day = lost + 1
	s.blocks.blocks[unlinked].Meta.Linked = false
	s.open.lossy = true
	r := s.mustAnswer(t, s.query(s.first, s.last, []string{"event:page"}, is("visit:source", "Google")))
	if want := []aggregate.Day{lost, lost + 1, s.last}; !slices.Equal(r.Lossy, want) || r.Warnings[aggregate.MetricVisits].Code != codeLossy {
		t.Errorf("lossy days %v with warning %v, want %v", r.Lossy, r.Warnings[aggregate.MetricVisits], want)
	}
	if r = s.mustAnswer(t, s.query(s.first, s.last, []string{"event:page"})); len(r.Lossy) > 0 {
		t.Errorf("lossy days %v without a filter, want none", r.Lossy)
	}
}

func TestWhatACapCutIsARowOfItsOwn(t *testing.T) {
	cut := func(values map[string]int64, limit uint32) *aggregate.Block {
		rows := map[[2]string]aggregate.Counts{}
		for v, n := range values {
			rows[[2]string{v, ""}] = aggregate.Counts{n, n, n, n, n}
		}
		b := makeBlock(rows, false)
		b.Meta.Cap = limit
		return b
	}
	d := day(2026, time.April, 1)
	f := &fakeBlocks{blocks: map[aggregate.Key]*aggregate.Block{}}
	total := cut(map[string]int64{"": 20}, 0)
	total.Meta.Linked = true
	f.put(0, d, aggregate.None, aggregate.None, total)
	f.put(0, d, aggregate.Country, aggregate.None, cut(map[string]int64{"DE": 15, "FR": 5}, 0))
	f.put(0, d, aggregate.City, aggregate.None, cut(map[string]int64{aggregate.Join("DE", "DE-BE", "Berlin", "1", "Berlin"): 8, aggregate.Other: 12}, 1))
	s := &stage{world: &world{loc: time.UTC, floor: 3}, blocks: f, open: &fakeOpen{}}
	s.asker = New(Options{Blocks: f, Clock: func() time.Time { return (d + 5).Start(time.UTC) },
		Settings: func(aggregate.Site) (aggregate.Settings, bool) { return aggregate.DefaultSettings(), true }})
	rows := func(filters ...aggregate.Filter) string {
		q := s.query(d, d, []string{"visit:country", "visit:city_name"}, filters...)
		q.Metrics = []aggregate.Metric{aggregate.MetricPageviews}
		r := s.mustAnswer(t, q)
		if r.Hidden == nil || !r.Hidden.Capped {
			t.Errorf("hidden %+v, want it to say that a cap cut", r.Hidden)
		}
		var text []string
		for _, row := range r.Rows {
			text = append(text, strings.Join(row.Labels, "/")+"="+time.Duration(row.Values[0].Number).String())
		}
		return strings.Join(text, " ")
	}
	if got, want := rows(), "(other)/(other)=12ns DE/Berlin=8ns"; got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
	// The country's own block knows how many of the rest are German.
	if got, want := rows(is("visit:country", "DE")), "DE/Berlin=8ns DE/(other)=7ns"; got != want {
		t.Errorf("rows %s, want %s", got, want)
	}
}

func TestCachedSumsAreForgottenWhenADayChanges(t *testing.T) {
	s := smallStage(t, 0, 1, 0)
	s.now = s.now.AddDate(0, 3, 0)
	q := s.query(s.first, s.last, []string{"event:page"})
	s.mustAnswer(t, q)
	s.blocks.reads = 0
	warm := s.mustAnswer(t, q)
	if s.blocks.reads != 0 {
		t.Errorf("%d blocks were read, want none: both months are cached", s.blocks.reads)
	}
	k := aggregate.Key{Site: testSite, Span: aggregate.OneDay, Day: s.first + 2, A: aggregate.Page}
	s.blocks.blocks[k].Rows[0].Counts[aggregate.Pageviews] += 1000
	sum := func(r *aggregate.Report) (n float64) {
		for _, row := range r.Rows {
			n += row.Values[2].Number
		}
		return n
	}
	s.asker.Invalidate("other.example", s.first)
	s.asker.Invalidate(testSite, s.last) // another month
	if got, want := sum(s.mustAnswer(t, q)), sum(warm); got != want {
		t.Errorf("%v pageviews, want the cached %v", got, want)
	}
	s.asker.Invalidate(testSite, s.first+2)
	if got, want := sum(s.mustAnswer(t, q)), sum(warm)+1000; got != want {
		t.Errorf("%v pageviews after the change, want %v", got, want)
	}
	s.asker.InvalidateSite(testSite)
	s.blocks.reads = 0
	s.mustAnswer(t, q)
	if s.blocks.reads == 0 {
		t.Error("nothing was read after all sums were forgotten")
	}
}

func TestASumThatChangedWhileItWasMadeIsNotKept(t *testing.T) {
	c := newCache(1 << 20)
	k := cacheKey{site: testSite, stretch: stretch{first: 100, last: 110}}
	_, token := c.get(k)
	c.drop(testSite, aggregate.Day(5000).Month())
	c.put(k, token, "stale", 10)
	if v, _ := c.get(k); v != nil {
		t.Errorf("kept %v, want nothing", v)
	}
	_, token = c.get(k)
	c.put(k, token, "fresh", 10)
	if v, _ := c.get(k); v != "fresh" {
		t.Errorf("kept %v, want fresh", v)
	}
}

func TestTheCacheStaysWithinItsBytes(t *testing.T) {
	c := newCache(100)
	for i := range 50 {
		k := cacheKey{site: testSite, stretch: stretch{first: aggregate.Day(i)}}
		_, token := c.get(k)
		c.put(k, token, i, 20)
		if c.bytes > 100 || len(c.entries) != c.recent.Len() || c.bytes != 20*len(c.entries) {
			t.Fatalf("%d bytes in %d entries, want at most 100", c.bytes, len(c.entries))
		}
	}
	if _, token := c.get(cacheKey{}); token != 0 {
		t.Errorf("token %d, want 0", token)
	}
	if off := newCache(-1); len(off.entries) != 0 {
		t.Error("a cache that is off has entries")
	} else {
		off.put(cacheKey{}, 0, 1, 10)
		if len(off.entries) != 0 {
			t.Error("a cache that is off keeps an entry")
		}
	}
}

func TestQueriesReadOnlyTheBlocksTheyNeed(t *testing.T) {
	s := smallStage(t, 0, 3, 0)
	d := day(2026, time.April, 1)
	for _, c := range []struct {
		name  string
		q     *aggregate.Query
		reads int
	}{
		{"totals of four days", s.query(d, d+3, nil), 4},
		{"sources of four days", s.query(d, d+3, []string{"visit:source"}), 4},
		{"cities of a country", s.query(d, d+3, []string{"visit:city"}, is("visit:country", "DE")), 4},
		{"pages of a source: links, the source, totals for lost days, and those of the month for lost dates",
			s.query(d, d+3, []string{"event:page"}, is("visit:source", "Google")), 12 + int(s.last-d+1)},
	} {
		s.blocks.reads = 0
		s.mustAnswer(t, c.q)
		if s.blocks.reads != c.reads {
			t.Errorf("%s: %d blocks were read, want %d", c.name, s.blocks.reads, c.reads)
		}
	}
}

func TestAFailedReadIsAnError(t *testing.T) {
	s := smallStage(t, 0, 3, 0)
	s.blocks.fail = errors.New("the disk is gone")
	for _, q := range []*aggregate.Query{s.query(s.first, s.last, nil), s.query(s.first, s.last, []string{"visit:source"}, is("event:page", "/"))} {
		if _, err := s.asker.Answer(q); !errors.Is(err, s.blocks.fail) {
			t.Errorf("error %v, want %v", err, s.blocks.fail)
		}
	}
}

func TestLabelsNameStoredValues(t *testing.T) {
	city := aggregate.Join("US", "US-CA", "California", "5391959", "San Francisco")
	unnumbered := aggregate.Join("US", "US-CA", "California", "", "Nowhere")
	for _, c := range []struct{ field, value, want string }{
		{"visit:source", "", "Direct / None"}, {"visit:referrer", "", "Direct / None"},
		{"visit:referrer", aggregate.Join("Google", ""), "Direct / None"}, {"visit:referrer", aggregate.Join("Reddit", "reddit.com/r/go"), "reddit.com/r/go"},
		{"visit:channel", "", "(not set)"}, {"visit:utm_term", "", "(not set)"}, {"visit:device", "", "(not set)"}, {"visit:entry_page", "", "(not set)"},
		{"visit:country", "DE", "DE"}, {"visit:country_name", "DE", "Germany"}, {"visit:country_name", "ZZ", "ZZ"}, {"visit:country_name", "", "(not set)"},
		{"visit:region", aggregate.Join("US", "US-CA", "California"), "US-CA"}, {"visit:region_name", aggregate.Join("US", "US-CA", "California"), "California"},
		{"visit:region", "US", "(not set)"}, {"visit:region_name", aggregate.Join("US", "US-CA"), "US-CA"},
		{"visit:city", city, "5391959"}, {"visit:city_name", city, "San Francisco"}, {"visit:city", unnumbered, "Nowhere"}, {"visit:city_name", "", "(not set)"},
		{"visit:browser_version", aggregate.Join("Chrome", "131.0"), "131.0"}, {"visit:os_version", "Mac", "(not set)"},
		{"event:props:plan", "", "(none)"}, {"event:props:plan", "pro", "pro"},
		{"event:page", aggregate.Other, "(other)"}, {"visit:browser_version", aggregate.Join("Chrome", aggregate.Other), "(other)"}, {"visit:source", aggregate.Hidden, "(hidden)"},
	} {
		if got := labelOf(mustField(c.field))(c.value); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.field, c.value, got, c.want)
		}
	}
	for _, bad := range []string{"", "visit:", "event:props:", "event:props:\x1f", "visit:page", "time:minute", "event:props:" + strings.Repeat("k", 301)} {
		if _, ok := ParseField(bad); ok {
			t.Errorf("ParseField(%q) found a dimension, want none", bad)
		}
	}
}

func TestEveryCountryHasAName(t *testing.T) {
	if got, want := len(countryNames), 250; got != want {
		t.Errorf("%d countries, want %d", got, want)
	}
	for code, name := range countryNames {
		if len(code) != 2 || name == "" || code != strings.ToUpper(code) {
			t.Errorf("country %q %q", code, name)
		}
	}
}

func TestPackedSumsReadAsBefore(t *testing.T) {
	r := rand.New(rand.NewPCG(seed(t), 2))
	var s sums
	for i := range 1000 {
		row := aggregate.Row{A: uint32(r.IntN(1 << 20)), B: uint32(i)}
		for c := range row.Counts {
			if r.IntN(2) == 0 {
				row.Counts[c] = r.Int64N(1<<40) - 1<<20
			}
		}
		s.rows = append(s.rows, row)
	}
	s.n = len(s.rows)
	want := slices.Clone(s.rows)
	s.pack()
	i := 0
	s.each(func(a, b uint32, c *aggregate.Counts) {
		if got := (aggregate.Row{A: a, B: b, Counts: *c}); got != want[i] {
			t.Fatalf("row %d: %v, want %v", i, got, want[i])
		}
		i++
	})
	if i != len(want) {
		t.Errorf("%d rows, want %d", i, len(want))
	}
}
