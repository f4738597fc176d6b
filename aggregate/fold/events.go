package fold

import (
	"math"

	"footfall/aggregate"
)

// record adds an event to a visit's list, in order of time, or to a like event
// where the list may not grow.
func (d *Day) record(r ref, h *aggregate.Hit, at uint32) {
	page := d.number(aggregate.Page, h.Facts[aggregate.Page])
	host := d.number(aggregate.Hostname, h.Facts[aggregate.Hostname])
	name := d.number(aggregate.EventName, h.Facts[aggregate.EventName])
	ev := event{at: at, n: 1, page: page, host: host, name: name, what: happeningOf(h)}
	var few [8]fact
	marks := d.marksOf(few[:0], h)
	into := ref(0) // a like event, which takes this one in
	if ev.what == engaged {
		ev.name = nameEngagement
		ev.n = uint32(min(h.Engaged, math.MaxUint32))
		ev.depth = uint8(h.Scroll + 1)
		into = d.mergeEngagement(r, &ev)
	} else {
		if ev.what == viewed {
			ev.name = namePageview
		}
		if d.pays(h) {
			ev.depth = paid
		}
		if int(d.visit(r).records) >= maxRecords {
			into = d.mergeActivity(r, &ev, marks)
		}
	}
	if into == 0 {
		if int(d.visit(r).records) < maxRecords {
			ev.extra = d.extrasOf(h)
		}
		into = ref(d.events.add() + 1)
		*d.mutEvent(into) = ev
		d.link(r, into)
	}
	if ev.what != engaged && ev.depth == paid {
		d.addAmount(into, h.Revenue)
	}
	d.mark(into, marks)
}

func happeningOf(h *aggregate.Hit) happening {
	switch {
	case h.Kind == aggregate.Pageview:
		return viewed
	case h.Kind == aggregate.Engagement:
		return engaged
	case h.Interactive:
		return acted
	}
	return reported
}

// extrasOf keeps the facts of a hit that events rarely have.
func (d *Day) extrasOf(h *aggregate.Hit) (list ref) {
	keep := func(dim aggregate.Dimension, v value) { list = d.addExtra(list, fact{dim, v}) }
	for _, dim := range [...]aggregate.Dimension{aggregate.Outbound, aggregate.Download, aggregate.SearchTerm} {
		if s := h.Facts[dim]; s != "" {
			keep(dim, d.number(dim, s))
		}
	}
	for i, p := range h.Props {
		if !hasKey(h.Props[:i], p.Key) {
			keep(aggregate.Property, d.number(aggregate.Property, aggregate.Join(p.Key, p.Value)))
		}
	}
	return list
}

func hasKey(props []aggregate.Prop, key string) bool {
	for _, p := range props {
		if p.Key == key {
			return true
		}
	}
	return false
}

// link puts an event where its time belongs; equal times keep the order of
// arrival.
func (d *Day) link(r, e ref) {
	v := d.mutVisit(r)
	v.records = uint16(min(int(v.records)+1, math.MaxUint16))
	at := d.event(e).at
	switch {
	case v.last == 0:
		v.first, v.last = e, e
	case d.event(v.last).at <= at:
		d.mutEvent(v.last).next = e
		v.last = e
	case at < d.event(v.first).at:
		d.mutEvent(e).next = v.first
		v.first = e
	default:
		p := v.first
		for d.event(d.event(p).next).at <= at {
			p = d.event(p).next
		}
		d.mutEvent(e).next = d.event(p).next
		d.mutEvent(p).next = e
	}
}

// mergeEngagement adds an engagement to one of the same page and hour; in a full
// visit to any of the same page, and what a full visit brings anew to (other). It
// returns the one that took it in, or 0.
func (d *Day) mergeEngagement(r ref, ev *event) ref {
	v := d.visit(r)
	full := int(v.records) >= maxRecords
	for {
		for e := v.first; e != 0; e = d.event(e).next {
			o := d.event(e)
			if o.what == engaged && o.page == ev.page &&
				(full || o.host == ev.host && d.hourAt(o.at) == d.hourAt(ev.at)) {
				o = d.mutEvent(e)
				o.n = uint32(min(uint64(o.n)+uint64(ev.n), math.MaxUint32))
				o.depth = max(o.depth, ev.depth)
				return e
			}
		}
		if !full || ev.page == other {
			return 0
		}
		ev.page, ev.host = other, other
	}
}

// mergeActivity adds an activity of a full visit to a like one of the same hour and
// returns that; if there is none, and no room can be made, ev becomes one of the few
// that all the rest share.
func (d *Day) mergeActivity(r ref, ev *event, marks []fact) ref {
	for round := range 2 {
		for e := d.visit(r).first; e != 0; e = d.event(e).next {
			o := d.event(e)
			if o.what == ev.what && o.page == ev.page && o.host == ev.host && o.name == ev.name &&
				o.depth == ev.depth && d.onlyMarked(o.extra, marks) && d.hourAt(o.at) == d.hourAt(ev.at) {
				d.mutEvent(e).n++
				return e
			}
		}
		if round == 0 && d.makeRecords(r) {
			return 0
		}
		ev.page, ev.host = other, other
		if ev.what != viewed {
			ev.name = other
		}
	}
	return 0
}
