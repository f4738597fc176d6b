package ui

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"footfall/aggregate"
	"footfall/ui/api"
	"footfall/ui/words"
)

// browser is somebody with cookies who fills in forms.
type browser struct {
	*stand
	cookies string
}

// open reads a page and keeps its cookies.
func (b *browser) open(t *testing.T, path string) string {
	t.Helper()
	answer, body := b.get(t, path, "Cookie: "+b.cookies)
	wantStatus(t, answer, 200)
	for _, c := range answer.Cookies() {
		b.cookies = c.Name + "=" + c.Value
	}
	return body
}

var formToken = regexp.MustCompile(`name="form" value="([^"]+)"`)

// post sends a form with the token of a page.
func (b *browser) post(t *testing.T, page, to string, fields ...string) (*http.Response, string) {
	t.Helper()
	form := url.Values{}
	if token := formToken.FindStringSubmatch(b.open(t, page)); token != nil {
		form.Set("form", token[1])
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.do(t, http.MethodPost, to, form.Encode(), "Cookie: "+b.cookies, "Content-Type: application/x-www-form-urlencoded")
}

func withSites(names ...aggregate.Site) func(*Options) {
	return func(o *Options) { o.Sites = func() []aggregate.Site { return names } }
}

func TestOverviewListsTheSitesWithTheirFigures(t *testing.T) {
	s := serve(t, fullAsker())
	answer, body := s.get(t, "/")
	wantStatus(t, answer, 200)
	wantText(t, body, `href="/example.com"`, `href="/shop.example.com"`, `href="/m%C3%BCnchen.example"`, "</span>27<", ">655<", "4,586", "7 days", "Visitors of the last 24 hours: most at")
	if got := strings.Count(body, `<rect class="bar`); got != 3*24 {
		t.Errorf("there are %d hours of three sites, want 72", got)
	}
	answer, _ = s.get(t, "/m%C3%BCnchen.example")
	wantStatus(t, answer, 200)

	_, body = serve(t, fullAsker(), withSites()).get(t, "/")
	wantText(t, body, "No site yet", "footfall site add example.com")
}

func TestManySitesCanBeSearched(t *testing.T) {
	var names []aggregate.Site
	for i := range cardsAtMost + 5 {
		names = append(names, aggregate.Site(fmt.Sprintf("s%d.example", i)))
	}
	known := func(o *Options) {
		o.Settings = func(aggregate.Site) (aggregate.Settings, bool) { return aggregate.DefaultSettings(), true }
	}
	many := serve(t, fullAsker(), withSites(names...), known)
	_, body := many.get(t, "/")
	wantText(t, body, "More sites", fmt.Sprintf(`href="/s%d.example"`, cardsAtMost+4), `name="find"`)
	_, body = many.get(t, "/?find=S44&lang=en")
	wantText(t, body, `href="/s44.example?lang=en"`, `value="S44"`)
	if strings.Contains(body, "s43.example") {
		t.Error("a site is listed that was not looked for")
	}
	_, body = many.get(t, "/?find="+url.QueryEscape("<script>alert(1)"))
	wantText(t, body, "No site has “&lt;script&gt;alert(1)” in its name.")
	_, body = serve(t, fullAsker()).get(t, "/")
	if strings.Contains(body, `name="find"`) {
		t.Error("three sites can be searched")
	}
}

func TestTheOverviewSaysWhetherAnythingArrives(t *testing.T) {
	old := func(o *Options) {
		o.First = func(aggregate.Site) (aggregate.Day, bool) { return aggregate.Date(2026, 1, 1), true }
	}
	for _, c := range []struct {
		what   string
		asker  *fakeAsker
		change func(*Options)
		want   []string
	}{
		{"nothing ever came", &fakeAsker{}, func(*Options) {}, []string{`data-state="waiting"`, "Waiting for the first visit", `href="/example.com/install"`}},
		{"only refusals", &fakeAsker{}, withLedger(map[string]int64{"hostname: a.example": 2, "hostname: b.example": 2, "bot: crawler": 3}),
			[]string{`data-state="refusing"`, "7 beacons refused today, none counted, mostly: Another host", `href="/example.com/refused"`}},
		{"some refusals", fullAsker(), withLedger(map[string]int64{"bot": 1}), []string{`data-state="counting"`, "1 beacon refused today"}},
		{"all is well", fullAsker(), func(*Options) {}, []string{`data-state="counting"`}},
		{"quiet for a week", &fakeAsker{}, old, []string{`data-state="counting"`, "No visitor in the last 24 hours."}},
	} {
		_, body := serve(t, c.asker, c.change).get(t, "/")
		for _, want := range c.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page lacks %q", c.what, want)
			}
		}
	}
}

func TestASiteIsAddedOnThePage(t *testing.T) {
	var made []string
	add := func(o *Options) {
		o.AddSite = func(site aggregate.Site, settings map[string]string) error {
			s := aggregate.DefaultSettings()
			switch {
			case site == "example.com":
				return fmt.Errorf("%s: %w", site, api.ErrTaken)
			case site == "full.example":
				return errors.New("/secret: disk full")
			case s.Set("timezone", settings["timezone"]) != nil:
				return s.Set("timezone", settings["timezone"])
			}
			made = append(made, string(site)+" "+settings["timezone"])
			return nil
		}
	}
	b := &browser{stand: serve(t, fullAsker(), add, withSites())}
	wantText(t, b.open(t, "/?lang=de"), "Welche Website möchten Sie zählen?")
	answer, _ := b.post(t, "/", "/sites?lang=de", "domain", " https://WWW.New.example/x ", "timezone", "Europe/Berlin")
	if wantStatus(t, answer, 303); answer.Header.Get("Location") != "/new.example/install?lang=de" {
		t.Errorf("after adding, the reader is sent to %q", answer.Header.Get("Location"))
	}
	answer, _ = b.post(t, "/", "/sites", "domain", "other.example")
	wantStatus(t, answer, 303)
	if got := strings.Join(made, ", "); got != "new.example Europe/Berlin, other.example UTC" {
		t.Errorf("made are %q", got)
	}
	for fields, want := range map[[2]string]string{{"no site", ""}: "This is no domain", {"new2.example", "Berlin/<b>"}: "“Berlin/&lt;b&gt;” is no time zone",
		{"example.com", ""}: "example.com is counted already."} {
		answer, body := b.post(t, "/", "/sites", "domain", fields[0], "timezone", fields[1])
		wantStatus(t, answer, 400)
		wantText(t, body, want, `value="`+fields[0]+`"`)
	}
	answer, body := b.post(t, "/", "/sites", "domain", "full.example")
	wantStatus(t, answer, 500)
	if strings.Contains(body, "/secret") {
		t.Error("the page tells the inner text of an error")
	}
	// Without the page's token nothing is made, and viewers have no form.
	answer, _ = b.do(t, http.MethodPost, "/sites", "domain=evil.example", "Content-Type: application/x-www-form-urlencoded")
	wantStatus(t, answer, 403)
	_, body = serve(t, fullAsker(), add).get(t, "/", away, "Authorization: Bearer all")
	if strings.Contains(body, `action="/sites"`) || len(made) != 2 {
		t.Errorf("a viewer has the form, or something was made: %q", made)
	}
}

func TestChangesAreTold(t *testing.T) {
	l := words.For("en")
	for _, c := range []struct {
		now, before float64
		want        cardChange
	}{{120, 100, cardChange{"+20%", "up"}}, {80, 100, cardChange{"−20%", "down"}}, {100, 100, cardChange{"0%", "level"}}, {5, 0, cardChange{}}, {0, 4, cardChange{"−100%", "down"}}} {
		if got := changeOf(l, c.now, c.before); got != c.want {
			t.Errorf("%v after %v: got %v, want %v", c.now, c.before, got, c.want)
		}
	}
}
