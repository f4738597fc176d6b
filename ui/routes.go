package ui

import (
	"net/url"
	"slices"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/team"

	"github.com/valyala/fasthttp"
)

// where is what a route is about, and so where the reader's role counts.
type where uint8

const (
	anyone where = iota + 1 // needs nobody to be anybody
	self                    // about the reader's own account: takes a session
	house                   // about the installation
	some                    // about all sites on which the reader may do it
	one                     // about the site in the path, {site}
)

// route is a row of the access matrix: one address with one method, and what it
// takes. The router decides by these rows and by nothing else, so that an address
// without a row is refused. GET reads (and answers HEAD), POST changes: a POST
// carries the token of its form, or is refused.
type route struct {
	method, path string // {site} stands for a site, {name} for any part, * for the rest
	where        where
	action       team.Action // what the reader must be allowed to; 0 with anyone and self
	serve        func(*UI, *caller)
}

// caller is a request with who sent it, as a handler gets it.
type caller struct {
	*fasthttp.RequestCtx
	who      reader
	site     aggregate.Site     // of a route about one site
	settings aggregate.Settings // of that site
	args     []string           // what stood for {name} and *
}

// matrix is every address of the dashboard. The first that fits counts. It is
// walked by TestTheAccessMatrix, each row with each kind of reader.
func matrix() []route {
	return []route{
		{"GET", "/", some, team.See, (*UI).showOverview},
		{"POST", "/sites", house, team.AddSite, (*UI).newSite},
		{"GET", "/assets/*", anyone, 0, func(u *UI, c *caller) { u.serveAsset(c.RequestCtx, c.args[0]) }},
		{"GET", "/opt-out", anyone, 0, (*UI).optOut},
		{"GET", "/" + optOutStyle, anyone, 0, (*UI).optOut},
		{"GET", "/badge/{name}", anyone, 0, (*UI).showBadge},
		{"GET", "/privacy/{name}", anyone, 0, func(u *UI, c *caller) { u.servePrivacy(c.RequestCtx, c.args[0]) }},
		{"GET", "/sign-in", anyone, 0, (*UI).showSignIn},
		{"POST", "/sign-in", anyone, 0, (*UI).signIn},
		{"GET", "/forgotten", anyone, 0, (*UI).showForgotten},
		{"POST", "/forgotten", anyone, 0, (*UI).forget},
		{"GET", "/forgotten/{token}", anyone, 0, (*UI).showReset},
		{"POST", "/forgotten/{token}", anyone, 0, (*UI).reset},
		{"GET", "/sign-in/provider", anyone, 0, (*UI).leave},
		{"GET", "/sign-in/provider/back", anyone, 0, (*UI).comeBack},
		{"POST", "/sign-in/code", anyone, 0, (*UI).signInCode},
		{"POST", "/sign-in/passkey", anyone, 0, (*UI).beginPasskeyEntry},
		{"POST", "/sign-in/passkey/finish", anyone, 0, (*UI).finishPasskeyEntry},
		{"GET", "/sign-out", anyone, 0, func(u *UI, c *caller) { u.redirect(c.RequestCtx, u.base+"/") }},
		{"POST", "/sign-out", self, 0, (*UI).signOut},
		{"GET", "/set-up/{token}", anyone, 0, (*UI).showSetUp},
		{"POST", "/set-up/{token}", anyone, 0, (*UI).setUp},

		{"GET", "/share/{token}", anyone, 0, (*UI).showShare},
		{"GET", "/share/{token}/*", anyone, 0, (*UI).showShare},
		{"POST", "/share/{token}", anyone, 0, (*UI).openShare},
		{"GET", "/invited/{token}", anyone, 0, (*UI).showInvited},
		{"POST", "/invited/{token}", anyone, 0, (*UI).acceptInvited},
		{"GET", "/people", house, team.Staff, (*UI).showPeople},
		{"POST", "/people/role", house, team.Staff, (*UI).changeRole},
		{"POST", "/people/remove", house, team.Staff, (*UI).removePerson},
		{"POST", "/people/invite", house, team.Staff, (*UI).invite},
		{"POST", "/people/uninvite", house, team.Staff, (*UI).uninvite},
		{"GET", "/activity", house, team.Watch, (*UI).showActivity},
		{"GET", "/account", self, 0, (*UI).showAccount},
		{"POST", "/account/password", self, 0, (*UI).changePassword},
		{"POST", "/account/code", self, 0, (*UI).enrolCode},
		{"POST", "/account/code/enable", self, 0, (*UI).enableCode},
		{"POST", "/account/code/disable", self, 0, (*UI).disableCode},
		{"POST", "/account/passkey", self, 0, (*UI).beginPasskey},
		{"POST", "/account/passkey/add", self, 0, (*UI).addPasskey},
		{"POST", "/account/passkey/remove", self, 0, (*UI).removePasskey},
		{"POST", "/account/session/end", self, 0, (*UI).endSession},

		{"GET", "/{site}", one, team.See, func(u *UI, c *caller) { u.serveSite(c.RequestCtx, c.who, c.site, &c.settings) }},
		{"GET", "/{site}/" + installPath, one, team.See, func(u *UI, c *caller) { u.serveInstall(c.RequestCtx, c.who, c.site, &c.settings) }},
		{"GET", "/{site}/" + playgroundPath, one, team.See, (*UI).showPlayground},
		{"POST", "/{site}/" + playgroundPath, one, team.See, (*UI).askPlayground},
		{"GET", "/{site}/" + refusedPath, one, team.See, (*UI).showRefused},
		{"GET", "/{site}/" + notesPath, one, team.See, (*UI).showNotes},
		{"POST", "/{site}/" + notesPath, one, team.Work, (*UI).changeNotes},
		{"GET", "/{site}/" + segmentsPath, one, team.See, (*UI).showSegments},
		{"POST", "/{site}/" + segmentsPath, one, team.See, (*UI).changeSegments},
		{"GET", "/{site}/" + waysPath, one, team.See, (*UI).showWays},
		{"POST", "/{site}/" + waysPath, one, team.Configure, (*UI).changeWays},
		{"POST", "/{site}/" + refusedPath + "/allow", one, team.Configure, (*UI).allowHost},
		{"GET", "/{site}/" + settingsPath, one, team.Configure, (*UI).showSettings},
		{"POST", "/{site}/" + settingsPath, one, team.Configure, (*UI).changeSettings},
		{"POST", "/{site}/" + settingsPath + "/reset", one, team.Reset, (*UI).resetSite},
		{"POST", "/{site}/" + settingsPath + "/delete", one, team.Delete, (*UI).deleteSite},
		{"GET", "/{site}/" + sharingPath, one, team.Share, (*UI).showSharing},
		{"POST", "/{site}/" + sharingPath, one, team.Share, (*UI).changeSharing},
		{"POST", "/{site}/" + sharingPath + "/link", one, team.Share, (*UI).newLink},
		{"POST", "/{site}/" + sharingPath + "/link/end", one, team.Share, (*UI).endLink},
		{"POST", "/{site}/" + sharingPath + "/token", one, team.Share, (*UI).newToken},
		{"POST", "/{site}/" + sharingPath + "/token/end", one, team.Share, (*UI).endToken},
		{"GET", "/{site}/" + noticesPath, one, team.Configure, (*UI).showNotices},
		{"POST", "/{site}/" + noticesPath, one, team.Configure, (*UI).newNotice},
		{"POST", "/{site}/" + noticesPath + "/try", one, team.Configure, (*UI).tryNotice},
		{"POST", "/{site}/" + noticesPath + "/end", one, team.Configure, (*UI).endNotice},
		{"GET", "/{site}/" + peoplePath, one, team.People, (*UI).showPeople},
		{"POST", "/{site}/" + peoplePath + "/role", one, team.People, (*UI).changeRole},
		{"POST", "/{site}/" + peoplePath + "/invite", one, team.People, (*UI).invite},
		{"POST", "/{site}/" + peoplePath + "/uninvite", one, team.People, (*UI).uninvite},
		{"GET", "/{site}/" + activityPath, one, team.People, (*UI).showActivity},
	}
}

// Address is a row of the access matrix as tests and people read it.
type Address struct {
	Method, Path string
	About        string      // anyone, self, house, some, one: see where
	Action       team.Action // 0 with anyone and self
}

// Matrix is the access matrix: every address of the dashboard, and what it takes.
func Matrix() []Address {
	names := map[where]string{anyone: "anyone", self: "self", house: "house", some: "some", one: "one"}
	var all []Address
	for _, r := range matrix() {
		all = append(all, Address{r.method, r.path, names[r.where], r.action})
	}
	return all
}

// showBadge is GET /badge/<site>.svg or .json: off for every site unless its owner
// wants it.
func (u *UI) showBadge(c *caller) {
	if u.badge == nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	u.badge(c.RequestCtx, c.args[0])
}

// optOut is the page for the sites' visitors, which nobody has to sign in for.
func (u *UI) optOut(c *caller) {
	u.serveOptOut(c.RequestCtx, strings.TrimPrefix(string(c.Path()), u.base+"/"))
}

// match fits a path, split at its slashes, to the route's.
func (r *route) match(parts []string) (site string, args []string, ok bool) {
	own := strings.Split(r.path[1:], "/")
	for i, p := range own {
		switch {
		case p == "*":
			return site, append(args, strings.Join(parts[min(i, len(parts)):], "/")), len(parts) > i
		case i >= len(parts):
			return "", nil, false
		case p == "{site}":
			site = parts[i]
		case strings.HasPrefix(p, "{"):
			args = append(args, parts[i])
		case p != parts[i]:
			return "", nil, false
		}
	}
	return site, args, len(parts) == len(own)
}

// dispatch finds the route of a path inside the base path and lets the reader
// through to it, or not.
func (u *UI) dispatch(ctx *fasthttp.RequestCtx, inside string) {
	parts := strings.Split(inside[1:], "/")
	if n := len(parts); n > 1 && parts[n-1] == "" { // a slash at the end is none
		parts = parts[:n-1]
	}
	method := string(ctx.Method())
	if method == fasthttp.MethodHead {
		method = fasthttp.MethodGet
	}
	var allowed []string
	for i := range u.routes {
		r := &u.routes[i]
		site, args, ok := r.match(parts)
		if !ok {
			continue
		}
		if r.method == method {
			u.enter(r, &caller{RequestCtx: ctx, args: args}, site)
			return
		}
		if !slices.Contains(allowed, r.method) {
			allowed = append(allowed, r.method)
		}
	}
	if len(allowed) > 0 {
		ctx.Response.Header.Set(fasthttp.HeaderAllow, strings.Replace(strings.Join(allowed, ", "), "GET", "GET, HEAD", 1))
		u.sayMessage(ctx, fasthttp.StatusMethodNotAllowed, "message.read_only", "message.read_only.text")
		return
	}
	u.sayMessage(ctx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
}

// enter decides whether the reader may do what the route does.
func (u *UI) enter(r *route, c *caller, name string) {
	c.who = u.reader(c.RequestCtx)
	if r.method == fasthttp.MethodPost && !u.ownForm(c) {
		u.sayMessage(c.RequestCtx, fasthttp.StatusForbidden, "door.foreign", "door.foreign.text")
		return
	}
	switch {
	case r.where == anyone:
		r.serve(u, c)
	case r.where == one && u.enterPublic(r, c, name):
	case !c.who.known():
		u.door(c, fasthttp.StatusUnauthorized, "")
	case r.where == self && !c.who.signed():
		u.door(c, fasthttp.StatusForbidden, "door.closed.self")
	case r.where == self, r.where == some:
		r.serve(u, c)
	case r.where == house && c.who.may("", r.action):
		r.serve(u, c)
	case r.where == one:
		u.enterSite(r, c, name)
	default:
		u.door(c, fasthttp.StatusForbidden, "door.closed.text")
	}
}

// enterSite is enter for a route about one site. Whether a site exists is told to
// those only who may see it.
func (u *UI) enterSite(r *route, c *caller, name string) {
	site, err := aggregate.ParseSite(name)
	if err != nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.name")
		return
	}
	if !c.who.may(site, r.action) {
		u.door(c, fasthttp.StatusForbidden, "door.closed.text")
		return
	}
	settings, ok := u.settings(site)
	if !ok {
		u.unknownSite(c, site)
		return
	}
	if canonical := u.base + strings.Replace(r.path, "{site}", url.PathEscape(string(site)), 1); r.method == fasthttp.MethodGet &&
		len(c.args) == 0 && string(c.Path()) != u.base+strings.Replace(r.path, "{site}", string(site), 1) { // "www.", capitals, a slash at the end
		u.redirect(c.RequestCtx, withArguments(canonical, string(c.URI().QueryString())))
		return
	}
	c.site, c.settings = site, settings
	r.serve(u, c)
}
