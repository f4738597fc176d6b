package main

import (
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/ui"
)

// disclosure is what the transparency page tells of this installation.
func (s *Server) disclosure() ui.Disclosure {
	d := ui.Disclosure{Places: ui.Countries, State: ui.ProcessAlone, Networks: s.networks != nil}
	if strings.Contains(s.places.Type(), "City") {
		d.Places = ui.Cities
	}
	switch {
	case s.state != nil && s.state.Locked():
		d.State = ui.LockedFiles
	case s.state != nil:
		d.State = ui.MemoryFiles
	}
	return d
}

// derive is what would be stored of a view by whoever sent the request, in the
// words of the transparency page.
func (s *Server) derive(ctx *fasthttp.RequestCtx, site aggregate.Site) (d ui.Derived, ok bool) {
	a, ok := s.door.Explain(ctx, site)
	d = ui.Derived{Address: a.ClientIP, Browser: set(a.Browser, a.BrowserVersion), System: set(a.OS, a.OSVersion),
		Device: set(a.Device), Language: set(a.Language), Place: set(a.Country, a.Region, a.City), Source: a.Source}
	if a.Dropped != nil {
		d.Dropped = *a.Dropped
	}
	return d, ok
}

// set are the values that are there, of those that an explanation names.
func set(values ...string) string {
	values = slices.DeleteFunc(values, func(v string) bool { return v == "(not set)" })
	return strings.Join(values, " ")
}
