package account

import (
	"fmt"
	"hash/maphash"
	"sync"
	"time"
)

// Origin is where a try to sign in comes from.
type Origin struct {
	// Network stands for the network: an IPv4 address or a /64, hashed.
	Network uint64
	// Device is what the browser keeps since it last signed in; blank in a new one.
	Device string
}

// WaitError is returned for a try that comes too soon after others that failed.
type WaitError struct{ Wait time.Duration }

func (e *WaitError) Error() string {
	return fmt.Sprintf("too many tries: wait %v", e.Wait.Round(time.Second))
}

// How tries are slowed down: so many fail without a consequence, then the time to
// wait begins at a second and doubles with each further one, up to a limit.
//
// A network waits up to a quarter of an hour. An account waits far less, because
// it is strangers who decide about it; a browser in which it has signed in before
// is judged by its own tries alone, so that nobody locks its owner out. That is the
// protocol of OWASP's device cookies.
// https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
const (
	freeTries   = 8
	networkWait = 15 * time.Minute
	accountWait = 30 * time.Second
	deviceWait  = time.Minute
	// triesForget is after how long without a try all are forgotten.
	triesForget = 2 * time.Hour
	// marksAtMost bounds what made-up accounts and networks can take of the memory.
	marksAtMost = 50_000
)

// throttle slows down those who guess. It remembers numbers under a key made when
// the process starts, no address and no name, and ends with the process.
type throttle struct {
	seed maphash.Seed

	mu sync.Mutex // protects m
	m  map[uint64]mark
}

type mark struct {
	failed int
	last   time.Time // when one failed
}

// delay is how long to wait after so many failures.
func delay(failed int, most time.Duration) time.Duration {
	over := failed - freeTries
	switch {
	case over < 0:
		return 0
	case over > 20:
		return most
	}
	return min(time.Second<<over, most)
}

func newThrottle() *throttle { return &throttle{seed: maphash.MakeSeed(), m: map[uint64]mark{}} }

// gate is one of the things that a try is judged by.
type gate struct {
	key  uint64
	most time.Duration
}

func (t *throttle) key(kind, value string) uint64 {
	return maphash.String(t.seed, kind+"\n"+value)
}

// gates are what a try is judged by: a known device by itself, everyone else by
// account and network.
func (t *throttle) gates(email string, network uint64, device string) []gate {
	if device != "" {
		return []gate{{t.key("device", email+"\n"+device), deviceWait}}
	}
	return []gate{{t.key("network", fmt.Sprint(network)), networkWait}, {t.key("account", email), accountWait}}
}

// wait is how long to wait before the next try may be made; 0: none.
func (t *throttle) wait(gates []gate, now time.Time) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range gates {
		if m, ok := t.m[g.key]; ok && now.Sub(m.last) < triesForget {
			wait = max(wait, m.last.Add(delay(m.failed, g.most)).Sub(now))
		}
	}
	return wait
}

// failed counts a try that was let through as if it had failed: it is taken back
// by passed. So tries at the same moment do not all get by.
func (t *throttle) failed(gates []gate, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.m) >= marksAtMost {
		t.evict(now)
	}
	for _, g := range gates {
		m := t.m[g.key]
		if now.Sub(m.last) >= triesForget {
			m.failed = 0
		}
		t.m[g.key] = mark{m.failed + 1, now}
	}
}

// passed forgets the tries of a device or an account that has signed in. Of the
// network one is taken back only: an attacker's own account is no way out.
func (t *throttle) passed(gates []gate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range gates {
		if m := t.m[g.key]; g.most == networkWait && m.failed > 1 {
			t.m[g.key] = mark{m.failed - 1, m.last}
		} else {
			delete(t.m, g.key)
		}
	}
}

// forget lets an account go: its owner has a new password.
func (t *throttle) forget(email string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.m, t.key("account", email))
}

// evict makes room: for what is old, then for what has failed least. The caller
// holds mu.
func (t *throttle) evict(now time.Time) {
	for key, m := range t.m {
		if now.Sub(m.last) >= triesForget {
			delete(t.m, key)
		}
	}
	for least := 1; len(t.m) > marksAtMost*9/10; least *= 2 {
		for key, m := range t.m {
			if m.failed <= least && len(t.m) > marksAtMost*9/10 {
				delete(t.m, key)
			}
		}
	}
}
