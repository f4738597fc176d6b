package ui

import (
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// StatsOptions are what the stats API needs.
type StatsOptions struct {
	Asker    Asker
	Tokens   Tokens
	Settings func(aggregate.Site) (aggregate.Settings, bool)
	// First is the site's first day with counters, for the range "all".
	First func(aggregate.Site) (aggregate.Day, bool)
	Clock func() time.Time
}

// Stats is the stats API, version 2.
type Stats struct {
	o StatsOptions
}

// NewStats makes the handler of the stats API.
func NewStats(o StatsOptions) *Stats { return &Stats{o: o} }

// Serve answers POST /api/v2/query.
func (s *Stats) Serve(ctx *fasthttp.RequestCtx) {
	ctx.SetStatusCode(fasthttp.StatusNotImplemented)
}
