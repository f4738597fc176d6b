//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"
)

// Trackers that were written for Plausible, in a browser, against this server.

// unpackTracker unpacks a package of testdata/trackers, once it has the checksum
// that the npm registry publishes for it.
func unpackTracker(t *testing.T, name, integrity string) (dir string) {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", "trackers", name+".tgz"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(packed)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != integrity {
		t.Fatalf("%s is not the package of the registry: %s, want %s", name, got, integrity)
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for files := tar.NewReader(plain); ; {
		file, err := files.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.Clean("/"+file.Name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// bundle makes one script of a package and a few lines that use it, as a site's
// own build does.
func bundle(t *testing.T, dir, use string) string {
	t.Helper()
	made := api.Build(api.BuildOptions{Stdin: &api.StdinOptions{Contents: use, ResolveDir: dir}, Bundle: true, Format: api.FormatIIFE})
	if len(made.Errors) > 0 {
		t.Fatal(made.Errors[0].Text)
	}
	return string(made.OutputFiles[0].Contents)
}

// shop is a site that is counted, with a relay before the server.
func shop(t *testing.T) (*server, *relay) {
	t.Helper()
	h := install(t)
	h.addSite("shop.example", noonZone(), "floor=1")
	s := h.serve("--commit-interval", "10ms")
	return s, newRelay(t, s.url)
}

// under is the address under which a browser of the tests reaches the relay by a
// name.
func (r *relay) under(host string) string { return strings.Replace(r.url, "127.0.0.1", host, 1) }

// wantCounted fails the test if a beacon was not answered as counted.
func (r *relay) wantCounted(t *testing.T) {
	t.Helper()
	for _, b := range r.beacons() {
		if b.method == http.MethodPost && (b.status != http.StatusAccepted || b.dropped != "") {
			t.Errorf("the beacon %s was answered %d, dropped as %q; want 202 and counted", b.body, b.status, b.dropped)
		}
	}
}

// clickables are the things to click on the shop's page.
const clickables = `<h1>Shop</h1><p style="height: 4000px"></p>
	<a id="out" href="http://other.example/there" target="_blank">away</a> <a id="file" href="/price-list.pdf">prices</a>
	<button id="tagged" class="plausible-event-name=Add+to+cart plausible-event-size=XL">Add</button>
	<form id="form" action="/sent"><input name="q" value="private"><button>Send</button></form>
	<script>document.getElementById('form').addEventListener('submit', event => event.preventDefault())</script>`

func TestPlausiblesTrackerCounts(t *testing.T) {
	t.Parallel()
	s, relay := shop(t)
	dir := unpackTracker(t, "plausible-analytics-tracker-0.4.6",
		"sha512-nbu6xGgSP6jeYuoVklZBzucUnIpo75tVu3Kr+R0EDycVKaMC/jF5Q/YCaM/8gR4fPZ1IDcXt6FdBJFZ1uZwEPA==")
	script := bundle(t, dir, fmt.Sprintf(`import { init, track } from './package/plausible.js'
		window.track = track
		init({ domain: 'shop.example', endpoint: '%s/api/event', outboundLinks: true, fileDownloads: true, formSubmissions: true,
			customProperties: { theme: 'dark' } })`, relay.under("stats.example")))
	port := pagesOf(t, map[string]string{"/tracker.js": script, "/": clickables + `<script src="/tracker.js"></script>`, "/next": "next"})
	b := openBrowser(t)
	b.open("http://shop.example:" + port + "/?utm_source=newsletter&secret=1")
	b.until(`window.track`)
	b.js(`(window.done = 0, track('Signup', { props: { plan: 'pro' }, revenue: { currency: 'EUR', amount: 29.9 }, callback: () => window.done++ }), true)`)
	b.until(`window.done === 1`)
	b.js(`(history.pushState(0, '', '/pricing'), true)`)
	b.do(chromedp.Click("#tagged"), chromedp.Click("#file"), chromedp.Click("#form button"))
	b.js(`(document.getElementById('out').click(), true)`)
	s.wantRows("shop.example", "event:name", "events", map[string]float64{"pageview": 2, "Signup": 1, "Add to cart": 1,
		"File Download": 1, "Form: Submission": 1, "Outbound Link: Click": 1})
	b.open("http://shop.example:" + port + "/next") // leaving reports the attention

	s.wantRows("shop.example", "event:page", "pageviews", map[string]float64{"/": 1, "/pricing": 1})
	s.wantRows("shop.example", "visit:source", "visitors", map[string]float64{"newsletter": 1})
	s.wantRows("shop.example", "event:props:plan", "events", map[string]float64{"(none)": 6, "pro": 1})
	s.wantRows("shop.example", "event:props:theme", "events", map[string]float64{"dark": 7})
	s.wantRows("shop.example", "event:props:url", "events", map[string]float64{"(none)": 5,
		"http://other.example/there": 1, "http://shop.example:" + port + "/price-list.pdf": 1})
	eventually(t, "the attention to /pricing is reported", func() bool {
		return s.seenFrom("shop.example", "event:page", "scroll_depth")["/pricing"] > 0
	})
	revenue := 0
	for _, p := range relay.beacons() {
		if strings.Contains(p.body, `"$":{"currency":"EUR","amount":29.9}`) && p.status == http.StatusAccepted && p.dropped == "" {
			revenue++
		}
	}
	if revenue != 1 {
		t.Errorf("%d events with revenue were taken, want 1", revenue)
	}
	relay.wantCounted(t)
}

func TestPlausiblesFormerTrackerCounts(t *testing.T) {
	t.Parallel()
	s, relay := shop(t)
	dir := unpackTracker(t, "plausible-tracker-0.3.9",
		"sha512-hMhneYm3GCPyQon88SZrVJx+LlqhM1kZFQbuAgXPoh/Az2YvO1B6bitT9qlhpiTdJlsT5lsr3gPmzoVjb5CDXA==")
	script := bundle(t, dir, fmt.Sprintf(`import Plausible from './package/build/module/index.js'
		const { enableAutoPageviews, enableAutoOutboundTracking, trackEvent } = Plausible({ domain: 'shop.example', apiHost: '%s' })
		enableAutoPageviews()
		enableAutoOutboundTracking()
		window.trackEvent = trackEvent`, relay.under("stats.example")))
	port := pagesOf(t, map[string]string{"/tracker.js": script, "/there": "away",
		"/": `<a id="out" href="http://other.example/there">away</a><script src="/tracker.js"></script>`})
	b := openBrowser(t)
	b.open("http://shop.example:" + port + "/")
	b.until(`window.trackEvent`)
	b.js(`(window.done = 0, trackEvent('Signup', { props: { plan: 'free', seats: 3 }, callback: () => window.done++ }), true)`)
	b.until(`window.done === 1`)
	b.js(`(history.pushState(0, '', '/pricing'), true)`)
	b.js(`(document.getElementById('out').click(), true)`)
	s.wantRows("shop.example", "event:name", "events", map[string]float64{"pageview": 2, "Signup": 1, "Outbound Link: Click": 1})
	s.wantRows("shop.example", "event:page", "pageviews", map[string]float64{"/": 1, "/pricing": 1})
	s.wantRows("shop.example", "event:props:plan", "events", map[string]float64{"(none)": 3, "free": 1})
	s.wantRows("shop.example", "event:props:seats", "events", map[string]float64{"(none)": 3, "3": 1})
	s.wantRows("shop.example", "event:props:url", "events", map[string]float64{"(none)": 3, "http://other.example/there": 1})
	relay.wantCounted(t)
}

// The tag, the stub and the calls are those of an old installation; only the host
// in the tag is another.
func TestAnOldInstallationsTagCountsWhenTheHostIsChanged(t *testing.T) {
	t.Parallel()
	s, relay := shop(t)
	page := clickables + fmt.Sprintf(`<script defer data-domain="shop.example" src="%s/js/script.outbound-links.js"></script>
		<script>window.plausible = window.plausible || function() { (window.plausible.q = window.plausible.q || []).push(arguments) }
		plausible('Signup', { props: { plan: 'pro' }, callback: () => { window.done = true } })</script>`, relay.under("stats.example"))
	port := pagesOf(t, map[string]string{"/": page, "/pricing": page})
	b := openBrowser(t)
	b.open("http://shop.example:" + port + "/")
	b.until(`window.done`)
	b.open("http://shop.example:" + port + "/pricing")
	b.until(`window.done`)
	b.js(`(document.getElementById('out').click(), true)`)
	s.wantRows("shop.example", "event:name", "events", map[string]float64{"pageview": 2, "Signup": 2, "Outbound Link: Click": 1})
	s.wantRows("shop.example", "event:page", "pageviews", map[string]float64{"/": 1, "/pricing": 1})
	s.wantRows("shop.example", "event:props:plan", "events", map[string]float64{"(none)": 3, "pro": 2})
	s.wantRows("shop.example", "event:props:url", "events", map[string]float64{"(none)": 4, "http://other.example/there": 1})
	relay.wantCounted(t)
}
