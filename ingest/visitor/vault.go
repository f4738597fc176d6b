package visitor

import (
	"fmt"
	"os"
)

// vault hands out slots for salts, cut from pages that are locked in memory.
// It has no lock of its own: that of Salts protects it.
type vault struct {
	mapPage   func(size int) (page []byte, locked error, err error) // mapLocked; tests put faults here
	unmapPage func(page []byte) error

	pages  []page
	free   [][]byte
	locked error // why a page could not be locked, the first time that happened
}

type page struct {
	mem    []byte
	mapped bool // by mapPage, else from the heap
}

func newVault() vault { return vault{mapPage: mapLocked, unmapPage: unmap} }

// take returns a slot full of zeros.
func (v *vault) take() []byte {
	if len(v.free) == 0 {
		v.grow()
	}
	slot := v.free[len(v.free)-1]
	v.free = v.free[:len(v.free)-1]
	return slot
}

// give overwrites a slot and takes it back.
func (v *vault) give(slot []byte) {
	wipe(slot)
	v.free = append(v.free, slot)
}

// grow adds a page. Memory that cannot be locked, or not even be mapped, is no
// reason to turn visitors away: it is used all the same, and reported.
func (v *vault) grow() {
	size := os.Getpagesize()
	mem, locked, err := v.mapPage(size)
	p := page{mem: mem, mapped: err == nil}
	if err != nil {
		p.mem, locked = make([]byte, size), err
	}
	if locked != nil && v.locked == nil {
		v.locked = fmt.Errorf("salts cannot be locked in memory and might be swapped out: %w", locked)
	}
	v.pages = append(v.pages, p)
	for at := 0; at+SaltSize <= size; at += SaltSize {
		v.free = append(v.free, p.mem[at:at+SaltSize:at+SaltSize])
	}
}

// close overwrites everything and gives the pages back. No slot may be used
// after it.
func (v *vault) close() error {
	var first error
	for _, p := range v.pages {
		wipe(p.mem)
		if p.mapped {
			if err := v.unmapPage(p.mem); err != nil && first == nil {
				first = fmt.Errorf("unmap salts: %w", err)
			}
		}
	}
	v.pages, v.free = nil, nil
	return first
}
