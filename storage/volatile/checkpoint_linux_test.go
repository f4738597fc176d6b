package volatile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestCheckpointGivesBackItsSections(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustAppend(t, s, "a")
	m := Manifest{Commit: 42, Segment: mustRotate(t, s)}
	long := strings.Repeat("0123456789", 100_000)
	mustCheckpoint(t, s, m, "site/2026-11-23", "days", "empty", "", "long", long)
	wantSections(t, s, m, "site/2026-11-23", "days", "empty", "", "long", long)
	wantSections(t, reopen(t, s, o), m, "site/2026-11-23", "days", "empty", "", "long", long)
}

func TestFirstStartHasNoCheckpoint(t *testing.T) {
	s := open(t, testOptions(t))
	_, err := s.Load()
	wantError(t, "Load", err, ErrNone)
	if errors.Is(err, ErrAbandoned) {
		t.Errorf("Load of a first start: got %v, which speaks of an earlier run", err)
	}
	wantError(t, "Truncate without a checkpoint", s.Truncate(1), ErrNone)
}

// The rule that makes Reset safe: a journal counts only together with a manifest.
func TestJournalWithoutACheckpointIsRemovedAtOpen(t *testing.T) {
	o := testOptions(t)
	s := open(t, o)
	mustAppend(t, s, "never acknowledged")
	s = reopen(t, s, o)
	_, err := s.Load()
	wantError(t, "Load", err, ErrNone)
	wantReplay(t, s, 0)
	if got := files(t, s); !slices.Equal(got, []string{saltsFile}) {
		t.Errorf("files: got %v, want the salts alone", got)
	}
}

func TestOldCheckpointIsRemovedOnceTheNewOneIsValid(t *testing.T) {
	s := started(t, testOptions(t))
	for i := range 3 {
		mustCheckpoint(t, s, Manifest{Commit: uint64(i), Segment: 1}, "one", "x", "two", "y")
	}
	want := []string{sectionFile(4, 0), sectionFile(4, 1), segmentName(1), manifestFile, saltsFile}
	if got := files(t, s); !slices.Equal(got, want) {
		t.Fatalf("files: got %v, want %v", got, want)
	}
}

func TestAbortedCheckpointLeavesTheOldOne(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustCheckpoint(t, s, Manifest{Commit: 1, Segment: 1}, "old", "one")
	before := s.Usage()
	w, err := s.Begin()
	if err != nil {
		t.Fatal(err)
	}
	section, err := w.Section("new")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(section, strings.Repeat("x", 1<<20))
	if _, err := s.Begin(); !errors.Is(err, ErrBusy) {
		t.Errorf("second Begin: got %v, want %v", err, ErrBusy)
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	if _, err := section.Write([]byte("x")); !errors.Is(err, ErrClosed) {
		t.Errorf("Write after Abort: got %v, want %v", err, ErrClosed)
	}
	if err := w.Commit(Manifest{Segment: 1}); !errors.Is(err, ErrClosed) {
		t.Errorf("Commit after Abort: got %v, want %v", err, ErrClosed)
	}
	if got := s.Usage(); got != before {
		t.Errorf("usage after Abort: got %+v, want %+v", got, before)
	}
	wantSections(t, s, Manifest{Commit: 1, Segment: 1}, "old", "one")
	mustCheckpoint(t, s, Manifest{Commit: 2, Segment: 1}, "new", "two")
	wantSections(t, reopen(t, s, o), Manifest{Commit: 2, Segment: 1}, "new", "two")
}

func TestCheckpointThatCannotBeRightIsRefused(t *testing.T) {
	s := started(t, testOptions(t))
	mustAppend(t, s, "a")
	two := mustRotate(t, s)
	mustCheckpoint(t, s, Manifest{Commit: 1, Segment: two}, "old", "one")
	for _, segment := range []uint64{0, 1, two + 1} {
		if err := writeCheckpoint(s, Manifest{Segment: segment}); err == nil {
			t.Errorf("Commit with segment %d: got no error", segment)
		}
	}
	w, err := s.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Section("open"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "open", strings.Repeat("n", 256)} {
		if _, err := w.Section(name); err == nil {
			t.Errorf("Section(%.20q): got no error", name)
		}
	}
	if err := w.Commit(Manifest{Segment: two}); err == nil {
		t.Error("Commit with an open section: got no error")
	}
	wantSections(t, s, Manifest{Commit: 1, Segment: two}, "old", "one")
}

func TestFullMemoryFailsTheCheckpointAndKeepsTheOldOne(t *testing.T) {
	o := testOptions(t)
	o.MaxBytes = 2 << 20
	s := started(t, o)
	mustCheckpoint(t, s, Manifest{Commit: 1, Segment: 1}, "old", strings.Repeat("o", 500_000))
	before := s.Usage()
	err := writeCheckpoint(s, Manifest{Commit: 2, Segment: 1}, "new", strings.Repeat("n", 3<<20))
	wantError(t, "checkpoint above MaxBytes", err, ErrFull)
	if got := s.Usage(); got != before {
		t.Errorf("usage: got %+v, want %+v as before", got, before)
	}
	wantSections(t, reopen(t, s, o), Manifest{Commit: 1, Segment: 1}, "old", strings.Repeat("o", 500_000))
}

func TestSectionsCanBeWrittenSideBySide(t *testing.T) {
	s := started(t, testOptions(t))
	w, err := s.Begin()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	names := []string{"a", "b", "c", "d"}
	for _, name := range names {
		section, err := w.Section(name)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			for range 1000 {
				if _, err := io.WriteString(section, strings.Repeat(name, 100)); err != nil {
					t.Error(err)
				}
			}
			if err := section.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := w.Commit(Manifest{Segment: 1}); err != nil {
		t.Fatal(err)
	}
	c, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if got, err := sectionText(c, name); err != nil || got != strings.Repeat(name, 100_000) {
			t.Errorf("section %s: got %d bytes, %v, want 100000 of its name", name, len(got), err)
		}
	}
	if _, err := c.Open("e"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a section that does not exist: got %v, want %v", err, fs.ErrNotExist)
	}
}

// Every byte of the manifest and of a section is under a checksum.
func TestEveryChangedByteIsNoticed(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustCheckpoint(t, s, Manifest{Commit: 1, Segment: 1}, "a", "first", "b", "second")
	closeState(t, s)
	for _, name := range []string{manifestFile, sectionFile(2, 0), sectionFile(2, 1)} {
		path := filepath.Join(s.Dir(), name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		damaged := [][]byte{nil, whole[:len(whole)-1], append(slices.Clone(whole), 0)}
		for i := range whole {
			b := slices.Clone(whole)
			b[i] ^= 0x10
			damaged = append(damaged, b)
		}
		for i, b := range damaged {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			s := open(t, o)
			if _, err := s.Load(); !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
				t.Fatalf("%s, damage %d: got %v, want %v", name, i, err, ErrCorrupt)
			}
			closeState(t, s)
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wantSections(t, open(t, o), Manifest{Commit: 1, Segment: 1}, "a", "first", "b", "second")
}

func TestMissingSectionIsCorrupt(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustCheckpoint(t, s, Manifest{Commit: 1, Segment: 1}, "a", "first")
	closeState(t, s)
	if err := os.Remove(filepath.Join(s.Dir(), sectionFile(2, 0))); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	_, err := s.Load()
	wantError(t, "Load", err, ErrCorrupt)
	wantUsableAfterReset(t, s, o)
}

func TestCheckpointOfAnotherVersionIsTold(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	closeState(t, s)
	spoil(t, s, manifestFile, func(b []byte) []byte { b[8] = 99; return b })
	s = open(t, o)
	_, err := s.Load()
	wantError(t, "Load", err, ErrVersion)
	_, err = s.Append([]byte("x"))
	wantError(t, "Append before Reset", err, ErrVersion)
	_, err = s.Begin()
	wantError(t, "Begin before Reset", err, ErrVersion)
	wantUsableAfterReset(t, s, o)
}

// The directory is found by the data directory's path, so a foreign state there
// is that of a database that has been exchanged; or, where the memory is shared
// with another machine's root, that of another data directory of the same path.
func TestStateOfAnotherDatabaseIsForeign(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustAppend(t, s, "theirs")
	closeState(t, s)
	mine := o
	mine.DatabaseID = [16]byte{9}
	s = open(t, mine)
	_, err := s.Load()
	wantError(t, "Load", err, ErrForeign)
	_, err = s.Append([]byte("mine"))
	wantError(t, "Append before Reset", err, ErrForeign)
	_, err = replayed(s, 0)
	wantError(t, "Replay before Reset", err, ErrForeign)
	closeState(t, s)
	s = open(t, o) // it has been looked at, not touched
	wantReplay(t, s, 1, "theirs")
	closeState(t, s)
	wantUsableAfterReset(t, open(t, mine), mine)
}

func TestStateOfAnotherDataDirectoryIsForeign(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	closeState(t, s)
	other := o
	other.DataDir = t.TempDir()
	theirs := s.Dir()
	s = open(t, other)
	if s.Dir() == theirs {
		t.Fatalf("two data directories share %s", theirs)
	}
	for _, name := range []string{manifestFile, segmentName(1)} {
		b, err := os.ReadFile(filepath.Join(theirs, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(s.Dir(), name), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s = reopen(t, s, other)
	_, err := s.Load()
	wantError(t, "Load", err, ErrForeign)
	wantUsableAfterReset(t, s, other)
}

func TestAbandonedStateIsNeverReplayed(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustCheckpoint(t, s, Manifest{Commit: 5, Segment: 1}, "days", "old truth")
	mustAppend(t, s, "old record")
	if err := s.Abandon(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Append([]byte("x"))
	wantError(t, "Append", err, ErrAbandoned)
	if u := s.Usage(); u.Journal != 0 || u.Checkpoint != 0 {
		t.Errorf("usage: got %+v, want journal and checkpoint to be freed", u)
	}
	if err := s.Abandon(); err != nil {
		t.Errorf("second Abandon: %v", err)
	}
	s = reopen(t, s, o)
	_, err = s.Load()
	wantError(t, "Load at the next start", err, ErrAbandoned)
	wantError(t, "Load at the next start", err, ErrNone)
	wantReplay(t, s, 0)
	wantUsableAfterReset(t, s, o)
}

// Step 11 of the protocol: until the new checkpoint is there, there is none.
func TestStateComesBackAfterAbandon(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustAppend(t, s, "old")
	if err := s.Abandon(); err != nil {
		t.Fatal(err)
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	segment := mustRotate(t, s)
	mustAppend(t, s, "new")
	mustCheckpoint(t, s, Manifest{Commit: 9, Segment: segment}, "days", "from the database")
	s = reopen(t, s, o)
	wantSections(t, s, Manifest{Commit: 9, Segment: segment}, "days", "from the database")
	wantReplay(t, s, segment, "new")
}

func TestCheckpointUnderWayCannotRevokeAnAbandon(t *testing.T) {
	for name, giveUp := range map[string]func(*State) error{"Abandon": (*State).Abandon, "Reset": (*State).Reset} {
		o := testOptions(t)
		s := started(t, o)
		w, err := s.Begin()
		if err != nil {
			t.Fatal(err)
		}
		section, err := w.Section("stale")
		if err != nil {
			t.Fatal(err)
		}
		if err := giveUp(s); err != nil {
			t.Fatal(err)
		}
		segment, _ := s.Rotate()
		section.Close()
		if err := w.Commit(Manifest{Segment: segment}); !errors.Is(err, ErrNone) {
			t.Errorf("Commit after %s: got %v, want %v", name, err, ErrNone)
		}
		s = reopen(t, s, o)
		_, err = s.Load()
		wantError(t, "Load after "+name, err, ErrNone)
		wantUsableAfterReset(t, s, o)
	}
}

func TestClosedStateRefusesEverything(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	closeState(t, s)
	_, err := s.Append(nil)
	wantError(t, "Append", err, ErrClosed)
	_, err = s.Rotate()
	wantError(t, "Rotate", err, ErrClosed)
	_, err = replayed(s, 0)
	wantError(t, "Replay", err, ErrClosed)
	_, err = s.Begin()
	wantError(t, "Begin", err, ErrClosed)
	_, err = s.Load()
	wantError(t, "Load", err, ErrClosed)
	wantError(t, "Truncate", s.Truncate(1), ErrClosed)
	wantError(t, "Reset", s.Reset(), ErrClosed)
	wantError(t, "Abandon", s.Abandon(), ErrClosed)
	wantError(t, "SaveSalt", s.SaveSalt("a.example", 1, testEnds, [32]byte{1}), ErrClosed)
	wantError(t, "DropSalt", s.DropSalt("a.example", 1), ErrClosed)
	wantError(t, "LoadSalts", s.LoadSalts(nil), ErrClosed)
	wantSections(t, open(t, o), Manifest{Segment: 1})
}

func TestSectionReaderIsPlain(t *testing.T) {
	s := started(t, testOptions(t))
	want := bytes.Repeat([]byte("section "), 20_000)
	mustCheckpoint(t, s, Manifest{Segment: 1}, "a", string(want))
	c, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for b := make([]byte, 777); err == nil; {
		var n int
		n, err = r.Read(b)
		got = append(got, b[:n]...)
	}
	if err != io.EOF || !bytes.Equal(got, want) {
		t.Errorf("section: got %d bytes, %v, want %d and EOF", len(got), err, len(want))
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
