package ui

import (
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/ui/api"

	"github.com/valyala/fasthttp"
)

// Options are what a UI is made of. Ask, Sites and Settings are required.
type Options struct {
	Ask Asker
	// Sites are the sites there are, in the order in which they are listed.
	Sites func() []aggregate.Site
	// Settings are those of a site; false where there is no such site.
	Settings func(aggregate.Site) (aggregate.Settings, bool)
	// First is the first day with counters, false where nothing was ever counted.
	// With nil, a site without a pageview in the shown period counts as new.
	First func(aggregate.Site) (aggregate.Day, bool)
	// Unproxied reports whether every beacon of a site came from one private address,
	// as when a proxy does not pass the visitors' addresses on. May be nil.
	Unproxied func(aggregate.Site) bool
	// PropertyKeys are the keys that events carried properties under in [first, last],
	// the most frequent first. May be nil.
	PropertyKeys func(site aggregate.Site, first, last aggregate.Day) ([]ask.PropertyKey, error)
	// Annotations are what the team noted about days. May be nil.
	Annotations api.Annotations
	// Segments are filters saved under names. May be nil: none can be saved.
	Segments api.Segments
	// Goals are what is defined for a site, and Ways which way its visits went. May be
	// nil: there is no page of either.
	Goals api.Goals
	Ways  api.FunnelsAndFlows
	// Credits name those whose data the figures are made with, places say. May be nil.
	Credits func() []Credit
	// Called is what a language calls a region or a city of a country, by its English
	// name; ok is false where nobody knows. May be nil.
	Called func(country, english, language string) (name string, ok bool)
	// Ledger says on the install page why beacons were not counted. May be nil.
	Ledger Ledger
	// Ledgers are those of a month, for the page of what was refused. May be nil.
	Ledgers api.Ledgers
	// Gate changes what counts, at the press of a button there. May be nil.
	Gate api.Gate
	// AddSite begins to count a site, with some settings other than the default
	// ones. The error wraps api.ErrTaken where the site is there already, or
	// aggregate.ErrSetting. May be nil: no site can be added on a page.
	AddSite func(site aggregate.Site, settings map[string]string) error
	// Strangers is the number of beacons, since the start, for sites that are not
	// counted here. May be nil.
	Strangers func() uint64
	// Pinned is the script under its versioned name. May be blank.
	Pinned PinnedScript
	// TagPaths are the operator's own paths for script and endpoint.
	TagPaths TagPaths
	// AddressHeader is the one header that visitors' addresses are read from, if the
	// operator has named one: the recipes for proxies set it.
	AddressHeader string
	// API answers what lies below /api/, its access checks included; path is the
	// request's without the base path. May be nil.
	API func(ctx *fasthttp.RequestCtx, path string)
	// Query answers a query to the stats API about a site from somebody who may see it:
	// a status of HTTP and JSON. May be nil.
	Query func(site aggregate.Site, body []byte) (status int, answer []byte)
	// Badge answers /badge/<name> to everybody. May be nil.
	Badge func(ctx *fasthttp.RequestCtx, name string)
	// Disclose is what the transparency page tells of the installation; nil: the least.
	Disclose func() Disclosure
	// Derive says what would be stored of a view of the site's home page by whoever
	// sent this request; false where that was asked too often. Nothing is counted
	// by it. May be nil.
	Derive func(ctx *fasthttp.RequestCtx, site aggregate.Site) (Derived, bool)

	// Keeper changes sites; nil: the pages that do are not there.
	Keeper Keeper
	// TokenBook makes tokens; nil: none can be made here.
	TokenBook TokenBook
	// NoticeBook keeps what the team is told; nil: nothing is told.
	NoticeBook NoticeBook

	Access Access
	// BasePath is the path that everything lies under, such as "/stats"; "" = "/".
	BasePath string
	// PublicURL is where visitors' browsers reach this server, base path included:
	// it stands in the script tag to embed. Blank: as the reader reached it.
	PublicURL string

	Clock func() time.Time // nil: time.Now
	Log   *slog.Logger     // nil: slog.Default()
}

// UI is the dashboard. Its methods may be called concurrently.
type UI struct {
	ask           Asker
	sites         func() []aggregate.Site
	settings      func(aggregate.Site) (aggregate.Settings, bool)
	first         func(aggregate.Site) (aggregate.Day, bool)
	unproxied     func(aggregate.Site) bool
	propertyKeys  func(site aggregate.Site, first, last aggregate.Day) ([]ask.PropertyKey, error)
	annotations   api.Annotations // may be nil
	segments      api.Segments    // may be nil
	goals         api.Goals       // may be nil
	paths         api.FunnelsAndFlows
	ledger        Ledger // may be nil
	ledgers       api.Ledgers
	gate          api.Gate
	addSite       func(aggregate.Site, map[string]string) error
	strangers     func() uint64
	pinned        PinnedScript
	tagPaths      TagPaths
	addressHeader string
	api           func(ctx *fasthttp.RequestCtx, path string)
	query         func(site aggregate.Site, body []byte) (status int, answer []byte) // may be nil
	badge         func(ctx *fasthttp.RequestCtx, name string)                        // may be nil
	disclose      func() Disclosure
	derive        func(*fasthttp.RequestCtx, aggregate.Site) (Derived, bool)
	access        Access
	base          string // without a slash at the end
	public        string
	clock         func() time.Time
	log           *slog.Logger

	keeper     Keeper
	tokenBook  TokenBook
	noticeBook NoticeBook
	letters    sync.WaitGroup // on their way
	shares     shares
	routes     []route
	assets     *assets
	views      views
	failures   failures
	credits    func() []Credit
	called     func(country, english, language string) (name string, ok bool)
}

// Credit is whom a page thanks: a sentence, and where they are.
type Credit struct{ Text, URL string }

// New makes a dashboard.
func New(o Options) *UI {
	u := &UI{ask: o.Ask, sites: o.Sites, settings: o.Settings, first: o.First, unproxied: o.Unproxied, credits: o.Credits, called: o.Called, api: o.API, badge: o.Badge, query: o.Query, annotations: o.Annotations,
		propertyKeys: o.PropertyKeys, ledger: o.Ledger, ledgers: o.Ledgers, gate: o.Gate, addSite: o.AddSite, strangers: o.Strangers, pinned: o.Pinned, tagPaths: o.TagPaths, addressHeader: o.AddressHeader,
		disclose: o.Disclose, derive: o.Derive, access: o.Access, public: strings.TrimRight(o.PublicURL, "/"), clock: o.Clock, log: o.Log,
		keeper: o.Keeper, tokenBook: o.TokenBook, noticeBook: o.NoticeBook, routes: matrix(), assets: loadAssets()}
	u.goals, u.paths, u.segments = o.Goals, o.Ways, o.Segments
	if base := strings.Trim(o.BasePath, "/"); base != "" {
		u.base = "/" + base
	}
	if u.first == nil {
		u.first = func(aggregate.Site) (aggregate.Day, bool) { return 0, false }
	}
	if u.unproxied == nil {
		u.unproxied = func(aggregate.Site) bool { return false }
	}
	if u.propertyKeys == nil {
		u.propertyKeys = func(aggregate.Site, aggregate.Day, aggregate.Day) ([]ask.PropertyKey, error) { return nil, nil }
	}
	if u.called == nil {
		u.called = func(string, string, string) (string, bool) { return "", false }
	}
	if u.credits == nil {
		u.credits = func() []Credit { return nil }
	}
	if u.disclose == nil {
		u.disclose = func() Disclosure { return Disclosure{Places: NoPlaces, State: ProcessAlone} }
	}
	if u.strangers == nil {
		u.strangers = func() uint64 { return 0 }
	}
	if u.clock == nil {
		u.clock = time.Now
	}
	if u.log == nil {
		u.log = slog.Default()
	}
	return u
}

// securityPolicy allows what the pages are made of and nothing else. There is no
// unsafe-inline: widths of bars are attributes of SVG, not styles.
const securityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

var securityHeaders = [][2]string{
	{"Content-Security-Policy", securityPolicy},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
	{"Cache-Control", "no-store"},
}

// Serve answers a request for the dashboard or the API.
func (u *UI) Serve(ctx *fasthttp.RequestCtx) {
	for _, h := range securityHeaders {
		ctx.Response.Header.Set(h[0], h[1])
	}
	path := string(ctx.Path())
	inside, ok := strings.CutPrefix(path, u.base)
	switch {
	case ok && inside == "": // the base path without its slash
		u.redirect(ctx, withArguments(u.base+"/", string(ctx.URI().QueryString())))
	case !ok || inside[0] != '/':
		u.sayMessage(ctx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.base", "path", u.base+"/")
	case strings.HasPrefix(inside, "/api/") && u.api != nil:
		u.api(ctx, inside)
	default:
		u.dispatch(ctx, inside)
	}
}

func (u *UI) sitePath(site aggregate.Site) string {
	return u.base + "/" + url.PathEscape(string(site))
}

// redirect sends the reader on to a path of our own, relative to the host as the
// reader knows it.
func (u *UI) redirect(ctx *fasthttp.RequestCtx, path string) {
	ctx.Response.Header.Set(fasthttp.HeaderLocation, path)
	ctx.SetStatusCode(fasthttp.StatusSeeOther)
}

// origin is where the reader reached the server: scheme, host and base path.
func (u *UI) origin(ctx *fasthttp.RequestCtx) string {
	if u.public != "" {
		return u.public
	}
	scheme := "http://"
	if u.access.secure(ctx) {
		scheme = "https://"
	}
	return scheme + string(ctx.Host()) + u.base
}
