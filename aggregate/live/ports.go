package live

import (
	"errors"
	"io"

	"footfall/aggregate"
)

// Blocks is where counters last.
type Blocks interface {
	// Commit writes all puts in one transaction, or none of them and returns an
	// error. The number is LastCommit()+1.
	Commit(aggregate.Commit) error
	// LastCommit is the number of the last commit, 0 at first.
	LastCommit() uint64
	// Block returns a stored block; ok is false when there is none.
	Block(aggregate.Key) (block *aggregate.Block, ok bool, err error)
}

// Journal keeps records through a crash of the process, never on a disk.
type Journal interface {
	// Append keeps one record and returns its sequence number, which grows. Any
	// error means that the record may be lost with the process.
	Append(record []byte) (seq uint64, err error)
	// Rotate begins a new segment and returns its number.
	Rotate() (segment uint64, err error)
	// Replay calls fn for each record from the given segment on, in order.
	Replay(from uint64, fn func(seq uint64, record []byte) error) error
	// Truncate deletes the segments before the given one.
	Truncate(before uint64) error
	// Abandon makes sure that nothing of the state, the checkpoint included, is
	// ever used again. It needs no room. Reset must come before the next Append.
	Abandon() error
	// Reset empties the state for a new beginning. Sequence numbers go on growing.
	Reset() error
}

// Checkpoints keep the state from which the journal is replayed.
type Checkpoints interface {
	// Begin starts a checkpoint; the one before stays valid until Commit.
	Begin() (CheckpointWriter, error)
	// Load opens the newest one. ErrNoCheckpoint if there is none; any other
	// error means that what is there must not be used.
	Load() (CheckpointReader, error)
}

// Manifest says what a checkpoint belongs to.
type Manifest struct {
	Commit  uint64 // last commit of the database that it has seen
	Segment uint64 // first journal segment to replay after it
}

// CheckpointWriter takes the sections of one checkpoint, one after the other.
type CheckpointWriter interface {
	Section(name string) (io.WriteCloser, error)
	Commit(Manifest) error
	Abort() error
}

// CheckpointReader gives them back.
type CheckpointReader interface {
	Manifest() Manifest
	Sections() []string
	Open(name string) (io.ReadCloser, error)
	Close() error
}

// ErrNoCheckpoint is returned by Checkpoints.Load when there is none.
var ErrNoCheckpoint = errors.New("no checkpoint")

// ErrStale is why a memory state is refused that knows of commits which the
// database does not have.
var ErrStale = errors.New("the memory state is ahead of the database")
