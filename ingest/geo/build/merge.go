package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"footfall/ingest/geo/ranges"
)

// line is one family's ranges as numbers, of IPv6 the upper halves, sorted and
// without overlaps.
type line []stretch

type stretch struct {
	first, last uint64
	country     string
}

// IPv4 and IPv6 in arrays.
const (
	four = iota
	six
	families
)

// add appends a network; what is smaller than an IPv6 /64 counts for all of it
// where it is the first part.
func (l *line) add(p netip.Prefix, country string) {
	if p.Addr().Is4() {
		a := p.Addr().As4()
		first := uint64(binary.BigEndian.Uint32(a[:]))
		*l = append(*l, stretch{first, first + 1<<(32-p.Bits()) - 1, country})
		return
	}
	a := p.Addr().As16()
	if upper := binary.BigEndian.Uint64(a[:8]); p.Bits() <= 64 {
		*l = append(*l, stretch{upper, upper + 1<<(64-p.Bits()) - 1, country})
	} else if binary.BigEndian.Uint64(a[8:]) == 0 {
		*l = append(*l, stretch{upper, upper, country})
	}
}

func (l line) sort() {
	slices.SortFunc(l, func(a, b stretch) int {
		switch {
		case a.first < b.first:
			return -1
		case a.first > b.first:
			return 1
		}
		return 0
	})
}

// cursor reads a line from front to back.
type cursor struct {
	line line
}

// at is the country of an address, and the last address up to which that is so.
func (c *cursor) at(address, end uint64) (country string, last uint64) {
	for len(c.line) > 0 && c.line[0].last < address {
		c.line = c.line[1:]
	}
	switch {
	case len(c.line) == 0:
		return "", end
	case c.line[0].first > address:
		return "", c.line[0].first - 1
	}
	return c.line[0].country, c.line[0].last
}

// lines are what is known of one family, by whom.
type lines struct{ registered, announced, byHand, special line }

// merge makes the ranges of one family.
func merge(l lines, family int) []ranges.Range {
	address, end := uint64(0), uint64(1)<<32-1
	if family == six {
		address, end = 1<<61, 1<<62-1
	}
	cursors := [4]cursor{{l.registered}, {l.announced}, {l.byHand}, {l.special}}
	var all []ranges.Range
	for {
		last, said := end, [4]string{}
		for i := range cursors {
			var until uint64
			said[i], until = cursors[i].at(address, end)
			last = min(last, until)
		}
		country := said[2]
		if said[3] == "" && country == "" {
			country = decide(said[0], said[1], family)
		}
		if country != "" {
			all = append(all, ranges.Range{First: addr(address, family, 0), Last: addr(last, family, 1<<64-1), Country: country})
		}
		if last == end {
			return all
		}
		address = last + 1
	}
}

func addr(at uint64, family int, lower uint64) netip.Addr {
	if family == four {
		return netip.AddrFrom4([4]byte{byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at)})
	}
	var a [16]byte
	binary.BigEndian.PutUint64(a[:8], at)
	binary.BigEndian.PutUint64(a[8:], lower)
	return netip.AddrFrom16(a)
}

// decide chooses between where a range is registered and where the network that
// announces it is at home. The first is right far more often: global networks have
// one home and are everywhere. It is known to be wrong of these:
//
//   - MU: what AFRINIC, which sits there, says of ranges without a better entry;
//   - SC, of IPv4: holders that exist on paper;
//   - AU, of IPv6: as MU, of APNIC;
//   - FR, of networks at home in the countries where Orange has brought its own
//     French ranges to subsidiaries.
func decide(registered, announced string, family int) string {
	switch {
	case registered == "" || announced == "":
		return registered + announced
	case registered == "MU", registered == "SC" && family == four, registered == "AU" && family == six:
		return announced
	case registered == "FR" && slices.Contains([]string{"ES", "MD", "RO", "SK"}, announced):
		return announced
	}
	return registered
}

// special are the ranges that are in no country, whatever a source says: those of
// IANA's registries of special addresses, multicast, and 6to4 (2002::/16), which
// holds what routers once made of any IPv4 address.
var special = func() (l [families]line) {
	for _, text := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
		"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20",
	} {
		p := netip.MustParsePrefix(text)
		family := four
		if p.Addr().Is6() {
			family = six
		}
		l[family].add(p, unplaced)
	}
	return l
}()

// unplaced stands for the country of special ranges.
const unplaced = "-"

func readCorrections(path string) (l [families]line, err error) {
	f, err := os.Open(path)
	if err != nil {
		return l, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		p, err := netip.ParsePrefix(fields[0])
		if err != nil || p != p.Masked() || len(fields) < 3 || !isCountry(fields[1]) {
			return l, fmt.Errorf("%s:%d: want a network, a country and a reason", path, n)
		}
		family := four
		if p.Addr().Is6() {
			family = six
		}
		l[family].add(p, fields[1])
	}
	for family := range l {
		l[family].sort()
	}
	return l, lines.Err()
}

// isCountry tells countries from the other codes in the sources: regions (EU, AP),
// what is no more (AN), and what stands for nothing (ZZ, XX and so on).
func isCountry(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z' &&
		!slices.Contains([]string{"AN", "AP", "EU", "XX", "ZZ"}, code)
}
