//go:build linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"footfall/aggregate"
	"footfall/storage"
)

// visitTwice sends two visitors of a site: three pages in all, and a custom event.
func visitTwice(s *server, site string) {
	s.t.Helper()
	s.count("203.0.113.1", browsers[0], view("https://"+site+"/"))
	s.count("203.0.113.1", browsers[0], view("https://"+site+"/second"))
	s.count("203.0.113.2", browsers[1], view("https://"+site+"/").with("n", "Signup"))
	s.count("203.0.113.2", browsers[1], view("https://"+site+"/"))
}

func TestAStoppedServerGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		h := install(t)
		h.addSite("stopped.example", noonZone()) // two visitors are below the floor: only a stop commits them
		token := h.token()
		s := h.serve("--commit-interval", "1h")
		s.token = token
		visitTwice(s, "stopped.example")
		want := fmt.Sprint(s.today("stopped.example"))
		if want != "[2 2 3 4]" {
			t.Fatalf("visitors, visits, pageviews, events are %s, want [2 2 3 4]", want)
		}
		s.cmd.Process.Signal(signal)
		s.stop()
		if got := h.storedVisitors("stopped.example"); got != 2 {
			t.Errorf("after signal %v %d visitors are on disk, want 2", signal, got)
		}
		s = h.serve("--commit-interval", "1h")
		s.token = token
		if got := fmt.Sprint(s.today("stopped.example")); got != want {
			t.Errorf("after a restart: %s, want %s", got, want)
		}
		s.count("203.0.113.1", browsers[0], view("https://stopped.example/third"))
		if got := fmt.Sprint(s.today("stopped.example")); got != "[2 2 4 5]" {
			t.Errorf("a returning visitor after a restart: %s, want [2 2 4 5]: the same visit", got)
		}
		s.stop()
	}
}

// TestAStopFinishesRequestsAndTakesNoMore: what was answered 202 while the server
// stopped is counted.
func TestAStopFinishesRequestsAndTakesNoMore(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("finish.example", noonZone())
	token := h.token()
	s := h.serve()
	s.token = token
	var wg sync.WaitGroup
	answered := make([]int, connections)
	unsure := make([]int, connections)
	for c := range connections {
		wg.Go(func() {
			for n := 0; ; n++ {
				r, err := s.trySend(fmt.Sprintf("203.0.%d.%d", c, n%250), browsers[0], view("https://finish.example/"))
				if err != nil {
					unsure[c] = 1
					return
				}
				if r.status == http.StatusAccepted && r.dropped() == "" {
					answered[c]++
				}
			}
		})
	}
	eventually(t, "there is load", func() bool { return s.today("finish.example")[2] > 200 })
	s.stop()
	wg.Wait()
	least, most := 0, 0
	for c := range connections {
		least += answered[c]
		most += answered[c] + unsure[c]
	}
	s = h.serve()
	s.token = token
	if got := s.today("finish.example")[2]; got < float64(least) || got > float64(most) {
		t.Errorf("%v pageviews after a stop under load, want between the %d that were answered and %d", got, least, most)
	}
	s.stop()
}

// TestASenderWhoDawdlesDoesNotHoldUpAStop: those who stop containers wait for ten
// seconds, then they kill.
func TestASenderWhoDawdlesDoesNotHoldUpAStop(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("dawdle.example", noonZone())
	s := h.serve("--state-dir", "none", "--commit-interval", "1h")
	for _, request := range []string{"", "POST /api", "POST /api/event HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", "GET /js/script.js HTTP/1.1\r\nHost: x\r\n\r\n"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
	}
	visitTwice(s, "dawdle.example")
	begun := time.Now()
	s.stop()
	if took := time.Since(begun); took > 8*time.Second {
		t.Errorf("the server took %v to stop, want less than the ten seconds after which it is killed", took)
	}
	if got := h.storedVisitors("dawdle.example"); got != 2 {
		t.Errorf("%d visitors are on disk, want 2", got)
	}
}

// TestWithoutMemoryStateACleanStopWritesEverything: counters and the links so far.
func TestWithoutMemoryStateACleanStopWritesEverything(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("none.example", noonZone())
	token := h.token()
	s := h.serve("--state-dir", "none", "--commit-interval", "1h")
	s.token = token
	for i := range 4 {
		s.count(fmt.Sprintf("203.0.113.%d", i), browsers[0], view("https://none.example/a").with("r", "https://duckduckgo.com/"))
	}
	s.stop()
	if len(files(t, h.state)) != 0 {
		t.Errorf("with --state-dir none there are files in memory: %v", prints(t, h.state))
	}
	if got := h.linkedVisitors("none.example", aggregate.Source, "DuckDuckGo", aggregate.Page, "/a"); got != 4 {
		t.Errorf("the link of source and page has %d visitors on disk, want 4", got)
	}
	s = h.serve("--state-dir", "none", "--commit-interval", "1h")
	s.token = token
	if got := fmt.Sprint(s.today("none.example")); got != "[4 4 4 4]" {
		t.Errorf("after a restart: %s, want [4 4 4 4]", got)
	}
	for i := range 3 {
		s.count(fmt.Sprintf("198.51.100.%d", i), browsers[1], view("https://none.example/a"))
	}
	if got := fmt.Sprint(s.today("none.example")); got != "[7 7 7 7]" {
		t.Errorf("the day goes on from its stored counters: %s, want [7 7 7 7]", got)
	}
	// What was before the stop is known to be missing, or there.
	r, status := s.ask(query{Site: "none.example", Metrics: []string{"visitors", "pageviews"}, DateRange: "day", Filters: []any{is("event:page", "/a")}})
	if got := plainNumbers(r.Results[0].Metrics); status != http.StatusOK || fmt.Sprint(got) != "[7 7]" && (len(r.Meta.Lossy) != 1 || got[1] < 3) {
		t.Errorf("under one filter today: answered %d, %v, incomplete days %v; want [7 7], or less with today among them", status, got, r.Meta.Lossy)
	}
	s.stop()
	if got := h.linkedVisitors("none.example", aggregate.Source, "DuckDuckGo", aggregate.Page, "/a"); got != 4 {
		t.Errorf("after a second stop the link of source and page has %d visitors on disk, want the 4 of before", got)
	}
	if got := h.linkedVisitors("none.example", aggregate.Page, "/a", aggregate.Browser, "Firefox"); got != 3 {
		t.Errorf("after a second stop the link of page and browser has %d visitors on disk, want 3", got)
	}
}

// linkedVisitors are the visitors of a link on disk, on all days.
func (h *installation) linkedVisitors(site string, a aggregate.Dimension, valueA string, b aggregate.Dimension, valueB string) (visitors int64) {
	h.t.Helper()
	if a > b {
		a, b, valueA, valueB = b, a, valueB, valueA
	}
	db := h.openCopy()
	defer db.Close()
	first, last, _, err := db.Days(aggregate.Site(site))
	if err != nil {
		h.t.Fatal(err)
	}
	q := storage.BlockRange{Site: aggregate.Site(site), Span: aggregate.OneDay, A: a, B: b, First: first, Last: last}
	err = db.Range(q, func(_ aggregate.Key, block *aggregate.Block) error {
		for _, r := range block.Rows {
			if block.A[r.A] == valueA && block.B[r.B] == valueB {
				visitors += r.Counts[aggregate.Visitors]
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return visitors
}

// TestASecondServerOnTheSameDataSaysSo, and what else is an error at once.
func TestASecondServerOnTheSameDataSaysSo(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("first.example", noonZone())
	s := h.serve()
	begun := time.Now()
	_, err := h.tryServe()
	if err == nil || !strings.Contains(err.Error(), "in use") || !strings.Contains(err.Error(), "hint: ") || !strings.Contains(err.Error(), "exit 1") {
		t.Errorf("a second server: %v, want exit 1, a line that says that the data is in use, and a hint", err)
	}
	other := install(t)
	address := strings.TrimPrefix(s.url, "http://")
	_, err = other.tryServe("--listen", address)
	if err == nil || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "hint: ") || !strings.Contains(err.Error(), "exit 1") {
		t.Errorf("a taken port: %v, want exit 1, a line that names the address, and a hint", err)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("both errors took %v, want them at once", took)
	}
	visitTwice(s, "first.example") // undisturbed
	s.stop()
}

// TestAStopRightAfterTheStartIsAStop sends the signal while the server is about to
// serve.
func TestAStopRightAfterTheStartIsAStop(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("example.com", "UTC")
	for range 15 {
		h.serve().stop()
	}
}
