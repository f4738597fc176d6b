package snippet_test

import (
	"math"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// A page's clock that the test turns: performance.now and focus.
const clock = `
	let now = 1000, focus = true, hidden = false
	performance.now = () => now
	document.hasFocus = () => focus
	const real = Object.getOwnPropertyDescriptor(Document.prototype, 'hidden').get
	Object.defineProperty(document, 'hidden', {get: () => hidden || real.call(document)})
	window.pass = ms => now += ms
	window.blurred = b => { focus = !b; dispatchEvent(new Event(b ? 'blur' : 'focus')) }
	window.hide = h => { hidden = h; document.dispatchEvent(new Event('visibilitychange', {bubbles: true})) }`

// attention waits until the engagement beacons of a path add up to that many
// milliseconds, and returns the deepest scroll among them.
func (s *site) attention(path string, want, tolerance float64) (deepest float64) {
	s.t.Helper()
	sum, parts := 0.0, 0
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		sum, parts, deepest = 0, 0, 0
		for _, b := range s.beacons() {
			if b.N == "engagement" && s.brief(b) == "engagement "+path && b.E != nil && b.SD != nil {
				sum, parts, deepest = sum+*b.E, parts+1, max(deepest, *b.SD)
			}
		}
		if math.Abs(sum-want) <= tolerance {
			return deepest
		}
	}
	s.t.Fatalf("engaged on %s: got %.0f ms in %d beacons, want %.0f (%.0f either way): %v", path, sum, parts, want, tolerance, s.beacons())
	return 0
}

func TestAttentionIsReportedInPartsThatAddUp(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.before(clock)
	s.open("/")
	s.js(`pass(1000); blurred(true); pass(5000); blurred(false); pass(500); hide(true); pass(9000); hide(false); pass(70); blurred(true)`)
	s.attention("/", 1500, 0)
	s.js(`blurred(false); pass(40); blurred(true)`)
	s.attention("/", 1610, 0) // the 70 were kept until they were worth a request
}

func TestAttentionBelongsToThePageItWasGivenTo(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.before(clock)
	s.open("/?utm_source=x")
	s.js(`pass(1000); history.pushState(0, '', '/two'); pass(300); plausible('x'); history.pushState(0, '', '/three'); pass(200); hide(true)`)
	s.attention("/?utm_source=x", 1000, 0)
	s.attention("/two", 300, 0)
	s.attention("/three", 200, 0)
	s.js(`hide(false)`)
	s.expect("pageview /?utm_source=x", "pageview /two", "pageview /three", "x /two")
}

func TestAttentionToAnExcludedPageIsNotReported(t *testing.T) {
	s := newSite(t, nil)
	s.before(clock)
	s.page("/", s.tag("data-exclude=/secret"))
	s.open("/")
	s.js(`pass(1000); history.pushState(0, '', '/secret'); pass(5000); history.pushState(0, '', '/open'); pass(200); hide(true)`)
	s.attention("/", 1000, 0)
	s.attention("/open", 200, 0)
	for _, b := range s.beacons() {
		if s.brief(b) == "engagement /secret" {
			t.Errorf("got %s, want none for the excluded page", b)
		}
	}
}

func TestAttentionOfAClosedTabArrives(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG", "/front": ""}).inAWindow()
	s.open("/front")
	tab, err := chromedp.CallBrowser(s.ctx, target.CreateTarget, target.CreateTargetParams{
		URL: s.url("/"), BrowserContextID: chromedp.FromContext(s.ctx).BrowserContextID,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.await([]string{"pageview /"})
	began := time.Now()
	for time.Since(began) < 400*time.Millisecond {
		time.Sleep(time.Millisecond) // real attention takes real time
	}
	if _, err := chromedp.CallBrowser(s.ctx, target.CloseTarget, target.CloseTargetParams(tab)); err != nil {
		t.Fatal(err)
	}
	s.attention("/", float64(time.Since(began).Milliseconds()), 250)
}

func TestAttentionOfAPageThatWasLeftArrives(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG", "/next": ""})
	s.before(clock)
	s.open("/")
	s.js(`pass(1234)`)
	s.open("/next")
	s.attention("/", 1234, 0)
}

func TestScrollDepthIsTheDeepestPointOfThePage(t *testing.T) {
	s := newSite(t, map[string]string{"/": `TAG<style>body { margin: 0 }</style><div style="height: 10000px"></div>`})
	s.before(clock)
	s.open("/")
	s.await([]string{"pageview /"})
	height, err := chromedp.Run(s.ctx, chromedp.Evaluate[float64](`innerHeight`))
	if err != nil {
		t.Fatal(err)
	}
	near := func(got, px float64) {
		t.Helper()
		if want := min(100, px/100); math.Abs(got-want) > 2 {
			t.Errorf("scroll depth: got %.1f %%, want %.1f", got, want)
		}
	}
	s.js(`pass(200); hide(true)`)
	near(s.attention("/", 200, 0), height)
	s.js(`hide(false)`)
	s.scroll(5000)
	s.scroll(100)
	s.js(`pass(200); hide(true)`)
	near(s.attention("/", 400, 0), 5000+height)
	s.js(`hide(false)`)
	s.scroll(10000)
	s.js(`pass(200); hide(true)`)
	near(s.attention("/", 600, 0), 10000)
}

// Pages of applications are short while they are being put together.
func TestScrollDepthIsThatOfThePageThatWasRead(t *testing.T) {
	s := newSite(t, map[string]string{"/": `TAG<style>body { margin: 0 }</style><script>addEventListener('load', () => fetch('/loaded'))</script>`})
	s.before(clock)
	s.open("/")
	s.asked("/loaded")
	s.js(`document.body.click(); const tall = document.createElement('div'); tall.style.height = '10000px'; document.body.append(tall)`)
	s.js(`pass(200); hide(true)`)
	if got := s.attention("/", 200, 0); got > 20 {
		t.Errorf("scroll depth: got %.1f %%, want the first screen of the whole page", got)
	}
}

func TestScrollDepthStartsAgainOnTheNextPage(t *testing.T) {
	s := newSite(t, map[string]string{"/": `TAG<style>body { margin: 0 }</style><div style="height: 10000px"></div>`})
	s.before(clock)
	s.open("/")
	s.scroll(9000)
	s.js(`pass(200); history.pushState(0, '', '/two'); scrollTo(0, 0)`)
	if got := s.attention("/", 200, 0); got < 90 {
		t.Errorf("first page: got %.1f %%, want more than 90", got)
	}
	s.scroll(0)
	s.js(`pass(200); hide(true)`)
	if got := s.attention("/two", 200, 0); got > 20 {
		t.Errorf("second page: got %.1f %%, want its first screen", got)
	}
}

// scroll scrolls there and waits until the page has heard of it.
func (s *site) scroll(to int) {
	s.t.Helper()
	if _, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool](`new Promise(resolve => {
		const to = `+itoa(to)+`
		scrollTo(0, to)
		requestAnimationFrame(() => requestAnimationFrame(() => resolve(true)))
	})`, chromedp.EvalAwaitPromise)); err != nil {
		s.t.Fatal(err)
	}
}
