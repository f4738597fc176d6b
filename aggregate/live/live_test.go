package live

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/fold"
)

const example = aggregate.Site("example.com")

// installation is an engine with everything around it that outlives it.
type installation struct {
	t      *testing.T
	now    time.Time
	blocks *table
	state  *state // nil: process memory only
	e      *Engine
	floor  int
	budget int
	defs   aggregate.Definitions
}

func install(t *testing.T, start time.Time, st *state) *installation {
	in := &installation{t: t, now: start, blocks: newTable(), state: st, floor: 3}
	in.start()
	return in
}

func (in *installation) settings(site aggregate.Site) (aggregate.Settings, bool) {
	s := aggregate.DefaultSettings()
	s.Timezone, s.Floor, s.BeaconsPerDay = "Europe/Berlin", in.floor, in.budget
	return s, site != "unknown.example"
}

// start makes a new engine over what survived: after a kill, or the first time.
func (in *installation) start() {
	o := Options{Clock: func() time.Time { return in.now }, Blocks: in.blocks, Settings: in.settings,
		Definitions: func(aggregate.Site) aggregate.Definitions { return in.defs }, Log: slog.New(slog.DiscardHandler)}
	if in.state != nil {
		o.Journal, o.Checkpoints = in.state, in.state
	}
	in.e = New(o)
	if err := in.e.Restore(); err != nil && in.state.faults == nil {
		in.t.Fatal(err)
	}
}

func (in *installation) hit(person int, page string) string {
	h := makeHit(in.now, person, page)
	dropped, err := in.e.Hit(&h)
	if err != nil {
		in.t.Fatal(err)
	}
	return dropped
}

func makeHit(at time.Time, person int, page string) aggregate.Hit {
	day := aggregate.DayOf(at, berlin)
	h := aggregate.Hit{Site: example, At: at.UnixMilli(), Kind: aggregate.Pageview, Scroll: aggregate.NoScroll}
	h.Visitor, h.Before = id(person, day), id(person, day-1)
	h.Facts[aggregate.Page] = page
	h.Facts[aggregate.EventName] = aggregate.PageviewName
	h.Facts[aggregate.Source] = fmt.Sprintf("source%d", person%5)
	h.Facts[aggregate.Country] = fmt.Sprintf("C%d", person%7)
	return h
}

// id is a stand-in for the visitor's keyed hash of that day.
func id(person int, day aggregate.Day) (v aggregate.Visitor) {
	binary.LittleEndian.PutUint64(v[:], uint64(person+1)*0x9E3779B97F4A7C15)
	binary.LittleEndian.PutUint64(v[8:], uint64(day))
	return v
}

var berlin, _ = time.LoadLocation("Europe/Berlin")

// total is a day's stored row of totals.
func (in *installation) total(day string) aggregate.Counts {
	d, err := aggregate.ParseDay(day)
	if err != nil {
		in.t.Fatal(err)
	}
	return in.blocks.blocks[aggregate.Key{Site: example, Span: aggregate.OneDay, Day: d}][[2]string{""}]
}

func noon(day string) time.Time {
	t, err := time.Parse(time.RFC3339, day+"T11:00:00Z")
	if err != nil {
		panic(err)
	}
	return t
}

// TestKillsAndRestartsLoseAndDoubleNothing runs random days with commits,
// checkpoints, closes and kills in between, and compares every stored counter
// with that of a fold that nothing ever happened to.
func TestKillsAndRestartsLoseAndDoubleNothing(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 2))
		in := install(t, noon("2026-03-27"), newState())
		in.defs = someDefinitions(seed)
		var hits []aggregate.Hit
		count := func() {
			h := makeHit(in.now, r.IntN(20), fmt.Sprintf("/%d", r.IntN(6)))
			if r.IntN(4) == 0 {
				h.Kind, h.Facts[aggregate.EventName], h.Interactive = aggregate.Custom, "Buy", true
				h.Props = []aggregate.Prop{{Key: "plan", Value: []string{"pro", "free"}[r.IntN(2)]}}
				if h.Paid = r.IntN(2) == 0; h.Paid {
					h.Revenue = aggregate.Money(r.IntN(100_000))
				} else {
					h.Unrated = aggregate.NoRate("XXX")
				}
			}
			hits = append(hits, h)
			if dropped, err := in.e.Hit(&h); err != nil || dropped != "" {
				t.Fatalf("seed %d: dropped %q, error %v", seed, dropped, err)
			}
		}
		for range r.IntN(600) {
			in.now = in.now.Add(time.Duration(r.Int64N(int64(8 * time.Minute))))
			in.state.during = func() {}
			switch r.IntN(25) {
			case 0:
				in.start()
			case 1:
				in.state.during = count
				in.must(in.e.Checkpoint())
			case 2, 3:
				_, err := in.e.Commit(false)
				in.must(err)
			case 4:
				_, err := in.e.CloseEnded()
				in.must(err)
			case 5:
				// What is defined counts for whole days, so the reference need not know when:
				// only that it is the same when a day ends.
				if open := in.e.OpenDays(example); len(open) == 1 && r.IntN(2) == 0 {
					was := in.defs
					in.defs = aggregate.Definitions{}
					in.e.Redefine(example)
					if in.defs = was; r.IntN(2) == 0 {
						in.start() // before the journal learns of the last change
					} else {
						in.e.Redefine(example)
					}
				}
			default:
				count()
			}
		}
		in.state.during = func() {}
		in.start()
		_, err := in.e.CloseAll()
		in.must(err)
		want := undisturbed(t, hits, in.defs)
		if got := in.blocks.blocks; !maps.EqualFunc(got, want.blocks, maps.Equal) {
			t.Fatalf("seed %d: stored counters differ: %s", seed, difference(got, want.blocks))
		}
	}
}

func (in *installation) must(err error) {
	in.t.Helper()
	if err != nil {
		in.t.Fatal(err)
	}
}

// someDefinitions are none for every fourth seed.
func someDefinitions(seed uint64) (defs aggregate.Definitions) {
	if seed%4 == 0 {
		return defs
	}
	wide := aggregate.Condition{Page: "/*"}
	two := aggregate.Condition{Page: "/2"}
	bought := aggregate.Condition{Event: "Buy", Props: []aggregate.Prop{{Key: "plan", Value: "pro"}}}
	defs.Goals = []aggregate.Goal{{ID: 1, Condition: wide}, {ID: 2, Condition: two}, {ID: 3, Condition: bought}}
	defs.Funnels = []aggregate.Funnel{{ID: 9, Steps: []aggregate.Step{{Condition: two}, {Condition: wide}, {Condition: bought}}, Strict: seed%4 == 1}}
	return defs
}

// undisturbed folds the hits in one go.
func undisturbed(t *testing.T, hits []aggregate.Hit, defs aggregate.Definitions) *table {
	want := newTable()
	commits := NewCommitter(want)
	var days fold.Days
	shut := func(now int64) {
		for _, d := range append([]*fold.Day(nil), days.Open()...) {
			if now > 0 && !days.Ended(d, now) {
				continue
			}
			days.Remove(d)
			d.Close()
			if _, err := commits.Commit(func(uint64) ([]aggregate.Put, error) { return lastBlocks(d, example, 0, 3) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range hits {
		h := hits[i]
		shut(h.At)
		d := days.At(h.At)
		if d == nil {
			d = fold.NewDay(aggregate.DayOf(time.UnixMilli(h.At), berlin), berlin, fold.Limits{Values: 5000, Visits: 1 << 20})
			d.Use(&defs)
			days.Insert(d)
		}
		days.Add(d, &h)
		if h.Unrated != "" {
			d.Refuse(h.Unrated)
		}
	}
	shut(0)
	return want
}

func difference(got, want map[aggregate.Key]map[[2]string]aggregate.Counts) string {
	for key, rows := range want {
		for v, c := range rows {
			if got[key][v] != c {
				return fmt.Sprintf("%v %q: got %v, want %v", key, v, got[key][v], c)
			}
		}
	}
	for key, rows := range got {
		for v, c := range rows {
			if want[key][v] != c {
				return fmt.Sprintf("%v %q: got %v, want none", key, v, c)
			}
		}
	}
	return "none"
}

func TestPageviewsAreExactUnderFaultsOfJournalAndDatabase(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		in := install(t, noon("2026-06-10"), newState())
		faulty := func() (bool, bool) { return r.IntN(12) == 0, r.IntN(12) == 0 }
		in.state.faults, in.blocks.faults = faulty, faulty
		views := int64(0)
		for range r.IntN(200) {
			in.now = in.now.Add(time.Duration(r.Int64N(int64(time.Minute))))
			switch r.IntN(12) {
			case 0:
				in.e.Checkpoint()
			case 1, 2:
				in.e.Commit(false)
			case 3:
				in.e.Mend()
			case 4:
				// A kill while the journal is whole costs nothing, whatever failed before.
				if in.e.Journaling() {
					in.start()
				}
			default:
				if in.hit(r.IntN(20), "/") == "" {
					views++
				}
			}
		}
		in.blocks.faults = noFaults
		_, err := in.e.CloseAll()
		in.must(err)
		if got := in.total("2026-06-10")[aggregate.Pageviews]; got != views {
			t.Fatalf("seed %d: %d pageviews stored, want %d", seed, got, views)
		}
	}
}

func TestARoutineCommitHoldsAtLeastTheFloorOfVisitors(t *testing.T) {
	in := install(t, noon("2026-06-10"), newState())
	for person := range 2 {
		in.hit(person, "/")
		in.hit(person, "/again")
		if n, err := in.e.Commit(false); n != 0 || err != nil {
			t.Fatalf("%d visitors were committed (%d sites, %v), want none below the floor of 3", person+1, n, err)
		}
	}
	in.start() // what changed before a restart counts as well
	in.hit(2, "/")
	if n, err := in.e.Commit(false); n != 1 || err != nil {
		t.Fatalf("the third visitor: %d sites committed (%v), want 1", n, err)
	}
	if got := in.total("2026-06-10")[aggregate.Visitors]; got != 3 {
		t.Errorf("stored visitors %d, want 3", got)
	}
	in.hit(2, "/more")
	in.start() // the commit is known after a restart, so one visitor is still too few
	if n, _ := in.e.Commit(false); n != 0 {
		t.Error("one visitor was committed alone after a restart")
	}
	if n, err := in.e.Commit(true); n != 1 || err != nil {
		t.Errorf("a shutdown writes what is there: %d sites, %v", n, err)
	}
}

func TestAStateAheadOfTheDatabaseIsRefused(t *testing.T) {
	in := install(t, noon("2026-06-10"), newState())
	for person := range 5 {
		in.hit(person, "/")
	}
	_, err := in.e.Commit(false)
	in.must(err)
	in.must(in.e.Checkpoint())
	in.blocks = newTable() // an older backup was put back
	in.start()
	if days := in.e.OpenDays(example); len(days) != 0 {
		t.Errorf("open days %v, want none from a state that has seen later commits", days)
	}
	if !in.e.Journaling() {
		t.Error("want a new beginning for the memory state")
	}
}

func TestWithoutAStateTheDayGoesOnFromItsStoredCounters(t *testing.T) {
	in := install(t, noon("2026-06-10"), nil)
	for person := range 4 {
		in.hit(person, "/")
	}
	_, err := in.e.Commit(false)
	in.must(err)
	in.start() // forgets the visitors
	in.hit(0, "/back")
	rows, meta, err := in.e.Scan(example, in.e.OpenDays(example)[0], aggregate.Scan{})
	in.must(err)
	if got := rows[0].Counts; got[aggregate.Pageviews] != 5 || got[aggregate.Visitors] != 5 {
		t.Errorf("pageviews %d, visitors %d; want 5 and 5 (a returning visitor is counted again)", got[aggregate.Pageviews], got[aggregate.Visitors])
	}
	if !meta.Lossy {
		t.Error("the day does not say that its visitors were forgotten")
	}
}

func TestAClockThatJumpsOverMidnightAndBackLosesNothing(t *testing.T) {
	in := install(t, noon("2026-06-10"), newState())
	jumps := []time.Duration{0, 26 * time.Hour, -25 * time.Hour, 30 * time.Hour, -31 * time.Hour, 12 * time.Hour}
	views := int64(0)
	for _, jump := range jumps {
		in.now = in.now.Add(jump)
		for person := range 5 {
			if dropped := in.hit(person, "/"); dropped != "" {
				t.Fatalf("after a jump of %s: dropped as %q", jump, dropped)
			}
			views++
		}
		_, err := in.e.CloseEnded()
		in.must(err)
		_, err = in.e.Commit(false)
		in.must(err)
		in.start()
	}
	_, err := in.e.CloseAll()
	in.must(err)
	got := int64(0)
	for key, rows := range in.blocks.blocks {
		if key.A == aggregate.None {
			got += rows[[2]string{""}][aggregate.Pageviews]
		}
	}
	if got != views {
		t.Errorf("%d pageviews stored, want %d", got, views)
	}
}

func TestRefusedHitsAreNamedAndLedgered(t *testing.T) {
	in := install(t, noon("2026-06-10"), newState())
	late, future, stranger := makeHit(in.now.Add(-time.Hour), 1, "/"), makeHit(in.now.Add(time.Hour), 1, "/"), makeHit(in.now, 1, "/")
	stranger.Site = "unknown.example"
	lonely := makeHit(in.now, 1, "/")
	lonely.Kind = aggregate.Engagement
	for want, h := range map[string]aggregate.Hit{Late: late, Future: future, UnknownSite: stranger, NoVisit: lonely} {
		if got, err := in.e.Hit(&h); got != want || err != nil {
			t.Errorf("dropped %q (%v), want %q", got, err, want)
		}
	}
	in.start()
	ledger, err := in.e.Refusals(example, in.e.OpenDays(example)[0])
	in.must(err)
	if want := map[string]int64{Late: 1, Future: 1, NoVisit: 1}; !maps.Equal(ledger, want) {
		t.Errorf("ledger after a restart %v, want %v", ledger, want)
	}
}

func TestAnImportEqualsTheLiveFold(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	at := noon("2026-03-26")
	var hits []aggregate.Hit
	for range 2000 {
		at = at.Add(time.Duration(r.Int64N(int64(4 * time.Minute))))
		hits = append(hits, makeHit(at, r.IntN(30), fmt.Sprintf("/%d", r.IntN(6))))
	}
	want, got := undisturbed(t, hits, aggregate.Definitions{}), newTable()
	in := &installation{t: t, floor: 3}
	settings, _ := in.settings(example)
	m := NewImport(NewCommitter(got), example, 0, settings)
	for i := range hits {
		if dropped, err := m.Hit(&hits[i]); dropped != "" || err != nil {
			t.Fatal(dropped, err)
		}
	}
	in.must(m.Finish())
	if !maps.EqualFunc(got.blocks, want.blocks, maps.Equal) {
		t.Error(difference(got.blocks, want.blocks))
	}
}

func FuzzJournalRecords(f *testing.F) {
	h := makeHit(noon("2026-06-10"), 1, "/")
	f.Add(appendHitRecord(nil, &h))
	f.Add(appendRefusalRecord(nil, example, 1, "bot"))
	f.Add(appendCommitRecord(nil, example, 9))
	defs := someDefinitions(1)
	f.Add(appendDefineRecord(nil, example, &defs))
	f.Add(appendCloseRecord(nil, example, 9, 9))
	f.Add(appendOpenRecord(nil, example, fold.NewDay(9, time.UTC, fold.Limits{Values: 10, Visits: 10})))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h aggregate.Hit
		decodeRecord(raw, &h)
	})
}
