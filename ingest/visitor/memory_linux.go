package visitor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// mapLocked maps a page outside of Go's heap: locked, left out of core dumps
// and not passed on to forked children. locked tells why it could not be locked.
func mapLocked(size int) (page []byte, locked error, err error) {
	page, err = unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, nil, fmt.Errorf("mmap: %w", err)
	}
	if err := unix.Mlock(page); err != nil {
		locked = fmt.Errorf("mlock: %w (raise the limit of locked memory, ulimit -l)", err)
	}
	if err := unix.Madvise(page, unix.MADV_DONTDUMP); err != nil && locked == nil {
		locked = fmt.Errorf("madvise: %w", err)
	}
	// Best effort: nothing here forks without an exec.
	_ = unix.Madvise(page, unix.MADV_DONTFORK)
	return page, locked, nil
}

func unmap(page []byte) error { return unix.Munmap(page) }

// NoCoreDumps switches core dumps off for this process. The limit alone would
// not do: the kernel ignores it where core_pattern is a pipe (see core(5)).
func NoCoreDumps() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("switch core dumps off: setrlimit: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("switch core dumps off: prctl: %w", err)
	}
	return nil
}
