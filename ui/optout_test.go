package ui

import (
	"net/http"
	"strings"
	"testing"
)

// Nobody who reads the opt-out page has a token.
func TestTheOptOutPageIsOpenToEverybodyAndSetsNoCookie(t *testing.T) {
	s := serve(t, fullAsker())
	answer, body := s.get(t, "/opt-out", away, "Accept-Language: en")
	wantStatus(t, answer, 200)
	wantText(t, body, `<html lang="en" dir="ltr">`, "data-footfall-opt-out", `src="js/opt-out.js"`, `href="opt-out.css"`, "plausible_ignore", "Global Privacy Control",
		"half an hour after the day is over", "never written to a disk")
	for _, h := range securityHeaders {
		if got := answer.Header.Get(h[0]); got != h[1] {
			t.Errorf("%s: got %q, want %q", h[0], got, h[1])
		}
	}
	if got := answer.Header.Get("Set-Cookie"); got != "" {
		t.Errorf("the page sets the cookie %q", got)
	}
	if strings.Contains(body, "<style") || strings.Contains(body, "style=") || strings.Contains(body, "<script>") {
		t.Error("the page has an inline style or script")
	}
	for _, never := range []string{"GDPR", "consent", "Einwilligung", "consentement", "18,342"} {
		if strings.Contains(body, never) {
			t.Errorf("the page says %q", never)
		}
	}
	style, css := s.get(t, "/opt-out.css", away)
	wantStatus(t, style, 200)
	if got := style.Header.Get("Content-Type"); got != "text/css; charset=utf-8" || !strings.Contains(css, "color-scheme") {
		t.Errorf("the style is %q with %d bytes", got, len(css))
	}
	answer, _ = s.get(t, "/opt-out/?lang=de", away)
	if wantStatus(t, answer, 303); answer.Header.Get("Location") != "../opt-out?lang=de" {
		t.Errorf("with a slash it leads to %q, want ../opt-out?lang=de", answer.Header.Get("Location"))
	}
	answer, _ = s.do(t, http.MethodPost, "/opt-out", "", away)
	wantStatus(t, answer, 405)
}

func TestTheOptOutPageSpeaksTheVisitorsLanguage(t *testing.T) {
	s := serve(t, fullAsker())
	for header, want := range map[string]string{
		"de-AT,en;q=0.5": "de", "fr": "fr", "es-419, en": "es", "pt-BR;q=0.9,en;q=0.8": "pt", "ja": "ja", "en-GB,de": "en",
		"tlh, it;q=0.9, fr;q=0.3, de;q=0.4": "de", "de;q=0, es;q=0.1": "es", "*": "en", "": "en", ";;;,,q=": "en",
	} {
		answer, body := s.get(t, "/opt-out", away, "Accept-Language: "+header)
		if got := answer.Header.Get("Content-Language"); got != want || !strings.Contains(body, `<html lang="`+want+`" dir="ltr">`) {
			t.Errorf("Accept-Language %q: answered in %q, want %q", header, got, want)
		}
		if !strings.Contains(strings.Join(answer.Header.Values("Vary"), ","), "Accept-Language") {
			t.Errorf("Accept-Language %q: Vary is %q", header, answer.Header.Values("Vary"))
		}
	}
	answer, body := s.get(t, "/opt-out?lang=ja&site=example.com", away, "Accept-Language: de")
	if got := answer.Header.Get("Content-Language"); got != "ja" {
		t.Errorf("asked for Japanese, answered in %q", got)
	}
	wantText(t, body, `href="?lang=de&amp;site=example.com"`, `data-site="example.com"`, `lang="ja" hreflang="ja" aria-current="page"`)
}

// Whether a site is counted here is nobody's business who has no token.
func TestTheOptOutPageDoesNotTellWhichSitesThereAre(t *testing.T) {
	s := serve(t, fullAsker())
	_, known := s.get(t, "/opt-out?site=example.com", away, "Accept-Language: en")
	_, unknown := s.get(t, "/opt-out?site=example.org", away, "Accept-Language: en")
	if strings.ReplaceAll(known, "example.com", "example.org") != unknown {
		t.Error("the page differs between a site that is counted and one that is not")
	}
}

func TestTheOptOutPageWorksUnderABasePath(t *testing.T) {
	s := serve(t, fullAsker(), func(o *Options) { o.BasePath, o.PublicURL = "/stats", "https://example.com/stats" })
	answer, body := s.get(t, "/opt-out", away)
	wantStatus(t, answer, 200)
	wantText(t, body, `src="js/opt-out.js"`, `src=&#34;https://example.com/stats/js/opt-out.js&#34;`)
}
