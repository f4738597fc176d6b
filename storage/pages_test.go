package storage

import (
	"os"
	"path/filepath"
	"testing"

	"footfall/aggregate"
)

// wholeFile is a small data file that nobody holds.
func wholeFile(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	db, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AddSite("example.com", aggregate.DefaultSettings()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAWholeFileIsWithinBoundsAndAPageUsedTwiceIsNot(t *testing.T) {
	raw := wholeFile(t)
	path := filepath.Join(t.TempDir(), "copy.db")
	walk := func() (ok bool, faults int) {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		ok, err := inBounds(path, func(string, ...any) { faults++ })
		if err != nil {
			t.Fatal(err)
		}
		return ok, faults
	}
	if ok, faults := walk(); !ok || faults != 0 {
		t.Fatalf("a whole file has %d faults, want none", faults)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	meta, err := readMeta(f)
	if err != nil {
		t.Fatal(err)
	}
	// The root claims the pages behind it as its overflow, up to the end of the file.
	ne.PutUint32(raw[int64(meta.root)*meta.pageSize+12:], uint32(uint64(meta.pages)-meta.root-1))
	ne.PutUint32(raw[int64(meta.root)*meta.pageSize+pageHead+8:], 1<<30) // and a key beyond them
	if ok, faults := walk(); ok || faults == 0 {
		t.Error("a root with a key beyond its page has no fault")
	}
}

// FuzzPages changes bytes anywhere in a data file but its meta pages. Whatever
// they are, the walk ends without a panic.
func FuzzPages(f *testing.F) {
	whole := wholeFile(f)
	f.Add(uint32(0), []byte{})
	f.Add(uint32(12), []byte{0xff, 0xff, 0, 0})
	f.Add(uint32(4096+10), []byte{0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0})
	path := filepath.Join(f.TempDir(), "fuzzed.db")
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		raw := append([]byte(nil), whole...)
		metas := 2 * os.Getpagesize()
		copy(raw[metas+int(at)%(len(raw)-metas):], patch)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		inBounds(path, func(string, ...any) {})
	})
}
