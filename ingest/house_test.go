package ingest

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/aggregate/live"
	"footfall/ingest/agent"
	"footfall/ingest/geo"
	"footfall/ingest/visitor"
)

// house is a door behind a real server, with known sites and a sink that
// remembers.
type house struct {
	t       testing.TB
	door    *Door
	url     string
	addr    string
	sites   testSites
	sink    *testSink
	log     *bytes.Buffer
	now     time.Time
	salts   *visitor.Salts
	options Options
}

const person = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

// newHouse has the site example.com. change may alter the door's options.
func newHouse(t testing.TB, change ...func(*Options)) *house {
	t.Helper()
	h := &house{
		t: t, sink: &testSink{}, log: &bytes.Buffer{},
		now:   time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC),
		sites: testSites{"example.com": aggregate.DefaultSettings()},
	}
	h.salts = visitor.NewSalts(visitor.Options{Location: func(site aggregate.Site) *time.Location {
		s := h.sites[site]
		return s.Location()
	}})
	t.Cleanup(func() { h.salts.Close() })
	logger := slog.New(slog.NewTextHandler(&lockedWriter{w: h.log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	loopback, err := ParseProxies("loopback")
	if err != nil {
		t.Fatal(err)
	}
	h.options = Options{
		Clerk: NewClerk(h.salts, testAgents{}, testPlaces{}), Sites: h.sites, Sink: h.sink,
		Proxies: loopback, Clock: func() time.Time { return h.now }, Logger: logger,
	}
	for _, f := range change {
		f(&h.options)
	}
	h.door = New(h.options)
	server := NewServer(h.route, isOpen, logger)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(LimitPeers(ln, DefaultPeers, logger)) }()
	t.Cleanup(func() {
		ln.Close()
		<-done
	})
	h.addr = ln.Addr().String()
	h.url = "http://" + h.addr
	return h
}

func (h *house) route(ctx *fasthttp.RequestCtx) {
	switch string(ctx.Path()) {
	case "/api/event":
		h.door.ServeEvent(ctx)
	case "/pixel.gif":
		h.door.ServePixel(ctx)
	case "/count":
		h.door.ServeCount(ctx)
	case "/api/send":
		h.door.ServeSend(ctx)
	case "/panic":
		panic("203.0.113.99 in a value")
	}
}

func isOpen(ctx *fasthttp.RequestCtx) bool { return string(ctx.Path()) != "/closed" }

func (h *house) set(site aggregate.Site, key, value string) {
	h.t.Helper()
	s, ok := h.sites[site]
	if !ok {
		s = aggregate.DefaultSettings()
	}
	if err := s.Set(key, value); err != nil {
		h.t.Fatal(err)
	}
	h.sites[site] = s
}

// reply is an answer, read to its end.
type reply struct {
	status int
	body   string
	header http.Header
}

// send posts a body. headers are "Name: value".
func (h *house) send(body string, headers ...string) reply {
	h.t.Helper()
	return h.request(http.MethodPost, "/api/event", body, headers...)
}

var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (h *house) request(method, path, body string, headers ...string) reply {
	h.t.Helper()
	r, err := http.NewRequest(method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("User-Agent", person)
	r.Header.Set("Content-Type", "text/plain")
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
		} else if http.CanonicalHeaderKey(name) == "X-Forwarded-For" || name == "Forwarded" {
			r.Header.Add(name, value)
		} else {
			r.Header.Set(name, value)
		}
	}
	resp, err := client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return reply{resp.StatusCode, string(content), resp.Header}
}

// hit sends a body and returns the one hit that came of it.
func (h *house) hit(body string, headers ...string) aggregate.Hit {
	h.t.Helper()
	before := len(h.sink.all())
	got := h.send(body, headers...)
	hits := h.sink.all()
	if got.status != http.StatusAccepted || len(hits) != before+1 {
		h.t.Fatalf("%s: got status %d, %q, dropped %q and %d hits, want 202 and one hit",
			body, got.status, got.body, got.header.Get("X-Footfall-Dropped"), len(hits)-before)
	}
	return hits[before]
}

type testSites map[aggregate.Site]aggregate.Settings

func (s testSites) Settings(site aggregate.Site) (aggregate.Settings, bool) {
	settings, ok := s[site]
	return settings, ok
}

// testSink remembers copies of hits, as a real one must.
type testSink struct {
	mu      sync.Mutex
	hits    []aggregate.Hit
	refused map[string]int
	answer  string
	err     error
}

func (s *testSink) Hit(h *aggregate.Hit) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || s.answer != "" {
		return s.answer, s.err
	}
	var kept aggregate.Hit
	if _, err := aggregate.DecodeHit(aggregate.AppendHit(nil, h), &kept); err != nil {
		return "", err
	}
	s.hits = append(s.hits, kept)
	return "", nil
}

func (s *testSink) Refuse(site aggregate.Site, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == nil {
		s.refused = map[string]int{}
	}
	s.refused[strings.Clone(string(site)+" "+reason)]++
}

func (s *testSink) all() []aggregate.Hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]aggregate.Hit(nil), s.hits...)
}

func (s *testSink) ledger() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.refused)
}

type testAgents struct{}

func (testAgents) Parse(ua []byte, _ *agent.Hints) agent.Agent {
	if bytes.Contains(ua, []byte("bot")) {
		return agent.Agent{Bot: agent.BotCrawler}
	}
	return agent.Agent{Browser: "Firefox", OS: "GNU/Linux", Device: "Desktop"}
}

type testPlaces struct{}

func (testPlaces) Find(addr netip.Addr) geo.Place {
	if addr == netip.MustParseAddr("203.0.113.7") {
		return geo.Place{Country: "US", RegionCode: "US-CA", RegionName: "California", CityID: "5391959", CityName: "San Francisco"}
	}
	return geo.Place{}
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.w.Write(p)
}

var errTest = errors.New("secret 203.0.113.99")

const beaconA = `{"n":"pageview","u":"https://example.com/a","d":"example.com"}`

// The real parts fit where the tests put doubles.
var (
	_ Visitors = (*visitor.Salts)(nil)
	_ Agents   = (*agent.Parser)(nil)
	_ Places   = (*geo.Places)(nil)
	_ Sink     = (*live.Engine)(nil)
)
