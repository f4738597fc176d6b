package ingest

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/ingest/agent"
	"footfall/ingest/visitor"
)

// checkText fails on a text that must not be counted.
func checkText(t *testing.T, what, text string, limit int) {
	t.Helper()
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		t.Errorf("%s: %q is not clean", what, text)
	}
	if len(text) > limit {
		t.Errorf("%s: got %d bytes, want at most %d", what, len(text), limit)
	}
}

func FuzzBeaconBody(f *testing.F) {
	for _, body := range []string{
		beaconA, gateBody, `{}`, `{"n":1,"u":"data:x","p":"{\"a\":[]}"}`, `{"n":"engagement","sd":1e9,"e":-1,"u":"app://x#y?z"}`,
		element("click", `"k":["a|b","off"],"l":"https://other.example/x.a","t":[[" event-a=\"b"],["plausible-event-name=c+d","footfall-revenue-amount--1"]]`),
		"n=a&u=https%3A%2F%2Fexample.com%2F&p=%7B%7D", "{\"n\":\"\xff\\u001f\",\"u\":\"http://[::1]:1/%1f\",\"h\":1}",
	} {
		f.Add([]byte(body), false)
		f.Add([]byte(body), true)
	}
	salts := visitor.NewSalts(visitor.Options{})
	f.Cleanup(func() { salts.Close() })
	clerk := NewClerk(salts, agent.NewParser(0), nil)
	settings := aggregate.DefaultSettings()
	who := &Caller{At: time.Unix(1777900000, 0), Addr: netip.MustParseAddr("203.0.113.7"), Agent: []byte(person)}
	ticket := new(Ticket)
	f.Fuzz(func(t *testing.T, body []byte, form bool) {
		kind := contentText
		if form {
			kind = contentForm
		}
		if len(body) > MaxBody || ticket.readBody(kind, body) != nil || len(ticket.Problems) > 0 {
			return
		}
		if len(ticket.Sites()) == 0 {
			t.Errorf("%q is valid and has no site", body)
		}
		for _, site := range ticket.Sites() {
			if dropped, _, err := clerk.Admit(ticket, site, &settings, who); dropped != "" || err != nil {
				continue
			}
			checkHit(t, &ticket.Hit)
		}
	})
}

func checkHit(t *testing.T, h *aggregate.Hit) {
	for d, value := range h.Facts {
		for part := range strings.SplitSeq(value, aggregate.Separator) {
			checkText(t, aggregate.Dimension(d).String(), part, 2*maxPath)
		}
	}
	checkText(t, "page", h.Facts[aggregate.Page], maxPath)
	for _, p := range h.Props {
		checkText(t, "property key", p.Key, maxPropKey)
		checkText(t, "property value", p.Value, maxPropValue)
	}
	if page := h.Facts[aggregate.Page]; page == "" || len(h.Props) > maxProps+1 || h.Scroll > 100 || h.Engaged < 0 {
		t.Errorf("got page %q, %d properties, scroll %d, %d ms", page, len(h.Props), h.Scroll, h.Engaged)
	}
}

func FuzzForwardedHeaders(f *testing.F) {
	f.Add("1.1.1.1, 203.0.113.5", `for="[2001:db8::1]:4711";by=x, for=_a`)
	f.Add(",,[::1]:99999,unknown", `for="\"`)
	proxies, err := ParseProxies("loopback,private")
	if err != nil {
		f.Fatal(err)
	}
	peer := netip.MustParseAddr("127.0.0.1")
	f.Fuzz(func(t *testing.T, list, forwarded string) {
		for _, chain := range [][]netip.Addr{appendList(nil, list), appendForwarded(nil, forwarded)} {
			client, via := proxies.client(peer, chain)
			if !client.IsValid() || client.Is4In6() || client.Zone() != "" {
				t.Errorf("got client %v", client)
			}
			for _, addr := range via {
				if !proxies.Trust(addr) {
					t.Errorf("passed %v, which nobody trusts", addr)
				}
			}
		}
		// What stands in front of an honest proxy's word changes nothing.
		honest := netip.MustParseAddr("198.51.100.77")
		if got, _ := proxies.client(peer, appendList(nil, list+", 198.51.100.77")); got != honest {
			t.Errorf("%q: got %v, want what the proxy said", list, got)
		}
		got, _ := proxies.client(peer, appendForwarded(nil, forwarded+", for=198.51.100.77"))
		if got != honest && got != peer {
			t.Errorf("%q: got %v, want what the proxy said or the proxy", forwarded, got)
		}
	})
}

func FuzzPathMasking(f *testing.F) {
	for _, path := range []string{"/u/jane@example.org", "/%40a@b.cc@d.ee", "/550e8400-e29b-41d4-a716-446655440000", "/5f4dcc3b5aa765d61d8327deb882cf99==", "/ü@ü.üü"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		var s scratch
		path = s.clean(path)
		got := strings.Clone(s.mask(path))
		checkText(t, "masked", got, 3*len(path)+10)
		if again := s.mask(got); again != got {
			t.Errorf("%q: masked to %q, and again to %q", path, got, again)
		}
	})
}

// checkingSink fails on a hit or a reason that must not be counted.
type checkingSink struct{ t *testing.T }

func (s *checkingSink) Hit(h *aggregate.Hit) (string, error) {
	checkHit(s.t, h)
	return "", nil
}

func (s *checkingSink) Refuse(_ aggregate.Site, reason string) {
	checkText(s.t, "reason", reason, 200)
}

func FuzzOtherDoors(f *testing.F) {
	f.Add("/count?p=/a%3Fx=1&q=%3Futm_source=a&e=1&b=0&r=https%3A%2F%2Fx.example", "https://example.com/", "")
	f.Add("/count?p=https%3A%2F%2Fexample.com%2F%23&b=150", "https://[::1]:1/", "")
	f.Add("/api/send", "null", `{"type":"event","payload":{"website":"example.com","url":"/a?b#c","hostname":"example.com","name":"n","data":{"a":[1]}}}`)
	f.Add("/api/send", "https://a.example:99999/", `{"type":"identify","payload":{"website":"","url":"data:x"}}`)
	f.Add("/api/event", "", `[{"n":"a","u":"https://example.com/","ip":"::ffff:1.2.3.4","time":"2026-05-04T12:00:00Z"},7,[]]`)
	f.Add("/api/event", "", "{\"n\":\"a\",\"u\":\"https://example.com/\"}\n{\n\n{\"time\":\"x\"}")
	h := newHouse(f)
	h.options.Senders = testSenders{}
	f.Fuzz(func(t *testing.T, target, origin, body string) {
		h.options.Sink = &checkingSink{t}
		h.door = New(h.options)
		var ctx fasthttp.RequestCtx
		ctx.Init(&fasthttp.Request{}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, nil)
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI(target)
		ctx.Request.Header.SetUserAgent(person)
		ctx.Request.Header.Set("Origin", origin)
		ctx.Request.Header.Set("Referer", origin)
		ctx.Request.Header.Set("Authorization", "Bearer all")
		ctx.Request.SetBodyString(body)
		h.route(&ctx)
		if status := ctx.Response.StatusCode(); status >= 500 {
			t.Errorf("%s with %q: got %d", target, body, status)
		}
	})
}

func FuzzPatternsAndTidyPaths(f *testing.F) {
	f.Add("/a*/**/b", "/aX/y/z/b")
	f.Add("**", "//A/../index.html/#/B/")
	f.Fuzz(func(t *testing.T, glob, path string) {
		var s scratch
		path = cut(s.clean(path), maxPath)
		tidied := strings.Clone(s.tidy(path))
		checkText(t, "tidied", tidied, 3*len(path)+10)
		if again := s.tidy(tidied); again != tidied && !strings.Contains(tidied, "/index.") && !strings.Contains(tidied, "/default.") {
			t.Errorf("%q: tidied to %q, and again to %q", path, tidied, again)
		}
		if len(path) <= aggregate.MaxGlob && !aggregate.MatchGlob(path, path) {
			t.Errorf("%q does not match itself", path)
		}
		aggregate.MatchGlob(glob, path)
		if !aggregate.MatchGlob("**", path) {
			t.Errorf("** does not match %q", path)
		}
	})
}
