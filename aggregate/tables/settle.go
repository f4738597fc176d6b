package tables

import (
	"cmp"
	"fmt"
	"slices"

	"footfall/aggregate"
)

// line is a row under construction: what it counts, column by column.
type line struct {
	values [maxFacts]string
	counts aggregate.Counts
}

// additive are the columns that add up to the day's total over the rows of a
// table of visits.
var additive = [...]aggregate.Column{aggregate.Visits, aggregate.Pageviews, aggregate.Duration, aggregate.Bounces}

// settle makes the rows of a table agree with the day's totals:
//
//  1. What adds up to less than the total gets a row of blank values for the rest
//     (Plausible leaves visits without a known country out of its locations, say).
//  2. What adds up to more is scaled down to the total, in proportion.
//  3. No row has more visitors than the day, nor more bounces than visits.
//  4. Visitors add up to the day's at least: the rest is the blank row's.
//
// Columns that follow from others are filled in.
func (m *maker) settle(t Table, lines []line) []line {
	blank := line{}
	for _, col := range additive {
		total, sum := m.total[col], int64(0)
		for i := range lines {
			sum += lines[i].counts[col]
		}
		switch {
		case sum < total:
			blank.counts[col] = total - sum
		case sum > total:
			scale(lines, col, sum, total)
		}
		if len(lines) > 0 && !(t == Sources && lines[0].tagAlone()) { // of tags told beside, most visits have none
			m.differ(t, col, sum, total)
		}
	}
	m.settleVisitors(lines, &blank)
	if blank.counts != (aggregate.Counts{}) {
		lines = append(lines, blank)
	}
	settleBounces(lines)
	for i := range lines {
		c := &lines[i].counts
		c[aggregate.Starts], c[aggregate.StartViews], c[aggregate.Events] = c[aggregate.Visits], c[aggregate.Pageviews], c[aggregate.Pageviews]
	}
	if custom := m.total[aggregate.Events] - m.total[aggregate.Pageviews]; custom > 0 {
		rest := line{}
		rest.counts[aggregate.Events] = custom
		lines = append(lines, rest)
	}
	return lines
}

func (m *maker) settleVisitors(lines []line, blank *line) {
	most, sum := m.total[aggregate.Visitors], int64(0)
	for i := range lines {
		c := &lines[i].counts
		if c[aggregate.Visitors] > most {
			c[aggregate.Visitors] = most
		}
		sum += c[aggregate.Visitors]
	}
	blank.counts[aggregate.Visitors] = max(most-sum, min(1, blank.counts[aggregate.Visits], most))
}

// scale takes a column down to a smaller total, in proportion; what rounding
// leaves goes to the rows that lost most by it.
func scale(lines []line, col aggregate.Column, sum, total int64) {
	type part struct {
		row  int
		lost float64
	}
	parts, left := make([]part, len(lines)), total
	for i := range lines {
		exact := float64(lines[i].counts[col]) * (float64(total) / float64(sum))
		whole := min(int64(exact), lines[i].counts[col])
		parts[i] = part{i, exact - float64(whole)}
		lines[i].counts[col] = whole
		left -= whole
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.lost, a.lost) })
	for i := 0; left != 0 && len(parts) > 0; i = (i + 1) % len(parts) {
		c := &lines[parts[i].row].counts[col]
		switch {
		case left > 0:
			*c++
			left--
		case *c > 0:
			*c--
			left++
		}
	}
}

// settleBounces moves bounces that a row has no visits for to rows that have.
// There are no more bounces than visits in all.
func settleBounces(lines []line) {
	over := int64(0)
	for i := range lines {
		c := &lines[i].counts
		if extra := c[aggregate.Bounces] - c[aggregate.Visits]; extra > 0 {
			c[aggregate.Bounces] -= extra
			over += extra
		}
	}
	for i := len(lines) - 1; i >= 0 && over > 0; i-- { // the blank row comes last
		c := &lines[i].counts
		room := min(over, c[aggregate.Visits]-c[aggregate.Bounces])
		c[aggregate.Bounces] += room
		over -= room
	}
}

// findTotals makes the day's totals: those it was told, or what the tables imply.
func (m *maker) findTotals() {
	told := m.tables[Totals]
	for i := range told {
		m.total.Add(&told[i].counts)
	}
	if len(told) == 0 {
		m.implyTotals()
	}
	t := &m.total
	if t[aggregate.Visits] == 0 { // not every product tells them
		t[aggregate.Visits] = t[aggregate.Visitors]
	}
	t[aggregate.Bounces] = min(t[aggregate.Bounces], t[aggregate.Visits])
	t[aggregate.Starts], t[aggregate.StartViews] = t[aggregate.Visits], t[aggregate.Pageviews]
	t[aggregate.Events] = t[aggregate.Pageviews]
	for i := range m.tables[Events] {
		t[aggregate.Events] += m.tables[Events][i].counts[aggregate.Events]
	}
}

// implyTotals finds totals for a day that has none: the most that a table of
// visits adds up to, and of visitors the least, because each sum is a bound.
func (m *maker) implyTotals() {
	t, least := &m.total, int64(-1)
	largest := int64(0)
	for kind := Sources; kind < kinds; kind++ {
		if len(m.tables[kind]) == 0 {
			continue
		}
		var sum aggregate.Counts
		for i := range m.tables[kind] {
			sum.Add(&m.tables[kind][i].counts)
			largest = max(largest, m.tables[kind][i].counts[aggregate.Visitors])
		}
		if kind.ofVisits() {
			for _, col := range additive {
				t[col] = max(t[col], sum[col])
			}
			if n := sum[aggregate.Visitors]; least < 0 || n < least {
				least = n
			}
		} else if kind == Pages {
			t[aggregate.Pageviews] = max(t[aggregate.Pageviews], sum[aggregate.Pageviews])
		}
	}
	t[aggregate.Visitors] = max(least, largest)
}

// notes gather what tables did not agree on: of their visits and pageviews.
type notes map[noteKey]*note

type noteKey struct {
	table Table
	over  bool
}

type note struct {
	days aggregate.Day // how many
	last aggregate.Day
	sums aggregate.Counts
}

func (m *maker) differ(t Table, col aggregate.Column, sum, total int64) {
	if sum == total || col != aggregate.Visits && col != aggregate.Pageviews {
		return
	}
	if m.notes == nil {
		m.notes = notes{}
	}
	k := noteKey{t, sum > total}
	n := m.notes[k]
	if n == nil {
		n = &note{last: m.day - 1}
		m.notes[k] = n
	}
	if n.last != m.day {
		n.days, n.last = n.days+1, m.day
	}
	n.sums[col] += max(sum-total, total-sum)
}

// Notes say, for people, where tables did not agree with the totals and what was
// done about it. They are complete after Blocks.
func (f *Fold) Notes() (all []string) {
	for t := range kinds {
		for _, over := range []bool{false, true} {
			n := f.notes[noteKey{t, over}]
			if n == nil {
				continue
			}
			what := "fewer than the totals: counted under (not set)"
			if over {
				what = "more than the totals: left out, in proportion"
			}
			all = append(all, fmt.Sprintf("%v, on %d days: %d visits and %d pageviews %s", t, n.days, n.sums[aggregate.Visits], n.sums[aggregate.Pageviews], what))
		}
	}
	return all
}
