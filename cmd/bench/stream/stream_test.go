package stream

import (
	"bufio"
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func TestSameSeedMakesSameStream(t *testing.T) {
	a, b := New(7, Options{}), New(7, Options{})
	for i := range 1000 {
		if x, y := a.Next(), b.Next(); x != y {
			t.Fatalf("beacon %d: got %+v and %+v", i, x, y)
		}
	}
	if New(7, Options{}).Next() == New(8, Options{}).Next() {
		t.Error("two seeds begin with the same beacon")
	}
}

func TestStreamHasTheVisitorsPathsAndReferrersOfTheBudget(t *testing.T) {
	s := New(1, Options{})
	visitors, paths, referrers := map[uint32]bool{}, map[uint16]int{}, map[uint16]bool{}
	for range 2_000_000 {
		b := s.Next()
		visitors[b.Visitor], referrers[b.Referrer] = true, true
		paths[b.Path]++
	}
	if n := len(visitors); n < 199_900 || n > 200_000 {
		t.Errorf("got %d visitors, want 200,000", n)
	}
	if n := len(paths); n != 2000 {
		t.Errorf("got %d paths, want 2,000", n)
	}
	if n := len(referrers); n != 301 {
		t.Errorf("got %d referrers, want 300 and none", n)
	}
	if paths[0] < 100*paths[1999] {
		t.Errorf("the first path came %d times, the last %d times; want it skewed", paths[0], paths[1999])
	}
}

func TestRequestsAreWhatAServerReads(t *testing.T) {
	b := New(3, Options{}).Next()
	raw := NewRequests("127.0.0.1:1").Append(nil, b)
	var req fasthttp.Request
	if err := req.Read(bufio.NewReader(bytes.NewReader(raw))); err != nil {
		t.Fatal(err)
	}
	if got, want := string(req.Header.Peek("X-Forwarded-For")), b.Addr().String(); got != want {
		t.Errorf("X-Forwarded-For: got %q, want %q", got, want)
	}
	if got := string(req.Header.UserAgent()); got != b.Agent() {
		t.Errorf("User-Agent: got %q, want %q", got, b.Agent())
	}
	var body map[string]any
	if err := json.Unmarshal(req.Body(), &body); err != nil || body["n"] != "pageview" || body["d"] != Site {
		t.Errorf("got body %s (%v), want a pageview of %s", req.Body(), err, Site)
	}
}

func TestLinesAreJSONWithTheTime(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 1e6, time.UTC)
	line := New(3, Options{}).Next().AppendLine(nil, at)
	var got struct {
		Time     time.Time
		IP, U, D string
	}
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	if !got.Time.Equal(at) || got.IP == "" || got.U == "" || got.D != Site {
		t.Errorf("got %+v from %s", got, line)
	}
}
