package live

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"footfall/aggregate"
)

var errFault = errors.New("fault")

// faults decides about each operation: fail before it, or after it was done.
type faults func() (before, after bool)

func noFaults() (bool, bool) { return false, false }

// table holds blocks by value, as an honest database would.
type table struct {
	last   uint64
	blocks map[aggregate.Key]map[[2]string]aggregate.Counts
	meta   map[aggregate.Key]aggregate.Meta
	faults faults
	// log is what each commit changed, for the promises about commits.
	log [][]aggregate.Key
}

func newTable() *table {
	return &table{blocks: map[aggregate.Key]map[[2]string]aggregate.Counts{}, meta: map[aggregate.Key]aggregate.Meta{}, faults: noFaults}
}

func (b *table) LastCommit() uint64 { return b.last }

func (b *table) Commit(c aggregate.Commit) error {
	before, after := b.faults()
	if before {
		return errFault
	}
	if c.Number != b.last+1 {
		return errors.New("commits out of order")
	}
	b.last = c.Number
	var keys []aggregate.Key
	for _, p := range c.Puts {
		rows := b.blocks[p.Key]
		if rows == nil || !p.Add {
			rows = map[[2]string]aggregate.Counts{}
		}
		for _, r := range p.Block.Rows {
			k := [2]string{p.Block.A[r.A]}
			if p.Block.B != nil {
				k[1] = p.Block.B[r.B]
			}
			c := rows[k]
			c.Add(&r.Counts)
			rows[k] = c
		}
		b.blocks[p.Key], b.meta[p.Key] = rows, p.Block.Meta
		keys = append(keys, p.Key)
	}
	b.log = append(b.log, keys)
	if after {
		return errFault
	}
	return nil
}

func (b *table) Block(key aggregate.Key) (*aggregate.Block, bool, error) {
	rows, ok := b.blocks[key]
	if !ok {
		return nil, false, nil
	}
	block := &aggregate.Block{Meta: b.meta[key]}
	for k := range rows {
		block.A = append(block.A, k[0])
	}
	slices.Sort(block.A)
	for i, v := range block.A {
		block.Rows = append(block.Rows, aggregate.Row{A: uint32(i), Counts: rows[[2]string{v}]})
	}
	return block, true, nil
}

// state is a memory state that survives the engine.
type state struct {
	records  []kept
	segment  uint64
	seq      uint64
	manifest *Manifest
	sections map[string][]byte
	dead     bool // abandoned
	faults   faults
	// during is called in the middle of a checkpoint: before the sites are frozen
	// and again after it. Hits that come there are what makes checkpoints hard.
	during func()
}

type kept struct {
	segment, seq uint64
	record       []byte
}

func newState() *state { return &state{segment: 1, faults: noFaults, during: func() {}} }

func (s *state) Append(record []byte) (uint64, error) {
	if before, _ := s.faults(); before || s.dead {
		return 0, errFault
	}
	s.seq++
	s.records = append(s.records, kept{s.segment, s.seq, bytes.Clone(record)})
	return s.seq, nil
}

func (s *state) Rotate() (uint64, error) {
	if before, _ := s.faults(); before || s.dead {
		return 0, errFault
	}
	s.segment++
	return s.segment, nil
}

func (s *state) Replay(from uint64, fn func(uint64, []byte) error) error {
	for _, k := range s.records {
		if k.segment >= from {
			if err := fn(k.seq, k.record); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *state) Truncate(before uint64) error {
	s.records = slices.DeleteFunc(s.records, func(k kept) bool { return k.segment < before })
	return nil
}

func (s *state) Abandon() error {
	s.records, s.manifest, s.sections, s.dead = nil, nil, nil, true
	return nil
}

func (s *state) Reset() error {
	s.records, s.manifest, s.sections, s.dead = nil, nil, nil, false
	return nil
}

func (s *state) Begin() (CheckpointWriter, error) {
	s.during()
	return &writer{s: s, sections: map[string][]byte{}}, nil
}

func (s *state) Load() (CheckpointReader, error) {
	if s.manifest == nil {
		return nil, ErrNoCheckpoint
	}
	return reader{s}, nil
}

type writer struct {
	s        *state
	sections map[string][]byte
}

type section struct {
	bytes.Buffer
	done func([]byte)
}

func (s *section) Close() error { s.done(s.Bytes()); return nil }

func (w *writer) Section(name string) (io.WriteCloser, error) {
	if before, _ := w.s.faults(); before {
		return nil, errFault
	}
	return &section{done: func(b []byte) { w.sections[name] = b }}, nil
}

func (w *writer) Commit(m Manifest) error {
	w.s.during()
	before, after := w.s.faults()
	if before {
		return errFault
	}
	w.s.manifest, w.s.sections = &m, w.sections
	if after {
		return errFault
	}
	return nil
}

func (w *writer) Abort() error { return nil }

type reader struct{ s *state }

func (r reader) Manifest() Manifest { return *r.s.manifest }
func (r reader) Close() error       { return nil }
func (r reader) Open(name string) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(r.s.sections[name])), nil
}

func (r reader) Sections() []string {
	var names []string
	for name := range r.s.sections {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
