package live

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"footfall/aggregate"
)

// BenchmarkImport folds a month of the stream that the budgets speak of:
// 200,000 visitors, 2,000 paths, 300 referrers, 33,000 pageviews a day.
func BenchmarkImport(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	settings := aggregate.DefaultSettings()
	for b.Loop() {
		m := NewImport(NewCommitter(newTable()), example, 1, settings)
		start := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
		const hits = 100_000
		for i := range hits {
			at := start.Add(time.Duration(i) * 3 * 24 * time.Hour / hits)
			h := makeHit(at, r.IntN(200_000), fmt.Sprintf("/path/%d", min(1999, int(r.ExpFloat64()*250))))
			h.Facts[aggregate.Source] = fmt.Sprintf("source%d", min(299, int(r.ExpFloat64()*40)))
			h.Facts[aggregate.Browser] = fmt.Sprintf("browser%d", r.IntN(8))
			h.Facts[aggregate.OS] = fmt.Sprintf("os%d", r.IntN(5))
			if _, err := m.Hit(&h); err != nil {
				b.Fatal(err)
			}
		}
		if err := m.Finish(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(hits/b.Elapsed().Seconds()*float64(b.N), "hits/s")
	}
}
