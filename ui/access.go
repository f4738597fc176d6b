package ui

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"footfall/aggregate"

	"github.com/valyala/fasthttp"
)

// Access says who may read the dashboard.
//
// A request that comes from this machine needs no token. Three things must hold,
// because a reverse proxy on the same machine, or a web page that points its own
// name at 127.0.0.1, would otherwise open the figures to the world:
//
//  1. the peer's address is a loopback address;
//  2. no header tells of a proxy, and the protocol is not HTTP/1.0, which is what
//     nginx speaks to the servers behind it when nothing else is configured;
//  3. the Host header names this machine: localhost, a loopback address, or one of Hosts.
//
// Everyone else shows a token: in the Authorization header, or once in the
// sign-in form, which starts a session. A token in an address is never read:
// addresses end up in histories and logs.
type Access struct {
	// Tokens knows the tokens; nil: there are none.
	Tokens Tokens
	// Hosts are further names under which a reader on this machine may call
	// without a token: the host of the listen address. The name under which a
	// proxy publishes the dashboard does not belong here, since a proxy that
	// passes the name but adds no header could not be told from a local reader.
	Hosts []string
	// Random is the source of session ids; nil: crypto/rand.
	Random io.Reader
}

const (
	sessionCookie = "footfall_session"
	sessionIdle   = 7 * 24 * time.Hour
	maxSessions   = 1000
)

// reader is who asks, as far as the door can tell.
type reader struct {
	tokens Tokens
	local  bool
	token  string
	signed bool // by a session
}

// may reports whether the reader may see the site's figures.
func (r reader) may(site aggregate.Site) bool {
	return r.local || r.token != "" && r.tokens != nil && r.tokens.Check(r.token, site, ScopeStats)
}

// known reports whether the reader showed anything at all.
func (r reader) known() bool { return r.local || r.token != "" }

// reader finds out who asks. A token is not checked here: what it opens depends on the site.
func (u *UI) reader(ctx *fasthttp.RequestCtx) reader {
	r := reader{tokens: u.access.Tokens, local: u.access.local(ctx)}
	if r.local {
		return r
	}
	if token := bearerToken(ctx); token != "" {
		r.token = token
		return r
	}
	if id := ctx.Request.Header.Cookie(sessionCookie); len(id) > 0 {
		r.token = u.sessions.token(string(id), u.clock())
		r.signed = r.token != ""
	}
	return r
}

func bearerToken(ctx *fasthttp.RequestCtx) string {
	scheme, token, _ := strings.Cut(string(ctx.Request.Header.Peek(fasthttp.HeaderAuthorization)), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// local reports whether the request needs no token (see Access).
func (a *Access) local(ctx *fasthttp.RequestCtx) bool {
	return ctx.RemoteIP().IsLoopback() && !proxied(&ctx.Request.Header) &&
		a.names(string(ctx.Host())) && !foreignScript(&ctx.Request.Header)
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

// secure reports whether the reader's own connection is encrypted: here, or at
// the proxy on this machine that says so.
func secure(ctx *fasthttp.RequestCtx) bool {
	return ctx.IsTLS() || ctx.RemoteIP().IsLoopback() &&
		strings.EqualFold(string(ctx.Request.Header.Peek("X-Forwarded-Proto")), "https")
}

// sessions are the signed-in readers. They live in memory and end with the
// process. A cookie holds a random id; here only the id's hash is kept. The token
// stays with it, so that a token taken back closes its sessions at once.
type sessions struct {
	random io.Reader

	mu sync.Mutex // protects m
	m  map[[sha256.Size]byte]*session
}

type session struct {
	token string
	seen  time.Time
}

func newSessions(random io.Reader) *sessions {
	if random == nil {
		random = rand.Reader
	}
	return &sessions{random: random, m: map[[sha256.Size]byte]*session{}}
}

// start begins a session and returns its id.
func (s *sessions) start(token string, now time.Time) (string, error) {
	var raw [32]byte
	if _, err := io.ReadFull(s.random, raw[:]); err != nil {
		return "", err
	}
	id := base64.RawURLEncoding.EncodeToString(raw[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.m) >= maxSessions {
		s.evict(now)
	}
	s.m[sha256.Sum256([]byte(id))] = &session{token: token, seen: now}
	return id, nil
}

// evict forgets idle sessions, and the one unused for longest where none is idle.
// The caller holds mu.
func (s *sessions) evict(now time.Time) {
	var oldest [sha256.Size]byte
	var since time.Time
	for key, one := range s.m {
		if now.Sub(one.seen) > sessionIdle {
			delete(s.m, key)
		} else if since.IsZero() || one.seen.Before(since) {
			oldest, since = key, one.seen
		}
	}
	if len(s.m) >= maxSessions {
		delete(s.m, oldest)
	}
}

// token returns the token of a session, or "" where there is none (any more).
func (s *sessions) token(id string, now time.Time) string {
	key := sha256.Sum256([]byte(id))
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.m[key]
	if one == nil {
		return ""
	}
	if now.Sub(one.seen) > sessionIdle {
		delete(s.m, key)
		return ""
	}
	one.seen = now
	return one.token
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, sha256.Sum256([]byte(id)))
}

// signIn is POST /sign-in: a token becomes a session.
func (u *UI) signIn(ctx *fasthttp.RequestCtx) {
	if !u.ownForm(ctx) {
		u.sayMessage(ctx, fasthttp.StatusForbidden, "door.failed", "door.failed.foreign")
		return
	}
	token := strings.TrimSpace(string(ctx.PostArgs().Peek("token")))
	site, _ := aggregate.ParseSite(string(ctx.PostArgs().Peek("site")))
	who := reader{tokens: u.access.Tokens, token: token}
	opens := site != "" && who.may(site)
	for _, other := range u.sites() {
		opens = opens || who.may(other)
	}
	if !opens {
		u.door(ctx, fasthttp.StatusUnauthorized, site, u.locale(ctx).Say("door.wrong"))
		return
	}
	id, err := u.sessions.start(token, u.clock())
	if err != nil {
		u.log.Error("no randomness for a session", "err", err)
		u.sayMessage(ctx, fasthttp.StatusInternalServerError, "door.failed", "door.failed.session")
		return
	}
	u.setSession(ctx, id)
	if site != "" && who.may(site) {
		u.redirect(ctx, u.sitePath(site))
		return
	}
	u.redirect(ctx, u.base+"/")
}

// signOut is POST /sign-out.
func (u *UI) signOut(ctx *fasthttp.RequestCtx) {
	if u.ownForm(ctx) {
		u.sessions.end(string(ctx.Request.Header.Cookie(sessionCookie)))
		u.setSession(ctx, "")
	}
	u.redirect(ctx, u.base+"/")
}

// setSession sets the session cookie, or deletes it where id is blank.
func (u *UI) setSession(ctx *fasthttp.RequestCtx, id string) {
	var c fasthttp.Cookie
	c.SetKey(sessionCookie)
	c.SetValue(id)
	c.SetPath(u.base + "/")
	c.SetHTTPOnly(true)
	c.SetSameSite(fasthttp.CookieSameSiteStrictMode)
	c.SetSecure(secure(ctx))
	if id == "" {
		c.SetExpire(fasthttp.CookieExpireDelete)
	}
	ctx.Response.Header.SetCookie(&c)
}

// ownForm reports whether a form was sent from one of our own pages, as far as
// the browser tells: with "Referrer-Policy: no-referrer" it says "Origin: null",
// and Sec-Fetch-Site only where the connection is trustworthy.
func (u *UI) ownForm(ctx *fasthttp.RequestCtx) bool {
	h := &ctx.Request.Header
	switch string(h.Peek("Sec-Fetch-Site")) {
	case "same-origin", "none":
		return true
	case "":
		_, host, _ := strings.Cut(string(h.Peek(fasthttp.HeaderOrigin)), "://")
		return host == "" || hostName(host) == hostName(string(ctx.Host())) ||
			hostName(host) == hostName(string(h.Peek("X-Forwarded-Host")))
	}
	return false
}
