package storage

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"sync"

	"footfall/aggregate"
)

// blockVersion is the first byte of every block.
const blockVersion = 1

// Limits of what a block may hold. They are far above what the caps of a site
// allow, and bound what a decoder allocates for bytes of any origin.
const (
	maxValue   = 1 << 14 // bytes of one dictionary value
	maxText    = 1 << 26 // bytes of all values of a dictionary
	maxEntries = 1 << 22 // values of a dictionary, rows of a block
	maxSection = 1 << 26 // bytes of a section before compression
)

// AppendBlock appends the stored form of b to dst. The block must be in order:
// values sorted and unique, rows sorted by (A, B) and unique.
//
//	byte      version, 1
//	byte      flags: 1 = Lossy, 2 = Linked
//	uvarint   Floor
//	uvarint   Cap
//	uvarint   Closes
//	uvarint   number of values in A
//	uvarint   number of values in B
//	uvarint   number of rows
//	text      values of A, if any
//	text      values of B, if any
//	numbers   for each value of A: the number of its rows
//	numbers   for each row: the index into B; after the first row of a value of A
//	          the distance to the row before, minus 1. Absent when B has no values
//	uvarint   bit set of the columns that follow; the others are zero
//	numbers   for each such column, in the order of aggregate.Column: a number
//	          for each row
//	4 bytes   CRC-32C of all the above, little-endian
//
// The parts "numbers" and "text" are described at appendNumbers and appendText.
// Each can be skipped without being decoded.
func AppendBlock(dst []byte, b *aggregate.Block) []byte {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	start := len(dst)
	e.packer.off = false
	dst = e.appendBlock(dst, b)
	if max(len(b.A), len(b.B), len(b.Rows)) > maxRatio*(len(dst)-start-16) {
		// Too regular: a decoder would take it for an attempt to exhaust memory.
		e.packer.off = true
		dst = e.appendBlock(dst[:start], b)
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func (e *encoder) appendBlock(dst []byte, b *aggregate.Block) []byte {
	dst = appendMeta(append(dst, blockVersion), b.Meta)
	for _, n := range [...]int{len(b.A), len(b.B), len(b.Rows)} {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	if len(b.A) > 0 {
		dst = e.appendText(dst, b.A)
	}
	if len(b.B) > 0 {
		dst = e.appendText(dst, b.B)
	}
	dst = e.appendIndexes(dst, b)
	return e.appendColumns(dst, [][]aggregate.Row{b.Rows})
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	flagLossy  = 1
	flagLinked = 2
)

func appendMeta(dst []byte, m aggregate.Meta) []byte {
	flags := byte(0)
	if m.Lossy {
		flags |= flagLossy
	}
	if m.Linked {
		flags |= flagLinked
	}
	dst = binary.AppendUvarint(append(dst, flags), uint64(m.Floor))
	dst = binary.AppendUvarint(dst, uint64(m.Cap))
	return binary.AppendUvarint(dst, uint64(m.Closes))
}

func (e *encoder) appendIndexes(dst []byte, b *aggregate.Block) []byte {
	runs := e.numbers(len(b.A))
	clear(runs)
	for i := range b.Rows {
		if a := b.Rows[i].A; int(a) < len(runs) {
			runs[a]++
		}
	}
	dst = e.appendNumbers(dst, runs)
	if len(b.B) == 0 {
		return dst
	}
	gaps := e.numbers(len(b.Rows))
	for i := range b.Rows {
		gaps[i] = uint64(b.Rows[i].B)
		if i > 0 && b.Rows[i-1].A == b.Rows[i].A {
			gaps[i] -= uint64(b.Rows[i-1].B) + 1
		}
	}
	return e.appendNumbers(dst, gaps)
}

// near names for each column an earlier one that it is often equal or close to.
var near = [aggregate.Columns]aggregate.Column{
	aggregate.Visitors:             -1,
	aggregate.Visits:               aggregate.Visitors,
	aggregate.Pageviews:            aggregate.Visits,
	aggregate.Events:               aggregate.Pageviews,
	aggregate.Starts:               aggregate.Visits,
	aggregate.Bounces:              aggregate.Starts,
	aggregate.Duration:             -1,
	aggregate.StartViews:           aggregate.Pageviews,
	aggregate.Engaged:              aggregate.Duration,
	aggregate.EngagedVisits:        aggregate.Visits,
	aggregate.Scroll:               -1,
	aggregate.ScrollVisits:         aggregate.EngagedVisits,
	aggregate.CarriedVisitors:      -1,
	aggregate.CarriedVisits:        aggregate.CarriedVisitors,
	aggregate.CarriedEngagedVisits: aggregate.CarriedVisits,
	aggregate.CarriedScroll:        -1,
	aggregate.CarriedScrollVisits:  aggregate.CarriedEngagedVisits,
	aggregate.Revenue:              -1,
	aggregate.Paid:                 -1,
}

// columnNames are the columns' names for people.
var columnNames = func() (names [aggregate.Columns]string) {
	for c := range names {
		names[c] = strings.ReplaceAll(aggregate.Column(c).String(), "_", " ")
	}
	return names
}()

// appendColumns appends the columns of all rows.
func (e *encoder) appendColumns(dst []byte, all [][]aggregate.Row) []byte {
	var used uint64
	size := 0
	for _, rows := range all {
		size += len(rows)
		for i := range rows {
			for c, n := range rows[i].Counts {
				if n != 0 {
					used |= 1 << c
				}
			}
		}
	}
	dst = binary.AppendUvarint(dst, used)
	for c := range aggregate.Column(aggregate.Columns) {
		if used>>c&1 == 0 {
			continue
		}
		numbers := e.numbers(size)[:0]
		for _, rows := range all {
			for i := range rows {
				numbers = append(numbers, uint64(rows[i].Counts[c]))
			}
		}
		ref := near[c]
		if ref < 0 || used>>ref&1 == 0 {
			dst = e.appendNumbers(dst, numbers)
			continue
		}
		differences := e.differences(size)[:0]
		for _, rows := range all {
			for i := range rows {
				differences = append(differences, zigzag(rows[i].Counts[c]-rows[i].Counts[ref]))
			}
		}
		dst = e.appendBetter(dst, numbers, differences)
	}
	return dst
}

func zigzag(n int64) uint64   { return uint64(n<<1) ^ uint64(n>>63) }
func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

// encoder is the memory that encoding a block needs.
type encoder struct {
	first, second []uint64
	plain, other  []byte
	packer        packer
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

func (e *encoder) numbers(n int) []uint64     { return resize(&e.first, n) }
func (e *encoder) differences(n int) []uint64 { return resize(&e.second, n) }

// resize makes *s n long, content undefined.
func resize[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, n)
	}
	*s = (*s)[:n]
	return *s
}
