package fold

import "footfall/aggregate"

// linker counts the links between two dimensions.
type linker struct {
	walk
	a, b  aggregate.Dimension
	slots []uint32 // open addressing by key: row number plus one
	keys  []uint32
	tally []tally
}

func newLinker(a, b aggregate.Dimension) *linker {
	l := &linker{a: a, b: b, slots: make([]uint32, 256)}
	l.byPage = a == aggregate.Page || b == aggregate.Page
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
	for e := v.first; e != 0; {
		ev := d.event(e)
		e = ev.next
		start := l.entered(v, ev, w)
		d.eachLink(l, v, ev, func(t *tally) { l.give(t, ev, start, w) })
	}
}

// eachLink calls fn for each link that an event makes. The second dimension is
// one of the event; pages come first, then names, then properties.
func (d *Day) eachLink(l *linker, v *visit, ev *event, fn func(*tally)) {
	if l.a.OfVisit() && l.b == aggregate.Page {
		fn(l.at(v.facts[l.a], ev.page))
		return
	}
	if ev.what == engaged {
		return // it has no name and no properties
	}
	a := ev.page
	switch {
	case l.a.OfVisit():
		a = v.facts[l.a]
	case l.a == aggregate.EventName:
		a = ev.name
	}
	if l.b == aggregate.EventName {
		fn(l.at(a, ev.name))
		return
	}
	for x := ev.extra; x != 0; {
		f := d.extra(x)
		x = f.next
		if f.dim == l.b {
			fn(l.at(a, f.val))
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
	seen := map[*tally]before{}
	for e := v.prior; e != 0; {
		ev := d.event(e)
		e = ev.next
		d.eachLink(l, v, ev, func(*tally) {}) // make the rows first: a growing table moves them
	}
	for e := v.prior; e != 0; {
		ev := d.event(e)
		e = ev.next
		d.eachLink(l, v, ev, func(t *tally) {
			b := seen[t]
			b.note(ev)
			seen[t] = b
		})
	}
	for t, b := range seen {
		l.giveCarried(t, b)
	}
}
