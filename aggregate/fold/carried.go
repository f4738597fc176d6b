package fold

import "footfall/aggregate"

// A visit across midnight gives its day before and its day after some of the
// same values. What it gives the second time is noted in the carried columns, so
// that a range over both days counts it once.

// fact is one value of one dimension.
type fact struct {
	dim aggregate.Dimension
	val value
}

// before is what the visit's part of the day before gave one value.
type before struct {
	active  bool
	engaged bool
	depth   uint8
}

func (b *before) note(ev *event) {
	if ev.what != engaged {
		b.active = true
		return
	}
	b.engaged = b.engaged || ev.n > 0
	b.depth = max(b.depth, ev.depth)
}

// priorFacts gathers the event facts of the day before. Crossing visits are rare
// and short, so a map per call is affordable.
func (d *Day) priorFacts(v *visit) map[fact]before {
	facts := map[fact]before{}
	note := func(f fact, ev *event) {
		b := facts[f]
		b.note(ev)
		facts[f] = b
	}
	for e := v.prior; e != 0; {
		ev := d.event(e)
		e = ev.next
		note(fact{aggregate.Page, ev.page}, ev)
		note(fact{aggregate.Hostname, ev.host}, ev)
		if ev.what != engaged {
			note(fact{aggregate.EventName, ev.name}, ev)
		}
		for x := ev.extra; x != 0; x = d.extra(x).next {
			if f := (fact{d.extra(x).dim, d.extra(x).val}); f.dim != aggregate.Reached {
				b := facts[f]
				b.active = true // an engagement with extras has reached a goal
				facts[f] = b
			}
		}
	}
	return facts
}

// weighCarried notes, right after the crossing visit was given to the cells of
// its event facts, which of them it had given the day before.
func (d *Day) weighCarried(v *visit, sign int64, dims dimSet) {
	for f, b := range d.priorFacts(v) {
		if !dims.has(f.dim) {
			continue
		}
		c := &d.cells[f.dim][f.val]
		if b.active && c.visit == d.visitPass {
			c.Counts[aggregate.CarriedVisits] += sign
		}
		if b.engaged && c.engaged == d.visitPass {
			c.Counts[aggregate.CarriedEngagedVisits] += sign
		}
		if b.depth > 0 && c.scroll == d.visitPass {
			c.Counts[aggregate.CarriedScrollVisits] += sign
			c.Counts[aggregate.CarriedScroll] += sign * int64(min(b.depth, c.depth)-1)
		}
	}
}

// weighCarriedVisitor notes, after all visits of the visitor were given, which
// values his crossing visit had given him the day before.
func (d *Day) weighCarriedVisitor(v *visit, sign int64, dims dimSet) {
	for dim := aggregate.FirstVisitFact; dim <= aggregate.LastVisitFact; dim++ {
		if c := &d.cells[dim][v.facts[dim]]; dims.has(dim) && c.visitor == d.pass {
			c.Counts[aggregate.CarriedVisitors] += sign
		}
	}
	if dims.has(aggregate.Reached) {
		d.eachReached(v, func(step value) {
			if c := &d.cells[aggregate.Reached][step]; c.visitor == d.pass {
				c.Counts[aggregate.CarriedVisitors] += sign
			}
		})
	}
	for f, b := range d.priorFacts(v) {
		if c := &d.cells[f.dim][f.val]; dims.has(f.dim) && b.active && c.visitor == d.pass {
			c.Counts[aggregate.CarriedVisitors] += sign
		}
	}
}
