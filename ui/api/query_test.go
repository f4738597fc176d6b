package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// statsDesk is an API over an Asker that notes what it is asked.
type statsDesk struct {
	*API
	asked  *aggregate.Query
	report aggregate.Report
	err    error
	now    time.Time
	zone   string
	first  aggregate.Day
	log    bytes.Buffer
}

func (d *statsDesk) Answer(q *aggregate.Query) (*aggregate.Report, error) {
	d.asked = q
	return &d.report, d.err
}

func (d *statsDesk) Check(token string, site aggregate.Site, scope string) bool {
	return token == "right" && site == "example.com" && scope == "stats"
}

func newStatsDesk() *statsDesk {
	d := &statsDesk{now: time.Date(2026, 11, 24, 13, 20, 30, 5e8, time.UTC), zone: "Europe/Berlin", first: aggregate.Date(2026, 2, 3)}
	d.API = New(Options{Asker: d, Tokens: d, Clock: func() time.Time { return d.now },
		Log:   slog.New(slog.NewTextHandler(&d.log, nil)),
		First: func(aggregate.Site) (aggregate.Day, bool) { return d.first, d.first != 0 },
		Settings: func(site aggregate.Site) (aggregate.Settings, bool) {
			s := aggregate.DefaultSettings()
			s.Timezone = d.zone
			return s, site == "example.com" || site == "other.example"
		}})
	return d
}

func (d *statsDesk) post(t *testing.T, body string) (int, map[string]any) {
	t.Helper()
	return d.send(t, "POST", "Bearer right", body)
}

func (d *statsDesk) send(t *testing.T, method, authorization, body string) (int, map[string]any) {
	t.Helper()
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod(method)
	if authorization != "" {
		ctx.Request.Header.Set("Authorization", authorization)
	}
	ctx.Request.SetBodyString(body)
	d.Serve(&ctx, "/api/v2/query")
	if got, want := string(ctx.Response.Header.ContentType()), "application/json; charset=utf-8"; got != want {
		t.Errorf("content type %q, want %q", got, want)
	}
	var answer map[string]any
	if err := json.Unmarshal(ctx.Response.Body(), &answer); err != nil {
		t.Fatalf("the answer is no JSON: %v\n%s", err, ctx.Response.Body())
	}
	return ctx.Response.StatusCode(), answer
}

const minimal = `{"site_id":"example.com","metrics":["visitors"],"date_range":"day"`

func TestStatsNeedAKeyForTheSite(t *testing.T) {
	d := newStatsDesk()
	body := minimal + "}"
	other := strings.Replace(body, "example.com", "other.example", 1)
	nowhere := strings.Replace(body, "example.com", "nowhere.example", 1)
	for _, c := range []struct{ authorization, body string }{
		{"", body}, {"Bearer", body}, {"Bearer ", body}, {"Basic right", body}, {"Bearer wrong", body},
		{"Bearer right", other}, {"Bearer right", nowhere}, {"", "{"},
	} {
		status, answer := d.send(t, "POST", c.authorization, c.body)
		if status != 401 || answer["error"] != unauthorized {
			t.Errorf("%q %s: %d %v, want 401 %q", c.authorization, c.body, status, answer, unauthorized)
		}
	}
	if d.asked != nil {
		t.Errorf("the counters were asked: %+v", d.asked)
	}
	if status, _ := d.send(t, "POST", "bearer  right ", body); status != 200 {
		t.Errorf("status %d with the right key, want 200", status)
	}
}

func TestStatsAnswerPostsOfBoundedLength(t *testing.T) {
	d := newStatsDesk()
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS"} {
		if status, answer := d.send(t, method, "Bearer right", minimal+"}"); status != 405 || answer["error"] == "" {
			t.Errorf("%s: %d %v, want 405", method, status, answer)
		}
	}
	if status, _ := d.post(t, minimal+`,"dimensions":["`+strings.Repeat("x", maxBody)+`"]}`); status != 413 {
		t.Errorf("status %d for a large body, want 413", status)
	}
}

func TestStatsErrorsNameThePlace(t *testing.T) {
	d := newStatsDesk()
	for _, c := range []struct{ body, want string }{
		{`{"site_id":"example.com","metrics":["visitors","baa"],"date_range":"day"}`, `#/metrics/1: Invalid metric "baa"`},
		{`{"site_id":"example.com","metrics":["visitors",7],"date_range":"day"}`, `#/metrics/1: Invalid metric 7`},
		{`{"site_id":"example.com","metrics":["visitors","visitors"],"date_range":"day"}`, `#/metrics/1: Metric "visitors" is there twice`},
		{`{"site_id":"example.com","metrics":[],"date_range":"day"}`, `#/metrics: Want at least one metric`},
		{`{"site_id":"example.com","metrics":"visitors","date_range":"day"}`, `#/metrics: Want a list, got "visitors"`},
		{`{"site_id":"example.com","date_range":"day"}`, `#: Required key "metrics" is missing`},
		{`{"metrics":["visitors"],"date_range":"day"}`, `#: Required key "site_id" is missing`},
		{`{"site_id":"example.com","metrics":["visitors"]}`, `#: Required key "date_range" is missing`},
		{`{"site_id":5,"metrics":["visitors"],"date_range":"day"}`, `#/site_id: Want a domain, got 5`},
		{minimal + `,"a/b~c":1}`, `#/a~1b~0c: Unknown key "a/b~c"`},
		{minimal + `}{}`, `#: There is more than one JSON value`},
		{`[]`, `#: Want an object`},
		{`{`, `#: The body is not JSON`},
		{minimal + `,"dimensions":["visit:source","visit:nothing"]}`, `#/dimensions/1: Invalid dimension "visit:nothing"`},
		{minimal + `,"dimensions":["visit:source","visit:source"]}`, `#/dimensions/1: Dimension "visit:source" is there twice`},
		{minimal + `,"dimensions":["time","time:day"]}`, `#/dimensions/1: There can be one time dimension only`},
		{minimal + `,"dimensions":["event:props:"]}`, `#/dimensions/0: Invalid dimension "event:props:"`},
		{minimal + `,"filters":[["is","visit:source",["x"]],["like","visit:source",["x"]]]}`, `#/filters/1/0: Unknown operator "like"`},
		{minimal + `,"filters":[["is","visit:sauce",["x"]]]}`, `#/filters/0/1: Invalid filter dimension "visit:sauce"`},
		{minimal + `,"filters":[["is","time:day",["x"]]]}`, `#/filters/0/1: Invalid filter dimension "time:day"`},
		{minimal + `,"filters":[["is","visit:source",[]]]}`, `#/filters/0/2: Want at least one value`},
		{minimal + `,"filters":[["is","visit:source",["x",null]]]}`, `#/filters/0/2/1: Want a text, got null`},
		{minimal + `,"filters":[["is","visit:source"]]}`, `#/filters/0: Want [operator, dimension, [values]], got ["is","visit:source"]`},
		{minimal + `,"filters":[["or",[["matches","event:page",["("]]]]]}`, `#/filters/0/1/0/2/0: Invalid regular expression "(" (want the syntax of RE2)`},
		{minimal + `,"filters":[["and",[]]]}`, `#/filters/0/1: Want at least one filter`},
		{minimal + `,"filters":[["not"]]}`, `#/filters/0: Want ["not", filter]`},
		{minimal + `,"filters":[["is","event:page",["/"],{"case_sensitive":1}]]}`, `#/filters/0/3/case_sensitive: Want true or false, got 1`},
		{minimal + `,"filters":[["is","event:page",["/"],{"x":1}]]}`, `#/filters/0/3/x: Unknown key "x"`},
		{minimal + `,"order_by":[["visits","desc"]]}`, `#/order_by/0/0: "visits" is neither a metric nor a dimension of this query`},
		{minimal + `,"order_by":[["visitors","down"]]}`, `#/order_by/0/1: Want "asc" or "desc", got "down"`},
		{minimal + `,"include":{"total":true}}`, `#/include/total: Unknown key "total"`},
		{minimal + `,"include":{"time_labels":true}}`, `#/include/time_labels: Needs a time dimension`},
		{minimal + `,"pagination":{"limit":0}}`, `#/pagination/limit: Want a whole number from 1 to 10000, got 0`},
		{minimal + `,"pagination":{"limit":10001}}`, `#/pagination/limit: Want a whole number from 1 to 10000, got 10001`},
		{minimal + `,"pagination":{"offset":1.5}}`, `#/pagination/offset: Want a whole number from 0 to 1099511627776, got 1.5`},
		{`{"site_id":"example.com","metrics":["visitors"],"date_range":["2026-02-30","2026-03-01"]}`, `#/date_range/0: Invalid date "2026-02-30" (want YYYY-MM-DD)`},
		{`{"site_id":"example.com","metrics":["visitors"],"date_range":["2026-03-02","2026-03-01"]}`, `#/date_range: The range ends before it begins`},
		{`{"site_id":"example.com","metrics":["visitors"],"date_range":["2026-03-01T00:00:00Z","2026-03-01T00:00:00Z"]}`, `#/date_range: The range ends before it begins`},
		{`{"site_id":"example.com","metrics":["visitors"],"date_range":["2026-03-01","2026-03-01T00:00:00Z"]}`, `#/date_range/0: Invalid date or time "2026-03-01" (want YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ)`},
		{`{"site_id":"example.com","metrics":["visitors"],"date_range":["2026-03-01"]}`, `#/date_range: Want two dates or two times, got ["2026-03-01"]`},
		{`{"site_id":"example.com","metrics":["visitors"],"date_range":"5001d"}`, `#/date_range: Invalid date range "5001d": ` + wantRange},
		{`{"site_id":"example.com","metrics":["visitors"],"date_range":"101mo"}`, `#/date_range: Invalid date range "101mo": ` + wantRange},
		{`{"site_id":"example.com","metrics":["visitors"],"date_range":7}`, `#/date_range: Invalid date range 7: ` + wantRange},
	} {
		status, answer := d.post(t, c.body)
		if status != 400 || answer["error"] != c.want {
			t.Errorf("%s: %d %v, want 400 %s", c.body, status, answer["error"], c.want)
		}
	}
}

func TestStatsRangesAreThoseOfTheSite(t *testing.T) {
	day := aggregate.Date
	days := func(first, last aggregate.Day) aggregate.Range {
		return aggregate.Range{Days: true, First: first, Last: last}
	}
	for _, c := range []struct {
		posted string
		want   aggregate.Range
	}{
		{`"day"`, days(day(2026, 11, 25), day(2026, 11, 25))},
		{`"7d"`, days(day(2026, 11, 18), day(2026, 11, 24))},
		{`"5000d"`, days(day(2026, 11, 25)-5000, day(2026, 11, 24))},
		{`"month"`, days(day(2026, 11, 1), day(2026, 11, 30))},
		{`"6mo"`, days(day(2026, 5, 1), day(2026, 10, 31))},
		{`"12mo"`, days(day(2025, 11, 1), day(2026, 10, 31))},
		{`"year"`, days(day(2026, 1, 1), day(2026, 12, 31))},
		{`"all"`, days(day(2026, 2, 3), day(2026, 11, 25))},
		{`["2026-03-01","2026-03-02"]`, days(day(2026, 3, 1), day(2026, 3, 2))},
		{`["2026-03-29T00:00:00+01:00","2026-03-29T23:59:59+02:00"]`, days(day(2026, 3, 29), day(2026, 3, 29))},
		{`["2026-03-29T00:00:00","2026-03-29T23:59:59"]`, days(day(2026, 3, 29), day(2026, 3, 29))},
	} {
		d := newStatsDesk()
		d.now = time.Date(2026, 11, 24, 23, 30, 0, 0, time.UTC) // the 25th in Berlin
		status, answer := d.post(t, `{"site_id":"example.com","metrics":["visitors"],"date_range":`+c.posted+`}`)
		if status != 200 || d.asked.Range != c.want {
			t.Fatalf("%s: %d %v, range %+v, want %+v", c.posted, status, answer["error"], d.asked, c.want)
		}
	}
	d := newStatsDesk()
	d.post(t, `{"site_id":"example.com","metrics":["visitors"],"date_range":"24h"}`)
	if got, want := d.asked.Range.To.Sub(d.asked.Range.From), 24*time.Hour+time.Second; got != want || d.asked.Range.To.Before(d.now) {
		t.Errorf("24h is %v up to %v, want %v and past now", got, d.asked.Range.To, want)
	}
	d.post(t, `{"site_id":"example.com","metrics":["visitors"],"date_range":"realtime"}`)
	if got, want := d.asked.Range.From, d.now.Add(-30*time.Minute); !d.asked.Range.Realtime || !got.Equal(want) {
		t.Errorf("realtime begins %v, want %v", got, want)
	}
	d.post(t, `{"site_id":"example.com","metrics":["visitors"],"date_range":["2026-03-01T10:00:00+01:00","2026-03-01T12:00:00+01:00"]}`)
	if got, want := d.asked.Range.To.Sub(d.asked.Range.From), 2*time.Hour; got != want || d.asked.Range.Days {
		t.Errorf("two times are %v apart, want %v", got, want)
	}
}

func TestStatsFiltersAreReadAsWritten(t *testing.T) {
	d := newStatsDesk()
	d.post(t, minimal+`,"filters":[["is_not","visit:country",["DE","FR"]],["or",[["contains","event:page",["/Blog"],{"case_sensitive":false}],
		["not",["matches","event:props:plan",["^p"]]]]],["is","visit:city",[2950159]]]}`)
	field := func(name string) aggregate.Field { f, _ := ask.ParseField(name); return f }
	want := []aggregate.Filter{
		{Op: aggregate.FilterNot, Args: []aggregate.Filter{{Op: aggregate.FilterIs, Field: field("visit:country"), Values: []string{"DE", "FR"}}}},
		{Op: aggregate.FilterOr, Args: []aggregate.Filter{
			{Op: aggregate.FilterContains, Field: field("event:page"), Values: []string{"/Blog"}, FoldCase: true},
			{Op: aggregate.FilterNot, Args: []aggregate.Filter{{Op: aggregate.FilterMatches, Field: field("event:props:plan"), Values: []string{"^p"}}}},
		}},
		{Op: aggregate.FilterIs, Field: field("visit:city"), Values: []string{"2950159"}},
	}
	if !reflect.DeepEqual(d.asked.Filters, want) {
		t.Errorf("filters %+v, want %+v", d.asked.Filters, want)
	}
}

func TestStatsAnswerHasRowsMetaAndTheQuery(t *testing.T) {
	d := newStatsDesk()
	d.report = aggregate.Report{
		Rows: []aggregate.ReportRow{{Labels: []string{"2026-11-23", "/"}, Values: []aggregate.Value{{Number: 3}, {Number: 1.5}, {Null: true}}},
			{Labels: []string{"2026-11-24", `/"</script>`}, Values: []aggregate.Value{{Number: 12345678}, {Number: 0.25}, {}}}},
		TotalRows: 9, TimeLabels: []string{"2026-11-23", "2026-11-24"}, Lossy: []aggregate.Day{aggregate.Date(2026, 11, 23)},
		Warnings: map[aggregate.Metric]aggregate.Warning{"visitors": {Code: "c", Warning: "w"}},
		Hidden:   &aggregate.HiddenRows{Floor: 3, Pageviews: 4},
	}
	body := `{"site_id":"https://www.Example.com/","metrics":["visitors","views_per_visit","visit_duration"],"date_range":["2026-11-23","2026-11-24"],
		"dimensions":["time:day","event:page"],"filters":[["is","visit:source",["Google"]]],
		"include":{"time_labels":true,"total_rows":true,"imports":false},"pagination":{"limit":2}}`
	status, answer := d.post(t, body)
	want := `{"results":[{"dimensions":["2026-11-23","/"],"metrics":[3,1.5,null]},{"dimensions":["2026-11-24","/\"</script>"],"metrics":[12345678,0.25,0]}],
		"meta":{"imports_included":false,"time_labels":["2026-11-23","2026-11-24"],"total_rows":9,"metric_warnings":{"visitors":{"code":"c","warning":"w"}},
		"hidden":{"floor":3,"pageviews":4,"events":0,"visits":0,"capped":false,"reason":""},"lossy_days":["2026-11-23"]},
		"query":{"site_id":"example.com","metrics":["visitors","views_per_visit","visit_duration"],
		"date_range":["2026-11-23T00:00:00+01:00","2026-11-24T23:59:59+01:00"],"dimensions":["time:day","event:page"],
		"filters":[["is","visit:source",["Google"]]],"order_by":[["time:day","asc"],["visitors","desc"]],
		"include":{"imports":false,"time_labels":true,"total_rows":true},"pagination":{"limit":2,"offset":0}}}`
	var wanted map[string]any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if status != 200 || !reflect.DeepEqual(answer, wanted) {
		t.Errorf("%d %v\nwant 200 %v", status, answer, wanted)
	}
}

func TestStatsEchoCanBePostedAgain(t *testing.T) {
	for _, r := range []string{`"day"`, `"24h"`, `"30d"`, `"12mo"`, `"all"`, `"realtime"`, `["2026-03-28","2026-03-29"]`, `["2026-10-25T01:00:00Z","2026-10-25T04:30:00Z"]`} {
		d := newStatsDesk()
		_, answer := d.post(t, `{"site_id":"example.com","metrics":["visitors","visits"],"date_range":`+r+`,"dimensions":["time","visit:source"],
			"filters":[["is","event:page",["/"],{"case_sensitive":false}]],"order_by":[["visits","asc"]],"include":{"total_rows":true}}`)
		first := d.asked
		again, err := json.Marshal(answer["query"])
		if err != nil {
			t.Fatal(err)
		}
		status, second := d.post(t, string(again))
		if status != 200 || !reflect.DeepEqual(answer["query"], second["query"]) {
			t.Errorf("%s: posted again %d %v, want %v", r, status, second, answer["query"])
		}
		a, b := *first, *d.asked
		if !a.Range.From.Equal(b.Range.From) || !a.Range.To.Equal(b.Range.To) {
			t.Errorf("%s: asked %+v, and again %+v", r, a.Range, b.Range)
		}
		a.Range.From, a.Range.To, b.Range.From, b.Range.To = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: asked %+v, and again %+v", r, a, b)
		}
	}
}

func TestStatsRefusalsAndFailuresAreTold(t *testing.T) {
	d := newStatsDesk()
	d.err = &ask.Refusal{Part: "filters", TooMany: []string{"visit:country"}, Why: "Three facts.", Instead: "Ask for two."}
	if status, answer := d.post(t, minimal+"}"); status != 400 || answer["error"] != "#/filters: Three facts. Ask for two." {
		t.Errorf("%d %v, want 400 with the refusal", status, answer)
	}
	if d.log.Len() > 0 {
		t.Errorf("a refusal was logged: %s", d.log.String())
	}
	d.err = errors.New("page 7 is torn")
	if status, answer := d.post(t, minimal+"}"); status != 500 || strings.Contains(answer["error"].(string), "torn") {
		t.Errorf("%d %v, want 500 without the cause", status, answer)
	}
	if !strings.Contains(d.log.String(), "torn") {
		t.Errorf("the log %q does not tell the cause", d.log.String())
	}
}

// FuzzStatsQuery: whatever is posted is answered or refused, and what is echoed
// is understood again.
func FuzzStatsQuery(f *testing.F) {
	f.Add([]byte(minimal + "}"))
	f.Add([]byte(minimal + `,"filters":[["is","segment",[1,"2"]],["not",["is","segment",[3]]]]}`))
	f.Add([]byte(minimal + `,"dimensions":["time:week","event:props:x"],"filters":[["or",[["not",["is","visit:city",[1]]],["matches","event:page",["^/a"]]]]]}`))
	f.Add([]byte(minimal + `,"dimensions":["time"],"include":{"comparisons":{"mode":"custom","date_range":["2026-01-01","2026-01-31"],"match_day_of_week":true}}}`))
	f.Add([]byte(`{"site_id":"example.com","metrics":["percentage"],"date_range":["2026-03-29T00:00:00","2026-10-25T23:59:59"],"order_by":[["percentage","asc"]],"include":{"imports":false},"pagination":{"limit":5,"offset":7}}`))
	loc, err := time.LoadLocation("Australia/Lord_Howe")
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 13, 20, 0, 0, time.UTC)
	first := func() (aggregate.Day, bool) { return 20000, true }
	f.Fuzz(func(t *testing.T, body []byte) {
		asked, err := parseStatsQuery(body)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "#") {
				t.Errorf("error %q does not begin with a place", err)
			}
			return
		}
		q, err := asked.resolve(loc, now, first)
		if err != nil {
			return
		}
		out := appendAnswer(nil, &answered{asked, q, &aggregate.Report{}, nil, loc})
		var answer struct {
			Query json.RawMessage `json:"query"`
		}
		if err := json.NewDecoder(bytes.NewReader(out)).Decode(&answer); err != nil && err != io.EOF {
			t.Fatalf("the answer is no JSON: %v\n%s", err, out)
		}
		again, err := parseStatsQuery(answer.Query)
		if err != nil {
			t.Fatalf("the echo %s is refused: %v", answer.Query, err)
		}
		if _, err := again.resolve(loc, now, first); err != nil {
			t.Fatalf("the echo %s is refused: %v", answer.Query, err)
		}
	})
}
