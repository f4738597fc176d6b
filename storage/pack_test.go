package storage

import (
	"bytes"
	"encoding/hex"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"footfall/aggregate"
)

// anyDays draws the blocks of some days of a month.
func anyDays() *rapid.Generator[[]dayBlock] {
	return rapid.Custom(func(t *rapid.T) []dayBlock {
		pair := rapid.Bool().Draw(t, "pair")
		numbers := rapid.SliceOfNDistinct(rapid.IntRange(0, 30), 1, 8, rapid.ID[int]).Draw(t, "days")
		slices.Sort(numbers)
		var days []dayBlock
		for _, n := range numbers {
			b := &aggregate.Block{Meta: aggregate.Meta{Floor: rapid.Uint32Max(5).Draw(t, "floor"), Lossy: rapid.Bool().Draw(t, "lossy")}}
			b.A = someValues(t, "A")
			if pair {
				b.B = someValues(t, "B")
			}
			fillRows(b, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)))
			days = append(days, dayBlock{day0.Month() + aggregate.Day(n), trim(b)})
		}
		return days
	})
}

func TestPacksGiveBackTheirDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyDays().Draw(t, "days")
		stored := appendPack(nil, want)
		if err := proveSame(stored, want); err != nil {
			t.Fatal(err)
		}
		first, last, err := packedDays(stored, day0.Month())
		if err != nil || first != want[0].day || last != want[len(want)-1].day {
			t.Fatalf("days %v to %v, %v; want %v to %v", first, last, err, want[0].day, want[len(want)-1].day)
		}
	})
}

func goldenPack() []dayBlock {
	one, two := *goldenBlocks[2].block, *goldenBlocks[2].block
	one.Rows = slices.Clone(one.Rows)
	two.Meta.Floor = 1
	two.A, two.B = []string{"Bing", "Google"}, []string{"DE"}
	two.Rows = []aggregate.Row{{A: 0, Counts: aggregate.Counts{1, 1, 2, 2}}, {A: 1, Counts: aggregate.Counts{7, 8, 9, 9}}}
	return []dayBlock{{day0, trim(&one)}, {day0 + 2, &two}}
}

const goldenPackHex = "11021c000388270002031e0001882700020204030017000000040006060542696e67476f6f676c65204e657773000c000200020002444546525553000400020100000401000000000500010100000f00050305090107100500040000021005020200020214008c8c6dd0"

func TestStoredBytesOfPacksArePinned(t *testing.T) {
	if got := hex.EncodeToString(appendPack(nil, goldenPack())); got != goldenPackHex {
		t.Errorf("got  %s\nwant %s", got, goldenPackHex)
	}
	stored, err := hex.DecodeString(goldenPackHex)
	if err != nil {
		t.Fatal(err)
	}
	if err := proveSame(stored, goldenPack()); err != nil {
		t.Error(err)
	}
}

func FuzzPackDecode(f *testing.F) {
	f.Add(appendPack(nil, goldenPack()))
	f.Add(appendPack(nil, []dayBlock{{day0, &aggregate.Block{}}}))
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, src := range [][]byte{src, resum(src)} {
			days, err := unpack(src, day0.Month())
			if err != nil {
				if !errors.Is(err, ErrBlock) {
					t.Fatalf("error is no ErrBlock: %v", err)
				}
				continue
			}
			if len(days) > 0 && !slices.ContainsFunc(days, func(d dayBlock) bool { return hasZeroRow(d.block) }) {
				if err := proveSame(appendPack(nil, days), days); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func hasZeroRow(b *aggregate.Block) bool {
	return slices.ContainsFunc(b.Rows, func(r aggregate.Row) bool { return r.Zero() })
}

// content is all visible blocks of a site, whatever they are stored in.
func content(t *testing.T, db *DB, site aggregate.Site) map[aggregate.Key]map[[2]string]aggregate.Counts {
	t.Helper()
	all := map[aggregate.Key]map[[2]string]aggregate.Counts{}
	pairs := append(aggregate.Pairs(), aggregate.Pair{})
	for d := aggregate.FirstVisitFact; d <= aggregate.Refusal; d++ {
		pairs = append(pairs, aggregate.Pair{A: d})
	}
	for _, span := range []aggregate.Span{aggregate.OneDay, aggregate.OneMonth} {
		for _, p := range pairs {
			q := BlockRange{Site: site, AllImports: true, Span: span, A: p.A, B: p.B, First: -1 << 31, Last: 1<<31 - 1}
			err := db.Range(q, func(k aggregate.Key, b *aggregate.Block) error {
				all[k] = rowsOf(b)
				got, ok, err := db.Block(k)
				if !ok || err != nil || !maps.Equal(rowsOf(got), all[k]) || got.Meta != b.Meta {
					t.Errorf("%s: Block differs from Range, %v", describe("", k), err)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

func packs(t *testing.T, db *DB) (n int) {
	t.Helper()
	for key := range snapshot(t, db) {
		if raw, err := hex.DecodeString(key[min(len(key), len("blocks/")):]); err == nil && len(raw) == keySize && raw[8] == byte(packed) {
			n++
		}
	}
	return n
}

func sameContent(a, b map[aggregate.Key]map[[2]string]aggregate.Counts) bool {
	return maps.EqualFunc(a, b, maps.Equal[map[[2]string]aggregate.Counts, map[[2]string]aggregate.Counts])
}

func TestPackingChangesNothingThatCanBeSeen(t *testing.T) {
	db := openTest(t, Options{})
	r := seeded(t)
	first := aggregate.Date(2026, time.March, 20)
	for d := range aggregate.Day(25) { // over the end of a month
		commit(t, db, dayPuts(totalsKey(first+d), someVisits(r, 30, 12, 4), 3)...)
	}
	if !db.Wasteful() {
		t.Error("three weeks of days that could be packed are not called wasteful")
	}
	before := content(t, db, "example.com")
	for round := range 2 {
		if err := db.Compact(); err != nil {
			t.Fatal(err)
		}
		if packs(t, db) == 0 {
			t.Fatal("nothing was packed: the test proves nothing")
		}
		if !sameContent(before, content(t, db, "example.com")) {
			t.Fatalf("compaction %d changed what is read", round)
		}
	}
	if db.Wasteful() {
		t.Errorf("still wasteful after the compaction: %+v", db.Stats())
	}
	from, to, ok, err := db.Days("example.com")
	if from != first || to != first+24 || !ok || err != nil {
		t.Errorf("days %v to %v, %v, %v; want %v to %v", from, to, ok, err, first, first+24)
	}
	q := BlockRange{Site: "example.com", Span: aggregate.OneDay, A: aggregate.Page, First: first + 9, Last: first + 22}
	days, _ := collect(t, db, q)
	if len(days) != 14 || days[0] != first+9 || days[13] != first+22 || !slices.IsSorted(days) {
		t.Errorf("range over packs gave %v", days)
	}
	var backup bytes.Buffer
	if err := db.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	copied := reopen(t, withFile(t, backup.Bytes()), Options{})
	if !sameContent(before, content(t, copied, "example.com")) {
		t.Error("the backup has other content")
	}
}

func TestOwnBlocksOutdateThoseInPacks(t *testing.T) {
	db := openTest(t, Options{})
	k := totalsKey(day0)
	k.A = aggregate.Refusal
	for d := range aggregate.Day(6) {
		commit(t, db, refusals(day0-5+d, "bot", int64(d)+1)...)
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	if packs(t, db) != 2 {
		t.Fatalf("%d packs, want 2", packs(t, db))
	}
	at := func(d aggregate.Day) aggregate.Key { k.Day = d; return k }
	commit(t, db, aggregate.Put{Key: at(day0 - 5), Block: oneRow("spam", 50)})
	commit(t, db, aggregate.Put{Key: at(day0 - 4), Block: oneRow("bot", 50), Add: true})
	commit(t, db, aggregate.Put{Key: at(day0 - 3), Block: &aggregate.Block{}})
	want := map[aggregate.Day]string{day0 - 5: "spam 50", day0 - 4: "bot 52", day0 - 2: "bot 4", day0 - 1: "bot 5", day0: "bot 6"}
	for _, state := range []string{"beside the packs", "packed again"} {
		got := map[aggregate.Day]string{}
		q := BlockRange{Site: "example.com", Span: aggregate.OneDay, A: aggregate.Refusal, First: day0 - 9, Last: day0}
		days, blocks := collect(t, db, q)
		for i, d := range days {
			row := blocks[i].Rows[0]
			got[d] = blocks[i].A[row.A] + " " + itoa(row.Counts[aggregate.Events])
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", state, got, want)
		}
		if _, ok, err := db.Block(at(day0 - 3)); ok || err != nil {
			t.Errorf("%s: the removed block is there, %v", state, err)
		}
		if err := db.Compact(); err != nil {
			t.Fatal(err)
		}
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func TestFinishedImportsArePackedToTheirLastDay(t *testing.T) {
	db := openTest(t, Options{})
	id, err := db.BeginImport("example.com", "events", "")
	if err != nil {
		t.Fatal(err)
	}
	for d := range aggregate.Day(3) {
		commit(t, db, imported(id, refusals(day0+d, "bot", 1))...)
	}
	for _, want := range []int{0, 2} { // totals and refusals
		if err := db.Compact(); err != nil {
			t.Fatal(err)
		}
		if got := packs(t, db); got != want {
			t.Errorf("%d packs, want %d", got, want)
		}
		if want == 0 {
			if err := db.FinishImport(id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.RemoveImport(id); err != nil {
		t.Fatal(err)
	}
	if got := packs(t, db); got != 0 {
		t.Errorf("%d packs are left of the removed import", got)
	}
}

func TestDamagedBlocksDoNotKeepTheRestFromBeingSaved(t *testing.T) {
	db := openTest(t, Options{})
	for d := range aggregate.Day(6) {
		commit(t, db, refusals(day0-5+d, "bot", 1)...)
	}
	k := totalsKey(day0 - 4)
	k.A = aggregate.Refusal
	key := appendKey(nil, 1, k)
	raw(t, db, blocksBucket, key, []byte("damaged"))
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Block(k); !errors.Is(err, ErrCorrupt) {
		t.Errorf("reading it: %v, want ErrCorrupt", err)
	}
	if err := db.Backup(new(bytes.Buffer)); err != nil {
		t.Errorf("backup: %v", err)
	}
	if got := violations(t, db); len(got) == 0 {
		t.Error("check does not tell the damaged block")
	}
	removeInvalid(t, db)
}
