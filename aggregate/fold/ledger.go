package fold

import (
	"cmp"
	"maps"
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

// Refuse adds to the drop ledger. The reason is borrowed.
func (d *Day) Refuse(reason string) {
	d.dirty = true
	if _, known := d.refusals[reason]; known {
		d.refusals[reason]++
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
	d.refusals[strings.Clone(reason)]++
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
		return cmp.Or(cmp.Compare(d.refusals[b], d.refusals[a]), strings.Compare(a, b))
	})
	for _, light := range details[n:] {
		d.refusals[bareReason(light)] += d.refusals[light]
		delete(d.refusals, light)
	}
}

// Refusals is the day's drop ledger: how many were refused for each reason.
func (d *Day) Refusals() map[string]int64 { return maps.Clone(d.refusals) }
