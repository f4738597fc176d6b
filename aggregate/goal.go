package aggregate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of what an owner may define for a site.
const (
	MaxGoals      = 100
	MaxFunnels    = 30
	MaxConditions = 3 // properties of one goal
	maxGoalText   = 300
	maxGoalName   = 120 // characters
)

// ErrGoal is returned for a goal or a funnel that makes no sense; its text says
// what would.
var ErrGoal = errors.New("goal")

// ErrNoGoal is returned for the id of a goal or a funnel that does not exist.
var ErrNoGoal = errors.New("there is no such goal or funnel")

// GoalID names a goal of an installation for ever: numbers never return, so that
// what was counted under one is never taken for another's.
type GoalID uint32

// String is the stored value of the dimension Conversion.
func (id GoalID) String() string { return strconv.FormatUint(uint64(id), 10) }

// GoalKind says what reaches a goal.
type GoalKind uint8

const (
	PageGoal   GoalKind = 1 + iota // being on a page; its conversions are pageviews
	EventGoal                      // a custom event; its conversions are events
	ScrollGoal                     // scrolling so far on a page; its conversions are visits
)

// Condition says which events reach a goal or a step of a funnel. Exactly one of
// Event and Page is set.
type Condition struct {
	Event string `json:"event,omitempty"` // name of a custom event
	Props []Prop `json:"props,omitempty"` // with Event: properties that it must have
	// Page is a path, in which "*" is anything but "/" and "**" is anything.
	Page   string `json:"page,omitempty"`
	Scroll int    `json:"scroll,omitempty"` // with Page: percent that must be scrolled to, 1-100
}

// Goal is what an owner wants visits to reach.
type Goal struct {
	ID   GoalID `json:"id"`
	Name string `json:"name"` // what reports and filters call it
	Condition
	// Since is the first day that is counted for the goal. What Simple goals ask for
	// is counted anyway: they can be asked for on every day.
	Since Day `json:"since"`
}

// Kind is the kind of goal that the condition makes.
func (c *Condition) Kind() GoalKind {
	switch {
	case c.Event != "":
		return EventGoal
	case c.Scroll > 0:
		return ScrollGoal
	}
	return PageGoal
}

// Simple reports whether the blocks of pages or of event names answer for the
// condition: one event without properties, or one page.
func (c *Condition) Simple() bool {
	switch c.Kind() {
	case EventGoal:
		return len(c.Props) == 0
	case PageGoal:
		return !strings.Contains(c.Page, "*")
	}
	return false
}

// Equal reports whether two conditions are the same.
func (c *Condition) Equal(o *Condition) bool {
	return c.Event == o.Event && c.Page == o.Page && c.Scroll == o.Scroll && slices.Equal(c.Props, o.Props)
}

// Clean checks the condition and puts it in order. The error wraps ErrGoal.
func (c *Condition) Clean() error {
	c.Event, c.Page = strings.TrimSpace(c.Event), strings.TrimSpace(c.Page)
	switch {
	case c.Event == "" && c.Page == "":
		return fmt.Errorf("%w: it needs the name of an event or a page", ErrGoal)
	case c.Event != "" && c.Page != "":
		return fmt.Errorf("%w: it is either an event or a page, not both", ErrGoal)
	case c.Event == PageviewName || c.Event == EngagementName:
		return fmt.Errorf("%w: %q is no custom event; name a page instead", ErrGoal, c.Event)
	case utf8.RuneCountInString(c.Event) > maxGoalName:
		return fmt.Errorf("%w: an event's name has %d characters at most", ErrGoal, maxGoalName)
	case c.Page != "" && c.Page[0] != '/' && c.Page[0] != '*':
		return fmt.Errorf("%w: the page %q is no path; want one such as /thanks or /blog/**", ErrGoal, c.Page)
	case len(c.Page) > MaxGlob || hasControl(c.Page) || hasControl(c.Event):
		return fmt.Errorf("%w: a page has %d bytes at most, without control characters", ErrGoal, MaxGlob)
	case c.Scroll < 0 || c.Scroll > 100:
		return fmt.Errorf("%w: a scroll depth is 1 to 100 percent, not %d", ErrGoal, c.Scroll)
	case c.Scroll > 0 && c.Page == "":
		return fmt.Errorf("%w: a scroll depth needs a page", ErrGoal)
	}
	return c.cleanProps()
}

func (c *Condition) cleanProps() error {
	if len(c.Props) > 0 && c.Event == "" {
		return fmt.Errorf("%w: properties belong to events; name one", ErrGoal)
	}
	if len(c.Props) > MaxConditions {
		return fmt.Errorf("%w: at most %d properties, not %d", ErrGoal, MaxConditions, len(c.Props))
	}
	for i := range c.Props {
		p := &c.Props[i]
		p.Key, p.Value = strings.TrimSpace(p.Key), strings.TrimSpace(p.Value)
		if p.Key == "" || p.Value == "" || len(p.Key) > maxGoalText || len(p.Value) > maxGoalText || hasControl(p.Key+p.Value) {
			return fmt.Errorf("%w: a property needs a key and a value of at most %d bytes", ErrGoal, maxGoalText)
		}
	}
	slices.SortFunc(c.Props, func(a, b Prop) int { return strings.Compare(a.Key, b.Key) })
	for i := 1; i < len(c.Props); i++ {
		if c.Props[i].Key == c.Props[i-1].Key {
			return fmt.Errorf("%w: the property %q is there twice", ErrGoal, c.Props[i].Key)
		}
	}
	return nil
}

// Clean checks the goal and names it where it has no name. The error wraps
// ErrGoal.
func (g *Goal) Clean() error {
	if err := g.Condition.Clean(); err != nil {
		return err
	}
	if g.Name = strings.TrimSpace(g.Name); g.Name == "" {
		g.Name = g.Condition.String()
	}
	if utf8.RuneCountInString(g.Name) > maxGoalName+MaxGlob || hasControl(g.Name) {
		return fmt.Errorf("%w: its name is too long, or has control characters", ErrGoal)
	}
	return nil
}

// String is what a condition is called unless its owner names it.
func (c *Condition) String() string {
	switch c.Kind() {
	case ScrollGoal:
		return fmt.Sprintf("Scroll %d%% on %s", c.Scroll, c.Page)
	case PageGoal:
		return "Visit " + c.Page
	}
	if len(c.Props) == 0 {
		return c.Event
	}
	var parts []string
	for _, p := range c.Props {
		parts = append(parts, p.Key+"="+p.Value)
	}
	return c.Event + " (" + strings.Join(parts, ", ") + ")"
}

// hasControl reports whether s could hold a reserved value.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}
