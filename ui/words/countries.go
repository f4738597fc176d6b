package words

import (
	_ "embed"
	"strings"

	"footfall/aggregate/ask"
)

//go:generate go run ./build

//go:embed countries.tsv
var countryTable string

// countryLanguages are the columns of countries.tsv.
var countryLanguages = []string{"de", "fr", "es", "pt", "ja"}

// countries are the names of each code, in the order of countryLanguages.
var countries = func() map[string][]string {
	all := make(map[string][]string, 256)
	for line := range strings.Lines(countryTable) {
		if code, names, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t"); ok && len(code) == 2 {
			all[code] = strings.Split(names, "\t")
		}
	}
	return all
}()

// Country is what the language calls a country, by its ISO 3166-1 alpha-2 code. ok is
// false for what is no country, such as a blank or a row of what is hidden.
func (l *Locale) Country(code string) (name string, ok bool) {
	for i, language := range countryLanguages {
		if language == l.tag {
			names, ok := countries[code]
			if !ok {
				return "", false
			}
			return names[i], true
		}
	}
	return ask.CountryName(code)
}
