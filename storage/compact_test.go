package storage

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"footfall/aggregate"
)

// leaveOldPages writes and overwrites text short enough to be stored as it is.
func leaveOldPages(t *testing.T, db *DB) {
	t.Helper()
	for i := range 30 {
		commit(t, db, refusals(day0, fmt.Sprintf("canary-%d", i), 1)...)
	}
	commit(t, db, refusals(day0, "bot", 1)...)
}

func TestCompactionLeavesNothingOfWhatWasOverwritten(t *testing.T) {
	db := openTest(t, Options{})
	leaveOldPages(t, db)
	if inFiles(t, db.dir, "canary-") == 0 {
		t.Fatal("no old content to begin with: the test proves nothing")
	}
	before := snapshot(t, db)
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	if inFiles(t, db.dir, "canary-") > 0 {
		t.Error("old content is found after the compaction")
	}
	if after := snapshot(t, db); !maps.Equal(before, after) {
		t.Errorf("compaction changed the content:\nbefore %q\nafter  %q", before, after)
	}
	commit(t, db, refusals(day0, "bot", 2)...)
	if info, err := os.Stat(db.path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the compacted file has mode %v, %v", info.Mode(), err)
	}
	if _, err := Open(db.dir, Options{Timeout: time.Nanosecond}); !errors.Is(err, ErrInUse) {
		t.Errorf("second open after compaction: %v, want ErrInUse", err)
	}
	db.Close()
	if got := reopen(t, db.dir, Options{}).LastCommit(); got != 32 {
		t.Errorf("last commit after reopening: %d, want 32", got)
	}
}

func TestCompactionIsAdvisedWhereFreePagesAreMany(t *testing.T) {
	db := openTest(t, Options{})
	if db.Wasteful() {
		t.Errorf("an empty file is called wasteful: %+v", db.Stats())
	}
	r := rand.New(rand.NewPCG(4, 4))
	for d := range aggregate.Day(10) {
		commit(t, db, dayPuts(totalsKey(day0.Month()-20+d), someVisits(r, 200, 50, 9), 3)...)
	}
	removeInvalid(t, db)
	if !db.Wasteful() {
		t.Errorf("a file full of free pages is not called wasteful: %+v", db.Stats())
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	if s := db.Stats(); db.Wasteful() || s.FileBytes > 64<<10 {
		t.Errorf("after the compaction: %+v", s)
	}
}

func TestReadersAndWritersGoOnThroughCompactions(t *testing.T) {
	db := openTest(t, Options{})
	r := rand.New(rand.NewPCG(4, 5))
	for d := range aggregate.Day(6) {
		commit(t, db, dayPuts(totalsKey(day0+d), someVisits(r, 50, 20, 5), 3)...)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := 0
				err := db.Range(BlockRange{Site: "example.com", Span: aggregate.OneDay, A: aggregate.Page, First: day0, Last: day0 + 9},
					func(aggregate.Key, *aggregate.Block) error { n++; return nil })
				if err != nil || n != 6 {
					t.Errorf("reader saw %d blocks, %v; want 6", n, err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := db.Commit(aggregate.Commit{Number: db.LastCommit() + 1, Puts: refusals(day0+50, "bot", 1)}); err != nil {
				t.Errorf("writer: %v", err)
				return
			}
		}
	})
	for range 10 {
		if err := db.Compact(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

// A process that dies anywhere in a compaction leaves a whole file.
func TestCompactionMayDieAtAnyStep(t *testing.T) {
	for _, dies := range []step{compactCopy, compactName} {
		t.Run(string(dies), func(t *testing.T) {
			db := openTest(t, Options{fault: func(s step) error {
				if s == dies {
					return errors.New("killed")
				}
				return nil
			}})
			leaveOldPages(t, db)
			before := snapshot(t, db)
			if err := db.Compact(); err == nil {
				t.Fatal("no error")
			}
			commit(t, db, refusals(day0, "bot", 1)...) // still in use after a mere error
			// What a kill leaves: a temporary file as well.
			if err := os.WriteFile(filepath.Join(db.dir, ".footfall-1.tmp"), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
			db.Close()
			again := reopen(t, db.dir, Options{})
			after := snapshot(t, again)
			delete(before, "meta/"+fmt.Sprintf("%x", commitKey))
			delete(after, "meta/"+fmt.Sprintf("%x", commitKey))
			if !maps.Equal(before, after) {
				t.Errorf("content changed:\nbefore %q\nafter  %q", before, after)
			}
			if entries, _ := os.ReadDir(db.dir); len(entries) != 1 {
				t.Errorf("files are left over: %v", entries)
			}
		})
	}
}

func TestBackupIsWholeAndHasNoOldPages(t *testing.T) {
	db := openTest(t, Options{})
	leaveOldPages(t, db)
	token, err := db.AddToken("t", nil, []string{"stats"})
	if err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	if err := db.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(backup.Bytes(), []byte("canary-")) {
		t.Error("the backup holds old content")
	}
	if entries, _ := os.ReadDir(db.dir); len(entries) != 1 {
		t.Errorf("files are left over: %v", entries)
	}
	file := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(file, backup.Bytes(), 0o400); err != nil {
		t.Fatal(err)
	}
	want := snapshot(t, db)
	commit(t, db, refusals(day0, "spam", 1)...)
	if err := Restore(db.dir, file); !errors.Is(err, ErrInUse) {
		t.Errorf("restore over a database in use: %v, want ErrInUse", err)
	}
	if err := Restore(db.dir, db.path); !errors.Is(err, ErrInUse) {
		t.Errorf("restore from a database in use: %v, want ErrInUse", err)
	}
	db.Close()
	for _, dir := range []string{db.dir, filepath.Join(t.TempDir(), "new", "data")} {
		if err := Restore(dir, file); err != nil {
			t.Fatal(err)
		}
		again := reopen(t, dir, Options{})
		got := snapshot(t, again)
		id := "meta/" + fmt.Sprintf("%x", idKey)
		if got[id] == want[id] || again.ID() == db.ID() {
			t.Error("the restored database has the old id")
		}
		got[id] = want[id]
		if !maps.Equal(got, want) {
			t.Errorf("restored content differs:\ngot  %q\nwant %q", got, want)
		}
		if _, ok := again.CheckToken(token); !ok || again.LastCommit() != 31 {
			t.Errorf("token or last commit (%d, want 31) did not come back", again.LastCommit())
		}
		again.Close()
	}
}

func TestRestoreRefusesWhatIsNotProven(t *testing.T) {
	db := openTest(t, Options{})
	commit(t, db, refusals(day0, "bot", 1)...)
	var backup bytes.Buffer
	if err := db.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	target := t.TempDir()
	try := func(content []byte) error {
		file := filepath.Join(t.TempDir(), "backup")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return Restore(target, file)
	}
	if err := try(backup.Bytes()[:backup.Len()/2]); !errors.Is(err, ErrCorrupt) {
		t.Errorf("half a backup: %v, want ErrCorrupt", err)
	}
	k := totalsKey(day0)
	commit(t, db, aggregate.Put{Key: k, Block: oneRow("00", 3)}) // an hour, but no day
	backup.Reset()
	if err := db.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	if err := try(backup.Bytes()); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "2026-03-28") {
		t.Errorf("a backup that does not add up: %v, want ErrInvalid that names the day", err)
	}
	if err := Restore(target, filepath.Join(target, "missing")); !errors.Is(err, ErrMissing) {
		t.Errorf("no backup: %v, want ErrMissing", err)
	}
	if entries, _ := os.ReadDir(target); len(entries) != 0 {
		t.Errorf("a refused restore left %v", entries)
	}
	removeInvalid(t, db)
}

func TestRetentionDropsWholeMonthsOfEachSite(t *testing.T) {
	db := openTest(t, Options{})
	for site, months := range map[aggregate.Site]int{"b.example": 1, "ever.example": 0} {
		s := aggregate.DefaultSettings()
		s.Retention = months
		if err := db.AddSite(site, s); err != nil {
			t.Fatal(err)
		}
	}
	s := aggregate.DefaultSettings()
	s.Retention = 2
	if err := db.SetSettings("example.com", s); err != nil {
		t.Fatal(err)
	}
	id, err := db.BeginImport("example.com", "events", "")
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(8, 8))
	today := aggregate.Date(2026, time.May, 1)
	for _, d := range []aggregate.Day{today - 1, today, aggregate.Date(2026, time.February, 28), aggregate.Date(2026, time.March, 1)} {
		puts := dayPuts(totalsKey(d), someVisits(r, 20, 10, 3), 3)
		for _, site := range []aggregate.Site{"example.com", "b.example", "ever.example"} {
			for i := range puts {
				puts[i].Key.Site, puts[i].Key.Import = site, aggregate.Live
			}
			commit(t, db, puts...)
		}
		for i := range puts {
			puts[i].Key.Site, puts[i].Key.Import = "example.com", id
		}
		commit(t, db, puts...)
	}
	if err := db.FinishImport(id); err != nil {
		t.Fatal(err)
	}
	removed, err := db.Retain(func(SiteRecord) aggregate.Day { return today })
	if err != nil || removed == 0 {
		t.Fatalf("removed %d, %v", removed, err)
	}
	for site, first := range map[aggregate.Site]aggregate.Day{
		"example.com": aggregate.Date(2026, time.March, 1), "b.example": today - 1, "ever.example": aggregate.Date(2026, time.February, 28)} {
		if got, _, _, _ := db.Days(site); got != first {
			t.Errorf("%s begins on %v, want %v", site, got, first)
		}
	}
	for key := range snapshot(t, db) {
		if k := strings.TrimPrefix(key, "blocks/"); k != key && strings.HasPrefix(k, "00000001") {
			var raw []byte
			fmt.Sscanf(k, "%x", &raw)
			if _, bk, _ := parseKey(raw); bk.Day < aggregate.Date(2026, time.March, 1) {
				t.Errorf("%s is still there", describe("example.com", bk))
			}
		}
	}
	if removed, err := db.Retain(func(SiteRecord) aggregate.Day { return today }); removed != 0 || err != nil {
		t.Errorf("a second time removed %d, %v; want nothing", removed, err)
	}
}
