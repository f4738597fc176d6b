package api

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// segmentField is what a filter names that asks for segments: ["is","segment",[7]].
const segmentField = "segment"

// segmentAnswer is a segment as the API shows it. Those of single people are shown
// to nobody here: a token is nobody.
type segmentAnswer struct {
	ID      aggregate.SegmentID `json:"id"`
	Name    string              `json:"name"`
	Filters json.RawMessage     `json:"filters"`
}

func showSegment(s *aggregate.Segment) segmentAnswer {
	return segmentAnswer{ID: s.ID, Name: s.Name, Filters: s.Filters}
}

// shared are the segments that everybody sees who sees the site.
func (a *API) shared(site aggregate.Site) []aggregate.Segment {
	return slices.DeleteFunc(a.o.Segments.Segments(site), func(s aggregate.Segment) bool { return s.Account != 0 })
}

func (a *API) segment(site aggregate.Site, id string) (aggregate.Segment, bool) {
	all := a.shared(site)
	i := slices.IndexFunc(all, func(s aggregate.Segment) bool { return s.ID.String() == id })
	if i < 0 {
		return aggregate.Segment{}, false
	}
	return all[i], true
}

// ReadFilters reads a list of filters in the form of the stats API: those of a
// segment, say. The error names the place.
func ReadFilters(text []byte) ([]aggregate.Filter, error) {
	object, err := readObject(append(append([]byte(`{"filters":`), text...), '}'))
	if err != nil {
		return nil, wrong("#/filters", "The list is not JSON")
	}
	var q statsQuery
	if err := q.readFilters(object["filters"]); err != nil {
		return nil, err
	}
	return q.Filters, nil
}

// expand puts the filters of segments in the place of their ids.
func (a *API) expand(site aggregate.Site, filters []aggregate.Filter) ([]aggregate.Filter, error) {
	var all []aggregate.Filter
	for i, f := range filters {
		f, err := a.expandOne(site, at("#/filters", i), f)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

func (a *API) expandOne(site aggregate.Site, place string, f aggregate.Filter) (aggregate.Filter, error) {
	if f.Op >= aggregate.FilterAnd {
		args := make([]aggregate.Filter, len(f.Args))
		for i, arg := range f.Args {
			var err error
			if args[i], err = a.expandOne(site, place, arg); err != nil {
				return f, err
			}
		}
		f.Args = args
		return f, nil
	}
	if f.Field.Name != segmentField {
		return f, nil
	}
	either := aggregate.Filter{Op: aggregate.FilterOr}
	for _, id := range f.Values {
		s, ok := a.segment(site, id)
		if !ok {
			return f, wrong(place, "There is no segment %s", id)
		}
		conditions, err := ReadFilters(s.Filters)
		if err != nil {
			return f, wrong(place, "The segment %s cannot be read any more: %s", id, err)
		}
		either.Args = append(either.Args, aggregate.Filter{Op: aggregate.FilterAnd, Args: conditions})
	}
	if len(either.Args) == 1 {
		return either.Args[0], nil
	}
	return either, nil
}

// segmentPost is a segment as it is posted.
type segmentPost struct {
	Site    string          `json:"site_id"`
	Name    *string         `json:"name"`
	Filters json.RawMessage `json:"filters"`
}

// change changes s as posted.
func (p *segmentPost) change(s *aggregate.Segment) error {
	if p.Name != nil {
		s.Name = *p.Name
	}
	if p.Filters != nil {
		filters, err := ReadFilters(p.Filters)
		switch {
		case err != nil:
			return err
		case len(filters) == 0:
			return wrong("#/filters", "Want at least one filter")
		case slices.ContainsFunc(filters, namesSegment):
			return wrong("#/filters", "A segment cannot name another")
		}
		s.Filters = p.Filters
	}
	if s.Filters == nil {
		return wrong("#", "Required key %q is missing", "filters")
	}
	return s.Clean()
}

func namesSegment(f aggregate.Filter) bool {
	return f.Field.Name == segmentField || slices.ContainsFunc(f.Args, namesSegment)
}

// listSegments is GET /api/v2/segments?site_id=...
func (a *API) listSegments(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	site, _, status := a.open(ctx, string(ctx.QueryArgs().Peek("site_id")), ScopeStats)
	if status != fasthttp.StatusOK {
		return a.denied(ctx, status)
	}
	answer := map[string][]segmentAnswer{"segments": {}}
	for _, s := range a.shared(site) {
		answer["segments"] = append(answer["segments"], showSegment(&s))
	}
	return fasthttp.StatusOK, appendJSON(nil, answer)
}

// getSegment is GET /api/v2/segments/:id?site_id=...
func (a *API) getSegment(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	site, _, status := a.open(ctx, string(ctx.QueryArgs().Peek("site_id")), ScopeStats)
	if status != fasthttp.StatusOK {
		return a.denied(ctx, status)
	}
	s, ok := a.segment(site, argument(ctx))
	if !ok {
		return fasthttp.StatusNotFound, errorBody("There is no such segment.")
	}
	return fasthttp.StatusOK, appendJSON(nil, showSegment(&s))
}

// putSegment is POST /api/v2/segments and PUT /api/v2/segments/:id, with site_id,
// name and filters; PUT leaves what is not named as it is.
func (a *API) putSegment(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	if apiToken(ctx) == "" {
		return fasthttp.StatusUnauthorized, errorBody(unauthorizedToChange)
	}
	var p segmentPost
	if len(ctx.PostBody()) > maxBody {
		return fasthttp.StatusRequestEntityTooLarge, errorBody(bodyTooLong)
	}
	if json.Unmarshal(ctx.PostBody(), &p) != nil {
		return fasthttp.StatusBadRequest, errorBody("The body is no JSON object such as {\"site_id\": \"example.com\", \"name\": \"...\", \"filters\": [...]}.")
	}
	site, status, body := a.openToChange(ctx, p.Site)
	if status != fasthttp.StatusOK {
		return status, body
	}
	var s aggregate.Segment
	known := true
	if id := argument(ctx); id != "" {
		s, known = a.segment(site, id)
	}
	err, what := p.change(&s), "segment.change"
	switch {
	case !known:
		err = aggregate.ErrNoSegment
	case err != nil:
	case s.ID == 0:
		what = "segment.add"
		s, err = a.o.Segments.AddSegment(site, s)
	default:
		err = a.o.Segments.ChangeSegment(site, s)
	}
	if err != nil {
		return a.segmentFailed(site, err)
	}
	a.did(ctx, site, what, s.Name)
	return fasthttp.StatusOK, appendJSON(nil, showSegment(&s))
}

// openToChange is open for a token of the scope sites, with the answer to a request
// that is refused.
func (a *API) openToChange(ctx *fasthttp.RequestCtx, domain string) (site aggregate.Site, status int, body []byte) {
	site, _, status = a.open(ctx, domain, ScopeSites)
	switch status {
	case fasthttp.StatusOK:
	case fasthttp.StatusUnauthorized:
		body = errorBody(unauthorizedToChange)
	default:
		_, body = a.denied(ctx, status)
	}
	return site, status, body
}

// removeSegment is DELETE /api/v2/segments/:id?site_id=...
func (a *API) removeSegment(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	site, status, body := a.openToChange(ctx, string(ctx.QueryArgs().Peek("site_id")))
	if status != fasthttp.StatusOK {
		return status, body
	}
	s, ok := a.segment(site, argument(ctx))
	err := aggregate.ErrNoSegment
	if ok {
		err = a.o.Segments.RemoveSegment(site, s.ID)
	}
	if err != nil {
		return a.segmentFailed(site, err)
	}
	a.did(ctx, site, "segment.end", s.Name)
	return fasthttp.StatusOK, appendJSON(nil, deleted)
}

func (a *API) segmentFailed(site aggregate.Site, err error) (status int, body []byte) {
	var bad *queryError
	switch {
	case errors.Is(err, aggregate.ErrNoSegment):
		return fasthttp.StatusNotFound, errorBody("There is no such segment.")
	case errors.As(err, &bad):
		return fasthttp.StatusBadRequest, errorBody(bad.Error())
	case errors.Is(err, aggregate.ErrSegment):
		return fasthttp.StatusBadRequest, errorBody(ownWords(err, aggregate.ErrSegment).Error())
	}
	a.o.Log.Error("a segment could not be changed", "site", string(site), "err", err)
	return fasthttp.StatusInternalServerError, errorBody("The segment could not be changed. The server's log says more.")
}

// ownWords takes off what other rooms have put around an error that wraps sentinel:
// it tells of the database.
func ownWords(err, sentinel error) error {
	for inner := errors.Unwrap(err); inner != nil && inner != sentinel; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// readSegmentIDs reads the values of a filter on segments.
func readSegmentIDs(place string, values []string) error {
	for i, v := range values {
		if _, err := strconv.ParseUint(v, 10, 32); err != nil {
			return wrong(at(place, i), "Want the id of a segment, got %s", shown(v))
		}
	}
	return nil
}
