package storage

import (
	"fmt"

	"footfall/aggregate"
)

// SegmentRecord is a saved filter of a site. Its number is the segment's id.
type SegmentRecord struct {
	Site aggregate.Site `json:"site"`
	aggregate.Segment
}

// OfSite implements Record.
func (r SegmentRecord) OfSite() aggregate.Site { return r.Site }

// Segments is the shelf of saved filters.
var Segments = NewShelf[SegmentRecord]("segments", "a saved filter: its name, its conditions, and whose it is", 100_000)

// Segments are a site's saved filters, everybody's and those of single accounts, in
// the order in which they were made.
func (db *DB) Segments(site aggregate.Site) []aggregate.Segment {
	var all []aggregate.Segment
	for _, id := range Segments.OfSite(db, site) {
		rec, _ := Segments.Get(db, id)
		rec.Segment.ID = aggregate.SegmentID(id)
		all = append(all, rec.Segment)
	}
	return all
}

// AddSegment adds a segment, which is clean already, and returns it with its id.
// The error wraps aggregate.ErrSegment where the name is taken or there are too
// many.
func (db *DB) AddSegment(site aggregate.Site, s aggregate.Segment) (aggregate.Segment, error) {
	err := Segments.Edit(db, "add segment", func(d *Drawer[SegmentRecord]) error {
		s.ID = 0
		if err := roomForSegment(d, site, s); err != nil {
			return err
		}
		id, err := d.Add(SegmentRecord{site, s})
		s.ID = aggregate.SegmentID(id)
		return err
	})
	return s, err
}

// ChangeSegment replaces the segment with s's id; whose it is stays. The error
// wraps aggregate.ErrNoSegment or aggregate.ErrSegment.
func (db *DB) ChangeSegment(site aggregate.Site, s aggregate.Segment) error {
	return Segments.Edit(db, "change segment", func(d *Drawer[SegmentRecord]) error {
		old, err := segmentOf(d, site, s.ID)
		if err != nil {
			return err
		}
		s.Account = old.Account
		if err := roomForSegment(d, site, s); err != nil {
			return err
		}
		id := uint32(s.ID)
		s.ID = 0
		return d.Change(id, SegmentRecord{site, s})
	})
}

// RemoveSegment ends a segment. The error wraps aggregate.ErrNoSegment.
func (db *DB) RemoveSegment(site aggregate.Site, id aggregate.SegmentID) error {
	return Segments.Edit(db, "remove segment", func(d *Drawer[SegmentRecord]) error {
		if _, err := segmentOf(d, site, id); err != nil {
			return err
		}
		return d.Remove(uint32(id))
	})
}

// RemoveSegmentsOf ends what an account has saved for itself.
func (db *DB) RemoveSegmentsOf(account uint32) error {
	return Segments.Edit(db, "remove segments", func(d *Drawer[SegmentRecord]) error {
		for id, rec := range d.All() {
			if rec.Account == 0 || rec.Account != account {
				continue
			}
			if err := d.Remove(id); err != nil {
				return err
			}
		}
		return nil
	})
}

func segmentOf(d *Drawer[SegmentRecord], site aggregate.Site, id aggregate.SegmentID) (SegmentRecord, error) {
	rec, ok := d.All()[uint32(id)]
	if !ok || rec.Site != site {
		return rec, fmt.Errorf("number %d: %w", id, aggregate.ErrNoSegment)
	}
	return rec, nil
}

// roomForSegment refuses a name that is taken among those who see it, and a segment
// too many.
func roomForSegment(d *Drawer[SegmentRecord], site aggregate.Site, s aggregate.Segment) error {
	n := 0
	for id, rec := range d.All() {
		if rec.Site != site || rec.Account != s.Account || id == uint32(s.ID) {
			continue
		}
		if n++; rec.Name == s.Name {
			return fmt.Errorf("%w: there is one named %q already", aggregate.ErrSegment, s.Name)
		}
	}
	if n >= aggregate.MaxSegments {
		return fmt.Errorf("%w: there may be %d", aggregate.ErrSegment, aggregate.MaxSegments)
	}
	return nil
}
