package visitor

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"time"

	"footfall/aggregate"
)

// counting is a source of bytes that never repeats itself within a test, and
// whose blocks are easy to find in memory.
type counting struct{ n uint64 }

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		if i%8 == 0 {
			c.n++
		}
		var word [8]byte
		binary.BigEndian.PutUint64(word[:], c.n*0x9e3779b97f4a7c15)
		p[i] = word[i%8]
	}
	return len(p), nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("entropy is out") }

// memoryStore is a Store with faults.
type memoryStore struct {
	salts             map[key]stored
	save, load, dropE error
}

type stored struct {
	ends  time.Time
	bytes [SaltSize]byte
}

func newStore() *memoryStore { return &memoryStore{salts: map[key]stored{}} }

func (m *memoryStore) SaveSalt(site aggregate.Site, day aggregate.Day, ends time.Time, salt [SaltSize]byte) error {
	if m.save != nil {
		return m.save
	}
	m.salts[key{site, day}] = stored{ends, salt}
	return nil
}

func (m *memoryStore) LoadSalts(fn func(aggregate.Site, aggregate.Day, time.Time, [SaltSize]byte)) error {
	for k, s := range m.salts {
		fn(k.site, k.day, s.ends, s.bytes)
	}
	return m.load
}

func (m *memoryStore) DropSalt(site aggregate.Site, day aggregate.Day) error {
	if m.dropE != nil {
		return m.dropE
	}
	delete(m.salts, key{site, day})
	return nil
}

var (
	addr  = netip.MustParseAddr("203.0.113.7")
	agent = []byte("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
)

func mustVisitor(t *testing.T, s *Salts, site aggregate.Site, day aggregate.Day) aggregate.Visitor {
	t.Helper()
	v, err := s.Visitor(site, day, addr, agent)
	if err != nil {
		t.Fatalf("Visitor(%s, %s) failed: %v", site, day, err)
	}
	if v == (aggregate.Visitor{}) {
		t.Fatalf("Visitor(%s, %s) is zero", site, day)
	}
	return v
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func in(loc *time.Location) func(aggregate.Site) *time.Location {
	return func(aggregate.Site) *time.Location { return loc }
}
