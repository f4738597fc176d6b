package ranges

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"time"
)

// Range is a range of addresses in a country. Of IPv6 addresses only the upper
// half counts.
type Range struct {
	First, Last netip.Addr
	Country     string // ISO 3166-1 alpha-2
}

// start is where a country begins, of a family whose addresses are numbers.
type start struct {
	at      uint64
	country byte
}

// Append appends the table of the given ranges, which must be sorted and must not
// overlap, IPv4 first. The same ranges give the same bytes.
func Append(dst []byte, day time.Time, all []Range) ([]byte, error) {
	codes := map[string]byte{}
	for _, r := range all {
		if !isCode(r.Country) {
			return dst, fmt.Errorf("%w: %q is no country", ErrTable, r.Country)
		}
		codes[r.Country] = 0
	}
	sorted := slices.Sorted(maps.Keys(codes))
	if len(sorted) > 255 {
		return dst, fmt.Errorf("%w: %d countries, at most 255 fit", ErrTable, len(sorted))
	}
	for i, code := range sorted {
		codes[code] = byte(i + 1)
	}
	v4, v6, err := starts(all, codes)
	if err != nil {
		return dst, err
	}

	begin := len(dst)
	dst = append(dst, magic...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(day.Unix()/86400))
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(sorted)+1))
	dst = binary.BigEndian.AppendUint16(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(v4)))
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(v6)))
	dst = appendFamily(dst, v4, buckets4, width4)
	dst = appendFamily(dst, v6, buckets6, width6)
	dst = append(dst, unknown...)
	for _, code := range sorted {
		dst = append(dst, code...)
	}
	return binary.BigEndian.AppendUint32(dst, checksum(dst[begin:])), nil
}

// starts turns ranges into the places where the country changes. IPv6 addresses
// are counted from 2000::, in units of /64.
func starts(all []Range, codes map[string]byte) (v4, v6 []start, err error) {
	var line [2]change
	for i, r := range all {
		first, last, is6, ok := numbers(r)
		if !ok || last < first || i > 0 && !all[i-1].Last.Less(r.First) {
			return nil, nil, fmt.Errorf("%w: range %d, %v to %v, is out of order or out of bounds", ErrTable, i, r.First, r.Last)
		}
		line[is6].add(first, last, codes[r.Country])
	}
	return line[0].finish(math.MaxUint32), line[1].finish(1<<61 - 1), nil
}

// numbers are the first and the last address of a range as numbers.
func numbers(r Range) (first, last uint64, is6 int, ok bool) {
	if r.First.Is4() && r.Last.Is4() {
		a, b := r.First.As4(), r.Last.As4()
		return uint64(binary.BigEndian.Uint32(a[:])), uint64(binary.BigEndian.Uint32(b[:])), 0, true
	}
	if !r.First.Is6() || !r.Last.Is6() {
		return 0, 0, 0, false
	}
	a, b := r.First.As16(), r.Last.As16()
	first, last = binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(b[:8])
	return first - 1<<61, last - 1<<61, 1, first>>61 == 1 && last>>61 == 1
}

// change collects where the country changes.
type change struct {
	starts []start
	next   uint64 // behind the last range
}

func (c *change) add(first, last uint64, country byte) {
	if first < c.next { // within a /64 that the range before has taken
		if first = c.next; first > last {
			return
		}
	}
	if first > c.next {
		c.set(c.next, 0)
	}
	c.set(first, country)
	c.next = last + 1
}

func (c *change) set(at uint64, country byte) {
	if n := len(c.starts); n == 0 && country == 0 || n > 0 && c.starts[n-1].country == country {
		return
	}
	c.starts = append(c.starts, start{at, country})
}

func (c *change) finish(last uint64) []start {
	if c.next <= last {
		c.set(c.next, 0)
	}
	return c.starts
}

func appendFamily(dst []byte, starts []start, buckets, width int) []byte {
	bits, at := 8*width, 0
	for bucket := range buckets + 1 {
		for at < len(starts) && starts[at].at>>bits < uint64(bucket) {
			at++
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(at))
	}
	for _, s := range starts {
		for i := width - 1; i >= 0; i-- {
			dst = append(dst, byte(s.at>>(8*i)))
		}
	}
	for _, s := range starts {
		dst = append(dst, s.country)
	}
	return dst
}
