package geo

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"footfall/aggregate"
)

type (
	m    = mmdbtype.Map
	list = mmdbtype.Slice
	str  = mmdbtype.String
)

func names(en string) m { return m{"names": m{"en": str(en), "de": str(en + " (de)")}} }

func with(base m, key string, value mmdbtype.DataType) m {
	base[str(key)] = value
	return base
}

func countryRecord(code string) m { return m{"country": m{"iso_code": str(code)}} }

// build makes a database in memory.
func build(t testing.TB, kind string, records map[string]m) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: kind, RecordSize: 24, IncludeReservedNetworks: true, BuildEpoch: 1})
	if err != nil {
		t.Fatal(err)
	}
	for cidr, record := range records {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(network, record); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := tree.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "places.mmdb")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string) *Places {
	t.Helper()
	p, err := OpenIn(path, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p
}

func sanFrancisco() m {
	record := countryRecord("US")
	record["city"] = with(names("San Francisco"), "geoname_id", mmdbtype.Uint32(5391959))
	record["subdivisions"] = list{
		with(names("California"), "iso_code", str("CA")),
		with(names("San Francisco County"), "iso_code", str("075")),
	}
	return record
}

func cityDatabase(t testing.TB) *Places {
	return open(t, write(t, build(t, "GeoLite2-City", map[string]m{
		"198.51.100.0/24": sanFrancisco(),
		"203.0.113.0/24":  countryRecord("DE"),
		"192.0.2.0/24":    {"registered_country": m{"iso_code": str("AU")}},
		"2001:db8::/32":   sanFrancisco(),
		"8.8.4.0/24": with(countryRecord("FR"), "subdivisions",
			list{names("Nowhere"), names("Else")}),
		"8.8.8.0/24": with(countryRecord("MC"), "city", names("Monaco")),
		"9.9.9.0/24": with(countryRecord("zz\x1f"), "city", names("Bad\x1fName")),
	})))
}

func TestPlacesFromACityDatabase(t *testing.T) {
	p := cityDatabase(t)
	sf := Place{Country: "US", RegionCode: "US-CA", RegionName: "California", CityID: "5391959", CityName: "San Francisco"}
	cases := []struct {
		name, addr string
		want       Place
	}{
		{"all of it", "198.51.100.7", sf},
		{"IPv6", "2001:db8::7", sf},
		{"IPv4 within IPv6", "::ffff:198.51.100.7", sf},
		{"country only", "203.0.113.7", Place{Country: "DE"}},
		{"registered country of an anycast address", "192.0.2.1", Place{Country: "AU"}},
		{"a region without a code", "8.8.4.4", Place{Country: "FR", RegionName: "Nowhere"}},
		{"a city without region and id", "8.8.8.8", Place{Country: "MC", CityName: "Monaco"}},
		{"reserved characters", "9.9.9.9", Place{Country: "US"}},
		{"not in the file", "193.0.6.139", Place{Country: "NL"}},
		{"not in the file, and nowhere", "100.100.100.100", Place{}},
		{"private", "192.168.1.1", Place{}},
		{"private IPv6", "fd00::1", Place{}},
		{"loopback", "127.0.0.1", Place{}},
		{"loopback IPv6", "::1", Place{}},
		{"link local", "fe80::1%eth0", Place{}},
		{"unspecified", "0.0.0.0", Place{}},
	}
	for _, c := range cases {
		for _, again := range []string{"first", "remembered"} {
			got := p.Find(netip.MustParseAddr(c.addr))
			got.region, got.city = "", ""
			if got != c.want {
				t.Errorf("%s (%s): %s is %+v, want %+v", c.name, again, c.addr, got, c.want)
			}
		}
	}
	if got := p.Find(netip.Addr{}); got != (Place{}) {
		t.Errorf("no address is %+v", got)
	}
}

func TestStoredValuesCarryTheirFamily(t *testing.T) {
	p := cityDatabase(t)
	cases := []struct{ addr, region, city string }{
		{"198.51.100.7", "US\x1fUS-CA\x1fCalifornia", "US\x1fUS-CA\x1fCalifornia\x1f5391959\x1fSan Francisco"},
		{"203.0.113.7", "", ""},
		{"8.8.4.4", "FR\x1f\x1fNowhere", ""},
		{"8.8.8.8", "", "MC\x1f\x1f\x1f\x1fMonaco"},
	}
	for _, c := range cases {
		place := p.Find(netip.MustParseAddr(c.addr))
		bare := Place{Country: place.Country, RegionCode: place.RegionCode, RegionName: place.RegionName,
			CityID: place.CityID, CityName: place.CityName}
		for how, got := range map[string]*Place{"found": &place, "made by hand": &bare} {
			if got.Region() != c.region || got.City() != c.city {
				t.Errorf("%s, %s: region %q and city %q, want %q and %q", c.addr, how, got.Region(), got.City(), c.region, c.city)
			}
		}
		if city := place.City(); city != "" {
			if got, _ := aggregate.City.Project(city, aggregate.Country); got != place.Country {
				t.Errorf("%s: the city's country is %q, want %q", c.addr, got, place.Country)
			}
		}
	}
}

func TestPlacesFromACountryDatabase(t *testing.T) {
	for _, kind := range []string{"GeoLite2-Country", "GeoIP2-Country", "DBIP-Country-Lite"} {
		p := open(t, write(t, build(t, kind, map[string]m{
			"203.0.113.0/24": countryRecord("DE"),
			"192.0.2.0/24":   {"registered_country": m{"iso_code": str("AU")}},
		})))
		for addr, want := range map[string]string{"203.0.113.7": "DE", "192.0.2.1": "AU", "198.51.100.1": ""} {
			if got := p.Find(netip.MustParseAddr(addr)).Country; got != want {
				t.Errorf("%s: %s is in %q, want %q", kind, addr, got, want)
			}
		}
		if p.Type() != kind {
			t.Errorf("type %q, want %q", p.Type(), kind)
		}
	}
}

func TestFlatDatabasesAreRead(t *testing.T) {
	for _, kind := range []string{"country ipvAll", "ipinfo generic_country_free.mmdb"} {
		p := open(t, write(t, build(t, kind, map[string]m{
			"203.0.113.0/24":  {"country_code": str("de")},
			"198.51.100.0/24": {"country_code": str("nowhere")},
			"192.0.2.0/24":    {"something": str("else")},
		})))
		for addr, want := range map[string]string{"203.0.113.7": "DE", "198.51.100.1": "", "192.0.2.1": ""} {
			if got := p.Find(netip.MustParseAddr(addr)).Country; got != want {
				t.Errorf("%s: %s is in %q, want %q", kind, addr, got, want)
			}
		}
	}
}

func TestTheBuiltInTableFillsTheGapsOfTheFile(t *testing.T) {
	p := open(t, write(t, build(t, "GeoLite2-Country", map[string]m{"193.0.6.0/24": countryRecord("DE")})))
	for addr, want := range map[string]string{"193.0.6.139": "DE", "193.0.14.129": "NL"} {
		if got := p.Find(netip.MustParseAddr(addr)).Country; got != want {
			t.Errorf("%s is in %q, want %q", addr, got, want)
		}
	}
}

func TestWithoutPlacesNothingIsKnown(t *testing.T) {
	var p *Places
	if got := p.Find(netip.MustParseAddr("8.8.8.8")); got != (Place{}) {
		t.Errorf("without places 8.8.8.8 is %+v", got)
	}
	for name, p := range map[string]*Places{"nil": nil, "zero": {}} {
		if got := p.Type(); got != "" {
			t.Errorf("%s: type %q", name, got)
		}
		if changed, err := p.Refresh(); changed || err != nil {
			t.Errorf("%s: Refresh says %v, %v", name, changed, err)
		}
		if err := p.Close(); err != nil {
			t.Errorf("%s: Close: %v", name, err)
		}
	}
}

func TestUnusableFilesAreExplainedInOneLine(t *testing.T) {
	whole := build(t, "GeoLite2-City", map[string]m{"198.51.100.0/24": sanFrancisco()})
	cases := []struct{ name, path, says string }{
		{"missing", filepath.Join(t.TempDir(), "none.mmdb"), "no such file"},
		{"a directory", t.TempDir(), "download it again"},
		{"empty", write(t, nil), "download it again"},
		{"text", write(t, []byte("<html>please log in</html>\n")), "download it again"},
		{"cut at the end", write(t, whole[:len(whole)-40]), "download it again"},
		{"cut at the start", write(t, whole[len(whole)/2:]), "download it again"},
		{"networks", write(t, build(t, "GeoLite2-ASN", nil)), `"GeoLite2-ASN"; a country or city database is needed`},
		{"unknown type", write(t, build(t, "Weather", nil)), `"Weather"; a country or city database is needed`},
	}
	for _, c := range cases {
		p, err := Open(c.path)
		if err == nil {
			t.Errorf("%s: opened as %q", c.name, p.Type())
			continue
		}
		if !errors.Is(err, ErrDatabase) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %q, want the path and %q", c.name, err, c.says)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than a line: %q", c.name, err)
		}
	}
}

func TestRememberedPlacesAllocateNothing(t *testing.T) {
	p := cityDatabase(t)
	addr := netip.MustParseAddr("198.51.100.1")
	got := testing.AllocsPerRun(1000, func() {
		place := p.Find(addr)
		_, _ = place.Region(), place.City()
		addr = addr.Next()
		if !addr.Is4() || addr.As4()[3] == 255 {
			addr = netip.MustParseAddr("198.51.100.1")
		}
	})
	if got != 0 {
		t.Errorf("%v allocations for a place, want 0", got)
	}
}

// A damaged file may be refused or give blank or odd places; it must not panic,
// and no place may carry the characters that stored values reserve.
func FuzzDamagedDatabase(f *testing.F) {
	whole := build(f, "GeoLite2-City", map[string]m{"198.51.100.0/24": sanFrancisco()})
	f.Add(40, byte(1))
	f.Add(len(whole)-30, byte(0xff))
	f.Fuzz(func(t *testing.T, at int, flip byte) {
		damaged := bytes.Clone(whole)
		if at >= 0 && at < len(damaged) {
			damaged[at] ^= flip
		}
		p, err := Open(write(t, damaged))
		if err != nil {
			return
		}
		defer p.Close()
		place := p.Find(netip.MustParseAddr("198.51.100.7"))
		for _, s := range []string{place.Country, place.RegionCode, place.RegionName, place.CityID, place.CityName} {
			if strings.ContainsAny(s, "\x00\x01\x02\x1f") {
				t.Errorf("reserved characters in %q", s)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	p := cityDatabase(b)
	addr := netip.MustParseAddr("198.51.100.1")
	b.ReportAllocs()
	for b.Loop() {
		p.Find(addr)
	}
}
