package ui

import (
	"errors"
	"html"
	"regexp"
	"strings"
	"testing"

	"footfall/aggregate"
)

// fakeLedger is the refusals of today.
type fakeLedger struct {
	counts map[string]int64
	err    error
}

func (l fakeLedger) Refusals(aggregate.Site, aggregate.Day) (map[string]int64, error) {
	if l.counts == nil && l.err == nil {
		return nil, aggregate.ErrDayClosed
	}
	return l.counts, l.err
}

func withLedger(counts map[string]int64) func(*Options) {
	return func(o *Options) { o.Ledger = fakeLedger{counts: counts} }
}

func withPin(o *Options) {
	o.Pinned = PinnedScript{Path: "/js/script.0123456789abcdef.js", Integrity: "sha384-abc+/="}
}

// code is the text of a code element of a page.
func code(t *testing.T, body, id string) string {
	t.Helper()
	m := regexp.MustCompile(`(?s)<code id="` + id + `">(.*?)</code>`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("the page has no code %q", id)
	}
	return html.UnescapeString(m[1])
}

func TestTheInstallPageShowsTheTagForTheChosenSwitches(t *testing.T) {
	s := serve(t, &fakeAsker{}, func(o *Options) { o.PublicURL = "https://stats.example.net" }, withPin)
	const head = `<script defer data-domain="example.com"`
	for query, want := range map[string]string{
		"":                              head + ` src="https://stats.example.net/js/script.js"></script>`,
		"?forms=on&hash=on":             head + ` data-forms data-hash src="https://stats.example.net/js/script.js"></script>`,
		"?outbound=on&missing=on":       head + ` data-outbound="off" data-404="off" src="https://stats.example.net/js/script.js"></script>`,
		"?downloads=on":                 head + ` data-downloads="off" src="https://stats.example.net/js/script.js"></script>`,
		"?downloads=on&kinds=PDF,+.zip": head + ` data-downloads="pdf|zip" src="https://stats.example.net/js/script.js"></script>`,
		"?manual=on&local=on&debug=on":  head + ` data-manual data-local data-debug src="https://stats.example.net/js/script.js"></script>`,
		"?include=/blog/**&exclude=/a%22%3E%3Cb,/c": head + ` data-include="/blog/**" data-exclude="/a&#34;&gt;&lt;b,/c" src="https://stats.example.net/js/script.js"></script>`,
		"?own=on":                     head + ` src="/footfall/js/script.js"></script>`,
		"?own=on&path=/in/visits/":    head + ` src="/in/visits/js/script.js"></script>`,
		"?own=on&path=a%22b":          head + ` src="/footfall/js/script.js"></script>`,
		"?pinned=on":                  head + ` integrity="sha384-abc+/=" crossorigin="anonymous" src="https://stats.example.net/js/script.0123456789abcdef.js"></script>`,
		"?nonsense=on&exclude=%00%0a": head + ` src="https://stats.example.net/js/script.js"></script>`,
	} {
		answer, body := s.get(t, "/example.com/install"+query)
		wantStatus(t, answer, 200)
		if got := code(t, body, "tag"); got != want {
			t.Errorf("%q: the tag is\n got %s\nwant %s", query, got, want)
		}
		if checked := strings.Count(body, " checked"); checked != strings.Count(query, "=on")-strings.Count(query, "nonsense") {
			t.Errorf("%q: %d boxes are checked", query, checked)
		}
	}
	_, body := s.get(t, "/example.com/install?pixel=on")
	if got, want := code(t, body, "pixel"), `<noscript><img src="https://stats.example.net/pixel.gif?d=example.com" alt="" width="1" height="1" referrerpolicy="no-referrer-when-downgrade"></noscript>`; got != want {
		t.Errorf("the image is\n got %s\nwant %s", got, want)
	}
	_, body = s.get(t, "/example.com/install?pixel=on&own=on")
	if got, want := code(t, body, "pixel"), `<noscript><img src="/footfall/pixel.gif?d=example.com" alt="" width="1" height="1"></noscript>`; got != want {
		t.Errorf("the image on the own host is\n got %s\nwant %s", got, want)
	}
	_, body = s.get(t, "/example.com/install?pinned=on")
	wantText(t, body, "nothing is counted until the tag is replaced")
}

func TestTheInstallPageIsLinkedAndGuardedLikeTheSite(t *testing.T) {
	s := serve(t, fullAsker())
	for _, asker := range []Asker{fullAsker(), &fakeAsker{}} {
		_, body := serve(t, asker).get(t, "/example.com")
		wantText(t, body, `href="/example.com/install"`)
	}
	answer, _ := s.get(t, "/example.com/install", away)
	wantStatus(t, answer, 401)
	answer, _ = s.get(t, "/shop.example.com/install", away, "Authorization: Bearer one")
	wantStatus(t, answer, 403)
	answer, _ = s.get(t, "/other.example/install")
	wantStatus(t, answer, 404)
	answer, _ = s.get(t, "/WWW.example.com/install")
	if wantStatus(t, answer, 303); answer.Header.Get("Location") != "/example.com/install" {
		t.Errorf("another spelling leads to %q, want /example.com/install", answer.Header.Get("Location"))
	}
	answer, body := s.get(t, "/m%C3%BCnchen.example/install")
	wantStatus(t, answer, 200)
	wantText(t, body, `data-domain=&#34;münchen.example&#34;`)
}

func TestTheInstallPageSaysWhatArrives(t *testing.T) {
	nothing := &fakeAsker{}
	_, body := serve(t, nothing).get(t, "/example.com/install")
	wantText(t, body, `data-state="waiting"`, "Waiting for the first visit", "Nothing comes?")

	_, body = serve(t, nothing, func(o *Options) { o.Strangers = func() uint64 { return 4 } }).get(t, "/example.com/install")
	wantText(t, body, "4 beacons came for sites that are not counted here")

	_, body = serve(t, nothing, withLedger(map[string]int64{"bot": 2, "hostname: shop.example": 1500, "odd": 1})).get(t, "/example.com/install")
	wantText(t, body, `data-state="refusing"`, "Something comes, but it is not counted", "1,503 beacons were refused",
		"1,500 ×", "<code>hostname: shop.example</code>", "looked like a program", "<code>odd</code>", `href="/example.com/refused"`)
	if strings.Index(body, "shop.example") > strings.Index(body, "looked like a program") {
		t.Error("the most frequent refusal does not stand first")
	}

	_, body = serve(t, fullAsker(), withLedger(map[string]int64{"bot": 1})).get(t, "/example.com/install")
	wantText(t, body, `data-state="counting"`, "It works", "✓ Install", "<code>bot</code>")

	_, body = serve(t, nothing, func(o *Options) { o.Ledger = fakeLedger{err: errors.New("/secret")} }).get(t, "/example.com/install")
	wantText(t, body, "Whether anything arrives cannot be told.")
	if strings.Contains(body, "/secret") {
		t.Error("the page tells the inner text of an error")
	}
}

func TestWhereOnlyEventsComeTheInstallPageDoesNotSpeakOfNoPageviews(t *testing.T) {
	asker := fullAsker()
	asker.change = func(r *fakeReport) {
		for _, row := range r.Rows {
			for i, m := range r.q.Metrics {
				if m == aggregate.MetricPageviews {
					row.Values[i] = aggregate.Value{}
				}
			}
		}
	}
	_, body := serve(t, asker).get(t, "/example.com/install")
	wantText(t, body, `data-state="counting"`, "events were counted, but no pageview.")
}

func TestAProxyThatKeepsAddressesToItselfIsSpokenOfInTheReadersLanguage(t *testing.T) {
	s := serve(t, fullAsker(), func(o *Options) { o.Unproxied = func(site aggregate.Site) bool { return site == "example.com" } })
	for _, page := range []string{"", "/install"} {
		_, body := s.get(t, "/example.com"+page)
		wantText(t, body, "Every beacon came from one private address")
		_, body = s.get(t, "/example.com"+page, "Accept-Language: de")
		wantText(t, body, "Alle Signale kamen von einer einzigen privaten Adresse")
		if _, body = s.get(t, "/shop.example.com"+page); strings.Contains(body, "private address") {
			t.Errorf("%q: a site that is told its visitors' addresses is warned", page)
		}
	}
}

func TestWhatAnOwnerHasSetForTheScriptGoesWithEveryFormOfTheTag(t *testing.T) {
	s := serve(t, &fakeAsker{}, withPin, func(o *Options) {
		o.PublicURL = "https://stats.example.net"
		o.Settings = func(aggregate.Site) (aggregate.Settings, bool) {
			settings := aggregate.DefaultSettings()
			if err := settings.Set("script", "forms,outbound=off"); err != nil {
				t.Fatal(err)
			}
			return settings, true
		}
	})
	const head = `<script defer data-domain="example.com"`
	for query, want := range map[string]string{
		"":                  head + ` src="https://stats.example.net/js/script.js?site=example.com"></script>`,
		"?own=on":           head + ` src="/footfall/js/script.js?site=example.com"></script>`,
		"?pinned=on&own=on": head + ` data-forms data-outbound="off" integrity="sha384-abc+/=" crossorigin="anonymous" src="/footfall/js/script.0123456789abcdef.js"></script>`,
		"?pinned=on&hash=on&forms=on": head + ` data-forms data-hash data-outbound="off" integrity="sha384-abc+/=" crossorigin="anonymous"` +
			` src="https://stats.example.net/js/script.0123456789abcdef.js"></script>`,
	} {
		_, body := s.get(t, "/example.com/install"+query)
		if got := code(t, body, "tag"); got != want {
			t.Errorf("%q: the tag is\n got %s\nwant %s", query, got, want)
		}
		if recipe := code(t, body, "recipe-wordpress"); !strings.Contains(recipe, `src="/footfall/js/script.js?site=example.com"`) {
			t.Errorf("%q: the recipe's tag asks for no options:\n%s", query, recipe)
		}
	}
}

func TestADayOfRefusalsAloneIsStillWaiting(t *testing.T) {
	s := serve(t, &fakeAsker{}, func(o *Options) {
		o.First = func(aggregate.Site) (aggregate.Day, bool) { return aggregate.Date(2026, 11, 24), true }
	})
	_, body := s.get(t, "/example.com")
	wantText(t, body, "Waiting for the first visit")
}

func TestRecipesAreFilledWithServerAndSite(t *testing.T) {
	s := serve(t, &fakeAsker{}, func(o *Options) { o.PublicURL = "https://stats.example.net/in" })
	_, body := s.get(t, "/example.com/install?path=visits")
	for id, want := range map[string][]string{
		"nginx":      {"location ~ ^/visits/(", "rewrite ^/visits(/.*)$ /in$1 break;", "proxy_pass https://stats.example.net;", "X-Forwarded-For $remote_addr", `Cookie ""`, "proxy_ssl_server_name on"},
		"caddy":      {"footfall ^/visits(/(", "rewrite * /in{re.footfall.1}", "reverse_proxy https://stats.example.net {", "X-Forwarded-For {remote_host}", "-Cookie"},
		"apache":     {`"^/visits/(`, `"https://stats.example.net/in/$1"`, "SSLProxyEngine on", "unset Cookie"},
		"cloudflare": {"https://stats.example.net/in'", "X-Visitor-SECRET", "cf-connecting-ip", "example.com/visits/*"},
		"netlify":    {"context.ip", "path: '/visits/*'"},
		"vercel":     {"x-real-ip", "matcher: '/visits/:path*'"},
		"nextjs":     {"app/visits/[...path]/route.js", "x-forwarded-for"},
		"wordpress":  {"'https://stats.example.net/in' . $found[1]", `src="/visits/js/script.js"`, "REMOTE_ADDR", "X-Forwarded-For"},
	} {
		text := code(t, body, "recipe-"+id)
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %q:\n%s", id, w, text)
			}
		}
		if strings.Contains(text, "{{") || strings.Contains(text, "<no value>") {
			t.Errorf("%s has a place that is not filled:\n%s", id, text)
		}
	}
	wantText(t, body, "app/visits/[...path]/route.js</p>", "the server block of the site", "Does it run on another one?", "--client-ip-header X-Visitor-SECRET")
	_, body = s.get(t, "/example.com/install?path=visits", "Accept-Language: de")
	wantText(t, body, "der server-Block der Website", "Läuft er auf einem anderen?", "--client-ip-header X-Visitor-SECRET", "Steht WordPress hinter einem Proxy?")
	s = serve(t, &fakeAsker{}, func(o *Options) { o.AddressHeader = "X-Visitor-k3y" })
	_, body = s.get(t, "/example.com/install")
	for _, kind := range recipeKinds {
		if text := code(t, body, "recipe-"+kind.id); !strings.Contains(text, "X-Visitor-k3y") || strings.Contains(text, "SECRET") {
			t.Errorf("%s does not tell the address in the header that the server reads:\n%s", kind.id, text)
		}
	}
}
