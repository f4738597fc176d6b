package snippet_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestPackageDoesWhatTheTagDoes(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", `<link rel=modulepreload href="/npm/index.js">`+stay+`<script type=module>
		import { init, track } from '/npm/index.js'
		track('early', {props: {a: 1}})
		init({domain: 'named.test', forms: true, outbound: false, downloads: ['iso'], exclude: ['/no', '/never/*'],
			props: n => ({of: n}), transform: e => e.n == 'dropped' ? null : e})
		init()
		track('late')
		track('dropped')
		window.track = track
	</script><a id=o href="https://elsewhere.test/">x</a><a id=d href="/x.iso">x</a><form><button id=b>x</button></form>`)
	s.open("/")
	s.await([]string{"pageview /", "early /", "late /"})
	s.js(`o.click(); d.click(); b.click(); history.pushState(0, '', '/no'); history.pushState(0, '', '/never/x'); history.pushState(0, '', '/yes')`)
	s.expect("pageview /", "early /", "late /", "click /", "submit /", "pageview /yes")
	s.props("early", `{"a":1,"of":"early"}`)
	if b := s.one("late"); b.D != "named.test" || b.path != "/api/event" {
		t.Errorf("got domain %q and path %q, want named.test and /api/event", b.D, b.path)
	}
}

func TestPackageIsLoadedWithoutAWindow(t *testing.T) {
	s := newSite(t, map[string]string{"/": ""})
	s.open("/")
	got, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](fmt.Sprintf(`new Promise(resolve => {
		const worker = new Worker(URL.createObjectURL(new Blob([%q], {type: 'text/javascript'})), {type: 'module'})
		worker.onmessage = e => resolve(e.data)
		worker.onerror = e => resolve('error: ' + e.message)
	})`, `import { init, track } from '`+s.url("/npm/index.js")+`'; init(); track('x'); postMessage('quiet')`), chromedp.EvalAwaitPromise))
	if err != nil || got != "quiet" {
		t.Errorf("in a worker: got %q (%v), want quiet", got, err)
	}
}
