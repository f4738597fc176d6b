package ask

import "footfall/aggregate"

// A link that lost its date is known by its month alone. It belongs to a range that
// holds all days of the month on which there are links, whoever counted them: what an
// import has on one day only would be shown with its date if the days of that import
// were all that mattered. Days that are open and not linked yet do not matter: the
// first commit of today changes no answer about the days before.

// linkedDays are the first and the last day of a month on which there are links;
// first is after last where there are none.
type linkedDays struct{ first, last aggregate.Day }

// holdsUndated reports whether links that lost their date in the month belong to
// [first, last].
func (p *plan) holdsUndated(month, first, last aggregate.Day) (bool, error) {
	if first <= month && month.AddMonths(1)-1 <= last {
		return true, nil
	}
	l, err := p.linkedIn(month)
	return l.first >= first && l.last <= last, err
}

// withholds reports whether links of a bucket's days lost their date in the month
// and do not belong to the bucket.
func (p *plan) withholds(month aggregate.Day, b bucket) (bool, error) {
	held, err := p.holdsUndated(month, b.first, b.last)
	if held || err != nil {
		return false, err
	}
	l, err := p.linkedIn(month)
	return l.first <= b.last && l.last >= b.first, err
}

// linkedIn are the days of a month that have links. An open day has none before its
// close, unless it was closed before its time.
func (p *plan) linkedIn(month aggregate.Day) (linkedDays, error) {
	if l, ok := p.linked[month]; ok {
		return l, nil
	}
	next := month.AddMonths(1)
	l := linkedDays{first: next, last: month - 1}
	days, err := p.totals(stretch{first: month, last: next - 1, imports: p.everyone()})
	if err != nil {
		return l, err
	}
	for i := range days {
		if d := &days[i]; d.day >= p.since && (d.imp != aggregate.Live || d.linked) {
			l.first, l.last = min(l.first, d.day), max(l.last, d.day)
		}
	}
	p.linked[month] = l
	return l, nil
}
