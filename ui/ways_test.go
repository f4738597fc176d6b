package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// fakeWays are goals and funnels in memory, and what came of them.
type fakeWays struct {
	defs aggregate.Definitions
	flow aggregate.FlowReport
}

func (f *fakeWays) Definitions(aggregate.Site) aggregate.Definitions { return f.defs }

func (f *fakeWays) AddGoal(_ aggregate.Site, g aggregate.Goal) (aggregate.Goal, error) {
	err := g.Clean()
	if g.ID = aggregate.GoalID(len(f.defs.Goals) + 1); err == nil {
		f.defs.Goals = append(f.defs.Goals, g)
	}
	return g, err
}

func (f *fakeWays) ChangeGoal(_ aggregate.Site, g aggregate.Goal) (aggregate.Goal, error) {
	return g, nil
}

func (f *fakeWays) RemoveGoal(_ aggregate.Site, id aggregate.GoalID) error {
	before := len(f.defs.Goals)
	f.defs.Goals = slices.DeleteFunc(f.defs.Goals, func(g aggregate.Goal) bool { return g.ID == id })
	if len(f.defs.Goals) == before {
		return fmt.Errorf("number %d: %w", id, aggregate.ErrNoGoal)
	}
	return nil
}

func (f *fakeWays) AddFunnel(_ aggregate.Site, n aggregate.Funnel) (aggregate.Funnel, error) {
	err := n.Clean()
	if n.ID = aggregate.GoalID(len(f.defs.Funnels) + 1); err == nil {
		f.defs.Funnels = append(f.defs.Funnels, n)
	}
	return n, err
}

func (f *fakeWays) RemoveFunnel(aggregate.Site, aggregate.GoalID) error {
	f.defs.Funnels = nil
	return nil
}

func (f *fakeWays) Funnel(q *aggregate.FunnelQuery) (*aggregate.FunnelReport, error) {
	n := f.defs.Funnels[q.Funnel-1]
	if n.Name == "Too late" {
		return nil, &ask.Refusal{Part: "date_range", Why: "The funnel is counted since tomorrow."}
	}
	r := &aggregate.FunnelReport{Funnel: n}
	for i := range n.Steps {
		r.Steps = append(r.Steps, aggregate.StepReport{Name: n.Steps[i].Name, Visits: int64(100 >> i), Visitors: int64(90 >> i)})
	}
	return r, nil
}

func (f *fakeWays) Flow(q *aggregate.FlowQuery) (*aggregate.FlowReport, error) {
	r := f.flow
	r.Page = q.Page
	return &r, nil
}

func TestGoalsAndFunnelsAreMadeAndShownOnTheirPage(t *testing.T) {
	f := &fakeWays{flow: aggregate.FlowReport{Pageviews: 9, Before: []aggregate.FlowLink{{Page: "/<b>", Pageviews: 4}},
		After: []aggregate.FlowLink{{Page: "/next?", Pageviews: 3}, {Page: "(hidden)", Pageviews: 2}}}}
	b := &browser{stand: serve(t, fullAsker(), func(o *Options) { o.Goals, o.Ways = f, f })}
	const page = "/example.com/goals"
	wantText(t, b.open(t, page), "No goal is defined yet.", "No funnel is defined yet.", "/&lt;b&gt;", `of=%2Fnext%3F#flow`, "(hidden)")
	for _, form := range [][]string{{"event", "Signup", "props", "plan=pro, size = xl", "name", "<i>Pros"}, {"page", "/blog/**", "scroll", "75"}} {
		answer, _ := b.post(t, page, page, form...)
		wantStatus(t, answer, 303)
	}
	if g := f.defs.Goals; len(g) != 2 || len(g[0].Props) != 2 || g[0].Props[1].Value != "xl" || g[1].Scroll != 75 {
		t.Fatalf("made %+v", g)
	}
	answer, _ := b.post(t, page, page, "name", "Sale", "step", "/", "step", "<i>Pros", "step", "Buy", "step", "", "strict", "1")
	wantStatus(t, answer, 303)
	if s := f.defs.Funnels[0].Steps; len(s) != 3 || s[0].Page != "/" || s[1].Event != "Signup" || s[2].Event != "Buy" || !f.defs.Funnels[0].Strict {
		t.Fatalf("made %+v", f.defs.Funnels)
	}
	body := b.open(t, page)
	wantText(t, body, "&lt;i&gt;Pros", "Scroll 75% on /blog/**", "Sale", "one right after the other", "50%", "25% of the visits go all the way")
	if strings.Contains(body, "<i>Pros") {
		t.Error("the name of a goal became markup")
	}
	for _, wrong := range [][]string{{"event", "pageview"}, {"page", "blog"}, {"page", "/", "scroll", "x"}, {"name", "One step", "step", "/"}} {
		answer, body := b.post(t, page, page, wrong...)
		wantStatus(t, answer, 400)
		wantText(t, body, `role="alert"`)
	}
	answer, _ = b.post(t, page, page, "end_goal", "9")
	wantStatus(t, answer, 404)
	answer, _ = b.post(t, page, page, "end_goal", "1")
	if wantStatus(t, answer, 303); len(f.defs.Goals) != 1 {
		t.Error("the goal goes on")
	}
	f.defs.Funnels[0].Name = "Too late"
	wantText(t, b.open(t, page), "counted since tomorrow")
	_, body = b.get(t, page, away, "Authorization: Bearer one")
	if strings.Contains(body, `name="event"`) || !strings.Contains(body, "Too late") {
		t.Error("a viewer has the forms, or not the figures")
	}
}
