//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// street is a row of sites under one server, in one browser. Each stands for one
// thing that visitors do.
type street struct {
	t       *testing.T
	server  *server
	relay   *relay
	browser context.Context
	port    string          // of all sites
	asked   map[string]bool // host and path, of what pages ask for; under the relay's lock
	open    bool            // may the page that waits go on? under the relay's lock
}

// site is the name of a house in the street.
func (s *street) site(house string) string { return house + ".example" }

func (s *street) url(house, path string) string {
	return "http://" + s.site(house) + ":" + s.port + path
}

// tab opens an address in a tab of its own.
func (s *street) tab(url string) *browserTab {
	s.t.Helper()
	ctx, closeTab := chromedp.NewContext(s.browser)
	s.t.Cleanup(closeTab)
	if err := chromedp.Do(ctx); err != nil { // a tab lives as long as the context of its first step
		s.t.Fatal(err)
	}
	b := &browserTab{s.t, ctx}
	b.open(url)
	return b
}

// alone opens an address in a tab that nobody is attached to, as visitors have
// them: some things a browser does not do under observation.
func (s *street) alone(url string, background bool) target.ID {
	s.t.Helper()
	id, err := chromedp.CallBrowser(s.browser, target.CreateTarget, target.CreateTargetParams{URL: url, Background: &background})
	if err != nil {
		s.t.Fatal(err)
	}
	return target.ID(id.TargetID)
}

func (s *street) closeTab(id target.ID) {
	s.t.Helper()
	if _, err := chromedp.CallBrowser(s.browser, target.CloseTarget, target.CloseTargetParams{TargetID: id}); err != nil {
		s.t.Fatal(err)
	}
}

// heard waits until a page has asked for a path of its own host.
func (s *street) heard(house, path string) {
	s.t.Helper()
	eventually(s.t, s.site(house)+" asks for "+path, func() bool {
		s.relay.mu.Lock()
		defer s.relay.mu.Unlock()
		return s.asked[s.site(house)+path]
	})
}

// views waits until the pageviews of a site by page are exactly these.
func (s *street) views(house string, want map[string]float64) {
	s.t.Helper()
	s.server.wantRows(s.site(house), "event:page", "pageviews", want)
}

// ServeHTTP is every page of every site.
func (s *street) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ":")
	house, _, _ := strings.Cut(host, ".")
	s.relay.mu.Lock()
	s.asked[host+r.URL.RequestURI()] = true
	if s.open {
		w.Header().Set("X-Go", "on")
	}
	s.relay.mu.Unlock()
	tag := fmt.Sprintf(`<script defer data-domain="%s" %s src="%s/js/script.js"></script>`, host, tagAttributes[house], s.relay.under("stats.example"))
	page, ok := streetPages[house+r.URL.Path]
	if !ok {
		page = "TAG"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Set-Cookie", "session=canary")
	fmt.Fprint(w, `<!doctype html><meta charset=utf-8><meta name=referrer content=unsafe-url><link rel=icon href=data:,>`+strings.NewReplacer("TAG", tag, "PORT", s.port).Replace(page))
}

var tagAttributes = map[string]string{"hash": "data-hash"}

// streetPages are the pages that are more than the tag.
var streetPages = map[string]string{
	"prerender/": `<script type=speculationrules>{"prerender": [{"urls": ["/next"]}]}</script>TAG<script>
		const asking = setInterval(async () => { if ((await fetch('/go')).headers.get('x-go')) { clearInterval(asking); location = '/next' } }, 20)</script>`,
	"prerender/next": `TAG<script>addEventListener('DOMContentLoaded', () => fetch('/loaded?' + document.prerendering))</script>`,
	"background/":    `TAG<script>addEventListener('DOMContentLoaded', () => fetch('/loaded?' + document.hidden))</script>`,
	"cache/":         `TAG<script>addEventListener('pageshow', e => window.restored = e.persisted)</script>`,
	"leave/":         `TAG<script>addEventListener('DOMContentLoaded', () => setTimeout(() => location = '/second'))</script>`,
	"tall/": `TAG<style>body { margin: 0 }</style><div style="height: 10000px"></div>
		<script>const frame = () => new Promise(requestAnimationFrame)
		addEventListener('load', async () => {
			for (const y of [5000, 100]) { scrollTo(0, y); await frame(); await frame() }
			fetch('/height?' + innerHeight)
		})</script>`,
	"from/results": `<a id=out href="http://to.example:PORT/?token=canary&utm_campaign=spring&gclid=canary">out</a>`,
	"hostile/": `<script>window.thrown = []; for (const type of ['error', 'unhandledrejection']) addEventListener(type, e => thrown.push(String(e.message || e.reason)))
		for (const c of [Object, Array, Function, String, History, EventTarget, Node, Element, Document, Window, URL, Event]) Object.freeze(c.prototype)
		Object.defineProperty(window, 'history', {value: undefined}); const real = fetch; window.fetch = (...call) => real(...call)</script>TAG`,
}

// TestEachThingThatVisitorsDoIsCountedOnce goes the whole way: pages with the
// script in a browser, the real server, and what it answers when it is asked.
func TestEachThingThatVisitorsDoIsCountedOnce(t *testing.T) {
	t.Parallel()
	houses := []string{"prerender", "background", "cache", "app", "hash", "leave", "offline", "quick", "twins", "tall", "to", "hostile"}
	h := install(t)
	s := &street{t: t, asked: map[string]bool{}}
	for _, house := range houses {
		h.addSite(s.site(house), noonZone(), "floor=1")
	}
	s.server = h.serve("--commit-interval", "10ms")
	s.relay = newRelay(t, s.server.url)
	s.port = listen(t, s)
	s.browser = browse(t)

	s.prerendered()
	s.inTheBackground()
	s.backAndForth()
	s.inAnApplication()
	s.whileItLeaves()
	s.offline()
	s.closed()
	s.fromOutside()

	twins := []*browserTab{s.tab(s.url("twins", "/")), s.tab(s.url("twins", "/"))}
	s.views("twins", map[string]float64{"/": 2})
	if got := fmt.Sprint(s.server.today(s.site("twins"))); got != "[1 1 2 2]" {
		t.Errorf("two tabs are %s visitors, visits, pageviews, events; want [1 1 2 2]", got)
	}
	nothingIsStored(t, twins[0].ctx, "session=canary")

	hostile := s.tab(s.url("hostile", "/"))
	s.views("hostile", map[string]float64{"/": 1})
	if !hostile.js(`thrown.length == 0`) {
		t.Error("something is thrown into a hostile page")
	}
	for _, house := range houses { // nothing has come since
		views := s.server.seenFrom(s.site(house), "event:page", "pageviews")
		sent := map[string]float64{}
		for _, b := range s.beacons(house) {
			if b.N == "pageview" {
				sent[b.page(s, house)]++
			}
		}
		if fmt.Sprint(sent) != fmt.Sprint(views) {
			t.Errorf("%s: sent were %v, counted %v", house, sent, views)
		}
	}
	s.discreet()
	s.relay.wantCounted(t)
}

// prerendered: a page that the browser has prepared is counted when it is shown.
func (s *street) prerendered() {
	s.t.Helper()
	s.alone(s.url("prerender", "/"), false)
	s.heard("prerender", "/loaded?true")
	s.views("prerender", map[string]float64{"/": 1})
	s.relay.mu.Lock()
	s.open = true
	s.relay.mu.Unlock()
	s.views("prerender", map[string]float64{"/": 1, "/next": 1})
}

// inTheBackground: a tab is counted when it comes to the front.
func (s *street) inTheBackground() {
	s.t.Helper()
	tab := s.alone(s.url("background", "/"), true)
	s.heard("background", "/loaded?true")
	if sent := s.beacons("background"); len(sent) > 0 {
		s.t.Errorf("a tab in the background sends %v, want nothing", sent)
	}
	if _, err := chromedp.CallBrowser(s.browser, target.ActivateTarget, target.ActivateTargetParams{TargetID: tab}); err != nil {
		s.t.Fatal(err)
	}
	s.views("background", map[string]float64{"/": 1})
}

// backAndForth: the return from the back-forward cache is a view.
func (s *street) backAndForth() {
	s.t.Helper()
	b := s.tab(s.url("cache", "/"))
	s.views("cache", map[string]float64{"/": 1})
	b.js(`(setTimeout(() => location = '/away'), true)`)
	s.views("cache", map[string]float64{"/": 1, "/away": 1})
	b.js(`(setTimeout(() => history.back()), true)`)
	s.views("cache", map[string]float64{"/": 2, "/away": 1})
	b.until(`window.restored`)
}

// inAnApplication: pages of an application, by address and by fragment, and many
// of them in a moment.
func (s *street) inAnApplication() {
	s.t.Helper()
	b := s.tab(s.url("app", "/"))
	s.views("app", map[string]float64{"/": 1})
	b.js(`(history.pushState(0, '', '/a'), history.pushState(0, '', '/a?token=canary'), history.replaceState(0, '', '/b'), true)`)
	s.views("app", map[string]float64{"/": 1, "/a": 1, "/b": 1})
	b.js(`(setTimeout(() => history.back()), true)`)
	s.views("app", map[string]float64{"/": 1, "/a": 2, "/b": 1})

	b = s.tab(s.url("hash", "/#/start?token=canary"))
	s.views("hash", map[string]float64{"/#/start": 1})
	b.js(`(location.hash = '/next', location.hash = '/next?token=canary', true)`)
	s.views("hash", map[string]float64{"/#/start": 1, "/#/next": 1})

	b = s.tab(s.url("quick", "/"))
	want := map[string]float64{"/": 1}
	s.views("quick", want)
	b.js(`(() => { for (let i = 1; i <= 20; i++) history.pushState(0, '', '/page/' + i); return true })()`)
	for i := 1; i <= 20; i++ {
		want[fmt.Sprintf("/page/%d", i)] = 1
	}
	s.views("quick", want)
}

// whileItLeaves: a page that goes on to the next at once is counted, and is not
// held up.
func (s *street) whileItLeaves() {
	s.t.Helper()
	s.alone(s.url("leave", "/"), false)
	s.views("leave", map[string]float64{"/": 1, "/second": 1})
}

// offline: what is seen without a network is lost, and nothing is counted twice
// when it is back.
func (s *street) offline() {
	s.t.Helper()
	b := s.tab(s.url("offline", "/"))
	s.views("offline", map[string]float64{"/": 1})
	connect := func(offline bool) {
		if _, err := chromedp.Call(b.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Offline: offline, DownloadThroughput: -1, UploadThroughput: -1}},
		}); err != nil {
			s.t.Fatal(err)
		}
	}
	connect(true)
	b.js(`(history.pushState(0, '', '/lost'), plausible('lost', {callback: answer => window.lost = answer}), true)`)
	b.until(`window.lost instanceof Error`)
	connect(false)
	b.js(`(history.pushState(0, '', '/back'), true)`)
	s.views("offline", map[string]float64{"/": 1, "/back": 1})
}

// closed: a tab that is closed has told how long it was looked at, and how far
// down.
func (s *street) closed() {
	s.t.Helper()
	const exact, deep = 250 * time.Millisecond, 2 // percent
	tab := s.alone(s.url("tall", "/"), false)
	s.views("tall", map[string]float64{"/": 1})
	began := time.Now() // the view was counted a moment ago
	var height float64
	eventually(s.t, "the page tells its height", func() bool {
		s.relay.mu.Lock()
		defer s.relay.mu.Unlock()
		for uri := range s.asked {
			if n, _ := fmt.Sscanf(uri, s.site("tall")+"/height?%f", &height); n == 1 {
				return true
			}
		}
		return false
	})
	<-time.After(700*time.Millisecond - time.Since(began)) // real attention takes real time
	s.closeTab(tab)
	looked := time.Since(began)
	eventually(s.t, "the attention of the closed tab is counted", func() bool {
		return s.server.seenFrom(s.site("tall"), "event:page", "scroll_depth")["/"] > 0
	})
	engaged, depth := 0.0, 0.0
	for _, b := range s.beacons("tall") {
		engaged += b.E
		depth = max(depth, b.SD)
	}
	if got := time.Duration(engaged * float64(time.Millisecond)); (got - looked).Abs() > exact {
		s.t.Errorf("a look of %v is told as %v, want at most %v off", looked, got, exact)
	}
	want := (5000 + height) / 100
	if math.Abs(depth-want) > deep {
		s.t.Errorf("%.1f %% of the page were seen, told as %.1f", want, depth)
	}
	if got := s.server.seenFrom(s.site("tall"), "event:page", "scroll_depth")["/"]; math.Abs(got-want) > deep {
		s.t.Errorf("%.1f %% of the page were seen, counted as %.1f", want, got)
	}
}

// fromOutside: where a visitor comes from, without what was asked for there.
func (s *street) fromOutside() {
	s.t.Helper()
	b := s.tab(s.url("from", "/results?q=canary"))
	b.do(chromedp.Click("#out"))
	s.views("to", map[string]float64{"/": 1})
	s.server.wantRows(s.site("to"), "visit:referrer", "visitors", map[string]float64{"from.example/results": 1})
	s.server.wantRows(s.site("to"), "visit:utm_campaign", "visitors", map[string]float64{"spring": 1})
}

// tracked is what a beacon says.
type tracked struct {
	N     any
	U, R  string
	D     string
	E, SD float64
}

func (b tracked) page(s *street, house string) string {
	path, _, _ := strings.Cut(strings.TrimPrefix(b.U, s.url(house, "")), "?")
	return path
}

// beacons are those of a site, as they came by.
func (s *street) beacons(house string) (all []tracked) {
	s.t.Helper()
	for _, p := range s.relay.beacons() {
		var b tracked
		if p.method != http.MethodPost {
			continue
		}
		if err := json.Unmarshal([]byte(p.body), &b); err != nil {
			s.t.Fatalf("the beacon %s: %v", p.body, err)
		}
		if b.D == s.site(house) {
			all = append(all, b)
		}
	}
	return all
}

// discreet: no beacon has carried a cookie, a secret of a query, or more of an
// address than it needs.
func (s *street) discreet() {
	s.t.Helper()
	for _, p := range s.relay.beacons() {
		if text := fmt.Sprint(p.path, p.header, p.body); strings.Contains(text, "canary") || p.header.Get("Cookie") != "" {
			s.t.Errorf("a beacon carries what it must not: %s", text)
		}
		if from := p.header.Get("Referer"); strings.Count(from, "/") > 3 || strings.Contains(from, "?") {
			s.t.Errorf("a beacon tells the page as its referrer: %s", from)
		}
	}
}
