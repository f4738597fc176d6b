package ask

import (
	"slices"

	"footfall/aggregate"
)

// eater turns rows of blocks into cells.
type eater struct {
	p      *plan
	sides  []*side
	mixed  []*aggregate.Expr // conditions on both facts at once
	bit    map[*aggregate.Expr]uint64
	tuples map[uint64]int32 // of the groups of both sides

	number  int32 // of the stretch
	touched []int32
	rest    *rest
}

// side is what the query wants of one of its facts.
type side struct {
	e      *eater
	fact   *fact
	number int
	fields []int             // of plan.fields
	only   []*aggregate.Expr // conditions on this fact alone
	leaves []leaf
	// whole is the dimension that all conditions are on, where that is a coarser
	// one than the fact: its block knows what a cap cut from the finer one.
	whole aggregate.Dimension

	ids     map[string]uint32
	values  []valueInfo
	remap   []uint32
	groupOf map[string]uint32
	groups  [][]string // labels of this side's fields
	label   []func(value string) string
}

// valueInfo is what the query makes of a stored value.
type valueInfo struct {
	foreign bool // of another property
	lacks   bool // stands for the events without the property
	ok      bool // the conditions on this fact alone hold
	bits    uint64
	group   uint32
}

func newEater(p *plan) *eater {
	e := &eater{p: p, bit: map[*aggregate.Expr]uint64{}, tuples: map[uint64]int32{}}
	for i := range p.leaves {
		e.bit[p.leaves[i].expr] = 1 << i
	}
	for i := range p.facts {
		e.sides = append(e.sides, e.newSide(i))
	}
	for _, c := range conjuncts(p.expr) {
		used := make([]bool, len(p.facts))
		c.Leaves(func(l *aggregate.Expr) { used[p.leafOf(l).fact] = true })
		if len(used) == 2 && used[0] && used[1] {
			e.mixed = append(e.mixed, c)
			continue
		}
		s := e.sides[max(0, slices.Index(used, true))]
		s.only = append(s.only, c)
	}
	e.rest = newRest(e)
	return e
}

func (e *eater) newSide(i int) *side {
	s := &side{e: e, fact: &e.p.facts[i], number: i, ids: map[string]uint32{}, groupOf: map[string]uint32{}}
	for n, f := range e.p.fields {
		if factOf(e.p.facts, f) == i {
			s.fields = append(s.fields, n)
			s.label = append(s.label, labelOf(f))
		}
	}
	for _, l := range e.p.leaves {
		if l.fact == i {
			s.leaves = append(s.leaves, l)
		}
	}
	s.whole = s.fact.dim
	if len(s.leaves) > 0 {
		d := s.leaves[0].field.Dimension
		if !slices.ContainsFunc(s.leaves, func(l leaf) bool { return l.field.Dimension != d }) {
			s.whole = d
		}
	}
	return s
}

// learn numbers the values of a table's dictionary.
func (s *side) learn(dict []string) {
	s.remap = s.remap[:0]
	for _, v := range dict {
		id, ok := s.ids[v]
		if !ok {
			id = uint32(len(s.values))
			s.ids[v] = id
			s.values = append(s.values, s.study(v))
		}
		s.remap = append(s.remap, id)
	}
}

// study judges a stored value.
func (s *side) study(stored string) valueInfo {
	value := stored
	if s.fact.dim == aggregate.Property || s.fact.dim == aggregate.Reached {
		if aggregate.Part(stored, 0) != s.fact.key {
			return valueInfo{foreign: true}
		}
		value = aggregate.Part(stored, 1) // blank: the events that lack it
	}
	info, known := valueInfo{lacks: s.fact.dim == aggregate.Property && value == aggregate.Blank}, true
	for _, l := range s.leaves {
		part, ok := s.project(value, l.field.Dimension)
		known = known && ok
		if ok && l.expr.Match(part) {
			info.bits |= s.e.bit[l.expr]
		}
	}
	info.ok = known && s.holds(info.bits)
	if info.ok {
		info.group = s.group(value)
	}
	return info
}

// project is the part of a value that a field is about.
func (s *side) project(value string, d aggregate.Dimension) (string, bool) {
	if s.fact.dim == aggregate.Property || d == s.fact.dim {
		return value, true
	}
	return s.fact.dim.Project(value, d)
}

func (s *side) holds(bits uint64) bool {
	for _, c := range s.only {
		if !s.e.eval(c, bits) {
			return false
		}
	}
	return true
}

func (e *eater) eval(c *aggregate.Expr, bits uint64) bool {
	return c.Eval(func(l *aggregate.Expr) bool { return bits&e.bit[l] != 0 })
}

// group numbers the labels that a value has in this side's fields.
func (s *side) group(value string) uint32 {
	labels := make([]string, len(s.fields))
	key := ""
	for i, n := range s.fields {
		labels[i] = labelOther
		if part, ok := s.project(value, s.e.p.fields[n].Dimension); ok {
			labels[i] = s.label[i](part)
		}
		key += labels[i] + "\x00"
	}
	g, ok := s.groupOf[key]
	if !ok {
		g = uint32(len(s.groups))
		s.groupOf[key] = g
		s.groups = append(s.groups, labels)
	}
	return g
}

// tuple is the combination of labels of two groups.
func (e *eater) tuple(a, b uint32) int32 {
	k := uint64(a)<<32 | uint64(b)
	if t, ok := e.tuples[k]; ok {
		return t
	}
	labels := make([]string, len(e.p.fields))
	for i, g := range []uint32{a, b}[:len(e.sides)] {
		for n, field := range e.sides[i].fields {
			labels[field] = e.sides[i].groups[g][n]
		}
	}
	t := e.p.grid.tuple(labels)
	e.tuples[k] = t
	return t
}

// eat adds a stretch's table to a bucket.
func (e *eater) eat(bucket int32, s stretch, t *sums) error {
	p := e.p
	first, err := p.begins(bucket, s.first)
	if err != nil {
		return err
	}
	e.number++
	e.touched = e.touched[:0]
	p.notes.capped = p.notes.capped || t.capped
	p.notes.floor = max(p.notes.floor, t.floor)
	e.sides[0].learn(t.a)
	if len(e.sides) == 2 {
		e.sides[1].learn(t.b)
	}
	shown := e.rows(bucket, first, t)
	if len(e.sides) == 1 && p.facts[0].dim == aggregate.Property {
		if err := e.without(bucket, s, first, &shown.a); err != nil {
			return err
		}
	}
	if err := e.settle(bucket, s); err != nil {
		return err
	}
	return e.rest.stretch(bucket, s, first, t, &shown)
}

// shown adds up what a table gave: rows that satisfy all conditions, and those
// that satisfy the ones on a or on b alone. For a single property, a is all its
// events. property are all events with the property that links tell of, whatever the
// conditions.
type shown struct {
	both, a, b, property aggregate.Counts
}

func (e *eater) rows(bucket int32, first bool, t *sums) (sum shown) {
	var none valueInfo
	a, b := e.sides[0], (*side)(nil)
	if len(e.sides) == 2 {
		b = e.sides[1]
	}
	property := b == nil && a.fact.dim == aggregate.Property
	t.each(func(ia, ib uint32, c *aggregate.Counts) {
		ida, idb := a.remap[ia], uint32(0)
		va, vb := &a.values[ida], &none
		okB := true
		if b != nil {
			idb = b.remap[ib]
			vb = &b.values[idb]
			okB = vb.ok
		}
		if va.foreign || vb.foreign {
			return
		}
		if e.rest.without != nil && !va.lacks && !vb.lacks {
			sum.property.Add(c)
		}
		if !va.ok && !okB && !property {
			return
		}
		begin(c, first)
		if b != nil && e.rest.mode == restBound {
			if va.ok {
				sum.a.Add(c)
			}
			if okB {
				sum.b.Add(c)
			}
		} else if property {
			sum.a.Add(c)
		}
		if !va.ok || !okB || !e.mixedHold(va.bits|vb.bits) {
			return
		}
		sum.both.Add(c)
		e.rest.show(bucket, va, vb, c)
		e.give(e.p.grid.at(bucket, e.tuple(va.group, vb.group)), c, ida, idb)
	})
	return sum
}

func (e *eater) mixedHold(bits uint64) bool {
	for _, c := range e.mixed {
		if !e.eval(c, bits) {
			return false
		}
	}
	return true
}

// give adds a row to a cell.
func (e *eater) give(at int32, c *aggregate.Counts, ida, idb uint32) {
	cell := &e.p.grid.cells[at]
	cell.counts.Add(c)
	d := &cell.pend
	if d.stretch != e.number {
		*d = pending{stretch: e.number, values: [2]uint32{ida, idb}}
		e.touched = append(e.touched, at)
	}
	d.visitors += c[aggregate.Visitors]
	d.visits += c[aggregate.Visits]
	d.many[0] = d.many[0] || d.values[0] != ida
	d.many[1] = d.many[1] || d.values[1] != idb
}

// settle marks the cells that got several values within this stretch, and cuts
// their visitors and visits to those of the site.
func (e *eater) settle(bucket int32, s stretch) error {
	var total *aggregate.Counts
	for _, at := range e.touched {
		c := &e.p.grid.cells[at]
		if !c.pend.many[0] && !c.pend.many[1] {
			continue
		}
		for i, many := range c.pend.many {
			if many {
				e.mark(c, e.sides[i].fact.dim)
			}
		}
		if total == nil {
			t, err := e.limit(bucket, s)
			if err != nil {
				return err
			}
			total = &t
		}
		c.counts[aggregate.Visitors] -= max(0, c.pend.visitors-total[aggregate.Visitors])
		c.counts[aggregate.Visits] -= max(0, c.pend.visits-total[aggregate.Visits])
	}
	return nil
}

// limit is the most that the site's events of a stretch can give a cell; with
// links that lost their date, those of the whole month. Nothing is taken off for
// what was carried into the stretch: it may be new to the cell.
func (e *eater) limit(bucket int32, s stretch) (aggregate.Counts, error) {
	total, most, err := e.p.totalOf(s, true)
	total[aggregate.Visitors] = most
	if !s.month || err != nil {
		return total, err
	}
	b := e.p.buckets[bucket]
	others, err := e.p.stretches(b.first, b.last)
	if err != nil {
		return total, err
	}
	for _, other := range others {
		if other.first.Month() != s.first.Month() || other == s {
			continue
		}
		t, most, err := e.p.totalOf(other, true)
		if err != nil {
			return total, err
		}
		t[aggregate.Visitors] = most
		total.Add(&t)
	}
	return total, nil
}

// mark notes what is not exact when several values of d were added up.
func (e *eater) mark(c *cell, d aggregate.Dimension) {
	n := &e.p.notes
	if d == aggregate.BrowserVersion || d == aggregate.OSVersion {
		return // part of what tells visitors apart: nobody has two
	}
	c.visitorsBound, n.summedVisitors = true, true
	if d.OfVisit() {
		return
	}
	c.visitsBound, n.summedVisits = true, true
	c.engagedBound, n.summedEngaged = true, true
	if d != aggregate.Page && d != aggregate.Hostname {
		c.meansBound, n.summedMeans = true, true
	}
}

// without adds the events that lack the property, as far as no row of their own
// tells of them (the key alone as value): what is left of the totals.
func (e *eater) without(bucket int32, s stretch, first bool, with *aggregate.Counts) error {
	p := e.p
	if !p.blankSatisfies(0) {
		return nil
	}
	total, most, err := p.totalOf(s, first)
	if err != nil {
		return err
	}
	limit, _, err := p.totalOf(s, true)
	if err != nil {
		return err
	}
	limit[aggregate.Visitors] = most
	c := withoutProperty(&limit, with)
	if c.empty() {
		return nil
	}
	at := p.grid.at(bucket, e.tuple(e.sides[0].group(aggregate.Blank), 0))
	if with.Zero() {
		e.give(at, &total, ^uint32(0), 0) // nobody had the property
		return nil
	}
	e.give(at, &c.counts, ^uint32(0), 0)
	cell := &p.grid.cells[at]
	cell.visitorsBound, cell.visitsBound, cell.noMeans, cell.noEngaged = true, true, true, true
	p.notes.without = true
	return nil
}
