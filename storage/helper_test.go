package storage

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"footfall/aggregate"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the random tests (0 = another one each time)")

// seeded is a random source whose seed is printed when the test fails.
func seeded(t *testing.T) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with -seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 7))
}

// random is a repeatable source for ids and tokens.
type random struct{ *rand.Rand }

func (r random) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return len(p), nil
}

// openTest opens a database in a directory of its own, with one site, and proves
// the file with Check when the test is over.
func openTest(t *testing.T, o Options) *DB {
	t.Helper()
	db := reopen(t, filepath.Join(t.TempDir(), "data"), o)
	if err := db.AddSite("example.com", aggregate.DefaultSettings()); err != nil {
		t.Fatal(err)
	}
	return db
}

func reopen(t *testing.T, dir string, o Options) *DB {
	t.Helper()
	if o.Random == nil {
		o.Random = random{rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))}
	}
	db, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if db.bolt.Load() == nil {
			return
		}
		for _, v := range violations(t, db) {
			t.Errorf("violation: %s", v)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func violations(t *testing.T, db *DB) (all []string) {
	t.Helper()
	if err := db.Check(func(v string) { all = append(all, v) }); err != nil {
		t.Fatalf("check: %v", err)
	}
	return all
}

func commit(t *testing.T, db *DB, puts ...aggregate.Put) {
	t.Helper()
	if err := db.Commit(aggregate.Commit{Number: db.LastCommit() + 1, Puts: puts}); err != nil {
		t.Fatal(err)
	}
}

var day0 = aggregate.Date(2026, time.March, 28)

func totalsKey(day aggregate.Day) aggregate.Key {
	return aggregate.Key{Site: "example.com", Span: aggregate.OneDay, Day: day}
}

// oneRow is a block of one dimension with one row.
func oneRow(value string, n int64) *aggregate.Block {
	return &aggregate.Block{Meta: aggregate.Meta{Floor: 1}, A: []string{value},
		Rows: []aggregate.Row{{Counts: aggregate.Counts{n, n, n, n}}}}
}

// refusals is a put that no invariant concerns, for tests about something else.
// Its day has totals.
func refusals(day aggregate.Day, reason string, n int64) []aggregate.Put {
	k := totalsKey(day)
	totals := aggregate.Put{Key: k, Block: &aggregate.Block{Meta: aggregate.Meta{Floor: 1}}}
	k.A = aggregate.Refusal
	return []aggregate.Put{totals, {Key: k, Block: oneRow(reason, n)}}
}

// visit is one visit of a made-up day.
type visit struct {
	facts aggregate.Facts
	pages []string
	hour  int
	spent int64
}

// dayPuts counts visits naively: totals, all dimensions, and the links with the
// floor applied.
func dayPuts(key aggregate.Key, visits []visit, floor int64) []aggregate.Put {
	totals := table{}
	for _, v := range visits {
		n := v.counts(int64(len(v.pages)), true)
		totals.add(aggregate.TotalDay, "", n)
		totals.add(aggregate.HourValue(v.hour), "", n)
	}
	b := totals.block(false)
	b.Meta = aggregate.Meta{Floor: 1, Closes: 1, Linked: true}
	key.Span, key.A, key.B = aggregate.OneDay, aggregate.None, aggregate.None
	puts := []aggregate.Put{{Key: key, Block: b}}
	for d := aggregate.FirstVisitFact; d <= aggregate.LastEventFact; d++ {
		t := table{}
		for _, v := range visits {
			for value, views := range v.values(d) {
				t.add(value, "", v.counts(views, !d.OfEvent() || value == v.pages[0]))
			}
		}
		key.A = d
		if len(t) > 0 {
			puts = append(puts, aggregate.Put{Key: key, Block: t.block(false)})
		}
	}
	for _, p := range aggregate.Pairs() {
		dated, rare := linkTables(visits, p, floor)
		key.A, key.B = p.A, p.B
		if len(dated) > 0 {
			b := dated.block(true)
			b.Meta.Floor = uint32(floor)
			puts = append(puts, aggregate.Put{Key: key, Block: b})
		}
		if len(rare) > 0 {
			month := key
			month.Span, month.Day = aggregate.OneMonth, key.Day.Month()
			puts = append(puts, aggregate.Put{Key: month, Block: rare.block(true), Add: true})
		}
	}
	return puts
}

func linkTables(visits []visit, p aggregate.Pair, floor int64) (dated, rare table) {
	dated, rare = table{}, table{}
	for _, v := range visits {
		for a, n := range v.values(p.A) {
			for b, m := range v.values(p.B) {
				dated.add(a, b, v.counts(min(n, m), !p.B.OfEvent() || b == v.pages[0]))
			}
		}
	}
	maps.DeleteFunc(dated, func(k [2]string, c *aggregate.Counts) bool {
		if c[aggregate.Visitors] < floor {
			rare[k] = c
			return true
		}
		return false
	})
	return dated, rare
}

// values are the values the visit has of d, with its pageviews of each.
func (v *visit) values(d aggregate.Dimension) map[string]int64 {
	switch {
	case d == aggregate.EntryPage:
		return map[string]int64{v.pages[0]: int64(len(v.pages))}
	case d == aggregate.ExitPage:
		return map[string]int64{v.pages[len(v.pages)-1]: int64(len(v.pages))}
	case d.OfVisit():
		return map[string]int64{v.facts[d]: int64(len(v.pages))}
	case d == aggregate.Hostname:
		return map[string]int64{"example.com": int64(len(v.pages))}
	case d == aggregate.EventName:
		return map[string]int64{aggregate.PageviewName: int64(len(v.pages))}
	case d == aggregate.Page:
		views := map[string]int64{}
		for _, p := range v.pages {
			views[p]++
		}
		return views
	}
	return nil
}

func (v *visit) counts(views int64, entered bool) (c aggregate.Counts) {
	c[aggregate.Visitors], c[aggregate.Visits] = 1, 1
	c[aggregate.Pageviews], c[aggregate.Events] = views, views
	if entered {
		c[aggregate.Starts], c[aggregate.StartViews], c[aggregate.Duration] = 1, int64(len(v.pages)), v.spent
		if len(v.pages) == 1 {
			c[aggregate.Bounces] = 1
		}
	}
	return c
}

// table is counters by value, or by two.
type table map[[2]string]*aggregate.Counts

func (t table) add(a, b string, n aggregate.Counts) {
	k := [2]string{a, b}
	if t[k] == nil {
		t[k] = new(aggregate.Counts)
	}
	t[k].Add(&n)
}

func (t table) block(pair bool) *aggregate.Block {
	b := &aggregate.Block{Meta: aggregate.Meta{Floor: 1}}
	for k := range t {
		b.A, b.B = append(b.A, k[0]), append(b.B, k[1])
	}
	slices.Sort(b.A)
	slices.Sort(b.B)
	b.A, b.B = slices.Compact(b.A), slices.Compact(b.B)
	for k, n := range t {
		b.Rows = append(b.Rows, aggregate.Row{A: indexOf(b.A, k[0]), B: indexOf(b.B, k[1]), Counts: *n})
	}
	if !pair {
		b.B = nil
	}
	slices.SortFunc(b.Rows, compareRows)
	return b
}

// someVisits makes up visits with skewed facts.
func someVisits(r *rand.Rand, n, pages, sources int) []visit {
	paths := rand.NewZipf(r, 1.1, 4, uint64(pages-1))
	from := rand.NewZipf(r, 1.2, 4, uint64(sources-1))
	few := func(format string, n int) string {
		return fmt.Sprintf(format, min(r.IntN(n), r.IntN(n), r.IntN(n)))
	}
	visits := make([]visit, n)
	for i := range visits {
		v := &visits[i]
		s := from.Uint64()
		v.facts[aggregate.Source] = fmt.Sprintf("source%d.example", s)
		v.facts[aggregate.Channel] = fmt.Sprintf("Channel %d", s%7)
		if r.IntN(10) == 0 {
			v.facts[aggregate.UTMCampaign] = few("campaign-%d", 9)
		}
		v.facts[aggregate.Country] = few("C%d", 60)
		v.facts[aggregate.Browser] = few("Browser %d", 9)
		v.facts[aggregate.OS] = few("System %d", 7)
		v.facts[aggregate.Device] = few("Device %d", 3)
		v.facts[aggregate.Language] = few("l%d", 20)
		for range 1 + r.IntN(9) {
			p := paths.Uint64()
			v.pages = append(v.pages, fmt.Sprintf("/%s/%s-%d", []string{"blog", "docs", "shop", "a"}[p%4],
				[]string{"how-to", "why", "guide", "item"}[p/4%4], p))
		}
		v.hour = r.IntN(24)
		if len(v.pages) > 1 {
			v.spent = r.Int64N(600) * 1000
		}
	}
	return visits
}

// snapshot reads all blocks, for comparing databases.
func snapshot(t *testing.T, db *DB) map[string]string {
	t.Helper()
	all := map[string]string{}
	tx, err := db.bolt.Load().Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, name := range buckets {
		err := tx.Bucket(name).ForEach(func(k, v []byte) error {
			all[fmt.Sprintf("%s/%x", name, k)] = string(v)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// inFiles reports in how many files of a directory text is found.
func inFiles(t *testing.T, dir, text string) (files int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			files++
		}
	}
	return files
}
