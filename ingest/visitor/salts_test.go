package visitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"footfall/aggregate"
)

var day = aggregate.Date(2026, 7, 14)

func TestSameVisitorWithinDayAndSite(t *testing.T) {
	s := NewSalts(Options{})
	if a, b := mustVisitor(t, s, "a.example", day), mustVisitor(t, s, "a.example", day); a != b {
		t.Errorf("first %x, then %x", a, b)
	}
}

func TestTwoSitesNeverShareAVisitor(t *testing.T) {
	s := NewSalts(Options{})
	if a, b := mustVisitor(t, s, "a.example", day), mustVisitor(t, s, "b.example", day); a == b {
		t.Errorf("both sites see %x", a)
	}
	if bytes.Equal(s.live[key{"a.example", day}].bytes, s.live[key{"b.example", day}].bytes) {
		t.Error("both sites have the same salt")
	}
}

func TestAnotherDaysVisitorIsUnlinkable(t *testing.T) {
	s := NewSalts(Options{})
	if a, b := mustVisitor(t, s, "a.example", day), mustVisitor(t, s, "a.example", day+1); a == b {
		t.Errorf("both days see %x", a)
	}
	if bytes.Equal(s.live[key{"a.example", day}].bytes, s.live[key{"a.example", day + 1}].bytes) {
		t.Error("both days have the same salt")
	}
}

func TestSaltsAreNeverDerivedFromTheDate(t *testing.T) {
	a := mustVisitor(t, NewSalts(Options{}), "a.example", day)
	b := mustVisitor(t, NewSalts(Options{}), "a.example", day)
	if a == b {
		t.Errorf("two processes agree on %x without having shared a salt", a)
	}
}

func TestADeadSaltsVisitorDoesNotComeBack(t *testing.T) {
	s := NewSalts(Options{})
	before := mustVisitor(t, s, "a.example", day)
	s.Expire(day.End(time.UTC).Add(Grace))
	if _, ok := s.Known("a.example", day, addr, agent); ok {
		t.Error("the salt is known after it died")
	}
	if after := mustVisitor(t, s, "a.example", day); after == before {
		t.Errorf("the salt came back: %x", after)
	}
}

func TestKnownDoesNotMakeASalt(t *testing.T) {
	s := NewSalts(Options{})
	if v, ok := s.Known("a.example", day, addr, agent); ok || v != (aggregate.Visitor{}) {
		t.Errorf("Known = %x, %v without a salt", v, ok)
	}
	if got := s.Status().Salts; got != 0 {
		t.Errorf("%d salts, want 0", got)
	}
	want := mustVisitor(t, s, "a.example", day)
	if v, ok := s.Known("a.example", day, addr, agent); !ok || v != want {
		t.Errorf("Known = %x, %v, want %x", v, ok, want)
	}
}

func TestSaltsDieHalfAnHourAfterTheLocalDay(t *testing.T) {
	cases := []struct{ zone, day, dies string }{
		{"UTC", "2026-07-14", "2026-07-15T00:30:00Z"},
		{"Asia/Kolkata", "2026-07-14", "2026-07-15T00:30:00+05:30"},
		{"Pacific/Kiritimati", "2026-07-14", "2026-07-15T00:30:00+14:00"},
		{"Europe/Berlin", "2026-03-29", "2026-03-30T00:30:00+02:00"},    // 23 hours
		{"Europe/Berlin", "2026-10-25", "2026-10-26T00:30:00+01:00"},    // 25 hours
		{"America/New_York", "2026-11-01", "2026-11-02T00:30:00-05:00"}, // 25 hours
		{"America/Santiago", "2026-09-05", "2026-09-06T01:30:00-03:00"}, // midnight is skipped
		{"America/Havana", "2026-11-01", "2026-11-02T00:30:00-05:00"},   // midnight comes twice
		{"Australia/Lord_Howe", "2026-10-04", "2026-10-05T00:30:00+11:00"},
	}
	for _, c := range cases {
		loc := zone(t, c.zone)
		d, err := aggregate.ParseDay(c.day)
		if err != nil {
			t.Fatal(err)
		}
		dies, err := time.Parse(time.RFC3339, c.dies)
		if err != nil {
			t.Fatal(err)
		}
		s := NewSalts(Options{Location: in(loc)})
		mustVisitor(t, s, "a.example", d)
		if got := s.Next(); !got.Equal(dies) {
			t.Errorf("%s %s: dies %s, want %s", c.zone, c.day, got.In(loc), dies)
		}
		s.Expire(dies.Add(-time.Nanosecond))
		if _, ok := s.Known("a.example", d, addr, agent); !ok {
			t.Errorf("%s %s: dead before %s", c.zone, c.day, c.dies)
		}
		s.Expire(dies)
		if _, ok := s.Known("a.example", d, addr, agent); ok {
			t.Errorf("%s %s: alive at %s", c.zone, c.day, c.dies)
		}
	}
}

func TestEachSiteHasItsOwnMidnight(t *testing.T) {
	zones := map[aggregate.Site]*time.Location{"east.example": zone(t, "Pacific/Auckland"), "west.example": zone(t, "America/Los_Angeles")}
	s := NewSalts(Options{Location: func(site aggregate.Site) *time.Location { return zones[site] }})
	mustVisitor(t, s, "east.example", day)
	mustVisitor(t, s, "west.example", day)
	s.Expire(day.End(zones["east.example"]).Add(Grace))
	if _, ok := s.Known("east.example", day, addr, agent); ok {
		t.Error("the eastern salt is alive after its night")
	}
	if _, ok := s.Known("west.example", day, addr, agent); !ok {
		t.Error("the western salt died with the eastern one")
	}
}

// memory is everything the vault holds.
func memory(s *Salts) (all []byte) {
	for _, p := range s.vault.pages {
		all = append(all, p.mem...)
	}
	return all
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

func TestDeadSaltsAreZerosInMemory(t *testing.T) {
	endings := map[string]func(*Salts){
		"expired":   func(s *Salts) { s.Expire(day.End(time.UTC).Add(Grace)) },
		"forgotten": func(s *Salts) { s.Forget("a.example"); s.Forget("b.example") },
	}
	for name, end := range endings {
		s := NewSalts(Options{Rand: &counting{}})
		mustVisitor(t, s, "a.example", day)
		mustVisitor(t, s, "b.example", day)
		salt := bytes.Clone(s.live[key{"a.example", day}].bytes)
		if allZero(salt) || !bytes.Contains(memory(s), salt) {
			t.Fatal("the salt is not in the locked pages while it lives")
		}
		end(s)
		if !allZero(memory(s)) {
			t.Errorf("%s: the pages still hold %x", name, bytes.Trim(memory(s), "\x00"))
		}
	}
}

func TestOnlyTheDeadSaltIsOverwritten(t *testing.T) {
	s := NewSalts(Options{})
	mustVisitor(t, s, "a.example", day)
	today := mustVisitor(t, s, "a.example", day+1)
	dead := bytes.Clone(s.live[key{"a.example", day}].bytes)
	s.Expire(day.End(time.UTC).Add(Grace))
	if bytes.Contains(memory(s), dead) {
		t.Error("yesterday's salt is still in memory")
	}
	if got := mustVisitor(t, s, "a.example", day+1); got != today {
		t.Errorf("today's visitor changed from %x to %x", today, got)
	}
}

func TestCloseOverwritesBeforeItUnmaps(t *testing.T) {
	store := newStore()
	s := NewSalts(Options{Store: store})
	var seen []byte
	unmap := s.vault.unmapPage
	s.vault.unmapPage = func(p []byte) error { seen = append(seen, p...); return unmap(p) }
	mustVisitor(t, s, "a.example", day)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(seen) == 0 || !allZero(seen) {
		t.Errorf("%d bytes were unmapped, all zero: %v", len(seen), allZero(seen))
	}
	if _, err := s.Visitor("a.example", day, addr, agent); !errors.Is(err, ErrClosed) {
		t.Errorf("Visitor after Close: %v, want %v", err, ErrClosed)
	}
	if len(store.salts) != 1 {
		t.Errorf("the store holds %d salts after Close, want 1", len(store.salts))
	}
}

func TestNumberOfSaltsIsBounded(t *testing.T) {
	s := NewSalts(Options{})
	for d := day; d < day+100; d++ {
		mustVisitor(t, s, "a.example", d)
	}
	for d := day + 50; d > day-50; d-- {
		mustVisitor(t, s, "b.example", d)
	}
	if got := s.Status().Salts; got != 2*DaysPerSite {
		t.Errorf("%d salts for two sites, want %d", got, 2*DaysPerSite)
	}
	if _, ok := s.Known("a.example", day+99, addr, agent); !ok {
		t.Error("the latest salt was the one to go")
	}
	if pages := len(s.vault.pages); pages != 1 {
		t.Errorf("%d pages, want 1: slots are not used again", pages)
	}
}

func TestManySitesGetMorePages(t *testing.T) {
	s := NewSalts(Options{Rand: &counting{}})
	seen := map[aggregate.Visitor]bool{}
	const sites = 2000
	for i := range sites {
		seen[mustVisitor(t, s, aggregate.Site(fmt.Sprintf("s%d.example", i)), day)] = true
	}
	if len(seen) != sites {
		t.Errorf("%d visitors on %d sites", len(seen), sites)
	}
	salts := map[string]bool{}
	for _, one := range s.live {
		salts[string(one.bytes)] = true
	}
	if len(salts) != sites {
		t.Errorf("%d different salts for %d sites", len(salts), sites)
	}
}

func TestRandomnessThatFailsMakesNoSalt(t *testing.T) {
	s := NewSalts(Options{Rand: failing{}})
	if _, err := s.Visitor("a.example", day, addr, agent); !errors.Is(err, ErrRandom) {
		t.Errorf("error %v, want %v", err, ErrRandom)
	}
	if s.Status().Salts != 0 || !allZero(memory(s)) {
		t.Error("something was kept all the same")
	}
	short := NewSalts(Options{Rand: bytes.NewReader(make([]byte, SaltSize-1))})
	if _, err := short.Visitor("a.example", day, addr, agent); !errors.Is(err, ErrRandom) {
		t.Errorf("31 bytes: error %v, want %v", err, ErrRandom)
	}
}

func TestSaltsComeFromTheGivenRandomness(t *testing.T) {
	want := bytes.Repeat([]byte{7}, SaltSize)
	s := NewSalts(Options{Rand: bytes.NewReader(want)})
	if got := mustVisitor(t, s, "a.example", day); got != hash(want, "a.example", addr, agent) {
		t.Errorf("visitor %x is not under the salt that was given", got)
	}
}

func TestMemoryThatCannotBeLockedIsReportedNotFatal(t *testing.T) {
	for name, mapPage := range map[string]func(int) ([]byte, error, error){
		"mlock fails": func(n int) ([]byte, error, error) { return make([]byte, n), errors.New("no quota"), nil },
		"mmap fails":  func(int) ([]byte, error, error) { return nil, nil, errors.New("no quota") },
	} {
		s := NewSalts(Options{})
		if err := s.vault.close(); err != nil {
			t.Fatal(err)
		}
		s.vault = vault{mapPage: mapPage, unmapPage: func([]byte) error { return nil }}
		mustVisitor(t, s, "a.example", day)
		if got := s.Status().Unlocked; got == nil || !strings.Contains(got.Error(), "no quota") {
			t.Errorf("%s: Status().Unlocked = %v", name, got)
		}
		s.Forget("a.example")
		if !allZero(memory(s)) {
			t.Errorf("%s: the salt was not overwritten", name)
		}
	}
}

// The borrowed site must not be the map's key: its bytes change with the next request.
func TestSiteIsCopied(t *testing.T) {
	s := NewSalts(Options{})
	buffer := []byte("a.example")
	mustVisitor(t, s, borrow(buffer), day)
	copy(buffer, "b.example")
	if _, ok := s.Known("a.example", day, addr, agent); !ok {
		t.Error("the salt of a.example is gone with the buffer")
	}
}

func TestNothingThatHoldsSaltsTells(t *testing.T) {
	s := NewSalts(Options{Rand: bytes.NewReader(bytes.Repeat([]byte("SALT"), 8))})
	mustVisitor(t, s, "a.example", day)
	one := s.live[key{"a.example", day}]
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c"} {
		fmt.Fprintf(&out, verb, s)
		fmt.Fprintf(&out, verb, one)
		fmt.Fprintf(&out, verb, &s.vault)
		fmt.Fprintf(&out, verb, map[string]any{"a": s, "b": []*salt{one}})
	}
	fmt.Fprint(&out, s.String(), s.GoString())
	for _, h := range []slog.Handler{
		slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}),
		slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}),
	} {
		slog.New(h).Debug("x", "salts", s, "group", slog.GroupValue(slog.Any("s", s)))
	}
	if err := json.NewEncoder(&out).Encode(map[string]any{"s": s, "t": map[*Salts]int{s: 1}}); err != nil {
		t.Fatal(err)
	}
	text := strings.ToLower(out.String())
	for _, secret := range []string{"saltsalt", "53414c54", "83 65 76 84", "0x53", "u0TBFTMVFQ"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q was told: %s", secret, text)
		}
	}
}

func TestConcurrentVisitorsAgree(t *testing.T) {
	s := NewSalts(Options{Store: newStore()})
	var wg sync.WaitGroup
	got := make([]aggregate.Visitor, 16)
	for i := range got {
		wg.Go(func() {
			for range 200 {
				v, err := s.Visitor("a.example", day+1, addr, agent)
				if err != nil {
					t.Errorf("Visitor failed: %v", err)
				}
				got[i] = v
				s.Known("a.example", day, addr, agent)
				s.Expire(day.End(time.UTC).Add(Grace))
				s.Status()
				s.Next()
			}
		})
	}
	wg.Wait()
	for i, v := range got {
		if v != got[0] {
			t.Errorf("goroutine %d sees %x, goroutine 0 sees %x", i, v, got[0])
		}
	}
}
