package ui

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// look sets the size of the screen and the colour scheme.
func (b *tab) look(t *testing.T, width, height int64, scheme string) {
	t.Helper()
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err := chromedp.Do(b, chromedp.EmulateViewport(width, height)); err != nil {
		t.Fatal(err)
	}
}

func (b *tab) click(t *testing.T, selectors ...string) {
	t.Helper()
	for _, s := range selectors {
		if err := chromedp.Do(b, chromedp.Click(s)); err != nil {
			t.Fatalf("%s cannot be clicked: %v", s, err)
		}
	}
}

// at waits until the page shows the view of a query, and is at rest.
func (b *tab) at(t *testing.T, query string) {
	t.Helper()
	b.until(t, fmt.Sprintf(`decodeURIComponent(location.search) === %q && !document.querySelector('[aria-busy]') && document.getElementById('status').dataset.state === 'live'`, query))
}

// clickThrough does what a reader does, at three sizes and in both colour schemes.
func clickThrough(t *testing.T, b *tab) {
	s := serve(t, fullAsker(), since2025)
	for i, size := range [][2]int64{{1280, 900}, {768, 1024}, {390, 844}} {
		b.look(t, size[0], size[1], []string{"light", "dark", "dark"}[i])
		b.open(t, s.url+"/example.com")
		b.at(t, "")
		evaluate[bool](t, b, `(window.mark = true, true)`)
		b.click(t, `.stepper summary`, `.stepper a[data-key="w"]`)
		b.at(t, "?period=7d")
		b.click(t, `.stepper a[data-key="ArrowLeft"]`)
		b.at(t, "?period=7d&date=2026-11-17")
		b.click(t, `.figure:nth-child(3) a`)
		b.at(t, "?period=7d&date=2026-11-17&metric=pageviews")
		b.click(t, `#card-pages .tabs li:nth-child(2) a`)
		b.at(t, "?period=7d&date=2026-11-17&metric=pageviews&tabs=entry")
		b.click(t, `#card-sources .report tbody tr:nth-child(2) a`)
		b.at(t, "?period=7d&date=2026-11-17&f=is,channel,Organic+Search&metric=pageviews&tabs=entry")
		b.click(t, `.chip .remove`)
		b.at(t, "?period=7d&date=2026-11-17&metric=pageviews&tabs=entry")
		b.click(t, `#card-pages [data-dialog]`)
		b.until(t, `document.querySelector('dialog[open] .whole h2')?.textContent === 'Entry'`)
		b.click(t, `dialog thead th:nth-child(3) a`)
		b.at(t, "?period=7d&date=2026-11-17&metric=pageviews&tabs=entry&report=entry&sort=visits")
		b.click(t, `dialog .close`)
		b.until(t, `!document.querySelector('dialog[open]')`)
		b.at(t, "?period=7d&date=2026-11-17&metric=pageviews&tabs=entry")
		if err := chromedp.Do(b, chromedp.NavigateBack()); err != nil {
			t.Fatal(err)
		}
		b.until(t, `document.querySelector('dialog[open] .whole th[aria-sort]')?.textContent.includes('Visits')`)
		evaluate[bool](t, b, `(history.go(-7), true)`)
		b.at(t, "?period=7d")
		if evaluate[bool](t, b, `document.querySelector('dialog[open]') !== null`) {
			t.Error("the dialog stays open when the reader goes back from it")
		}
		if !evaluate[bool](t, b, `window.mark === true`) {
			t.Error("a link loaded the whole page again")
		}
	}
	b.quiet(t)
}

// filterByForm adds a filter by typing, with the values that the server suggests.
func filterByForm(t *testing.T, b *tab) {
	s := serve(t, fullAsker())
	b.open(t, s.url+"/example.com")
	b.at(t, "")
	if err := chromedp.Do(b, chromedp.KeyEvent("/")); err != nil {
		t.Fatal(err)
	}
	b.until(t, `document.activeElement.name === 'key'`)
	if err := chromedp.Do(b, chromedp.SendKeys(`.controls form.filter input[name=value]`, "pric")); err != nil {
		t.Fatal(err)
	}
	b.until(t, `document.querySelector('.controls datalist option')?.value === '/pricing'`)
	if got := evaluate[float64](t, b, `document.querySelectorAll('.controls [name=value]').length`); got != 2 {
		t.Errorf("the form has %v places for values after one was filled in, want 2", got)
	}
	if err := chromedp.Do(b, chromedp.SendKeys(`.controls form.filter input[name=value]`, "ing\r")); err != nil {
		t.Fatal(err)
	}
	b.at(t, "?f=is,page,pricing")
	wantText(t, evaluate[string](t, b, `document.querySelector('.chips').innerText`), "Page is pricing")
	b.click(t, `.chip summary`)
	if got := evaluate[string](t, b, `document.querySelector('.chip [name=value]').value`); got != "pricing" {
		t.Errorf("the chip's form holds %q, want the filter's value", got)
	}
	evaluate[bool](t, b, `(document.querySelector('.chip [name=op]').value = 'contains_not', document.querySelector('.chip form').requestSubmit(), true)`)
	b.at(t, "?f=contains_not,page,pricing")
	b.quiet(t)
}

// readTheTrend reads it with the keyboard and zooms into it with pointer and keys.
func readTheTrend(t *testing.T, b *tab) {
	s := serve(t, fullAsker(), since2025)
	b.look(t, 1280, 900, "light")
	b.open(t, s.url+"/example.com?compare=previous")
	b.at(t, "?compare=previous")
	evaluate[bool](t, b, `(document.querySelector('.reader').focus(), true)`)
	value := `document.querySelector('.reader').getAttribute('aria-valuetext')`
	wantText(t, evaluate[string](t, b, value), "Tue, Nov 24, 2026 (so far): ", "Unique visitors: ", "Sep 30 – Oct 27, 2026")
	if err := chromedp.Do(b, chromedp.KeyEvent(kb.ArrowLeft), chromedp.KeyEvent(kb.ArrowLeft, chromedp.KeyModifiers(8)), chromedp.KeyEvent(kb.ArrowLeft, chromedp.KeyModifiers(8))); err != nil {
		t.Fatal(err)
	}
	wantText(t, evaluate[string](t, b, value), "Sat, Nov 21, 2026")
	if err := chromedp.Do(b, chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	b.at(t, "?period=custom&from=2026-11-21&to=2026-11-23&compare=previous")
	b.open(t, s.url+"/example.com")
	b.at(t, "")
	box := evaluate[map[string]float64](t, b, `(r => ({x: r.x, y: r.y, w: r.width}))(document.querySelector('.reader').getBoundingClientRect())`)
	x := func(bucket float64) float64 { return box["x"] + box["w"]*(bucket+.5)/28 }
	if err := chromedp.Do(b, chromedp.MouseEvent("mouseMoved", x(9), box["y"]+60)); err != nil {
		t.Fatal(err)
	}
	b.until(t, `document.querySelector('.callout')?.innerText.startsWith('Fri, Nov 6, 2026')`)
	if err := chromedp.Do(b, chromedp.MouseEvent("mousePressed", x(9), box["y"]+60, chromedp.ButtonType("left"), chromedp.ClickCount(1)),
		chromedp.MouseEvent("mouseMoved", x(13), box["y"]+60, chromedp.ButtonType("left")),
		chromedp.MouseEvent("mouseReleased", x(13), box["y"]+60, chromedp.ButtonType("left"), chromedp.ClickCount(1))); err != nil {
		t.Fatal(err)
	}
	b.at(t, "?period=custom&from=2026-11-06&to=2026-11-10")
	if got := evaluate[float64](t, b, `(HTMLCanvasElement.prototype.toBlob = function () { window.painted = this }, document.querySelector('[data-png]').click(),
		new Set(window.painted.getContext('2d').getImageData(0, 0, window.painted.width, window.painted.height).data).size)`); got < 20 {
		t.Errorf("the picture of the trend has %v shades, so nothing is drawn on it", got)
	}
	b.quiet(t)
}

// keysSteer tries every key of the help sheet.
func keysSteer(t *testing.T, b *tab) {
	s := serve(t, fullAsker(), since2025)
	b.open(t, s.url+"/example.com")
	b.at(t, "")
	for _, k := range []struct{ key, query string }{{"d", "?period=today"}, {"e", "?period=yesterday"}, {"r", "?period=realtime"}, {"w", "?period=7d"}, {"t", "?period=30d"},
		{"n", "?period=91d"}, {"m", "?period=month"}, {"p", "?period=last_month"}, {kb.ArrowLeft, "?period=month&date=2026-09-01"}, {kb.ArrowRight, "?period=month&date=2026-10-01"},
		{"h", "?period=6mo"}, {"l", "?period=12mo"}, {"y", "?period=year"}, {"a", "?period=all"}, {"f", ""}} {
		if err := chromedp.Do(b, chromedp.KeyEvent(k.key)); err != nil {
			t.Fatal(err)
		}
		b.at(t, k.query)
	}
	press := func(key, then string) {
		t.Helper()
		if err := chromedp.Do(b, chromedp.KeyEvent(key)); err != nil {
			t.Fatal(err)
		}
		b.until(t, then)
	}
	press("?", `document.getElementById('keys').open && document.querySelectorAll('.keys kbd').length > 15`)
	press(kb.Escape, `!document.getElementById('keys').open`)
	press("c", `document.querySelector('.period').open && document.activeElement.matches('.period a[aria-current]')`)
	press(kb.Escape, `!document.querySelector('.menu[open]') && document.activeElement.matches('.period summary')`)
	press("x", `document.querySelector('.menu[data-key=x]').open`)
	press(kb.Escape, `!document.querySelector('.menu[open]')`)
	b.open(t, s.url+"/example.com?f=is,page,/pricing")
	b.at(t, "?f=is,page,/pricing")
	press(kb.Escape, `location.search === ''`)
	b.quiet(t)
}

// barriers has axe-core look at the page as it stands, and returns what it finds.
func (b *tab) barriers(t *testing.T) []string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	axe, err := os.ReadFile(filepath.Join(cache, "footfall", "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("axe-core is not there (%v); `make tools` fetches it", err)
	}
	evaluate[bool](t, b, string(axe)+";true")
	evaluate[bool](t, b, `(window.found = null, axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations']}).then(r => {
		window.found = r.violations.map(v => v.impact + ' ' + v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' — ' + (n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? '')).join(' | '))
	}), true)`)
	b.until(t, `window.found !== null`)
	return evaluate[[]string](t, b, `window.found`)
}

// noBarriers looks at every page and state: nothing serious may be found.
func noBarriers(t *testing.T, b *tab) {
	full, empty := serve(t, fullAsker(), since2025), serve(t, &fakeAsker{})
	broken := fullAsker()
	broken.fail = map[string]error{"time:day": os.ErrPermission, "visit:channel": os.ErrPermission}
	partly := serve(t, broken)
	for _, p := range []struct {
		url, scheme string
		width       int64
		open        string
	}{
		{full.url + "/example.com?compare=previous", "light", 1280, ""}, {full.url + "/example.com?compare=previous", "dark", 390, ""},
		{full.url + "/example.com?f=is,source,Bing&f=is,page,/pricing&lang=de", "light", 1280, ""}, {full.url + "/example.com?report=pages", "dark", 1280, ""},
		{full.url + "/example.com?period=realtime&tabs=cities,utm_term", "light", 390, ""}, {full.url + "/example.com", "light", 1280, `document.querySelector('.period summary').click()`},
		{full.url + "/example.com", "dark", 1280, `document.querySelector('.controls summary').click()`}, {full.url + "/example.com", "light", 390, `document.getElementById('keys').showModal()`},
		{empty.url + "/example.com", "light", 1280, ""}, {partly.url + "/example.com?period=28d", "dark", 1280, ""}, {full.url + "/", "light", 1280, ""},
		{strings.Replace(full.url, "127.0.0.1", "dashboard.localhost", 1) + "/example.com", "light", 390, ""},
	} {
		b.look(t, p.width, 900, p.scheme)
		b.open(t, p.url)
		if p.open != "" {
			evaluate[bool](t, b, `(`+p.open+`, true)`)
		}
		for _, v := range b.barriers(t) {
			at, _ := url.Parse(p.url)
			t.Errorf("%s (%s, %d pixels): %s", at.RequestURI(), p.scheme, p.width, v)
		}
	}
}
