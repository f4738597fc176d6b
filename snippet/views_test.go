package snippet_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

func TestFirstViewIsCountedOnce(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.open("/")
	s.expect("pageview /")
}

func TestASecondTagOnThePageCountsNothing(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG TAG"})
	s.open("/")
	s.expect("pageview /")
}

func TestPageWithAnUnusedStubIsCounted(t *testing.T) {
	for _, name := range []string{"plausible", "footfall"} {
		s := newSite(t, map[string]string{"/": "<script>window." + name + " = window." + name + " || function () { (" + name + ".q = " + name + ".q || []).push(arguments) }</script>TAG"})
		s.open("/")
		s.expect("pageview /")
	}
}

func TestInAppNavigationIsCountedWhenThePathChanges(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.open("/")
	s.js(`history.pushState(0, '', '/a'); history.pushState(0, '', '/a?x=1'); history.replaceState(0, '', '/b'); history.replaceState({}, '')`)
	s.expect("pageview /", "pageview /a", "pageview /b")
	s.js(`history.back()`)
	s.expect("pageview /", "pageview /a", "pageview /b", "pageview /a")
}

func TestTwentyQuickPageChangesAreTwentyViews(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.open("/")
	s.js(`for (let i = 1; i <= 20; i++) history.pushState(0, '', '/page/' + i)`)
	want := []string{"pageview /"}
	for i := 1; i <= 20; i++ {
		want = append(want, "pageview /page/"+itoa(i))
	}
	s.expect(want...)
}

func TestOlderBrowsersCountTheNextPageOfAnApplicationToo(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.before(`Object.defineProperty(window, 'navigation', { value: undefined })`)
	s.open("/")
	s.await([]string{"pageview /"})
	s.js(`history.pushState(0, '', '/next')`)
	s.await([]string{"pageview /", "pageview /next"})
	s.js(`history.back()`)
	s.expect("pageview /", "pageview /next", "pageview /")
}

func TestFragmentsAreNoPagesUnlessAsked(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.open("/#top")
	s.js(`location.hash = 'middle'; location.hash = 'end'`)
	s.expect("pageview /")
}

func TestHashModeCountsRoutesWithoutTheirQueries(t *testing.T) {
	for name, tag := range map[string]func(*site) string{
		"by attribute": func(s *site) string { return s.tag("data-hash") },
		"by old name":  func(s *site) string { return s.tagOf("script.hash.js", "") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			s.page("/", tag(s))
			s.open("/#/start?token=secret")
			s.js(`location.hash = '/next'; location.hash = '/next?id=1'; history.pushState(0, '', '#/last')`)
			s.expect("pageview /#/start", "pageview /#/next", "pageview /#/last")
			for _, b := range s.beacons() {
				if !strings.Contains(b.body, `"t":[`) {
					t.Errorf("hash mode is not told: %s", b)
				}
			}
		})
	}
}

func TestHiddenPageIsCountedWhenItIsSeen(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG<script defer>plausible('early')</script>"})
	s.before(`
		let hidden = true
		Object.defineProperty(document, 'hidden', { get: () => hidden })
		window.show = () => { hidden = false; document.dispatchEvent(new Event('visibilitychange', { bubbles: true })) }
		window.plausible = function () { (plausible.q = plausible.q || []).push(arguments) }`)
	s.open("/")
	s.js(`plausible('later'); history.pushState(0, '', '/moved')`)
	s.nothing()
	s.js(`show(); show()`)
	s.expect("pageview /moved", "early /moved", "later /moved")
}

func TestBackgroundTabIsCountedWhenItIsOpened(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG", "/front": "front"}).inAWindow()
	s.open("/front")
	// A tab in the background of the same window: opened, but not activated.
	tab, err := chromedp.CallBrowser(s.ctx, target.CreateTarget, target.CreateTargetParams{
		URL: s.url("/"), Background: new(true), BrowserContextID: chromedp.FromContext(s.ctx).BrowserContextID,
	})
	if err != nil {
		t.Fatal(err)
	}
	back := s.attach(string(tab.TargetID))
	hidden, err := chromedp.Run(back, chromedp.Evaluate[bool](`document.hidden`))
	if err != nil || !hidden {
		t.Fatalf("the tab is not in the background (%v, %v): this test shows nothing", hidden, err)
	}
	if _, err := chromedp.Run(back, chromedp.Evaluate[int](`fetch('/marker').then(r => r.status)`, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal(err)
	}
	if got := s.beacons(); len(got) > 0 {
		t.Fatalf("in the background: got %v, want nothing", got)
	}
	if _, err := chromedp.CallBrowser(s.ctx, target.ActivateTarget, target.ActivateTargetParams(tab)); err != nil {
		t.Fatal(err)
	}
	s.await([]string{"pageview /"})
}

func TestReturnFromTheBackForwardCacheIsAView(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG<script>addEventListener('pageshow', e => window.restored = e.persisted)</script>", "/away": "TAG"})
	s.open("/")
	s.await([]string{"pageview /"})
	s.open("/away")
	s.await([]string{"pageview /", "pageview /away"})
	s.js(`history.back()`)
	s.await([]string{"pageview /", "pageview /away", "pageview /"})
	restored, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool](`!!window.restored`))
	if err != nil || !restored {
		t.Fatalf("the page was not restored from the cache (%v, %v): this test shows nothing", restored, err)
	}
	s.expect("pageview /", "pageview /away", "pageview /")
}

func TestManualModeCountsWhatThePageCalls(t *testing.T) {
	for name, tag := range map[string]func(*site) string{
		"by attribute": func(s *site) string { return s.tag("data-manual") },
		"by old name":  func(s *site) string { return s.tagOf("script.manual.tagged-events.js", "") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			s.page("/", tag(s))
			s.open("/")
			s.js(`history.pushState(0, '', '/silent'); plausible('pageview', {u: 'http://` + s.host + `/made-up?secret=1#x', props: {kind: 'b'}})`)
			s.js(`plausible('pageview', {u: '/relative'})`)
			s.expect("pageview http://"+s.host+"/made-up", "pageview /relative")
		})
	}
}

func TestQueryIsReducedToTheCampaign(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.open("/?token=secret&utm_source=news&utm_campaign=a%26b&gclid=secret2&email=x@y.z&ref=r&my_ref=secret3&preutm_source=secret4&fbclid=&source=s#secret5")
	s.expect("pageview /?&utm_source=news&utm_campaign=a%26b&gclid=&ref=r&fbclid=&source=s")
}

func TestReferrerIsReducedAndDroppedInsideTheSite(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	other := newSite(t, nil)
	other.page("/search/page", `<meta name=referrer content=unsafe-url><a id=out href="`+s.url("/")+`">x</a>`)
	other.open("/search/page?q=secret")
	other.do(chromedp.Click(chromedp.ID("out")))
	s.await([]string{"pageview /"})
	if got, want := s.beacons()[0].R, other.url("/search/page"); got != want {
		t.Errorf("outside referrer: got %q, want %q", got, want)
	}

	inside := newSite(t, map[string]string{"/two": "TAG"})
	inside.page("/", `<meta name=referrer content=unsafe-url><a id=in href="/two">x</a>`)
	inside.open("/?q=secret")
	inside.do(chromedp.Click(chromedp.ID("in")))
	inside.await([]string{"pageview /two"})
	if got := inside.beacons()[0].R; got != "" {
		t.Errorf("inside referrer: got %q, want none", got)
	}
}

func TestIncludedAndExcludedPaths(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", s.tag(`data-exclude="/admin/**, /*/draft,/v1.0/x"`))
	s.open("/")
	s.js(`for (const p of ['/admin/a/b', '/admins', '/blog/draft', '/blog/x/draft', '/v1.0/x', '/v1.0/xy']) history.pushState(0, '', p)`)
	s.expect("pageview /", "pageview /admins", "pageview /blog/x/draft", "pageview /v1.0/xy")

	s = newSite(t, nil)
	s.page("/", s.tag("data-exclude=\"/a ,\n\t/b/*\""))
	s.open("/")
	s.js(`for (const p of ['/a', '/b/c', '/c']) history.pushState(0, '', p)`)
	s.expect("pageview /", "pageview /c")

	s = newSite(t, nil)
	s.page("/", s.tag(`data-exclude=""`))
	s.open("/")
	s.expect("pageview /")

	s = newSite(t, nil)
	s.page("/shop/", s.tagOf("script.exclusions.js", `data-include="/shop/*" data-exclude="/shop/cart"`))
	s.open("/shop/")
	s.js(`for (const p of ['/shop/a', '/shop/a/b', '/shop/cart', '/']) history.pushState(0, '', p)`)
	s.await([]string{"pageview /shop/", "pageview /shop/a"})
	s.js(`plausible('x')`)
	s.js(`plausible('x', {u: '/shop/b'})`)
	s.await([]string{"pageview /shop/", "pageview /shop/a", "x /shop/b"})
}

func TestRequestCarriesNothingButTheBeacon(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.before(`document.cookie = 'session=canary'`)
	s.open("/?password=canary")
	s.expect("pageview /")
	b := s.beacons()[0]
	for _, word := range []string{"canary", "Cookie", "password"} {
		if strings.Contains(b.header+b.body, word) {
			t.Errorf("%q is in the request:\n%s%s", word, b.header, b.body)
		}
	}
	if !strings.Contains(b.header, "text/plain") {
		t.Errorf("content type is not text/plain:\n%s", b.header)
	}
	if b.path != "/api/event" || b.D != s.host {
		t.Errorf("got path %q and domain %q, want /api/event and %q", b.path, b.D, s.host)
	}
}

func TestEndpointFollowsTheScriptUnlessToldOtherwise(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", s.tag(`data-api="http://stats.test:`+browser.web.addr+`/own/event"`))
	s.open("/")
	s.await([]string{"pageview /"})
	if got := s.beacons()[0].path; got != "/own/event" {
		t.Errorf("data-api: got %q, want /own/event", got)
	}
}

func TestNothingIsStoredInTheBrowser(t *testing.T) {
	s := newSite(t, map[string]string{"/": `TAG<a id=out href="http://elsewhere.test/">x</a>`})
	s.open("/")
	s.js(`history.pushState(0, '', '/a'); plausible('x', {props: {a: 1}}); document.body.onclick = e => e.preventDefault(); document.getElementById('out').click()`)
	s.expect("pageview /", "pageview /a", "x /a", "click /a")
	got, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](`(async () => [document.cookie, Object.keys(localStorage), Object.keys(sessionStorage), (await indexedDB.databases()).length, window.name].join())()`, chromedp.EvalAwaitPromise))
	if err != nil || got != ",,,0," {
		t.Errorf("cookies, storage, databases, name: got %q (%v), want nothing", got, err)
	}
}

func TestObjectorsSendNothing(t *testing.T) {
	for name, set := range map[string]string{
		"global privacy control": `Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})`,
		"plausible's flag":       `localStorage.plausible_ignore = 'true'`,
		"blocked storage":        `Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})`,
		"automation":             `Object.defineProperty(navigator, 'webdriver', {get: () => true})`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, map[string]string{"/": "TAG"})
			s.before(set)
			s.open("/")
			s.js(`history.pushState(0, '', '/a')`)
			s.called(`plausible('x', {callback: done})`)
			s.nothing()
		})
	}
}

func TestObjectorsChangeTheirMind(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.before(`if (!localStorage.length) localStorage.plausible_ignore = 'true'`)
	s.open("/")
	s.js(`localStorage.clear(); history.pushState(0, '', '/a')`)
	s.expect("pageview /a")
}

func TestLocalHostsAreLeftOutUnlessAsked(t *testing.T) {
	s := newSite(t, nil)
	s.host = "localhost"
	browser.web.forget(s.host)
	s.page("/plain", s.tag(""))
	s.page("/local", s.tag("data-local"))
	s.page("/named", s.tagOf("script.local.js", ""))
	s.open("/plain")
	s.called(`plausible('x', {callback: done})`)
	s.open("/local")
	s.await([]string{"pageview /local"})
	s.open("/named")
	s.await([]string{"pageview /local", "pageview /named"})
}

// A page that the browser's protocol holds on to is not prerendered. So this one
// has a tab of its own that nobody is attached to, asks when to go on, and tells
// how far it is.
func TestPrerenderedPageIsCountedWhenItIsVisited(t *testing.T) {
	s := newSite(t, map[string]string{
		"/front": "",
		"/": `<script type=speculationrules>{"prerender": [{"urls": ["/next"]}]}</script>TAG<script>
			const asking = setInterval(async () => { if ((await fetch('/go')).ok) { clearInterval(asking); location = '/next' } }, 20)</script>`,
		"/next": `TAG<script>
			addEventListener('DOMContentLoaded', () => fetch('/loaded?' + document.prerendering))
			document.addEventListener('prerenderingchange', () => setTimeout(() => fetch('/activated'), 50))</script>`,
	}).inAWindow()
	s.open("/front")
	_, err := chromedp.CallBrowser(s.ctx, target.CreateTarget, target.CreateTargetParams{
		URL: s.url("/"), BrowserContextID: chromedp.FromContext(s.ctx).BrowserContextID,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.asked("/loaded?true")
	s.await([]string{"pageview /"})
	s.page("/go", "")
	s.asked("/activated")
	s.await([]string{"pageview /", "pageview /next"})
	// The browser may say for a moment longer that it was made ahead. By t the server
	// knows that somebody has seen it.
	for _, b := range s.beacons() {
		if !strings.Contains(b.body, `"t":[`) {
			t.Errorf("t is missing: %s", b)
		}
	}
}

// asked waits until a page has asked for that address.
func (s *site) asked(uri string) {
	s.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(5 * time.Millisecond) {
		browser.web.mu.Lock()
		seen := slices.Contains(browser.web.seen[s.host], uri)
		browser.web.mu.Unlock()
		if seen {
			return
		}
	}
	s.t.Fatalf("no page has asked for %s", uri)
}
