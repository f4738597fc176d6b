package ingest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"footfall/aggregate"
)

func TestAPageviewIsCountedWithItsFacts(t *testing.T) {
	h := newHouse(t)
	got := h.send(`{"n":"pageview","u":"https://www.Example.com:8443/Blog/My%20Post%3F?utm_campaign=spring&utm_content=a&utm_term=b#top",
		"d":"www.example.com","r":null,"v":25,"w":1200,"ip":"9.9.9.9"}`, "Accept-Language: en-us,de;q=0.5", "X-Forwarded-For: 203.0.113.7")
	if got.status != 202 || got.body != "ok" || got.header.Get("X-Footfall-Dropped") != "" || got.header.Get("X-Plausible-Dropped") != "" {
		t.Fatalf("got %+v, want 202, ok, and no drop headers", got)
	}
	hit := h.sink.all()[0]
	want := aggregate.Facts{
		aggregate.Page: "/Blog/My Post?", aggregate.Hostname: "example.com", aggregate.EventName: "pageview",
		aggregate.Channel: "Direct", aggregate.UTMCampaign: "spring", aggregate.UTMContent: "a", aggregate.UTMTerm: "b",
		aggregate.Country: "US", aggregate.Region: aggregate.Join("US", "US-CA", "California"),
		aggregate.City:    aggregate.Join("US", "US-CA", "California", "5391959", "San Francisco"),
		aggregate.Browser: "Firefox", aggregate.BrowserVersion: "Firefox", aggregate.OS: "GNU/Linux", aggregate.OSVersion: "GNU/Linux",
		aggregate.Device: "Desktop", aggregate.Language: "en-US",
	}
	for d, value := range want {
		if hit.Facts[d] != value {
			t.Errorf("%s: got %q, want %q", aggregate.Dimension(d), hit.Facts[d], value)
		}
	}
	if hit.Site != "example.com" || hit.Kind != aggregate.Pageview || hit.At != h.now.UnixMilli() || hit.Scroll != aggregate.NoScroll {
		t.Errorf("got site %q, kind %d, time %d, scroll %d", hit.Site, hit.Kind, hit.At, hit.Scroll)
	}
	if hit.Visitor == (aggregate.Visitor{}) || hit.Before != (aggregate.Visitor{}) {
		t.Error("want a visitor, and none before without yesterday's salt")
	}
}

func TestAliasesMeanTheSameAsShortKeys(t *testing.T) {
	h := newHouse(t)
	short := h.hit(`{"n":"Signup","u":"https://example.com/a#b","d":"example.com","p":{"plan":"pro"},"i":false,"h":1}`)
	long := h.hit(`{"name":"Signup","url":"https://example.com/a#b","domain":"example.com","props":{"plan":"pro"},"interactive":false,"hashMode":1}`)
	if !reflect.DeepEqual(short, long) {
		t.Errorf("got %+v, want %+v", long, short)
	}
	if short.Facts[aggregate.Page] != "/a#b" || short.Interactive || short.Kind != aggregate.Custom {
		t.Errorf("got page %q, interactive %t, kind %d", short.Facts[aggregate.Page], short.Interactive, short.Kind)
	}
	for _, name := range []string{"m", "meta"} {
		hit := h.hit(`{"n":"Signup","u":"https://example.com/a","` + name + `":"{\"plan\":\"pro\"}"}`)
		if !reflect.DeepEqual(hit.Props, short.Props) {
			t.Errorf("%s: got properties %v, want %v", name, hit.Props, short.Props)
		}
	}
}

func TestAFormMeansTheSameAsJSON(t *testing.T) {
	h := newHouse(t)
	want := h.hit(`{"n":"Sign up","u":"https://example.com/a?utm_source=x#b","d":"example.com","p":{"plan":"pro"},"i":false,"h":1}`)
	form := url.Values{"n": {"Sign up"}, "u": {"https://example.com/a?utm_source=x#b"}, "d": {"example.com"},
		"p": {`{"plan":"pro"}`}, "i": {"false"}, "h": {"1"}}
	got := h.hit(form.Encode(), "Content-Type: application/x-www-form-urlencoded; charset=UTF-8")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	engagement := h.hit("n=engagement&u=https%3A%2F%2Fexample.com%2Fa&sd=40&e=1500", "Content-Type: application/x-www-form-urlencoded")
	if engagement.Scroll != 40 || engagement.Engaged != 1500 {
		t.Errorf("got scroll %d and %d ms, want 40 and 1500", engagement.Scroll, engagement.Engaged)
	}
	h.hit(beaconA, "Content-Type: application/x-www-form-urlencoded") // what curl -d says of JSON
}

func TestInvalidBeaconsAreToldEveryFieldAtOnce(t *testing.T) {
	h := newHouse(t)
	long := strings.Repeat("x", 2001)
	var manyDomains string
	for i := range 51 {
		manyDomains += strconv.Itoa(i) + ".example,"
	}
	for _, c := range []struct{ body, want string }{
		{`{`, `{"errors":{"request":["Unable to parse request body as json"]}}`},
		{``, `{"errors":{"request":["Unable to parse request body as json"]}}`},
		{`[]`, `{"errors":{"request":["Unable to parse request body as json"]}}`},
		{`"x"`, `{"errors":{"request":["Unable to parse request body as json"]}}`},
		{strings.Repeat("[", 60000), `{"errors":{"request":["Unable to parse request body as json"]}}`},
		{`{}`, `{"errors":{"url":["is required"],"domain":["can't be blank"],"event_name":["can't be blank"]}}`},
		{`{"n":" ","u":"https://example.com/","d":" , "}`, `{"errors":{"domain":["can't be blank"],"event_name":["can't be blank"]}}`},
		{`{"n":"a","u":"https://example.com/","d":"https:///, /"}`, `{"errors":{"domain":["can't be blank"]}}`},
		{`{"n":1.5,"u":"https://example.com/"}`, `{"errors":{"event_name":["is invalid"]}}`},
		{`{"n":["a"],"u":"https://example.com/"}`, `{"errors":{"event_name":["is invalid"]}}`},
		{`{"n":"` + strings.Repeat("ü", 121) + `","u":"https://example.com/"}`, `{"errors":{"event_name":["should be at most 120 character(s)"]}}`},
		{`{"n":"a","u":"","d":"example.com"}`, `{"errors":{"url":["is required"]}}`},
		{`{"n":"a","u":7,"d":"example.com"}`, `{"errors":{"url":["is required"]}}`},
		{`{"n":"a","u":"not a url","d":"example.com"}`, `{"errors":{"url":["must be a valid url"]}}`},
		{`{"n":"a","u":"https://","d":"example.com"}`, `{"errors":{"url":["must be a valid url"]}}`},
		{`{"n":"a","u":"https://a b/","d":"example.com"}`, `{"errors":{"url":["must be a valid url"]}}`},
		{`{"n":"a","u":"https://[::1/","d":"example.com"}`, `{"errors":{"url":["must be a valid url"]}}`},
		{`{"n":"a","u":"https://example.com:port/","d":"example.com"}`, `{"errors":{"url":["must be a valid url"]}}`},
		{`{"n":"a","u":"https://example.com/` + long + `","d":"example.com"}`, `{"errors":{"url":["must be a valid url"]}}`},
		{`{"n":"a","u":"DATA:text/html,x","d":"example.com"}`, `{"errors":{"url":["scheme is not allowed"]}}`},
		{`{"n":"a","u":"https://example.com/","p":{"k":"` + long + `"}}`, `{"errors":{"props":["keys should have at most 300 bytes and values 2000"]}}`},
		{`{"n":"a","u":"https://example.com/","p":{"` + long[:301] + `":"v"}}`, `{"errors":{"props":["keys should have at most 300 bytes and values 2000"]}}`},
		{`{"n":"engagement","u":"https://example.com/"}`, `{"errors":{"event_name":["engagement needs sd or e"]}}`},
		{`{"n":"a","u":"https://example.com/","d":"` + manyDomains + `"}`, `{"errors":{"domain":["should be at most 50 sites"]}}`},
	} {
		got := h.send(c.body)
		if got.status != 400 || got.body != c.want {
			t.Errorf("%.80s\n got %d %s\nwant 400 %s", c.body, got.status, got.body, c.want)
		}
		var errors struct{ Errors map[string][]string }
		if err := json.Unmarshal([]byte(got.body), &errors); err != nil || len(errors.Errors) == 0 {
			t.Errorf("%.80s: got %s, want a JSON object with errors", c.body, got.body)
		}
		if ct := got.header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
			t.Errorf("got content type %q, want JSON", ct)
		}
	}
	if hits := h.sink.all(); len(hits) != 0 {
		t.Errorf("got %d hits of invalid beacons, want none", len(hits))
	}
}

func TestAppsMaySendOtherSchemes(t *testing.T) {
	h := newHouse(t)
	h.set("example.com", "hostnames", "any")
	for _, c := range []struct{ url, host, page string }{
		{"app://localhost/start", "localhost", "/start"},
		{"file:///index.html", "", "/index.html"},
		{"about:blank", "", "/"},
		{"http://[2001:DB8::1]:80/x", "2001:db8::1", "/x"},
		{"https://user:secret@www.example.com./x", "example.com", "/x"},
		{"  https://example.com  ", "example.com", "/"},
		{"https://example.com?q=1", "example.com", "/"},
	} {
		hit := h.hit(`{"n":"pageview","d":"example.com","u":"` + c.url + `"}`)
		if hit.Facts[aggregate.Hostname] != c.host || hit.Facts[aggregate.Page] != c.page {
			t.Errorf("%s: got %q %q, want %q %q", c.url, hit.Facts[aggregate.Hostname], hit.Facts[aggregate.Page], c.host, c.page)
		}
	}
}

func TestPropertiesFollowTheirRules(t *testing.T) {
	h := newHouse(t)
	hit := h.hit(`{"n":"a","u":"https://example.com/","p":{"text":"x","n":1.50,"t":true,"f":false,"null":null,"list":[1],"object":{"a":1},"blank":" ","":"y","text":"last"}}`)
	want := []aggregate.Prop{{Key: "text", Value: "last"}, {Key: "n", Value: "1.50"}, {Key: "t", Value: "true"}, {Key: "f", Value: "false"}}
	if !reflect.DeepEqual(hit.Props, want) {
		t.Errorf("got %v, want %v", hit.Props, want)
	}
	var many []string
	for i := range 40 {
		many = append(many, `"k`+strconv.Itoa(i)+`":"v"`)
	}
	hit = h.hit(`{"n":"a","u":"https://example.com/","p":{` + strings.Join(many, ",") + `}}`)
	if len(hit.Props) != 30 || hit.Props[29].Key != "k29" {
		t.Errorf("got %d properties, want the first 30", len(hit.Props))
	}
	for _, p := range []string{`"no json"`, `"[1]"`, `7`, `[1]`, `""`, `"{\"a\":"`} {
		if hit := h.hit(`{"n":"a","u":"https://example.com/","p":` + p + `}`); len(hit.Props) != 0 {
			t.Errorf("p = %s: got properties %v, want none", p, hit.Props)
		}
	}
}

func TestMalformedExtrasAreIgnored(t *testing.T) {
	h := newHouse(t)
	h.hit(`{"n":"a","u":"https://example.com/","$":{"currency":"EUR","amount":"12.50"}}`)
	h.hit(`{"n":"a","u":"https://example.com/","revenue":"nonsense","r":[1],"x":{"y":[]},"i":"false","v":null}`)
	if hits := h.sink.all(); !hits[1].Interactive {
		t.Error("only the literal false makes an event not interactive")
	}
	if hit := h.hit(`{"n":404,"u":"https://example.com/"}`); hit.Facts[aggregate.EventName] != "404" {
		t.Errorf("got event name %q, want 404 from a number", hit.Facts[aggregate.EventName])
	}
	if hit := h.hit(`{"n":"a","u":"https://example.com/","r":"https://` + strings.Repeat("x", 5000) + `"}`); hit.Site == "" {
		t.Error("a long referrer is cut, not refused")
	}
}

func TestEngagementIsReadWithinItsBounds(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		keys    string
		scroll  int
		engaged int64
	}{
		{`"sd":55,"e":1500`, 55, 1500},
		{`"sd":255`, 100, 0},
		{`"sd":1e999,"e":0`, 100, 0},
		{`"e":-5`, aggregate.NoScroll, 0},
		{`"e":2592000000,"sd":0`, 0, 0},
		{`"e":"absurd"`, aggregate.NoScroll, 0},
		{`"e":"1200.7","sd":-1`, aggregate.NoScroll, 1200},
		{`"e":nan`, aggregate.NoScroll, 0},
	} {
		hit := h.hit(`{"n":"engagement","u":"https://example.com/",` + c.keys + `}`)
		if hit.Kind != aggregate.Engagement || hit.Scroll != c.scroll || hit.Engaged != c.engaged {
			t.Errorf("%s: got kind %d, scroll %d, %d ms, want scroll %d, %d ms", c.keys, hit.Kind, hit.Scroll, hit.Engaged, c.scroll, c.engaged)
		}
	}
}

func TestBuiltinEventsFillTheirFacts(t *testing.T) {
	h := newHouse(t)
	event := func(name, props string) aggregate.Hit {
		return h.hit(`{"n":"` + name + `","u":"https://example.com/form?x=1","p":` + props + `}`)
	}
	if hit := event("Outbound Link: Click", `{"url":"https://other.example/p"}`); hit.Facts[aggregate.Outbound] != "https://other.example/p" {
		t.Errorf("got outbound %q", hit.Facts[aggregate.Outbound])
	}
	if hit := event("File Download", `{"url":"https://example.com/a.pdf"}`); hit.Facts[aggregate.Download] != "https://example.com/a.pdf" {
		t.Errorf("got download %q", hit.Facts[aggregate.Download])
	}
	for _, name := range []string{"404", "Form: Submission"} {
		if hit := event(name, `{}`); !reflect.DeepEqual(hit.Props, []aggregate.Prop{{Key: "path", Value: "/form"}}) {
			t.Errorf("%s without path: got properties %v, want the page's path", name, hit.Props)
		}
		if hit := event(name, `{"path":"/mine/ann@example.org"}`); !reflect.DeepEqual(hit.Props, []aggregate.Prop{{Key: "path", Value: "/mine/:email"}}) {
			t.Errorf("%s with path: got properties %v, want its own, masked", name, hit.Props)
		}
	}
	if hit := event("Other", `{"url":"https://other.example/"}`); hit.Facts[aggregate.Outbound] != "" {
		t.Errorf("got outbound %q for an event of the owner's, want none", hit.Facts[aggregate.Outbound])
	}
}

func TestSeveralSitesAreServedByOneBeacon(t *testing.T) {
	h := newHouse(t)
	h.set("second.example", "floor", "1")
	got := h.send(`{"n":"pageview","u":"https://example.com/","d":"example.com, www.second.example,nobody.example,EXAMPLE.com"}`)
	if got.status != 202 || got.header.Get("X-Plausible-Dropped") != "1" || got.header.Get("X-Footfall-Dropped") != "unknown_site" {
		t.Errorf("got %+v, want one of three sites dropped", got)
	}
	hits := h.sink.all()
	if len(hits) != 2 || hits[0].Site != "example.com" || hits[1].Site != "second.example" {
		t.Fatalf("got %d hits, want one for each known site", len(hits))
	}
	if hits[0].Visitor == hits[1].Visitor {
		t.Error("one browser is the same visitor on two sites")
	}
}

func TestUnknownSitesAreNamed(t *testing.T) {
	h := newHouse(t)
	unknown := h.send(strings.ReplaceAll(beaconA, "example.com", "nobody.example"))
	if unknown.header.Get("X-Footfall-Dropped") != UnknownSite || unknown.header.Get("X-Plausible-Dropped") != "1" {
		t.Errorf("got headers %v, want unknown_site", unknown.header)
	}
	if got := h.sink.ledger(); got["nobody.example unknown_site"] != 1 {
		t.Errorf("got ledger %v, want the unknown site in it", got)
	}
}

func TestDropsAreNamedAndCounted(t *testing.T) {
	h := newHouse(t)
	h.set("strict.example", "hostnames", "shop.example,*.blog.example")
	strict := func(host string) string {
		return `{"n":"pageview","d":"strict.example","u":"https://` + host + `/"}`
	}
	for _, c := range []struct {
		body, header, want string
	}{
		{beaconA, "User-Agent: some bot", Bot},
		{beaconA, "Sec-Purpose: prefetch;prerender", Prefetch},
		{beaconA, "Purpose: prefetch", Prefetch},
		{beaconA, "X-Moz: prefetch", Prefetch},
		{beaconA, "X-Purpose: preview", Prefetch},
		{strict("elsewhere.example"), "A: b", Hostname},
		{strict("blog.example"), "A: b", Hostname},
		{strict("evilshop.example"), "A: b", Hostname},
	} {
		got := h.send(c.body, c.header)
		if got.status != 202 || got.body != "ok" || got.header.Get("X-Footfall-Dropped") != c.want || got.header.Get("X-Plausible-Dropped") != "1" {
			t.Errorf("%s: got %+v, want drop %q", c.header, got, c.want)
		}
	}
	if hits := h.sink.all(); len(hits) != 0 {
		t.Errorf("got %d hits, want none", len(hits))
	}
	want := map[string]int{"example.com bot: crawler": 1, "example.com prefetch": 4, "strict.example hostname: elsewhere.example": 1,
		"strict.example hostname: blog.example": 1, "strict.example hostname: evilshop.example": 1}
	if got := h.sink.ledger(); !maps.Equal(got, want) {
		t.Errorf("got ledger %v, want %v", got, want)
	}
	h.hit(strict("www.shop.example"))
	h.hit(strict("a.blog.example"))
}

func TestObjectorsLeaveNoTrace(t *testing.T) {
	h := newHouse(t)
	h.set("loose.example", "gpc", "off")
	h.set("dnt.example", "dnt", "on")
	on := func(site string) string { return `{"n":"pageview","u":"https://` + site + `/"}` }
	for _, c := range []struct {
		site    string
		headers []string
		want    string
	}{
		{"example.com", []string{"Sec-GPC: 1"}, OptOut},
		{"example.com", []string{"Sec-GPC: 1", "User-Agent: bot"}, OptOut},
		{"example.com", []string{"Sec-GPC: 1", "Purpose: prefetch"}, OptOut},
		{"nobody.example", []string{"Sec-GPC: 1"}, OptOut},
		{"dnt.example", []string{"DNT: 1"}, OptOut},
		{"example.com", []string{"DNT: 1"}, ""},
		{"example.com", []string{"Sec-GPC: 0"}, ""},
		{"loose.example", []string{"Sec-GPC: 1"}, ""},
	} {
		hits, ledger, near := len(h.sink.all()), h.sink.ledger(), h.door.Unproxied()
		got := h.send(on(c.site), c.headers...)
		if got.status != 202 || got.header.Get("X-Footfall-Dropped") != c.want {
			t.Errorf("%s %v: got %d, dropped %q, want %q", c.site, c.headers, got.status, got.header.Get("X-Footfall-Dropped"), c.want)
		}
		if c.want == OptOut && (len(h.sink.all()) != hits || !maps.Equal(h.sink.ledger(), ledger) || !reflect.DeepEqual(h.door.Unproxied(), near)) {
			t.Errorf("%s %v: an objector left a trace", c.site, c.headers)
		}
	}
}

func TestTheSinksReasonIsToldAndNotCountedTwice(t *testing.T) {
	h := newHouse(t)
	h.sink.answer = "no_visit"
	got := h.send(beaconA)
	if got.status != 202 || got.header.Get("X-Footfall-Dropped") != "no_visit" || len(h.sink.ledger()) != 0 {
		t.Errorf("got %+v and ledger %v, want no_visit and an empty ledger", got, h.sink.ledger())
	}
}

func TestAHitThatCouldNotBeCountedIsNotAnsweredOK(t *testing.T) {
	h := newHouse(t)
	h.sink.err = errTest
	for range 3 {
		if got := h.send(beaconA); got.status != http.StatusServiceUnavailable {
			t.Errorf("got status %d, want 503", got.status)
		}
	}
	if strings.Contains(h.log.String(), "secret") || strings.Count(h.log.String(), "could not be counted") != 1 {
		t.Errorf("got log %q, want the failure once, without the error's text", h.log)
	}
}

func TestPreflightsAndOtherMethods(t *testing.T) {
	h := newHouse(t)
	got := h.request(http.MethodOptions, "/api/event", "", "Origin: https://a.example", "Access-Control-Request-Method: POST")
	if got.status != 204 || got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Access-Control-Allow-Methods") == "" ||
		got.header.Get("Access-Control-Allow-Headers") == "" || got.header.Get("Access-Control-Max-Age") == "" {
		t.Errorf("got %+v, want a full preflight answer", got)
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "HEAD"} {
		if got := h.request(method, "/api/event", ""); got.status != 405 || got.header.Get("Allow") != "POST, OPTIONS" {
			t.Errorf("%s: got %d, Allow %q, want 405 and the methods", method, got.status, got.header.Get("Allow"))
		}
	}
	for _, body := range []string{beaconA, "{"} {
		got := h.send(body)
		if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Access-Control-Allow-Credentials") != "" || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: got headers %v, want any origin, no credentials, no cookie", body, got.header)
		}
	}
}

func TestInvalidUTF8AndControlsAreCleaned(t *testing.T) {
	h := newHouse(t)
	hit := h.hit("{\"n\":\"na\\u0001me\xff\",\"u\":\"https://example.com/%00a%1Fb%ff/%C3%BC%0A?utm_term=%1f\\u0002x\",\"p\":{\"k\\u001f\":\"\\u0001v\"}}")
	want := map[aggregate.Dimension]string{aggregate.EventName: "na me\uFFFD", aggregate.Page: "/ a b\uFFFD/ü", aggregate.UTMTerm: "x"}
	for d, value := range want {
		if hit.Facts[d] != value {
			t.Errorf("%s: got %q, want %q", d, hit.Facts[d], value)
		}
	}
	if !reflect.DeepEqual(hit.Props, []aggregate.Prop{{Key: "k ", Value: " v"}}) {
		t.Errorf("got properties %q", hit.Props)
	}
}

func TestYesterdaysVisitorIsKnownWhileItsSaltLives(t *testing.T) {
	h := newHouse(t)
	h.set("example.com", "timezone", "Asia/Kolkata") // midnight is 18:30 UTC
	h.now = h.now.Truncate(24 * 3600e9).Add(18*3600e9 + 29*60e9)
	first := h.hit(beaconA)
	h.now = h.now.Add(2 * 60e9)
	second := h.hit(beaconA)
	if second.Before != first.Visitor || second.Visitor == first.Visitor {
		t.Error("want the visitor of before midnight in Before, and another one after it")
	}
	h.now = h.now.Add(3600e9)
	h.salts.Expire(h.now)
	if third := h.hit(beaconA); third.Before != (aggregate.Visitor{}) || third.Visitor != second.Visitor {
		t.Error("want the same visitor, and no Before once the salt is dead")
	}
}

func TestOriginsReachTheHit(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct{ query, referrer, source, address, tag, medium, channel string }{
		{"", "https://www.google.com/search?q=x", "Google", "google.com/search", "", "", "Organic Search"},
		{"?gclid=secret", "https://www.google.com/", "Google", "google.com", "", "(gclid)", "Paid Search"},
		{"?msclkid=secret", "https://www.bing.com/", "Bing", "bing.com", "", "(msclkid)", "Paid Search"},
		{"?ref=my+list&utm_medium=email", "", "my list", "", "my list", "email", "Email"},
		{"", "https://news.example/u/ann@example.org/?x=1", "news.example", "news.example/u/:email", "", "", "Referral"},
		{"", "https://www.example.com/before", "", "", "", "", "Direct"},
	} {
		hit := h.hit(`{"n":"pageview","u":"https://example.com/` + c.query + `","r":"` + c.referrer + `"}`)
		for d, want := range map[aggregate.Dimension]string{
			aggregate.Source: c.source, aggregate.Referrer: aggregate.Join(c.source, c.address), aggregate.UTMSource: c.tag,
			aggregate.UTMMedium: c.medium, aggregate.Channel: c.channel,
		} {
			if hit.Facts[d] != want {
				t.Errorf("%s %s: got %s %q, want %q", c.query, c.referrer, d, hit.Facts[d], want)
			}
		}
		if all := fmt.Sprint(hit.Facts); strings.Contains(all, "secret") {
			t.Errorf("a click id's value reached the hit: %q", all)
		}
	}
}

func TestEngagementsBringNoFactsOfTheVisit(t *testing.T) {
	h := newHouse(t)
	hit := h.hit(`{"n":"engagement","e":1000,"u":"https://example.com/a?utm_campaign=c","r":"https://www.google.com/"}`)
	for d := aggregate.FirstVisitFact; d <= aggregate.LastHitFact; d++ {
		if hit.Facts[d] != "" {
			t.Errorf("%s: got %q, want none", d, hit.Facts[d])
		}
	}
	if hit.Facts[aggregate.Page] != "/a" || hit.Facts[aggregate.Hostname] != "example.com" {
		t.Errorf("got page %q on %q", hit.Facts[aggregate.Page], hit.Facts[aggregate.Hostname])
	}
}

func TestCookiesChangeNothing(t *testing.T) {
	h := newHouse(t)
	want := h.hit(beaconA)
	if got := h.hit(beaconA, "Cookie: id=1; session=2", "Authorization: Bearer x", "If-None-Match: x"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
