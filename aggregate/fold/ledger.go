package fold

import (
	"cmp"
	"slices"
	"strings"

	"footfall/aggregate"
)

// The drop ledger counts refusals by reason: "rate", or with a detail behind a
// colon, "hostname: copied.example". Details come from outside, so they are
// bounded (P10): when there are maxReasons lines, the lightest details are added
// to the line of their reason alone, and when the day is over all but the heaviest
// maxReasons/ledgerSlack are.
const (
	maxReasons  = 1000
	ledgerSlack = 4
	maxReason   = 200 // bytes
)

// reasons are counts by reason. They are pointers because an assignment to a key that a
// map has already makes the map keep the assigned text's memory, and what is
// assigned here is borrowed (Go's maps update the stored key of strings).
type reasons map[string]*int64

// add adds n to a reason, which is borrowed.
func (r reasons) add(reason string, n int64) {
	if count := r[reason]; count != nil {
		*count += n
		return
	}
	r[strings.Clone(reason)] = &n
}

// counts are the numbers, in a map of their own.
func (r reasons) counts() map[string]int64 {
	all := make(map[string]int64, len(r))
	for reason, n := range r {
		all[reason] = *n
	}
	return all
}

// Refuse adds to the drop ledger. The reason is borrowed.
func (d *Day) Refuse(reason string) {
	d.dirty = true
	if count := d.refusals[reason]; count != nil {
		*count++
		return
	}
	if len(d.refusals) >= maxReasons {
		d.cutLedger(maxReasons / ledgerSlack)
	}
	if len(d.refusals) >= maxReasons || len(reason) > maxReason {
		reason = bareReason(reason)
		if _, known := d.refusals[reason]; !known && len(d.refusals) >= maxReasons+100 {
			reason = aggregate.Other // so many reasons there are not
		}
	}
	d.refusals.add(reason, 1)
}

// bareReason is a reason without its detail.
func bareReason(reason string) string {
	bare, _, _ := strings.Cut(reason, ": ")
	return bare
}

// cutLedger keeps the n heaviest details, of like ones the first in the alphabet.
func (d *Day) cutLedger(n int) {
	var details []string
	for reason := range d.refusals {
		if strings.Contains(reason, ": ") {
			details = append(details, reason)
		}
	}
	if len(details) <= n {
		return
	}
	slices.SortFunc(details, func(a, b string) int {
		return cmp.Or(cmp.Compare(*d.refusals[b], *d.refusals[a]), strings.Compare(a, b))
	})
	for _, light := range details[n:] {
		d.refusals.add(bareReason(light), *d.refusals[light])
		delete(d.refusals, light)
	}
}

// Refusals is the day's drop ledger: how many were refused for each reason.
func (d *Day) Refusals() map[string]int64 { return d.refusals.counts() }
