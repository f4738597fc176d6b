package ingest

import (
	"net/netip"
	"strings"
	"sync"

	"github.com/valyala/fastjson"

	"footfall/aggregate"
	"footfall/ingest/source"
)

// Ticket is the memory in which one beacon is read, judged and made into a hit.
// It serves one beacon after the other, one at a time; Reset, and every reading
// of a body, voids all texts that came out of it.
type Ticket struct {
	Beacon   Beacon
	Problems []Problem // why the beacon is refused; empty = nothing is wrong
	Hit      aggregate.Hit
	// Fallback is the site of a beacon that names none; "" = the host of its page.
	Fallback aggregate.Site

	text      scratch
	parser    fastjson.Parser
	inner     fastjson.Parser // of JSON within texts
	fields    [keys]field
	tagged    tagged
	form      bool // fields came from a form: all are texts
	clickable clickable
	origin    source.Input
	settings  aggregate.Settings
	caller    Caller
	chain     []netip.Addr // of forwarding headers
	sites     []aggregate.Site
	pressure  pressure
	big       bool // not worth keeping
}

// Reset makes the ticket ready for the next beacon.
func (t *Ticket) Reset() {
	t.text.reset()
	t.fields = [keys]field{}
	t.tagged.reset()
	t.clickable = clickable{}
	t.form = false
	t.Problems = t.Problems[:0]
	t.sites = t.sites[:0]
}

// bigBody is the length from which a body's ticket is left to the collector: the
// parser keeps a value for every item it has ever seen.
const bigBody = 8 << 10

var tickets = sync.Pool{New: func() any { return new(Ticket) }}

func takeTicket() *Ticket { return tickets.Get().(*Ticket) }

// giveBack ends all texts of t. The hit must not be in use any more.
func (t *Ticket) giveBack() {
	if t.big {
		return
	}
	t.Reset()
	t.caller = Caller{}
	tickets.Put(t)
}

// Sites are the sites that the beacon is for: at least one, where there are no
// Problems.
func (t *Ticket) Sites() []aggregate.Site { return t.sites }

// ProblemText is all problems in one line; "" = none.
func (t *Ticket) ProblemText() string {
	var text strings.Builder
	for i, p := range t.Problems {
		if i > 0 {
			text.WriteString("; ")
		}
		text.WriteString(p.Field + " " + p.Message)
	}
	return text.String()
}
