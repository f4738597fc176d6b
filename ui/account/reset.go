package account

import (
	"errors"
	"sync"
	"time"
)

const (
	// ResetLasts is how long a link for a forgotten password can be used.
	ResetLasts = time.Hour
	// resetPause is between two letters to one account: nobody is flooded.
	resetPause = 5 * time.Minute
)

// ErrReset is returned for a link for a forgotten password that opens nothing (any
// more).
var ErrReset = errors.New("this link is used up, too old or mistyped")

// resets are open links for forgotten passwords, one for each account. They live
// in memory.
type resets struct {
	mu sync.Mutex // protects m
	m  map[uint32]reset
}

type reset struct {
	sum  string
	made time.Time
}

// OpenReset makes a link's token for whoever forgot the password of an account, to
// be sent to its address. It is blank where there is no such account, or a letter
// has just left; whoever asks must not be told which. The error is a WaitError for
// a network that asks too often.
func (b *Book) OpenReset(email string, from Origin) (to, token string, err error) {
	now := b.o.Clock()
	gates := b.throttle.gates("forgotten "+email, from.Network, "")[:1] // the network alone
	if wait := b.throttle.wait(gates, now); wait > 0 {
		return "", "", &WaitError{wait}
	}
	b.throttle.failed(gates, now)
	email, err = ParseEmail(email)
	if err != nil {
		return "", "", nil
	}
	id, _, ok := b.find(email)
	plain, sum, err := b.token()
	if err != nil || !ok {
		return "", "", err
	}
	r := &b.resets
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, open := r.m[id]; open && now.Sub(old.made) < resetPause {
		return "", "", nil
	}
	if r.m == nil {
		r.m = map[uint32]reset{}
	}
	r.m[id] = reset{string(sum), now}
	return email, plain, nil
}

// resetOf is the account of a token; 0 where it opens nothing.
func (b *Book) resetOf(token string) uint32 {
	r, sum := &b.resets, string(digest(token))
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, one := range r.m {
		if one.sum == sum && b.o.Clock().Sub(one.made) < ResetLasts {
			return id
		}
	}
	return 0
}

// ResetOpen reports whether a token can be used.
func (b *Book) ResetOpen(token string) bool { return b.resetOf(token) != 0 }

// UseReset sets a new password with a token, which is used up, and ends all
// sessions of the account. A second factor stays. The errors are ErrReset and
// ErrPassword; after the latter the token can be used again.
func (b *Book) UseReset(token, password string) error {
	id := b.resetOf(token)
	if id == 0 {
		return ErrReset
	}
	err := b.SetPassword(id, password, 0)
	if errors.Is(err, ErrPassword) {
		return err
	}
	b.resets.mu.Lock()
	defer b.resets.mu.Unlock()
	delete(b.resets.m, id)
	if errors.Is(err, ErrNoAccount) {
		return ErrReset
	}
	return err
}
