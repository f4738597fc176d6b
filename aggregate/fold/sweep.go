package fold

import (
	"cmp"
	"math"
	"slices"

	"footfall/aggregate"
)

// makeRoom sees to it that the values of a hit find numbers: a dictionary that
// is nearly full is swept first, so that no number changes while a hit is folded, and
// no reference to an event.
func (d *Day) makeRoom(h *aggregate.Hit) {
	d.repackEvents()
	if d.room > len(h.Props)+2 {
		return
	}
	for _, dim := range counted {
		need := 1
		switch dim {
		case aggregate.EntryPage, aggregate.ExitPage, aggregate.Conversion, aggregate.Reached:
			continue
		case aggregate.Page:
			need = 2
		case aggregate.Property:
			need = len(h.Props)
		}
		d.roomFor(dim, need)
	}
	d.room = d.limit()
	for dim, dict := range d.dicts {
		if dict != nil && !defined(aggregate.Dimension(dim)) {
			d.room = min(d.room, d.limit()-len(dict.values))
		}
	}
}

// limit is the most values that a dictionary may hold.
func (d *Day) limit() int { return min(d.limits.Values*slack, maxDict) }

func (d *Day) roomFor(dim aggregate.Dimension, need int) {
	if len(d.dicts[dim].values)+need > d.limit() {
		d.sweep(dim)
	}
}

// sharing are the dimensions that number their values in dim's dictionary.
func sharing(dim aggregate.Dimension) []aggregate.Dimension {
	if dim == aggregate.Page {
		return []aggregate.Dimension{aggregate.Page, aggregate.EntryPage, aggregate.ExitPage}
	}
	return []aggregate.Dimension{dim}
}

// sweep keeps the heaviest Limits.Values of dim's dictionary and counts the rest
// under (other), in all records and cells.
func (d *Day) sweep(dim aggregate.Dimension) {
	dims := sharing(dim)
	keep := d.heaviest(dims, d.limits.Values)
	old := d.dicts[dim]
	if len(keep) == len(old.values) {
		return
	}
	d.capped = true
	fresh := newDict(dim == aggregate.EventName)
	renumber := make([]value, len(old.values))
	for i := range renumber {
		renumber[i] = other
	}
	for _, v := range keep {
		renumber[v] = fresh.number(old.values[v])
		if credit := old.trusted(v); credit > 0 {
			fresh.trust(renumber[v], credit)
		}
	}
	fresh.ghosts = old.ghosts
	if fresh.ghosts == nil {
		fresh.ghosts = newGhosts()
	}
	for v, number := range renumber {
		if number == other && v >= int(firstFree) {
			fresh.ghosts.remember(old.values[v], d.weight(dims, value(v)))
		}
	}
	d.dicts[dim] = fresh
	if d.defs != nil && dim == aggregate.Page {
		d.defs.pages = nil
	}
	if dim.OfVisit() {
		d.mergeSwept(dim, renumber, len(fresh.values))
		return
	}
	d.renumber(dim, renumber)
	d.joinAlike()
	var set dimSet
	for _, dim := range dims {
		set |= 1 << dim
		d.rebase(dim, renumber, len(fresh.values))
	}
	for i := range d.visitors.len() {
		d.weigh(ref(i+1), 1, set)
	}
}

// mergeSwept gives the values of a visit fact their new numbers. What a visit gave to
// its value goes over to the new one as it is; only who had several visits, of which
// two may now have the same value, is weighed anew. A flood of made-up referrers
// brings visits with it, and all of them at each sweep would be too many.
func (d *Day) mergeSwept(dim aggregate.Dimension, renumber []value, size int) {
	var several []ref
	for i := range d.visitors.len() {
		r := ref(i + 1)
		if latest := d.visitor(r).latest; latest != 0 && d.visit(latest).earlier != 0 {
			several = append(several, r)
			d.weigh(r, -1, 1<<dim)
		}
	}
	d.renumber(dim, renumber)
	given := d.cells[dim]
	d.rebase(dim, renumber, size)
	clear(d.cells[dim])
	for v := range given {
		d.cells[dim][renumber[v]].Counts.Add(&given[v].Counts)
	}
	for _, r := range several {
		d.weigh(r, 1, 1<<dim)
	}
}

// heaviest are the numbers to keep, in ascending order: the reserved ones and
// the n with the most activity, what was swept of them before included.
func (d *Day) heaviest(dims []aggregate.Dimension, n int) []value {
	total := len(d.cells[dims[0]])
	reserved := int(firstFree)
	if dims[0] == aggregate.EventName {
		reserved = int(nameEngagement) + 1
	}
	credit := d.dicts[dictOf(dims[0])]
	pinned := d.pinned(dims[0])
	weight := func(v value) int64 {
		if pinned[credit.values[v]] {
			return math.MaxInt64
		}
		return d.weight(dims, v) + credit.trusted(v)
	}
	n = max(n, len(pinned))
	all := make([]value, 0, total)
	for v := range total {
		all = append(all, value(v))
	}
	if total-reserved > n {
		slices.SortStableFunc(all[reserved:], func(a, b value) int { return cmp.Compare(weight(b), weight(a)) })
		all = all[:reserved+n]
		slices.Sort(all)
	}
	return all
}

// pinned are the values of a dimension that goals are about: no cap cuts them.
func (d *Day) pinned(dim aggregate.Dimension) map[string]bool {
	if d.defs == nil {
		return nil
	}
	return d.defs.pinned[dictOf(dim)]
}

// weight is a value's activity. Of a page by which visits enter or leave these are
// counted alone: all that happened in one of them does not make the page heavy.
func (d *Day) weight(dims []aggregate.Dimension, v value) (w int64) {
	for _, dim := range dims {
		w += d.cells[dim][v].Counts[aggregate.Visits]
		if dim != aggregate.EntryPage && dim != aggregate.ExitPage {
			w += d.cells[dim][v].Counts[aggregate.Events]
		}
	}
	return w
}

// rebase gives dim empty cells, apart from what they started with.
func (d *Day) rebase(dim aggregate.Dimension, renumber []value, size int) {
	d.cells[dim] = make([]cell, size)
	if base := d.base[dim]; base != nil {
		d.base[dim] = make([]aggregate.Counts, size)
		for v, c := range base {
			d.base[dim][renumber[v]].Add(&c)
		}
		for v := range d.base[dim] {
			d.cells[dim][v].Counts = d.base[dim][v]
		}
	}
}

// renumber replaces the numbers of dim in all records.
func (d *Day) renumber(dim aggregate.Dimension, to []value) {
	replace := func(v *value) { *v = to[*v] }
	if dim.OfVisit() || dim == aggregate.Page {
		for i := range d.visits.len() {
			v := d.visits.mut(uint32(i))
			if dim == aggregate.Page {
				replace(&v.facts[aggregate.EntryPage])
				replace(&v.facts[aggregate.ExitPage])
			} else {
				replace(&v.facts[dim])
			}
		}
	}
	switch dim {
	case aggregate.Page, aggregate.Hostname, aggregate.EventName:
		for i := range d.events.len() {
			switch ev := d.events.mut(uint32(i)); dim {
			case aggregate.Page:
				replace(&ev.page)
			case aggregate.Hostname:
				replace(&ev.host)
			default:
				replace(&ev.name)
			}
		}
		for i := range d.visits.len() {
			d.visits.mut(uint32(i)).own.forget()
		}
	case aggregate.Outbound, aggregate.Download, aggregate.Property, aggregate.SearchTerm:
		for i := range d.extras.len() {
			if x := d.extras.mut(uint32(i)); x.dim == dim {
				replace(&x.val)
			}
		}
	}
}
