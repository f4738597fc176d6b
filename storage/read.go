package storage

import (
	"bytes"

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
	rd := newReader(db, q)
	defer rd.free()
	for _, id := range imports {
		if err := rd.series(site.id, id, fn); err != nil {
			return err
		}
	}
	return nil
}

// Block reads one block, of an unfinished import too: whoever writes may look at
// what was written. ok is false where there is none. The errors are those of
// Range.
func (db *DB) Block(k aggregate.Key) (b *aggregate.Block, ok bool, err error) {
	site, ok := db.records.Load().sites[k.Site]
	if !ok {
		return nil, false, nil
	}
	err = db.view(func(tx *bbolt.Tx) (err error) {
		b, err = blocksOf(tx).read(site.id, k)
		return err
	})
	return b, b != nil && err == nil, err
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
		for _, id := range append(r.finished(entry.id), aggregate.Live) {
			from, to, some, err := blocksOf(tx).days(entry.id, id)
			if err != nil {
				return err
			}
			if !some {
				continue
			}
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
