package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// CommitOrderError says that a commit has not the number after the last one.
type CommitOrderError struct{ Number, Last uint64 }

func (e *CommitOrderError) Error() string {
	return fmt.Sprintf("commit %d cannot follow commit %d", e.Number, e.Last)
}

// Is makes errors.Is(err, ErrCommitOrder) work.
func (e *CommitOrderError) Is(target error) bool { return target == ErrCommitOrder }

// Commit writes c in one transaction: all of it or nothing. Its number must be
// LastCommit()+1, else the error is a *CommitOrderError. After any other error
// LastCommit tells what became of the commit: usually it was not written and may
// be tried again with the same number; if LastCommit is its number, the disk
// failed after all was written, and it must not be repeated.
//
// A put replaces the block under its key. A block without rows is removed, unless
// it is a block of totals. With Add, the rows are added to those of the stored
// block, and what exceeds Options.MonthRows rows is cut: the rows with the most
// visitors stay (then those with most events, most pageviews, and the first in
// order), the others are summed in the row of aggregate.Other (for links:
// Other × Other), and Meta.Cap says so. Visitors of that row may count some twice.
//
// Blocks of a site that does not exist any more are left out; Stats counts them.
// The other errors are ErrKey, ErrBlock (a block is not in order), ErrNoImport (the import is not open), ErrFull,
// ErrCorrupt (a block to be added to is damaged) and those of the disk.
func (db *DB) Commit(c aggregate.Commit) error {
	db.write.Lock()
	defer db.write.Unlock()
	if last := db.LastCommit(); c.Number != last+1 {
		return &CommitOrderError{Number: c.Number, Last: last}
	}
	puts, orphans, err := db.records.Load().puts(c.Puts)
	if err != nil {
		return fmt.Errorf("commit %d: %w", c.Number, err)
	}
	var buf []byte // what bbolt is given stays untouched until the transaction ends
	err = db.update(fmt.Sprintf("commit %d", c.Number), func(tx *bbolt.Tx) error {
		blocks := blocksOf(tx)
		for _, p := range puts {
			if p.Add {
				old, err := blocks.read(p.site, p.Key)
				if err != nil {
					return fmt.Errorf("add to %s: %w", describe(string(p.Key.Site), p.Key), err)
				}
				if old != nil {
					p.Block = merge(old, p.Block)
				}
				p.Block = capRows(p.Block, db.options.MonthRows)
			}
			if len(p.Block.Rows) == 0 && p.Key.A != aggregate.None && !blocks.isPacked(p.site, p.Key) {
				if err := blocks.Delete(p.stored); err != nil {
					return err
				}
				continue
			}
			start := len(buf)
			buf = AppendBlock(buf, p.Block)
			if err := blocks.Put(p.stored, buf[start:len(buf):len(buf)]); err != nil {
				return err
			}
		}
		return tx.Bucket(metaBucket).Put(commitKey, binary.BigEndian.AppendUint64(nil, c.Number))
	})
	if err != nil {
		db.recallCommit()
		return err
	}
	db.commit.Store(c.Number)
	db.orphans.Add(orphans)
	return nil
}

// recallCommit reads the last commit's number from the file, after a failure
// that may have come too late.
func (db *DB) recallCommit() {
	_ = db.view(func(tx *bbolt.Tx) error { // a file that cannot be read keeps the old number
		_, last, err := readHead(tx)
		if err == nil {
			db.commit.Store(last)
		}
		return err
	})
}

type storedPut struct {
	aggregate.Put
	site   siteID
	stored []byte // key
}

// puts gives the puts their stored keys, in ascending order: bbolt is quadratic
// in unsorted ones.
func (r *records) puts(all []aggregate.Put) (puts []storedPut, orphans uint64, err error) {
	puts = make([]storedPut, 0, len(all))
	for _, p := range all {
		if err := checkShape(p.Key); err != nil {
			return nil, 0, err
		}
		if err := checkBlock(p.Key, p.Block); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", describe(string(p.Key.Site), p.Key), err)
		}
		site, ok := r.sites[p.Key.Site]
		if !ok {
			orphans++
			continue
		}
		if id := p.Key.Import; id != aggregate.Live {
			if rec, ok := r.imports[id]; !ok || rec.Finished || rec.Site != site.id {
				return nil, 0, fmt.Errorf("%w in progress for %s: %d", ErrNoImport, p.Key.Site, id)
			}
		}
		puts = append(puts, storedPut{p, site.id, appendKey(nil, site.id, p.Key)})
	}
	slices.SortStableFunc(puts, func(a, b storedPut) int { return bytes.Compare(a.stored, b.stored) })
	return puts, orphans, nil
}
