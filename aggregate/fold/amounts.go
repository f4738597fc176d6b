package fold

import (
	"sort"

	"footfall/aggregate"
)

// tooMuch is the line of the drop ledger for amounts beyond what a day may have.
const tooMuch = aggregate.RevenueReason + ": too much for one day"

// pays reports whether the hit's amount counts, and adds it to the day's.
func (d *Day) pays(h *aggregate.Hit) bool {
	if !h.Paid || h.Kind != aggregate.Custom || h.Revenue < 0 {
		return false
	}
	if h.Revenue > aggregate.MaxRevenue-d.revenue {
		d.Refuse(tooMuch)
		return false
	}
	d.revenue += h.Revenue
	return true
}

// addAmount notes what an event brought. Without an entry of its own yet, it must
// be the newest event.
func (d *Day) addAmount(e ref, m aggregate.Money) {
	if i := d.amountOf(e); i < d.amounts.len() && d.amounts.at(uint32(i)).event == e {
		d.amounts.mut(uint32(i)).money += m
		return
	}
	*d.amounts.mut(d.amounts.add()) = amount{e, m}
}

// amountOf is the place of an event's amount.
func (d *Day) amountOf(e ref) int {
	return sort.Search(d.amounts.len(), func(i int) bool { return d.amounts.at(uint32(i)).event >= e })
}

// money is what an event brought.
func (d *Day) money(e ref, ev *event) aggregate.Money {
	if ev.depth != paid || ev.what != acted && ev.what != reported {
		return 0
	}
	return d.amounts.at(uint32(d.amountOf(e))).money
}

// sumAmounts works out the day's revenue, after a restart.
func (d *Day) sumAmounts() {
	d.revenue = aggregate.Money(d.baseTotal[aggregate.Revenue])
	d.amounts.each(func(a *amount) { d.revenue += a.money })
}
