package ask

import (
	_ "embed"
	"strings"
)

// countryLines has a line for every ISO 3166-1 code, and for XK, which is in
// common use: code, tab, English short name.
//
//go:embed country.tsv
var countryLines string

var countryNames = func() map[string]string {
	names := make(map[string]string, 256)
	for line := range strings.Lines(countryLines) {
		if code, name, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			names[code] = name
		}
	}
	return names
}()

// CountryName is the English name of an ISO 3166-1 alpha-2 code.
func CountryName(code string) (string, bool) {
	name, ok := countryNames[code]
	return name, ok
}
