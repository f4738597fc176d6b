package ui

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"footfall/aggregate"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The tests of this file look at the pages with Chromium. They share one browser
// and each open a tab of their own.
func TestInChromium(t *testing.T) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	root, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	browser, quit := chromedp.NewContext(root)
	t.Cleanup(quit)
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("these tests need a Chromium in the path: %v", err)
	}
	for name, test := range map[string]func(*testing.T, *tab){
		"EveryPageFitsEveryScreen":         everyPageFits,
		"StrangersTextExecutesNothing":     strangersTextExecutesNothing,
		"TheFirstViewIsLight":              theFirstViewIsLight,
		"FiguresMoveByThemselves":          figuresMove,
		"TheSitePageIsClickedThrough":      clickThrough,
		"AFilterIsMadeByTyping":            filterByForm,
		"TheTrendIsReadAndZoomed":          readTheTrend,
		"TheKeyboardSteers":                keysSteer,
		"NoPageHasABarrier":                noBarriers,
		"TheOtherPagesFitEveryLanguage":    otherPagesFit,
		"NoOtherPageHasABarrier":           otherPagesHaveNoBarrier,
		"TheReaderIsToldWhenOffline":       readerIsToldWhenOffline,
		"APageWithoutScriptsHasAllFigures": withoutScripts,
		"TheInstallPageTurnsGreen":         installTurnsGreen,
		"ThePlaygroundAsksInPlace":         playgroundInABrowser,
		"SwitchesOfTheTagApplyAtOnce":      switchesApplyByThemselves,
		"TheOptOutPageSetsAndClearsIt":     optOutPageInABrowser,
	} {
		t.Run(name, func(t *testing.T) { test(t, openTab(t, browser)) })
	}
}

// tab is a tab of the browser with what it complained about.
type tab struct {
	context.Context
	mu        sync.Mutex
	complaint []string
	bytes     float64
	requests  []string
}

func openTab(t *testing.T, browser context.Context) *tab {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(func() { cancel(); closeTab() })
	b := &tab{Context: ctx}
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		b.complaint = append(b.complaint, e.Entry.Text)
	case *runtime.EventExceptionThrown:
		b.complaint = append(b.complaint, e.ExceptionDetails.Text)
	case *page.EventJavascriptDialogOpening:
		b.complaint = append(b.complaint, "dialog: "+e.Message)
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "about:") && !strings.HasPrefix(e.Request.URL, "data:") {
			b.requests = append(b.requests, e.Request.URL)
		}
	case *network.EventLoadingFinished:
		b.bytes += e.EncodedDataLength
	}
}

func (b *tab) open(t *testing.T, url string) {
	t.Helper()
	if err := chromedp.Do(b, chromedp.Navigate(url)); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

// quiet fails the test if the browser complained: about a blocked inline style,
// an exception, a file that is not there.
func (b *tab) quiet(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.complaint) > 0 {
		t.Errorf("the browser complains: %q", b.complaint)
		b.complaint = nil
	}
}

func evaluate[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for an expression to become true, across navigations too.
func (b *tab) until(t *testing.T, expression string) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		_, err := chromedp.Run(b, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(time.Until(deadline))))
		if err == nil {
			return
		}
		if time.Now().After(deadline) || b.Err() != nil { // any other error: the page went away while it was asked
			t.Fatalf("never true: %s: %v\nthe page: %s", expression, err, evaluate[string](t, b, "document.body.innerText"))
		}
	}
}

func call[P any](t *testing.T, b *tab, command cdp.Command[P, cdp.Empty], params P) {
	t.Helper()
	if _, err := chromedp.Call(b, command, params); err != nil {
		t.Fatal(err)
	}
}

// everyPageFits opens every kind of page at several sizes in both colour schemes:
// nothing is wider than the screen, the browser has no complaint, and a picture of
// each is kept in FOOTFALL_SHOTS, if that is set.
func everyPageFits(t *testing.T, b *tab) {
	shots := os.Getenv("FOOTFALL_SHOTS")
	broken := fullAsker()
	broken.fail = map[string]error{"time:day": os.ErrPermission, "visit:channel": os.ErrPermission}
	broken.change = func(r *fakeReport) {
		r.Lossy = []aggregate.Day{aggregate.Date(2026, 11, 12)}
		r.Warnings = map[aggregate.Metric]aggregate.Warning{aggregate.MetricVisitors: {Warning: "Some visitors may be counted twice."}}
		if len(r.q.Fields) == 1 && r.q.Fields[0].Dimension == aggregate.Page {
			r.Hidden = &aggregate.HiddenRows{Floor: 3, Reason: "41 pageviews of rare pages are not shown."}
			r.Rows[3].Labels[0] = "(hidden)"
		}
	}
	full, empty, partly := serve(t, fullAsker()), serve(t, &fakeAsker{}), serve(t, broken)
	none := serve(t, &fakeAsker{}, func(o *Options) { o.Sites = func() []aggregate.Site { return nil } })
	refused := serve(t, &fakeAsker{}, withLedger(map[string]int64{"bot": 12, "hostname: shop.example": 3}), withPin)
	optOutScript(t, full)
	visited := strings.Replace(full.url, "127.0.0.1", "site.localhost", 1)
	pages := []struct{ name, url string }{
		{"install", empty.url + "/example.com/install"}, {"install-refused", refused.url + "/example.com/install?own=on&pixel=on&pinned=on&forms=on&exclude=/admin/**"},
		{"install-recipe", empty.url + "/example.com/install?own=on#recipe-wordpress"}, {"install-works", full.url + "/example.com/install"}, {"opt-out", visited + "/opt-out?lang=en"}, {"opt-out-ja", visited + "/opt-out?lang=ja"},
		{"opt-out-elsewhere", visited + "/opt-out?lang=de&site=example.com"},
		{"site", full.url + "/example.com"}, {"today", full.url + "/example.com?period=today"}, {"year", full.url + "/example.com?period=12mo&compare=year&metric=bounce_rate"},
		{"realtime", full.url + "/example.com?period=realtime"}, {"filtered", full.url + "/example.com?f=is,source,Hacker%20News&f=contains_not,page,/docs/configuration/every-option-explained,/a,/b,/c"},
		{"german", full.url + "/example.com?lang=de&tabs=cities,devices,utm_term"}, {"japanese", full.url + "/example.com?lang=ja"},
		{"playground", full.url + "/example.com/playground?example=trend"}, {"report", full.url + "/example.com?report=pages"}, {"overview", full.url + "/"}, {"empty", empty.url + "/example.com"},
		{"none", none.url + "/"}, {"broken", partly.url + "/example.com"}, {"unknown", full.url + "/other.example"},
		{"door", strings.Replace(full.url, "127.0.0.1", "dashboard.localhost", 1) + "/example.com"},
	}
	for _, size := range []struct{ width, height int64 }{{320, 640}, {390, 844}, {1024, 768}, {1440, 900}, {2560, 1440}} {
		for _, scheme := range []string{"light", "dark"} {
			if scheme == "dark" && size.width != 390 && size.width != 1440 {
				continue // one phone and one desktop tell enough
			}
			call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			if err := chromedp.Do(b, chromedp.EmulateViewport(size.width, size.height)); err != nil {
				t.Fatal(err)
			}
			for _, p := range pages {
				b.open(t, p.url)
				if over := evaluate[float64](t, b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
					t.Errorf("%s at %d pixels is %v pixels too wide", p.name, size.width, over)
				}
				if shots == "" {
					continue
				}
				picture, err := chromedp.Run(b, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(shots, fmt.Sprintf("%s-%d-%s.png", p.name, size.width, scheme))
				if err := os.WriteFile(file, picture, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	b.mu.Lock()
	b.complaint = slicesWithout(b.complaint, "status of 401", "status of 404") // of the door and the unknown site
	b.mu.Unlock()
	b.quiet(t)
}

func slicesWithout(all []string, parts ...string) (rest []string) {
next:
	for _, s := range all {
		for _, part := range parts {
			if strings.Contains(s, part) {
				continue next
			}
		}
		rest = append(rest, s)
	}
	return rest
}

// hostile is text that strangers send as paths, referrers and tags.
var hostile = []string{
	`<script>window.hit=1</script>`, `"><script>window.hit=2</script>`, `<img src=x onerror="window.hit=3">`, `'"><svg onload=window.hit=4>`,
	`</title><script>window.hit=5</script>`, `</table></main><iframe srcdoc="<script>parent.hit=6</script>">`, `javascript:window.hit=7`,
	`{{.Site}}{{printf "%s" "x"}}`, `" onmouseover="window.hit=8" x="`, `</bdi><style>*{display:none}</style>`, `<!--`, `--><b>`, `]]>`,
	`<math><mtext></table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.hit=9&gt;">`,
	`&lt;script&gt;window.hit=10&lt;/script&gt;`, "`${window.hit=11}`", `<a href="javascript:window.hit=12">x</a>`, "\u202e<b>moc", "\x00<script>window.hit=13</script>",
	`</svg><script>window.hit=14</script>`, `<details open ontoggle=window.hit=15>`, `<base href=//evil.example>`, `<meta http-equiv=refresh content=0>`,
}

// forbidden are elements and attributes that no page of ours has.
const forbidden = `iframe, img, math, base, main script, main style, main a[href^="javascript"], ` +
	`[onerror], [onload], [onmouseover], [ontoggle], [style]`

func strangersTextExecutesNothing(t *testing.T, b *tab) {
	asker := fullAsker()
	for field := range asker.rows {
		asker.rows[field] = hostile
	}
	asker.change = func(r *fakeReport) {
		if len(r.q.Fields) == 0 {
			r.Warnings = map[aggregate.Metric]aggregate.Warning{aggregate.MetricVisits: {Warning: hostile[1] + hostile[8]}}
			return
		}
		r.Hidden = &aggregate.HiddenRows{Reason: hostile[3]}
	}
	s := serve(t, asker, withKeys, func(o *Options) {
		o.Unproxied = func(aggregate.Site) bool { return true }
		notes := &fakeNotes{all: map[aggregate.AnnotationID]aggregate.Annotation{}}
		for i, text := range hostile {
			id := aggregate.AnnotationID(i + 1)
			notes.all[id] = aggregate.Annotation{ID: id, Day: aggregate.Date(2026, 11, 1+i%20), Text: text}
		}
		o.Annotations = notes
	})
	var filters strings.Builder
	for _, text := range hostile[:10] {
		filters.WriteString("&f=contains,page," + url.QueryEscape(text))
	}
	for _, path := range []string{"/example.com?report=pages", "/example.com?period=12mo", "/", "/example.com?period=%22%3E%3Cscript%3Ewindow.hit=20%3C/script%3E&report=%3Cscript%3E",
		"/example.com?tabs=properties,countries,cities,utm_term" + filters.String(), "/example.com?tabs=prop:" + url.QueryEscape(hostile[0])} {
		b.open(t, s.url+path)
		harmless := func(when string) {
			t.Helper()
			b.until(t, `document.getElementById('status').dataset.state === 'live'`)
			if evaluate[bool](t, b, `'hit' in window`) {
				t.Errorf("%s (%s): strangers' text was executed: window.hit = %v", path, when, evaluate[float64](t, b, "window.hit"))
			}
			if n := evaluate[float64](t, b, `document.querySelectorAll('`+forbidden+`').length`); n != 0 {
				t.Errorf("%s (%s): strangers' text made %v elements", path, when, n)
			}
		}
		harmless("as the server printed it")
		evaluate[bool](t, b, `(window.printed = document.querySelector('.page').innerHTML, true)`)
		asker.set(func(f *fakeAsker) { f.visitor *= 2 })
		s.tick(mostAge)
		b.until(t, `document.querySelector('.page').innerHTML !== window.printed`)
		harmless("as the script swapped it in")
	}
	b.look(t, 1280, 900, "dark")
	b.open(t, s.url+"/example.com")
	b.click(t, `#card-pages [data-dialog]`)
	b.until(t, `document.querySelectorAll('dialog[open] .label').length > 10`)
	b.click(t, `dialog .close`)
	b.at(t, "")
	evaluate[bool](t, b, `(document.querySelector('.reader').focus(), document.querySelector('.controls .menu').open = true, document.querySelector('.controls [name=value]').focus(), true)`)
	b.until(t, `document.querySelectorAll('.controls datalist option').length > 10`)
	if evaluate[bool](t, b, `'hit' in window`) || evaluate[float64](t, b, `document.querySelectorAll('`+strings.ReplaceAll(forbidden, ", [style]", "")+`').length`) != 0 {
		t.Error("strangers' text was executed or made elements in a dialog, a form or under the pointer")
	}
	b.open(t, s.url+"/example.com?report=pages")
	if got := evaluate[string](t, b, `document.querySelector('.report .label bdi').textContent`); got != hostile[0] {
		t.Errorf("the first row reads %q, want %q as it was sent", got, hostile[0])
	}
	b.quiet(t)
}

func theFirstViewIsLight(t *testing.T, b *tab) {
	s := serve(t, fullAsker())
	if _, err := chromedp.Call(b, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	b.open(t, s.url+"/example.com")
	b.until(t, `document.getElementById('status').dataset.state === 'live'`)
	b.mu.Lock()
	defer b.mu.Unlock()
	first := map[string]bool{}
	for _, address := range b.requests {
		first[address] = true
		if !strings.HasPrefix(address, s.url) {
			t.Errorf("the page asks another host: %s", address)
		}
	}
	t.Logf("first view: %.0f bytes in %d requests (%d addresses)", b.bytes, len(b.requests), len(first))
	if b.bytes == 0 || b.bytes > 120<<10 {
		t.Errorf("the first view takes %.0f bytes, want at most %d", b.bytes, 120<<10)
	}
	if len(b.requests) > 6 {
		t.Errorf("the first view takes %d requests, want at most 6: %q", len(b.requests), b.requests)
	}
	scripts := 0
	for name, url := range s.assets.url {
		if strings.HasSuffix(name, ".js") && first[s.url+"/assets/"+url] {
			scripts += len(s.assets.served[url].brotli())
		}
	}
	t.Logf("scripts: %d bytes", scripts)
	if scripts == 0 || scripts > 15<<10 {
		t.Errorf("the scripts take %d bytes packed, want at most %d", scripts, 15<<10)
	}
}

func figuresMove(t *testing.T, b *tab) {
	asker := fullAsker()
	s := serve(t, asker)
	b.open(t, s.url+"/example.com")
	b.until(t, `document.getElementById('status').dataset.state === 'live'`)
	evaluate[bool](t, b, `(document.querySelector('.trend details.table').open = true, document.querySelector('.figure a').focus(), scrollTo(0, 300), window.kept = document.querySelector('.panel'), true)`)
	asker.set(func(f *fakeAsker) {
		f.current = 1028
		f.visitor = 20000
		f.rows["event:page"] = append([]string{"/brand-new"}, f.rows["event:page"]...)
	})
	s.tick(mostAge)
	b.until(t, `document.querySelector('.now .value').textContent === '1,028' && document.body.innerText.includes('20,000') && document.body.innerText.includes('/brand-new')`)
	for what, expression := range map[string]string{
		"the table that the reader opened is still open": `document.querySelector('.trend details.table').open`,
		"the focus is where it was":                      `document.activeElement === document.querySelector('.figure a')`,
		"the page did not scroll":                        `scrollY === 300`,
		"the reports are the same elements":              `window.kept === document.querySelector('.panel')`,
		"the title tells the current visitors":           `document.title.startsWith('1,028 now')`,
	} {
		if !evaluate[bool](t, b, expression) {
			t.Errorf("not so: %s", what)
		}
	}
	b.quiet(t)
}

func readerIsToldWhenOffline(t *testing.T, b *tab) {
	s := serve(t, fullAsker())
	b.open(t, s.url+"/example.com")
	b.until(t, `document.getElementById('status').dataset.state === 'live'`)
	s.down.Store(true)
	b.until(t, `document.getElementById('status').textContent.includes('Offline. Figures of')`)
	if !evaluate[bool](t, b, `document.body.innerText.includes('18,342')`) {
		t.Error("the last figures are gone while the reader is offline")
	}
	s.down.Store(false)
	b.until(t, `document.getElementById('status').dataset.state === 'live'`)
}

func withoutScripts(t *testing.T, b *tab) {
	call(t, b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	s := serve(t, fullAsker())
	b.open(t, s.url+"/example.com")
	text := evaluate[string](t, b, "document.body.innerText")
	wantText(t, text, "18,342", "As of 14:20", "Organic Search", "/pricing")
	if err := chromedp.Do(b, chromedp.Click(`.stepper summary`), chromedp.Click(`.stepper .choices li:first-child a`)); err != nil {
		t.Fatal(err)
	}
	b.until(t, `document.body && document.body.innerText.includes('Tuesday, November 24, 2026')`)
}
