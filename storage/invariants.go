package storage

import (
	"bytes"
	"maps"
	"slices"

	"footfall/aggregate"
)

// counters proves the numbers of one site and import, month by month.
func (c *checker) counters(site siteID, id aggregate.ImportID) {
	months := map[aggregate.Day]bool{}
	prefix := append(number(uint32(site)), number(uint32(id))...)
	cursor := c.blocks.Cursor()
	for k, _ := cursor.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = cursor.Next() {
		if _, key, err := parseKey(k); err == nil && key.Span != aggregate.OneMonth {
			months[key.Day.Month()] = true
		}
	}
	for _, month := range slices.Sorted(maps.Keys(months)) {
		m := &monthCheck{site: site, whole: true, days: map[aggregate.Day]*dayCheck{}}
		m.key = aggregate.Key{Site: c.records.names[site], Import: id, Span: aggregate.OneDay, Day: month}
		c.month(m)
	}
}

// monthCheck is what is known of a month.
type monthCheck struct {
	site  siteID
	key   aggregate.Key // of its first day
	days  map[aggregate.Day]*dayCheck
	whole bool // every day has its links, nothing was lost or cut
	sums  [aggregate.Dimensions]map[string]*aggregate.Counts
}

// dayCheck are the blocks of a day: the totals, and those of one fact.
type dayCheck struct {
	facts [aggregate.Dimensions]*aggregate.Block
}

// month proves one month: the days, then the links pair by pair.
func (c *checker) month(m *monthCheck) {
	for _, d := range append([]aggregate.Dimension{aggregate.None, aggregate.Refusal}, aggregate.FactDimensions()...) {
		for _, b := range c.series(m, d, aggregate.None) {
			if m.days[b.day] == nil {
				m.days[b.day] = new(dayCheck)
			}
			m.days[b.day].facts[d] = b.block
		}
		m.sums[d] = map[string]*aggregate.Counts{}
	}
	for _, day := range slices.Sorted(maps.Keys(m.days)) {
		c.checkDay(m, day)
	}
	for _, p := range aggregate.Pairs() {
		c.checkPair(m, p)
	}
}

// series are the days of a month of one series. Damaged ones were told before.
func (c *checker) series(m *monthCheck, a, b aggregate.Dimension) []dayBlock {
	k := m.key
	k.A, k.B = a, b
	p := &repacker{src: c.blocks}
	pack, own, err := p.load(packKey(m.site, k), farthest)
	if err != nil {
		m.whole = false
		return nil
	}
	return slices.DeleteFunc(mergeDays(pack, own, a == aggregate.None), func(d dayBlock) bool {
		k.Day = d.day
		return checkBlock(k, d.block) != nil
	})
}

// Columns that add up to the day's total over the values of every visit fact,
// and those that add up over the hours.
var (
	visitSums = []aggregate.Column{aggregate.Visits, aggregate.Pageviews, aggregate.Events,
		aggregate.Starts, aggregate.Bounces, aggregate.Duration, aggregate.StartViews, aggregate.Revenue, aggregate.Paid}
	hourSums = []aggregate.Column{aggregate.Pageviews, aggregate.Events,
		aggregate.Starts, aggregate.Bounces, aggregate.Duration, aggregate.StartViews, aggregate.Revenue, aggregate.Paid}
)

// sumsOf are the columns that add up to the total over the values of d.
func sumsOf(d aggregate.Dimension) []aggregate.Column {
	switch {
	case d.OfVisit():
		return visitSums
	case d == aggregate.Page, d == aggregate.Hostname:
		return []aggregate.Column{aggregate.Pageviews, aggregate.Revenue, aggregate.Paid}
	case d == aggregate.EventName:
		return []aggregate.Column{aggregate.Events, aggregate.Revenue, aggregate.Paid}
	}
	return nil
}

// coversAll tells of which dimensions every visitor has a value.
func coversAll(d aggregate.Dimension) bool { return d.OfVisit() || d == aggregate.EventName }

// checkDay proves the numbers of one day:
//
//   - hours add up to the day (of an import that has any);
//   - values of visit facts, pages, hostnames and event names add up to the day
//     in the columns of sumsOf;
//   - visitors lie between the largest part and the sum of the parts;
//   - links never exceed what they link.
func (c *checker) checkDay(m *monthCheck, day aggregate.Day) {
	k := m.key
	k.Day = day
	facts := &m.days[day].facts
	totals := facts[aggregate.None]
	if totals == nil {
		c.violate("%s: there are counters, but no totals", describe(string(k.Site), k))
		totals = new(aggregate.Block)
	}
	var total aggregate.Counts
	hours := totals.Rows
	if len(hours) > 0 && totals.A[hours[0].A] == aggregate.TotalDay {
		total, hours = hours[0].Counts, hours[1:]
	}
	if len(hours) > 0 || k.Import == aggregate.Live { // what was imported as totals of days knows no hours
		c.parts(k, hours, &total, hourSums, true)
	}
	m.whole = m.whole && totals.Meta.Linked && !totals.Meta.Lossy
	for _, k.A = range aggregate.FactDimensions() {
		b := facts[k.A]
		if b == nil {
			b = new(aggregate.Block)
			facts[k.A] = b
		}
		c.parts(k, b.Rows, &total, sumsOf(k.A), coversAll(k.A))
		m.add(k.A, b, day)
	}
	k.A = aggregate.Reached
	c.steps(k, facts[aggregate.Reached])
}

// steps proves of funnels that no step was reached more often than the one before
// it.
func (c *checker) steps(k aggregate.Key, b *aggregate.Block) {
	for i := range b.Rows {
		value := b.A[b.Rows[i].A]
		id, step := aggregate.Part(value, 0), aggregate.Part(value, 1)
		if len(step) != 1 || step[0] <= '1' || step[0] > '0'+aggregate.MaxSteps {
			if step != "1" {
				c.violate("%s: row %d is of no step of a funnel", describe(string(k.Site), k), i)
			}
			continue
		}
		before := findRow(b, aggregate.Join(id, string([]byte{step[0] - 1})))
		for _, col := range [...]aggregate.Column{aggregate.Visitors, aggregate.Visits, aggregate.Starts} {
			if before < 0 || b.Rows[i].Counts[col] > b.Rows[before].Counts[col] {
				c.violate("%s: row %d: more %s reached step %s than the one before it", describe(string(k.Site), k), i, columnNames[col], step)
			}
		}
	}
}

// parts proves rows against their total.
func (c *checker) parts(k aggregate.Key, rows []aggregate.Row, total *aggregate.Counts, sums []aggregate.Column, covers bool) {
	name := func() string { return describe(string(k.Site), k) }
	var sum aggregate.Counts
	for i := range rows {
		sum.Add(&rows[i].Counts)
		if n := rows[i].Counts[aggregate.Visitors]; n > total[aggregate.Visitors] {
			c.violate("%s: row %d has %d visitors, the day has %d", name(), i, n, total[aggregate.Visitors])
		}
	}
	for _, col := range sums {
		if sum[col] != total[col] {
			c.violate("%s: %s add up to %d, the day has %d", name(), columnNames[col], sum[col], total[col])
		}
	}
	if covers && sum[aggregate.Visitors] < total[aggregate.Visitors] {
		c.violate("%s: visitors add up to %d, the day has %d", name(), sum[aggregate.Visitors], total[aggregate.Visitors])
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
		if side.dim == aggregate.PageBefore {
			continue // it has no block: a page may have been viewed before on the day before
		}
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

// add gathers a visit fact's rows for checkPair.
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

// checkPair proves the links of two facts, day by day. In a month in which every
// day has its links and nothing was lost or cut, it also proves that for each
// value of a visit fact, its links with the values of another visit fact, dated
// or not, add up to its own counters.
func (c *checker) checkPair(m *monthCheck, p aggregate.Pair) {
	k := m.key
	k.A, k.B = p.A, p.B
	sums := [2]map[string]*aggregate.Counts{{}, {}}
	whole := m.whole && p.A.OfVisit() && p.B.OfVisit()
	views := map[string]int64{} // of each page, by way of those before it
	add := func(b *aggregate.Block, day aggregate.Day) {
		whole = whole && b.Meta.Cap == 0
		for i := range b.Rows {
			if !whole {
				return
			}
			gather(sums[0], b.A[b.Rows[i].A], b.Rows[i].Counts, day)
			gather(sums[1], b.B[b.Rows[i].B], b.Rows[i].Counts, day)
		}
	}
	for _, d := range c.series(m, p.A, p.B) {
		k.Day = d.day
		day := m.days[d.day]
		if day == nil {
			c.violate("%s: there are links, but no totals", describe(string(k.Site), k))
			continue
		}
		if p.B == aggregate.PageBefore {
			gatherViews(views, d.block)
		}
		totals := day.facts[aggregate.None]
		c.links(k, d.block, day.facts[p.A], day.facts[p.B], totals != nil && totals.Meta.Lossy)
		add(d.block, d.day)
	}
	k.Span, k.Day = aggregate.OneMonth, m.key.Day
	if b, err := c.blocks.read(m.site, k); err == nil && b != nil && checkBlock(k, b) == nil {
		add(b, k.Day) // its rows are without what was carried, but for that of the first day
		if p.B == aggregate.PageBefore {
			gatherViews(views, b)
		}
	}
	c.moves(m, k, views)
	if whole {
		c.sameSums(k, p.A, m.sums[p.A], sums[0])
		c.sameSums(k, p.B, m.sums[p.B], sums[1])
	}
}

func gatherViews(views map[string]int64, b *aggregate.Block) {
	for i := range b.Rows {
		views[b.A[b.Rows[i].A]] += b.Rows[i].Counts[aggregate.Pageviews]
	}
}

// moves proves that pages were not come to more often than they were viewed.
func (c *checker) moves(m *monthCheck, k aggregate.Key, views map[string]int64) {
	for _, day := range m.days {
		if len(views) == 0 || day.facts[aggregate.Page].Meta.Cap != 0 {
			return
		}
		for i := range day.facts[aggregate.Page].Rows {
			r := &day.facts[aggregate.Page].Rows[i]
			views[day.facts[aggregate.Page].A[r.A]] -= r.Counts[aggregate.Pageviews]
		}
	}
	for _, page := range slices.Sorted(maps.Keys(views)) {
		if n := views[page]; n > 0 && m.whole {
			c.violate("%s: one page was come to %d times more than it was viewed", describe(string(k.Site), k), n)
		}
	}
}

func (c *checker) sameSums(k aggregate.Key, d aggregate.Dimension, facts, links map[string]*aggregate.Counts) {
	for value, want := range facts {
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
