package visitor

import (
	"errors"
	"testing"
	"time"

	"footfall/aggregate"
)

func TestRestoredSaltsKnowTheirVisitors(t *testing.T) {
	store := newStore()
	s := NewSalts(Options{Store: store})
	want := mustVisitor(t, s, "a.example", day)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	next := NewSalts(Options{Store: store})
	n, err := next.Restore(day.Start(time.UTC).Add(time.Hour))
	if n != 1 || err != nil {
		t.Fatalf("Restore = %d, %v, want 1 salt", n, err)
	}
	if got := mustVisitor(t, next, "a.example", day); got != want {
		t.Errorf("after the restart %x, before %x", got, want)
	}
}

func TestDeadSaltsAreNotRestoredButDropped(t *testing.T) {
	store := newStore()
	s := NewSalts(Options{Store: store})
	mustVisitor(t, s, "a.example", day)
	mustVisitor(t, s, "a.example", day+1)
	next := NewSalts(Options{Store: store})
	n, err := next.Restore(day.End(time.UTC).Add(Grace))
	if n != 1 || err != nil {
		t.Fatalf("Restore = %d, %v, want 1 salt", n, err)
	}
	if _, ok := store.salts[key{"a.example", day}]; ok {
		t.Error("the store still holds the dead salt")
	}
	if _, ok := next.Known("a.example", day+1, addr, agent); !ok {
		t.Error("the living salt is not known")
	}
}

func TestAStoreCannotLengthenASaltsLife(t *testing.T) {
	store := newStore()
	store.salts[key{"a.example", day}] = stored{ends: day.End(time.UTC).AddDate(50, 0, 0)}
	s := NewSalts(Options{Store: store})
	if _, err := s.Restore(day.Start(time.UTC)); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Next(), day.End(time.UTC).Add(Grace); !got.Equal(want) {
		t.Errorf("the salt dies %s, want %s", got, want)
	}
}

func TestRestoredSaltsAreBoundedToo(t *testing.T) {
	store := newStore()
	for d := day; d < day+10; d++ {
		store.salts[key{"a.example", d}] = stored{ends: d.End(time.UTC).Add(Grace)}
	}
	s := NewSalts(Options{Store: store})
	n, err := s.Restore(day.Start(time.UTC))
	if n != DaysPerSite || err != nil {
		t.Errorf("Restore = %d, %v, want %d", n, err, DaysPerSite)
	}
	if len(store.salts) != DaysPerSite {
		t.Errorf("the store holds %d, want %d", len(store.salts), DaysPerSite)
	}
}

func TestExpiryReachesTheStore(t *testing.T) {
	store := newStore()
	s := NewSalts(Options{Store: store})
	mustVisitor(t, s, "a.example", day)
	mustVisitor(t, s, "b.example", day)
	s.Forget("b.example")
	if len(store.salts) != 1 {
		t.Errorf("the store holds %d salts after Forget, want 1", len(store.salts))
	}
	s.Expire(day.End(time.UTC).Add(Grace))
	if len(store.salts) != 0 {
		t.Errorf("the store holds %d salts after Expire, want 0", len(store.salts))
	}
}

func TestAFullStoreIsNoErrorToAVisitor(t *testing.T) {
	full := errors.New("no space left")
	store := newStore()
	store.save = full
	s := NewSalts(Options{Store: store})
	want := mustVisitor(t, s, "a.example", day)
	st := s.Status()
	if !errors.Is(st.Store, full) || st.Unsaved != 1 {
		t.Errorf("status %v with %d unsaved, want %v with 1", st.Store, st.Unsaved, full)
	}
	if got := mustVisitor(t, s, "a.example", day); got != want {
		t.Errorf("the visitor changed from %x to %x", want, got)
	}
	store.save = nil
	s.Expire(day.Start(time.UTC))
	if st := s.Status(); st.Store != nil || st.Unsaved != 0 || len(store.salts) != 1 {
		t.Errorf("after there was room: status %v, %d unsaved, %d stored", st.Store, st.Unsaved, len(store.salts))
	}
}

func TestADropThatFailedIsTriedAgain(t *testing.T) {
	stuck := errors.New("stuck")
	store := newStore()
	s := NewSalts(Options{Store: store})
	mustVisitor(t, s, "a.example", day)
	store.dropE = stuck
	s.Expire(day.End(time.UTC).Add(Grace))
	if st := s.Status(); !errors.Is(st.Store, stuck) || st.Undropped != 1 || st.Salts != 0 {
		t.Errorf("status %+v, want one undropped and none alive", st)
	}
	store.dropE = nil
	s.Expire(day.End(time.UTC).Add(Grace + time.Minute))
	if st := s.Status(); st.Store != nil || st.Undropped != 0 || len(store.salts) != 0 {
		t.Errorf("later: status %+v, %d stored", st, len(store.salts))
	}
}

func TestAStoreThatCannotBeReadIsReported(t *testing.T) {
	broken := errors.New("broken")
	store := newStore()
	store.load = broken
	s := NewSalts(Options{Store: store})
	if _, err := s.Restore(day.Start(time.UTC)); !errors.Is(err, broken) {
		t.Errorf("Restore says %v, want %v", err, broken)
	}
	mustVisitor(t, s, "a.example", day)
}

func TestRestoreLeavesNewerSaltsAlone(t *testing.T) {
	store := newStore()
	s := NewSalts(Options{Store: store})
	want := mustVisitor(t, s, "a.example", day)
	store.salts[key{"a.example", day}] = stored{ends: day.End(time.UTC)}
	if n, err := s.Restore(day.Start(time.UTC)); n != 0 || err != nil {
		t.Errorf("Restore = %d, %v, want 0", n, err)
	}
	if got := mustVisitor(t, s, "a.example", day); got != want {
		t.Errorf("the visitor changed from %x to %x", want, got)
	}
}

func TestNoStoreRestoresNothing(t *testing.T) {
	s := NewSalts(Options{Location: func(aggregate.Site) *time.Location { return nil }})
	if n, err := s.Restore(time.Unix(0, 0)); n != 0 || err != nil {
		t.Errorf("Restore = %d, %v, want 0", n, err)
	}
	mustVisitor(t, s, "a.example", day)
	if st := s.Status(); st.Store != nil || st.Unsaved != 0 {
		t.Errorf("status %+v without a store", st)
	}
}
