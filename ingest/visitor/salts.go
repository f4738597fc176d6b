// Package visitor turns an address and a user agent into an aggregate.Visitor,
// and is where both of them end.
package visitor

import (
	"errors"
	"io"
	"net/netip"
	"time"

	"footfall/aggregate"
)

// Grace is how long a salt outlives its day, so that a visit may cross midnight.
const Grace = 30 * time.Minute

// ErrClosed is returned once the salts are destroyed.
var ErrClosed = errors.New("salts are closed")

// Options are what NewSalts needs.
type Options struct {
	Rand     io.Reader                           // nil = crypto/rand
	Store    Store                               // nil = this process's memory only
	Location func(aggregate.Site) *time.Location // zone of a site's days; nil, or a nil zone = UTC
}

// Status says how well the salts are kept.
type Status struct {
	Salts      int
	LockError  error // memory could not be locked; nil = all salts are locked
	Unsaved    int
	Undropped  int
	StoreError error
}

// Salts holds the salts of all sites.
type Salts struct{}

// NewSalts makes an empty set.
func NewSalts(o Options) *Salts { return &Salts{} }

// Visitor is the visitor's hash under the day's salt, made on first use.
func (s *Salts) Visitor(site aggregate.Site, day aggregate.Day, addr netip.Addr, agent []byte) (aggregate.Visitor, error) {
	return aggregate.Visitor{}, nil
}

// Known is the hash under the day's salt, if that salt is alive.
func (s *Salts) Known(site aggregate.Site, day aggregate.Day, addr netip.Addr, agent []byte) (aggregate.Visitor, bool) {
	return aggregate.Visitor{}, false
}

// Expire destroys the salts that are dead at now.
func (s *Salts) Expire(now time.Time) {}

// Next is when the next salt dies; the zero time when there is none.
func (s *Salts) Next() time.Time { return time.Time{} }

// Forget destroys a site's salts.
func (s *Salts) Forget(site aggregate.Site) {}

// Restore loads the salts that are alive at now from the store.
func (s *Salts) Restore(now time.Time) (n int, err error) { return 0, nil }

// Status says how well the salts are kept.
func (s *Salts) Status() Status { return Status{} }

// Close overwrites all salts of this process; those in the store stay.
func (s *Salts) Close() error { return nil }
