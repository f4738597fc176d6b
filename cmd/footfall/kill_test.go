//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"

	"footfall/storage"
)

// load is six connections that send pageviews as fast as they are answered, and
// the books about what was answered.
type load struct {
	t *testing.T

	mu       sync.Mutex // protects all below
	changed  *sync.Cond // server, stopped, or the number of answers
	server   *server
	stopped  bool
	answered int
	unsure   int // sent, and never answered
	counted  map[string]bool
	tried    map[string]bool
}

const connections = 6

func newLoad(t *testing.T, s *server) *load {
	l := &load{t: t, server: s, counted: map[string]bool{}, tried: map[string]bool{}}
	l.changed = sync.NewCond(&l.mu)
	return l
}

// run sends until stop: each connection its own visitors, three pages each.
func (l *load) run(connection int) {
	for n := 0; ; n++ {
		l.mu.Lock()
		s := l.server
		stopped := l.stopped
		l.mu.Unlock()
		if stopped {
			return
		}
		ip := fmt.Sprintf("203.0.%d.%d", 113-connection, n/3%250)
		agent := browsers[n/750%len(browsers)]
		r, err := s.trySend(ip, agent, view(fmt.Sprintf("https://kill.example/%d", n%7)))
		l.book(s, ip+agent, r, err)
	}
}

// book writes down what became of a beacon. After an error it waits for the next
// server, so that each kill leaves one beacon a connection in doubt at most.
func (l *load) book(s *server, visitor string, r reply, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.changed.Broadcast()
	l.tried[visitor] = true
	switch {
	case err == nil && (r.status != http.StatusAccepted || r.dropped() != ""):
		l.t.Errorf("answered %d, dropped as %q; want 202 and counted", r.status, r.dropped())
	case err == nil:
		l.answered++
		l.counted[visitor] = true
	default:
		if !errors.Is(err, syscall.ECONNREFUSED) { // what nobody took was never sent
			l.unsure++
		}
		for l.server == s && !l.stopped {
			l.changed.Wait()
		}
	}
}

// until waits for more answers.
func (l *load) until(more int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for goal := l.answered + more; l.answered < goal; {
		l.changed.Wait()
	}
}

func (l *load) use(s *server) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = s
	l.changed.Broadcast()
}

func TestFiveKillsUnderLoadLoseNothingAndRepeatNothing(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("kill.example", noonZone())
	token := h.token()
	start := func() *server {
		s := h.serve("--commit-interval", "20ms") // so that kills fall into commits, too
		s.token = token
		return s
	}
	s := start()
	l := newLoad(t, s)
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() { l.run(c) })
	}
	for kill := range 5 {
		l.until(500 + 437*kill)
		s.kill()
		s = start()
		l.use(s)
	}
	l.until(300)
	l.mu.Lock()
	l.stopped = true
	l.changed.Broadcast()
	l.mu.Unlock()
	wg.Wait()

	t.Logf("%d beacons of %d visitors were answered, %d of %d were in doubt", l.answered, len(l.counted), l.unsure, 5*connections)
	if l.unsure > 5*connections {
		t.Errorf("%d beacons are in doubt, want no more than %d", l.unsure, 5*connections)
	}
	between := func(when string) []float64 {
		got := s.today("kill.example")
		if got[2] < float64(l.answered) || got[2] > float64(l.answered+l.unsure) {
			t.Errorf("%s: %v pageviews, want between the %d that were answered and %d", when, got[2], l.answered, l.answered+l.unsure)
		}
		if got[0] < float64(len(l.counted)) || got[0] > float64(len(l.tried)) {
			t.Errorf("%s: %v visitors, want between the %d that were answered and %d", when, got[0], len(l.counted), len(l.tried))
		}
		if got[0] != got[1] {
			t.Errorf("%s: %v visits of %v visitors, want one each", when, got[1], got[0])
		}
		return got
	}
	before := between("after five kills")
	s.stop()
	s = start()
	if after := between("after a stop"); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("a clean stop changed the figures: %v, want %v", after, before)
	}
	s.stop()
}

func TestWithoutMemoryStateAKillCostsNoMoreThanSinceTheLastCommit(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("none.example", noonZone(), "floor=1") // so that none is left over
	token := h.token()
	s := h.serve("--state-dir", "none", "--commit-interval", "20ms")
	s.token = token
	for i := range 9 {
		s.count(fmt.Sprintf("203.0.113.%d", i), browsers[0], view("https://none.example/"))
	}
	eventually(t, "nine visitors are committed", func() bool { return h.storedVisitors("none.example") == 9 })
	s.kill()
	s = h.serve("--state-dir", "none", "--commit-interval", "20ms")
	s.token = token
	if got := s.today("none.example"); fmt.Sprint(got) != "[9 9 9 9]" {
		t.Errorf("after a kill: visitors, visits, pageviews, events are %v, want 9 each", got)
	}
	s.count("203.0.113.1", browsers[0], view("https://none.example/again"))
	if got := s.today("none.example"); fmt.Sprint(got) != "[10 10 10 10]" {
		t.Errorf("a returning visitor: visitors, visits, pageviews, events are %v, want 10 each: who it was is forgotten", got)
	}
	r, status := s.ask(query{Site: "none.example", Metrics: []string{"pageviews"}, DateRange: "day", Filters: []any{is("event:page", "/again")}})
	if status != http.StatusOK || len(r.Meta.Lossy) == 0 && len(r.Meta.Warnings) == 0 {
		t.Errorf("a filtered answer over a day that lost its memory: status %d, %+v; want 200 and a warning", status, r)
	}
	s.stop()
}

// storedVisitors are the visitors of a site that are on disk, on all days.
func (h *installation) storedVisitors(site string) int64 {
	h.t.Helper()
	db := h.openCopy()
	defer db.Close()
	visitors, _ := storedTotals(h.t, db, site)
	return visitors
}

// openCopy opens a copy of the data file as it is on disk, also of a running server.
func (h *installation) openCopy() *storage.DB {
	h.t.Helper()
	var db *storage.DB
	eventually(h.t, "a copy of the file is whole", func() bool {
		var err error
		db, err = openBytes(h.t, h.stableCopy())
		if err != nil && !errors.Is(err, storage.ErrCorrupt) { // a commit may come in between
			h.t.Fatal(err)
		}
		return err == nil
	})
	return db
}
