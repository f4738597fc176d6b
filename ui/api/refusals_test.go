package api

import (
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// ledgerDesk is an API over ledgers that notes what it is asked.
type ledgerDesk struct {
	*API
	days        []DayLedger
	err         error
	first, last aggregate.Day
}

func (d *ledgerDesk) Ledgers(_ aggregate.Site, first, last aggregate.Day) ([]DayLedger, error) {
	d.first, d.last = first, last
	return d.days, d.err
}

func newLedgerDesk() *ledgerDesk {
	d, stats := &ledgerDesk{}, newStatsDesk()
	d.API = New(Options{Ledgers: d, Tokens: stats, Settings: stats.o.Settings,
		Clock: func() time.Time { return stats.now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	return d
}

func (d *ledgerDesk) get(method, token, query string) (status int, body string) {
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod(method)
	ctx.Request.SetRequestURI("/api/v2/refusals?" + query)
	if token != "" {
		ctx.Request.Header.Set("Authorization", token)
	}
	d.Serve(&ctx, "/api/v2/refusals")
	return ctx.Response.StatusCode(), string(ctx.Response.Body())
}

func TestRefusalsAreToldByDayAndReason(t *testing.T) {
	d := newLedgerDesk()
	d.days = []DayLedger{
		{aggregate.Date(2026, 11, 23), map[string]int64{"rate": 4, "bot: ai GPTBot": 7, "bot: crawler": 7, aggregate.Other: 1}},
		{aggregate.Date(2026, 11, 24), map[string]int64{"hostname: copied.example": 2}},
	}
	status, body := d.get("GET", "Bearer right", "site_id=example.com")
	const want = `{"results":[{"date":"2026-11-23","reason":"bot","detail":"ai GPTBot","count":7},{"date":"2026-11-23","reason":"bot","detail":"crawler","count":7},` +
		`{"date":"2026-11-23","reason":"rate","count":4},{"date":"2026-11-23","reason":"(other)","count":1},` +
		`{"date":"2026-11-24","reason":"hostname","detail":"copied.example","count":2}],` +
		`"totals":{"(other)":1,"bot":14,"hostname":2,"rate":4},"query":{"site_id":"example.com","date_range":["2026-10-26","2026-11-24"]}}`
	if status != 200 || body != want {
		t.Errorf("got %d %s\nwant 200 %s", status, body, want)
	}
	if d.last-d.first != 29 {
		t.Errorf("got %s to %s, want thirty days", d.first, d.last)
	}
	d.days = nil
	if status, body := d.get("GET", "Bearer right", "site_id=www.Example.com&days=1"); status != 200 || d.first != d.last ||
		body != `{"results":[],"totals":{},"query":{"site_id":"example.com","date_range":["2026-11-24","2026-11-24"]}}` {
		t.Errorf("got %d %s for today alone", status, body)
	}
}

func TestRefusalsNeedAKeyForTheSite(t *testing.T) {
	d := newLedgerDesk()
	for _, c := range []struct {
		method, token, query string
		want                 int
	}{
		{"GET", "", "site_id=example.com", 401},
		{"GET", "Bearer wrong", "site_id=example.com", 401},
		{"GET", "Bearer right", "site_id=other.example", 401},
		{"GET", "Bearer right", "site_id=nobody.example", 401},
		{"GET", "Bearer right", "", 400},
		{"GET", "Bearer right", "site_id=example.com&days=0", 400},
		{"GET", "Bearer right", "site_id=example.com&days=31", 400},
		{"GET", "Bearer right", "site_id=example.com&days=week", 400},
		{"POST", "Bearer right", "site_id=example.com", 405},
	} {
		if status, body := d.get(c.method, c.token, c.query); status != c.want {
			t.Errorf("%s %q %s: got %d %s, want %d", c.method, c.token, c.query, status, body, c.want)
		}
	}
	d.err = errors.New("secret")
	if status, body := d.get("GET", "Bearer right", "site_id=example.com"); status != 500 || body != `{"error":"The ledger could not be read. The server's log says more."}` {
		t.Errorf("got %d %s for a ledger that cannot be read", status, body)
	}
}
