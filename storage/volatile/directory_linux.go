package volatile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

const defaultParent = "/dev/shm"

// realDirectory works through the directory's descriptor, so that nobody can
// exchange the directory under it.
type realDirectory struct {
	path string
	dir  *os.File
	lock *os.File
	unix.Statfs_t
	device uint64
}

// openDirectory makes and opens the state's directory, checks that it is fit
// (rules 1, 2 and 4 of the package comment) and locks it.
func openDirectory(parent, dataDir string) (*realDirectory, error) {
	id := sha256.Sum256([]byte(dataDir))
	name := "footfall-" + hex.EncodeToString(id[:8])
	if parent == "" {
		parent = defaultParent
		name = "footfall-" + strconv.Itoa(os.Geteuid()) + "-" + hex.EncodeToString(id[:8])
		if _, err := os.Stat(parent); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoMemoryFS, err)
		}
	}
	parent, err := filepath.Abs(parent)
	if err != nil {
		return nil, err
	}
	if err := makeParent(parent); err != nil {
		return nil, err
	}
	d := &realDirectory{path: filepath.Join(parent, name)}
	if err := d.enter(parent, name); err != nil {
		d.close()
		return nil, fmt.Errorf("%s: %w", d.path, err)
	}
	return d, nil
}

// makeParent makes the directories up to parent, after a look at the file system
// that they would be on: nothing is left on a disk.
func makeParent(parent string) error {
	for at := parent; ; at = filepath.Dir(at) {
		var st unix.Statfs_t
		err := unix.Statfs(at, &st)
		if errors.Is(err, unix.ENOENT) && at != filepath.Dir(at) {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		if !inMemory(&st) {
			return fmt.Errorf("%s: %w", at, ErrNotMemory)
		}
		return os.MkdirAll(parent, 0o700)
	}
}

func inMemory(st *unix.Statfs_t) bool {
	return uint32(st.Type) == unix.TMPFS_MAGIC || uint32(st.Type) == unix.RAMFS_MAGIC
}

func (d *realDirectory) enter(parent, name string) error {
	at, err := unix.Open(parent, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(at)
	if err := unix.Mkdirat(at, name, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return asFull(err)
	}
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotOurs, err)
	}
	d.dir = os.NewFile(uintptr(fd), d.path)
	st, err := checkOwner(fd, unix.S_IFDIR)
	if err != nil {
		return err
	}
	d.device = st.Dev
	if err := unix.Fstatfs(fd, &d.Statfs_t); err != nil {
		return err
	}
	if !inMemory(&d.Statfs_t) {
		return ErrNotMemory
	}
	if d.lock, err = d.openFile("lock", unix.O_CREAT); err != nil {
		return err
	}
	err = unix.Flock(int(d.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

// checkOwner accepts what is of the given kind, mine and closed to others.
func checkOwner(fd int, kind uint32) (*unix.Stat_t, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	switch {
	case st.Mode&unix.S_IFMT != kind:
		return nil, fmt.Errorf("%w: it is of another kind (mode %o)", ErrNotOurs, st.Mode)
	case st.Uid != uint32(os.Geteuid()):
		return nil, fmt.Errorf("%w: it belongs to user %d", ErrNotOurs, st.Uid)
	case st.Mode&0o077 != 0:
		return nil, fmt.Errorf("%w: its mode is %o, want no rights for others", ErrNotOurs, st.Mode&0o777)
	case kind == unix.S_IFREG && st.Nlink != 1:
		return nil, fmt.Errorf("%w: it has %d names", ErrNotOurs, st.Nlink)
	}
	return &st, nil
}

func (d *realDirectory) openFile(name string, flags int) (*os.File, error) {
	// O_NONBLOCK: the open of a FIFO somebody put there must not wait.
	flags |= unix.O_RDWR | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK
	fd, err := unix.Openat(int(d.dir.Fd()), name, flags, 0o600)
	if errors.Is(err, unix.ELOOP) {
		err = fmt.Errorf("%w: %w", ErrNotOurs, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, asFull(err))
	}
	if _, err := checkOwner(fd, unix.S_IFREG); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

func (d *realDirectory) open(name string) (file, error) {
	f, err := d.openFile(name, 0)
	if err != nil {
		return nil, err
	}
	return realFile{f}, nil
}

func (d *realDirectory) create(name string) (file, error) {
	f, err := d.openFile(name, unix.O_CREAT)
	if err != nil {
		return nil, err
	}
	// Not O_TRUNC: what is not ours is not to be emptied either.
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, err
	}
	return realFile{f}, nil
}

func (d *realDirectory) rename(from, to string) error {
	fd := int(d.dir.Fd())
	if err := unix.Renameat(fd, from, fd, to); err != nil {
		return fmt.Errorf("rename %s to %s: %w", from, to, asFull(err))
	}
	return nil
}

func (d *realDirectory) remove(name string) error {
	if err := unix.Unlinkat(int(d.dir.Fd()), name, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

func (d *realDirectory) list() ([]string, error) {
	if _, err := d.dir.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return d.dir.Readdirnames(-1)
}

func (d *realDirectory) unmap(m []byte) error { return unix.Munmap(m) }

func (d *realDirectory) close() error {
	var err error
	for _, f := range []*os.File{d.lock, d.dir} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

// bytes is the size of the file system; 0 where it has no limit.
func (d *realDirectory) bytes() int64 { return int64(d.Blocks) * int64(d.Bsize) }

// unswappable reports whether the kernel never swaps this file system's pages.
func (d *realDirectory) unswappable() (bool, error) {
	if uint32(d.Type) == unix.RAMFS_MAGIC {
		return true, nil
	}
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, err
	}
	return noSwap(text, unix.Major(d.device), unix.Minor(d.device)), nil
}

type realFile struct{ *os.File }

func (f realFile) size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (f realFile) allocate(off, n int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), 0, off, n)
		switch {
		case errors.Is(err, unix.EINTR): // tmpfs gives way to any signal, the scheduler's too
			continue
		case errors.Is(err, unix.EOPNOTSUPP):
			return errors.ErrUnsupported
		case err != nil:
			return fmt.Errorf("allocate %s: %w", f.Name(), err)
		}
		return nil
	}
}

func (f realFile) mapping(off int64, n int, pin bool) ([]byte, error) {
	m, err := unix.Mmap(int(f.Fd()), off, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", f.Name(), err)
	}
	err = unix.Madvise(m, unix.MADV_DONTDUMP)
	if err == nil && pin {
		err = unix.Mlock(m)
	}
	if err != nil {
		unix.Munmap(m)
		return nil, fmt.Errorf("lock %s in memory: %w", f.Name(), err)
	}
	return m, nil
}
