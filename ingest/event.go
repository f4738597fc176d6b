package ingest

import (
	"bytes"
	"fmt"

	"github.com/valyala/fasthttp"
)

// Headers of answers.
var (
	headerPlausibleDropped = []byte("X-Plausible-Dropped")
	headerFootfallDropped  = []byte("X-Footfall-Dropped")
	headerAllow            = []byte("Allow")
	headerAllowOrigin      = []byte("Access-Control-Allow-Origin")
	headerAllowMethods     = []byte("Access-Control-Allow-Methods")
	headerAllowHeaders     = []byte("Access-Control-Allow-Headers")
	headerExposeHeaders    = []byte("Access-Control-Expose-Headers")
	headerMaxAge           = []byte("Access-Control-Max-Age")
	headerCacheControl     = []byte("Cache-Control")
	headerRetryAfter       = []byte("Retry-After")
	headerResourcePolicy   = []byte("Cross-Origin-Resource-Policy")

	valueAny      = []byte("*")
	valueMethods  = []byte("POST, OPTIONS")
	valueHeaders  = []byte("Content-Type, X-Debug-Request")
	valueExposed  = []byte("X-Footfall-Dropped, X-Plausible-Dropped")
	valueDay      = []byte("86400")
	valueNoStore  = []byte("no-store")
	valueMinute   = []byte("60")
	valueForeign  = []byte("cross-origin")
	contentText   = []byte("text/plain; charset=utf-8")
	contentJSON   = []byte("application/json; charset=utf-8")
	contentForm   = []byte("application/x-www-form-urlencoded")
	bodyOK        = []byte("ok")
	bodyTooLarge  = []byte("The request body is larger than 64 KiB.")
	bodyTooMany   = []byte("Too many debug requests from this address; try again in a minute.")
	bodyFarAbove  = []byte("Too many events from your network; try again in a minute.")
	bodyNotNow    = []byte("The event could not be counted; the server's log says more.")
	bodyNotMethod = []byte("Events are sent with POST.")
)

// ServeEvent answers POST /api/event, and the preflight to it.
func (d *Door) ServeEvent(ctx *fasthttp.RequestCtx) {
	ctx.Response.Header.SetCanonical(headerAllowOrigin, valueAny)
	switch {
	case ctx.IsPost():
		d.servePost(ctx)
	case ctx.IsOptions():
		preflight(ctx)
	default:
		ctx.Response.Header.SetCanonical(headerAllow, valueMethods)
		answer(ctx, fasthttp.StatusMethodNotAllowed, bodyNotMethod)
	}
}

func preflight(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	h.SetCanonical(headerAllowMethods, valueMethods)
	h.SetCanonical(headerAllowHeaders, valueHeaders)
	h.SetCanonical(headerMaxAge, valueDay)
	ctx.SetStatusCode(fasthttp.StatusNoContent)
}

func (d *Door) servePost(ctx *fasthttp.RequestCtx) {
	body := ctx.PostBody()
	if len(body) > MaxBody {
		answer(ctx, fasthttp.StatusRequestEntityTooLarge, bodyTooLarge)
		return
	}
	if d.Senders != nil {
		if token := bearer(&ctx.Request.Header); token != "" {
			d.serveTold(ctx, token)
			return
		}
	}
	t := takeTicket()
	defer t.giveBack()
	t.big = len(body) > bigBody
	if err := t.readBody(ctx.Request.Header.ContentType(), body); err != nil {
		t.problem("request", err.Error())
	}
	via := d.readCaller(ctx, t)
	switch {
	case len(t.Problems) > 0:
		answerJSON(ctx, fasthttp.StatusBadRequest, t.appendProblems(nil))
	case string(ctx.Request.Header.PeekCanonical(headerDebug)) == "true":
		d.serveDebug(ctx, t, via)
	default:
		d.answerOutcome(ctx, d.receive(t))
	}
}

// readBody reads a body that is JSON whatever it is called, or else a form.
// Command line tools call JSON a form unless told otherwise.
func (t *Ticket) readBody(contentType, body []byte) error {
	form := len(contentType) >= len(contentForm) && bytes.EqualFold(contentType[:len(contentForm)], contentForm)
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); form && len(trimmed) > 0 && trimmed[0] != '{' {
		t.ReadForm(body)
		return nil
	}
	return t.ReadJSON(body)
}

func (d *Door) answerOutcome(ctx *fasthttp.RequestCtx, out outcome) {
	if out.failed {
		answer(ctx, fasthttp.StatusServiceUnavailable, bodyNotNow)
		return
	}
	if out.dropped > 0 {
		ctx.Response.Header.SetCanonical(headerExposeHeaders, valueExposed)
		out.droppedHeaders(&ctx.Response.Header)
	}
	if out.far {
		ctx.Response.Header.SetCanonical(headerRetryAfter, valueMinute)
		answer(ctx, fasthttp.StatusTooManyRequests, bodyFarAbove)
		return
	}
	answer(ctx, fasthttp.StatusAccepted, bodyOK)
}

func answer(ctx *fasthttp.RequestCtx, status int, body []byte) {
	ctx.SetStatusCode(status)
	ctx.SetContentTypeBytes(contentText)
	ctx.Response.SetBodyRaw(body)
}

func answerJSON(ctx *fasthttp.RequestCtx, status int, body []byte) {
	ctx.SetStatusCode(status)
	ctx.SetContentTypeBytes(contentJSON)
	ctx.Response.SetBodyRaw(body)
}

// appendProblems appends {"errors":{"field":["message"]}}. Fields and messages
// are our own words: nothing in them needs escaping.
func (t *Ticket) appendProblems(dst []byte) []byte {
	dst = append(dst, `{"errors":{`...)
	for i, p := range t.Problems {
		switch {
		case i > 0 && t.Problems[i-1].Field == p.Field:
			dst = append(dst, ',')
		case i > 0:
			dst = append(dst, `],"`...)
			dst = append(append(dst, p.Field...), `":[`...)
		default:
			dst = append(dst, '"')
			dst = append(append(dst, p.Field...), `":[`...)
		}
		dst = append(append(append(dst, '"'), p.Message...), '"')
	}
	return append(dst, "]}}"...)
}

// errorKind is what may be logged of an error: its innermost type.
func errorKind(err error) string {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok || inner.Unwrap() == nil {
			return fmt.Sprintf("%T", err)
		}
		err = inner.Unwrap()
	}
}
