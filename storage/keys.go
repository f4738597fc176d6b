package storage

import (
	"encoding/binary"
	"fmt"

	"footfall/aggregate"
)

// A block key is 15 bytes, see the table of the package. The first eleven name
// a series: everything but the day.
const (
	keySize    = 15
	seriesSize = 11
)

type siteID uint32

// packed is the span of a pack: blocks of several days of the month that begins
// with the key's day. Packs are made by compaction; nobody outside sees them.
const packed aggregate.Span = 0

// farthest bounds the days of blocks, in both directions: about the year 10,000.
const farthest = 3_000_000

// appendSeries appends the part of a block key before the day.
func appendSeries(dst []byte, site siteID, imp aggregate.ImportID, span aggregate.Span, a, b aggregate.Dimension) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(site))
	dst = binary.BigEndian.AppendUint32(dst, uint32(imp))
	return append(dst, byte(span), byte(a), byte(b))
}

func appendDay(dst []byte, d aggregate.Day) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(d)^1<<31)
}

func appendKey(dst []byte, site siteID, k aggregate.Key) []byte {
	return appendDay(appendSeries(dst, site, k.Import, k.Span, k.A, k.B), k.Day)
}

func dayOf(key []byte) aggregate.Day {
	return aggregate.Day(binary.BigEndian.Uint32(key[seriesSize:]) ^ 1<<31)
}

// parseKey reads a block key. The site of the result is left out: its name is in
// the record of the site. The error wraps ErrKey.
func parseKey(b []byte) (siteID, aggregate.Key, error) {
	if len(b) != keySize {
		return 0, aggregate.Key{}, fmt.Errorf("%w: %d bytes, want %d", ErrKey, len(b), keySize)
	}
	k := aggregate.Key{
		Import: aggregate.ImportID(binary.BigEndian.Uint32(b[4:])),
		Span:   aggregate.Span(b[8]),
		A:      aggregate.Dimension(b[9]),
		B:      aggregate.Dimension(b[10]),
		Day:    dayOf(b),
	}
	shape := k
	if k.Span == packed {
		if k.Day != k.Day.Month() {
			return 0, k, fmt.Errorf("%w: month begins on %v", ErrKey, k.Day)
		}
		shape.Span = aggregate.OneDay
	}
	return siteID(binary.BigEndian.Uint32(b)), k, checkShape(shape)
}

// checkShape refuses keys that the layout does not know. A block stands for the
// totals of a day, for one fact, or for the link of two that are crossed; there
// is no key for a link of three (P3), and only links lose their date.
func checkShape(k aggregate.Key) error {
	known := func(d aggregate.Dimension) bool { return int(d) < aggregate.Dimensions }
	switch {
	case k.Day < -farthest || k.Day > farthest:
		return fmt.Errorf("%w: %d days from 1970", ErrKey, k.Day)
	case !known(k.A) || !known(k.B):
		return fmt.Errorf("%w: dimensions %d and %d", ErrKey, k.A, k.B)
	case k.B != aggregate.None && (k.A >= k.B || !aggregate.Crossed(k.A, k.B)):
		return fmt.Errorf("%w: %v and %v are not linked", ErrKey, k.A, k.B)
	case k.Span == aggregate.OneDay:
		return nil
	case k.Span != aggregate.OneMonth:
		return fmt.Errorf("%w: span %d", ErrKey, k.Span)
	case k.B == aggregate.None:
		return fmt.Errorf("%w: a month of %v, which is no link", ErrKey, k.A)
	case k.Day != k.Day.Month():
		return fmt.Errorf("%w: month begins on %v", ErrKey, k.Day)
	}
	return nil
}

// describe names a block for people.
func describe(site string, k aggregate.Key) string {
	what := k.A.String()
	if k.B != aggregate.None {
		what += " × " + k.B.String()
	}
	when := k.Day.String()
	if k.Span != aggregate.OneDay {
		when = when[:len(when)-3]
	}
	if k.Import != aggregate.Live {
		when += fmt.Sprintf(", import %d", k.Import)
	}
	return fmt.Sprintf("%s, %s, %s", site, when, what)
}
