package volatile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(p []byte) uint32 { return crc32.Checksum(p, castagnoli) }

// version is the version of all formats of this package. It has the same place
// in each of them, for ever: bytes 8-11, after a magic of 8 bytes. It changes
// when an older program could not read what is written; then the reader keeps
// the code for the version before, as an upgrade takes over the state.
const version = 1

// owner is whose state it is.
type owner struct {
	database [16]byte // Options.DatabaseID
	data     [16]byte // SHA-256 of the data directory's real path, cut
}

// headSize is the size of what every file begins with:
//
//	 0   8  magic: "ffjournl", "ffchkpnt" or "ffsalts\x00"
//	 8   4  version
//	12   4  zero
//	16  16  database id
//	32  16  data directory
//
// Numbers are little-endian in all formats of this package.
const headSize = 48

func appendHead(dst []byte, magic string, o owner) []byte {
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, version)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = append(dst, o.database[:]...)
	return append(dst, o.data[:]...)
}

// checkHead judges magic and version, which are the same in all versions. The
// owner is compared with sameOwner after the checksum has been seen to be right.
func checkHead(src []byte, magic string) error {
	if len(src) < 12 || string(src[:8]) != magic {
		return fmt.Errorf("%w: no %q at the start of %d bytes", ErrCorrupt, magic, len(src))
	}
	if v := binary.LittleEndian.Uint32(src[8:]); v != version {
		return fmt.Errorf("%w: %d, this program reads %d", ErrVersion, v, version)
	}
	if len(src) < headSize {
		return fmt.Errorf("%w: %d bytes, want a head of %d", ErrCorrupt, len(src), headSize)
	}
	return nil
}

func sameOwner(src []byte, o owner) error {
	switch {
	case [16]byte(src[16:32]) != o.database:
		return fmt.Errorf("%w: the database id differs", ErrForeign)
	case [16]byte(src[32:48]) != o.data:
		return fmt.Errorf("%w: the data directory differs", ErrForeign)
	}
	return nil
}

// A segment of the journal is the file "journal-" and its number in 16
// hexadecimal digits:
//
//	 0  48  head, "ffjournl"
//	48   8  number of the segment
//	56   8  seq of its first record
//	64   4  CRC-32C of bytes 0-63
//	68   .  frames
//	 .   .  zeros: room made in advance, in the segment that is written to
const segmentHead = headSize + 20

const segmentMagic = "ffjournl"

func appendSegmentHead(dst []byte, o owner, number, first uint64) []byte {
	start := len(dst)
	dst = appendHead(dst, segmentMagic, o)
	dst = binary.LittleEndian.AppendUint64(dst, number)
	dst = binary.LittleEndian.AppendUint64(dst, first)
	return binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
}

// errTorn says that a file ends in the middle of something that was being
// written when the process died.
var errTorn = errors.New("torn")

// readSegmentHead returns the seq of the first record. The error is errTorn for
// a head that was not written as a whole and has nothing behind it.
func readSegmentHead(src []byte, o owner, number uint64) (first uint64, err error) {
	err = checkHead(src, segmentMagic)
	if errors.Is(err, ErrVersion) && binary.LittleEndian.Uint32(src[8:]) != 0 {
		return 0, err
	}
	if len(src) < segmentHead || zero(src[segmentHead:]) && !segmentHeadWhole(src) {
		return 0, errTorn
	}
	if err == nil && !segmentHeadWhole(src) {
		err = fmt.Errorf("%w: checksum of the segment's head", ErrCorrupt)
	}
	if err != nil {
		return 0, err
	}
	if err := sameOwner(src, o); err != nil {
		return 0, err
	}
	if n := binary.LittleEndian.Uint64(src[48:]); n != number {
		return 0, fmt.Errorf("%w: the segment says it is number %d", ErrCorrupt, n)
	}
	return binary.LittleEndian.Uint64(src[56:]), nil
}

func segmentHeadWhole(src []byte) bool {
	return checksum(src[:64]) == binary.LittleEndian.Uint32(src[64:])
}

// A frame holds a record:
//
//	 0   4  length n of the record
//	 4   8  seq: 1 for the first record of a state, then without gaps
//	12   4  CRC-32C of bytes 0-11
//	16   4  CRC-32C of the record
//	20   n  record
//
// The first checksum makes the length trustworthy: without it, a flipped bit in
// a length could not be told from a last record that was torn, and would hide
// all records behind it.
const frameHead = 20

// MaxRecord is the length of the longest record that Append takes.
const MaxRecord = 1 << 20

func appendFrame(dst []byte, seq uint64, record []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(record)))
	dst = binary.LittleEndian.AppendUint64(dst, seq)
	dst = binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
	dst = binary.LittleEndian.AppendUint32(dst, checksum(record))
	return append(dst, record...)
}

// readFrame cuts one frame off src and returns the tail. At the end of what was
// written record is nil and tail is src. The error is errTorn where the frame was
// not written as a whole and nothing follows it, and an ErrCorrupt otherwise.
func readFrame(src []byte, want uint64) (record, tail []byte, err error) {
	if len(src) < frameHead {
		if zero(src) {
			return nil, src, nil
		}
		return nil, src, errTorn
	}
	n := int64(binary.LittleEndian.Uint32(src))
	seq := binary.LittleEndian.Uint64(src[4:])
	switch {
	case binary.LittleEndian.Uint32(src[12:]) != checksum(src[:12]):
		if !zero(src[frameHead:]) {
			return nil, src, fmt.Errorf("%w: checksum of a frame's head", ErrCorrupt)
		}
		if zero(src[:frameHead]) {
			return nil, src, nil
		}
		return nil, src, errTorn
	case seq != want:
		return nil, src, fmt.Errorf("%w: record %d, want %d", ErrCorrupt, seq, want)
	case n > MaxRecord:
		return nil, src, fmt.Errorf("%w: record of %d bytes, the longest is %d", ErrCorrupt, n, MaxRecord)
	case n > int64(len(src)-frameHead):
		return nil, src, errTorn
	}
	record, tail = src[frameHead:frameHead+n:frameHead+n], src[frameHead+n:]
	if checksum(record) != binary.LittleEndian.Uint32(src[16:]) {
		if zero(tail) {
			return nil, src, errTorn
		}
		return nil, src, fmt.Errorf("%w: checksum of record %d", ErrCorrupt, seq)
	}
	return record, tail, nil
}

// readFrames calls fn, which may be nil, for each record in src and returns how
// many bytes they take and the seq that follows. The error is errTorn, an
// ErrCorrupt or what fn returned; end is then where the trouble begins.
func readFrames(src []byte, seq uint64, fn func(seq uint64, record []byte) error) (end int, next uint64, err error) {
	tail := src
	for {
		record, rest, err := readFrame(tail, seq)
		if err == nil && record != nil && fn != nil {
			err = fn(seq, record)
		}
		if err != nil || record == nil {
			return len(src) - len(tail), seq, err
		}
		tail = rest
		seq++
	}
}

func zero(p []byte) bool {
	for len(p) >= 8 {
		if binary.LittleEndian.Uint64(p) != 0 {
			return false
		}
		p = p[8:]
	}
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}
