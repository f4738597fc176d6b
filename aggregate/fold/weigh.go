package fold

import "footfall/aggregate"

// dimSet says which counters weigh concerns: a bit per dimension, bit 0 for
// totals and hours.
type dimSet uint32

const everything dimSet = 1<<aggregate.Dimensions - 1

func (s dimSet) has(d aggregate.Dimension) bool { return s&(1<<d) != 0 }

// weigh adds what a visitor gives to the counters (sign 1), or takes it back
// (sign -1).
func (d *Day) weigh(r ref, sign int64, dims dimSet) {
	d.nextPass()
	who := d.visitor(r)
	active := false
	var hours uint32
	for s := who.latest; s != 0; s = d.visit(s).earlier {
		w := d.weighVisit(s, sign, dims)
		active = active || w.counts[aggregate.Visits] > 0
		hours |= w.hours
	}
	if active && dims.has(aggregate.None) {
		d.total[aggregate.Visitors] += sign
		if who.crossing != 0 {
			d.total[aggregate.CarriedVisitors] += sign
		}
		for h := range d.hour {
			if hours&(1<<h) != 0 {
				d.hour[h][aggregate.Visitors] += sign
			}
		}
	}
	if who.crossing != 0 { // without activity, too: an engagement may have reached a goal again
		d.weighCarriedVisitor(d.visit(who.crossing), sign, dims)
	}
}

// nextPass numbers this walk; before the numbers run out, all marks are cleared.
func (d *Day) nextPass() {
	if d.visitPass >= 1<<31 {
		d.pass, d.visitPass = 0, 0
		for _, cells := range d.cells {
			for i := range cells {
				c := &cells[i]
				c.visitor, c.visit, c.engaged, c.scroll = 0, 0, 0, 0
			}
		}
	}
	d.pass++
}

// visitWeight is what one visit gives this day.
type visitWeight struct {
	counts aggregate.Counts
	used   int    // columns from here on are zero
	hours  uint32 // bit per local hour in which it was active itself
	entry  *event // the event whose page and host it entered by; nil when inactive
	// money is what the event at hand brought, while events are walked.
	money int64
}

// weighVisit gives one visit to all its cells.
func (d *Day) weighVisit(r ref, sign int64, dims dimSet) visitWeight {
	d.visitPass++
	v := d.visit(r)
	w := d.sum(v)
	if dims.has(aggregate.None) {
		addSigned(&d.total, &w, sign)
		d.weighHours(v, &w, sign)
	}
	active := w.counts[aggregate.Visits] > 0
	for dim := aggregate.FirstVisitFact; dim <= aggregate.LastVisitFact; dim++ {
		if !dims.has(dim) {
			continue
		}
		c := &d.cells[dim][v.facts[dim]]
		addSigned(&c.Counts, &w, sign)
		if active && c.visitor != d.pass {
			c.visitor = d.pass
			c.Counts[aggregate.Visitors] += sign
		}
	}
	if v.reached != 0 && dims.has(aggregate.Reached) {
		d.weighReached(v, &w, sign)
	}
	for e := v.first; e != 0; {
		ev := d.event(e)
		w.money = int64(d.money(e, ev))
		d.weighEvent(ev, &w, sign, dims)
		e = ev.next
	}
	if v.prior != 0 {
		d.weighCarried(v, sign, dims)
	}
	return w
}

// weighReached gives a visit to the cells of the steps that it has reached.
func (d *Day) weighReached(v *visit, w *visitWeight, sign int64) {
	d.eachReached(v, func(step value) {
		c := &d.cells[aggregate.Reached][step]
		addSigned(&c.Counts, w, sign)
		if w.counts[aggregate.Visits] > 0 && c.visitor != d.pass {
			c.visitor = d.pass
			c.Counts[aggregate.Visitors] += sign
		}
	})
}

// addSigned adds a visit's row to a cell, or takes it off. Most rows end before
// the engagement columns, and this is the fold's innermost loop.
func addSigned(to *aggregate.Counts, w *visitWeight, sign int64) {
	n := min(w.used, len(to))
	for i, c := range w.counts[:n] {
		to[i] += sign * c
	}
}

// sum is a visit's own row: what it gives to every cell of a visit fact.
func (d *Day) sum(v *visit) visitWeight {
	var w visitWeight
	c := &w.counts
	interactive := false
	depth, engagedHere := uint8(0), false
	for e := v.first; e != 0; {
		ev := d.event(e)
		if ev.what == engaged {
			e = ev.next
			c[aggregate.Engaged] += int64(ev.n)
			engagedHere = engagedHere || ev.n > 0
			depth = max(depth, ev.depth)
			continue
		}
		if ev.depth == paid {
			c[aggregate.Revenue] += int64(d.money(e, ev))
			c[aggregate.Paid] += int64(ev.n)
		}
		e = ev.next
		c[aggregate.Events] += int64(ev.n)
		w.hours |= 1 << d.hourAt(ev.at)
		if ev.what == viewed {
			c[aggregate.Pageviews] += int64(ev.n)
		}
		interactive = interactive || ev.what == acted
		if w.entry == nil || (ev.what == viewed && w.entry.what != viewed) {
			w.entry = ev
		}
	}
	if engagedHere {
		c[aggregate.EngagedVisits] = 1
	}
	if depth > 0 {
		c[aggregate.ScrollVisits] = 1
		c[aggregate.Scroll] = int64(depth) - 1
	}
	if c[aggregate.Events] > 0 {
		c[aggregate.Visits] = 1
	}
	w.used = int(aggregate.Engaged)
	if engagedHere || depth > 0 {
		w.used = int(aggregate.CarriedVisitors)
	}
	if c[aggregate.Paid] > 0 {
		w.used = aggregate.Columns
	}
	if v.flags&crossing == 0 {
		c[aggregate.Starts] = 1
		c[aggregate.Duration] = int64(v.end) - int64(v.start)
		c[aggregate.StartViews] = c[aggregate.Pageviews] + int64(v.laterViews)
		if c[aggregate.StartViews] == 1 && !interactive && v.flags&laterInteractive == 0 {
			c[aggregate.Bounces] = 1
		}
		return w
	}
	w.used = aggregate.Columns
	d.sumCarried(v, c, depth)
	return w
}

// sumCarried fills the carried columns of a crossing visit.
func (d *Day) sumCarried(v *visit, c *aggregate.Counts, depth uint8) {
	c[aggregate.CarriedVisits] = c[aggregate.Visits]
	priorDepth, priorEngaged := uint8(0), false
	for e := v.prior; e != 0; e = d.event(e).next {
		ev := d.event(e)
		if ev.what == engaged {
			priorDepth = max(priorDepth, ev.depth)
			priorEngaged = priorEngaged || ev.n > 0
		}
	}
	if priorEngaged {
		c[aggregate.CarriedEngagedVisits] = c[aggregate.EngagedVisits]
	}
	if priorDepth > 0 && depth > 0 {
		c[aggregate.CarriedScrollVisits] = 1
		c[aggregate.CarriedScroll] = int64(min(priorDepth, depth)) - 1
	}
}

// startPart are the columns that belong to where a visit started.
var startPart = [...]aggregate.Column{aggregate.Starts, aggregate.Bounces, aggregate.Duration, aggregate.StartViews}

// weighEvent gives one event to the cells of its facts.
func (d *Day) weighEvent(ev *event, w *visitWeight, sign int64, dims dimSet) {
	entered := w.entry != nil && ev.page == w.entry.page
	if dims.has(aggregate.Page) {
		d.weighFact(&d.cells[aggregate.Page][ev.page], ev, w, entered, sign)
	}
	entered = w.entry != nil && ev.host == w.entry.host
	if dims.has(aggregate.Hostname) {
		d.weighFact(&d.cells[aggregate.Hostname][ev.host], ev, w, entered, sign)
	}
	if ev.what == engaged {
		if ev.extra != 0 && dims.has(aggregate.Conversion) {
			d.weighScrolled(ev, w, sign)
		}
		return
	}
	if dims.has(aggregate.EventName) {
		d.weighFact(&d.cells[aggregate.EventName][ev.name], ev, w, true, sign)
	}
	for x := ev.extra; x != 0; x = d.extra(x).next {
		if f := d.extra(x); dims.has(f.dim) && f.dim != aggregate.Reached { // of which the visit has its own list
			d.weighFact(&d.cells[f.dim][f.val], ev, w, true, sign)
		}
	}
}

// weighScrolled gives a visit to the goals that an engagement has reached: one of
// scrolling has no events.
func (d *Day) weighScrolled(ev *event, w *visitWeight, sign int64) {
	for x := ev.extra; x != 0; x = d.extra(x).next {
		if f := d.extra(x); f.dim == aggregate.Conversion {
			d.weighVisitOnce(&d.cells[f.dim][f.val], w, true, sign)
		}
	}
}

// weighFact gives one event to one cell. entered says that the cell may have the
// visit's start.
func (d *Day) weighFact(c *cell, ev *event, w *visitWeight, entered bool, sign int64) {
	if ev.what == engaged {
		d.weighEngagement(c, ev, sign)
		return
	}
	c.Counts[aggregate.Events] += sign * int64(ev.n)
	if ev.what == viewed {
		c.Counts[aggregate.Pageviews] += sign * int64(ev.n)
	}
	if ev.depth == paid {
		c.Counts[aggregate.Revenue] += sign * w.money
		c.Counts[aggregate.Paid] += sign * int64(ev.n)
	}
	d.weighVisitOnce(c, w, entered, sign)
}

// weighVisitOnce gives the visit and its visitor to a cell that lacks them.
func (d *Day) weighVisitOnce(c *cell, w *visitWeight, entered bool, sign int64) {
	if c.visit != d.visitPass {
		c.visit = d.visitPass
		c.Counts[aggregate.Visits] += sign
		if entered {
			for _, col := range startPart {
				c.Counts[col] += sign * w.counts[col]
			}
		}
	}
	if c.visitor != d.pass {
		c.visitor = d.pass
		c.Counts[aggregate.Visitors] += sign
	}
}

func (d *Day) weighEngagement(c *cell, ev *event, sign int64) {
	c.Counts[aggregate.Engaged] += sign * int64(ev.n)
	if ev.n > 0 && c.engaged != d.visitPass {
		c.engaged = d.visitPass
		c.Counts[aggregate.EngagedVisits] += sign
	}
	if ev.depth == 0 {
		return
	}
	if c.scroll != d.visitPass {
		c.scroll, c.depth = d.visitPass, ev.depth
		c.Counts[aggregate.ScrollVisits] += sign
		c.Counts[aggregate.Scroll] += sign * int64(ev.depth-1)
	} else if ev.depth > c.depth {
		c.Counts[aggregate.Scroll] += sign * int64(ev.depth-c.depth)
		c.depth = ev.depth
	}
}

// weighHours gives a visit to the hour totals. A visit counts in each hour from
// its first activity to its last, those of the neighbouring day included.
func (d *Day) weighHours(v *visit, w *visitWeight, sign int64) {
	var seen [24]bool
	var depth [24]uint8
	for e := v.first; e != 0; {
		ev, own := d.event(e), e
		e = ev.next
		h := d.hourAt(ev.at)
		row := &d.hour[h]
		if ev.what == engaged {
			row[aggregate.Engaged] += sign * int64(ev.n)
			if ev.n > 0 && !seen[h] {
				seen[h] = true
				row[aggregate.EngagedVisits] += sign
			}
			depth[h] = max(depth[h], ev.depth)
			continue
		}
		row[aggregate.Events] += sign * int64(ev.n)
		if ev.what == viewed {
			row[aggregate.Pageviews] += sign * int64(ev.n)
		}
		if ev.depth == paid {
			row[aggregate.Revenue] += sign * int64(d.money(own, ev))
			row[aggregate.Paid] += sign * int64(ev.n)
		}
	}
	for h, deepest := range depth {
		if deepest > 0 {
			d.hour[h][aggregate.ScrollVisits] += sign
			d.hour[h][aggregate.Scroll] += sign * int64(deepest-1)
		}
	}
	if v.flags&crossing == 0 {
		row := &d.hour[d.hourAt(uint32(v.start))]
		for _, col := range startPart {
			row[col] += sign * w.counts[col]
		}
	}
	if w.hours != 0 {
		d.weighHourVisits(v, w.hours, sign)
	}
}

func (d *Day) weighHourVisits(v *visit, hours uint32, sign int64) {
	first, last := 0, 23
	for hours&(1<<first) == 0 {
		first++
	}
	for hours&(1<<last) == 0 {
		last--
	}
	if v.flags&crossing != 0 {
		first = 0
	}
	if v.flags&laterActive != 0 {
		last = 23
	}
	for h := first; h <= last; h++ {
		d.hour[h][aggregate.Visits] += sign
		if h > first || v.flags&crossing != 0 {
			d.hour[h][aggregate.CarriedVisits] += sign
		}
	}
}
