//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// What tests in a real browser against the real server share.

// browserTab is a tab of a browser of the test's own.
type browserTab struct {
	t   *testing.T
	ctx context.Context
}

func openBrowser(t *testing.T) *browserTab {
	t.Helper()
	return &browserTab{t, browse(t)}
}

// do runs steps in the tab.
func (b *browserTab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browserTab) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
}

// js evaluates an expression that is true or false.
func (b *browserTab) js(expression string) bool {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// until waits for an expression to become true.
func (b *browserTab) until(expression string) {
	b.t.Helper()
	eventually(b.t, "in the page "+expression, func() bool { return b.js(expression) })
}

// pagesOf serves the same pages under every host name.
func pagesOf(t testing.TB, pages map[string]string) (port string) {
	t.Helper()
	return listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		switch {
		case strings.HasSuffix(r.URL.Path, ".js"):
			w.Header().Set("Content-Type", "text/javascript")
		case strings.HasSuffix(r.URL.Path, ".pdf"):
			w.WriteHeader(http.StatusNoContent) // the browser stays where it is
			return
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			page = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,>" + page
		}
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		io.WriteString(w, page)
	}))
}

// listen serves until the test ends.
func listen(t testing.TB, handler http.Handler) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	t.Cleanup(func() { server.Close(); <-done })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// passed is a request that came by a relay, and what was answered.
type passed struct {
	method, path string
	header       http.Header
	body         string
	status       int
	dropped      string
}

// relay stands before a server, passes everything on as it is, and writes it
// down. It keeps its address when the server behind it changes.
type relay struct {
	url string

	mu     sync.Mutex // protects the rest
	target *url.URL
	seen   []*passed
}

func newRelay(t testing.TB, target string) *relay {
	r := &relay{}
	r.lead(t, target)
	proxy := &httputil.ReverseProxy{Rewrite: r.rewrite, ModifyResponse: r.answered}
	port := listen(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		q.Body = io.NopCloser(strings.NewReader(string(body)))
		p := &passed{method: q.Method, path: q.URL.RequestURI(), header: q.Header.Clone(), body: string(body)}
		r.mu.Lock()
		r.seen = append(r.seen, p)
		r.mu.Unlock()
		proxy.ServeHTTP(w, q.WithContext(context.WithValue(q.Context(), relayed{}, p)))
	}))
	r.url = "http://127.0.0.1:" + port
	return r
}

// relayed is the key of what is written down of a request, in its context.
type relayed struct{}

// lead makes the relay stand before another server.
func (r *relay) lead(t testing.TB, target string) {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = to
}

func (r *relay) rewrite(q *httputil.ProxyRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q.Out.URL.Scheme, q.Out.URL.Host, q.Out.Host = r.target.Scheme, r.target.Host, q.In.Host
	q.Out.Header["X-Forwarded-For"] = q.In.Header["X-Forwarded-For"]
}

func (r *relay) answered(answer *http.Response) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := answer.Request.Context().Value(relayed{}).(*passed)
	p.status, p.dropped = answer.StatusCode, answer.Header.Get("x-footfall-dropped")
	return nil
}

// all are the requests that have come since the last forget.
func (r *relay) all() (all []passed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.seen {
		all = append(all, *p)
	}
	return all
}

// beacons are those of all that would count something.
func (r *relay) beacons() (all []passed) {
	for _, p := range r.all() {
		if strings.Contains(p.path, "/api/event") || strings.Contains(p.path, "/pixel.gif") {
			all = append(all, p)
		}
	}
	return all
}

func (r *relay) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = nil
}

// seenFrom are the rows of a breakdown of today: label -> first metric.
func (s *server) seenFrom(site, dimension, metric string) map[string]float64 {
	s.t.Helper()
	r, status := s.ask(query{Site: site, Metrics: []string{metric}, DateRange: "day", Dimensions: []string{dimension}})
	if status != http.StatusOK {
		s.t.Fatalf("%s by %s: answered %d %q, want 200", metric, dimension, status, r.Error)
	}
	all := map[string]float64{}
	for label, values := range r.rows() {
		all[label] = plainNumbers(values)[0]
	}
	return all
}

// wantRows waits until a breakdown of today is exactly this.
func (s *server) wantRows(site, dimension, metric string, want map[string]float64) {
	s.t.Helper()
	var got map[string]float64
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
		if got = s.seenFrom(site, dimension, metric); fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
	}
	s.t.Errorf("%s by %s are\n got %v\nwant %v", metric, dimension, got, want)
}
