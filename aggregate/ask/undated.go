package ask

import (
	"encoding/binary"
	"slices"

	"footfall/aggregate"
)

// A link that lost its date is known by its month and by what counted it: the live
// engine, or one of the imports. It belongs to a range that holds all days of the
// month on which that very one has links. What others have on further days, and
// days that are open and not linked yet, do not matter.

// undated names those whose links that lost their date in a month belong to a
// range: four bytes for each, in ascending order, so that it can be part of a key.
type undated string

// undatedAll are those of everyone: the range holds the month.
const undatedAll undated = "all"

func (u undated) has(id aggregate.ImportID) bool {
	if u == undatedAll {
		return true
	}
	for ; len(u) > 0; u = u[4:] {
		if binary.BigEndian.Uint32([]byte(u[:4])) == uint32(id) {
			return true
		}
	}
	return false
}

// linkedDays are the first and the last day of a month on which an import, or the
// live engine, has links.
type linkedDays struct {
	id          aggregate.ImportID
	first, last aggregate.Day
}

func (l *linkedDays) within(first, last aggregate.Day) bool {
	return l.first >= first && l.last <= last
}

// undatedIn tells whose links that lost their date in the month belong to [first, last].
func (p *plan) undatedIn(month, first, last aggregate.Day) (u undated, err error) {
	if first <= month && month.AddMonths(1)-1 <= last {
		return undatedAll, nil
	}
	all, err := p.linkedIn(month)
	for i := range all {
		if all[i].within(first, last) {
			u += undated(binary.BigEndian.AppendUint32(nil, uint32(all[i].id)))
		}
	}
	return u, err
}

// withholds reports whether links of a bucket's days lost their date in the month
// and do not belong to the bucket.
func (p *plan) withholds(month aggregate.Day, b bucket) (bool, error) {
	all, err := p.linkedIn(month)
	return slices.ContainsFunc(all, func(l linkedDays) bool {
		return !l.within(b.first, b.last) && l.first <= b.last && l.last >= b.first
	}), err
}

// linkedIn lists, in ascending order, who has links in a month and on which days. An
// open day has none before its close, unless it was closed before its time.
func (p *plan) linkedIn(month aggregate.Day) ([]linkedDays, error) {
	if all, ok := p.linked[month]; ok {
		return all, nil
	}
	days, err := p.totals(stretch{first: month, last: month.AddMonths(1) - 1, imports: p.everyone()})
	if err != nil {
		return nil, err
	}
	var all []linkedDays
	for i := range days {
		d := &days[i]
		if d.day < p.since || d.imp == aggregate.Live && !d.linked {
			continue
		}
		at, ok := slices.BinarySearchFunc(all, d.imp, func(l linkedDays, id aggregate.ImportID) int { return int(l.id) - int(id) })
		if !ok {
			all = slices.Insert(all, at, linkedDays{d.imp, d.day, d.day})
			continue
		}
		all[at].first, all[at].last = min(all[at].first, d.day), max(all[at].last, d.day)
	}
	p.linked[month] = all
	return all, nil
}
