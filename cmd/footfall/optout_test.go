//go:build linux

package main

import (
	"maps"
	"testing"

	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestABrowserThatObjectsChangesNoByteOnDisk does everything that a visitor can
// do, in a browser, with the opt-out of the site's own button and with Global
// Privacy Control, and compares the data directory. The same walk before and
// after shows that it would have counted.
func TestABrowserThatObjectsChangesNoByteOnDisk(t *testing.T) {
	t.Parallel()
	s, relay := shop(t)
	token, stats := s.token, relay.under("stats.example")
	port := pagesOf(t, map[string]string{
		"/":        clickables + `<script defer data-domain="shop.example" data-forms src="` + stats + `/js/script.js"></script>`,
		"/privacy": `<p><button type="button" data-footfall-opt-out hidden></button></p><script defer src="` + stats + `/js/opt-out.js"></script>`,
		// A page from before, whose script knows of no signal.
		"/old": `<script>fetch('` + stats + `/api/event', {method: 'POST', body: JSON.stringify({n: 'pageview', u: location.href, d: 'shop.example'})}).then(() => { window.done = true })</script>`,
	})
	site := "http://shop.example:" + port
	b := openBrowser(t)
	walk := func() {
		t.Helper()
		b.open(site + "/")
		b.until(`window.footfall`)
		b.js(`(window.done = 0, footfall('Signup', {props: {plan: 'pro'}, callback: () => window.done++}), true)`)
		b.until(`window.done === 1`)
		b.js(`(history.pushState(0, '', '/pricing'), scrollTo(0, 2000), true)`)
		b.do(chromedp.Click("#tagged"), chromedp.Click("#file"), chromedp.Click("#form button"))
		b.open(site + "/privacy")
	}
	choose := func(state string) {
		t.Helper()
		b.open(site + "/privacy")
		b.until(`!document.querySelector('[data-footfall-opt-out]').hidden`)
		b.do(chromedp.Click("[data-footfall-opt-out]"))
		b.until(`document.querySelector('[data-footfall-opt-out-state]').dataset.footfallOptOutState === '` + state + `'`)
	}
	// objected stops the server, so that everything is written that it has, and
	// compares; then it goes on.
	var disk map[string]string
	restart := func() {
		t.Helper()
		s.stop()
		disk = prints(t, s.home.data)
		s = s.home.serve("--commit-interval", "10ms")
		s.token = token
		relay.lead(t, s.url)
		relay.forget()
	}
	objected := func(how string) {
		t.Helper()
		before := disk
		restart()
		if !maps.Equal(before, disk) {
			t.Errorf("%s: the data directory has changed:\n%s", how, changes(before, disk))
		}
	}
	silent := func(how string) {
		t.Helper()
		walk()
		// What was on its way has come when a later request has.
		b.js(`(fetch('` + stats + `/js/script.js', {cache: 'no-store'}).finally(() => { window.after = true }), true)`)
		b.until(`window.after`)
		if sent := relay.beacons(); len(sent) > 0 {
			t.Errorf("%s: %d beacons were sent, the first %s; want none", how, len(sent), sent[0].body)
		}
		objected(how)
	}

	walk()
	want := map[string]float64{"pageview": 2, "Signup": 1, "Add to cart": 1, "File Download": 1, "Form: Submission": 1}
	s.wantRows("shop.example", "event:name", "events", want)
	token = s.token
	restart()

	choose("ignored")
	silent("opted out")
	choose("counted")

	b.signal(false)
	silent("Global Privacy Control in the browser")
	b.signal(true)
	b.open(site + "/old")
	b.until(`window.done`)
	if sent := relay.beacons(); len(sent) != 1 || sent[0].dropped != "opt_out" || sent[0].header.Get("Sec-Gpc") != "1" {
		t.Errorf("of a browser with Global Privacy Control came %+v, want one beacon with the signal, dropped as opt_out", sent)
	}
	objected("Global Privacy Control on the wire")

	before := disk
	b = openBrowser(t)
	walk()
	for name := range want {
		want[name] *= 2
	}
	s.wantRows("shop.example", "event:name", "events", want)
	if restart(); maps.Equal(before, disk) {
		t.Error("the same walk without an objection changed nothing either")
	}
}

// signal makes the browser one with Global Privacy Control, which Chromium lacks:
// the property that scripts read, and the header, or the header alone.
func (b *browserTab) signal(headerAlone bool) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, network.Enable, network.EnableParams{}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Sec-GPC": "1"}}); err != nil {
		b.t.Fatal(err)
	}
	if headerAlone {
		return
	}
	source := `Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {value: true})`
	if _, err := chromedp.Call(b.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: source}); err != nil {
		b.t.Fatal(err)
	}
}
