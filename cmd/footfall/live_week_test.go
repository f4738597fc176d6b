//go:build linux

package main

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
)

// TestAWeekLivedThroughEqualsItsNaiveRecomputation sends the same kind of week as
// beacons to a server whose clock shows the time of each, with stops in between,
// and compares all reports while the last days are open and when all are closed.
func TestAWeekLivedThroughEqualsItsNaiveRecomputation(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		zone, first string
		people      int
		seed        uint64
	}{
		{"Europe/Berlin", "2026-03-25", 90, rand.Uint64()},
		{"America/St_Johns", "2026-10-28", 60, rand.Uint64()}, // has a day of 25 hours
	} {
		t.Run(strings.ReplaceAll(row.zone, "/", " "), func(t *testing.T) {
			t.Parallel()
			w := newWeek("week.example", row.zone, row.first, row.people, row.seed)
			t.Logf("seed %d: %d people, %d events", row.seed, len(w.people), len(w.events))
			liveWeek(t, w)
		})
	}
}

func liveWeek(t *testing.T, w *week) {
	h := install(t)
	h.addSite(w.site, w.loc.String(), "floor=1", "retention=off", "mask=off", "hostnames=any")
	token := h.token()
	clock := &wallClock{time: w.first}
	s := h.inside(clock, h.state)
	s.token = token
	all, homeless := w.visits()
	random := rand.New(rand.NewPCG(w.seed, 1))
	dropped := 0
	for i, e := range w.events {
		clock.set(e.at)
		headers := []string{"Content-Type", "text/plain"}
		if !e.fragmentary {
			headers = append(headers, "Accept-Language", e.language)
		}
		p := w.people[e.who]
		switch r := s.send(p.ip, p.agent, w.beacon(e), headers...); {
		case r.status != http.StatusAccepted || r.dropped() != "" && r.dropped() != "no_visit":
			t.Fatalf("event %d is answered %d, dropped as %q", i, r.status, r.dropped())
		case r.dropped() != "":
			dropped++
		}
		if random.IntN(20) == 0 { // as housekeeping does at its pace
			s.real.salts.Expire(clock.now())
			if _, err := s.real.engine.CloseEnded(); err != nil {
				t.Fatal(err)
			}
		}
		if random.IntN(len(w.events)/4) == 0 {
			s.stop()
			s = h.inside(clock, h.state)
			s.token = token
		}
	}
	if dropped != homeless {
		t.Errorf("%d engagements were dropped as no_visit, want %d", dropped, homeless)
	}
	w.compare(t, s.server, all)
	s.stop()

	clock.set(w.end().AddDate(0, 0, 3))
	s = h.inside(clock, h.state)
	s.token = token
	if _, err := s.real.engine.CloseEnded(); err != nil {
		t.Fatal(err)
	}
	w.compare(t, s.server, all)
	s.stop()
}

// beacon is an event as a tracker sends it.
func (w *week) beacon(e event) beacon {
	b := beacon{}
	if err := json.Unmarshal(w.line(e), &b); err != nil {
		panic(err)
	}
	for _, key := range []string{"time", "ip", "user_agent", "language"} {
		delete(b, key)
	}
	return b
}
