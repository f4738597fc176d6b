package ui

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// withSettings makes the stand's sites have what change says.
func withSettings(change func(*aggregate.Settings)) func(*Options) {
	return func(o *Options) {
		before := o.Settings
		o.Settings = func(site aggregate.Site) (aggregate.Settings, bool) {
			settings, ok := before(site)
			change(&settings)
			return settings, ok
		}
	}
}

func withDerived(d Derived, ok bool) func(*Options) {
	return func(o *Options) {
		o.Derive = func(*fasthttp.RequestCtx, aggregate.Site) (Derived, bool) { return d, ok }
	}
}

// A notice with a link to a button that has no effect would be worse than none.
func TestTheTransparencyPagePromisesNoButtonThatDoesNotReachTheSite(t *testing.T) {
	for origin, reaches := range map[string]bool{"https://example.com": true, "https://www.example.com/in": true,
		"https://stats.example.com": false, "https://stats.example.net": false} {
		s := serve(t, fullAsker(), func(o *Options) { o.PublicURL = origin })
		_, body := s.get(t, "/privacy/example.com", away)
		if got := strings.Contains(body, "You can object to being counted here: "+origin+"/opt-out"); got != reaches {
			t.Errorf("at %s: the notice leads to the opt-out page: %v, want %v", origin, got, reaches)
		}
		if got := strings.Contains(body, "leaves you out belongs on a page of"); got == reaches {
			t.Errorf("at %s: the page says where the button belongs: %v, want %v", origin, got, !reaches)
		}
		if got := strings.Contains(body, "The button has to stand on a page of the site itself."); got == reaches {
			t.Errorf("at %s: that it is easy to object is left to the operator: %v, want %v", origin, got, !reaches)
		}
	}
}

func TestTheTransparencyPageTellsTheRunningSettings(t *testing.T) {
	s := serve(t, fullAsker(), withPin, func(o *Options) {
		o.PublicURL = "https://stats.example.net"
		o.Disclose = func() Disclosure { return Disclosure{Places: Cities, State: LockedFiles, Networks: true} }
	}, withSettings(func(s *aggregate.Settings) { s.Retention, s.Floor, s.DNT = 13, 5, true }))
	answer, body := s.get(t, "/privacy/example.com", away)
	wantStatus(t, answer, 200)
	wantText(t, body, "13 months", "5 visitors", "GPC, DNT", "City", "Locked in memory", "14h 20m", "25 Nov, 00:30",
		"sha384-abc", "https://stats.example.net/js/script.0123456789abcdef.js", "table of data centres", "As asked", "For the operator to keep",
		"After 13 months besides", "https://stats.example.net/opt-out?lang=en&amp;site=example.com", "country, region and city",
		"fewer than 5 visitors")
	for _, never := range []string{"consent", "GDPR", "Differs", "18,342", "<script", "style=", "/dev/shm", "Set-Cookie"} {
		if strings.Contains(body, never) {
			t.Errorf("the page says %q", never)
		}
	}
	if got := answer.Header.Get("Set-Cookie"); got != "" {
		t.Errorf("the page sets the cookie %q", got)
	}
	for _, h := range securityHeaders {
		if got := answer.Header.Get(h[0]); got != h[1] {
			t.Errorf("%s: got %q, want %q", h[0], got, h[1])
		}
	}
}

func TestTheTransparencyPageTellsThatSearchesAreCounted(t *testing.T) {
	const counted, only = "stands after “suche=”", "no query but the tags of a campaign;"
	for key, want := range map[string]string{"suche": counted, "": only} {
		s := serve(t, fullAsker(), withPin, withSettings(func(s *aggregate.Settings) { s.SearchKey = key }))
		_, body := s.get(t, "/privacy/example.com", away)
		if wantText(t, body, want); strings.Contains(body, counted) && strings.Contains(body, only) {
			t.Errorf("with the search key %q the page says both %q and %q", key, counted, only)
		}
	}
}

func TestTheSelfAssessmentSaysWhereSettingsDiffer(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*aggregate.Settings)
		want   []string
	}{
		{"for ever", func(s *aggregate.Settings) { s.Retention = 0 }, []string{"No limit", "Kept without a time limit, by a setting.", "Differs", "kept without a time limit."}},
		{"three years", func(s *aggregate.Settings) { s.Retention = 36 }, []string{"Up to 37 months old: 36 months are kept besides the current one.", "Differs"}},
		{"the default, which is a month more than asked", func(s *aggregate.Settings) {}, []string{"Up to 26 months old", "Differs"}},
		{"no floor", func(s *aggregate.Settings) { s.Floor = 1 }, []string{"the floor is off", "Differs", "even where one visitor alone had them"}},
		{"no signals", func(s *aggregate.Settings) { s.GPC = false }, []string{"Global Privacy Control is not honoured", "None"}},
	} {
		_, body := serve(t, fullAsker(), withSettings(c.change)).get(t, "/privacy/example.com", away)
		for _, want := range c.want {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the page lacks %q", c.what, want)
			}
		}
	}
}

// The age is that of the day: when a day's random number was made tells when the
// first visitor came.
func TestTheAgeOfTheRandomNumberTellsOfNoVisitor(t *testing.T) {
	s := serve(t, fullAsker())
	s.tick(3 * time.Hour)
	_, quiet := serve(t, &fakeAsker{}).get(t, "/privacy/example.com", away)
	_, busy := serve(t, fullAsker()).get(t, "/privacy/example.com", away)
	origin := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	if origin.ReplaceAllString(quiet, "") != origin.ReplaceAllString(busy, "") {
		t.Error("the page of a site without visitors differs from that of a busy one")
	}
	_, later := s.get(t, "/privacy/example.com", away)
	wantText(t, later, "17h 20m")
}

func TestAnOwnerCanKeepTheTransparencyPageToHimself(t *testing.T) {
	s := serve(t, fullAsker(), withSettings(func(s *aggregate.Settings) { s.Transparency = false }))
	answer, hidden := s.get(t, "/privacy/example.com", away)
	wantStatus(t, answer, 404)
	answer, unknown := s.get(t, "/privacy/example.org", away)
	wantStatus(t, answer, 404)
	if strings.ReplaceAll(hidden, "example.com", "example.org") != unknown {
		t.Error("a hidden site is answered otherwise than one that does not exist")
	}
	for _, path := range []string{"/privacy/a b", "/privacy/%22%3E%3Cscript%3E", "/privacy/x/y"} {
		answer, _ = s.get(t, path, away)
		wantStatus(t, answer, 404)
	}
	answer, _ = serve(t, fullAsker()).get(t, "/privacy/WWW.example.com?lang=de", away)
	if wantStatus(t, answer, 303); answer.Header.Get("Location") != "/privacy/example.com?lang=de" {
		t.Errorf("another spelling leads to %q", answer.Header.Get("Location"))
	}
}

func TestTheReaderSeesWhatHisOwnRequestWouldBecome(t *testing.T) {
	d := Derived{Address: "203.0.113.9", Browser: "Firefox 145", System: "Ubuntu", Device: "Desktop", Language: "de-AT", Source: "<b>Direct"}
	s := serve(t, fullAsker(), withDerived(d, true))
	_, body := s.get(t, "/privacy/example.com", away)
	if strings.Contains(body, "203.0.113.9") {
		t.Error("the address is shown without having been asked for")
	}
	_, body = s.get(t, "/privacy/example.com?you=1&lang=en", away)
	wantText(t, body, "203.0.113.9", "Firefox 145", "de-AT", "not known", "&lt;b&gt;Direct", "would be counted", `href="?lang=en#you"`)
	if strings.Contains(s.log.String(), "203.0.113") {
		t.Error("the address is in the log")
	}
	d.Dropped = "opt_out"
	_, body = serve(t, fullAsker(), withDerived(d, true)).get(t, "/privacy/example.com?you=1", away)
	wantText(t, body, "Your browser objects")
	d.Dropped = "bot"
	_, body = serve(t, fullAsker(), withDerived(d, true)).get(t, "/privacy/example.com?you=1", away)
	wantText(t, body, "would not be counted, for the reason “bot”")
	_, body = serve(t, fullAsker(), withDerived(Derived{}, false)).get(t, "/privacy/example.com?you=1", away)
	wantText(t, body, "asked too often")
}

func TestTheTransparencyPageSpeaksSixLanguages(t *testing.T) {
	s := serve(t, fullAsker(), withDerived(Derived{Address: "203.0.113.9"}, true))
	for _, l := range words.Languages() {
		answer, body := s.get(t, "/privacy/example.com?you=1&lang="+l.Tag, away, "Accept-Language: it")
		wantStatus(t, answer, 200)
		wantText(t, body, `<html lang="`+l.Tag+`" dir="ltr">`, words.For(l.Tag).Say("cnil.title"), `aria-current="page">`+l.Name)
		if open := regexp.MustCompile(`(privacy|cnil|optout)\.[a-z_.]+|[{}]`).FindString(body); open != "" {
			t.Errorf("%s: the page says %q", l.Tag, open)
		}
	}
}

// What the script sends and what the page tells of it are the same keys: those
// that the script writes into every event, what itself adds to some, and the options
// of the page's calls, which go along as they are.
func TestTheTransparencyPageNamesEveryKeyOfABeacon(t *testing.T) {
	source, err := os.ReadFile("../snippet/src/tracker.js")
	if err != nil {
		t.Fatal(err)
	}
	source = regexp.MustCompile(`//.*`).ReplaceAll(source, nil)
	beacon := regexp.MustCompile(`(?s)beacon = [^(]*\(\{(.*?)\}\)\)`).FindSubmatch(source)
	added := regexp.MustCompile(`send\([^{}]+, \{(.*?)\}`).FindAllSubmatch(source, -1)
	if beacon == nil || len(added) != 2 { // what attention adds, and clicks
		t.Fatal("the script makes its events in another way now")
	}
	var told []string
	sent := []string{"props", "revenue", "interactive"}
	for _, part := range append(added, beacon) {
		for _, m := range regexp.MustCompile(`(?:^|[{,])\s*([a-z]+): `).FindAllSubmatch(part[1], -1) {
			sent = append(sent, string(m[1]))
		}
	}
	for _, k := range beaconKeys {
		told = append(told, k.Key)
	}
	slices.Sort(sent)
	sent = slices.Compact(sent)
	slices.Sort(told)
	if !slices.Equal(sent, told) {
		t.Errorf("the script sends %q, the page tells of %q", sent, told)
	}
}
