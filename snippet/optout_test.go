package snippet_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const optOutTag = `<script defer src="/js/opt-out.js"></script>`

// privacyPage is a page about privacy as a site would write it.
func privacyPage(lang, attributes string) string {
	return fmt.Sprintf(`<body lang="%s">TAG%s<p><button type="button" data-footfall-opt-out %s hidden></button></p>`, lang, optOutTag, attributes)
}

// text evaluates an expression that is a text.
func (s *site) text(expression string) string {
	s.t.Helper()
	got, err := chromedp.Run(s.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		s.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// becomes waits until an expression is the text.
func (s *site) becomes(expression, want string) {
	s.t.Helper()
	got := ""
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(5 * time.Millisecond) {
		if got = s.text(expression); got == want {
			return
		}
	}
	s.t.Errorf("%s: got %q, want %q", expression, got, want)
}

const (
	theButton = `document.querySelector('[data-footfall-opt-out]')`
	theState  = `document.querySelector('[data-footfall-opt-out-state]').textContent`
	theStore  = `JSON.stringify({...localStorage})`
)

func TestTheOptOutButtonStopsCountingAndStartsItAgain(t *testing.T) {
	s := newSite(t, nil)
	s.page("/privacy", privacyPage("en", ""))
	host := s.host + ":" + browser.web.addr
	s.open("/privacy")
	s.expect("pageview /privacy")
	s.becomes(theState, "Your visits to "+host+" are counted.")
	s.becomes(theButton+".textContent", "Do not count my visits")
	if got := s.text(theStore); got != "{}" {
		t.Errorf("before a choice the storage holds %s, want nothing", got)
	}

	s.do(chromedp.Click(`[data-footfall-opt-out]`))
	s.becomes(theState, "Your visits to "+host+" are not counted in this browser.")
	s.becomes(theButton+".textContent", "Count my visits again")
	if got, want := s.text(theStore), `{"plausible_ignore":"true"}`; got != want {
		t.Errorf("after opting out the storage holds %s, want %s", got, want)
	}
	browser.web.forget(s.host)
	s.open("/privacy")
	s.nothing()
	s.becomes(theButton+".textContent", "Count my visits again")

	s.do(chromedp.Click(`[data-footfall-opt-out]`))
	s.becomes(theState, "Your visits to "+host+" are counted.")
	if got := s.text(theStore); got != "{}" {
		t.Errorf("after the change of mind the storage holds %s, want nothing", got)
	}
	s.open("/privacy")
	s.expect("pageview /privacy")
	if got := s.text("document.cookie"); got != "" {
		t.Errorf("the page has the cookie %q, want none", got)
	}
}

func TestTheOptOutButtonWorksFromTheKeyboardAndSaysWhatIsTheCase(t *testing.T) {
	s := newSite(t, nil)
	s.page("/privacy", privacyPage("en", ""))
	s.open("/privacy")
	s.becomes(theButton+".hidden", "false")
	s.js(theButton + ".focus()")
	s.do(chromedp.KeyEvent(" "))
	s.becomes(`localStorage.plausible_ignore`, "true")
	s.becomes(`document.activeElement == `+theButton, "true")
	s.becomes(`document.getElementById(`+theButton+`.getAttribute('aria-describedby')).getAttribute('role')`, "status")
	s.js(`localStorage.clear()`)
}

func TestAFlagThatPlausiblesPagesHaveSetIsShownAndCleared(t *testing.T) {
	s := newSite(t, nil)
	s.page("/privacy", privacyPage("en", ""))
	s.open("/privacy")
	s.js(`localStorage.plausible_ignore = 'true'`)
	s.open("/privacy")
	s.becomes(theButton+".textContent", "Count my visits again")
	s.do(chromedp.Click(`[data-footfall-opt-out]`))
	s.becomes(theStore, "{}")
}

func TestTheOptOutCanBeCalled(t *testing.T) {
	s := newSite(t, map[string]string{"/": optOutTag})
	s.open("/")
	s.becomes(`footfallOptOut()`, "false")
	s.becomes(`footfallOptOut(true)`, "true")
	s.becomes(`localStorage.plausible_ignore`, "true")
	s.becomes(`footfallOptOut(false)`, "false")
	s.becomes(theStore, "{}")
}

func TestTheOptOutSpeaksTheLanguageOfThePage(t *testing.T) {
	for lang, want := range map[string]string{
		"en": "Do not count my visits", "de-AT": "Meine Besuche nicht zählen", "fr": "Ne pas compter mes visites",
		"es": "No contar mis visitas", "PT-BR": "Não contar as minhas visitas", "ja": "自分の訪問を数えない",
		"tlh": "Do not count my visits", // the browser of the tests reads English
	} {
		s := newSite(t, nil)
		s.page("/", privacyPage(lang, ""))
		s.open("/")
		s.becomes(theButton+".textContent", want)
		if got := s.text(theState); len(got) < 10 || bytes.ContainsAny([]byte(got), "{}") {
			t.Errorf("%s: the state reads %q", lang, got)
		}
	}
	s := newSite(t, nil)
	s.page("/", privacyPage("en", `data-stop="Leave me out" data-counted="Counting {host}"`))
	s.open("/")
	s.becomes(theButton+".textContent", "Leave me out")
	s.becomes(theState, "Counting "+s.host+":"+browser.web.addr)
	s.becomes(theButton+`.parentNode.textContent`, "Leave me out Counting "+s.host+":"+browser.web.addr) // not in one word
}

func TestTheOptOutPromisesNothingThatItCannotDo(t *testing.T) {
	blocked := newSite(t, nil).inAWindow()
	blocked.page("/", privacyPage("en", ""))
	blocked.before(`Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})`)
	blocked.open("/")
	blocked.becomes(theButton+".hidden", "true")
	blocked.becomes(theState+`.slice(0, 45)`, "This browser does not let the page keep a cho")

	signal := newSite(t, nil).inAWindow()
	signal.page("/", privacyPage("en", ""))
	signal.before(`Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})`)
	signal.open("/")
	signal.becomes(theButton+".hidden", "true")
	signal.becomes(theState, "Your browser sends Global Privacy Control. Your visits are not counted.")
	signal.becomes(`footfallOptOut()`, "true")

	elsewhere := newSite(t, nil)
	elsewhere.page("/", privacyPage("en", `data-site="other.example"`))
	elsewhere.page("/own", privacyPage("en", `data-site="WWW.`+elsewhere.host+`"`))
	elsewhere.open("/")
	elsewhere.becomes(theButton+".hidden", "true")
	elsewhere.becomes(theState+`.includes('does not reach other.example')`, "true")
	elsewhere.open("/own")
	elsewhere.becomes(theButton+".hidden", "false")
	_, above, _ := strings.Cut(elsewhere.host, ".") // as stats.example.com is below example.com
	elsewhere.page("/below", privacyPage("en", `data-site="`+above+`"`))
	elsewhere.open("/below")
	elsewhere.becomes(theButton+".hidden", "true")
	elsewhere.becomes(theState+`.includes('does not reach `+above+`')`, "true")
}

func TestTheOptOutWorksUnderAStrictPolicyAndForLateButtons(t *testing.T) {
	s := newSite(t, nil)
	s.page("/strict", optOutTag+`<p id=place>`)
	s.open("/strict")
	s.becomes(`typeof footfallOptOut`, "function")
	s.js(`document.getElementById('place').append(Object.assign(document.createElement('button'), {id: 'late'}))
		late.dataset.footfallOptOut = ''
		footfallOptOut()`)
	s.becomes(`late.textContent`, "Do not count my visits")
	s.do(chromedp.Click(`#late`))
	s.becomes(`late.textContent`, "Count my visits again")
}

func TestTheOptOutIsServedAsItWasWritten(t *testing.T) {
	source, err := os.ReadFile("optout.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, encoding := range []string{"", "gzip", "br"} {
		r := ask("GET", "/js/opt-out.js", "Accept-Encoding: "+encoding)
		if got := unpack(t, encoding, r.Body()); r.StatusCode() != 200 || !bytes.Equal(got, source) {
			t.Errorf("%q: status %d, %d bytes, want 200 and the %d bytes of the source", encoding, r.StatusCode(), len(got), len(source))
		}
		t.Logf("opt-out.js, encoding %q: %d bytes", encoding, len(r.Body()))
		for name, want := range map[string]string{"Content-Type": "text/javascript; charset=utf-8", "Access-Control-Allow-Origin": "*",
			"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=86400, must-revalidate", "Set-Cookie": ""} {
			if got := header(r, name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if again := ask("GET", "/js/opt-out.js", "If-None-Match: "+header(r, "ETag")); again.StatusCode() != 304 {
			t.Errorf("%q: with its own validator: status %d, want 304", encoding, again.StatusCode())
		}
	}
}
