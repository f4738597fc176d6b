package importer

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"footfall/aggregate"
	"footfall/aggregate/live"
	"footfall/ingest"
	"footfall/ingest/agent"
	"footfall/ingest/geo"
	"footfall/ingest/visitor"
)

const site aggregate.Site = "example.com"

var now = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

// trial is an import of one test.
type trial struct {
	t       testing.TB
	hits    []aggregate.Hit
	answer  string
	err     error
	expired []time.Time
	opts    Options
	m       *Importer
}

type people struct{}

func (people) Parse(ua []byte, _ *agent.Hints) agent.Agent {
	if len(ua) == 0 || bytes.Contains(ua, []byte("bot")) {
		return agent.Agent{Bot: agent.BotCrawler}
	}
	return agent.Agent{Browser: "Firefox", OS: "Windows", Device: "Desktop"}
}

type nowhere struct{}

func (nowhere) Find(addr netip.Addr) geo.Place {
	if addr == netip.MustParseAddr("203.0.113.7") {
		return geo.Place{Country: "DE"}
	}
	return geo.Place{}
}

func newTrial(t testing.TB, format Format, change ...func(*Options)) *trial {
	t.Helper()
	tr := &trial{t: t}
	settings := aggregate.DefaultSettings()
	salts := visitor.NewSalts(visitor.Options{Location: func(aggregate.Site) *time.Location { return tr.opts.Settings.Location() }})
	t.Cleanup(func() { salts.Close() })
	tr.opts = Options{Format: format, Site: site, Settings: settings, Sink: tr, Now: now,
		Clerk: ingest.NewClerk(salts, people{}, nowhere{}),
		Expire: func(now time.Time) {
			tr.expired = append(tr.expired, now)
			salts.Expire(now)
		}}
	for _, f := range change {
		f(&tr.opts)
	}
	var err error
	if tr.m, err = New(tr.opts); err != nil {
		t.Fatal(err)
	}
	return tr
}

func (tr *trial) Hit(h *aggregate.Hit) (string, error) {
	if tr.err != nil || tr.answer != "" {
		return tr.answer, tr.err
	}
	var kept aggregate.Hit
	if _, err := aggregate.DecodeHit(aggregate.AppendHit(nil, h), &kept); err != nil {
		return "", err
	}
	tr.hits = append(tr.hits, kept)
	return "", nil
}

// read imports lines and checks that the account adds up.
func (tr *trial) read(lines ...string) Result {
	tr.t.Helper()
	if err := tr.m.Read(context.Background(), "file", strings.NewReader(strings.Join(lines, "\n"))); err != nil {
		tr.t.Fatal(err)
	}
	if err := tr.m.Finish(); err != nil {
		tr.t.Fatal(err)
	}
	r := tr.m.Result()
	sum := r.Counted + r.Bad
	for _, n := range r.Dropped {
		sum += n
	}
	if sum != r.Lines {
		tr.t.Errorf("got %+v, which does not add up", r)
	}
	if tr.answer == "" && len(tr.hits) != r.Counted {
		tr.t.Errorf("got %d hits and %d counted", len(tr.hits), r.Counted)
	}
	return r
}

func (tr *trial) want(got Result, counted, bad int, dropped map[string]int) {
	tr.t.Helper()
	if dropped == nil {
		dropped = map[string]int{}
	}
	if got.Counted != counted || got.Bad != bad || !maps.Equal(got.Dropped, dropped) {
		tr.t.Errorf("got counted %d, bad %d, dropped %v (%v), want %d, %d, %v", got.Counted, got.Bad, got.Dropped, got.FirstBad, counted, bad, dropped)
	}
}

// event is an event line of a page at a time.
func event(at time.Time, page string) string {
	return fmt.Sprintf(`{"time":%q,"ip":"203.0.113.7","user_agent":"Firefox","language":"de-at","n":"pageview","u":"https://example.com%s"}`,
		at.Format(time.RFC3339), page)
}

func pages(hits []aggregate.Hit) string {
	var all []string
	for _, h := range hits {
		all = append(all, h.Facts[aggregate.Page])
	}
	return strings.Join(all, " ")
}

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestEventLinesTakeTheWayOfLiveBeacons(t *testing.T) {
	tr := newTrial(t, Events)
	got := tr.read(event(noon, "/a?utm_campaign=c"),
		`{"time":"2026-05-04T14:00:01.5+02:00","ip":"203.0.113.8","user_agent":"Firefox","name":"Signup","url":"https://example.com/b","domain":"www.example.com,other.example","props":{"k":"v"}}`,
		`{"time":"2026-05-04T12:00:02Z","user_agent":"Firefox","n":"engagement","u":"https://example.com/b","sd":40,"e":900}`,
		`{"time":"2026-05-04T12:00:03Z","user_agent":"some bot","n":"pageview","u":"https://example.com/b"}`,
		`{"time":"2026-05-04T12:00:03Z","user_agent":"Firefox","n":"pageview","u":"https://other.example/","d":"other.example"}`)
	tr.want(got, 3, 0, map[string]int{ingest.Bot: 1, OtherSite: 1})
	first, second, third := tr.hits[0], tr.hits[1], tr.hits[2]
	if first.Site != site || first.At != noon.UnixMilli() || first.Facts[aggregate.Page] != "/a" || first.Facts[aggregate.UTMCampaign] != "c" ||
		first.Facts[aggregate.Country] != "DE" || first.Facts[aggregate.Browser] != "Firefox" || first.Facts[aggregate.Language] != "de-AT" {
		t.Errorf("got %+v", first)
	}
	if second.At != noon.UnixMilli()+1500 || second.Facts[aggregate.EventName] != "Signup" || len(second.Props) != 1 || second.Visitor == first.Visitor {
		t.Errorf("got %+v", second)
	}
	if third.Kind != aggregate.Engagement || third.Scroll != 40 || third.Engaged != 900 {
		t.Errorf("got %+v", third)
	}
}

func TestBadLinesAreCountedAndNeverStopTheRest(t *testing.T) {
	tr := newTrial(t, Events)
	lines := []string{event(noon, "/a"), "", "   ", "{", `[]`, `{"n":"pageview"}`, `{"time":"yesterday"}`, `{"time":5}`,
		`{"time":"0001-01-01T00:00:00Z","n":"pageview","u":"https://example.com/"}`,
		`{"time":"2026-05-04T12:00:00Z","ip":"x","n":"pageview","u":"https://example.com/"}`,
		`{"time":"2026-05-04T12:00:00Z","n":"","u":"data:x"}`, strings.Repeat("x", 70<<10)}
	for range 10 {
		lines = append(lines, "nonsense")
	}
	got := tr.read(append(lines, "\xff\xfe", event(noon, "/z"))...)
	tr.want(got, 2, 20, nil)
	var shown []string
	for _, b := range got.FirstBad {
		shown = append(shown, b.String())
	}
	if len(shown) != 10 || shown[0] != "file:4: not a JSON object" || shown[7] != "file:11: url scheme is not allowed; event_name can't be blank" || shown[8] != "file:12: longer than 64 KiB" {
		t.Errorf("got %q", shown)
	}
	encoded, err := json.Marshal(got)
	if want := `{"lines":22,"counted":2,"dropped":{},"bad":20}`; err != nil || string(encoded) != want {
		t.Errorf("got %s, %v, want %s", encoded, err, want)
	}
}

func TestLinesAreSortedWithinHalfAnHour(t *testing.T) {
	tr := newTrial(t, Events)
	at := func(minutes float64) time.Time { return noon.Add(time.Duration(minutes * float64(time.Minute))) }
	got := tr.read(event(at(0), "/0"), event(at(30), "/30"), event(at(0), "/0b"), event(at(20), "/20"), event(at(20), "/20b"),
		event(at(60), "/60"), event(at(30), "/30b"), event(at(29.9), "/late"), event(at(31), "/31"))
	tr.want(got, 8, 0, map[string]int{Late: 1})
	if got, want := pages(tr.hits), "/0 /0b /20 /20b /30 /30b /31 /60"; got != want {
		t.Errorf("got order %s, want %s", got, want)
	}
}

func TestEveryOrderWithinHalfAnHourGivesTheSameHits(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	type line struct {
		at   time.Time
		text string
	}
	var lines []line
	at := noon
	for i := range 2000 {
		at = at.Add(time.Duration(random.IntN(120)) * time.Second)
		lines = append(lines, line{at, event(at, fmt.Sprintf("/%04d", i))})
	}
	delayed := slices.Clone(lines)
	for i := range delayed {
		delayed[i].at = delayed[i].at.Add(time.Duration(random.IntN(int(Hold/time.Second))) * time.Second)
	}
	slices.SortStableFunc(delayed, func(a, b line) int { return a.at.Compare(b.at) })
	var texts []string
	for _, l := range delayed {
		texts = append(texts, l.text)
	}
	tr := newTrial(t, Events)
	tr.want(tr.read(texts...), len(lines), 0, nil)
	if !slices.IsSortedFunc(tr.hits, func(a, b aggregate.Hit) int { return int(a.At - b.At) }) {
		t.Error("the hits are not in order of time")
	}
}

func TestAFullHoldHandsOnEarlyAndSaysLate(t *testing.T) {
	one := event(noon, "/0")
	tr := newTrial(t, Events, func(o *Options) { o.HoldBytes = 3 * (len(one) + heldCost) })
	var lines []string
	for i := range 6 {
		lines = append(lines, event(noon.Add(time.Duration(i)*time.Second), fmt.Sprintf("/%d", i)))
	}
	got := tr.read(append(lines, event(noon, "/x"), event(noon.Add(3*time.Second), "/3b"))...)
	tr.want(got, 7, 0, map[string]int{Late: 1})
	if got, want := pages(tr.hits), "/0 /1 /2 /3 /3b /4 /5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if tr.m.hold.bytes != 0 {
		t.Errorf("got %d bytes held after all, want 0", tr.m.hold.bytes)
	}
}

func TestLinesOutsideOfTheImportsTimeAreNamed(t *testing.T) {
	tr := newTrial(t, Events, func(o *Options) {
		o.Settings.Timezone, o.Settings.Retention = "America/New_York", 2
	})
	got := tr.read(
		event(time.Date(2026, 3, 1, 4, 59, 59, 0, time.UTC), "/february"),
		event(time.Date(2026, 3, 1, 5, 0, 0, 0, time.UTC), "/march"),
		event(time.Date(2026, 5, 20, 3, 59, 59, 0, time.UTC), "/yesterday"),
		event(time.Date(2026, 5, 20, 4, 0, 0, 0, time.UTC), "/today"),
		event(now, "/now"),
		event(now.Add(time.Second), "/future"),
		event(now.AddDate(1000, 0, 0), "/far"))
	tr.want(got, 2, 0, map[string]int{Expired: 1, LiveDay: 2, Future: 2})
	if got := pages(tr.hits); got != "/march /yesterday" {
		t.Errorf("got %s", got)
	}
}

func TestVisitsAcrossMidnightAreKnownInFileTime(t *testing.T) {
	tr := newTrial(t, Events)
	midnight := time.Date(2026, 5, 5, 0, 0, 0, 0, time.UTC)
	tr.want(tr.read(event(midnight.Add(time.Minute), "/after"), event(midnight.Add(-time.Minute), "/before"), event(midnight.Add(31*time.Minute), "/later")), 3, 0, nil)
	before, after, later := tr.hits[0], tr.hits[1], tr.hits[2]
	if after.Before != before.Visitor || later.Visitor != after.Visitor || later.Before != (aggregate.Visitor{}) {
		t.Error("want the visitor known for half an hour after midnight, and not longer")
	}
	if !slices.IsSortedFunc(tr.expired, time.Time.Compare) {
		t.Errorf("got file times %v, want them in order", tr.expired)
	}
}

func TestTheSinksDropsAndErrorsAreKept(t *testing.T) {
	tr := newTrial(t, Events)
	tr.answer = "no_visit"
	tr.want(tr.read(event(noon, "/a")), 0, 0, map[string]int{"no_visit": 1})

	tr = newTrial(t, Events)
	tr.err = errors.New("disk full")
	if err := tr.m.Read(context.Background(), "f", strings.NewReader(event(noon, "/a"))); err != nil {
		t.Fatal(err)
	}
	if err := tr.m.Finish(); !errors.Is(err, tr.err) {
		t.Errorf("got %v, want the sink's error", err)
	}
}

func TestACancelledImportStops(t *testing.T) {
	tr := newTrial(t, Events)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := tr.m.Read(ctx, "f", strings.NewReader(strings.Repeat(event(noon, "/a")+"\n", 3*checkEvery)))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it cancelled", err)
	}
}

func TestCompressedFilesAreKnownByTheirContent(t *testing.T) {
	plain := event(noon, "/a") + "\n" + event(noon, "/b") + "\n"
	var zipped, zstded bytes.Buffer
	gz := gzip.NewWriter(&zipped)
	io.WriteString(gz, plain)
	gz.Close()
	zs, err := zstd.NewWriter(&zstded)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(zs, plain)
	zs.Close()
	for name, content := range map[string]string{"plain": plain, "gzip": zipped.String(), "two gzips": zipped.String() + zipped.String(), "zstd": zstded.String(), "empty": "", "short": "{}"} {
		r, err := Open(strings.NewReader(content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := io.ReadAll(r)
		if err != nil || !strings.HasPrefix(string(got), plain) && len(content) > 2 {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		r.Close()
	}
	if _, err := Open(strings.NewReader("\x1f\x8bnonsense")); !errors.Is(err, ErrPacked) {
		t.Errorf("got %v, want ErrPacked", err)
	}
	r, err := Open(strings.NewReader(zipped.String()[:zipped.Len()-6]))
	if err != nil {
		t.Fatal(err)
	}
	tr := newTrial(t, Events)
	if err := tr.m.Read(context.Background(), "cut.gz", r); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want the file told to be cut short", err)
	}
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	if _, err := New(Options{Format: "x"}); !errors.Is(err, ErrFormat) {
		t.Errorf("got %v, want ErrFormat", err)
	}
}

func TestFirstTimesPutFilesInOrder(t *testing.T) {
	for format, content := range map[Format]string{
		Events:   "nonsense\n" + event(noon, "/"),
		Combined: `203.0.113.7 - - [04/May/2026:14:00:00 +0200] "GET /a.css HTTP/1.1" 404 1 "-" "Firefox"`,
		Caddy:    `{"ts":1777896000.0,"msg":"handled request","request":{"client_ip":"203.0.113.7"}}`,
	} {
		if at, ok := FirstTime(format, strings.NewReader(content)); !ok || !at.Equal(noon) {
			t.Errorf("%s: got %v, %t, want %v", format, at, ok, noon)
		}
	}
	if _, ok := FirstTime(Events, strings.NewReader("nonsense")); ok {
		t.Error("got a time from nonsense")
	}
}

func BenchmarkEventLines(b *testing.B) {
	benchmark(b, Events, func(i int, at time.Time) string {
		return fmt.Sprintf(`{"time":%q,"ip":"203.0.%d.%d","user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36","language":"en-US","n":"pageview","u":"https://example.com/page/%d","d":"example.com","r":"https://www.google.com/"}`,
			at.Format(time.RFC3339), i/200%250, i%200, i%500)
	})
}

func BenchmarkCombinedLines(b *testing.B) {
	benchmark(b, Combined, func(i int, at time.Time) string {
		return fmt.Sprintf(`203.0.%d.%d - - [%s] "GET /page/%d HTTP/1.1" 200 1234 "https://www.google.com/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"`,
			i/200%250, i%200, at.Format(logTime), i%500)
	})
}

type nullSink struct{}

func (nullSink) Hit(*aggregate.Hit) (string, error) { return "", nil }

func benchmark(b *testing.B, format Format, line func(int, time.Time) string) {
	const lines = 50_000
	var file bytes.Buffer
	for i := range lines {
		fmt.Fprintln(&file, line(i, noon.Add(time.Duration(i)*100*time.Millisecond)))
	}
	for b.Loop() {
		tr := newTrial(b, format, func(o *Options) { o.Sink = nullSink{} })
		if err := tr.m.Read(context.Background(), "f", bytes.NewReader(file.Bytes())); err != nil {
			b.Fatal(err)
		}
		if err := tr.m.Finish(); err != nil || tr.m.Result().Counted != lines {
			b.Fatalf("got %+v, %v", tr.m.Result(), err)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// A live import takes what the importer hands on.
var _ Sink = (*live.Import)(nil)
