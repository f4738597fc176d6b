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
