package ingest

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"footfall/aggregate"
)

// DefaultPace is how many pages and events a minute one visitor may be shown and
// send. People manage a few dozen; but a class of pupils with equal devices behind
// one address counts as one visitor, too.
const DefaultPace = 600

// pace finds visitors who are faster than people. Once above the limit a visitor
// is refused until there has been a minute below it.
//
// It is a table of one size (32,768 visitors, 256 KiB) without a lock. A visitor
// has four places, and where all are taken the slowest of the four is forgotten:
// somebody who is fast stays known. Of a visitor 28 bits of the hash are kept, and
// of the place it is in 13, so that by chance nobody is taken for somebody else.
type pace struct {
	limit  uint32
	places [paceSets * paceWays]atomic.Uint64
}

const (
	paceSets = 1 << 13
	paceWays = 4
)

// A place holds:
//
//	bits 36-63  the visitor
//	bits 16-35  the minute, modulo two years
//	bit  15     whether the limit was passed in the minute before
//	bits 0-14   events in the minute, at most 32,767; 0 = nobody is here
const (
	paceMinutes = 1<<20 - 1
	paceHot     = 1 << 15
	paceEvents  = paceHot - 1
)

func newPace(perMinute int) *pace {
	return &pace{limit: uint32(min(perMinute, paceEvents-1))}
}

// exceeded counts an event, where it is one that counts, and reports whether its
// visitor is faster than people.
func (p *pace) exceeded(visitor aggregate.Visitor, at time.Time, counts bool) bool {
	who := binary.LittleEndian.Uint64(visitor[:8])
	set := p.places[who%paceSets*paceWays:][:paceWays]
	who >>= 36
	minute := uint64(at.Unix()/60) & paceMinutes
	var step uint64
	if counts {
		step = 1
	}
	place := find(set, who, minute)
	for {
		old := place.Load()
		next := who<<36 | minute<<16 | step
		if old>>36 == who && old&paceEvents > 0 {
			events := old & paceEvents
			switch old >> 16 & paceMinutes {
			case minute, (minute + 1) & paceMinutes: // another who looked at the clock earlier
				next = old
				if events < paceEvents {
					next += step
				}
			case minute - 1:
				if events > uint64(p.limit) {
					next |= paceHot
				}
			}
		}
		if next&paceEvents == 0 {
			return false // an engagement of somebody who is not here
		}
		if place.CompareAndSwap(old, next) {
			return next&paceHot != 0 || next&paceEvents > uint64(p.limit)
		}
	}
}

// find is the visitor's place, or else the one that is missed least.
func find(set []atomic.Uint64, who, minute uint64) *atomic.Uint64 {
	least, fewest := &set[0], uint64(paceEvents+1)
	for i := range set {
		one := set[i].Load()
		if one>>36 == who && one&paceEvents > 0 {
			return &set[i]
		}
		events := one & paceEvents
		if age := (minute - one>>16) & paceMinutes; age > 1 {
			events = 0
		}
		if events < fewest {
			least, fewest = &set[i], events
		}
	}
	return least
}
