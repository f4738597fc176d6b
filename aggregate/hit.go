package aggregate

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Visitor is what is left of an address and a user agent: a keyed hash under a
// salt that is one per site and day and lives in memory only. Within the day and
// site, equal visitors are the same browser on the same network; nothing else
// can be told from it.
type Visitor [16]byte

// String does not tell.
func (Visitor) String() string { return "visitor" }

// GoString does not tell.
func (Visitor) GoString() string { return "visitor" }

// Kind says what happened.
type Kind uint8

const (
	Pageview   Kind = 1 + iota
	Custom          // any named event
	Engagement      // the reader stayed or scrolled; keeps a visit alive, is no activity
)

// Names of the two events that trackers send by themselves.
const (
	PageviewName   = "pageview"
	EngagementName = "engagement"
)

// Prop is one property of an event.
type Prop struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Facts holds a value for each dimension that a hit brings: the visit facts up
// to LastHitFact, and Page, Hostname, EventName, Outbound, Download and SearchTerm.
// The rest stay blank.
type Facts [Dimensions]string

// Hit is a beacon after the front door: refused ones are gone, addresses and
// agents are gone, every value is cleaned and capped in length.
//
// Strings of a Hit may live in memory that its maker reuses. Whoever keeps one
// beyond the call must clone it; the fold does so in one place, its dictionaries.
type Hit struct {
	Site    Site
	At      int64   // Unix milliseconds
	Visitor Visitor // under the salt of At's day
	Before  Visitor // the same visitor under the salt of the day before; zero when that salt is dead
	Kind    Kind
	Facts   Facts
	Props   []Prop

	Interactive bool  // ends a bounce (custom events)
	Engaged     int64 // engagement: engaged milliseconds since the last engagement
	Scroll      int   // engagement: deepest scroll in percent, 0-100; NoScroll when not told

	Paid    bool  // a custom event brought an amount that counts,
	Revenue Money // which is this
	// Unrated says why an amount does not count, with the currency: NoRate("USD").
	// The event counts all the same.
	Unrated string
}

// NoRate is the line of the drop ledger for an amount in a currency of which the
// site has no rate.
func NoRate(currency string) string { return RevenueReason + ": no rate for " + currency }

// RevenueReason is what the drop ledger calls amounts that do not count, although
// their events do.
const RevenueReason = "revenue"

// NoScroll is a Hit's Scroll when the beacon brought none.
const NoScroll = -1

// ErrHitEncoding is returned for bytes that AppendHit did not make.
var ErrHitEncoding = errors.New("malformed hit")

// AppendHit appends the journal form of h to dst:
//
//	uvarint  length of site, site
//	varint   At
//	16 bytes Visitor
//	16 bytes Before
//	byte     Kind
//	byte     1 = interactive, 2 = Paid, 4 = Unrated
//	uvarint  Engaged
//	byte     Scroll + 1
//	uvarint  number of facts that are not blank; then for each
//	           byte dimension, uvarint length, value
//	uvarint  number of properties; then for each
//	           uvarint length, key, uvarint length, value
//	varint   Revenue, where Paid
//	uvarint  length of Unrated, Unrated, where it is not blank
func AppendHit(dst []byte, h *Hit) []byte {
	dst = appendString(dst, string(h.Site))
	dst = binary.AppendVarint(dst, h.At)
	dst = append(dst, h.Visitor[:]...)
	dst = append(dst, h.Before[:]...)
	flags := byte(0)
	if h.Interactive {
		flags |= hitInteractive
	}
	if h.Paid {
		flags |= hitPaid
	}
	if h.Unrated != "" {
		flags |= hitUnrated
	}
	dst = append(dst, byte(h.Kind), flags)
	dst = binary.AppendUvarint(dst, uint64(h.Engaged))
	dst = append(dst, byte(h.Scroll+1))
	n := 0
	for _, v := range h.Facts {
		if v != Blank {
			n++
		}
	}
	dst = binary.AppendUvarint(dst, uint64(n))
	for d, v := range h.Facts {
		if v != Blank {
			dst = appendString(append(dst, byte(d)), v)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(h.Props)))
	for _, p := range h.Props {
		dst = appendString(appendString(dst, p.Key), p.Value)
	}
	if h.Paid {
		dst = binary.AppendVarint(dst, int64(h.Revenue))
	}
	if h.Unrated != "" {
		dst = appendString(dst, h.Unrated)
	}
	return dst
}

const (
	hitInteractive = 1 << iota
	hitPaid
	hitUnrated
)

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// DecodeHit reads what AppendHit wrote into h and returns the tail. The strings
// of h are copies. The error wraps ErrHitEncoding and names the field.
func DecodeHit(src []byte, h *Hit) (tail []byte, err error) {
	r := hitReader{src: src}
	*h = Hit{Props: h.Props[:0]}
	h.Site = Site(r.text("site"))
	h.At = r.varint("time")
	r.fixed("visitor", h.Visitor[:])
	r.fixed("visitor before", h.Before[:])
	h.Kind = Kind(r.byte("kind"))
	flags := r.byte("flags")
	h.Interactive, h.Paid = flags&hitInteractive != 0, flags&hitPaid != 0
	h.Engaged = int64(r.uvarint("engaged"))
	h.Scroll = int(r.byte("scroll")) - 1
	for n := r.uvarint("facts"); n > 0 && r.err == nil; n-- {
		d := r.byte("dimension")
		if int(d) >= Dimensions {
			r.fail("dimension")
			break
		}
		h.Facts[d] = r.text("fact")
	}
	for n := r.uvarint("properties"); n > 0 && r.err == nil; n-- {
		h.Props = append(h.Props, Prop{r.text("property key"), r.text("property value")})
	}
	if h.Paid {
		h.Revenue = Money(r.varint("revenue"))
	}
	if flags&hitUnrated != 0 {
		h.Unrated = r.text("unrated")
	}
	if r.err == nil && (h.Kind < Pageview || h.Kind > Engagement || h.Scroll > 100 || h.Engaged < 0 ||
		h.Revenue < 0 || h.Revenue > MaxAmount) {
		r.fail("kind, scroll, engaged time or revenue")
	}
	return r.src, r.err
}

// hitReader cuts fields off src; after the first failure it returns zeros.
type hitReader struct {
	src []byte
	err error
}

func (r *hitReader) fail(field string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s, with %d bytes left", ErrHitEncoding, field, len(r.src))
		r.src = nil
	}
}

func (r *hitReader) uvarint(field string) uint64 {
	v, n := binary.Uvarint(r.src)
	if n <= 0 {
		r.fail(field)
		return 0
	}
	r.src = r.src[n:]
	return v
}

func (r *hitReader) varint(field string) int64 {
	v, n := binary.Varint(r.src)
	if n <= 0 {
		r.fail(field)
		return 0
	}
	r.src = r.src[n:]
	return v
}

func (r *hitReader) byte(field string) byte {
	if len(r.src) == 0 {
		r.fail(field)
		return 0
	}
	b := r.src[0]
	r.src = r.src[1:]
	return b
}

func (r *hitReader) fixed(field string, dst []byte) {
	if len(r.src) < len(dst) {
		r.fail(field)
		return
	}
	r.src = r.src[copy(dst, r.src):]
}

func (r *hitReader) text(field string) string {
	n := r.uvarint(field)
	if n > uint64(len(r.src)) {
		r.fail(field)
		return ""
	}
	s := string(r.src[:n])
	r.src = r.src[n:]
	return s
}
