package ui

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
)

// exactAsker answers with the numbers that it is given, whatever is asked.
type exactAsker struct {
	rows   []aggregate.ReportRow // labels, and visitors alone
	labels []string
	asked  int
}

func (e *exactAsker) Answer(q *aggregate.Query) (*aggregate.Report, error) {
	e.asked++
	r := &aggregate.Report{TimeLabels: e.labels, Hidden: &aggregate.HiddenRows{Reason: "41 pageviews are hidden"}, TotalRows: 4711}
	for _, row := range e.rows {
		n := row.Values[0].Number
		out := aggregate.ReportRow{Labels: row.Labels}
		for _, m := range q.Metrics {
			v := aggregate.Value{Number: n}
			switch m {
			case aggregate.MetricPageviews, aggregate.MetricEvents:
				v.Number = 2 * n
			case aggregate.MetricBounceRate, aggregate.MetricPercentage, aggregate.MetricConversionRate:
				v.Number = 33.37
			case aggregate.MetricVisitDuration:
				v.Number = 123
			}
			out.Values = append(out.Values, v)
		}
		r.Rows = append(r.Rows, out)
	}
	return r, nil
}

func counted(n float64, labels ...string) aggregate.ReportRow {
	return aggregate.ReportRow{Labels: labels, Values: []aggregate.Value{{Number: n}}}
}

func blur(e *exactAsker, at *time.Time) *blurred {
	return &blurred{Asker: e, site: "example.com", floor: 3, clock: func() time.Time { return *at }}
}

func told(v aggregate.Value) string {
	switch {
	case v.Below > 0:
		return fmt.Sprintf("<%v", v.Below)
	case v.Null:
		return "-"
	}
	return fmt.Sprint(v.Number)
}

func askAll(t *testing.T, b *blurred, q aggregate.Query) []string {
	t.Helper()
	q.Site = "example.com"
	if !q.Range.Realtime {
		q.Range = aggregate.Range{Days: true, First: 10, Last: 12}
	}
	r, err := b.Answer(&q)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, row := range r.Rows {
		line := append([]string(nil), row.Labels...)
		for _, v := range row.Values {
			line = append(line, told(v))
		}
		lines = append(lines, strings.Join(line, " "))
	}
	if r.Hidden != nil || r.TotalRows > len(e(b).rows)+len(e(b).labels)+1 {
		t.Errorf("the answer tells what is hidden: %v, %d rows", r.Hidden, r.TotalRows)
	}
	return lines
}

func e(b *blurred) *exactAsker { return b.Asker.(*exactAsker) }

var everyFigure = []aggregate.Metric{aggregate.MetricPageviews, aggregate.MetricVisitors, aggregate.MetricBounceRate, aggregate.MetricVisitDuration,
	aggregate.MetricPercentage, aggregate.MetricConversionRate, aggregate.MetricTotalRevenue}

func TestPublicFiguresAreToldInStepsOfTheFloor(t *testing.T) {
	at := now
	for n, want := range map[float64]string{0: "- <3 - - - - -", 1: "- <3 - - - - -", 2: "- <3 - - - - -", 3: "6 3 - - - - -", 5: "9 3 - - - - -",
		29: "57 27 - - - - -", 30: "60 30 33 125 - - -", 1001: "2001 999 33 125 - - -"} {
		asker := &exactAsker{rows: []aggregate.ReportRow{counted(n)}}
		if n == 0 {
			asker.rows = nil
		}
		if got := askAll(t, blur(asker, &at), aggregate.Query{Metrics: everyFigure}); !slices.Equal(got, []string{want}) {
			t.Errorf("%v visitors: told %q, want %q", n, got, want)
		}
	}
}

func TestPublicReportsHaveNoRareRowsAndTheirOrderTellsNothing(t *testing.T) {
	at := now
	asker := &exactAsker{rows: []aggregate.ReportRow{counted(11, "/b"), counted(10, "/c"), counted(9, "/a"), counted(4, "/d"), counted(2, "/secret"), counted(1, "/mine"), counted(5, "(other)")}}
	b := blur(asker, &at)
	q := aggregate.Query{Metrics: []aggregate.Metric{aggregate.MetricVisitors}, Fields: []aggregate.Field{{Name: "event:page", Dimension: aggregate.Page}},
		Orders: []aggregate.Order{{Metric: aggregate.MetricVisitors, Descending: true}}}
	want := []string{"/a 9", "/b 9", "/c 9", "(other) 3", "/d 3"}
	if got := askAll(t, b, q); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	q.Limit, q.Offset = 2, 1
	if got := askAll(t, b, q); !slices.Equal(got, []string{"/b 9", "/c 9"}) {
		t.Errorf("the second page is %q", got)
	}
	q.Orders[0].Descending = false
	if got := askAll(t, b, q); !slices.Equal(got, []string{"/d 3", "/a 9"}) {
		t.Errorf("the second page from below is %q", got)
	}
}

func TestAPublicTrendDoesNotTellNobodyFromOneVisitor(t *testing.T) {
	at := now
	q := aggregate.Query{Metrics: []aggregate.Metric{aggregate.MetricVisitors}, Fields: []aggregate.Field{{Name: "time:day", Time: aggregate.DayGrain}}}
	labels := []string{"2026-11-01", "2026-11-02", "2026-11-03"}
	one := askAll(t, blur(&exactAsker{labels: labels, rows: []aggregate.ReportRow{counted(7, labels[0]), counted(1, labels[2])}}, &at), q)
	none := askAll(t, blur(&exactAsker{labels: labels, rows: []aggregate.ReportRow{counted(6, labels[0])}}, &at), q)
	if want := []string{"2026-11-01 6", "2026-11-02 <3", "2026-11-03 <3"}; !slices.Equal(one, want) || !slices.Equal(none, want) {
		t.Errorf("with a visitor %q, without %q, want both %q", one, none, want)
	}
}

func TestOnePublicAnswerHoldsForFiveMinutes(t *testing.T) {
	at := time.Date(2026, 11, 24, 13, 20, 0, 0, time.UTC)
	asker := &exactAsker{rows: []aggregate.ReportRow{counted(9)}}
	b := blur(asker, &at)
	q := aggregate.Query{Metrics: []aggregate.Metric{aggregate.MetricVisitors}, Range: aggregate.Range{Realtime: true}}
	for range 50 {
		askAll(t, b, q)
		asker.rows = []aggregate.ReportRow{counted(90)}
		at = at.Add(5 * time.Second)
	}
	if got := askAll(t, b, q); asker.asked != 1 || got[0] != "9" {
		t.Errorf("asked %d times in five minutes, the last answer is %q", asker.asked, got)
	}
	at = at.Add(time.Minute)
	if got := askAll(t, b, q); got[0] != "90" {
		t.Errorf("after five minutes the answer is %q, want 90", got)
	}
}

func TestPublicAnswersTakeBoundedMemory(t *testing.T) {
	at := now
	asker := &exactAsker{}
	for i := range 5000 {
		asker.rows = append(asker.rows, counted(9, fmt.Sprintf("/%d", i)))
	}
	b := blur(asker, &at)
	q := aggregate.Query{Site: "example.com", Metrics: []aggregate.Metric{aggregate.MetricVisitors}, Range: aggregate.Range{Days: true, First: 1, Last: 2},
		Fields: []aggregate.Field{{Name: "event:page", Dimension: aggregate.Page}}, Limit: 100}
	for i := range publicAnswers + 10 { // orders and pages of one report
		q.Offset, q.Orders = 100*i, []aggregate.Order{{Metric: aggregate.MetricVisitors, Descending: i%2 == 0}}
		if r, err := b.Answer(&q); err != nil || len(r.Rows) > 100 {
			t.Fatalf("page %d: %v", i, err)
		}
	}
	if asker.asked != 1 || len(b.kept) != 1 {
		t.Errorf("the orders and pages of one report were asked for %d times, %d answers are kept", asker.asked, len(b.kept))
	}
	ask := func(reports int) {
		q.Offset = 0
		for i := range reports {
			q.Range.First = aggregate.Day(-i)
			_, _ = b.Answer(&q)
		}
	}
	ask(2 * publicKept / publicRows)
	rows := 0
	for _, one := range b.kept {
		if rows += len(one.report.Rows); cap(one.report.Rows) > publicRows*5/4 {
			t.Fatalf("an answer holds room for %d rows", cap(one.report.Rows))
		}
	}
	if rows > publicKept+publicRows || rows < publicKept/2 {
		t.Errorf("%d rows are kept", rows)
	}
	at, asker.rows = at.Add(publicPace), nil
	if ask(publicAnswers + 10); len(b.kept) != publicAnswers {
		t.Errorf("%d answers are kept", len(b.kept))
	}
}

func TestTheDashboardsOfGuestsTakeBoundedMemory(t *testing.T) {
	u := New(Options{})
	for i := range 3 * sharesAtMost {
		s := u.shareOf(fmt.Sprint("token", i), "example.com", nil)
		for n := range 2 * guestViews {
			s.views.get(fmt.Sprint(n))
		}
		if len(s.views.m) > guestViews || s.assets != u.assets {
			t.Fatalf("a guest's dashboard keeps %d views; assets of its own: %v", len(s.views.m), s.assets != u.assets)
		}
	}
	if len(u.shares.m) > sharesAtMost {
		t.Errorf("%d dashboards are kept", len(u.shares.m))
	}
}

func TestALinkWhoseFilterCannotBeReadOpensNothing(t *testing.T) {
	for query, want := range map[string]int{"": 0, "f=is,country,DE": 1, "f=is,country,DE&f=is,page,/": 2, "f=is,shoe,9": -1, "f=is,country": -1,
		"f=is,country,DE&f=is,shoe,9": -1, "filter=is,country,DE": -1, "period=28d": -1} {
		filters, ok := filtersOf(query)
		if ok != (want >= 0) || ok && len(filters) != want {
			t.Errorf("%q: %d filters, %v, want %d", query, len(filters), ok, want)
		}
	}
}

func TestAPublicViewRefusesFiltersAndFineTimes(t *testing.T) {
	at := now
	b := blur(&exactAsker{}, &at)
	is := aggregate.Filter{Op: aggregate.FilterIs, Field: aggregate.Field{Name: "event:page", Dimension: aggregate.Page}, Values: []string{"/"}}
	days := aggregate.Range{Days: true, First: 1, Last: 2}
	event := is
	event.Field = aggregate.Field{Name: "event:name", Dimension: aggregate.EventName}
	for what, q := range map[string]aggregate.Query{
		"a filter":         {Range: days, Filters: []aggregate.Filter{is}},
		"two filters":      {Range: days, Filters: []aggregate.Filter{event, is}},
		"a negated filter": {Range: days, Filters: []aggregate.Filter{{Op: aggregate.FilterNot, Args: []aggregate.Filter{is}}}},
		"a property":       {Range: days, Fields: []aggregate.Field{{Name: "event:props:plan", Dimension: aggregate.Property}}},
		"minutes":          {Range: aggregate.Range{Realtime: true}, Fields: []aggregate.Field{{Time: aggregate.Minute}}},
		"a part of a day":  {Range: aggregate.Range{From: now, To: now.Add(time.Hour)}},
		"another site":     {Range: days, Site: "other.example"},
	} {
		if q.Site == "" {
			q.Site = "example.com"
		}
		q.Metrics = []aggregate.Metric{aggregate.MetricVisitors}
		if _, err := b.Answer(&q); err == nil {
			t.Errorf("%s is answered", what)
		}
	}
	if _, err := b.Answer(&aggregate.Query{Site: "example.com", Range: days, Filters: []aggregate.Filter{event}, Metrics: []aggregate.Metric{aggregate.MetricVisitors}}); err != nil {
		t.Errorf("the report about one event is refused: %v", err)
	}
}

// Whoever knows everything that is told, before and after one visitor came, cannot
// tell how many of the values between two steps there were: a step of one visitor
// shows only where it crosses a multiple of the floor, and then stands for any of k.
func TestDifferencesOfPublicFiguresAreNeverOneVisitor(t *testing.T) {
	at := now
	random := rand.New(rand.NewPCG(7, 11))
	for range 2000 {
		total, part := random.IntN(40), 0
		rows := []aggregate.ReportRow{}
		for i := 0; part < total; i++ {
			n := min(1+random.IntN(9), total-part)
			part += n
			rows = append(rows, counted(float64(n), fmt.Sprintf("/%d", i)))
		}
		q := aggregate.Query{Site: "example.com", Metrics: []aggregate.Metric{aggregate.MetricVisitors}, Range: aggregate.Range{Days: true, First: 1, Last: 1}}
		all, _ := blur(&exactAsker{rows: []aggregate.ReportRow{counted(float64(total))}}, &at).Answer(&q)
		q.Fields = []aggregate.Field{{Name: "event:page", Dimension: aggregate.Page}}
		parts, _ := blur(&exactAsker{rows: rows}, &at).Answer(&q)
		sum := 0.0
		for _, row := range parts.Rows {
			if row.Values[0].Number < 3 {
				t.Fatalf("a row tells of %v", row.Values[0])
			}
			sum += row.Values[0].Number
		}
		if rest := math.Abs(all.Rows[0].Values[0].Number - sum); math.Mod(rest, 3) != 0 {
			t.Fatalf("total %d of rows %v: what is left is %v", total, rows, rest)
		}
	}
}

// public makes the stand's sites public.
func public(hosts ...string) func(*Options) {
	return withSettings(func(s *aggregate.Settings) { s.Public, s.EmbedHosts = true, hosts })
}

func TestAPublicSiteIsOpenToEverybodyAndNothingElseIs(t *testing.T) {
	s := serve(t, fullAsker(), public())
	answer, body := s.get(t, "/example.com", away)
	wantStatus(t, answer, 200)
	wantText(t, body, "18,342"[:5], "in steps of 3 visitors", `data-pace="300"`, `href="/privacy/example.com"`)
	for _, never := range []string{"18,343", "/example.com/install", "/annotations", "?f=is", "period=realtime", `name="from"`, "Filter<"} {
		if strings.Contains(body, never) {
			t.Errorf("the public page has %q", never)
		}
	}
	for _, path := range []string{"/", "/example.com/install", "/example.com/refused", "/example.com/annotations", "/example.com/settings"} {
		answer, _ = s.get(t, path, away)
		if answer.StatusCode != 401 && answer.StatusCode != 403 {
			t.Errorf("%s is open to everybody: %d", path, answer.StatusCode)
		}
	}
	// Filters, days of one's own and searches are left out of an address.
	_, plain := s.get(t, "/example.com", away)
	for _, query := range []string{"?f=is,page,/secret", "?period=day&date=2026-11-01", "?period=custom&from=2026-11-01&to=2026-11-02", "?period=realtime"} {
		answer, body = s.get(t, "/example.com"+query, away)
		wantStatus(t, answer, 200)
		if strings.Contains(body, "/secret") || strings.Count(body, "<tr") != strings.Count(plain, "<tr") {
			t.Errorf("%s shows something else than the plain page", query)
		}
	}
	shut := serve(t, fullAsker())
	answer, _ = shut.get(t, "/example.com", away)
	wantStatus(t, answer, 401)
	answer, _ = s.get(t, "/other.example", away)
	wantStatus(t, answer, 401)
}

// Nobody and one visitor look alike, to the last byte.
func TestAPublicPageOfOneVisitorIsThatOfNobody(t *testing.T) {
	one := &fakeAsker{visitor: 1, current: 1, rows: fullAsker().rows}
	_, lonely := serve(t, one, public()).get(t, "/example.com", away)
	_, empty := serve(t, &fakeAsker{}, public()).get(t, "/example.com", away)
	etag := regexp.MustCompile(`data-etag="[^"]*"`)
	if lonely, empty = etag.ReplaceAllString(lonely, ""), etag.ReplaceAllString(empty, ""); lonely != empty {
		t.Errorf("the pages differ:\n%s", firstDifference(lonely, empty))
	}
	for _, as := range []string{"?as=csv", "?as=csv&report=pages", "?as=values&key=page"} {
		_, lonely = serve(t, one, public()).get(t, "/example.com"+as, away)
		_, empty = serve(t, &fakeAsker{}, public()).get(t, "/example.com"+as, away)
		if lonely != empty {
			t.Errorf("%s differs:\n%s", as, firstDifference(lonely, empty))
		}
	}
}

func firstDifference(a, b string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[max(0, i-80):min(len(a), i+80)] + "\n" + b[max(0, i-80):min(len(b), i+80)]
		}
	}
	return fmt.Sprintf("lengths %d and %d", len(a), len(b))
}

func TestAPublicPageIsFramedByTheHostsOfTheSetting(t *testing.T) {
	s := serve(t, fullAsker(), public("example.org", "*.example.net"))
	answer, body := s.get(t, "/example.com?embed=1&theme=dark&size=small&lang=en", away)
	wantStatus(t, answer, 200)
	if got := answer.Header.Get("Content-Security-Policy"); !strings.Contains(got, "frame-ancestors example.org *.example.net") || answer.Header.Get("X-Frame-Options") != "" {
		t.Errorf("the frame is not allowed: %q, %q", got, answer.Header.Get("X-Frame-Options"))
	}
	wantText(t, body, `data-theme="dark" data-embed data-size="small"`, "embed=1&amp;")
	if strings.Contains(body, `class="top"`) {
		t.Error("an embedded page has the header")
	}
	_, body = s.get(t, "/example.com?theme=%22%3E%3Cscript%3E", away)
	if strings.Contains(body, "<script>") || strings.Contains(body, "data-theme") {
		t.Error("any theme is believed")
	}
	answer, _ = serve(t, fullAsker(), public()).get(t, "/example.com?embed=1", away)
	if got := answer.Header.Get("X-Frame-Options"); got != "DENY" {
		t.Errorf("without hosts a frame is allowed: %q", got)
	}
}
