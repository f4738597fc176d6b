package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/ingest/geo"
)

// printed passes on what is printed, line by line.
type printed chan string

func (p printed) Write(b []byte) (int, error) {
	p <- string(b)
	return len(b), nil
}

// await reads until something is printed that holds a text.
func (p printed) await(t *testing.T, text string) {
	t.Helper()
	for {
		select {
		case line := <-p:
			if strings.Contains(line, text) {
				return
			}
		case <-time.After(time.Minute):
			t.Fatalf("%q was not printed", text)
		}
	}
}

// smallDemo opens a demo at a fixed time, with few visits a day.
func smallDemo(t *testing.T, now *atomic.Int64) (*demo, printed) {
	t.Helper()
	out := make(printed, 16)
	c := &demoCmd{Listen: "127.0.0.1:0", Months: 3, LogLevel: "warn"}
	d, err := openDemo(c, &streams{out: out, err: testLog{t}}, func() time.Time { return time.UnixMilli(now.Load()) })
	if err != nil {
		t.Fatal(err)
	}
	d.history.level = 20
	return d, out
}

// testLog fails a test in which anything is logged.
type testLog struct{ *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.Errorf("logged: %s", b)
	return len(b), nil
}

func TestTheDemoHasAPastAndVisitorsAndLeavesNothing(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC).UnixMilli())
	d, out := smallDemo(t, &now)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	out.await(t, "/"+demoDomain)
	out.await(t, "The whole history is in")

	page := get(t, d.URL()+demoDomain+"?tabs=sources,devices")
	for _, want := range []string{"/demo/kayaks", "Google", "Tablet", "United Kingdom"} {
		if !strings.Contains(page, want) {
			t.Errorf("the dashboard does not show %q", want)
		}
	}
	if got := d.pageviews(t, aggregate.Date(2026, 2, 1), aggregate.Date(2026, 2, 28)); got < 28*10 {
		t.Errorf("got %v pageviews in the oldest month, want some hundred", got)
	}
	if got := d.pageviews(t, aggregate.Date(2025, 1, 1), aggregate.Date(2026, 1, 31)); got != 0 {
		t.Errorf("got %v pageviews before the history, want none", got)
	}

	now.Add(20_000) // the visitors of twenty seconds are on their way now
	today := aggregate.Date(2026, 5, 4)
	for deadline := time.Now().Add(time.Minute); d.pageviews(t, today, today) < 10; {
		if time.Now().After(deadline) {
			t.Fatalf("got %v pageviews today, want those of the visitors", d.pageviews(t, today, today))
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	if _, err := os.Stat(d.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is still there (%v)", err)
	}
}

func (d *demo) pageviews(t *testing.T, first, last aggregate.Day) float64 {
	t.Helper()
	report, err := d.asker.Answer(&aggregate.Query{Site: demoDomain, Metrics: []aggregate.Metric{aggregate.MetricPageviews},
		Range: aggregate.Range{Days: true, First: first, Last: last}})
	if err != nil {
		t.Fatal(err)
	}
	return report.Rows[0].Values[0].Number
}

func get(t *testing.T, addr string) string {
	t.Helper()
	resp, err := http.Get(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %s (%v)", addr, resp.Status, err)
	}
	return string(body)
}

func TestTheSampleSiteIsFoundWithoutItsLastSlash(t *testing.T) {
	site, err := demoSite(demoDomain)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/demo": 302, "/demo/": 200, "/stats/demo/kayaks": 200, "/demo/style.css": 200, "/demo/no": 404} {
		var ctx fasthttp.RequestCtx
		ctx.Request.SetRequestURI(path)
		site(&ctx)
		if got := ctx.Response.StatusCode(); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
}

func TestADemoThatIsStoppedAtOnceLeavesNothing(t *testing.T) {
	var now atomic.Int64
	now.Store(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC).UnixMilli())
	d, _ := smallDemo(t, &now)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if err := d.run(ctx); err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	if _, err := os.Stat(d.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is still there (%v)", err)
	}
}

func TestADemoFindsAFreePortWhereTheUsualOneIsTaken(t *testing.T) {
	if l, err := net.Listen("tcp", demoListen); err == nil {
		defer l.Close() // else somebody else has it
	}
	var out bytes.Buffer
	s, err := openDemoServer(&demoCmd{Listen: demoListen, LogLevel: "warn"}, &streams{out: &out, err: testLog{t}}, time.Now, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if strings.Contains(s.URL(), ":8080/") || !strings.Contains(out.String(), "127.0.0.1:8080 is taken") {
		t.Errorf("got %s and said %q, want another port and a word about it", s.URL(), out.String())
	}
	if _, err := openDemoServer(&demoCmd{Listen: strings.TrimSuffix(s.URL()[len("http://"):], "/"), LogLevel: "warn"},
		&streams{out: &out, err: testLog{t}}, time.Now, t.TempDir()); err == nil {
		t.Error("a port that was asked for is taken, and that is no error")
	}
}

func TestMachinesAreToldOfADemoInOneObject(t *testing.T) {
	var out bytes.Buffer
	c := &demoCmd{Listen: "127.0.0.1:0", LogLevel: "warn", machines: machines{JSON: true}}
	d, err := openDemo(c, &streams{out: &out, err: testLog{t}}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(d.dir)
	defer d.Close()
	if err := d.greet(7, aggregate.Date(2026, 5, 4)); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"version":%q,"dashboard":"%[2]sdemo.example","sites":1,"sample_site":"%[2]sdemo/","since":"2026-05-04","events":7}`,
		buildVersion().Version, d.URL())
	if got := strings.TrimSpace(out.String()); got != want {
		t.Errorf("machines are told\n%s\nwant\n%s", got, want)
	}
	if c.asides(d.streams) != d.streams.err {
		t.Error("what is said besides stands on stdout, too")
	}
}

func testHistory(t *testing.T) *demoHistory {
	t.Helper()
	world, err := newDemoWorld(demoDomain)
	if err != nil {
		t.Fatal(err)
	}
	return &demoHistory{world: world, today: aggregate.Date(2026, 5, 4), level: 50}
}

func TestTheDemosHistoryIsTheSameEveryTimeAndInOrder(t *testing.T) {
	h := testHistory(t)
	var one, two bytes.Buffer
	if err := errors.Join(h.write(&one, h.today-20, h.today-1), h.write(&two, h.today-20, h.today-1)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("two histories differ")
	}
	first, end := (h.today - 20).Start(time.UTC), h.today.Start(time.UTC)
	last, names := first, map[string]int{}
	for line := range strings.Lines(one.String()) {
		var b struct {
			Time time.Time
			N    string
		}
		if err := json.Unmarshal([]byte(line), &b); err != nil {
			t.Fatal(err)
		}
		if b.Time.Before(last) || !b.Time.Before(end) {
			t.Fatalf("a line of %v stands behind one of %v; the history ends at %v", b.Time, last, end)
		}
		last = b.Time
		names[b.N]++
	}
	for _, name := range []string{"pageview", "engagement", "Order", "Tour request", "File Download"} {
		if names[name] == 0 {
			t.Errorf("no %q in %v", name, names)
		}
	}
}

func TestTheDemoGrowsAndHasAWeek(t *testing.T) {
	h := testHistory(t)
	h.level = 1000
	views := func(first, last aggregate.Day) (n int) {
		for day := first; day <= last; day++ {
			n += len(h.day(day))
		}
		return n
	}
	if old, late := views(h.today-390, h.today-363), views(h.today-60, h.today-33); late < 2*old {
		t.Errorf("got %d beacons in four weeks, %d a year before; want at least twice as many", late, old)
	}
	saturday := aggregate.Date(2026, 3, 14)
	if weekend, work := views(saturday, saturday), views(saturday+4, saturday+4); weekend <= work {
		t.Errorf("got %d beacons on a Saturday and %d on a Wednesday, want more at the weekend", weekend, work)
	}
}

func TestSomebodyNewComesEverySecondOrTwo(t *testing.T) {
	start := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	h := testHistory(t)
	c := newDemoCrowd(h, 1, start)
	people, last, names := map[*demoPerson]bool{}, start, map[string]int{}
	for now := start; now.Before(start.Add(5 * time.Minute)); {
		steps, next := c.due(now)
		for _, s := range steps {
			if s.at.Before(last) || s.at.After(now) {
				t.Fatalf("at %v came a step of %v, after one of %v", now, s.at, last)
			}
			last = s.at
			people[s.who] = true
			names[s.Name]++
		}
		if !next.After(now) {
			t.Fatalf("at %v the next step is at %v", now, next)
		}
		now = next
	}
	if n := len(people); n < 150 || n > 300 {
		t.Errorf("got %d people in five minutes, want one every second or two", n)
	}
	if names["engagement"] == 0 || names["pageview"] < len(people)*5/4 {
		t.Errorf("got %v of %d people; want them to read and to click on", names, len(people))
	}
}

var demoLinks = regexp.MustCompile(`(?:href|src|action)="([^"]+)"`)

func TestEveryLinkOfTheSampleSiteLeadsSomewhere(t *testing.T) {
	content, err := demoContent(demoDomain)
	if err != nil {
		t.Fatal(err)
	}
	tag := fmt.Sprintf(`<script defer data-domain="%s" data-local src="../js/script.js"></script>`, demoDomain)
	for _, p := range demoPages {
		page := string(content[p.path].body)
		if !strings.Contains(page, tag) || !strings.Contains(page, "<h1>") {
			t.Errorf("page %q lacks the script or a heading", p.path)
		}
		for _, found := range demoLinks.FindAllStringSubmatch(page, -1) {
			ref, err := (&url.URL{Scheme: "http", Host: "h", Path: demoPath}).Parse(found[1])
			if err != nil {
				t.Fatal(err)
			}
			name, inside := strings.CutPrefix(ref.Path, demoPath)
			if _, ok := content[name]; ref.Host == "h" && inside && !ok {
				t.Errorf("page %q leads to %q, which is not there", p.path, found[1])
			}
		}
	}
}

func TestPlacesOfTheDemoAreThoseOfItsList(t *testing.T) {
	file := filepath.Join(t.TempDir(), "places.mmdb")
	body, err := demoFiles.ReadFile("demo/places.mmdb")
	if err == nil {
		err = os.WriteFile(file, body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	places, err := geo.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer places.Close()
	list, err := demoFiles.ReadFile("demo/places.tsv")
	if err != nil {
		t.Fatal(err)
	}
	known, err := readDemoPlaces()
	if err != nil || len(known) < 30 {
		t.Fatalf("got %d places (%v)", len(known), err)
	}
	for _, p := range known {
		got := places.Find(p.addresses.Addr().Next())
		if got.CityName == "" || !strings.Contains(string(list), p.addresses.String()+"\t") ||
			!strings.Contains(string(list), "\t"+got.CityID+"\t"+got.CityName+"\n") {
			t.Errorf("%s: got %+v, which is not in the list; run go generate", p.addresses, got)
		}
	}
}
