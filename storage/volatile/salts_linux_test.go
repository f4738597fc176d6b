package volatile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
)

var testEnds = time.Date(2026, 11, 24, 0, 30, 0, 123456789, time.UTC)

type savedSalt struct {
	ends time.Time
	salt [32]byte
}

func testSalt(n int) (salt [32]byte) {
	for i := range salt {
		salt[i] = byte(n + i*7 + 1)
	}
	return salt
}

func loadedSalts(t testing.TB, s *State) map[saltKey]savedSalt {
	t.Helper()
	got := map[saltKey]savedSalt{}
	err := s.LoadSalts(func(site aggregate.Site, day aggregate.Day, ends time.Time, salt [32]byte) error {
		if _, twice := got[saltKey{site, day}]; twice {
			return fmt.Errorf("%s of %s is there twice", day, site)
		}
		got[saltKey{site, day}] = savedSalt{ends, salt}
		return nil
	})
	if err != nil {
		t.Fatalf("LoadSalts: %v", err)
	}
	return got
}

func wantSalts(t testing.TB, s *State, want map[saltKey]savedSalt) {
	t.Helper()
	got := loadedSalts(t, s)
	for k, w := range want {
		if g := got[k]; g.salt != w.salt || !g.ends.Equal(w.ends) {
			t.Errorf("salt of %s, %s: got one that ends %s (same: %t), want the saved one that ends %s",
				k.site, k.day, g.ends, g.salt == w.salt, w.ends)
		}
	}
	if len(got) != len(want) {
		t.Errorf("salts: got %d, want %d", len(got), len(want))
	}
}

func mustSave(t testing.TB, s *State, site aggregate.Site, day aggregate.Day, salt [32]byte) {
	t.Helper()
	if err := s.SaveSalt(site, day, testEnds, salt); err != nil {
		t.Fatalf("SaveSalt: %v", err)
	}
}

func saltBytes(t testing.TB, s *State) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.Dir(), saltsFile))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSaltsComeBackUntilTheyAreDropped(t *testing.T) {
	o := testOptions(t)
	s := open(t, o)
	want := map[saltKey]savedSalt{}
	longest := aggregate.Site(strings.Repeat("s", 255))
	for i, k := range []saltKey{{"a.example", 20_000}, {"a.example", 20_001}, {"b.example", 20_000}, {longest, -1}} {
		mustSave(t, s, k.site, k.day, testSalt(i))
		want[k] = savedSalt{testEnds, testSalt(i)}
	}
	wantSalts(t, s, want)
	s = reopen(t, s, o)
	wantSalts(t, s, want)
	for range 2 { // the second one has nothing to do
		if err := s.DropSalt("a.example", 20_000); err != nil {
			t.Fatal(err)
		}
	}
	delete(want, saltKey{"a.example", 20_000})
	wantSalts(t, s, want)
	wantSalts(t, reopen(t, s, o), want)
}

// P2: the salt is overwritten, not only forgotten.
func TestDroppedSaltIsOverwrittenInTheFile(t *testing.T) {
	o := testOptions(t)
	s := open(t, o)
	salt, other := testSalt(1), testSalt(99)
	mustSave(t, s, "a.example", 1, salt)
	mustSave(t, s, "b.example", 1, other)
	if !bytes.Contains(saltBytes(t, s), salt[:]) {
		t.Fatal("the saved salt is not in the file: this test looks at the wrong bytes")
	}
	if err := s.DropSalt("a.example", 1); err != nil {
		t.Fatal(err)
	}
	b := saltBytes(t, s)
	if bytes.Contains(b, salt[:4]) || bytes.Contains(b, []byte("a.example")) {
		t.Error("the dropped salt is still in the file")
	}
	if !bytes.Contains(b, other[:]) {
		t.Error("the other salt is gone")
	}
	if err := s.DropSalt("b.example", 1); err != nil {
		t.Fatal(err)
	}
	if b := saltBytes(t, s); !zero(b[slotSize:]) {
		t.Error("the file of no salts is not all zero behind its head")
	}
}

func TestReplacedSaltIsOverwrittenToo(t *testing.T) {
	o := testOptions(t)
	s := open(t, o)
	first, second := testSalt(1), testSalt(50)
	mustSave(t, s, "a.example", 1, first)
	mustSave(t, s, "a.example", 1, second)
	if bytes.Contains(saltBytes(t, s), first[:4]) {
		t.Error("the replaced salt is still in the file")
	}
	wantSalts(t, reopen(t, s, o), map[saltKey]savedSalt{{"a.example", 1}: {testEnds, second}})
}

func TestSaltsGrowAndReuseTheirSlots(t *testing.T) {
	const sites = 700
	o := testOptions(t)
	s := open(t, o)
	want := map[saltKey]savedSalt{}
	for i := range sites {
		k := saltKey{aggregate.Site(fmt.Sprintf("site-%d.example", i)), 1}
		mustSave(t, s, k.site, k.day, testSalt(i))
		want[k] = savedSalt{testEnds, testSalt(i)}
	}
	wantSalts(t, s, want)
	size := s.Usage().Salts
	for day := aggregate.Day(2); day < 20; day++ {
		for i := range sites {
			k := saltKey{aggregate.Site(fmt.Sprintf("site-%d.example", i)), day}
			if err := s.DropSalt(k.site, day-1); err != nil {
				t.Fatal(err)
			}
			delete(want, saltKey{k.site, day - 1})
			mustSave(t, s, k.site, k.day, testSalt(i))
			want[k] = savedSalt{testEnds, testSalt(i)}
		}
	}
	if got := s.Usage().Salts; got != size {
		t.Errorf("size after 18 days: got %d, want %d as on the first", got, size)
	}
	wantSalts(t, reopen(t, s, o), want)
}

// A process can die between any two bytes that it writes into a slot.
func TestTornSlotIsOverwritten(t *testing.T) {
	whole := make([]byte, slotSize)
	writeSlot(whole, &slotValue{saltKey{"torn.example", 5}, 3, testEnds, testSalt(7)})
	for _, n := range []int{1, 9, 30, 56, 57, 60, 200, 508, 509, 511} {
		for name, torn := range map[string][]byte{
			"saved":   append(bytes.Clone(whole[:n]), make([]byte, slotSize-n)...),
			"dropped": append(make([]byte, n), whole[n:]...),
		} {
			o := testOptions(t)
			s := open(t, o)
			mustSave(t, s, "a.example", 1, testSalt(1))
			closeState(t, s)
			spoil(t, s, saltsFile, func(b []byte) []byte { copy(b[5*slotSize:], torn); return b })
			s = open(t, o)
			wantSalts(t, s, map[saltKey]savedSalt{{"a.example", 1}: {testEnds, testSalt(1)}})
			if b := saltBytes(t, s); !zero(b[5*slotSize : 6*slotSize]) {
				t.Errorf("%s up to byte %d: the torn slot is not zero", name, n)
			}
		}
	}
}

func TestOfTwoSlotsForOneDayTheNewerOneCounts(t *testing.T) {
	for _, order := range [][2]int{{3, 8}, {8, 3}} {
		o := testOptions(t)
		s := open(t, o)
		closeState(t, s)
		spoil(t, s, saltsFile, func(b []byte) []byte {
			for i, at := range order {
				writeSlot(b[at*slotSize:(at+1)*slotSize],
					&slotValue{saltKey{"a.example", 1}, uint64(10 + i), testEnds, testSalt(i)})
			}
			return b
		})
		s = open(t, o)
		wantSalts(t, s, map[saltKey]savedSalt{{"a.example", 1}: {testEnds, testSalt(1)}})
		old := testSalt(0)
		if bytes.Contains(saltBytes(t, s), old[:4]) {
			t.Error("the older salt is still in the file")
		}
	}
}

func TestSaltsOfAnotherDatabaseAreUntouchedUntilReset(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	theirs := testSalt(1)
	mustSave(t, s, "a.example", 1, theirs)
	closeState(t, s)
	mine := o
	mine.DatabaseID[0]++
	s = open(t, mine)
	wantError(t, "LoadSalts", s.LoadSalts(nil), ErrForeign)
	wantError(t, "SaveSalt", s.SaveSalt("b.example", 1, testEnds, theirs), ErrForeign)
	wantError(t, "DropSalt", s.DropSalt("a.example", 1), ErrForeign)
	if !bytes.Contains(saltBytes(t, s), theirs[:]) {
		t.Fatal("their salt was touched before Reset")
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(saltBytes(t, s), theirs[:4]) {
		t.Error("their salt is still there after Reset")
	}
	wantSalts(t, s, nil)
	mustSave(t, s, "b.example", 1, testSalt(2))
	wantSalts(t, reopen(t, s, mine), map[saltKey]savedSalt{{"b.example", 1}: {testEnds, testSalt(2)}})
}

func TestSaltsOfAnotherVersionAndDamagedOnesAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		damage func([]byte) []byte
		want   error
	}{
		"version": {func(b []byte) []byte {
			b[8] = 2
			c := checksum(b[:508])
			b[508], b[509], b[510], b[511] = byte(c), byte(c>>8), byte(c>>16), byte(c>>24)
			return b
		}, ErrVersion},
		"head": {func(b []byte) []byte { b[20]++; return b }, ErrCorrupt},
	} {
		o := testOptions(t)
		s := open(t, o)
		mustSave(t, s, "a.example", 1, testSalt(1))
		closeState(t, s)
		spoil(t, s, saltsFile, c.damage)
		s = open(t, o)
		wantError(t, name+": LoadSalts", s.LoadSalts(nil), c.want)
		if err := s.Reset(); err != nil {
			t.Fatal(err)
		}
		wantSalts(t, s, nil)
	}
}

// The salts are no part of the checkpoint: a state that is given up and comes
// back on the same day has to know its visitors again.
func TestSaltsInUseSurviveAbandonAndReset(t *testing.T) {
	o := testOptions(t)
	s := started(t, o)
	mustSave(t, s, "a.example", 1, testSalt(1))
	want := map[saltKey]savedSalt{{"a.example", 1}: {testEnds, testSalt(1)}}
	if err := s.Abandon(); err != nil {
		t.Fatal(err)
	}
	wantSalts(t, s, want)
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	wantSalts(t, s, want)
	wantSalts(t, reopen(t, s, o), want)
}

func TestSaltForNoSiteIsRefused(t *testing.T) {
	s := open(t, testOptions(t))
	for _, site := range []aggregate.Site{"", aggregate.Site(strings.Repeat("s", 256))} {
		if err := s.SaveSalt(site, 1, testEnds, testSalt(1)); err == nil {
			t.Errorf("SaveSalt for a site of %d bytes: got no error", len(site))
		}
	}
	wantSalts(t, s, nil)
}

func TestSaltsMayBeDroppedWhileTheyAreLoaded(t *testing.T) {
	s := open(t, testOptions(t))
	for i := range 5 {
		mustSave(t, s, "a.example", aggregate.Day(i), testSalt(i))
	}
	err := s.LoadSalts(func(site aggregate.Site, day aggregate.Day, _ time.Time, _ [32]byte) error {
		return errors.Join(s.DropSalt(site, day), s.DropSalt(site, 4))
	})
	if err != nil {
		t.Fatal(err)
	}
	wantSalts(t, s, nil)
}

func TestFullSaltsSayErrFull(t *testing.T) {
	o := testOptions(t)
	o.MaxBytes = 64 << 10
	s := open(t, o)
	want := map[saltKey]savedSalt{}
	for i := 0; ; i++ {
		k := saltKey{"a.example", aggregate.Day(i)}
		if err := s.SaveSalt(k.site, k.day, testEnds, testSalt(i)); err != nil {
			wantError(t, "SaveSalt", err, ErrFull)
			break
		}
		want[k] = savedSalt{testEnds, testSalt(i)}
		if i > 1000 {
			t.Fatal("64 KiB took a thousand slots of 512 bytes")
		}
	}
	wantSalts(t, s, want)
	wantSalts(t, reopen(t, s, o), want)
}
