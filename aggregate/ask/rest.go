package ask

import (
	"fmt"

	"footfall/aggregate"
)

// rest works out what the rows of an answer lack: of links what the floor
// withholds, and of a fine fact what a cap cut and with it its family. What adds
// is exact: the whole, which one block knows, minus what is shown.
type rest struct {
	e    *eater
	mode restMode
	// from is the side whose block knows the whole (restSide).
	from   *side
	seen   map[string]int64 // values of from.whole: do they satisfy it? (1, -1)
	months map[restKey]*restSums
	order  []restKey

	// without is the side that events without the property are told apart by: they
	// have no links, and are what is left of each of its values.
	without *side
	groups  map[restGroup]*restSums
	cut     bool // of some day's properties a cap left out values
}

type restMode uint8

const (
	restNone  restMode = iota
	restTotal          // the whole is the site's totals: two dimensions, no filter
	restSide           // the whole is in the block of the one fact that is filtered
	restBound          // both facts are filtered: the rest is known by bounds only
)

type restKey struct {
	bucket int32
	month  aggregate.Day
}

// restSums are wholes and what was shown of them. restBound has them for each
// side, the others once.
type restSums struct {
	whole, shown [2]aggregate.Counts
	visits       int64            // the most that the whole can have, what was carried included
	withheld     bool             // links of these days may have lost their date and be not among what is shown
	unlinked     aggregate.Counts // of the property, what no link tells of: what is withheld, whatever the filter
}

func newRest(e *eater) *rest {
	r := &rest{e: e, seen: map[string]int64{}, months: map[restKey]*restSums{}}
	filtered := 0
	for _, s := range e.sides {
		if len(s.leaves) > 0 {
			filtered++
			r.from = s
		}
	}
	switch {
	case len(e.sides) == 2 && filtered == 2:
		r.mode = restBound
	case len(e.sides) == 2 && filtered == 1:
		r.mode = restSide
	case len(e.sides) == 2:
		r.mode = restTotal
	case filtered == 1 && r.from.whole != r.from.fact.dim:
		r.mode = restSide
	}
	if len(e.sides) == 2 && r.mode != restBound {
		for i, s := range e.sides {
			other := e.sides[1-i]
			if s.fact.dim == aggregate.Property && len(s.leaves) == 0 {
				r.without, r.groups = other, map[restGroup]*restSums{}
			}
		}
	}
	return r
}

// show takes in a row that is shown.
func (r *rest) show(bucket int32, va, vb *valueInfo, c *aggregate.Counts) {
	if r.without == nil {
		return
	}
	v := va
	if r.without.number == 1 {
		v = vb
	}
	r.group(bucket, v.group).shown[0].Add(c)
}

// stretch takes in a stretch that was added to a bucket.
func (r *rest) stretch(bucket int32, s stretch, first bool, t *sums, shown *shown) error {
	if r.mode == restNone || len(r.e.sides) == 1 && !t.capped {
		return nil
	}
	k := restKey{bucket, s.first.Month()}
	m := r.months[k]
	if m == nil {
		withheld, err := r.e.p.withholds(k.month, r.e.p.buckets[bucket])
		if err != nil {
			return err
		}
		m = &restSums{withheld: withheld}
		r.months[k] = m
		r.order = append(r.order, k)
	}
	if r.without != nil {
		with, err := r.withProperty(s)
		if err != nil {
			return err
		}
		with.Sub(&shown.property)
		m.unlinked.Add(&with)
		if err := r.wholeGroups(bucket, s, first); err != nil {
			return err
		}
	}
	switch r.mode {
	case restTotal:
		total, _, err := r.e.p.totalOf(s, first)
		if err != nil {
			return err
		}
		limit, _, err := r.e.p.totalOf(s, true)
		if err != nil {
			return err
		}
		m.visits += limit[aggregate.Visits]
		m.whole[0].Add(&total)
		m.shown[0].Add(&shown.both)
		return nil
	case restSide:
		m.shown[0].Add(&shown.both)
		return r.whole(r.from, s, first, m, 0)
	default:
		m.shown[0].Add(&shown.a)
		m.shown[1].Add(&shown.b)
		for i, side := range r.e.sides {
			if err := r.whole(side, s, first, m, i); err != nil {
				return err
			}
		}
		return nil
	}
}

// whole adds up all rows of the side's own block that satisfy its conditions.
func (r *rest) whole(side *side, s stretch, first bool, m *restSums, i int) error {
	t, err := r.e.p.sums(side.whole, aggregate.None, s)
	if err != nil {
		return err
	}
	ok := make([]bool, len(t.a))
	if side.whole == side.fact.dim {
		side.learn(t.a)
		for n, id := range side.remap {
			ok[n] = side.values[id].ok
		}
	} else {
		for n, v := range t.a {
			ok[n] = side.holdsWhole(v)
		}
	}
	t.each(func(a, _ uint32, c *aggregate.Counts) {
		if ok[a] {
			m.visits += c[aggregate.Visits]
			begin(c, first)
			m.whole[i].Add(c)
		}
	})
	return nil
}

// holdsWhole judges a value of the coarser dimension that all conditions are on.
func (s *side) holdsWhole(value string) bool {
	for _, c := range s.only {
		if !c.Eval(func(l *aggregate.Expr) bool { return l.Match(value) }) {
			return false
		}
	}
	return true
}

// finish turns the rests into rows and notes.
func (r *rest) finish() {
	switch {
	case r.mode == restNone:
	case r.mode == restBound:
		r.bound()
	default:
		r.row()
	}
}

// bound notes how much two filters may miss: no more than the rest of either.
func (r *rest) bound() {
	var miss missing
	for _, k := range r.order {
		m := r.months[k]
		least := func(c aggregate.Column) int64 {
			return max(0, min(m.whole[0][c]-m.shown[0][c], m.whole[1][c]-m.shown[1][c]))
		}
		miss.pageviews += least(aggregate.Pageviews)
		miss.events += least(aggregate.Events)
		visits := least(aggregate.Events)
		if r.e.sides[0].fact.dim.OfVisit() && r.e.sides[1].fact.dim.OfVisit() {
			visits = least(aggregate.Visits)
		}
		miss.visits += visits
	}
	p := r.e.p
	if miss.events == 0 {
		return
	}
	p.notes.missing = &miss
	p.notes.hidden = &aggregate.HiddenRows{Floor: p.floor(), Pageviews: miss.pageviews, Events: miss.events, Visits: miss.visits,
		Reason: fmt.Sprintf("Links that fewer than %d visitors of a day share do not keep their date. Of these filters at most the figures here are missing.", p.floor())}
}

// row makes the row of what is not shown, one in each bucket.
func (r *rest) row() {
	labels := r.labels()
	sums := map[int32]*restSums{}
	var order []int32
	for _, k := range r.order {
		s := sums[k.bucket]
		if s == nil {
			s = new(restSums)
			sums[k.bucket] = s
			order = append(order, k.bucket)
		}
		m := r.months[k]
		s.whole[0].Add(&m.whole[0])
		s.shown[0].Add(&m.shown[0])
		s.withheld = s.withheld || m.withheld
		s.unlinked.Add(&m.unlinked)
		s.visits += m.visits
	}
	for _, bucket := range order {
		switch s := sums[bucket]; {
		case !r.tellsWithout():
			r.rowOf(bucket, s, labels)
		case !s.withheld || r.e.p.floor() <= 1 || r.knowsWithheld() && s.unlinked[aggregate.Events] == 0:
			r.withoutRows(bucket)
		case r.knowsWithheld() && len(r.without.groups) == 1:
			r.splitRows(bucket, s, labels)
		default:
			r.rowOf(bucket, s, labels)
		}
	}
}

// adds tells which columns add over the values of the fact that is broken down.
func (r *rest) adds() (visits, starts bool) {
	visits, starts = true, true
	for _, s := range r.e.sides {
		if s == r.from && len(r.e.sides) == 2 && r.mode == restSide || s.fact.dim.OfVisit() {
			continue
		}
		visits = false
		free := r.mode == restTotal || r.from.fact.dim.OfVisit()
		if !free || s.fact.dim != aggregate.Page && s.fact.dim != aggregate.Hostname {
			starts = false
		}
	}
	return visits, starts
}

func (r *rest) rowOf(bucket int32, sum *restSums, labels []string) {
	p := r.e.p
	addVisits, addStarts := r.adds()
	whole := &sum.whole[0]
	left := *whole
	left.Sub(&sum.shown[0])
	for i := range left {
		left[i] = max(0, left[i])
	}
	for _, s := range r.e.sides {
		if s.fact.dim == aggregate.PageBefore { // pageviews alone have one
			left = aggregate.Counts{aggregate.Pageviews: left[aggregate.Pageviews], aggregate.Events: left[aggregate.Pageviews]}
		}
	}
	if left[aggregate.Events] == 0 {
		return
	}
	c := cell{hidden: true, noMeans: !addStarts, noEngaged: !addVisits}
	if !addVisits {
		left[aggregate.Visits] = min(sum.visits, left[aggregate.Events])
		c.visitsBound = true
	}
	atLeast := max(0, whole[aggregate.Visitors]-sum.shown[0][aggregate.Visitors])
	atMost := max(atLeast, left[aggregate.Visits]) // nobody visits without a visit
	c.visitorsBound = atLeast != atMost
	left[aggregate.Visitors] = atMost
	if len(r.e.sides) == 1 {
		r.put(bucket, labels, &c, &left)
		return
	}
	r.note(&left, atMost >= int64(p.floor()))
	if atMost >= int64(p.floor()) {
		p.notes.hiddenRow = p.notes.hiddenRow || c.visitorsBound
		r.put(bucket, labels, &c, &left)
	}
}

// put adds the row to the answer.
func (r *rest) put(bucket int32, labels []string, c *cell, counts *aggregate.Counts) {
	g := r.e.p.grid
	c.bucket, c.tuple = bucket, g.tuple(labels)
	at := g.at(bucket, c.tuple)
	old := &g.cells[at]
	c.counts = *counts
	c.counts.Add(&old.counts)
	c.visitorsBound = c.visitorsBound || !old.empty()
	*old = *c
}

// note says in the report what was withheld.
func (r *rest) note(left *aggregate.Counts, asRow bool) {
	p := r.e.p
	h := p.notes.hidden
	if h == nil {
		h = &aggregate.HiddenRows{Floor: p.floor()}
		p.notes.hidden = h
	}
	h.Pageviews += left[aggregate.Pageviews]
	h.Events += left[aggregate.Events]
	h.Visits += left[aggregate.Visits]
	p.notes.asRow = p.notes.asRow || asRow
	p.notes.tooFew = p.notes.tooFew || !asRow
	h.Reason = fmt.Sprintf("Links that fewer than %d visitors of a day share do not keep their date:", p.floor())
	switch {
	case p.notes.asRow && p.notes.tooFew:
		h.Reason += " they are in the rows " + labelHidden + ", apart from those of too few visitors to be a row."
	case asRow:
		h.Reason += " they are in the row " + labelHidden + "."
	default:
		h.Reason += " they are of too few visitors to be a row."
	}
}

// labels of the row of what is not shown: the filtered fact's where it has but
// one, and for the rest that they are hidden, or other where a cap cut them.
func (r *rest) labels() []string {
	labels := make([]string, len(r.e.p.fields))
	text := labelHidden
	if len(r.e.sides) == 1 {
		text = labelOther
	}
	for i := range labels {
		labels[i] = text
	}
	if r.mode != restSide {
		return labels
	}
	for n, field := range r.from.fields {
		if len(r.e.sides) == 1 && !r.e.p.fields[field].Dimension.Contains(r.from.whole) {
			continue // finer than what the conditions name
		}
		one, many := "", false
		for _, g := range r.from.groups {
			many = many || one != "" && one != g[n]
			one = g[n]
		}
		if one != "" && !many {
			labels[field] = one
		}
	}
	return labels
}
