package ingest

import (
	"strings"
	"testing"

	"footfall/aggregate"
)

func TestPagesOfOtherHostsAreRefused(t *testing.T) {
	h := newHouse(t)
	page := func(url string) string { return `{"n":"pageview","d":"example.com","u":"` + url + `"}` }
	for _, c := range []struct{ setting, url, origin, referer, want string }{
		{"site", "https://example.com/", "", "", ""},
		{"site", "https://WWW.Example.com:8443/", "https://www.example.com:8443", "", ""},
		{"site", "https://shop.example.com/", "https://shop.example.com", "https://shop.example.com/", ""},
		{"site", "https://example.com/", "https://blog.example.com", "", ""},
		{"site", "https://example.com/", "null", "", ""},
		{"site", "https://example.com/", "null", "https://www.example.com/", ""},
		{"site", "http://localhost:3000/", "http://localhost:3000", "", ""},
		{"site", "http://127.0.0.1/", "", "", ""},
		{"site", "app://start/", "", "", "start"},
		{"site", "file:///index.html", "null", "", ""},
		{"site", "https://elsewhere.example/", "", "", "elsewhere.example"},
		{"site", "https://notexample.com/", "", "", "notexample.com"},
		{"site", "https://example.com.elsewhere.example/", "", "", "example.com.elsewhere.example"},
		{"site", "https://127.0.0.1.elsewhere.example/", "", "", ""},
		{"site", "https://example.com/", "https://copied.example", "", "copied.example"},
		{"site", "https://example.com/", "", "https://copied.example/page", "copied.example"},
		{"site", "https://example.com/", "https://example.com", "https://copied.example/", "copied.example"},
		{"site", "https://203.0.113.9/", "", "", ""},
		{"any", "https://elsewhere.example/", "https://copied.example", "", ""},
		{"shop.example", "https://shop.example/", "https://www.shop.example", "", ""},
		{"shop.example", "https://example.com/", "", "", "example.com"},
		{"site,shop.example,*.partner.example", "https://a.partner.example/", "https://example.com", "", ""},
		{"site,shop.example,*.partner.example", "https://partner.example/", "", "", "partner.example"},
	} {
		h.set("example.com", "hostnames", c.setting)
		before, hits := h.sink.ledger(), len(h.sink.all())
		var headers []string
		if c.origin != "" {
			headers = append(headers, "Origin: "+c.origin)
		}
		if c.referer != "" {
			headers = append(headers, "Referer: "+c.referer)
		}
		got := h.send(page(c.url), headers...)
		dropped := got.header.Get("X-Footfall-Dropped")
		address := c.url == "https://203.0.113.9/" || c.url == "https://127.0.0.1.elsewhere.example/"
		wantDrop := ""
		if c.want != "" || address {
			wantDrop = Hostname
		}
		if got.status != 202 || dropped != wantDrop || len(h.sink.all()) != hits+map[string]int{"": 1, Hostname: 0}[wantDrop] {
			t.Errorf("hostnames=%s, page %s, origin %q, referer %q: got %d, dropped %q, want %q", c.setting, c.url, c.origin, c.referer, got.status, dropped, wantDrop)
		}
		line := "example.com hostname: " + c.want
		if address {
			line = "example.com hostname" // without the host, which holds an address
		}
		if wantDrop != "" && h.sink.ledger()[line] != before[line]+1 {
			t.Errorf("page %s, origin %q: got ledger %v, want a line %q", c.url, c.origin, h.sink.ledger(), line)
		}
	}
}

func TestHostsWithAddressesStayOutOfTheLedger(t *testing.T) {
	for host, want := range map[string]string{
		"copied.example": "copied.example", "1.2.3.example": "1.2.3.example", "203.0.113.9": "", "203.0.113.9.nip.example": "",
		"x.203.0.113.9": "", "2001:db8::1": "", "": "", "v1.2.3.4": "v1.2.3.4",
	} {
		if got := ledgerHost(host); got != want {
			t.Errorf("%q: got %q, want %q", host, got, want)
		}
	}
}

func TestASiteWithAPortKnowsItsPages(t *testing.T) {
	for _, c := range []struct {
		host string
		site aggregate.Site
		want bool
	}{
		{"example.com", "example.com:8443", true},
		{"a.example.com", "example.com:8443", true},
		{"2001:db8::1", "2001:db8::1", true},
		{"2001:db8::2", "2001:db8::1", false},
		{"anexample.com", "example.com", false},
		{"example.com", "", false},
	} {
		if got := within(c.host, c.site); got != c.want {
			t.Errorf("%s within %s: got %t, want %t", c.host, c.site, got, c.want)
		}
	}
}

func TestReferrerSpamIsRefused(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct{ body, want string }{
		{`{"n":"pageview","u":"https://example.com/","r":"https://seo.semalt.com/crawler.php?u=x"}`, "example.com spam: semalt.com"},
		{`{"n":"pageview","u":"https://example.com/","r":"http://WWW.Buttons-for-Website.com"}`, "example.com spam: buttons-for-website.com"},
		{`{"n":"pageview","u":"https://example.com/?utm_source=Semalt.com"}`, "example.com spam: semalt.com"},
		{`{"n":"pageview","u":"https://example.com/?ref=www.darodar.com"}`, "example.com spam: darodar.com"},
		{`{"n":"Signup","u":"https://example.com/","r":"https://semalt.com"}`, "example.com spam: semalt.com"},
	} {
		before := h.sink.ledger()[c.want]
		got := h.send(c.body)
		if got.status != 202 || got.header.Get("X-Footfall-Dropped") != Spam || h.sink.ledger()[c.want] != before+1 {
			t.Errorf("%s: got %d, dropped %q, ledger %v, want %q", c.body, got.status, got.header.Get("X-Footfall-Dropped"), h.sink.ledger(), c.want)
		}
	}
	h.hit(`{"n":"pageview","u":"https://example.com/?utm_source=newsletter","r":"https://notsemalt.com/semalt.com"}`)
}

// What is told at a glance must be what taking the address apart tells.
func TestAGlanceAtAHeaderAgreesWithItsReading(t *testing.T) {
	var s scratch
	headers := []string{"https://www.example.com", "http://example.com/a?b#c", "https://example.com:8443", "https://example.com.evil.example/",
		"https://example.comevil.example", "https://example.com@evil.example/", "https://example.com\\@evil.example", "https://EXAMPLE.com/",
		"https://example.com?x", "https://example.com#x", "https://www.www.example.com/", "https://", "https:///", "null", "", "example.com",
		"ftp://example.com/", "https://example.com./", "https://xn--bcher-kva.example/", "https://bücher.example/"}
	for _, page := range []string{"example.com", "www.example.com", "evil.example", "bücher.example"} {
		for _, header := range headers {
			from, problem := s.splitURL(header)
			if isOn(header, page) && (problem != "" || from.host != page && "www."+from.host != page) {
				t.Errorf("%q is taken for %q at a glance, read it is %q (%s)", header, page, from.host, problem)
			}
		}
	}
	if !isOn("https://www.example.com/", "example.com") || !isOn("http://example.com", "example.com") {
		t.Error("the usual headers are not known at a glance")
	}
}

func TestHostsAreOfTheSignsThatHostsHave(t *testing.T) {
	var s scratch
	for authority, want := range map[string]string{
		"example.com": "example.com", "WWW.Example.COM.": "example.com", "www.example.com": "example.com", "a_b.example": "a_b.example",
		"user:pw@example.com:8080": "example.com", "bücher.example": "bücher.example", "BÜCHER.example": "bücher.example", "1-2.example": "1-2.example",
		"example.com.": "example.com",
		"a..b":         "-", ".example.com": "-", "www..example.com": "-", "a b": "-", "a\tb": "-", "a\"b": "-", "a%20b": "-", "a\xffb": "-", "a\u0085b": "-",
		"ü b": "-", "example.com:port": "-", "example.com:123456": "-", strings.Repeat("a", 254): "-",
	} {
		got, ok := s.host(authority)
		if !ok {
			got = "-"
		}
		if got != want {
			t.Errorf("the host of %q is %q, want %q", authority, got, want)
		}
	}
}
