package ingest

import (
	"strings"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fastjson"

	"footfall/aggregate"
)

// Identify is the reason for which Umami's "identify" is refused: who a visitor
// is, is what nobody wants to know here.
const Identify = "identify"

// What Umami's script gets for an answer. It sends the cache back with the next
// event; session and visit are the same for all, and mean nothing.
var (
	bodyUmami = []byte(`{"cache":"none","sessionId":"00000000-0000-0000-0000-000000000000","visitId":"00000000-0000-0000-0000-000000000000"}`)
	bodyBeep  = []byte(`{"beep":"boop"}`)

	valueUmamiHeaders = []byte("*, Authorization, Content-Type, X-Umami-Cache, X-Umami-Hostname, X-Umami-Website-Id")
)

// ServeSend answers POST /api/send the way Umami does, for pages that carry its
// script (https://umami.is/docs/api/sending-stats). Which site a website id means
// is a setting of the site; a domain may stand in its place. The payload's ip,
// userAgent and timestamp are ignored, as are title, screen, tag and id.
func (d *Door) ServeSend(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	h.SetCanonical(headerAllowOrigin, valueAny)
	switch {
	case ctx.IsPost():
		d.serveSend(ctx)
	case ctx.IsOptions():
		preflight(ctx)
		h.SetCanonical(headerAllowHeaders, valueUmamiHeaders)
	default:
		h.SetCanonical(headerAllow, valueMethods)
		answer(ctx, fasthttp.StatusMethodNotAllowed, bodyNotMethod)
	}
}

func (d *Door) serveSend(ctx *fasthttp.RequestCtx) {
	body := ctx.PostBody()
	if len(body) > MaxBody {
		answer(ctx, fasthttp.StatusRequestEntityTooLarge, bodyTooLarge)
		return
	}
	t := takeTicket()
	defer t.giveBack()
	t.big = len(body) > bigBody
	d.readCaller(ctx, t)
	identify := d.readSend(t, body)
	if len(t.Problems) > 0 {
		answerJSON(ctx, fasthttp.StatusBadRequest, t.appendProblems(nil))
		return
	}
	var out outcome
	if identify {
		out = d.refuseAll(t, Identify)
	} else {
		out = d.receive(t)
	}
	d.answerUmami(ctx, &out)
}

func (d *Door) answerUmami(ctx *fasthttp.RequestCtx, out *outcome) {
	h := &ctx.Response.Header
	if out.dropped > 0 {
		h.SetCanonical(headerExposeHeaders, valueExposed)
		out.droppedHeaders(h)
	}
	switch {
	case out.failed:
		answer(ctx, fasthttp.StatusServiceUnavailable, bodyNotNow)
	case out.far:
		h.SetCanonical(headerRetryAfter, valueMinute)
		answer(ctx, fasthttp.StatusTooManyRequests, bodyFarAbove)
	case len(out.reasons) > 0 && out.reasons[0] == Bot:
		answerJSON(ctx, fasthttp.StatusOK, bodyBeep)
	default:
		answerJSON(ctx, fasthttp.StatusOK, bodyUmami)
	}
}

// refuseAll refuses the beacon for one reason, but not an objector's.
func (d *Door) refuseAll(t *Ticket, reason string) (out outcome) {
	for _, site := range t.Sites() {
		if objects(d.settings(t, site), &t.caller) {
			out.drop(OptOut)
			continue
		}
		d.Sink.Refuse(site, reason)
		out.drop(reason)
	}
	return out
}

// readSend makes t.Beacon of a body, or problems.
func (d *Door) readSend(t *Ticket, body []byte) (identify bool) {
	object, err := t.ParseObject(body)
	if err != nil {
		t.problem("request", err.Error())
		return false
	}
	payload := object.Get("payload")
	kind := textOf(object.Get("type"))
	if payload == nil || payload.Type() != fastjson.TypeObject || kind != "event" && kind != "identify" {
		t.problem("request", "wants a type, event or identify, and a payload")
		return false
	}
	site := d.websiteSite(textOf(payload.Get("website")))
	t.fields[keyDomain] = field{kind: textField, text: string(site)}
	name := textOf(payload.Get("name"))
	if strings.TrimSpace(name) == "" {
		name = aggregate.PageviewName
	}
	t.fields[keyName] = field{kind: textField, text: name}
	t.fields[keyURL] = field{kind: textField, text: t.umamiURL(textOf(payload.Get("url")), textOf(payload.Get("hostname")), site)}
	t.fields[keyReferrer] = field{kind: textField, text: textOf(payload.Get("referrer"))}
	if data := payload.Get("data"); data != nil {
		t.fields[keyProps] = t.text.fieldOf(data)
	}
	t.read()
	return kind == "identify"
}

// textOf is a JSON string's text, "" for everything else. It is borrowed.
func textOf(v *fastjson.Value) string {
	if v == nil || v.Type() != fastjson.TypeString {
		return ""
	}
	text, _ := v.StringBytes()
	return borrow(text)
}

// websiteSite is the site that a website id means; what means none stays as it
// is, and is then the name of an unknown site.
func (d *Door) websiteSite(id string) aggregate.Site {
	if d.Websites != nil {
		if site, ok := d.Websites(id); ok {
			return site
		}
	}
	return aggregate.Site(id)
}

// umamiURL is the page's address. Older scripts send path and query only, with
// the host beside them.
func (t *Ticket) umamiURL(url, host string, site aggregate.Site) string {
	if schemeEnd(url) > 0 {
		return url
	}
	if host == "" {
		host = string(site)
	}
	mark := len(t.text.b)
	t.text.b = append(append(t.text.b, "https://"...), host...)
	if !strings.HasPrefix(url, "/") {
		t.text.b = append(t.text.b, '/')
	}
	t.text.b = append(t.text.b, url...)
	return t.text.from(mark)
}
