package account

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/team"
)

// ErrLink is returned for a secret link that opens nothing (any more).
var ErrLink = errors.New("this link opens nothing")

// linksAtMost is how many secret links a site may have.
const linksAtMost = 100

// Link is a secret link as its site's team sees it: the address itself was shown
// when it was made.
type Link struct {
	ID       uint32
	Site     aggregate.Site
	Name     string
	Password bool
	Expires  time.Time // zero: never
	Filter   string
	Created  time.Time
}

func linkOf(id uint32, l *team.Link) Link {
	one := Link{ID: id, Site: l.Site, Name: l.Name, Password: l.Password != "", Filter: l.Filter, Created: time.Unix(l.Created, 0)}
	if l.Expires != 0 {
		one.Expires = time.Unix(l.Expires, 0)
	}
	return one
}

// Links are a site's, the first made first.
func (b *Book) Links(site aggregate.Site) []Link {
	var all []Link
	for id, l := range b.o.Links.All() {
		if l.Site == site {
			all = append(all, linkOf(id, &l))
		}
	}
	slices.SortFunc(all, func(x, y Link) int { return cmp.Compare(x.ID, y.ID) })
	return all
}

// NewLink is what a link is to be. Filter is a dashboard's query, or blank.
type NewLink struct {
	Site     aggregate.Site
	Name     string
	Password string // blank = none
	Lasts    time.Duration
	Filter   string
}

// AddLink makes a secret link and returns its token: there is no other copy. Its
// password may be short: it is not an account's, and is told to many. The errors
// are ErrLink where the site has too many, and that of the shelf.
func (b *Book) AddLink(n NewLink) (token string, err error) {
	rec := team.Link{Site: n.Site, Name: shortened(n.Name, 60), Filter: n.Filter, Created: b.o.Clock().Unix()}
	if n.Lasts > 0 {
		rec.Expires = b.o.Clock().Add(n.Lasts).Unix()
	}
	if n.Password != "" {
		if len(n.Password) > PasswordMost {
			return "", ErrLong
		}
		if rec.Password, err = b.hasher.hash(n.Password); err != nil {
			return "", err
		}
	}
	if token, rec.Token, err = b.token(); err != nil {
		return "", err
	}
	b.change.Lock()
	defer b.change.Unlock()
	if len(b.Links(n.Site)) >= linksAtMost {
		return "", fmt.Errorf("%w: a site may have %d", ErrLink, linksAtMost)
	}
	_, err = b.o.Links.Add(rec)
	return token, err
}

// RemoveLink ends a link of a site; one of another site is none.
func (b *Book) RemoveLink(site aggregate.Site, id uint32) error {
	b.change.Lock()
	defer b.change.Unlock()
	if l, ok := b.o.Links.All()[id]; !ok || l.Site != site {
		return nil
	}
	return b.o.Links.Remove(id)
}

// Link is the link of a token; false where there is none, or it is over.
func (b *Book) Link(token string) (Link, bool) {
	sum := digest(token)
	for id, l := range b.o.Links.All() {
		if hmac.Equal(l.Token, sum) {
			return linkOf(id, &l), l.Expires == 0 || b.o.Clock().Unix() < l.Expires
		}
	}
	return Link{}, false
}

// OpenLink checks the password of a link and returns what a browser keeps so that
// it is not asked again: it ends with the process, the link and the password. The
// errors are ErrLink, for a wrong password, and a WaitError.
func (b *Book) OpenLink(token, password string, from Origin) (pass string, err error) {
	link, ok := b.Link(token)
	if !ok {
		return "", ErrLink
	}
	gates := b.throttle.gates(fmt.Sprint("link ", link.ID), from.Network, "")
	wait := b.throttle.wait(gates, b.o.Clock())
	if wait == 0 && b.hasher.crowded() {
		wait = crowdedWait
	}
	if wait > 0 {
		return "", &WaitError{wait}
	}
	b.throttle.failed(gates, b.o.Clock())
	rec := b.o.Links.All()[link.ID]
	if len(password) > 4*PasswordMost || !b.hasher.matches(password, rec.Password) {
		return "", ErrLink
	}
	b.throttle.passed(gates)
	return b.passOf(token, &rec), nil
}

func (b *Book) passOf(token string, rec *team.Link) string {
	mac := hmac.New(sha256.New, b.passKey)
	fmt.Fprintf(mac, "%s\n%s", token, rec.Password)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// LinkOpen reports whether a link needs no password, or a browser's pass is good
// for it.
func (b *Book) LinkOpen(token, pass string) bool {
	link, ok := b.Link(token)
	rec := b.o.Links.All()[link.ID]
	return ok && (rec.Password == "" || hmac.Equal([]byte(pass), []byte(b.passOf(token, &rec))))
}
