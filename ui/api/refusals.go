package api

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// DayLedger is how many beacons were refused on one day, by reason, with a detail
// after a colon where there is one ("bot: ai GPTBot").
type DayLedger struct {
	Day     aggregate.Day
	Refused map[string]int64
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

// refusals is GET /api/v2/refusals: how many beacons of a site were refused, by
// day and reason, for up to thirty days. Objectors are not in it. Its parameters
// are site_id and days (1-30; default 30, today included).
func (a *API) refusals(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	domain := string(ctx.QueryArgs().Peek("site_id"))
	if apiToken(ctx) == "" {
		return fasthttp.StatusUnauthorized, errorBody(unauthorized)
	}
	if domain == "" {
		return fasthttp.StatusBadRequest, errorBody("site_id: want the site's domain.")
	}
	days := maxLedgerDays
	var err error
	if text := string(ctx.QueryArgs().Peek("days")); text != "" {
		if days, err = strconv.Atoi(text); err != nil || days < 1 || days > maxLedgerDays {
			return fasthttp.StatusBadRequest, errorBody("days: want a number from 1 to 30.")
		}
	}
	site, settings, status := a.open(ctx, domain, ScopeStats)
	if status != fasthttp.StatusOK {
		return a.denied(ctx, status)
	}
	last := aggregate.DayOf(a.o.Clock(), settings.Location())
	return a.refused(site, last-aggregate.Day(days-1), last)
}

func (a *API) refused(site aggregate.Site, first, last aggregate.Day) (status int, body []byte) {
	ledgers, err := a.o.Ledgers.Ledgers(site, first, last)
	if err != nil {
		a.o.Log.Error("the drop ledger could not be read", "site", string(site), "err", err)
		return fasthttp.StatusInternalServerError, errorBody("The ledger could not be read. The server's log says more.")
	}
	answer := refusalsAnswer{Results: []refusalRow{}, Totals: map[string]int64{}}
	answer.Query.Site, answer.Query.DateRange = string(site), [2]string{first.String(), last.String()}
	for _, ledger := range ledgers {
		var rows []refusalRow
		for text, n := range ledger.Refused {
			if text == aggregate.Other {
				text = "(other)"
			}
			reason, detail, _ := strings.Cut(text, ": ")
			rows = append(rows, refusalRow{ledger.Day.String(), reason, detail, n})
			answer.Totals[reason] += n
		}
		slices.SortFunc(rows, func(x, y refusalRow) int {
			return cmp.Or(cmp.Compare(y.Count, x.Count), strings.Compare(x.Reason, y.Reason), strings.Compare(x.Detail, y.Detail))
		})
		answer.Results = append(answer.Results, rows...)
	}
	if body, err = json.Marshal(&answer); err != nil {
		return fasthttp.StatusInternalServerError, errorBody("BUG: the ledger has no JSON form.")
	}
	return fasthttp.StatusOK, body
}
