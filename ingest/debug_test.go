package ingest

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
)

const debugOn = "X-Debug-Request: true"

func (h *house) debug(body string, headers ...string) map[string]any {
	h.t.Helper()
	got := h.send(body, append(headers, debugOn)...)
	var answer map[string]any
	if err := json.Unmarshal([]byte(got.body), &answer); got.status != 200 || err != nil {
		h.t.Fatalf("got %d %s, want 200 and a JSON object", got.status, got.body)
	}
	return answer
}

func TestTheDebugAnswerTellsWhatWouldBeStored(t *testing.T) {
	h := newHouse(t)
	h.options.Proxies.prefixes = append(h.options.Proxies.prefixes, mustProxies(t, "10.0.0.0/8").prefixes...)
	h.door = New(h.options)
	got := h.debug(`{"n":"Signup","u":"https://example.com/u/ann@example.org?utm_campaign=%22a%22","d":"example.com"}`,
		"X-Forwarded-For: 203.0.113.7, 10.0.0.1", "Accept-Language: en-us")
	want := map[string]any{"counted": true, "dropped": nil, "detail": nil, "site": "example.com", "name": "Signup", "page": "/u/:email",
		"hostname": "example.com", "utm_campaign": `"a"`, "utm_source": "(not set)", "utm_medium": "(not set)", "utm_content": "(not set)", "utm_term": "(not set)",
		"country": "US", "region": "US-CA", "city": "San Francisco", "browser": "Firefox", "browser_version": "(not set)", "os": "GNU/Linux", "os_version": "(not set)",
		"device": "Desktop", "language": "en-US", "client_ip": "203.0.113.7", "via": []any{"10.0.0.1", "127.0.0.1"}}
	for key, value := range want {
		if !reflect.DeepEqual(got[key], value) {
			t.Errorf("%s: got %v, want %v", key, got[key], value)
		}
	}
	var keys []string
	for key := range got {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	const all = "browser browser_version channel city client_ip counted country detail device dropped hostname language name os os_version page referrer region site source utm_campaign utm_content utm_medium utm_source utm_term via"
	if strings.Join(keys, " ") != all {
		t.Errorf("got keys %v, want exactly %s", keys, all)
	}
	if len(h.sink.all()) != 0 || h.salts.Status().Salts != 0 || len(h.door.Unproxied()) != 0 {
		t.Error("a debug request was counted, or made a salt")
	}
}

func TestTheDebugAnswerNamesTheReason(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		body, header    string
		dropped, detail any
	}{
		{beaconA, "User-Agent: a bot", "bot", "crawler"},
		{beaconA, "Sec-GPC: 1", "opt_out", nil},
		{`{"n":"pageview","u":"https://nobody.example/"}`, "A: b", "unknown_site", nil},
	} {
		got := h.debug(c.body, c.header)
		if got["counted"] != false || got["dropped"] != c.dropped || got["detail"] != c.detail {
			t.Errorf("%s: got %v %v %v, want dropped %v, %v", c.header, got["counted"], got["dropped"], got["detail"], c.dropped, c.detail)
		}
		if got["source"] != "Direct / None" || got["referrer"] != "Direct / None" {
			t.Errorf("got source %v and referrer %v, want Direct / None", got["source"], got["referrer"])
		}
	}
	if got := h.send(`{}`, debugOn); got.status != 400 {
		t.Errorf("got %d for an invalid beacon, want 400 as without debug", got.status)
	}
	if got := h.debug(`{"n":"engagement","e":1,"u":"https://example.com/"}`); got["browser"] != "Firefox" {
		t.Errorf("got browser %v for an engagement", got["browser"])
	}
	if len(h.sink.ledger()) != 0 {
		t.Errorf("got ledger %v, want nothing counted", h.sink.ledger())
	}
}

func TestDebugAnswersAreLimitedPerAddress(t *testing.T) {
	h := newHouse(t)
	for range debugPerMinute + 5 {
		h.debug(beaconA) // loopback is excepted
	}
	stranger := "X-Forwarded-For: 198.51.100.1"
	for range debugPerMinute {
		h.debug(beaconA, stranger)
	}
	if got := h.send(beaconA, debugOn, stranger); got.status != 429 || got.body == "" || got.header.Get("Retry-After") != "60" {
		t.Errorf("got %+v, want 429, a sentence, and when to come again", got)
	}
	h.debug(beaconA, "X-Forwarded-For: 198.51.100.2")
	h.now = h.now.Add(time.Minute)
	h.debug(beaconA, stranger)
}

func mustProxies(t *testing.T, list string) Proxies {
	t.Helper()
	p, err := ParseProxies(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestThePixelCountsThePageThatShowsIt(t *testing.T) {
	h := newHouse(t)
	got := h.request("GET", "/pixel.gif", "", "Referer: https://example.com/a?utm_campaign=c")
	if got.status != 200 || len(got.body) != 43 || !strings.HasPrefix(got.body, "GIF89a") ||
		got.header.Get("Content-Type") != "image/gif" || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("got %d, %d bytes, %v, want a GIF of 43 bytes that is not stored", got.status, len(got.body), got.header)
	}
	h.request("GET", "/pixel.gif?u=https%3A%2F%2Fexample.com%2Fb&d=example.com&n=Opened&p=%7B%22k%22%3A%22v%22%7D", "")
	hits := h.sink.all()
	if len(hits) != 2 || hits[0].Facts[aggregate.Page] != "/a" || hits[0].Facts[aggregate.UTMCampaign] != "c" || hits[0].Kind != aggregate.Pageview {
		t.Fatalf("got %d hits, the first %+v", len(hits), hits[0])
	}
	if hits[1].Facts[aggregate.Page] != "/b" || hits[1].Facts[aggregate.EventName] != "Opened" || len(hits[1].Props) != 1 {
		t.Errorf("got %+v from the query", hits[1])
	}
	if got := h.request("GET", "/pixel.gif", ""); got.status != 400 || len(got.body) != 43 || got.header.Get("X-Footfall-Dropped") != "invalid: url is required; domain can't be blank" {
		t.Errorf("got %d %q without a page", got.status, got.header.Get("X-Footfall-Dropped"))
	}
	if got := h.request("GET", "/pixel.gif?d=nobody.example", "", "Referer: https://example.com/"); got.status != 200 || got.header.Get("X-Footfall-Dropped") != UnknownSite {
		t.Errorf("got %d %q for an unknown site", got.status, got.header.Get("X-Footfall-Dropped"))
	}
	if got := h.request("POST", "/pixel.gif", ""); got.status != 405 || got.header.Get("Allow") != "GET" {
		t.Errorf("got %d for POST, want 405", got.status)
	}
}
