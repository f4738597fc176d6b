package fold

import "footfall/aggregate"

// tally is a counter row while records are walked, with marks like a cell's that
// tell what the visitor and the visit at hand have given already.
type tally struct {
	aggregate.Counts
	visitor uint32
	visit   uint32
	start   uint32
	engaged uint32
	scroll  uint32
	depth   uint8
}

// walk numbers visitors and visits on their way through the records, and gives
// their events to tallies.
type walk struct {
	visitor, visit uint32
	byPage         bool // tallies depend on the page: a visit starts on its entry page only
	byHost         bool // likewise for the host
	goals          bool // tallies are of goals: an engagement among their events is one that reached one
}

// eachVisit calls visit for all visits, visitor by visitor. A crossing visit is
// its visitor's last one, and carried is called right after it, while the marks
// still tell what it gave.
func (k *walk) eachVisit(d *Day, visit, carried func(*visit)) {
	for i := range d.visitors.len() {
		k.visitor++
		who := d.visitors.at(uint32(i))
		for r := who.latest; r != 0; r = d.visit(r).earlier {
			if r != who.crossing {
				k.visit++
				visit(d.visit(r))
			}
		}
		if who.crossing != 0 {
			k.visit++
			visit(d.visit(who.crossing))
			carried(d.visit(who.crossing))
		}
	}
}

// giveVisit adds a whole visit, where only facts of visits matter.
func (k *walk) giveVisit(t *tally, w *visitWeight) {
	t.Counts.Add(&w.counts)
	if w.counts[aggregate.Visits] > 0 {
		t.visit = k.visit
		k.countVisitor(t)
	}
}

func (k *walk) countVisitor(t *tally) {
	if t.visitor != k.visitor {
		t.visitor = k.visitor
		t.Counts[aggregate.Visitors]++
	}
}

// entered reports whether a tally that holds ev may have its visit's start: the
// visit began on this day, and entered by the event's page and host where these
// matter.
func (k *walk) entered(v *visit, ev *event, w *visitWeight) bool {
	return v.flags&crossing == 0 && w.entry != nil &&
		(!k.byPage || ev.page == w.entry.page) &&
		(!k.byHost || ev.host == w.entry.host)
}

// give adds one event. start says that the tally may have the visit's start.
func (k *walk) give(t *tally, ev *event, start bool, w *visitWeight) {
	c := &t.Counts
	switch {
	case ev.what == engaged && !k.goals:
		k.giveEngagement(t, ev)
		return
	case ev.what != engaged:
		c[aggregate.Events] += int64(ev.n)
	}
	if ev.what == viewed {
		c[aggregate.Pageviews] += int64(ev.n)
	} else if ev.what != engaged && ev.depth == paid {
		c[aggregate.Revenue] += w.money
		c[aggregate.Paid] += int64(ev.n)
	}
	if t.visit != k.visit {
		t.visit = k.visit
		c[aggregate.Visits]++
	}
	k.countVisitor(t)
	if start && t.start != k.visit {
		t.start = k.visit
		for _, col := range startPart {
			c[col] += w.counts[col]
		}
	}
}

func (k *walk) giveEngagement(t *tally, ev *event) {
	c := &t.Counts
	c[aggregate.Engaged] += int64(ev.n)
	if ev.n > 0 && t.engaged != k.visit {
		t.engaged = k.visit
		c[aggregate.EngagedVisits]++
	}
	if ev.depth == 0 {
		return
	}
	if t.scroll != k.visit {
		t.scroll, t.depth = k.visit, ev.depth
		c[aggregate.ScrollVisits]++
		c[aggregate.Scroll] += int64(ev.depth - 1)
	} else if ev.depth > t.depth {
		c[aggregate.Scroll] += int64(ev.depth - t.depth)
		t.depth = ev.depth
	}
}

// giveCarried notes what the crossing visit, just given, had given the same row
// on the day before.
func (k *walk) giveCarried(t *tally, b before) {
	c := &t.Counts
	if b.active && t.visit == k.visit {
		c[aggregate.CarriedVisits]++
	}
	if b.active {
		k.giveCarriedVisitor(t)
	}
	if b.engaged && t.engaged == k.visit {
		c[aggregate.CarriedEngagedVisits]++
	}
	if b.depth > 0 && t.scroll == k.visit {
		c[aggregate.CarriedScrollVisits]++
		c[aggregate.CarriedScroll] += int64(min(b.depth, t.depth) - 1)
	}
}

func (k *walk) giveCarriedVisitor(t *tally) {
	if t.visitor == k.visitor {
		t.Counts[aggregate.CarriedVisitors]++
	}
}
