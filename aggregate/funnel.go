package aggregate

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Steps of a funnel.
const (
	MinSteps = 2
	MaxSteps = 8
)

// Step is one step of a funnel.
type Step struct {
	Name string `json:"name"`
	Condition
}

// Funnel is a way that an owner wants visits to go. Its steps hold conditions of
// their own: a goal that is changed later does not change a funnel.
type Funnel struct {
	ID    GoalID `json:"id"`
	Name  string `json:"name"`
	Steps []Step `json:"steps"`
	// Strict wants each step right after the one before, with nothing but repetitions
	// of that in between; else anything may happen between them.
	Strict bool `json:"strict"`
	// Since is the first day that is counted for the funnel.
	Since Day `json:"since"`
}

// Clean checks the funnel and names what has no name. The error wraps ErrGoal.
func (f *Funnel) Clean() error {
	if f.Name = strings.TrimSpace(f.Name); f.Name == "" || utf8.RuneCountInString(f.Name) > maxGoalName || hasControl(f.Name) {
		return fmt.Errorf("%w: a funnel needs a name of at most %d characters", ErrGoal, maxGoalName)
	}
	if len(f.Steps) < MinSteps || len(f.Steps) > MaxSteps {
		return fmt.Errorf("%w: a funnel has %d to %d steps, not %d", ErrGoal, MinSteps, MaxSteps, len(f.Steps))
	}
	for i := range f.Steps {
		s := &f.Steps[i]
		if err := s.Condition.Clean(); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		if s.Kind() == ScrollGoal {
			return fmt.Errorf("%w: step %d is a scroll depth, of which it is not known when it was reached; use its page instead", ErrGoal, i+1)
		}
		if s.Name = strings.TrimSpace(s.Name); s.Name == "" {
			s.Name = s.Condition.String()
		}
		if utf8.RuneCountInString(s.Name) > maxGoalName+MaxGlob || hasControl(s.Name) {
			return fmt.Errorf("%w: the name of step %d is too long, or has control characters", ErrGoal, i+1)
		}
	}
	return nil
}

// ReachedValue is the stored value of the dimension Reached for a step, counted
// from 1.
func ReachedValue(funnel GoalID, step int) string {
	return Join(funnel.String(), string([]byte{byte('0' + step)}))
}

// Definitions are what a site's owner has defined, in force for all its open days.
type Definitions struct {
	Goals   []Goal   `json:"goals,omitempty"`
	Funnels []Funnel `json:"funnels,omitempty"`
}

// FunnelQuery asks how far visits went in a funnel.
type FunnelQuery struct {
	Site   Site
	Funnel GoalID
	Range  Range
	// By breaks the steps down by a fact of the visit; nil: totals alone.
	By *Field
	// Filters may name one fact of the visit on past days, and not with By; today any.
	Filters   []Filter
	NoImports bool
}

// FunnelReport is the answer to a FunnelQuery.
type FunnelReport struct {
	Funnel Funnel
	Steps  []StepReport
	// Groups are the rows of By, the most first steps in front.
	Groups   []FunnelGroup
	Warnings []Warning
	Hidden   *HiddenRows
}

// StepReport is how many came to a step. Of a visit it tells, of the visitors of
// several days what a daily salt can know.
type StepReport struct {
	Name             string
	Visitors, Visits int64
	UpperBound       bool // of the visitors
}

// FunnelGroup is a funnel for one value of By.
type FunnelGroup struct {
	Label string
	Steps []StepReport
}

// FlowQuery asks what came before and after a page.
type FlowQuery struct {
	Site      Site
	Page      string
	Range     Range
	Limit     int // rows of each side; 0 = 20
	NoImports bool
}

// FlowReport is the answer to a FlowQuery. Before holds every pageview of the
// page, by the page viewed before it; After those of the pages viewed after it.
type FlowReport struct {
	Page      string
	Pageviews int64
	Visits    int64
	Entries   int64 // pageviews with which visits entered
	Exits     int64 // visits that ended here
	Again     int64 // pageviews of the page right after itself
	Before    []FlowLink
	After     []FlowLink
	Warnings  []Warning
}

// FlowLink is a move between the page and another one.
type FlowLink struct {
	Page      string // "(hidden)" for what the floor withholds, "(other)" for what a cap cut
	Pageviews int64
	Visits    int64
	Visitors  int64
}
