package storage

import (
	"encoding/binary"
	"math"
	"sync"

	"github.com/klauspost/compress/huff0"
	"github.com/klauspost/compress/zstd"
)

// A section is bytes of text or uvarints, packed. Its first byte tells how.
const (
	packedKind = 0x0f // these bits are one of the following

	packedRaw   = 0 // uvarint length, bytes
	packedHuff  = 1 // uvarint length, uvarint stored length, huff0 table and one stream
	packedHuff4 = 2 // the same with four streams
	packedZstd  = 3 // uvarint length, uvarint stored length, zstd frame without its magic number

	// Numbers only.
	packedConstant = 4 // uvarint: all numbers are this one

	// packedDifference is added where the numbers are zigzag differences to the
	// column that is named near this one.
	packedDifference = 0x10
	// packedScaled is added where a uvarint follows by which all numbers were
	// divided: durations in milliseconds, say, that are whole seconds.
	packedScaled = 0x20
)

// maxRatio is how much smaller than its content a section may be stored: what a
// decoder allocates stays in proportion to its input.
const maxRatio = 256

// appendNumbers appends a section of numbers: their uvarints one after the
// other, packed, or the one number that all of them are.
func (e *encoder) appendNumbers(dst []byte, numbers []uint64) []byte {
	if !e.packer.off && constant(numbers) {
		return appendConstant(dst, packedConstant, numbers)
	}
	scale := divisor(numbers)
	if scale > 1 {
		e.plain = appendScaled(e.plain[:0], numbers, scale)
		return e.packer.append(dst, packedScaled, scale, e.plain)
	}
	e.plain = appendUvarints(e.plain[:0], numbers)
	return e.packer.append(dst, 0, 1, e.plain)
}

// divisor is the greatest common divisor of the numbers, at least 1.
func divisor(numbers []uint64) uint64 {
	var d uint64
	for _, n := range numbers {
		for n != 0 {
			d, n = n, d%n
		}
		if d == 1 {
			break
		}
	}
	return max(1, d)
}

// appendBetter appends the numbers or, where that is shorter, their differences
// to another column.
func (e *encoder) appendBetter(dst []byte, numbers, differences []uint64) []byte {
	if !e.packer.off && constant(numbers) {
		return appendConstant(dst, packedConstant, numbers)
	}
	if !e.packer.off && constant(differences) {
		return appendConstant(dst, packedConstant|packedDifference, differences)
	}
	e.plain = appendUvarints(e.plain[:0], numbers)
	e.other = appendUvarints(e.other[:0], differences)
	if entropy(e.other) < entropy(e.plain) {
		return e.packer.append(dst, packedDifference, 1, e.other)
	}
	return e.packer.append(dst, 0, 1, e.plain)
}

func constant(numbers []uint64) bool {
	for _, n := range numbers {
		if n != numbers[0] {
			return false
		}
	}
	return true
}

func appendConstant(dst []byte, form byte, numbers []uint64) []byte {
	var n uint64
	if len(numbers) > 0 {
		n = numbers[0]
	}
	return binary.AppendUvarint(append(dst, form), n)
}

func appendUvarints(dst []byte, numbers []uint64) []byte {
	for _, n := range numbers {
		dst = binary.AppendUvarint(dst, n)
	}
	return dst
}

func appendScaled(dst []byte, numbers []uint64, scale uint64) []byte {
	for _, n := range numbers {
		dst = binary.AppendUvarint(dst, n/scale)
	}
	return dst
}

// appendText appends a section of values in their order: for each a uvarint with
// the number of bytes it shares with the value before, a uvarint with the number
// of its further bytes; and then, after all these numbers, the further bytes.
func (e *encoder) appendText(dst []byte, values []string) []byte {
	e.plain, e.other = e.plain[:0], e.other[:0]
	before := ""
	for _, v := range values {
		n := shared(before, v)
		e.plain = binary.AppendUvarint(e.plain, uint64(n))
		e.plain = binary.AppendUvarint(e.plain, uint64(len(v)-n))
		e.other = append(e.other, v[n:]...)
		before = v
	}
	return e.packer.append(dst, 0, 1, append(e.plain, e.other...))
}

func shared(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// entropy is the number of bits that b takes at best when each byte is coded by
// itself.
func entropy(b []byte) float64 {
	var counts [256]int
	for _, c := range b {
		counts[c]++
	}
	bits := float64(len(b)) * math.Log2(float64(len(b)))
	for _, n := range counts {
		if n > 0 {
			bits -= float64(n) * math.Log2(float64(n))
		}
	}
	return bits
}

// packer is the memory that packing sections needs.
type packer struct {
	huff *huff0.Scratch
	zstd []byte
	off  bool // pack nothing
}

// worth is the size in bytes from which compression is tried.
const worth = 24

// append appends plain in the shortest form. Where zstd is hardly shorter than
// huff0 the latter wins, being several times faster to read.
func (p *packer) append(dst []byte, form byte, scale uint64, plain []byte) []byte {
	kind, best := byte(packedRaw), plain
	if len(plain) >= worth && !p.off {
		if k, packed := p.tryHuff(plain); packed != nil && len(packed)+2 < len(best) {
			kind, best = k, packed
		}
		if packed := p.tryZstd(plain); packed != nil && len(packed)+2 < len(best)-len(best)/16 {
			kind, best = packedZstd, packed
		}
	}
	dst = append(dst, form|kind)
	if form&packedScaled != 0 {
		dst = binary.AppendUvarint(dst, scale)
	}
	dst = binary.AppendUvarint(dst, uint64(len(plain)))
	if kind != packedRaw {
		dst = binary.AppendUvarint(dst, uint64(len(best)))
	}
	return append(dst, best...)
}

func (p *packer) tryHuff(plain []byte) (kind byte, packed []byte) {
	if len(plain) > huff0.BlockSizeMax {
		return 0, nil
	}
	if p.huff == nil {
		p.huff = &huff0.Scratch{Reuse: huff0.ReusePolicyNone}
	}
	var err error
	if len(plain) < 1024 {
		kind = packedHuff
		packed, _, err = huff0.Compress1X(plain, p.huff)
	} else {
		kind = packedHuff4
		packed, _, err = huff0.Compress4X(plain, p.huff)
	}
	if err != nil {
		return 0, nil
	}
	return kind, packed
}

var zstdMagic = [4]byte{0x28, 0xb5, 0x2f, 0xfd}

func (p *packer) tryZstd(plain []byte) []byte {
	p.zstd = zstdEncoder().EncodeAll(plain, p.zstd[:0])
	if len(p.zstd) < len(zstdMagic) || [4]byte(p.zstd) != zstdMagic {
		return nil
	}
	packed := p.zstd[len(zstdMagic):]
	if len(plain) > maxRatio*len(packed) {
		return nil
	}
	return packed
}

// One encoder and one decoder serve all: they are built for concurrent use, and
// their tables are what costs memory.
var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil,
			zstd.WithEncoderLevel(zstd.SpeedDefault),
			zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderCRC(false),
			zstd.WithWindowSize(256<<10),
			zstd.WithSingleSegment(true),
			zstd.WithLowerEncoderMem(true),
			zstd.WithAllLitEntropyCompression(true))
		if err != nil {
			panic("BUG: zstd encoder options: " + err.Error())
		}
		return e
	})
	zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(2),
			zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(maxSection),
			zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			panic("BUG: zstd decoder options: " + err.Error())
		}
		return d
	})
)
