package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// FileName is the data file's name in the data directory.
const FileName = "footfall.db"

// tempPattern names files that are being made; those a crash left behind are
// removed at the next open.
const tempPattern = ".footfall-*.tmp"

// errLocked: another process holds the lock.
var errLocked = errors.New("locked")

// openLocked opens the data file and locks it: for this DB alone, or shared
// among readers. A lock is good only for the file that has the name: while it
// was waited for, the file may have been replaced.
func openLocked(path string, readOnly bool, timeout time.Duration) (*os.File, error) {
	deadline := time.Now().Add(timeout)
	flag := os.O_RDWR
	if readOnly {
		flag = os.O_RDONLY
	}
	for {
		f, err := os.OpenFile(path, flag, 0)
		if err != nil {
			return nil, openError(path, err)
		}
		err = tryLock(f, readOnly)
		if err == nil {
			mine, err1 := f.Stat()
			named, err2 := os.Stat(path)
			if err1 == nil && err2 == nil && os.SameFile(mine, named) {
				return f, nil
			}
			err = errLocked
		}
		f.Close()
		if !errors.Is(err, errLocked) {
			return nil, fmt.Errorf("%w: lock %s: %v", ErrUnreadable, path, err)
		}
		if !time.Now().Before(deadline) {
			return nil, fmt.Errorf("%w: %s", ErrInUse, path)
		}
		time.Sleep(5 * time.Millisecond) // flock has no waiting with a limit
	}
}

// openError sorts what the system says into the errors of Open.
func openError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s", ErrMissing, path)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %s: %v", ErrReadOnly, path, syscall.EROFS)
	case errors.Is(err, fs.ErrPermission):
		if f, err := os.Open(path); err == nil {
			f.Close()
			return fmt.Errorf("%w: %s: permission denied", ErrReadOnly, path)
		}
		return fmt.Errorf("%w: %s: permission denied", ErrUnreadable, path)
	default:
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
}

// openBolt opens the database in f, which stays locked until the database is
// closed. On an error f is closed.
//
// bbolt maps the file and believes what it reads: a file that is too short kills
// the process with SIGBUS, a damaged page makes it panic. So the size is held
// against the meta pages first, and panics become ErrCorrupt.
func openBolt(f *os.File, o bbolt.Options) (b *bbolt.DB, meta metaPage, err error) {
	if meta, err = readMeta(f); err != nil {
		f.Close()
		return nil, meta, err
	}
	o.Timeout = time.Millisecond
	o.OpenFile = func(string, int, os.FileMode) (*os.File, error) { return f, nil }
	o.FreelistType = bbolt.FreelistMapType
	o.PreLoadFreelist = true
	err = guard(func() error {
		b, err = bbolt.Open(f.Name(), 0o600, &o)
		return err
	})
	if err != nil {
		f.Close() // already closed by bbolt, except after a panic
		if !errors.Is(err, ErrCorrupt) {
			err = fmt.Errorf("%w: %s: %v", ErrCorrupt, f.Name(), err)
		}
		return nil, meta, err
	}
	// Growing in small steps: the file is no bigger than what is in it.
	b.AllocSize = 256 << 10
	return b, meta, nil
}

// ne is the order of bytes in bbolt's pages.
var ne = binary.NativeEndian

// metaPage is what is read of bbolt's meta page: page header of 16 bytes, then
// magic 4, version 4, page size 4, flags 4, root bucket 16, freelist page 8, high
// water mark 8, transaction 8, FNV-64a of the meta 8, in the machine's order.
type metaPage struct {
	pageSize int64
	root     uint64 // page of the root bucket
	pages    int64  // high water mark: pages in use, free ones included
	tx       uint64
}

const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2
)

func parseMeta(page []byte) (m metaPage, ok bool) {
	meta := page[16:80]
	sum := fnv.New64a()
	sum.Write(meta[:56])
	if ne.Uint32(meta) != boltMagic || ne.Uint32(meta[4:]) != boltVersion || ne.Uint64(meta[56:]) != sum.Sum64() {
		return m, false
	}
	return metaPage{pageSize: int64(ne.Uint32(meta[8:])), root: ne.Uint64(meta[16:]), pages: int64(ne.Uint64(meta[40:])), tx: ne.Uint64(meta[48:])}, true
}

// readMeta finds the newest valid meta page of f and proves that the file holds
// all the pages it speaks of. The error wraps ErrCorrupt.
func readMeta(f *os.File) (best metaPage, err error) {
	info, err := f.Stat()
	if err != nil {
		return best, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if !info.Mode().IsRegular() {
		return best, fmt.Errorf("%w: %s is not a regular file", ErrCorrupt, f.Name())
	}
	found := false
	page := make([]byte, 80)
	for at := int64(0); at < info.Size() && at <= 16<<20; at = max(1024, 2*at) {
		if n, err := f.ReadAt(page, at); n < len(page) {
			if err != io.EOF {
				return best, fmt.Errorf("%w: read %s: %w", ErrUnreadable, f.Name(), err)
			}
			break
		}
		m, ok := parseMeta(page)
		if !ok || at != 0 && at != m.pageSize || m.pageSize < 1024 || m.pages < 2 {
			continue
		}
		if !found || m.tx > best.tx {
			best, found = m, true
		}
		if at > 0 {
			break
		}
	}
	if !found {
		return best, fmt.Errorf("%w: %s (%d bytes) is not a footfall data file, or its head is destroyed",
			ErrCorrupt, f.Name(), info.Size())
	}
	if want := best.pages * best.pageSize; info.Size() < want {
		return best, fmt.Errorf("%w: %s is truncated: %d bytes, want at least %d", ErrCorrupt, f.Name(), info.Size(), want)
	}
	return best, nil
}

// guard runs fn and turns panics of bbolt and faults of its mapped memory (an
// unreadable disk block, a file that was cut) into ErrCorrupt.
func guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrCorrupt, r)
		}
	}()
	return fn()
}

// writeError sorts what a failed write says.
func writeError(op string, err error) error {
	if err == nil {
		return nil
	}
	full := errors.Is(err, berrors.ErrMaxSizeReached)
	for _, e := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		// bbolt flattens some errors to text.
		full = full || errors.Is(err, e) || strings.Contains(err.Error(), e.Error())
	}
	if full && !errors.Is(err, ErrFull) {
		return fmt.Errorf("%s: %w: %w", op, ErrFull, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}

// makeDir creates the data directory if it is missing, for its owner alone.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		switch {
		case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		default:
			return fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
	}
	return nil
}

// tempFile makes an empty file beside the data file, mode 0600.
func tempFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, tempPattern)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return nil, fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	if err != nil {
		return nil, writeError("create file", err)
	}
	return f, nil
}

func removeTemps(dir string) {
	names, _ := filepath.Glob(filepath.Join(dir, tempPattern)) // the pattern is well-formed
	for _, name := range names {
		os.Remove(name)
	}
}

// syncDir makes a rename last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
