package volatile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestReplayGivesBackWhatWasAppended(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	for want := uint64(1); want <= 3; want++ {
		got, err := s.Append([]byte(fmt.Sprint("record ", want)))
		if err != nil || got != want {
			t.Fatalf("Append: got seq %d, %v, want %d", got, err, want)
		}
	}
	mustAppend(t, s, "") // an empty record is a record
	want := []string{"record 1", "record 2", "record 3", ""}
	wantReplay(t, s, 0, want...)
	s = reopen(t, s, o)
	wantReplay(t, s, 1, want...)
	mustAppend(t, s, "after")
	wantReplay(t, s, 1, append(want, "after")...)
}

func TestReplayStartsAtTheSegmentThatRotateReturned(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustAppend(t, s, "a", "b")
	second := mustRotate(t, s)
	if again := mustRotate(t, s); again != second {
		t.Errorf("Rotate of an empty segment: got %d, want %d again", again, second)
	}
	mustAppend(t, s, "c")
	wantReplay(t, s, second, "c")
	wantReplay(t, s, 0, "a", "b", "c")
	s = reopen(t, s, o)
	wantReplay(t, s, second, "c")
	_, err := replayed(s, second+1)
	wantError(t, "Replay of a segment that does not exist", err, ErrCorrupt)
}

func TestFullSegmentsAreRotatedByThemselves(t *testing.T) {
	o := testOptions(t)
	o.SegmentBytes = 1000
	s := started(t, o)
	var want []string
	for i := range 50 {
		r := strings.Repeat(string(rune('a'+i%26)), 100)
		mustAppend(t, s, r)
		want = append(want, r)
	}
	if n := len(files(t, s)); n < 6 {
		t.Errorf("files: got %d (%v), want a journal of several segments", n, files(t, s))
	}
	wantReplay(t, s, 0, want...)
	wantReplay(t, reopen(t, s, o), 0, want...)
}

func TestRecordLongerThanASegmentFits(t *testing.T) {
	o := testOptions(t)
	o.SegmentBytes = 1000
	s := started(t, o)
	long := strings.Repeat("x", MaxRecord)
	mustAppend(t, s, "a", long, "b")
	wantReplay(t, reopen(t, s, o), 0, "a", long, "b")
}

func TestRecordAboveTheLimitIsRefusedAndLeavesNothing(t *testing.T) {
	s := started(t, testOptions(t))
	if _, err := s.Append(make([]byte, MaxRecord+1)); err == nil {
		t.Fatal("Append of a record above MaxRecord: got no error")
	}
	mustAppend(t, s, "a")
	wantReplay(t, s, 0, "a")
}

func TestTruncateRemovesWhatTheCheckpointCovers(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustAppend(t, s, "a")
	two := mustRotate(t, s)
	mustAppend(t, s, "b")
	if err := s.Truncate(two); err == nil {
		t.Fatal("Truncate of a segment that the checkpoint needs: got no error")
	}
	mustCheckpoint(t, s, Manifest{Commit: 1, Segment: two}, "all", "a")
	if err := s.Truncate(two); err != nil {
		t.Fatal(err)
	}
	wantReplay(t, s, 0, "b")
	wantReplay(t, s, two, "b")
	_, err := replayed(s, 1)
	wantError(t, "Replay of a truncated segment", err, ErrCorrupt)
	if got := files(t, s); slices.Contains(got, segmentName(1)) {
		t.Errorf("files: %v still has the truncated segment", got)
	}
	wantReplay(t, reopen(t, s, o), two, "b")
}

func TestTruncateThatWasMissedHappensAtOpen(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustAppend(t, s, "a")
	two := mustRotate(t, s)
	mustAppend(t, s, "b")
	mustCheckpoint(t, s, Manifest{Commit: 1, Segment: two}, "all", "a")
	s = reopen(t, s, o)
	wantReplay(t, s, 0, "b")
}

// A write that a signal ends stops at any byte: whatever is left of the last
// record is cut off, and later records follow the ones that were whole.
func TestTornLastRecordIsCutOffAtOpen(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustAppend(t, s, "first", "second")
	closeState(t, s)
	path := filepath.Join(s.Dir(), segmentName(1))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	start := len(whole) - frameHead - len("second")
	for cut := start; cut < len(whole); cut++ {
		for _, room := range []int{0, 100, growth} { // zeros behind, made in advance
			torn := append(slices.Clone(whole[:cut]), make([]byte, room)...)
			if err := os.WriteFile(path, torn, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(o)
			if err != nil {
				t.Fatal(err)
			}
			mustAppend(t, s, "third")
			wantReplay(t, s, 1, "first", "third")
			closeState(t, s)
			s = open(t, o)
			wantReplay(t, s, 1, "first", "third")
			closeState(t, s)
		}
	}
}

func TestSegmentThatDiedAtItsBirthIsRemoved(t *testing.T) {
	for _, n := range []int{0, 5, 30, segmentHead - 1} {
		for _, room := range []int{0, 20, growth} {
			o := testOptions(t)
			s := started(t, o)
			mustAppend(t, s, "a")
			closeState(t, s)
			head := appendSegmentHead(nil, s.journal.owner, 2, 2)[:n]
			if err := os.WriteFile(filepath.Join(s.Dir(), segmentName(2)), append(head, make([]byte, room)...), 0o600); err != nil {
				t.Fatal(err)
			}
			s = open(t, o)
			wantReplay(t, s, 1, "a")
			mustAppend(t, s, "b")
			if got := mustRotate(t, s); got != 2 {
				t.Fatalf("head of %d bytes: next segment is %d, want 2", n, got)
			}
			mustAppend(t, s, "c")
			wantReplay(t, reopen(t, s, o), 1, "a", "b", "c")
		}
	}
}

func TestCorruptRecordNamesSegmentAndOffset(t *testing.T) {
	const record = "the record in the middle"
	for _, c := range []struct {
		name   string
		offset int // into the second frame
	}{{"length", 0}, {"length, high byte", 3}, {"seq", 5}, {"checksum of the head", 12}, {"checksum", 17}, {"record", 30}} {
		t.Run(c.name, func(t *testing.T) {
			o := testOptions(t)
			s := started(t, o)
			mustAppend(t, s, "first", record, "last")
			closeState(t, s)
			at := segmentHead + frameHead + len("first")
			spoil(t, s, segmentName(1), func(b []byte) []byte { b[at+c.offset] ^= 0x40; return b })
			s = open(t, o)
			_, err := s.Load()
			wantError(t, "Load", err, ErrCorrupt)
			_, err = replayed(s, 1)
			wantError(t, "Replay", err, ErrCorrupt)
			want := fmt.Sprintf("journal segment 1, offset %d", at)
			if !strings.Contains(err.Error(), want) {
				t.Errorf("error: got %q, want it to name %q", err, want)
			}
			_, err = s.Append([]byte("x"))
			wantError(t, "Append before Reset", err, ErrCorrupt)
			wantUsableAfterReset(t, s, o)
		})
	}
}

// In a sealed segment nothing can be torn: a short one is a damaged one.
func TestDamageInASealedSegmentIsFoundByReplay(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"cut":         func(b []byte) []byte { return b[:len(b)-3] },
		"head cut":    func(b []byte) []byte { return b[:40] },
		"record lost": func(b []byte) []byte { return b[:len(b)-frameHead-1] },
		"head":        func(b []byte) []byte { b[50]++; return b },
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(t)
			s := started(t, o)
			mustAppend(t, s, "a", "b")
			mustRotate(t, s)
			mustAppend(t, s, "c")
			closeState(t, s)
			spoil(t, s, segmentName(1), damage)
			s = open(t, o)
			_, err := replayed(s, 1)
			wantError(t, "Replay", err, ErrCorrupt)
			if !strings.Contains(err.Error(), "journal segment ") {
				t.Errorf("error: got %q, want it to name the segment", err)
			}
			wantUsableAfterReset(t, s, o)
		})
	}
}

func TestMissingSegmentIsCorrupt(t *testing.T) {
	for _, missing := range []uint64{1, 2} {
		o := testOptions(t)
		s := started(t, o)
		mustAppend(t, s, "a")
		mustRotate(t, s)
		mustAppend(t, s, "b")
		mustRotate(t, s)
		mustAppend(t, s, "c")
		closeState(t, s)
		if err := os.Remove(filepath.Join(s.Dir(), segmentName(missing))); err != nil {
			t.Fatal(err)
		}
		s = open(t, o)
		_, err := s.Load()
		wantError(t, "Load", err, ErrCorrupt)
		if want := fmt.Sprintf("segment %d is missing", missing); !strings.Contains(err.Error(), want) {
			t.Errorf("error: got %q, want %q", err, want)
		}
		wantUsableAfterReset(t, s, o)
	}
}

func TestSegmentOfAnotherVersionIsTold(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustAppend(t, s, "a")
	closeState(t, s)
	spoil(t, s, segmentName(1), func(b []byte) []byte { b[8] = 2; return b })
	s = open(t, o)
	_, err := s.Load()
	wantError(t, "Load", err, ErrVersion)
	wantUsableAfterReset(t, s, o)
}

func wantUsableAfterReset(t *testing.T, s *State, o Options) {
	t.Helper()
	if err := s.Reset(); err != nil {
		t.Fatalf("Reset: %v", err)
	}
	_, err := s.Load()
	wantError(t, "Load after Reset", err, ErrNone)
	segment := mustRotate(t, s)
	mustCheckpoint(t, s, Manifest{Commit: 7, Segment: segment}, "new", "state")
	mustAppend(t, s, "new record")
	s = reopen(t, s, o)
	wantSections(t, s, Manifest{Commit: 7, Segment: segment}, "new", "state")
	wantReplay(t, s, segment, "new record")
}

func TestErrorOfTheCallbackEndsTheReplay(t *testing.T) {
	s := started(t, testOptions(t))
	mustAppend(t, s, "a", "b", "c")
	stop := errors.New("stop")
	n := 0
	err := s.Replay(0, func(uint64, []byte) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	})
	if err != stop || n != 2 {
		t.Fatalf("Replay: got %v after %d records, want the callback's error after 2", err, n)
	}
}

func TestAppendsFromManyGoroutinesAreAllThere(t *testing.T) {
	const writers, each = 8, 500
	o := testOptions(t)
	o.SegmentBytes = 16 << 10
	s := started(t, o)
	var all sync.WaitGroup
	seqs := make([]map[uint64]string, writers)
	for w := range writers {
		seqs[w] = map[uint64]string{}
		all.Go(func() {
			for i := range each {
				r := fmt.Sprintf("%d/%d", w, i)
				seq, err := s.Append([]byte(r))
				if err != nil {
					t.Errorf("Append: %v", err)
					return
				}
				seqs[w][seq] = r
				if i%100 == 0 {
					if _, err := s.Rotate(); err != nil {
						t.Errorf("Rotate: %v", err)
					}
				}
			}
		})
	}
	all.Wait()
	n := 0
	err := s.Replay(0, func(seq uint64, record []byte) error {
		n++
		for w := range seqs {
			if seqs[w][seq] == string(record) {
				return nil
			}
		}
		return fmt.Errorf("record %d is %q, which nobody got that number for", seq, record)
	})
	if err != nil || n != writers*each {
		t.Fatalf("Replay: got %d records, %v, want %d", n, err, writers*each)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	o := testOptions(t)
	o.SegmentBytes = 64 << 20
	s := started(t, o)
	record := make([]byte, 200)
	if n := testing.AllocsPerRun(2000, func() {
		if _, err := s.Append(record); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("allocations of an Append: got %v, want 0", n)
	}
}

func TestFullJournalSaysErrFullAndStaysReadable(t *testing.T) {
	o := testOptions(t)
	o.MaxBytes = 1 << 20
	s := started(t, o)
	record := strings.Repeat("r", 10_000)
	n := 0
	for {
		_, err := s.Append([]byte(record))
		if err != nil {
			wantError(t, "Append", err, ErrFull)
			break
		}
		if n++; n > 1000 {
			t.Fatalf("1 MiB took %d records of 10 kB", n)
		}
	}
	if u := s.Usage(); u.Journal+u.Checkpoint+u.Salts > u.Limit || u.Limit != 1<<20 {
		t.Errorf("usage: got %+v, want it within the limit", u)
	}
	got, err := replayed(s, 1)
	if err != nil || len(got) != n {
		t.Fatalf("Replay of a full journal: got %d records, %v, want %d", len(got), err, n)
	}
	// Step 7: a checkpoint takes the place of the journal, and it goes on.
	segment, err := s.Rotate()
	if err != nil {
		wantError(t, "Rotate", err, ErrFull)
		t.Fatal("Rotate of a full journal: want the small room of a new segment to be found")
	}
	mustCheckpoint(t, s, Manifest{Commit: 2, Segment: segment}, "sum", fmt.Sprint(n))
	if err := s.Truncate(segment); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, record)
	s = reopen(t, s, o)
	wantSections(t, s, Manifest{Commit: 2, Segment: segment}, "sum", fmt.Sprint(n))
	wantReplay(t, s, segment, record)
}
