package ask

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"footfall/aggregate"
)

// yearOfBlocks is a store of 12 months with 2,000 pages and 300 sources a day.
type yearOfBlocks struct {
	totals, pages, sources map[aggregate.Day]*aggregate.Block
	links, properties      *aggregate.Block
	first, last            aggregate.Day
}

func newYear(first, last aggregate.Day) *yearOfBlocks {
	r := rand.New(rand.NewPCG(1, 1))
	y := &yearOfBlocks{map[aggregate.Day]*aggregate.Block{}, map[aggregate.Day]*aggregate.Block{}, map[aggregate.Day]*aggregate.Block{}, nil, nil, first, last}
	for d := first; d <= last; d++ {
		totals := map[string]bool{aggregate.TotalDay: true}
		for h := range 24 {
			totals[aggregate.HourValue(h)] = true
		}
		y.totals[d] = randomBlock(r, totals)
		y.totals[d].Meta.Linked = true
		y.pages[d] = randomBlock(r, manyValues(r, "/articles/about-subject-%04d", 2500, 2000))
		y.sources[d] = randomBlock(r, manyValues(r, "referrer-%03d.example", 400, 300))
	}
	pairs := map[[2]string]aggregate.Counts{}
	for i := range 3000 {
		pairs[[2]string{fmt.Sprintf("referrer-%03d.example", i%50), fmt.Sprintf("/articles/about-subject-%04d", i%700)}] = randomCounts(r)
	}
	y.links = makeBlock(pairs, true)
	return y
}

func manyValues(r *rand.Rand, format string, of, n int) map[string]bool {
	values := map[string]bool{}
	for _, i := range r.Perm(of)[:n] {
		values[fmt.Sprintf(format, i)] = true
	}
	return values
}

func randomCounts(r *rand.Rand) (c aggregate.Counts) {
	for i := range c {
		c[i] = 1 + r.Int64N(500)
	}
	for i := aggregate.CarriedVisitors; i < aggregate.Column(aggregate.Columns); i++ {
		c[i] = 0
	}
	return c
}

func randomBlock(r *rand.Rand, values map[string]bool) *aggregate.Block {
	rows := map[[2]string]aggregate.Counts{}
	for v := range values {
		rows[[2]string{v, ""}] = randomCounts(r)
	}
	return makeBlock(rows, false)
}

func (y *yearOfBlocks) Range(site aggregate.Site, _ bool, span aggregate.Span, a, b aggregate.Dimension, first, last aggregate.Day,
	fn func(aggregate.Key, *aggregate.Block) error) error {
	from := map[aggregate.Dimension]map[aggregate.Day]*aggregate.Block{aggregate.None: y.totals, aggregate.Page: y.pages, aggregate.Source: y.sources}[a]
	for d := max(first, y.first); d <= min(last, y.last); d++ {
		block := from[d]
		if b != aggregate.None {
			block = y.links
		} else if a == aggregate.Property {
			block = y.properties
		}
		if block == nil || span != aggregate.OneDay {
			continue
		}
		if err := fn(aggregate.Key{Site: site, Span: span, Day: d, A: a, B: b}, block); err != nil {
			return err
		}
	}
	return nil
}

func (y *yearOfBlocks) Days(aggregate.Site) (first, last aggregate.Day, ok bool) {
	return y.first, y.last, true
}

func yearStage(b *testing.B, cache int) (*Asker, aggregate.Range) {
	b.Helper()
	first, last := day(2025, time.November, 1), day(2026, time.November, 24)
	y := newYear(first, last)
	a := New(Options{Blocks: y, Clock: func() time.Time { return (last + 1).Start(time.UTC) }, CacheBytes: cache,
		Settings: func(aggregate.Site) (aggregate.Settings, bool) { return aggregate.DefaultSettings(), true }})
	return a, aggregate.Range{Days: true, First: last - 364, Last: last}
}

func benchQuery(b *testing.B, cache int, fields []string, filters ...aggregate.Filter) {
	a, r := yearStage(b, cache)
	q := &aggregate.Query{Site: testSite, Metrics: everyMetric, Range: r, Filters: filters, Limit: 100}
	for _, f := range fields {
		q.Fields = append(q.Fields, mustField(f))
	}
	if _, err := a.Answer(q); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Answer(q); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(a.cache.bytes)/(1<<20), "cacheMiB")
}

func BenchmarkYearTopPages(b *testing.B)     { benchQuery(b, 0, []string{"event:page"}) }
func BenchmarkYearTopPagesCold(b *testing.B) { benchQuery(b, -1, []string{"event:page"}) }
func BenchmarkYearTrend(b *testing.B)        { benchQuery(b, 0, []string{"time:day"}) }
func BenchmarkYearTrendCold(b *testing.B)    { benchQuery(b, -1, []string{"time:day"}) }
func BenchmarkYearSources(b *testing.B)      { benchQuery(b, 0, []string{"visit:source"}) }
func BenchmarkYearPagesOfASource(b *testing.B) {
	benchQuery(b, 0, []string{"event:page"}, is("visit:source", "referrer-001.example"))
}
func BenchmarkYearTrendOfAPage(b *testing.B) {
	benchQuery(b, 0, []string{"time:day"}, is("event:page", "/articles/about-subject-0001"))
}
