//go:build linux

package main

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
)

// TestAVisitorWhoObjectsLeavesNoTrace compares all files, on the disk and in the
// memory state, before and after beacons of visitors who object, through every
// door. A stop would write whatever they had changed.
func TestAVisitorWhoObjectsLeavesNoTrace(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("quiet.example", noonZone(), "floor=1", "dnt=on")
	s := h.serve("--commit-interval", "10ms")
	s.token = h.token()
	for i := range 3 {
		s.count(fmt.Sprintf("203.0.113.%d", i), browsers[i], view("https://quiet.example/"))
	}
	s.stop()
	start := func() *server {
		again := h.serve("--commit-interval", "10ms")
		again.token = s.token
		return again
	}
	s = start()
	before := s.today("quiet.example")
	s.stop()
	disk, memory := prints(t, h.data), prints(t, h.state)

	s = start()
	running := prints(t, h.state)
	for i := range 200 {
		ip, agent := fmt.Sprintf("203.0.113.%d", i), browsers[i%3] // the first three are known
		objection := []string{"Sec-GPC", "1"}
		if i%2 == 1 {
			objection[0] = "DNT"
		}
		b := view(fmt.Sprintf("https://quiet.example/objected/%d", i))
		switch i % 5 {
		case 1:
			b = beacon{"n": "engagement", "u": "https://quiet.example/", "e": 1000}
		case 2:
			b["n"], b["p"] = "Signup", map[string]any{"plan": "objected"}
		case 3:
			if r, err := s.do("GET", "/pixel.gif?d=quiet.example&n=pageview&u=https%3A%2F%2Fquiet.example%2Fobjected", nil,
				"User-Agent", agent, "X-Forwarded-For", ip, objection[0], "1"); err != nil || r.dropped() != "opt_out" {
				t.Fatalf("the pixel of an objector: %v %+v, want it dropped as opt_out", err, r)
			}
			continue
		case 4: // what else might be wrong with it is not looked at
			agent = robot
		}
		r := s.send(ip, agent, b, objection...)
		if r.status != http.StatusAccepted || r.body != "ok" || r.dropped() != "opt_out" || r.header.Get("x-plausible-dropped") != "1" {
			t.Fatalf("an objector's %v is answered %d %q, dropped as %q of %q sites; want 202 ok, opt_out of 1",
				b, r.status, r.body, r.dropped(), r.header.Get("x-plausible-dropped"))
		}
	}
	if after := prints(t, h.state); !maps.Equal(after, running) {
		t.Errorf("the memory state has changed:\n%s", changes(running, after))
	}
	if got := s.today("quiet.example"); fmt.Sprint(got) != fmt.Sprint(before) {
		t.Errorf("figures are %v, want %v", got, before)
	}
	s.stop()
	if after := prints(t, h.data); !maps.Equal(after, disk) {
		t.Errorf("the data directory has changed:\n%s", changes(disk, after))
	}
	if after := prints(t, h.state); len(after) != len(memory) {
		t.Errorf("the memory state has other files after a stop:\n%s", changes(memory, after))
	}
	if log := s.log.String(); strings.Contains(log, "objected") || strings.Contains(log, "opt_out") {
		t.Errorf("the log tells of objectors:\n%s", log)
	}
}

// changes are the files that differ.
func changes(before, after map[string]string) string {
	var b strings.Builder
	for name, was := range before {
		if after[name] != was {
			fmt.Fprintf(&b, "%s: %s, now %s\n", name, was, after[name])
		}
	}
	for name, is := range after {
		if before[name] == "" {
			fmt.Fprintf(&b, "%s: new, %s\n", name, is)
		}
	}
	return b.String()
}

// TestObjectionsAreASetting: an owner may decide not to ask for them.
func TestObjectionsAreASetting(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("default.example", noonZone())
	h.addSite("deaf.example", noonZone(), "gpc=off", "hostnames=any")
	s := h.serve()
	for _, row := range []struct{ site, header, want string }{
		{"default.example", "Sec-GPC", "opt_out"},
		{"default.example", "DNT", ""},
		{"deaf.example", "Sec-GPC", ""},
	} {
		if got := s.send("203.0.113.7", browsers[0], view("https://"+row.site+"/"), row.header, "1").dropped(); got != row.want {
			t.Errorf("%s with %s: 1 is dropped as %q, want %q", row.site, row.header, got, row.want)
		}
	}
	// Of two sites in one beacon each decides for itself.
	r := s.send("203.0.113.8", browsers[0], view("https://default.example/").with("d", "default.example,deaf.example"), "Sec-GPC", "1")
	if r.header.Get("x-plausible-dropped") != "1" || r.dropped() != "opt_out" {
		t.Errorf("a beacon for two sites: dropped as %q of %q sites, want opt_out of 1", r.dropped(), r.header.Get("x-plausible-dropped"))
	}
	s.stop()
}
