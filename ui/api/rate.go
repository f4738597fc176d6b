package api

import (
	"crypto/sha256"
	"sync"
	"time"
)

// rates bounds how often each token may ask: so many requests a minute, and as many
// at once. Of a token its hash is kept, for as long as it owes time.
type rates struct {
	perMinute int // 0: no limit

	mu sync.Mutex // protects m
	// m is until when the requests of a token would last if they came evenly.
	m map[[sha256.Size]byte]time.Time
}

// maxRated is how many tokens are remembered before those that owe nothing are
// forgotten. Only tokens that exist get here.
const maxRated = 1000

// take counts a request. It returns how long to wait instead, if there were too many.
func (r *rates) take(token string, now time.Time) (wait time.Duration) {
	if r.perMinute <= 0 {
		return 0
	}
	key := sha256.Sum256([]byte(token))
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.m) >= maxRated {
		for k, until := range r.m {
			if !until.After(now) {
				delete(r.m, k)
			}
		}
	}
	until := r.m[key]
	if until.Before(now) || until.Sub(now) > 2*time.Minute { // the clock was set back
		until = now
	}
	until = until.Add(time.Minute / time.Duration(r.perMinute))
	if wait = until.Sub(now) - time.Minute; wait > 0 {
		return wait
	}
	if r.m == nil {
		r.m = map[[sha256.Size]byte]time.Time{}
	}
	r.m[key] = until
	return 0
}
