package words

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"footfall/aggregate/ask"
)

func TestCountriesHaveANameInEveryLanguage(t *testing.T) {
	if len(countries) < 249 {
		t.Fatalf("%d countries", len(countries))
	}
	for _, language := range Languages() {
		l := Negotiate(language.Tag, "")
		seen := map[string]string{}
		for code, names := range countries {
			name, ok := l.Country(code)
			if !ok || name != strings.TrimSpace(name) || name == "" || strings.ContainsFunc(name, unicode.IsControl) {
				t.Errorf("%s: %s is %q (%v)", language.Tag, code, name, ok)
			}
			if other := seen[name]; other != "" {
				t.Errorf("%s: %s and %s are both %q", language.Tag, code, other, name)
			}
			seen[name] = code
			if _, known := ask.CountryName(code); !known || len(names) != len(countryLanguages) {
				t.Errorf("%s: known in English %v, %d names", code, known, len(names))
			}
		}
	}
	for _, language := range countryLanguages {
		if !slices.ContainsFunc(Languages(), func(l Language) bool { return l.Tag == language }) {
			t.Errorf("%s is no language of the interface", language)
		}
	}
}

func TestCountriesAreCalledAsPeopleCallThem(t *testing.T) {
	for _, c := range []struct{ language, code, want string }{
		{"en", "DE", "Germany"}, {"de", "DE", "Deutschland"}, {"fr", "DE", "Allemagne"}, {"es", "DE", "Alemania"},
		{"pt-BR", "IR", "Irã"}, {"ja", "HK", "香港"}, {"de", "HK", "Hongkong"}, {"es", "US", "Estados Unidos"},
		{"fr", "CD", "Congo (RDC)"}, {"de", "SZ", "Eswatini"}, {"de", "MK", "Nordmazedonien"}, {"de-AT", "GB", "Vereinigtes Königreich"},
	} {
		if got, _ := Negotiate(c.language, "").Country(c.code); got != c.want {
			t.Errorf("%s calls %s %q, want %q", c.language, c.code, got, c.want)
		}
	}
	for _, code := range []string{"", "(not set)", "ZZ", "de", "D"} {
		for _, language := range []string{"en", "de"} {
			if name, ok := Negotiate(language, "").Country(code); ok {
				t.Errorf("%s: %q is called %q", language, code, name)
			}
		}
	}
}
