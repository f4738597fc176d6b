package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

func TestDataFileAndDirectoryAreForTheirOwnerAlone(t *testing.T) {
	db := openTest(t, Options{})
	for path, want := range map[string]os.FileMode{db.dir: 0o700, db.path: 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

func TestSecondOpenSaysInUse(t *testing.T) {
	db := openTest(t, Options{})
	for _, o := range []Options{{}, {ReadOnly: true}} {
		o.Timeout = time.Nanosecond
		if _, err := Open(db.dir, o); !errors.Is(err, ErrInUse) || strings.Contains(err.Error(), "\n") {
			t.Errorf("second open, read-only %v: got %v, want ErrInUse in one line", o.ReadOnly, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := reopen(t, db.dir, Options{})
	if again.ID() != db.ID() {
		t.Errorf("id changed from %x to %x", db.ID(), again.ID())
	}
}

func TestReadersShareAFileThatNobodyWrites(t *testing.T) {
	db := openTest(t, Options{})
	commit(t, db, refusals(day0, "bot", 5)...)
	db.Close()
	for range 2 {
		r := reopen(t, db.dir, Options{ReadOnly: true})
		if r.LastCommit() != 1 {
			t.Errorf("last commit %d, want 1", r.LastCommit())
		}
		if err := r.Commit(aggregate.Commit{Number: 2}); !errors.Is(err, ErrReadOnly) {
			t.Errorf("commit: got %v, want ErrReadOnly", err)
		}
	}
	if _, err := Open(t.TempDir(), Options{ReadOnly: true}); !errors.Is(err, ErrMissing) {
		t.Errorf("read-only open of nothing: got %v, want ErrMissing", err)
	}
}

func TestClosedDatabaseSaysSo(t *testing.T) {
	db := openTest(t, Options{})
	db.Close()
	_, _, err := db.Block(totalsKey(day0))
	for op, err := range map[string]error{"block": err, "compact": db.Compact(), "backup": db.Backup(new(bytes.Buffer)),
		"commit": db.Commit(aggregate.Commit{Number: 1}), "check": db.Check(func(string) {})} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s: got %v, want ErrClosed", op, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestDirectoryThatIsNoneIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, Options{}); !errors.Is(err, ErrUnreadable) {
		t.Errorf("a file as directory: got %v, want ErrUnreadable", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Options{}); err == nil {
		t.Error("a directory as data file was opened")
	}
}

// filled is the bytes of a data file with some content, old pages included.
func filled(t *testing.T) []byte {
	t.Helper()
	db := openTest(t, Options{})
	r := rand.New(rand.NewPCG(5, 5))
	for i := range 8 {
		commit(t, db, dayPuts(totalsKey(day0+aggregate.Day(i)), someVisits(r, 60, 20, 5), 3)...)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(db.path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func withFile(t *testing.T, content []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTruncatedFileIsRefusedAtAnyLength(t *testing.T) {
	whole := filled(t)
	m, _ := readMeta(mustOpen(t, filepath.Join(withFile(t, whole), FileName)))
	for n := int64(0); n < m.pages*m.pageSize; n += 1 + n/3 {
		_, err := Open(withFile(t, whole[:n]), Options{})
		if !errors.Is(err, ErrCorrupt) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d of %d bytes: got %v, want ErrCorrupt in one line", n, len(whole), err)
		}
	}
	for name, content := range map[string][]byte{
		"text": []byte(strings.Repeat("this is no database\n", 1000)), "zeros": make([]byte, 1<<16)} {
		if _, err := Open(withFile(t, content), Options{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
	}
}

func mustOpen(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Whatever is damaged: no crash, and damage to what is in use is told.
func TestDamagedPagesAreToldAndNeverCrash(t *testing.T) {
	whole, r := filled(t), seeded(t)
	told := 0
	const rounds = 40
	for range rounds {
		damaged := bytes.Clone(whole)
		switch at := r.IntN(len(damaged) - 4096); r.IntN(3) {
		case 0:
			damaged[at] ^= 1 << r.IntN(8)
		case 1:
			clear(damaged[at&^4095 : at&^4095+4096])
		case 2:
			for i := range 64 {
				damaged[at+i] = byte(r.Uint32())
			}
		}
		db, err := Open(withFile(t, damaged), Options{})
		if err != nil {
			told++
			continue
		}
		n := 0
		err = db.Check(func(string) { n++ })
		if err != nil || n > 0 {
			told++
		}
		_, _ = db.Audit()
		_ = db.Range(BlockRange{Site: "example.com", Span: aggregate.OneDay, A: aggregate.Page,
			First: day0, Last: day0 + 10}, func(aggregate.Key, *aggregate.Block) error { return nil })
		_ = db.Backup(new(bytes.Buffer))
		_ = db.Commit(aggregate.Commit{Number: db.LastCommit() + 1, Puts: refusals(day0, "bot", 1)})
		_ = db.Close()
	}
	if told == 0 || told == rounds {
		t.Errorf("damage was told %d times of %d, want some (pages in use) but not all (free pages)", told, rounds)
	}
}

func TestFileOfANewerLayoutIsRefused(t *testing.T) {
	db := openTest(t, Options{})
	err := db.bolt.Load().Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(metaBucket).Put(layoutKey, binary.BigEndian.AppendUint32(nil, layout+1))
	})
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err = Open(db.dir, Options{})
	var newer *LayoutError
	if !errors.Is(err, ErrNewerLayout) || !errors.As(err, &newer) || newer.Found != layout+1 {
		t.Errorf("got %v, want a LayoutError that found %d", err, layout+1)
	}
}

func TestForeignBoltFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	b, err := bbolt.Open(filepath.Join(dir, FileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

func TestCommitNumbersHaveNoGaps(t *testing.T) {
	db := openTest(t, Options{})
	commit(t, db, refusals(day0, "bot", 1)...)
	for _, n := range []uint64{0, 1, 3} {
		var order *CommitOrderError
		err := db.Commit(aggregate.Commit{Number: n, Puts: refusals(day0, "bot", 9)})
		if !errors.Is(err, ErrCommitOrder) || !errors.As(err, &order) || order.Last != 1 {
			t.Errorf("commit %d after 1: got %v, want ErrCommitOrder after 1", n, err)
		}
	}
	db.Close()
	if got := reopen(t, db.dir, Options{}).LastCommit(); got != 1 {
		t.Errorf("last commit after reopening: %d, want 1", got)
	}
}

func TestPutsReplaceAddAndRemove(t *testing.T) {
	db := openTest(t, Options{})
	k := totalsKey(day0)
	k.A = aggregate.Refusal
	read := func() (n int64, ok bool) {
		t.Helper()
		b, ok, err := db.Block(k)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return 0, false
		}
		return b.Rows[0].Counts[aggregate.Events], true
	}
	commit(t, db, refusals(day0, "bot", 4)...)
	commit(t, db, aggregate.Put{Key: k, Block: oneRow("bot", 6)})
	if n, _ := read(); n != 6 {
		t.Errorf("after a replacing put: %d, want 6", n)
	}
	commit(t, db, aggregate.Put{Key: k, Block: oneRow("bot", 5), Add: true}, aggregate.Put{Key: k, Block: oneRow("bot", 1), Add: true})
	if n, _ := read(); n != 12 {
		t.Errorf("after two adding puts: %d, want 12", n)
	}
	commit(t, db, aggregate.Put{Key: k, Block: &aggregate.Block{}})
	if _, ok := read(); ok {
		t.Error("a block without rows was kept")
	}
	if _, ok, _ := db.Block(totalsKey(day0)); !ok {
		t.Error("the totals without rows were removed")
	}
}

func TestBlocksOutOfOrderAreRefusedWhole(t *testing.T) {
	db := openTest(t, Options{})
	good := refusals(day0, "bot", 1)
	page := totalsKey(day0)
	page.A = aggregate.Page
	pair := page
	pair.A, pair.B = aggregate.Source, aggregate.Page
	n := aggregate.Counts{1}
	for name, p := range map[string]struct {
		key   aggregate.Key
		block *aggregate.Block
		want  error
	}{
		"values unsorted":  {page, &aggregate.Block{A: []string{"b", "a"}}, ErrBlock},
		"value twice":      {page, &aggregate.Block{A: []string{"a", "a"}}, ErrBlock},
		"row of nothing":   {page, &aggregate.Block{A: []string{"a"}, Rows: []aggregate.Row{{A: 1, Counts: n}}}, ErrBlock},
		"zero row":         {page, &aggregate.Block{A: []string{"a"}, Rows: []aggregate.Row{{}}}, ErrBlock},
		"rows unsorted":    {page, &aggregate.Block{A: []string{"a", "b"}, Rows: []aggregate.Row{{A: 1, Counts: n}, {A: 0, Counts: n}}}, ErrBlock},
		"two facts in one": {page, &aggregate.Block{A: []string{"a"}, B: []string{"b"}, Rows: []aggregate.Row{{Counts: n}}}, ErrBlock},
		"one fact in two":  {pair, &aggregate.Block{A: []string{"a"}, Rows: []aggregate.Row{{Counts: n}}}, ErrBlock},
		"huge value":       {page, oneRow(strings.Repeat("x", maxValue+1), 1), ErrBlock},
		"uncrossed pair":   {aggregate.Key{Site: "example.com", Span: aggregate.OneDay, A: aggregate.City, B: aggregate.Page}, oneRow("a", 1), ErrKey},
	} {
		err := db.Commit(aggregate.Commit{Number: 1, Puts: append([]aggregate.Put{{Key: p.key, Block: p.block}}, good...)})
		if !errors.Is(err, p.want) {
			t.Errorf("%s: got %v, want %v", name, err, p.want)
		}
	}
	if _, ok, _ := db.Block(good[0].Key); ok || db.LastCommit() != 0 {
		t.Error("part of a refused commit was written")
	}
}

func TestBlocksOfRemovedSitesAreLeftOut(t *testing.T) {
	db := openTest(t, Options{})
	gone := refusals(day0, "bot", 1)
	for i := range gone {
		gone[i].Key.Site = "gone.example"
	}
	commit(t, db, append(gone, refusals(day0, "bot", 2)...)...)
	if got := db.Stats().Orphans; got != 2 {
		t.Errorf("orphans: %d, want 2", got)
	}
	if _, ok, _ := db.Block(totalsKey(day0)); !ok {
		t.Error("the other site's block is missing")
	}
}

// The two ways in which a write can fail, at every step that may.
func TestFailedCommitsLeaveAllOrNothing(t *testing.T) {
	broken := errors.New("disk is broken")
	for _, row := range []struct {
		step    step
		persist bool
	}{{beforeCommit, false}, {afterCommit, true}} {
		t.Run(string(row.step), func(t *testing.T) {
			fail := false
			db := openTest(t, Options{fault: func(s step) error {
				if fail && s == row.step {
					return broken
				}
				return nil
			}})
			commit(t, db, refusals(day0, "bot", 1)...)
			fail = true
			err := db.Commit(aggregate.Commit{Number: 2, Puts: refusals(day0, "spam", 2)})
			fail = false
			if !errors.Is(err, broken) {
				t.Fatalf("got %v, want the disk's error", err)
			}
			last := map[bool]uint64{false: 1, true: 2}[row.persist]
			if db.LastCommit() != last {
				t.Errorf("last commit is %d, want %d", db.LastCommit(), last)
			}
			k := totalsKey(day0)
			k.A = aggregate.Refusal
			b, _, err := db.Block(k)
			if err != nil {
				t.Fatal(err)
			}
			if want := map[bool]string{false: "bot", true: "spam"}[row.persist]; b.A[0] != want {
				t.Errorf("the block holds %q, want %q", b.A[0], want)
			}
			err = db.Commit(aggregate.Commit{Number: 2, Puts: refusals(day0, "rate", 2)})
			if row.persist != errors.Is(err, ErrCommitOrder) || !row.persist && err != nil {
				t.Errorf("the same number again: %v", err)
			}
			if err := db.AddSite("other.example", aggregate.DefaultSettings()); err != nil {
				t.Errorf("after the failure: %v", err)
			}
		})
	}
}

func TestFailedChangesOfRecordsAreForgotten(t *testing.T) {
	fail := false
	db := openTest(t, Options{fault: func(step) error {
		if fail {
			return errors.New("disk is broken")
		}
		return nil
	}})
	fail = true
	if err := db.AddSite("new.example", aggregate.DefaultSettings()); err == nil {
		t.Fatal("no error")
	}
	if err := db.RemoveSite("example.com"); err == nil {
		t.Fatal("no error")
	}
	fail = false
	if got := fmt.Sprint(names(db)); got != "[example.com]" {
		t.Errorf("sites are %s, want [example.com]", got)
	}
}

func names(db *DB) (all []aggregate.Site) {
	for _, r := range db.Sites() {
		all = append(all, r.Site)
	}
	return all
}

func TestFullDiskFailsWholeAndGoesOn(t *testing.T) {
	db := openTest(t, Options{MaxBytes: 256 << 10})
	big := func() []aggregate.Put {
		k := totalsKey(day0)
		k.A = aggregate.Page
		r := rand.New(rand.NewPCG(1, 1))
		totals := aggregate.Put{Key: totalsKey(day0), Block: &aggregate.Block{}}
		return []aggregate.Put{totals, {Key: k, Block: pagesBlock(40_000, r)}}
	}
	if err := db.Commit(aggregate.Commit{Number: 1, Puts: big()}); !errors.Is(err, ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	if _, ok, _ := db.Block(totalsKey(day0)); ok || db.LastCommit() != 0 {
		t.Error("part of the failed commit was written")
	}
	commit(t, db, refusals(day0, "bot", 1)...)
	db.Close()
	if got := reopen(t, db.dir, Options{}).LastCommit(); got != 1 {
		t.Errorf("last commit after reopening: %d, want 1", got)
	}
}
