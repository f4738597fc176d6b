//go:build !windows

package storage

import (
	"os"
	"syscall"
)

// tryLock locks an open file, for this DB alone or shared among readers. The error
// is errLocked where another process holds it; nobody waits.
func tryLock(f *os.File, shared bool) error {
	how := syscall.LOCK_EX | syscall.LOCK_NB
	if shared {
		how = syscall.LOCK_SH | syscall.LOCK_NB
	}
	if err := syscall.Flock(int(f.Fd()), how); err != syscall.EWOULDBLOCK {
		return err
	}
	return errLocked
}
