// Package geo tells the place and the network of an address.
//
// The country comes out of a table that ships in the binary (countries.bin; see
// NOTICE.txt for whose data it is). A country or city database that the operator
// points at goes before it, and an ASN database adds whose network an address is in
// and whether machines live there rather than people (hosting.txt). Files are read
// anew when they change.
//
// The package owns these tables, the readers of the files, and the stored form of
// places. It keeps no address and logs nothing. It never fetches anything. Private,
// loopback and unknown addresses have no place: it stays blank, "(not set)".
//
// Stored names are English, beside their codes (ISO 3166-2, GeoNames); Called tells
// names in other languages (names.go).
//
// Caveats. A place is only as good as the data: a mobile network's address may stand
// for the other end of the country, a company's for its headquarters, and anycast
// addresses are nowhere in particular. The built-in table is right for about 199 of
// 200 IPv4 addresses on whose country other databases agree; the overseas parts of
// France and the territories of the United States are often counted to the mainland.
package geo

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/oschwald/geoip2-golang/v2"

	"footfall/aggregate"
)

// Place is where an address is. Blank = not known.
type Place struct {
	Country    string // ISO 3166-1 alpha-2, "US"
	RegionCode string // ISO 3166-2, "US-CA"
	RegionName string // "California"
	CityID     string // GeoNames id, "5391959"
	CityName   string // "San Francisco"

	region, city string // the stored values, joined once for all who share the record
}

// Region is the stored value of aggregate.Region, blank where only the country
// is known.
func (p *Place) Region() string {
	if p.region != "" {
		return p.region
	}
	if p.RegionCode == "" && p.RegionName == "" {
		return aggregate.Blank
	}
	return aggregate.Join(p.Country, p.RegionCode, p.RegionName)
}

// City is the stored value of aggregate.City, blank where no city is known.
func (p *Place) City() string {
	if p.city != "" {
		return p.city
	}
	if p.CityID == "" && p.CityName == "" {
		return aggregate.Blank
	}
	return aggregate.Join(p.Country, p.RegionCode, p.RegionName, p.CityID, p.CityName)
}

// In is the place for somebody who knows the country better, such as a content
// network that tells it: what lies in another one is dropped. A blank country
// changes nothing.
func (p Place) In(country string) Place {
	if country == "" || country == p.Country {
		return p
	}
	return Place{Country: country}
}

// Places finds the places of addresses: in the operator's database where there is
// one, then in the built-in table. The zero value has the built-in table alone, a nil
// *Places knows nothing. It is safe for concurrent use, Refresh and Close included.
type Places struct {
	file   *file[Place]
	spoken spoken
}

// Open is OpenIn with the system's directory for temporary files.
func Open(path string) (*Places, error) { return OpenIn(path, "") }

// OpenIn opens a country or city database. scratch is the directory for its private
// copy, which needs as much room as the file; "" = the system's temporary one. The
// error wraps ErrDatabase and ends with a hint at what to do.
func OpenIn(path, scratch string) (*Places, error) {
	p := &Places{}
	f, err := openFile(path, scratch, p.reader)
	if err != nil {
		return nil, err
	}
	p.file = f
	return p, nil
}

// Refresh looks whether the file has changed, and changes over to it when it has
// stayed the same from one call to the next, so that a file is not read while it is
// being written. An error, which is like Open's, is told once for each bad file; the
// old one stays in use.
func (p *Places) Refresh() (changed bool, err error) {
	if p == nil || p.file == nil {
		return false, nil
	}
	return p.file.refresh()
}

// Find is the place of an address.
func (p *Places) Find(addr netip.Addr) Place {
	addr = addr.Unmap().WithZone("")
	if p == nil || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return Place{}
	}
	if p.file != nil {
		if place, ok := p.file.find(addr); ok && place.Country != "" {
			return place
		}
	}
	return Place{Country: builtin().Find(addr)}
}

// Type is the type of the operator's database as the file tells it,
// "GeoLite2-City"; blank without one.
func (p *Places) Type() string {
	if p == nil || p.file == nil {
		return ""
	}
	return p.file.kind()
}

// Close lets go of the operator's database. The built-in table stays.
func (p *Places) Close() error {
	if p == nil || p.file == nil {
		return nil
	}
	return p.file.close()
}

// reader chooses how places are read from a database of some type.
func (p *Places) reader(d *database[Place]) (read func(netip.Addr) (Place, error), err error) {
	finish := func(place Place) Place {
		place.region, place.city = place.Region(), place.City()
		return place
	}
	kind := d.index.Metadata.DatabaseType
	switch {
	case d.flat("country"):
		return func(addr netip.Addr) (Place, error) {
			var record struct {
				Country string `maxminddb:"country_code"`
			}
			err := d.index.Lookup(addr).Decode(&record)
			return Place{Country: country(record.Country, "")}, err
		}, nil
	case d.db == nil:
		return nil, geoip2.UnknownDatabaseTypeError{DatabaseType: kind}
	case strings.Contains(kind, "Country"):
		return func(addr netip.Addr) (Place, error) {
			r, err := d.db.Country(addr)
			if err != nil {
				return Place{}, err
			}
			return Place{Country: country(r.Country.ISOCode, r.RegisteredCountry.ISOCode)}, nil
		}, nil
	}
	return func(addr netip.Addr) (Place, error) {
		r, err := d.db.City(addr)
		if err != nil {
			return Place{}, err
		}
		return finish(p.cityPlace(r)), nil
	}, nil
}

func (p *Places) cityPlace(r *geoip2.City) Place {
	place := Place{Country: country(r.Country.ISOCode, r.RegisteredCountry.ISOCode)}
	if place.Country == "" || r.Country.ISOCode == "" {
		return place // of a registered country nothing finer is known
	}
	if len(r.Subdivisions) > 0 {
		region := r.Subdivisions[0] // the largest one: a state, not its county
		if code := clean(region.ISOCode); code != "" {
			place.RegionCode = place.Country + "-" + strings.ToUpper(code)
		}
		place.RegionName = clean(region.Names.English)
		p.spoken.note(place.Country, &region.Names)
	}
	if r.City.GeoNameID != 0 {
		place.CityID = strconv.FormatUint(uint64(r.City.GeoNameID), 10)
	}
	place.CityName = clean(r.City.Names.English)
	p.spoken.note(place.Country, &r.City.Names)
	return place
}

// country is the country an address is in, else the one it is registered in:
// anycast addresses have no other.
func country(in, registered string) string {
	for _, code := range [2]string{in, registered} {
		if len(code) == 2 && isLetter(code[0]) && isLetter(code[1]) {
			return strings.ToUpper(code)
		}
	}
	return ""
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// clean keeps the reserved characters of stored values out, whatever the file holds.
func clean(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) < 0 {
		return strings.TrimSpace(s)
	}
	return ""
}
