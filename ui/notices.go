package ui

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/notify"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

const noticesPath = "notices"

// NoticeBook makes, tries and ends notices: what the team is told by mail or in
// its chats.
type NoticeBook interface {
	// Notices are a site's, in the order in which they were made.
	Notices(site aggregate.Site) []NoticeLine
	// AddNotice makes one and returns the secret that it is signed with, if it is:
	// there is no other copy for people. The error may wrap team.ErrNotice.
	AddNotice(team.Notice) (secret string, err error)
	// RemoveNotice ends one of this site; another one is none.
	RemoveNotice(site aggregate.Site, id uint32) error
	// TryNotice sends now what one of this site would say. The error may wrap
	// notify.ErrNoMail, notify.ErrGuarded or notify.ErrRefused.
	TryNotice(ctx context.Context, site aggregate.Site, id uint32) error
	// Mails reports whether notices can go by mail.
	Mails() bool
}

// NoticeLine is a notice for people: of a hook, To is the host alone.
type NoticeLine struct {
	ID      uint32
	Kind    team.NoticeKind
	Channel team.NoticeChannel
	To      string
	Level   int64
}

// noticesView is the page of what is told of a site.
type noticesView struct {
	siteHead
	Notices        []NoticeLine
	Kinds          []team.NoticeKind
	Channels       []team.NoticeChannel
	Languages      []words.Language
	Lang           string
	Shown, ShownAs string // the secret of the notice that was made just now
	NoMail         bool
}

func (u *UI) noticesView(c *caller) *noticesView {
	v := &noticesView{siteHead: u.siteHead(c, noticesPath), Kinds: team.NoticeKinds(), Channels: team.NoticeChannels(),
		Languages: words.Languages(), Lang: u.locale(c.RequestCtx).Language(), NoMail: true}
	if u.noticeBook != nil {
		v.Notices, v.NoMail = u.noticeBook.Notices(c.site), !u.noticeBook.Mails()
	}
	return v
}

func (u *UI) noticesPage(c *caller, status int, v *noticesView) {
	u.signedForm(c, status, "notices", "affairs.notices", v)
}

func (u *UI) showNotices(c *caller) { u.noticesPage(c, fasthttp.StatusOK, u.noticesView(c)) }

// noticesSay is the page after something was done, or was not.
func (u *UI) noticesSay(c *caller, done, why string) {
	v := u.noticesView(c)
	v.Done, v.Why = done, why
	status := fasthttp.StatusOK
	if why != "" {
		status = fasthttp.StatusUnprocessableEntity
	}
	u.noticesPage(c, status, v)
}

// newNotice makes a notice.
func (u *UI) newNotice(c *caller) {
	args := c.PostArgs()
	n := team.Notice{Site: c.site, Kind: team.NoticeKind(args.Peek("kind")), Channel: team.NoticeChannel(args.Peek("channel")),
		To: strings.TrimSpace(string(args.Peek("to"))), Lang: words.For(string(args.Peek("lang"))).Language()}
	if n.Kind.Alert() {
		n.Level, _ = strconv.Atoi(strings.TrimSpace(string(args.Peek("level")))) // 0 is refused by Check
	}
	err := n.Check()
	if u.noticeBook == nil {
		err = team.ErrNotice
	}
	var secret string
	if err == nil {
		secret, err = u.noticeBook.AddNotice(n)
	}
	if errors.Is(err, team.ErrNotice) {
		u.noticesSay(c, "", "notices.wrong")
		return
	}
	if err == nil {
		err = u.note(c, c.site, "notice.add", string(n.Kind)+" "+string(n.Channel))
	}
	if err != nil {
		u.broken(c, err)
		return
	}
	v := u.noticesView(c)
	v.Done = "notices.made"
	if secret != "" {
		v.Shown, v.ShownAs = secret, "notices.secret"
	}
	u.noticesPage(c, fasthttp.StatusOK, v)
}

func (u *UI) endNotice(c *caller) {
	if u.noticeBook == nil {
		u.noticesSay(c, "", "notices.wrong")
		return
	}
	err := u.noticeBook.RemoveNotice(c.site, c.number("notice"))
	if err == nil {
		err = u.note(c, c.site, "notice.end", "")
	}
	if err != nil {
		u.broken(c, err)
		return
	}
	u.noticesSay(c, "notices.ended", "")
}

// tryNotice sends a sample.
func (u *UI) tryNotice(c *caller) {
	if u.noticeBook == nil {
		u.noticesSay(c, "", "notices.wrong")
		return
	}
	switch err := u.noticeBook.TryNotice(context.Background(), c.site, c.number("notice")); {
	case err == nil:
		u.noticesSay(c, "notices.sent", "")
	case errors.Is(err, notify.ErrNoMail):
		u.noticesSay(c, "", "notices.no_mail")
	case errors.Is(err, notify.ErrGuarded):
		u.noticesSay(c, "", "notices.guarded")
	case errors.Is(err, notify.ErrRefused):
		u.noticesSay(c, "", "notices.refused")
	default:
		u.log.Warn("a sample could not be sent", "site", string(c.site), "error", err)
		u.noticesSay(c, "", "notices.unreached")
	}
}
