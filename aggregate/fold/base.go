package fold

import "footfall/aggregate"

// Base lets a day go on from counters that were stored earlier, after the memory
// of its visitors was lost or the day had been closed before its time. block
// returns the stored block of a dimension (None for the totals), or nil.
//
// Visitors who return are counted again; the day says so (Meta.Lossy). Base must
// come before the first hit.
func (d *Day) Base(block func(aggregate.Dimension) *aggregate.Block) {
	if b := block(aggregate.None); b != nil {
		d.meta = b.Meta
		d.meta.Lossy = true
		for _, r := range b.Rows {
			if v := b.A[r.A]; v == aggregate.TotalDay {
				d.baseTotal = r.Counts
			} else if h := int(v[0]-'0')*10 + int(v[1]-'0'); h < 24 {
				d.baseHour[h] = r.Counts
			}
		}
	}
	d.total, d.hour = d.baseTotal, d.baseHour
	d.sumAmounts()
	for _, dim := range counted {
		if b := block(dim); b != nil {
			d.baseValues(dim, b)
		}
	}
	if b := block(aggregate.Refusal); b != nil {
		for _, r := range b.Rows {
			d.refusals.add(b.A[r.A], r.Counts[aggregate.Events])
		}
	}
}

func (d *Day) baseValues(dim aggregate.Dimension, b *aggregate.Block) {
	d.capped = d.capped || b.Meta.Cap > 0
	for _, r := range b.Rows {
		v := d.number(dictOf(dim), b.A[r.A])
		for len(d.base[dim]) <= int(v) {
			d.base[dim] = append(d.base[dim], aggregate.Counts{})
		}
		d.base[dim][v].Add(&r.Counts)
		d.cells[dim][v].Counts.Add(&r.Counts)
	}
}
