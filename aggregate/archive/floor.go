package archive

import "footfall/aggregate"

// Raise applies a floor to the links of a day that were stored under a lower one:
// those that fewer visitors share lose their date and go to the month (P4). Either
// result may be nil; other blocks come back as they are.
func Raise(k aggregate.Key, b *aggregate.Block, floor int) (dated, undated *aggregate.Block) {
	if k.B == aggregate.None || k.Span != aggregate.OneDay || int(b.Meta.Floor) >= floor {
		return b, nil
	}
	dated = &aggregate.Block{Meta: b.Meta, A: b.A, B: b.B}
	dated.Meta.Floor = uint32(floor)
	undated = &aggregate.Block{Meta: aggregate.Meta{Floor: 1, Cap: b.Meta.Cap}, A: b.A, B: b.B}
	for _, r := range b.Rows {
		if r.Counts[aggregate.Visitors] >= int64(floor) {
			dated.Rows = append(dated.Rows, r)
			continue
		}
		if k.Day != k.Day.Month() {
			r.Counts.Uncarry()
		}
		if !r.Counts.Zero() {
			undated.Rows = append(undated.Rows, r)
		}
	}
	return orNil(dated), orNil(undated)
}

func orNil(b *aggregate.Block) *aggregate.Block {
	if len(b.Rows) == 0 {
		return nil
	}
	return b
}

// Rename replaces the values of one side of a block, those for which to knows none
// with their rows. Values that become equal are added up.
func Rename(b *aggregate.Block, second bool, to func(string) (string, bool)) *aggregate.Block {
	type pair struct{ a, b string }
	sums := map[pair]*aggregate.Counts{}
	for i := range b.Rows {
		p := pair{a: b.A[b.Rows[i].A]}
		if len(b.B) > 0 {
			p.b = b.B[b.Rows[i].B]
		}
		value, ok := &p.a, false
		if second {
			value = &p.b
		}
		if *value, ok = to(*value); !ok {
			continue
		}
		if sums[p] == nil {
			sums[p] = new(aggregate.Counts)
		}
		sums[p].Add(&b.Rows[i].Counts)
	}
	var as, bs []string
	out := &aggregate.Block{Meta: b.Meta}
	for p, c := range sums {
		as, bs = append(as, p.a), append(bs, p.b)
		out.Rows = append(out.Rows, aggregate.Row{Counts: *c})
	}
	out.A = dictionary(as, func(i int, n uint32) { out.Rows[i].A = n })
	if len(b.B) > 0 {
		out.B = dictionary(bs, func(i int, n uint32) { out.Rows[i].B = n })
	}
	sortRows(out.Rows)
	return out
}
