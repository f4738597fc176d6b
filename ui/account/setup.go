package account

import (
	"crypto/subtle"
	"errors"
	"time"

	"footfall/aggregate/team"
)

// SetUpLasts is how long the link for the first account can be used.
const SetUpLasts = time.Hour

// ErrSetUp is returned for a set-up link that opens nothing (any more).
var ErrSetUp = errors.New("this set-up link is used up, too old or mistyped")

// setUp is the right to make the first account. It lives in memory only.
type setUp struct {
	sum  []byte // SHA-256; nil: there is none
	ends time.Time
}

// OpenSetUp makes a token that makes the first account, and ends the one before.
// It is blank where there is an account already.
func (b *Book) OpenSetUp() (token string, err error) {
	b.change.Lock()
	defer b.change.Unlock()
	if !b.Empty() {
		return "", nil
	}
	token, b.setUp.sum, err = b.token()
	b.setUp.ends = b.o.Clock().Add(SetUpLasts)
	return token, err
}

// SetUpOpen reports whether a set-up token can be used.
func (b *Book) SetUpOpen(token string) bool {
	b.change.Lock()
	defer b.change.Unlock()
	return b.setUpOpen(token)
}

func (b *Book) setUpOpen(token string) bool {
	return b.setUp.sum != nil && b.Empty() && b.o.Clock().Before(b.setUp.ends) &&
		subtle.ConstantTimeCompare(digest(token), b.setUp.sum) == 1
}

// SetUp makes the first account, which owns the installation, and uses up the
// token. The errors are ErrSetUp and those of Add; after the latter the token can
// be used again.
func (b *Book) SetUp(token, email, password string) (Member, error) {
	if !b.SetUpOpen(token) { // before the work of hashing
		return Member{}, ErrSetUp
	}
	g := team.Grants{All: team.Owner}
	a, err := b.draft(email, password, g)
	if err != nil {
		return Member{}, err
	}
	if a.Password == "" {
		return Member{}, checkPassword("", a.Email)
	}
	b.change.Lock()
	defer b.change.Unlock()
	if !b.setUpOpen(token) {
		return Member{}, ErrSetUp
	}
	m, err := b.add(a, g)
	if err == nil {
		b.setUp = setUp{}
	}
	return m, err
}
