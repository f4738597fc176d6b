package ranges

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

var day = time.Date(2026, 6, 17, 0, 0, 0, 0, time.UTC)

func span(first, last, country string) Range {
	return Range{netip.MustParseAddr(first), netip.MustParseAddr(last), country}
}

// few are ranges with every kind of border.
var few = []Range{
	span("1.0.0.0", "1.0.0.255", "AU"),
	span("1.0.1.0", "1.0.3.255", "CN"),
	span("1.255.255.255", "3.0.0.0", "US"), // over several upper halves
	span("255.255.255.255", "255.255.255.255", "DE"),
	span("2000::", "2000:0:0:0:ffff:ffff:ffff:ffff", "JP"),
	span("2001:200::", "2001:3ff:ffff:ffff:ffff:ffff:ffff:ffff", "JP"),
	span("2001:400::", "2a00:1::ffff:ffff:ffff:ffff", "US"),
	span("3fff:ffff:ffff:ffff::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "NL"),
}

func table(t testing.TB, all []Range) *Table {
	t.Helper()
	data, err := Append(nil, day, all)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := Open(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Check(); err != nil {
		t.Fatal(err)
	}
	return opened
}

func TestAddressesAreFoundInTheirRanges(t *testing.T) {
	opened := table(t, few)
	for text, want := range map[string]string{
		"0.0.0.0": "", "0.255.255.255": "", "1.0.0.0": "AU", "1.0.0.255": "AU", "1.0.1.0": "CN", "1.0.3.255": "CN", "1.0.4.0": "",
		"1.255.255.254": "", "1.255.255.255": "US", "2.0.0.0": "US", "2.128.1.1": "US", "3.0.0.0": "US", "3.0.0.1": "",
		"255.255.255.254": "", "255.255.255.255": "DE",
		"::": "", "::1": "", "1fff:ffff::": "", "2000::": "JP", "2000::1": "JP", "2000:0:0:1::": "", "2001:1ff:ffff::": "",
		"2001:200::": "JP", "2001:3ff:ffff:ffff:ffff::": "JP", "2001:400::": "US", "2600::1": "US", "2a00:1::": "US",
		"2a00:1:0:1::": "", "3fff:ffff:ffff:fffe::": "", "3fff:ffff:ffff:ffff:ffff::": "NL", "4000::": "", "ffff::": "",
		"::ffff:1.0.0.1": "", // the caller's to unwrap
	} {
		if got := opened.Find(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is in %q, want %q", text, got, want)
		}
	}
	if got := opened.Find(netip.Addr{}); got != "" {
		t.Errorf("no address is in %q", got)
	}
	if !opened.Day().Equal(day) {
		t.Errorf("day %v, want %v", opened.Day(), day)
	}
	if got := opened.Code([2]byte{'D', 'E'}); got != "DE" {
		t.Errorf("DE is %q", got)
	}
	for _, none := range []string{"FR", "--", "de", "\x00\x00"} {
		if got := opened.Code([2]byte([]byte(none))); got != "" {
			t.Errorf("%q is %q, want none", none, got)
		}
	}
}

func TestAllGivesBackWhatWasAppended(t *testing.T) {
	for name, all := range map[string][]Range{"few": few, "none": nil, "one": few[:1], "the last of each": {few[3], few[7]}} {
		if got := slices.Collect(table(t, all).All()); !slices.Equal(got, all) {
			t.Errorf("%s: %v, want %v", name, got, all)
		}
	}
	for range table(t, few).All() {
		break
	}
}

func TestNeighboursOfOneCountryBecomeOne(t *testing.T) {
	got := slices.Collect(table(t, []Range{span("1.0.0.0", "1.0.0.9", "AU"), span("1.0.0.10", "1.0.0.99", "AU")}).All())
	if want := []Range{span("1.0.0.0", "1.0.0.99", "AU")}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestTheFirstTakesAllOfASharedIPv6Network(t *testing.T) {
	opened := table(t, []Range{span("2001:db8::", "2001:db8::1", "AU"), span("2001:db8::2", "2001:db8::3", "CN"),
		span("2001:db8::4", "2001:db8:1::", "FR")})
	for text, want := range map[string]string{"2001:db8::3": "AU", "2001:db8::ffff": "AU", "2001:db8:0:1::": "FR", "2001:db8:1::9": "FR"} {
		if got := opened.Find(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is in %q, want %q", text, got, want)
		}
	}
}

// TestTheTableAgreesWithANaiveSearch makes up tables and compares each border.
func TestTheTableAgreesWithANaiveSearch(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 10 {
		all := randomRanges(random)
		opened := table(t, all)
		for _, r := range all {
			for _, addr := range []netip.Addr{r.First, r.Last, r.First.Prev(), r.Last.Next()} {
				if got, want := opened.Find(addr), naive(all, addr); got != want {
					t.Fatalf("%v is in %q, want %q", addr, got, want)
				}
			}
		}
	}
}

func randomRanges(random *rand.Rand) (all []Range) {
	countries := []string{"AU", "BR", "CN", "DE"}
	for at := uint64(random.Uint32N(1 << 20)); at < 1<<32; {
		last := min(at+uint64(random.Uint32N(1<<(4+random.IntN(25)))), 1<<32-1)
		all = append(all, Range{netip4(at, false), netip4(last, true), countries[random.IntN(4)]})
		at = last + 1 + uint64(random.IntN(2)*random.IntN(1<<26))
	}
	for at := random.Uint64N(1 << 50); at < 1<<61; {
		last := min(at+random.Uint64N(1<<(10+random.IntN(48))), 1<<61-1)
		all = append(all, Range{netip6(at, false), netip6(last, true), countries[random.IntN(4)]})
		at = last + 1 + uint64(random.IntN(2))*random.Uint64N(1<<54)
	}
	return all
}

func naive(all []Range, addr netip.Addr) string {
	for _, r := range all {
		if addr.Is4() == r.First.Is4() && !addr.Less(r.First) && !r.Last.Less(addr) {
			return r.Country
		}
	}
	return ""
}

// TestTheFormIsPinned holds the head, which is 24 bytes, and the tail. What lies
// between are the two indexes.
func TestTheFormIsPinned(t *testing.T) {
	data, err := Append([]byte("before"), day, []Range{few[0], few[5]})
	if err != nil {
		t.Fatal(err)
	}
	data = data[len("before"):]
	got := hex.EncodeToString(data[:24]) + " " + hex.EncodeToString(data[24+4*65537:24+4*65537+6]) + " " +
		hex.EncodeToString(data[24+4*65537+6+4*8193:])
	want := "666f6f7467656f31" + "0000508d" + "0003" + "0000" + "00000002" + "00000002" + " " +
		"0000" + "0100" + "0100" + " " +
		"020000000000" + "040000000000" + "0200" + "2d2d41554a50" + "4ca0203d"
	if got != want {
		t.Errorf("table\n%s, want\n%s", got, want)
	}
	if i := 24 + 4*0x0100; binary.BigEndian.Uint32(data[i:]) != 0 || binary.BigEndian.Uint32(data[i+4:]) != 2 {
		t.Errorf("the index of 1.0 is % x, want 0 and 2", data[i:i+8])
	}
}

func TestRangesThatCannotBeAreRefused(t *testing.T) {
	for name, all := range map[string][]Range{
		"out of order":    {few[1], few[0]},
		"overlapping":     {span("1.0.0.0", "1.0.0.9", "AU"), span("1.0.0.9", "1.0.0.10", "AU")},
		"backwards":       {span("1.0.0.9", "1.0.0.0", "AU")},
		"of two families": {span("1.0.0.9", "2001::", "AU")},
		"of no family":    {{Country: "AU"}},
		"IPv6 before":     {few[4], few[0]},
		"out of bounds":   {span("fc00::", "fc00::1", "AU")},
		"no country":      {span("1.0.0.0", "1.0.0.9", "")},
		"small letters":   {span("1.0.0.0", "1.0.0.9", "au")},
	} {
		if _, err := Append(nil, day, all); !errors.Is(err, ErrTable) {
			t.Errorf("%s: %v, want an error", name, err)
		}
	}
}

func TestOpenRefusesOtherBytes(t *testing.T) {
	data, err := Append(nil, day, few)
	if err != nil {
		t.Fatal(err)
	}
	long := bytes.Clone(data)
	long[16] = 0xff
	for name, bad := range map[string][]byte{
		"nothing": nil, "a head": data[:24], "cut": data[:len(data)-1], "longer": append(bytes.Clone(data), 0),
		"another version": append([]byte("footgeo2"), data[8:]...), "far too many ranges": long,
		"no countries": append(append(bytes.Clone(data[:12]), 0, 0), data[14:]...),
	} {
		if _, err := Open(string(bad)); !errors.Is(err, ErrTable) {
			t.Errorf("%s: %v, want an error", name, err)
		}
	}
}

func TestCheckFindsEveryChangedByte(t *testing.T) {
	data, err := Append(nil, day, few)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(data); at += 1 + at/4096*997 {
		changed := bytes.Clone(data)
		changed[at] ^= 1
		opened, err := Open(string(changed))
		if err == nil {
			err = opened.Check()
		}
		if !errors.Is(err, ErrTable) {
			t.Fatalf("byte %d: %v, want an error", at, err)
		}
	}
}

// TestCheckReadsMoreThanTheChecksum changes the meaning and mends the checksum.
func TestCheckReadsMoreThanTheChecksum(t *testing.T) {
	data, err := Append(nil, day, few)
	if err != nil {
		t.Fatal(err)
	}
	lows := 24 + 4*65537
	opened, _ := Open(string(data))
	places := lows + 2*opened.v4.n
	for name, c := range map[string]struct {
		at   int
		to   byte
		says string
	}{
		"an index that falls":      {24 + 4*0x0200 + 3, 0, "bucket"},
		"starts that do not rise":  {lows + 2, 0, "do not rise"},
		"a country that is none":   {places, 200, "has country"},
		"one country in two parts": {places + 1, data[places], "are one"},
		"countries out of order":   {len(data) - 4 - 2, 'A', "country 6"},
		"a country in Greek":       {len(data) - 4 - 2, 0xce, "country 6"},
		"country 0 with a name":    {len(data) - 4 - 14, 'A', "country 0"},
	} {
		changed := bytes.Clone(data[:len(data)-4])
		changed[c.at] = c.to
		changed = binary.BigEndian.AppendUint32(changed, checksum(changed))
		opened, err := Open(string(changed))
		if err == nil {
			err = opened.Check()
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// Whatever the bytes are: an error, or countries of two letters, and no panic.
func FuzzTable(f *testing.F) {
	data, err := Append(nil, day, few)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, byte(0), uint32(1<<24), uint64(0x2001)<<48)
	f.Add(24, byte(0xff), uint32(0xffffffff), uint64(0x3fff)<<48)
	f.Add(len(data)-10, byte(0xff), uint32(1<<24+1), uint64(0x2000)<<48)
	f.Fuzz(func(t *testing.T, at int, to byte, v4 uint32, v6 uint64) {
		changed := bytes.Clone(data)
		if at >= 0 && at < len(changed) {
			changed[at] = to
		}
		opened, err := Open(string(changed))
		if err != nil {
			return
		}
		var a [16]byte
		binary.BigEndian.PutUint64(a[:8], v6)
		for _, addr := range []netip.Addr{netip4(uint64(v4), false), netip.AddrFrom16(a)} {
			if got := opened.Find(addr); len(got) != 0 && len(got) != 2 {
				t.Errorf("%v is in %q", addr, got)
			}
		}
		_ = opened.Check()
	})
}

// Ranges of any order and kind are refused or found again.
func FuzzAppend(f *testing.F) {
	f.Add(uint32(1), uint32(2), uint32(2), uint32(3), "AU", "CN")
	f.Fuzz(func(t *testing.T, a, b, c, d uint32, x, y string) {
		all := []Range{{netip4(uint64(a), false), netip4(uint64(b), false), x}, {netip4(uint64(c), false), netip4(uint64(d), false), y}}
		data, err := Append(nil, day, all)
		if err != nil {
			return
		}
		opened, err := Open(string(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := opened.Check(); err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			if got := opened.Find(r.First); got != r.Country {
				t.Errorf("%v is in %q, want %q", r.First, got, r.Country)
			}
		}
	})
}
