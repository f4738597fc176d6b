package visitor

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"

	"footfall/aggregate"
)

// Grace is how long a salt outlives its day, so that a visit may cross midnight:
// as long as the longest gap within a visit.
const Grace = 30 * time.Minute

// DaysPerSite is how many salts a site has at most: yesterday's, today's, and
// one more for a clock that jumps or a zone that was changed.
const DaysPerSite = 3

var (
	// ErrClosed is returned once the salts are destroyed.
	ErrClosed = errors.New("the salts are closed")
	// ErrRandom is returned where the source of randomness failed. A salt is
	// made of nothing less.
	ErrRandom = errors.New("no random bytes for a salt")
)

// Options are what NewSalts needs. The zero value works.
type Options struct {
	// Rand is where salts come from; nil = crypto/rand.
	Rand io.Reader
	// Store keeps salts beyond the process; nil = they end with it, and
	// returning visitors are counted again after a restart.
	Store Store
	// Location is the zone of a site's days; nil, or a nil zone, = UTC. It is
	// asked when a salt is made, and must not call back.
	Location func(aggregate.Site) *time.Location
}

// Salts holds the salts of all sites and hashes visitors under them. It is safe
// for concurrent use. Whoever owns it calls Expire, at the latest when Next says.
type Salts struct {
	opts Options

	mu        sync.RWMutex // protects all below, and the bytes of every slot
	live      map[key]*salt
	undropped map[key]struct{} // dead, but the store could not overwrite them
	storeErr  error            // of the store's latest failure; nil when all is well
	vault     vault
	closed    bool
}

type key struct {
	site aggregate.Site
	day  aggregate.Day
}

type salt struct {
	bytes []byte // a slot of the vault
	ends  time.Time
	saved bool // in the store, or there is none
}

// Status says how well the salts are kept. None of the errors keeps a visitor
// from being counted.
type Status struct {
	Salts int
	// Unlocked is why some salts are not locked in memory; nil when all are.
	Unlocked error
	// Store is the store's latest failure; nil when it holds what it should.
	Store error
	// Unsaved are salts that the store does not hold: their visitors are counted
	// again after a restart. Undropped are dead salts whose bytes it may still hold.
	Unsaved, Undropped int
}

// NewSalts makes an empty set. Its first page is locked at once, so that Status
// tells from the beginning whether locking works.
func NewSalts(o Options) *Salts {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	s := &Salts{opts: o, live: map[key]*salt{}, undropped: map[key]struct{}{}, vault: newVault()}
	s.vault.grow()
	return s
}

// Visitor is the hash under the day's salt, which is made on first use. The
// error wraps ErrRandom or ErrClosed.
func (s *Salts) Visitor(site aggregate.Site, day aggregate.Day, addr netip.Addr, agent []byte) (aggregate.Visitor, error) {
	if v, ok := s.Known(site, day, addr, agent); ok {
		return v, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one, err := s.open(key{site, day})
	if err != nil {
		return aggregate.Visitor{}, err
	}
	return hash(one.bytes, site, addr, agent), nil
}

// Known is the hash under the day's salt if that salt is alive: that of
// yesterday, say, within Grace after midnight.
func (s *Salts) Known(site aggregate.Site, day aggregate.Day, addr netip.Addr, agent []byte) (v aggregate.Visitor, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	one := s.live[key{site, day}]
	if one == nil {
		return v, false
	}
	return hash(one.bytes, site, addr, agent), true
}

// open finds a salt or makes it. The lock is held.
func (s *Salts) open(k key) (*salt, error) {
	if s.closed {
		return nil, ErrClosed
	}
	if one := s.live[k]; one != nil {
		return one, nil
	}
	// The caller's site may be a piece of a request's buffer.
	k.site = aggregate.Site(strings.Clone(string(k.site)))
	bytes := s.vault.take()
	if _, err := io.ReadFull(s.opts.Rand, bytes); err != nil {
		s.vault.give(bytes)
		return nil, fmt.Errorf("%w: %w", ErrRandom, err)
	}
	one := &salt{bytes: bytes, ends: s.end(k)}
	s.insert(k, one)
	s.save(k, one)
	return one, nil
}

// end is when a salt made now dies.
func (s *Salts) end(k key) time.Time {
	loc := time.UTC
	if s.opts.Location != nil {
		if l := s.opts.Location(k.site); l != nil {
			loc = l
		}
	}
	return k.day.End(loc).Add(Grace)
}

// insert adds a salt; a site that has too many loses the one that ends first.
func (s *Salts) insert(k key, one *salt) {
	var first key
	count := 0
	for other, o := range s.live {
		if other.site != k.site {
			continue
		}
		if count++; count == 1 || o.ends.Before(s.live[first].ends) {
			first = other
		}
	}
	if count >= DaysPerSite {
		s.kill(first)
	}
	s.live[k] = one
}

// save hands a salt to the store. A salt whose earlier namesake was to be
// dropped there has overwritten it.
func (s *Salts) save(k key, one *salt) {
	if s.opts.Store == nil {
		one.saved = true
		return
	}
	var passed [SaltSize]byte
	copy(passed[:], one.bytes)
	err := s.opts.Store.SaveSalt(k.site, k.day, one.ends, passed)
	wipe(passed[:])
	if err != nil {
		s.storeErr = fmt.Errorf("save a salt: %w", err)
		return
	}
	one.saved = true
	delete(s.undropped, k)
}

// kill overwrites a salt here and in the store.
func (s *Salts) kill(k key) {
	if one := s.live[k]; one != nil {
		s.vault.give(one.bytes)
		delete(s.live, k)
	}
	s.drop(k)
}

func (s *Salts) drop(k key) {
	if s.opts.Store == nil {
		return
	}
	if err := s.opts.Store.DropSalt(k.site, k.day); err != nil {
		s.undropped[k] = struct{}{}
		s.storeErr = fmt.Errorf("drop a salt: %w", err)
		return
	}
	delete(s.undropped, k)
}

// Expire destroys the salts that are dead at now, and tries again what the
// store could not do before.
func (s *Salts) Expire(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	for k := range s.undropped {
		if s.live[k] == nil { // else saving it overwrites what was to be dropped
			s.drop(k)
		}
	}
	for k, one := range s.live {
		switch {
		case !now.Before(one.ends):
			s.kill(k)
		case !one.saved:
			s.save(k, one)
		}
	}
	if s.unsaved() == 0 && len(s.undropped) == 0 {
		s.storeErr = nil
	}
}

// Next is when the next salt dies; the zero time when there is none.
func (s *Salts) Next() (at time.Time) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, one := range s.live {
		if at.IsZero() || one.ends.Before(at) {
			at = one.ends
		}
	}
	return at
}

// Forget destroys a site's salts at once.
func (s *Salts) Forget(site aggregate.Site) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.live {
		if k.site == site {
			s.kill(k)
		}
	}
}

// Restore takes over the salts in the store that are alive at now, and drops
// the others there. None lives longer than one made now would, whatever the
// store says. It is for the start, before the first visitor: a salt that exists
// here already stays. The error is the store's; n salts were taken over all the
// same, and visitors are counted with or without them.
func (s *Salts) Restore(now time.Time) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, ErrClosed
	}
	if s.opts.Store == nil {
		return 0, nil
	}
	var unwanted []key
	err = s.opts.Store.LoadSalts(func(site aggregate.Site, day aggregate.Day, ends time.Time, bytes [SaltSize]byte) {
		k := key{aggregate.Site(strings.Clone(string(site))), day}
		if end := s.end(k); ends.After(end) {
			ends = end
		}
		switch {
		case s.live[k] != nil:
		case !now.Before(ends) || s.count(site) >= DaysPerSite:
			unwanted = append(unwanted, k)
		default:
			one := &salt{bytes: s.vault.take(), ends: ends, saved: true}
			copy(one.bytes, bytes[:])
			s.live[k] = one
			n++
		}
		wipe(bytes[:])
	})
	if err != nil {
		err = fmt.Errorf("load the salts: %w", err)
		s.storeErr = err
	}
	for _, k := range unwanted {
		s.drop(k)
	}
	return n, err
}

func (s *Salts) count(site aggregate.Site) (n int) {
	for k := range s.live {
		if k.site == site {
			n++
		}
	}
	return n
}

func (s *Salts) unsaved() (n int) {
	for _, one := range s.live {
		if !one.saved {
			n++
		}
	}
	return n
}

// Status says how well the salts are kept.
func (s *Salts) Status() Status {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Status{Salts: len(s.live), Unlocked: s.vault.locked, Store: s.storeErr,
		Unsaved: s.unsaved(), Undropped: len(s.undropped)}
}

// Close overwrites the salts of this process and gives their memory back. Those
// in the store stay, for the process that comes next.
func (s *Salts) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	clear(s.live)
	return s.vault.close()
}
