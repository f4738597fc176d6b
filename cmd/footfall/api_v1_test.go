//go:build linux

package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// legacy asks the first version of the stats API; parameters are written as
// key=value with blanks between
// them, + standing for a blank within.
func (d *apiDesk) legacy(path, parameters string) (status int, body string) {
	d.t.Helper()
	q := url.Values{"site_id": {apiSite}}
	for p := range strings.FieldsSeq(parameters) {
		key, value, _ := strings.Cut(p, "=")
		q.Set(key, strings.ReplaceAll(value, "+", " "))
	}
	r, err := d.do("GET", "/api/v1/stats/"+path+"?"+q.Encode(), nil, "Authorization", "Bearer "+d.token)
	if err != nil {
		d.t.Fatal(err)
	}
	return r.status, r.body
}

func TestTheFirstStatsAPIAnswersAsItsContractSays(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	for _, c := range []struct{ path, ask, want string }{
		{"realtime/visitors", "", `0`},
		{"aggregate", "period=day date=2026-11-11", `{"results":{"visitors":{"value":2}}}`},
		{"aggregate", "period=day date=2026-11-11 metrics=pageviews,visits,visitors", `{"results":{"pageviews":{"value":3},"visits":{"value":2},"visitors":{"value":2}}}`},
		{"aggregate", "", `{"results":{"visitors":{"value":5}}}`}, // 30d
		{"aggregate", "period=7d metrics=pageviews", `{"results":{"pageviews":{"value":5}}}`},
		{"aggregate", "period=6mo metrics=pageviews", `{"results":{"pageviews":{"value":9}}}`},
		{"aggregate", "period=month date=2026-10-05 metrics=pageviews", `{"results":{"pageviews":{"value":1}}}`},
		{"aggregate", "period=year date=2025-10-05 metrics=pageviews", `{"results":{"pageviews":{"value":0}}}`},
		{"aggregate", "period=custom date=2026-11-10,2026-11-11 metrics=pageviews", `{"results":{"pageviews":{"value":5}}}`},
		{"aggregate", "period=custom date=2026-11-10,2026-11-12 metrics=pageviews with_imported=false", `{"results":{"pageviews":{"value":2}}}`},
		{"aggregate", "period=day date=2026-11-11 compare=previous_period metrics=visitors,visit_duration",
			`{"results":{"visitors":{"value":2,"change":100,"comparison_value":1},"visit_duration":{"value":750,"change":525,"comparison_value":120}}}`},

		{"aggregate", "period=7d metrics=pageviews filter=visit:source==Google",
			`{"results":{"pageviews":{"value":5}},"meta":{"ignored":["filter"]}}`},
		{"breakdown", "period=7d property=visit:source compare=previous_period limit=1",
			`{"results":[{"source":"Direct / None","visitors":1}],"meta":{"ignored":["compare"]}}`},
		{"timeseries", "period=custom date=2026-11-11,2026-11-11 limit=1",
			`{"results":[{"date":"2026-11-11","visitors":2}],"meta":{"ignored":["limit"]}}`},

		{"timeseries", "period=custom date=2026-11-09,2026-11-11 metrics=visitors,visit_duration",
			`{"results":[{"date":"2026-11-09","visitors":0,"visit_duration":null},{"date":"2026-11-10","visitors":1,"visit_duration":120},{"date":"2026-11-11","visitors":2,"visit_duration":750}]}`},
		{"timeseries", "period=6mo", `{"results":[{"date":"2026-06-01","visitors":0},{"date":"2026-07-01","visitors":0},{"date":"2026-08-01","visitors":0},` +
			`{"date":"2026-09-01","visitors":0},{"date":"2026-10-01","visitors":1},{"date":"2026-11-01","visitors":6}]}`},
		{"timeseries", "period=custom date=2026-10-20,2026-11-11 interval=month metrics=pageviews", `{"results":[{"date":"2026-10-01","pageviews":1},{"date":"2026-11-01","pageviews":6}]}`},

		{"breakdown", "period=7d property=event:page metrics=visitors,pageviews limit=2", `{"results":[{"page":"/","visitors":2,"pageviews":2},{"page":"/Blog/One","visitors":1,"pageviews":1}]}`},
		{"breakdown", "period=7d property=event:page limit=2 page=2", `{"results":[{"page":"/blog/two","visitors":1},{"page":"/pricing","visitors":1}]}`},
		{"breakdown", "period=7d property=visit:source", `{"results":[{"source":"Direct / None","visitors":1},{"source":"Google","visitors":1},{"source":"newsletter","visitors":1}]}`},
		{"breakdown", "period=7d property=event:props:plan filters=event:name==Signup", `{"results":[{"plan":"pro","visitors":1}]}`},

		{"aggregate", "period=7d metrics=pageviews filters=visit:source==Google", `{"results":{"pageviews":{"value":2}}}`},
		{"aggregate", "period=7d metrics=pageviews filters=visit:source==Google|newsletter", `{"results":{"pageviews":{"value":4}}}`},
		{"aggregate", "period=7d metrics=pageviews filters=visit:source!=Google", `{"results":{"pageviews":{"value":3}}}`},
		{"aggregate", "period=7d metrics=pageviews filters=visit:source==Direct+/+None", `{"results":{"pageviews":{"value":1}}}`},
		{"aggregate", "period=7d metrics=pageviews filters=visit:source==Google;event:page==/pricing", `{"results":{"pageviews":{"value":1}}}`},
		{"aggregate", "period=7d metrics=pageviews filters=event:page==/*log/*", `{"results":{"pageviews":{"value":2}}}`},
		{"aggregate", "period=7d metrics=pageviews filters=event:page==/pric*|/", `{"results":{"pageviews":{"value":3}}}`},
		{"aggregate", "period=7d metrics=pageviews filters=event:page!=/*log/*", `{"results":{"pageviews":{"value":3}}}`},
		{"aggregate", "period=7d metrics=pageviews filters=event:page~log", `{"results":{"pageviews":{"value":2}}}`},
		{"aggregate", `period=7d metrics=pageviews filters=event:page==/\*`, `{"results":{"pageviews":{"value":0}}}`},
		{"aggregate", `period=7d metrics=pageviews filters=[["is","event:page",["/"]]]`, `{"results":{"pageviews":{"value":2}}}`},
	} {
		if status, body := d.legacy(c.path, c.ask); status != 200 || body != c.want {
			t.Errorf("%s %s:\n got %d %s\nwant 200 %s", c.path, c.ask, status, body, c.want)
		}
	}
	if _, body := d.legacy("timeseries", "period=day"); strings.Count(body, `"date":`) != 24 ||
		!strings.Contains(body, `{"date":"2026-11-12 14:00:00","visitors":1},{"date":"2026-11-12 15:00:00","visitors":0}`) {
		t.Errorf("the hours of a day are %s", body)
	}
	d.count("203.0.113.9", browsers[1], beacon{"n": "pageview", "u": "https://api.example/", "d": apiSite})
	if _, body := d.legacy("realtime/visitors", ""); body != "1" {
		t.Errorf("%s visitors now, want a bare 1", body)
	}
}

func TestTheFirstStatsAPISaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	for _, c := range []struct{ path, ask, want string }{
		{"aggregate", "metrics=baa", `metrics: Invalid metric "baa"`},
		{"aggregate", "metrics=visitors,visitors", `metrics: Metric "visitors" is there twice`},
		{"aggregate", "period=eternity", `period: Invalid period "eternity": want day, 7d, 30d, 6mo, 12mo, month, year, all, realtime or custom`},
		{"aggregate", "date=yesterday", `date: Invalid date "yesterday" (want YYYY-MM-DD)`},
		{"aggregate", "period=custom", `date: With the period custom, send two dates as date, such as 2026-01-01,2026-01-31`},
		{"aggregate", "period=custom date=2026-01-02,2026-01-01", `date: The range ends before it begins`},
		{"aggregate", "filters=nonsense", `filters: Want a property, an operator (==, !=, ~ or !~) and values, got "nonsense"`},
		{"aggregate", "filters=visit:nothing==1", `filters: Invalid property "visit:nothing"`},
		{"aggregate", "filters=visit:source==", `filters: Want from 1 to 1000 values for "visit:source"`},
		{"aggregate", "filters=[", `#/filters: The list is not JSON`},
		{"aggregate", `filters=[["is","x",[]]]`, `#/filters/0/1: Invalid filter dimension "x"`},
		{"aggregate", "compare=everything", `compare: Want previous_period or year_over_year, got "everything"`},
		{"aggregate", "with_imported=perhaps", `with_imported: Want true or false, got "perhaps"`},
		{"timeseries", "interval=moon", `interval: Want hour, day, week or month, got "moon"`},
		{"breakdown", "", `property: The property to break down by is missing`},
		{"breakdown", "property=time:day", `property: Invalid property "time:day"`},
		{"breakdown", "property=event:page limit=1001", `limit: Want a number from 1 to 1000, got "1001"`},
		{"breakdown", "property=event:page page=0", `page: Want a number from 1 to 1000000, got "0"`},
	} {
		status, body := d.legacy(c.path, c.ask)
		var said struct{ Error string }
		if readJSON(t, body, &said); status != http.StatusBadRequest || said.Error != c.want {
			t.Errorf("%s %s: got %d %s, want 400 %s", c.path, c.ask, status, said.Error, c.want)
		}
	}
	if status, body := d.legacy("breakdown", "period=7d property=event:page filters=visit:source==Google;visit:browser==Chrome"); status != 400 || !strings.Contains(body, "visit:browser") {
		t.Errorf("a breakdown under two filters: got %d %s, want 400 and the filter that is one too many", status, body)
	}
	token := d.token
	for _, c := range []struct {
		token, site string
		want        int
	}{{"", apiSite, 401}, {"wrong", apiSite, 401}, {token, "other.example", 401}, {token, "", 400}} {
		q := url.Values{"site_id": {c.site}, "auth": {token}, "token": {token}}
		if c.site == "" {
			q.Del("site_id")
		}
		r, err := d.do("GET", "/api/v1/stats/aggregate?"+q.Encode(), nil, "Authorization", "Bearer "+c.token)
		if err != nil || r.status != c.want {
			t.Errorf("token %q, site %q: got %d %s (%v), want %d", c.token, c.site, r.status, r.body, err, c.want)
		}
	}
}

func TestTheAPIIsLimitedPerToken(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite(apiSite, "UTC")
	s := h.serve("--state-dir", "none", "--api-rate", "3")
	s.token = h.token()
	other := h.tokenOf()
	asked := func(token string) (reply, error) {
		return s.do("GET", "/api/v1/stats/aggregate?site_id="+apiSite, nil, "Authorization", "Bearer "+token)
	}
	for i := range 5 {
		want := http.StatusOK
		if i >= 3 {
			want = http.StatusTooManyRequests
		}
		r, err := asked(s.token)
		if err != nil || r.status != want || (want != http.StatusOK) != (r.header.Get("Retry-After") != "") {
			t.Errorf("request %d: got %d %s (%v), want %d", i+1, r.status, r.body, err, want)
		}
	}
	if r, err := asked(other); err != nil || r.status != http.StatusOK {
		t.Errorf("another token: got %d %s (%v), want 200", r.status, r.body, err)
	}
	s.stop()
}
