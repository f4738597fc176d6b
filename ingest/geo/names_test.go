package geo

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/oschwald/geoip2-golang/v2"
)

func TestPlacesAreCalledAsTheDatabaseSaysInOtherLanguages(t *testing.T) {
	p := cityDatabase(t)
	if name, ok := p.Called("5391959", "de"); ok {
		t.Errorf("before anybody came from there it is %q", name)
	}
	p.Find(netip.MustParseAddr("198.51.100.7"))
	for _, c := range []struct{ key, language, want string }{
		{"US-CA", "de", "California (de)"}, {"5391959", "de", "San Francisco (de)"},
		{"5391959", "fr", ""}, {"5391959", "en", ""}, {"5391959", "xx", ""}, {"US-075", "de", ""}, {"", "de", ""},
	} {
		if got, ok := p.Called(c.key, c.language); got != c.want || ok != (c.want != "") {
			t.Errorf("%s calls %q %q (%v), want %q", c.language, c.key, got, ok, c.want)
		}
	}
	if _, ok := (*Places)(nil).Called("US-CA", "de"); ok {
		t.Error("no places call something")
	}
	if _, ok := new(Places).Called("US-CA", "de"); ok {
		t.Error("the built-in table calls something")
	}
}

func TestNamesInOtherLanguagesAreBounded(t *testing.T) {
	var s spoken
	for i := range maxSpoken + 100 {
		s.note(fmt.Sprint(i), &geoip2.Names{English: "Munich", German: "München"})
	}
	s.note("same", &geoip2.Names{English: "Paris", German: "Paris"})
	if got := len(s.names); got != maxSpoken {
		t.Errorf("%d places are remembered, want %d", got, maxSpoken)
	}
}
