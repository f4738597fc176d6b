package volatile

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// hitting lets the next operation of this name go wrong.
func (d *faults) hitting(t *testing.T, name string, kind fault, again int, fn func()) {
	t.Helper()
	d.watch, d.kind, d.again, d.hit = name, kind, again, ""
	fn()
	if d.hit != name {
		t.Fatalf("no operation %q", name)
	}
	d.at = 0
}

// afterFailedWrite appends "a", lets something fail, appends what it can, is killed, and
// wants to find what was acknowledged.
func afterFailedWrite(t *testing.T, name string, kind fault, again int, rotate bool, fn func(s *State)) {
	w := newWorld(t, false)
	defer func() { w.kill(); w.real.close() }()
	d := &faults{}
	if err := w.open(d); err != nil {
		t.Fatal(err)
	}
	mustCheckpoint(t, w.e.s, Manifest{Segment: mustRotate(t, w.e.s)})
	mustAppend(t, w.e.s, "a")
	want := []string{"a"}
	d.hitting(t, name, kind, again, func() { fn(w.e.s) })
	for _, r := range []string{"b", "c"} {
		if _, err := w.e.s.Append([]byte(r)); err == nil {
			want = append(want, r)
		}
	}
	if rotate {
		if _, err := w.e.s.Rotate(); err == nil {
			mustAppend(t, w.e.s, "d")
			want = append(want, "d")
		}
	}
	w.kill()
	if err := w.open(&faults{}); err != nil {
		t.Fatal(err)
	}
	got, err := replayed(w.e.s, 1)
	if len(want) == 1 && len(got) == 2 {
		got = got[:1] // the one that was in the making: it was not answered for
	}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("%s %s, then %d more fail: got %.9q, %v, want %q", name, faultNames[kind], again, got, err, want)
	}
}

func TestRecordsAfterAFailedWriteStayReadable(t *testing.T) {
	long := []byte(strings.Repeat("long", 60))
	for i := range 4 * 2 {
		again, rotate := i/2, i%2 == 1
		for kind := fails; kind <= torn; kind++ {
			afterFailedWrite(t, "write "+segmentName(1), kind, again, rotate, func(s *State) {
				if _, err := s.Append(long); !errors.Is(err, ErrFull) {
					t.Fatalf("Append: got %v, want %v", err, ErrFull)
				}
			})
			afterFailedWrite(t, "write "+segmentName(2), kind, again, rotate, func(s *State) {
				if _, err := s.Rotate(); !errors.Is(err, ErrFull) {
					t.Fatalf("Rotate: got %v, want %v", err, ErrFull)
				}
			})
		}
	}
}
