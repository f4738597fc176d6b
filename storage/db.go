package storage

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// layout is the version of the layout that this package writes.
const layout = 1

var (
	metaBucket    = []byte("meta")
	sitesBucket   = []byte("sites")
	importsBucket = []byte("imports")
	tokensBucket  = []byte("tokens")
	blocksBucket  = []byte("blocks")
	buckets       = [][]byte{metaBucket, sitesBucket, importsBucket, tokensBucket, blocksBucket}

	layoutKey = []byte("layout")
	idKey     = []byte("id")
	commitKey = []byte("commit")
)

// Options are what Open needs besides a directory. The zero value is good.
type Options struct {
	// ReadOnly opens an existing file without writing anything, under a lock that
	// readers share: for checks of a file that nobody writes.
	ReadOnly bool
	// Timeout is how long Open waits for a file in use. 0 = 100 ms.
	Timeout time.Duration
	// Random makes database ids and tokens. nil = crypto/rand.
	Random io.Reader
	// MonthRows is the number of rows that a block keeps when rows are added to
	// it, see Commit. 0 = 20,000.
	MonthRows int
	// MaxBytes limits the size of the file; commits beyond it fail with ErrFull.
	// 0 = no limit.
	MaxBytes int64

	// fault is asked before each step that may fail on a real disk. Tests set it.
	fault func(step) error
}

// step is a moment at which a disk may fail or a process may die.
type step string

const (
	beforeCommit step = "before commit" // nothing is written yet
	afterCommit  step = "after commit"  // all is written
	compactCopy  step = "compact: copied"
	compactName  step = "compact: renamed"
)

// DB is the open data file. It may be used by many goroutines.
type DB struct {
	dir     string
	path    string
	options Options

	// write is held by whoever changes the file, and through a compaction.
	write sync.Mutex
	// bolt changes when the file is compacted; nil after Close. Writers hold
	// write while they use it, readers go through view.
	bolt atomic.Pointer[bbolt.DB]
	// records mirror the small buckets, for reading without a lock. Replaced as a
	// whole under write.
	records atomic.Pointer[records]

	id       [16]byte
	pageSize atomic.Int64
	commit   atomic.Uint64
	orphans  atomic.Uint64
	leftover atomic.Int64 // bytes in free pages right after the last compaction
}

// Open opens the data file in dir, or creates both. What an import that never
// finished left behind is removed.
//
// The errors are ErrInUse, ErrUnreadable, ErrReadOnly, ErrMissing (only with
// ReadOnly), ErrCorrupt, ErrNewerLayout and ErrFull.
func Open(dir string, o Options) (*DB, error) {
	return openPath(filepath.Join(dir, FileName), o)
}

func openPath(path string, o Options) (*DB, error) {
	if o.Timeout == 0 {
		o.Timeout = 100 * time.Millisecond
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.MonthRows == 0 {
		o.MonthRows = 20_000
	}
	db := &DB{dir: filepath.Dir(path), path: path, options: o}
	if !o.ReadOnly {
		if err := db.prepare(); err != nil {
			return nil, err
		}
	}
	f, err := openLocked(db.path, o.ReadOnly, o.Timeout)
	if err != nil {
		return nil, err
	}
	b, meta, err := openBolt(f, db.boltOptions())
	if err != nil {
		return nil, err
	}
	db.pageSize.Store(meta.pageSize)
	db.bolt.Store(b)
	if err := db.start(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) boltOptions() bbolt.Options {
	return bbolt.Options{ReadOnly: db.options.ReadOnly, MaxSize: int(db.options.MaxBytes)}
}

// prepare makes the directory and an empty data file where there is none.
func (db *DB) prepare() error {
	if err := makeDir(db.dir); err != nil {
		return err
	}
	info, err := os.Stat(db.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return db.create()
	case err != nil:
		return openError(db.path, err)
	case info.Mode().Perm()&0o077 != 0:
		// Someone copied it without care. Failing is no reason not to start.
		_ = os.Chmod(db.path, 0o600)
	}
	return nil
}

// create makes an empty data file under another name first, so that a file with
// the right name is always a whole one.
func (db *DB) create() error {
	f, err := tempFile(db.dir)
	if err != nil {
		return err
	}
	f.Close()
	defer os.Remove(f.Name())
	b, err := bbolt.Open(f.Name(), 0o600, &bbolt.Options{Timeout: db.options.Timeout})
	if err != nil {
		return writeError("create data file", err)
	}
	err = b.Update(func(tx *bbolt.Tx) error { return initialize(tx, db.options.Random) })
	if err := errors.Join(err, b.Close()); err != nil {
		return writeError("create data file", err)
	}
	// A link does not replace a file that another process made meanwhile.
	err = os.Link(f.Name(), db.path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = os.Rename(f.Name(), db.path) // no hard links here
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return writeError("create data file", err)
	}
	return syncDir(db.dir)
}

func initialize(tx *bbolt.Tx, random io.Reader) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(metaBucket)
	if err := meta.Put(layoutKey, binary.BigEndian.AppendUint32(nil, layout)); err != nil {
		return err
	}
	if err := meta.Put(commitKey, make([]byte, 8)); err != nil {
		return err
	}
	return putID(tx, random)
}

// putID gives the database a new id.
func putID(tx *bbolt.Tx, random io.Reader) error {
	id := make([]byte, 16)
	if _, err := io.ReadFull(random, id); err != nil {
		return fmt.Errorf("make database id: %w", err)
	}
	return tx.Bucket(metaBucket).Put(idKey, id)
}

// start reads what is kept in memory and tidies up.
func (db *DB) start() error {
	err := db.view(func(tx *bbolt.Tx) error {
		id, last, err := readHead(tx)
		db.id = id
		db.commit.Store(last)
		return err
	})
	if err != nil {
		return err
	}
	if err := db.reload(); err != nil {
		return err
	}
	if db.options.ReadOnly {
		return nil
	}
	removeTemps(db.dir) // nobody else makes one while the lock is held
	return db.discardUnfinished()
}

// readHead reads the meta bucket and proves that the layout is known.
func readHead(tx *bbolt.Tx) (id [16]byte, commit uint64, err error) {
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		return id, 0, fmt.Errorf("%w: it was not made by footfall: no bucket %q", ErrCorrupt, metaBucket)
	}
	version := meta.Get(layoutKey)
	if len(version) != 4 {
		return id, 0, fmt.Errorf("%w: layout version has %d bytes, want 4", ErrCorrupt, len(version))
	}
	if v := binary.BigEndian.Uint32(version); v != layout {
		return id, 0, &LayoutError{Found: v, Known: layout}
	}
	for _, name := range buckets {
		if tx.Bucket(name) == nil {
			return id, 0, fmt.Errorf("%w: no bucket %q", ErrCorrupt, name)
		}
	}
	number := meta.Get(commitKey)
	if len(number) != 8 || copy(id[:], meta.Get(idKey)) != len(id) {
		return id, 0, fmt.Errorf("%w: id or number of the last commit is missing", ErrCorrupt)
	}
	return id, binary.BigEndian.Uint64(number), nil
}

// Close ends all use of the file. It waits for readers.
func (db *DB) Close() error {
	db.write.Lock()
	defer db.write.Unlock()
	b := db.bolt.Swap(nil)
	if b == nil {
		return nil
	}
	if err := b.Close(); err != nil {
		return fmt.Errorf("close data file: %w", err)
	}
	return nil
}

// ID is the database id: random, not secret, another one after every Restore. A
// memory state names the database it belongs to by it.
func (db *DB) ID() [16]byte { return db.id }

// LastCommit is the number of the last commit in the file.
func (db *DB) LastCommit() uint64 { return db.commit.Load() }

// view runs fn in a read transaction. fn must not call out: a reader that waits
// for anything keeps old pages from being reused, and may wait for itself.
func (db *DB) view(fn func(*bbolt.Tx) error) error {
	for {
		b := db.bolt.Load()
		if b == nil {
			return ErrClosed
		}
		err := guard(func() error {
			tx, err := b.Begin(false)
			if err != nil {
				return err
			}
			defer tx.Rollback() // of a read transaction: always nil
			return fn(tx)
		})
		if errors.Is(err, berrors.ErrDatabaseNotOpen) && db.bolt.Load() != b {
			continue // a compaction put another file in its place
		}
		return err
	}
}

// update runs fn in a write transaction and commits it. The caller holds write.
// Whatever fails, the file holds all of the transaction or nothing.
func (db *DB) update(op string, fn func(*bbolt.Tx) error) error {
	b := db.bolt.Load()
	if b == nil {
		return ErrClosed
	}
	if db.options.ReadOnly {
		return fmt.Errorf("%s: %w: opened for reading", op, ErrReadOnly)
	}
	return writeError(op, guard(func() error {
		tx, err := b.Begin(true)
		if err != nil {
			return err
		}
		defer tx.Rollback() // after Commit: does nothing
		if err := fn(tx); err != nil {
			return err
		}
		if err := db.fault(beforeCommit); err != nil {
			return err
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		return db.fault(afterCommit)
	}))
}

func (db *DB) fault(s step) error {
	if db.options.fault == nil {
		return nil
	}
	return db.options.fault(s)
}

// Stats are figures of the file as it stands.
func (db *DB) Stats() Stats {
	s := Stats{LastCommit: db.LastCommit(), Sites: len(db.records.Load().sites), Orphans: db.orphans.Load()}
	if info, err := os.Stat(db.path); err == nil {
		s.FileBytes = info.Size()
	}
	if b := db.bolt.Load(); b != nil {
		free := b.Stats()
		s.FreeBytes = int64(free.FreePageN+free.PendingPageN) * db.pageSize.Load()
	}
	return s
}
