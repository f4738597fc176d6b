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

// ScopeStats is the scope of a token that may read figures.
const ScopeStats = "stats"
