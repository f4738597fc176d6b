package fold

import (
	"math"
	"slices"

	"footfall/aggregate"
)

// Under a flood of made-up values a long visit consists mostly of events whose
// values were swept into (other). Each would take one of the few records that a
// visit has, until true pages found no room there, and be walked through with every
// further hit. So a sweep makes one record of like ones, and so does a visit that is
// full.

// longVisit is how many records a visit has before like ones are joined, and
// fewHeads how many of an hour others of its events can join.
const (
	longVisit = maxRecords / 4
	fewHeads  = 24
)

// joinAlike makes one record of like events within an hour of a long visit. No
// counter changes by that. What happened within the last half hour stays as it is,
// because it may be asked for by the minute.
func (d *Day) joinAlike() {
	for i := range d.visits.len() {
		if r := ref(i + 1); d.visit(r).records >= longVisit {
			d.joinEvents(r, d.lastSeen-gapMillis)
		}
	}
}

// joinEvents joins the like events of a visit that happened before a time.
func (d *Day) joinEvents(r ref, until int32) {
	var heads []ref // events that others of the hour can join
	var before ref
	joined, hour := 0, uint8(0)
	for e := d.visit(r).first; e != 0; {
		ev := d.event(e)
		if int32(ev.at) >= until {
			break
		}
		if h := d.hourAt(ev.at); h != hour {
			heads, hour = heads[:0], h
		}
		next, into := ev.next, d.alike(heads, ev)
		if into != 0 {
			to := d.mutEvent(into)
			to.n = uint32(min(uint64(to.n)+uint64(ev.n), math.MaxUint32))
			to.depth = max(to.depth, ev.depth)
			d.mutEvent(before).next = next
			joined++
			if e == d.visit(r).last {
				d.mutVisit(r).last = before
			}
		} else {
			heads, before = d.addHead(heads, e), e
		}
		e = next
	}
	d.mutVisit(r).records -= uint16(joined)
	d.loose += joined
}

// makeRecords joins the like events of a full visit, and reports whether it has room
// now. A visit in which there were none is left alone for some of its hits.
func (d *Day) makeRecords(r ref) bool {
	if n := d.stuck[r]; n > 0 {
		d.stuck[r] = n - 1
		return false
	}
	d.joinEvents(r, math.MaxInt32)
	if int(d.visit(r).records) < maxRecords {
		return true
	}
	if d.stuck == nil {
		d.stuck = map[ref]uint8{}
	}
	d.stuck[r] = longVisit
	return false
}

// addHead keeps the heads that a later event may join. A view joins the view before
// it only: the way through the pages and its ends are told by their order. So does
// every activity where a funnel is strict.
func (d *Day) addHead(heads []ref, e ref) []ref {
	what := d.event(e).what
	strict := d.defs != nil && d.defs.strict
	heads = slices.DeleteFunc(heads, func(o ref) bool {
		head := d.event(o).what
		return head == viewed && what == viewed || strict && head != engaged && what != engaged
	})
	if len(heads) == fewHeads {
		heads = slices.Delete(heads, 0, 1)
	}
	return append(heads, e)
}

// alike is the head that an event can join, or 0.
func (d *Day) alike(heads []ref, ev *event) ref {
	for _, e := range heads {
		o := d.event(e)
		if o.what == ev.what && o.page == ev.page && o.host == ev.host && o.name == ev.name &&
			(ev.what == engaged || o.depth == 0 && ev.depth == 0) && // amounts stay with their events
			d.sameExtras(o.extra, ev.extra) {
			return e
		}
	}
	return 0
}

// sameExtras reports whether two events have the same further facts, and none that is
// a step of a funnel: these count one by one.
func (d *Day) sameExtras(a, b ref) bool {
	for a != 0 && b != 0 {
		x, y := d.extra(a), d.extra(b)
		if x.dim != y.dim || x.val != y.val || x.dim == aggregate.Reached {
			return false
		}
		a, b = x.next, y.next
	}
	return a == b
}

// repackEvents leaves out the records that were joined to others, once they are a
// third of all. The events of a visit lie one after the other then.
func (d *Day) repackEvents() {
	if d.loose <= max(d.events.len()/3, chunkRecords) {
		return
	}
	old := *d
	d.events, d.extras, d.amounts = d.events.anew(), d.extras.anew(), d.amounts.anew()
	for i := range d.visits.len() {
		v := d.visits.mut(uint32(i))
		v.first, v.last = d.copyEvents(&old, v.first)
		v.prior, _ = d.copyEvents(&old, v.prior)
		v.reached = d.copyExtras(&old, v.reached)
	}
	d.loose = 0
}

// copyEvents takes over a list of events from the tables of old.
func (d *Day) copyEvents(old *Day, list ref) (first, last ref) {
	for e := list; e != 0; {
		ev := *old.event(e)
		money := old.money(e, &ev)
		e = ev.next
		ev.next, ev.extra = 0, d.copyExtras(old, ev.extra)
		to := ref(d.events.add() + 1)
		*d.mutEvent(to) = ev
		if ev.what != engaged && ev.depth == paid {
			d.addAmount(to, money)
		}
		if last == 0 {
			first = to
		} else {
			d.mutEvent(last).next = to
		}
		last = to
	}
	return first, last
}

func (d *Day) copyExtras(old *Day, list ref) ref {
	if list == 0 {
		return 0
	}
	x := old.extra(list)
	return d.addExtra(d.copyExtras(old, x.next), fact{x.dim, x.val})
}
