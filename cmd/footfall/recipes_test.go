//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The recipes of the install page, word for word, in the real proxies.

// proxyKind is a proxy with a configuration around the recipe, for a site whose
// own files lie in a directory.
type proxyKind struct {
	name      string
	configure func(dir, address, recipe string) (config string, args []string)
}

var proxyKinds = []proxyKind{
	{"nginx", func(dir, address, recipe string) (string, []string) {
		return fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr;
events {}
http {
	access_log %[1]s/access.log;
	client_body_temp_path %[1]s/1; proxy_temp_path %[1]s/2; fastcgi_temp_path %[1]s/3; uwsgi_temp_path %[1]s/4; scgi_temp_path %[1]s/5;
	types { text/html html; }
	server {
		listen %[2]s;
		server_name example.com;
		root %[1]s/site;
%[3]s
	}
}`, dir, address, recipe), []string{"-p", dir, "-e", "stderr", "-c"}
	}},
	{"caddy", func(dir, address, recipe string) (string, []string) {
		_, port, _ := net.SplitHostPort(address)
		return fmt.Sprintf("{\n\tadmin off\n\tauto_https off\n}\n:%s {\n\tbind 127.0.0.1\n\troot * %s/site\n%s\n\tfile_server\n}\n", port, dir, recipe),
			[]string{"run", "--adapter", "caddyfile", "--config"}
	}},
}

// start runs the proxy until the test ends. It returns its address.
func (k proxyKind) start(t *testing.T, recipe, page string) (address, dir string) {
	t.Helper()
	program, err := exec.LookPath(k.name)
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/" + k.name); err != nil {
			t.Fatalf("this test needs %s, which make tools installs: %v", k.name, err)
		}
	}
	dir, address = t.TempDir(), freePort(t)
	config, args := k.configure(dir, address, recipe)
	for name, text := range map[string]string{"config": config, "site/index.html": page} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out buffer
	cmd := exec.Command(program, append(args, filepath.Join(dir, "config"))...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { defer close(exited); cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-exited
		if t.Failed() {
			t.Logf("%s said:\n%s\nwith the configuration\n%s", k.name, last(out.String(), 3000), config)
		}
	})
	eventually(t, k.name+" serves the site", func() bool {
		select {
		case <-exited:
			t.Fatalf("%s has ended", k.name)
		default:
		}
		resp, err := http.Get("http://" + address + "/")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return address, dir
}

// installCode is the text of a code on the install page.
func installCode(t *testing.T, address, query, id string) string {
	t.Helper()
	resp, err := http.Get(address + "/example.com/install" + query)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?s)<code id="` + id + `">(.*?)</code>`).FindSubmatch(body)
	if m == nil {
		t.Fatalf("the install page, answered %d, has no %s:\n%s", resp.StatusCode, id, last(string(body), 2000))
	}
	return html.UnescapeString(string(m[1]))
}

// asVisitor asks the proxy for a path as a visitor with this address, who has
// cookies and claims to be somebody else.
func asVisitor(t *testing.T, ip, address, method, path, body string, headers ...string) reply {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}}}
	q, err := http.NewRequest(method, "http://example.com"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range append([]string{"Cookie: session=private", "Authorization: Basic cHJpdmF0ZQ==", "X-Forwarded-For: 203.0.113.99",
		"Forwarded: for=203.0.113.98", "User-Agent: " + browsers[0]}, headers...) {
		name, value, _ := strings.Cut(h, ": ")
		if q.Header.Set(name, value); name == "Host" {
			q.Host = value
		}
	}
	resp, err := client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

func TestRecipesPassOnWhatTheScriptNeedsAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, kind := range proxyKinds {
		for _, base := range []string{"", "/in"} {
			t.Run(kind.name+base, func(t *testing.T) {
				t.Parallel()
				h := install(t)
				h.addSite("example.com", noonZone())
				s := h.serve("--base-path", base)
				relay := newRelay(t, strings.TrimSuffix(s.url, base))
				recipe := installCode(t, relay.url+base, "", "recipe-"+kind.name)
				address, dir := kind.start(t, recipe, "the site itself")
				relay.forget()
				beaconsPass(t, s, relay, address)
				filesPass(t, relay.url+base, address)
				nothingElsePasses(t, relay, address)
				if log, err := os.ReadFile(filepath.Join(dir, "access.log")); err == nil && bytes.Contains(log, []byte("POST")) {
					t.Errorf("the proxy logs beacons with the visitors' addresses:\n%s", log)
				}
			})
		}
	}
}

// beaconsPass sends beacons of two visitors.
func beaconsPass(t *testing.T, s *server, relay *relay, address string) {
	t.Helper()
	body, err := json.Marshal(view("https://example.com/here"))
	if err != nil {
		t.Fatal(err)
	}
	for _, ip := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.2"} {
		if r := asVisitor(t, ip, address, "POST", "/footfall/api/event", string(body), "Content-Type: text/plain"); r.status != http.StatusAccepted || r.dropped() != "" {
			t.Fatalf("a beacon through the proxy is answered %d %q, dropped as %q; want 202 and counted", r.status, r.body, r.dropped())
		}
	}
	r := asVisitor(t, "127.0.0.4", address, "GET", "/footfall/pixel.gif?d=example.com", "", "Referer: https://example.com/without-scripts")
	if r.status != http.StatusOK || r.dropped() != "" || len(r.body) != 43 {
		t.Errorf("the pixel through the proxy is answered %d, %d bytes, dropped as %q; want 200, 43 bytes, counted", r.status, len(r.body), r.dropped())
	}
	if got, want := fmt.Sprint(s.today("example.com")), "[3 3 4 4]"; got != want {
		t.Errorf("visitors, visits, pageviews, events: got %s, want %s", got, want)
	}
	r = asVisitor(t, "127.0.0.2", address, "POST", "/footfall/api/event", string(body), "X-Debug-Request: true")
	var debug struct {
		ClientIP string `json:"client_ip"`
	}
	if err := json.Unmarshal([]byte(r.body), &debug); err != nil || debug.ClientIP != "127.0.0.2" {
		t.Errorf("the server takes the visitor's address for %q (%v), want 127.0.0.2: %s", debug.ClientIP, err, r.body)
	}
	if r := asVisitor(t, "127.0.0.5", address, "POST", "/footfall/api/event", string(body), "Sec-GPC: 1"); r.dropped() != "opt_out" {
		t.Errorf("a visitor's Global Privacy Control does not pass: dropped as %q, want opt_out", r.dropped())
	}
	for _, p := range relay.all() {
		if p.header.Get("Cookie") != "" || p.header.Get("Authorization") != "" {
			t.Errorf("%s %s passes on the cookie %q and the authorization %q", p.method, p.path, p.header.Get("Cookie"), p.header.Get("Authorization"))
		}
		if got := p.header.Values("X-Forwarded-For"); len(got) != 1 || !strings.HasPrefix(got[0], "127.0.0.") {
			t.Errorf("%s %s passes on the addresses %q, want the visitor's alone", p.method, p.path, got)
		}
	}
}

// filesPass compares what comes through the proxy with what the server has.
func filesPass(t *testing.T, server, address string) {
	t.Helper()
	_, direct, _ := strings.Cut(server, "://")
	direct, base, _ := strings.Cut(direct, "/")
	for _, path := range []string{"/js/script.js", "/js/script.hash.outbound-links.js", "/js/opt-out.js", "/opt-out", "/opt-out.css"} {
		headers := []string{"Accept-Encoding: identity", "Accept-Language: fr", "Host: " + direct}
		want := asVisitor(t, "127.0.0.2", direct, "GET", strings.TrimSuffix("/"+base, "/")+path, "", headers...)
		got := asVisitor(t, "127.0.0.2", address, "GET", "/footfall"+path, "", headers[:2]...)
		if got.status != http.StatusOK || got.body != want.body || got.header.Get("Content-Type") != want.header.Get("Content-Type") {
			t.Errorf("%s through the proxy: %d, %d bytes of %q, want 200, %d bytes of %q", path, got.status, len(got.body),
				got.header.Get("Content-Type"), len(want.body), want.header.Get("Content-Type"))
		}
		if got.header.Get("Content-Security-Policy") != want.header.Get("Content-Security-Policy") || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s through the proxy has the policy %q and sets the cookie %q", path, got.header.Get("Content-Security-Policy"), got.header.Get("Set-Cookie"))
		}
	}
}

// nothingElsePasses asks for what the site's visitors have no business with.
func nothingElsePasses(t *testing.T, relay *relay, address string) {
	t.Helper()
	if r := asVisitor(t, "127.0.0.2", address, "GET", "/", ""); r.body != "the site itself" {
		t.Errorf("the site's own page is %q", r.body)
	}
	relay.forget()
	for _, path := range []string{"/footfall/", "/footfall/example.com", "/footfall/example.com/install", "/footfall/sign-in", "/footfall/api/v2/query",
		"/footfall/js/../example.com", "/footfall/js/%2e%2e/example.com", "/footfall/api/event/", "/footfallx/js/script.js", "/js/script.js", "/api/event"} {
		if r := asVisitor(t, "127.0.0.2", address, "GET", path, ""); r.status != http.StatusNotFound {
			t.Errorf("%s is answered %d, want 404 by the site itself", path, r.status)
		}
	}
	if through := relay.all(); len(through) > 0 {
		t.Errorf("the proxy passes on %s", through[0].path)
	}
}

// TestASiteCountsThroughItsOwnHost is the tag and the recipe of the install page
// in a browser that has cookies of the site, and the opt-out page on the site's
// own host.
func TestASiteCountsThroughItsOwnHost(t *testing.T) {
	t.Parallel()
	for _, kind := range proxyKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			h := install(t)
			h.addSite("example.com", noonZone(), "floor=1")
			s := h.serve()
			relay := newRelay(t, s.url)
			tag := installCode(t, relay.url, "?own=on&path=visits", "tag")
			address, _ := kind.start(t, installCode(t, relay.url, "?path=visits", "recipe-"+kind.name), "<!doctype html><title>Site</title>"+tag)
			_, port, _ := net.SplitHostPort(address)
			relay.forget()
			b := openBrowser(t)
			b.open("http://example.com:" + port + "/")
			b.until(`window.footfall`)
			b.js(`(document.cookie = 'session=private', history.pushState(0, '', '/next'), true)`)
			s.wantRows("example.com", "event:page", "pageviews", map[string]float64{"/": 1, "/next": 1})
			b.until(`document.cookie.includes('private')`)

			b.open("http://example.com:" + port + "/visits/opt-out?lang=en&site=example.com")
			b.until(`document.querySelector('[role=status]').textContent.includes('are counted') && getComputedStyle(document.querySelector('main button')).borderRadius === '10px'`)
			b.do(chromedp.Click("[data-footfall-opt-out]"))
			b.until(`localStorage.plausible_ignore === 'true'`)
			n := len(relay.beacons())
			b.open("http://example.com:" + port + "/")
			b.until(`window.footfall`)
			b.js(`(window.done = 0, footfall('Signup', {callback: () => window.done++}), true)`)
			b.until(`window.done === 1`)
			if after := relay.beacons(); len(after) > n {
				t.Errorf("after opting out %d beacons came, the first %s", len(after)-n, after[n].body)
			}
			for _, p := range relay.all() {
				if p.header.Get("Cookie") != "" {
					t.Errorf("%s passes on the cookie %q", p.path, p.header.Get("Cookie"))
				}
			}
		})
	}
}

// TestTheInstallPageTellsWhatArrives sends a beacon that is refused, then one that
// counts.
func TestTheInstallPageTellsWhatArrives(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("example.com", noonZone())
	s := h.serve()
	shows := func(texts ...string) func() bool {
		return func() bool {
			r, err := s.do("GET", "/example.com/install", nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				if !strings.Contains(r.body, text) {
					return false
				}
			}
			return true
		}
	}
	eventually(t, "the page waits", shows(`data-state="waiting"`, "Waiting for the first visit"))
	s.send("203.0.113.1", browsers[0], view("https://example.org/"))
	eventually(t, "the page tells of a beacon for a site that is not counted", shows(`data-state="waiting"`, "1 beacon came for sites that are not counted here"))
	s.send("203.0.113.1", "curl/8.5.0", view("https://example.com/"))
	s.send("203.0.113.1", browsers[0], view("https://shop.example/").with("d", "example.com"))
	eventually(t, "the page tells why nothing was counted", shows(`data-state="refusing"`, "2 beacons were refused", "<code>bot", "<code>hostname", "let it count"))
	s.count("203.0.113.1", browsers[0], view("https://example.com/"))
	eventually(t, "the page turns green", shows(`data-state="counting"`, "1 pageview was"))
}

func TestThePinnedTagNamesTheScriptAndItsHash(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("example.com", noonZone())
	s := h.serve()
	tag := installCode(t, s.url, "?pinned=on", "tag")
	m := regexp.MustCompile(`integrity="sha384-(\S+)" crossorigin="anonymous" src="` + regexp.QuoteMeta(s.url) + `(\S+)"`).FindStringSubmatch(tag)
	if m == nil {
		t.Fatalf("the tag has no hash: %s", tag)
	}
	r, err := s.do("GET", m[2], nil, "Accept-Encoding", "identity")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum384([]byte(r.body))
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != m[1] || !strings.Contains(r.header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s has the hash %s and is kept %q; want %s, immutable", m[2], got, r.header.Get("Cache-Control"), m[1])
	}
}
