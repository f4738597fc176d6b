package storage

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// tryLock locks an open file, for this DB alone or shared among readers. The error
// is errLocked where another process holds it; nobody waits. Locks of this system
// keep others from reading what is locked: the one byte lies far behind the
// content.
func tryLock(f *os.File, shared bool) error {
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if !shared {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}
