package volatile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"
)

// directory is the state's directory as the few operations it takes; the real
// one is in directory_linux.go, and tests put faults between. Names have no
// slash. A missing file is fs.ErrNotExist, except for remove, which is content.
type directory interface {
	open(name string) (file, error)   // read and write, must exist
	create(name string) (file, error) // read and write, emptied if it exists
	rename(from, to string) error     // atomic, replaces to
	remove(name string) error
	list() ([]string, error)
	unmap(m []byte) error
	close() error
}

// file is a plain file in a directory. Tests rely on this: what changes a file
// is WriteAt, Truncate, allocate and a write to a mapping.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	size() (int64, error)
	// allocate makes [off, off+n) exist, so that a later write or a touch of a
	// mapping cannot fail for want of memory. errors.ErrUnsupported where the file
	// system has no such limit (ramfs).
	allocate(off, n int64) error
	// mapping shares [off, off+n) with the file; off is a multiple of pageSize.
	// With pin its pages are locked in memory, or it fails. It outlives the file's
	// Close and ends with unmap.
	mapping(off int64, n int, pin bool) ([]byte, error)
}

var pageSize = int64(os.Getpagesize())

func wholePages(n int64) int64 { return (n + pageSize - 1) / pageSize * pageSize }

// memory is what a state may use: where, how much, and whether it has to be
// pinned.
type memory struct {
	dir   directory
	limit int64
	step  int64 // see growth
	used  atomic.Int64
	pin   bool // lock every file in memory: a disk swap is active
	// mapped lets extents write through a mapping of the room that was made for
	// them: a record costs a copy then, not a system call. The pages are the
	// kernel's: they outlive the process like those that it has written itself.
	mapped bool
}

// take asks for n bytes and leaves spare ones untouched.
func (m *memory) take(n, spare int64) error {
	if used := m.used.Add(n); used > m.limit-spare {
		m.used.Add(-n)
		return fmt.Errorf("%w: %d of %d bytes are taken, %d more asked", ErrFull, used-n, m.limit, n)
	}
	return nil
}

func (m *memory) give(n int64) { m.used.Add(-n) }

// asFull turns the system's ways to say that there is no memory into ErrFull.
func asFull(err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.ENOMEM, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	return err
}

// growth is the step in which a file gets room. Room is made before it is
// written to: so a full file system is found between records, not inside one,
// and in pinned memory no byte is ever on a page that is not locked yet.
const growth = 256 << 10

// extent is a file that grows at its end. It is not safe for concurrent use.
type extent struct {
	mem   *memory
	file  file     // nil once sealed
	spare int64    // memory of the state that this file may not take
	size  int64    // bytes that count
	room  int64    // bytes of the file, allocated
	pins  [][]byte // mappings that keep the pages locked
	pend  int64    // the file is pinned up to here, in whole pages
	err   error    // a failed write could not be taken back; nothing may follow

	window []byte // mem.mapped: the file from start to room, or nil
	start  int64
}

// adopt makes an extent of an existing file, all of which counts.
func (m *memory) adopt(f file) (*extent, error) {
	n, err := f.size()
	if err != nil {
		return nil, err
	}
	e := &extent{mem: m, file: f, size: n, room: n}
	m.used.Add(n) // what exists is counted even where the limit is lower now
	if m.pin && n > 0 {
		if err := e.pinTo(n); err != nil {
			e.drop()
			return nil, err
		}
	}
	return e, nil
}

// create makes an empty extent.
func (m *memory) create(name string) (*extent, error) {
	f, err := m.dir.create(name)
	if err != nil {
		return nil, asFull(err)
	}
	return &extent{mem: m, file: f}, nil
}

// tryPin finds out at Open, not with the first hit, that so little memory may be
// locked that no journal can grow.
func (m *memory) tryPin() error {
	if !m.pin {
		return nil
	}
	const name = "probe"
	e, err := m.create(name)
	if err != nil {
		return err
	}
	err = e.reserve(m.step)
	e.drop()
	return errors.Join(err, m.dir.remove(name))
}

// write appends p as a whole, in one write, or leaves nothing of it. The error
// is ErrFull where there is no room.
func (e *extent) write(p []byte) error {
	if e.err != nil {
		return e.err
	}
	if err := e.reserve(int64(len(p))); err != nil {
		return err
	}
	if e.mem.mapped {
		if err := e.look(); err != nil {
			return errors.Join(asFull(err), e.cut(e.size))
		}
		copy(e.window[e.size-e.start:], p)
	} else if _, err := e.file.WriteAt(p, e.size); err != nil {
		return errors.Join(asFull(err), e.cut(e.size))
	}
	e.size += int64(len(p))
	return nil
}

// look makes the window show all room from the end of the file on.
func (e *extent) look() error {
	if e.window != nil && e.start+int64(len(e.window)) >= e.room {
		return nil
	}
	e.shut()
	start := e.size / pageSize * pageSize
	window, err := e.file.mapping(start, int(wholePages(e.room)-start), false)
	if err != nil {
		return err
	}
	e.window, e.start = window, start
	return nil
}

// shut ends the window.
func (e *extent) shut() {
	if e.window != nil {
		_ = e.mem.dir.unmap(e.window) // fails on addresses that are not mapped only
		e.window = nil
	}
}

// reserve makes room for n more bytes.
func (e *extent) reserve(n int64) error {
	if e.size+n <= e.room {
		return nil
	}
	room := (e.size + n + e.mem.step - 1) / e.mem.step * e.mem.step
	err := e.mem.take(room-e.room, e.spare)
	if err != nil { // then no more than is needed now
		room = wholePages(e.size + n)
		err = e.mem.take(room-e.room, e.spare)
	}
	if err != nil {
		return err
	}
	err = e.file.allocate(e.room, room-e.room)
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	if err == nil && e.mem.pin {
		if err = e.pinTo(room); err != nil {
			err = fmt.Errorf("%w: %w", ErrFull, err)
		}
	}
	if err != nil {
		e.mem.give(room - e.room)
		return errors.Join(asFull(err), e.cut(e.size))
	}
	e.room = room
	return nil
}

func (e *extent) pinTo(room int64) error {
	end := wholePages(room)
	m, err := e.file.mapping(e.pend, int(end-e.pend), true)
	if err != nil {
		return fmt.Errorf("%w: %w; raise the limit of locked memory, switch the swap off, or use a tmpfs mounted with noswap",
			ErrSwappable, err)
	}
	e.pins, e.pend = append(e.pins, m), end
	return nil
}

// cut ends the file after size bytes and gives back the room behind.
func (e *extent) cut(size int64) error {
	e.shut() // it would show what lies behind the end
	if err := e.file.Truncate(size); err != nil {
		e.err = fmt.Errorf("cut back to %d bytes: %w", size, err)
		return e.err
	}
	e.mem.give(e.room - size)
	e.size, e.room = size, size
	// Pages that come anew behind the cut are not locked by the old mapping.
	e.pend = wholePages(size)
	return nil
}

// trim gives back the room that is not used.
func (e *extent) trim() error {
	if e.file == nil || e.room == e.size {
		return nil
	}
	return e.cut(e.size)
}

// seal ends the file and closes it. Its pages stay pinned.
func (e *extent) seal() error {
	if e.file == nil {
		return nil
	}
	e.shut()
	err := errors.Join(e.trim(), e.file.Close())
	e.file = nil
	return err
}

// drop lets go of a file that has been removed, or that stays behind at the end
// of the process.
func (e *extent) drop() {
	e.shut()
	for _, m := range e.pins {
		_ = e.mem.dir.unmap(m) // fails on addresses that are not mapped only
	}
	if e.file != nil {
		e.file.Close()
	}
	e.mem.give(e.room)
	e.pins, e.file, e.room, e.size = nil, nil, 0, 0
}
