//go:build linux

package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"footfall/aggregate"
)

// TestYesterdayAnswersTheSameWhenTodayIsFirstCommitted: a breakdown under a filter,
// over live and imported days of this month, all of whose links are rarer than the
// floor.
func TestYesterdayAnswersTheSameWhenTodayIsFirstCommitted(t *testing.T) {
	t.Parallel()
	const site, zone = "night.example", "Europe/Berlin"
	h := install(t)
	h.addSite(site, zone)
	clock := &wallClock{time: berlin(t, "2026-06-08 12:00:00")}
	s := h.inside(clock, h.state)
	s.token = h.token()
	h.importVisits(site, berlin(t, "2026-06-02 12:00:00"), 2)
	h.importVisits(site, berlin(t, "2026-06-03 12:00:00"), 4)
	see := func(visitors int) {
		for i := range visitors {
			for _, path := range []string{"start", "sell"} {
				s.count(fmt.Sprintf("203.0.113.%d", i), browsers[0], view("https://"+site+"/"+path).with("r", "https://duckduckgo.com/"))
			}
		}
	}
	see(2)
	clock.set(berlin(t, "2026-06-10 12:00:00"))
	if _, err := s.real.engine.CloseEnded(); err != nil {
		t.Fatal(err)
	}
	ask := func() []string {
		r, _ := s.ask(query{Site: site, Metrics: []string{"visitors", "visits", "pageviews"}, DateRange: []string{"2026-06-01", "2026-06-09"},
			Dimensions: []string{"event:page"}, Filters: []any{is("visit:source", "DuckDuckGo")}})
		var rows []string
		for _, row := range r.Results {
			rows = append(rows, fmt.Sprint(row.Dimensions, plainNumbers(row.Metrics)))
		}
		return append(rows, string(r.Meta.Hidden))
	}
	want := []string{"[/start] [8 8 8]", "[/buy] [6 6 6]", "[/sell] [2 2 2]", ""}
	if got := ask(); !slices.Equal(got, want) {
		t.Errorf("before the first commit of today: got %q, want %q", got, want)
	}
	see(3)
	eventually(t, "today is committed", func() bool {
		_, last, _, err := s.real.db.Days(site)
		return err == nil && last == aggregate.Date(2026, time.June, 10)
	})
	if got := ask(); !slices.Equal(got, want) {
		t.Errorf("after it: got %q, want %q", got, want)
	}
	s.stop()
}
