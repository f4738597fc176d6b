package live

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"footfall/aggregate"
	"footfall/aggregate/fold"
)

// Journal records begin with one byte that says what they are:
//
//	H  hit:     aggregate.AppendHit
//	R  refusal: site, varint Unix milliseconds, reason
//	O  opened:  site, the day as fold.Day.WriteTo writes it (with its starting counters)
//	C  commit:  site, uvarint number: the commit that follows holds all that came before
//	D  defined: site, what is defined from now on, as fold.AppendDefinitions writes it
//	X  closed:  site, varint day, uvarint number of the commit that closed it
//
// Site and reason are a uvarint length and the bytes.
const (
	hitRecord     = 'H'
	refusalRecord = 'R'
	openRecord    = 'O'
	commitRecord  = 'C'
	closeRecord   = 'X'
	defineRecord  = 'D'
)

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendHitRecord(dst []byte, h *aggregate.Hit) []byte {
	return aggregate.AppendHit(append(dst, hitRecord), h)
}

func appendRefusalRecord(dst []byte, name aggregate.Site, at int64, reason string) []byte {
	dst = appendText(append(dst, refusalRecord), string(name))
	return appendText(binary.AppendVarint(dst, at), reason)
}

func appendOpenRecord(dst []byte, name aggregate.Site, d *fold.Day) []byte {
	buf := bytes.NewBuffer(appendText(append(dst, openRecord), string(name)))
	d.WriteTo(buf) // a buffer takes everything
	return buf.Bytes()
}

func appendCommitRecord(dst []byte, name aggregate.Site, number uint64) []byte {
	return binary.AppendUvarint(appendText(append(dst, commitRecord), string(name)), number)
}

func appendCloseRecord(dst []byte, name aggregate.Site, day aggregate.Day, number uint64) []byte {
	dst = appendText(append(dst, closeRecord), string(name))
	return binary.AppendUvarint(binary.AppendVarint(dst, int64(day)), number)
}

func appendDefineRecord(dst []byte, name aggregate.Site, defs *aggregate.Definitions) []byte {
	return fold.AppendDefinitions(appendText(append(dst, defineRecord), string(name)), defs)
}

// record is a journal record, read.
type record struct {
	kind   byte
	site   aggregate.Site
	at     int64 // refusal: Unix milliseconds; closed: the day
	reason string
	number uint64
	day    *fold.Day
	defs   *aggregate.Definitions
}

// decodeRecord reads one record; hits go into h. The error wraps errRecord.
func decodeRecord(src []byte, h *aggregate.Hit) (r record, err error) {
	if len(src) == 0 {
		return r, fmt.Errorf("%w: empty", errRecord)
	}
	r.kind, src = src[0], src[1:]
	if r.kind == hitRecord {
		if _, err := aggregate.DecodeHit(src, h); err != nil {
			return r, fmt.Errorf("%w: %w", errRecord, err)
		}
		r.site = h.Site
		return r, nil
	}
	text := func() string {
		n, size := binary.Uvarint(src)
		if size <= 0 || n > uint64(len(src)-size) {
			err = fmt.Errorf("%w: text of %d bytes, %d left", errRecord, n, len(src))
			return ""
		}
		s := string(src[size : size+int(n)])
		src = src[size+int(n):]
		return s
	}
	number := func(read func([]byte) (int64, int)) int64 {
		n, size := read(src)
		if size <= 0 {
			err = fmt.Errorf("%w: number, %d bytes left", errRecord, len(src))
			return 0
		}
		src = src[size:]
		return n
	}
	unsigned := func(b []byte) (int64, int) { n, size := binary.Uvarint(b); return int64(n), size }
	r.site = aggregate.Site(text())
	if err != nil {
		return r, err
	}
	switch r.kind {
	case refusalRecord:
		r.at = number(binary.Varint)
		if err == nil {
			r.reason = text()
		}
	case commitRecord:
		r.number = uint64(number(unsigned))
	case closeRecord:
		r.at = number(binary.Varint)
		if err == nil {
			r.number = uint64(number(unsigned))
		}
	case openRecord:
		r.day, err = fold.ReadDay(bytes.NewReader(src))
	case defineRecord:
		if r.defs, err = fold.ReadDefinitions(src); err != nil {
			err = fmt.Errorf("%w: %w", errRecord, err)
		}
	default:
		err = fmt.Errorf("%w: kind %q", errRecord, r.kind)
	}
	return r, err
}
