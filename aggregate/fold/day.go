package fold

import (
	"encoding/binary"
	"time"

	"footfall/aggregate"
)

// Gap is the longest pause within a visit.
const Gap = 30 * time.Minute

const gapMillis = int32(Gap / time.Millisecond)

// Limits bound what a day may hold (P10).
type Limits struct {
	Values int // values kept per dimension when a block is made
	Visits int // visits in memory; a hit that would start one more is refused
}

// slack is how many times Limits.Values a dictionary may hold before the
// lightest are swept into (other): a value needs this head start to be found.
const slack = 4

// maxDict leaves room for the values of one hit below the largest number.
const maxDict = 65_000

// maxRecords is how many events of one visit are told apart; further ones are
// added to like ones of the same hour.
const maxRecords = 256

// Day is one site-local day in memory.
type Day struct {
	day        aggregate.Day
	zone       *time.Location
	start, end int64 // Unix milliseconds
	limits     Limits
	hours      []uint8 // local hour of each quarter of an hour

	visitors table[visitor]
	visits   table[visit]
	events   table[event]
	extras   table[extra]
	amounts  table[amount]
	index    []ref // open addressing over visitors, by the first bytes of the id

	dicts [aggregate.Dimensions]*dict
	cells [aggregate.Dimensions][]cell
	base  [aggregate.Dimensions][]aggregate.Counts // see Base
	total aggregate.Counts
	hour  [24]aggregate.Counts

	defs    *definitions    // nil: nothing is defined
	revenue aggregate.Money // all amounts of the day

	baseTotal aggregate.Counts
	baseHour  [24]aggregate.Counts
	refusals  reasons

	lastSeen int32 // latest visit.seen
	meta     aggregate.Meta
	capped   bool          // values were swept
	room     int           // at least so many new values fit into every dictionary
	loose    int           // events that no list holds any more
	stuck    map[ref]uint8 // see makeRecords
	closed   bool          // see Close

	epoch     uint32 // counts commits
	changed   int    // visitors that changed in this epoch
	dirty     bool   // anything changed in this epoch
	pass      uint32 // see cell
	visitPass uint32
}

// NewDay opens an empty day.
func NewDay(day aggregate.Day, zone *time.Location, limits Limits) *Day {
	d := &Day{day: day, zone: zone, limits: limits, epoch: 1, refusals: reasons{}}
	d.setBounds()
	for _, dim := range counted {
		if dictOf(dim) == dim {
			d.dicts[dim] = newDict(dim == aggregate.EventName)
		}
	}
	for _, dim := range counted {
		d.grow(dim)
	}
	d.index = make([]ref, 1024)
	return d
}

func (d *Day) setBounds() {
	start, end := d.day.Start(d.zone), d.day.End(d.zone)
	d.start, d.end = start.UnixMilli(), end.UnixMilli()
	d.hours = d.hours[:0]
	for t := start; t.Before(end); t = t.Add(15 * time.Minute) {
		d.hours = append(d.hours, uint8(t.Hour()))
	}
}

// Day is the date.
func (d *Day) Day() aggregate.Day { return d.day }

// Bounds are the first instant of the day and the first after it, in Unix
// milliseconds.
func (d *Day) Bounds() (start, end int64) { return d.start, d.end }

// Visits is the number of visits in memory.
func (d *Day) Visits() int { return d.visits.len() }

// Events is the number of pageviews and custom events of the day.
func (d *Day) Events() int64 { return d.total[aggregate.Events] }

// LastSeen is the latest event of the visits that started in the day, in Unix
// milliseconds; the day's start when there is none.
func (d *Day) LastSeen() int64 { return d.start + int64(d.lastSeen) }

// Meta is what the day's block of totals said of it when it was opened: Closes
// are those before, Lossy that it went on from stored counters.
func (d *Day) Meta() aggregate.Meta { return d.meta }

// Changed is the number of visitors that changed since the last Committed, and
// whether anything at all did.
func (d *Day) Changed() (visitors int, dirty bool) { return d.changed, d.dirty }

// Committed starts a new epoch: what is counted so far has been written.
func (d *Day) Committed() {
	d.epoch++
	d.changed = 0
	d.dirty = false
}

// hourAt is the local hour of a time of the day.
func (d *Day) hourAt(at uint32) uint8 {
	return d.hours[min(int(at/900_000), len(d.hours)-1)]
}

// grow gives every value of dim's dictionary a cell.
func (d *Day) grow(dim aggregate.Dimension) {
	n := len(d.dicts[dictOf(dim)].values)
	for len(d.cells[dim]) < n {
		d.cells[dim] = append(d.cells[dim], cell{})
	}
}

// number is the number of a value in dim's dictionary, with a cell for it.
func (d *Day) number(dim aggregate.Dimension, s string) value {
	n := d.dicts[dim].number(s)
	if int(n) >= len(d.cells[dim]) {
		d.room--
		d.grow(dim)
		if dim == aggregate.Page {
			d.grow(aggregate.EntryPage)
			d.grow(aggregate.ExitPage)
		}
	}
	return n
}

// text is the value behind a number.
func (d *Day) text(dim aggregate.Dimension, v value) string {
	return d.dicts[dictOf(dim)].values[v]
}

// find returns the visitor with this id, or 0.
func (d *Day) find(id *aggregate.Visitor) ref {
	mask := uint64(len(d.index) - 1)
	for i := binary.LittleEndian.Uint64(id[:]) & mask; ; i = (i + 1) & mask {
		r := d.index[i]
		if r == 0 || d.visitors.at(uint32(r-1)).id == *id {
			return r
		}
	}
}

// enter adds a visitor.
func (d *Day) enter(id aggregate.Visitor) ref {
	i := d.visitors.add()
	d.visitors.mut(i).id = id
	if (d.visitors.len()+1)*2 > len(d.index) {
		d.reindex(len(d.index) * 2)
	} else {
		d.indexVisitor(ref(i + 1))
	}
	return ref(i + 1)
}

func (d *Day) reindex(size int) {
	d.index = make([]ref, size)
	for i := range d.visitors.len() {
		d.indexVisitor(ref(i + 1))
	}
}

func (d *Day) indexVisitor(r ref) {
	id := &d.visitors.at(uint32(r - 1)).id
	mask := uint64(len(d.index) - 1)
	i := binary.LittleEndian.Uint64(id[:]) & mask
	for d.index[i] != 0 {
		i = (i + 1) & mask
	}
	d.index[i] = r
}

func (d *Day) visitor(r ref) *visitor    { return d.visitors.at(uint32(r - 1)) }
func (d *Day) mutVisitor(r ref) *visitor { return d.visitors.mut(uint32(r - 1)) }
func (d *Day) visit(r ref) *visit        { return d.visits.at(uint32(r - 1)) }
func (d *Day) mutVisit(r ref) *visit     { return d.visits.mut(uint32(r - 1)) }
func (d *Day) event(r ref) *event        { return d.events.at(uint32(r - 1)) }
func (d *Day) mutEvent(r ref) *event     { return d.events.mut(uint32(r - 1)) }
func (d *Day) extra(r ref) *extra        { return d.extras.at(uint32(r - 1)) }

// touch notes that a visitor changes in this epoch.
func (d *Day) touch(r ref) {
	d.dirty = true
	if v := d.mutVisitor(r); v.epoch != d.epoch {
		v.epoch = d.epoch
		d.changed++
	}
}
