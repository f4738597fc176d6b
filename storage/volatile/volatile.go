package volatile

import (
	"errors"
	"fmt"
	"log/slog"
)

// Errors of Open: there is no state, and the caller may go on without one or fail.
var (
	// ErrNoMemoryFS says that this operating system, or this machine, has no
	// memory file system to hold a state.
	ErrNoMemoryFS = errors.New("no memory file system")
	// ErrNotMemory says that the directory lies on a disk.
	ErrNotMemory = errors.New("not on a memory file system")
	// ErrSwappable says that the memory may be swapped to a disk and cannot be locked.
	ErrSwappable = errors.New("memory may be swapped to a disk")
	// ErrNotOurs says that the directory or a file in it has another owner, is open
	// to others, or is no plain directory or file.
	ErrNotOurs = errors.New("not a private directory of this user")
	// ErrLocked says that another process has the state open.
	ErrLocked = errors.New("memory state is in use by another process")
)

// Errors of what is found there. After all of them but ErrNone the state refuses
// every use until Reset.
var (
	// ErrNone says that there is no checkpoint: a first start, or a lost state.
	ErrNone = errors.New("no memory state")
	// ErrAbandoned says that the last process gave its state up (see Abandon). It
	// is an ErrNone.
	ErrAbandoned = fmt.Errorf("%w: the last run gave it up", ErrNone)
	// ErrVersion says that another version wrote the state, in a format this one
	// cannot read.
	ErrVersion = errors.New("memory state has another format version")
	// ErrForeign says that the state belongs to another database or data directory.
	ErrForeign = errors.New("memory state belongs to another database")
	// ErrCorrupt says that bytes are not those that were written.
	ErrCorrupt = errors.New("memory state is corrupt")
)

// Errors of use.
var (
	// ErrFull says that the file system, Options.MaxBytes or the limit of locked
	// memory leaves no room. Nothing of the failed call remains.
	ErrFull = errors.New("memory state is full")
	// ErrBusy says that a checkpoint is being written already.
	ErrBusy = errors.New("a checkpoint is being written")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("memory state is closed")
)

// Options say where the state lives and whose it is.
type Options struct {
	// Dir is the directory on a memory file system in which the state makes its
	// own sub-directory; it is created if it does not exist. "" is /dev/shm. The
	// name of the sub-directory is unique to DataDir and, in /dev/shm, the user.
	Dir string
	// DataDir is the data directory whose live days these are, DatabaseID the
	// database in it. A state of any other pair is ErrForeign.
	DataDir    string
	DatabaseID [16]byte
	// MaxBytes bounds the memory of journal, checkpoints and salts together. A
	// checkpoint in the making and the one before it exist at the same time. 0 is
	// half of the file system, at least 48 MiB where it has that much.
	MaxBytes int64
	// SegmentBytes is the size at which the journal starts a new segment by
	// itself. 0 is 8 MiB.
	SegmentBytes int64
	// Logger hears of what was cut or cleaned up. nil is slog.Default.
	Logger *slog.Logger
}

// Usage is the memory that a state takes, in bytes.
type Usage struct {
	Journal    int64 // segments, with the room made in advance
	Checkpoint int64 // the valid one; one in the making counts for the limit only
	Salts      int64
	Limit      int64 // Options.MaxBytes or its default
}
