package ingest

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// mixSink fails when a hit holds something of another beacon.
type mixSink struct {
	t    *testing.T
	hits atomic.Int64
}

func (s *mixSink) Hit(h *aggregate.Hit) (string, error) {
	id, _ := strings.CutPrefix(h.Facts[aggregate.Page], "/p")
	for range 3 { // while other beacons are read
		for _, d := range []aggregate.Dimension{aggregate.EventName, aggregate.UTMCampaign, aggregate.UTMTerm, aggregate.Hostname} {
			if !strings.HasSuffix(h.Facts[d], "x"+id) {
				s.t.Errorf("page of beacon %s with %s %q", id, d, h.Facts[d])
			}
		}
		if len(h.Props) != 1 || h.Props[0].Key != "kx"+id || h.Props[0].Value != "vx"+id {
			s.t.Errorf("page of beacon %s with properties %v", id, h.Props)
		}
		time.Sleep(time.Microsecond)
	}
	s.hits.Add(1)
	return "", nil
}

func (s *mixSink) Refuse(aggregate.Site, string) {}

// Under the race detector this also fails when anything keeps or shares a
// ticket's memory.
func TestBeaconsOfDifferentVisitorsNeverMix(t *testing.T) {
	sink := &mixSink{t: t}
	h := newHouse(t, func(o *Options) { o.Sink = sink })
	h.set("example.com", "hostnames", "any")
	const workers, each = 8, 150
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			conn, err := net.Dial("tcp", h.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			c := fasthttp.HostClient{Addr: h.addr, Dial: func(string) (net.Conn, error) { return conn, nil }}
			req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			for i := range each {
				id := fmt.Sprintf("%d", w*each+i)
				pad := strings.Repeat("+", i%7)
				req.Reset()
				req.SetRequestURI(h.url + "/api/event")
				req.Header.SetMethod("POST")
				req.Header.SetUserAgent(person + id)
				req.SetBodyString(`{"n":"nx` + id + `","u":"https://X` + id + `/p` + id + `?utm_campaign=` + pad + `cx` + id +
					`&utm_term=%74x` + id + `","d":"example.com","p":{"kx` + id + `":"vx` + id + `"}}`)
				if err := c.Do(req, resp); err != nil || resp.StatusCode() != 202 {
					t.Errorf("got %v and %d, want 202", err, resp.StatusCode())
					return
				}
			}
		})
	}
	all.Wait()
	if got := sink.hits.Load(); got != workers*each {
		t.Errorf("got %d hits, want %d", got, workers*each)
	}
}

// doorsSink checks that what belongs to one beacon came from one: each has a site
// of its own, whose name stands in everything it sends.
type doorsSink struct {
	t             *testing.T
	hits, refused atomic.Int64
}

func (s *doorsSink) Hit(h *aggregate.Hit) (string, error) {
	id, _, _ := strings.Cut(string(h.Site), ".")
	for range 3 { // while other beacons are read
		for _, d := range []aggregate.Dimension{aggregate.Page, aggregate.UTMCampaign, aggregate.Hostname, aggregate.EventName} {
			if h.Facts[d] != "pageview" && !strings.Contains(h.Facts[d], id+"x") && h.Facts[d] != string(h.Site) {
				s.t.Errorf("%s: a hit with %s %q", h.Site, d, h.Facts[d])
			}
		}
		for _, p := range h.Props {
			if p.Value != id+"x" {
				s.t.Errorf("%s: a hit with property %v", h.Site, p)
			}
		}
		time.Sleep(time.Microsecond)
	}
	s.hits.Add(1)
	return "", nil
}

func (s *doorsSink) Refuse(site aggregate.Site, reason string) {
	id, _, _ := strings.Cut(string(site), ".")
	for range 3 {
		if reason != "hostname: copied-"+id+"x.example" {
			s.t.Errorf("%s was refused for %q", site, reason)
		}
		time.Sleep(time.Microsecond)
	}
	s.refused.Add(1)
}

// mixed are requests by all doors; each ID is replaced. The last two of them are
// refused.
var mixed = []struct{ method, path, header, body string }{
	{"POST", "/api/event", "", `{"n":"pageview","u":"https://ID.example/IDx?utm_campaign=IDx","p":{"k":"IDx"}}`},
	{"POST", "/api/event", "", `n=IDx&u=https%3A%2F%2FID.example%2FIDx%3Futm_campaign%3DIDx`},
	{"GET", "/pixel.gif?u=https%3A%2F%2FID.example%2FIDx%3Futm_campaign%3DIDx", "", ""},
	{"POST", "/count?p=%2FIDx&q=utm_campaign%3DIDx", "Referer: https://ID.example/", ""},
	{"GET", "/count?p=IDx&e=1&q=utm_campaign%3DIDx", "Referer: https://ID.example/IDx", ""},
	{"POST", "/api/send", "", `{"type":"event","payload":{"website":"ID.example","hostname":"ID.example","url":"/IDx?utm_campaign=IDx","name":"IDx","data":{"k":"IDx"}}}`},
	{"POST", "/api/event", "Authorization: Bearer all", `[{"n":"IDx","u":"https://ID.example/IDx?utm_campaign=IDx","ip":"203.0.113.7","user_agent":"m"}]`},
	{"POST", "/api/event", "", `{"n":"pageview","d":"ID.example","u":"https://copied-IDx.example/IDx"}`},
	{"POST", "/api/event", "Authorization: Bearer all", `{"n":"a","d":"ID.example","u":"https://copied-IDx.example/"}` + "\n{\n" + `{"n":"a","d":"ID.example","u":"https://copied-IDx.example/"}`},
}

func TestVisitorsByDifferentDoorsNeverMix(t *testing.T) {
	sink := &doorsSink{t: t}
	h := newHouse(t, func(o *Options) { o.Sink = sink; o.Senders = testSenders{} })
	const workers, each = 8, 12
	for w := range workers * each {
		h.set(aggregate.Site(fmt.Sprintf("s%d.example", w)), "floor", "1")
	}
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			c := fasthttp.HostClient{Addr: h.addr}
			req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			for i := range each * len(mixed) {
				m, id := mixed[(i+w)%len(mixed)], fmt.Sprintf("s%d", w*each+i/len(mixed))
				req.Reset()
				req.SetRequestURI(h.url + strings.ReplaceAll(m.path, "ID", id))
				req.Header.SetMethod(m.method)
				req.Header.SetUserAgent(person + id)
				if strings.HasPrefix(m.body, "n=") {
					req.Header.SetContentTypeBytes(contentForm)
				}
				if name, value, ok := strings.Cut(m.header, ": "); ok {
					req.Header.Set(name, strings.ReplaceAll(value, "ID", id))
				}
				req.SetBodyString(strings.ReplaceAll(m.body, "ID", id))
				if err := c.Do(req, resp); err != nil || resp.StatusCode() > 202 {
					t.Errorf("%s %s: got %v and %d %s", m.method, m.path, err, resp.StatusCode(), resp.Body())
					return
				}
			}
		})
	}
	all.Wait()
	if hits, refused := sink.hits.Load(), sink.refused.Load(); hits != workers*each*7 || refused != workers*each*3 {
		t.Errorf("got %d hits and %d refusals, want %d and %d", hits, refused, workers*each*7, workers*each*3)
	}
}

func TestGivenBackTicketsHoldNothing(t *testing.T) {
	ticket := new(Ticket)
	if err := ticket.ReadJSON([]byte(beaconA)); err != nil {
		t.Fatal(err)
	}
	ticket.caller = Caller{Addr: netip.MustParseAddr("203.0.113.7"), Agent: []byte(person)}
	ticket.giveBack()
	if ticket.caller.Addr.IsValid() || ticket.caller.Agent != nil {
		t.Error("a ticket in the pool remembers its caller")
	}
}
