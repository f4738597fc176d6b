//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// pageviews are those of a site over all time.
func (s *server) pageviews(site string) float64 {
	s.t.Helper()
	return s.numbers(query{Site: site, Metrics: []string{"pageviews"}, DateRange: "all"})[0]
}

// TestMonthsCanBeDeletedAndEverythingElseStays deletes one of three months of an
// import and proves the rest by check and by its numbers.
func TestMonthsCanBeDeletedAndEverythingElseStays(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("a.test", "UTC")
	h.addSite("b.test", "UTC")
	now := time.Now().UTC()
	month := func(back int) time.Time {
		return time.Date(now.Year(), now.Month()-time.Month(back), 10, 12, 0, 0, 0, time.UTC)
	}
	for back := 3; back >= 1; back-- {
		h.importVisits("a.test", month(back), 5*back)
		h.importVisits("b.test", month(back), 4)
	}
	h.user("ada@example.com", "--role", "owner")
	s := h.serve("--local-access=false")
	s.count("203.0.113.7", browsers[0], view("https://a.test/today"))
	before := s.pageviews("a.test")
	of := func(site string, back int) float64 {
		first := month(back).AddDate(0, 0, -9)
		return s.numbers(query{Site: site, Metrics: []string{"pageviews"},
			DateRange: []string{first.Format("2006-01-02"), first.AddDate(0, 1, -1).Format("2006-01-02")}})[0]
	}
	lost, kept, other := of("a.test", 2), of("a.test", 3), s.pageviews("b.test")
	if lost == 0 || kept == 0 {
		t.Fatalf("the months hold %v and %v pageviews, want some", lost, kept)
	}
	ada := s.teammate().signIn("ada@example.com")
	name := month(2).Format("2006-01")
	reset := func(fields ...string) reply {
		t.Helper()
		return ada.post("/a.test/settings", "/a.test/settings/reset", fields...)
	}
	reset("domain", "b.test", "first", name, "last", name).want(t, "with the wrong domain", 422, "another one")
	reset("domain", "a.test", "first", "", "last", "").want(t, "without a month", 422, "Nothing was deleted")
	reset("domain", "a.test", "first", now.Format("2006-01"), "last", now.Format("2006-01")).want(t, "the current month", 422, "that are over")
	reset("domain", "a.test", "first", name, "last", month(3).Format("2006-01")).want(t, "months in the wrong order", 422)
	if got := s.pageviews("a.test"); got != before {
		t.Errorf("after refusals there are %v pageviews, want %v", got, before)
	}
	reset("domain", "a.test", "first", name, "last", name).want(t, "a month", 200, "deleted")
	if got := s.pageviews("a.test"); got != before-lost {
		t.Errorf("there are %v pageviews, want %v", got, before-lost)
	}
	if got := of("a.test", 2); got != 0 {
		t.Errorf("the month still has %v pageviews", got)
	}
	if got := of("a.test", 3); got != kept {
		t.Errorf("the month before has %v pageviews, want %v", got, kept)
	}
	if got := s.pageviews("b.test"); got != other {
		t.Errorf("the other site has %v pageviews, want %v", got, other)
	}
	h.proveData()
	ada.get("/a.test/activity").want(t, "the log", 200, "deleted figures", name)
	s.stop()
}

// TestEverythingCanBeDeletedWhileVisitorsCome deletes all of a site whose day is
// open; nothing comes back, by a commit, a crash or a restart.
func TestEverythingCanBeDeletedWhileVisitorsCome(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("a.test", "UTC")
	h.addSite("b.test", "UTC")
	h.importVisits("a.test", time.Now().UTC().AddDate(0, -1, 0), 6)
	s := h.serve("--commit-interval", "50ms")
	for i := range 8 {
		s.count(fmt.Sprintf("203.0.113.%d", i+1), browsers[0], view("https://a.test/before"))
		s.count(fmt.Sprintf("203.0.113.%d", i+1), browsers[0], view("https://b.test/"))
	}
	if r := h.try("site", "reset", "a.test"); r.code != failed || !strings.Contains(r.err, "--yes") {
		t.Errorf("without --yes: exit %d, %q", r.code, r.err)
	}
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() { // visitors of the other site do not wait for this
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				s.trySend(fmt.Sprintf("198.51.100.%d", i%200+1), browsers[1], view("https://b.test/busy"))
			}
		}
	}()
	h.must("site", "reset", "a.test", "--yes")
	close(stop)
	<-done
	if got := s.pageviews("a.test"); got != 0 {
		t.Errorf("after the reset there are %v pageviews, want none", got)
	}
	other := s.pageviews("b.test")
	for i := range 4 {
		s.count(fmt.Sprintf("203.0.113.%d", i+1), browsers[0], view("https://a.test/after"))
	}
	if got := s.pageviews("a.test"); got != 4 {
		t.Errorf("counting goes on with %v pageviews, want 4", got)
	}
	h.proveData()
	s.kill()
	s = h.serve()
	if got := s.pageviews("a.test"); got != 4 {
		t.Errorf("after a crash there are %v pageviews, want 4", got)
	}
	if got := s.pageviews("b.test"); got != other {
		t.Errorf("the other site has %v pageviews, want %v", got, other)
	}
	if h.storesValue("/before") {
		t.Error("the file still holds what was deleted")
	}
	s.stop()
}
