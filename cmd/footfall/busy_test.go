//go:build linux

package main

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// underLoad runs do while six connections send pageviews, and returns how many of
// them were answered. None may fail.
func underLoad(t *testing.T, s *server, site string, do func()) (answered int) {
	t.Helper()
	var wg sync.WaitGroup
	stop := make(chan struct{})
	counts := make([]int, connections)
	for c := range connections {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				r, err := s.trySend(fmt.Sprintf("203.%d.%d.%d", c, n>>8&0xff, n&0xff), browsers[0], view(fmt.Sprintf("https://%s/%d", site, n%9)))
				if err != nil || r.status != 202 || r.dropped() != "" {
					t.Errorf("under load: %v, %d, dropped as %q; want it counted", err, r.status, r.dropped())
					return
				}
				counts[c]++
			}
		})
	}
	do()
	close(stop)
	wg.Wait()
	for _, n := range counts {
		answered += n
	}
	return answered
}

// TestUpkeepUnderLoadLosesNothing compacts, checks, audits, backs up and imports
// while beacons come in.
func TestUpkeepUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("busy.example", noonZone())
	s := h.serve("--commit-interval", "10ms")
	var copies []string
	answered := underLoad(t, s, "busy.example", func() {
		for i := range 3 {
			h.importVisits("busy.example", time.Now().AddDate(0, 0, -5-i), 20)
			h.must("compact")
			h.proveData()
			copies = append(copies, filepath.Join(t.TempDir(), fmt.Sprint(i)))
			h.must("backup", copies[i])
			h.must("site", "add", fmt.Sprintf("busy%d.example", i))
			h.must("site", "set", "busy.example", fmt.Sprint("floor=", 3+i))
			h.must("site", "remove", fmt.Sprintf("busy%d.example", i))
		}
	})
	got := s.today("busy.example")
	if got[2] != float64(answered) || got[0] != float64(answered) {
		t.Errorf("%v pageviews of %v visitors, want the %d that were answered", got[2], got[0], answered)
	}
	s.stop()
	for _, name := range copies {
		other := install(t)
		other.must("restore", name) // which proves it
		other.proveData()
		if list := other.must("site", "list"); !strings.Contains(list, "busy.example") {
			t.Errorf("the copy has the sites %q", list)
		}
	}
}

// TestAnImportThatBreaksOffLeavesNothing kills the command, and then the server,
// while a file is being read.
func TestAnImportThatBreaksOffLeavesNothing(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("broken.example", noonZone(), "floor=1")
	token := h.token()
	s := h.serve()
	s.token = token
	day := time.Now().AddDate(0, 0, -30)
	// begin starts an import that has written some days and waits for more.
	begin := func() (end func(), w *io.PipeWriter) {
		r, w := io.Pipe()
		cmd := h.command("import", "events", "--site", "broken.example", "--yes", "-")
		cmd.Stdin = r
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for i := range 5 {
			for n := range 200 {
				fmt.Fprintf(w, `{"time":%q,"ip":"203.0.113.%d","user_agent":%q,"n":"pageview","u":"https://broken.example/%d"}`+"\n",
					day.AddDate(0, 0, 3*i).Format(time.RFC3339), n, browsers[0], n)
			}
		}
		return func() { cmd.Process.Kill(); r.Close(); cmd.Wait() }, w
	}
	imports := func() string { return h.must("import", "list") }
	all := query{Site: "broken.example", Metrics: []string{"pageviews"}, DateRange: "all"}
	nothing := func(when string) {
		t.Helper()
		eventually(t, "no import is left "+when, func() bool { return imports() == "" })
		if got := s.numbers(all); got[0] != 0 {
			t.Errorf("%s there are %v pageviews, want none", when, got[0])
		}
	}
	kill, _ := begin()
	eventually(t, "the import has begun", func() bool { return imports() != "" })
	if got := s.numbers(all); got[0] != 0 {
		t.Errorf("an import that goes on shows %v pageviews already", got[0])
	}
	kill()
	nothing("after the command was killed")

	kill, _ = begin()
	eventually(t, "the import has begun", func() bool { return imports() != "" })
	s.kill()
	kill()
	s = h.serve()
	s.token = token
	nothing("after the server was killed")

	kill, w := begin()
	eventually(t, "the import has begun", func() bool { return imports() != "" })
	s.stop() // an operator does not wait for an import
	kill()
	w.Close()
	s = h.serve()
	s.token = token
	nothing("after the server was stopped")
	s.stop()

	kill, _ = begin() // without a server
	kill()
	s = h.serve()
	s.token = token
	nothing("after a command without a server was killed")
	s.stop()
}

// TestAnImportCanBeTakenBack, and what was there before stays.
func TestAnImportCanBeTakenBack(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("taken.example", noonZone(), "floor=1")
	day := time.Now().AddDate(0, 0, -20)
	h.importVisits("taken.example", day, 4)
	s := h.serve()
	total := func() string {
		return fmt.Sprint(s.numbers(query{Site: "taken.example", Metrics: []string{"visitors", "pageviews"}, DateRange: "91d"}))
	}
	if got := total(); got != "[4 8]" {
		t.Fatalf("after one import: %s, want [4 8]", got)
	}
	h.importVisits("taken.example", day.AddDate(0, 0, 3), 5)
	if got := total(); got != "[9 18]" {
		t.Errorf("after a second import: %s, want [9 18]", got)
	}
	r := h.tryWith(strings.NewReader(fmt.Sprintf(`{"time":%q,"ip":"203.0.113.1","user_agent":%q,"n":"pageview","u":"https://taken.example/"}`, day.Format(time.RFC3339), browsers[0])),
		"import", "events", "--site", "taken.example", "-")
	explained(t, "an import of days that have counters", r)
	if got := total(); got != "[9 18]" {
		t.Errorf("after an import that was not confirmed: %s, want [9 18]", got)
	}
	h.must("import", "remove", "1")
	if got := total(); got != "[5 10]" {
		t.Errorf("after the first was taken back: %s, want [5 10]", got)
	}
	h.must("import", "remove", "2")
	if got := total(); got != "[0 0]" {
		t.Errorf("after both were taken back: %s, want [0 0]", got)
	}
	s.stop()
}

// teamsLog is a line of the activity log as it is stored.
var teamsLog = regexp.MustCompile(`\{"at":\d+,[^{}]*\}`)

// TestARemovedSiteDoesNotComeBack: not under its name, not by a kill, not in the
// bytes of the file.
func TestARemovedSiteDoesNotComeBack(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("gone.example", noonZone(), "floor=1")
	token := h.token()
	s := h.serve("--commit-interval", "10ms")
	s.token = token
	visitTwice(s, "gone.example")
	eventually(t, "it is on disk", func() bool { return h.storedVisitors("gone.example") == 2 })
	h.must("site", "remove", "gone.example")
	if got := s.send("203.0.113.1", browsers[0], view("https://gone.example/")).dropped(); got != "unknown_site" {
		t.Errorf("a beacon for the removed site is dropped as %q, want unknown_site", got)
	}
	// The team's own log alone says that it was there, and who removed it.
	if left := teamsLog.ReplaceAllString(string(h.stableCopy()), ""); strings.Contains(left, "gone.example") {
		t.Errorf("the file still holds the name of the removed site")
	}
	s.kill()
	s = h.serve("--commit-interval", "10ms")
	s.token = token
	h.addSite("gone.example", noonZone(), "floor=1")
	if got := fmt.Sprint(s.today("gone.example")); got != "[0 0 0 0]" {
		t.Errorf("the site that was added again has %s, want nothing", got)
	}
	visitTwice(s, "gone.example")
	if got := fmt.Sprint(s.today("gone.example")); got != "[2 2 3 4]" {
		t.Errorf("the site that was added again has %s, want [2 2 3 4]", got)
	}
	s.stop()
}

// TestAChangeOfZoneLosesNothing: the day that has begun goes on as it began.
func TestAChangeOfZoneLosesNothing(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("moved.example", "UTC", "floor=1")
	token := h.token()
	s := h.serve("--commit-interval", "10ms")
	s.token = token
	sum := func() float64 {
		return s.numbers(query{Site: "moved.example", Metrics: []string{"pageviews"}, DateRange: []string{
			time.Now().AddDate(0, 0, -2).Format(time.DateOnly), time.Now().AddDate(0, 0, 2).Format(time.DateOnly)}})[0]
	}
	for i, zone := range []string{"Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kolkata", "UTC"} {
		s.count("203.0.113.1", browsers[0], view("https://moved.example/"))
		h.must("site", "set", "moved.example", "timezone="+zone)
		s.count("203.0.113.2", browsers[0], view("https://moved.example/"))
		if got := sum(); got != float64(2*i+2) {
			t.Errorf("in %s: %v pageviews, want %d", zone, got, 2*i+2)
		}
		if i == 1 {
			s.kill()
			s = h.serve("--commit-interval", "10ms")
			s.token = token
		}
	}
	s.stop()
	s = h.serve("--state-dir", "none")
	s.token = token
	if got := sum(); got != 8 {
		t.Errorf("after a stop: %v pageviews, want 8", got)
	}
	s.stop()
}
