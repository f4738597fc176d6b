package ingest

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"footfall/aggregate"
)

// fromPage is what a browser sends along from a page to another host.
func fromPage(host string) []string {
	return []string{"Referer: https://" + host + "/", "Origin: https://" + host}
}

// count sends what GoatCounter's script sends.
func (h *house) count(method string, query map[string]string, headers ...string) reply {
	h.t.Helper()
	values := url.Values{"rnd": {"x7f3k"}, "s": {"1920,1080,1"}, "b": {"0"}, "t": {"A title"}}
	for key, value := range query {
		values.Set(key, value)
	}
	return h.request(method, "/count?"+values.Encode(), "", headers...)
}

func TestGoatCountersScriptIsServed(t *testing.T) {
	h := newHouse(t)
	for _, method := range []string{"GET", "POST"} {
		got := h.count(method, map[string]string{"p": "/blog/a%20post?utm_source=old", "q": "?utm_source=newsletter&utm_campaign=May",
			"r": "https://www.google.com/"}, fromPage("www.example.com")...)
		if got.status != 200 || len(got.body) != 43 || got.header.Get("Content-Type") != "image/gif" || got.header.Get("Cache-Control") != "no-store" ||
			got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" ||
			got.header.Get("X-Goatcounter") != "" {
			t.Fatalf("%s: got %d, %d bytes, %v, want the image and its headers", method, got.status, len(got.body), got.header)
		}
	}
	hits := h.sink.all()
	if len(hits) != 2 || !reflect.DeepEqual(hits[0], hits[1]) {
		t.Fatalf("got %d hits, want the same one from GET and POST", len(hits))
	}
	for d, want := range map[aggregate.Dimension]string{aggregate.Page: "/blog/a post", aggregate.Hostname: "example.com", aggregate.EventName: "pageview",
		aggregate.UTMSource: "newsletter", aggregate.UTMCampaign: "May"} {
		if hits[0].Facts[d] != want {
			t.Errorf("%s: got %q, want %q", d, hits[0].Facts[d], want)
		}
	}
	h.count("POST", map[string]string{"p": "click-ad", "e": "true"}, fromPage("example.com")...)
	event := h.sink.all()[2]
	if event.Kind != aggregate.Custom || event.Facts[aggregate.EventName] != "click-ad" || event.Facts[aggregate.Page] != "/" || !event.Interactive {
		t.Errorf("got kind %d, event %q on %q, want the custom event", event.Kind, event.Facts[aggregate.EventName], event.Facts[aggregate.Page])
	}
}

func TestGoatCounterFindsTheSite(t *testing.T) {
	h := newHouse(t)
	h.set("blog.example.com", "floor", "1")
	h.set("other.example", "floor", "1")
	for _, c := range []struct {
		host, referer string
		site          aggregate.Site
		hostname      string
	}{
		{"example.com", "", "example.com", "example.com"},
		{"www.example.com:8080", "", "example.com", "example.com"},
		{"example.com", "https://shop.example.com/", "example.com", "shop.example.com"},
		{"stats.example.net", "https://www.other.example/", "other.example", "other.example"},
		{"stats.example.com", "https://other.example/", "other.example", "other.example"},
		{"stats.example.com", "https://blog.example.com/x", "blog.example.com", "blog.example.com"},
		{"stats.example.com", "https://shop.example.com/x", "example.com", "shop.example.com"},
		{"stats.example.com", "", "example.com", "example.com"},
	} {
		headers := []string{"Host: " + c.host}
		if c.referer != "" {
			headers = append(headers, "Referer: "+c.referer)
		}
		before := len(h.sink.all())
		got := h.count("GET", map[string]string{"p": "/a"}, headers...)
		hits := h.sink.all()
		if got.status != 200 || len(hits) != before+1 || hits[before].Site != c.site || hits[before].Facts[aggregate.Hostname] != c.hostname {
			t.Errorf("%s from %q: got %d %q, %d hits, want one for %s", c.host, c.referer, got.status, got.header.Get("X-Goatcounter"), len(hits)-before, c.site)
		}
	}
	if got := h.count("GET", map[string]string{"p": "/a"}, "Host: stats.example.net", "Referer: https://nobody.example/"); got.status != 202 ||
		got.header.Get("X-Goatcounter") != UnknownSite || h.sink.ledger()["nobody.example unknown_site"] != 1 {
		t.Errorf("got %d %q, want 202 and unknown_site", got.status, got.header.Get("X-Goatcounter"))
	}
}

func TestGoatCounterIsToldWhyNot(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		query  map[string]string
		header string
		status int
		why    string
	}{
		{map[string]string{}, "A: b", 400, "p is required"},
		{map[string]string{"p": strings.Repeat("x", 2049)}, "A: b", 400, "p is longer than 2048 bytes"},
		{map[string]string{"p": "/", "b": "1"}, "A: b", 400, "b is no hint that a script can give"},
		{map[string]string{"p": "/", "b": "149"}, "A: b", 400, "b is no hint that a script can give"},
		{map[string]string{"p": "/", "b": "154"}, "A: b", 400, "b is no hint that a script can give"},
		{map[string]string{"p": "/", "b": "yes"}, "A: b", 400, "b is no hint that a script can give"},
		{map[string]string{"p": "/", "b": "150"}, "A: b", 202, Bot},
		{map[string]string{"p": "/", "b": "153"}, "A: b", 202, Bot},
		{map[string]string{"p": "/"}, "User-Agent: a bot", 202, Bot},
		{map[string]string{"p": "/"}, "Sec-Gpc: 1", 202, OptOut},
		{map[string]string{"p": "/", "r": "https://semalt.com/"}, "A: b", 202, Spam},
		{map[string]string{"p": " ", "e": "1"}, "A: b", 400, "p is required"},
	} {
		got := h.count("GET", c.query, append(fromPage("example.com"), c.header)...)
		if got.status != c.status || got.header.Get("X-Goatcounter") != c.why || len(got.body) != 43 {
			t.Errorf("%v: got %d %q, want %d %q", c.query, got.status, got.header.Get("X-Goatcounter"), c.status, c.why)
		}
	}
	if hits := h.sink.all(); len(hits) != 0 {
		t.Errorf("got %d hits, want none", len(hits))
	}
	if got := h.sink.ledger(); !maps.Equal(got, map[string]int{"example.com bot: headless": 2, "example.com bot: crawler": 1, "example.com spam: semalt.com": 1}) {
		t.Errorf("got ledger %v, and objectors must not be in it", got)
	}
	if got := h.request(http.MethodOptions, "/count?p=/", ""); got.status != 204 || got.header.Get("Access-Control-Allow-Methods") != "GET, POST, OPTIONS" {
		t.Errorf("the preflight: got %d and %q, want 204 and what is answered", got.status, got.header["Access-Control-Allow-Methods"])
	}
	if got := h.request(http.MethodPut, "/count?p=/", ""); got.status != 405 || got.header.Get("Allow") != "GET, POST, OPTIONS" {
		t.Errorf("PUT: got %d, Allow %q, want 405", got.status, got.header.Get("Allow"))
	}
}

func TestGoatCountersPathsAreReadAsItReadsThem(t *testing.T) {
	h := newHouse(t)
	for path, want := range map[string]string{
		"/a": "/a", "a/b": "/a/b", "/?x=1": "/", "/a?x#y": "/a", "https://example.com/c/d?e": "/c/d", "/u/ann@example.org": "/u/:email",
		strings.Repeat("/long", 409): strings.Repeat("/long", 400),
	} {
		before := len(h.sink.all())
		got := h.count("GET", map[string]string{"p": path}, fromPage("example.com")...)
		if hits := h.sink.all(); got.status != 200 || len(hits) != before+1 || hits[before].Facts[aggregate.Page] != want {
			t.Errorf("%.40s: got %d %q, want page %.40q", path, got.status, got.header.Get("X-Goatcounter"), want)
		}
	}
	h.count("GET", map[string]string{"p": strings.Repeat("ü", 200), "e": "true"}, fromPage("example.com")...)
	hits := h.sink.all()
	if got := hits[len(hits)-1].Facts[aggregate.EventName]; got != strings.Repeat("ü", 120) {
		t.Errorf("a long event: got %q, want its first 120 characters", got)
	}
}

const website = "4fb7fa4c-5b46-438d-94b3-3a8fb9bc2e8b"

// umamiHouse knows a website id.
func umamiHouse(t *testing.T) *house {
	return newHouse(t, func(o *Options) {
		o.Websites = func(id string) (aggregate.Site, bool) { return "example.com", strings.EqualFold(id, website) }
	})
}

// umami sends what Umami's script sends.
func (h *house) umami(kind, payload string, headers ...string) reply {
	h.t.Helper()
	body := `{"type":"` + kind + `","payload":{"website":"` + website + `","screen":"1920x1080","language":"en-US","title":"A title",` + payload + `}}`
	return h.request(http.MethodPost, "/api/send", body, append([]string{"Content-Type: application/json"}, headers...)...)
}

func TestUmamisScriptIsServed(t *testing.T) {
	h := umamiHouse(t)
	for _, payload := range []string{
		`"hostname":"www.example.com","url":"https://www.example.com/a?utm_campaign=c#top","referrer":"https://www.google.com/"`,
		`"hostname":"www.example.com","url":"/a?utm_campaign=c","referrer":"https://www.google.com/","ip":"9.9.9.9","userAgent":"x","timestamp":1`,
	} {
		got := h.umami("event", payload, fromPage("www.example.com")...)
		if got.status != 200 || got.body != string(bodyUmami) || got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("X-Footfall-Dropped") != "" {
			t.Fatalf("%s: got %+v, want 200 and the constant answer", payload, got)
		}
	}
	hits := h.sink.all()
	if len(hits) != 2 || !reflect.DeepEqual(hits[0], hits[1]) {
		t.Fatalf("got %d hits, want the same from old and new scripts", len(hits))
	}
	for d, want := range map[aggregate.Dimension]string{aggregate.Page: "/a", aggregate.Hostname: "example.com", aggregate.EventName: "pageview",
		aggregate.UTMCampaign: "c", aggregate.Source: "Google"} {
		if hits[0].Facts[d] != want {
			t.Errorf("%s: got %q, want %q", d, hits[0].Facts[d], want)
		}
	}
	h.umami("event", `"hostname":"example.com","url":"/","referrer":"","name":"Signup","data":{"plan":"pro","seats":3,"nested":{"a":1}}`, fromPage("example.com")...)
	event := h.sink.all()[2]
	if event.Kind != aggregate.Custom || event.Facts[aggregate.EventName] != "Signup" ||
		!reflect.DeepEqual(event.Props, []aggregate.Prop{{Key: "plan", Value: "pro"}, {Key: "seats", Value: "3"}}) {
		t.Errorf("got %q with %v, want the event with its flat data", event.Facts[aggregate.EventName], event.Props)
	}
}

func TestUmamiIsToldWhatItUnderstands(t *testing.T) {
	h := umamiHouse(t)
	const page = `"hostname":"example.com","url":"/"`
	for _, c := range []struct{ kind, payload, header, body, dropped string }{
		{"event", page, "User-Agent: a bot", string(bodyBeep), Bot},
		{"event", page, "Sec-Gpc: 1", string(bodyUmami), OptOut},
		{"event", `"hostname":"copied.example","url":"/"`, "A: b", string(bodyUmami), Hostname},
		{"identify", page + `,"id":"ann","data":{"mail":"ann@example.org"}`, "A: b", string(bodyUmami), Identify},
		{"identify", page, "Sec-Gpc: 1", string(bodyUmami), OptOut},
	} {
		got := h.umami(c.kind, c.payload, c.header)
		if got.status != 200 || got.body != c.body || got.header.Get("X-Footfall-Dropped") != c.dropped {
			t.Errorf("%s %s: got %d %s, dropped %q, want %s, %q", c.kind, c.header, got.status, got.body, got.header.Get("X-Footfall-Dropped"), c.body, c.dropped)
		}
	}
	want := map[string]int{"example.com bot: crawler": 1, "example.com hostname: copied.example": 1, "example.com identify": 1}
	if got := h.sink.ledger(); !maps.Equal(got, want) {
		t.Errorf("got ledger %v, want %v", got, want)
	}
	for _, body := range []string{`{`, `{}`, `{"type":"event"}`, `{"type":"other","payload":{}}`, `{"type":"event","payload":[]}`, `{"type":"event","payload":{"url":"/"}}`} {
		if got := h.request(http.MethodPost, "/api/send", body); got.status != 400 || !strings.HasPrefix(got.body, `{"errors":{`) {
			t.Errorf("%s: got %d %s, want 400 and the errors", body, got.status, got.body)
		}
	}
	unknown := h.request(http.MethodPost, "/api/send", `{"type":"event","payload":{"website":"another","hostname":"example.com","url":"/"}}`)
	if unknown.status != 200 || unknown.body != string(bodyUmami) || unknown.header.Get("X-Footfall-Dropped") != UnknownSite {
		t.Errorf("an unknown website: got %+v, want the usual answer and unknown_site", unknown)
	}
	h.request(http.MethodPost, "/api/send", `{"type":"event","payload":{"website":"example.com","hostname":"example.com","url":"/by-domain"}}`)
	if hits := h.sink.all(); len(hits) != 1 || hits[0].Facts[aggregate.Page] != "/by-domain" {
		t.Errorf("got %d hits, want the domain in the place of an id", len(hits))
	}
}

func TestUmamisPreflightAllowsItsHeaders(t *testing.T) {
	h := umamiHouse(t)
	got := h.request(http.MethodOptions, "/api/send", "", "Origin: https://example.com", "Access-Control-Request-Method: POST",
		"Access-Control-Request-Headers: content-type,x-umami-cache")
	allowed := strings.ToLower(got.header.Get("Access-Control-Allow-Headers"))
	if got.status != 204 || got.header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(allowed, "content-type") || !strings.Contains(allowed, "x-umami-cache") {
		t.Errorf("got %+v, want the script's headers allowed", got)
	}
	if got := h.request(http.MethodGet, "/api/send", ""); got.status != 405 {
		t.Errorf("GET: got %d, want 405", got.status)
	}
}
