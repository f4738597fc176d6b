package geo

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/oschwald/geoip2-golang/v2"
)

func TestPlacesAreCalledAsTheDatabaseSaysInOtherLanguages(t *testing.T) {
	p := cityDatabase(t)
	if name, ok := p.Called("US", "San Francisco", "de"); ok {
		t.Errorf("before anybody came from there it is %q", name)
	}
	p.Find(netip.MustParseAddr("198.51.100.7"))
	for _, c := range []struct{ country, english, language, want string }{
		{"US", "California", "de", "California (de)"}, {"US", "San Francisco", "de", "San Francisco (de)"},
		{"US", "San Francisco", "fr", ""}, {"US", "San Francisco", "en", ""}, {"US", "San Francisco", "xx", ""},
		{"MX", "San Francisco", "de", ""}, {"US", "San Francisco County", "de", ""}, {"", "", "de", ""},
	} {
		if got, ok := p.Called(c.country, c.english, c.language); got != c.want || ok != (c.want != "") {
			t.Errorf("%s calls %s in %s %q (%v), want %q", c.language, c.english, c.country, got, ok, c.want)
		}
	}
	if _, ok := (*Places)(nil).Called("US", "California", "de"); ok {
		t.Error("no places call something")
	}
	if _, ok := new(Places).Called("US", "California", "de"); ok {
		t.Error("the built-in table calls something")
	}
}

func TestNamesInOtherLanguagesAreBounded(t *testing.T) {
	var s spoken
	for i := range maxSpoken + 100 {
		s.note("DE", &geoip2.Names{English: fmt.Sprint("Munich ", i), German: "München"})
	}
	s.note("FR", &geoip2.Names{English: "Paris", German: "Paris"})
	if got := len(s.names); got != maxSpoken {
		t.Errorf("%d places are remembered, want %d", got, maxSpoken)
	}
}
