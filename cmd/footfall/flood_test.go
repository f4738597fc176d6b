//go:build linux

package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/storage"
)

// flood is how many made-up values each kind of flood sends: ten million are
// `go test ./cmd/footfall -run Flood -flood 10000000 -timeout 3h`.
var flood = flag.Int("flood", 0, "made-up values of each flood; 0 = as many as a quick test stands")

// floods are what somebody can make up without end, and where it is counted.
var floods = []struct {
	name, body string // of a beacon; its one verb is the value
	field      string
	visitors   int // that share the beacons; 0 = each is a new one
}{
	{"paths", `{"n":"pageview","u":"https://flood.example/%s"}`, "event:page", 5000},
	{"referrers", `{"n":"pageview","u":"https://flood.example/","r":"https://%s.example/x"}`, "visit:source", 0},
	{"tags", `{"n":"pageview","u":"https://flood.example/?utm_campaign=%s"}`, "visit:utm_campaign", 0},
	{"events", `{"n":"%s","u":"https://flood.example/"}`, "event:name", 5000},
	{"properties", `{"n":"Click","u":"https://flood.example/","p":{"plan":"%s"}}`, "event:props:plan", 5000},
}

// TestAFloodOfMadeUpValuesLeavesTheTrueOnesRight sends made-up values and, one in
// twenty, true ones, through the front door of a whole server. The true hundred
// most frequent ones must be there and right, memory and file bounded.
func TestAFloodOfMadeUpValuesLeavesTheTrueOnesRight(t *testing.T) {
	for _, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			home := install(t)
			n, values := *flood, 5000
			if n == 0 {
				n, values = 40_000, 500
			}
			home.addSite("flood.example", "UTC", "values_per_day="+strconv.Itoa(values))
			clock := &wallClock{time: time.Date(2026, 6, 10, 1, 0, 0, 0, time.UTC)}
			s := home.inside(clock, "none")
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			want := s.flood(f.body, f.visitors, n)
			runtime.GC()
			runtime.ReadMemStats(&after)
			grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
			s.compareTop(f.field, want)
			if _, err := s.real.engine.Commit(true); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(filepath.Join(home.data, storage.FileName))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d made-up %s: %d KiB of memory, a file of %d KiB", n, f.name, grown>>10, info.Size()>>10)
			limit := int64(64 << 20)
			if f.visitors == 0 {
				limit += int64(n) * 200 // what a visit takes
			}
			if grown > limit || info.Size() > 16<<20 {
				t.Errorf("got %d KiB of memory and a file of %d KiB, want at most %d and %d", grown>>10, info.Size()>>10, limit>>10, 16<<10)
			}
		})
	}
}

// flood sends beacons and returns how often each true value was among them.
func (s *inside) flood(body string, visitors, n int) map[string]int64 {
	s.t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	want := map[string]int64{}
	ctx := new(fasthttp.RequestCtx)
	start := s.clock.now()
	for i := range n {
		value, visitor := fmt.Sprintf("made-up-%d", i), i
		if r.IntN(20) == 0 {
			value = trueValue(r)
			want[value]++
		}
		if visitors > 0 {
			visitor = r.IntN(visitors)
		}
		s.clock.set(start.Add(time.Duration(float64(20*time.Hour) * float64(i) / float64(n))))
		s.beacon(ctx, visitor, fmt.Sprintf(body, value))
	}
	return want
}

// trueValue is one of 120, of which a hundred come often.
func trueValue(r *rand.Rand) string {
	if r.IntN(40) == 0 {
		return fmt.Sprintf("seldom-%d", r.IntN(20))
	}
	return fmt.Sprintf("true-%d", r.IntN(100))
}

// beacon sends one beacon without a network in between.
func (s *inside) beacon(ctx *fasthttp.RequestCtx, visitor int, body string) {
	s.t.Helper()
	var req fasthttp.Request
	req.Header.SetMethod("POST")
	req.SetRequestURI("/api/event")
	req.Header.SetHost("flood.example")
	req.Header.SetUserAgent(browsers[0])
	req.Header.Set("Accept-Language", "de")
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("100.%d.%d.%d", visitor>>16&0xff, visitor>>8&0xff, visitor&0xff))
	req.SetBodyString(body)
	ctx.Init(&req, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}, nil)
	s.real.route(ctx)
	if dropped := ctx.Response.Header.Peek("X-Footfall-Dropped"); ctx.Response.StatusCode() != 202 || len(dropped) > 0 {
		s.t.Fatalf("%s: got %d, dropped %q, want it counted", body, ctx.Response.StatusCode(), dropped)
	}
}

// compareTop asks for the most frequent values and compares them with the truth.
// Before a value is known to be one that comes again, a few are counted under
// (other).
func (s *inside) compareTop(field string, want map[string]int64) {
	s.t.Helper()
	report, status := s.ask(query{Site: "flood.example", Metrics: []string{"events"}, DateRange: "day", Dimensions: []string{field}})
	if status != http.StatusOK {
		s.t.Fatalf("%s: answered %d %s", field, status, report.Error)
	}
	got, place := map[string]int64{}, 0
	for _, row := range report.Results {
		value := strings.TrimSuffix(strings.TrimPrefix(row.Dimensions[0], "/"), ".example")
		got[value] = int64(*row.Metrics[0])
		if want[value] == 0 && !strings.HasPrefix(value, "made-up-") {
			continue // (other), Direct / None, pageview
		}
		if place++; place <= 100 && !strings.HasPrefix(value, "true-") {
			s.t.Errorf("%s: place %d has %s", field, place, row.Dimensions[0])
		}
	}
	for i := range 100 {
		value := fmt.Sprintf("true-%d", i)
		if lost := want[value] - got[value]; lost < 0 || lost > max(10, want[value]/100) {
			s.t.Errorf("%s %s: got %d, want %d or hardly fewer", field, value, got[value], want[value])
		}
	}
}
