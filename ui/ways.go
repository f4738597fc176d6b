package ui

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/aggregate/team"
	"footfall/ui/view"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// waysPath is the name, below a site's own page, of the page that shows which way
// visits went and what they led to: goals, funnels and flows.
const waysPath = "goals"

// waysView is that page, ready to be printed.
type waysView struct {
	Site         aggregate.Site
	Back, Action string
	Token        string // "" = the reader may not define anything
	Range        string
	Periods      []choice
	Goals        goalTable
	Funnels      []funnelView
	Flow         flowView
	Why          string // what was wrong with what was sent
	Steps        []int  // the fields of the form for a funnel
}

// goalTable are all goals with what they count.
type goalTable struct {
	Revenue bool // the site has a currency
	Rows    []goalRow
	Notes   []string
	Error   string
}

type goalRow struct {
	ID                                   aggregate.GoalID
	Name, Condition, Since               string
	Visitors, Conversions, Rate, Revenue string
	Bar                                  string // percent of all visitors
}

// funnelView is a funnel with its bars.
type funnelView struct {
	ID     aggregate.GoalID
	Name   string
	Strict bool
	Steps  []stepView
	Rate   string // of the first step's visits, those that came to the last
	Notes  []string
	Error  string
}

type stepView struct {
	Name             string
	Visits, Visitors int64
	Sign             bool   // the visitors are a bound
	Bar              string // percent of the first step
	Rate             string // of the step before; "" in the first
	Lost             int64  // visits that went no further than the step before
}

// flowView is what came before and after a page.
type flowView struct {
	Page                                     string
	Args                                     []view.Pair
	Pageviews, Visits, Entries, Exits, Again int64
	Before, After                            []flowRow
	Notes                                    []string
	Error                                    string
}

type flowRow struct {
	Label, URL, Views, Bar string
	Rest                   bool
}

// hasGoals reports whether anything is a goal on the site.
func (u *UI) hasGoals(site aggregate.Site) bool {
	return u.goals != nil && len(u.goals.Definitions(site).Goals) > 0
}

// wayPeriods are the periods that the page offers.
var wayPeriods = []view.Period{view.Today, view.Days7, view.Days28, view.Month, view.Months12}

// flowArg names the page whose flow is shown.
const flowArg = "of"

// showWays is GET /{site}/goals.
func (u *UI) showWays(c *caller) { u.ways(c, fasthttp.StatusOK, "") }

func (u *UI) ways(c *caller, status int, why string) {
	if u.goals == nil || u.paths == nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	l, said := u.locale(c.RequestCtx), spoken(c.RequestCtx)
	v, _ := view.Parse(string(c.URI().QueryString()))
	s := u.scene(l, c.site, &c.settings, &view.View{Period: v.Period, Date: v.Date, First: v.First, Last: v.Last})
	if s.days.Realtime {
		s = u.scene(l, c.site, &c.settings, &view.View{Period: view.Today})
	}
	w := &waysView{Site: c.site, Back: withArguments(u.sitePath(c.site), said), Range: s.rangeText(), Why: why,
		Action: withArguments(u.sitePath(c.site)+"/"+waysPath+s.v.Query(), said), Steps: make([]int, aggregate.MaxSteps)}
	for i := range w.Steps {
		w.Steps[i] = i + 1
	}
	for _, p := range wayPeriods {
		w.Periods = append(w.Periods, choice{Name: l.Say("period." + string(p)), URL: s.wayURL(&view.View{Period: p}, ""), Here: p == s.v.Period})
	}
	if c.who.may(c.site, team.Configure) {
		w.Token = u.formToken(c)
	}
	defs := u.goals.Definitions(c.site)
	w.Goals = s.goalTable(defs.Goals)
	for i := range defs.Funnels {
		w.Funnels = append(w.Funnels, s.funnel(&defs.Funnels[i]))
	}
	page := strings.TrimSpace(string(c.QueryArgs().Peek(flowArg)))
	if page == "" {
		page = "/"
	}
	w.Flow = s.flow(page[:min(len(page), view.MostBytes)])
	u.sheet(c, status, "ways", l.Say("ways.title")+" · "+string(c.site), w)
}

// wayURL is the address of this page for a period, and for the flow of a page.
func (s *scene) wayURL(v *view.View, page string) string {
	address := s.u.sitePath(s.site) + "/" + waysPath + v.Query()
	if page == "" {
		return address
	}
	sign := "?"
	if strings.Contains(address, "?") {
		sign = "&"
	}
	return address + sign + flowArg + "=" + url.QueryEscape(page)
}

var goalColumns = []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricEvents, aggregate.MetricConversionRate, aggregate.MetricTotalRevenue}

// goalTable asks for all goals of the shown days.
func (s *scene) goalTable(goals []aggregate.Goal) (t goalTable) {
	t.Revenue = s.settings.Earns()
	if len(goals) == 0 {
		return t
	}
	q := s.query(goalColumns...)
	field, _ := ask.ParseField("event:goal")
	q.Fields, q.Filters = []aggregate.Field{field}, nil
	report, err := s.u.ask.Answer(&q)
	if err != nil {
		t.Error = s.waySentence(err)
		report = &aggregate.Report{}
	}
	for i := range goals {
		g := &goals[i]
		row := goalRow{ID: g.ID, Name: g.Name, Condition: g.Condition.String(), Visitors: "0", Conversions: "0", Rate: "–", Revenue: "–", Bar: "0"}
		if !g.Simple() && g.Since > s.days.First {
			row.Since = s.l.Say("ways.since", "day", s.l.Date(words.Weekday, g.Since))
		}
		at := slices.IndexFunc(report.Rows, func(r aggregate.ReportRow) bool { return r.Labels[0] == g.Name })
		if at >= 0 {
			v := report.Rows[at].Values
			row.Visitors, row.Conversions = s.figureText(goalColumns[0], v[0]), s.figureText(goalColumns[1], v[1])
			if !v[2].Null {
				row.Rate, row.Bar = s.l.Percent(v[2].Number, 1), number(min(100, v[2].Number))
				if v[2].Number > 0 && v[2].Number < .05 { // not "0.0%"
					row.Rate = s.l.Share(v[2].Number, 100)
				}
			}
			row.Revenue = s.figureText(goalColumns[3], v[3])
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// waySentence is an error as the page shows it.
func (s *scene) waySentence(err error) string {
	var refusal *ask.Refusal
	if errors.As(err, &refusal) {
		return refusal.Error()
	}
	return s.u.sentenceIn(s.l, s.site, err)
}

// funnel asks for one funnel of the shown days.
func (s *scene) funnel(f *aggregate.Funnel) funnelView {
	v := funnelView{ID: f.ID, Name: f.Name, Strict: f.Strict}
	report, err := s.u.paths.Funnel(&aggregate.FunnelQuery{Site: s.site, Funnel: f.ID, Range: s.days})
	if err != nil {
		v.Error = s.waySentence(err)
		return v
	}
	for _, w := range report.Warnings {
		v.Notes = append(v.Notes, w.Warning)
	}
	first := report.Steps[0].Visits
	for i, step := range report.Steps {
		line := stepView{Name: step.Name, Visits: step.Visits, Visitors: step.Visitors, Sign: step.UpperBound, Bar: "0"}
		if first > 0 {
			line.Bar = number(100 * float64(step.Visits) / float64(first))
		}
		if i > 0 {
			before := report.Steps[i-1].Visits
			line.Rate, line.Lost = s.l.Share(float64(step.Visits), float64(before)), max(0, before-step.Visits)
		}
		v.Steps = append(v.Steps, line)
	}
	v.Rate = s.l.Share(float64(report.Steps[len(report.Steps)-1].Visits), float64(first))
	return v
}

// flow asks for what came before and after a page.
func (s *scene) flow(page string) flowView {
	v := flowView{Page: page, Args: s.v.Pairs()}
	r, err := s.u.paths.Flow(&aggregate.FlowQuery{Site: s.site, Page: page, Range: s.days, Limit: cardRows})
	if err != nil {
		v.Error = s.waySentence(err)
		return v
	}
	v.Pageviews, v.Visits, v.Again, v.Entries, v.Exits = r.Pageviews, r.Visits, r.Again, r.Entries, r.Exits
	for _, w := range r.Warnings {
		v.Notes = append(v.Notes, w.Warning)
	}
	side := func(links []aggregate.FlowLink) (rows []flowRow) {
		for _, link := range links {
			row := flowRow{Label: s.labelName(link.Page), Views: s.l.Whole(link.Pageviews), Bar: "0", Rest: link.Page == hiddenLabel || link.Page == otherLabel}
			if r.Pageviews > 0 {
				row.Bar = number(min(100, 100*float64(link.Pageviews)/float64(r.Pageviews)))
			}
			if !row.Rest {
				row.URL = s.wayURL(s.v, link.Page) + "#flow"
			}
			rows = append(rows, row)
		}
		return rows
	}
	v.Before, v.After = side(r.Before), side(r.After)
	return v
}

// changeWays is POST /{site}/goals: adds a goal or a funnel, or ends one.
func (u *UI) changeWays(c *caller) {
	if u.goals == nil || u.paths == nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	err := u.changeWay(c)
	switch {
	case err == nil:
		u.redirect(c.RequestCtx, string(c.RequestURI()))
	case errors.Is(err, aggregate.ErrGoal):
		u.ways(c, fasthttp.StatusBadRequest, innermost(err, aggregate.ErrGoal))
	case errors.Is(err, aggregate.ErrNoGoal):
		u.ways(c, fasthttp.StatusNotFound, aggregate.ErrNoGoal.Error())
	default:
		u.log.Error("a goal or funnel could not be changed", "site", string(c.site), "err", err)
		u.sayMessage(c.RequestCtx, fasthttp.StatusInternalServerError, "message.broken", "message.broken.changed")
	}
}

// innermost is what an error that wraps sentinel says, without what other rooms
// have put around it.
func innermost(err, sentinel error) string {
	for inner := errors.Unwrap(err); inner != nil && inner != sentinel; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

func (u *UI) changeWay(c *caller) error {
	args := c.PostArgs()
	text := func(name string) string { return strings.TrimSpace(string(args.Peek(name))) }
	id := func(name string) aggregate.GoalID {
		n, err := strconv.ParseUint(text(name), 10, 32)
		if err != nil {
			return 0
		}
		return aggregate.GoalID(n)
	}
	switch {
	case args.Has("end_goal"):
		return u.endWay(c, "goal.end", text("end_goal"), u.goals.RemoveGoal(c.site, id("end_goal")))
	case args.Has("end_funnel"):
		return u.endWay(c, "funnel.end", text("end_funnel"), u.goals.RemoveFunnel(c.site, id("end_funnel")))
	case args.Has("step"):
		return u.newFunnel(c, text("name"), args.Has("strict"))
	}
	g := aggregate.Goal{Name: text("name"), Condition: aggregate.Condition{Event: text("event"), Page: text("page")}}
	if scroll := text("scroll"); scroll != "" {
		n, err := strconv.Atoi(scroll)
		if err != nil {
			return fmt.Errorf("%w: a scroll depth is 1 to 100 percent", aggregate.ErrGoal)
		}
		g.Scroll = n
	}
	for pair := range strings.SplitSeq(text("props"), ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		g.Props = append(g.Props, aggregate.Prop{Key: strings.TrimSpace(key), Value: strings.TrimSpace(value)})
	}
	g, err := u.goals.AddGoal(c.site, g)
	return u.endWay(c, "goal.add", g.Name, err)
}

// endWay ends a change: one that was made is in the activity log.
func (u *UI) endWay(c *caller, what, detail string, err error) error {
	if err != nil {
		return err
	}
	return u.note(c, c.site, what, detail)
}

// newFunnel makes a funnel of the steps that were sent: paths, goals' names, or
// else names of events.
func (u *UI) newFunnel(c *caller, name string, strict bool) error {
	f := aggregate.Funnel{Name: name, Strict: strict}
	goals := u.goals.Definitions(c.site).Goals
	for _, raw := range c.PostArgs().PeekMulti("step") {
		step := strings.TrimSpace(string(raw))
		at := slices.IndexFunc(goals, func(g aggregate.Goal) bool { return g.Name == step })
		switch {
		case step == "":
		case at >= 0:
			f.Steps = append(f.Steps, aggregate.Step{Name: step, Condition: goals[at].Condition})
		case step[0] == '/' || step[0] == '*':
			f.Steps = append(f.Steps, aggregate.Step{Name: step, Condition: aggregate.Condition{Page: step}})
		default:
			f.Steps = append(f.Steps, aggregate.Step{Name: step, Condition: aggregate.Condition{Event: step}})
		}
	}
	_, err := u.goals.AddFunnel(c.site, f)
	return u.endWay(c, "funnel.add", name, err)
}
