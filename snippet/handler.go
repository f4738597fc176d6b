package snippet

import (
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

const (
	// A day, as the trackers have it that these names come from: an upgrade reaches
	// every visitor within it.
	cacheDay = "public, max-age=86400, must-revalidate"
	// For names that contain the hash of what they name.
	cacheForGood = "public, max-age=31536000, immutable"
)

// Match reports whether Handler has something to say about the path. Whoever
// serves below a base path cuts it off first.
func Match(path string) bool {
	name, ok := strings.CutPrefix(path, "/js/")
	if !ok {
		return false
	}
	s, _ := find(name)
	return s != nil
}

// Handler answers GET and HEAD for /js/script.js and its other names, and for
// /js/opt-out.js; 404 for the rest of /js/.
func Handler(ctx *fasthttp.RequestCtx) {
	Serve(ctx, strings.TrimPrefix(string(ctx.Path()), "/js/"), nil)
}

// Serve answers any path with the script of a name, such as script.js, or 404.
// options are attributes of the tag, without data-, that hold where the tag does
// not say; the tag of newer installations (pa-*.js) has options of its own.
func Serve(ctx *fasthttp.RequestCtx, name string, options map[string]string) {
	s, fixed := find(name)
	switch {
	case s == nil:
		ctx.Error("No such script.", fasthttp.StatusNotFound)
	case len(options) == 0, s == initBuild, name == optOutName:
		serve(ctx, s, fixed)
	default:
		serve(ctx, s.with(options), false)
	}
}

func serve(ctx *fasthttp.RequestCtx, s *script, fixed bool) {
	h := &ctx.Response.Header
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if !ctx.IsGet() && !ctx.IsHead() {
		h.Set("Allow", "GET, HEAD")
		ctx.SetStatusCode(fasthttp.StatusMethodNotAllowed)
		return
	}
	form := choose(string(ctx.Request.Header.Peek("Accept-Encoding")))
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", s.etag[form])
	if fixed {
		h.Set("Cache-Control", cacheForGood)
	} else {
		h.Set("Cache-Control", cacheDay)
	}
	if s.has(string(ctx.Request.Header.Peek("If-None-Match"))) {
		ctx.SetStatusCode(fasthttp.StatusNotModified)
		return
	}
	ctx.SetContentType("text/javascript; charset=utf-8")
	if form != plain {
		h.Set("Content-Encoding", contentEncoding[form])
	}
	ctx.Response.SetBodyRaw(s.body[form])
}

// has reports whether an If-None-Match header names any form of the script. One
// list serves all forms: who holds any of them holds the text.
func (s *script) has(header string) bool {
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" {
			return true
		}
		for form := range encodings {
			if tag == s.etag[form] {
				return true
			}
		}
	}
	return false
}

// choose reads an Accept-Encoding header (RFC 9110, 12.5.3): the smallest form
// that is not refused.
func choose(header string) encoding {
	var named, refused [encodings]bool
	any := false
	for item := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		no := zeroWeight(weight)
		for form := gzipped; form < encodings; form++ {
			if name == contentEncoding[form] {
				named[form], refused[form] = true, no
			}
		}
		if name == "*" && !no {
			any = true
		}
	}
	for form := brotlied; form > plain; form-- {
		if (named[form] || any) && !refused[form] {
			return form
		}
	}
	return plain
}

func zeroWeight(parameter string) bool {
	value, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q=")
	if !ok {
		return false
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return err == nil && q <= 0
}
