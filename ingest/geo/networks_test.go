package geo

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"
)

func networkRecord(number uint32, name string) m {
	return m{"autonomous_system_number": mmdbtype.Uint32(number), "autonomous_system_organization": str(name)}
}

func asnDatabase(t testing.TB, kind string) *Networks {
	t.Helper()
	n, err := OpenNetworks(write(t, build(t, kind, map[string]m{
		"198.51.100.0/24": networkRecord(24940, "Hetzner Online GmbH"),
		"203.0.113.0/24":  networkRecord(3320, "Deutsche Telekom AG"),
		"192.0.2.0/24":    networkRecord(64500, "Example Data Center Ltd."),
		"8.8.4.0/24":      networkRecord(41012, "The Cloud Networks Limited"),
		"8.8.8.0/24":      networkRecord(13335, "Cloudflare, Inc."),
		"9.9.9.0/24":      {"autonomous_system_organization": str("bad\x1fname")},
		"2001:db8::/32":   networkRecord(64501, "Example VPS"),
	})), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func TestNetworksAndWhetherMachinesLiveThere(t *testing.T) {
	cases := []struct {
		name, addr string
		want       Network
	}{
		{"by its number", "198.51.100.7", Network{24940, "Hetzner Online GmbH", true}},
		{"an access provider", "203.0.113.7", Network{3320, "Deutsche Telekom AG", false}},
		{"by two words", "192.0.2.7", Network{64500, "Example Data Center Ltd.", true}},
		{"by a word, of IPv6", "2001:db8::7", Network{64501, "Example VPS", true}},
		{"people in spite of a word", "8.8.4.4", Network{41012, "The Cloud Networks Limited", false}},
		{"a word within another", "8.8.8.8", Network{13335, "Cloudflare, Inc.", false}},
		{"no number, a name with reserved characters", "9.9.9.9", Network{}},
		{"IPv4 within IPv6", "::ffff:198.51.100.7", Network{24940, "Hetzner Online GmbH", true}},
		{"not in the file", "193.0.6.139", Network{}},
		{"private", "192.168.1.1", Network{}},
		{"loopback", "::1", Network{}},
	}
	for _, kind := range []string{"GeoLite2-ASN", "DBIP-ASN-Lite (compat=GeoLite2-ASN)", "GeoIP2-ISP", "asn ipvAll"} {
		n := asnDatabase(t, kind)
		if n.Type() != kind {
			t.Errorf("type %q, want %q", n.Type(), kind)
		}
		for _, c := range cases {
			addr := netip.MustParseAddr(c.addr)
			for range 2 { // read, then remembered
				if got := n.Find(addr); got != c.want {
					t.Errorf("%s, %s: %s is in %+v, want %+v", kind, c.name, c.addr, got, c.want)
				}
			}
			if got := n.Datacenter(addr); got != c.want.Hosting {
				t.Errorf("%s, %s: data centre %v, want %v", kind, c.name, got, c.want.Hosting)
			}
		}
	}
}

func TestOtherDatabasesAreNoNetworks(t *testing.T) {
	for _, kind := range []string{"GeoLite2-City", "GeoLite2-Country", "country ipvAll", "GeoIP2-Domain"} {
		if _, err := OpenNetworks(write(t, build(t, kind, nil)), ""); err == nil || !strings.Contains(err.Error(), "such as GeoLite2-ASN") {
			t.Errorf("%s: %v, want a hint at the right kind", kind, err)
		}
	}
}

func TestWithoutADatabaseNoNetworkIsKnown(t *testing.T) {
	var n *Networks
	addr := netip.MustParseAddr("198.51.100.7")
	if n.Find(addr) != (Network{}) || n.Datacenter(addr) || n.Type() != "" {
		t.Error("something is known")
	}
	if changed, err := n.Refresh(); changed || err != nil {
		t.Errorf("Refresh says %v, %v", changed, err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

// TestTheListOfHostersIsWellFormed holds hosting.txt to its form, since readers of it
// pass over what they do not understand.
func TestTheListOfHostersIsWellFormed(t *testing.T) {
	section, seen := "", map[string]int{}
	for i, line := range strings.Split(hostingList, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] == '[':
			section = line
			continue
		}
		key, name, _ := strings.Cut(line, " ")
		if before, ok := seen[key]; ok {
			t.Errorf("line %d: %s stands in line %d already", i+1, key, before)
		}
		seen[key] = i + 1
		digits := strings.Trim(key, "0123456789") == ""
		switch section {
		case "[networks]", "[people]":
			if !digits || strings.TrimSpace(name) == "" {
				t.Errorf("line %d: %q, want a number and a name", i+1, line)
			}
		case "[words]":
			if digits || line != strings.ToLower(line) || name != "" {
				t.Errorf("line %d: %q, want one small word", i+1, line)
			}
		default:
			t.Errorf("line %d: in section %q", i+1, section)
		}
	}
	if h := hosting(); len(h.networks) < 90 || len(h.words) < 10 {
		t.Errorf("%d networks and %d words", len(h.networks), len(h.words))
	}
	for _, number := range []uint{13335, 54113, 36183, 20940, 22616, 714, 15169, 9009, 60068, 212238, 136787, 141039} {
		if hosting().judge(number, "") {
			t.Errorf("network %d is left out on purpose, and is in the list", number)
		}
	}
}

func TestRememberedNetworksAllocateNothing(t *testing.T) {
	n := asnDatabase(t, "GeoLite2-ASN")
	addr := netip.MustParseAddr("192.0.2.7")
	if got := testing.AllocsPerRun(1000, func() { n.Datacenter(addr) }); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func BenchmarkNetworks(b *testing.B) {
	n := asnDatabase(b, "GeoLite2-ASN")
	addr := netip.MustParseAddr("192.0.2.7")
	b.ReportAllocs()
	for b.Loop() {
		n.Datacenter(addr)
	}
}

// Like FuzzDamagedDatabase.
func FuzzDamagedNetworks(f *testing.F) {
	whole := build(f, "GeoLite2-ASN", map[string]m{"198.51.100.0/24": networkRecord(24940, "Hetzner")})
	f.Add(40, byte(1))
	f.Add(len(whole)-30, byte(0xff))
	f.Fuzz(func(t *testing.T, at int, flip byte) {
		damaged := append([]byte(nil), whole...)
		if at >= 0 && at < len(damaged) {
			damaged[at] ^= flip
		}
		n, err := OpenNetworks(write(t, damaged), "")
		if err != nil {
			return
		}
		defer n.Close()
		if got := n.Find(netip.MustParseAddr("198.51.100.7")).Name; strings.ContainsAny(got, "\x00\x01\x02\x1f") {
			t.Errorf("reserved characters in %q", got)
		}
	})
}
