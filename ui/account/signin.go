package account

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"time"

	"footfall/aggregate/team"
)

// devicesAtMost is how many browsers of an account are known; a new one ends the
// knowledge of the first.
const devicesAtMost = 10

// CheckPassword is the account that an address and a password open. Where it has a
// second factor, a session may begin only after Finish. It does the same work for
// an account that does not exist, and answers alike: ErrNoAccount, or a WaitError
// where others failed before.
func (b *Book) CheckPassword(email, password string, from Origin) (Member, error) {
	name, err := ParseEmail(email)
	if err != nil {
		name = email
	}
	id, a, ok := b.find(name)
	device := ""
	if knows(&a, from.Device) {
		device = from.Device
	}
	gates := b.throttle.gates(name, from.Network, device)
	wait := b.throttle.wait(gates, b.o.Clock())
	if wait == 0 && b.hasher.crowded() {
		wait = crowdedWait
	}
	if wait > 0 {
		return Member{}, &WaitError{wait}
	}
	b.throttle.failed(gates, b.o.Clock())
	if len(password) > 4*PasswordMost {
		password = ""
	}
	if !b.hasher.matches(password, a.Password) || !ok || password == "" {
		return Member{}, ErrNoAccount
	}
	if a.TOTP == "" { // with a second factor, a right password alone proves little
		b.throttle.passed(gates)
	}
	return b.member(id, &a), nil
}

// crowdedWait is how long to wait where too many sign in at once.
const crowdedWait = 2 * time.Second

// Confirm proves that whoever has a session of an account knows its password, too.
// The errors are those of CheckPassword.
func (b *Book) Confirm(email, password string, from Origin) error {
	m, err := b.CheckPassword(email, password, from)
	if err == nil && m.Factor { // whose code was given when the session began
		b.throttle.passed(b.throttle.gates(m.Email, from.Network, from.Device))
	}
	return err
}

func knows(a *team.Account, device string) bool {
	sum := digest(device)
	return device != "" && slices.ContainsFunc(a.Devices, func(d []byte) bool { return bytes.Equal(d, sum) })
}

// Remember makes a browser in which an account has signed in a known one, and
// returns what it is to keep: device itself where it is known already.
func (b *Book) Remember(id uint32, device string) (string, error) {
	b.change.Lock()
	defer b.change.Unlock()
	a, ok := b.o.Accounts.All()[id]
	if !ok {
		return "", ErrNoAccount
	}
	if knows(&a, device) {
		return device, nil
	}
	device, sum, err := b.token()
	if err != nil {
		return "", err
	}
	a.Devices = append(slices.Clone(a.Devices), sum)
	a.Devices = a.Devices[max(0, len(a.Devices)-devicesAtMost):]
	return device, b.o.Accounts.Change(id, a)
}

// pendings are those who gave the right password and still owe a second factor.
// They live in memory.
type pendings struct {
	mu sync.Mutex // protects m
	m  map[string]pending
}

type pending struct {
	account uint32
	ends    time.Time
	tries   int
}

const (
	// pendingLasts is how long the second step may take, pendingTries how many codes
	// may be tried: then the password is asked for again.
	pendingLasts  = 5 * time.Minute
	pendingTries  = 5
	pendingAtMost = 10_000
)

// ErrPending is returned where the first step is too long ago, or never was.
var ErrPending = errors.New("the first step of signing in has to be done again")

// Await begins the second step and returns the token that stands for the first.
func (b *Book) Await(id uint32) (string, error) {
	token, sum, err := b.token()
	if err != nil {
		return "", err
	}
	p, now := &b.pending, b.o.Clock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.m == nil {
		p.m = map[string]pending{}
	}
	for key, one := range p.m {
		if now.After(one.ends) || len(p.m) >= pendingAtMost {
			delete(p.m, key)
		}
	}
	p.m[string(sum)] = pending{account: id, ends: now.Add(pendingLasts)}
	return token, nil
}

// Finish is the account of a first step whose second is done with a code: of the
// authenticator or one for recovery. The errors are ErrPending and ErrCode.
func (b *Book) Finish(token, code string) (Member, error) {
	p, key := &b.pending, string(digest(token))
	p.mu.Lock()
	one, ok := p.m[key]
	if ok = ok && !b.o.Clock().After(one.ends) && one.tries < pendingTries; !ok {
		delete(p.m, key)
	} else {
		one.tries++
		p.m[key] = one
	}
	p.mu.Unlock()
	if !ok {
		return Member{}, ErrPending
	}
	m, err := b.useCode(one.account, code)
	if err != nil {
		return Member{}, err
	}
	p.mu.Lock()
	delete(p.m, key)
	p.mu.Unlock()
	b.throttle.forget(m.Email)
	return m, nil
}
