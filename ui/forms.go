package ui

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// Cookies of the dashboard. Over an encrypted connection their names begin with
// __Host-, which keeps other hosts from planting them.
const (
	sessionCookie = "footfall_session"
	// formCookie ties the forms of those who are not signed in to their browser.
	formCookie = "footfall_form"
	// pendingCookie stands for a first step of signing in whose second is due.
	pendingCookie = "footfall_pending"
	// deviceCookie tells that somebody has signed in from this browser before, who
	// then is not slowed down by strangers that guess.
	deviceCookie = "footfall_device"
	deviceLasts  = 365 * 24 * time.Hour
)

// formField carries a form's token.
const formField = "form"

func (u *UI) cookieName(ctx *fasthttp.RequestCtx, name string) string {
	if u.access.secure(ctx) {
		return "__Host-" + name
	}
	return name
}

// cookie is the value of one of our cookies, blank where there is none.
func (u *UI) cookie(ctx *fasthttp.RequestCtx, name string) string {
	return string(ctx.Request.Header.Cookie(u.cookieName(ctx, name)))
}

// setCookie sets a cookie of ours, or deletes it where value is blank. With a
// lasting of 0 it ends with the browser's session.
func (u *UI) setCookie(ctx *fasthttp.RequestCtx, name, value string, lasting time.Duration) {
	var c fasthttp.Cookie
	c.SetKey(u.cookieName(ctx, name))
	c.SetValue(value)
	c.SetPath(u.base + "/")
	if c.SetSecure(u.access.secure(ctx)); c.Secure() {
		c.SetPath("/") // as __Host- demands
	}
	c.SetHTTPOnly(true)
	// Lax: a link to the dashboard in a mail opens it. What changes anything is a
	// POST, which Lax keeps out from elsewhere, and which carries a token besides.
	c.SetSameSite(fasthttp.CookieSameSiteLaxMode)
	if value == "" {
		c.SetExpire(fasthttp.CookieExpireDelete)
	} else if lasting > 0 {
		c.SetMaxAge(int(lasting / time.Second))
	}
	ctx.Response.Header.SetCookie(&c)
}

// maySignIn reports whether what is typed here stays between the reader and us:
// the connection is encrypted, or does not leave this machine.
func (u *UI) maySignIn(ctx *fasthttp.RequestCtx) bool {
	return u.access.Plain || u.access.secure(ctx) || near(ctx)
}

// formToken is what the forms on a page of this reader carry: it can be made by
// those only who know the reader's cookie.
func (u *UI) formToken(c *caller) string {
	if c.who.cookie != "" {
		return tokenOf(c.who.cookie)
	}
	key := u.cookie(c.RequestCtx, formCookie)
	if len(key) < 20 {
		key = rand.Text()
		u.setCookie(c.RequestCtx, formCookie, key, 0)
	}
	return tokenOf(key)
}

func tokenOf(cookie string) string {
	mac := hmac.New(sha256.New, []byte(cookie))
	mac.Write([]byte("footfall form"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// ownForm reports whether a form was sent from one of our own pages: what the
// browser says about where it comes from must fit, and the form must carry the
// token that we gave to this very browser.
func (u *UI) ownForm(c *caller) bool {
	key := c.who.cookie
	if key == "" {
		key = u.cookie(c.RequestCtx, formCookie)
	}
	got := c.PostArgs().Peek(formField)
	return u.ownOrigin(c.RequestCtx) && key != "" && hmac.Equal(got, []byte(tokenOf(key)))
}

// ownOrigin judges by what browsers tell. Sec-Fetch-Site comes over trustworthy
// connections only; Origin comes with every form. Neither comes from a program,
// which no other site can send.
func (u *UI) ownOrigin(ctx *fasthttp.RequestCtx) bool {
	h := &ctx.Request.Header
	switch string(h.Peek("Sec-Fetch-Site")) {
	case "same-origin":
		return true
	case "":
	default:
		return false
	}
	origin := string(h.Peek(fasthttp.HeaderOrigin))
	if origin == "" {
		return true
	}
	_, host, ok := strings.Cut(origin, "://")
	if !ok { // "null"
		return false
	}
	for _, own := range []string{string(ctx.Host()), string(h.Peek("X-Forwarded-Host")), hostOfURL(u.public)} {
		if own != "" && strings.EqualFold(host, own) {
			return true
		}
	}
	return false
}

func hostOfURL(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}
