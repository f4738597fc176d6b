//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// till is a running server with a site that sells, on an afternoon in Berlin: two
// days were imported, and today goes on.
type till struct {
	*inside
	t *testing.T
}

const shopSite = "shop.example"

func openTill(t *testing.T) *till {
	t.Helper()
	h := install(t)
	h.addSite(shopSite, "Europe/Berlin", "floor=1", "currency=EUR", "rates=USD=0.9")
	h.must("goal", "add", shopSite, "--event", "Signup")
	h.must("goal", "add", shopSite, "--page", "/thanks", "--name", "Thanked")
	var b strings.Builder
	line := func(at, ip, path, more string) {
		fmt.Fprintf(&b, `{"time":%q,"ip":%q,"user_agent":%q,"u":"https://shop.example%s","r":"https://duckduckgo.com/",%s}`+"\n",
			berlin(t, at).Format(time.RFC3339), ip, browsers[0], path, more)
	}
	line("2026-11-10 10:00:00", "203.0.113.1", "/", `"n":"pageview"`)
	line("2026-11-10 10:01:00", "203.0.113.1", "/", `"n":"Signup","p":{"plan":"pro"},"$":{"currency":"EUR","amount":"20.50"}`)
	line("2026-11-10 11:00:00", "203.0.113.2", "/thanks", `"n":"pageview"`)
	line("2026-11-11 10:00:00", "203.0.113.3", "/", `"n":"pageview"`)
	r := h.tryWith(strings.NewReader(b.String()), "import", "events", "--site", shopSite, "--yes", "--json", "-")
	if r.code != fine || !strings.Contains(r.out, `"counted":4`) {
		t.Fatalf("import: exit %d, %s%s", r.code, r.out, r.err)
	}
	s := &till{h.inside(&wallClock{time: berlin(t, "2026-11-12 15:00:00")}, h.state), t}
	s.token = h.token()
	return s
}

// post asks an address of the API; the answer's JSON as text.
func (s *till) post(path, body string) string {
	s.t.Helper()
	r, err := s.do("POST", path, strings.NewReader(body), "Authorization", "Bearer "+s.token)
	if err != nil {
		s.t.Fatal(err)
	}
	return r.body
}

// rows are the results of a query.
func (s *till) rows(body string) string {
	s.t.Helper()
	var v struct {
		Results json.RawMessage
		Error   string
	}
	answer := s.post("/api/v2/query", body)
	if err := json.Unmarshal([]byte(answer), &v); err != nil {
		s.t.Fatalf("%s: %v", answer, err)
	}
	if v.Error != "" {
		return v.Error
	}
	return string(v.Results)
}

func (s *till) equal(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

// sell sends today's visits: two visitors go from / over /cart to Buy, one of them
// only as far as /cart, and one with an amount that nobody has a rate for.
func (s *till) sell() {
	for i, path := range []string{"/", "/cart"} {
		for _, ip := range []string{"203.0.113.11", "203.0.113.12", "203.0.113.13"} {
			s.clock.set(berlin(s.t, fmt.Sprintf("2026-11-12 15:0%d:00", i)))
			s.count(ip, browsers[0], view("https://shop.example"+path))
		}
	}
	s.clock.set(berlin(s.t, "2026-11-12 15:02:00"))
	buy := func(currency, amount string) beacon {
		return beacon{"n": "Buy", "u": "https://shop.example/cart", "p": map[string]string{"plan": "pro"},
			"$": map[string]string{"currency": currency, "amount": amount}}
	}
	s.count("203.0.113.11", browsers[0], buy("USD", "100"))
	s.count("203.0.113.12", browsers[0], buy("GBP", "7"))
	s.count("203.0.113.13", browsers[0], beacon{"n": "engagement", "u": "https://shop.example/cart", "sd": 80, "e": 9000})
}

// TestGoalsAndRevenueAreAnsweredOverHTTP: goals made while the day is under way
// count it whole, and through a restart.
func TestGoalsAndRevenueAreAnsweredOverHTTP(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.sell()
	s.home.must("goal", "add", shopSite, "--event", "Buy", "--prop", "plan=pro", "--name", "Pro")
	s.home.must("goal", "add", shopSite, "--page", "/c*", "--scroll", "75", "--name", "Readers")
	check := func() {
		t.Helper()
		const three = `"site_id":"shop.example","date_range":["2026-11-10","2026-11-12"]`
		s.equal("goals of three days", s.rows(`{`+three+`,"metrics":["visitors","events","conversion_rate","total_revenue","average_revenue"],"dimensions":["event:goal"],
			"order_by":[["event:goal","asc"]]}`),
			`[{"dimensions":["Pro"],"metrics":[2,2,66.67,90,90]},{"dimensions":["Readers"],"metrics":[1,1,33.33,0,null]},`+
				`{"dimensions":["Signup"],"metrics":[1,1,16.67,20.5,20.5]},{"dimensions":["Thanked"],"metrics":[1,1,16.67,0,null]}]`)
		s.equal("a goal as a filter, by source", s.rows(`{`+three+`,"metrics":["visitors","conversion_rate","group_conversion_rate","total_revenue"],"dimensions":["visit:source"],
			"filters":[["is","event:goal",["Signup"]]]}`),
			`[{"dimensions":["DuckDuckGo"],"metrics":[1,16.67,33.33,20.5]}]`)
		s.equal("a goal day by day", s.rows(`{`+three+`,"metrics":["events"],"dimensions":["time:day"],"filters":[["is","event:goal",["Thanked"]]]}`),
			`[{"dimensions":["2026-11-10"],"metrics":[1]}]`)
		s.equal("a goal by property", s.rows(`{`+three+`,"metrics":["events","total_revenue"],"dimensions":["event:props:plan"],"filters":[["is","event:goal",["Signup"]]]}`),
			`[{"dimensions":["pro"],"metrics":[1,20.5]}]`)
		s.equal("all revenue", s.rows(`{`+three+`,"metrics":["total_revenue","average_revenue"]}`), `[{"dimensions":[],"metrics":[110.5,55.25]}]`)
		if answer := s.post("/api/v2/query", `{`+three+`,"metrics":["visitors"],"filters":[["is","event:goal",["Pro"]]]}`); !strings.Contains(answer, `"counted_since"`) ||
			!strings.Contains(answer, "since 2026-11-12") {
			t.Errorf("a goal that is counted since today: %s, want a warning that says so", answer)
		}
	}
	check()
	for body, want := range map[string]string{
		`"metrics":["conversion_rate"]`:                                                                                                   "needs a goal",
		`"metrics":["visitors"],"filters":[["is_not","event:goal",["Signup"]]]`:                                                           "stands alone",
		`"metrics":["visitors"],"filters":[["is","event:goal",["Nobody"]]]`:                                                               "no goal",
		`"metrics":["visitors"],"filters":[["is","event:goal",["Signup","Thanked"]]]`:                                                     "different ways",
		`"metrics":["visitors"],"filters":[["is","event:goal",["Pro"]]],"date_range":["2026-11-10","2026-11-11"]`:                         "counted since 2026-11-12",
		`"metrics":["visitors"],"dimensions":["event:page"],"filters":[["is","event:goal",["Signup"]],["is","visit:device",["Desktop"]]]`: "3 facts",
	} {
		if !strings.Contains(body, "date_range") {
			body += `,"date_range":["2026-11-10","2026-11-11"]`
		}
		if got := s.rows(`{"site_id":"shop.example",` + body + `}`); !strings.Contains(got, want) || !strings.HasSuffix(got, ".") {
			t.Errorf("%s: %s, want a sentence with %q", body, got, want)
		}
	}
	if got := s.ledger("2026-11-12"); !strings.Contains(got, "no rate for GBP") {
		t.Errorf("the ledger says %s, want the currency without a rate", got)
	}
	s.restart()
	check()
	s.tomorrow()
	check()
	s.home.mustBeSound()
}

func (s *till) ledger(day string) string {
	s.t.Helper()
	r, err := s.do("GET", "/api/v2/refusals?site_id=shop.example&date_range="+day+","+day, nil, "Authorization", "Bearer "+s.token)
	if err != nil {
		s.t.Fatal(err)
	}
	return r.body
}

// restart stops the server and starts another one on the same memory state.
func (s *till) restart() {
	token := s.token
	s.stop()
	s.inside = s.home.inside(s.clock, s.home.state)
	s.token = token
}

// tomorrow lets the day end and be closed.
func (s *till) tomorrow() {
	s.clock.set(berlin(s.t, "2026-11-13 09:00:00"))
	s.restart()
	if _, err := s.real.engine.CloseEnded(); err != nil {
		s.t.Fatal(err)
	}
}

// mustBeSound runs check and audit.
func (h *installation) mustBeSound() {
	h.t.Helper()
	h.must("check")
	h.must("audit")
}

// TestFunnelsAndFlowsAreAnsweredOverHTTP: today, and when the day is closed.
func TestFunnelsAndFlowsAreAnsweredOverHTTP(t *testing.T) {
	t.Parallel()
	s := openTill(t)
	s.sell()
	if got := s.post("/api/v2/funnels", `{"site_id":"shop.example"}`); !strings.Contains(got, "scope sites") {
		t.Errorf("a token that only reads: %s", got)
	}
	reader := s.token
	s.token = strings.TrimSpace(s.home.must("token", "add", "owner", "--scope", "sites"))
	s.post("/api/v2/funnels", `{"site_id":"shop.example","name":"Sale","steps":[{"page_path":"/"},{"page_path":"/cart"},{"event_name":"Buy","name":"Bought"}]}`)
	strict := s.post("/api/v2/funnels", `{"site_id":"shop.example","name":"At once","strict":true,"steps":[{"page_path":"/"},{"event_name":"Buy"}]}`)
	s.token = reader
	var made struct{ ID string }
	if err := json.Unmarshal([]byte(strict), &made); err != nil || made.ID != "2" {
		t.Fatalf("made %s", strict)
	}
	check := func() {
		t.Helper()
		const day = `"site_id":"shop.example","date_range":["2026-11-12","2026-11-12"]`
		var f struct {
			Steps  []struct{ Visitors, Visits int }
			Groups []struct {
				Label string
				Steps []struct{ Visitors int }
			}
			Meta struct{ Warnings []any }
		}
		answer := s.post("/api/v2/funnels/query", `{`+day+`,"funnel_id":"1","by":"visit:browser"}`)
		if err := json.Unmarshal([]byte(answer), &f); err != nil {
			t.Fatal(answer)
		}
		s.equal("the funnel", fmt.Sprint(f.Steps, f.Groups, f.Meta.Warnings), "[{3 3} {3 3} {2 2}] [{Chrome [{3} {3} {2}]}] []")
		answer = s.post("/api/v2/funnels/query", `{`+day+`,"funnel_id":2}`)
		if err := json.Unmarshal([]byte(answer), &f); err != nil {
			t.Fatal(answer)
		}
		s.equal("the strict one", fmt.Sprint(f.Steps), "[{3 3} {0 0}]")
		s.equal("the flow of /cart", s.post("/api/v2/flows", `{`+day+`,"page":"/cart"}`),
			`{"page":"/cart","pageviews":3,"visits":3,"entries":0,"exits":3,"again":0,"before":[{"page":"/","pageviews":3,"visits":3,"visitors":3}],"after":[],"meta":{"warnings":[]}}`)
		s.equal("the flow of /", s.post("/api/v2/flows", `{`+day+`,"page":"/"}`),
			`{"page":"/","pageviews":3,"visits":3,"entries":3,"exits":0,"again":0,"before":[],"after":[{"page":"/cart","pageviews":3,"visits":3,"visitors":3}],"meta":{"warnings":[]}}`)
		s.equal("sections", s.rows(`{`+day+`,"metrics":["visitors","pageviews"],"dimensions":["event:page_section"]}`),
			`[{"dimensions":["/"],"metrics":[3,3]},{"dimensions":["/cart"],"metrics":[3,3]}]`)
	}
	check()
	s.tomorrow()
	check()
	s.equal("a funnel before it was made", s.post("/api/v2/funnels/query", `{"site_id":"shop.example","date_range":["2026-11-10","2026-11-11"],"funnel_id":1}`),
		`{"error":"#/date_range: The funnel \"Sale\" is counted since 2026-11-12. Ask for days from then on."}`)
	s.home.mustBeSound()
}
