package ask

import "footfall/aggregate"

// Linked reports whether the counters of days that are over link these dimensions
// in one visit, so that a page need not offer what would be refused. Dimensions
// that contain each other count as one. A refusal may still come: of hours, of
// parts of days, and of filters that events without a property satisfy.
func Linked(fields []aggregate.Field) bool {
	facts := findFacts(fields, nil)
	switch len(facts) {
	case 0, 1:
		return true
	case 2:
		a, b := facts[0].dim, facts[1].dim
		return aggregate.Crossed(a, b)
	}
	return false
}
