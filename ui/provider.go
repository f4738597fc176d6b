package ui

import (
	"context"
	"errors"

	"footfall/ui/account"
	"footfall/ui/account/provider"

	"github.com/valyala/fasthttp"
)

// journeyCookie ties somebody who comes back from the provider to the browser that
// left for it.
const journeyCookie = "footfall_journey"

// providerBack is where the provider sends people back to.
func (u *UI) providerBack(c *caller) string {
	return u.origin(c.RequestCtx) + "/sign-in/provider/back"
}

func (u *UI) noProvider(c *caller) bool {
	if u.access.Provider != nil && u.access.Book != nil && u.maySignIn(c.RequestCtx) {
		return false
	}
	u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
	return true
}

// leave is GET /sign-in/provider: the only redirect that leads away from here, to
// the provider that the operator has named.
func (u *UI) leave(c *caller) {
	if u.noProvider(c) {
		return
	}
	address, attempt, err := u.access.Provider.Begin(context.Background(), u.providerBack(c))
	if err != nil {
		u.log.Error("the OpenID provider does not answer", "err", err)
		u.sayMessage(c.RequestCtx, fasthttp.StatusBadGateway, "provider.failed", "provider.silent")
		return
	}
	u.access.Book.Depart(attempt)
	u.setCookie(c.RequestCtx, journeyCookie, attempt.State, 0)
	u.redirect(c.RequestCtx, address)
}

// comeBack is GET /sign-in/provider/back.
func (u *UI) comeBack(c *caller) {
	if u.noProvider(c) {
		return
	}
	args := c.QueryArgs()
	attempt, ok := u.access.Book.Arrive(string(args.Peek("state")), u.cookie(c.RequestCtx, journeyCookie))
	u.setCookie(c.RequestCtx, journeyCookie, "", 0)
	if !ok {
		u.sayMessage(c.RequestCtx, fasthttp.StatusForbidden, "provider.failed", "provider.foreign")
		return
	}
	who, err := u.access.Provider.Finish(context.Background(), u.providerBack(c), string(args.Peek("code")), attempt)
	var member account.Member
	if err == nil {
		member, err = u.access.Book.Vouched(who)
	}
	switch {
	case err == nil:
		u.begin(c, member, "provider", "")
	case errors.Is(err, account.ErrNoAccount):
		u.sayMessage(c.RequestCtx, fasthttp.StatusForbidden, "provider.failed", "provider.nobody")
	case errors.Is(err, provider.ErrRefused):
		u.sayMessage(c.RequestCtx, fasthttp.StatusForbidden, "provider.failed", "provider.refused")
	default:
		u.broken(c, err)
	}
}
