package ui

import (
	"context"
	"errors"
	"net/url"
	"time"

	"footfall/ui/account"

	"github.com/valyala/fasthttp"
)

// Mail sends letters to the team.
type Mail interface {
	// Post sends one. The error does not name the receiver.
	Post(ctx context.Context, to, subject, text string) error
}

// postPatience is how long a letter may take on its way to the mail server.
const postPatience = 30 * time.Second

// posts reports whether letters with links can be sent: the links are made from the
// address that the operator has named, never from what a request says it is.
func (u *UI) posts() bool { return u.access.Mail != nil && u.public != "" && u.access.Book != nil }

// post sends a letter beside: who asked for it does not learn from the time it
// takes whether one was sent.
func (u *UI) post(to, subject, text string) {
	u.letters.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), postPatience)
		defer cancel()
		if err := u.access.Mail.Post(ctx, to, subject, text); err != nil {
			u.log.Error("a letter to the team could not be sent", "err", err)
		}
	})
}

// showForgotten is GET /forgotten: where to send a link to.
func (u *UI) showForgotten(c *caller) { u.askForgotten(c, fasthttp.StatusOK, signInView{}) }

func (u *UI) askForgotten(c *caller, status int, v signInView) {
	if !u.posts() || !u.maySignIn(c.RequestCtx) {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	v.Base, v.Action, v.Token = u.base, u.base+"/forgotten", u.formToken(c)
	u.form(c.RequestCtx, status, "forgotten", "forgotten.title", &v)
}

// forget is POST /forgotten: it answers alike whether there is such an account.
func (u *UI) forget(c *caller) {
	if !u.posts() || !u.maySignIn(c.RequestCtx) {
		u.askForgotten(c, fasthttp.StatusNotFound, signInView{})
		return
	}
	to, token, err := u.access.Book.OpenReset(string(c.PostArgs().Peek("email")), u.originOf(c))
	var wait *account.WaitError
	switch {
	case errors.As(err, &wait):
		u.askForgotten(c, u.tellWait(c, wait), signInView{Why: "door.wait", Wait: seconds(wait.Wait)})
		return
	case err != nil:
		u.broken(c, err)
		return
	case token != "":
		l := u.locale(c.RequestCtx)
		u.post(to, l.Say("forgotten.subject"), l.Say("forgotten.letter")+"\n\n"+u.public+"/forgotten/"+token+"\n")
	}
	u.sayMessage(c.RequestCtx, fasthttp.StatusOK, "forgotten.sent", "forgotten.sent.text")
}

// showReset is GET /forgotten/{token}: a new password is asked for.
func (u *UI) showReset(c *caller) { u.askReset(c, fasthttp.StatusOK, signInView{}) }

func (u *UI) askReset(c *caller, status int, v signInView) {
	if u.access.Book == nil || !u.access.Book.ResetOpen(c.args[0]) || !u.maySignIn(c.RequestCtx) {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "forgotten.dead", "forgotten.dead.text")
		return
	}
	v.Base, v.Action, v.Token, v.Least = u.base, u.base+"/forgotten/"+url.PathEscape(c.args[0]), u.formToken(c), account.PasswordLeast
	u.form(c.RequestCtx, status, "reset", "forgotten.title", &v)
}

// reset is POST /forgotten/{token}.
func (u *UI) reset(c *caller) {
	if u.access.Book == nil || !u.maySignIn(c.RequestCtx) {
		u.askReset(c, fasthttp.StatusNotFound, signInView{})
		return
	}
	err := u.access.Book.UseReset(c.args[0], string(c.PostArgs().Peek("password")))
	switch {
	case err == nil:
		u.redirect(c.RequestCtx, u.base+"/sign-in")
	case errors.Is(err, account.ErrReset):
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "forgotten.dead", "forgotten.dead.text")
	case wrongEntry(err) != "":
		u.askReset(c, fasthttp.StatusUnprocessableEntity, signInView{Why: wrongEntry(err)})
	default:
		u.broken(c, err)
	}
}
