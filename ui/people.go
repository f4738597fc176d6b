package ui

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/account"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

const (
	peoplePath   = "people"
	activityPath = "activity"
)

// rolesOf says what an account may do, and where.
func rolesOf(l *words.Locale, g team.Grants) (all []string) {
	if g.All != team.Nobody {
		all = append(all, l.Say("role."+g.All.String()))
	}
	for _, site := range slices.Sorted(maps.Keys(g.Sites)) {
		all = append(all, l.Say("role.on", "role", l.Say("role."+g.Sites[site].String()), "site", string(site)))
	}
	return all
}

// peopleView is who works on a site, or on the installation where Site is blank.
type peopleView struct {
	siteHead
	Address     string // of this page
	People      []personRow
	Invitations []invitationRow
	Roles       []team.Role // that the reader may give
	Shown       string      // the invitation that was made just now
	Posts       bool        // it can be sent by mail
	Everywhere  []personRow // who sees the site by a role in the whole installation
}

type personRow struct {
	ID    uint32
	Email string
	Role  team.Role
	Else  []string // other roles, in words
	Self  bool
	Fixed bool // has more than the reader may touch
}

type invitationRow struct {
	ID            uint32
	Note, Expires string
	Role          team.Role
}

// peopleAt is the page's address.
func (u *UI) peopleAt(c *caller) string {
	if c.site == "" {
		return u.base + "/" + peoplePath
	}
	return u.sitePath(c.site) + "/" + peoplePath
}

func (u *UI) peopleView(c *caller) *peopleView {
	l, own := u.locale(c.RequestCtx), c.who.role(c.site)
	v := &peopleView{Address: u.peopleAt(c), Posts: u.posts(), siteHead: siteHead{Base: u.base, Token: u.formToken(c)}}
	if c.site != "" {
		v.siteHead = u.siteHead(c, peoplePath)
	} else {
		v.Tabs = []tabLink{{u.base + "/" + peoplePath, "affairs.people", true}, {u.base + "/" + activityPath, "affairs.activity", false}}
	}
	for _, r := range team.Roles() {
		if r <= own {
			v.Roles = append(v.Roles, r)
		}
	}
	if u.access.Book == nil {
		return v
	}
	for _, m := range u.access.Book.Members() {
		row := personRow{ID: m.ID, Email: m.Email, Role: m.Grants.All, Self: m.ID == c.who.session.Member.ID}
		if c.site != "" {
			if m.Grants.All != team.Nobody {
				v.Everywhere = append(v.Everywhere, row)
			}
			if row.Role = m.Grants.Sites[c.site]; row.Role == team.Nobody {
				continue
			}
		} else {
			row.Else = rolesOf(l, team.Grants{Sites: m.Grants.Sites})
		}
		row.Fixed = row.Role > own
		v.People = append(v.People, row)
	}
	for _, i := range u.access.Book.Invitations(c.site) {
		v.Invitations = append(v.Invitations, invitationRow{i.ID, i.Note, day(l, i.Expires), i.Role})
	}
	return v
}

func (u *UI) people(c *caller, status int, v *peopleView) {
	u.signedForm(c, status, "people", "affairs.people", v)
}

func (u *UI) showPeople(c *caller) { u.people(c, fasthttp.StatusOK, u.peopleView(c)) }

// peopleDone prints the page with what came of a change, which is logged.
func (u *UI) peopleDone(c *caller, err error, done, what, detail string) {
	v := u.peopleView(c)
	switch {
	case err == nil:
		if err := u.note(c, c.site, what, detail); err != nil {
			u.broken(c, err)
			return
		}
		v.Done = done
		u.people(c, fasthttp.StatusOK, v)
		return
	case errors.Is(err, account.ErrRole):
		v.Why = "people.role.wrong"
	case errors.Is(err, account.ErrLastOwner):
		v.Why = "people.last"
	case errors.Is(err, account.ErrNoAccount):
		v.Why = "people.gone"
	case errors.Is(err, account.ErrInvitation):
		v.Why = "people.invited.many"
	default:
		u.broken(c, err)
		return
	}
	u.people(c, fasthttp.StatusUnprocessableEntity, v)
}

// personOf is the account that a form is about, for the log too. Of a site's page
// it is one that works on the site.
func (u *UI) personOf(c *caller) (account.Member, error) {
	id := c.number("person")
	if u.access.Book == nil {
		return account.Member{}, account.ErrNoAccount
	}
	for _, m := range u.access.Book.Members() {
		if m.ID == id && (c.site == "" || m.Grants.Sites[c.site] != team.Nobody) {
			return m, nil
		}
	}
	return account.Member{}, account.ErrNoAccount
}

// roleIn is the role that a form gives; blank takes it away.
func roleIn(c *caller) (team.Role, error) {
	name := string(c.PostArgs().Peek("role"))
	if name == "" {
		return team.Nobody, nil
	}
	role, err := team.ParseRole(name)
	if err != nil {
		return role, account.ErrRole
	}
	return role, nil
}

// changeRole gives somebody another role here, or none.
func (u *UI) changeRole(c *caller) {
	m, err := u.personOf(c)
	var role team.Role
	if err == nil {
		role, err = roleIn(c)
	}
	if err == nil {
		err = u.access.Book.SetRole(m.ID, c.site, role, c.who.role(c.site))
	}
	u.peopleDone(c, err, "people.done", "role", strings.TrimSpace(m.Email+" "+role.String()))
}

// removePerson ends an account. Nobody ends one with a greater role than theirs.
func (u *UI) removePerson(c *caller) {
	m, err := u.personOf(c)
	if err == nil && m.Grants.All > c.who.role("") {
		err = account.ErrRole
	}
	if err == nil {
		err = u.access.Book.Remove(m.ID)
	}
	u.peopleDone(c, err, "people.removed", "account.end", m.Email)
}

// invite makes a link by which somebody joins.
func (u *UI) invite(c *caller) {
	role, err := roleIn(c)
	note := strings.TrimSpace(string(c.PostArgs().Peek("note")))
	token := ""
	if err == nil && u.access.Book != nil {
		token, err = u.access.Book.Invite(c.site, role, c.who.role(c.site), note)
	}
	if err != nil || token == "" {
		u.peopleDone(c, errors.Join(err, account.ErrRole), "", "", "")
		return
	}
	if err := u.note(c, c.site, "invite", strings.TrimSpace(role.String()+" "+note)); err != nil {
		u.broken(c, err)
		return
	}
	v := u.peopleView(c)
	v.Shown = u.origin(c.RequestCtx) + "/invited/" + token
	if to, err := account.ParseEmail(string(c.PostArgs().Peek("mail"))); err == nil && u.posts() {
		l := u.locale(c.RequestCtx)
		u.post(to, l.Say("invited.subject"), l.Say("invited.letter")+"\n\n"+u.public+"/invited/"+token+"\n")
		v.Done = "people.posted"
	}
	u.people(c, fasthttp.StatusOK, v)
}

// uninvite takes an invitation back.
func (u *UI) uninvite(c *caller) {
	err := account.ErrInvitation
	if u.access.Book != nil {
		err = u.access.Book.Uninvite(c.site, c.number("invitation"))
	}
	u.peopleDone(c, err, "people.uninvited", "uninvite", "")
}

// showInvited is GET /invited/{token}: who has an account takes the role with it,
// everybody else makes one.
func (u *UI) showInvited(c *caller) { u.askInvited(c, fasthttp.StatusOK, signInView{}) }

func (u *UI) askInvited(c *caller, status int, v signInView) {
	i, ok := account.Invitation{}, false
	if u.access.Book != nil {
		i, ok = u.access.Book.Invitation(c.args[0])
	}
	switch {
	case !ok:
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "invited.dead", "invited.dead.text")
		return
	case !u.maySignIn(c.RequestCtx):
		u.askIn(c, status, v)
		return
	}
	l := u.locale(c.RequestCtx)
	v.Base, v.Action, v.Token, v.Least = u.base, u.base+"/invited/"+url.PathEscape(c.args[0]), u.formToken(c), account.PasswordLeast
	v.Invited = l.Say("role." + i.Role.String())
	if i.Site != "" {
		v.Invited = l.Say("role.on", "role", v.Invited, "site", string(i.Site))
	}
	if c.who.signed() {
		v.As = c.who.session.Member.Email
	}
	u.print(c.RequestCtx, status, "invited", "invited.title", &v, u.signedShell(c.who))
}

// acceptInvited is POST /invited/{token}.
func (u *UI) acceptInvited(c *caller) {
	if u.access.Book == nil || !u.maySignIn(c.RequestCtx) {
		u.askInvited(c, fasthttp.StatusForbidden, signInView{})
		return
	}
	token := c.args[0]
	i, _ := u.access.Book.Invitation(token)
	if c.who.signed() {
		err := u.access.Book.Accept(token, c.who.session.Member.ID)
		if err == nil {
			err = u.note(c, i.Site, "join", i.Role.String())
		}
		u.joined(c, i.Site, err, "")
		return
	}
	email := string(c.PostArgs().Peek("email"))
	m, err := u.access.Book.Join(token, email, string(c.PostArgs().Peek("password")))
	if err == nil {
		if err = u.access.Book.Log(m.Email, i.Site, "join", i.Role.String()); err == nil && !u.enterSession(c, m, "password") {
			return
		}
	}
	u.joined(c, i.Site, err, email)
}

// joined answers what became of an invitation.
func (u *UI) joined(c *caller, site aggregate.Site, err error, email string) {
	switch {
	case err == nil && site != "":
		u.redirect(c.RequestCtx, u.sitePath(site))
	case err == nil:
		u.redirect(c.RequestCtx, u.base+"/")
	case errors.Is(err, account.ErrInvitation):
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "invited.dead", "invited.dead.text")
	case wrongEntry(err) != "":
		u.askInvited(c, fasthttp.StatusUnprocessableEntity, signInView{Email: email, Why: wrongEntry(err)})
	default:
		u.broken(c, err)
	}
}

// activityView is who changed what.
type activityView struct {
	siteHead
	Lines []activityRow
}

type activityRow struct {
	Day, Time, Who, What, Detail string
	Site                         aggregate.Site
}

// linesAtMost is how many lines of the activity log are shown.
const linesAtMost = 300

func (u *UI) showActivity(c *caller) {
	l, loc := u.locale(c.RequestCtx), time.UTC
	v := &activityView{siteHead: siteHead{Base: u.base, Token: u.formToken(c)}}
	if c.site != "" {
		v.siteHead, loc = u.siteHead(c, activityPath), c.settings.Location()
	} else {
		v.Tabs = []tabLink{{u.base + "/" + peoplePath, "affairs.people", false}, {u.base + "/" + activityPath, "affairs.activity", true}}
	}
	if u.access.Book != nil {
		for _, one := range u.access.Book.Changes(c.site, linesAtMost) {
			at := time.Unix(one.At, 0).In(loc)
			v.Lines = append(v.Lines, activityRow{Day: l.Date(words.WithYear, aggregate.DayOf(at, loc)), Time: l.Clock(at), Who: one.Who,
				What: l.Say("did." + one.What), Detail: one.Detail, Site: one.Site})
		}
	}
	u.signedForm(c, fasthttp.StatusOK, "activity", "affairs.activity", v)
}
