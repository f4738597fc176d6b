package api

import (
	"errors"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// maxBody is the most bytes of any request to the API: less than the server takes
// anywhere, so that it is refused here and in JSON.
const maxBody = 48 << 10

const bodyTooLong = "A request may have 48 KiB."

// query is POST /api/v2/query.
func (a *API) query(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	if apiToken(ctx) == "" {
		return fasthttp.StatusUnauthorized, errorBody(unauthorized)
	}
	if len(ctx.PostBody()) > maxBody {
		return fasthttp.StatusRequestEntityTooLarge, errorBody(bodyTooLong)
	}
	asked, err := parseStatsQuery(ctx.PostBody())
	if err != nil {
		return fasthttp.StatusBadRequest, errorBody(err.Error())
	}
	_, settings, status := a.open(ctx, string(asked.Site), ScopeStats)
	if status != fasthttp.StatusOK {
		return a.denied(ctx, status)
	}
	return a.report(asked, &settings)
}

// report answers a query that its asker may ask.
func (a *API) report(asked *statsQuery, settings *aggregate.Settings) (status int, body []byte) {
	first := func() (aggregate.Day, bool) { return a.o.First(asked.Site) }
	q, err := asked.resolve(settings.Location(), a.o.Clock(), first)
	if err == nil {
		q.Filters, err = a.expand(asked.Site, q.Filters)
	}
	if err != nil {
		return fasthttp.StatusBadRequest, errorBody(err.Error())
	}
	var report *aggregate.Report
	var other *compared
	if asked.comparison != nil {
		report, other, err = a.compare(asked.comparison, q, settings.Location())
	} else {
		report, err = a.o.Asker.Answer(q)
	}
	if err != nil {
		return a.failed(asked.Site, err)
	}
	return fasthttp.StatusOK, appendAnswer(nil, &answered{asked, q, report, other, settings.Location()})
}

// failed answers a query that was not: what the counters cannot know is told to
// whoever asked, anything else to the log.
func (a *API) failed(site aggregate.Site, err error) (status int, body []byte) {
	var refusal *ask.Refusal
	if errors.As(err, &refusal) {
		return fasthttp.StatusBadRequest, errorBody("#/" + refusal.Part + ": " + refusal.Error())
	}
	a.o.Log.Error("a query failed", "site", string(site), "err", err)
	return fasthttp.StatusInternalServerError, errorBody("The counters could not be read. The server's log says more.")
}
