package ui

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// now is when the tests happen: a Tuesday afternoon in Berlin.
var now = time.Date(2026, 11, 24, 13, 20, 0, 0, time.UTC)

// fakeAsker answers from a hand-made site: the rows of each dimension, and a
// curve for the trend. The zero value has counted nothing.
type fakeAsker struct {
	mu      sync.Mutex
	visitor float64             // visitors of a period
	rows    map[string][]string // labels of a dimension, most visited first
	current float64
	fail    map[string]error  // by field name; "" for totals
	change  func(*fakeReport) // a last word on each report
	asked   int
}

type fakeReport struct {
	*aggregate.Report
	q *aggregate.Query
}

func (f *fakeAsker) set(change func(*fakeAsker)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeAsker) Answer(q *aggregate.Query) (*aggregate.Report, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	field := ""
	if len(q.Fields) > 0 {
		field = q.Fields[0].Name
	}
	if err := f.fail[field]; err != nil {
		return nil, err
	}
	r := &aggregate.Report{}
	switch {
	case q.Range.Realtime && field == "":
		r.Rows = []aggregate.ReportRow{f.row(q, f.current)}
	case field == "":
		days := float64(q.Range.Last - q.Range.First + 1)
		r.Rows = []aggregate.ReportRow{f.row(q, math.Round(f.visitor*days/28))}
	case strings.HasPrefix(field, "time:"):
		f.trend(q, r)
	default:
		for i, label := range f.rows[field] {
			labels := []string{label, "DE", "x"}[:len(q.Fields)]
			r.Rows = append(r.Rows, f.row(q, math.Ceil(f.visitor/float64(2*i+3)), labels...))
		}
		r.TotalRows = len(r.Rows)
		r.Rows = r.Rows[min(q.Offset, len(r.Rows)):]
		r.Rows = r.Rows[:min(q.Limit, len(r.Rows))]
	}
	if f.change != nil {
		f.change(&fakeReport{r, q})
	}
	return r, nil
}

// row has values that hang together: visits, pageviews and so on of some visitors.
func (f *fakeAsker) row(q *aggregate.Query, visitors float64, labels ...string) aggregate.ReportRow {
	row := aggregate.ReportRow{Labels: labels}
	for _, m := range q.Metrics {
		v := aggregate.Value{}
		switch m {
		case aggregate.MetricVisitors:
			v.Number = visitors
		case aggregate.MetricVisits:
			v.Number = math.Round(visitors * 1.18)
		case aggregate.MetricPageviews:
			v.Number = math.Round(visitors * 2.71)
		case aggregate.MetricEvents:
			v.Number = math.Round(visitors * 2.94)
		case aggregate.MetricViewsPerVisit:
			v.Number, v.Null = 2.3, visitors == 0
		case aggregate.MetricBounceRate:
			v.Number = 47
			if visitors == 0 {
				v.Number = 0
			}
		case aggregate.MetricVisitDuration:
			v.Number, v.Null = 125, visitors == 0
		}
		row.Values = append(row.Values, v)
	}
	return row
}

func (f *fakeAsker) trend(q *aggregate.Query, r *aggregate.Report) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	steps := (&scene{l: words.For("en"), now: now, loc: berlin, today: aggregate.DayOf(now, berlin), days: q.Range, grain: q.Fields[0].Time}).buckets()
	for i, b := range steps {
		r.TimeLabels = append(r.TimeLabels, b.label)
		n := f.visitor / 28 * (1 + .35*math.Sin(float64(i)*.9))
		switch q.Fields[0].Time {
		case aggregate.Hour:
			n = f.visitor / 400 * (1.1 - math.Cos(float64(i)*math.Pi/12))
		case aggregate.MonthGrain:
			n *= 30
		case aggregate.Week:
			n *= 7
		case aggregate.Minute:
			n = f.current / 20 * (1 + math.Sin(float64(i)))
		}
		if b.future || f.visitor == 0 {
			continue
		}
		if b.partial {
			n *= .5
		}
		r.Rows = append(r.Rows, f.row(q, math.Round(n), b.label))
	}
}

// fullAsker is a site as there are many.
func fullAsker() *fakeAsker {
	return &fakeAsker{visitor: 18342, current: 27, rows: map[string][]string{
		"event:page": {"/", "/pricing", "/blog/why-counters-are-enough", "/docs/getting-started", "/docs/installation/behind-a-proxy", "/blog",
			"/docs/configuration/every-option-explained-in-one-very-long-address-that-does-not-fit", "/about", "/changelog", "/contact", "/imprint", "(other)"},
		"visit:entry_page": {"/", "/blog/why-counters-are-enough", "/docs/getting-started", "/pricing", "/changelog"},
		"visit:source":     {"Direct / None", "Google", "Hacker News", "GitHub", "DuckDuckGo", "Mastodon", "ChatGPT", "Bing", "lobste.rs", "Reddit", "t3n.de", "(other)"},
		"visit:channel":    {"Direct", "Organic Search", "Organic Social", "Referral", "AI Assistants", "Email"},
		"visit:country":    {"DE", "US", "FR", "JP", "BR", "NL", "CI", "(not set)"},
		"visit:device":     {"Desktop", "Mobile", "Tablet"},
		"visit:browser":    {"Chrome", "Safari", "Firefox", "Microsoft Edge", "Samsung Browser", "Mobile App"},
		"visit:city_name":  {"Berlin", "San Francisco", "São Paulo", "(not set)"},
		"event:name":       {"Signup", "Outbound Link: Click", "File Download", "404"},
		"visit:os":         {"Windows", "iOS", "Android", "Mac", "GNU/Linux", "Ubuntu", "Chrome OS"},
	}}
}

// tokenBook is Tokens: which sites a token opens; "*" = all.
type tokenBook map[string][]aggregate.Site

func (b tokenBook) Check(token string, site aggregate.Site, scope string) bool {
	for _, s := range b[token] {
		if scope == ScopeStats && (s == "*" || s == site) {
			return true
		}
	}
	return false
}

// stand is a dashboard behind a real server.
type stand struct {
	*UI
	url   string
	clock time.Time
	mu    sync.Mutex // protects clock
	log   strings.Builder
	down  atomic.Bool // connections are cut instead of answered
	// beside answers what is not the dashboard's, and says whether it did. May be nil.
	beside func(*fasthttp.RequestCtx) bool
}

func (s *stand) tick(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

// serve starts a dashboard of three sites on port 0.
func serve(t *testing.T, asker Asker, change ...func(*Options)) *stand {
	t.Helper()
	s := &stand{clock: now}
	known := map[aggregate.Site]bool{"example.com": true, "shop.example.com": true, "münchen.example": true}
	o := Options{
		Ask: asker,
		Sites: func() []aggregate.Site {
			return []aggregate.Site{"example.com", "shop.example.com", "münchen.example"}
		},
		Settings: func(site aggregate.Site) (aggregate.Settings, bool) {
			settings := aggregate.DefaultSettings()
			settings.Timezone = "Europe/Berlin"
			return settings, known[site]
		},
		Access: Access{Local: true, Tokens: tokenBook{"all": {"*"}, "one": {"example.com"}}},
		Clock: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.clock
		},
		Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	}
	for _, c := range change {
		c(&o)
	}
	s.UI = New(o)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	handler := func(ctx *fasthttp.RequestCtx) {
		if s.down.Load() {
			_ = ctx.Conn().Close()
			return
		}
		if s.beside == nil || !s.beside(ctx) {
			s.Serve(ctx)
		}
	}
	server := &fasthttp.Server{Handler: handler, Logger: slog.NewLogLogger(slog.DiscardHandler, 0), NoDefaultServerHeader: true}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	s.url = "http://" + listener.Addr().String() + s.base
	return s
}

// get asks for a path with the given headers ("Name: value") and returns the
// answer with its body. It does not follow redirects.
func (s *stand) get(t *testing.T, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	return s.do(t, http.MethodGet, path, "", headers...)
}

func (s *stand) do(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func wantStatus(t *testing.T, answer *http.Response, want int) {
	t.Helper()
	if answer.StatusCode != want {
		t.Errorf("%s %s: status %d, want %d", answer.Request.Method, answer.Request.URL, answer.StatusCode, want)
	}
}

func wantText(t *testing.T, body string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(body, w) {
			t.Errorf("the page lacks %q", w)
		}
	}
}

func TestSitePageShowsFiguresAndReports(t *testing.T) {
	s := serve(t, fullAsker())
	answer, body := s.get(t, "/example.com")
	wantStatus(t, answer, 200)
	wantText(t, body, "18,342", "21,644", "2.30", "47%", "2m 05s", ">27<", "28 Oct – 24 Nov 2026", "Europe/Berlin",
		"/docs/getting-started", "Organic Search", "Germany", "Signup", "Firefox", "Mon 23 Nov 2026", "Tue 24 Nov 2026 (so far)", "9 of 12", "33%")
	_, body = s.get(t, "/example.com?tabs=sources,devices,os,cities")
	wantText(t, body, "Hacker News", "Tablet", "San Francisco")
	_, body = s.get(t, "/example.com?period=today")
	wantText(t, body, "14:00–14:59 (so far)")
	if strings.Contains(body, "15:00–15:59") {
		t.Error("the page names an hour of today that has not begun")
	}
	_, body = s.get(t, "/example.com?period=realtime")
	wantText(t, body, "The last 30 minutes", "13:55", "14:20 (so far)")
}

func TestEveryPeriodIsALink(t *testing.T) {
	s := serve(t, fullAsker())
	for key, want := range map[string]string{"today": "Tuesday 24 November 2026", "7d": "18 – 24 Nov 2026",
		"28d": "28 Oct – 24 Nov 2026", "12mo": "1 Dec 2025 – 24 Nov 2026", "nonsense": "28 Oct – 24 Nov 2026", "yesterday": "Monday 23 November 2026",
		"last_month": "1 – 31 Oct 2026", "custom&from=2026-01-01&to=2026-02-03": "1 Jan – 3 Feb 2026"} {
		answer, body := s.get(t, "/example.com?period="+key)
		wantStatus(t, answer, 200)
		wantText(t, body, want, `href="/example.com?period=7d`, `href="/example.com?period=12mo`, `href="/example.com"`)
	}
}

func TestFiguresSayWhatChanged(t *testing.T) {
	asker := fullAsker()
	asker.change = func(r *fakeReport) {
		if len(r.q.Fields) == 0 && r.q.Range.Days && r.q.Range.Last < aggregate.Date(2026, 11, 24) {
			r.Rows[0].Values[0].Number, r.Rows[0].Values[4].Number = 10000, 50
		}
	}
	s := serve(t, asker, since2025)
	_, body := s.get(t, "/example.com")
	wantText(t, body, "more by</span> 83%", "Before: 10,000 (30 Sep – 27 Oct 2026)", `change good"><span aria-hidden="true">↓</span><span class="unseen">less by</span> 3 pts`)
	_, body = s.get(t, "/example.com?compare=none")
	if strings.Contains(body, "Before:") {
		t.Error("a change is shown though no comparison is wanted")
	}
	_, body = s.get(t, "/example.com?compare=year&metric=bounce_rate")
	wantText(t, body, `class="course before"`, "28 Oct – 24 Nov 2025")
}

// since2025 is a site that was counted before.
func since2025(o *Options) {
	o.First = func(aggregate.Site) (aggregate.Day, bool) { return aggregate.Date(2025, 1, 1), true }
}

func TestAFilterIsAChipAndRowsAreLinks(t *testing.T) {
	s := serve(t, fullAsker())
	_, body := s.get(t, "/example.com?tabs=sources")
	wantText(t, body, `href="/example.com?f=is,source,Hacker&#43;News&amp;tabs=sources"`, `href="/example.com?f=is,page,/pricing&amp;tabs=sources"`)
	_, body = s.get(t, "/example.com?f=is,source,Bing&tabs=sources")
	wantText(t, body, "Source is ", `aria-label="Remove the filter: Source is Bing"`, `href="/example.com?f=is,source,Bing&amp;f=is,page,/pricing&amp;tabs=sources"`)
	_, body = s.get(t, "/example.com?f=is,source,Bing&f=is,page,/pricing")
	wantText(t, body, "Time on page", "Scroll depth", "This report under these filters would need more.", "Without Source", "Without Page", "period=today")
	if strings.Contains(body, "f=is,device,") {
		t.Error("a third filter is offered on past days")
	}
	_, body = s.get(t, "/example.com?f=is,source,Bing&f=is,page,/pricing&period=today")
	wantText(t, body, "f=is,browser,Firefox")
	_, body = s.get(t, "/example.com?f=is,source,Bing&f=is,page,/pricing&f=is,device,Tablet")
	wantText(t, body, "These filters are one too many.")
	answer, _ := s.get(t, "/example.com?f=is,source,Bing&key=page&op=contains&value=blog&value=docs&lang=de")
	wantStatus(t, answer, 303)
	if got, want := answer.Header.Get("Location"), "/example.com?f=is,source,Bing&f=contains,page,blog,docs&lang=de"; got != want {
		t.Errorf("the form leads to %s, want %s", got, want)
	}
}

func TestAReportAloneIsSortedSearchedAndPaged(t *testing.T) {
	asker := fullAsker()
	for i := range 250 {
		asker.rows["event:page"] = append(asker.rows["event:page"], fmt.Sprintf("/p/%d", i))
	}
	var last aggregate.Query
	asker.change = func(r *fakeReport) {
		if len(r.q.Fields) == 1 && r.q.Fields[0].Dimension == aggregate.Page {
			last = *r.q
		}
	}
	s := serve(t, asker)
	_, body := s.get(t, "/example.com?report=pages&sort=pageviews&ascending=1&search=p&page=2")
	wantText(t, body, "101–200 of 262", `aria-sort="ascending"`, `rel="next"`, `rel="prev"`, "Time", "Scroll", `value="p"`)
	if o := last.Orders[0]; o.Metric != aggregate.MetricPageviews || o.Descending || last.Offset != 100 || len(last.Filters) != 1 {
		t.Errorf("asked was %+v", last)
	}
}

func TestAFailedReportLeavesTheOthersStanding(t *testing.T) {
	asker := fullAsker()
	asker.fail = map[string]error{
		"visit:channel": &ask.Refusal{Why: "Channels are not linked with that.", Instead: "Ask for less."},
		"visit:browser": errors.New("read /secret/place: input/output error"),
		"time:day":      errors.New("read /secret/place: input/output error"),
	}
	s := serve(t, asker)
	answer, body := s.get(t, "/example.com")
	wantStatus(t, answer, 200)
	wantText(t, body, "18,342", "Channels are not linked with that. Ask for less.", "It could not be read just now.", "/pricing")
	if strings.Contains(body, "/secret/place") {
		t.Error("the page tells the inner text of an error that is no refusal")
	}
	s.tick(mostAge)
	s.get(t, "/example.com")
	if got := strings.Count(s.log.String(), "a report could not be made"); got != 1 {
		t.Errorf("the failure was logged %d times within a minute, want once", got)
	}
}

func TestTotalsThatFailAreNoZeroes(t *testing.T) {
	asker := fullAsker()
	asker.fail = map[string]error{"": errors.New("broken")}
	_, body := serve(t, asker).get(t, "/example.com")
	wantText(t, body, "The figures of this period are missing.", "/pricing")
	if strings.Contains(body, "Waiting for the first visit") {
		t.Error("a site whose totals cannot be read looks like a new one")
	}
}

func TestWhatIsNotExactIsMarked(t *testing.T) {
	asker := fullAsker()
	asker.change = func(r *fakeReport) {
		r.Lossy = []aggregate.Day{aggregate.Date(2026, 11, 12)}
		if len(r.q.Fields) == 1 && r.q.Fields[0].Dimension == aggregate.Page {
			r.Hidden = &aggregate.HiddenRows{Floor: 3, Reason: "41 pageviews of rare pages are not shown."}
			r.Rows[3].Labels[0] = "(hidden)"
		}
		if len(r.q.Fields) == 0 {
			r.Warnings = map[aggregate.Metric]aggregate.Warning{aggregate.MetricVisitors: {Code: "upper_bound", Warning: "Some may be counted twice."}}
			r.Rows[0].Values[0].UpperBound = true
		}
	}
	_, body := serve(t, asker).get(t, "/example.com")
	wantText(t, body, "≤ 18,342", "Not exact: Some may be counted twice.", "41 pageviews of rare pages are not shown.",
		"On 12 Nov the memory", "Thu 12 Nov 2026 (incomplete)", "Links that fewer than 3 visitors of a day shared")
	_, body = serve(t, asker).get(t, "/example.com?report=pages")
	wantText(t, body, "Values beyond the number that is kept per day", "Links that fewer than 3 visitors of a day shared")
	asker.change = func(r *fakeReport) {
		if len(r.q.Fields) == 1 && r.q.Fields[0].Dimension == aggregate.Page {
			r.Hidden = &aggregate.HiddenRows{Floor: 3, Visits: 4, Pageviews: 5}
			r.Rows[3].Labels[0] = "(hidden)"
		}
	}
	_, body = serve(t, asker).get(t, "/example.com")
	wantText(t, body, "Links that fewer than 3 visitors of a day shared")
	if strings.Contains(body, "Not among these rows") {
		t.Error("what has a row is said to be not among the rows")
	}
}

func TestANewSiteShowsItsScriptTag(t *testing.T) {
	s := serve(t, &fakeAsker{})
	answer, body := s.get(t, "/example.com")
	wantStatus(t, answer, 200)
	wantText(t, body, "Waiting for the first visit",
		`&lt;script defer data-domain=&#34;example.com&#34; src=&#34;`+s.url+`/js/script.js&#34;&gt;&lt;/script&gt;`)

	s = serve(t, &fakeAsker{}, func(o *Options) { o.PublicURL = "https://stats.example.com/in/" })
	_, body = s.get(t, "/example.com")
	wantText(t, body, "https://stats.example.com/in/js/script.js")

	s = serve(t, &fakeAsker{}, since2025)
	_, body = s.get(t, "/example.com")
	wantText(t, body, "Nothing counted in this time.")
	if strings.Contains(body, "Waiting for the first visit") {
		t.Error("a site that was counted last year looks like a new one")
	}
}

func TestAnUnknownSiteSaysHowToAddIt(t *testing.T) {
	s := serve(t, fullAsker())
	answer, body := s.get(t, "/other.example")
	wantStatus(t, answer, 404)
	wantText(t, body, "footfall site add other.example")
	answer, body = s.get(t, "/a&reboot")
	wantStatus(t, answer, 404)
	if strings.Contains(body, "site add") {
		t.Error("a command is offered for copying that a shell would read in its own way")
	}
	answer, _ = s.get(t, "/not%20a%20site")
	wantStatus(t, answer, 404)
	for query, want := range map[string]string{"": "/example.com", "?period=7d&theme=dark": "/example.com?period=7d&theme=dark"} {
		answer, _ = s.get(t, "/www.Example.com/"+query)
		wantStatus(t, answer, 303)
		if got := answer.Header.Get("Location"); got != want {
			t.Errorf("another spelling leads to %q, want %s", got, want)
		}
	}
}

func TestEverythingLiesUnderTheBasePath(t *testing.T) {
	s := serve(t, &fakeAsker{}, func(o *Options) { o.BasePath = "/stats/" })
	_, body := s.get(t, "/example.com")
	wantText(t, body, `href="/stats/"`, `src="/stats/assets/live.`, s.url+"/js/script.js")
	_, body = serve(t, fullAsker(), func(o *Options) { o.BasePath = "stats" }).get(t, "/example.com")
	wantText(t, body, `href="/stats/example.com?period=7d"`, `href="/stats/example.com?report=pages"`)
	answer, _ := s.get(t, "?find=ex")
	if wantStatus(t, answer, 303); answer.Header.Get("Location") != "/stats/?find=ex" {
		t.Errorf("without its slash the base path leads to %q, want what was asked for", answer.Header.Get("Location"))
	}
	s.url = strings.TrimSuffix(s.url, "/stats")
	for _, path := range []string{"/", "/example.com", "/statsexample.com"} {
		answer, _ = s.get(t, path)
		wantStatus(t, answer, 404)
	}
}

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	s := serve(t, fullAsker())
	for _, path := range []string{"/", "/example.com", "/nothing.example", "/assets/none.js", "/assets/" + s.assets.url["live.js"], "/sign-in"} {
		answer, _ := s.get(t, path)
		for _, h := range securityHeaders[:len(securityHeaders)-1] {
			if got := answer.Header.Get(h[0]); got != h[1] {
				t.Errorf("%s: %s is %q, want %q", path, h[0], got, h[1])
			}
		}
		want := "no-store"
		if answer.StatusCode == 200 && strings.HasPrefix(path, "/assets/") {
			want = "public, max-age=31536000, immutable"
		}
		if got := answer.Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control is %q, want %q", path, got, want)
		}
	}
	answer, _ := s.do(t, http.MethodDelete, "/example.com", "")
	wantStatus(t, answer, 405)
}

func TestTheAPIIsHandedOnWithItsOwnPath(t *testing.T) {
	s := serve(t, fullAsker(), func(o *Options) {
		o.BasePath = "/stats"
		o.API = func(ctx *fasthttp.RequestCtx, path string) {
			ctx.SetStatusCode(fasthttp.StatusTeapot)
			ctx.SetBodyString(path)
		}
	})
	answer, body := s.do(t, http.MethodPost, "/api/v2/query", "{}")
	wantStatus(t, answer, fasthttp.StatusTeapot)
	if body != "/api/v2/query" {
		t.Errorf("the API is told the path %q", body)
	}
}

func TestTheMovingPartComesAloneAndOnlyWhenItMoved(t *testing.T) {
	asker := fullAsker()
	s := serve(t, asker)
	answer, body := s.get(t, "/example.com", "Footfall-Live: 1")
	wantStatus(t, answer, 200)
	if strings.Contains(body, "<html") || !strings.HasPrefix(body, `<div class="page dash"`) {
		t.Errorf("the moving part begins with %.40q, want the page's own element", body)
	}
	etag := answer.Header.Get("ETag")
	s.tick(time.Second)
	answer, body = s.get(t, "/example.com", "Footfall-Live: 1", "If-None-Match: "+etag)
	wantStatus(t, answer, 304)
	if body != "" {
		t.Errorf("an unchanged part has a body of %d bytes", len(body))
	}
	asker.set(func(f *fakeAsker) { f.current++ })
	s.tick(time.Second)
	answer, body = s.get(t, "/example.com", "Footfall-Live: 1", "If-None-Match: "+etag)
	wantStatus(t, answer, 200)
	wantText(t, body, ">28<")
}

func TestManyReadersAskOnce(t *testing.T) {
	asker := fullAsker()
	s := serve(t, asker)
	s.get(t, "/example.com")
	var asked int
	asker.set(func(f *fakeAsker) { asked = f.asked })
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { s.get(t, "/example.com", "Footfall-Live: 1") })
	}
	all.Wait()
	asker.set(func(f *fakeAsker) {
		if f.asked != asked {
			t.Errorf("eight more readers at the same moment asked %d more queries, want none", f.asked-asked)
		}
	})
}

func TestAnswersArePacked(t *testing.T) {
	s := serve(t, fullAsker())
	for _, path := range []string{"/example.com", "/assets/" + s.assets.url["style.css"]} {
		_, plain := s.get(t, path)
		for accept, want := range map[string]string{"gzip, deflate, br, zstd": "br", "gzip": "gzip", "br;q=0, gzip;q=0.5": "gzip", "": ""} {
			answer, body := s.get(t, path, "Accept-Encoding: "+accept)
			if got := answer.Header.Get("Content-Encoding"); got != want {
				t.Errorf("%s, accepting %q: encoding %q, want %q", path, accept, got, want)
			}
			if want != "" && len(body) > len(plain)/2 {
				t.Errorf("%s, %s: %d bytes of %d, want less than half", path, want, len(body), len(plain))
			}
		}
	}
}

func TestHoursFollowTheClockChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[aggregate.Day]int{aggregate.Date(2026, 3, 29): 23, aggregate.Date(2026, 10, 25): 24, aggregate.Date(2026, 11, 24): 24} {
		if got := len((&scene{l: words.For("en"), now: now, loc: berlin, days: aggregate.Range{Days: true, First: day, Last: day}}).hours()); got != want {
			t.Errorf("%s has %d buckets of an hour, want %d", day, got, want)
		}
	}
}

func TestFiguresReadLikeFigures(t *testing.T) {
	en, null := words.For("en"), aggregate.Value{Null: true}
	for _, c := range []struct {
		metric aggregate.Metric
		value  aggregate.Value
		want   string
	}{{aggregate.MetricVisitors, aggregate.Value{Number: 1234, UpperBound: true}, "≤ 1,234"}, {aggregate.MetricViewsPerVisit, aggregate.Value{Number: 2.3}, "2.30"},
		{aggregate.MetricBounceRate, aggregate.Value{Number: 46.6}, "47%"}, {aggregate.MetricExitRate, aggregate.Value{Number: 46.66}, "46.7%"},
		{aggregate.MetricVisitDuration, aggregate.Value{Number: 125}, "2m 05s"}, {aggregate.MetricTimeOnPage, null, words.Nothing}} {
		if got := figureIn(en, c.metric, c.value); got != c.want {
			t.Errorf("%s reads %q, want %q", c.metric, got, c.want)
		}
	}
	for top, want := range map[float64]float64{0: 1, 4: 1, 5: 2, 9: 5, 41: 20, 1000: 500, 1234: 500} {
		if got := tickStep(top); got != want {
			t.Errorf("up to %v the lines are %v apart, want %v", top, got, want)
		}
	}
}

func TestFuzzyLabelsNeverBreakThePage(t *testing.T) {
	asker := fullAsker()
	asker.rows = maps.Clone(asker.rows)
	asker.rows["event:page"] = []string{"", "\xff\xfe", strings.Repeat("long", 500), "\u202egnp.exe", "a\x1fb"}
	asker.rows["visit:channel"] = nil
	answer, body := serve(t, asker).get(t, "/example.com")
	wantStatus(t, answer, 200)
	wantText(t, body, "Nothing counted in this time.", "<bdi")
}
