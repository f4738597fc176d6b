package ui

import (
	"encoding/json"
	"errors"
	"net"
	"strings"

	"footfall/ui/account"

	"github.com/valyala/fasthttp"
)

// Passkeys are what the dashboard's only script besides the one of the figures is
// for: browsers let nothing else ask an authenticator. What passes between the
// script and us is JSON; the form's token is in the request as with every form.

// webOrigin is the reader's origin, as a browser names it.
func (u *UI) webOrigin(c *caller) string {
	scheme, rest, _ := strings.Cut(u.origin(c.RequestCtx), "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host
}

// passkeyScript is the script's address; blank where the reader has reached us by
// a number: a passkey belongs to a name.
func (u *UI) passkeyScript(c *caller) string {
	if net.ParseIP(hostName(hostOfURL(u.webOrigin(c)))) != nil {
		return ""
	}
	return u.assetURL("passkey.js")
}

// rite is a ceremony that has begun, for the script.
type rite struct {
	Options any    `json:"options"`
	Token   string `json:"token"`
}

// riteDone is one that has ended: where to go on, or the sentence that says why not.
type riteDone struct {
	To    string `json:"to,omitempty"`
	Error string `json:"error,omitempty"`
}

func (u *UI) json(c *caller, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		u.log.Error("BUG: an answer has no JSON form", "err", err)
		status = fasthttp.StatusInternalServerError
	}
	c.SetStatusCode(status)
	c.SetContentType("application/json; charset=utf-8")
	c.SetBody(body)
}

// refuseRite says what was wrong.
func (u *UI) refuseRite(c *caller, err error) {
	l, status, key := u.locale(c.RequestCtx), fasthttp.StatusUnprocessableEntity, "entry.passkey"
	var wait *account.WaitError
	switch {
	case errors.As(err, &wait):
		u.json(c, u.tellWait(c, wait), riteDone{Error: l.Say("door.wait", "n", seconds(wait.Wait))})
		return
	case errors.Is(err, account.ErrNoAccount):
		key = "entry.current"
	case errors.Is(err, errStale):
		key = "entry.stale"
	case !errors.Is(err, account.ErrPasskey):
		u.log.Error("a passkey could not be used", "err", err)
	}
	u.json(c, status, riteDone{Error: l.Say(key)})
}

// beginPasskeyEntry is POST /sign-in/passkey.
func (u *UI) beginPasskeyEntry(c *caller) {
	if u.access.Book == nil || !u.maySignIn(c.RequestCtx) {
		u.refuseRite(c, account.ErrPasskey)
		return
	}
	options, token, err := u.access.Book.BeginEntry(u.webOrigin(c))
	if err != nil {
		u.refuseRite(c, err)
		return
	}
	u.json(c, fasthttp.StatusOK, rite{options, token})
}

// finishPasskeyEntry is POST /sign-in/passkey/finish.
func (u *UI) finishPasskeyEntry(c *caller) {
	if u.access.Book == nil || !u.maySignIn(c.RequestCtx) {
		u.refuseRite(c, account.ErrPasskey)
		return
	}
	args := c.PostArgs()
	member, err := u.access.Book.FinishEntry(string(args.Peek("token")), u.webOrigin(c), args.Peek("answer"))
	if err != nil {
		u.refuseRite(c, err)
		return
	}
	if u.enterSession(c, member, "passkey") {
		u.json(c, fasthttp.StatusOK, riteDone{To: u.onward(string(args.Peek("to")))})
	}
}

// beginPasskey is POST /account/passkey: a key is to be made.
func (u *UI) beginPasskey(c *caller) {
	err := u.confirm(c)
	if err != nil {
		u.refuseRite(c, err)
		return
	}
	options, token, err := u.access.Book.BeginPasskey(c.who.session.Member.ID, u.webOrigin(c))
	if err != nil {
		u.refuseRite(c, err)
		return
	}
	u.json(c, fasthttp.StatusOK, rite{options, token})
}

// addPasskey is POST /account/passkey/add: the key was made.
func (u *UI) addPasskey(c *caller) {
	args := c.PostArgs()
	err := u.access.Book.AddPasskey(c.who.session.Member.ID, string(args.Peek("token")), u.webOrigin(c), string(args.Peek("name")), args.Peek("answer"))
	if err != nil {
		u.refuseRite(c, err)
		return
	}
	u.json(c, fasthttp.StatusOK, riteDone{To: u.base + "/account"})
}
