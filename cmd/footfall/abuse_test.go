//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// sent is a request to the event endpoint and what has to come back.
type sent struct {
	what, body string
	status     int
	answer     string // a part of it
	dropped    string
}

// fieldsOf makes a body of a good beacon with some JSON in the place of, or beside,
// its own.
func fieldsOf(raw string) string {
	m := map[string]json.RawMessage{"n": json.RawMessage(`"pageview"`), "u": json.RawMessage(`"https://abuse.example/"`)}
	if err := json.Unmarshal([]byte("{"+raw+"}"), &m); err != nil {
		return `{"n":"pageview","u":"https://abuse.example/",` + raw + `}`
	}
	body, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(body)
}

func abuses() []sent {
	const ok, bad = http.StatusAccepted, http.StatusBadRequest
	long := strings.Repeat("x", 2000)
	crowd := ""
	for i := range 1000 {
		crowd += fmt.Sprintf("unknown%d.example,", i)
	}
	return []sent{
		{"nothing", "", bad, `"request":["Unable to parse request body as json"]`, ""},
		{"broken JSON", `{"n":"pageview","u":`, bad, "Unable to parse request body as json", ""},
		{"an array", `[1,2]`, bad, `"errors":{`, ""},
		{"a string", `"pageview"`, bad, `"errors":{`, ""},
		{"null", `null`, bad, `"errors":{`, ""},
		{"two values", fieldsOf("") + fieldsOf(""), bad, "Unable to parse request body as json", ""},
		{"nothing in it", `{}`, bad, `"event_name"`, ""},
		{"nothing in it, the second complaint", `{}`, bad, `"url":["is required"]`, ""},
		{"deep nesting", fieldsOf(`"p":{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}"), 0, "", ""},
		{"deep nesting, unfinished", strings.Repeat(`{"p":`, 12000), bad, "Unable to parse request body as json", ""},

		{"a name that is a number", fieldsOf(`"n":404`), ok, "ok", ""},
		{"a name that is a list", fieldsOf(`"n":["pageview"]`), bad, `"event_name"`, ""},
		{"a name that is true", fieldsOf(`"n":true`), bad, `"event_name"`, ""},
		{"a blank name", fieldsOf(`"n":"  "`), bad, `"event_name"`, ""},
		{"a name of 120 characters", fieldsOf(`"n":"` + strings.Repeat("é", 120) + `"`), ok, "ok", ""},
		{"a name of 121 characters", fieldsOf(`"n":"` + strings.Repeat("é", 121) + `"`), bad, `"event_name"`, ""},
		{"a name that is not UTF-8", `{"n":"a` + "\xff\xfe" + `b","u":"https://abuse.example/"}`, 0, "", ""},
		{"a name with control characters", fieldsOf(`"n":"a\u0001\u001f\u007fb"`), 0, "", ""},

		{"no address", `{"n":"pageview"}`, bad, `"url":["is required"]`, ""},
		{"an address that is a number", fieldsOf(`"u":7`), bad, `"url":["`, ""},
		{"an address that is none", fieldsOf(`"u":"::nothing::"`), bad, `"url":["must be a valid url"]`, ""},
		{"an address with data in it", fieldsOf(`"u":"data:text/html,hello"`), bad, `"url":["scheme is not allowed"]`, ""},
		{"an address of an app", fieldsOf(`"u":"app://abuse.example/start"`), ok, "ok", ""},
		{"an address of 2,000 bytes", fieldsOf(`"u":"https://abuse.example/` + long[:2000-len("https://abuse.example/")] + `"`), ok, "ok", ""},
		{"an address of 2,001 bytes", fieldsOf(`"u":"https://abuse.example/` + long[:2001-len("https://abuse.example/")] + `"`), bad, `"url":["`, ""},
		{"an address that is not UTF-8", `{"n":"pageview","u":"https://abuse.example/` + "\xc3\x28\xff" + `"}`, 0, "", ""},
		{"broken percent signs", fieldsOf(`"u":"https://abuse.example/%zz%1%%00%ff%C0%AF"`), 0, "", ""},
		{"a name and a password", fieldsOf(`"u":"https://geheim:geheim@abuse.example/login"`), ok, "ok", ""},
		{"dots", fieldsOf(`"u":"https://abuse.example/../../etc/passwd"`), ok, "ok", ""},
		{"a script for a path", fieldsOf(`"u":"https://abuse.example/<script>alert(1)</script>"`), ok, "ok", ""},
		{"reserved values", fieldsOf(`"u":"https://abuse.example/%01%02%1f"`), ok, "ok", ""},

		{"no site", `{"n":"pageview","u":"about:blank"}`, bad, `"domain":["can't be blank"]`, ""},
		{"an unknown site", fieldsOf(`"d":"unknown.example"`), ok, "ok", "unknown_site"},
		{"a site that is a list", fieldsOf(`"d":[1]`), 0, "", ""},
		{"a site with a path in it", fieldsOf(`"d":"../../etc"`), 0, "", ""},
		{"a thousand sites", fieldsOf(`"d":"` + crowd + `abuse.example"`), 0, "", ""},

		{"properties that are a list", fieldsOf(`"p":[1,2]`), 0, "", ""},
		{"properties that are a string of JSON", fieldsOf(`"p":"{\"plan\":\"pro\"}"`), ok, "ok", ""},
		{"properties that are a string of none", fieldsOf(`"p":"plan"`), 0, "", ""},
		{"a property of 300 bytes", fieldsOf(`"p":{"` + long[:300] + `":"` + long + `"}`), ok, "ok", ""},
		{"a property with a long key", fieldsOf(`"p":{"` + long[:301] + `":1}`), bad, `"props"`, ""},
		{"a property with a long value", fieldsOf(`"p":{"a":"` + long + `x"}`), bad, `"props"`, ""},
		{"values of all kinds", fieldsOf(`"p":{"a":null,"b":[],"c":{},"d":"","e":true,"f":-1.5e300,"g":"\u0000"}`), ok, "ok", ""},

		{"an odd referrer", fieldsOf(`"r":{"a":1}`), ok, "ok", ""},
		{"a referrer that is none", fieldsOf(`"r":"\\\\//::"`), ok, "ok", ""},
		{"a long referrer", fieldsOf(`"r":"https://elsewhere.example/` + strings.Repeat("y", 30000) + `"`), ok, "ok", ""},
		{"odd revenue", fieldsOf(`"$":{"currency":5,"amount":"much"}`), ok, "ok", ""},
		{"an engagement without figures", fieldsOf(`"n":"engagement"`), bad, `"errors"`, ""},
		{"an absurd engagement", fieldsOf(`"n":"engagement","e":1e400,"sd":-7`), 0, "", ""},
		{"an engagement of a thousand years", fieldsOf(`"n":"engagement","e":31536000000000,"sd":100000`), ok, "ok", ""},
		{"unknown keys", fieldsOf(`"time":"1999-01-01T00:00:00Z","ip":"1.2.3.4","user_agent":"x"`), ok, "ok", ""},
		{"60 KiB", fieldsOf(`"x":"` + strings.Repeat("x", 60<<10) + `"`), ok, "ok", ""},
		{"64 KiB and more", fieldsOf(`"x":"` + strings.Repeat("x", 64<<10) + `"`), http.StatusRequestEntityTooLarge, "", ""},
		{"1 MB", fieldsOf(`"x":"` + strings.Repeat("x", 1<<20) + `"`), http.StatusRequestEntityTooLarge, "", ""},
		{"3 MB", fieldsOf(`"x":"` + strings.Repeat("x", 3<<20) + `"`), http.StatusRequestEntityTooLarge, "", ""},
	}
}

// TestNonsenseGetsAClearAnswer sends what no tracker sends. Where the contract does
// not say what has to come back, it is one of the answers there are.
func TestNonsenseGetsAClearAnswer(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("abuse.example", noonZone(), "floor=1", "hostnames=any")
	s := h.serve("--commit-interval", "20ms")
	counted := 0.0
	for i, row := range abuses() {
		who := fmt.Sprintf("203.0.113.%d", i)
		if strings.Contains(row.body, `"engagement"`) { // a visit to engage in
			s.count(who, browsers[0], view("https://abuse.example/before"))
			counted++
		}
		r, err := s.do("POST", "/api/event", strings.NewReader(row.body), "User-Agent", browsers[0], "X-Forwarded-For", who)
		if err != nil {
			t.Errorf("%s: %v, want an answer", row.what, err)
			continue
		}
		if row.status == 0 && (r.status == http.StatusAccepted || r.status == http.StatusBadRequest) {
			row.status, row.dropped = r.status, r.dropped()
		}
		if r.status != row.status || !strings.Contains(r.body, row.answer) || r.dropped() != row.dropped {
			t.Errorf("%s: answered %d %q, dropped as %q; want %d %q, dropped as %q", row.what, r.status, r.body, r.dropped(), row.status, row.answer, row.dropped)
		}
		if r.status == http.StatusBadRequest && !json.Valid([]byte(r.body)) {
			t.Errorf("%s: answered %q, want JSON", row.what, r.body)
		}
		all := r.dropped() == "" || r.header.Get("x-plausible-dropped") == "1000" // of 1,001 sites
		if r.status == http.StatusAccepted && all && !strings.Contains(row.body, `"engagement"`) {
			counted++
		}
	}
	if got := s.today("abuse.example"); got[3] != counted {
		t.Errorf("%v events were counted, want the %v that were answered for", got[3], counted)
	}
	s.cleanTexts("abuse.example")
	s.stop()
}

// cleanTexts proves that no report of today holds what cannot be shown.
func (s *server) cleanTexts(site string) {
	s.t.Helper()
	for _, d := range []string{"event:page", "event:name", "event:hostname", "visit:referrer", "visit:source", "event:props:a", "event:props:g"} {
		r, status := s.ask(query{Site: site, Metrics: []string{"events"}, DateRange: "day", Dimensions: []string{d}})
		if status != http.StatusOK {
			s.t.Errorf("%s: answered %d %q", d, status, r.Error)
		}
		for label := range r.rows() {
			if !utf8.ValidString(label) || strings.ContainsFunc(label, func(c rune) bool { return c < ' ' || c == 0x7f }) || strings.Contains(label, "geheim") {
				s.t.Errorf("%s has the value %q", d, label)
			}
		}
	}
}

func TestWrongMethodsAndHeadersGetAClearAnswer(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("abuse.example", noonZone())
	s := h.serve()
	for _, row := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/api/event", http.StatusMethodNotAllowed}, {"PUT", "/api/event", http.StatusMethodNotAllowed}, {"DELETE", "/api/event", http.StatusMethodNotAllowed},
		{"OPTIONS", "/api/event", http.StatusNoContent}, {"POST", "/js/script.js", http.StatusMethodNotAllowed}, {"GET", "/api/v2/query", http.StatusMethodNotAllowed},
		{"GET", "/no/such/page", http.StatusNotFound}, {"GET", "/pixel.gif", http.StatusBadRequest}, {"GET", "/../../etc/passwd", http.StatusNotFound},
		{"GET", "/unknown.example", http.StatusNotFound}, {"GET", "/assets/nothing.js", http.StatusNotFound},
	} {
		r, err := s.do(row.method, row.path, nil, "User-Agent", browsers[0])
		if err != nil || r.status != row.status {
			t.Errorf("%s %s: answered %d (%v), want %d", row.method, row.path, r.status, err, row.status)
		}
		if len(r.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s %s sets a cookie", row.method, row.path)
		}
	}
	for what, request := range map[string]string{
		"no HTTP":              "hello\r\n\r\n",
		"a broken length":      "POST /api/event HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
		"a negative length":    "POST /api/event HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
		"two lengths":          "POST /api/event HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
		"broken chunks":        "POST /api/event HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"a header without end": "GET / HTTP/1.1\r\nHost: " + strings.Repeat("x", 64<<10),
		"zero bytes":           "\x00\x00\x00\x00\r\n\r\n",
	} {
		if got := raw(t, s, request); !strings.HasPrefix(got, "HTTP/1.1 4") {
			t.Errorf("%s is answered %.60q, want a refusal", what, got)
		}
	}
	s.count("203.0.113.1", browsers[0], view("https://abuse.example/"))
	s.stop()
}

// TestSlowSendersDoNotHoldUpOthers: a request that drips is answered 408, and all
// the while others are served.
func TestSlowSendersDoNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("slow.example", noonZone())
	s := h.serve()
	const slow = 200
	answers := make([]string, slow)
	var wg sync.WaitGroup
	for i := range slow {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		request := "POST /api/event HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"n\":"
		if i%2 == 1 {
			request = request[:20] // not even its head comes to an end
		}
		io.WriteString(conn, request)
		wg.Go(func() {
			answer, _ := io.ReadAll(conn)
			answers[i] = string(answer)
		})
	}
	for i := range 50 {
		begun := time.Now()
		s.count(fmt.Sprintf("203.0.113.%d", i), browsers[0], view("https://slow.example/"))
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("beside %d slow senders a beacon took %v", slow, took)
		}
	}
	wg.Wait()
	for i, answer := range answers {
		if !strings.HasPrefix(answer, "HTTP/1.1 408 ") {
			t.Fatalf("slow sender %d is answered %.60q, want 408", i, answer)
		}
	}
	if got := s.today("slow.example")[2]; got != 50 {
		t.Errorf("%v pageviews, want 50", got)
	}
	s.stop()
}

// TestBadQueriesSayWhere sends the stats API what it cannot answer.
func TestBadQueriesSayWhere(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("query.example", noonZone())
	h.addSite("other.example", noonZone())
	s := h.serve()
	narrow := strings.TrimSpace(h.must("token", "add", "narrow", "--site", "other.example"))
	sender := strings.TrimSpace(h.must("token", "add", "sender", "--scope", "send"))
	all := h.token()
	const good = `"site_id":"query.example","metrics":["visitors"],"date_range":"day"`
	wrongKey := ""
	for _, row := range []struct {
		what, token, body string
		status            int
		says              string
	}{
		{"a good one", all, "{" + good + "}", 200, `"results":[`},
		{"no token", "", "{" + good + "}", 401, `"error":`},
		{"a made-up token", "made-up", "{" + good + "}", 401, `"error":`},
		{"a token of another site", narrow, "{" + good + "}", 401, `"error":`},
		{"a token of another scope", sender, "{" + good + "}", 401, `"error":`},
		{"an unknown site", all, `{"site_id":"unknown.example","metrics":["visitors"],"date_range":"day"}`, 401, `"error":`},
		{"broken JSON", all, "{" + good, 400, `"error":`},
		{"no JSON", all, "visitors", 400, `"error":`},
		{"nothing", all, "", 400, `"error":`},
		{"no site", all, `{"metrics":["visitors"],"date_range":"day"}`, 400, "site_id"},
		{"no metrics", all, `{"site_id":"query.example","date_range":"day"}`, 400, "metrics"},
		{"an empty list", all, `{"site_id":"query.example","metrics":[],"date_range":"day"}`, 400, "#/metrics"},
		{"an unknown metric", all, `{"site_id":"query.example","metrics":["visitors","baa"],"date_range":"day"}`, 400, `#/metrics/1: Invalid metric \"baa\"`},
		{"a metric twice", all, `{"site_id":"query.example","metrics":["visitors","visitors"],"date_range":"day"}`, 400, "#/metrics"},
		{"no range", all, `{"site_id":"query.example","metrics":["visitors"]}`, 400, "date_range"},
		{"an unknown range", all, `{"site_id":"query.example","metrics":["visitors"],"date_range":"fortnight"}`, 400, "#/date_range"},
		{"a day that is none", all, `{"site_id":"query.example","metrics":["visitors"],"date_range":["2026-02-30","2026-03-01"]}`, 400, "#/date_range"},
		{"a range back in time", all, `{"site_id":"query.example","metrics":["visitors"],"date_range":["2026-03-02","2026-03-01"]}`, 400, "#/date_range"},
		{"too many days", all, `{"site_id":"query.example","metrics":["visitors"],"date_range":"5001d"}`, 400, "#/date_range"},
		{"an unknown dimension", all, "{" + good + `,"dimensions":["visit:shoe_size"]}`, 400, "#/dimensions/0"},
		{"a dimension twice", all, "{" + good + `,"dimensions":["event:page","event:page"]}`, 400, "#/dimensions"},
		{"an unknown operator", all, "{" + good + `,"filters":[["like","event:page",["/"]]]}`, 400, "#/filters/0"},
		{"a filter without values", all, "{" + good + `,"filters":[["is","event:page",[]]]}`, 400, "#/filters/0"},
		{"a filter that is none", all, "{" + good + `,"filters":"event:page==/"}`, 400, "#/filters"},
		{"a broken expression", all, "{" + good + `,"filters":[["matches","event:page",["("]]]}`, 400, "#/filters/0"},
		{"an order by what is not asked", all, "{" + good + `,"order_by":[["visits","desc"]]}`, 400, "#/order_by"},
		{"a limit of none", all, "{" + good + `,"pagination":{"limit":0}}`, 400, "#/pagination"},
		{"a limit of too many", all, "{" + good + `,"pagination":{"limit":10001}}`, 400, "#/pagination"},
		{"an unknown key", all, "{" + good + `,"colour":"red"}`, 400, "colour"},
		{"1 MB", all, "{" + good + `,"filters":[["is","event:page",["` + strings.Repeat("x", 1<<20) + `"]]]}`, 413, ""},
	} {
		headers := []string{"Authorization", "Bearer " + row.token}
		if row.token == "" {
			headers = nil
		}
		r, err := s.do("POST", "/api/v2/query", strings.NewReader(row.body), headers...)
		if err != nil || r.status != row.status || !strings.Contains(r.body, row.says) {
			t.Errorf("%s: answered %d %.200q (%v), want %d %q", row.what, r.status, r.body, err, row.status, row.says)
		}
		if r.status == http.StatusUnauthorized {
			if wrongKey != "" && r.body != wrongKey {
				t.Errorf("%s: answered %q, want the text of any other 401: %q", row.what, r.body, wrongKey)
			}
			wrongKey = r.body
		}
	}
	s.stop()
}
