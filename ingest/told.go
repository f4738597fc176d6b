package ingest

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fastjson"

	"footfall/aggregate"
)

// Back ends and log shippers send events with a token of the scope send, one or
// many at a time: a list, or one object a line. They speak for visitors, so their
// events may carry what is otherwise taken from the request and never from a body:
//
//	ip          the visitor's address; missing: not known
//	user_agent  the visitor's; missing: not known, and no sign of a bot
//	language    as in Accept-Language
//	time        RFC 3339, at most half an hour ago; missing: now
//
// Everything else is as for any beacon: the same clerk, the same reasons. What
// the request's own headers say of an objection holds for all of its events. A
// token's events are not held back by the rate of the network they come from.

// maxLate is how long ago an event may have happened, and maxAhead how far its
// clock may be ahead of this one.
const (
	maxLate  = 30 * time.Minute
	maxAhead = time.Minute
)

var (
	headerAuthenticate = []byte("Www-Authenticate")
	valueBearer        = []byte("Bearer")
	bodyNoToken        = []byte(`{"error":"Missing or invalid API key. Send a token with the scope send for this site as \"Authorization: Bearer TOKEN\"."}`)
)

// bearer is the token of a request, "" if there is none.
func bearer(h *fasthttp.RequestHeader) string {
	scheme, token, _ := bytes.Cut(h.PeekCanonical(headerAuthorization), []byte(" "))
	if !bytes.EqualFold(scheme, valueBearer) {
		return ""
	}
	return borrow(bytes.TrimSpace(token))
}

// told is one request with a token.
type told struct {
	door    *Door
	ticket  *Ticket
	token   string
	request Caller // what the request itself says
	valid   bool   // the token was good for something
	refused bool   // it was not good for a site
	answer  toldAnswer
}

// toldAnswer says what became of many events.
type toldAnswer struct {
	Events  int            `json:"events"`
	Counted int            `json:"counted"` // by all of their sites
	Dropped map[string]int `json:"dropped"` // events by reason
	Invalid int            `json:"invalid"`
	Failed  int            `json:"failed"` // not counted for no fault of theirs: to be sent again
	Results []toldResult   `json:"results"`
}

// toldResult says what became of one event.
type toldResult struct {
	Counted bool                `json:"counted"`
	Dropped []string            `json:"dropped,omitempty"`
	Errors  map[string][]string `json:"errors,omitempty"`
	Failed  bool                `json:"failed,omitempty"`
}

var toldParsers = sync.Pool{New: func() any { return new(fastjson.Parser) }}

// serveTold answers a request with a token.
func (d *Door) serveTold(ctx *fasthttp.RequestCtx, token string) {
	t := takeTicket()
	defer t.giveBack()
	d.readCaller(ctx, t)
	w := &told{door: d, ticket: t, token: token, request: t.caller, answer: toldAnswer{Dropped: map[string]int{}}}
	if w.valid, _ = d.Senders.MaySend(token, ""); !w.valid {
		refuseToken(ctx)
		return
	}
	body := bytes.TrimSpace(ctx.PostBody())
	t.big = len(body) > bigBody
	if object, err := t.ParseObject(body); err == nil {
		if string(ctx.Request.Header.PeekCanonical(headerDebug)) == "true" {
			w.debugOne(ctx, object)
		} else {
			w.serveOne(ctx, object)
		}
		return
	}
	if !w.readMany(body) {
		t.Reset()
		t.problem("request", ErrBody.Error())
		answerJSON(ctx, fasthttp.StatusBadRequest, t.appendProblems(nil))
		return
	}
	encoded, err := json.Marshal(&w.answer)
	if err != nil {
		answer(ctx, fasthttp.StatusInternalServerError, []byte("BUG: the answer has no JSON form."))
		return
	}
	answerJSON(ctx, fasthttp.StatusAccepted, encoded)
}

func refuseToken(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.SetCanonical(headerAuthenticate, valueBearer)
	answerJSON(ctx, fasthttp.StatusUnauthorized, bodyNoToken)
}

// serveOne answers for one event as for any beacon.
func (w *told) serveOne(ctx *fasthttp.RequestCtx, object *fastjson.Object) {
	out := w.take(object)
	switch {
	case len(w.ticket.Problems) > 0:
		answerJSON(ctx, fasthttp.StatusBadRequest, w.ticket.appendProblems(nil))
	case w.refused:
		refuseToken(ctx)
	default:
		w.door.answerOutcome(ctx, out)
	}
}

// debugOne answers what would become of one event.
func (w *told) debugOne(ctx *fasthttp.RequestCtx, object *fastjson.Object) {
	t := w.ticket
	t.Reset()
	t.ReadObject(object)
	t.readVisitor(object, &w.request)
	if len(t.Problems) > 0 {
		answerJSON(ctx, fasthttp.StatusBadRequest, t.appendProblems(nil))
		return
	}
	w.door.serveDebug(ctx, t, nil)
}

// readMany takes a list of objects, or one object a line. ok is false for what is
// neither.
func (w *told) readMany(body []byte) (ok bool) {
	parser := toldParsers.Get().(*fastjson.Parser)
	if len(body) <= bigBody {
		defer toldParsers.Put(parser)
	}
	if len(body) == 0 || tooDeep(borrow(body)) {
		return false
	}
	if body[0] == '[' {
		list, err := parser.ParseBytes(body)
		if err != nil {
			return false
		}
		for _, v := range list.GetArray() {
			object, _ := v.Object() // nil if it is none
			w.add(object)
		}
		return true
	}
	if body[0] != '{' {
		return false
	}
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		object, _ := w.ticket.ParseObject(line) // nil if it is none
		w.add(object)
	}
	return true
}

// add takes one event of many and notes what became of it.
func (w *told) add(object *fastjson.Object) {
	a, result := &w.answer, toldResult{}
	out := w.take(object)
	switch {
	case len(w.ticket.Problems) > 0:
		a.Invalid++
		result.Errors = map[string][]string{}
		for _, p := range w.ticket.Problems {
			result.Errors[p.Field] = append(result.Errors[p.Field], p.Message)
		}
	case out.failed:
		a.Failed++
		result.Failed = true
	case out.dropped > 0:
		result.Dropped = out.reasons
		for _, reason := range out.reasons {
			a.Dropped[reason]++
		}
	default:
		a.Counted++
		result.Counted = true
	}
	a.Events++
	a.Results = append(a.Results, result)
}

// take hands one event on.
func (w *told) take(object *fastjson.Object) (out outcome) {
	t := w.ticket
	t.Reset()
	if object == nil {
		t.problem("request", ErrBody.Error())
		return out
	}
	t.ReadObject(object)
	t.readVisitor(object, &w.request)
	if len(t.Problems) > 0 {
		return out
	}
	for _, site := range t.Sites() {
		if _, allowed := w.door.Senders.MaySend(w.token, site); !allowed {
			w.refused = true
			out.drop(UnknownSite)
			continue
		}
		dropped, err := w.door.Receive(t, site, &t.caller, w.request.At)
		switch {
		case err != nil:
			w.door.logFailure(err, w.request.At)
			out.failed = true
		case dropped != "":
			out.drop(dropped)
		}
	}
	return out
}

// Receive passes on what somebody else tells of a visitor: a back end, or a web
// server's log that is followed. dropped is "" when t's beacon was counted, else the
// reason. It may be told up to half an hour late. An error means that it is not
// counted and may be told again.
func (d *Door) Receive(t *Ticket, site aggregate.Site, who *Caller, now time.Time) (dropped string, err error) {
	settings, detail := d.settings(t, site), ""
	switch {
	case objects(settings, who):
		return OptOut, nil
	case who.At.Before(now.Add(-maxLate)):
		dropped = Late // and makes no salt for a day that is over
	case who.At.After(now.Add(maxAhead)):
		dropped = Future
	default:
		if dropped, detail, err = d.Clerk.Admit(t, site, settings, who); err != nil {
			return "", err
		}
	}
	if dropped != "" {
		d.Sink.Refuse(site, t.reason(dropped, detail))
		return dropped, nil
	}
	return d.Sink.Hit(&t.Hit)
}

// readVisitor reads for whom an event speaks into t.caller.
func (t *Ticket) readVisitor(object *fastjson.Object, request *Caller) {
	who := &t.caller
	*who = Caller{At: request.At, GPC: request.GPC, DNT: request.DNT, Addr: netip.IPv4Unspecified()}
	who.Language = strings.TrimSpace(textOf(object.Get("language")))
	if text := textOf(object.Get("user_agent")); text != "" {
		who.Agent = []byte(text)
	} else {
		who.NoAgent = true
	}
	if v := object.Get("ip"); v != nil && v.Type() != fastjson.TypeNull {
		addr, err := netip.ParseAddr(textOf(v))
		if who.Addr = plain(addr); err != nil {
			t.problem("ip", "is no address")
		}
	}
	if v := object.Get("time"); v != nil && v.Type() != fastjson.TypeNull {
		at, err := time.Parse(time.RFC3339, textOf(v))
		if who.At = at; err != nil {
			t.problem("time", "is not RFC 3339, such as 2026-05-04T12:00:00Z")
		}
	}
}
