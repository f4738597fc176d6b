package visitor

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
	"testing"
	"unsafe"

	"footfall/aggregate"
)

// borrow is a site that shares its bytes with a request's buffer.
func borrow(b []byte) aggregate.Site { return aggregate.Site(unsafe.String(&b[0], len(b))) }

func TestVisitorsAllocateNothing(t *testing.T) {
	s := NewSalts(Options{})
	mustVisitor(t, s, "a.example", day)
	got := testing.AllocsPerRun(1000, func() {
		if _, err := s.Visitor("a.example", day, addr, agent); err != nil {
			t.Fatal(err)
		}
		s.Known("a.example", day, addr, agent)
		s.Known("a.example", day-1, addr, agent)
	})
	if got != 0 {
		t.Errorf("%v allocations for a visitor, want 0", got)
	}
}

func FuzzHash(f *testing.F) {
	f.Add([]byte("salt"), "example.com", addr.AsSlice(), agent)
	f.Add([]byte{}, "", []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, salt []byte, site string, ip, agent []byte) {
		salt = salt[:min(len(salt), SaltSize)]
		addr, _ := netip.AddrFromSlice(ip)
		mac := hmac.New(sha256.New, salt)
		mac.Write(appendMessage(nil, aggregate.Site(site), addr, agent))
		want := aggregate.Visitor(mac.Sum(nil)[:16])
		if got := hash(salt, aggregate.Site(site), addr, agent); got != want {
			t.Fatalf("hash = %x, crypto/hmac says %x", got, want)
		}
	})
}

func BenchmarkVisitor(b *testing.B) {
	s := NewSalts(Options{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Visitor("a.example", day, addr, agent); err != nil {
				b.Fatal(err)
			}
		}
	})
}
