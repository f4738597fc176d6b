//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package visitor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// mapLocked maps a page outside of Go's heap and locks it. locked tells why it
// could not be locked.
func mapLocked(size int) (page []byte, locked error, err error) {
	page, err = unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, nil, fmt.Errorf("mmap: %w", err)
	}
	if err := unix.Mlock(page); err != nil {
		locked = fmt.Errorf("mlock: %w (raise the limit of locked memory, ulimit -l)", err)
	}
	return page, locked, nil
}

func unmap(page []byte) error { return unix.Munmap(page) }

// NoCoreDumps switches core dumps off for this process.
func NoCoreDumps() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("switch core dumps off: setrlimit: %w", err)
	}
	return nil
}
