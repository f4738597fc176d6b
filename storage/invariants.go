package storage

import (
	"bytes"
	"maps"
	"slices"

	"footfall/aggregate"
)

// counters proves the numbers of one site and import, day by day and then month
// by month.
func (c *checker) counters(site siteID, id aggregate.ImportID) {
	days := map[aggregate.Day]bool{}
	c.walk(site, id, func(k aggregate.Key) {
		if k.Span == aggregate.OneDay {
			days[k.Day] = true
		}
	})
	sorted := slices.Sorted(maps.Keys(days))
	for len(sorted) > 0 {
		month := sorted[0].Month()
		m := c.newMonth(site, id, month)
		for len(sorted) > 0 && sorted[0].Month() == month {
			c.checkDay(m, sorted[0])
			sorted = sorted[1:]
		}
		if m.whole {
			c.checkMonth(m)
		}
	}
}

// walk calls fn for the keys of one site and import.
func (c *checker) walk(site siteID, id aggregate.ImportID, fn func(aggregate.Key)) {
	prefix := append(number(uint32(site)), number(uint32(id))...)
	cursor := c.blocks.Cursor()
	for k, _ := cursor.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = cursor.Next() {
		if _, key, err := parseKey(k); err == nil {
			fn(key)
		}
	}
}

// read is the block under the key, or nil. Damaged ones were told before.
func (c *checker) read(site siteID, k aggregate.Key) *aggregate.Block {
	stored := c.blocks.Get(appendKey(nil, site, k))
	if stored == nil {
		return nil
	}
	b, err := DecodeBlock(stored)
	if err != nil || checkBlock(k, b) != nil {
		return nil
	}
	return b
}

// monthCheck gathers what the days of a month say of each value.
type monthCheck struct {
	site  siteID
	key   aggregate.Key // of the month
	whole bool          // so far every day has its links, nothing was lost or cut
	sums  [aggregate.Dimensions]map[string]*aggregate.Counts
}

func (c *checker) newMonth(site siteID, id aggregate.ImportID, month aggregate.Day) *monthCheck {
	m := &monthCheck{site: site, whole: true}
	m.key = aggregate.Key{Site: c.records.names[site], Import: id, Span: aggregate.OneMonth, Day: month}
	for d := range m.sums {
		m.sums[d] = map[string]*aggregate.Counts{}
	}
	return m
}

// Columns that add up to the day's total over the values of every visit fact,
// and those that add up over the hours.
var (
	visitSums = []aggregate.Column{aggregate.Visits, aggregate.Pageviews, aggregate.Events,
		aggregate.Starts, aggregate.Bounces, aggregate.Duration, aggregate.StartViews}
	hourSums = []aggregate.Column{aggregate.Pageviews, aggregate.Events,
		aggregate.Starts, aggregate.Bounces, aggregate.Duration, aggregate.StartViews}
)

// sumsOf are the columns that add up to the total over the values of d.
func sumsOf(d aggregate.Dimension) []aggregate.Column {
	switch {
	case d.OfVisit():
		return visitSums
	case d == aggregate.Page, d == aggregate.Hostname:
		return []aggregate.Column{aggregate.Pageviews}
	case d == aggregate.EventName:
		return []aggregate.Column{aggregate.Events}
	}
	return nil
}

// coversAll tells of which dimensions every visitor has a value.
func coversAll(d aggregate.Dimension) bool { return d.OfVisit() || d == aggregate.EventName }

// checkDay proves the numbers of one day:
//
//   - hours add up to the day;
//   - values of visit facts, pages, hostnames and event names add up to the day
//     in the columns of sumsOf;
//   - visitors lie between the largest part and the sum of the parts;
//   - links never exceed what they link.
func (c *checker) checkDay(m *monthCheck, day aggregate.Day) {
	k := m.key
	k.Span, k.Day = aggregate.OneDay, day
	name := describe(string(k.Site), k)
	totals := c.read(m.site, k)
	if totals == nil {
		c.violate("%s: there are counters, but no totals", name)
		m.whole = false
		return
	}
	var total aggregate.Counts
	hours := totals.Rows
	if len(hours) > 0 && totals.A[hours[0].A] == aggregate.TotalDay {
		total, hours = hours[0].Counts, hours[1:]
	}
	c.parts(name, hours, &total, hourSums, true)
	m.whole = m.whole && totals.Meta.Linked && !totals.Meta.Lossy
	var facts [aggregate.Dimensions]*aggregate.Block
	for d := aggregate.FirstVisitFact; d <= aggregate.LastEventFact; d++ {
		k.A = d
		b := c.read(m.site, k)
		if b == nil {
			b = new(aggregate.Block)
		}
		facts[d] = b
		c.parts(describe(string(k.Site), k), b.Rows, &total, sumsOf(d), coversAll(d))
		m.add(d, b, day)
	}
	for _, p := range aggregate.Pairs() {
		k.A, k.B = p.A, p.B
		if b := c.read(m.site, k); b != nil {
			c.links(k, b, facts[p.A], facts[p.B], totals.Meta.Lossy)
		}
	}
}

// parts proves rows against their total.
func (c *checker) parts(name string, rows []aggregate.Row, total *aggregate.Counts, sums []aggregate.Column, covers bool) {
	var sum aggregate.Counts
	for i := range rows {
		sum.Add(&rows[i].Counts)
		if n := rows[i].Counts[aggregate.Visitors]; n > total[aggregate.Visitors] {
			c.violate("%s: row %d has %d visitors, the day has %d", name, i, n, total[aggregate.Visitors])
		}
	}
	for _, col := range sums {
		if sum[col] != total[col] {
			c.violate("%s: %s add up to %d, the day has %d", name, columnNames[col], sum[col], total[col])
		}
	}
	if covers && sum[aggregate.Visitors] < total[aggregate.Visitors] {
		c.violate("%s: visitors add up to %d, the day has %d", name, sum[aggregate.Visitors], total[aggregate.Visitors])
	}
}

// links proves that no link was counted more often than the values it links.
func (c *checker) links(k aggregate.Key, b, a, bb *aggregate.Block, lossy bool) {
	name := func() string { return describe(string(k.Site), k) }
	sides := [2]struct {
		values []string
		fact   *aggregate.Block
		dim    aggregate.Dimension
		of     func(*aggregate.Row) uint32
	}{
		{b.A, a, k.A, func(r *aggregate.Row) uint32 { return r.A }},
		{b.B, bb, k.B, func(r *aggregate.Row) uint32 { return r.B }},
	}
	for _, side := range sides {
		// Values that a cap cut are in the row (other) of the fact's block, and the
		// events without a property get their row at the close only.
		excused := lossy || side.fact.Meta.Cap != 0 || side.dim == aggregate.Property
		at := make([]int, len(side.values))
		for i, v := range side.values {
			at[i] = findRow(side.fact, v)
		}
		for i := range b.Rows {
			r := &b.Rows[i]
			value := side.of(r)
			if at[value] < 0 {
				if !excused {
					c.violate("%s: row %d is of a value that %v does not have", name(), i, side.dim)
				}
				continue
			}
			whole := &side.fact.Rows[at[value]].Counts
			for _, col := range [...]aggregate.Column{aggregate.Visits, aggregate.Pageviews} {
				if r.Counts[col] > whole[col] && side.values[value] != aggregate.Other {
					c.violate("%s: row %d has %d %s, its %v has %d", name(), i, r.Counts[col], columnNames[col], side.dim, whole[col])
				}
			}
		}
	}
}

// findRow is the row of a value in a block of one dimension, or -1.
func findRow(b *aggregate.Block, value string) int {
	a, ok := slices.BinarySearch(b.A, value)
	if !ok {
		return -1
	}
	i, ok := slices.BinarySearchFunc(b.Rows, uint32(a), func(r aggregate.Row, a uint32) int { return int(r.A) - int(a) })
	if !ok {
		return -1
	}
	return i
}

// add gathers a visit fact's rows for checkMonth.
func (m *monthCheck) add(d aggregate.Dimension, b *aggregate.Block, day aggregate.Day) {
	m.whole = m.whole && b.Meta.Cap == 0
	if m.whole && d.OfVisit() {
		for i := range b.Rows {
			gather(m.sums[d], b.A[b.Rows[i].A], b.Rows[i].Counts, day)
		}
	}
}

// gather adds a row of a day to a sum over its month: as a range that begins with
// the month would.
func gather(to map[string]*aggregate.Counts, value string, n aggregate.Counts, day aggregate.Day) {
	if day != day.Month() {
		n.Uncarry()
	}
	sum := to[value]
	if sum == nil {
		sum = new(aggregate.Counts)
		to[value] = sum
	}
	sum.Add(&n)
}

// checkMonth proves, for a month in which every day has its links and nothing was
// lost or cut: for each value of a visit fact, its links with the values of any
// other visit fact, dated or not, add up to its own counters.
func (c *checker) checkMonth(m *monthCheck) {
	for _, p := range aggregate.Pairs() {
		if !p.A.OfVisit() || !p.B.OfVisit() {
			continue
		}
		k := m.key
		k.A, k.B = p.A, p.B
		sums := [2]map[string]*aggregate.Counts{{}, {}}
		whole := true
		add := func(b *aggregate.Block, day aggregate.Day) {
			whole = whole && b.Meta.Cap == 0
			for i := range b.Rows {
				gather(sums[0], b.A[b.Rows[i].A], b.Rows[i].Counts, day)
				gather(sums[1], b.B[b.Rows[i].B], b.Rows[i].Counts, day)
			}
		}
		if b := c.read(m.site, k); b != nil {
			add(b, k.Day) // its rows are without what was carried, but for that of the first day
		}
		next := k.Day.AddMonths(1)
		k.Span = aggregate.OneDay
		for ; k.Day < next; k.Day++ {
			if b := c.read(m.site, k); b != nil {
				add(b, k.Day)
			}
		}
		if whole {
			c.sameSums(m, p.A, p, sums[0])
			c.sameSums(m, p.B, p, sums[1])
		}
	}
}

func (c *checker) sameSums(m *monthCheck, d aggregate.Dimension, p aggregate.Pair, links map[string]*aggregate.Counts) {
	k := m.key
	k.A, k.B = p.A, p.B
	for value, want := range m.sums[d] {
		got := links[value]
		if got == nil {
			got = new(aggregate.Counts)
		}
		for _, col := range visitSums {
			if got[col] != want[col] {
				c.violate("%s: links of one %v add up to %d %s, the %v has %d",
					describe(string(k.Site), k), d, got[col], columnNames[col], d, want[col])
			}
		}
	}
}
