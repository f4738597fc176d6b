package ask

import (
	"footfall/aggregate"
)

// pastTotals answers from the blocks of totals: no fact is asked for.
func (p *plan) pastTotals() error {
	if p.grain == aggregate.Hour {
		return p.pastHours(p.first, p.last, true)
	}
	tuple := p.grid.tuple(nil)
	all, err := p.stretches(p.first, p.last)
	if err != nil {
		return err
	}
	for _, s := range all {
		if p.cut(s.first) || p.cut(s.last) {
			if err := p.cutTotals(s, tuple); err != nil {
				return err
			}
			continue
		}
		if err := p.dayTotals(s, tuple); err != nil {
			return err
		}
	}
	return nil
}

// dayTotals adds the totals of whole days.
func (p *plan) dayTotals(s stretch, tuple int32) error {
	days, err := p.totals(s)
	if err != nil {
		return err
	}
	for i := range days {
		c := days[i].counts
		bucket := p.bucketOf(days[i].day)
		first, err := p.begins(bucket, days[i].day)
		if err != nil {
			return err
		}
		begin(&c, first)
		p.grid.cells[p.grid.at(bucket, tuple)].counts.Add(&c)
	}
	return nil
}

// cutTotals adds a stretch whose ends the range may cut: those by their hours.
func (p *plan) cutTotals(s stretch, tuple int32) error {
	for d := s.first; d <= s.last; d++ {
		one := s
		one.first, one.last = d, d
		var err error
		if p.cut(d) {
			err = p.pastHours(d, d, false)
		} else {
			err = p.dayTotals(one, tuple)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pastHours adds hour totals of closed days: each to its own bucket, or, of a day
// that the range cuts, all to the day's.
func (p *plan) pastHours(first, last aggregate.Day, byHour bool) error {
	var hours [24]bool
	if !byHour {
		hours = p.hoursOf(first)
	}
	imports := p.everyone()&imported != 0
	return p.a.blocks.Range(p.q.Site, imports, aggregate.OneDay, aggregate.None, aggregate.None, first, last,
		func(k aggregate.Key, b *aggregate.Block) error {
			if k.Import == aggregate.Live && p.isOpen(k.Day) {
				return nil
			}
			if len(b.Rows) == 1 && b.A[b.Rows[0].A] == aggregate.TotalDay {
				note(&p.notes.noHours, k.Day)
			}
			if byHour {
				p.addHours(k.Day, b)
				return nil
			}
			begins, err := p.begins(p.bucketOf(k.Day), k.Day)
			p.addCutDay(k.Day, b, &hours, begins)
			return err
		})
}

func (p *plan) addHours(day aggregate.Day, b *aggregate.Block) {
	tuple := p.grid.tuple(nil)
	for i := range b.Rows {
		h, ok := hourOf(b.A[b.Rows[i].A])
		if !ok || p.ofHour[day-p.first][h] < 0 {
			continue
		}
		c := b.Rows[i].Counts
		c.DropCarried()
		p.grid.cells[p.grid.at(p.ofHour[day-p.first][h], tuple)].counts.Add(&c)
	}
}

// addCutDay adds the hours of a part of a day. Each of its visits counts in its
// first hour there; visitors of several hours are not known. begins is of the day.
func (p *plan) addCutDay(day aggregate.Day, b *aggregate.Block, hours *[24]bool, begins bool) {
	first, n := -1, 0
	for h, in := range hours {
		if in {
			n++
			if first < 0 {
				first = h
			}
		}
	}
	bucket := p.bucketOf(day)
	cell := &p.grid.cells[p.grid.at(bucket, p.grid.tuple(nil))]
	for i := range b.Rows {
		h, ok := hourOf(b.A[b.Rows[i].A])
		if !ok || !hours[h] {
			continue
		}
		c := b.Rows[i].Counts
		begin(&c, h == first && begins)
		cell.counts.Add(&c)
	}
	if n > 1 || p.buckets[bucket].first != p.buckets[bucket].last {
		cell.noVisitors, cell.noEngaged = true, true
		p.notes.hourTotals = true
	}
}

// hourOf reads a value of HourValue.
func hourOf(value string) (int, bool) {
	if len(value) != 2 {
		return 0, false
	}
	h := int(value[0]-'0')*10 + int(value[1]-'0')
	return h, h >= 0 && h < 24
}

// pastFacts answers from the blocks of one dimension or of two.
func (p *plan) pastFacts() error {
	pair := aggregate.Pair{A: p.facts[0].dim}
	if len(p.facts) == 2 {
		pair.B = p.facts[1].dim
	}
	e := newEater(p)
	for i := range p.buckets {
		b := &p.buckets[i]
		all, err := p.stretches(b.first, b.last)
		if err != nil {
			return err
		}
		for _, s := range all {
			table, err := p.sums(pair.A, pair.B, s)
			if err != nil {
				return err
			}
			if err := e.eat(int32(i), s, table); err != nil {
				return err
			}
		}
	}
	if len(p.facts) == 2 {
		if err := p.noteDays(); err != nil {
			return err
		}
	}
	e.rest.finish()
	return p.capBounds()
}

// capBounds cuts bounds to what is possible: no cell has more visits than the
// site in that bucket, nor more visitors than visits.
func (p *plan) capBounds() error {
	visits := map[int32]int64{}
	for i := range p.grid.cells {
		c := &p.grid.cells[i]
		if c.visitsBound {
			most, known := visits[c.bucket]
			if !known {
				var err error
				if most, err = p.visitsOf(c.bucket); err != nil {
					return err
				}
				visits[c.bucket] = most
			}
			c.counts[aggregate.Visits] = min(c.counts[aggregate.Visits], most)
		}
		if c.visitorsBound {
			c.counts[aggregate.Visitors] = min(c.counts[aggregate.Visitors], c.counts[aggregate.Visits])
		}
	}
	return nil
}

// visitsOf are the site's visits of a bucket's closed days.
func (p *plan) visitsOf(bucket int32) (visits int64, err error) {
	b := p.buckets[bucket]
	all, err := p.stretches(b.first, b.last)
	for _, s := range all {
		first, err := p.begins(bucket, s.first)
		if err != nil {
			return 0, err
		}
		total, _, err := p.totalOf(s, first)
		if err != nil {
			return 0, err
		}
		visits += total[aggregate.Visits]
	}
	return visits, err
}

// noteDays lists the days whose links are incomplete, and sees whether any were
// imported.
func (p *plan) noteDays() error {
	all, err := p.stretches(p.first, p.last)
	if err != nil {
		return err
	}
	for _, s := range all {
		days, err := p.totals(s)
		if err != nil {
			return err
		}
		for i := range days {
			p.notes.imports = p.notes.imports || days[i].imp != aggregate.Live
			switch {
			case days[i].lossy:
				p.notes.lose(days[i].day)
			case days[i].summary:
				note(&p.notes.summaries, days[i].day)
			}
		}
	}
	return nil
}

// totalOf adds up the whole days' totals of a stretch, as part of a bucket. most
// is the number of visitors with those who crossed midnight counted on both days:
// the visitors of some events may be as many as that, because they are counted
// once only where these events are on both days.
func (p *plan) totalOf(s stretch, first bool) (sum aggregate.Counts, most int64, err error) {
	days, err := p.totals(s)
	for i := range days {
		c := days[i].counts
		most += c[aggregate.Visitors]
		begin(&c, first && days[i].day == s.first)
		sum.Add(&c)
	}
	return sum, most, err
}
