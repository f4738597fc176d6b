package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"footfall/aggregate"
)

type goalCmd struct {
	Add    goalAddCmd    `cmd:"" help:"Count a goal from today on; what one event or one page tells is known of all days."`
	List   goalListCmd   `cmd:"" help:"List a site's goals."`
	Remove goalRemoveCmd `cmd:"" help:"End a goal."`
}

type goalAddCmd struct {
	Domain string            `arg:"" help:"The site."`
	Event  string            `help:"Name of a custom event that reaches the goal." placeholder:"NAME"`
	Prop   map[string]string `help:"Property that the event must have; may be repeated." placeholder:"KEY=VALUE"`
	Page   string            `help:"Path that reaches it; * is anything within a segment, ** anything." placeholder:"PATH"`
	Scroll int               `help:"Percent of the page that must be scrolled to." placeholder:"N"`
	Name   string            `help:"What reports call it (default: made from the rest)."`
	machines
}

type goalListCmd struct {
	Domain string `arg:"" help:"The site."`
	machines
}

type goalRemoveCmd struct {
	Domain string `arg:"" help:"The site."`
	Goal   string `arg:"" help:"Its name or its id."`
	machines
}

type goalQuestion struct {
	Domain string
	Goal   aggregate.Goal
	Name   string
}

// goalBook is the control's view of goals and funnels.
func (c *control) goalBook() *goalBook { return &goalBook{c.db, c.clock, c.engine} }

func (c *control) addGoal(q goalQuestion) (aggregate.Goal, error) {
	record, err := c.known(q.Domain)
	if err != nil {
		return aggregate.Goal{}, err
	}
	g, err := c.goalBook().AddGoal(record.Site, q.Goal)
	if errors.Is(err, aggregate.ErrGoal) {
		err = hint(err, "footfall goal add %s --event Signup, or --page /thanks, for instance", record.Site)
	}
	return g, err
}

func (c *control) listGoals(q goalQuestion) ([]aggregate.Goal, error) {
	record, err := c.known(q.Domain)
	return c.db.Definitions(record.Site).Goals, err
}

func (c *control) removeGoal(q goalQuestion) (struct{}, error) {
	record, err := c.known(q.Domain)
	if err != nil {
		return struct{}{}, err
	}
	goals := c.db.Definitions(record.Site).Goals
	at := slices.IndexFunc(goals, func(g aggregate.Goal) bool { return g.Name == q.Name })
	if id, err := strconv.ParseUint(q.Name, 10, 32); err == nil && at < 0 {
		at = slices.IndexFunc(goals, func(g aggregate.Goal) bool { return g.ID == aggregate.GoalID(id) })
	}
	if at < 0 {
		return struct{}{}, hint(fmt.Errorf("%s: %w", q.Name, aggregate.ErrNoGoal), "footfall goal list %s shows them", record.Site)
	}
	return struct{}{}, c.goalBook().RemoveGoal(record.Site, goals[at].ID)
}

func (c *goalAddCmd) Run(root *cli, io *streams) error {
	g := aggregate.Goal{Name: c.Name, Condition: aggregate.Condition{Event: c.Event, Page: c.Page, Scroll: c.Scroll}}
	for key, value := range c.Prop {
		g.Props = append(g.Props, aggregate.Prop{Key: key, Value: value})
	}
	g, err := askOnce[aggregate.Goal](root.Data, toWrite, "/goal/add", goalQuestion{Domain: c.Domain, Goal: g})
	if err != nil {
		return err
	}
	return c.tell(io.out, line(&g), "goal %d: %s, %s\n", g.ID, g.Name, countedSince(&g))
}

// goalLine is a goal for machines.
type goalLine struct {
	ID    aggregate.GoalID `json:"id"`
	Name  string           `json:"name"`
	Since *string          `json:"since"` // null: known of all days
	aggregate.Condition
}

func line(g *aggregate.Goal) goalLine {
	l := goalLine{ID: g.ID, Name: g.Name, Condition: g.Condition}
	if !g.Simple() {
		since := g.Since.String()
		l.Since = &since
	}
	return l
}

func countedSince(g *aggregate.Goal) string {
	if g.Simple() {
		return "known of all days"
	}
	return "counted since " + g.Since.String()
}

func (c *goalListCmd) Run(root *cli, io *streams) error {
	goals, err := askOnce[[]aggregate.Goal](root.Data, toRead, "/goal/list", goalQuestion{Domain: c.Domain})
	if err != nil {
		return err
	}
	if c.JSON {
		lines := []goalLine{}
		for i := range goals {
			lines = append(lines, line(&goals[i]))
		}
		return printJSON(io.out, lines)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for i := range goals {
		g := &goals[i]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", g.ID, g.Name, strings.TrimSpace(g.Condition.String()), countedSince(g))
	}
	return w.Flush()
}

func (c *goalRemoveCmd) Run(root *cli, io *streams) error {
	_, err := askOnce[struct{}](root.Data, toWrite, "/goal/remove", goalQuestion{Domain: c.Domain, Name: c.Goal})
	if err != nil {
		return err
	}
	return c.tell(io.out, removed{c.Goal}, "")
}
