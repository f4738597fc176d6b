package storage

import (
	"bytes"
	"fmt"
	"sync"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// BlockRange names the blocks of one site, span and pair of dimensions over days.
type BlockRange struct {
	Site aggregate.Site
	// Import is aggregate.Live or the finished import to read. With AllImports it
	// is not looked at: then the live blocks and those of every finished import
	// are read.
	Import     aggregate.ImportID
	AllImports bool
	Span       aggregate.Span
	A, B       aggregate.Dimension
	// First and Last day, both included. Months are named by their first day.
	First, Last aggregate.Day
	// Columns are the columns to decode, the others are zero; nil = all. A few
	// columns take a third of the time.
	Columns []aggregate.Column
}

// batchSize is about how many bytes are copied out of one read transaction.
const batchSize = 4 << 20

// Range calls fn for the blocks of q, day by day for the live counters and then
// for each import. It stops at the first error of fn and returns it. A site that
// does not exist has no blocks. Other errors are ErrCorrupt, which names the
// block, and those of the disk.
//
// The block is only lent: its rows are overwritten after fn returns. Its values
// may be kept but not changed; neighbouring blocks with the same values share
// them. fn may call the DB. A commit meanwhile may be seen from some block on.
func (db *DB) Range(q BlockRange, fn func(aggregate.Key, *aggregate.Block) error) error {
	r := db.records.Load()
	site, ok := r.sites[q.Site]
	if !ok {
		return nil
	}
	imports := []aggregate.ImportID{q.Import}
	if q.AllImports {
		imports = append([]aggregate.ImportID{aggregate.Live}, r.finished(site.id)...)
	} else if rec := r.imports[q.Import]; q.Import != aggregate.Live && (rec.Site != site.id || !rec.Finished) {
		return nil
	}
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	var block aggregate.Block
	want := columnSet(q.Columns)
	for _, id := range imports {
		k := aggregate.Key{Site: q.Site, Import: id, Span: q.Span, A: q.A, B: q.B}
		err := db.series(appendSeries(nil, site.id, id, q.Span, q.A, q.B), q.First, q.Last,
			func(day aggregate.Day, stored []byte) error {
				k.Day = day
				if err := d.decode(stored, want, &block); err != nil {
					return fmt.Errorf("%w: %s: %w", ErrCorrupt, describe(string(q.Site), k), err)
				}
				return fn(k, &block)
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// series calls fn for the stored blocks of one series, outside of transactions.
func (db *DB) series(prefix []byte, first, last aggregate.Day, fn func(aggregate.Day, []byte) error) error {
	b := batches.Get().(*batch)
	defer batches.Put(b)
	for more := first <= last; more; {
		b.buf, b.parts = b.buf[:0], b.parts[:0]
		more = false
		err := db.view(func(tx *bbolt.Tx) error {
			c := tx.Bucket(blocksBucket).Cursor()
			for k, v := c.Seek(appendDay(bytes.Clone(prefix), first)); bytes.HasPrefix(k, prefix); k, v = c.Next() {
				if len(k) != keySize {
					return fmt.Errorf("%w: block key has %d bytes, want %d", ErrCorrupt, len(k), keySize)
				}
				day := dayOf(k)
				if day > last {
					return nil
				}
				if len(b.buf) > 0 && len(b.buf)+len(v) > batchSize {
					first, more = day, true
					return nil
				}
				b.buf = append(b.buf, v...)
				b.parts = append(b.parts, part{day, len(b.buf)})
			}
			return nil
		})
		if err != nil {
			return err
		}
		start := 0
		for _, p := range b.parts {
			if err := fn(p.day, b.buf[start:p.end]); err != nil {
				return err
			}
			start = p.end
		}
	}
	return nil
}

// batch holds copies of stored blocks.
type batch struct {
	buf   []byte
	parts []part
}

type part struct {
	day aggregate.Day
	end int // in buf
}

var batches = sync.Pool{New: func() any { return new(batch) }}

// Block reads one block, of an unfinished import too: whoever writes may look at
// what was written. ok is false where there is none. The errors are those of
// Range.
func (db *DB) Block(k aggregate.Key) (b *aggregate.Block, ok bool, err error) {
	site, ok := db.records.Load().sites[k.Site]
	if !ok {
		return nil, false, nil
	}
	err = db.view(func(tx *bbolt.Tx) error {
		stored := tx.Bucket(blocksBucket).Get(appendKey(nil, site.id, k))
		if ok = stored != nil; !ok {
			return nil
		}
		if b, err = DecodeBlock(stored); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrCorrupt, describe(string(k.Site), k), err)
		}
		return nil
	})
	return b, ok && err == nil, err
}

// Days are the first and the last day that has totals, live or of a finished
// import. ok is false where there is none.
func (db *DB) Days(site aggregate.Site) (first, last aggregate.Day, ok bool, err error) {
	r := db.records.Load()
	entry, known := r.sites[site]
	if !known {
		return 0, 0, false, nil
	}
	err = db.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(blocksBucket).Cursor()
		for _, id := range append(r.finished(entry.id), aggregate.Live) {
			prefix := appendSeries(nil, entry.id, id, aggregate.OneDay, aggregate.None, aggregate.None)
			k, _ := c.Seek(prefix)
			if len(k) != keySize || !bytes.HasPrefix(k, prefix) {
				continue
			}
			from := dayOf(k)
			// The last key of the series stands before the first of the next.
			if k, _ = c.Seek(successor(prefix)); k == nil {
				k, _ = c.Last()
			} else {
				k, _ = c.Prev()
			}
			to := dayOf(k)
			if !ok {
				first, last, ok = from, to, true
			}
			first, last = min(first, from), max(last, to)
		}
		return nil
	})
	return first, last, ok && err == nil, err
}

// successor is the first key after all that begin with prefix.
func successor(prefix []byte) []byte {
	next := bytes.Clone(prefix)
	for i := len(next) - 1; i >= 0; i-- {
		next[i]++
		if next[i] != 0 {
			return next[:i+1]
		}
	}
	return nil // cannot be: site ids do not reach their limit
}
