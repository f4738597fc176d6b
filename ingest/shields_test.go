package ingest

import (
	"strings"
	"testing"

	"footfall/aggregate"
)

func TestPatternsMatchPaths(t *testing.T) {
	for _, c := range []struct {
		glob, path string
		want       bool
	}{
		{"/admin", "/admin", true},
		{"/admin", "/admin/", false},
		{"/admin*", "/administrator", true},
		{"/admin*", "/admin/users", false},
		{"/admin**", "/admin/users/7", true},
		{"/admin/**", "/admin/users/7", true},
		{"/admin/**", "/admin", false},
		{"/*/draft", "/blog/draft", true},
		{"/*/draft", "/blog/2026/draft", false},
		{"/**/draft", "/blog/2026/draft", true},
		{"**/draft", "/draft", true},
		{"*", "/", false},
		{"/*", "/", true},
		{"**", "/anything/at all", true},
		{"/a*b*c", "/aXbYc", true},
		{"/a*b*c", "/aXbY/c", false},
		{"/**b*c", "/x/b/yb/zbc", true},
		{"/**/a*/c", "/x/ab/a/d/ae/c", true},
		{"/***", "/x/y", true},
		{"/ü*", "/über", true},
		{"", "", true},
		{"", "/", false},
		{"/a", "", false},
	} {
		if got := aggregate.MatchGlob(c.glob, c.path); got != c.want {
			t.Errorf("%q and %q: got %t, want %t", c.glob, c.path, got, c.want)
		}
	}
}

func TestAPatternOfManyStarsEnds(t *testing.T) {
	for _, glob := range []string{strings.Repeat("*a**", 60) + "b", "***" + strings.Repeat("a", 480) + "b", "**a*a*a*a*a*b"} {
		for _, path := range []string{strings.Repeat("a/", 1000), strings.Repeat("a", 2000)} {
			if aggregate.MatchGlob(glob, path) {
				t.Errorf("%.20s: got a match without a b", glob)
			}
			if !aggregate.MatchGlob(glob, path+strings.Repeat("a", 480)+"b") {
				t.Errorf("%.20s: got no match with a b", glob)
			}
		}
	}
}

func BenchmarkMatchGlob(b *testing.B) {
	for b.Loop() {
		aggregate.MatchGlob("/blog/*/draft/**", "/blog/2026/a-post-of-some-length")
	}
}

func TestShieldsRefuseWhatTheOwnerNames(t *testing.T) {
	h := newHouse(t)
	h.set("example.com", "shield_page", "/admin/**,/preview")
	h.set("example.com", "shield_ip", "198.51.100.0/24,2001:db8:7::/48")
	h.set("example.com", "shield_country", "US")
	for _, c := range []struct{ path, addr, want string }{
		{"/", "203.0.113.1", ""},
		{"/admin/users", "203.0.113.1", ShieldPage},
		{"/admin/ann%40example.org", "203.0.113.1", ShieldPage},
		{"/preview?x=1", "203.0.113.1", ShieldPage},
		{"/previews", "203.0.113.1", ""},
		{"/", "198.51.100.77", ShieldIP},
		{"/", "198.51.101.77", ""},
		{"/", "2001:db8:7:1::5", ShieldIP},
		{"/", "2001:db8:8::5", ""},
		{"/", "203.0.113.7", ShieldCountry},
		{"/admin/", "198.51.100.77", ShieldIP},
	} {
		got := h.send(`{"n":"pageview","u":"https://example.com`+c.path+`"}`, "X-Forwarded-For: "+c.addr)
		if dropped := got.header.Get("X-Footfall-Dropped"); got.status != 202 || dropped != c.want {
			t.Errorf("%s from %s: got %d, dropped %q, want %q", c.path, c.addr, got.status, dropped, c.want)
		}
	}
	if ledger := h.sink.ledger(); ledger["example.com shield_ip"] != 3 || ledger["example.com shield_page"] != 3 || ledger["example.com shield_country"] != 1 {
		t.Errorf("got ledger %v, want three shields with their counts", ledger)
	}
	if log := h.log.String(); strings.Contains(log, "198.51.100") || strings.Contains(log, "2001:db8") {
		t.Errorf("a shielded network stands in the log: %s", log)
	}
}

func TestLikePathsAreSpelledAlike(t *testing.T) {
	h := newHouse(t)
	h.set("tidy.example", "paths", "tidy")
	for _, c := range []struct{ path, want string }{
		{"", "/"},
		{"/", "/"},
		{"/About/", "/about"},
		{"/about/index.html", "/about"},
		{"/about/INDEX.PHP", "/about"},
		{"/about/Default.aspx/", "/about"},
		{"/index.htm", "/"},
		{"/index", "/index"},
		{"/index.html5", "/index.html5"},
		{"//a///b//", "/a/b"},
		{"/a/./b/../c", "/a/c"},
		{"/../../a", "/a"},
		{"/a/..", "/"},
		{"/a%2F%2E%2E/b", "/b"},
		{"/...", "/..."},
		{"/%C3%9Cber/", "/über"},
		{"/Ann@Example.org/Profile", "/:email/profile"},
		{"/t/QWxhZGRpbjpvcGVuIHNlc2FtZQ9z/", "/t/:token"},
	} {
		hit := h.hit(`{"n":"pageview","u":"https://tidy.example` + c.path + `"}`)
		if got := hit.Facts[aggregate.Page]; got != c.want {
			t.Errorf("%s: got %q, want %q", c.path, got, c.want)
		}
	}
	for _, c := range []struct{ url, want string }{
		{"https://tidy.example/App/#/Settings/", "/app#/settings"},
		{"https://tidy.example/#Top", "/#top"},
		{"https://example.com/About//./x/", "/About//./x/"},
	} {
		hit := h.hit(`{"n":"pageview","h":1,"u":"` + c.url + `"}`)
		if got := hit.Facts[aggregate.Page]; got != c.want {
			t.Errorf("%s: got %q, want %q", c.url, got, c.want)
		}
	}
}
