//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// debug asks what would become of a beacon.
func (s *server) debug(b beacon, headers ...string) map[string]any {
	s.t.Helper()
	body, err := json.Marshal(b)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := s.do("POST", "/api/event", strings.NewReader(string(body)), append([]string{"User-Agent", browsers[0], "X-Debug-Request", "true"}, headers...)...)
	var told map[string]any
	if err == nil {
		err = json.Unmarshal([]byte(r.body), &told)
	}
	if err != nil || r.status != http.StatusOK {
		s.t.Fatalf("debug: answered %d %q: %v", r.status, r.body, err)
	}
	return told
}

// TestTheClientsAddressIsTheOneThatProxiesAreTrustedWith wires the flags to the
// debug answer, which tells what would be stored.
func TestTheClientsAddressIsTheOneThatProxiesAreTrustedWith(t *testing.T) {
	t.Parallel()
	forwarded := []string{"X-Forwarded-For", "198.51.100.9, 203.0.113.7"}
	for _, row := range []struct {
		flags, headers []string
		want           string
	}{
		{nil, forwarded, "203.0.113.7"},
		{nil, []string{"X-Forwarded-For", "203.0.113.7, 127.0.0.1"}, "203.0.113.7"},
		{nil, []string{"X-Forwarded-For", "203.0.113.7:1234"}, "203.0.113.7"},
		{nil, []string{"X-Forwarded-For", "[2001:db8::7]:443"}, "2001:db8::7"},
		{nil, []string{"Forwarded", `for="[2001:db8::8]";proto=https`}, "2001:db8::8"},
		{nil, nil, "127.0.0.1"},
		{[]string{"--trusted-proxies", "none"}, forwarded, "127.0.0.1"},
		{[]string{"--trusted-proxies", "10.0.0.0/8"}, forwarded, "127.0.0.1"},
		{[]string{"--trusted-proxies", "loopback,203.0.113.0/24"}, forwarded, "198.51.100.9"},
		{[]string{"--trusted-proxies", "127.0.0.1/32"}, forwarded, "203.0.113.7"},
		{[]string{"--client-ip-header", "CF-Connecting-IP"}, append(forwarded, "CF-Connecting-IP", "203.0.113.77"), "203.0.113.77"},
	} {
		h := install(t)
		h.addSite("doors.example", noonZone())
		s := h.serve(row.flags...)
		if got := s.debug(view("https://doors.example/"), row.headers...)["client_ip"]; got != row.want {
			t.Errorf("%v with %v: the client is %v, want %s", row.flags, row.headers, got, row.want)
		}
		s.stop()
	}
}

func TestTheDebugAnswerTellsAllAndCountsNothing(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("doors.example", noonZone())
	s := h.serve()
	told := s.debug(beacon{"n": "pageview", "u": "https://www.doors.example/caf%C3%A9?utm_source=news&utm_medium=email&utm_campaign=May&utm_content=a&utm_term=b&id=5",
		"r": "https://duckduckgo.com/"}, "Accept-Language", "de", "X-Forwarded-For", "203.0.113.7")
	want := map[string]any{"counted": true, "dropped": nil, "site": "doors.example", "name": "pageview", "page": "/café", "hostname": "doors.example",
		"source": "news", "channel": "Email", "utm_source": "news", "utm_medium": "email", "utm_campaign": "May", "utm_content": "a", "utm_term": "b",
		"browser": "Chrome", "browser_version": "142.0", "os": "Windows", "os_version": "10", "device": "Desktop", "language": "de", "client_ip": "203.0.113.7"}
	for key, value := range want {
		if told[key] != value {
			t.Errorf("%s is %v, want %v", key, told[key], value)
		}
	}
	for _, key := range []string{"detail", "referrer", "country", "region", "city", "via"} {
		if _, ok := told[key]; !ok {
			t.Errorf("the debug answer lacks %s", key)
		}
	}
	for what, b := range map[string]beacon{"unknown_site": view("https://unknown.example/"), "bot": view("https://doors.example/")} {
		headers := []string{}
		if what == "bot" {
			headers = []string{"User-Agent", robot}
		}
		if told := s.debug(b, headers...); told["counted"] != false || told["dropped"] != what {
			t.Errorf("%s: counted %v, dropped %v", what, told["counted"], told["dropped"])
		}
	}
	if got := fmt.Sprint(s.today("doors.example")); got != "[0 0 0 0]" {
		t.Errorf("after debug requests: %s, want nothing counted", got)
	}
	s.stop()
}

// TestEveryDoorLeadsToTheSameCounters: JSON whatever it is called, a form, the
// pixel, several sites at once.
func TestEveryDoorLeadsToTheSameCounters(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("doors.example", noonZone(), "hostnames=any")
	h.addSite("both.example", noonZone(), "hostnames=any")
	s := h.serve("--base-path", "/stats", "--public-url", "https://counter.example/stats")
	if !strings.HasSuffix(s.url, "/stats") {
		t.Fatalf("the dashboard is said to be at %s, want it under /stats", s.url)
	}
	root := strings.TrimSuffix(s.url, "/stats")
	send := func(method, path, body string, headers ...string) reply {
		t.Helper()
		r, err := s.do(method, path, strings.NewReader(body), append([]string{"User-Agent", browsers[0], "X-Forwarded-For", "203.0.113.7"}, headers...)...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	const event = `{"n":"pageview","u":"https://doors.example/"}`
	for _, row := range []struct{ path, body, kind string }{
		{"/api/event", event, "text/plain"}, {"/api/event", event, "application/json"}, {"/api/event", event, ""},
		{"/api/event", event, "application/x-www-form-urlencoded"},
		{"/api/event", "n=pageview&u=https%3A%2F%2Fdoors.example%2F", "application/x-www-form-urlencoded"},
		{"/api/event", `{"name":"pageview","url":"https://doors.example/","domain":"www.doors.example"}`, "text/plain"},
		{"/api/event", `{"n":"pageview","u":"https://doors.example/","d":"doors.example,both.example"}`, "text/plain"},
	} {
		r := send("POST", row.path, row.body, "Content-Type", row.kind)
		if r.status != http.StatusAccepted || r.body != "ok" || r.dropped() != "" || r.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s as %q: answered %d %q, dropped as %q, allowed to %q; want 202 ok for all", row.body, row.kind, r.status, r.body, r.dropped(), r.header.Get("Access-Control-Allow-Origin"))
		}
	}
	// The beacon's path is open without the base path, too: proxies may cut it off.
	s.url = root
	if r := send("POST", "/api/event", event); r.status != http.StatusAccepted {
		t.Errorf("without the base path: answered %d, want 202", r.status)
	}
	s.url = root + "/stats"
	for _, headers := range [][]string{{"Referer", "https://doors.example/pixel"}, nil} {
		path := "/pixel.gif?d=doors.example"
		if headers == nil {
			path += "&u=https%3A%2F%2Fdoors.example%2Fpixel"
		}
		r := send("GET", path, "", headers...)
		if r.status != http.StatusOK || len(r.body) != 43 || !strings.HasPrefix(r.body, "GIF89a") || r.header.Get("Cache-Control") != "no-store" || r.dropped() != "" {
			t.Errorf("%s: answered %d with %d bytes, %q, dropped as %q; want a GIF of 43 bytes that is not stored", path, r.status, len(r.body), r.header.Get("Cache-Control"), r.dropped())
		}
	}
	if got := fmt.Sprint(s.today("doors.example")); got != "[1 1 10 10]" {
		t.Errorf("visitors, visits, pageviews, events are %s, want [1 1 10 10]", got)
	}
	if got := fmt.Sprint(s.today("both.example")); got != "[1 1 1 1]" {
		t.Errorf("the second site of a beacon has %s, want [1 1 1 1]", got)
	}

	preflight := send("OPTIONS", "/api/event", "", "Origin", "https://doors.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	if preflight.status != http.StatusNoContent || preflight.header.Get("Access-Control-Allow-Origin") != "*" || preflight.header.Get("Access-Control-Max-Age") == "" ||
		!strings.Contains(preflight.header.Get("Access-Control-Allow-Methods"), "POST") || preflight.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("preflight: %d %v", preflight.status, preflight.header)
	}
	page := send("GET", "/doors.example", "")
	if allowed := page.header.Get("Access-Control-Allow-Origin"); allowed != "" {
		t.Errorf("the dashboard may be read from %q, want no such header", allowed)
	}
	h.addSite("empty.example", noonZone())
	s.url = root + "/stats"
	if r, err := s.do("GET", "/empty.example", nil); err != nil || !strings.Contains(r.body, "https://counter.example/stats/js/") {
		t.Errorf("the script tag to embed does not name the public address: %v, %.300q", err, r.body)
	}
	s.stop()
}

// TestTheScriptIsServedUnderItsNames, old ones too, compressed for who can read it.
func TestTheScriptIsServedUnderItsNames(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("doors.example", noonZone())
	s := h.serve()
	for _, name := range []string{"script.js", "plausible.js", "script.hash.js", "script.outbound-links.file-downloads.js", "script.manual.tagged-events.js", "script.local.js"} {
		r, err := s.do("GET", "/js/"+name, nil, "Accept-Encoding", "identity")
		if err != nil || r.status != http.StatusOK || !strings.Contains(r.header.Get("Content-Type"), "javascript") || !strings.Contains(r.body, "/api/event") {
			t.Errorf("/js/%s: answered %d, %q, %d bytes (%v); want a script", name, r.status, r.header.Get("Content-Type"), len(r.body), err)
		}
		if r.header.Get("Access-Control-Allow-Origin") != "*" || len(r.header.Values("Set-Cookie")) > 0 {
			t.Errorf("/js/%s: headers %v; want it open to all, without a cookie", name, r.header)
		}
		packed, err := s.do("GET", "/js/"+name, nil, "Accept-Encoding", "br, gzip")
		if err != nil || packed.header.Get("Content-Encoding") != "br" || len(packed.body) >= len(r.body) {
			t.Errorf("/js/%s: packed as %q it has %d bytes (%v)", name, packed.header.Get("Content-Encoding"), len(packed.body), err)
		}
	}
	if r, err := s.do("GET", "/js/other.js", nil); err != nil || r.status != http.StatusNotFound {
		t.Errorf("/js/other.js: answered %d (%v), want 404", r.status, err)
	}
	s.stop()
}

// TestTheDashboardIsOpenHereAndClosedToOthers: on this machine it needs no token;
// whoever comes through a proxy shows one.
func TestTheDashboardIsOpenHereAndClosedToOthers(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("doors.example", noonZone())
	h.addSite("other.example", noonZone())
	s := h.serve()
	narrow := strings.TrimSpace(h.must("token", "add", "narrow", "--site", "doors.example"))
	for _, row := range []struct {
		path    string
		headers []string
		want    []int
	}{
		{"/", nil, []int{200}}, {"/doors.example", nil, []int{200}}, {"/unknown.example", nil, []int{404}},
		{"/doors.example", []string{"X-Forwarded-For", "203.0.113.7"}, []int{401, 403}},
		{"/", []string{"X-Forwarded-For", "203.0.113.7"}, []int{200}}, // how the first account is made
		{"/doors.example", []string{"X-Forwarded-For", "203.0.113.7", "Authorization", "Bearer " + narrow}, []int{200}},
		{"/other.example", []string{"X-Forwarded-For", "203.0.113.7", "Authorization", "Bearer " + narrow}, []int{401, 403}},
		{"/doors.example", []string{"X-Forwarded-For", "203.0.113.7", "Authorization", "Bearer made-up"}, []int{401, 403}},
		{"/unknown.example", []string{"X-Forwarded-For", "203.0.113.7", "Authorization", "Bearer " + narrow}, []int{401, 403}},
	} {
		r, err := s.do("GET", row.path, nil, row.headers...)
		if err != nil || !slices.Contains(row.want, r.status) {
			t.Errorf("%s with %v: answered %d (%v), want one of %v", row.path, row.headers, r.status, err, row.want)
		}
		if policy := r.header.Get("Content-Security-Policy"); policy == "" || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy is %q, want one without unsafe parts", row.path, policy)
		}
	}
	s.stop()
}

// TestTheScriptIsSetUpForASite: what its owner has set stands in the file for that
// site, and in no other.
func TestTheScriptIsSetUpForASite(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("set.example", noonZone(), "script=forms,outbound=off")
	h.addSite("plain.example", noonZone())
	s := h.serve()
	get := func(path string) string {
		t.Helper()
		r, err := s.do("GET", path, nil, "Accept-Encoding", "identity")
		if err != nil || r.status != http.StatusOK {
			t.Fatalf("%s: answered %d (%v), want 200", path, r.status, err)
		}
		return r.body
	}
	usual := get("/js/script.js")
	for path, want := range map[string]string{
		"/js/script.js?site=set.example":      `[["domain","set.example"],["forms",""],["outbound","off"]]`,
		"/js/script.hash.js?site=set.example": `[["domain","set.example"],["forms",""],["outbound","off"]]`,
	} {
		if got := get(path); !strings.Contains(got, want) {
			t.Errorf("%s is %.200q, want it to hold %s", path, got, want)
		}
	}
	for _, path := range []string{"/js/script.js?site=plain.example", "/js/script.js?site=unknown.example", "/js/script.js?site=%22%3E"} {
		if get(path) != usual {
			t.Errorf("%s is not the usual script", path)
		}
	}
	if page := get("/set.example/install"); !strings.Contains(page, `/js/script.js?site=set.example&#34;`) {
		t.Error("the install page does not name the script of the site")
	}
	if r := h.try("site", "set", "set.example", "script=cookies"); r.code != 1 || !strings.Contains(r.err, "cookies") {
		t.Errorf("script=cookies: exit %d, %q; want 1 and what is accepted", r.code, r.err)
	}
	s.stop()
}

// TestScriptAndEndpointMayHavePathsOfTheirOwn, which the tag to embed names; the
// usual ones go on working.
func TestScriptAndEndpointMayHavePathsOfTheirOwn(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("own.example", noonZone(), "floor=1")
	s := h.serve("--base-path", "/stats", "--script-path", "/assets/visits.js", "--event-path", "/assets/visits", "--public-url", "https://counter.example/stats")
	root := strings.TrimSuffix(s.url, "/stats")
	s.url = root + "/stats"
	usual, err := s.do("GET", "/js/script.js", nil)
	own, ownErr := s.do("GET", "/assets/visits.js", nil)
	if err != nil || ownErr != nil || own.status != http.StatusOK || own.body != usual.body || own.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the script's own path: %d, %d bytes (%v, %v); want the script", own.status, len(own.body), err, ownErr)
	}
	for i, path := range []string{"/assets/visits", "/api/event"} {
		r, err := s.do("POST", path, strings.NewReader(fmt.Sprintf(`{"n":"pageview","u":"https://own.example/%d","d":"own.example"}`, i)),
			"User-Agent", browsers[0], "X-Forwarded-For", "203.0.113.9")
		if err != nil || r.status != http.StatusAccepted || r.dropped() != "" {
			t.Errorf("%s: answered %d, dropped as %q (%v); want 202 and counted", path, r.status, r.dropped(), err)
		}
	}
	for path, open := range map[string]string{"/assets/visits": "*", "/api/event": "*", "/count": "*", "/api/send": "*", "/api/v2/query": "", "/own.example": ""} {
		r, err := s.do("POST", path, strings.NewReader(strings.Repeat("x", 100<<10)))
		if err != nil || r.status != http.StatusRequestEntityTooLarge || r.header.Get("Access-Control-Allow-Origin") != open {
			t.Errorf("too much for %s: answered %d with %q (%v); want 413, which every page may read: %q", path, r.status, r.header["Access-Control-Allow-Origin"], err, open)
		}
	}
	want := `data-api=&#34;https://counter.example/stats/assets/visits&#34; src=&#34;https://counter.example/stats/assets/visits.js&#34;`
	if page, err := s.do("GET", "/own.example/install", nil); err != nil || !strings.Contains(page.body, want) {
		t.Errorf("the install page (%v) does not name the paths: want %s", err, want)
	}
	s.stop()
	for _, flags := range [][]string{
		{"--script-path", "visits.js"}, {"--script-path", "/"}, {"--event-path", "/a b"}, {"--event-path", "/../x"}, {"--event-path", "/api/send"},
		{"--script-path", "/js/plausible.js"}, {"--script-path", "/x", "--event-path", "/x"},
		{"--base-path", "stats"}, {"--base-path", "/a b"}, {"--public-url", "counter.example"}, {"--public-url", "https:///stats"}, {"--public-url", "ftp://counter.example"},
	} {
		if r := h.try(append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)...); r.code != 1 || strings.Count(r.err, "\n") != 2 {
			t.Errorf("%v: exit %d, %q; want 1, an error and a hint", flags, r.code, r.err)
		}
	}
}
