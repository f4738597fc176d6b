package storage

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/klauspost/compress/huff0"
)

// section is a part of a block as it is stored.
type section struct {
	form     byte
	constant uint64
	scale    uint64
	length   int // of the content
	stored   []byte
}

func (d *decoder) section(field string) (s section) {
	s.form = d.byte(field)
	s.scale = 1
	kind := s.form & packedKind
	if s.form&packedScaled != 0 {
		s.scale = d.number(field+" scale", 1<<64-1)
	}
	switch {
	case d.err != nil:
		return s
	case kind == packedConstant:
		s.constant = d.number(field, 1<<64-1)
		return s
	case kind > packedZstd || s.form&^(packedKind|packedDifference|packedScaled) != 0:
		d.fail(field, "unknown form %#x", s.form)
		return s
	}
	s.length = int(d.number(field+" length", maxSection))
	stored := s.length
	if kind != packedRaw {
		stored = int(d.number(field+" stored length", maxSection))
	}
	if d.err == nil && stored > len(d.src) {
		d.fail(field, "%d bytes, but %d left", stored, len(d.src))
	}
	if d.err == nil && s.length > maxRatio*stored {
		d.fail(field, "%d bytes cannot come from %d", s.length, stored)
	}
	if d.err != nil {
		return s
	}
	s.stored, d.src = d.src[:stored], d.src[stored:]
	return s
}

// unpack returns the content of a section, valid until the next call.
func (d *decoder) unpack(field string, s section) []byte {
	if d.err != nil {
		return nil
	}
	var out []byte
	var err error
	switch s.form & packedKind {
	case packedRaw:
		return s.stored
	case packedZstd:
		d.frame = append(append(d.frame[:0], zstdMagic[:]...), s.stored...)
		out, err = zstdDecoder().DecodeAll(d.frame, resize(&d.plain, s.length)[:0:s.length])
	default:
		out, err = d.unhuff(s)
	}
	if err != nil {
		d.fail(field, "%d bytes stored in %d: %v", s.length, len(s.stored), err)
		return nil
	}
	if len(out) != s.length {
		d.fail(field, "%d bytes unpacked, want %d", len(out), s.length)
		return nil
	}
	return out
}

func (d *decoder) unhuff(s section) ([]byte, error) {
	if d.huff == nil {
		d.huff = new(huff0.Scratch)
	}
	var rest []byte
	var err error
	if d.huff, rest, err = huff0.ReadTable(s.stored, d.huff); err != nil {
		d.huff = nil
		return nil, err
	}
	dst := resize(&d.plain, s.length)
	if s.form&packedKind == packedHuff {
		return d.huff.Decoder().Decompress1X(dst[:0:s.length], rest)
	}
	return d.huff.Decoder().Decompress4X(dst[:s.length:s.length], rest)
}

// numbers decodes a section of n numbers into dst.
func (d *decoder) numbers(field string, s section, n int, dst *[]uint64) []uint64 {
	if d.err != nil {
		return nil
	}
	if s.form&packedKind == packedConstant {
		numbers := resize(dst, n)
		for i := range numbers {
			numbers[i] = s.constant
		}
		return numbers
	}
	if s.length < n {
		d.fail(field, "%d bytes hold no %d numbers", s.length, n)
		return nil
	}
	src := d.unpack(field, s)
	if d.err != nil {
		return nil
	}
	numbers := resize(dst, n)
	if !d.uvarints(field, src, numbers) {
		return nil
	}
	if s.scale != 1 {
		for i := range numbers {
			numbers[i] *= s.scale
		}
	}
	return numbers
}

// uvarints decodes exactly as many numbers as there are in src.
func (d *decoder) uvarints(field string, src []byte, numbers []uint64) bool {
	at := 0
	for i := range numbers {
		// Most numbers take one byte or two.
		if at+1 < len(src) {
			low, high := uint64(src[at]), uint64(src[at+1])
			if low < 0x80 {
				numbers[i] = low
				at++
				continue
			}
			if high < 0x80 {
				numbers[i] = low&0x7f | high<<7
				at += 2
				continue
			}
		}
		v, size := binary.Uvarint(src[at:])
		if size <= 0 {
			d.fail(field, "number %d of %d is cut off", i, len(numbers))
			return false
		}
		numbers[i] = v
		at += size
	}
	if at != len(src) {
		d.fail(field, "%d bytes left over after %d numbers", len(src)-at, len(numbers))
		return false
	}
	return true
}

// text decodes a section of n values, and proves their order.
func (d *decoder) text(field string, n int, known *knownText) []string {
	s := d.section(field)
	if d.err == nil && s.form == packedZstd && known.length == s.length && len(known.values) == n &&
		bytes.Equal(known.stored, s.stored) {
		return known.values
	}
	if d.err == nil && s.form > packedZstd {
		d.fail(field, "form %#x is for numbers", s.form)
	}
	if d.err == nil && s.length < 2*n {
		d.fail(field, "%d bytes hold no %d values", s.length, n)
	}
	src := d.unpack(field, s)
	if d.err != nil {
		return nil
	}
	lengths := resize(&d.indexes, 2*n)
	at, total, before := 0, 0, 0
	for i := range lengths {
		v, size := binary.Uvarint(src[at:])
		if size <= 0 || v > maxValue {
			d.fail(field, "length %d of %d is cut off or above %d", i, 2*n, maxValue)
			return nil
		}
		lengths[i], at = v, at+size
		if i%2 == 1 {
			length := int(lengths[i-1] + v)
			if int(lengths[i-1]) > before || length > maxValue {
				d.fail(field, "value %d shares %d of %d bytes and has %d", i/2, lengths[i-1], before, length)
				return nil
			}
			before, total = length, total+length
		}
	}
	if total > maxText {
		d.fail(field, "%d bytes of text, at most %d possible", total, maxText)
		return nil
	}
	values := d.values(field, lengths, src[at:], total)
	if d.err == nil && s.form == packedZstd {
		*known = knownText{s.length, append(known.stored[:0], s.stored...), values}
	}
	return values
}

// values joins what the values share and what each adds.
func (d *decoder) values(field string, lengths []uint64, added []byte, total int) []string {
	var text strings.Builder
	text.Grow(total)
	values := make([]string, len(lengths)/2)
	before := ""
	for i := range values {
		share, add := int(lengths[2*i]), int(lengths[2*i+1])
		if add > len(added) {
			d.fail(field, "value %d adds %d bytes, but %d are left", i, add, len(added))
			return nil
		}
		// Exactly the common part is shared, so that the first byte after it
		// decides the order.
		if i > 0 && (add == 0 || share < len(before) && added[0] <= before[share]) {
			d.fail(field, "value %d of %d is not after the one before", i, len(values))
			return nil
		}
		start := text.Len()
		text.WriteString(before[:share])
		text.Write(added[:add])
		added = added[add:]
		before = text.String()[start:]
		values[i] = before
	}
	if len(added) > 0 {
		d.fail(field, "%d bytes left over after %d values", len(added), len(values))
		return nil
	}
	return values
}
