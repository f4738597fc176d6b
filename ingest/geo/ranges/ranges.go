// Package ranges is the table of countries that ships in the binary: which range of
// addresses lies in which country.
//
// It owns the form of that table, its reader and its writer. The reader works on the
// bytes as they are embedded: opening one looks at its head only, nothing is unpacked
// and nothing lands on the heap, so that a start costs nothing and the system brings
// in the pages that are asked for. The package keeps no address and logs nothing.
//
// Two simplifications make the table small. IPv6 is told apart down to /64, the
// smallest network that people get, and only within 2000::/3, all that is in use;
// 6to4 addresses (2002::/16) stand for any IPv4 network and are never known.
package ranges

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"net/netip"
	"time"
)

// Table is a table of countries.
//
//	size           content, numbers are big endian
//	8              "footgeo1"
//	4              day of the data, days since 1970-01-01
//	2              C, number of countries; number 0 is "not known", spelled "--"
//	2              0
//	4              N, number of IPv4 ranges
//	4              M, number of IPv6 ranges
//	4 * (2^16+1)   for each upper half of an IPv4 address: number of the first range
//	               that begins there or later; then N
//	2 * N          lower halves of the first addresses, rising within an upper half
//	1 * N          numbers of countries
//	4 * (2^13+1)   likewise for the 13 bits of an IPv6 address after 001; then M
//	6 * M          the 48 bits after those 16
//	1 * M          numbers of countries
//	2 * C          countries, ISO 3166-1 alpha-2
//	4              CRC-32C of all before
//
// A range ends where the next one begins; gaps are ranges of country 0.
type Table struct {
	data       string
	v4, v6     family
	codes      string
	lastOffset int // of the checksum
}

// family is what the table holds of IPv4 or IPv6.
type family struct {
	index, lows, countries string
	n, width               int // ranges, and bytes of each one's lower part
}

const (
	magic    = "footgeo1"
	headSize = len(magic) + 4 + 2 + 2 + 4 + 4
	buckets4 = 1 << 16
	buckets6 = 1 << 13
	width4   = 2
	width6   = 6
	unknown  = "--"

	maxRanges = 1 << 24 // far more than there are, and sizes fit any int
)

// ErrTable is wrapped by every error of Open, Check and Append.
var ErrTable = errors.New("table of countries")

// Open reads the head of a table. The table lives in data. Only Check looks at the
// rest: of a damaged table Find tells wrong countries, but does not panic.
func Open(data string) (*Table, error) {
	if len(data) < headSize || data[:len(magic)] != magic {
		return nil, fmt.Errorf("%w: %d bytes that begin otherwise", ErrTable, len(data))
	}
	countries, n, m := int(data[12])<<8|int(data[13]), int(read32(data, 4)), int(read32(data, 5))
	if n > maxRanges || m > maxRanges {
		return nil, fmt.Errorf("%w: %d and %d ranges, at most %d", ErrTable, n, m, maxRanges)
	}
	size := headSize + 4*(buckets4+1) + (width4+1)*n + 4*(buckets6+1) + (width6+1)*m + 2*countries + 4
	if countries < 1 || countries > 256 || size != len(data) {
		return nil, fmt.Errorf("%w: %d bytes, want %d for %d countries, %d and %d ranges", ErrTable, len(data), size, countries, n, m)
	}
	rest := data[headSize:]
	cut := func(size int) string {
		part := rest[:size]
		rest = rest[size:]
		return part
	}
	t := &Table{data: data, lastOffset: len(data) - 4}
	t.v4 = family{cut(4 * (buckets4 + 1)), cut(width4 * n), cut(n), n, width4}
	t.v6 = family{cut(4 * (buckets6 + 1)), cut(width6 * m), cut(m), m, width6}
	t.codes = cut(2 * countries)
	return t, nil
}

func read32(s string, i int) uint32 {
	s = s[4*i : 4*i+4]
	return uint32(s[0])<<24 | uint32(s[1])<<16 | uint32(s[2])<<8 | uint32(s[3])
}

// Day is the day of the data.
func (t *Table) Day() time.Time {
	return time.Unix(int64(read32(t.data, 2))*86400, 0).UTC()
}

// Find is the country of an address, as in "DE"; "" = not known. It is a part of
// the table: nothing is allocated.
func (t *Table) Find(addr netip.Addr) string {
	if addr.Is4() {
		a := addr.As4()
		return t.country(t.v4.find(int(a[0])<<8|int(a[1]), uint64(a[2])<<8|uint64(a[3])))
	}
	a := addr.As16()
	bucket, below, ok := split6(binary.BigEndian.Uint64(a[:8]))
	if !ok {
		return ""
	}
	return t.country(t.v6.find(bucket, below))
}

// split6 cuts the upper half of an IPv6 address into bucket and lower part. ok is
// false outside of 2000::/3.
func split6(upper uint64) (bucket int, below uint64, ok bool) {
	return int(upper >> 48 & (buckets6 - 1)), upper & (1<<48 - 1), upper>>61 == 1
}

// find is the number of the country of the last range that begins at or before
// an address.
func (f *family) find(bucket int, below uint64) int {
	low := min(int(read32(f.index, bucket)), f.n)
	high := min(int(read32(f.index, bucket+1)), f.n)
	for low < high {
		middle := int(uint(low+high) / 2)
		if f.low(middle) <= below {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == 0 {
		return 0
	}
	return int(f.countries[low-1])
}

// low is the lower part of the first address of range i.
func (f *family) low(i int) uint64 {
	if f.width == width4 {
		s := f.lows[width4*i : width4*i+width4]
		return uint64(s[0])<<8 | uint64(s[1])
	}
	s := f.lows[width6*i : width6*i+width6]
	return uint64(s[0])<<40 | uint64(s[1])<<32 | uint64(s[2])<<24 | uint64(s[3])<<16 | uint64(s[4])<<8 | uint64(s[5])
}

func (t *Table) country(number int) string {
	if number == 0 || 2*number+2 > len(t.codes) {
		return ""
	}
	return t.codes[2*number : 2*number+2]
}

// Code is the table's own text of a country, "" if the table has no such country.
func (t *Table) Code(code [2]byte) string {
	for i := 2; i < len(t.codes); i += 2 {
		if t.codes[i] == code[0] && t.codes[i+1] == code[1] {
			return t.codes[i : i+2]
		}
	}
	return ""
}

// Ranges is the number of ranges of IPv4 and of IPv6.
func (t *Table) Ranges() (v4, v6 int) { return t.v4.n, t.v6.n }

// All are the ranges of known countries in order, IPv4 first.
func (t *Table) All() iter.Seq[Range] {
	return func(yield func(Range) bool) {
		_ = t.v4.all(t, netip4, 1<<32-1, yield) && t.v6.all(t, netip6, 1<<61-1, yield)
	}
}

// all yields the ranges of one family; end is the last address there is.
func (f *family) all(t *Table, addr func(at uint64, last bool) netip.Addr, end uint64, yield func(Range) bool) bool {
	bucket := 0
	begin := func(i int) uint64 {
		for int(read32(f.index, bucket+1)) <= i {
			bucket++
		}
		return uint64(bucket)<<(8*f.width) | f.low(i)
	}
	for i := range f.n {
		first, last := begin(i), end
		if i+1 < f.n {
			last = begin(i+1) - 1
		}
		if code := t.country(int(f.countries[i])); code != "" && !yield(Range{addr(first, false), addr(last, true), code}) {
			return false
		}
	}
	return true
}

func netip4(at uint64, _ bool) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at)})
}

func netip6(at uint64, last bool) netip.Addr {
	var a [16]byte
	binary.BigEndian.PutUint64(a[:8], at+1<<61)
	if last {
		binary.BigEndian.PutUint64(a[8:], 1<<64-1)
	}
	return netip.AddrFrom16(a)
}

func checksum(data []byte) uint32 { return crc32.Checksum(data, castagnoli) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Check reads all of the table and says what is wrong with it first.
func (t *Table) Check() error {
	if got, want := checksum([]byte(t.data[:t.lastOffset])), read32(t.data[t.lastOffset:], 0); got != want {
		return fmt.Errorf("%w: checksum %08x, want %08x", ErrTable, got, want)
	}
	if t.codes[:2] != unknown {
		return fmt.Errorf("%w: country 0 is %q, want %q", ErrTable, t.codes[:2], unknown)
	}
	for i := 2; i < len(t.codes); i += 2 {
		if code := t.codes[i : i+2]; !isCode(code) || t.codes[i-2:i] >= code { // "-" sorts before letters
			return fmt.Errorf("%w: country %d is %q, behind %q", ErrTable, i/2, code, t.codes[i-2:i])
		}
	}
	for name, f := range map[string]*family{"IPv4": &t.v4, "IPv6": &t.v6} {
		if err := f.check(len(t.codes) / 2); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrTable, name, err)
		}
	}
	return nil
}

func (f *family) check(countries int) error {
	at := 0
	for bucket := range len(f.index)/4 - 1 {
		first, next := int(read32(f.index, bucket)), int(read32(f.index, bucket+1))
		if first != at || next < first || next > f.n {
			return fmt.Errorf("bucket %d has ranges %d to %d, want %d to at most %d", bucket, first, next, at, f.n)
		}
		for i := first + 1; i < next; i++ {
			if f.low(i-1) >= f.low(i) {
				return fmt.Errorf("ranges %d and %d of bucket %d do not rise", i-1, i, bucket)
			}
		}
		at = next
	}
	if at != f.n {
		return fmt.Errorf("%d ranges in buckets, want %d", at, f.n)
	}
	for i := range f.n {
		if int(f.countries[i]) >= countries {
			return fmt.Errorf("range %d has country %d of %d", i, f.countries[i], countries)
		}
		if i > 0 && f.countries[i] == f.countries[i-1] {
			return fmt.Errorf("ranges %d and %d are one", i-1, i)
		}
	}
	return nil
}

func isCode(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}
