package storage

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/huff0"

	"footfall/aggregate"
)

// DecodeBlock reads what AppendBlock wrote. The error wraps ErrBlock and names
// the field and the lengths. Bytes of any origin are safe to decode.
func DecodeBlock(src []byte) (*aggregate.Block, error) {
	return DecodeColumns(src, nil)
}

// DecodeColumns is DecodeBlock for some columns only; the others are zero in all
// rows, and rows of which no wanted column is set are kept. nil means all.
func DecodeColumns(src []byte, columns []aggregate.Column) (*aggregate.Block, error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	b := new(aggregate.Block)
	if err := d.decode(src, columnSet(columns), b); err != nil {
		return nil, err
	}
	return b, nil
}

// columnSet is a bit for each of the columns; all of them for nil.
func columnSet(columns []aggregate.Column) uint64 {
	if columns == nil {
		return 1<<aggregate.Columns - 1
	}
	var set uint64
	for _, c := range columns {
		if c >= 0 && int(c) < aggregate.Columns {
			set |= 1 << c
		}
	}
	return set
}

// decoder is the memory that decoding a block needs.
type decoder struct {
	src     []byte // what is left
	err     error
	plain   []byte // an unpacked section
	frame   []byte // a zstd frame with its magic number
	huff    *huff0.Scratch
	indexes []uint64
	marks   [3][]uint64 // of a pack: indexes into A, rows of each, indexes into B
	columns [aggregate.Columns][]uint64
	known   [2]knownText
}

// knownText is the text that was decoded last. Neighbouring days often have the
// same values; then their blocks share one dictionary.
type knownText struct {
	length int
	stored []byte
	values []string
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func (d *decoder) decode(src []byte, want uint64, b *aggregate.Block) error {
	*b = aggregate.Block{Rows: b.Rows[:0]}
	if err := d.start(src, blockVersion); err != nil {
		return err
	}
	sizes := d.header(b)
	if d.err == nil && sizes.a > 0 {
		b.A = d.text("values of A", sizes.a, &d.known[0])
	}
	if d.err == nil && sizes.b > 0 {
		b.B = d.text("values of B", sizes.b, &d.known[1])
	}
	d.rows(b, sizes)
	have := d.cells(sizes.rows, want)
	if err := d.end(); err != nil {
		return err
	}
	d.fill(b.Rows, 0, have)
	return nil
}

// start checks the frame of a block or pack: version and checksum.
func (d *decoder) start(src []byte, version byte) error {
	if len(src) < 4+8 {
		return fmt.Errorf("%w: %d bytes are too few", ErrBlock, len(src))
	}
	body, sum := src[:len(src)-4], binary.LittleEndian.Uint32(src[len(src)-4:])
	if body[0] != version {
		return fmt.Errorf("%w: version %d, want %d", ErrBlock, body[0], version)
	}
	if got := crc32.Checksum(body, castagnoli); got != sum {
		return fmt.Errorf("%w: checksum of %d bytes is %08x, stored %08x", ErrBlock, len(body), got, sum)
	}
	d.src, d.err = body[1:], nil
	return nil
}

// end is the error so far, or that of bytes left over.
func (d *decoder) end() error {
	if d.err == nil && len(d.src) > 0 {
		d.fail("end", "%d bytes left over", len(d.src))
	}
	d.src = nil
	return d.err
}

func (d *decoder) fail(field, format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s: %s", ErrBlock, field, fmt.Sprintf(format, args...))
	}
}

type blockSizes struct{ a, b, rows int }

func (d *decoder) header(b *aggregate.Block) (sizes blockSizes) {
	limit := d.limit()
	b.Meta = d.meta()
	sizes.a = int(d.number("number of values of A", limit))
	sizes.b = int(d.number("number of values of B", limit))
	sizes.rows = int(d.number("number of rows", limit))
	return sizes
}

// limit bounds how many values or rows the rest can hold.
func (d *decoder) limit() uint64 { return uint64(min(maxEntries, maxRatio*len(d.src))) }

func (d *decoder) meta() aggregate.Meta {
	flags := d.byte("flags")
	if flags&^(flagLossy|flagLinked) != 0 {
		d.fail("flags", "unknown bits in %#x", flags)
	}
	return aggregate.Meta{
		Lossy:  flags&flagLossy != 0,
		Linked: flags&flagLinked != 0,
		Floor:  uint32(d.number("floor", 1<<32-1)),
		Cap:    uint32(d.number("cap", 1<<32-1)),
		Closes: uint32(d.number("closes", 1<<32-1)),
	}
}

func (d *decoder) byte(field string) byte {
	if d.err != nil {
		return 0
	}
	if len(d.src) == 0 {
		d.fail(field, "missing")
		return 0
	}
	c := d.src[0]
	d.src = d.src[1:]
	return c
}

func (d *decoder) number(field string, limit uint64) uint64 {
	if d.err != nil {
		return 0
	}
	n, size := binary.Uvarint(d.src)
	if size <= 0 {
		d.fail(field, "no number in %d bytes", len(d.src))
		return 0
	}
	if n > limit {
		d.fail(field, "%d, at most %d possible", n, limit)
		return 0
	}
	d.src = d.src[size:]
	return n
}

// rows makes the rows and their indexes.
func (d *decoder) rows(b *aggregate.Block, sizes blockSizes) {
	const field = "rows of each value of A"
	runs := d.numbers(field, d.section(field), sizes.a, &d.indexes)
	if d.err != nil {
		return
	}
	sum := uint64(0)
	for _, n := range runs {
		sum += min(n, maxEntries+1)
	}
	if sum != uint64(sizes.rows) {
		d.fail(field, "they add up to %d, want %d", sum, sizes.rows)
		return
	}
	var gaps []uint64
	if sizes.b > 0 {
		const field = "indexes into B"
		if gaps = d.numbers(field, d.section(field), sizes.rows, &d.columns[0]); d.err != nil {
			return
		}
	} else if sizes.rows > sizes.a {
		d.fail(field, "%d rows for %d values", sizes.rows, sizes.a)
		return
	}
	clear(resize(&b.Rows, sizes.rows))
	at := 0
	for a, n := range runs {
		next := uint64(0)
		for i := range n {
			row := &b.Rows[at]
			row.A = uint32(a)
			if gaps == nil {
				if i > 0 {
					d.fail(field, "value %d has %d", a, n)
					return
				}
			} else {
				index := next + min(gaps[at], maxEntries)
				if index >= uint64(sizes.b) {
					d.fail("indexes into B", "row %d has %d, but there are %d values", at, index, sizes.b)
					return
				}
				row.B = uint32(index)
				next = index + 1
			}
			at++
		}
	}
}

// cells reads the wanted columns of n rows and returns their set; the others are
// zero. fill puts them into rows.
func (d *decoder) cells(n int, want uint64) (have uint64) {
	used := d.number("columns", 1<<aggregate.Columns-1)
	if d.err != nil {
		return 0
	}
	var sections [aggregate.Columns]section
	need := want & used
	for c := range sections {
		if used>>c&1 == 1 {
			sections[c] = d.section(columnNames[c])
		}
	}
	for c := aggregate.Columns - 1; c >= 0; c-- {
		if need>>c&1 == 1 && sections[c].form&packedDifference != 0 {
			if ref := near[c]; ref < 0 || used>>ref&1 == 0 {
				d.fail(columnNames[c], "differs from a column that is not there")
			} else {
				need |= 1 << ref
			}
		}
	}
	for c := range sections {
		if need>>c&1 == 0 {
			continue
		}
		numbers := d.numbers(columnNames[c], sections[c], n, &d.columns[c])
		if d.err != nil {
			return 0
		}
		if sections[c].form&packedDifference != 0 {
			ref := d.columns[near[c]]
			for i, n := range numbers {
				numbers[i] = ref[i] + uint64(unzigzag(n))
			}
		}
	}
	return want & used
}

// fill sets the columns of rows that were read by cells, from number first on.
func (d *decoder) fill(rows []aggregate.Row, first int, have uint64) {
	for c := range aggregate.Columns {
		if have>>c&1 == 0 {
			continue
		}
		numbers := d.columns[c][first : first+len(rows)]
		for i, n := range numbers {
			rows[i].Counts[c] = int64(n)
		}
	}
}
