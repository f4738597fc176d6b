package storage

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"footfall/aggregate"
)

// packVersion is the first byte of every pack.
const packVersion = 0x11

// dayBlock is a block of one day of a series.
type dayBlock struct {
	day   aggregate.Day
	block *aggregate.Block
}

// appendPack appends the blocks of several days of one month and series: days in
// ascending order, one dictionary for all of them. A pack takes about half of
// what its blocks take, and is read faster.
//
//	byte      version, 0x11
//	uvarint   number of days, 1 to 31
//	          for each day
//	byte        day of the month
//	            flags, Floor, Cap and Closes, as in a block
//	uvarint     number of values of A that have rows
//	uvarint     number of rows
//	uvarint   number of values in A
//	uvarint   number of values in B
//	text      values of A, if any
//	text      values of B, if any
//	numbers   for each day and each value of A that has rows on it: the distance
//	          to the one before, minus 1; the index itself for the first
//	numbers   for each of these: the number of rows, minus 1
//	numbers   for each row: the index into B; after the first row of a value of A
//	          the distance to the row before, minus 1. Absent when B has no values
//	uvarint   bit set of the columns that follow; the others are zero
//	numbers   for each such column: a number for each row
//	4 bytes   CRC-32C of all the above, little-endian
func appendPack(dst []byte, days []dayBlock) []byte {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	p := unite(days)
	start := len(dst)
	e.packer.off = false
	dst = e.appendPack(dst, p)
	if max(len(p.a), len(p.b), p.size) > maxRatio*(len(dst)-start-16) {
		e.packer.off = true // as in AppendBlock
		dst = e.appendPack(dst[:start], p)
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// united are days whose rows index common dictionaries.
type united struct {
	days []dayBlock
	a, b []string
	rows [][]aggregate.Row
	size int
}

func unite(days []dayBlock) *united {
	u := &united{days: days}
	for _, d := range days {
		u.a, _, _ = mergeValues(u.a, d.block.A)
		u.b, _, _ = mergeValues(u.b, d.block.B)
	}
	for _, d := range days {
		_, _, toA := mergeValues(u.a, d.block.A)
		_, _, toB := mergeValues(u.b, d.block.B)
		rows := make([]aggregate.Row, len(d.block.Rows))
		for i, r := range d.block.Rows {
			rows[i] = renumber(r, toA, toB)
		}
		u.rows = append(u.rows, rows)
		u.size += len(rows)
	}
	return u
}

func (e *encoder) appendPack(dst []byte, p *united) []byte {
	dst = binary.AppendUvarint(append(dst, packVersion), uint64(len(p.days)))
	for i, d := range p.days {
		_, _, n := d.day.Civil()
		dst = appendMeta(append(dst, byte(n)), d.block.Meta)
		dst = binary.AppendUvarint(dst, uint64(distinct(p.rows[i])))
		dst = binary.AppendUvarint(dst, uint64(len(p.rows[i])))
	}
	dst = binary.AppendUvarint(dst, uint64(len(p.a)))
	dst = binary.AppendUvarint(dst, uint64(len(p.b)))
	if len(p.a) > 0 {
		dst = e.appendText(dst, p.a)
	}
	if len(p.b) > 0 {
		dst = e.appendText(dst, p.b)
	}
	dst = e.appendRuns(dst, p.rows)
	if len(p.b) > 0 {
		dst = e.appendGaps(dst, p)
	}
	return e.appendColumns(dst, p.rows)
}

// distinct is the number of values of A among rows.
func distinct(rows []aggregate.Row) (n int) {
	for i := range rows {
		if i == 0 || rows[i].A != rows[i-1].A {
			n++
		}
	}
	return n
}

func (e *encoder) appendRuns(dst []byte, all [][]aggregate.Row) []byte {
	gaps, runs := e.numbers(0), e.differences(0)
	for _, rows := range all {
		next := uint32(0)
		for i := range rows {
			if i > 0 && rows[i].A == rows[i-1].A {
				runs[len(runs)-1]++
				continue
			}
			gaps, runs = append(gaps, uint64(rows[i].A-next)), append(runs, 0)
			next = rows[i].A + 1
		}
	}
	e.first, e.second = gaps, runs // to be reused
	return e.appendNumbers(e.appendNumbers(dst, gaps), runs)
}

func (e *encoder) appendGaps(dst []byte, p *united) []byte {
	gaps := e.numbers(p.size)[:0]
	for _, rows := range p.rows {
		for i := range rows {
			gap := uint64(rows[i].B)
			if i > 0 && rows[i-1].A == rows[i].A {
				gap -= uint64(rows[i-1].B) + 1
			}
			gaps = append(gaps, gap)
		}
	}
	return e.appendNumbers(dst, gaps)
}

// packDay is what a pack says of one of its days.
type packDay struct {
	day    aggregate.Day
	meta   aggregate.Meta
	values int // of A that have rows
	rows   int
}

// packReader yields the blocks of a pack one after the other. It uses the memory
// of its decoder.
type packReader struct {
	d       *decoder
	days    []packDay
	a, b    []string
	have    uint64
	value   int // next in the marks of A
	row     int // next row
	gapsA   []uint64
	runs    []uint64
	gapsB   []uint64
	current int
}

// pack reads a pack whose month begins with month.
func (d *decoder) pack(src []byte, month aggregate.Day, want uint64) (*packReader, error) {
	if err := d.start(src, packVersion); err != nil {
		return nil, err
	}
	limit := d.limit()
	p := &packReader{d: d, days: d.packDays(month, limit)}
	values, rows := 0, 0
	for _, day := range p.days {
		values, rows = values+day.values, rows+day.rows
	}
	if uint64(max(values, rows)) > limit {
		d.fail("rows", "%d of %d values, at most %d possible", rows, values, limit)
	}
	sizeA, sizeB := int(d.number("number of values of A", limit)), int(d.number("number of values of B", limit))
	if d.err == nil && sizeA > 0 {
		p.a = d.text("values of A", sizeA, &d.known[0])
	}
	if d.err == nil && sizeB > 0 {
		p.b = d.text("values of B", sizeB, &d.known[1])
	}
	p.gapsA = d.marked("indexes into A", values, 0)
	p.runs = d.marked("rows of each value of A", values, 1)
	if sizeB > 0 {
		p.gapsB = d.marked("indexes into B", rows, 2)
	}
	p.have = d.cells(rows, want)
	return p, d.end()
}

func (d *decoder) marked(field string, n, buf int) []uint64 {
	return d.numbers(field, d.section(field), n, &d.marks[buf])
}

func (d *decoder) packDays(month aggregate.Day, limit uint64) []packDay {
	n := int(d.number("number of days", 31))
	days := make([]packDay, 0, n)
	for range n {
		at := aggregate.Day(d.byte("day"))
		day := packDay{day: month + at - 1, meta: d.meta()}
		day.values = int(d.number("number of values with rows", limit))
		day.rows = int(d.number("number of rows", limit))
		if d.err != nil {
			return nil
		}
		if at < 1 || day.day.Month() != month || len(days) > 0 && day.day <= days[len(days)-1].day {
			d.fail("day", "%d does not follow in the month of %v", at, month)
			return nil
		}
		days = append(days, day)
	}
	return days
}

// packedDays are the first and the last day of a pack.
func packedDays(src []byte, month aggregate.Day) (first, last aggregate.Day, err error) {
	d := new(decoder)
	if err := d.start(src, packVersion); err != nil {
		return 0, 0, err
	}
	days := d.packDays(month, d.limit())
	if d.err == nil && len(days) == 0 {
		d.fail("number of days", "none")
	}
	if d.err != nil {
		return 0, 0, d.err
	}
	return days[0].day, days[len(days)-1].day, nil
}

// next reads the next day into b, reusing its rows. more is false after the last.
// The values of b are those of the whole pack.
func (p *packReader) next(b *aggregate.Block) (day aggregate.Day, more bool, err error) {
	if p.current == len(p.days) {
		return 0, false, nil
	}
	d := p.days[p.current]
	p.current++
	b.Meta, b.A, b.B = d.meta, p.a, p.b
	clear(resize(&b.Rows, d.rows))
	if err := p.indexes(b.Rows, d.values); err != nil {
		return 0, false, err
	}
	p.d.fill(b.Rows, p.row, p.have)
	p.row += d.rows
	return d.day, true, nil
}

// skip passes over the next day.
func (p *packReader) skip() {
	p.value += p.days[p.current].values
	p.row += p.days[p.current].rows
	p.current++
}

// indexes sets the indexes of a day's rows, which come from the values of A that
// follow.
func (p *packReader) indexes(rows []aggregate.Row, values int) error {
	at, nextA := 0, uint64(0)
	for range values {
		a := nextA + min(p.gapsA[p.value], maxEntries)
		run := min(p.runs[p.value], maxEntries) + 1
		p.value++
		if a >= uint64(len(p.a)) || run > uint64(len(rows)-at) || p.b == nil && run > 1 {
			return fmt.Errorf("%w: value %d of %d has %d of %d rows", ErrBlock, a, len(p.a), run, len(rows)-at)
		}
		nextA = a + 1
		nextB := uint64(0)
		for i := range int(run) {
			row := &rows[at+i]
			row.A = uint32(a)
			if p.b == nil {
				continue
			}
			b := nextB + min(p.gapsB[p.row+at+i], maxEntries)
			if b >= uint64(len(p.b)) {
				return fmt.Errorf("%w: row %d has value %d of B, there are %d", ErrBlock, p.row+at+i, b, len(p.b))
			}
			row.B, nextB = uint32(b), b+1
		}
		at += int(run)
	}
	if at != len(rows) {
		return fmt.Errorf("%w: values have %d rows, want %d", ErrBlock, at, len(rows))
	}
	return nil
}

// unpack reads all days of a pack, each with its own values only.
func unpack(src []byte, month aggregate.Day) (days []dayBlock, err error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	p, err := d.pack(src, month, columnSet(nil))
	if err != nil {
		return nil, err
	}
	for {
		b := new(aggregate.Block)
		day, more, err := p.next(b)
		if err != nil || !more {
			return days, err
		}
		days = append(days, dayBlock{day, trim(b)})
	}
}

// trim leaves out the values that no row has.
func trim(b *aggregate.Block) *aggregate.Block {
	usedA, usedB := make([]bool, len(b.A)), make([]bool, len(b.B))
	for i := range b.Rows {
		usedA[b.Rows[i].A] = true
		if b.B != nil {
			usedB[b.Rows[i].B] = true
		}
	}
	trimmed := &aggregate.Block{Meta: b.Meta, Rows: b.Rows}
	var toA, toB []uint32
	trimmed.A, toA = only(b.A, usedA)
	trimmed.B, toB = only(b.B, usedB)
	for i := range b.Rows {
		b.Rows[i] = renumber(b.Rows[i], toA, toB)
	}
	return trimmed
}

// only are the used values, and the new index of each.
func only(values []string, used []bool) (kept []string, to []uint32) {
	to = make([]uint32, len(values))
	for i, v := range values {
		if used[i] {
			to[i] = uint32(len(kept))
			kept = append(kept, v)
		}
	}
	return kept, to
}
