package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/valyala/fasthttp"
)

// pulse is how the server fares, for those who watch over it. Nothing of a site is
// in it, and nothing of a visitor.
type pulse struct {
	committed atomic.Int64 // Unix milliseconds of the last commit that went well
	failures  atomic.Uint64
	failing   atomic.Bool // the last commit did not go well
	took      atomic.Int64
	stopping  atomic.Bool
}

// commit remembers how a commit went.
func (p *pulse) commit(start, end time.Time, err error) {
	p.failing.Store(err != nil)
	if err != nil {
		p.failures.Add(1)
		return
	}
	p.committed.Store(end.UnixMilli())
	p.took.Store(int64(end.Sub(start)))
}

// Paths of the health checks, below the base path: the process answers, and it
// can do its work.
const (
	healthPath = "/api/health"
	livePath   = "/api/health/live"
)

// serveHealth answers a health check: 200, or 503 with what is wrong. Without a
// memory state the server works; it says so, because a restart would cost something.
func (s *Server) serveHealth(ctx *fasthttp.RequestCtx, path string) {
	health := struct {
		Status string `json:"status"`
		Why    string `json:"why,omitempty"`
		State  string `json:"state"`
	}{Status: "ok", State: "memory file system"}
	if s.state == nil || !s.engine.Journaling() {
		health.State = "process memory only"
	}
	status := fasthttp.StatusOK
	switch {
	case path == livePath:
	case s.pulse.stopping.Load():
		status, health.Status, health.Why = fasthttp.StatusServiceUnavailable, "stopping", "the server is being stopped"
	case s.pulse.failing.Load():
		status, health.Status, health.Why = fasthttp.StatusServiceUnavailable, "failing", "counters cannot be written to disk; they stay in memory"
	}
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "no-store")
	ctx.Response.Header.Set("X-Content-Type-Options", "nosniff")
	ctx.SetContentType("application/json")
	ctx.SetStatusCode(status)
	body, err := json.Marshal(health)
	if err != nil {
		s.log.Error("BUG: health", "error", err)
	}
	ctx.SetBody(append(body, '\n'))
}

// serveMetrics is the address of --metrics-listen: GET /metrics, and the health checks.
func (s *Server) serveMetrics(ctx *fasthttp.RequestCtx) {
	switch path := string(ctx.Path()); {
	case path == "/metrics" && (ctx.IsGet() || ctx.IsHead()):
		ctx.SetContentType("text/plain; version=0.0.4; charset=utf-8")
		s.writeMetrics(ctx)
	case path == healthPath, path == livePath:
		s.serveHealth(ctx, path)
	default:
		ctx.Error("There is nothing here but /metrics.\n", fasthttp.StatusNotFound)
	}
}

// metric is one figure with its help line.
type metric struct {
	name, kind, help string
	value            float64
}

func (s *Server) writeMetrics(w io.Writer) {
	for _, m := range s.metrics() {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", m.name, m.help, m.kind)
		metrics.WriteGaugeFloat64(w, m.name, m.value)
	}
	fmt.Fprint(w, "# HELP footfall_beacons_refused_total Beacons refused since the start, by reason.\n# TYPE footfall_beacons_refused_total counter\n")
	refused := s.engine.Refused()
	for _, reason := range slices.Sorted(maps.Keys(refused)) {
		metrics.WriteCounterUint64(w, fmt.Sprintf("footfall_beacons_refused_total{reason=%q}", reason), refused[reason])
	}
	metrics.WriteProcessMetrics(w)
}

// metrics are the server's own figures, those of the process apart.
func (s *Server) metrics() []metric {
	const gauge, counter = "gauge", "counter"
	file := s.db.Stats()
	connections := 0
	for _, e := range s.entrances {
		connections += int(e.http.GetOpenConnectionsCount())
	}
	all := []metric{
		{"footfall_beacons_counted_total", counter, "Beacons counted since the start.", float64(s.engine.Counted())},
		{"footfall_beacons_unknown_site_total", counter, "Beacons for sites that are not counted here, since the start.", float64(s.engine.Strangers())},
		{"footfall_connections", gauge, "Open connections, at all addresses.", float64(connections)},
		{"footfall_sites", gauge, "Sites that are counted.", float64(file.Sites)},
		{"footfall_commits_total", counter, "Number of the last commit of the database.", float64(file.LastCommit)},
		{"footfall_commit_failures_total", counter, "Commits that failed since the start; what they held stays in memory.", float64(s.pulse.failures.Load())},
		{"footfall_last_commit_timestamp_seconds", gauge, "When counters were last written or found unchanged, 0 before.", float64(s.pulse.committed.Load()) / 1000},
		{"footfall_last_commit_duration_seconds", gauge, "How long that took.", time.Duration(s.pulse.took.Load()).Seconds()},
		{"footfall_database_bytes", gauge, "Size of the database file.", float64(file.FileBytes)},
		{"footfall_database_free_bytes", gauge, "Of these, in free pages.", float64(file.FreeBytes)},
		{"footfall_salts", gauge, "Salts that are alive.", float64(s.salts.Status().Salts)},
		{"footfall_state_working", gauge, "1 if a restart would remember who was counted today.", 0},
	}
	if s.state != nil {
		if s.engine.Journaling() {
			all[len(all)-1].value = 1
		}
		use := s.state.Usage()
		all = append(all,
			metric{"footfall_state_bytes", gauge, "Memory that the state takes.", float64(use.Journal + use.Checkpoint + use.Salts)},
			metric{"footfall_state_limit_bytes", gauge, "Memory that the state may take.", float64(use.Limit)})
	}
	return all
}
