package ingest

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// raw writes bytes to a new connection and reads the answer's status.
func (h *house) raw(write func(net.Conn)) *http.Response {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	write(conn)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		h.t.Fatalf("got %v, want an answer", err)
	}
	return resp
}

func TestBodiesOverTheLimitAreAnswered413(t *testing.T) {
	h := newHouse(t)
	for _, size := range []int{MaxBody + 1, 1 << 20} {
		got := h.send(`{"n":"` + strings.Repeat("x", size-8) + `"}`)
		if got.status != http.StatusRequestEntityTooLarge || got.body != string(bodyTooLarge) {
			t.Errorf("%d bytes: got %d %q, want 413 and a sentence", size, got.status, got.body)
		}
	}
	if got := h.send(`{"n":"` + strings.Repeat("x", MaxBody-8) + `"}`); got.status != 400 {
		t.Errorf("got %d for a body of just the limit, want it read", got.status)
	}
	chunked := h.raw(func(c net.Conn) {
		fmt.Fprintf(c, "POST /api/event HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", MaxBody+1, strings.Repeat("x", MaxBody+1))
	})
	if chunked.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d for a chunked body, want 413", chunked.StatusCode)
	}
}

func TestHeadersOverTheLimitAreAnswered431(t *testing.T) {
	h := newHouse(t)
	got := h.raw(func(c net.Conn) {
		fmt.Fprintf(c, "POST /api/event HTTP/1.1\r\nHost: x\r\nX-Long: %s\r\n\r\n", strings.Repeat("x", maxHeader+1))
	})
	if got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d, want 431", got.StatusCode)
	}
}

func TestSlowSendersAreAnswered408(t *testing.T) {
	server := NewServer(func(*fasthttp.RequestCtx) {}, isOpen, slog.New(slog.DiscardHandler))
	if server.ReadTimeout <= 0 || server.IdleTimeout <= 0 || server.WriteTimeout <= 0 {
		t.Fatalf("got timeouts %v, %v, %v, want all of them set", server.ReadTimeout, server.IdleTimeout, server.WriteTimeout)
	}
	server.ReadTimeout = 30 * time.Millisecond // in place of waiting
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go server.Serve(ln)
	h := &house{t: t, addr: ln.Addr().String()}
	for name, bytes := range map[string]string{
		"in the headers": "POST /api/event HTTP/1.1\r\nHost: x\r\n",
		"in the body":    "POST /api/event HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{",
	} {
		got := h.raw(func(c net.Conn) { fmt.Fprint(c, bytes) })
		if got.StatusCode != http.StatusRequestTimeout || got.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("slow %s: got %d with %q, want 408 which pages may read", name, got.StatusCode, got.Header["Access-Control-Allow-Origin"])
		}
	}
}

func TestNeitherGarbageNorPanicsTellTheLogAnything(t *testing.T) {
	h := newHouse(t)
	if got := h.raw(func(c net.Conn) { fmt.Fprint(c, "GARBAGE canary-203.0.113.99\r\n\r\n") }); got.StatusCode != 400 {
		t.Errorf("got %d for garbage, want 400", got.StatusCode)
	}
	if got := h.request("GET", "/panic", ""); got.status != 500 {
		t.Errorf("got %d for a panic, want 500", got.status)
	}
	redacted{h.options.Logger}.Printf("error when serving connection %q<->%q: %v", "127.0.0.1", "203.0.113.99", "canary")
	log := h.log.String()
	if !strings.Contains(log, "BUG:") || !strings.Contains(log, "house).route") || !strings.Contains(log, "error when serving connection") {
		t.Errorf("got log %q, want the panic's place and the server's message", log)
	}
	for _, secret := range []string{"203.0.113.99", "canary", "127.0.0.1"} {
		if strings.Contains(log, secret) {
			t.Errorf("%q stands in the log: %s", secret, log)
		}
	}
}

func TestTheServerSpeaksNothingItCannot(t *testing.T) {
	server := NewServer(func(*fasthttp.RequestCtx) {}, isOpen, slog.New(slog.DiscardHandler))
	if got := server.TLSConfig.NextProtos; len(got) != 2 || got[0] != "http/1.1" || got[1] != "acme-tls/1" {
		t.Errorf("got protocols %v, want http/1.1 and acme-tls/1", got)
	}
}

// TestPagesMayReadWhatTheyAreRefusedWith: a script that is told nothing but "failed
// to fetch" helps nobody.
func TestPagesMayReadWhatTheyAreRefusedWith(t *testing.T) {
	h := newHouse(t)
	large := strings.Repeat("x", MaxBody+1)
	for _, path := range []string{"/api/event", "/api/send", "/count", "/closed", "/panic"} {
		for name, c := range map[string]struct {
			request string
			status  int
			blind   bool // the server forgets what was asked for
		}{
			"too large":            {fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, len(large), large), 413, false},
			"too large, in chunks": {fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", path, len(large), large), 413, true},
			"too large, asked":     {fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", path, len(large)), 413, false},
			"ambiguous":            {fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\nX-A: b\r\nContent-Length: 1\r\n\r\n1", path), 400, false},
			"no chunks":            {fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", path), 400, true},
		} {
			got := h.raw(func(c2 net.Conn) { fmt.Fprint(c2, c.request) })
			want := "*"
			if path == "/closed" && !c.blind {
				want = ""
			}
			if got.StatusCode != c.status || got.Header.Get("Access-Control-Allow-Origin") != want {
				t.Errorf("%s, %s: got %d with %q, want %d with %q", path, name, got.StatusCode, got.Header["Access-Control-Allow-Origin"], c.status, want)
			}
		}
	}
	if got := h.request("POST", "/panic", ""); got.status != 500 || got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a panic: got %+v, want 500 with the header", got)
	}
	for _, path := range []string{"/api/event", "/api/send", "/count"} {
		if got := h.request("PUT", path, ""); got.status != 405 || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("PUT %s: got %+v, want 405 with the header", path, got)
		}
		if got := h.request("POST", path, "{"); got.status != 400 || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("POST %s: got %+v, want 400 with the header", path, got)
		}
	}
}

// TestALargeBodyIsTakenInBeforeItIsRefused: a connection that is closed with bytes
// unread is reset, and the answer lost.
func TestALargeBodyIsTakenInBeforeItIsRefused(t *testing.T) {
	h := newHouse(t)
	body := strings.Repeat("x", 8<<20)
	for range 3 {
		got := h.send(body)
		if got.status != 413 || got.body != string(bodyTooLarge) {
			t.Fatalf("got %d %q, want 413 and a sentence", got.status, got.body)
		}
	}
}
