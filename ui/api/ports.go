package api

import "footfall/aggregate"

// Asker answers queries. An error is a sentence that may be shown to the person
// who asked (an *ask.Refusal), or one that may not: the counters could not be read.
type Asker interface {
	Answer(q *aggregate.Query) (*aggregate.Report, error)
}

// Tokens knows the tokens that were handed out.
type Tokens interface {
	// Check reports whether token is valid for scope ("stats", say) on site. It
	// takes the same time for every wrong token.
	Check(token string, site aggregate.Site, scope string) bool
}

// Ledgers are the drop ledgers of sites.
type Ledgers interface {
	// Ledgers are those of a site's days from first to last, in order. Days on which
	// nothing was refused may be missing. The error may not be shown.
	Ledgers(site aggregate.Site, first, last aggregate.Day) ([]DayLedger, error)
}

// ScopeStats is the scope of a token that may read figures.
const ScopeStats = "stats"
