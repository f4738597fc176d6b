package ui

import (
	"bytes"
	"errors"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"footfall/aggregate/team"
	"footfall/ui/account"

	"github.com/valyala/fasthttp"
)

// signInView is a form before which nobody is signed in.
type signInView struct {
	Base     string
	Action   string // where the form goes
	Token    string
	To       string // the own path to go on to
	Email    string
	Why      string // the key of what was wrong
	First    bool   // the first account is made
	Least    int    // characters of a password
	Wait     int    // seconds until the next try
	Script   string // that of passkeys
	Posts    bool   // links can be sent by mail
	Provider bool   // there is an OpenID provider
	// Invited says what an invitation gives; As is who is signed in already.
	Invited, As string
}

// signedForm is form for those who are signed in.
func (u *UI) signedForm(c *caller, status int, name, title string, view any) {
	u.print(c.RequestCtx, status, name, title, view, u.signedShell(c.who))
}

// signedShell is what a page's shell knows of who is signed in.
func (u *UI) signedShell(who reader) (s shell) {
	if s.Signed = who.signed(); s.Signed {
		s.FormToken, s.Email = tokenOf(who.cookie), who.session.Member.Email
		s.Staff = who.may("", team.Staff)
	}
	return s
}

// form prints a page with a form; title is a key of the catalogues.
func (u *UI) form(ctx *fasthttp.RequestCtx, status int, name, title string, view any) {
	u.print(ctx, status, name, title, view, shell{})
}

func (u *UI) print(ctx *fasthttp.RequestCtx, status int, name, title string, view any, s shell) {
	var out bytes.Buffer
	l := u.locale(ctx)
	if err := templates(l).ExecuteTemplate(&out, name, view); err != nil {
		u.log.Error("BUG: a page could not be printed", "page", name, "err", err)
	}
	s.Title = l.Say(title) + " · Footfall"
	s.Main = template.HTML(out.String()) // #nosec G203 -- printed by html/template just above
	u.wrap(ctx, status, s)
}

// door answers whoever may not do what they asked for. Strangers may sign in; why
// is the key of what to tell those who have done so.
func (u *UI) door(c *caller, status int, why string) {
	book := u.access.Book
	switch {
	case c.who.known():
		u.sayMessage(c.RequestCtx, fasthttp.StatusForbidden, "door.closed", why)
	case book == nil:
		u.sayMessage(c.RequestCtx, status, "door.closed", "door.closed.tokens")
	case book.Empty():
		if (c.IsGet() || c.IsHead()) && string(c.Path()) == u.base+"/" {
			status = fasthttp.StatusOK // the server is well, and this is its first page
		}
		u.form(c.RequestCtx, status, "welcome", "welcome.title", nil) // how the first account is made
	default:
		to := ""
		if c.IsGet() {
			to = string(c.RequestURI())
		}
		u.askIn(c, status, signInView{To: to})
	}
	if status == fasthttp.StatusUnauthorized {
		c.Response.Header.Set(fasthttp.HeaderWWWAuthenticate, `Bearer realm="footfall"`)
	}
}

// askIn prints the sign-in form.
func (u *UI) askIn(c *caller, status int, v signInView) {
	if !u.maySignIn(c.RequestCtx) {
		u.sayMessage(c.RequestCtx, fasthttp.StatusForbidden, "door.clear", "door.clear.text")
		return
	}
	v.Base, v.Action, v.Token, v.To, v.Script = u.base, u.base+"/sign-in", u.formToken(c), u.ownPath(v.To), u.passkeyScript(c)
	v.Provider, v.Posts = u.access.Provider != nil, u.posts()
	u.form(c.RequestCtx, status, "sign-in", "door.title", &v)
}

// ownPath is a path of our own, or blank where it is none. It is never taken from
// an address, only from forms; that it cannot lead elsewhere is seen to here.
func (u *UI) ownPath(to string) string {
	at, err := url.ParseRequestURI(to)
	if err != nil || at.Host != "" || at.Scheme != "" || at.User != nil || len(to) > 2000 || !strings.HasPrefix(to, u.base+"/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t ") {
		return ""
	}
	for _, own := range []string{"/sign-in", "/sign-out", "/set-up/", "/invited/"} {
		if strings.HasPrefix(at.Path, u.base+own) {
			return ""
		}
	}
	return to
}

// showSignIn is GET /sign-in.
func (u *UI) showSignIn(c *caller) {
	if c.who.known() {
		u.redirect(c.RequestCtx, u.base+"/")
		return
	}
	u.door(c, fasthttp.StatusOK, "")
}

// signIn is POST /sign-in.
func (u *UI) signIn(c *caller) {
	if u.access.Book == nil || u.access.Book.Empty() || !u.maySignIn(c.RequestCtx) {
		u.door(c, fasthttp.StatusUnauthorized, "")
		return
	}
	args := c.PostArgs()
	email, to := string(args.Peek("email")), string(args.Peek("to"))
	member, err := u.access.Book.CheckPassword(email, string(args.Peek("password")), u.originOf(c))
	var wait *account.WaitError
	switch {
	case errors.As(err, &wait):
		u.askIn(c, u.tellWait(c, wait), signInView{Email: email, To: to, Why: "door.wait", Wait: seconds(wait.Wait)})
	case err != nil:
		u.askIn(c, fasthttp.StatusUnauthorized, signInView{Email: email, To: to, Why: "door.wrong"})
	case member.Factor:
		u.await(c, member, to)
	default:
		u.begin(c, member, "password", to)
	}
}

// originOf is where a try to sign in comes from.
func (u *UI) originOf(c *caller) account.Origin {
	from := account.Origin{Device: u.cookie(c.RequestCtx, deviceCookie)}
	if u.access.Network != nil {
		from.Network = u.access.Network(c.RequestCtx)
	}
	return from
}

// tellWait says in a header how long to wait, and returns the status that goes with it.
func (u *UI) tellWait(c *caller, wait *account.WaitError) int {
	c.Response.Header.Set(fasthttp.HeaderRetryAfter, strconv.Itoa(seconds(wait.Wait)))
	return fasthttp.StatusTooManyRequests
}

// seconds is a time in whole seconds, rounded up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// await begins the second step of signing in: a code is asked for.
func (u *UI) await(c *caller, member account.Member, to string) {
	token, err := u.access.Book.Await(member.ID)
	if err != nil {
		u.broken(c, err)
		return
	}
	u.setCookie(c.RequestCtx, pendingCookie, token, 0)
	u.askCode(c, fasthttp.StatusOK, signInView{To: to})
}

// askCode prints the form of the second step.
func (u *UI) askCode(c *caller, status int, v signInView) {
	v.Base, v.Action, v.Token, v.To, v.Script = u.base, u.base+"/sign-in/code", u.formToken(c), u.ownPath(v.To), u.passkeyScript(c)
	u.form(c.RequestCtx, status, "sign-in-code", "door.title", &v)
}

// signInCode is POST /sign-in/code: the second step.
func (u *UI) signInCode(c *caller) {
	if u.access.Book == nil || !u.maySignIn(c.RequestCtx) {
		u.door(c, fasthttp.StatusUnauthorized, "")
		return
	}
	args := c.PostArgs()
	to := string(args.Peek("to"))
	member, err := u.access.Book.Finish(u.cookie(c.RequestCtx, pendingCookie), string(args.Peek("code")))
	switch {
	case err == nil:
		u.setCookie(c.RequestCtx, pendingCookie, "", 0)
		u.begin(c, member, "code", to)
	case errors.Is(err, account.ErrCode):
		u.askCode(c, fasthttp.StatusUnauthorized, signInView{To: to, Why: "entry.code"})
	case errors.Is(err, account.ErrPending):
		u.setCookie(c.RequestCtx, pendingCookie, "", 0)
		u.askIn(c, fasthttp.StatusUnauthorized, signInView{To: to, Why: "door.again"})
	default:
		u.broken(c, err)
	}
}

// begin starts a session for an account that has proved itself. Whatever session
// the browser had ends: a token is never carried over a sign-in.
func (u *UI) begin(c *caller, member account.Member, method, to string) {
	if c.who.signed() {
		_ = u.access.Book.End(c.who.session.Member.ID, c.who.session.ID) // it ends by itself else
	}
	if u.enterSession(c, member, method) {
		u.redirect(c.RequestCtx, u.onward(to))
	}
}

// onward is where to go after signing in.
func (u *UI) onward(to string) string {
	if to = u.ownPath(to); to == "" {
		return u.base + "/"
	}
	return to
}

// enterSession gives the browser its session, or answers why not.
func (u *UI) enterSession(c *caller, member account.Member, method string) bool {
	token, err := u.access.Book.Begin(member.ID, method)
	if err == nil {
		var device string
		device, err = u.access.Book.Remember(member.ID, u.cookie(c.RequestCtx, deviceCookie))
		u.setCookie(c.RequestCtx, deviceCookie, device, deviceLasts)
	}
	if err != nil {
		u.broken(c, err)
		return false
	}
	u.setCookie(c.RequestCtx, formCookie, "", 0)
	u.setCookie(c.RequestCtx, sessionCookie, token, account.SessionMost)
	return true
}

// signOut is POST /sign-out: from here, or from everywhere.
func (u *UI) signOut(c *caller) {
	own := c.who.session
	err := u.access.Book.End(own.Member.ID, own.ID)
	if string(c.PostArgs().Peek("everywhere")) == "1" {
		err = u.access.Book.EndAll(own.Member.ID)
	}
	if err != nil {
		u.broken(c, err)
		return
	}
	u.setCookie(c.RequestCtx, sessionCookie, "", 0)
	u.redirect(c.RequestCtx, u.base+"/")
}

// showSetUp is GET /set-up/{token}: the page on which the first account is made.
func (u *UI) showSetUp(c *caller) {
	if u.access.Book == nil || !u.access.Book.SetUpOpen(c.args[0]) {
		u.deadSetUp(c)
		return
	}
	u.askFirst(c, fasthttp.StatusOK, signInView{})
}

func (u *UI) deadSetUp(c *caller) {
	u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "welcome.dead", "welcome.dead.text")
}

func (u *UI) askFirst(c *caller, status int, v signInView) {
	if !u.maySignIn(c.RequestCtx) {
		u.askIn(c, status, v)
		return
	}
	v.Base, v.Action, v.Token, v.First, v.Least = u.base, u.base+"/set-up/"+url.PathEscape(c.args[0]), u.formToken(c), true, account.PasswordLeast
	u.form(c.RequestCtx, status, "sign-in", "welcome.title", &v)
}

// setUp is POST /set-up/{token}: it makes the owner and signs in.
func (u *UI) setUp(c *caller) {
	if u.access.Book == nil || !u.maySignIn(c.RequestCtx) {
		u.deadSetUp(c)
		return
	}
	args := c.PostArgs()
	email := string(args.Peek("email"))
	member, err := u.access.Book.SetUp(c.args[0], email, string(args.Peek("password")))
	switch {
	case err == nil:
		u.begin(c, member, "password", "")
	case errors.Is(err, account.ErrSetUp):
		u.deadSetUp(c)
	case wrongEntry(err) != "":
		u.askFirst(c, fasthttp.StatusUnprocessableEntity, signInView{Email: email, Why: wrongEntry(err)})
	default:
		u.broken(c, err)
	}
}

// broken answers where the disk failed; the log says why.
func (u *UI) broken(c *caller, err error) {
	u.log.Error("a change of the team's could not be stored", "err", err)
	u.sayMessage(c.RequestCtx, fasthttp.StatusInternalServerError, "message.broken", "message.broken.stored")
}

// wrongEntry is the key of what is wrong with what somebody typed; blank where the
// error is about something else.
func wrongEntry(err error) string {
	for _, known := range []struct {
		error
		key string
	}{{account.ErrShort, "entry.short"}, {account.ErrLong, "entry.long"}, {account.ErrOwnName, "entry.own_name"},
		{account.ErrCommon, "entry.common"}, {account.ErrEmail, "entry.email"}, {account.ErrExists, "entry.exists"}, {account.ErrCode, "entry.code"}} {
		if errors.Is(err, known.error) {
			return known.key
		}
	}
	return ""
}
