package ui

import "footfall/aggregate"

// Asker answers queries. An error is a sentence that may be shown to the person
// who asked: either the counters cannot answer, or they could not be read.
type Asker interface {
	Answer(q *aggregate.Query) (*aggregate.Report, error)
}

// Tokens knows the tokens that were handed out.
type Tokens interface {
	// Check reports whether token is valid for scope ("stats", say) on site. It
	// takes the same time for every wrong token.
	Check(token string, site aggregate.Site, scope string) bool
}

// Ledger knows what was refused.
type Ledger interface {
	// Refusals are those of a site's open day, by reason, with a detail after a
	// colon where there is one. aggregate.ErrDayClosed where the day is not open:
	// nothing has come yet.
	Refusals(site aggregate.Site, day aggregate.Day) (map[string]int64, error)
}

// ScopeStats is the scope of a token that may read figures.
const ScopeStats = "stats"
