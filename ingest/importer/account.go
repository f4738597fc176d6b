package importer

import (
	"fmt"
	"maps"
)

// maxBadLines is how many bad lines are kept to be shown.
const maxBadLines = 10

// Result is the account: Lines = Counted + all of Dropped + Bad. Blank lines are
// no lines.
type Result struct {
	Lines   int            `json:"lines"`
	Counted int            `json:"counted"`
	Dropped map[string]int `json:"dropped"`
	Bad     int            `json:"bad"`

	FirstBad []BadLine `json:"-"` // the first ten
}

// BadLine is a line that could not be read.
type BadLine struct {
	File   string
	Line   int // from 1
	Reason string
}

// String is "access.log:3: no time".
func (b BadLine) String() string { return fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Reason) }

func (r *Result) bad(line BadLine) {
	r.Bad++
	if len(r.FirstBad) < maxBadLines {
		r.FirstBad = append(r.FirstBad, line)
	}
}

// account keeps the account of an import.
type account struct{ result Result }

func newAccount() account { return account{Result{Dropped: map[string]int{}}} }

// Result is the account so far.
func (a *account) Result() Result {
	r := a.result
	r.Dropped = maps.Clone(r.Dropped)
	return r
}

// holdsNothing is embedded by readers that hand on at once.
type holdsNothing struct{}

// Finish does nothing.
func (holdsNothing) Finish() error { return nil }
