package storage

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"footfall/aggregate"
)

func collect(t *testing.T, db *DB, q BlockRange) (days []aggregate.Day, blocks []*aggregate.Block) {
	t.Helper()
	err := db.Range(q, func(k aggregate.Key, b *aggregate.Block) error {
		if k.Site != q.Site || k.Span != q.Span || k.A != q.A || k.B != q.B {
			t.Errorf("range %+v gave key %+v", q, k)
		}
		days = append(days, k.Day)
		own := *b
		own.Rows = slices.Clone(b.Rows)
		blocks = append(blocks, &own)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return days, blocks
}

func TestRangeReadsItsDaysAndNothingElse(t *testing.T) {
	db := openTest(t, Options{})
	r := rand.New(rand.NewPCG(1, 9))
	if err := db.AddSite("other.example", aggregate.DefaultSettings()); err != nil {
		t.Fatal(err)
	}
	for _, d := range []aggregate.Day{-400, -1, 0, 1, 2, 40} {
		puts := dayPuts(totalsKey(d), someVisits(r, 30, 10, 4), 3)
		commit(t, db, puts...)
		for i := range puts {
			puts[i].Key.Site = "other.example"
		}
		commit(t, db, puts...)
	}
	q := BlockRange{Site: "example.com", Span: aggregate.OneDay, A: aggregate.Source, First: -1, Last: 2}
	days, blocks := collect(t, db, q)
	if want := []aggregate.Day{-1, 0, 1, 2}; !slices.Equal(days, want) {
		t.Errorf("days %v, want %v", days, want)
	}
	for i, d := range days {
		k := totalsKey(d)
		k.A = aggregate.Source
		if b, ok, err := db.Block(k); !ok || err != nil || !sameBlock(b, blocks[i]) {
			t.Errorf("%v: Block %+v, %v differs from Range %+v", d, b, err, blocks[i])
		}
	}
	q.B = aggregate.Country
	q.Span = aggregate.OneMonth
	q.First = aggregate.Day(0).Month()
	if days, _ := collect(t, db, q); !slices.Equal(days, []aggregate.Day{0}) {
		t.Errorf("months %v, want that of day 0", days)
	}
	if first, last, ok, err := db.Days("example.com"); first != -400 || last != 40 || !ok || err != nil {
		t.Errorf("days are %v to %v, %v, %v", first, last, ok, err)
	}
	q.First, q.Last = 3, 2
	if days, _ := collect(t, db, q); len(days) != 0 {
		t.Errorf("an empty range gave %v", days)
	}
	q.Site = "no.example"
	if days, _ := collect(t, db, q); len(days) != 0 {
		t.Errorf("an unknown site gave %v", days)
	}
}

func TestLongRangesComeInSeveralBatches(t *testing.T) {
	db := openTest(t, Options{})
	r := rand.New(rand.NewPCG(1, 10))
	b := pagesBlock(15000, r) // about 250 KB
	const days = 40
	for d := range aggregate.Day(days) {
		k := totalsKey(d)
		k.A = aggregate.Property // which no sum concerns
		var n aggregate.Counts
		n[aggregate.Visitors] = 1 << 40
		total := &aggregate.Block{A: []string{aggregate.TotalDay}, Rows: []aggregate.Row{{Counts: n}}}
		commit(t, db, aggregate.Put{Key: k, Block: b}, aggregate.Put{Key: totalsKey(d), Block: total})
	}
	seen := 0
	err := db.Range(BlockRange{Site: "example.com", Span: aggregate.OneDay, A: aggregate.Property, Last: days},
		func(k aggregate.Key, got *aggregate.Block) error {
			if int(k.Day) != seen || !sameBlock(got, b) {
				t.Fatalf("block %d is of day %v or differs", seen, k.Day)
			}
			seen++
			// Calling the DB from here must not wait for anything.
			if seen%10 == 0 {
				k.A, k.Day = aggregate.Refusal, k.Day+1000
				commit(t, db, aggregate.Put{Key: k, Block: oneRow("bot", 1)})
				commit(t, db, aggregate.Put{Key: k, Block: &aggregate.Block{}})
				_, _, _ = db.Block(k)
			}
			return nil
		})
	if err != nil || seen != days {
		t.Errorf("%d blocks, %v; want %d", seen, err, days)
	}
	stop := errors.New("stop")
	seen = 0
	err = db.Range(BlockRange{Site: "example.com", Span: aggregate.OneDay, A: aggregate.Property, Last: days},
		func(aggregate.Key, *aggregate.Block) error { seen++; return stop })
	if err != stop || seen != 1 {
		t.Errorf("fn's error became %v after %d blocks", err, seen)
	}
	removeInvalid(t, db)
}

// removeInvalid takes away what Check would rightly object to.
func removeInvalid(t *testing.T, db *DB) {
	t.Helper()
	if err := db.RemoveSite("example.com"); err != nil {
		t.Fatal(err)
	}
}

// model is what a database should hold, kept as plainly as can be.
type model map[aggregate.Key]map[[2]string]aggregate.Counts

func (m model) put(p aggregate.Put) {
	rows := m[p.Key]
	if rows == nil || !p.Add {
		rows = map[[2]string]aggregate.Counts{}
	}
	for _, r := range p.Block.Rows {
		k := [2]string{p.Block.A[r.A]}
		if len(p.Block.B) > 0 {
			k[1] = p.Block.B[r.B]
		}
		n := rows[k]
		n.Add(&r.Counts)
		rows[k] = n
		if n.Zero() {
			delete(rows, k)
		}
	}
	m[p.Key] = rows
	if len(rows) == 0 && p.Key.A != aggregate.None {
		delete(m, p.Key)
	}
}

func rowsOf(b *aggregate.Block) map[[2]string]aggregate.Counts {
	rows := map[[2]string]aggregate.Counts{}
	for _, r := range b.Rows {
		k := [2]string{b.A[r.A]}
		if len(b.B) > 0 {
			k[1] = b.B[r.B]
		}
		rows[k] = r.Counts
	}
	return rows
}

// A random life of a database, held against the model after each step.
func TestDatabaseBehavesLikeItsModel(t *testing.T) {
	r := seeded(t)
	db := openTest(t, Options{})
	dir := db.dir
	sites := []aggregate.Site{"example.com", "b.example", "c.example"}
	for _, s := range sites[1:] {
		if err := db.AddSite(s, aggregate.DefaultSettings()); err != nil {
			t.Fatal(err)
		}
	}
	m, commits := model{}, uint64(0)
	for round := range 120 {
		switch r.IntN(12) {
		case 0:
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = reopen(t, dir, Options{})
		case 1:
			if err := db.Compact(); err != nil {
				t.Fatal(err)
			}
		case 2:
			site := sites[r.IntN(len(sites))]
			if err := errors.Join(db.RemoveSite(site), db.AddSite(site, aggregate.DefaultSettings())); err != nil {
				t.Fatal(err)
			}
			maps.DeleteFunc(m, func(k aggregate.Key, _ map[[2]string]aggregate.Counts) bool { return k.Site == site })
		default:
			puts := randomPuts(r, sites)
			commits++
			if err := db.Commit(aggregate.Commit{Number: commits, Puts: puts}); err != nil {
				t.Fatal(err)
			}
			slices.SortStableFunc(puts, func(a, b aggregate.Put) int { return 0 })
			for _, p := range puts {
				m.put(p)
			}
		}
		if round%10 == 9 {
			compareModel(t, db, m, sites)
		}
	}
	for _, s := range sites { // whose numbers mean nothing
		if err := db.RemoveSite(s); err != nil {
			t.Fatal(err)
		}
	}
}

func randomPuts(r *rand.Rand, sites []aggregate.Site) (puts []aggregate.Put) {
	pairs := aggregate.Pairs()
	for range 1 + r.IntN(12) {
		k := aggregate.Key{Site: sites[r.IntN(len(sites))], Span: aggregate.OneDay, Day: day0 + aggregate.Day(r.IntN(5))}
		b := &aggregate.Block{Meta: aggregate.Meta{Floor: 1}}
		for i := range 1 + r.IntN(40) {
			b.A = append(b.A, fmt.Sprintf("value %03d", i*r.IntN(3)+i*3))
		}
		slices.Sort(b.A)
		b.A = slices.Compact(b.A)
		switch r.IntN(4) {
		case 0:
			k.A = aggregate.Page
		case 1:
		default:
			p := pairs[r.IntN(4)]
			k.A, k.B = p.A, p.B
			b.B = []string{"", "x", "y"}[:1+r.IntN(3)]
			if r.IntN(2) == 0 {
				k.Span, k.Day = aggregate.OneMonth, k.Day.Month()
			}
		}
		if r.IntN(10) > 0 {
			fillRows(b, r)
		}
		puts = append(puts, aggregate.Put{Key: k, Block: b, Add: r.IntN(2) == 0})
	}
	return puts
}

func compareModel(t *testing.T, db *DB, m model, sites []aggregate.Site) {
	t.Helper()
	found := 0
	for _, site := range sites {
		for _, span := range []aggregate.Span{aggregate.OneDay, aggregate.OneMonth} {
			for _, p := range append(aggregate.Pairs()[:4], aggregate.Pair{}, aggregate.Pair{A: aggregate.Page}) {
				q := BlockRange{Site: site, Span: span, A: p.A, B: p.B, First: day0 - 99, Last: day0 + 99, AllImports: true}
				days, blocks := collect(t, db, q)
				for i, d := range days {
					k := aggregate.Key{Site: site, Span: span, Day: d, A: p.A, B: p.B}
					if got, want := rowsOf(blocks[i]), m[k]; !maps.Equal(got, want) {
						t.Fatalf("%s:\ngot  %v\nwant %v", describe(string(site), k), got, want)
					}
					found++
				}
			}
		}
	}
	if found != len(m) {
		t.Fatalf("%d blocks in the database, want %d", found, len(m))
	}
}
