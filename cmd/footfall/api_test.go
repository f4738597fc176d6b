//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// apiDesk is a server with a small known history, asked as programs ask it. It is
// Thursday, 12 November 2026, 15:00 in Berlin.
//
//	Wednesday 11: A, in Chrome from Google, sees / at 00:00 and /pricing at 00:25;
//	              B, in Firefox, sees / at 00:00. (The worked example of the contract.)
//	Tuesday 10:   C, on an iPhone from a newsletter, sees /Blog/One and /blog/two and
//	              signs up with the plan pro.
//	Wednesday 4:  A sees /.
//	20 October:   B sees /old.
//	today:        A sees / at 09:00 and reads it; B sees /docs at 14:50.
type apiDesk struct {
	*inside
	t *testing.T
}

const apiSite = "api.example"

func openAPI(t *testing.T) *apiDesk {
	t.Helper()
	h := install(t)
	h.addSite(apiSite, "Europe/Berlin", "floor=1")
	clock := &wallClock{time: berlin(t, "2026-11-12 09:00:00")}
	d := &apiDesk{h.inside(clock, h.state), t}
	d.token = h.token()
	google := "https://www.google.com/"
	var b strings.Builder
	line := func(at, ip, agent, path, referrer, more string) {
		fmt.Fprintf(&b, `{"time":%q,"ip":%q,"user_agent":%q,"u":"https://api.example%s","r":%q,%s}`+"\n",
			berlin(t, at).Format(time.RFC3339), ip, agent, path, referrer, more)
	}
	const view = `"n":"pageview"`
	line("2026-10-20 12:00:00", "203.0.113.2", browsers[1], "/old", "", view)
	line("2026-11-04 10:00:00", "203.0.113.1", browsers[0], "/", google, view)
	line("2026-11-10 18:00:00", "203.0.113.3", browsers[2], "/Blog/One?utm_source=newsletter&utm_medium=email&utm_campaign=May", "", view)
	line("2026-11-10 18:01:00", "203.0.113.3", browsers[2], "/blog/two", "", view)
	line("2026-11-10 18:02:00", "203.0.113.3", browsers[2], "/blog/two", "", `"n":"Signup","p":{"plan":"pro"}`)
	line("2026-11-11 00:00:00", "203.0.113.1", browsers[0], "/", google, view)
	line("2026-11-11 00:00:00", "203.0.113.2", browsers[1], "/", "", view)
	line("2026-11-11 00:25:00", "203.0.113.1", browsers[0], "/pricing", google, view)
	r := h.tryWith(strings.NewReader(b.String()), "import", "events", "--site", apiSite, "--yes", "--json", "-")
	if r.code != fine || !strings.Contains(r.out, `"counted":8`) {
		t.Fatalf("import: exit %d, %s%s, want 8 counted", r.code, r.out, r.err)
	}
	d.count("203.0.113.1", browsers[0], beacon{"n": "pageview", "u": "https://api.example/", "d": apiSite, "r": google})
	clock.set(berlin(t, "2026-11-12 09:01:00"))
	d.count("203.0.113.1", browsers[0], beacon{"n": "engagement", "u": "https://api.example/", "d": apiSite, "sd": 80, "e": 30_000})
	clock.set(berlin(t, "2026-11-12 14:50:00"))
	d.count("203.0.113.2", browsers[1], beacon{"n": "pageview", "u": "https://api.example/docs", "d": apiSite})
	clock.set(berlin(t, "2026-11-12 15:00:00"))
	return d
}

// call makes a request with the desk's token and reads the JSON answer.
func (d *apiDesk) call(method, path, body string, headers ...string) (status int, answer any) {
	d.t.Helper()
	r, err := d.do(method, path, bytes.NewReader([]byte(body)), append([]string{"Authorization", "Bearer " + d.token}, headers...)...)
	if err != nil {
		d.t.Fatal(err)
	}
	if got := r.header.Get("Content-Type"); got != "application/json; charset=utf-8" && r.status != http.StatusNoContent {
		d.t.Errorf("%s %s: content type %q", method, path, got)
	}
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
		d.t.Fatalf("%s %s answered %d, no JSON: %v\n%s", method, path, r.status, err, r.body)
	}
	return r.status, answer
}

// posted asks the stats API: rest are the keys besides site_id.
func (d *apiDesk) posted(rest string) (status int, answer map[string]any) {
	d.t.Helper()
	status, v := d.call("POST", "/api/v2/query", `{"site_id":"api.example",`+rest+`}`)
	answer, _ = v.(map[string]any)
	return status, answer
}

// wantJSON compares a value of an answer with what it should be in JSON.
func wantJSON(t *testing.T, what string, got any, want string) {
	t.Helper()
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatalf("%s: %v in %s", what, err, want)
	}
	if !reflect.DeepEqual(got, wanted) {
		text, _ := json.Marshal(got)
		t.Errorf("%s:\n got %s\nwant %s", what, text, want)
	}
}

// table writes results shortly: labels, a colon, figures; rows apart by a bar.
func table(answer map[string]any) string {
	var rows []string
	results, _ := answer["results"].([]any)
	for _, r := range results {
		row := r.(map[string]any)
		text := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintln(row["dimensions"].([]any)...), " "), "\n") + ":" +
			strings.TrimSuffix(fmt.Sprintln(row["metrics"].([]any)...), "\n")
		if c, ok := row["comparison"].(map[string]any); ok {
			text += " (" + fmt.Sprint(c["dimensions"], c["metrics"], c["change"]) + ")"
		}
		rows = append(rows, text)
	}
	return strings.ReplaceAll(strings.Join(rows, " | "), "<nil>", "null")
}

func TestTheStatsAPIAnswersAsItsContractSays(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	for _, c := range []struct{ what, ask, want string }{
		{"the worked example", `"metrics":["pageviews","visits","views_per_visit","visitors","bounce_rate","visit_duration"],"date_range":["2026-11-11","2026-11-11"]`, ":3 2 1.5 2 50 750"},
		{"today", `"metrics":["visitors","pageviews"],"date_range":"day"`, ":2 2"},
		{"the last 24 hours", `"metrics":["pageviews"],"date_range":"24h"`, ":2"},
		{"7d ends yesterday", `"metrics":["pageviews"],"date_range":"7d"`, ":5"},
		{"8d begins eight days ago", `"metrics":["pageviews"],"date_range":"8d"`, ":6"},
		{"28d", `"metrics":["pageviews"],"date_range":"28d"`, ":7"},
		{"30d", `"metrics":["pageviews"],"date_range":"30d"`, ":7"},
		{"91d", `"metrics":["pageviews"],"date_range":"91d"`, ":7"},
		{"5000d", `"metrics":["pageviews"],"date_range":"5000d"`, ":7"},
		{"1d is yesterday", `"metrics":["pageviews"],"date_range":"1d"`, ":3"},
		{"month is the current one", `"metrics":["pageviews"],"date_range":"month"`, ":8"},
		{"6mo ends with last month", `"metrics":["pageviews"],"date_range":"6mo"`, ":1"},
		{"1mo is last month", `"metrics":["pageviews"],"date_range":"1mo"`, ":1"},
		{"100mo", `"metrics":["pageviews"],"date_range":"100mo"`, ":1"},
		{"year", `"metrics":["pageviews"],"date_range":"year"`, ":9"},
		{"all", `"metrics":["pageviews"],"date_range":"all"`, ":9"},
		{"realtime is half an hour", `"metrics":["visitors"],"date_range":"realtime"`, ":1"},
		{"two dates", `"metrics":["pageviews"],"date_range":["2026-11-10","2026-11-11"]`, ":5"},
		{"two times with an offset", `"metrics":["pageviews"],"date_range":["2026-11-12T00:00:00+01:00","2026-11-12T11:59:59+01:00"]`, ":1"},
		{"two times in UTC", `"metrics":["pageviews"],"date_range":["2026-11-12T08:00:00Z","2026-11-12T13:00:00Z"]`, ":1"},
		{"an empty range", `"metrics":["visitors","bounce_rate","views_per_visit","visit_duration","time_on_page","scroll_depth"],"date_range":["2026-01-01","2026-01-01"]`, ":0 0 0 null null null"},

		{"hours of today", `"metrics":["visitors"],"date_range":"day","dimensions":["time:hour"]`, "2026-11-12 09:00:00:1 | 2026-11-12 14:00:00:1"},
		{"time of one day is hours", `"metrics":["visitors"],"date_range":"day","dimensions":["time"]`, "2026-11-12 09:00:00:1 | 2026-11-12 14:00:00:1"},
		{"time of more days is days", `"metrics":["visitors"],"date_range":"7d","dimensions":["time"]`, "2026-11-10:1 | 2026-11-11:2"},
		{"days", `"metrics":["visitors"],"date_range":"month","dimensions":["time:day"]`, "2026-11-04:1 | 2026-11-10:1 | 2026-11-11:2 | 2026-11-12:2"},
		{"weeks by their Monday, the cut first one by the first day", `"metrics":["pageviews"],"date_range":["2026-11-04","2026-11-12"],"dimensions":["time:week"]`, "2026-11-04:1 | 2026-11-09:7"},
		{"months", `"metrics":["pageviews"],"date_range":"all","dimensions":["time:month"]`, "2026-10-01:1 | 2026-11-01:8"},
		{"time of a long range is months", `"metrics":["pageviews"],"date_range":["2026-01-01","2026-11-12"],"dimensions":["time"]`, "2026-10-01:1 | 2026-11-01:8"},

		{"pages, ties by their name", `"metrics":["visitors","pageviews"],"date_range":"7d","dimensions":["event:page"]`, "/:2 2 | /Blog/One:1 1 | /blog/two:1 1 | /pricing:1 1"},
		{"names", `"metrics":["events","visitors"],"date_range":"7d","dimensions":["event:name"]`, "pageview:5 3 | Signup:1 1"},
		{"hosts", `"metrics":["visitors"],"date_range":"7d","dimensions":["event:hostname"]`, "api.example:3"},
		{"a property", `"metrics":["visitors"],"date_range":["2026-11-10","2026-11-10"],"dimensions":["event:props:plan"],"filters":[["is","event:name",["Signup"]]]`, "pro:1"},
		{"sources, blanks as their own row", `"metrics":["visitors"],"date_range":"7d","dimensions":["visit:source"]`, "Direct / None:1 | Google:1 | newsletter:1"},
		{"referrers", `"metrics":["visitors"],"date_range":"7d","dimensions":["visit:referrer"]`, "Direct / None:2 | google.com:1"},
		{"channels", `"metrics":["visitors"],"date_range":"7d","dimensions":["visit:channel"]`, "Direct:1 | Email:1 | Organic Search:1"},
		{"tags, blanks as (not set)", `"metrics":["visitors"],"date_range":"7d","dimensions":["visit:utm_medium"]`, "(not set):2 | email:1"},
		{"entry pages", `"metrics":["visits"],"date_range":"7d","dimensions":["visit:entry_page"]`, "/:2 | /Blog/One:1"},
		{"exit pages with their rate", `"metrics":["visits","exit_rate"],"date_range":"7d","dimensions":["visit:exit_page"]`, "/:1 50 | /blog/two:1 100 | /pricing:1 100"},
		{"browsers, sorted as asked", `"metrics":["visitors"],"date_range":"7d","dimensions":["visit:browser"],"order_by":[["visit:browser","desc"]]`, "Safari:1 | Firefox:1 | Chrome:1"},
		{"devices in percent of all visitors", `"metrics":["visitors","percentage"],"date_range":"7d","dimensions":["visit:device"]`, "Desktop:2 66.67 | Mobile:1 33.33"},
		{"places that are not known", `"metrics":["visitors"],"date_range":"7d","dimensions":["visit:country_name"]`, "(not set):3"},
		{"time and a dimension", `"metrics":["visitors"],"date_range":"7d","dimensions":["time:day","visit:browser"]`, "2026-11-10 Safari:1 | 2026-11-11 Chrome:1 | 2026-11-11 Firefox:1"},
		{"engagement", `"metrics":["time_on_page","scroll_depth"],"date_range":"day"`, ":30 80"},

		{"is", `"metrics":["visitors"],"date_range":"7d","filters":[["is","visit:source",["Google","newsletter"]]]`, ":2"},
		{"is, by the label of a blank", `"metrics":["visitors"],"date_range":"7d","filters":[["is","visit:source",["Direct / None"]]]`, ":1"},
		{"is_not", `"metrics":["visitors"],"date_range":"7d","filters":[["is_not","visit:source",["Google"]]]`, ":2"},
		{"contains minds the case", `"metrics":["pageviews"],"date_range":"7d","filters":[["contains","event:page",["blog"]]]`, ":1"},
		{"contains without the case", `"metrics":["pageviews"],"date_range":"7d","filters":[["contains","event:page",["BLOG"],{"case_sensitive":false}]]`, ":2"},
		{"is without the case", `"metrics":["pageviews"],"date_range":"7d","filters":[["is","event:page",["/BLOG/TWO"],{"case_sensitive":false}]]`, ":1"},
		{"contains_not", `"metrics":["pageviews"],"date_range":"7d","filters":[["contains_not","event:page",["log"]]]`, ":3"},
		{"matches", `"metrics":["pageviews"],"date_range":"7d","filters":[["matches","event:page",["^/(B|b)log/[a-zO]+e$"]]]`, ":1"},
		{"matches_not", `"metrics":["pageviews"],"date_range":"7d","filters":[["matches_not","event:page",["^/p","^/$"]]]`, ":2"},
		{"and", `"metrics":["pageviews"],"date_range":"7d","filters":[["and",[["is","visit:source",["Google"]],["is","event:page",["/pricing"]]]]]`, ":1"},
		{"or of one dimension", `"metrics":["pageviews"],"date_range":"7d","filters":[["or",[["is","event:page",["/"]],["is","event:page",["/pricing"]]]]]`, ":3"},
		{"not", `"metrics":["pageviews"],"date_range":"7d","filters":[["not",["is","event:page",["/"]]]]`, ":3"},

		{"the second page of results", `"metrics":["pageviews"],"date_range":"7d","dimensions":["event:page"],"pagination":{"limit":2,"offset":1}`, "/Blog/One:1 | /blog/two:1"},
		{"without imports", `"metrics":["pageviews"],"date_range":"all","include":{"imports":false}`, ":2"},
	} {
		status, answer := d.posted(c.ask)
		if got := table(answer); status != 200 || got != c.want {
			t.Errorf("%s:\n got %d %s %v\nwant 200 %s", c.what, status, got, answer["error"], c.want)
		}
	}
}

func TestTheStatsAPIComparesRanges(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	compare := func(c string) string { return `,"include":{"comparisons":` + c + `}` }
	for _, c := range []struct{ what, ask, want string }{
		{"with the day before", `"metrics":["visitors","pageviews","bounce_rate","visit_duration"],"date_range":["2026-11-11","2026-11-11"]` + compare(`{"mode":"previous_period"}`),
			":2 3 50 750 ([] [1 2 0 120] [100 50 <nil> 525])"},
		{"with the same weekday", `"metrics":["visitors"],"date_range":["2026-11-11","2026-11-11"]` + compare(`{"mode":"previous_period","match_day_of_week":true}`),
			":2 ([] [1] [100])"},
		{"with nothing", `"metrics":["visitors","visit_duration"],"date_range":"7d"` + compare(`{"mode":"year_over_year"}`),
			":3 540 ([] [0 <nil>] [100 <nil>])"},
		{"with what is asked for", `"metrics":["pageviews"],"date_range":"7d"` + compare(`{"mode":"custom","date_range":["2026-10-01","2026-10-31"]}`),
			":5 ([] [1] [400])"},
		{"bucket by bucket, empty ones too", `"metrics":["visitors"],"date_range":["2026-11-09","2026-11-11"],"dimensions":["time:day"]` + compare(`{"mode":"custom","date_range":["2026-11-04","2026-11-05"]}`),
			"2026-11-09:0 ([2026-11-04] [1] [-100]) | 2026-11-10:1 ([2026-11-05] [0] [100]) | 2026-11-11:2"},
		{"a page of buckets", `"metrics":["visitors"],"date_range":["2026-11-09","2026-11-11"],"dimensions":["time"],"pagination":{"limit":1,"offset":1}` + compare(`{"mode":"previous_period"}`),
			"2026-11-10:1 ([2026-11-07] [0] [100])"},
		{"row by row", `"metrics":["visitors","percentage"],"date_range":["2026-11-10","2026-11-11"],"dimensions":["visit:source"],"pagination":{"limit":2}` + compare(`{"mode":"custom","date_range":["2026-11-04","2026-11-04"]}`),
			"Direct / None:1 33.33 ([Direct / None] [0 0] [100 100]) | Google:1 33.33 ([Google] [1 100] [0 -67])"},
		{"hours of today with those of yesterday", `"metrics":["visitors"],"date_range":"day","dimensions":["time"],"pagination":{"limit":1,"offset":9}` + compare(`{"mode":"previous_period"}`),
			"2026-11-12 09:00:00:1 ([2026-11-11 09:00:00] [0] [100])"},
	} {
		status, answer := d.posted(c.ask)
		if got := table(answer); status != 200 || got != strings.ReplaceAll(c.want, "<nil>", "null") {
			t.Errorf("%s:\n got %d %s %v\nwant 200 %s", c.what, status, got, answer["error"], c.want)
		}
	}
	_, answer := d.posted(`"metrics":["visitors"],"date_range":"month"` + compare(`{"mode":"previous_period"}`))
	wantJSON(t, "the range that the first days of this month are compared with", answer["meta"].(map[string]any)["comparison"],
		`{"date_range":["2026-10-20T00:00:00+02:00","2026-10-31T23:59:59+01:00"]}`)
	for _, c := range []struct{ include, want string }{
		{`"previous_period"`, `#/include/comparisons: Want an object, got "previous_period"`},
		{`{}`, `#/include/comparisons/mode: Want previous_period, year_over_year or custom, got null`},
		{`{"mode":"custom"}`, `#/include/comparisons/date_range: Want a list of two dates with the mode custom, and nothing with the others`},
		{`{"mode":"custom","date_range":["2026-11-11","2026-11-10"]}`, `#/include/comparisons/date_range: The range ends before it begins`},
		{`{"mode":"custom","date_range":["2026-11-11","11"]}`, `#/include/comparisons/date_range/1: Invalid date "11" (want YYYY-MM-DD)`},
		{`{"mode":"previous_period","match_day_of_week":1}`, `#/include/comparisons/match_day_of_week: Want true or false, got 1`},
		{`{"mode":"previous_period","until":1}`, `#/include/comparisons/until: Unknown key "until"`},
	} {
		if status, answer := d.posted(`"metrics":["visitors"],"date_range":"day"` + compare(c.include)); status != 400 || answer["error"] != c.want {
			t.Errorf("comparisons %s: %d %v, want 400 %s", c.include, status, answer["error"], c.want)
		}
	}
}

func TestTheStatsAPISaysWhatItAnsweredAndTakesItBack(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	status, answer := d.posted(`"metrics":["visitors"],"date_range":["2026-11-10","2026-11-12"],"dimensions":["time:day"],
		"include":{"time_labels":true,"total_rows":true},"filters":[["is","event:page",["/","/pricing"]]],"pagination":{"limit":1}`)
	if status != 200 {
		t.Fatalf("%d %v", status, answer)
	}
	meta := answer["meta"].(map[string]any)
	wantJSON(t, "time_labels", meta["time_labels"], `["2026-11-10","2026-11-11","2026-11-12"]`)
	wantJSON(t, "total_rows", meta["total_rows"], `2`)
	wantJSON(t, "imports_included", meta["imports_included"], `true`)
	warning, _ := meta["metric_warnings"].(map[string]any)["visitors"].(map[string]any)
	if warning["code"] != "sum_of_values" || warning["warning"] == "" {
		t.Errorf("metric_warnings say %v of a sum over two pages", meta["metric_warnings"])
	}
	wantJSON(t, "query", answer["query"], `{"site_id":"api.example","metrics":["visitors"],"dimensions":["time:day"],
		"date_range":["2026-11-10T00:00:00+01:00","2026-11-12T23:59:59+01:00"],"filters":[["is","event:page",["/","/pricing"]]],
		"order_by":[["time:day","asc"],["visitors","desc"]],"include":{"imports":true,"time_labels":true,"total_rows":true},"pagination":{"limit":1,"offset":0}}`)
	for _, ask := range []string{
		`"metrics":["visitors","percentage"],"date_range":"91d","dimensions":["visit:source"],"include":{"comparisons":{"mode":"year_over_year","match_day_of_week":true}}`,
		`"metrics":["visitors"],"date_range":"realtime","filters":[["not",["contains","event:page",["/"],{"case_sensitive":false}]]]`,
		`"metrics":["pageviews"],"date_range":"24h","dimensions":["time"],"order_by":[["pageviews","desc"]],"include":{"imports":false}`,
	} {
		_, first := d.posted(ask)
		again, err := json.Marshal(first["query"])
		if err != nil {
			t.Fatal(err)
		}
		status, second := d.call("POST", "/api/v2/query", string(again))
		if status != 200 || !reflect.DeepEqual(second, any(first)) {
			t.Errorf("%s\nanswered %v\nand posted again %d %v", ask, first, status, second)
		}
	}
}

func readJSON(t *testing.T, body string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), to); err != nil {
		t.Fatalf("no JSON: %v\n%s", err, body)
	}
}
