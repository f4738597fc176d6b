package fold

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"footfall/aggregate"
)

// Version is the version of the snapshot format. A release that changes the
// format reads its predecessor's too (P9).
const Version = 2

// columnsOf1 are the columns of a row in version 1.
const columnsOf1 = int(aggregate.CarriedScrollVisits) + 1

// ErrSnapshot is returned for bytes that WriteTo did not make.
var ErrSnapshot = errors.New("malformed snapshot of a day")

// Freeze returns the day as it is now, for reading only: Scan, Blocks, Links and
// WriteTo, without a lock and while the day itself goes on. It copies no records;
// the day copies those it changes. The caller must Thaw the day when done.
func (d *Day) Freeze() *Day {
	f := *d
	f.index = nil
	f.visitors, f.visits = d.visitors.freeze(), d.visits.freeze()
	f.events, f.extras, f.amounts = d.events.freeze(), d.extras.freeze(), d.amounts.freeze()
	f.refusals = reasons{}
	for reason, n := range d.refusals {
		f.refusals.add(reason, *n)
	}
	for dim, dic := range d.dicts {
		if dic != nil {
			f.dicts[dim] = &dict{values: dic.values[:len(dic.values):len(dic.values)]}
		}
		f.cells[dim] = nil // counters change in place: ask the day itself
	}
	return &f
}

// Thaw ends the use of one frozen copy.
func (d *Day) Thaw() {
	d.visitors.thaw()
	d.visits.thaw()
	d.events.thaw()
	d.extras.thaw()
	d.amounts.thaw()
}

// WriteTo writes the day's records; ReadDay reads them. The form is
// little-endian; counters are not in it, they are made anew from the records:
//
//	uvarint  version
//	varint   day; string zone; uvarint limits (values, visits)
//	uvarint  epoch, changed; varint lastSeen; uvarint flags (1 capped, 2 dirty, 4 lossy, 8 linked), closes
//	refusals uvarint n, n x (string, varint)
//	defined  uvarint length, text (see AppendDefinitions)
//	totals   the row and the 24 hours that the day started with: 25 x 19 varint
//	for each dimension from Source to Property, Conversion, Reached and SearchTerm:
//	         uvarint values, values x string (none where it shares another's dictionary)
//	         uvarint rows the day started with, rows x 19 varint
//	uvarint  visitors, each 16 + 4 + 4 + 4 bytes
//	uvarint  visits, each 6 x 4 + 3 x 4 + 4 + 4 + 2 + 2 + 2 per fact bytes
//	uvarint  events, each 4 x 4 + 3 x 2 + 1 + 1 bytes
//	uvarint  extras, each 4 + 1 + 2 bytes
//	uvarint  amounts, each 4 bytes and a varint
//
// A string is a uvarint length and its bytes. In version 1 there are no definitions
// and no amounts, rows have 17 columns, visits no steps, and the dimensions end with
// Property.
func (d *Day) WriteTo(w io.Writer) (int64, error) {
	e := &encoder{w: bufio.NewWriterSize(w, 1<<16)}
	d.writeHead(e)
	e.uvarint(uint64(d.visitors.n))
	d.visitors.each(func(v *visitor) {
		e.raw(v.id[:])
		e.u32(uint32(v.latest), uint32(v.crossing), v.epoch)
	})
	e.uvarint(uint64(d.visits.n))
	d.visits.each(func(v *visit) {
		e.u32(uint32(v.visitor), uint32(v.earlier), uint32(v.first), uint32(v.last), uint32(v.prior), uint32(v.peer),
			uint32(v.start), uint32(v.end), uint32(v.seen), v.laterViews, uint32(v.reached))
		e.u16(v.records, uint16(v.flags))
		for _, f := range v.facts {
			e.u16(uint16(f))
		}
	})
	e.uvarint(uint64(d.events.n))
	d.events.each(func(ev *event) {
		e.u32(uint32(ev.next), ev.at, ev.n, uint32(ev.extra))
		e.u16(uint16(ev.page), uint16(ev.host), uint16(ev.name))
		e.raw([]byte{byte(ev.what), ev.depth})
	})
	e.uvarint(uint64(d.extras.n))
	d.extras.each(func(x *extra) {
		e.u32(uint32(x.next))
		e.raw([]byte{byte(x.dim)})
		e.u16(uint16(x.val))
	})
	e.uvarint(uint64(d.amounts.n))
	d.amounts.each(func(a *amount) {
		e.u32(uint32(a.event))
		e.varint(int64(a.money))
	})
	if e.err == nil {
		e.err = e.w.Flush()
	}
	return e.n, e.err
}

func (d *Day) writeHead(e *encoder) {
	e.uvarint(Version)
	e.varint(int64(d.day))
	e.text(d.zone.String())
	e.uvarint(uint64(d.limits.Values), uint64(d.limits.Visits), uint64(d.epoch), uint64(d.changed))
	e.varint(int64(d.lastSeen))
	e.uvarint(pack(d.capped, d.dirty, d.meta.Lossy, d.meta.Linked), uint64(d.meta.Closes))
	e.uvarint(uint64(len(d.refusals)))
	for reason, n := range d.refusals {
		e.text(reason)
		e.varint(*n)
	}
	defs := d.Definitions()
	text := AppendDefinitions(nil, &defs)
	e.uvarint(uint64(len(text)))
	e.raw(text)
	e.counts(&d.baseTotal)
	for i := range d.baseHour {
		e.counts(&d.baseHour[i])
	}
	for _, dim := range counted {
		if d.dicts[dim] == nil {
			e.uvarint(0)
		} else {
			e.uvarint(uint64(len(d.dicts[dim].values)))
			for _, v := range d.dicts[dim].values {
				e.text(v)
			}
		}
		e.uvarint(uint64(len(d.base[dim])))
		for i := range d.base[dim] {
			e.counts(&d.base[dim][i])
		}
	}
}

func pack(bits ...bool) (packed uint64) {
	for i, b := range bits {
		if b {
			packed |= 1 << i
		}
	}
	return packed
}

// ReadAhead is how far ReadDay may read ahead, unless it is given a bufio.Reader
// of at least this size.
const ReadAhead = 1 << 16

// ReadDay reads what WriteTo wrote and counts it anew. The error wraps
// ErrSnapshot, or is the reader's.
func ReadDay(r io.Reader) (*Day, error) {
	dec := &decoder{r: bufio.NewReaderSize(r, ReadAhead)}
	dec.version = dec.uvarint()
	if dec.err == nil && (dec.version < 1 || dec.version > Version) {
		return nil, fmt.Errorf("%w: version %d, want 1 to %d", ErrSnapshot, dec.version, Version)
	}
	d := dec.head()
	if dec.err != nil {
		return nil, dec.failure("head")
	}
	dec.records(d)
	if dec.err != nil {
		return nil, dec.failure("records")
	}
	if err := d.valid(); err != nil {
		return nil, err
	}
	d.recount()
	return d, nil
}

// recount makes index and counters from the records.
func (d *Day) recount() {
	size := 1024
	for size < 2*(d.visitors.len()+1) {
		size *= 2
	}
	d.reindex(size)
	d.total, d.hour = d.baseTotal, d.baseHour
	d.sumAmounts()
	for _, dim := range counted {
		d.cells[dim] = nil
		d.grow(dim)
		for v := range d.base[dim] {
			d.cells[dim][v].Counts = d.base[dim][v]
		}
	}
	for i := range d.visits.len() {
		d.retally(d.visits.mut(uint32(i)))
	}
	for i := range d.visitors.len() {
		d.weigh(ref(i+1), 1, everything)
	}
}

func (dec *decoder) head() *Day {
	day := aggregate.Day(dec.varint())
	zone, err := time.LoadLocation(dec.text())
	if err != nil {
		dec.fail(err)
		return nil
	}
	d := NewDay(day, zone, Limits{Values: int(dec.uvarint()), Visits: int(dec.uvarint())})
	d.epoch, d.changed = uint32(dec.uvarint()), int(dec.uvarint())
	d.lastSeen = int32(dec.varint())
	flags := dec.uvarint()
	d.capped, d.dirty = flags&1 != 0, flags&2 != 0
	d.meta.Lossy, d.meta.Linked = flags&4 != 0, flags&8 != 0
	d.meta.Closes = uint32(dec.uvarint())
	for n := dec.count(1 << 16); n > 0; n-- {
		reason := dec.text()
		d.refusals.add(reason, dec.varint())
	}
	dims, defs := countedIn1, (*aggregate.Definitions)(nil)
	if dec.version > 1 {
		dims, defs = counted, dec.definitions()
	}
	dec.counts(&d.baseTotal)
	for i := range d.baseHour {
		dec.counts(&d.baseHour[i])
	}
	for _, dim := range dims {
		for n := dec.count(1 << 16); n > 0; n-- {
			s := dec.text()
			if d.dicts[dim] == nil {
				dec.fail(errors.New("a dictionary where there is none"))
				return nil
			}
			d.dicts[dim].number(s)
		}
		n := dec.count(1 << 16)
		for i := 0; i < n; i++ {
			var c aggregate.Counts
			dec.counts(&c)
			d.base[dim] = append(d.base[dim], c)
		}
	}
	if dec.err == nil {
		d.compile(defs)
	}
	return d
}

func (dec *decoder) definitions() *aggregate.Definitions {
	text := make([]byte, dec.count(maxDefinitions))
	dec.raw(text)
	if dec.err != nil {
		return nil
	}
	defs, err := ReadDefinitions(text)
	if err != nil {
		dec.fail(err)
	}
	return defs
}

func (dec *decoder) records(d *Day) {
	for n := dec.uvarint(); n > 0 && dec.err == nil; n-- {
		v := d.visitors.mut(d.visitors.add())
		dec.raw(v.id[:])
		v.latest, v.crossing, v.epoch = ref(dec.u32()), ref(dec.u32()), dec.u32()
	}
	for n := dec.uvarint(); n > 0 && dec.err == nil; n-- {
		v := d.visits.mut(d.visits.add())
		for _, f := range []*ref{&v.visitor, &v.earlier, &v.first, &v.last, &v.prior, &v.peer} {
			*f = ref(dec.u32())
		}
		v.start, v.end, v.seen, v.laterViews = int32(dec.u32()), int32(dec.u32()), int32(dec.u32()), dec.u32()
		if dec.version > 1 {
			v.reached = ref(dec.u32())
		}
		v.records, v.flags = dec.u16(), flag(dec.u16())
		for i := range v.facts {
			v.facts[i] = value(dec.u16())
		}
	}
	for n := dec.uvarint(); n > 0 && dec.err == nil; n-- {
		ev := d.events.mut(d.events.add())
		ev.next, ev.at, ev.n, ev.extra = ref(dec.u32()), dec.u32(), dec.u32(), ref(dec.u32())
		ev.page, ev.host, ev.name = value(dec.u16()), value(dec.u16()), value(dec.u16())
		ev.what, ev.depth = happening(dec.byte()), dec.byte()
	}
	for n := dec.uvarint(); n > 0 && dec.err == nil; n-- {
		x := d.extras.mut(d.extras.add())
		x.next, x.dim, x.val = ref(dec.u32()), aggregate.Dimension(dec.byte()), value(dec.u16())
	}
	if dec.version == 1 {
		return
	}
	for n := dec.uvarint(); n > 0 && dec.err == nil; n-- {
		a := d.amounts.mut(d.amounts.add())
		a.event, a.money = ref(dec.u32()), aggregate.Money(dec.varint())
	}
}

// valid reports references and numbers that lead nowhere.
func (d *Day) valid() error {
	bad := func(what string, i int) error { return fmt.Errorf("%w: %s %d", ErrSnapshot, what, i) }
	in := func(n int, refs ...ref) bool {
		for _, r := range refs {
			if int(r) > n {
				return false
			}
		}
		return true
	}
	known := func(dim aggregate.Dimension, v value) bool { return int(v) < len(d.dicts[dictOf(dim)].values) }
	for i := range d.visitors.len() {
		if v := d.visitors.at(uint32(i)); !in(d.visits.len(), v.latest, v.crossing) {
			return bad("visitor", i)
		}
	}
	for i := range d.visits.len() {
		v := d.visits.at(uint32(i))
		ok := in(d.visitors.len(), v.visitor) && in(d.visits.len(), v.earlier) && in(d.events.len(), v.first, v.last, v.prior)
		for dim := aggregate.FirstVisitFact; dim <= aggregate.LastVisitFact; dim++ {
			ok = ok && known(dim, v.facts[dim])
		}
		ok = ok && in(d.extras.len(), v.reached)
		if !ok || v.flags&crossing == 0 && (v.start < 0 || int64(v.start) >= d.end-d.start) {
			return bad("visit", i)
		}
	}
	for i := range d.events.len() {
		ev := d.events.at(uint32(i))
		if !in(d.events.len(), ev.next) || !in(d.extras.len(), ev.extra) || !known(aggregate.Page, ev.page) ||
			!known(aggregate.Hostname, ev.host) || !known(aggregate.EventName, ev.name) || ev.depth > 101 {
			return bad("event", i)
		}
	}
	for i := range d.extras.len() {
		x := d.extras.at(uint32(i))
		if int(x.next) > i || !isExtra(x.dim) || !known(x.dim, x.val) {
			return bad("extra", i)
		}
	}
	if err := d.validAmounts(bad); err != nil {
		return err
	}
	for _, dim := range counted {
		if len(d.base[dim]) > len(d.dicts[dictOf(dim)].values) {
			return bad("starting row of dimension", int(dim))
		}
	}
	return nil
}

// isExtra reports whether extras may be of the dimension.
func isExtra(d aggregate.Dimension) bool {
	return d >= aggregate.Outbound && d <= aggregate.Property || defined(d) || d == aggregate.SearchTerm
}

// validAmounts proves that amounts are in the order of their events, and that
// every event that is said to have one has one.
func (d *Day) validAmounts(bad func(what string, i int) error) error {
	before, sum := ref(0), aggregate.Money(0)
	for i := range d.amounts.len() {
		a := d.amounts.at(uint32(i))
		if a.event <= before || int(a.event) > d.events.len() || a.money < 0 || a.money > aggregate.MaxRevenue-sum {
			return bad("amount", i)
		}
		before, sum = a.event, sum+a.money
	}
	for i := range d.events.len() {
		ev := d.events.at(uint32(i))
		if ev.what != acted && ev.what != reported || ev.depth == 0 {
			continue
		}
		if at := d.amountOf(ref(i + 1)); ev.depth != paid || at == d.amounts.len() || d.amounts.at(uint32(at)).event != ref(i+1) {
			return bad("amount of event", i)
		}
	}
	return nil
}
