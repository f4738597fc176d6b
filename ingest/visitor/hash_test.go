package visitor

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/netip"
	"strings"
	"testing"

	"footfall/aggregate"

	"pgregory.net/rapid"
)

func TestHashIsHMACOfTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		salt := rapid.SliceOfN(rapid.Byte(), SaltSize, SaltSize).Draw(t, "salt")
		site := aggregate.Site(rapid.StringN(0, 60, maxSite).Draw(t, "site"))
		ip := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address")
		agent := rapid.SliceOfN(rapid.Byte(), 0, maxAgent).Draw(t, "agent")
		addr := netip.AddrFrom16([16]byte(ip))

		mac := hmac.New(sha256.New, salt)
		mac.Write(appendMessage(nil, site, addr, agent))
		want := aggregate.Visitor(mac.Sum(nil)[:16])
		if got := hash(salt, site, addr, agent); got != want {
			t.Fatalf("hash = %x, crypto/hmac says %x", got, want)
		}
	})
}

func TestMessagesOfDifferentFieldsAreDifferent(t *testing.T) {
	type fields struct {
		site  aggregate.Site
		addr  netip.Addr
		agent string
	}
	draw := rapid.Custom(func(t *rapid.T) fields {
		// A small alphabet, lengths as bytes in it, so that shifted borders are likely.
		text := rapid.StringOfN(rapid.SampledFrom([]rune{'a', 'b', 0, 1, 2, 16}), 0, 24, 24)
		ip := rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 16, 'a'}), 16, 16).Draw(t, "address")
		return fields{aggregate.Site(text.Draw(t, "site")), netip.AddrFrom16([16]byte(ip)), text.Draw(t, "agent")}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "a"), draw.Draw(t, "b")
		same := string(appendMessage(nil, a.site, a.addr, []byte(a.agent))) ==
			string(appendMessage(nil, b.site, b.addr, []byte(b.agent)))
		if same != (a == b) {
			t.Fatalf("%+v and %+v: same message %v, want %v", a, b, same, a == b)
		}
	})
}

func TestFieldBordersCannotBeMoved(t *testing.T) {
	salt := make([]byte, SaltSize)
	pairs := [][2][2]string{
		{{"ab", "c"}, {"a", "bc"}},
		{{"example.com", ""}, {"", "example.com"}},
		{{"a", "\x00\x01b"}, {"a\x00\x01", "b"}},
	}
	for _, p := range pairs {
		a := hash(salt, aggregate.Site(p[0][0]), addr, []byte(p[0][1]))
		b := hash(salt, aggregate.Site(p[1][0]), addr, []byte(p[1][1]))
		if a == b {
			t.Errorf("%q and %q collide", p[0], p[1])
		}
	}
}

func TestEveryFieldMatters(t *testing.T) {
	salt := []byte(strings.Repeat("s", SaltSize))
	base := hash(salt, "example.com", addr, agent)
	for name, got := range map[string]aggregate.Visitor{
		"salt":    hash([]byte(strings.Repeat("t", SaltSize)), "example.com", addr, agent),
		"site":    hash(salt, "example.org", addr, agent),
		"address": hash(salt, "example.com", addr.Next(), agent),
		"agent":   hash(salt, "example.com", addr, agent[1:]),
	} {
		if got == base {
			t.Errorf("another %s gives the same visitor", name)
		}
	}
}

func TestMappedAddressesAreTheirIPv4(t *testing.T) {
	salt := make([]byte, SaltSize)
	mapped := netip.MustParseAddr("::ffff:203.0.113.7")
	if got, want := hash(salt, "a", mapped, nil), hash(salt, "a", addr, nil); got != want {
		t.Errorf("::ffff:203.0.113.7 is %x, 203.0.113.7 is %x", got, want)
	}
	zoned := netip.MustParseAddr("fe80::1%eth0")
	if got, want := hash(salt, "a", zoned, nil), hash(salt, "a", zoned.WithZone(""), nil); got != want {
		t.Errorf("with zone %x, without %x", got, want)
	}
}

func TestOverlongFieldsAreCutNotRefused(t *testing.T) {
	salt := make([]byte, SaltSize)
	long := []byte(strings.Repeat("x", 1<<17))
	if got, want := hash(salt, "a", addr, long), hash(salt, "a", addr, long[:maxAgent]); got != want {
		t.Errorf("128 KiB of agent is %x, its first %d bytes are %x", got, maxAgent, want)
	}
	hash(salt, aggregate.Site(long), addr, nil)
}
