package ui

import (
	"errors"
	"html/template"
	"strconv"
	"time"

	"footfall/aggregate"
	"footfall/ui/account"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// accountView is the page about the reader's own account.
type accountView struct {
	Base, Token string
	Email       string
	Roles       []string
	Password    bool // there is one
	Factor      bool
	Passkeys    []passkeyRow
	Sessions    []sessionRow
	Least       int
	Why, Done   string // keys of what was wrong, and of what was done
	Wait        int
	Script      string
	// Enrol is an authenticator that is being set up, Recovery the codes to keep.
	Enrol    *account.Enrolment
	Image    template.URL
	Recovery []string
}

type passkeyRow struct {
	ID            uint32
	Name          string
	Created, Used string
}

type sessionRow struct {
	ID            uint32
	Method        string // a key of the catalogues
	Started, Seen string
	Here          bool
}

// day writes the day of a time. Times of the team are shown in UTC: an account has
// no zone of its own.
func day(l *words.Locale, t time.Time) string {
	return l.Date(words.WithYear, aggregate.DayOf(t, time.UTC))
}

func (u *UI) accountView(c *caller) *accountView {
	l, own := u.locale(c.RequestCtx), c.who.session
	// The session may have ended by what was just done, the account not.
	v := &accountView{Base: u.base, Token: u.formToken(c), Email: own.Member.Email, Least: account.PasswordLeast, Script: u.passkeyScript(c)}
	if m, err := u.access.Book.Find(own.Member.Email); err == nil {
		v.Password, v.Factor, v.Roles = m.Password, m.Factor, rolesOf(l, m.Grants)
	}
	for _, p := range u.access.Book.Passkeys(own.Member.ID) {
		v.Passkeys = append(v.Passkeys, passkeyRow{p.ID, p.Name, day(l, p.Created), day(l, p.Used)})
	}
	for _, s := range u.access.Book.Sessions(own.Member.ID) {
		v.Sessions = append(v.Sessions, sessionRow{s.ID, "method." + s.Method, day(l, s.Started), day(l, s.Seen), s.ID == own.ID})
	}
	return v
}

func (u *UI) showAccount(c *caller) { u.accountPage(c, fasthttp.StatusOK, u.accountView(c)) }

func (u *UI) accountPage(c *caller, status int, v *accountView) {
	u.signedForm(c, status, "account", "account.title", v)
}

// refuse prints the account page with what was wrong.
func (u *UI) refuse(c *caller, err error) {
	v := u.accountView(c)
	status := fasthttp.StatusUnprocessableEntity
	var wait *account.WaitError
	switch {
	case errors.As(err, &wait):
		status, v.Why, v.Wait = u.tellWait(c, wait), "door.wait", seconds(wait.Wait)
	case errors.Is(err, account.ErrNoAccount):
		v.Why = "entry.current"
	case errors.Is(err, errStale):
		v.Why = "entry.stale"
	default:
		if v.Why = wrongEntry(err); v.Why == "" {
			u.broken(c, err)
			return
		}
	}
	u.accountPage(c, status, v)
}

// done prints the account page with what was done.
func (u *UI) done(c *caller, key string) {
	v := u.accountView(c)
	v.Done = key
	u.accountPage(c, fasthttp.StatusOK, v)
}

// errStale is returned where an account without a password signed in too long ago
// to change what it signs in with.
var errStale = errors.New("the session is not fresh")

// freshLasts is how long a sign-in speaks for itself.
const freshLasts = 15 * time.Minute

// confirm proves that it is still the owner who sits there, before anything changes
// about how the account signs in: by the password or, without one, by a sign-in a
// moment ago.
func (u *UI) confirm(c *caller) error {
	m := c.who.session.Member
	if !m.Password {
		if u.clock().Sub(c.who.session.Started) > freshLasts {
			return errStale
		}
		return nil
	}
	return u.access.Book.Confirm(m.Email, string(c.PostArgs().Peek("current")), u.originOf(c))
}

func (u *UI) changePassword(c *caller) {
	err := u.confirm(c)
	if err == nil {
		err = u.access.Book.SetPassword(c.who.session.Member.ID, string(c.PostArgs().Peek("password")), c.who.session.ID)
	}
	if err != nil {
		u.refuse(c, err)
		return
	}
	u.done(c, "account.password.done")
}

// enrolCode shows the secret of an authenticator to be set up.
func (u *UI) enrolCode(c *caller) {
	if err := u.confirm(c); err != nil {
		u.refuse(c, err)
		return
	}
	e, err := u.access.Book.EnrolTOTP(c.who.session.Member.ID, u.issuer(c))
	if err != nil {
		u.refuse(c, err)
		return
	}
	u.showEnrolment(c, fasthttp.StatusOK, &e, "")
}

// issuer is what an authenticator lists the account under.
func (u *UI) issuer(c *caller) string {
	return "Footfall " + hostName(hostOfURL(u.origin(c.RequestCtx)))
}

func (u *UI) showEnrolment(c *caller, status int, e *account.Enrolment, why string) {
	v := u.accountView(c)
	v.Enrol, v.Why = e, why
	v.Image = template.URL(e.Image) // #nosec G203 -- a picture that was drawn here
	u.accountPage(c, status, v)
}

func (u *UI) enableCode(c *caller) {
	own, args := c.who.session, c.PostArgs()
	secret := string(args.Peek("secret"))
	codes, err := u.access.Book.EnableTOTP(own.Member.ID, secret, string(args.Peek("code")), own.ID)
	if errors.Is(err, account.ErrCode) {
		if e, err := u.access.Book.ResumeTOTP(own.Member.ID, u.issuer(c), secret); err == nil {
			u.showEnrolment(c, fasthttp.StatusUnprocessableEntity, &e, "entry.code")
			return
		}
	}
	if err != nil {
		u.refuse(c, err)
		return
	}
	v := u.accountView(c)
	v.Recovery, v.Done = codes, "account.code.done"
	u.accountPage(c, fasthttp.StatusOK, v)
}

func (u *UI) disableCode(c *caller) {
	err := u.confirm(c)
	if err == nil {
		err = u.access.Book.DisableTOTP(c.who.session.Member.ID)
	}
	if err != nil {
		u.refuse(c, err)
		return
	}
	u.done(c, "account.code.off.done")
}

// number is a field that names a record; 0, which none has, where it is no number.
func (c *caller) number(field string) uint32 {
	n, err := strconv.ParseUint(string(c.PostArgs().Peek(field)), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

func (u *UI) removePasskey(c *caller) {
	err := u.confirm(c)
	if err == nil {
		err = u.access.Book.RemovePasskey(c.who.session.Member.ID, c.number("passkey"))
	}
	if err != nil {
		u.refuse(c, err)
		return
	}
	u.done(c, "account.passkey.removed")
}

func (u *UI) endSession(c *caller) {
	if err := u.access.Book.End(c.who.session.Member.ID, c.number("session")); err != nil {
		u.refuse(c, err)
		return
	}
	u.done(c, "account.session.ended")
}
