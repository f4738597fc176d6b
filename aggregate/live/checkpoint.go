package live

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"footfall/aggregate"
	"footfall/aggregate/fold"
)

// Checkpoint writes all open days to the memory state and truncates the journal.
// It is also what makes a new beginning after the journal had failed. Hits wait
// only while a day is frozen, which copies no records.
func (e *Engine) Checkpoint() error {
	if e.journal == nil {
		return nil
	}
	e.checkpointing.Lock()
	defer e.checkpointing.Unlock()
	if e.abandoned.Load() {
		if err := e.journal.Reset(); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	segment, err := e.journal.Rotate()
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	// Where the journal was not whole: from here on every record is in the new
	// segment, and what was folded before is in the days that are frozen below.
	resumed := e.journaling.CompareAndSwap(false, true)
	if err := e.writeCheckpoint(segment); err != nil {
		if resumed {
			e.journaling.Store(false)
		}
		return fmt.Errorf("checkpoint: %w", err)
	}
	e.abandoned.Store(false)
	if err := e.journal.Truncate(segment); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

func (e *Engine) writeCheckpoint(segment uint64) error {
	commit := e.commits.blocks.LastCommit()
	w, err := e.checkpoints.Begin()
	if err != nil {
		return err
	}
	for i, s := range e.all() {
		section, err := w.Section(strconv.Itoa(i))
		if err == nil {
			err = errors.Join(e.writeSite(section, s), section.Close())
		}
		if err != nil {
			return errors.Join(err, w.Abort())
		}
	}
	return w.Commit(Manifest{Commit: commit, Segment: segment})
}

// writeSite writes one site's section: its name, the sequence number of the last
// record folded in, the number of days, and the days, each with its length.
func (e *Engine) writeSite(w io.Writer, s *site) error {
	s.mu.Lock()
	seq := s.seq
	days := append(append([]*fold.Day(nil), s.ended...), s.days.Open()...)
	frozen := make([]*fold.Day, len(days))
	for i, d := range days {
		frozen[i] = d.Freeze()
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		for _, d := range days {
			d.Thaw()
		}
		s.mu.Unlock()
	}()
	head := binary.AppendUvarint(appendText(nil, string(s.name)), seq)
	if _, err := w.Write(binary.AppendUvarint(head, uint64(len(days)))); err != nil {
		return err
	}
	for _, d := range frozen {
		if _, err := d.WriteTo(w); err != nil {
			return err
		}
	}
	return nil
}

// Restore brings back the open days from the memory state; call it once, before
// the first hit. What cannot be used is emptied with a warning, and the days go
// on from their stored counters. It ends with a checkpoint, without which the
// journal says nothing; an error means that there is no working memory state.
func (e *Engine) Restore() error {
	if e.journal == nil {
		return nil
	}
	if err := e.restore(); err != nil {
		if !errors.Is(err, ErrNoCheckpoint) {
			e.log.Warn("the memory state cannot be used; open days go on from their stored counters", "error", err)
		}
		e.mu.Lock()
		e.sites = map[aggregate.Site]*site{}
		e.mu.Unlock()
		if err := e.journal.Reset(); err != nil {
			e.abandoned.Store(true)
			return fmt.Errorf("emptying the memory state: %w", err)
		}
	}
	return e.Checkpoint()
}

func (e *Engine) restore() error {
	reader, err := e.checkpoints.Load()
	if err != nil {
		return err
	}
	defer reader.Close()
	m := reader.Manifest()
	if last := e.commits.blocks.LastCommit(); m.Commit > last {
		return fmt.Errorf("%w: it has seen commit %d, the database ends with %d", ErrStale, m.Commit, last)
	}
	for _, name := range reader.Sections() {
		if err := e.readSection(reader, name); err != nil {
			return err
		}
	}
	var h aggregate.Hit
	if err := e.journal.Replay(m.Segment, func(seq uint64, raw []byte) error {
		return e.replay(seq, raw, &h)
	}); err != nil {
		return err
	}
	return e.settle()
}

func (e *Engine) readSection(reader CheckpointReader, name string) error {
	r, err := reader.Open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return e.readSite(raw)
}

func (e *Engine) readSite(raw []byte) error {
	n, size := binary.Uvarint(raw)
	if size <= 0 || n > uint64(len(raw)-size) {
		return fmt.Errorf("%w: name of a site", errRecord)
	}
	s := e.site(aggregate.Site(raw[size : size+int(n)]))
	raw = raw[size+int(n):]
	seq, size := binary.Uvarint(raw)
	if size <= 0 {
		return fmt.Errorf("%w: sequence number of %s", errRecord, s.name)
	}
	raw = raw[size:]
	days, size := binary.Uvarint(raw)
	if size <= 0 {
		return fmt.Errorf("%w: days of %s", errRecord, s.name)
	}
	s.seq = seq
	r := bufio.NewReaderSize(bytes.NewReader(raw[size:]), fold.ReadAhead) // one reader for all days
	for ; days > 0; days-- {
		d, err := fold.ReadDay(r)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		s.days.Insert(d)
	}
	return nil
}

// replay folds one journal record, unless its site's section has it already.
func (e *Engine) replay(seq uint64, raw []byte, h *aggregate.Hit) error {
	r, err := decodeRecord(raw, h)
	if err != nil {
		return err
	}
	s := e.site(r.site)
	if seq <= s.seq {
		return nil
	}
	s.seq = seq
	last := e.commits.blocks.LastCommit()
	switch r.kind {
	case openRecord:
		if s.days.Find(r.day.Day()) == nil {
			s.days.Insert(r.day)
		}
	case hitRecord:
		if d := s.days.At(h.At); d != nil {
			e.fold(s, d, h)
		}
	case refusalRecord:
		if d := s.days.At(r.at); d != nil {
			d.Refuse(r.reason)
		}
	case defineRecord:
		s.days.Define(r.defs)
	case commitRecord:
		if r.number > last+1 { // the one before it was there when this was begun
			return fmt.Errorf("%w: commit %d was begun, the database ends with %d", ErrStale, r.number, last)
		}
		if r.number <= last {
			s.committed()
		}
	case closeRecord:
		if r.number > last {
			return fmt.Errorf("%w: commit %d closed a day, the database ends with %d", ErrStale, r.number, last)
		}
		if d := s.days.Find(aggregate.Day(r.at)); d != nil {
			s.days.Remove(d)
		}
	}
	return nil
}

// settle drops what the database knows to be over: sites that were removed, and
// days whose close was committed although the journal did not learn of it.
func (e *Engine) settle() error {
	for _, s := range e.all() {
		if _, known := e.settings(s.name); !known {
			e.Forget(s.name)
			continue
		}
		for _, d := range append([]*fold.Day(nil), s.days.Open()...) {
			b, ok, err := e.commits.blocks.Block(aggregate.Key{Site: s.name, Span: aggregate.OneDay, Day: d.Day()})
			if err != nil {
				return err
			}
			if ok && b.Meta.Closes > d.Meta().Closes {
				s.days.Remove(d)
			}
		}
		e.settleDefinitions(s)
	}
	return nil
}

// settleDefinitions puts in force what was defined when the process died before
// the journal had learned of it, or while none ran.
func (e *Engine) settleDefinitions(s *site) {
	defs := e.defs(s.name)
	want := fold.AppendDefinitions(nil, &defs)
	for _, d := range s.days.Open() {
		own := d.Definitions()
		if !bytes.Equal(fold.AppendDefinitions(nil, &own), want) {
			s.days.Define(&defs)
			return
		}
	}
}
