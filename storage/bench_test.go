package storage

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"footfall/aggregate"
)

// benchDB opens a database whose numbers nobody checks.
func benchDB(b *testing.B, o Options) *DB {
	b.Helper()
	db, err := Open(filepath.Join(b.TempDir(), "data"), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	if err := db.AddSite("example.com", aggregate.DefaultSettings()); err != nil {
		b.Fatal(err)
	}
	return db
}

func write(b *testing.B, db *DB, puts ...aggregate.Put) {
	b.Helper()
	if err := db.Commit(aggregate.Commit{Number: db.LastCommit() + 1, Puts: puts}); err != nil {
		b.Fatal(err)
	}
}

// A year of 2,000 pages a day, warm, three columns: what "top pages" reads.
func BenchmarkYearOfPages(b *testing.B) {
	db := benchDB(b, Options{})
	r := rand.New(rand.NewPCG(1, 1))
	day := day0
	for range 365 {
		k := totalsKey(day)
		k.A = aggregate.Page
		write(b, db, aggregate.Put{Key: k, Block: pagesBlock(2000, r)})
		day++
	}
	k := totalsKey(day) // the newest day decides what is over
	write(b, db, aggregate.Put{Key: k, Block: &aggregate.Block{}})
	for _, compacted := range []string{"own", "packed"} {
		if compacted == "packed" {
			if err := db.Compact(); err != nil {
				b.Fatal(err)
			}
		}
		readYear(b, db, compacted)
	}
}

func readYear(b *testing.B, db *DB, name string) {
	q := BlockRange{Site: "example.com", Span: aggregate.OneDay, A: aggregate.Page, First: day0, Last: day0 + 400}
	for _, bench := range []struct {
		name    string
		columns []aggregate.Column
	}{
		{"visitors", []aggregate.Column{aggregate.Visitors, aggregate.CarriedVisitors}},
		{"three", []aggregate.Column{aggregate.Visitors, aggregate.Pageviews, aggregate.CarriedVisitors}},
		{"all", nil},
	} {
		b.Run(name+"/"+bench.name, func(b *testing.B) {
			b.ReportAllocs()
			q.Columns = bench.columns
			for b.Loop() {
				if err := db.Range(q, func(aggregate.Key, *aggregate.Block) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A million pageviews over 30 days, as they lie on disk.
func BenchmarkMonthOnDisk(b *testing.B) {
	for b.Loop() {
		db := benchDB(b, Options{})
		r := rand.New(rand.NewPCG(2, 2))
		first := aggregate.Date(2026, time.April, 1)
		var writing time.Duration
		views := 0
		for d := range aggregate.Day(30) {
			visits := someVisits(r, 6667, 2000, 300)
			for _, v := range visits {
				views += len(v.pages)
			}
			puts := dayPuts(totalsKey(first+d), visits, 3)
			start := time.Now()
			write(b, db, puts...)
			writing += time.Since(start)
		}
		b.ReportMetric(writing.Seconds()/30, "s/day")
		b.ReportMetric(float64(db.Stats().FileBytes), "bytes-before")
		start := time.Now()
		if err := db.Compact(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/compact")
		b.ReportMetric(float64(db.Stats().FileBytes)/float64(views), "bytes/pageview")
		start = time.Now()
		if err := db.Check(func(v string) { b.Error(v) }); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/check")
		start = time.Now()
		if _, err := db.Audit(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(start).Seconds(), "s/audit")
	}
}
