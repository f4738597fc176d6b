package ui

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// RefusalsOptions are what the API of the drop ledger needs.
type RefusalsOptions struct {
	Ledgers  Ledgers
	Tokens   Tokens
	Settings func(aggregate.Site) (aggregate.Settings, bool)
	Clock    func() time.Time
	Log      *slog.Logger // default slog.Default()
}

// Ledgers are the drop ledgers of sites.
type Ledgers interface {
	// Ledgers are those of a site's days from first to last, in order. Days on which
	// nothing was refused may be missing. The error may not be shown.
	Ledgers(site aggregate.Site, first, last aggregate.Day) ([]DayLedger, error)
}

// DayLedger is how many beacons were refused on one day, by reason, with a detail
// after a colon where there is one ("bot: ai GPTBot").
type DayLedger struct {
	Day     aggregate.Day
	Refused map[string]int64
}

// Refusals answers GET /api/v2/refusals: how many beacons of a site were refused,
// by day and reason, for up to thirty days. Objectors are not in it.
type Refusals struct{ o RefusalsOptions }

// NewRefusals makes the handler.
func NewRefusals(o RefusalsOptions) *Refusals {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Refusals{o: o}
}

// maxLedgerDays is how far back the ledger is told, today included.
const maxLedgerDays = 30

// refusalRow is one line of the answer.
type refusalRow struct {
	Date   string `json:"date"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	Count  int64  `json:"count"`
}

type refusalsAnswer struct {
	Results []refusalRow     `json:"results"` // by day, the most frequent first
	Totals  map[string]int64 `json:"totals"`  // by reason, over all days
	Query   struct {
		Site      string    `json:"site_id"`
		DateRange [2]string `json:"date_range"`
	} `json:"query"`
}

// Serve answers a request with a token of the scope stats. Its parameters are
// site_id and days (1-30; default 30, today included).
func (r *Refusals) Serve(ctx *fasthttp.RequestCtx) {
	status, body := r.answer(ctx)
	h := &ctx.Response.Header
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	switch status {
	case fasthttp.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	case fasthttp.StatusMethodNotAllowed:
		h.Set("Allow", "GET")
	}
	ctx.SetStatusCode(status)
	ctx.SetBody(body)
}

func (r *Refusals) answer(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	if !ctx.IsGet() {
		return fasthttp.StatusMethodNotAllowed, errorBody("Only GET is answered here.")
	}
	token := apiToken(ctx.Request.Header.Peek("Authorization"))
	site, err := aggregate.ParseSite(string(ctx.QueryArgs().Peek("site_id")))
	if token == "" {
		return fasthttp.StatusUnauthorized, errorBody(unauthorized)
	}
	if err != nil {
		return fasthttp.StatusBadRequest, errorBody("site_id: want the site's domain.")
	}
	days := maxLedgerDays
	if text := string(ctx.QueryArgs().Peek("days")); text != "" {
		if days, err = strconv.Atoi(text); err != nil || days < 1 || days > maxLedgerDays {
			return fasthttp.StatusBadRequest, errorBody("days: want a number from 1 to 30.")
		}
	}
	settings, known := r.o.Settings(site)
	if !r.o.Tokens.Check(token, site, ScopeStats) || !known {
		return fasthttp.StatusUnauthorized, errorBody(unauthorized)
	}
	last := aggregate.DayOf(r.o.Clock(), settings.Location())
	return r.report(site, last-aggregate.Day(days-1), last)
}

func (r *Refusals) report(site aggregate.Site, first, last aggregate.Day) (status int, body []byte) {
	ledgers, err := r.o.Ledgers.Ledgers(site, first, last)
	if err != nil {
		r.o.Log.Error("the drop ledger could not be read", "site", string(site), "err", err)
		return fasthttp.StatusInternalServerError, errorBody("The ledger could not be read. The server's log says more.")
	}
	a := refusalsAnswer{Results: []refusalRow{}, Totals: map[string]int64{}}
	a.Query.Site, a.Query.DateRange = string(site), [2]string{first.String(), last.String()}
	for _, ledger := range ledgers {
		var rows []refusalRow
		for text, n := range ledger.Refused {
			if text == aggregate.Other {
				text = "(other)"
			}
			reason, detail, _ := strings.Cut(text, ": ")
			rows = append(rows, refusalRow{ledger.Day.String(), reason, detail, n})
			a.Totals[reason] += n
		}
		slices.SortFunc(rows, func(x, y refusalRow) int {
			return cmp.Or(cmp.Compare(y.Count, x.Count), strings.Compare(x.Reason, y.Reason), strings.Compare(x.Detail, y.Detail))
		})
		a.Results = append(a.Results, rows...)
	}
	if body, err = json.Marshal(&a); err != nil {
		return fasthttp.StatusInternalServerError, errorBody("BUG: the ledger has no JSON form.")
	}
	return fasthttp.StatusOK, body
}
