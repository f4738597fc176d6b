package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// The sites API makes, changes and ends sites, in the shapes that Plausible's
// clients speak: parameters come in the query string, as a form of either kind or
// as a JSON object. A token needs the scope sites. One that is bound to some sites
// sees these only, and makes none but these.

const (
	noSite    = "Site could not be found. A token that is bound to some sites sees no others."
	noScope   = "Missing or invalid API key. Send a token with the scope sites as \"Authorization: Bearer TOKEN\"."
	listLimit = 100
	maxListed = 1000
)

// sitesRequest is a request to the sites API whose token is good for something.
type sitesRequest struct {
	*fasthttp.RequestCtx
	token  string
	values map[string]string // its parameters
	site   aggregate.Site    // of addresses about one site
}

// failure is an answer other than the one hoped for.
type failure struct {
	status int
	text   string
}

func (f *failure) Error() string { return f.text }

func bad(format string, args ...any) error {
	return &failure{fasthttp.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// sitesCall answers one address of the sites API with a value that becomes JSON.
type sitesCall func(a *API, r *sitesRequest) (answer any, err error)

// sites wraps what all addresses of the sites API have in common.
func sites(call sitesCall) func(*API, *fasthttp.RequestCtx) (int, []byte) {
	return func(a *API, ctx *fasthttp.RequestCtx) (status int, body []byte) {
		r := &sitesRequest{RequestCtx: ctx, token: apiToken(ctx)}
		if !a.manages(r.token) {
			return fasthttp.StatusUnauthorized, errorBody(noScope)
		}
		if status := a.paced(ctx, r.token); status != fasthttp.StatusOK {
			return a.denied(ctx, status)
		}
		err := r.read()
		var answer any
		if err == nil {
			answer, err = call(a, r)
		}
		var f *failure
		switch {
		case err == nil:
			return fasthttp.StatusOK, appendJSON(nil, answer)
		case errors.As(err, &f):
			return f.status, errorBody(f.text)
		}
		a.o.Log.Error("a request to the sites API failed", "err", err)
		return fasthttp.StatusInternalServerError, errorBody("The request failed. The server's log says more.")
	}
}

// ofSite is a sitesCall about the site that site_id names, atSite about the one in
// the address. Sites that do not exist and those of others are answered alike.
func ofSite(call sitesCall) func(*API, *fasthttp.RequestCtx) (int, []byte) {
	return sites(func(a *API, r *sitesRequest) (any, error) { return a.about(r, r.values["site_id"], call) })
}

func atSite(call sitesCall) func(*API, *fasthttp.RequestCtx) (int, []byte) {
	return sites(func(a *API, r *sitesRequest) (any, error) { return a.about(r, argument(r.RequestCtx), call) })
}

func (a *API) about(r *sitesRequest, domain string, call sitesCall) (any, error) {
	if domain == "" {
		return nil, bad("Missing site ID: send the site's domain as site_id.")
	}
	site, err := aggregate.ParseSite(domain)
	if _, known := a.o.Settings(site); err != nil || !known || !a.o.Tokens.Check(r.token, site, ScopeSites) {
		return nil, &failure{fasthttp.StatusNotFound, noSite}
	}
	r.site = site
	return call(a, r)
}

// manages reports whether a token has the scope sites anywhere.
func (a *API) manages(token string) bool {
	if token == "" {
		return false
	}
	if a.o.Tokens.Check(token, "", ScopeSites) {
		return true
	}
	return slices.ContainsFunc(a.o.Sites.Names(), func(s aggregate.Site) bool { return a.o.Tokens.Check(token, s, ScopeSites) })
}

// read reads the parameters.
func (r *sitesRequest) read() error {
	r.values = map[string]string{}
	for k, v := range r.QueryArgs().All() {
		r.values[string(k)] = string(v)
	}
	if len(r.PostBody()) > maxBody {
		return &failure{fasthttp.StatusRequestEntityTooLarge, bodyTooLong}
	}
	if body := strings.TrimSpace(string(r.PostBody())); strings.HasPrefix(body, "{") {
		return r.readObject(body)
	}
	for k, v := range r.PostArgs().All() {
		r.values[string(k)] = string(v)
	}
	form, err := r.MultipartForm()
	if err != nil {
		return nil // it is none
	}
	for k, v := range form.Value {
		r.values[k] = v[0]
	}
	return nil
}

func (r *sitesRequest) readObject(body string) error {
	object, err := readObject([]byte(body))
	if err != nil {
		return bad("%s", err)
	}
	for k, v := range object {
		switch v := v.(type) {
		case string:
			r.values[k] = v
		case json.Number, bool:
			r.values[k] = fmt.Sprint(v)
		case map[string]any: // custom_props of a goal
			for key, value := range v {
				r.values[k+"["+key+"]"] = fmt.Sprint(value)
			}
		case nil:
		default:
			return bad("%s: want a text, got %s", k, shown(v))
		}
	}
	return nil
}

// listMeta says where the pages before and after one are.
type listMeta struct {
	After  *string `json:"after"`
	Before *string `json:"before"`
	Limit  int     `json:"limit"`
}

// paginate cuts the page that is asked for out of a list, which key puts in order.
func paginate[T any](r *sitesRequest, all []T, key func(T) string) (page []T, meta listMeta, err error) {
	slices.SortFunc(all, func(x, y T) int { return cmp.Compare(key(x), key(y)) })
	meta.Limit = listLimit
	if text := r.values["limit"]; text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxListed {
			return nil, meta, bad("limit: want a number from 1 to %d, got %s", maxListed, shown(text))
		}
		meta.Limit = n
	}
	first, last := 0, len(all)
	for name, value := range map[string]string{"after": r.values["after"], "before": r.values["before"]} {
		if value == "" {
			continue
		}
		cursor, err := base64.RawURLEncoding.DecodeString(value)
		if err != nil {
			return nil, meta, bad("%s: %s is no cursor; send one that an answer has named", name, shown(value))
		}
		at, found := slices.BinarySearchFunc(all, string(cursor), func(x T, c string) int { return cmp.Compare(key(x), c) })
		switch {
		case name == "before":
			last = at
		case found:
			first = at + 1
		default:
			first = at
		}
	}
	if first = min(first, last); r.values["before"] != "" {
		first = max(first, last-meta.Limit)
	}
	last = min(last, first+meta.Limit)
	cursor := func(x T) *string {
		c := base64.RawURLEncoding.EncodeToString([]byte(key(x)))
		return &c
	}
	if page = all[first:last]; len(page) > 0 && last < len(all) {
		meta.After = cursor(page[len(page)-1])
	}
	if len(page) > 0 && first > 0 {
		meta.Before = cursor(page[0])
	}
	return page, meta, nil
}

// siteAnswer is a site as the API shows it.
type siteAnswer struct {
	Domain     aggregate.Site    `json:"domain"`
	Timezone   string            `json:"timezone"`
	Properties []string          `json:"custom_properties,omitempty"`
	Settings   map[string]string `json:"settings,omitempty"`
}

// listSites is GET /api/v1/sites.
func (a *API) listSites(r *sitesRequest) (any, error) {
	var answer struct {
		Sites []siteAnswer `json:"sites"`
		Meta  listMeta     `json:"meta"`
	}
	all := slices.DeleteFunc(slices.Clone(a.o.Sites.Names()), func(s aggregate.Site) bool { return !a.o.Tokens.Check(r.token, s, ScopeSites) })
	page, meta, err := paginate(r, all, func(s aggregate.Site) string { return string(s) })
	answer.Sites, answer.Meta = []siteAnswer{}, meta
	for _, site := range page {
		settings, _ := a.o.Settings(site)
		answer.Sites = append(answer.Sites, siteAnswer{Domain: site, Timezone: settings.Timezone})
	}
	return &answer, err
}

// showSite is GET /api/v1/sites/:site_id.
func (a *API) showSite(r *sitesRequest) (any, error) {
	settings, _ := a.o.Settings(r.site)
	answer := siteAnswer{Domain: r.site, Timezone: settings.Timezone, Settings: map[string]string{}}
	answer.Properties, _ = allowed(&settings)
	for _, k := range aggregate.SettingKeys() {
		answer.Settings[k.Key] = k.Get(&settings)
	}
	return &answer, nil
}

// addSite is POST /api/v1/sites: domain, timezone and any other setting.
func (a *API) addSite(r *sitesRequest) (any, error) {
	site, err := aggregate.ParseSite(r.values["domain"])
	if err != nil {
		return nil, bad("domain: want a domain such as example.com, got %s", shown(r.values["domain"]))
	}
	if !a.o.Tokens.Check(r.token, site, ScopeSites) {
		return nil, &failure{fasthttp.StatusForbidden, "This token is bound to other sites."}
	}
	changes, err := r.settings(aggregate.DefaultSettings())
	if err != nil {
		return nil, err
	}
	err = a.o.Sites.Add(site, changes)
	if errors.Is(err, ErrTaken) {
		return nil, bad("domain: this domain is counted here already")
	}
	r.site = site
	if err != nil {
		return nil, err
	}
	a.did(r.RequestCtx, site, "site.add", "")
	settings, _ := a.o.Settings(site)
	return &siteAnswer{Domain: site, Timezone: settings.Timezone}, nil
}

// settings are the settings among the parameters, which must be acceptable.
func (r *sitesRequest) settings(s aggregate.Settings) (changes map[string]string, err error) {
	changes = map[string]string{}
	for _, k := range aggregate.SettingKeys() {
		value, there := r.values[k.Key]
		if !there || value == "" {
			continue
		}
		if err := s.Set(k.Key, value); err != nil {
			return nil, bad("%s: %s", k.Key, strings.TrimPrefix(err.Error(), "setting "+k.Key+": "))
		}
		changes[k.Key] = value
	}
	return changes, nil
}

// changeSite is PUT /api/v1/sites/:site_id: the time zone and other settings. The
// domain stays: visitors are told apart per domain, and addresses carry it.
func (a *API) changeSite(r *sitesRequest) (any, error) {
	if name := r.values["domain"]; name != "" {
		if site, err := aggregate.ParseSite(name); err != nil || site != r.site {
			return nil, bad("domain: a site keeps its domain here. Add the new one, and let pages of both count under it with the setting hostnames.")
		}
	}
	settings, _ := a.o.Settings(r.site)
	changes, err := r.settings(settings)
	if err != nil {
		return nil, err
	}
	if len(changes) == 0 {
		return nil, bad("There is nothing to change: send timezone or another setting.")
	}
	if err := a.setSettings(r, changes); err != nil {
		return nil, err
	}
	return a.showSite(r)
}

// setSettings changes settings of the request's site, and notes those that it did.
func (a *API) setSettings(r *sitesRequest, changes map[string]string) error {
	before, _ := a.o.Settings(r.site)
	if err := a.o.Sites.Set(r.site, changes); err != nil {
		return err
	}
	a.didSet(r.RequestCtx, r.site, &before)
	return nil
}

// didSet notes which settings of a site are not what they were before.
func (a *API) didSet(ctx *fasthttp.RequestCtx, site aggregate.Site, before *aggregate.Settings) {
	now, _ := a.o.Settings(site)
	for _, k := range aggregate.SettingKeys() {
		value := k.Get(&now)
		switch {
		case value == k.Get(before):
		case k.Key == "shield_ip": // addresses are in no log
			a.did(ctx, site, "setting", k.Key)
		default:
			a.did(ctx, site, "setting", k.Key+" = "+value)
		}
	}
}

// deleted is the answer to what is gone.
var deleted = map[string]bool{"deleted": true}

// removeSite is DELETE /api/v1/sites/:site_id.
func (a *API) removeSite(r *sitesRequest) (any, error) {
	if err := a.o.Sites.Remove(r.site); err != nil {
		return nil, err
	}
	a.did(r.RequestCtx, r.site, "site.delete", "")
	return deleted, nil
}
