//go:build linux

package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// publicPaths are what everybody may read of a public site.
var publicPaths = []string{"", "?period=day", "?period=7d&report=pages", "?period=12mo", "?tabs=countries", "?embed=1&theme=dark",
	"?as=csv", "?as=csv&report=sources", "?as=values&key=page", "?f=is,page,/rare", "?period=realtime"}

// told are the parts of a page that tell the time it was made.
var toldTime = regexp.MustCompile(`As of [^<]*|data-etag="[^"]*"`)

func (s *server) public(path string) string {
	s.t.Helper()
	r, err := s.do("GET", "/public.example"+path, nil, "X-Forwarded-For", "203.0.113.200", "Accept-Language", "en")
	if err != nil || r.status != http.StatusOK {
		s.t.Fatalf("%s: %d (%v)", path, r.status, err)
	}
	return toldTime.ReplaceAllString(r.body, "")
}

// A public site does not tell nobody from one visitor, nor one from two; and it
// changes in steps of the floor.
func TestPollingAPublicSiteSinglesNobodyOut(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("public.example", "UTC", "public=on")
	h.user("ada@example.com") // without an account / tells how to make one
	clock := &wallClock{time: time.Date(2026, 11, 12, 9, 0, 0, 0, time.UTC)}
	s := h.inside(clock, h.state)
	visit := func(i int) {
		s.count(fmt.Sprintf("198.51.100.%d", i), browsers[i%len(browsers)], beacon{"n": "pageview", "u": "https://public.example/rare", "d": "public.example"})
		clock.set(clock.now().Add(5*time.Minute + time.Second))
	}
	before := map[string]string{}
	for _, path := range publicPaths {
		before[path] = s.public(path)
	}
	for i := 1; i <= 2; i++ {
		visit(i)
		for _, path := range publicPaths {
			if after := s.public(path); after != before[path] {
				t.Errorf("%d visitors: %q is not what it was without any", i, path)
			}
		}
	}
	visit(3)
	page := s.public("?period=day")
	if page == before["?period=day"] || !strings.Contains(page, "/rare") {
		t.Error("three visitors are not told")
	}
	clock.set(clock.now().Add(5 * time.Minute))
	page = s.public("?period=day&lang=en")
	for i := 4; i <= 5; i++ {
		visit(i)
		if s.public("?period=day&lang=en") != page {
			t.Errorf("the %dth visitor shows", i)
		}
	}
	for _, path := range []string{"/", "/public.example/install", "/public.example/refused", "/public.example/settings"} {
		r, err := s.do("GET", path, nil, "X-Forwarded-For", "203.0.113.200")
		if err != nil || r.status != http.StatusUnauthorized && r.status != http.StatusForbidden {
			t.Errorf("%s is open to everybody: %d (%v)", path, r.status, err)
		}
	}
}
