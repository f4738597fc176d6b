package fold

import "footfall/aggregate"

// References between records are indexes plus one, so that zero means none.
type ref uint32

// value is the number of a value in a dictionary.
type value uint16

// Every dictionary begins with these.
const (
	blank value = iota
	other
	firstFree
)

// The dictionary of event names goes on with these.
const (
	namePageview = firstFree + iota
	nameEngagement
)

// visitor is one browser on one network, for one day.
type visitor struct {
	id       aggregate.Visitor
	latest   ref    // visit that was seen last; the others follow through visit.earlier
	crossing ref    // the visit that began on the day before, if any
	epoch    uint32 // Day.epoch when it last changed (P5)
}

// visit is one visit, as far as it concerns this day. Times are milliseconds
// since the day's start, and negative in a visit from the day before.
type visit struct {
	visitor     ref
	earlier     ref // another visit of this visitor
	first, last ref // its events of this day, in order of time
	prior       ref // crossing: its events of the day before, copied to tell what is carried
	peer        ref // crossing: its record on the day before; crossed: its record on the day after

	start int32 // first event
	end   int32 // last activity
	seen  int32 // last event of any kind: what the next gap is measured from

	own        tallied
	laterViews uint32 // crossed: pageviews of the day after
	records    uint16 // events in the list
	flags      flag
	reached    ref                                // steps of funnels: extras of the dimension Reached
	facts      [aggregate.LastVisitFact + 1]value // entry and exit pages number the pages
}

type flag uint16

const (
	crossing         flag = 1 << iota // began on the day before
	crossed                           // goes on on the day after
	laterActive                       // crossed: had a pageview or custom event there
	laterInteractive                  // crossed: had an interactive custom event there
)

// happening is what kind of event a record holds.
type happening uint8

const (
	viewed   happening = 1 + iota
	acted              // an interactive custom event
	reported           // a custom event that does not end a bounce
	engaged
)

func (h happening) activity() bool { return h != engaged }

// event is one event, or several like ones where a visit has too many.
type event struct {
	next  ref
	at    uint32 // milliseconds since the day's start
	n     uint32 // activities: how many; engaged: milliseconds
	extra ref    // further facts
	page  value
	host  value
	name  value
	what  happening
	depth uint8 // engaged: deepest scroll plus one, 0 if not told; custom: paid or not
}

// again reports whether the record holds several views: after the first, the page
// viewed before is the page itself.
func (e *event) again() bool { return e.what == viewed && e.n > 1 }

// split is such a record in two: the first view, and the others.
func (e *event) split() (first, more *event) {
	one, rest := *e, *e
	one.n, rest.n = 1, e.n-1
	return &one, &rest
}

// paid is event.depth of a custom event that has an entry in Day.amounts.
const paid = 1

// amount is what an event brought. Entries are in the order of their events.
type amount struct {
	event ref
	money aggregate.Money
}

// extra is a further fact of an event: an outbound link, a download, a property, a
// goal or a step of a funnel that it satisfies; or a step that a visit reached.
type extra struct {
	next ref
	dim  aggregate.Dimension
	val  value
}
