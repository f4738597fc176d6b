package account

import (
	"crypto/subtle"
	"sync"
	"time"

	"footfall/ui/account/provider"
)

// journeys are those who have gone to the OpenID provider. They live in memory.
type journeys struct {
	mu sync.Mutex // protects m
	m  map[string]journey
}

type journey struct {
	provider.Attempt
	ends time.Time
}

const (
	journeyLasts   = 10 * time.Minute
	journeysAtMost = 10_000
)

// Depart remembers an attempt to sign in with the provider until it is over.
func (b *Book) Depart(a provider.Attempt) {
	j, now := &b.journeys, b.o.Clock()
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.m == nil {
		j.m = map[string]journey{}
	}
	for key, one := range j.m {
		if now.After(one.ends) || len(j.m) >= journeysAtMost {
			delete(j.m, key)
		}
	}
	j.m[a.State] = journey{a, now.Add(journeyLasts)}
}

// Arrive is the attempt of somebody who has come back with a state, in the browser
// that had left with it. Each can be used once.
func (b *Book) Arrive(state, browser string) (provider.Attempt, bool) {
	j := &b.journeys
	j.mu.Lock()
	defer j.mu.Unlock()
	one, ok := j.m[state]
	delete(j.m, state)
	same := state != "" && subtle.ConstantTimeCompare([]byte(state), []byte(browser)) == 1
	return one.Attempt, ok && same && !b.o.Clock().After(one.ends)
}

// Vouched is the account of whom the provider vouches for: one that has signed in
// so before or, the first time, the one with the address, where the provider has
// made sure of it. The error is ErrNoAccount: nobody gets an account in this way.
func (b *Book) Vouched(who provider.Identity) (Member, error) {
	b.change.Lock()
	defer b.change.Unlock()
	for id, a := range b.o.Accounts.All() {
		if a.Subject == who.Subject {
			return b.member(id, &a), nil
		}
	}
	email, err := ParseEmail(who.Email)
	id, a, ok := b.find(email)
	if err != nil || !ok || !who.Verified || a.Subject != "" {
		return Member{}, ErrNoAccount
	}
	a.Subject = who.Subject
	if err := b.o.Accounts.Change(id, a); err != nil {
		return Member{}, err
	}
	return b.member(id, &a), nil
}
