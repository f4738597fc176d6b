package fold

import (
	"math"
	"slices"
	"strings"

	"footfall/aggregate"
)

// dict numbers the values of a dimension. It is the one place in which the fold
// keeps a string of a hit.
type dict struct {
	numbers map[string]value
	values  []string
	ghosts  *ghosts // nil before the first sweep
	credit  []int64 // by number, what the ghosts know of it; values beyond its end have none
}

func newDict(names bool) *dict {
	d := &dict{numbers: map[string]value{}}
	d.number(aggregate.Blank)
	d.number(aggregate.Other)
	if names {
		d.number(aggregate.PageviewName)
		d.number(aggregate.EngagementName)
	}
	return d
}

// number returns the value's number and gives it one if it has none. Callers
// make room beforehand (Day.makeRoom); what finds none all the same is other.
func (d *dict) number(s string) value {
	if n, ok := d.numbers[s]; ok {
		return n
	}
	if len(d.values) > math.MaxUint16 {
		return other
	}
	s = strings.Clone(s)
	n := value(len(d.values))
	d.numbers[s] = n
	d.values = append(d.values, s)
	if d.ghosts != nil {
		if credit := d.ghosts.recall(s); credit > 0 {
			d.trust(n, credit)
		}
	}
	return n
}

// trust gives a value credit at the next sweeps.
func (d *dict) trust(v value, credit int64) {
	for len(d.credit) <= int(v) {
		d.credit = append(d.credit, 0)
	}
	d.credit[v] = credit
}

// trusted is the credit that a value has.
func (d *dict) trusted(v value) int64 {
	if int(v) < len(d.credit) {
		return d.credit[v]
	}
	return 0
}

// dictOf tells whose dictionary a dimension uses: entry and exit pages are pages,
// and so are those viewed before.
func dictOf(d aggregate.Dimension) aggregate.Dimension {
	if d == aggregate.EntryPage || d == aggregate.ExitPage || d == aggregate.PageBefore {
		return aggregate.Page
	}
	return d
}

// counted are all dimensions that have cells.
var counted = aggregate.FactDimensions()

// countedIn1 are those of snapshots of version 1.
var countedIn1 = counted[:slices.Index(counted, aggregate.Property)+1]

// defined reports whether the owner has made the values of a dimension: they are
// bounded by what he may define, and no cap cuts them.
func defined(d aggregate.Dimension) bool { return d == aggregate.Conversion || d == aggregate.Reached }

// cell is the counters of one value, with marks that tell weigh what it has
// already given while it walks a visitor.
type cell struct {
	aggregate.Counts
	visitor uint32 // Day.pass when the visitor was given
	visit   uint32 // Day.visitPass when the visit was given
	engaged uint32 // likewise for its engagement
	scroll  uint32 // likewise for its scroll depth,
	depth   uint8  // which is this
}
