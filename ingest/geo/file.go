package geo

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
)

// file is the operator's database, by the path under which a newer one will appear:
// moved there, copied over the old one, or linked.
type file[V any] struct {
	path, scratch string
	reader        func(*database[V]) (func(netip.Addr) (V, error), error)
	current       atomic.Pointer[database[V]]

	mu      sync.Mutex  // protects the rest, and lets one refresh at a time
	used    fs.FileInfo // of the file that serves
	seen    fs.FileInfo // at the latest look; nil: there was none
	refused fs.FileInfo // of a file that could not be used
	missing bool        // has been told
	closed  bool
}

func openFile[V any](path, scratch string, reader func(*database[V]) (func(netip.Addr) (V, error), error)) (*file[V], error) {
	removeCopies(scratch)
	f := &file[V]{path: path, scratch: scratch, reader: reader}
	d, seen, err := openDatabase(path, scratch, reader)
	if err != nil {
		return nil, err
	}
	f.used, f.seen = seen, seen
	f.current.Store(d)
	return f, nil
}

func (f *file[V]) find(addr netip.Addr) (V, bool) { return f.current.Load().find(addr) }
func (f *file[V]) kind() string                   { return f.current.Load().kind() }

// refresh changes over to a new file that two looks in a row saw alike.
func (f *file[V]) refresh() (changed bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false, nil
	}
	now, err := os.Stat(f.path)
	if err != nil {
		told := f.missing
		f.seen, f.missing = nil, true
		if told {
			return false, nil
		}
		return false, explain(f.path, "", err)
	}
	before := f.seen
	f.seen, f.missing = now, false
	if sameFile(now, f.used) || sameFile(now, f.refused) || !sameFile(now, before) {
		return false, nil
	}
	d, seen, err := openDatabase(f.path, f.scratch, f.reader)
	if errors.Is(err, errWriting) {
		return false, nil // the next look sees another file
	}
	if err != nil {
		f.refused = now
		return false, err
	}
	f.used, f.refused = seen, nil
	return true, f.current.Swap(d).close()
}

func (f *file[V]) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return f.current.Load().close()
}
