package ingest

import (
	"github.com/valyala/fasthttp"

	"footfall/ingest/geo"
)

// place is where the caller is. A proxy's word on the country counts more than a
// table; what the table knows besides holds as long as both mean one country.
func (c *Clerk) place(who *Caller) (p geo.Place) {
	if who.Known != nil {
		return who.Known.Place
	}
	if c.places != nil {
		p = c.places.Find(who.Addr)
	}
	return p.In(who.Country)
}

// toldCountry is the country in the header of a trusted proxy; "" where there is
// none, or several: the client may have sent one itself, which the proxy passed on.
func (d *Door) toldCountry(h *fasthttp.RequestHeader) string {
	if d.CountryHeader == "" {
		return ""
	}
	told := h.PeekAll(d.CountryHeader)
	if len(told) != 1 {
		return ""
	}
	return geo.HeaderCountry(borrow(told[0]))
}
