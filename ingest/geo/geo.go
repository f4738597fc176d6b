// Package geo tells the place of an address from a database file that the
// operator points at: country, and region and city where the file knows them.
//
// It owns the reader of that file and the stored form of places. It keeps no
// address and logs nothing. It never fetches anything: without a file, and for
// private, loopback and unknown addresses, the place is blank.
//
// Names are the English ones. Places are only as good as the file: a mobile
// network's address may stand for the other end of the country.
package geo

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2"

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

// Places finds the places of addresses. A nil *Places knows none. It is safe
// for concurrent use, Reload and Close included.
type Places struct {
	path string
	file atomic.Pointer[file]
}

// file is an open database. Readers of its map must be gone before it is
// unmapped, hence the lock: read to look up, written to close.
//
// Decoding a record costs dozens of allocations, so the latest places are
// remembered: by the record's position in the file, which many addresses share,
// never by an address. The position comes from a reader of its own, since geoip2
// does not tell it.
type file struct {
	mu     sync.RWMutex
	db     *geoip2.Reader // nil once closed
	index  *maxminddb.Reader
	cities bool
	recent [recentPlaces]atomic.Pointer[remembered]
}

const recentPlaces = 1 << 12

type remembered struct {
	record uintptr
	place  Place
}

// Open opens a country or city database. The error wraps ErrDatabase and ends
// with a hint at what to do.
func Open(path string) (*Places, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	p := &Places{path: path}
	p.file.Store(f)
	return p, nil
}

// Reload opens the file again and changes over to it. On an error, which is
// like Open's, the old one stays in use.
//
// A new database must be moved into place under the old name; a file that is
// overwritten changes under the reader, which has it mapped.
func (p *Places) Reload() error {
	f, err := openFile(p.path)
	if err != nil {
		return err
	}
	return p.file.Swap(f).close()
}

// Find is the place of an address.
func (p *Places) Find(addr netip.Addr) Place {
	addr = addr.Unmap().WithZone("")
	if p == nil || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return Place{}
	}
	f := p.file.Load()
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.db == nil {
		return Place{}
	}
	result := f.index.Lookup(addr)
	if !result.Found() {
		return Place{}
	}
	record := result.Offset()
	slot := &f.recent[record%recentPlaces]
	if r := slot.Load(); r != nil && r.record == record {
		return r.place
	}
	r := &remembered{record, f.read(addr)}
	r.place.region, r.place.city = r.place.Region(), r.place.City()
	slot.Store(r)
	return r.place
}

// read decodes the record of an address. One that cannot be decoded counts as
// unknown: a place is no reason to refuse a beacon.
func (f *file) read(addr netip.Addr) Place {
	if f.cities {
		return findCity(f.db, addr)
	}
	return findCountry(f.db, addr)
}

// Type is the database's type as the file tells it, "GeoLite2-City"; blank
// without one.
func (p *Places) Type() string {
	if p == nil {
		return ""
	}
	f := p.file.Load()
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.db == nil {
		return ""
	}
	return f.db.Metadata().DatabaseType
}

// Close unmaps the file. Places are blank from then on.
func (p *Places) Close() error {
	if p == nil {
		return nil
	}
	return p.file.Load().close()
}

func (f *file) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.db == nil {
		return nil
	}
	db, index := f.db, f.index
	f.db, f.index = nil, nil
	return errors.Join(db.Close(), index.Close())
}

func findCountry(db *geoip2.Reader, addr netip.Addr) Place {
	r, err := db.Country(addr)
	if err != nil {
		return Place{}
	}
	return Place{Country: country(r.Country.ISOCode, r.RegisteredCountry.ISOCode)}
}

func findCity(db *geoip2.Reader, addr netip.Addr) Place {
	r, err := db.City(addr)
	if err != nil {
		return Place{}
	}
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
	}
	if r.City.GeoNameID != 0 {
		place.CityID = strconv.FormatUint(uint64(r.City.GeoNameID), 10)
	}
	place.CityName = clean(r.City.Names.English)
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
