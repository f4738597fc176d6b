package snippet_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Pages that break what the script stands on. It may lose events there; it may
// not throw.
func TestNothingIsThrownIntoHostilePages(t *testing.T) {
	const body = `TAG<a id=out href="https://elsewhere.test/" onclick="return false">x</a><form id=f onsubmit="return false"><button id=b>x</button></form>`
	const acts = `
		try { history.pushState(0, '', location.href + '/a') } catch {}
		if (typeof plausible == 'function') try { plausible('x', {props: {a: 1}}) } catch (e) { thrown.push('plausible: ' + e) }
		try { out.click(); b.click() } catch {}
		for (const type of ['blur', 'scroll', 'pagehide', 'pageshow']) dispatchEvent(new Event(type))
		document.dispatchEvent(new Event('visibilitychange'))`
	s := newSite(t, nil)
	for name, hostile := range map[string]string{
		"nothing unusual":         ``,
		"frozen prototypes":       `for (const c of [Object, Array, Function, String, RegExp, Promise, History, EventTarget, Node, Element, Document, Window, URL, Event, Storage, Performance, Navigator, Response, Headers]) Object.freeze(c.prototype)`,
		"frozen history":          `Object.freeze(history)`,
		"no history":              `Object.defineProperty(window, 'history', {value: undefined})`,
		"no pushState":            `History.prototype.pushState = undefined`,
		"pushState throws":        `History.prototype.pushState = () => { throw new Error('no') }`,
		"fetch throws":            `window.fetch = () => { throw new Error('no') }`,
		"fetch rejects":           `window.fetch = () => Promise.reject(new Error('no'))`,
		"fetch answers nonsense":  `window.fetch = () => ({})`,
		"no fetch":                `delete window.fetch; Object.defineProperty(window, 'fetch', {value: undefined})`,
		"no performance":          `Object.defineProperty(window, 'performance', {value: undefined})`,
		"no URL":                  `window.URL = undefined`,
		"no JSON":                 `window.JSON = undefined`,
		"no storage":              `Object.defineProperty(window, 'localStorage', {get() { throw new Error('no') }})`,
		"no listeners":            `window.addEventListener = undefined`,
		"listeners throw":         `window.addEventListener = () => { throw new Error('no') }`,
		"plausible is taken":      `Object.defineProperty(window, 'plausible', {value: 1, writable: false})`,
		"footfall is taken":       `Object.defineProperty(window, 'footfall', {get() { throw new Error('no') }})`,
		"no root element":         `addEventListener('load', () => document.documentElement.remove())`,
		"closest is broken":       `Element.prototype.closest = () => { throw new Error('no') }`,
		"arrays have odd members": `Object.prototype.toJSON = () => { throw new Error('no') }; Array.prototype.odd = 1`,
	} {
		t.Run(name, func(t *testing.T) {
			path := "/" + strings.ReplaceAll(name, " ", "-")
			s.page(path, `<script>
				window.thrown = []
				addEventListener('error', e => thrown.push('error: ' + e.message))
				addEventListener('unhandledrejection', e => thrown.push('rejection: ' + e.reason))
				`+hostile+`</script>`+body)
			s.open(path)
			s.js(acts)
			got, err := chromedp.Run(s.ctx, chromedp.Evaluate[[]string](`new Promise(resolve => setTimeout(() => resolve(window.thrown), 20))`, chromedp.EvalAwaitPromise))
			if err != nil || len(got) > 0 {
				t.Errorf("thrown into the page: %q (%v)", got, err)
			}
		})
	}
}

func TestPageWithFrozenPrototypesIsCounted(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.before(`for (const c of [Object, Array, Function, History, EventTarget, Window, URL]) Object.freeze(c.prototype)`)
	s.open("/")
	s.expect("pageview /")
}

// A script that is loaded as a module has no tag to read. It does nothing, and does not
// throw.
func TestScriptAsAModuleDoesNothing(t *testing.T) {
	s := newSite(t, map[string]string{"/": `<script>window.thrown = []; addEventListener('error', e => thrown.push(e.message))</script>
		<script type=module src="/js/script.js"></script><script type=module src="/js/set.js"></script>
		<script type=module>window.done = true</script>`})
	s.open("/")
	got, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](`String([window.done, ...window.thrown])`))
	if err != nil || got != "true" {
		t.Errorf("thrown into the page: %q (%v)", got, err)
	}
	s.nothing()
}

// A constant of that name is the page's own affair: it hides the one of the window.
func TestPageWithAConstantOfTheSameNameIsCounted(t *testing.T) {
	s := newSite(t, map[string]string{"/": "<script>const plausible = () => 0; let footfall</script>TAG"})
	s.open("/")
	s.await([]string{"pageview /"})
	s.js(`window.plausible('x')`)
	s.await([]string{"pageview /", "x /"})
}

func TestScriptTagWithoutADomainOrWithOddOnes(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", `<script defer src="http://stats.test:`+browser.web.addr+`/js/script.js"></script>`)
	s.open("/")
	s.expect("pageview /")
}

func TestScriptWorksUnderAStrictPolicy(t *testing.T) {
	s := newSite(t, nil)
	s.page("/strict", `<script defer src="/js/script.js"></script>`)
	s.open("/strict")
	s.await([]string{"pageview /strict"})
	got, err := chromedp.Run(s.ctx, chromedp.Evaluate[[]string](`window.violations || []`))
	if err != nil || len(got) > 0 {
		t.Errorf("violations of the policy: %q (%v)", got, err)
	}
}
