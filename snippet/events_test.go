package snippet_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// one returns the only beacon of that name.
func (s *site) one(name string) beacon {
	s.t.Helper()
	var found []beacon
	for _, b := range s.beacons() {
		if string(b.N) == name {
			found = append(found, b)
		}
	}
	if len(found) != 1 {
		s.t.Fatalf("got %d beacons named %q, want one: %v", len(found), name, found)
	}
	return found[0]
}

// props compares the properties of the only beacon of that name.
func (s *site) props(name, want string) {
	s.t.Helper()
	got, _ := json.Marshal(s.one(name).P)
	if string(got) != want {
		s.t.Errorf("properties of %q: got %s, want %s", name, got, want)
	}
}

// about compares what the only beacon of that name says of an element: the link's
// address, "none" where it is about none, and the author's words.
func (s *site) about(name, link string, words ...string) {
	s.t.Helper()
	b := s.one(name)
	got := "none"
	if b.L != nil {
		got = *b.L
	}
	if strings.HasPrefix(link, "/") {
		link = s.url(link)
	}
	if got != link {
		s.t.Errorf("link of %q: got %s, want %s", name, got, link)
	}
	if !slices.Equal(b.T[1], words) {
		s.t.Errorf("words of %q: got %q, want %q", name, b.T[1], words)
	}
	if b.K == nil {
		s.t.Errorf("%q does not say that it is about an element: %s", name, b)
	}
}

// stay keeps clicks and forms from leaving the page, as late as a page can.
const stay = `<script>for (const type of ['click', 'auxclick', 'submit'])
	addEventListener(type, e => { if (type == 'submit' || e.target.closest('a')) e.preventDefault() })</script>`

func TestCustomEventCarriesWhatItWasGiven(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.open("/")
	got := s.called(`footfall('Order', {props: {plan: 'pro', seats: 3}, revenue: {currency: 'EUR', amount: '9.90'}, interactive: false, u: '/checkout?card=1', callback: done})`)
	if want := "202"; got != want {
		t.Errorf("callback: got %s, want %s", got, want)
	}
	s.expect("pageview /", "Order /checkout")
	b := s.one("Order")
	s.props("Order", `{"plan":"pro","seats":3}`)
	if b.S["currency"] != "EUR" || b.S["amount"] != "9.90" {
		t.Errorf("revenue: got %v", b.S)
	}
	if b.I == nil || *b.I {
		t.Errorf("interactive: got %v, want false", b.I)
	}
}

func TestEarlyCallsAreSentInTheirOrder(t *testing.T) {
	s := newSite(t, map[string]string{"/": `<script>window.plausible = window.plausible || function () { (plausible.q = plausible.q || []).push(arguments) }
		plausible('one', {props: {a: 1}}); plausible('two')</script>TAG`})
	s.open("/")
	s.expect("pageview /", "one /", "two /")
	s.props("one", `{"a":1}`)
}

func TestCallbackIsCalledOnceWhateverHappens(t *testing.T) {
	s := newSite(t, map[string]string{"/": "TAG"})
	s.open("/")
	for name, c := range map[string][2]string{
		"counted":        {``, "202"},
		"network down":   {`window.fetch = () => Promise.reject(new Error('down'));`, "Error: down"},
		"fetch is gone":  {`delete window.fetch; window.fetch = undefined;`, "TypeError: fetch is not a function"},
		"fetch is empty": {`window.fetch = () => {};`, ``},
		"objection":      {`localStorage.plausible_ignore = 'true';`, "opt-out"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.called(`const real = window.fetch; let n = 0; ` + c[0] + `
				plausible('x', {callback: r => { n++; window.fetch = real; localStorage.clear(); setTimeout(() => n == 1 && done(r), 20) }})`)
			if c[1] != "" && got != c[1] {
				t.Errorf("got %s, want %s", got, c[1])
			}
		})
	}
}

func TestOutboundLinksAreCounted(t *testing.T) {
	s := newSite(t, map[string]string{"/": stay + `TAG
		<a id=out href="https://elsewhere.test/path?token=secret#x"><b id=inner>x</b></a>
		<a id=in href="/in">x</a> <a id=mail href="mailto:a@b.c">x</a> <a id=none>x</a> <p id=text>x</p>
		<svg><a id=svg href="https://elsewhere.test/"><text id=drawn y=20>x</text></a></svg>`})
	s.open("/")
	s.js(`for (const id of ['in', 'mail', 'none', 'text', 'out', 'drawn']) document.getElementById(id).dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))`)
	s.expect("pageview /", "click /")
	s.about("click", "https://elsewhere.test/path")
	s.do(chromedp.Click(chromedp.ID("inner")))
	s.expect("pageview /", "click /", "click /")
}

func TestMiddleClicksCountAndRightClicksDoNot(t *testing.T) {
	s := newSite(t, map[string]string{"/": stay + `TAG<a id=out href="https://elsewhere.test/">some text</a>`})
	s.open("/")
	s.await([]string{"pageview /"})
	nodes, err := chromedp.Run(s.ctx, chromedp.Nodes(chromedp.ID("out")))
	if err != nil {
		t.Fatal(err)
	}
	s.do(chromedp.MouseClickNode(nodes[0], chromedp.ButtonRight))
	s.do(chromedp.MouseClickNode(nodes[0], chromedp.ButtonMiddle))
	s.expect("pageview /", "auxclick /")
	s.about("auxclick", "https://elsewhere.test/")
}

func TestClickThatLeavesThePageIsCountedAndNotHeldUp(t *testing.T) {
	s := newSite(t, map[string]string{"/": `TAG`})
	other := newSite(t, map[string]string{"/": "<p id=there>there</p>"})
	s.page("/", `TAG<a id=out href="`+other.url("/")+`">x</a>`)
	s.open("/")
	s.await([]string{"pageview /"})
	s.do(chromedp.Click(chromedp.ID("out")), chromedp.WaitReady(chromedp.ID("there")))
	s.await([]string{"pageview /", "click /"})
}

// Which files are downloads is the server's to say; pages are not for it to see.
func TestLinksThatMayBeDownloadsAreTold(t *testing.T) {
	s := newSite(t, map[string]string{"/": stay + `TAG
		<a id=a href="/files/report.PDF?key=secret#p2">x</a><a id=b href="/x.tar.gz">x</a>
		<a href="/page.html">x</a><a href="/pdf">x</a><a href="/v1.0/">x</a><a href="/page.php?id=1">x</a><a href="/page.php5">x</a>
		<a href="/page.xhtml">x</a><a href="/page.asp">x</a><a href="/page.aspx">x</a><a href="/page.jsp">x</a><a href="/page.htm">x</a>`})
	s.open("/")
	s.js(`for (const link of document.links) if (link.id != 'b') link.click()`)
	s.expect("pageview /", "click /")
	s.about("click", s.url("/files/report.PDF"))
	if got := s.one("click").K[0]; got != nil {
		t.Errorf("kinds: got %v, want none for the usual ones", *got)
	}
	s.js(`b.click()`)
	s.expect("pageview /", "click /", "click /")
}

func TestOwnKindsOfDownloadsAreTold(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", stay+s.tag(`data-downloads="epub|iso|json|heic"`)+`<a id=a href="/x.iso">x</a><a id=b href="/x.json">x</a><a id=c href="/x.heic">x</a>`)
	s.open("/")
	s.js(`a.click()`)
	s.expect("pageview /", "click /")
	if got := s.one("click").K[0]; got == nil || *got != "epub|iso|json|heic" {
		t.Errorf("kinds: got %v, want those of the tag", s.one("click"))
	}
	s.js(`b.click(); c.click()`)
	s.expect("pageview /", "click /", "click /", "click /")
}

func TestPartsCanBeTurnedOff(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", stay+s.tag(`data-outbound=off`)+`<a id=a href="/x.html">x</a><a id=b href="https://elsewhere.test/">x</a>`)
	s.page("/404", s.tag(`data-404=off`))
	s.open("/")
	s.js(`a.click(); b.click()`)
	s.expect("pageview /")

	// Files on other hosts are downloads where links to other hosts do not count.
	s.page("/files", stay+s.tag(`data-outbound=off`)+`<a id=a href="https://files.test/x.pdf">x</a><a id=b href="https://elsewhere.test/">x</a>`)
	s.open("/files")
	s.js(`a.click(); b.click()`)
	s.expect("pageview /", "pageview /files", "click /files")
	s.about("click", "https://files.test/x.pdf")
	if got := s.one("click").K[1]; got == nil || *got != "off" {
		t.Errorf("got %s, want it to say that other hosts do not count", s.one("click"))
	}

	s = newSite(t, nil)
	s.page("/404", s.tag(`data-404=off`))
	s.page("/", "TAG")
	s.open("/")
	s.open("/lost")
	s.expect("pageview /", "pageview /lost")
}

func TestOptionsOfTheScriptHoldWhereTheTagDoesNotSay(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", stay+`<script defer src="/js/set.js"></script><a id=a href="https://elsewhere.test/">x</a>`)
	s.page("/on", stay+`<script defer data-outbound=on data-domain=own.test src="/js/set.js"></script><a id=a href="https://elsewhere.test/">x</a>`)
	s.open("/#/route")
	s.js(`a.click()`)
	s.expect("pageview /#/route")
	if got := s.one("pageview").D; got != "set.test" {
		t.Errorf("domain: got %q, want set.test", got)
	}
	s.open("/on")
	s.js(`a.click()`)
	s.expect("pageview /#/route", "pageview /on", "click /on")
	if got := s.one("click").D; got != "own.test" {
		t.Errorf("domain: got %q, want own.test", got)
	}
}

func TestFormsAreCountedWhenAsked(t *testing.T) {
	form := `<form id=f action="/go"><input required id=i name=q><button id=b>x</button></form>`
	s := newSite(t, map[string]string{"/off": stay + "TAG" + form})
	s.page("/", stay+s.tag("data-forms")+form)
	s.open("/")
	s.do(chromedp.Click(chromedp.ID("b"))) // not valid: no submission
	s.expect("pageview /")
	s.do(chromedp.SendKeys(chromedp.ID("i"), "x"+kb.Enter))
	s.expect("pageview /", "submit /")
	s.open("/off")
	s.do(chromedp.SendKeys(chromedp.ID("i"), "x"+kb.Enter))
	s.expect("pageview /", "submit /", "pageview /off")
}

func TestTaggedElementsSendTheirEventAndNoOther(t *testing.T) {
	for name, c := range map[string]struct {
		html, event, link string
		words             []string
	}{
		"class of a button": {
			`<button id=x class="btn plausible-event-name=Sign+Up plausible-event-plan=pro+x">x</button>`, "click", "none",
			[]string{"plausible-event-name=Sign+Up", "plausible-event-plan=pro+x"}},
		"class with dashes": {
			`<button id=x class="plausible-event-name--Sign+Up plausible-event-plan--pro">x</button>`, "click", "none",
			[]string{"plausible-event-name--Sign+Up", "plausible-event-plan--pro"}},
		"class with revenue": {
			`<button id=x class="plausible-event-name=Buy plausible-revenue-amount=9.90 plausible-revenue-currency=EUR">x</button>`, "click", "none",
			[]string{"plausible-event-name=Buy", "plausible-revenue-amount=9.90", "plausible-revenue-currency=EUR"}},
		"class of a link to elsewhere": {
			`<a id=x href="https://elsewhere.test/?a=1" class="plausible-event-name=Sign+Up">x</a>`, "click", "https://elsewhere.test/",
			[]string{"plausible-event-name=Sign+Up"}},
		"class around a link": {
			`<div class="plausible-event-name=Sign+Up"><a href="/x.pdf?plausible-event-name=No"><i id=x>x</i></a></div>`, "click", "/x.pdf",
			[]string{"plausible-event-name=Sign+Up"}},
		"class inside a link": {
			`<a href="https://elsewhere.test/p?q=1"><i id=x class="plausible-event-name=Sign+Up">x</i></a>`, "click", "https://elsewhere.test/p",
			[]string{"plausible-event-name=Sign+Up"}},
		"class around a form": {
			`<div class="plausible-event-name=Sign+Up"><form><button id=x>x</button></form></div>`, "submit", "none",
			[]string{"plausible-event-name=Sign+Up"}},
		"button in a form": {
			`<form><button type=button id=x class="plausible-event-name=Sign+Up">x</button></form>`, "click", "none",
			[]string{"plausible-event-name=Sign+Up"}},
		"attribute": {
			`<button id=x data-footfall-event-name="Sign Up" data-footfall-event-plan="a+b = c">x</button>`, "click", "none",
			[]string{`footfall-event-name="Sign Up`, `footfall-event-plan="a+b = c`}},
		"signs of markup": {
			"<button id=x title='>' @click=\"x\" class=\"[&>p]:m\n\tplausible-event-name=Sign+Up\n\tplausible-event-a=b&quot;c\" data-footfall-event-d='e \"f\" > g' data-z='\"'>x</button>", "click", "none",
			[]string{"plausible-event-name=Sign+Up&#10;&#9;plausible-event-a=b&quot;c", `footfall-event-d="e &quot;f&quot; &gt; g`}},
		"drawing": {
			`<svg><g class="plausible-event-name=Sign+Up"><circle id=x r=5 /></g></svg>`, "click", "none",
			[]string{"plausible-event-name=Sign+Up"}},
		"form": {
			`<form data-footfall-event-name="Sign Up"><a href="https://elsewhere.test/">x</a><button id=x>x</button></form>`, "submit", "none",
			[]string{`footfall-event-name="Sign Up`}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			s.page("/", stay+s.tag("data-forms")+c.html)
			s.open("/")
			s.js(`x.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))`)
			s.expect("pageview /", c.event+" /")
			s.about(c.event, c.link, c.words...)
		})
	}
}

func TestClicksIntoATaggedFormAreNoEvents(t *testing.T) {
	for name, html := range map[string]string{
		"form":        `<form class="plausible-event-name=Sign+Up"><input id=i><a id=a href="https://elsewhere.test/">terms</a></form>`,
		"around form": `<div class="plausible-event-name=Sign+Up"><form><input id=i><a id=a href="https://elsewhere.test/">terms</a></form></div>`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, map[string]string{"/": stay + "TAG" + html})
			s.open("/")
			s.js(`i.click(); a.click(); document.forms[0].dispatchEvent(new Event('focus'))`)
			s.expect("pageview /")
			s.js(`document.forms[0].requestSubmit()`)
			s.expect("pageview /", "submit /")
		})
	}
}

// Words of a page's own that look like those of a tag stay where they are, but for
// what the author of a tag could have meant.
func TestOtherAttributesStayInThePage(t *testing.T) {
	s := newSite(t, map[string]string{"/": stay + `TAG
		<a id=x href="https://elsewhere.test/?the-event-id=secret" class="user-secret event-card--secret" title="secret plausible" data-event-label="secret" data-user="secret">x</a>`})
	s.open("/")
	s.js(`x.click()`)
	s.expect("pageview /", "click /")
	if b := s.one("click"); strings.Count(b.body, "secret") != 1 || !slices.Equal(b.T[1], []string{" event-card--secret"}) {
		t.Errorf("got %s, want nothing but what might be a tag", b)
	}
}

func TestMissingPageIsCountedOnceEvenIfItCallsForIt(t *testing.T) {
	s := newSite(t, map[string]string{"/404": "TAG<script>addEventListener('DOMContentLoaded', () => plausible('404', {props: {path: location.pathname}}))</script>", "/": "TAG"})
	s.open("/lost/page")
	s.expect("pageview /lost/page", "404 /lost/page")
	s.open("/")
	s.expect("pageview /lost/page", "404 /lost/page", "pageview /")
	s.js(`plausible('404'); plausible('404')`)
	s.expect("pageview /lost/page", "404 /lost/page", "pageview /", "404 /")
}

func TestPropertiesOnTheTagGoWithEveryEvent(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", s.tagOf("script.pageview-props.js", `event-author="Ann B" event-kind="a+b"`))
	s.open("/")
	s.js(`plausible('x', {props: {kind: 'own'}})`)
	s.expect("pageview /", "x /")
	for _, name := range []string{"pageview", "x"} {
		if got := s.one(name).T[0]; !slices.Equal(got, []string{` event-author="Ann B`, ` event-kind="a+b`}) {
			t.Errorf("words of the tag with %s: got %q", name, got)
		}
	}
	s.props("x", `{"kind":"own"}`)
}

func TestHookChangesAndDropsEvents(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", s.tag(`data-transform="change"`)+`<script>window.change = e => e.n == 'no' ? null : {...e, props: {seen: true}}</script>`)
	s.open("/")
	s.called(`plausible('no', {callback: done})`)
	s.js(`plausible('yes')`)
	s.expect("pageview /", "yes /")
	s.props("yes", `{"seen":true}`)
}

func TestDebugSaysWhyInTheConsole(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", s.tag(`data-debug data-exclude="/secret"`))
	s.before(clock) // no attention is reported, which would be shown as well
	s.before(`window.said = []; console.warn = (...words) => said.push(words.join(' '))`)
	s.open("/")
	s.await([]string{"pageview /"})
	browser.web.mu.Lock()
	browser.web.drop[s.host] = "bot"
	browser.web.mu.Unlock()
	s.called(`plausible('x', {callback: done})`)
	s.js(`history.pushState(0, '', '/secret'); localStorage.plausible_ignore = 'true'`)
	s.called(`plausible('x', {callback: done})`)
	got, err := chromedp.Run(s.ctx, chromedp.Evaluate[[]string](`said`))
	// Each answer is shown with what the browser lets a page see of its head.
	for i, line := range got {
		if strings.HasPrefix(line, "[object Response] ") {
			_, reason, dropped := strings.Cut(line, "x-footfall-dropped,")
			got[i] = map[bool]string{true: reason, false: "counted"}[dropped]
		}
	}
	want := []string{"counted", "bot", "exclude", "opt-out"}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

func TestInitOfNewerInstallations(t *testing.T) {
	stub := `<script>window.plausible=window.plausible||function(){(plausible.q=plausible.q||[]).push(arguments)},plausible.init=plausible.init||function(i){plausible.o=i||{}};%s</script>`
	options := `plausible.init({hashBasedRouting: true, outboundLinks: false, formSubmissions: true, fileDownloads: {fileExtensions: ['.iso']},
		customProperties: n => ({of: n}), transformRequest: e => e.n == 'no' ? null : e}); plausible('early')`
	page := `<form id=f><button id=b>x</button></form><a id=o href="https://elsewhere.test/">x</a><a id=i href="/x.iso">x</a>`
	for name, c := range map[string][2]string{
		"before the script": {fmt.Sprintf(stub, options), ""},
		"after the script":  {fmt.Sprintf(stub, ""), "<script>addEventListener('DOMContentLoaded', () => {" + options + "})</script>"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, nil)
			s.page("/", stay+c[0]+s.tagOf("pa-Ab1.js", "")+c[1]+page)
			s.open("/")
			s.await([]string{"pageview /", "early /"})
			s.js(`plausible.init({}); location.hash = '/r'; o.click(); i.click(); b.click(); plausible('no')`)
			s.expect("pageview /", "early /", "pageview /#/r", "click /#/r", "submit /#/r")
			s.about("click", s.url("/x.iso"))
			if got := s.one("click").K[0]; got == nil || *got != "iso" {
				t.Errorf("kinds: got %v, want iso", s.one("click"))
			}
			if got := s.one("early").Plausible["of"]; got != "early" {
				t.Errorf("properties: got %s, want those of the options", s.one("early"))
			}
		})
	}
}

// What a hook for Plausible's tracker reads and writes is there under the same names.
func TestHooksOfNewerInstallationsFindWhatTheyKnow(t *testing.T) {
	s := newSite(t, nil)
	s.page("/", stay+s.tagOf("pa-Ab1.js", `data-outbound=off data-hash event-author="Ann"`)+`<script>addEventListener('DOMContentLoaded', () => {
		plausible.init({transformRequest: e => ({...e, p: {...e.p, seen: [e.n, e.$?.currency, e.i].join()}})})
		plausible('Order', {props: {plan: 'pro'}, revenue: {currency: 'EUR', amount: 9}, interactive: false})
	})</script><a id=o href="https://elsewhere.test/">x</a>`)
	s.open("/#/r")
	s.js(`o.click()`)
	s.expect("pageview /#/r", "Order /#/r")
	for name, want := range map[string]string{"Order": "map[plan:pro seen:Order,EUR,false]", "pageview": "map[seen:pageview,,]"} {
		if b := s.one(name); fmt.Sprint(b.Plausible) != want || b.P != nil || !slices.Equal(b.T[0], []string{` event-author="Ann`}) {
			t.Errorf("got %s, want properties %s and the words of the tag", b, want)
		}
	}
}

// The script reads what is written on an element and touches nothing else: a copy of
// a picture would load it, one of a film would play it, one of a page's own element
// would run its code.
func TestTaggedElementsAreReadAndNotMadeAnew(t *testing.T) {
	s := newSite(t, map[string]string{"/": stay + `<script>
			window.thrown = []
			addEventListener('error', e => thrown.push(e.message))
			let made = 0
			customElements.define('own-button', class extends HTMLElement { constructor() { super(); if (made++) throw new Error('made anew') } })
		</script>TAG
		<img src="/picture.png" onload="fetch('/loaded')" onerror="fetch('/loaded')" class="plausible-event-name=Picture">
		<video src="/film.mp4" autoplay muted class="plausible-event-name=Film"></video>
		<own-button class="plausible-event-name=Own" @click="go" :class="{a: b}" data-x="a > b">x</own-button>`})
	s.open("/")
	s.await([]string{"pageview /"})
	s.asked("/loaded")
	s.asked("/film.mp4")
	s.js(`fetch('/here')`)
	s.asked("/here")
	s.js(`for (const one of document.querySelectorAll('[class]')) one.dispatchEvent(new MouseEvent('click', {bubbles: true}))`)
	s.expect("pageview /", "click /", "click /", "click /")
	s.js(`setTimeout(() => fetch('/there'), 50)`)
	s.asked("/there")
	browser.web.mu.Lock()
	seen := browser.web.seen[s.host]
	browser.web.mu.Unlock()
	if got := seen[slices.Index(seen, "/here")+1:]; !slices.Equal(got, []string{"/there"}) {
		t.Errorf("the page asked for %q, want nothing but its own", got)
	}
	if got, err := chromedp.Run(s.ctx, chromedp.Evaluate[[]string](`window.thrown`)); err != nil || len(got) > 0 {
		t.Errorf("thrown into the page: %q (%v)", got, err)
	}
}
