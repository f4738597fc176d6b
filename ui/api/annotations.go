package api

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// annotationAnswer is an annotation as the API shows it.
type annotationAnswer struct {
	ID   aggregate.AnnotationID `json:"id"`
	Date string                 `json:"date"`
	Text string                 `json:"text"`
}

func showAnnotation(a *aggregate.Annotation) annotationAnswer {
	return annotationAnswer{ID: a.ID, Date: a.Day.String(), Text: a.Text}
}

// allDays is every day that an annotation can be about.
var allDays = [2]aggregate.Day{aggregate.Date(1900, 1, 1), aggregate.Date(9999, 1, 1)}

func (a *API) annotation(site aggregate.Site, id aggregate.AnnotationID) (aggregate.Annotation, bool) {
	all := a.o.Annotations.Annotations(site, allDays[0], allDays[1])
	i := slices.IndexFunc(all, func(one aggregate.Annotation) bool { return one.ID == id })
	if i < 0 {
		return aggregate.Annotation{}, false
	}
	return all[i], true
}

// listAnnotations is GET /api/v2/annotations?site_id=...&from=...&to=..., the last
// two may be missing.
func (a *API) listAnnotations(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	args := ctx.QueryArgs()
	site, _, status := a.open(ctx, string(args.Peek("site_id")), ScopeStats)
	if status != fasthttp.StatusOK {
		return a.denied(ctx, status)
	}
	days := allDays
	for i, name := range []string{"from", "to"} {
		text := string(args.Peek(name))
		if text == "" {
			continue
		}
		day, err := aggregate.ParseDay(text)
		if err != nil {
			return fasthttp.StatusBadRequest, errorBody(name + ": want a date such as 2026-05-04.")
		}
		days[i] = day
	}
	answer := map[string][]annotationAnswer{"annotations": {}}
	for _, one := range a.o.Annotations.Annotations(site, days[0], days[1]) {
		answer["annotations"] = append(answer["annotations"], showAnnotation(&one))
	}
	return fasthttp.StatusOK, appendJSON(nil, answer)
}

// annotationPost is an annotation as it is posted.
type annotationPost struct {
	Site string  `json:"site_id"`
	Date *string `json:"date"`
	Text *string `json:"text"`
}

// change changes one as posted. today is the day of one that names none.
func (p *annotationPost) change(one *aggregate.Annotation, today aggregate.Day) error {
	switch {
	case p.Date != nil:
		day, err := aggregate.ParseDay(*p.Date)
		if err != nil {
			return wrong("#/date", "Want a date such as 2026-05-04, got %s", shown(*p.Date))
		}
		one.Day = day
	case one.ID == 0:
		one.Day = today
	}
	if p.Text != nil {
		one.Text = *p.Text
	}
	return one.Clean()
}

// maxAnnotationBody is more than any annotation needs.
const maxAnnotationBody = 8 << 10

// putAnnotation is POST /api/v2/annotations and PUT /api/v2/annotations/:id, with
// site_id, date (missing: today) and text; PUT leaves what is not named as it is.
func (a *API) putAnnotation(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	if apiToken(ctx) == "" {
		return fasthttp.StatusUnauthorized, errorBody(unauthorizedToChange)
	}
	var p annotationPost
	if text := ctx.PostBody(); len(text) > maxAnnotationBody || json.Unmarshal(text, &p) != nil {
		return fasthttp.StatusBadRequest, errorBody("The body is no JSON object such as {\"site_id\": \"example.com\", \"date\": \"2026-05-04\", \"text\": \"...\"}.")
	}
	site, status, body := a.openToChange(ctx, p.Site)
	if status != fasthttp.StatusOK {
		return status, body
	}
	settings, _ := a.o.Settings(site)
	one, known := aggregate.Annotation{}, true
	if id := argument(ctx); id != "" {
		one, known = a.annotation(site, aggregate.ParseAnnotationID(id))
	}
	err := p.change(&one, aggregate.DayOf(a.o.Clock(), settings.Location()))
	switch {
	case !known:
		err = aggregate.ErrNoAnnotation
	case err != nil:
	case one.ID == 0:
		one, err = a.o.Annotations.AddAnnotation(site, one)
	default:
		err = a.o.Annotations.ChangeAnnotation(site, one)
	}
	if err != nil {
		return a.annotationFailed(site, err)
	}
	return fasthttp.StatusOK, appendJSON(nil, showAnnotation(&one))
}

// removeAnnotation is DELETE /api/v2/annotations/:id?site_id=...
func (a *API) removeAnnotation(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	site, status, body := a.openToChange(ctx, string(ctx.QueryArgs().Peek("site_id")))
	if status != fasthttp.StatusOK {
		return status, body
	}
	if err := a.o.Annotations.RemoveAnnotation(site, aggregate.ParseAnnotationID(argument(ctx))); err != nil {
		return a.annotationFailed(site, err)
	}
	return fasthttp.StatusOK, appendJSON(nil, deleted)
}

func (a *API) annotationFailed(site aggregate.Site, err error) (status int, body []byte) {
	var bad *queryError
	switch {
	case errors.Is(err, aggregate.ErrNoAnnotation):
		return fasthttp.StatusNotFound, errorBody("There is no such annotation.")
	case errors.As(err, &bad):
		return fasthttp.StatusBadRequest, errorBody(bad.Error())
	case errors.Is(err, aggregate.ErrAnnotation):
		return fasthttp.StatusBadRequest, errorBody(ownWords(err, aggregate.ErrAnnotation).Error())
	}
	a.o.Log.Error("an annotation could not be changed", "site", string(site), "err", err)
	return fasthttp.StatusInternalServerError, errorBody("The annotation could not be changed. The server's log says more.")
}
