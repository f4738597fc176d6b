package geo

import (
	"bytes"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"footfall/ingest/geo/ranges"
)

// known reads testdata/known.txt.
func known(t testing.TB) map[netip.Addr]string {
	t.Helper()
	list, err := os.ReadFile("testdata/known.txt")
	if err != nil {
		t.Fatal(err)
	}
	sample, country := map[netip.Addr]string{}, ""
	for line := range strings.Lines(string(list)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			country = strings.Trim(line, "[]")
		default:
			text, _, _ := strings.Cut(line, " ")
			sample[netip.MustParseAddr(text)] = country
		}
	}
	return sample
}

func TestTheBuiltInTableKnowsWellKnownAddresses(t *testing.T) {
	sample, places, wrong := known(t), new(Places), 0
	for addr, want := range sample {
		if got := places.Find(addr).Country; got != want {
			wrong++
			t.Logf("%v is in %q, want %q", addr, got, want)
		}
	}
	if len(sample) < 200 || 100*wrong > len(sample) {
		t.Errorf("%d of %d are wrong, want at most 1 %% of at least 200", wrong, len(sample))
	}
}

func TestTheBuiltInTableIsWhole(t *testing.T) {
	table := builtin()
	if err := table.Check(); err != nil {
		t.Fatal(err)
	}
	if v4, v6 := table.Ranges(); v4 < 200_000 || v6 < 100_000 {
		t.Errorf("%d ranges of IPv4 and %d of IPv6", v4, v6)
	}
	if len(countries) > 8<<20 {
		t.Errorf("%d bytes, want at most 8 MiB in the binary", len(countries))
	}
	if day := BuiltinDay(); day.Before(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("data of %v", day)
	}
}

func TestWritingTheBuiltInTableAgainGivesTheSameBytes(t *testing.T) {
	var all []ranges.Range
	for r := range builtin().All() {
		all = append(all, r)
	}
	got, err := ranges.Append(nil, BuiltinDay(), all)
	if err != nil || !bytes.Equal(got, []byte(countries)) {
		t.Errorf("%d bytes (%v), want the %d of countries.bin", len(got), err, len(countries))
	}
}

func TestSpecialAddressesAreInNoCountry(t *testing.T) {
	places := new(Places)
	for _, text := range []string{
		"0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.1.1", "127.0.0.1", "169.254.1.1", "172.16.0.1", "192.0.0.1", "192.0.2.1",
		"192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
		"255.255.255.255", "::", "::1", "::ffff:10.0.0.1", "64:ff9b::808:808", "100::1", "fc00::1", "fd12::1", "fe80::1%eth0",
		"fec0::1", "ff02::1", "2001::1", "2001:db8::1", "3fff::1",
		"2002:808:808::1", "2002:5bc0:1::1", // 6to4, of any IPv4 network
	} {
		if got := places.Find(netip.MustParseAddr(text)); got != (Place{}) {
			t.Errorf("%s is %+v, want nowhere", text, got)
		}
	}
	if got := places.Find(netip.Addr{}); got != (Place{}) {
		t.Errorf("no address is %+v", got)
	}
	if got := places.Find(netip.MustParseAddr("::ffff:193.0.6.139")).Country; got != "NL" {
		t.Errorf("IPv4 within IPv6 is in %q, want NL", got)
	}
}

func TestCorrectionsAreInTheTable(t *testing.T) {
	list, err := os.ReadFile("corrections.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		network := netip.MustParsePrefix(fields[0])
		if got := new(Places).Find(network.Addr().Next()).Country; got != fields[1] {
			t.Errorf("%v is in %q, want %q: run go generate", network, got, fields[1])
		}
	}
}

func TestTheNoticeNamesWhatTheTableIsMadeFrom(t *testing.T) {
	notice, err := os.ReadFile("NOTICE.txt")
	if err != nil {
		t.Fatal(err)
	}
	builder, err := os.ReadFile("build/main.go")
	if err != nil {
		t.Fatal(err)
	}
	packs := 0
	for line := range strings.Lines(string(builder)) {
		if _, rest, ok := strings.Cut(line, `pack:`); ok {
			packs++
			name, version, _ := strings.Cut(strings.Trim(strings.TrimSpace(rest), `",`)[1:], "@")
			if !strings.Contains(string(notice), "@"+name+" "+version) {
				t.Errorf("NOTICE.txt does not name @%s %s", name, version)
			}
		}
	}
	if packs != 2 {
		t.Errorf("%d packages, want 2", packs)
	}
	for _, must := range []string{"NRO", "https://www.nro.net", "CC BY 4.0", "PDDL", "changed"} {
		if !strings.Contains(string(notice), must) {
			t.Errorf("NOTICE.txt does not say %q", must)
		}
	}
}

func TestCreditsFollowTheData(t *testing.T) {
	for kind, want := range map[string][]string{
		"":                 {"NRO"},
		"GeoLite2-Country": {"MaxMind", "NRO"},
		"DBIP-City-Lite":   {"DB-IP", "NRO"},
		"GeoIP2-Country":   {"NRO"},
	} {
		places := new(Places)
		if kind != "" {
			places = open(t, write(t, build(t, kind, map[string]m{"203.0.113.0/24": countryRecord("DE")})))
		}
		var got []string
		for _, c := range places.Credits() {
			got = append(got, c.Name)
			if c.Text == "" || !strings.HasPrefix(c.URL, "https://") {
				t.Errorf("%+v lacks text or address", c)
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q: credits %v, want %v", kind, got, want)
		}
	}
}

func TestHeadersOfContentNetworksNameCountries(t *testing.T) {
	for value, want := range map[string]string{
		"DE": "DE", "us": "US", " FR ": "FR", "XX": "", "T1": "", "": "", "DEU": "", "A\x1f": "", "??": "", "--": "", "ÄÖ": "",
		"DE, FR": "",
	} {
		if got := HeaderCountry(value); got != want {
			t.Errorf("%q names %q, want %q", value, got, want)
		}
	}
}

func TestAnotherCountryDropsWhatLiesInTheFirst(t *testing.T) {
	p := Place{Country: "US", RegionCode: "US-CA", CityName: "San Francisco"}
	if got := p.In(""); got != p {
		t.Errorf("in no other country: %+v, want %+v", got, p)
	}
	if got := p.In("US"); got != p {
		t.Errorf("in the same country: %+v, want %+v", got, p)
	}
	if got, want := p.In("CA"), (Place{Country: "CA"}); got != want {
		t.Errorf("in Canada: %+v, want %+v", got, want)
	}
	if got, want := (Place{}).In("CA"), (Place{Country: "CA"}); got != want {
		t.Errorf("from nowhere to Canada: %+v, want %+v", got, want)
	}
}

func TestTheBuiltInTableAllocatesNothing(t *testing.T) {
	places := new(Places)
	v4, v6 := netip.MustParseAddr("193.0.6.139"), netip.MustParseAddr("2001:67c:2e8:22::c100:68b")
	got := testing.AllocsPerRun(1000, func() {
		places.Find(v4)
		places.Find(v6)
		HeaderCountry("de")
	})
	if got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

// BenchmarkBuiltin looks up addresses all over the table.
func BenchmarkBuiltin(b *testing.B) {
	places := new(Places)
	b.Run("IPv4", func(b *testing.B) {
		b.ReportAllocs()
		for i := uint32(1); b.Loop(); i++ {
			x := i * 2654435761
			places.Find(netip.AddrFrom4([4]byte{byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)}))
		}
	})
	b.Run("IPv6", func(b *testing.B) {
		b.ReportAllocs()
		heads := [][2]byte{{0x20, 0x01}, {0x26, 0x00}, {0x28, 0x04}, {0x2a, 0x01}, {0x2a, 0x02}, {0x24, 0x04}}
		for i := uint32(1); b.Loop(); i++ {
			x := i * 2654435761
			head := heads[x%6]
			places.Find(netip.AddrFrom16([16]byte{head[0], head[1], byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)}))
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			if _, err := ranges.Open(countries); err != nil {
				b.Fatal(err)
			}
		}
	})
}
