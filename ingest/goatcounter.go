package ingest

import (
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

var (
	headerGoatcounter = []byte("X-Goatcounter")
	valueGetPost      = []byte("GET, POST, OPTIONS")
	bodyGetPostOnly   = []byte("Visits are sent with GET or POST.")
)

// maxCountPath is the longest path that GoatCounter takes.
const maxCountPath = 2048

// ServeCount answers GET and POST /count the way GoatCounter does, for pages that
// carry its script (https://www.goatcounter.com/help/pixel lists the keys). All
// keys stand in the query: p path or name of an event, e event, r referrer, q the
// page's query, b what makes the script think of a program. Title, size and
// session keys are ignored. The answer is always the image; the status says
// whether it was counted, and X-Goatcounter why not.
//
// The site is the request's host, or else the one that the page's host (Referer,
// Origin) belongs to.
func (d *Door) ServeCount(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	h.SetCanonical(headerAllowOrigin, valueAny)
	switch {
	case ctx.IsOptions():
		preflight(ctx)
		h.SetCanonical(headerAllowMethods, valueGetPost)
		return
	case !ctx.IsGet() && !ctx.IsPost():
		h.SetCanonical(headerAllow, valueGetPost)
		answer(ctx, fasthttp.StatusMethodNotAllowed, bodyGetPostOnly)
		return
	}
	t := takeTicket()
	defer t.giveBack()
	t.big = false
	d.readCaller(ctx, t)
	d.readCount(t, borrow(ctx.URI().QueryString()), borrow(ctx.Host()))
	status, why := fasthttp.StatusOK, ""
	if len(t.Problems) > 0 {
		status, why = fasthttp.StatusBadRequest, t.ProblemText()
	} else {
		out := d.receive(t)
		out.droppedHeaders(h)
		switch {
		case out.failed:
			status, why = fasthttp.StatusServiceUnavailable, string(bodyNotNow)
		case out.far:
			status, why = fasthttp.StatusTooManyRequests, Rate
		case out.dropped > 0:
			status, why = fasthttp.StatusAccepted, strings.Join(out.reasons, ", ")
		}
	}
	if why != "" {
		h.SetCanonical(headerGoatcounter, []byte(why))
	}
	h.SetCanonical(headerCacheControl, valueNoStore)
	h.SetCanonical(headerResourcePolicy, valueForeign)
	ctx.SetStatusCode(status)
	ctx.SetContentTypeBytes(contentGIF)
	ctx.Response.SetBodyRaw(pixel)
}

// count is a query of GoatCounter's, decoded.
type count struct{ path, referrer, query, event, bot string }

func (s *scratch) readCountQuery(query string) (c count) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		var to *string
		switch key {
		case "p":
			to = &c.path
		case "r":
			to = &c.referrer
		case "q":
			to = &c.query
		case "e":
			to = &c.event
		case "b":
			to = &c.bot
		}
		if to != nil && *to == "" {
			*to = s.unescape(value, true)
		}
	}
	return c
}

// readCount makes t.Beacon of a query. The caller is known already.
func (d *Door) readCount(t *Ticket, query, host string) {
	t.Reset()
	c := t.text.readCountQuery(query)
	b := &t.Beacon
	*b = Beacon{Props: b.Props[:0], Interactive: true, Scroll: aggregate.NoScroll}
	b.Referrer = cut(t.text.clean(c.referrer), maxReferrer)
	from := t.pageOf(&t.caller)
	site := d.siteOf(t, host, from.host)
	t.sites = append(t.sites, site)
	t.caller.Headless = t.readHint(c.bot)
	b.page.scheme, b.page.host = "https", from.host
	if b.page.host == "" {
		b.page.host = string(site)
	}
	switch {
	case c.path == "":
		t.problem("p", "is required")
	case len(c.path) > maxCountPath:
		t.problem("p", "is longer than 2048 bytes")
	case site == "":
		t.problem("host", "belongs to no site")
	case c.event != "" && c.event != "0" && c.event != "false":
		b.Kind, b.page.path = aggregate.Custom, from.path
		if b.Name = cutRunes(strings.TrimSpace(t.text.clean(c.path)), maxName); b.Name == "" {
			t.problem("p", "is required")
		}
	default:
		b.Kind, b.Name = aggregate.Pageview, aggregate.PageviewName
		t.readCountPath(c.path)
	}
	if c.query == "" {
		c.query = b.page.query
	}
	b.tags = t.text.readTags(strings.TrimPrefix(c.query, "?"))
}

// readCountPath takes a path apart that may have its query behind it, and may be
// a whole address: the script sends what the page calls its canonical link.
func (t *Ticket) readCountPath(path string) {
	p := &t.Beacon.page
	if strings.HasPrefix(path, "https://") || strings.HasPrefix(path, "http://") {
		if whole, problem := t.text.splitURL(cut(path, maxURL)); problem == "" {
			p.path, p.query = whole.path, whole.query
			return
		}
	}
	path, _, _ = strings.Cut(path, "#")
	p.path, p.query, _ = strings.Cut(path, "?")
	if !strings.HasPrefix(p.path, "/") {
		mark := len(t.text.b)
		t.text.b = append(append(t.text.b, '/'), p.path...)
		p.path = t.text.from(mark)
	}
}

// readHint reads what the script makes of the browser: 150 and above mean that a
// program drives it, 1 to 149 are kept for what only a server can know.
func (t *Ticket) readHint(text string) (headless bool) {
	if text == "" || text == "0" {
		return false
	}
	hint, err := strconv.Atoi(text)
	if err != nil || hint < 150 || hint > 153 {
		t.problem("b", "is no hint that a script can give")
		return false
	}
	return true
}

// pageOf is the page that the request's headers speak of; blank if none.
func (t *Ticket) pageOf(who *Caller) page {
	for _, header := range [...]string{who.Referer, who.Origin} {
		if from, problem := t.text.splitURL(header); problem == "" && from.host != "" {
			return from
		}
	}
	return page{}
}

// siteOf is the site that a request is for, by its own host and the page's. An
// unknown one is what they say.
func (d *Door) siteOf(t *Ticket, host, page string) aggregate.Site {
	host, _ = t.text.host(host)
	if _, ok := d.Sites.Settings(aggregate.Site(host)); ok {
		return aggregate.Site(host)
	}
	for _, name := range [...]string{page, host} {
		for range 6 {
			if _, ok := d.Sites.Settings(aggregate.Site(name)); ok {
				return aggregate.Site(name)
			}
			if _, name, _ = strings.Cut(name, "."); name == "" {
				break
			}
		}
	}
	if page != "" {
		return aggregate.Site(page)
	}
	return aggregate.Site(host)
}

// cutRunes shortens text to so many characters.
func cutRunes(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	n := 0
	for i := range text {
		if n++; n > limit {
			return text[:i]
		}
	}
	return text
}
