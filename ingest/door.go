package ingest

import (
	"log/slog"
	"net"
	"net/netip"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/ingest/agent"
)

// Sites knows the sites that are counted.
type Sites interface {
	// Settings are those of a site, if there is one. The name may be anything, and
	// is borrowed.
	Settings(site aggregate.Site) (settings aggregate.Settings, ok bool)
}

// Senders knows the tokens with which back ends speak for their visitors.
type Senders interface {
	// MaySend reports whether there is a token that may send, and whether it covers
	// a site. Both are borrowed and may be anything.
	MaySend(token string, site aggregate.Site) (valid, allowed bool)
}

// Sink is where hits go: the live engine.
type Sink interface {
	// Hit counts h, whose strings are borrowed during the call. dropped is "" when
	// it was counted, else the reason, which the sink has put into its ledger. An
	// error means that the hit is not counted and that nobody knows why.
	Hit(h *aggregate.Hit) (dropped string, err error)
	// Refuse puts a reason into the ledger of a site, with its detail behind a
	// colon where there is one: "bot: crawler", "hostname: copied.example". Both
	// are borrowed. With the reason UnknownSite the site is none: anything anybody
	// sends.
	Refuse(site aggregate.Site, reason string)
}

// Options are what a Door needs.
type Options struct {
	Clerk *Clerk
	Sites Sites
	Sink  Sink
	// Proxies may tell the client's address. The zero value trusts nobody.
	Proxies Proxies
	// ClientIPHeader is the one header in which they do; "" = X-Forwarded-For and,
	// where that is missing, Forwarded.
	ClientIPHeader string
	// CountryHeader is the header in which they tell the client's country, such as
	// CF-IPCountry; "" = they do not.
	CountryHeader string
	// Websites finds the site behind a website id of Umami's; nil = there are none.
	// The id may be anything, and is borrowed.
	Websites func(id string) (aggregate.Site, bool)
	// Senders knows the tokens of back ends; nil = nobody may speak for visitors.
	Senders Senders
	// Rate is how many beacons a minute are taken from one network; 0 = any number.
	Rate int
	// Pace is how many pages and events a minute one visitor may send before it is
	// taken for a program; 0 = any number.
	Pace int
	// Clock tells the time of beacons; nil = time.Now.
	Clock func() time.Time
	// Logger hears of hits that could not be counted; nil = nobody does.
	Logger *slog.Logger
}

// Door serves beacons over HTTP. Safe for concurrent use.
type Door struct {
	Options
	// forwarding are the headers that tell the client's address, in the spelling in
	// which the server keeps them; the first that is there counts.
	forwarding []string
	nearby     nearby
	rate       *buckets // nil = no limit
	pace       *pace    // nil = no limit
	debug      *buckets
	failed     atomic.Int64 // minute of the last logged failure
}

// New makes a Door.
func New(o Options) *Door {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Door{Options: o, forwarding: []string{"X-Forwarded-For", "Forwarded"}, debug: newBuckets(debugPerMinute)}
	if name := strings.TrimSpace(o.ClientIPHeader); name != "" {
		d.forwarding = []string{textproto.CanonicalMIMEHeaderKey(name)}
	}
	if o.Rate > 0 {
		d.rate = newBuckets(o.Rate)
	}
	if o.Pace > 0 {
		d.pace = newPace(o.Pace)
	}
	return d
}

// outcome is what became of a beacon at all of its sites.
type outcome struct {
	dropped int      // number of sites that did not count it
	reasons []string // different ones, in the order of the sites
	failed  bool     // a sink or salt error: not counted, for no reason of the visitor's
	far     bool     // so many came from the sender's network that it is told so
}

func (o *outcome) drop(reason string) {
	o.dropped++
	if !slices.Contains(o.reasons, reason) {
		o.reasons = append(o.reasons, reason)
	}
}

// receive hands the ticket's beacon to each of its sites.
func (d *Door) receive(t *Ticket) (out outcome) {
	t.pressure = unmeasured
	for _, site := range t.Sites() {
		dropped, err := d.receiveFor(t, site)
		switch {
		case err != nil:
			d.logFailure(err, t.caller.At)
			out.failed = true
		case dropped != "":
			out.drop(dropped)
		}
	}
	out.far = t.pressure == farAbove
	return out
}

// logFailure logs one failure a minute: where one beacon cannot be counted, the
// next thousand cannot either. The error's text may hold what must not be logged;
// its type does not.
func (d *Door) logFailure(err error, now time.Time) {
	if minute := now.Unix() / 60; d.failed.Swap(minute) != minute {
		d.Logger.Error("beacons could not be counted", "kind", errorKind(err))
	}
}

func (d *Door) receiveFor(t *Ticket, site aggregate.Site) (dropped string, err error) {
	settings := d.settings(t, site)
	if objects(settings, &t.caller) {
		return OptOut, nil
	}
	if d.measure(t) > bearable {
		d.Sink.Refuse(site, Rate)
		return Rate, nil
	}
	dropped, detail, err := d.Clerk.Admit(t, site, settings, &t.caller)
	if err != nil {
		return "", err
	}
	if settings != nil {
		d.nearby.see(site, t.caller.Addr)
	}
	if dropped == "" && d.isTooFast(t) {
		dropped, detail = Bot, agent.BotBehaviour
	}
	if dropped != "" {
		d.Sink.Refuse(site, t.reason(dropped, detail))
		return dropped, nil
	}
	return d.Sink.Hit(&t.Hit)
}

// isTooFast reports whether the visitor is faster than people. Addresses nearby are
// left out as they are from the rate, and those that belong to nobody: whoever
// measures a server makes its visitors of them.
func (d *Door) isTooFast(t *Ticket) bool {
	return d.pace != nil && d.pace.exceeded(t.Hit.Visitor, t.caller.At, t.Beacon.Kind != aggregate.Engagement) &&
		!isNearby(t.caller.Addr) && !isNobodys(t.caller.Addr)
}

// measure takes a token for the beacon, once for all of its sites, and after
// objections: what an objector sends takes nothing from anybody. Addresses of this
// machine and of private networks have no limit: they are proxies that do not
// pass on whom they speak for, or the owner's own.
func (d *Door) measure(t *Ticket) pressure {
	if t.pressure == unmeasured {
		t.pressure = bearable
		if d.rate != nil && !isNearby(t.caller.Addr) {
			t.pressure = d.rate.take(t.caller.Addr, t.caller.At)
		}
	}
	return t.pressure
}

// reason is a reason with its detail, as the ledger has it.
func (t *Ticket) reason(dropped, detail string) string {
	if detail == "" {
		return dropped
	}
	mark := len(t.text.b)
	t.text.b = append(append(append(t.text.b, dropped...), ": "...), detail...)
	return t.text.from(mark)
}

// settings are those of a site, nil if there is no such site.
func (d *Door) settings(t *Ticket, site aggregate.Site) *aggregate.Settings {
	var ok bool
	if t.settings, ok = d.Sites.Settings(site); !ok {
		return nil
	}
	return &t.settings
}

// Headers that are asked for one by one, in the spelling in which the server keeps
// them.
var (
	headerAuthorization = []byte("Authorization")
	headerDebug         = []byte("X-Debug-Request")
)

// readCaller finds out who sent the request, and which proxies were believed.
func (d *Door) readCaller(ctx *fasthttp.RequestCtx, t *Ticket) (via []netip.Addr) {
	h := &ctx.Request.Header
	who := &t.caller
	*who = Caller{At: d.Clock()}
	who.hear(h)
	peer := peerAddr(ctx.RemoteAddr())
	t.chain = t.chain[:0]
	if d.Proxies.Trust(peer) {
		t.chain = d.appendChain(t.chain, h)
		who.Country = d.toldCountry(h)
	}
	who.Addr, via = d.Proxies.client(peer, t.chain)
	if who.Addr != peer {
		// The chain ends before the peer, which is the last that was passed.
		t.chain = append(t.chain, peer)
		via = t.chain[len(t.chain)-1-len(via):]
	}
	return via
}

// Address is the address that a request comes from, behind the trusted proxies: what
// it would be for a beacon.
func (d *Door) Address(ctx *fasthttp.RequestCtx) netip.Addr {
	addr := peerAddr(ctx.RemoteAddr())
	if d.Proxies.Trust(addr) {
		addr, _ = d.Proxies.client(addr, d.appendChain(nil, &ctx.Request.Header))
	}
	return addr
}

// appendChain appends what the forwarding headers say. Several headers of one
// name are one list (RFC 9110 section 5.3).
func (d *Door) appendChain(chain []netip.Addr, h *fasthttp.RequestHeader) []netip.Addr {
	for _, name := range d.forwarding {
		for key, value := range h.All() {
			switch {
			case string(key) != name:
			case name == "Forwarded":
				chain = appendForwarded(chain, borrow(value))
			default:
				chain = appendList(chain, borrow(value))
			}
		}
		if len(chain) > 0 {
			break
		}
	}
	return chain
}

// peerAddr is the address at the other end. What is no network address, a Unix
// socket say, is this very host.
func peerAddr(addr net.Addr) netip.Addr {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		if ip, ok := netip.AddrFromSlice(tcp.IP); ok {
			return plain(ip)
		}
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

func isOne(value []byte) bool { return len(value) == 1 && value[0] == '1' }

// IsAhead recognizes the headers of requests made before anybody has seen the
// page: "prefetch", "prefetch;prerender", "prerender", "preview".
func IsAhead(value []byte) bool {
	return len(value) >= 7 && (strings.Contains(borrow(value), "prefetch") ||
		strings.Contains(borrow(value), "prerender") || strings.Contains(borrow(value), "preview"))
}

// droppedHeaders tell the sender what was dropped and why.
func (o *outcome) droppedHeaders(h *fasthttp.ResponseHeader) {
	if o.dropped == 0 {
		return
	}
	h.SetCanonical(headerPlausibleDropped, strconv.AppendInt(nil, int64(o.dropped), 10))
	h.SetCanonical(headerFootfallDropped, []byte(strings.Join(o.reasons, ", ")))
}
