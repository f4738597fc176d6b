package volatile

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var testDatabase = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

// memoryDir is a fresh directory on the real memory file system.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(defaultParent, "footfall-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func testOptions(t testing.TB) Options {
	t.Helper()
	return Options{Dir: memoryDir(t), DataDir: t.TempDir(), DatabaseID: testDatabase,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func open(t testing.TB, o Options) *State {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func closeState(t testing.TB, s *State) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func reopen(t testing.TB, s *State, o Options) *State {
	t.Helper()
	closeState(t, s)
	return open(t, o)
}

func mustAppend(t testing.TB, s *State, records ...string) {
	t.Helper()
	for _, r := range records {
		if _, err := s.Append([]byte(r)); err != nil {
			t.Fatalf("Append(%.20q): %v", r, err)
		}
	}
}

func mustRotate(t testing.TB, s *State) uint64 {
	t.Helper()
	n, err := s.Rotate()
	if err != nil {
		t.Fatalf("Rotate: %v", err)
	}
	return n
}

// writeCheckpoint writes one with the given sections, name and content in turn.
func writeCheckpoint(s *State, m Manifest, sections ...string) error {
	w, err := s.Begin()
	if err != nil {
		return err
	}
	for i := 0; i < len(sections); i += 2 {
		section, err := w.Section(sections[i])
		if err == nil {
			_, err = io.WriteString(section, sections[i+1])
			err = errors.Join(err, section.Close())
		}
		if err != nil {
			return errors.Join(err, w.Abort())
		}
	}
	return w.Commit(m)
}

func mustCheckpoint(t testing.TB, s *State, m Manifest, sections ...string) {
	t.Helper()
	if err := writeCheckpoint(s, m, sections...); err != nil {
		t.Fatalf("checkpoint: %v", err)
	}
}

// started is a state with an empty first checkpoint, ready to append.
func started(t testing.TB, o Options) *State {
	t.Helper()
	s := open(t, o)
	mustCheckpoint(t, s, Manifest{Segment: mustRotate(t, s)})
	return s
}

func replayed(s *State, from uint64) ([]string, error) {
	var got []string
	last := uint64(0)
	err := s.Replay(from, func(seq uint64, record []byte) error {
		if last != 0 && seq != last+1 {
			return fmt.Errorf("seq %d after %d", seq, last)
		}
		last = seq
		got = append(got, string(record))
		return nil
	})
	return got, err
}

func wantReplay(t testing.TB, s *State, from uint64, want ...string) {
	t.Helper()
	got, err := replayed(s, from)
	if err != nil {
		t.Fatalf("Replay(%d): %v", from, err)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("Replay(%d): got %q, want %q", from, got, want)
	}
}

func sectionText(c *Checkpoint, name string) (string, error) {
	r, err := c.Open(name)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r)
	return string(b), errors.Join(err, r.Close())
}

func wantSections(t testing.TB, s *State, m Manifest, sections ...string) {
	t.Helper()
	c, err := s.Load()
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if c.Manifest() != m {
		t.Fatalf("manifest: got %+v, want %+v", c.Manifest(), m)
	}
	var got []string
	for _, name := range c.Sections() {
		text, err := sectionText(c, name)
		if err != nil {
			t.Fatalf("section %q: %v", name, err)
		}
		got = append(got, name, text)
	}
	if !slices.Equal(got, sections) {
		t.Fatalf("sections: got %.60q, want %.60q", got, sections)
	}
}

func wantError(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("%s: got error %v, want %v", what, got, want)
	}
}

// files are the names in the state's directory, sorted, without the lock.
func files(t testing.TB, s *State) []string {
	t.Helper()
	entries, err := os.ReadDir(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "lock" {
			names = append(names, e.Name())
		}
	}
	return names
}

// spoil changes a file of the state behind its back.
func spoil(t testing.TB, s *State, name string, fn func(b []byte) []byte) {
	t.Helper()
	path := filepath.Join(s.Dir(), name)
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, fn(b), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
