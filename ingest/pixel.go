package ingest

import (
	"encoding/base64"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// pixel is a transparent GIF of one point: 43 bytes.
var pixel, _ = base64.StdEncoding.DecodeString("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")

var (
	contentGIF  = []byte("image/gif")
	valueGet    = []byte("GET")
	bodyGetOnly = []byte("The pixel is fetched with GET.")
)

// ServePixel answers GET /pixel.gif, an image for pages without scripts. The
// query holds a beacon's keys; the page is the Referer's where none is named,
// and the event a pageview. The answer is the image whatever happens, since a
// page shows it: the reason for a refusal stands in the header.
func (d *Door) ServePixel(ctx *fasthttp.RequestCtx) {
	if !ctx.IsGet() {
		ctx.Response.Header.SetCanonical(headerAllow, valueGet)
		answer(ctx, fasthttp.StatusMethodNotAllowed, bodyGetOnly)
		return
	}
	t := takeTicket()
	defer t.giveBack()
	t.readPixel(borrow(ctx.URI().QueryString()), borrow(ctx.Request.Header.Referer()))
	d.readCaller(ctx, t)
	h := &ctx.Response.Header
	status := fasthttp.StatusOK
	if len(t.Problems) > 0 {
		status = fasthttp.StatusBadRequest
		h.SetCanonical(headerFootfallDropped, []byte("invalid: "+t.ProblemText()))
	} else if out := d.receive(t); out.failed {
		status = fasthttp.StatusServiceUnavailable
	} else {
		out.droppedHeaders(h)
		if out.far {
			status = fasthttp.StatusTooManyRequests
		}
	}
	h.SetCanonical(headerCacheControl, valueNoStore)
	h.SetCanonical(headerResourcePolicy, valueForeign)
	ctx.SetStatusCode(status)
	ctx.SetContentTypeBytes(contentGIF)
	ctx.Response.SetBodyRaw(pixel)
}

// readPixel reads a query, with what an image's request tells besides.
func (t *Ticket) readPixel(query, referer string) {
	t.Reset()
	t.form, t.big = true, false
	t.fields[keyNameLong] = field{kind: textField, text: aggregate.PageviewName}
	t.fields[keyURLLong] = field{kind: textField, text: referer}
	t.readForm(query)
	t.read()
}
