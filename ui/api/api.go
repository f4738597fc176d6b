package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// Options are what an API is made of. All are required but Log.
type Options struct {
	Asker       Asker
	Tokens      Tokens
	Ledgers     Ledgers
	Sites       Sites
	Goals       Goals
	Ways        FunnelsAndFlows
	Segments    Segments
	Annotations Annotations
	Gate        Gate
	// Address is the address that a request comes from, behind the trusted proxies.
	Address  func(*fasthttp.RequestCtx) netip.Addr
	Settings func(aggregate.Site) (aggregate.Settings, bool)
	// First is the site's first day with counters, for the range "all".
	First func(aggregate.Site) (aggregate.Day, bool)
	// Link makes a secret link to a site's figures and returns its address as the
	// reader of ctx reaches it. taken: there is a link of that name already.
	Link func(ctx *fasthttp.RequestCtx, site aggregate.Site, name string) (address string, taken bool, err error)
	// Note writes into the activity log what was changed with a token: what, a detail of
	// it for people, nothing about visitors. nil: nothing is written.
	Note  func(token string, site aggregate.Site, what, detail string) error
	Clock func() time.Time
	// BasePath is the path that everything lies under, such as "/stats"; "" = "/".
	BasePath string
	// Rate is how many requests a minute, and at once, are answered to one token;
	// 0 = no limit.
	Rate int
	Log  *slog.Logger // nil: slog.Default()
}

// API answers programs. Its methods may be called concurrently.
type API struct {
	o     Options
	rates rates
}

// New makes an API.
func New(o Options) *API {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if base := strings.Trim(o.BasePath, "/"); base != "" {
		o.BasePath = "/" + base
	}
	return &API{o: o, rates: rates{perMinute: o.Rate}}
}

// did notes what a request has changed. That it could not be noted does not undo it.
func (a *API) did(ctx *fasthttp.RequestCtx, site aggregate.Site, what, detail string) {
	if a.o.Note == nil {
		return
	}
	if err := a.o.Note(apiToken(ctx), site, what, detail); err != nil {
		a.o.Log.Error("a change could not be noted in the activity log", "site", string(site), "what", what, "err", err)
	}
}

// endpoint is what one address answers, method by method.
type endpoint map[string]func(*API, *fasthttp.RequestCtx) (status int, body []byte)

// endpoints are the addresses there are. A star stands for the last part of a path,
// see argument.
var endpoints = map[string]endpoint{
	"/api/openapi.json":               {fasthttp.MethodGet: (*API).document},
	"/api/v1/stats/realtime/visitors": {fasthttp.MethodGet: v1((*API).legacyRealtime)},
	"/api/v1/stats/aggregate":         {fasthttp.MethodGet: v1((*API).legacyAggregate)},
	"/api/v1/stats/timeseries":        {fasthttp.MethodGet: v1((*API).legacyTimeseries)},
	"/api/v1/stats/breakdown":         {fasthttp.MethodGet: v1((*API).legacyBreakdown)},
	"/api/v2/query":                   {fasthttp.MethodPost: (*API).query},
	"/api/v1/sites":                   {fasthttp.MethodGet: sites((*API).listSites), fasthttp.MethodPost: sites((*API).addSite)},
	"/api/v1/sites/*":                 {fasthttp.MethodGet: atSite((*API).showSite), fasthttp.MethodPut: atSite((*API).changeSite), fasthttp.MethodDelete: atSite((*API).removeSite)},
	"/api/v1/sites/goals":             {fasthttp.MethodGet: ofSite((*API).listGoals), fasthttp.MethodPut: ofSite((*API).putGoal)},
	"/api/v1/sites/goals/*":           {fasthttp.MethodDelete: ofSite((*API).removeGoal)},
	"/api/v1/sites/custom-props":      {fasthttp.MethodGet: ofSite((*API).listProperties), fasthttp.MethodPut: ofSite((*API).putProperty)},
	"/api/v1/sites/custom-props/*":    {fasthttp.MethodDelete: ofSite((*API).removeProperty)},
	"/api/v1/sites/shared-links":      {fasthttp.MethodPut: ofSite((*API).putLink)},
	"/api/v2/goals":                   {fasthttp.MethodGet: (*API).goals},
	"/api/v2/funnels":                 {fasthttp.MethodGet: (*API).funnels, fasthttp.MethodPost: (*API).addFunnel},
	"/api/v2/funnels/query":           {fasthttp.MethodPost: (*API).queryFunnel},
	"/api/v2/funnels/*":               {fasthttp.MethodDelete: (*API).removeFunnel},
	"/api/v2/flows":                   {fasthttp.MethodPost: (*API).flow},
	"/api/v2/segments":                {fasthttp.MethodGet: (*API).listSegments, fasthttp.MethodPost: (*API).putSegment},
	"/api/v2/segments/*":              {fasthttp.MethodGet: (*API).getSegment, fasthttp.MethodPut: (*API).putSegment, fasthttp.MethodDelete: (*API).removeSegment},
	"/api/v2/annotations":             {fasthttp.MethodGet: (*API).listAnnotations, fasthttp.MethodPost: (*API).putAnnotation},
	"/api/v2/annotations/*":           {fasthttp.MethodPut: (*API).putAnnotation, fasthttp.MethodDelete: (*API).removeAnnotation},
	"/api/v2/refusals":                {fasthttp.MethodGet: (*API).refusals},
	"/api/v2/refusals/allow":          {fasthttp.MethodPost: (*API).allowHost},
	"/api/v2/refusals/shield":         {fasthttp.MethodPost: (*API).shieldAddress},
}

// Serve answers a request below /api/; path is its path without the base path.
func (a *API) Serve(ctx *fasthttp.RequestCtx, path string) {
	status, body := fasthttp.StatusNotFound, errorBody("There is nothing here.")
	if e, argument := find(path); e != nil {
		ctx.SetUserValue(argumentKey{}, argument)
		status, body = a.call(ctx, e)
	}
	h := &ctx.Response.Header
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if status == fasthttp.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	ctx.SetStatusCode(status)
	ctx.SetBody(body)
}

// find is the endpoint of a path, nil if there is none.
func find(path string) (e endpoint, argument string) {
	path = strings.TrimRight(path, "/")
	if e = endpoints[path]; e != nil {
		return e, ""
	}
	i := strings.LastIndexByte(path, '/') + 1
	return endpoints[path[:i]+"*"], path[i:]
}

type argumentKey struct{}

// argument is the last part of a path whose endpoint ends in a star.
func argument(ctx *fasthttp.RequestCtx) string {
	text, _ := ctx.UserValue(argumentKey{}).(string)
	return text
}

func (a *API) call(ctx *fasthttp.RequestCtx, e endpoint) (status int, body []byte) {
	answer, ok := e[string(ctx.Method())]
	if ok {
		return answer(a, ctx)
	}
	allowed := e.methods()
	ctx.Response.Header.Set("Allow", allowed)
	return fasthttp.StatusMethodNotAllowed, errorBody("Only " + allowed + " is answered here.")
}

// methods are those that are answered, as in an Allow header.
func (e endpoint) methods() string {
	return strings.Join(slices.Sorted(maps.Keys(e)), ", ")
}

// unauthorized is one text for a missing, an invalid and another site's key, so
// that it does not tell which sites exist.
const unauthorized = "Missing or invalid API key. Send a token with the scope stats for this site as \"Authorization: Bearer TOKEN\"."

// open is the site that a request asks for by its domain. The status is 200 if its
// token has the scope there, else the status to answer with, see denied. Nothing in
// it tells whether a site exists.
func (a *API) open(ctx *fasthttp.RequestCtx, domain, scope string) (site aggregate.Site, settings aggregate.Settings, status int) {
	token := apiToken(ctx)
	site, err := aggregate.ParseSite(domain)
	settings, known := a.o.Settings(site)
	if token == "" || !a.o.Tokens.Check(token, site, scope) || !known || err != nil {
		return site, settings, fasthttp.StatusUnauthorized
	}
	return site, settings, a.paced(ctx, token)
}

// paced counts a request with a token that is good for it. The status is 200, or
// 429 where there were too many.
func (a *API) paced(ctx *fasthttp.RequestCtx, token string) (status int) {
	if wait := a.rates.take(token, a.o.Clock()); wait > 0 {
		ctx.Response.Header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		return fasthttp.StatusTooManyRequests
	}
	return fasthttp.StatusOK
}

// denied answers a request that open has refused.
func (a *API) denied(ctx *fasthttp.RequestCtx, status int) (int, []byte) {
	if status == fasthttp.StatusTooManyRequests {
		return status, errorBody(fmt.Sprintf("Too many requests with this token: %d a minute are answered. Try again in %s seconds.",
			a.rates.perMinute, ctx.Response.Header.Peek("Retry-After")))
	}
	return status, errorBody(unauthorized)
}

// apiToken takes the token out of an Authorization header; "" if there is none.
func apiToken(ctx *fasthttp.RequestCtx) string {
	scheme, token, _ := bytes.Cut(ctx.Request.Header.Peek("Authorization"), []byte(" "))
	if !bytes.EqualFold(scheme, []byte("Bearer")) {
		return ""
	}
	return string(bytes.TrimSpace(token))
}

// errorBody is {"error": sentence}.
func errorBody(sentence string) []byte {
	return append(appendJSON([]byte(`{"error":`), sentence), '}')
}

func appendJSON(dst []byte, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("BUG: an answer that is no JSON: " + err.Error())
	}
	return append(dst, b...)
}
