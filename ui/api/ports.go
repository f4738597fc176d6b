package api

import (
	"errors"

	"footfall/aggregate"
)

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

// Sites are the sites that are counted.
type Sites interface {
	// Names are their domains.
	Names() []aggregate.Site
	// Add begins to count a site, with some settings other than the default ones.
	// They are acceptable. The error wraps ErrTaken where the site is there already.
	Add(site aggregate.Site, settings map[string]string) error
	// Set changes settings, which are acceptable.
	Set(site aggregate.Site, settings map[string]string) error
	// Remove ends a site with all its counters.
	Remove(site aggregate.Site) error
}

// ErrTaken is the error for a site that is there already.
var ErrTaken = errors.New("the site is counted already")

// Segments are saved filters. Errors wrap aggregate.ErrSegment, whose text may be
// shown, or aggregate.ErrNoSegment; others are of the disk.
type Segments interface {
	// Segments are a site's, everybody's and those of single accounts, in the order in
	// which they were made.
	Segments(site aggregate.Site) []aggregate.Segment
	// AddSegment adds a clean segment and returns it with its id.
	AddSegment(site aggregate.Site, s aggregate.Segment) (aggregate.Segment, error)
	// ChangeSegment replaces the segment with s's id; whose it is stays.
	ChangeSegment(site aggregate.Site, s aggregate.Segment) error
	RemoveSegment(site aggregate.Site, id aggregate.SegmentID) error
}

// Annotations are what the team noted about days. Errors wrap
// aggregate.ErrAnnotation, whose text may be shown, or aggregate.ErrNoAnnotation;
// others are of the disk.
type Annotations interface {
	// Annotations are a site's about days from first to last, in the order of the days.
	Annotations(site aggregate.Site, first, last aggregate.Day) []aggregate.Annotation
	// AddAnnotation adds a clean annotation and returns it with its id.
	AddAnnotation(site aggregate.Site, a aggregate.Annotation) (aggregate.Annotation, error)
	// ChangeAnnotation replaces the annotation with a's id.
	ChangeAnnotation(site aggregate.Site, a aggregate.Annotation) error
	RemoveAnnotation(site aggregate.Site, id aggregate.AnnotationID) error
}

// Scopes of tokens.
const (
	ScopeStats = "stats" // may read figures
	ScopeSites = "sites" // may make, change and end sites
)

// Goals are what the owners of sites have defined. Errors wrap aggregate.ErrGoal,
// whose text may be shown, or aggregate.ErrNoGoal; others are of the disk.
type Goals interface {
	// Definitions are a site's goals and funnels, in the order in which they were made.
	Definitions(site aggregate.Site) aggregate.Definitions
	// AddGoal adds a goal and returns it with its id, its name and its first day.
	AddGoal(site aggregate.Site, g aggregate.Goal) (aggregate.Goal, error)
	// ChangeGoal replaces the goal with g's id. One that is reached by something else
	// from now on gets a new id.
	ChangeGoal(site aggregate.Site, g aggregate.Goal) (aggregate.Goal, error)
	RemoveGoal(site aggregate.Site, id aggregate.GoalID) error
	AddFunnel(site aggregate.Site, f aggregate.Funnel) (aggregate.Funnel, error)
	RemoveFunnel(site aggregate.Site, id aggregate.GoalID) error
}

// FunnelsAndFlows answers what Asker's queries do not: which way visits went. The
// errors are those of Asker, and aggregate.ErrNoGoal.
type FunnelsAndFlows interface {
	Funnel(q *aggregate.FunnelQuery) (*aggregate.FunnelReport, error)
	Flow(q *aggregate.FlowQuery) (*aggregate.FlowReport, error)
}
