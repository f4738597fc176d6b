//go:build !linux && !darwin && !dragonfly && !freebsd && !netbsd && !openbsd

package visitor

import "errors"

var errNoLock = errors.New("this system has no way to lock memory that is used here")

// mapLocked takes ordinary memory and says that it is not locked.
func mapLocked(size int) (page []byte, locked error, err error) {
	return make([]byte, size), errNoLock, nil
}

func unmap([]byte) error { return nil }

// NoCoreDumps does nothing: there are no core dumps to switch off here.
func NoCoreDumps() error { return nil }
