package ingest

import (
	"strings"
	"testing"

	"footfall/aggregate"
)

func TestPathsAreMadeAsDocumented(t *testing.T) {
	for _, c := range []struct{ url, plain, hash string }{
		{"https://a.example", "/", "/"},
		{"https://a.example/x/?q=1#f", "/x/", "/x/#f"},
		{"https://a.example#/route?token=secret", "/", "/#/route"},
		{"https://a.example/x#", "/x", "/x"},
		{"https://a.example/a%20b%2520c", "/a b%20c", "/a b%20c"},
		{"https://a.example/100%/%zz/%4", "/100%/%zz/%4", "/100%/%zz/%4"},
		{"https://a.example/x%20%20%09", "/x", "/x"},
		{"https://a.example/%20", "/", "/"},
		{"https://a.example/a+b", "/a+b", "/a+b"},
		{"https://a.example//double", "//double", "//double"},
	} {
		var s scratch
		p, problem := s.splitURL(c.url)
		if problem != "" {
			t.Errorf("%s: got problem %q", c.url, problem)
		}
		if got := p.value(&s, false); got != c.plain {
			t.Errorf("%s: got path %q, want %q", c.url, got, c.plain)
		}
		if got := p.value(&s, true); got != c.hash {
			t.Errorf("%s: got path %q in hash mode, want %q", c.url, got, c.hash)
		}
	}
}

func TestPathsStayWithinTheirLimitWithoutCutCharacters(t *testing.T) {
	var s scratch
	p := page{path: "/" + strings.Repeat("ü", 1500)}
	got := p.value(&s, false)
	if len(got) > maxPath || len(got) < maxPath-1 || !strings.HasSuffix(got, "ü") {
		t.Errorf("got %d bytes ending in %q", len(got), got[len(got)-2:])
	}
}

func TestTagsAreReadFromQueries(t *testing.T) {
	var s scratch
	got := s.readTags("ref=r&source=s&utm_source=&utm_source=News+Letter%21&utm_source=later&utm_medium=%20cpc&utm%5Fterm=t&UTM_CONTENT=x&gclid=&x=y&=&&")
	want := tags{utmSource: "News Letter!", source: "s", ref: "r", medium: "cpc", term: "t"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got.tag() != "News Letter!" || (&tags{source: "s", ref: "r"}).tag() != "s" || (&tags{ref: "r"}).tag() != "r" {
		t.Error("want utm_source before source before ref")
	}
}

func TestWhatNamesAPersonIsMasked(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"/unsubscribe/jane.doe+x@mail.example.org", "/unsubscribe/:email"},
		{"/u/jane@example.com/edit", "/u/:email/edit"},
		{"/u/jane%40example.com", "/u/:email"},
		{"/mail=jane@example.com.", "/mail=:email."},
		{"/a@b.co,c@d.eu", "/:email,:email"},
		{"/jürgen@müller.de", "/:email"},
		{"/@jane", "/@jane"},
		{"/npm/vue@3.5.1/dist", "/npm/vue@3.5.1/dist"},
		{"/package/@types/node", "/package/@types/node"},
		{"/order/550e8400-e29b-41d4-a716-446655440000/x", "/order/:uuid/x"},
		{"/order-550E8400-E29B-41D4-A716-446655440000.html", "/order-:uuid.html"},
		{"/reset/5f4dcc3b5aa765d61d8327deb882cf99", "/reset/:token"},
		{"/f/5f4dcc3b5aa765d61d8327deb882cf99.html", "/f/:token"},
		{"/login/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U", "/login/:token"},
		{"/s/dGhpcyBpcyBhIDEyMyB0b2tlbg==", "/s/:token"},
		{"/s/V1StGXR8_Z5jdHi6B-myT", "/s/:token"},
		{"/s#access=k3j9x8q2m4n7p1r5t6w0", "/s#access=:token"},
		{"/2026/05/04/how-to-build-a-house-in-2026", "/2026/05/04/how-to-build-a-house-in-2026"},
		{"/docs/GettingStartedGuide2024", "/docs/GettingStartedGuide2024"},
		{"/docs/v1.20.3/net/http", "/docs/v1.20.3/net/http"},
		{"/questions/31556213/what-is-the-difference-between-x-and-y", "/questions/31556213/what-is-the-difference-between-x-and-y"},
		{"/watch/dQw4w9WgXcQ", "/watch/dQw4w9WgXcQ"},
		{"/commit/4b825dc", "/commit/4b825dc"},
		{"/Donaudampfschifffahrtsgesellschaft", "/Donaudampfschifffahrtsgesellschaft"},
		{"/", "/"},
	} {
		var s scratch
		if got := s.mask(c.path); got != c.want {
			t.Errorf("%s: got %s, want %s", c.path, got, c.want)
		}
	}
}

func TestMaskingFollowsTheSitesSetting(t *testing.T) {
	h := newHouse(t)
	body := `{"n":"pageview","d":"example.com","u":"https://example.com/u/jane@example.org?utm_term=jane@example.org"}`
	if hit := h.hit(body); hit.Facts[aggregate.Page] != "/u/:email" || hit.Facts[aggregate.UTMTerm] != ":email" {
		t.Errorf("got %q and %q, want both masked", hit.Facts[aggregate.Page], hit.Facts[aggregate.UTMTerm])
	}
	h.set("example.com", "mask", "off")
	if hit := h.hit(body); hit.Facts[aggregate.Page] != "/u/jane@example.org" {
		t.Errorf("got %q with the setting off", hit.Facts[aggregate.Page])
	}
}

func TestLanguagesAreSpelledAsPeopleDo(t *testing.T) {
	for header, want := range map[string]string{
		"en-US,en;q=0.9": "en-US", "de": "de", "DE-at;q=1": "de-AT", "zh-Hans-CN": "zh-CN", "es-419": "es-419",
		"zh-Hant": "zh", "": "", "*": "", "x": "", "e\x00-US": "", "en-x-US": "en", "english": "", " fr-FR ": "fr-FR", "fil-PH": "fil-PH",
	} {
		var s scratch
		if got := s.language(header); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}
