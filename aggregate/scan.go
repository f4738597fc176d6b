package aggregate

import "errors"

// ErrDayClosed is what a Scan returns when its day is not open (any more): what
// was counted is in the stored blocks.
var ErrDayClosed = errors.New("the day is not open")

// Expr is a condition on an event and the visit it belongs to: either a leaf
// (Match set) or a combination of others.
type Expr struct {
	Op   ExprOp
	Args []Expr // And, Or: any number; Not: one

	// Leaf only. Match is asked once for each value that occurs, in stored form
	// (see Dimension). For Property it is asked for the value of Key alone, and
	// for Blank on events that lack the key.
	Dimension Dimension
	Key       string
	Match     func(value string) bool
}

// ExprOp is the kind of an Expr.
type ExprOp uint8

const (
	Leaf ExprOp = iota
	And         // true without arguments
	Or          // false without arguments
	Not
)

// Leaves calls fn for every leaf of e.
func (e *Expr) Leaves(fn func(leaf *Expr)) {
	if e.Op == Leaf {
		fn(e)
		return
	}
	for i := range e.Args {
		e.Args[i].Leaves(fn)
	}
}

// Eval is the truth of e where leaf tells that of its leaves.
func (e *Expr) Eval(leaf func(*Expr) bool) bool {
	switch e.Op {
	case And:
		for i := range e.Args {
			if !e.Args[i].Eval(leaf) {
				return false
			}
		}
		return true
	case Or:
		for i := range e.Args {
			if e.Args[i].Eval(leaf) {
				return true
			}
		}
		return false
	case Not:
		return !e.Args[0].Eval(leaf)
	default:
		return leaf(e)
	}
}

// Group is one dimension to break down by. Label turns a stored value into what
// the row is named; values with the same label share a row. For Property it gets
// the value of Key, Blank where an event lacks the key.
type Group struct {
	Dimension Dimension
	Key       string
	Label     func(value string) string
}

// Grain is the time bucket of scanned rows.
type Grain uint8

const (
	WholeScan Grain = iota // no time buckets
	ByHour                 // ScanRow.Bucket is the local hour, 0-23
	ByMinute               // ScanRow.Bucket is the Unix minute
)

// Scan asks an open day for counters. What it means for a row to hold an event:
// the event happened in [From, To) and Filter is true of it and its visit.
//
//   - Visits, Visitors: those with such an activity (pageview or custom event).
//   - Pageviews, Events: such events.
//   - Starts, Bounces, Duration, StartViews: visits of which such an activity
//     happened and which started in this day and in [From, To); where Filter or
//     Groups name Page or Hostname, only those whose first pageview (visits
//     without one: first event) satisfies it.
//   - Engaged, Scroll: engagements that satisfy it; they have the event name
//     "engagement".
//
// Rows by hour or minute count a visit as visited and started in the bucket of
// its own events only, apart from totals by hour without a filter, which follow
// the rule of hour totals.
type Scan struct {
	Filter   *Expr // nil: everything
	Groups   []Group
	Grain    Grain
	From, To int64 // Unix milliseconds; To = 0: no limits
}

// ScanRow is one counter row of a Scan: a value for each of its Groups.
type ScanRow struct {
	Values []string // labels, one for each Group
	Bucket int64    // see Grain
	Counts
}
