package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"footfall/aggregate"
	"footfall/storage"
)

// every runs work at a pace until ctx is done. Work that takes long is paced
// down: it never gets more than a tenth of the time.
func every(ctx context.Context, pace time.Duration, work func()) {
	timer := time.NewTimer(pace)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		start := time.Now()
		work()
		timer.Reset(max(pace, 9*time.Since(start)))
	}
}

// commitLoop projects the live days onto the disk.
func (s *Server) commitLoop(ctx context.Context) {
	every(ctx, s.flags.CommitInterval, func() {
		start := s.clock()
		_, err := s.engine.Commit(false)
		s.pulse.commit(start, s.clock(), err)
		if err != nil {
			s.log.Error("counters could not be written; they stay in memory until they can", "error", err)
		}
	})
}

// A checkpoint is due when the journal has grown to a part of the room there is,
// or when a while has passed with anything to save.
const (
	checkpointPace  = time.Second
	checkpointAge   = time.Minute
	checkpointShare = 8 // of the state's limit
)

func (s *Server) checkpointLoop(ctx context.Context) {
	if s.state == nil {
		<-ctx.Done()
		return
	}
	last, counted := time.Now(), uint64(0)
	every(ctx, checkpointPace, func() {
		use := s.state.Usage()
		now, grown := time.Now(), s.engine.Counted()
		aged := now.Sub(last) >= checkpointAge
		if !s.engine.Journaling() {
			if aged {
				s.mend()
				last = now
			}
			return
		}
		if use.Journal < use.Limit/checkpointShare && (!aged || grown == counted) {
			return
		}
		if err := s.engine.Checkpoint(); err != nil {
			s.log.Warn("no checkpoint; the journal goes on", "error", err)
		}
		last, counted = now, grown
	})
}

// mendLoop reacts at once when the journal fails.
func (s *Server) mendLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.engine.Broken():
			s.mend()
		}
	}
}

func (s *Server) mend() {
	if err := s.engine.Mend(); err != nil {
		s.log.Error("no memory state: a restart forgets who was counted today", "error", err)
	}
}

// housekeeping closes days, destroys salts and old months, and compacts.
func (s *Server) housekeeping(ctx context.Context) {
	var retained time.Time
	every(ctx, 5*time.Second, func() {
		paceCollector()
		s.salts.Expire(s.clock())
		closed, err := s.engine.CloseEnded()
		if err != nil {
			s.log.Error("a day could not be closed; it will be tried again", "error", err)
		}
		if now := s.clock(); now.Sub(retained).Abs() >= time.Hour {
			retained = now
			s.retain()
		}
		if closed > 0 && s.db.Wasteful() {
			if err := s.db.Compact(); err != nil {
				s.log.Error("compaction failed; the file is as it was", "error", err)
			}
		}
	})
}

// retain removes months older than each site keeps.
func (s *Server) retain() {
	removed, err := s.db.Retain(func(r storage.SiteRecord) aggregate.Day {
		return aggregate.DayOf(s.clock(), r.Settings.Location())
	})
	if err != nil {
		s.log.Error("old months could not be removed", "error", err)
	}
	if removed == 0 {
		return
	}
	for _, r := range s.db.Sites() {
		s.asker.InvalidateSite(r.Site)
	}
	if err := s.db.Compact(); err != nil {
		s.log.Error("compaction failed; the file is as it was", "error", err)
	}
}

// Garbage may take this much before it is collected, or as much as the live heap
// where that is less. The tables of visitors hold no pointers: collecting often
// costs little, and letting the garbage double a large heap would cost much.
const garbageRoom = 32 << 20

// paceCollector sets the collector's pace by the live heap.
func paceCollector() {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if live := sample[0].Value.Uint64(); live > 0 {
		debug.SetGCPercent(max(5, min(100, int(garbageRoom*100/live))))
	}
}
