package geo

import (
	_ "embed"
	"strings"
	"sync"
	"time"

	"footfall/ingest/geo/ranges"
)

//go:generate go run ./build

// countries is the table that ships in the binary. It is used where it lies: see
// package ranges. NOTICE.txt says whose data it is.
//
//go:embed countries.bin
var countries string

var builtin = sync.OnceValue(func() *ranges.Table {
	t, err := ranges.Open(countries)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return t
})

// BuiltinDay is the day of the data in the built-in table.
func BuiltinDay() time.Time { return builtin().Day() }

// HeaderCountry reads the value of a header in which a content network tells the
// country of a visitor, such as CF-IPCountry. It is "" for what is no country: XX
// (not known), T1 (Tor) and anything else. Countries are those of the built-in
// table, so that no header can make up new ones, and nothing of value is kept.
func HeaderCountry(value string) string {
	value = strings.TrimSpace(value)
	if len(value) != 2 || !isLetter(value[0]) || !isLetter(value[1]) {
		return ""
	}
	upper := [2]byte{value[0] &^ 0x20, value[1] &^ 0x20}
	return builtin().Code(upper)
}

// Credit names somebody whose data is shown.
type Credit struct {
	Name string // "NRO"
	URL  string
	Text string // one line for a page that shows places
}

var builtinCredit = Credit{Name: "NRO", URL: "https://www.nro.net",
	Text: "Countries from data of the NRO (CC BY 4.0) and IPtoASN"}

// credits are those that the makers of other databases ask for, by what the type of
// such a database begins with.
var credits = []struct {
	prefix string
	credit Credit
}{
	{"GeoLite2", Credit{Name: "MaxMind", URL: "https://www.maxmind.com",
		Text: "This product includes GeoLite Data created by MaxMind, available from https://www.maxmind.com"}},
	{"DBIP", Credit{Name: "DB-IP", URL: "https://db-ip.com", Text: "IP Geolocation by DB-IP"}},
	{"ipinfo", Credit{Name: "IPinfo", URL: "https://ipinfo.io", Text: "IP address data powered by IPinfo"}},
}

// Credits are who must be named on pages that show places: the sources of what
// Find tells now, the operator's database first.
func (p *Places) Credits() []Credit {
	var all []Credit
	kind := p.Type()
	for _, c := range credits {
		if strings.HasPrefix(kind, c.prefix) {
			all = append(all, c.credit)
		}
	}
	return append(all, builtinCredit)
}
