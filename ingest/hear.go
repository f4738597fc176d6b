package ingest

import (
	"strings"

	"github.com/valyala/fasthttp"
)

// hear reads what a request's headers say of whoever sent it: in one go, since a
// browser sends fifteen of them and twenty are asked for. Of a header that comes twice
// the first counts; of objections, and of what was loaded ahead, any.
func (who *Caller) hear(h *fasthttp.RequestHeader) {
	var mode, dest, user []byte
	hints := &who.Signs.Hints
	who.Agent = h.UserAgent()
	for key, value := range h.All() {
		switch string(key) {
		case "Accept-Language":
			if who.Language == "" {
				who.Language = borrow(value)
			}
		case "Origin":
			if who.Origin == "" {
				who.Origin = borrow(value)
			}
		case "Referer":
			if who.Referer == "" {
				who.Referer = borrow(value)
			}
		case "Sec-Gpc":
			who.GPC = who.GPC || isOne(value)
		case "Dnt":
			who.DNT = who.DNT || isOne(value)
		case "Sec-Purpose", "Purpose", "X-Purpose", "X-Moz":
			who.Prefetch = who.Prefetch || IsAhead(value)
			who.Prerender = who.Prerender || strings.Contains(borrow(value), "prerender")
		case "Sec-Fetch-Mode":
			first(&mode, value)
		case "Sec-Fetch-Dest":
			first(&dest, value)
		case "Sec-Fetch-User":
			first(&user, value)
		case "Sec-Ch-Ua":
			first(&hints.Brands, value)
		case "Sec-Ch-Ua-Full-Version-List":
			first(&hints.Versions, value)
		case "Sec-Ch-Ua-Mobile":
			first(&hints.Mobile, value)
		case "Sec-Ch-Ua-Platform":
			first(&hints.Platform, value)
		case "Sec-Ch-Ua-Platform-Version":
			first(&hints.PlatformVersion, value)
		case "Sec-Ch-Ua-Model":
			first(&hints.Model, value)
		}
	}
	who.Signs.Missing = who.Language == ""
	who.Signs.Odd = isOddFetch(mode, dest, user)
}

// first keeps the first value that is not blank.
func first(to *[]byte, value []byte) {
	if len(*to) == 0 {
		*to = value
	}
}
