package visitor

import (
	"time"

	"footfall/aggregate"
)

// SaltSize is the length of a salt in bytes.
const SaltSize = 32

// Store keeps salts in memory that outlives the process: a locked file on a
// memory file system, never a disk. It is called under the lock of Salts, one
// call at a time.
type Store interface {
	// SaveSalt keeps a salt until ends. The same site and day overwrites. An
	// error means that it was not kept (no room, no memory file system): the
	// salt then lives in the process alone, and saving is tried again later.
	SaveSalt(site aggregate.Site, day aggregate.Day, ends time.Time, salt [SaltSize]byte) error

	// LoadSalts calls fn for every salt that was kept, dead ones included, in
	// any order; fn does not call back into the store. An error means that some
	// or all could not be read; what fn was given before it is good.
	LoadSalts(fn func(site aggregate.Site, day aggregate.Day, ends time.Time, salt [SaltSize]byte)) error

	// DropSalt overwrites the salt's bytes and forgets it. One that is not there
	// is no error. An error means that the bytes may still be there: dropping is
	// tried again later.
	DropSalt(site aggregate.Site, day aggregate.Day) error
}
