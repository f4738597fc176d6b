package ui

import (
	"net"
	"slices"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/account"
	"footfall/ui/account/provider"

	"github.com/valyala/fasthttp"
)

// Access says who is let in.
//
// Somebody of the team signs in and has a session; a program shows a token in the
// Authorization header. Neither is ever read from an address: addresses end up in
// histories and logs. While there is no account, the pages say how to make the
// first one, and nothing else.
type Access struct {
	// Book knows the accounts; nil: there are none and never will be.
	Book *account.Book
	// Provider is the team's OpenID provider; nil: there is none.
	Provider *provider.Provider
	// Mail sends letters; nil: none is sent.
	Mail Mail
	// Tokens knows the tokens; nil: there are none.
	Tokens Tokens
	// Local lets readers on this machine in as if they owned it, without an account.
	// Three things must hold for that, because a reverse proxy on the same machine,
	// or a web page that points its own name at 127.0.0.1, would otherwise open the
	// figures to the world:
	//
	//  1. the peer's address is a loopback address;
	//  2. no header tells of a proxy, and the protocol is not HTTP/1.0, which is what
	//     nginx speaks to the servers behind it when nothing else is configured;
	//  3. the Host header names this machine: localhost, a loopback address, or one of Hosts.
	Local bool
	// Hosts are further names under which a reader on this machine may call
	// without an account: the host of the listen address. The name under which a
	// proxy publishes the dashboard does not belong here, since a proxy that
	// passes the name but adds no header could not be told from a local reader.
	Hosts []string
	// Trusted reports whether a peer is a proxy whose word on the reader's own
	// connection is believed. nil: those on this machine are.
	Trusted func(net.IP) bool
	// shared is the one site that whoever comes may see: that of a secret link.
	shared aggregate.Site
	// public is the number of visitors in whose steps everything is told, where the
	// reader may be anybody; 0: the figures are not public (see blurred).
	public int
	// Network stands for the network that a request comes from, without saying which
	// it is: who guesses passwords is slowed down by it. nil: all come from one.
	Network func(*fasthttp.RequestCtx) uint64
	// Plain lets people sign in over connections that are not encrypted, other
	// than those that stay on this machine.
	Plain bool
}

// reader is who asks, as far as the door can tell. The zero value is a stranger.
type reader struct {
	local   bool            // on this machine, and that is enough
	session account.Session // of somebody who is signed in; ID 0: nobody is
	cookie  string          // the session's token
	token   string          // of a program
	shared  aggregate.Site  // of a secret link, which shows it
	tokens  Tokens
}

// may reports whether the reader may do something to a site, or to the
// installation where the site is blank. Whatever is decided about access is
// decided here.
func (r reader) may(site aggregate.Site, a team.Action) bool { return r.role(site).May(a) }

// role is what the reader is on a site.
func (r reader) role(site aggregate.Site) team.Role {
	switch {
	case r.local:
		return team.Owner
	case r.session.ID != 0:
		return r.session.Member.Grants.Role(site)
	case r.shared != "" && r.shared == site:
		return team.Viewer
	case r.token != "" && site != "" && r.tokens.Check(r.token, site, ScopeStats):
		return team.Viewer
	}
	return team.Nobody
}

// known reports whether the reader showed anything at all.
func (r reader) known() bool { return r.local || r.session.ID != 0 || r.token != "" || r.shared != "" }

// signed reports whether the reader has a session.
func (r reader) signed() bool { return r.session.ID != 0 }

// reader finds out who asks. A token is not checked here: what it opens depends on
// the site. It comes before a session, so that nobody's session adds to it.
func (u *UI) reader(ctx *fasthttp.RequestCtx) reader {
	if u.access.shared != "" {
		return reader{shared: u.access.shared}
	}
	if token := bearerToken(ctx); token != "" && u.access.Tokens != nil {
		return reader{token: token, tokens: u.access.Tokens}
	}
	if u.access.Book != nil {
		cookie := u.cookie(ctx, sessionCookie)
		if s, ok := u.access.Book.Session(cookie); ok {
			return reader{session: s, cookie: cookie}
		}
	}
	return reader{local: u.access.Local && u.access.local(ctx)}
}

// opened are the sites that the reader may see.
func (u *UI) opened(who reader) []aggregate.Site {
	return slices.DeleteFunc(slices.Clone(u.sites()), func(s aggregate.Site) bool { return !who.may(s, team.See) })
}

func bearerToken(ctx *fasthttp.RequestCtx) string {
	scheme, token, _ := strings.Cut(string(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// local reports whether the request needs no account (see Access).
func (a *Access) local(ctx *fasthttp.RequestCtx) bool {
	return near(ctx) && a.names(string(ctx.Host())) && !foreignScript(&ctx.Request.Header)
}

// near reports whether the reader's own connection does not leave this machine.
func near(ctx *fasthttp.RequestCtx) bool {
	return ctx.RemoteIP().IsLoopback() && !proxied(&ctx.Request.Header)
}

// proxyHeaders are what proxies add, besides everything that begins with X-Forwarded-.
var proxyHeaders = []string{"Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "X-Original-Host",
	"X-Original-Forwarded-For", "X-Envoy-External-Address", "Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip",
	"Cf-Ray", "Fastly-Client-Ip", "Fly-Client-Ip", "X-Proxyuser-Ip", "X-Azure-Clientip"}

func proxied(h *fasthttp.RequestHeader) bool {
	if !h.IsHTTP11() {
		return true
	}
	for _, name := range proxyHeaders {
		if h.Peek(name) != nil {
			return true
		}
	}
	for key := range h.All() {
		if len(key) >= 12 && strings.EqualFold(string(key[:12]), "X-Forwarded-") {
			return true
		}
	}
	return false
}

// foreignScript reports whether a page of another site made the request in its
// own name (an image, a fetch) instead of sending its reader here. Such a page
// cannot read the answer, but it could time it.
func foreignScript(h *fasthttp.RequestHeader) bool {
	switch string(h.Peek("Sec-Fetch-Site")) {
	case "cross-site", "same-site":
		return string(h.Peek("Sec-Fetch-Mode")) != "navigate"
	}
	return false
}

// names reports whether a Host header names this machine.
func (a *Access) names(host string) bool {
	name := hostName(host)
	if name == "localhost" {
		return true
	}
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() {
		return true
	}
	for _, own := range a.Hosts {
		if name != "" && name == hostName(own) {
			return true
		}
	}
	return false
}

// hostName is a host without its port and brackets, in lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// secure reports whether the reader's own connection is encrypted: here, or at a
// trusted proxy that says so.
func (a *Access) secure(ctx *fasthttp.RequestCtx) bool {
	if ctx.IsTLS() {
		return true
	}
	trusted := ctx.RemoteIP().IsLoopback()
	if a.Trusted != nil {
		trusted = a.Trusted(ctx.RemoteIP())
	}
	return trusted && strings.EqualFold(string(ctx.Request.Header.Peek("X-Forwarded-Proto")), "https")
}
