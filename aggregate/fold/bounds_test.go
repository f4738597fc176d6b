package fold

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"footfall/aggregate"
)

var june = aggregate.Date(2026, 6, 10)

// oneDay is a day in UTC with the Days around it.
func oneDay(limits Limits) (*Days, *Day) {
	d := NewDay(june, time.UTC, limits)
	days := &Days{}
	days.Insert(d)
	return days, d
}

func pageview(d *Day, person int, second int, page string) aggregate.Hit {
	h := aggregate.Hit{Site: "example.com", At: d.start + int64(second)*1000, Kind: aggregate.Pageview, Scroll: aggregate.NoScroll}
	binary.LittleEndian.PutUint64(h.Visitor[:], uint64(person)*0x9E3779B97F4A7C15)
	h.Facts[aggregate.Page] = page
	h.Facts[aggregate.EventName] = aggregate.PageviewName
	h.Facts[aggregate.Source] = "Google"
	h.Facts[aggregate.Country] = "DE"
	return h
}

func TestAFloodOfPathsStaysBoundedAndLeavesTheTrueTopPages(t *testing.T) {
	days, d := oneDay(Limits{Values: 50, Visits: 1 << 20})
	r := rand.New(rand.NewPCG(1, 1))
	want := map[string]int64{}
	total := int64(0)
	for i := range 30_000 {
		page := fmt.Sprintf("/made-up/%d", i)
		if r.IntN(3) == 0 {
			page = fmt.Sprintf("/real/%d", r.IntN(20))
			want[page]++
		}
		h := pageview(d, r.IntN(3000), i, page)
		if days.Add(d, &h) == Counted {
			total++
		}
		if n := len(d.dicts[aggregate.Page].values); n > 50*slack+2 {
			t.Fatalf("%d pages in memory, want at most %d", n, 50*slack+2)
		}
	}
	d.Close()
	sum := int64(0)
	got := map[string]int64{}
	for _, put := range d.Blocks("example.com", 0) {
		if put.Key.A != aggregate.Page {
			continue
		}
		if n := len(put.Block.Rows); n > 52 {
			t.Errorf("%d rows stored, want at most 50 and two reserved", n)
		}
		if put.Block.Meta.Cap != 50 {
			t.Errorf("the block says cap %d, want 50", put.Block.Meta.Cap)
		}
		for _, row := range put.Block.Rows {
			got[put.Block.A[row.A]] = row.Counts[aggregate.Pageviews]
			sum += row.Counts[aggregate.Pageviews]
			if row.Counts[aggregate.Visitors] > d.total[aggregate.Visitors] {
				t.Errorf("%q has more visitors than the day", put.Block.A[row.A])
			}
		}
	}
	if sum != total {
		t.Errorf("pageviews of all pages and (other): %d, want %d", sum, total)
	}
	for page, n := range want {
		if got[page] < n*98/100 {
			t.Errorf("%s: %d pageviews, want about %d", page, got[page], n)
		}
	}
	recounted := reread(t, d)
	for v := range d.cells[aggregate.Page] {
		if got, want := recounted.cells[aggregate.Page][v].Counts, d.cells[aggregate.Page][v].Counts; got != want {
			t.Errorf("%q recounted: %v, want %v", d.text(aggregate.Page, value(v)), got, want)
		}
	}
}

// Visits that go on through sweeps, in which their pages and hosts get other numbers.
func TestVisitsUnderAFloodStillKnowWhatTheyHaveSeen(t *testing.T) {
	days, d := oneDay(Limits{Values: 50, Visits: 1 << 20})
	r := rand.New(rand.NewPCG(2, 2))
	for i := range 6000 {
		page, host := fmt.Sprintf("/made-up/%d", i), fmt.Sprintf("host%d.example", i)
		if r.IntN(3) == 0 {
			page, host = fmt.Sprintf("/real/%d", r.IntN(20)), fmt.Sprintf("real%d.example", r.IntN(2))
		}
		h := pageview(d, r.IntN(60), i/5, page)
		h.Facts[aggregate.Hostname] = host
		days.Add(d, &h)
	}
	recounted := reread(t, d)
	for _, dim := range []aggregate.Dimension{aggregate.Page, aggregate.Hostname, aggregate.EntryPage, aggregate.ExitPage} {
		for v := range d.cells[dim] {
			if got, want := d.cells[dim][v].Counts, recounted.cells[dim][v].Counts; got != want {
				t.Errorf("%s %q: %v, recounted %v", dim, d.text(dim, value(v)), got, want)
			}
		}
	}
}

func TestAVisitWithoutEndIsBoundedAndCountsEveryPageview(t *testing.T) {
	days, d := oneDay(Limits{Values: 5000, Visits: 100})
	for i := range 20_000 {
		h := pageview(d, 1, i, fmt.Sprintf("/%d", i%1000))
		switch i % 4 {
		case 1:
			h.Kind, h.Facts[aggregate.EventName] = aggregate.Custom, fmt.Sprintf("event %d", i%300)
		case 2:
			h.Kind, h.Engaged, h.Scroll = aggregate.Engagement, 10, i%100
		}
		if got := days.Add(d, &h); got != Counted {
			t.Fatalf("event %d: outcome %d", i, got)
		}
	}
	if n := d.events.len(); n > maxRecords+24*10 {
		t.Errorf("%d events kept, want few more than %d", n, maxRecords)
	}
	c := d.total
	if c[aggregate.Pageviews] != 10_000 || c[aggregate.Events] != 15_000 || c[aggregate.Engaged] != 50_000 || c[aggregate.Visits] != 1 {
		t.Errorf("got %v, want 10000 pageviews, 15000 events, 50000 ms, one visit", c)
	}
}

func TestVisitsBeyondTheLimitAreRefused(t *testing.T) {
	days, d := oneDay(Limits{Values: 50, Visits: 3})
	for person := range 5 {
		h := pageview(d, person+1, 10, "/")
		want := Counted
		if person >= 3 {
			want = Capacity
		}
		if got := days.Add(d, &h); got != want {
			t.Errorf("visitor %d: outcome %d, want %d", person+1, got, want)
		}
	}
	h := pageview(d, 1, 20, "/")
	if got := days.Add(d, &h); got != Counted {
		t.Errorf("a known visitor: outcome %d, want counted", got)
	}
}

// TestLinksKeepTheirCountAndOnlyTheRareLoseTheirDate compares the links of a
// random day with scans of its records.
func TestLinksKeepTheirCountAndOnlyTheRareLoseTheirDate(t *testing.T) {
	for seed := range uint64(40) {
		s := newStream(t, seed)
		w := &world{t: t, s: s, closed: map[aggregate.Day]*Day{}}
		w.defs = s.definitions()
		w.run(s.events(150))
		for _, d := range w.closed {
			d.Close()
			checkLinks(t, seed, d)
		}
	}
}

func checkLinks(t *testing.T, seed uint64, d *Day) {
	type link struct {
		pair aggregate.Pair
		a, b string
	}
	got := map[link]aggregate.Counts{}
	err := d.Links("example.com", 0, 3, func(p aggregate.Put) error {
		for _, r := range p.Block.Rows {
			l := link{aggregate.Pair{A: p.Key.A, B: p.Key.B}, p.Block.A[r.A], p.Block.B[r.B]}
			if _, twice := got[l]; twice {
				t.Errorf("seed %d: link %v stands in day and month", seed, l)
			}
			if dated := p.Key.Span == aggregate.OneDay; dated != (r.Counts[aggregate.Visitors] >= 3) && d.day != d.day.Month() && dated {
				t.Errorf("seed %d: link %v of %d visitors: dated %v", seed, l, r.Counts[aggregate.Visitors], dated)
			}
			got[l] = r.Counts
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range aggregate.Pairs() {
		for _, row := range d.Scan(&aggregate.Scan{Groups: []aggregate.Group{{Dimension: pair.A, Label: sameLabel}, {Dimension: pair.B, Label: sameLabel}}}) {
			want := row.Counts
			if want[aggregate.Visitors] < 3 && d.day != d.day.Month() {
				want.Uncarry()
			}
			if c := got[link{pair, row.Values[0], row.Values[1]}]; c != want {
				t.Errorf("seed %d, %s, %v %q: got %v, want %v", seed, d.day, pair, row.Values, c, want)
			}
		}
	}
}

func TestACloseCountsEventsThatLackAProperty(t *testing.T) {
	days, d := oneDay(Limits{Values: 50, Visits: 100})
	for person := range 6 {
		h := pageview(d, person+1, 10, "/")
		h.Kind, h.Facts[aggregate.EventName] = aggregate.Custom, "Signup"
		if person < 2 {
			h.Props = []aggregate.Prop{{Key: "plan", Value: "pro"}}
		}
		days.Add(d, &h)
	}
	d.Close()
	n, ok := d.dicts[aggregate.Property].numbers["plan"]
	if !ok || d.cells[aggregate.Property][n].Counts[aggregate.Visitors] != 4 {
		t.Errorf("events without a plan: no row of 4 visitors")
	}
}

func TestAFrozenDayDoesNotChange(t *testing.T) {
	days, d := oneDay(Limits{Values: 5000, Visits: 1 << 20})
	for i := range 5000 {
		h := pageview(d, i%2500+1, i, fmt.Sprintf("/%d", i%7))
		days.Add(d, &h)
	}
	var before, after bytes.Buffer
	frozen, second := d.Freeze(), d.Freeze()
	frozen.WriteTo(&before)
	d.Thaw()
	for i := range 5000 {
		h := pageview(d, i%4000+1, 5000+i, fmt.Sprintf("/%d", i%900))
		days.Add(d, &h)
	}
	second.WriteTo(&after)
	d.Thaw()
	if !bytes.Equal(before.Bytes(), after.Bytes()) {
		t.Error("the second frozen copy changed with the day")
	}
}

func TestFoldingAHitOfAKnownVisitorAllocatesNothing(t *testing.T) {
	days, d := oneDay(Limits{Values: 5000, Visits: 1 << 20})
	hits := make([]aggregate.Hit, 1000)
	for i := range hits {
		hits[i] = pageview(d, i+1, i, fmt.Sprintf("/%d", i%10))
		days.Add(d, &hits[i])
	}
	at := 1000
	n := testing.AllocsPerRun(2000, func() {
		h := &hits[at%1000]
		h.At = d.start + int64(at)*1000
		days.Add(d, h)
		at++
	})
	if n >= 0.1 { // a new chunk of events now and then
		t.Errorf("%.2f allocations per hit, want 0", n)
	}
}

func FuzzReadDay(f *testing.F) {
	s := newStream(f, 3)
	w := &world{t: f, s: s, closed: map[aggregate.Day]*Day{}}
	for _, e := range s.events(30) {
		w.days.Add(w.day(e.hit.At), &e.hit)
	}
	for _, d := range w.days.Open() {
		var buf bytes.Buffer
		d.WriteTo(&buf)
		f.Add(buf.Bytes())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		ReadDay(bytes.NewReader(raw))
	})
}

// BenchmarkAdd folds the stream that the budgets speak of: three pages a
// visitor, 2,000 paths.
func BenchmarkAdd(b *testing.B) {
	days, d := oneDay(Limits{Values: 5000, Visits: 1 << 26})
	pages := make([]string, 2000)
	for i := range pages {
		pages[i] = fmt.Sprintf("/path/%d", i)
	}
	r := rand.New(rand.NewPCG(1, 1))
	b.ReportAllocs()
	h := pageview(d, 1, 0, "/")
	for i := range b.N {
		h.At = d.start + min(int64(i), 86_000_000)
		binary.LittleEndian.PutUint64(h.Visitor[:], uint64(i/3+1)*0x9E3779B97F4A7C15)
		h.Facts[aggregate.Page] = pages[r.IntN(2000)]
		days.Add(d, &h)
	}
	if b.N >= 3_000_000 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "MiB")
		runtime.KeepAlive(days)
	}
}

func BenchmarkLinks(b *testing.B) {
	days, d := oneDay(Limits{Values: 5000, Visits: 1 << 26})
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 100_000 {
		h := pageview(d, r.IntN(30_000)+1, i/2, fmt.Sprintf("/path/%d", int(r.ExpFloat64()*200)))
		h.Facts[aggregate.Source] = fmt.Sprintf("source%d", int(r.ExpFloat64()*30))
		h.Facts[aggregate.Country] = fmt.Sprintf("c%d", int(r.ExpFloat64()*8))
		days.Add(d, &h)
	}
	for b.Loop() {
		d.Links("example.com", 0, 3, func(aggregate.Put) error { return nil })
	}
}
