package ingest

import (
	"net"
	"net/netip"
	"testing"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/ingest/agent"
)

type nullSink struct{}

func (nullSink) Hit(*aggregate.Hit) (string, error) { return "", nil }
func (nullSink) Refuse(aggregate.Site, string)      {}

const gateBody = `{"n":"Signup","u":"https://www.Example.com/blog/a%20post/ann@example.org?utm_source=news+letter&utm_campaign=spring&gclid=x",` +
	`"d":"example.com","r":"https://www.google.com/search","p":{"plan":"pro","seats":3},"v":25}`

// gateRequest is a beacon as a reverse proxy hands it on.
func gateRequest() *fasthttp.RequestCtx {
	var req fasthttp.Request
	req.Header.SetMethod("POST")
	req.SetRequestURI("/api/event")
	req.Header.SetUserAgent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36")
	req.Header.Set("Accept-Language", "en-us,en;q=0.5")
	req.Header.Set("X-Forwarded-For", "203.0.113.7")
	req.Header.Set("Origin", "https://www.example.com")
	req.Header.Set("Referer", "https://www.example.com/")
	req.Header.SetContentType("text/plain")
	req.SetBodyString(gateBody)
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(&req, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}, nil)
	return ctx
}

// gateHouse counts nothing and holds nobody back.
func gateHouse(t testing.TB) *house {
	t.Helper()
	return newHouse(t, func(o *Options) {
		o.Sink, o.Rate = nullSink{}, 1<<30
		o.Clerk = NewClerk(o.Clerk.visitors, agent.NewParser(0), testPlaces{})
	})
}

// The budget is 4 for the whole way of a beacon; the fold's share is none.
func TestABeaconCostsAtMostFourAllocations(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector allocates on its own; nothing to measure")
		return
	}
	h := gateHouse(t)
	ctx := gateRequest()
	for range 10 {
		h.door.ServeEvent(ctx)
	}
	if ctx.Response.StatusCode() != 202 || len(ctx.Response.Header.Peek("X-Footfall-Dropped")) > 0 {
		t.Fatalf("got %d %s, want it counted", ctx.Response.StatusCode(), ctx.Response.Header.Peek("X-Footfall-Dropped"))
	}
	got := testing.AllocsPerRun(1000, func() {
		ctx.Response.Reset()
		h.door.ServeEvent(ctx)
	})
	t.Logf("%.1f allocations per beacon", got)
	if got > 4 {
		t.Errorf("got %.1f allocations per beacon, want at most 4", got)
	}
}

// The script sends a list of words with each event, where most often there are none.
func TestTheScriptsOwnBeaconsCostNoMoreThanOthers(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector allocates on its own; nothing to measure")
		return
	}
	h := gateHouse(t)
	ctx := gateRequest()
	for name, body := range map[string]string{
		"view":  element("pageview", `"t":[null,null]`),
		"click": element("click", `"t":[[" event-author=\"Ann"],null],"k":[null,null],"l":"https://other.example/p"`),
		"tag":   element("click", `"t":[null,["plausible-event-name=Buy","plausible-event-plan=pro"]],"k":["pdf","off"]`),
	} {
		ctx.Request.SetBodyString(body)
		got := testing.AllocsPerRun(1000, func() {
			ctx.Response.Reset()
			h.door.ServeEvent(ctx)
		})
		t.Logf("%s: %.1f allocations", name, got)
		if dropped := ctx.Response.Header.Peek("X-Footfall-Dropped"); got > 1 || len(dropped) > 0 {
			t.Errorf("%s: got %.1f allocations, dropped as %q, want it counted with one at most", name, got, dropped)
		}
	}
}

// A refused beacon names its reason in a header and in the ledger, and costs no
// more for it.
func TestARefusedBeaconCostsAtMostFourAllocations(t *testing.T) {
	if raceEnabled {
		t.Log("the race detector allocates on its own; nothing to measure")
		return
	}
	h := newHouse(t, func(o *Options) { o.Sink = nullSink{} })
	ctx := gateRequest()
	ctx.Request.Header.Set("Origin", "https://copied.example")
	if h.door.ServeEvent(ctx); string(ctx.Response.Header.Peek("X-Footfall-Dropped")) != Hostname {
		t.Fatalf("got %d %s, want it refused for its host", ctx.Response.StatusCode(), ctx.Response.Header.Peek("X-Footfall-Dropped"))
	}
	got := testing.AllocsPerRun(1000, func() {
		ctx.Response.Reset()
		h.door.ServeEvent(ctx)
	})
	t.Logf("%.1f allocations per refused beacon", got)
	if got > 4 {
		t.Errorf("got %.1f allocations per refused beacon, want at most 4", got)
	}
}

func BenchmarkServeEvent(b *testing.B) {
	h := gateHouse(b)
	ctx := gateRequest()
	b.ReportAllocs()
	for b.Loop() {
		ctx.Response.Reset()
		h.door.ServeEvent(ctx)
	}
}

func BenchmarkAppendForwarded(b *testing.B) {
	chain := make([]netip.Addr, 0, 8)
	for b.Loop() {
		chain = appendForwarded(chain[:0], `for=1.1.1.1;proto=http, for="[2001:db8::1]:4711"`)
	}
}
