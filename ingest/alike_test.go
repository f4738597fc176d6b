package ingest

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/ingest/agent"
	"footfall/ingest/geo"
)

// working counts how often the parts are asked that cost time.
type working struct{ agents, places atomic.Int64 }

func (w *working) Parse(ua []byte, hints *agent.Hints) agent.Agent {
	w.agents.Add(1)
	return testAgents{}.Parse(ua, hints)
}

func (w *working) Find(addr netip.Addr) geo.Place {
	w.places.Add(1)
	return testPlaces{}.Find(addr)
}

func TestKnownAndUnknownSitesAnswerAlike(t *testing.T) {
	work := &working{}
	h := newHouse(t, func(o *Options) { o.Clerk = NewClerk(o.Clerk.visitors, work, work); o.Rate = 2 })
	for _, headers := range [][]string{nil, {"User-Agent: a bot"}, {"Origin: https://copied.example"}, {"Purpose: prefetch"},
		{"X-Forwarded-For: 198.51.100.1"}, {"X-Forwarded-For: 198.51.100.1"}, {"X-Forwarded-For: 198.51.100.1"}, {"Sec-GPC: 1"}} {
		var asked [2][2]int64
		var replies [2]reply
		for i, body := range []string{beaconA, strings.ReplaceAll(beaconA, "example.com", "nobody.example")} {
			agents, places := work.agents.Load(), work.places.Load()
			if len(headers) == 1 && strings.HasPrefix(headers[0], "X-Forw") && i == 1 {
				headers = []string{"X-Forwarded-For: 198.51.100.2"} // a bucket of its own
			}
			replies[i] = h.send(body, headers...)
			asked[i] = [2]int64{work.agents.Load() - agents, work.places.Load() - places}
		}
		if replies[0].status != replies[1].status || replies[0].body != replies[1].body || asked[0] != asked[1] {
			t.Errorf("%v: got %d %q after %v and %d %q after %v, want the same answer after the same work", headers,
				replies[0].status, replies[0].body, asked[0], replies[1].status, replies[1].body, asked[1])
		}
		for _, r := range replies {
			for _, own := range []string{"X-Footfall-Dropped", "X-Plausible-Dropped", "Access-Control-Expose-Headers", "Date"} {
				r.header.Del(own) // they tell of the drop
			}
		}
		if names(replies[0].header) != names(replies[1].header) {
			t.Errorf("%v: got headers %v and %v, want the same", headers, replies[0].header, replies[1].header)
		}
	}
	if got := h.send(strings.ReplaceAll(beaconA, "example.com", "nobody.example")); got.header.Get("X-Footfall-Dropped") != UnknownSite {
		t.Errorf("got dropped %q, want unknown_site", got.header.Get("X-Footfall-Dropped"))
	}
	if n := h.salts.Status().Salts; n != 1 {
		t.Errorf("got %d salts, want none for made-up sites", n)
	}
}

func names(h http.Header) string {
	var all []string
	for name := range h {
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// The times are compared where the door alone works; what the counting of a hit
// takes beyond it is a few microseconds, a hundredth of what any network adds.
func TestTheTimeOfAnAnswerDoesNotTellWhichSitesExist(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Sink = nullSink{} })
	known, unknown := gateRequest(), gateRequest()
	unknown.Request.SetBodyString(strings.ReplaceAll(gateBody, "xample.com", "xample.net"))
	unknown.Request.Header.Set("Origin", "https://www.example.net")
	unknown.Request.Header.Set("Referer", "https://www.example.net/")
	const rounds = 4000
	var took [2][]time.Duration
	for range rounds {
		for i, ctx := range []*fasthttp.RequestCtx{known, unknown} {
			ctx.Response.Reset()
			start := time.Now()
			h.door.ServeEvent(ctx)
			took[i] = append(took[i], time.Since(start))
		}
	}
	if got := string(unknown.Response.Header.Peek("X-Footfall-Dropped")); got != UnknownSite {
		t.Fatalf("got dropped %q, want unknown_site", got)
	}
	var median [2]time.Duration
	for i := range took {
		slices.Sort(took[i])
		median[i] = took[i][rounds/2]
	}
	t.Logf("known %v, unknown %v", median[0], median[1])
	if ratio := float64(median[0]) / float64(median[1]); ratio < 0.6 || ratio > 1.6 {
		t.Errorf("got %v for a known site and %v for an unknown one, want about the same", median[0], median[1])
	}
}
