package ingest

import (
	"net"
	"net/netip"
	"testing"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/ingest/geo"
)

// countryOf sends a pageview and tells the country that it was counted with.
func countryOf(t *testing.T, h *house, headers ...string) string {
	t.Helper()
	before := len(h.sink.hits)
	h.send(`{"n":"pageview","u":"https://example.com/"}`, headers...)
	if len(h.sink.hits) != before+1 {
		t.Fatalf("%v: not counted", headers)
	}
	facts := h.sink.hits[before].Facts
	if country := facts[aggregate.Country]; country != "US" && (facts[aggregate.Region] != "" || facts[aggregate.City] != "") {
		t.Errorf("%v: country %q with region %q and city %q", headers, country, facts[aggregate.Region], facts[aggregate.City])
	}
	return facts[aggregate.Country]
}

func TestATrustedProxyMayTellTheCountry(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.CountryHeader = "cf-ipcountry" })
	const known = "X-Forwarded-For: 203.0.113.7" // in San Francisco
	for _, c := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"nothing told", []string{known}, "US"},
		{"another country", []string{known, "CF-IPCountry: DE"}, "DE"},
		{"the same country", []string{known, "CF-IPCountry: us"}, "US"},
		{"not known to the proxy", []string{known, "CF-IPCountry: XX"}, "US"},
		{"Tor", []string{known, "CF-IPCountry: T1"}, "US"},
		{"no country there is", []string{known, "CF-IPCountry: QZ"}, "US"},
		{"an address that no table knows", []string{"X-Forwarded-For: 198.51.100.1", "CF-IPCountry: DE"}, "DE"},
		{"another header", []string{known, "X-Country-Code: DE"}, "US"},
	} {
		if got := countryOf(t, h, c.headers...); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	h.set("example.com", "shield_country", "FR")
	got := h.send(`{"n":"pageview","u":"https://example.com/"}`, known, "CF-IPCountry: FR")
	if got.header.Get("X-Footfall-Dropped") != ShieldCountry {
		t.Errorf("a shielded country as told: dropped %q, want %q", got.header.Get("X-Footfall-Dropped"), ShieldCountry)
	}
}

func TestACountryIsBelievedOnlyFromTrustedProxiesAndOnlyOnce(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.CountryHeader = "CF-IPCountry" })
	for _, c := range []struct {
		name, peer string
		told       []string
		option     string
		want       string
	}{
		{"from a trusted proxy", "127.0.0.1", []string{"DE"}, "CF-IPCountry", "DE"},
		{"from anybody", "203.0.113.9", []string{"DE"}, "CF-IPCountry", ""},
		{"twice", "127.0.0.1", []string{"DE", "FR"}, "CF-IPCountry", ""},
		{"without the option", "127.0.0.1", []string{"DE"}, "", ""},
	} {
		var ctx fasthttp.RequestCtx
		ctx.Init2(fakeConn{peer: netip.AddrPortFrom(netip.MustParseAddr(c.peer), 4321)}, nil, true)
		for _, value := range c.told {
			ctx.Request.Header.Add("CF-IPCountry", value)
		}
		h.door.CountryHeader = c.option
		ticket := takeTicket()
		h.door.readCaller(&ctx, ticket)
		if got := ticket.caller.Country; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		ticket.giveBack()
	}
}

// fakeConn has a peer and nothing else.
type fakeConn struct {
	net.Conn
	peer netip.AddrPort
}

func (c fakeConn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.peer) }
func (c fakeConn) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(c.peer) }

func TestWithoutPlacesAProxysWordIsAllThereIs(t *testing.T) {
	clerk := NewClerk(nil, nil, nil)
	who := &Caller{Addr: netip.MustParseAddr("203.0.113.7"), Country: "DE"}
	if got, want := clerk.place(who), (geo.Place{Country: "DE"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := clerk.place(&Caller{Addr: who.Addr}); got != (geo.Place{}) {
		t.Errorf("nobody's word: %+v, want nowhere", got)
	}
}
