package fold

import (
	"slices"
	"strings"

	"footfall/aggregate"
)

// Blocks are the day's counters as they stand, as blocks under key's site and
// import: totals, one block for each dimension, the drop ledger. They are
// absolute: written again, they replace what was written before.
func (d *Day) Blocks(site aggregate.Site, imp aggregate.ImportID) []aggregate.Put {
	key := aggregate.Key{Site: site, Import: imp, Span: aggregate.OneDay, Day: d.day}
	puts := []aggregate.Put{{Key: key, Block: d.totals()}}
	for _, dim := range counted {
		if b := d.values(dim); len(b.Rows) > 0 {
			key.A = dim
			puts = append(puts, aggregate.Put{Key: key, Block: b})
		}
	}
	if len(d.refusals) > 0 {
		key.A = aggregate.Refusal
		puts = append(puts, aggregate.Put{Key: key, Block: d.ledger()})
	}
	return puts
}

// builder makes a block of one dimension from rows in any order.
type builder struct{ rows map[string]aggregate.Counts }

func (b *builder) add(v string, c *aggregate.Counts) {
	if c.Zero() {
		return
	}
	row := b.rows[v]
	row.Add(c)
	b.rows[v] = row
}

func (b *builder) block(meta aggregate.Meta) *aggregate.Block {
	block := &aggregate.Block{Meta: meta, A: make([]string, 0, len(b.rows)), Rows: make([]aggregate.Row, 0, len(b.rows))}
	for v := range b.rows {
		block.A = append(block.A, v)
	}
	slices.Sort(block.A)
	for i, v := range block.A {
		block.Rows = append(block.Rows, aggregate.Row{A: uint32(i), Counts: b.rows[v]})
	}
	return block
}

func newBuilder() *builder { return &builder{map[string]aggregate.Counts{}} }

func (d *Day) totals() *aggregate.Block {
	b := newBuilder()
	b.add(aggregate.TotalDay, &d.total)
	for h := range d.hour {
		b.add(aggregate.HourValue(h), &d.hour[h])
	}
	meta := d.meta
	meta.Floor = 1
	if d.closed {
		meta.Closes++
		meta.Linked = true
	}
	return b.block(meta)
}

func (d *Day) ledger() *aggregate.Block {
	b := newBuilder()
	for reason, n := range d.refusals {
		c := aggregate.Counts{}
		c[aggregate.Events] = *n
		b.add(reason, &c)
	}
	return b.block(aggregate.Meta{Floor: 1})
}

// values is the block of one dimension. Values beyond the cap are summed under
// (other); the distinct visitors among them are known only after a sweep, until
// then they are bounded by the day's.
func (d *Day) values(dim aggregate.Dimension) *aggregate.Block {
	b := newBuilder()
	cells := d.cells[dim]
	meta := aggregate.Meta{Floor: 1}
	limit := d.limits.Values
	if defined(dim) {
		limit = maxDict
	}
	kept := d.heaviest([]aggregate.Dimension{dim}, limit)
	if d.capped && !defined(dim) || len(kept) < len(cells) {
		meta.Cap = uint32(d.limits.Values)
	}
	keep := make([]bool, len(cells))
	for _, v := range kept {
		keep[v] = true
	}
	var rest aggregate.Counts
	for v := range cells {
		if keep[v] {
			b.add(d.text(dim, value(v)), &cells[v].Counts)
		} else {
			rest.Add(&cells[v].Counts)
		}
	}
	if !rest.Zero() {
		row := b.rows[aggregate.Other]
		row.Add(&rest)
		for _, col := range [...]aggregate.Column{aggregate.Visitors, aggregate.CarriedVisitors} {
			row[col] = min(row[col], d.total[col])
		}
		if !dim.OfVisit() {
			for _, col := range [...]aggregate.Column{aggregate.Visits, aggregate.CarriedVisits} {
				row[col] = min(row[col], d.total[col])
			}
		}
		b.rows[aggregate.Other] = row
	}
	return b.block(meta)
}

// Close settles the day before its last blocks are made: every dimension is cut
// to its cap exactly, and its totals will say that it is closed and linked. Nothing
// may be added to it from then on.
func (d *Day) Close() {
	for _, dim := range counted {
		if dictOf(dim) == dim && !defined(dim) && len(d.dicts[dim].values) > d.limits.Values {
			d.sweep(dim)
		}
	}
	d.cutLedger(maxReasons / ledgerSlack)
	d.closed = true
	d.addAbsentProperties()
}

// absentKeys is how many property keys get a row for the events that lack them.
const absentKeys = 30

// propertyKeys are the keys in use, the heaviest first.
func (d *Day) propertyKeys() []string {
	weight := map[string]int64{}
	for v, s := range d.dicts[aggregate.Property].values {
		if v >= int(firstFree) {
			weight[aggregate.Part(s, 0)] += d.cells[aggregate.Property][v].Counts[aggregate.Events]
		}
	}
	keys := make([]string, 0, len(weight))
	for k := range weight {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		if weight[a] != weight[b] {
			return int(weight[b] - weight[a])
		}
		return strings.Compare(a, b)
	})
	return keys[:min(len(keys), absentKeys)]
}

// addAbsentProperties counts, for each key, the events that lack it: the value
// of such a row is the key alone. Records answer this while the day is open.
func (d *Day) addAbsentProperties() {
	for _, key := range d.propertyKeys() {
		for _, row := range d.Scan(&aggregate.Scan{Groups: []aggregate.Group{property(key)}}) {
			if row.Values[0] == aggregate.Blank {
				n := d.number(aggregate.Property, key)
				c := &d.cells[aggregate.Property][n].Counts
				*c = row.Counts
				if int(n) < len(d.base[aggregate.Property]) {
					c.Add(&d.base[aggregate.Property][n])
				}
			}
		}
	}
}

func property(key string) aggregate.Group {
	return aggregate.Group{Dimension: aggregate.Property, Key: key, Label: sameLabel}
}

func sameLabel(value string) string { return value }
