package ingest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"footfall/aggregate"
)

// forged are forwarding headers as somebody would send them who wants to be
// somebody else.
var forged = [][]string{
	{"X-Forwarded-For: 203.0.113.7"},
	{"X-Forwarded-For: 203.0.113.7, 198.51.100.1"},
	{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 198.51.100.1"},
	{"X-Forwarded-For: 203.0.113.7:4711"},
	{"X-Forwarded-For: [2001:db8::7]:4711, [2001:db8::8]"},
	{"X-Forwarded-For: 2001:db8::7"},
	{"X-Forwarded-For: ::ffff:203.0.113.7"},
	{"X-Forwarded-For: 127.0.0.1, ::1, 10.0.0.1"},
	{"X-Forwarded-For: , ,unknown, _hidden,\x80\xff,203.0.113.7,"},
	{"X-Forwarded-For: " + strings.Repeat("203.0.113.7, ", 400) + "198.51.100.1"},
	{"Forwarded: for=203.0.113.7;proto=https"},
	{`Forwarded: for="[2001:db8::7]:4711"`, "Forwarded: for=198.51.100.1"},
	{`Forwarded: for="203.0.113.7`},
	{"X-Real-IP: 203.0.113.7"},
	{"CF-Connecting-IP: 203.0.113.7", "True-Client-IP: 203.0.113.7", "X-Client-IP: 203.0.113.7"},
	{"X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.7", "X-Real-IP: 203.0.113.7"},
}

func TestNobodyIsBelievedToBeAnother(t *testing.T) {
	for _, header := range []string{"", "X-Real-IP", "X-Forwarded-For"} {
		h := newHouse(t, func(o *Options) {
			o.Proxies = mustProxies(t, "10.0.0.0/8")
			o.ClientIPHeader = header
		})
		want := h.hit(beaconA)
		for _, headers := range forged {
			got := h.hit(beaconA, headers...)
			if got.Visitor != want.Visitor || got.Facts != want.Facts {
				t.Errorf("with %s trusted from elsewhere, %v changed the visitor or a fact", header, headers)
			}
			answer := h.debug(beaconA, headers...)
			if answer["client_ip"] != "127.0.0.1" || fmt.Sprint(answer["via"]) != "[]" {
				t.Errorf("%v: got client %v via %v, want the peer", headers, answer["client_ip"], answer["via"])
			}
		}
	}
}

func TestBehindATrustedProxyOnlyItsOwnWordCounts(t *testing.T) {
	h := newHouse(t)
	want := h.hit(beaconA, "X-Forwarded-For: 198.51.100.77")
	for _, headers := range forged {
		if slices.ContainsFunc(headers, func(line string) bool { return !strings.HasPrefix(line, "X-Forwarded-For: ") }) {
			continue // a proxy that sets this header is asked for no other
		}
		inTheLast := slices.Clone(headers)
		inTheLast[len(inTheLast)-1] += ", 198.51.100.77"
		for _, passedOn := range [][]string{inTheLast, append(slices.Clone(headers), "X-Forwarded-For: 198.51.100.77")} {
			if got := h.hit(beaconA, passedOn...); got.Visitor != want.Visitor {
				t.Errorf("%v: another visitor than the proxy's word makes", passedOn)
			}
		}
	}
}

// smuggled is a request that somebody hides behind another.
const smuggled = "POST /api/event HTTP/1.1\r\nHost: x\r\nUser-Agent: m\r\nContent-Length: 51\r\n\r\n" +
	`{"n":"pageview","u":"https://example.com/smuggled"}`

func TestNoRequestHidesWithinAnother(t *testing.T) {
	h := newHouse(t)
	length := len(smuggled)
	for name, head := range map[string]string{
		"length and chunks":             fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 5+length),
		"chunks and length":             "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
		"two lengths":                   fmt.Sprintf("Content-Length: 0\r\nContent-Length: %d\r\n\r\n", length),
		"two lengths, turned":           fmt.Sprintf("Content-Length: %d\r\nContent-Length: 0\r\n\r\n", length),
		"a list of lengths":             fmt.Sprintf("Content-Length: 0, %d\r\n\r\n", length),
		"a length with a sign":          "Content-Length: +0\r\n\r\n",
		"a negative length":             "Content-Length: -1\r\n\r\n",
		"a hexadecimal length":          "Content-Length: 0x0\r\n\r\n",
		"a space before the colon":      "Content-Length : 0\r\n\r\n",
		"a space in transfer encoding":  "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"an unknown transfer encoding":  "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n",
		"chunks that are not the last":  "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"two transfer encodings":        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"a transfer encoding in a tab":  "Transfer-Encoding:\tchunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
		"a vertical tab":                "Transfer-Encoding: \x0bchunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
		"bare line feeds":               "X: a\nContent-Length: 0\r\n\r\n",
		"a bare line feed at the end":   "Content-Length: 0\r\n\n",
		"a bare carriage return":        "X: a\rContent-Length: 5\r\nContent-Length: 0\r\n\r\n",
		"a folded line":                 "X: a\r\n Content-Length: 5\r\nContent-Length: 0\r\n\r\n",
		"a folded length":               "Content-Length:\r\n 0\r\n\r\n",
		"a folded transfer encoding":    "Transfer-Encoding:\r\n\tchunked\r\nContent-Length: 0\r\n\r\n",
		"a space before the first line": " X: a\r\nContent-Length: 0\r\n\r\n",
		"a zero byte":                   "X: a\x00b\r\nContent-Length: 0\r\n\r\n",
		"a line without a colon":        "X\r\nContent-Length: 0\r\n\r\n",
		"two hosts":                     "Host: y\r\nContent-Length: 0\r\n\r\n",
		"chunks of line feeds":          "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
		"an extension of line feeds":    "Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n{}\r\n0\r\n\r\n",
		"a chunk that is too long":      "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
		"a negative chunk":              "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
		"an endless chunk":              "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n\r\n",
		"a length in the trailer":       "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n",
	} {
		for _, version := range []string{"HTTP/1.1", "HTTP/1.0"} {
			answers := h.exchange("POST /api/event " + version + "\r\nHost: x\r\n" + head + smuggled)
			if strings.Count(answers, "HTTP/1.1 ") != 1 || !strings.HasPrefix(answers, "HTTP/1.1 400 ") {
				t.Errorf("%s in %s: got %q, want one answer, 400, and the end", name, version, answers)
			}
		}
	}
	if hits := h.sink.all(); len(hits) != 0 {
		t.Errorf("got %d hits out of hidden requests, want none", len(hits))
	}
	honest := fmt.Sprintf("POST /api/event HTTP/1.1\r\nHost: x\r\nUser-Agent: m\r\nContent-Length: %d\r\n\r\n%s", len(beaconA), beaconA)
	if answers := h.exchange(honest + strings.Replace(honest, "Host", "Connection: close\r\nHost", 1)); strings.Count(answers, "HTTP/1.1 202 ") != 2 {
		t.Errorf("two honest requests, one after the other: got %q, want both counted", answers)
	}
}

// exchange writes bytes to a new connection and reads until the server ends it.
func (h *house) exchange(request string) string {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(conn, request)
	answers, err := io.ReadAll(conn)
	if err != nil && len(answers) == 0 {
		h.t.Errorf("%q: got %v, want an answer and the end", request, err)
	}
	return string(answers)
}

// tolerable is how long an honest beacon may take while others attack. The race
// detector makes everything, the attackers too, many times slower.
var tolerable = func() time.Duration {
	if raceEnabled {
		return time.Second
	}
	return 50 * time.Millisecond
}()

// crowd is how many connections a test may open: both ends are this process's.
func crowd(t *testing.T, want int) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Cur < limit.Max {
		limit.Cur = limit.Max
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Logf("the limit of open files stays: %v", err)
		}
	}
	return min(want, (int(limit.Cur)-400)/2)
}

// TestIdleAndSlowConnectionsHoldNobodyUp opens thousands of connections that say
// nothing, that have been used once, and that send their headers byte by byte,
// and then sends honest beacons.
func TestIdleAndSlowConnectionsHoldNobodyUp(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Sink = nullSink{} })
	n := crowd(t, 10_000)
	if raceEnabled {
		n = min(n, 2000) // what a connection costs, the detector doubles many times
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	conns := make([]net.Conn, n)
	t.Cleanup(func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	})
	used := fmt.Sprintf("POST /api/event HTTP/1.1\r\nHost: x\r\nUser-Agent: m\r\nContent-Length: %d\r\n\r\n%s", len(beaconA), beaconA)
	for i := range conns {
		conn, err := net.Dial("tcp", h.addr)
		if err != nil {
			t.Fatalf("connection %d of %d: %v", i, n, err)
		}
		conns[i] = conn
		switch i % 3 {
		case 1:
			io.WriteString(conn, used)
		case 2:
			io.WriteString(conn, "POST /api/event HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		}
	}
	enough := make(chan struct{})
	var drip sync.WaitGroup
	drip.Go(func() { // a byte on each slow connection every few seconds
		pace := time.NewTicker(time.Millisecond)
		defer pace.Stop()
		for i := 2; ; i = (i+3)%n/3*3 + 2 {
			select {
			case <-enough:
				return
			case <-pace.C:
				if i < n {
					conns[i].Write([]byte("x"))
				}
			}
		}
	})
	took := h.honest(t, 400)
	close(enough)
	drip.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d connections, %d KiB of heap and stack for each; honest beacons took %v in the middle, %v at the 95th of 100, %v at most", n,
		(after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse)/uint64(n)>>10, took[len(took)/2], took[len(took)*95/100], took[len(took)-1])
	if slow := took[len(took)*95/100]; slow > tolerable {
		t.Errorf("got %v at the 95th of 100 honest beacons, want at most %v", slow, tolerable)
	}
}

// honest sends beacons on connections of their own, and returns how long they
// took, in order.
func (h *house) honest(t *testing.T, n int) (took []time.Duration) {
	t.Helper()
	for range n {
		start := time.Now()
		if got := h.send(beaconA, "Connection: close"); got.status != http.StatusAccepted {
			t.Fatalf("an honest beacon: got %d %s", got.status, got.body)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took
}

// TestAFloodOfHeadersHoldsNobodyUp sends requests with as many and as long headers
// as are read, and more, from several connections at once.
func TestAFloodOfHeadersHoldsNobodyUp(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Sink = nullSink{} })
	var many strings.Builder
	for i := range 900 {
		fmt.Fprintf(&many, "X-%d: 1\r\n", i)
	}
	for name, headers := range map[string]string{
		"many": many.String(), "one long": "X: " + strings.Repeat("x", maxHeader-200) + "\r\n", "too long": "X: " + strings.Repeat("x", 2*maxHeader) + "\r\n",
		"many forwarded": "X-Forwarded-For: " + strings.Repeat("1.1.1.1,", 1900) + "203.0.113.7\r\n",
		"many of one":    strings.Repeat("X-Forwarded-For: 1.1.1.1\r\n", 500),
	} {
		request := "POST /api/event HTTP/1.1\r\nHost: x\r\n" + headers + "Content-Length: 2\r\n\r\n{}"
		var flooding atomic.Bool
		flooding.Store(true)
		var flood sync.WaitGroup
		for range 4 {
			flood.Go(func() {
				for flooding.Load() {
					conn, err := net.Dial("tcp", h.addr)
					if err != nil {
						continue
					}
					conn.SetDeadline(time.Now().Add(time.Second))
					io.WriteString(conn, request)
					io.CopyN(io.Discard, conn, 1)
					conn.Close()
				}
			})
		}
		took := h.honest(t, 150)
		flooding.Store(false)
		flood.Wait()
		t.Logf("%s: honest beacons took %v in the middle, %v at the 95th of 100", name, took[len(took)/2], took[len(took)*95/100])
		if slow := took[len(took)*95/100]; slow > tolerable {
			t.Errorf("%s: got %v at the 95th of 100 honest beacons, want at most %v", name, slow, tolerable)
		}
	}
}

// TestFloodsOfAnyFactStayWithinTheirLimits sends what is new every time, in each field that
// a client fills, and looks at what reaches the sink: nothing longer than its
// limit, nothing that another beacon sent.
func TestFloodsOfAnyFactStayWithinTheirLimits(t *testing.T) {
	h := newHouse(t)
	long := strings.Repeat("x", 1900)
	for i := range 300 {
		h.send(fmt.Sprintf(`{"n":"e%d","u":"https://example.com/%d/%s?utm_source=s%d%s","r":"https://r%d.example/%s","p":{"k%d":"%s"}}`,
			i, i, long[:900], i, long[:900], i, long, i, long))
	}
	hits := h.sink.all()
	if len(hits) != 300 {
		t.Fatalf("got %d hits, want 300", len(hits))
	}
	for i := range hits {
		for d, value := range hits[i].Facts {
			if len(value) > 2*maxPath {
				t.Errorf("%s: got %d bytes", aggregate.Dimension(d), len(value))
			}
		}
		if !strings.HasPrefix(hits[i].Facts[aggregate.Page], fmt.Sprintf("/%d/", i)) || hits[i].Props[0].Key != fmt.Sprintf("k%d", i) {
			t.Errorf("beacon %d: got page %.20q and property %q", i, hits[i].Facts[aggregate.Page], hits[i].Props[0].Key)
		}
	}
}
