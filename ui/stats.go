package ui

import (
	"bytes"
	"errors"
	"log/slog"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// StatsOptions are what the stats API needs.
type StatsOptions struct {
	Asker    Asker
	Tokens   Tokens
	Settings func(aggregate.Site) (aggregate.Settings, bool)
	// First is the site's first day with counters, for the range "all".
	First func(aggregate.Site) (aggregate.Day, bool)
	Clock func() time.Time
	Log   *slog.Logger // default slog.Default()
}

// Stats is the stats API, version 2: POST /api/v2/query. Whatever it answers is
// JSON.
type Stats struct {
	o StatsOptions
}

// NewStats makes the handler of the stats API.
func NewStats(o StatsOptions) *Stats {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Stats{o: o}
}

// maxStatsBody is the most bytes of a query.
const maxStatsBody = 64 << 10

// unauthorized is one text for a missing, an invalid and another site's key, so
// that it does not tell which sites exist.
const unauthorized = "Missing or invalid API key. Send a token with the scope stats for this site as \"Authorization: Bearer TOKEN\"."

// Serve answers POST /api/v2/query.
func (s *Stats) Serve(ctx *fasthttp.RequestCtx) {
	status, body := s.answer(ctx)
	ctx.Response.Header.Set("Content-Type", "application/json; charset=utf-8")
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	switch status {
	case fasthttp.StatusUnauthorized:
		ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
	case fasthttp.StatusMethodNotAllowed:
		ctx.Response.Header.Set("Allow", "POST")
	}
	ctx.SetStatusCode(status)
	ctx.SetBody(body)
}

func (s *Stats) answer(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	if !ctx.IsPost() {
		return fasthttp.StatusMethodNotAllowed, errorBody("Only POST is answered here.")
	}
	token := apiToken(ctx.Request.Header.Peek("Authorization"))
	if token == "" {
		return fasthttp.StatusUnauthorized, errorBody(unauthorized)
	}
	if len(ctx.PostBody()) > maxStatsBody {
		return fasthttp.StatusRequestEntityTooLarge, errorBody("A query may have 64 KiB.")
	}
	asked, err := parseStatsQuery(ctx.PostBody())
	if err != nil {
		return fasthttp.StatusBadRequest, errorBody(err.Error())
	}
	settings, known := s.o.Settings(asked.Site)
	if !s.o.Tokens.Check(token, asked.Site, ScopeStats) || !known {
		return fasthttp.StatusUnauthorized, errorBody(unauthorized)
	}
	return s.report(asked, &settings)
}

// apiToken takes the token out of an Authorization header; "" if there is none.
func apiToken(header []byte) string {
	scheme, token, _ := bytes.Cut(header, []byte(" "))
	if !bytes.EqualFold(scheme, []byte("Bearer")) {
		return ""
	}
	return string(bytes.TrimSpace(token))
}

// report answers a query that its asker may ask.
func (s *Stats) report(asked *statsQuery, settings *aggregate.Settings) (status int, body []byte) {
	first := func() (aggregate.Day, bool) { return s.o.First(asked.Site) }
	q, err := asked.resolve(settings.Location(), s.o.Clock(), first)
	if err != nil {
		return fasthttp.StatusBadRequest, errorBody(err.Error())
	}
	report, err := s.o.Asker.Answer(q)
	var refusal *ask.Refusal
	switch {
	case errors.As(err, &refusal):
		return fasthttp.StatusBadRequest, errorBody("#/" + refusal.Part + ": " + refusal.Error())
	case err != nil:
		s.o.Log.Error("a stats query failed", "site", string(asked.Site), "err", err)
		return fasthttp.StatusInternalServerError, errorBody("The counters could not be read. The server's log says more.")
	}
	return fasthttp.StatusOK, appendAnswer(nil, asked, q, report, settings.Location())
}
