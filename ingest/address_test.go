package ingest

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestTheClientIsTheRightmostAddressThatIsNoProxy(t *testing.T) {
	const trusted = "loopback, 10.0.0.0/8, ::ffff:192.0.2.0/120 2001:db8:1::/48"
	for _, c := range []struct {
		name, peer string
		headers    []string // X-Forwarded-For
		forwarded  []string
		want       string
		via        string
	}{
		{"no proxy", "203.0.113.5", nil, nil, "203.0.113.5", ""},
		{"forged by a stranger", "203.0.113.5", []string{"198.51.100.1"}, []string{"for=198.51.100.1"}, "203.0.113.5", ""},
		{"one proxy", "127.0.0.1", []string{"203.0.113.5"}, nil, "203.0.113.5", "127.0.0.1"},
		{"forged in front of a proxy", "127.0.0.1", []string{"1.1.1.1, 203.0.113.5"}, nil, "203.0.113.5", "127.0.0.1"},
		{"two proxies", "127.0.0.1", []string{"1.1.1.1, 203.0.113.5, 10.1.2.3"}, nil, "203.0.113.5", "10.1.2.3 127.0.0.1"},
		{"several headers", "127.0.0.1", []string{"1.1.1.1", "203.0.113.5 ,, 192.0.2.9", "10.1.2.3"}, nil, "203.0.113.5", "192.0.2.9 10.1.2.3 127.0.0.1"},
		{"nobody but proxies", "127.0.0.1", []string{"10.0.0.1, 10.0.0.2"}, nil, "10.0.0.1", "10.0.0.2 127.0.0.1"},
		{"garbage next to the proxy", "127.0.0.1", []string{"203.0.113.5, unknown"}, nil, "127.0.0.1", ""},
		{"garbage behind a proxy", "127.0.0.1", []string{"203.0.113.5, x, 10.0.0.1"}, nil, "10.0.0.1", "127.0.0.1"},
		{"ports and brackets", "127.0.0.1", []string{"203.0.113.5:8080"}, nil, "203.0.113.5", "127.0.0.1"},
		{"IPv6 with a port", "127.0.0.1", []string{"[2001:db8:2::1]:443"}, nil, "2001:db8:2::1", "127.0.0.1"},
		{"IPv6", "127.0.0.1", []string{"2001:db8:2::1, 2001:db8:1::5"}, nil, "2001:db8:2::1", "2001:db8:1::5 127.0.0.1"},
		{"IPv4 within IPv6", "::ffff:127.0.0.1", []string{"::ffff:203.0.113.5, ::ffff:10.0.0.1"}, nil, "203.0.113.5", "10.0.0.1 127.0.0.1"},
		{"a zone", "127.0.0.1", []string{"fe80::1%eth0"}, nil, "fe80::1", "127.0.0.1"},
		{"empty", "127.0.0.1", []string{""}, nil, "127.0.0.1", ""},
		{"Forwarded", "127.0.0.1", nil, []string{`for=1.1.1.1;proto=http, For="[2001:db8:2::1]:4711";by=10.0.0.1`}, "2001:db8:2::1", "127.0.0.1"},
		{"Forwarded with quoted commas", "127.0.0.1", nil, []string{`for="x,\"y", proto=http;for=203.0.113.5`}, "203.0.113.5", "127.0.0.1"},
		{"Forwarded, hidden", "127.0.0.1", nil, []string{"for=203.0.113.5, for=_hidden"}, "127.0.0.1", ""},
		{"Forwarded without for", "127.0.0.1", nil, []string{"for=203.0.113.5, proto=https"}, "127.0.0.1", ""},
		{"Forwarded, unfinished quotation in front", "127.0.0.1", nil, []string{`for="1.1.1.1, for=203.0.113.5`}, "127.0.0.1", ""},
		{"X-Forwarded-For before Forwarded", "127.0.0.1", []string{"203.0.113.5"}, []string{"for=1.1.1.1"}, "203.0.113.5", "127.0.0.1"},
	} {
		proxies, err := ParseProxies(trusted)
		if err != nil {
			t.Fatal(err)
		}
		var chain []netip.Addr
		for _, header := range c.headers {
			chain = appendList(chain, header)
		}
		if len(chain) == 0 {
			for _, header := range c.forwarded {
				chain = appendForwarded(chain, header)
			}
		}
		peer := plain(netip.MustParseAddr(c.peer))
		got, via := proxies.client(peer, chain)
		var passed []string
		for _, addr := range via {
			passed = append(passed, addr.String())
		}
		if got != peer {
			passed = append(passed, peer.String())
		}
		if got.String() != c.want || strings.Join(passed, " ") != c.via {
			t.Errorf("%s: got %s via %v, want %s via %s", c.name, got, passed, c.want, c.via)
		}
	}
}

func TestListsOfProxiesAreReadOrRefused(t *testing.T) {
	for list, trusted := range map[string]string{
		"loopback": "::1", "private": "192.168.1.1", "LOOPBACK,private": "fd00::1", "203.0.113.5": "203.0.113.5", "2001:db8::/32": "2001:db8::5",
	} {
		p, err := ParseProxies(list)
		if err != nil || !p.Trust(netip.MustParseAddr(trusted)) || p.Trust(netip.MustParseAddr("198.51.100.1")) {
			t.Errorf("%s: got error %v, want it to trust %s alone", list, err, trusted)
		}
	}
	for _, list := range []string{"none", ""} {
		if p, err := ParseProxies(list); err != nil || !reflect.DeepEqual(p, Proxies{}) {
			t.Errorf("%q: got %v, %v, want nobody", list, p, err)
		}
	}
	for _, list := range []string{"10.0.0.0/33", "localhost", "loopback;private", "10.0.0"} {
		if _, err := ParseProxies(list); !errors.Is(err, ErrProxies) {
			t.Errorf("%q: got %v, want ErrProxies", list, err)
		}
	}
}

func TestForgedHeadersOfStrangersChangeNothing(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Proxies = Proxies{} })
	want := h.hit(beaconA)
	for _, header := range []string{"X-Forwarded-For: 203.0.113.7", "Forwarded: for=203.0.113.7", "X-Real-IP: 203.0.113.7", "CF-Connecting-IP: 203.0.113.7"} {
		if got := h.hit(beaconA, header); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: changed the hit", header)
		}
	}
}

func TestTheNamedHeaderAloneIsBelieved(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.ClientIPHeader = "cf-connecting-ip" })
	want := h.hit(beaconA, "CF-Connecting-IP: 203.0.113.7").Visitor
	if got := h.hit(beaconA, "CF-Connecting-IP: garbage", "X-Forwarded-For: 203.0.113.8"); got.Visitor == want {
		t.Error("want the proxy's own address where the named header holds garbage")
	}
	if got := h.hit(beaconA, "CF-Connecting-IP: 203.0.113.7:99", "X-Forwarded-For: 203.0.113.8"); got.Visitor != want {
		t.Error("want the named header to decide")
	}
	if got := h.hit(beaconA, "X-Forwarded-For: 203.0.113.7"); got.Visitor == want {
		t.Error("want X-Forwarded-For ignored where another header is named")
	}
}

func TestSitesBehindASilentProxyAreNoticed(t *testing.T) {
	h := newHouse(t)
	h.set("second.example", "floor", "1")
	second := `{"n":"pageview","u":"https://second.example/"}`
	h.send(beaconA, "X-Forwarded-For: 192.168.1.1")
	h.send(beaconA, "X-Forwarded-For: 192.168.1.1")
	h.send(second, "X-Forwarded-For: 203.0.113.7")
	h.send(`{"n":"pageview","u":"https://nobody.example/"}`)
	if got, want := h.door.Unproxied(), []Unproxied{{"example.com", 2}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	h.send(beaconA, "X-Forwarded-For: 192.168.1.2")
	h.send(beaconA, "X-Forwarded-For: 192.168.1.1")
	if got := h.door.Unproxied(); len(got) != 0 {
		t.Errorf("got %v after two addresses, want none", got)
	}
}
