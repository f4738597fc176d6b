package api

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// Goals, funnels and flows: which way visits went, and what they led to.

// goalShown is a goal in the answer of /api/v2/goals.
type goalShown struct {
	goalAnswer
	// Since is the first day that is counted for the goal; null where every day is.
	Since *string `json:"since"`
}

// goals is GET /api/v2/goals?site_id=...
func (a *API) goals(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	site, _, status := a.open(ctx, string(ctx.QueryArgs().Peek("site_id")), ScopeStats)
	if status != fasthttp.StatusOK {
		return a.denied(ctx, status)
	}
	answer := map[string][]goalShown{"goals": {}}
	goals := a.o.Goals.Definitions(site).Goals
	for i := range goals {
		shown := goalShown{goalAnswer: showGoal(&goals[i])}
		if !goals[i].Simple() {
			since := goals[i].Since.String()
			shown.Since = &since
		}
		answer["goals"] = append(answer["goals"], shown)
	}
	return fasthttp.StatusOK, appendJSON(nil, answer)
}

// funnelShown is a funnel as it is shown and posted.
type funnelShown struct {
	ID     string      `json:"id"`
	Name   string      `json:"name"`
	Strict bool        `json:"strict"`
	Since  string      `json:"since"`
	Steps  []stepShown `json:"steps"`
}

type stepShown struct {
	Name  string            `json:"name"`
	Event string            `json:"event_name,omitempty"`
	Page  string            `json:"page_path,omitempty"`
	Props map[string]string `json:"custom_props,omitempty"`
	// Goal is posted only: the id of a goal, whose condition the step takes over.
	Goal string `json:"goal_id,omitempty"`
}

func showFunnel(f *aggregate.Funnel) funnelShown {
	shown := funnelShown{ID: f.ID.String(), Name: f.Name, Strict: f.Strict, Since: f.Since.String()}
	for i := range f.Steps {
		s := &f.Steps[i]
		step := stepShown{Name: s.Name, Event: s.Event, Page: s.Page}
		for _, p := range s.Props {
			if step.Props == nil {
				step.Props = map[string]string{}
			}
			step.Props[p.Key] = p.Value
		}
		shown.Steps = append(shown.Steps, step)
	}
	return shown
}

// funnels is GET /api/v2/funnels?site_id=...
func (a *API) funnels(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	site, _, status := a.open(ctx, string(ctx.QueryArgs().Peek("site_id")), ScopeStats)
	if status != fasthttp.StatusOK {
		return a.denied(ctx, status)
	}
	answer := map[string][]funnelShown{"funnels": {}}
	funnels := a.o.Goals.Definitions(site).Funnels
	for i := range funnels {
		answer["funnels"] = append(answer["funnels"], showFunnel(&funnels[i]))
	}
	return fasthttp.StatusOK, appendJSON(nil, answer)
}

// addFunnel is POST /api/v2/funnels, with site_id, name, strict and steps.
func (a *API) addFunnel(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	if apiToken(ctx) == "" {
		return fasthttp.StatusUnauthorized, errorBody(unauthorizedToChange)
	}
	var posted struct {
		funnelShown
		Site string `json:"site_id"`
	}
	if len(ctx.PostBody()) > maxBody || json.Unmarshal(ctx.PostBody(), &posted) != nil {
		return fasthttp.StatusBadRequest, errorBody(`The body is no JSON object such as {"site_id": "example.com", "name": "Sale", ` +
			`"steps": [{"page_path": "/cart"}, {"event_name": "Purchase"}]}.`)
	}
	site, status, body := a.openToChange(ctx, posted.Site)
	if status != fasthttp.StatusOK {
		return status, body
	}
	f := aggregate.Funnel{Name: posted.Name, Strict: posted.Strict}
	for _, s := range posted.Steps {
		step, ok := a.step(site, s)
		if !ok {
			return fasthttp.StatusBadRequest, errorBody("There is no goal " + shown(s.Goal) + ".")
		}
		f.Steps = append(f.Steps, step)
	}
	f, err := a.o.Goals.AddFunnel(site, f)
	if err != nil {
		return a.wayFailed(site, err)
	}
	a.did(ctx, site, "funnel.add", f.Name)
	return fasthttp.StatusOK, appendJSON(nil, showFunnel(&f))
}

// step is a step as it was posted. ok is false where it names a goal that the
// site does not have.
func (a *API) step(site aggregate.Site, posted stepShown) (s aggregate.Step, ok bool) {
	s = aggregate.Step{Name: posted.Name, Condition: aggregate.Condition{Event: posted.Event, Page: posted.Page}}
	for key, value := range posted.Props {
		s.Props = append(s.Props, aggregate.Prop{Key: key, Value: value})
	}
	if posted.Goal == "" {
		return s, true
	}
	for _, g := range a.o.Goals.Definitions(site).Goals {
		if g.ID.String() == posted.Goal {
			s.Condition = g.Condition
			if s.Name == "" {
				s.Name = g.Name
			}
			return s, true
		}
	}
	return s, false
}

// removeFunnel is DELETE /api/v2/funnels/:id?site_id=...
func (a *API) removeFunnel(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	site, status, body := a.openToChange(ctx, string(ctx.QueryArgs().Peek("site_id")))
	if status != fasthttp.StatusOK {
		return status, body
	}
	id, err := strconv.ParseUint(argument(ctx), 10, 32)
	if err != nil {
		err = aggregate.ErrNoGoal
	} else {
		err = a.o.Goals.RemoveFunnel(site, aggregate.GoalID(id))
	}
	if err != nil {
		return a.wayFailed(site, err)
	}
	a.did(ctx, site, "funnel.end", argument(ctx))
	return fasthttp.StatusOK, appendJSON(nil, deleted)
}

// wayFailed answers for an error about funnels and flows.
func (a *API) wayFailed(site aggregate.Site, err error) (status int, body []byte) {
	var refusal *ask.Refusal
	switch {
	case errors.Is(err, aggregate.ErrNoGoal):
		return fasthttp.StatusNotFound, errorBody("There is no such funnel.")
	case errors.Is(err, aggregate.ErrGoal):
		return fasthttp.StatusBadRequest, errorBody(ownWords(err, aggregate.ErrGoal).Error())
	case errors.As(err, &refusal):
		return fasthttp.StatusBadRequest, errorBody("#/" + refusal.Part + ": " + refusal.Error())
	}
	a.o.Log.Error("a question about funnels or flows failed", "site", string(site), "err", err)
	return fasthttp.StatusInternalServerError, errorBody("The counters could not be read. The server's log says more.")
}

// wayQuery is a question about a funnel or a flow.
type wayQuery struct {
	statsQuery
	funnel aggregate.GoalID
	page   string
	limit  int
}

// parse reads a body with the keys that all such questions have, and those
// in more.
func (q *wayQuery) parse(body []byte, more map[string]func(v any) error) error {
	object, err := readObject(body)
	if err != nil {
		return err
	}
	readers := map[string]func(v any) error{"site_id": q.readSite, "date_range": q.readRange, "include": q.readInclude}
	for key, read := range more {
		readers[key] = read
	}
	known := map[string]bool{}
	for key := range readers {
		known[key] = true
	}
	if err := onlyKnown("#", object, known); err != nil {
		return err
	}
	for _, key := range []string{"site_id", "date_range", "funnel_id", "page", "by", "filters", "include", "limit"} {
		read, v := readers[key], object[key]
		optional := key == "by" || key == "filters" || key == "include" || key == "limit"
		switch {
		case read == nil || v == nil && optional:
		case v == nil:
			return wrong("#", "Required key %q is missing", key)
		default:
			if err := read(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *wayQuery) readFunnel(v any) error {
	text, err := readValue("#/funnel_id", v)
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return wrong("#/funnel_id", "Want the id of a funnel, got %s", shown(v))
	}
	q.funnel = aggregate.GoalID(id)
	return nil
}

func (q *wayQuery) readPage(v any) (err error) {
	q.page, err = readValue("#/page", v)
	return err
}

func (q *wayQuery) readLimit(v any) error { return readNumber("#/limit", v, 1, 1000, &q.limit) }

func (q *wayQuery) readBy(v any) error {
	name, _ := v.(string)
	f, ok := ask.ParseField(name)
	if !ok || !f.Dimension.OfVisit() {
		return wrong("#/by", "Want a dimension of visits such as visit:source, got %s", shown(v))
	}
	q.Fields = []aggregate.Field{f}
	return nil
}

// openWay understands a posted question and lets its asker in; status is 200 then.
func (a *API) openWay(ctx *fasthttp.RequestCtx, q *wayQuery, more map[string]func(v any) error) (r aggregate.Range, status int, body []byte) {
	if apiToken(ctx) == "" {
		return r, fasthttp.StatusUnauthorized, errorBody(unauthorized)
	}
	if len(ctx.PostBody()) > maxBody {
		return r, fasthttp.StatusRequestEntityTooLarge, errorBody(bodyTooLong)
	}
	if err := q.parse(ctx.PostBody(), more); err != nil {
		return r, fasthttp.StatusBadRequest, errorBody(err.Error())
	}
	_, settings, status := a.open(ctx, string(q.Site), ScopeStats)
	if status != fasthttp.StatusOK {
		status, body = a.denied(ctx, status)
		return r, status, body
	}
	resolved, err := q.resolve(settings.Location(), a.o.Clock(), func() (aggregate.Day, bool) { return a.o.First(q.Site) })
	if err == nil {
		q.Filters, err = a.expand(q.Site, q.Filters)
	}
	if err != nil {
		return r, fasthttp.StatusBadRequest, errorBody(err.Error())
	}
	return resolved.Range, fasthttp.StatusOK, nil
}

// stepAnswer is a step of a funnel in an answer.
type stepAnswer struct {
	Name     string `json:"name"`
	Visitors int64  `json:"visitors"`
	Visits   int64  `json:"visits"`
	// UpperBound says that some visitors may be counted twice.
	UpperBound bool `json:"upper_bound,omitempty"`
	// ConversionRate is of the visits of the first step, StepRate of those of the step
	// before; null where there are none.
	ConversionRate *float64 `json:"conversion_rate"`
	StepRate       *float64 `json:"step_rate"`
}

type funnelGroup struct {
	Label string       `json:"label"`
	Steps []stepAnswer `json:"steps"`
}

type wayMeta struct {
	Warnings []aggregate.Warning   `json:"warnings"`
	Hidden   *aggregate.HiddenRows `json:"hidden,omitempty"`
}

// queryFunnel is POST /api/v2/funnels/query, with site_id, funnel_id, date_range,
// and by or filters.
func (a *API) queryFunnel(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	var q wayQuery
	span, status, body := a.openWay(ctx, &q, map[string]func(v any) error{"funnel_id": q.readFunnel, "by": q.readBy, "filters": q.readFilters})
	if status != fasthttp.StatusOK {
		return status, body
	}
	asked := &aggregate.FunnelQuery{Site: q.Site, Funnel: q.funnel, Range: span, Filters: q.Filters, NoImports: q.NoImports}
	if len(q.Fields) > 0 {
		asked.By = &q.Fields[0]
	}
	report, err := a.o.Ways.Funnel(asked)
	if err != nil {
		return a.wayFailed(q.Site, err)
	}
	answer := struct {
		Funnel funnelShown   `json:"funnel"`
		Steps  []stepAnswer  `json:"steps"`
		Groups []funnelGroup `json:"groups,omitempty"`
		Meta   wayMeta       `json:"meta"`
	}{Funnel: showFunnel(&report.Funnel), Steps: showSteps(report.Steps), Meta: wayMeta{report.Warnings, report.Hidden}}
	for _, g := range report.Groups {
		answer.Groups = append(answer.Groups, funnelGroup{g.Label, showSteps(g.Steps)})
	}
	if answer.Meta.Warnings == nil {
		answer.Meta.Warnings = []aggregate.Warning{}
	}
	return fasthttp.StatusOK, appendJSON(nil, answer)
}

func showSteps(steps []aggregate.StepReport) []stepAnswer {
	all := make([]stepAnswer, len(steps))
	for i, s := range steps {
		all[i] = stepAnswer{Name: s.Name, Visitors: s.Visitors, Visits: s.Visits, UpperBound: s.UpperBound,
			ConversionRate: percent(s.Visits, steps[0].Visits), StepRate: percent(s.Visits, steps[max(0, i-1)].Visits)}
	}
	return all
}

// percent is a share with two decimals; nil of nothing.
func percent(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	p := math.Round(float64(part)*10_000/float64(whole)) / 100
	return &p
}

// flowLink is a move in an answer.
type flowLink struct {
	Page      string `json:"page"`
	Pageviews int64  `json:"pageviews"`
	Visits    int64  `json:"visits"`
	Visitors  int64  `json:"visitors"`
}

// flow is POST /api/v2/flows, with site_id, page, date_range and limit.
func (a *API) flow(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	var q wayQuery
	span, status, body := a.openWay(ctx, &q, map[string]func(v any) error{"page": q.readPage, "limit": q.readLimit})
	if status != fasthttp.StatusOK {
		return status, body
	}
	r, err := a.o.Ways.Flow(&aggregate.FlowQuery{Site: q.Site, Page: q.page, Range: span, Limit: q.limit, NoImports: q.NoImports})
	if err != nil {
		return a.wayFailed(q.Site, err)
	}
	links := func(from []aggregate.FlowLink) []flowLink {
		all := make([]flowLink, len(from))
		for i, l := range from {
			all[i] = flowLink(l)
		}
		return all
	}
	answer := struct {
		Page      string     `json:"page"`
		Pageviews int64      `json:"pageviews"`
		Visits    int64      `json:"visits"`
		Entries   int64      `json:"entries"`
		Exits     int64      `json:"exits"`
		Again     int64      `json:"again"`
		Before    []flowLink `json:"before"`
		After     []flowLink `json:"after"`
		Meta      wayMeta    `json:"meta"`
	}{r.Page, r.Pageviews, r.Visits, r.Entries, r.Exits, r.Again, links(r.Before), links(r.After), wayMeta{Warnings: r.Warnings}}
	if answer.Meta.Warnings == nil {
		answer.Meta.Warnings = []aggregate.Warning{}
	}
	return fasthttp.StatusOK, appendJSON(nil, answer)
}
