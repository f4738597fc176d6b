package fold

import "footfall/aggregate"

// linker counts the links between two dimensions.
type linker struct {
	walk
	a, b aggregate.Dimension
	// before is the page viewed before the event at hand, while a visit's are walked.
	before value
	slots  []uint32 // open addressing by key: row number plus one
	keys   []uint32
	tally  []tally
}

func newLinker(a, b aggregate.Dimension) *linker {
	l := &linker{a: a, b: b, slots: make([]uint32, 256)}
	l.byPage = a == aggregate.Page || b == aggregate.Page
	l.goals = b == aggregate.Conversion
	return l
}

// at returns the tally of two values.
func (l *linker) at(a, b value) *tally {
	key := uint32(a)<<16 | uint32(b)
	mask := uint32(len(l.slots) - 1)
	i := key * 0x9E3779B1 >> 7 & mask
	for ; l.slots[i] != 0; i = (i + 1) & mask {
		if n := l.slots[i] - 1; l.keys[n] == key {
			return &l.tally[n]
		}
	}
	l.keys = append(l.keys, key)
	l.tally = append(l.tally, tally{})
	l.slots[i] = uint32(len(l.keys))
	if len(l.keys)*2 > len(l.slots) {
		l.rehash()
	}
	return &l.tally[len(l.tally)-1]
}

func (l *linker) rehash() {
	l.slots = make([]uint32, len(l.slots)*2)
	mask := uint32(len(l.slots) - 1)
	for n, key := range l.keys {
		i := key * 0x9E3779B1 >> 7 & mask
		for l.slots[i] != 0 {
			i = (i + 1) & mask
		}
		l.slots[i] = uint32(n + 1)
	}
}

// rows are the links as rows with both values spelled out.
func (l *linker) rows(d *Day) []aggregate.ScanRow {
	rows := make([]aggregate.ScanRow, 0, len(l.keys))
	for n, key := range l.keys {
		if c := &l.tally[n].Counts; !c.Zero() {
			values := []string{d.text(l.a, value(key>>16)), d.text(l.b, value(key))}
			rows = append(rows, aggregate.ScanRow{Values: values, Counts: *c})
		}
	}
	return rows
}

// linksOf counts the links of one dimension with each of its partners, in one walk.
func (d *Day) linksOf(a aggregate.Dimension, partners []aggregate.Dimension) []*linker {
	linkers := make([]*linker, len(partners))
	for i, b := range partners {
		linkers[i] = newLinker(a, b)
	}
	if len(linkers) == 0 {
		return nil
	}
	var k walk
	k.eachVisit(d, func(v *visit) {
		w := d.sum(v)
		for _, l := range linkers {
			l.visitor, l.visit = k.visitor, k.visit
			d.linkVisits(l, v, &w)
		}
	}, func(v *visit) {
		for _, l := range linkers {
			d.linkCarried(l, v)
		}
	})
	return linkers
}

// linkVisits gives one visit to a pair.
func (d *Day) linkVisits(l *linker, v *visit, w *visitWeight) {
	if l.b.OfVisit() {
		l.giveVisit(l.at(v.facts[l.a], v.facts[l.b]), w)
		return
	}
	if l.b == aggregate.Reached {
		d.eachReached(v, func(step value) { l.giveVisit(l.at(v.facts[l.a], step), w) })
		return
	}
	l.before = d.lastView(v.prior)
	for e := v.first; e != 0; {
		ev := d.event(e)
		w.money = int64(d.money(e, ev))
		e = ev.next
		start := l.entered(v, ev, w)
		if l.b == aggregate.PageBefore && ev.again() {
			first, more := ev.split()
			d.eachLink(l, v, first, func(t *tally) { l.give(t, first, start, w) })
			l.before, ev = ev.page, more
		}
		d.eachLink(l, v, ev, func(t *tally) { l.give(t, ev, start, w) })
		l.before = pageAfter(l.before, ev)
	}
}

// lastView is the page of the last pageview of a list, blank without one.
func (d *Day) lastView(list ref) (page value) {
	for e := list; e != 0; e = d.event(e).next {
		page = pageAfter(page, d.event(e))
	}
	return page
}

// pageAfter is the page viewed before the next event.
func pageAfter(before value, ev *event) value {
	if ev.what == viewed {
		return ev.page
	}
	return before
}

// eachLink calls fn for each link that an event makes. The second dimension is
// one of the event; pages come first, then names, properties and goals.
func (d *Day) eachLink(l *linker, v *visit, ev *event, fn func(*tally)) {
	switch {
	case l.b == aggregate.PageBefore:
		if ev.what == viewed {
			fn(l.at(ev.page, l.before))
		}
		return
	case l.a.OfVisit() && l.b == aggregate.Page:
		fn(l.at(v.facts[l.a], ev.page))
		return
	case ev.what == engaged && (l.b != aggregate.Conversion || ev.extra == 0):
		return // it has no name and no properties, and has reached no goal
	}
	a := ev.page
	switch {
	case l.a.OfVisit():
		a = v.facts[l.a]
	case l.a == aggregate.EventName:
		a = ev.name
	case l.a == aggregate.Property:
		d.eachExtra(ev, l.a, func(prop value) {
			d.eachExtra(ev, l.b, func(goal value) { fn(l.at(prop, goal)) })
		})
		return
	}
	if l.b == aggregate.EventName {
		fn(l.at(a, ev.name))
		return
	}
	d.eachExtra(ev, l.b, func(val value) { fn(l.at(a, val)) })
}

// eachExtra calls fn for the further facts of an event that are of a dimension.
func (d *Day) eachExtra(ev *event, dim aggregate.Dimension, fn func(value)) {
	for x := ev.extra; x != 0; {
		f := d.extra(x)
		x = f.next
		if f.dim == dim {
			fn(f.val)
		}
	}
}

// linkCarried notes what a crossing visit had given the pair on the day before.
func (d *Day) linkCarried(l *linker, v *visit) {
	if v.prior == 0 {
		return
	}
	if l.b.OfVisit() {
		l.giveCarriedVisitor(l.at(v.facts[l.a], v.facts[l.b]))
		return
	}
	if l.b == aggregate.Reached {
		d.eachReached(v, func(step value) { l.giveCarriedVisitor(l.at(v.facts[l.a], step)) })
		return
	}
	seen := map[*tally]before{}
	d.eachPriorLink(l, v, func(*tally, *event) {}) // make the rows first: a growing table moves them
	d.eachPriorLink(l, v, func(t *tally, ev *event) {
		b := seen[t]
		if b.note(ev); l.goals {
			b.active = true
		}
		seen[t] = b
	})
	for t, b := range seen {
		l.giveCarried(t, b)
	}
}

// eachPriorLink calls fn for the links that a crossing visit made on the day
// before.
func (d *Day) eachPriorLink(l *linker, v *visit, fn func(*tally, *event)) {
	l.before = blank
	for e := v.prior; e != 0; {
		ev := d.event(e)
		e = ev.next
		d.eachLink(l, v, ev, func(t *tally) { fn(t, ev) })
		if l.b == aggregate.PageBefore && ev.again() {
			l.before = ev.page
			d.eachLink(l, v, ev, func(t *tally) { fn(t, ev) })
		}
		l.before = pageAfter(l.before, ev)
	}
}
