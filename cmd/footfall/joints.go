package main

import (
	"io"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/aggregate/live"
	"footfall/storage"
	"footfall/storage/volatile"
)

// The joints fit what one room has to what another asks for.

// storedBlocks is the database as the live engine and imports write it. Cached
// answers about a day are forgotten when the day is written.
type storedBlocks struct {
	*storage.DB
	ask *ask.Asker
}

func (b *storedBlocks) Commit(c aggregate.Commit) error {
	if err := b.DB.Commit(c); err != nil && b.LastCommit() != c.Number {
		return err
	}
	type siteDay struct {
		site aggregate.Site
		day  aggregate.Day
	}
	seen := map[siteDay]bool{}
	for _, p := range c.Puts {
		if k := (siteDay{p.Key.Site, p.Key.Day}); b.ask != nil && !seen[k] {
			seen[k] = true
			b.ask.Invalidate(k.site, k.day)
		}
	}
	return nil
}

// askedBlocks is the database as queries read it.
type askedBlocks struct{ db *storage.DB }

func (b askedBlocks) Range(site aggregate.Site, imports bool, span aggregate.Span, a, c aggregate.Dimension,
	first, last aggregate.Day, fn func(aggregate.Key, *aggregate.Block) error) error {
	return b.db.Range(storage.BlockRange{Site: site, AllImports: imports, Span: span, A: a, B: c, First: first, Last: last}, fn)
}

func (b askedBlocks) Days(site aggregate.Site) (first, last aggregate.Day, ok bool) {
	first, last, ok, err := b.db.Days(site)
	return first, last, ok && err == nil
}

// memoryState is the memory state as the live engine uses it.
type memoryState struct{ *volatile.State }

func (m memoryState) Begin() (live.CheckpointWriter, error) {
	w, err := m.State.Begin()
	if err != nil {
		return nil, err
	}
	return checkpointWriter{w}, nil
}

func (m memoryState) Load() (live.CheckpointReader, error) {
	c, err := m.State.Load()
	switch {
	case err == nil:
		return checkpointReader{c}, nil
	case isNone(err):
		return nil, live.ErrNoCheckpoint
	}
	return nil, err
}

type checkpointWriter struct{ *volatile.CheckpointWriter }

func (w checkpointWriter) Section(name string) (io.WriteCloser, error) {
	return w.CheckpointWriter.Section(name)
}

func (w checkpointWriter) Commit(m live.Manifest) error {
	return w.CheckpointWriter.Commit(volatile.Manifest{Commit: m.Commit, Segment: m.Segment})
}

type checkpointReader struct{ *volatile.Checkpoint }

func (r checkpointReader) Manifest() live.Manifest {
	m := r.Checkpoint.Manifest()
	return live.Manifest{Commit: m.Commit, Segment: m.Segment}
}

func (r checkpointReader) Open(name string) (io.ReadCloser, error) { return r.Checkpoint.Open(name) }
func (r checkpointReader) Close() error                            { return nil }

// saltStore is the memory state as the salts use it.
type saltStore struct{ *volatile.State }

func (s saltStore) LoadSalts(fn func(aggregate.Site, aggregate.Day, time.Time, [32]byte)) error {
	return s.State.LoadSalts(func(site aggregate.Site, day aggregate.Day, ends time.Time, salt [32]byte) error {
		fn(site, day, ends, salt)
		return nil
	})
}
