package ui

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/account"
	"footfall/ui/view"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

const sharingPath = "sharing"

// TokenBook makes and ends tokens for programs.
type TokenBook interface {
	// Tokens are those that open this site alone, by name.
	Tokens(site aggregate.Site) []TokenLine
	// AddToken makes one and returns it: there is no other copy. ErrNameTaken where
	// there is one of that name.
	AddToken(name string, site aggregate.Site, scope string) (string, error)
	// RemoveToken ends one that opens this site alone; another one is none.
	RemoveToken(name string, site aggregate.Site) error
}

// TokenLine is what is known of a token.
type TokenLine struct {
	Name   string
	Scopes []string
	Used   aggregate.Day // 0: never
}

// ErrNameTaken is returned for a second token of one name.
var ErrNameTaken = errors.New("there is a token of this name")

// tokenScopes are what a token may do, in the order in which they are offered.
var tokenScopes = []string{"stats", "send", "sites"}

// scopesOf are those that the reader may give: a token for sites can delete its
// site, and nobody hands out more than they have.
func scopesOf(c *caller) []string {
	if c.who.may(c.site, team.Delete) {
		return tokenScopes
	}
	return tokenScopes[:2]
}

// sharingView is the page of who else sees a site's figures.
type sharingView struct {
	siteHead
	Fields  []settingField
	Links   []linkRow
	Keys    []dimensionOption
	Ops     []string
	Tokens  []tokenRow
	Scopes  []string
	Lasts   []string
	Shown   string // what was made just now, and is shown once
	ShownAs string // a key of the catalogues: what it is
	Public  string // the address of the site's page
	Only    string // the filters of the address, in words: those of a link that is made now
	OnlyURL string // the same filters, as an address spells them
	Saved   []saved
}

type linkRow struct {
	ID       uint32
	Name     string
	Filter   string
	Expires  string
	Password bool
	Over     bool
}

type dimensionOption struct{ Key string }

type tokenRow struct {
	Name, Used string
	Scopes     []string
}

// linkLasts are the times for which a link can be made.
var linkLasts = []struct {
	name string
	time.Duration
}{{"never", 0}, {"day", 24 * time.Hour}, {"week", 7 * 24 * time.Hour}, {"month", 30 * 24 * time.Hour}, {"year", 365 * 24 * time.Hour}}

func (u *UI) sharingView(c *caller) *sharingView {
	l := u.locale(c.RequestCtx)
	now, _ := view.Parse(string(c.URI().QueryString()))
	v := &sharingView{siteHead: u.siteHead(c, sharingPath), Only: filterWords(l, now.Filters), OnlyURL: filterQuery(now.Filters), Scopes: scopesOf(c), Public: u.origin(c.RequestCtx) + "/" + url.PathEscape(string(c.site))}
	for _, k := range aggregate.SettingKeys() {
		if slices.Contains(sharingKeys, k.Key) {
			v.Fields = append(v.Fields, fieldOf(l, k, &c.settings))
		}
	}
	for _, key := range view.Keys() {
		v.Keys = append(v.Keys, dimensionOption{key})
	}
	for _, op := range view.Ops {
		v.Ops = append(v.Ops, string(op))
	}
	v.Saved = slices.DeleteFunc(u.savedFor(c.who, c.site), func(s saved) bool { return s.filters == nil })
	for _, one := range linkLasts {
		v.Lasts = append(v.Lasts, one.name)
	}
	if u.access.Book != nil {
		for _, one := range u.access.Book.Links(c.site) {
			row := linkRow{ID: one.ID, Name: one.Name, Password: one.Password, Filter: filterText(l, one.Filter)}
			if !one.Expires.IsZero() {
				row.Expires, row.Over = day(l, one.Expires), !u.clock().Before(one.Expires)
			}
			v.Links = append(v.Links, row)
		}
	}
	if u.tokenBook != nil {
		for _, t := range u.tokenBook.Tokens(c.site) {
			row := tokenRow{Name: t.Name, Scopes: t.Scopes}
			if t.Used != 0 {
				row.Used = l.Date("date.year", t.Used)
			}
			v.Tokens = append(v.Tokens, row)
		}
	}
	return v
}

// filterText is a link's filter for people.
func filterText(l *words.Locale, query string) string {
	v, _ := view.Parse(query)
	return filterWords(l, v.Filters)
}

// filterQuery is the query of an address that has these filters, and nothing else.
func filterQuery(filters []view.Filter) string {
	return (&view.View{Period: view.DefaultPeriod, Filters: filters}).Query()
}

func (u *UI) sharing(c *caller, status int, v *sharingView) {
	u.signedForm(c, status, "sharing", "affairs.sharing", v)
}

// showSharing is GET /{site}/sharing. The filters in its address are those of a link
// that is made there.
func (u *UI) showSharing(c *caller) {
	if v, _ := view.Parse(string(c.URI().QueryString())); len(v.Unread) > 0 {
		u.sharingWrong(c, "sharing.links.filter.wrong")
		return
	}
	u.sharing(c, fasthttp.StatusOK, u.sharingView(c))
}

func (u *UI) sharingDone(c *caller, key string) {
	v := u.sharingView(c)
	v.Done = key
	u.sharing(c, fasthttp.StatusOK, v)
}

func (u *UI) sharingWrong(c *caller, key string) {
	v := u.sharingView(c)
	v.Why = key
	u.sharing(c, fasthttp.StatusUnprocessableEntity, v)
}

// changeSharing is the switch that makes figures public, and who may frame them.
func (u *UI) changeSharing(c *caller) {
	values, wrong := changed(c, sharingKeys)
	if len(wrong) > 0 {
		v := u.sharingView(c)
		v.Why = "settings.wrong"
		for i := range v.Fields {
			v.Fields[i].Wrong = wrong[v.Fields[i].Key]
		}
		u.sharing(c, fasthttp.StatusUnprocessableEntity, v)
		return
	}
	if err := u.keep(c, values); err != nil {
		u.broken(c, err)
		return
	}
	u.sharingDone(c, "settings.done")
}

// newLink makes a secret link.
func (u *UI) newLink(c *caller) {
	args := c.PostArgs()
	n := account.NewLink{Site: c.site, Name: strings.TrimSpace(string(args.Peek("name"))), Password: string(args.Peek("password"))}
	for _, one := range linkLasts {
		if one.name == string(args.Peek("lasts")) {
			n.Lasts = one.Duration
		}
	}
	var ok bool
	if n.Filter, ok = u.linkFilter(c); !ok {
		u.sharingWrong(c, "sharing.links.filter.wrong")
		return
	}
	if n.Name == "" || u.access.Book == nil {
		u.sharingWrong(c, "sharing.name")
		return
	}
	token, err := u.access.Book.AddLink(n)
	if errors.Is(err, account.ErrLink) || errors.Is(err, account.ErrLong) {
		u.sharingWrong(c, cmp.Or(wrongEntry(err), "sharing.links.many"))
		return
	}
	if err == nil {
		err = u.note(c, c.site, "link.add", n.Name)
	}
	if err != nil {
		u.broken(c, err)
		return
	}
	v := u.sharingView(c)
	v.Shown, v.ShownAs = u.ShareURL(c.RequestCtx, c.site, token), "sharing.links.made"
	u.sharing(c, fasthttp.StatusOK, v)
}

// linkFilter is the query of a link's filters: those of the address from which it is
// made, those of a segment, and one of the form, all of which must hold. ok is false
// where any of them would be lost: a link that showed more would be worse than none.
func (u *UI) linkFilter(c *caller) (query string, ok bool) {
	args := c.PostArgs()
	now, _ := view.Parse(string(c.URI().QueryString()))
	filters := now.Filters
	if id := string(args.Peek("segment")); id != "" {
		all := u.savedFor(c.who, c.site)
		i := slices.IndexFunc(all, func(s saved) bool { return s.ID.String() == id })
		if i < 0 || all[i].filters == nil {
			return "", false
		}
		filters = append(filters, all[i].filters...)
	}
	if value := strings.TrimSpace(string(args.Peek("value"))); value != "" {
		filters = append(filters, view.Filter{Op: view.Op(args.Peek("op")), Key: string(args.Peek("key")), Values: []string{value}})
	}
	query = strings.TrimPrefix(filterQuery(filters), "?")
	back, _ := view.Parse(query)
	return query, len(now.Unread) == 0 && len(back.Unread) == 0 && slices.EqualFunc(back.Filters, filters, view.Filter.Equal)
}

// ShareURL is the address of a secret link, as the reader reaches this server.
func (u *UI) ShareURL(ctx *fasthttp.RequestCtx, site aggregate.Site, token string) string {
	return u.origin(ctx) + "/share/" + token + "/" + url.PathEscape(string(site))
}

func (u *UI) endLink(c *caller) {
	if u.access.Book == nil {
		u.sharingWrong(c, "sharing.name")
		return
	}
	err := u.access.Book.RemoveLink(c.site, c.number("link"))
	if err == nil {
		err = u.note(c, c.site, "link.end", "")
	}
	if err != nil {
		u.broken(c, err)
		return
	}
	u.sharingDone(c, "sharing.links.ended")
}

// newToken makes a token for programs.
func (u *UI) newToken(c *caller) {
	name, scope := strings.TrimSpace(string(c.PostArgs().Peek("name"))), string(c.PostArgs().Peek("scope"))
	if name == "" || len(name) > 100 || !slices.Contains(scopesOf(c), scope) || u.tokenBook == nil {
		u.sharingWrong(c, "sharing.name")
		return
	}
	token, err := u.tokenBook.AddToken(name, c.site, scope)
	if errors.Is(err, ErrNameTaken) {
		u.sharingWrong(c, "sharing.tokens.taken")
		return
	}
	if err == nil {
		err = u.note(c, c.site, "token.add", name+": "+scope)
	}
	if err != nil {
		u.broken(c, err)
		return
	}
	v := u.sharingView(c)
	v.Shown, v.ShownAs = token, "sharing.tokens.made"
	u.sharing(c, fasthttp.StatusOK, v)
}

func (u *UI) endToken(c *caller) {
	name := string(c.PostArgs().Peek("name"))
	if u.tokenBook == nil {
		u.sharingWrong(c, "sharing.name")
		return
	}
	err := u.tokenBook.RemoveToken(name, c.site)
	if err == nil {
		err = u.note(c, c.site, "token.end", name)
	}
	if err != nil {
		u.broken(c, err)
		return
	}
	u.sharingDone(c, "sharing.tokens.ended")
}
