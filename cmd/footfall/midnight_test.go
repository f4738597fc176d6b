//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"footfall/storage/volatile"
)

// wallClock is a clock that shows what a test sets.
type wallClock struct {
	mu   sync.Mutex
	time time.Time
}

func (c *wallClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *wallClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = t
}

// inside is a server in the test's own process, with a clock of its own.
type inside struct {
	*server
	real  *Server
	clock *wallClock
	end   context.CancelFunc
	ended chan error
}

// inside starts one. Its log goes to the test's where the test fails.
func (h *installation) inside(clock *wallClock, state string) *inside {
	h.t.Helper()
	return h.insideWith(clock, state, noticeFlags{})
}

// insideWith is inside for a server that tells notices.
func (h *installation) insideWith(clock *wallClock, state string, notices noticeFlags) *inside {
	h.t.Helper()
	s := &inside{clock: clock, ended: make(chan error, 1),
		server: &server{t: h.t, home: h, client: &http.Client{Transport: &http.Transport{}, Timeout: patience}}}
	var err error
	// A process that another test is starting holds, between fork and exec, the locks of
	// a server that has just ended here.
	eventually(h.t, "the memory state is free", func() bool {
		s.real, err = OpenServer(serverOptions{data: h.data, clock: clock.now, log: &s.log,
			flags: serverFlags{entranceFlags: entranceFlags{Listen: "127.0.0.1:0"}, noticeFlags: notices, StateDir: state, CommitInterval: 20 * time.Millisecond, TrustedProxies: "loopback", LogLevel: "info"}})
		return !errors.Is(err, volatile.ErrLocked)
	})
	if err != nil {
		h.t.Fatal(err)
	}
	s.url = strings.TrimSuffix(s.real.URL(), "/")
	ctx, end := context.WithCancel(context.Background())
	s.end = end
	go func() { s.ended <- s.real.Run(ctx) }()
	h.t.Cleanup(func() {
		s.stop()
		if h.t.Failed() {
			h.t.Logf("the server's log:\n%s", last(s.log.String(), 4000))
		}
	})
	return s
}

// stop ends the server cleanly; once is enough.
func (s *inside) stop() {
	s.t.Helper()
	s.client.CloseIdleConnections()
	s.end()
	if err, ok := <-s.ended; ok {
		close(s.ended)
		if err != nil {
			s.t.Errorf("a clean stop: %v", err)
		}
	}
}

// over asks for visitors, visits, pageviews and events of some days.
func (s *inside) over(first, last string, filters ...any) string {
	s.t.Helper()
	return fmt.Sprint(s.numbers(query{Site: "night.example", Metrics: []string{"visitors", "visits", "pageviews", "events"},
		DateRange: []string{first, last}, Filters: filters}))
}

func (s *inside) openDays() string { return fmt.Sprint(s.real.engine.OpenDays("night.example")) }

func berlin(t *testing.T, at string) time.Time {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	when, err := time.ParseInLocation("2006-01-02 15:04:05", at, loc)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

// TestAVisitAcrossMidnight follows one visitor over midnight, into the next day,
// and beyond the close of the day before.
func TestAVisitAcrossMidnight(t *testing.T) {
	t.Parallel()
	const first, second = "2026-06-10", "2026-06-11"
	h := install(t)
	h.addSite("night.example", "Europe/Berlin", "floor=1")
	clock := &wallClock{time: berlin(t, first+" 23:40:00")}
	s := h.inside(clock, h.state)
	s.token = h.token()
	see := func(at, who, path string) {
		t.Helper()
		clock.set(berlin(t, at))
		s.count("203.0.113."+who, browsers[0], view("https://night.example"+path).with("r", "https://duckduckgo.com/"))
	}
	want := func(when, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %s, want %s", when, got, want)
		}
	}
	see(first+" 23:40:00", "1", "/one")
	see(first+" 23:50:00", "2", "/one")
	see(first+" 23:58:00", "2", "/two")
	want("before midnight", s.over(first, first), "[2 2 3 3]")
	see(second+" 00:05:00", "2", "/three") // known under the salt of yesterday
	see(second+" 00:10:00", "3", "/one")
	see(second+" 00:25:00", "2", "/four")
	want("yesterday, after midnight", s.over(first, first), "[2 2 3 3]")
	want("today, after midnight", s.over(second, second), "[2 2 3 3]")
	want("both days", s.over(first, second), "[3 3 6 6]")
	if n := s.real.salts.Status().Salts; n != 2 {
		t.Errorf("at 00:25 there are %d salts, want those of both days", n)
	}

	old := secretsOf(t, h.state)
	clock.set(berlin(t, second+" 00:30:01"))
	eventually(t, "the salt of yesterday is destroyed", func() bool { return s.real.salts.Status().Salts == 1 })
	if kept := secretsOf(t, h.state); len(kept) == 0 || len(kept) >= len(old) {
		t.Errorf("the memory state's salts hold %d random stretches, and %d before; want half of them gone", len(kept), len(old))
	}
	see(second+" 00:45:00", "2", "/five") // known under the salt of today by now
	want("both days, after the salt of yesterday is gone", s.over(first, second), "[3 3 7 7]")
	if got := s.openDays(); got != "[2026-06-10 2026-06-11]" {
		t.Errorf("while the visit goes on %s are open, want both days", got)
	}

	clock.set(berlin(t, second+" 01:46:00")) // the visit is over, and what may come late, too
	eventually(t, "yesterday is closed", func() bool { return s.openDays() == "[2026-06-11]" })
	want("the closed day", s.over(first, first), "[2 2 3 3]")
	want("both days, one of them closed", s.over(first, second), "[3 3 7 7]")
	see(second+" 02:00:00", "2", "/six")
	want("a second visit is no second visitor", s.over(second, second), "[2 3 5 5]")
	want("both days, with it", s.over(first, second), "[3 4 8 8]")

	// Links of the closed day, and no more than two facts of it.
	search, one, chrome := is("visit:source", "DuckDuckGo"), is("event:page", "/one"), is("visit:browser", "Chrome")
	want("two filters on the closed day", s.over(first, first, search, one), "[2 2 2 2]")
	exit := is("visit:exit_page", "/five")
	want("the page where the visit ended the day after", s.over(first, first, exit), "[1 1 2 2]")
	q := query{Site: "night.example", Metrics: []string{"visitors"}, DateRange: []string{first, first}, Filters: []any{search, one, chrome}}
	if r, status := s.ask(q); status != http.StatusBadRequest || !strings.Contains(r.Error, "two") {
		t.Errorf("three filters on the closed day: answered %d %q, want 400 and the reason", status, r.Error)
	}
	want("three filters today", s.over(second, second, search, is("event:page", "/six"), chrome), "[1 1 1 1]")
	s.stop()

	// A server that was down over the next midnight closes what is over.
	clock.set(berlin(t, "2026-06-13 12:00:00"))
	s = h.inside(clock, h.state)
	s.token = strings.TrimSpace(h.must("token", "add", "later"))
	eventually(t, "all days are closed", func() bool { return s.openDays() == "[]" })
	want("all days, closed", s.over(first, "2026-06-13"), "[3 4 8 8]")
	if n := s.real.salts.Status().Salts; n != 0 {
		t.Errorf("two days later there are %d salts, want none", n)
	}
	if kept := secretsOf(t, h.state); len(kept) != 0 {
		t.Errorf("two days later the memory state's salts hold %d random stretches, want none", len(kept))
	}
	s.stop()
}

// secretsOf are the random stretches in the file of salts.
func secretsOf(t *testing.T, state string) map[int][]byte {
	t.Helper()
	for name, content := range files(t, state) {
		if filepath.Base(name) == "salts" {
			return secrets(bytes.Clone(content[512:])) // behind its head
		}
	}
	t.Fatal("the memory state has no file of salts")
	return nil
}

// TestAClockThatJumpsLosesNothing lets the clock jump over midnight and back, by
// minutes and by days, with stops in between: whatever was answered for is counted
// once, and every day's parts add up (check proves it when the test ends).
func TestAClockThatJumpsLosesNothing(t *testing.T) {
	t.Parallel()
	for _, state := range []bool{true, false} {
		h := install(t)
		h.addSite("night.example", "Europe/Berlin", "floor=1", "retention=off")
		where := h.state
		if !state {
			where = "none"
		}
		base := berlin(t, "2026-03-28 23:50:00") // the next day has 23 hours
		clock := &wallClock{time: base}
		random := rand.New(rand.NewPCG(11, 13))
		s := h.inside(clock, where)
		token := h.token()
		s.token = token
		pages, events := 0, 0
		for round := range 60 {
			jump := []time.Duration{20 * time.Minute, -20 * time.Minute, 3 * time.Hour, -25 * time.Hour, 48 * time.Hour, time.Second}[random.IntN(6)]
			at := clock.now().Add(jump)
			if at.Before(base.AddDate(0, 0, -3)) || at.After(base.AddDate(0, 0, 4)) {
				at = base
			}
			clock.set(at)
			for range 1 + random.IntN(5) {
				b := view(fmt.Sprintf("https://night.example/%d", random.IntN(4)))
				if events++; random.IntN(4) == 0 {
					b["n"] = "Signup"
				} else {
					pages++
				}
				s.count(fmt.Sprintf("203.0.113.%d", random.IntN(6)), browsers[random.IntN(3)], b)
			}
			if round%7 == 3 { // as housekeeping does sooner or later
				s.real.salts.Expire(clock.now())
				if _, err := s.real.engine.CloseEnded(); err != nil {
					t.Fatal(err)
				}
			}
			if round%20 == 19 {
				s.stop()
				s = h.inside(clock, where)
				s.token = token
			}
		}
		clock.set(base.AddDate(0, 0, 20))
		got := s.numbers(query{Site: "night.example", Metrics: []string{"pageviews", "events", "visitors", "visits"}, DateRange: []string{"2026-03-20", "2026-04-17"}})
		if got[0] != float64(pages) || got[1] != float64(events) {
			t.Errorf("memory state %t: %v pageviews and %v events, want %d and %d", state, got[0], got[1], pages, events)
		}
		if got[2] < 1 || got[2] > got[3] || got[3] > float64(events) {
			t.Errorf("memory state %t: %v visitors and %v visits of %d events", state, got[2], got[3], events)
		}
		r, _ := s.ask(query{Site: "night.example", Metrics: []string{"pageviews"}, DateRange: []string{"2026-03-20", "2026-04-17"}, Dimensions: []string{"event:page"}})
		sum := 0.0
		for _, row := range r.rows() {
			sum += *row[0]
		}
		if sum != float64(pages) {
			t.Errorf("memory state %t: the pages add up to %v pageviews, want %d", state, sum, pages)
		}
		s.stop()
	}
}

// TestTheDayOfAZoneWithHalfAnHour: a day begins where the site is.
func TestTheDayOfAZoneWithHalfAnHour(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("night.example", "Asia/Kolkata", "floor=1")
	clock := &wallClock{time: time.Date(2026, 6, 10, 18, 29, 59, 0, time.UTC)} // 23:59:59 there
	s := h.inside(clock, h.state)
	s.token = h.token()
	s.count("203.0.113.1", browsers[0], view("https://night.example/"))
	clock.set(time.Date(2026, 6, 10, 18, 30, 0, 0, time.UTC))
	s.count("203.0.113.2", browsers[0], view("https://night.example/"))
	for _, day := range []string{"2026-06-10", "2026-06-11"} {
		if got := s.over(day, day); got != "[1 1 1 1]" {
			t.Errorf("%s: %s, want [1 1 1 1]", day, got)
		}
	}
	r, _ := s.ask(query{Site: "night.example", Metrics: []string{"pageviews"}, DateRange: []string{"2026-06-10", "2026-06-11"}, Dimensions: []string{"time:hour"}})
	var hours []string
	for hour := range r.rows() {
		hours = append(hours, hour)
	}
	slices.Sort(hours)
	if want := "[2026-06-10 23:00:00 2026-06-11 00:00:00]"; fmt.Sprint(hours) != want {
		t.Errorf("hours are %v, want %s", hours, want)
	}
	s.stop()
	if _, err := os.Stat(filepath.Join(h.data, socketName)); !os.IsNotExist(err) {
		t.Errorf("a stopped server leaves its socket behind: %v", err)
	}
}
