package volatile

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"sync"
)

const (
	manifestFile  = "manifest"
	newManifest   = "manifest.new"
	abandonedFile = "abandoned" // what was the manifest of a state that was given up
)

// checkpoints owns the manifest and the section files. How one checkpoint takes
// the place of another:
//
//  1. Sections are written to files of a new generation, which nothing names.
//  2. The manifest is written to "manifest.new".
//  3. "manifest.new" is renamed to "manifest". Before this step the old checkpoint
//     and its journal are valid, after it the new one.
//  4. The files of older generations are removed.
//
// A crash leaves files that no manifest names; the next Open removes them.
type checkpoints struct {
	mem     *memory
	owner   owner
	journal *journal
	log     *slog.Logger

	mu         sync.Mutex        // protects what follows; taken before journal.mu
	valid      *manifest         // nil: none
	files      []*extent         // of valid, for their locks and their memory
	generation uint64            // the highest ever used
	writing    *CheckpointWriter // nil: none
	err        error             // set: nothing may be written or loaded before a reset
}

// open reads the manifest that a former process left. Errors of the content,
// ErrNone too, stay in c.err; the returned ones are of the system.
func (c *checkpoints) open(names []string) error {
	var err error
	c.valid, err = c.readManifest()
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNone
		for _, name := range names {
			if name == abandonedFile {
				err = ErrAbandoned
			}
		}
	}
	if err != nil {
		if errors.Is(err, ErrNone) || errors.Is(err, ErrVersion) || errors.Is(err, ErrForeign) || errors.Is(err, ErrCorrupt) {
			c.err = err
			return nil
		}
		return err
	}
	c.generation = c.valid.generation
	for i := range c.valid.sections {
		if err := c.adopt(i); err != nil {
			return err
		}
		if c.err != nil {
			return nil
		}
	}
	return c.clean()
}

// adopt takes over the file of section i.
func (c *checkpoints) adopt(i int) error {
	name := sectionFile(c.generation, i)
	f, err := c.mem.dir.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		c.err = fmt.Errorf("%w: %s is missing", ErrCorrupt, name)
		return nil
	}
	if err != nil {
		return err
	}
	e, err := c.mem.adopt(f)
	if err != nil {
		return err
	}
	c.files = append(c.files, e)
	if want := c.valid.sections[i].bytes; uint64(e.size) != want {
		c.err = fmt.Errorf("%w: %s has %d bytes, want %d", ErrCorrupt, name, e.size, want)
	}
	return e.seal()
}

// clean removes what the valid manifest does not name.
func (c *checkpoints) clean() error {
	return errors.Join(
		c.mem.dir.remove(newManifest),
		c.mem.dir.remove(abandonedFile),
		removeAll(c.mem.dir, sectionPrefix, c.valid.files()))
}

func (c *checkpoints) readManifest() (*manifest, error) {
	f, err := c.mem.dir.open(manifestFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := f.size()
	if err != nil {
		return nil, err
	}
	if limit := int64(manifestHead + MaxSections*(2+255+12) + 4); n > limit {
		return nil, fmt.Errorf("%w: manifest of %d bytes", ErrCorrupt, n)
	}
	src := make([]byte, n)
	if err := readAll(f, src); err != nil {
		return nil, err
	}
	return readManifest(src, c.owner)
}

// CheckpointWriter writes one checkpoint. Nothing of it counts before Commit.
// Sections may be written at the same time by several goroutines, one each.
type CheckpointWriter struct {
	c *checkpoints

	mu       sync.Mutex // protects what follows
	m        manifest
	sections []*sectionWriter
	dead     error // set: Commit fails, as the state was given up meanwhile
	done     bool  // after Commit or Abort
}

func (c *checkpoints) begin() (*CheckpointWriter, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil && !errors.Is(c.err, ErrNone):
		return nil, c.err
	case c.writing != nil:
		return nil, ErrBusy
	}
	c.generation++
	c.writing = &CheckpointWriter{c: c, m: manifest{generation: c.generation, index: map[string]int{}}}
	return c.writing, nil
}

// Section starts a section. Its writer is buffered and has to be closed before
// Commit. The name has 1 to 255 bytes and is used once.
func (w *CheckpointWriter) Section(name string) (io.WriteCloser, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, taken := w.m.index[name]
	switch {
	case w.done:
		return nil, ErrClosed
	case w.dead != nil:
		return nil, w.dead
	case taken || name == "" || len(name) > 255:
		return nil, fmt.Errorf("checkpoint section %q: want a new name of 1 to 255 bytes", name)
	case len(w.sections) == MaxSections:
		return nil, fmt.Errorf("checkpoint section %q: there are %d already", name, MaxSections)
	}
	e, err := w.c.mem.create(sectionFile(w.m.generation, len(w.sections)))
	if err != nil {
		return nil, fmt.Errorf("checkpoint section %q: %w", name, err)
	}
	s := &sectionWriter{extent: e}
	s.buffer = bufio.NewWriterSize(sectionFlush{s}, 64<<10)
	w.sections = append(w.sections, s)
	w.m.add(section{name: name})
	return s, nil
}

// sectionWriter writes one section file.
type sectionWriter struct {
	*extent
	buffer *bufio.Writer
	crc    uint32
	closed bool
	failed error
}

// sectionFlush is where the buffer of a section goes.
type sectionFlush struct{ *sectionWriter }

func (s sectionFlush) Write(p []byte) (int, error) {
	if err := s.extent.write(p); err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	s.crc = crc32.Update(s.crc, castagnoli, p)
	return len(p), nil
}

func (s *sectionWriter) Write(p []byte) (int, error) {
	if s.closed {
		return 0, ErrClosed
	}
	return s.buffer.Write(p)
}

func (s *sectionWriter) Close() error {
	if s.closed {
		return ErrClosed
	}
	s.closed = true
	s.failed = errors.Join(s.buffer.Flush(), s.seal())
	return s.failed
}

// Commit makes this checkpoint the valid one in the place of the one before. All
// sections have to be closed, without an error, and m.Segment has to exist.
// After an error the checkpoint before is still valid, and this one is aborted.
func (w *CheckpointWriter) Commit(m Manifest) error {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return ErrClosed
	}
	err := w.finish(m)
	keep := false
	if err == nil {
		keep, err = w.c.publish(w)
	}
	if err != nil {
		err = fmt.Errorf("checkpoint: %w", err)
	}
	if !keep {
		return errors.Join(err, w.end())
	}
	w.done, w.c.writing = true, nil
	return err
}

// finish completes the manifest.
func (w *CheckpointWriter) finish(m Manifest) error {
	if w.dead != nil {
		return w.dead
	}
	for i, s := range w.sections {
		name := w.m.sections[i].name
		if !s.closed {
			return fmt.Errorf("section %q is still open", name)
		}
		if s.failed != nil {
			return fmt.Errorf("section %q: %w", name, s.failed)
		}
		w.m.sections[i].bytes, w.m.sections[i].crc = uint64(s.size), s.crc
	}
	if !w.c.journal.has(m.Segment) {
		return fmt.Errorf("there is no journal segment %d to replay", m.Segment)
	}
	if v := w.c.valid; v != nil && m.Segment < v.Segment {
		return fmt.Errorf("journal segment %d lies before the last checkpoint's %d", m.Segment, v.Segment)
	}
	w.m.Manifest = m
	return nil
}

// publish is steps 2 to 4 of the protocol on checkpoints. The files of w are to
// be kept if they are, or may be, those of the valid checkpoint.
func (c *checkpoints) publish(w *CheckpointWriter) (keep bool, err error) {
	if err := c.writeManifest(&w.m); err != nil {
		return false, errors.Join(err, c.mem.dir.remove(newManifest))
	}
	if err := c.mem.dir.rename(newManifest, manifestFile); err != nil {
		// It may have happened all the same. What stands there decides.
		now, e := c.readManifest()
		switch {
		case e == nil && now.generation == w.m.generation:
		case e == nil || errors.Is(e, fs.ErrNotExist):
			return false, errors.Join(err, c.mem.dir.remove(newManifest))
		default: // nobody knows: both checkpoints and their journal stay
			for _, s := range w.sections {
				c.files = append(c.files, s.extent)
			}
			return true, errors.Join(err, e)
		}
	}
	old := c.files
	c.valid, c.files, c.err = &w.m, nil, nil
	for _, s := range w.sections {
		c.files = append(c.files, s.extent)
	}
	for _, e := range old {
		e.drop()
	}
	if err := c.clean(); err != nil {
		c.log.Warn("memory state: an old checkpoint stays until the next one", "error", err)
	}
	return true, nil
}

func (c *checkpoints) writeManifest(m *manifest) error {
	f, err := c.mem.dir.create(newManifest)
	if err != nil {
		return asFull(err)
	}
	_, err = f.WriteAt(appendManifest(nil, c.owner, m), 0)
	return asFull(errors.Join(err, f.Close()))
}

// Abort gives up a checkpoint and frees its memory. After Commit it does nothing,
// so it can be deferred. No section may be written to any more.
func (w *CheckpointWriter) Abort() error {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return nil
	}
	return w.end()
}

// end removes the files of an unfinished checkpoint. Both locks are held.
func (w *CheckpointWriter) end() error {
	w.done, w.c.writing = true, nil
	var err error
	for i, s := range w.sections {
		s.closed = true
		s.drop()
		err = errors.Join(err, w.c.mem.dir.remove(sectionFile(w.m.generation, i)))
	}
	return err
}

// invalidate makes that there is no valid checkpoint, and never one by a Commit
// that is under way. It needs no memory. err is what Load says from then on.
func (c *checkpoints) invalidate(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(c.err, ErrClosed) {
		return ErrClosed
	}
	if w := c.writing; w != nil {
		w.mu.Lock()
		w.dead = err
		w.mu.Unlock()
	}
	if err := c.unname(); err != nil {
		return err
	}
	for _, e := range c.files {
		e.drop()
	}
	c.valid, c.files, c.err = nil, nil, err
	if err := errors.Join(c.mem.dir.remove(newManifest), removeAll(c.mem.dir, sectionPrefix, nil)); err != nil {
		c.log.Warn("memory state: an old checkpoint, no longer valid, cannot be removed", "error", err)
	}
	return nil
}

// unname takes the manifest away, or at least what it says. A step that reports
// a failure may have worked, so only the outcome counts.
func (c *checkpoints) unname() error {
	var errs error
	for _, step := range []func() error{
		func() error { return c.mem.dir.rename(manifestFile, abandonedFile) },
		func() error { return c.mem.dir.remove(manifestFile) },
		c.blank,
	} {
		err := step()
		if !c.named() {
			return nil
		}
		errs = errors.Join(errs, err)
	}
	return fmt.Errorf("the old memory state cannot be made invalid: %w", errs)
}

// named reports whether there may be a manifest.
func (c *checkpoints) named() bool {
	f, err := c.mem.dir.open(manifestFile)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	defer f.Close()
	n, err := f.size()
	return err != nil || n > 0
}

func (c *checkpoints) blank() error {
	f, err := c.mem.dir.open(manifestFile)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(0), f.Close())
}

// bytes is the memory of the checkpoints.
func (c *checkpoints) bytes() (n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.files {
		n += e.room
	}
	return n
}

// close lets go of the files; the valid checkpoint stays for the next process.
func (c *checkpoints) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.writing; w != nil {
		w.mu.Lock()
		w.dead = ErrClosed
		w.mu.Unlock()
	}
	for _, e := range c.files {
		e.drop()
	}
	c.files, c.err = nil, ErrClosed
}

// Checkpoint is a valid checkpoint.
type Checkpoint struct {
	dir directory
	m   *manifest
}

func (c *checkpoints) load() (*Checkpoint, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	p := &Checkpoint{c.mem.dir, c.valid}
	for i := range p.m.sections {
		if err := p.verify(i); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// verify proves the bytes of section i.
func (p *Checkpoint) verify(i int) error {
	s := p.m.sections[i]
	r, err := p.Open(s.name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	defer r.Close()
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, r)
	if err != nil {
		return err
	}
	if uint64(n) != s.bytes || sum.Sum32() != s.crc {
		return fmt.Errorf("%w: section %q has %d bytes with checksum %08x, want %d with %08x",
			ErrCorrupt, s.name, n, sum.Sum32(), s.bytes, s.crc)
	}
	return nil
}

// Manifest tells where the checkpoint stands.
func (p *Checkpoint) Manifest() Manifest { return p.m.Manifest }

// Sections are the names of the sections in the order of their making.
func (p *Checkpoint) Sections() []string {
	names := make([]string, len(p.m.sections))
	for i, s := range p.m.sections {
		names[i] = s.name
	}
	return names
}

// Open reads a section. Load has proved its bytes. The error is a
// fs.ErrNotExist where there is no such section, or no such checkpoint any more.
func (p *Checkpoint) Open(name string) (io.ReadCloser, error) {
	i, ok := p.m.index[name]
	if !ok {
		return nil, fmt.Errorf("checkpoint section %q: %w", name, fs.ErrNotExist)
	}
	f, err := p.dir.open(sectionFile(p.m.generation, i))
	if err != nil {
		return nil, fmt.Errorf("checkpoint section %q: %w", name, err)
	}
	return &sectionReader{bufio.NewReaderSize(io.NewSectionReader(f, 0, 1<<62), 64<<10), f}, nil
}

type sectionReader struct {
	*bufio.Reader
	io.Closer
}
