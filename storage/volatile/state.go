package volatile

import (
	"io"
	"time"

	"footfall/aggregate"
)

type State struct{}

func Open(o Options) (*State, error) { return nil, ErrNoMemoryFS }

func (s *State) Dir() string  { return "" }
func (s *State) Locked() bool { return false }
func (s *State) Usage() Usage { return Usage{} }
func (s *State) Close() error { return ErrClosed }

func (s *State) Append(record []byte) (seq uint64, err error) { return 0, ErrClosed }
func (s *State) Rotate() (segment uint64, err error)          { return 0, ErrClosed }
func (s *State) Replay(from uint64, fn func(seq uint64, record []byte) error) error {
	return ErrClosed
}
func (s *State) Truncate(before uint64) error { return ErrClosed }
func (s *State) Reset() error                 { return ErrClosed }
func (s *State) Abandon() error               { return ErrClosed }

type Manifest struct {
	Commit  uint64 // the last database commit that the checkpoint has seen
	Segment uint64 // the first journal segment to replay after it
}

type CheckpointWriter struct{}

func (s *State) Begin() (*CheckpointWriter, error)                      { return nil, ErrClosed }
func (w *CheckpointWriter) Section(name string) (io.WriteCloser, error) { return nil, ErrClosed }
func (w *CheckpointWriter) Commit(m Manifest) error                     { return ErrClosed }
func (w *CheckpointWriter) Abort() error                                { return ErrClosed }

type Checkpoint struct{}

func (s *State) Load() (*Checkpoint, error)                   { return nil, ErrNone }
func (c *Checkpoint) Manifest() Manifest                      { return Manifest{} }
func (c *Checkpoint) Sections() []string                      { return nil }
func (c *Checkpoint) Open(name string) (io.ReadCloser, error) { return nil, ErrNone }

func (s *State) SaveSalt(site aggregate.Site, day aggregate.Day, ends time.Time, salt [32]byte) error {
	return ErrClosed
}
func (s *State) LoadSalts(fn func(site aggregate.Site, day aggregate.Day, ends time.Time, salt [32]byte) error) error {
	return ErrClosed
}
func (s *State) DropSalt(site aggregate.Site, day aggregate.Day) error { return ErrClosed }

func Harden() error             { return nil }
func SwapActive() (bool, error) { return false, nil }
