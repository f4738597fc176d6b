package api

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// goalAnswer is a goal as the API shows it.
type goalAnswer struct {
	Domain      aggregate.Site    `json:"domain,omitempty"`
	ID          string            `json:"id"`
	Type        string            `json:"goal_type"` // event or page
	DisplayName string            `json:"display_name"`
	Event       *string           `json:"event_name"`
	Page        *string           `json:"page_path"`
	Props       map[string]string `json:"custom_props,omitempty"`
	Scroll      int               `json:"scroll_threshold,omitempty"`
}

func showGoal(g *aggregate.Goal) goalAnswer {
	a := goalAnswer{ID: g.ID.String(), Type: "page", DisplayName: g.Name, Page: &g.Page, Scroll: g.Scroll}
	if g.Kind() == aggregate.EventGoal {
		a.Type, a.Page, a.Event = "event", nil, &g.Event
	}
	for _, p := range g.Props {
		if a.Props == nil {
			a.Props = map[string]string{}
		}
		a.Props[p.Key] = p.Value
	}
	return a
}

// listGoals is GET /api/v1/sites/goals.
func (a *API) listGoals(r *sitesRequest) (any, error) {
	var answer struct {
		Goals []goalAnswer `json:"goals"`
		Meta  listMeta     `json:"meta"`
	}
	page, meta, err := paginate(r, a.o.Goals.Definitions(r.site).Goals, func(g aggregate.Goal) string { return fmt.Sprintf("%010d", g.ID) })
	answer.Goals, answer.Meta = []goalAnswer{}, meta
	for i := range page {
		answer.Goals = append(answer.Goals, showGoal(&page[i]))
	}
	return &answer, err
}

// putGoal is PUT /api/v1/sites/goals: it finds the goal, or makes it.
func (a *API) putGoal(r *sitesRequest) (any, error) {
	goal, err := r.goal()
	if err != nil {
		return nil, err
	}
	for _, g := range a.o.Goals.Definitions(r.site).Goals {
		if g.Condition.Equal(&goal.Condition) && (r.values["display_name"] == "" || g.Name == goal.Name) {
			return made(r.site, &g), nil
		}
	}
	added, err := a.o.Goals.AddGoal(r.site, goal)
	if errors.Is(err, aggregate.ErrGoal) {
		return nil, bad("%s", ownWords(err, aggregate.ErrGoal))
	}
	if err != nil {
		return nil, err
	}
	a.did(r.RequestCtx, r.site, "goal.add", added.Name)
	return made(r.site, &added), nil
}

func made(site aggregate.Site, g *aggregate.Goal) *goalAnswer {
	answer := showGoal(g)
	answer.Domain = site
	return &answer
}

// goal is the goal that the parameters describe.
func (r *sitesRequest) goal() (g aggregate.Goal, err error) {
	g.Name = r.values["display_name"]
	switch kind := r.values["goal_type"]; kind {
	case "event":
		if g.Event = r.values["event_name"]; g.Event == "" {
			return g, bad("event_name: want the name of the event.")
		}
	case "page":
		if g.Page = r.values["page_path"]; g.Page == "" {
			return g, bad("page_path: want the path of the page.")
		}
	default:
		return g, bad("goal_type: want event or page, got %s", shown(kind))
	}
	if text := r.values["scroll_threshold"]; text != "" {
		if g.Scroll, err = strconv.Atoi(text); err != nil {
			return g, bad("scroll_threshold: want a number from 1 to 100, got %s", shown(text))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.values)) {
		key, ok := strings.CutPrefix(name, "custom_props[")
		if key, end := strings.CutSuffix(key, "]"); ok && end {
			g.Props = append(g.Props, aggregate.Prop{Key: key, Value: r.values[name]})
		}
	}
	if err := g.Clean(); err != nil {
		return g, bad("%s", err)
	}
	return g, nil
}

// removeGoal is DELETE /api/v1/sites/goals/:goal_id.
func (a *API) removeGoal(r *sitesRequest) (any, error) {
	n, err := strconv.ParseUint(argument(r.RequestCtx), 10, 32)
	var name string
	for _, g := range a.o.Goals.Definitions(r.site).Goals {
		if err == nil && g.ID == aggregate.GoalID(n) {
			name = g.Name
		}
	}
	if err == nil {
		err = a.o.Goals.RemoveGoal(r.site, aggregate.GoalID(n))
	}
	if errors.Is(err, aggregate.ErrNoGoal) || errors.Is(err, strconv.ErrSyntax) || errors.Is(err, strconv.ErrRange) {
		return nil, &failure{fasthttp.StatusNotFound, "Goal could not be found."}
	}
	if err != nil {
		return nil, err
	}
	a.did(r.RequestCtx, r.site, "goal.end", name)
	return deleted, nil
}
