package storage

import (
	"fmt"
	"io"
	"os"
)

// pageWalk reads the pages of a data file that are in use, one by one and not
// through bbolt's mapping, and proves that everything in them lies within them.
// bbolt's own check, which proves the rest, follows pointers on a goroutine of its
// own, where a fault of the mapping would end the process.
//
// A page has a header of 16 bytes (id 8, flags 2, count 2, overflow 4) and then
// count elements of 16: in a branch pos 4, key size 4, page 8; in a leaf flags 4,
// pos 4, key size 4, value size 4. pos counts from the element.
type pageWalk struct {
	f     *os.File
	meta  metaPage
	seen  map[uint64]bool
	fault func(format string, args ...any)
}

const (
	branchPage = 1
	leafPage   = 2
	bucketLeaf = 1 // flag of a leaf element whose value is a bucket
	pageHead   = 16
	element    = 16
)

// inBounds walks from the root. It reports whether all was well.
func inBounds(path string, fault func(format string, args ...any)) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	meta, err := readMeta(f)
	if err != nil {
		fault("%v", err)
		return false, nil
	}
	ok := true
	w := &pageWalk{f: f, meta: meta, seen: map[uint64]bool{}, fault: func(format string, args ...any) {
		ok = false
		fault(format, args...)
	}}
	return ok, w.page(meta.root)
}

// page walks one page and what lies below it. The error is that of the disk.
func (w *pageWalk) page(id uint64) error {
	if id < 2 || id >= uint64(w.meta.pages) {
		w.fault("page %d is not in the file", id)
		return nil
	}
	head := make([]byte, pageHead)
	if _, err := w.f.ReadAt(head, int64(id)*w.meta.pageSize); err != nil {
		return err
	}
	more := uint64(ne.Uint32(head[12:]))
	if ne.Uint64(head) != id || id+more >= uint64(w.meta.pages) {
		w.fault("page %d calls itself %d and goes on for %d pages", id, ne.Uint64(head), more)
		return nil
	}
	// Each page is read once, whatever the pages say: so the walk ends, and its
	// depth and memory are bounded by the file.
	for p := id; p <= id+more; p++ {
		if w.seen[p] {
			w.fault("page %d is in use twice", p)
			return nil
		}
		w.seen[p] = true
	}
	page := make([]byte, int64(1+more)*w.meta.pageSize)
	if _, err := w.f.ReadAt(page, int64(id)*w.meta.pageSize); err != nil && err != io.EOF {
		return err
	}
	return w.elements(page, fmt.Sprintf("page %d", id), false)
}

// elements walks the elements of a page, or of a small bucket inside a value
// (inline), which is a leaf and holds no further buckets.
func (w *pageWalk) elements(page []byte, name string, inline bool) error {
	flags, count := ne.Uint16(page[8:]), int(ne.Uint16(page[10:]))
	if flags != branchPage && flags != leafPage || pageHead+count*element > len(page) {
		w.fault("%s has flags %x and %d elements in %d bytes", name, flags, count, len(page))
		return nil
	}
	for i := range count {
		at := pageHead + i*element
		e := page[at:]
		pos, key, value := uint64(ne.Uint32(e)), uint64(ne.Uint32(e[4:])), uint64(0)
		if flags == leafPage {
			pos, key, value = uint64(ne.Uint32(e[4:])), uint64(ne.Uint32(e[8:])), uint64(ne.Uint32(e[12:]))
		}
		if pos+key+value > uint64(len(e)) {
			w.fault("%s: element %d reaches beyond the page", name, i)
			return nil
		}
		if inline && (flags == branchPage || ne.Uint32(e)&bucketLeaf != 0) {
			w.fault("%s: a bucket inside a value holds more than values", name)
			return nil
		}
		var err error
		switch {
		case flags == branchPage:
			err = w.page(ne.Uint64(e[8:]))
		case ne.Uint32(e)&bucketLeaf != 0:
			err = w.bucket(e[pos+key:pos+key+value], fmt.Sprintf("%s: bucket %d", name, i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bucket walks a bucket: its root page 8, its sequence 8, and where the root is 0
// the bucket's only page.
func (w *pageWalk) bucket(value []byte, name string) error {
	if len(value) < pageHead {
		w.fault("%s has %d bytes", name, len(value))
		return nil
	}
	if root := ne.Uint64(value); root != 0 {
		return w.page(root)
	}
	if len(value) < 2*pageHead {
		w.fault("%s has %d bytes", name, len(value))
		return nil
	}
	return w.elements(value[pageHead:], name, true)
}
