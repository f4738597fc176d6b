package ask

import "footfall/aggregate"

// Events that lack a property have no links: under another fact they are what is left
// of each of its values. Where links of the property were withheld, those are left as
// well; how many at most, the property's own block tells.

// restGroup is one row of events without the property.
type restGroup struct {
	bucket int32
	group  uint32
}

func (r *rest) group(bucket int32, group uint32) *restSums {
	k := restGroup{bucket, group}
	s := r.groups[k]
	if s == nil {
		s = &restSums{}
		r.groups[k] = s
	}
	return s
}

// wholeGroups adds up the rows of the side that events without the property are
// told apart by.
func (r *rest) wholeGroups(bucket int32, s stretch, first bool) error {
	side := r.without
	t, err := r.e.p.sums(side.fact.dim, aggregate.None, s)
	if err != nil {
		return err
	}
	side.learn(t.a)
	t.each(func(a, _ uint32, c *aggregate.Counts) {
		if v := &side.values[side.remap[a]]; v.ok {
			most := c[aggregate.Visits]
			begin(c, first)
			c[aggregate.Visits], c[aggregate.Visitors] = most, most
			r.group(bucket, v.group).whole[0].Add(c)
		}
	})
	return nil
}

// withProperty adds up a stretch's events with the property, in its own block.
func (r *rest) withProperty(s stretch) (with aggregate.Counts, err error) {
	side := r.e.sides[1-r.without.number]
	t, err := r.e.p.sums(aggregate.Property, aggregate.None, s)
	if err != nil {
		return with, err
	}
	side.learn(t.a)
	t.each(func(a, _ uint32, c *aggregate.Counts) {
		if v := &side.values[side.remap[a]]; !v.foreign && !v.lacks {
			with.Add(c)
		}
	})
	r.cut = r.cut || t.capped
	return with, nil
}

// knowsWithheld reports whether restSums.unlinked is what was withheld of the
// property. Of goals and the like an event has several, so that events cannot be told
// by adding up.
func (r *rest) knowsWithheld() bool {
	d := r.without.fact.dim
	return !r.cut && (d.OfVisit() || d == aggregate.Page || d == aggregate.EventName)
}

// tellsWithout reports whether what is left is nothing but events without the
// property and what the floor withholds.
func (r *rest) tellsWithout() bool {
	if r.without == nil || r.e.p.notes.capped && r.without.whole != r.without.fact.dim {
		return false
	}
	return len(r.e.p.notes.lossy)+len(r.e.p.notes.summaries) == 0
}

// withoutRows makes the rows of the events without the property.
func (r *rest) withoutRows(bucket int32) {
	for g := range uint32(len(r.without.groups)) {
		sum := r.groups[restGroup{bucket, g}]
		if sum == nil {
			continue
		}
		c := withoutProperty(&sum.whole[0], &sum.shown[0])
		if c.empty() {
			continue
		}
		r.putWithout(bucket, g, &c)
	}
}

// putWithout adds the row of the events without the property of a group.
func (r *rest) putWithout(bucket int32, group uint32, c *cell) {
	none := r.e.sides[1-r.without.number].group(aggregate.Blank)
	tuple := r.e.tuple(group, none)
	if r.without.number == 1 {
		tuple = r.e.tuple(none, group)
	}
	r.e.p.notes.without = true
	r.put(bucket, r.e.p.grid.labels[tuple], c, &c.counts)
}

// splitRows makes a row of what may be withheld at most, which is what is withheld
// of the property at all, and one of the rest, which lacks it for sure.
func (r *rest) splitRows(bucket int32, sum *restSums, labels []string) {
	g := r.groups[restGroup{bucket, 0}]
	if g == nil {
		return
	}
	none := withoutProperty(&g.whole[0], &g.shown[0])
	hidden := cell{hidden: true, visitorsBound: true, visitsBound: true, noMeans: true, noEngaged: true}
	n, h := &none.counts, &hidden.counts
	for _, col := range [...]aggregate.Column{aggregate.Pageviews, aggregate.Revenue, aggregate.Paid} {
		h[col] = min(sum.unlinked[col], n[col])
	}
	// Pageviews and other events are bounded apart, so that no row has more pageviews
	// than events.
	h[aggregate.Events] = h[aggregate.Pageviews] + min(sum.unlinked[aggregate.Events]-sum.unlinked[aggregate.Pageviews], n[aggregate.Events]-n[aggregate.Pageviews])
	n.Sub(h)
	h[aggregate.Visits], h[aggregate.Visitors] = min(n[aggregate.Visits], h[aggregate.Events]), min(n[aggregate.Visitors], h[aggregate.Events])
	if n[aggregate.Events] > 0 {
		r.putWithout(bucket, 0, &none)
	}
	if h[aggregate.Events] == 0 {
		return
	}
	notes, shown := &r.e.p.notes, h[aggregate.Visitors] >= int64(r.e.p.floor())
	r.note(h, shown)
	notes.split = true
	if shown {
		notes.hiddenRow = true
		r.put(bucket, labels, &hidden, h)
	}
}

// withoutProperty is the cell of the events of whole that are not among with.
func withoutProperty(whole, with *aggregate.Counts) cell {
	c := cell{visitorsBound: true, visitsBound: true, noMeans: true, noEngaged: true}
	n := &c.counts
	n[aggregate.Events] = max(0, whole[aggregate.Events]-with[aggregate.Events])
	n[aggregate.Pageviews] = max(0, whole[aggregate.Pageviews]-with[aggregate.Pageviews])
	n[aggregate.Revenue] = max(0, whole[aggregate.Revenue]-with[aggregate.Revenue])
	n[aggregate.Paid] = max(0, whole[aggregate.Paid]-with[aggregate.Paid])
	n[aggregate.Visitors] = min(whole[aggregate.Visitors], n[aggregate.Events])
	n[aggregate.Visits] = min(whole[aggregate.Visits], n[aggregate.Events])
	return c
}
