package volatile

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"footfall/aggregate"
)

// State is an open memory state. All methods are safe for concurrent use.
//
// The state is the truth about the open days as long as every hit that was
// answered for is in the journal. What the caller does so that each is counted
// exactly once:
//
//	At the start
//	 1. Load. With a checkpoint: take its sections, then Replay from its Segment.
//	    Only when both are through does any of it count.
//	 2. With any error of Load or Replay: Reset. The open days then go on from the
//	    database, with what was not committed lost. Only an ErrForeign in a
//	    directory that the operator has named should stop the start: there the state
//	    may be somebody else's. A Commit that the database lacks is treated alike.
//	 3. After a Reset write a first checkpoint (of what the database holds, it may
//	    be without sections) before the first hit is answered for. A journal without
//	    a checkpoint says nothing, and Open removes it.
//
//	A checkpoint, whenever the journal has grown enough
//	 4. Begin. At one instant between two hits: Rotate, and freeze what is to be
//	    written; hits go on into the new segment.
//	 5. Write the sections, then Commit with that segment. Then Truncate below it.
//
//	When Append fails (ErrFull, or anything else)
//	 6. The hit at hand is not answered for yet, nor are others that come: they wait.
//	 7. Try a checkpoint (4 and 5). The old journal goes with it, so that there is
//	    room; Append the hit again and go on. This needs room for both checkpoints.
//	 8. If that fails too: commit the open days to the database. A crash before step
//	    9 replays the journal, which holds every hit that was answered for.
//	 9. Abandon. It needs no memory: the manifest loses its name, which is one step.
//	    From here on a restart finds no memory state, and goes on from the database
//	    (ErrAbandoned). Without this step it would replay a journal that ends here,
//	    and overwrite with it what the database has learnt since.
//	10. Only now are the waiting hits folded and answered for, and the server goes on
//	    without a journal: what a crash costs from here is what a power cut costs.
//	    If Abandon fails, step 10 must not be reached.
//
//	Back again, now and then; also at once in place of step 10, as there is room
//	for a checkpoint where the old one has gone
//	11. Reset, which gives an empty journal, then 4, and from that instant append
//	    every hit; 5. Until its Commit, a crash still finds ErrNone or ErrAbandoned.
//
// Salts have no part in this: SaveSalt before a salt is used, DropSalt when it is
// over. Abandon and Reset leave the salts in use alone, so that a state that
// comes back knows the day's visitors again.
type State struct {
	mem         *memory
	path        string
	journal     *journal
	checkpoints *checkpoints
	salts       *salts
}

// Open opens the state in its directory, making what is missing. It fails where
// there cannot be one, with one of the first group of errors or ErrFull. What is
// found there is judged by Load, Replay and LoadSalts.
func Open(o Options) (*State, error) {
	data, err := filepath.Abs(o.DataDir)
	if err == nil {
		data, err = filepath.EvalSymlinks(data)
	}
	if err != nil || o.DataDir == "" {
		return nil, fmt.Errorf("memory state: data directory %q: %w", o.DataDir, err)
	}
	d, err := openDirectory(o.Dir, data)
	if err != nil {
		return nil, fmt.Errorf("memory state: %w", err)
	}
	// A ramfs has no size, and no way to make room: a mapping could run past the end.
	r := rules{bytes: d.bytes(), step: growth, mapped: d.bytes() > 0}
	unswappable, err := d.unswappable()
	swap := true
	if err == nil {
		swap, err = SwapActive()
	}
	if err != nil {
		logger(o).Warn("memory state: taking it that there is a disk swap", "error", err)
	}
	r.pin, r.pinSalts = swap && !unswappable, !unswappable
	s, err := openIn(d, data, o, r)
	if err != nil {
		return nil, fmt.Errorf("memory state: %s: %w", d.path, errors.Join(err, d.close()))
	}
	s.path = d.path
	return s, nil
}

// rules are what the machine asks of the state.
type rules struct {
	bytes         int64 // size of the file system, 0 = not limited
	step          int64 // growth
	pin, pinSalts bool  // lock in memory
	mapped        bool  // write through mappings
}

func logger(o Options) *slog.Logger {
	if o.Logger == nil {
		return slog.Default()
	}
	return o.Logger
}

// limit is Options.MaxBytes or its default.
func (r rules) limit(maximum int64) int64 {
	const least, unlimited = 48 << 20, 1 << 30
	switch {
	case maximum > 0:
		return maximum
	case r.bytes <= 0:
		return unlimited
	}
	return max(r.bytes/2, min(r.bytes, least))
}

// openIn opens a state in a directory that is known to be fit. data is the data
// directory's real path.
func openIn(d directory, data string, o Options, r rules) (*State, error) {
	mem := &memory{dir: d, limit: r.limit(o.MaxBytes), step: r.step, pin: r.pin, mapped: r.mapped}
	own := owner{database: o.DatabaseID}
	sum := sha256.Sum256([]byte(data))
	copy(own.data[:], sum[:])
	maximum := o.SegmentBytes
	if maximum <= 0 {
		maximum = 8 << 20
	}
	log := logger(o)
	j := &journal{mem: mem, owner: own, maximum: maximum, log: log, next: 1}
	s := &State{
		mem:         mem,
		journal:     j,
		checkpoints: &checkpoints{mem: mem, owner: own, journal: j, log: log},
		salts:       &salts{mem: mem, owner: own, pin: r.pinSalts, log: log},
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (s *State) open() error {
	if err := s.salts.open(); err != nil {
		return err
	}
	if err := s.mem.tryPin(); err != nil {
		return err
	}
	names, err := s.mem.dir.list()
	if err != nil {
		return err
	}
	c := s.checkpoints
	if err := c.open(names); err != nil {
		return err
	}
	switch {
	case c.err == nil:
		return s.journal.open(names, c.valid.Segment)
	case errors.Is(c.err, ErrNone):
		// What is there without a manifest is what a Reset or a first checkpoint
		// that was not finished has left.
		return errors.Join(c.mem.dir.remove(newManifest),
			removeAll(c.mem.dir, sectionPrefix, nil), s.journal.empty(nil))
	default:
		s.journal.err = c.err
		return nil
	}
}

// Dir is the state's own directory.
func (s *State) Dir() string { return s.path }

// Locked reports whether all files are locked in memory, because a disk swap was
// active at Open.
func (s *State) Locked() bool { return s.mem.pin }

// Usage is the memory in use now.
func (s *State) Usage() Usage {
	return Usage{
		Journal:    s.journal.bytes(),
		Checkpoint: s.checkpoints.bytes(),
		Salts:      s.salts.bytes(),
		Limit:      s.mem.limit,
	}
}

// Append writes one record of at most MaxRecord bytes to the journal and returns
// its number. When it returns, the record survives the process. After an error
// nothing of it is left (or nothing can follow it in its segment, and a kill at
// this point may bring it back). It does not keep record, and does not allocate.
func (s *State) Append(record []byte) (seq uint64, err error) { return s.journal.append(record) }

// Rotate starts a new journal segment and returns its number. Records appended
// before it are in lower segments, later ones are not.
func (s *State) Rotate() (segment uint64, err error) { return s.journal.rotated() }

// Replay calls fn for the records from a segment on, in the order of their
// numbers; 0 is the oldest segment. fn must not keep the record. Its error ends
// the replay and is returned as it is. An ErrCorrupt names segment and offset;
// what fn has got until then is not to be used.
func (s *State) Replay(from uint64, fn func(seq uint64, record []byte) error) error {
	return s.journal.replay(from, fn)
}

// Truncate removes the journal segments below `before`. It refuses to remove
// what the valid checkpoint needs.
func (s *State) Truncate(before uint64) error {
	c := s.checkpoints
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if before > c.valid.Segment {
		return fmt.Errorf("truncate the journal below segment %d: the checkpoint needs %d", before, c.valid.Segment)
	}
	return s.journal.truncate(before)
}

// Begin starts a checkpoint. ErrBusy while another one is being written.
func (s *State) Begin() (*CheckpointWriter, error) { return s.checkpoints.begin() }

// Load returns the valid checkpoint, all its sections proved. The error is
// ErrNone, ErrAbandoned, ErrVersion, ErrForeign or ErrCorrupt.
func (s *State) Load() (*Checkpoint, error) {
	s.journal.mu.Lock()
	err := s.journal.err
	s.journal.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return s.checkpoints.load()
}

// Abandon says that the state is no longer the truth: no later start will use
// it. It needs no memory and frees all but the salts. Until Reset, Append and
// Load return ErrAbandoned. After an error the old state may still be valid.
func (s *State) Abandon() error {
	if err := s.checkpoints.invalidate(ErrAbandoned); err != nil {
		return err
	}
	if err := s.journal.empty(ErrAbandoned); err != nil {
		s.checkpoints.log.Warn("memory state: an old journal, no longer valid, cannot be removed", "error", err)
	}
	return nil
}

// Reset empties the state, whatever is in it, for a new journal and a new
// checkpoint. Salts stay unless they are another database's or unreadable.
func (s *State) Reset() error {
	if err := s.checkpoints.invalidate(ErrNone); err != nil {
		return err
	}
	if err := s.journal.empty(nil); err != nil {
		return err
	}
	s.salts.reset()
	return s.mem.dir.remove(abandonedFile)
}

// SaveSalt keeps the salt of a site and day, in the place of one it may have.
func (s *State) SaveSalt(site aggregate.Site, day aggregate.Day, ends time.Time, salt [32]byte) error {
	v := slotValue{saltKey: saltKey{site, day}, ends: ends, salt: salt}
	defer clear(v.salt[:])
	return s.salts.save(&v)
}

// LoadSalts calls fn for each salt that is kept. Its error ends the walk and is
// returned. fn may call SaveSalt and DropSalt.
func (s *State) LoadSalts(fn func(site aggregate.Site, day aggregate.Day, ends time.Time, salt [32]byte) error) error {
	return s.salts.load(func(v *slotValue) error { return fn(v.site, v.day, v.ends, v.salt) })
}

// DropSalt overwrites a salt with zeros. Without one it does nothing.
func (s *State) DropSalt(site aggregate.Site, day aggregate.Day) error {
	return s.salts.drop(saltKey{site, day})
}

// Close lets go of the state; it stays for the next process.
func (s *State) Close() error { return errors.Join(s.release(), s.mem.dir.close()) }

func (s *State) release() error {
	s.checkpoints.close()
	return errors.Join(s.journal.close(), s.salts.close())
}

var (
	_ io.WriteCloser = (*sectionWriter)(nil)
	_ io.ReadCloser  = (*sectionReader)(nil)
)
