package main

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/cmd/bench/stream"
	"footfall/storage"
)

// listen serves a handler until the test is over.
func listen(t *testing.T, s *fasthttp.Server) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

func TestALoadOfSoManyBeaconsIsAnsweredWhole(t *testing.T) {
	got, err := load{addr: listen(t, newBare()), conns: 3, seed: 1, count: 1000}.run()
	if err != nil {
		t.Fatal(err)
	}
	if got.answered != 1000 || got.rate() <= 0 {
		t.Errorf("got %d answers at %.0f a second, want 1000", got.answered, got.rate())
	}
}

func TestALoadThatIsNotCountedIsAnError(t *testing.T) {
	for name, answer := range map[string]fasthttp.RequestHandler{
		"refused": func(ctx *fasthttp.RequestCtx) { ctx.Error("no", fasthttp.StatusBadRequest) },
		"dropped": func(ctx *fasthttp.RequestCtx) {
			ctx.SetStatusCode(fasthttp.StatusAccepted)
			ctx.Response.Header.Set("X-Footfall-Dropped", "bot")
		},
	} {
		_, err := load{addr: listen(t, &fasthttp.Server{Handler: answer}), conns: 1, seed: 1, count: 5}.run()
		if err == nil || !strings.Contains(err.Error(), "not counted") {
			t.Errorf("%s: got %v, want an error that says it was not counted", name, err)
		}
	}
}

func TestABudgetIsKeptAtItsLimitAndMissedBeyond(t *testing.T) {
	for _, c := range []struct {
		f    figure
		want bool
	}{
		{atMost("", 1.6, 1.6, "%.1f"), true},
		{atMost("", 1.61, 1.6, "%.1f"), false},
		{atLeast("", 0.6, 0.6, "%.1f"), true},
		{atLeast("", 0.59, 0.6, "%.1f"), false},
	} {
		if got := c.f.ok(); got != c.want {
			t.Errorf("%s %s: got %v, want %v", c.f.text, c.f.cap, got, c.want)
		}
	}
}

func TestMedianIsTheMiddleOrBetweenTheTwoMiddleOnes(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5}, {[]float64{7}, 7}} {
		if got := median(c.values); got != c.want {
			t.Errorf("%v: got %v, want %v", c.values, got, c.want)
		}
	}
}

func TestPartsOfAPageAreWhatABrowserFetchesByItself(t *testing.T) {
	page := `<link rel="icon" href="/a.svg"><script type="module" src="/b.js"></script><a href="https://elsewhere.example/">x</a>` +
		`<img alt="" src="https://cdn.example/c.png"><style>x{background:url('/d.png')}</style><script>import y from "/e.js"</script>`
	var got []string
	for _, found := range parts.FindAllStringSubmatch(page, -1) {
		got = append(got, strings.Join(found[1:], ""))
	}
	if want := []string{"/a.svg", "/b.js", "https://cdn.example/c.png", "/d.png", "/e.js"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMadeUpDaysAreBlocksThatTheDatabaseTakes(t *testing.T) {
	db, err := storage.Open(t.TempDir(), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.AddSite(stream.Site, aggregate.DefaultSettings()); err != nil {
		t.Fatal(err)
	}
	puts := newYear().day(stream.Site, aggregate.Date(2026, 5, 4))
	if err := db.Commit(aggregate.Commit{Number: 1, Puts: puts}); err != nil {
		t.Fatal(err)
	}
	for _, p := range puts {
		if want := map[aggregate.Dimension]int{aggregate.None: 25, aggregate.Page: 2000, aggregate.Source: 300}[p.Key.A]; len(p.Block.Rows) != want {
			t.Errorf("%s: got %d rows, want %d", p.Key.A, len(p.Block.Rows), want)
		}
	}
}
