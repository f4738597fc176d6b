package ask

import (
	"fmt"
	"time"

	"footfall/aggregate"
)

// scanOpen adds the open days of the range, from memory.
func (p *plan) scanOpen() error {
	for _, d := range p.openInRange() {
		if err := p.scanDay(d); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) scanDay(d aggregate.Day) error {
	s := aggregate.Scan{Filter: p.expr}
	for _, f := range p.fields {
		s.Groups = append(s.Groups, aggregate.Group{Dimension: f.Dimension, Key: f.Key, Label: labelOf(f)})
	}
	switch p.grain {
	case aggregate.Hour:
		s.Grain = aggregate.ByHour
	case aggregate.Minute:
		s.Grain = aggregate.ByMinute
	}
	if p.cut(d) {
		s.From = max(p.from.UnixMilli(), d.Start(p.loc).UnixMilli())
		s.To = min(p.to.UnixMilli(), d.End(p.loc).UnixMilli())
	}
	rows, meta, err := p.a.open.Scan(p.q.Site, d, s)
	if err != nil {
		return fmt.Errorf("%s of %s: %w", d, p.q.Site, err)
	}
	p.notes.capped = p.notes.capped || meta.Cap > 0
	if meta.Lossy && (len(p.facts) >= 2 || p.expr != nil) {
		p.notes.lose(d)
	}
	for i := range rows {
		r := &rows[i]
		bucket, ok := p.scanBucket(d, r.Bucket)
		if !ok {
			continue
		}
		first := p.grain == aggregate.Hour || p.grain == aggregate.Minute
		if !first {
			if first, err = p.begins(bucket, d); err != nil {
				return err
			}
		}
		begin(&r.Counts, first)
		c := &p.grid.cells[p.grid.at(bucket, p.grid.tuple(r.Values))]
		c.counts.Add(&r.Counts)
		if s.To != 0 && d != p.buckets[bucket].first {
			// A part of a day does not tell what was carried into it.
			c.visitorsBound, c.visitsBound, p.notes.cutOpen = true, true, true
		}
	}
	return nil
}

// scanBucket is the bucket of a scanned row.
func (p *plan) scanBucket(d aggregate.Day, of int64) (int32, bool) {
	switch p.grain {
	case aggregate.Hour:
		if of < 0 || of > 23 || p.ofHour[d-p.first][of] < 0 {
			return 0, false
		}
		return p.ofHour[d-p.first][of], true
	case aggregate.Minute:
		i := of - p.minute0
		return int32(i), i >= 0 && i < int64(len(p.buckets))
	default:
		return p.bucketOf(d), true
	}
}

// realtimeSpan is how far back realtime looks.
const realtimeSpan = 30 * time.Minute
