//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"footfall/aggregate"
	"footfall/storage"
)

// stableCopy is the data file, read twice to the same bytes.
func (h *installation) stableCopy() []byte {
	h.t.Helper()
	name := filepath.Join(h.data, storage.FileName)
	for {
		once, err := os.ReadFile(name)
		if err != nil {
			h.t.Fatal(err)
		}
		twice, err := os.ReadFile(name)
		if err != nil {
			h.t.Fatal(err)
		}
		if bytes.Equal(once, twice) {
			return once
		}
	}
}

// openBytes opens a data file that is given as bytes.
func openBytes(t testing.TB, content []byte) (*storage.DB, error) {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "copy")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, storage.FileName), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return storage.Open(dir, storage.Options{ReadOnly: true})
}

// storedTotals are the visitors and pageviews of a site in a file, on all days.
func storedTotals(t testing.TB, db *storage.DB, site string) (visitors, pageviews int64) {
	t.Helper()
	first, last, ok, err := db.Days(aggregate.Site(site))
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return 0, 0
	}
	q := storage.BlockRange{Site: aggregate.Site(site), AllImports: true, Span: aggregate.OneDay, First: first, Last: last}
	err = db.Range(q, func(_ aggregate.Key, b *aggregate.Block) error {
		for _, r := range b.Rows {
			if b.A[r.A] == aggregate.TotalDay {
				visitors += r.Counts[aggregate.Visitors]
				pageviews += r.Counts[aggregate.Pageviews]
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return visitors, pageviews
}

// TestCopiesAroundACommitDifferByTheFloor lets one visitor after the other come
// and looks at the file after each. A second site without a floor tells when a
// commit has passed: its visitor comes after the first site's.
func TestCopiesAroundACommitDifferByTheFloor(t *testing.T) {
	t.Parallel()
	const floor = 4
	h := install(t)
	h.addSite("mixed.example", noonZone(), fmt.Sprint("floor=", floor))
	h.addSite("open.example", noonZone(), "floor=1")
	s := h.serve("--commit-interval", "10ms")
	var before [2]int64
	waiting := map[int]bool{} // visitors with something that the file does not have
	look := func(marks, visitor, views int) {
		t.Helper()
		var now [2]int64
		eventually(t, "a commit has passed", func() bool {
			db := h.openCopy()
			defer db.Close()
			now[0], now[1] = storedTotals(t, db, "mixed.example")
			passed, _ := storedTotals(t, db, "open.example")
			return passed == int64(marks)
		})
		waiting[visitor] = true
		switch {
		case now == before && len(waiting) < floor:
		case now != before && len(waiting) >= floor && now[1] == int64(views):
			clear(waiting)
		default:
			t.Errorf("%d visitors had news; the file had %d visitors with %d pageviews, now %d with %d of %d; want news of %d at least, all at once",
				len(waiting), before[0], before[1], now[0], now[1], views, floor)
		}
		before = now
	}
	n := 0
	for visitor := range 4 * floor {
		for page := range 1 + visitor%3 {
			n++
			s.count(fmt.Sprintf("203.0.113.%d", visitor), browsers[0], view(fmt.Sprintf("https://mixed.example/%d", page)))
			s.count(fmt.Sprintf("198.51.100.%d", n), browsers[0], view("https://open.example/"))
			look(n, visitor, n)
		}
	}

	// Two backups taken a moment apart, too, with one visitor in between.
	for visitor := 50; len(waiting) > 0; visitor++ {
		n++
		s.count(fmt.Sprintf("203.0.113.%d", visitor), browsers[0], view("https://mixed.example/"))
		s.count(fmt.Sprintf("198.51.100.%d", n), browsers[0], view("https://open.example/"))
		look(n, visitor, n)
	}
	stored := before[0]
	copies := [2]string{filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")}
	h.must("backup", copies[0])
	s.count("203.0.113.99", browsers[0], view("https://mixed.example/alone"))
	s.count("198.51.100.99", browsers[0], view("https://open.example/"))
	look(n+1, 99, n+1)
	h.must("backup", copies[1])
	var visitors [2]int64
	for i, name := range copies {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		db, err := openBytes(t, content)
		if err != nil {
			t.Fatal(err)
		}
		visitors[i], _ = storedTotals(t, db, "mixed.example")
		db.Close()
	}
	if visitors[0] != visitors[1] || visitors[0] != stored {
		t.Errorf("two backups around one visitor have %d and %d visitors, want %d in both", visitors[0], visitors[1], stored)
	}
	s.stop()
	if got := h.storedVisitors("mixed.example"); got != stored+1 {
		t.Errorf("after a stop %d visitors are on disk, want all %d", got, stored+1)
	}
}
