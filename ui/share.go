package ui

import (
	"errors"
	"strconv"
	"strings"
	"sync"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/account"
	"footfall/ui/view"

	"github.com/valyala/fasthttp"
)

// Who comes by a secret link meets a dashboard of its own, made for that link: it
// knows one site, one page, and an Asker that adds the link's filter to every
// question. Nothing that stands in an address can widen that, because there is
// nothing wider in there.

// narrowed is an Asker that answers about one site and under a filter.
type narrowed struct {
	Asker
	site    aggregate.Site
	filters []aggregate.Filter
}

var errOtherSite = errors.New("this link is about another site")

func (n narrowed) Answer(q *aggregate.Query) (*aggregate.Report, error) {
	if q.Site != n.site {
		return nil, errOtherSite
	}
	own := *q
	own.Filters = append(append([]aggregate.Filter(nil), n.filters...), q.Filters...)
	return n.Asker.Answer(&own)
}

// shares are the dashboards of secret links, by their tokens.
type shares struct {
	mu sync.Mutex // protects m
	m  map[string]*UI
}

// sharesAtMost bounds what links take of the memory: one that was forgotten is
// made again.
const sharesAtMost = 64

// shareMatrix is every address under a secret link.
func shareMatrix() []route {
	return []route{
		{"GET", "/", some, team.See, func(u *UI, c *caller) { u.redirect(c.RequestCtx, u.sitePath(u.access.shared)) }},
		{"GET", "/assets/*", anyone, 0, func(u *UI, c *caller) { u.serveAsset(c.RequestCtx, c.args[0]) }},
		{"GET", "/{site}", one, team.See, func(u *UI, c *caller) { u.serveSite(c.RequestCtx, c.who, c.site, &c.settings) }},
	}
}

// shareOf is the dashboard of a link to a site under filters.
func (u *UI) shareOf(token string, site aggregate.Site, filters []aggregate.Filter) *UI {
	u.shares.mu.Lock()
	defer u.shares.mu.Unlock()
	if s := u.shares.m[token]; s != nil {
		return s
	}
	return u.guest(token, site, narrowed{u.ask, site, filters}, u.base+"/share/"+token)
}

// filtersOf reads the filter that a link was made with. ok is false where it cannot
// be read any more: such a link opens nothing rather than everything.
func filtersOf(query string) (filters []aggregate.Filter, ok bool) {
	if query == "" {
		return nil, true
	}
	v, _ := view.Parse(query)
	return v.Asks(), len(v.Filters) > 0 && len(v.Unread) == 0
}

// guest makes a dashboard that knows one site and asks through asker, and keeps it
// under a key. The caller holds shares.mu.
func (u *UI) guest(key string, site aggregate.Site, asker Asker, base string) *UI {
	if u.shares.m == nil || len(u.shares.m) >= sharesAtMost {
		u.shares.m = map[string]*UI{}
	}
	s := New(Options{Ask: asker, Settings: u.settings, First: u.first, Credits: u.credits, Clock: u.clock, Log: u.log,
		Sites:    func() []aggregate.Site { return []aggregate.Site{site} },
		Access:   Access{shared: site, Trusted: u.access.Trusted},
		BasePath: base, PublicURL: u.public})
	s.routes, s.views.most = shareMatrix(), guestViews
	u.shares.m[key] = s
	return s
}

// showShare is GET /share/{token}, and what lies under it.
func (u *UI) showShare(c *caller) {
	token := c.args[0]
	link, ok := account.Link{}, false
	if u.access.Book != nil {
		link, ok = u.access.Book.Link(token)
	}
	filters, readable := filtersOf(link.Filter)
	switch {
	case !ok || !readable:
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "share.dead", "share.dead.text")
	case !u.access.Book.LinkOpen(token, u.cookie(c.RequestCtx, shareCookie(&link))):
		u.askShare(c, fasthttp.StatusUnauthorized, signInView{})
	default:
		u.shareOf(token, link.Site, filters).Serve(c.RequestCtx)
		if settings, known := u.settings(link.Site); known {
			allowFrames(c.RequestCtx, settings.EmbedHosts)
		}
	}
}

// allowFrames lets pages of some hosts show an answer in a frame.
func allowFrames(ctx *fasthttp.RequestCtx, hosts []string) {
	if len(hosts) == 0 {
		return
	}
	h := &ctx.Response.Header
	h.Set(fasthttp.HeaderContentSecurityPolicy, strings.Replace(securityPolicy, "frame-ancestors 'none'", "frame-ancestors "+strings.Join(hosts, " "), 1))
	h.Del(fasthttp.HeaderXFrameOptions)
}

func shareCookie(link *account.Link) string {
	return "footfall_share_" + strconv.FormatUint(uint64(link.ID), 10)
}

func (u *UI) askShare(c *caller, status int, v signInView) {
	if !u.maySignIn(c.RequestCtx) {
		u.askIn(c, status, v)
		return
	}
	v.Action, v.Token = u.base+"/share/"+c.args[0], u.formToken(c)
	u.form(c.RequestCtx, status, "share-password", "share.title", &v)
}

// openShare is POST /share/{token}: the password of a link.
func (u *UI) openShare(c *caller) {
	token := c.args[0]
	link, ok := account.Link{}, false
	if u.access.Book != nil {
		link, ok = u.access.Book.Link(token)
	}
	if !ok {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "share.dead", "share.dead.text")
		return
	}
	pass, err := u.access.Book.OpenLink(token, string(c.PostArgs().Peek("password")), u.originOf(c))
	var wait *account.WaitError
	switch {
	case errors.As(err, &wait):
		u.askShare(c, u.tellWait(c, wait), signInView{Why: "door.wait", Wait: seconds(wait.Wait)})
	case err != nil:
		u.askShare(c, fasthttp.StatusUnauthorized, signInView{Why: "share.wrong"})
	default:
		u.setCookie(c.RequestCtx, shareCookie(&link), pass, 0)
		u.redirect(c.RequestCtx, u.base+"/share/"+token+"/")
	}
}
