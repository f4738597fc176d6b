package fold

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"footfall/aggregate"
)

// encoder writes the pieces of a snapshot; after an error it does nothing.
type encoder struct {
	w   *bufio.Writer
	buf [binary.MaxVarintLen64]byte
	n   int64
	err error
}

func (e *encoder) raw(b []byte) {
	if e.err == nil {
		var n int
		n, e.err = e.w.Write(b)
		e.n += int64(n)
	}
}

func (e *encoder) u32(values ...uint32) {
	for _, v := range values {
		binary.LittleEndian.PutUint32(e.buf[:], v)
		e.raw(e.buf[:4])
	}
}

func (e *encoder) u16(values ...uint16) {
	for _, v := range values {
		binary.LittleEndian.PutUint16(e.buf[:], v)
		e.raw(e.buf[:2])
	}
}

func (e *encoder) uvarint(values ...uint64) {
	for _, v := range values {
		e.raw(e.buf[:binary.PutUvarint(e.buf[:], v)])
	}
}

func (e *encoder) varint(v int64) { e.raw(e.buf[:binary.PutVarint(e.buf[:], v)]) }

func (e *encoder) text(s string) {
	e.uvarint(uint64(len(s)))
	e.raw([]byte(s))
}

func (e *encoder) counts(c *aggregate.Counts) {
	for _, v := range c {
		e.varint(v)
	}
}

// decoder reads them back; after an error it returns zeros.
type decoder struct {
	r       *bufio.Reader
	version uint64
	buf     [16]byte
	err     error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// failure names the part that could not be read.
func (d *decoder) failure(part string) error {
	if errors.Is(d.err, io.EOF) || errors.Is(d.err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %s: cut short", ErrSnapshot, part)
	}
	return fmt.Errorf("%w: %s: %w", ErrSnapshot, part, d.err)
}

func (d *decoder) raw(b []byte) {
	if d.err == nil {
		if _, err := io.ReadFull(d.r, b); err != nil {
			d.err = err
		}
	}
	if d.err != nil {
		clear(b)
	}
}

func (d *decoder) u32() uint32 {
	d.raw(d.buf[:4])
	return binary.LittleEndian.Uint32(d.buf[:])
}

func (d *decoder) u16() uint16 {
	d.raw(d.buf[:2])
	return binary.LittleEndian.Uint16(d.buf[:])
}

func (d *decoder) byte() byte {
	d.raw(d.buf[:1])
	return d.buf[0]
}

func (d *decoder) uvarint() uint64 {
	if d.err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(d.r)
	if err != nil {
		d.err = err
		return 0
	}
	return v
}

func (d *decoder) varint() int64 {
	if d.err != nil {
		return 0
	}
	v, err := binary.ReadVarint(d.r)
	if err != nil {
		d.err = err
		return 0
	}
	return v
}

// count reads a number of things that must not exceed limit.
func (d *decoder) count(limit uint64) int {
	n := d.uvarint()
	if n > limit {
		d.fail(fmt.Errorf("%d things, at most %d make sense", n, limit))
		return 0
	}
	return int(n)
}

// maxText is longer than any value.
const maxText = 1 << 16

func (d *decoder) text() string {
	b := make([]byte, d.count(maxText))
	d.raw(b)
	return string(b)
}

func (d *decoder) counts(c *aggregate.Counts) {
	n := len(c)
	if d.version == 1 {
		n = columnsOf1
	}
	for i := range c[:n] {
		c[i] = d.varint()
	}
}
