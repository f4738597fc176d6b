package storage

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// Reset removes a site's blocks of the months from first to last, live and imported
// ones. A month is the least that can go: links that were too rare for a date are
// kept for the month as a whole, and could not be told apart by days. It returns
// how many blocks it removed. The error is ErrNoSite or that of the disk.
//
// What was removed can be found in free pages until the next Compact.
func (db *DB) Reset(site aggregate.Site, first, last aggregate.Day) (removed int, err error) {
	first, end := first.Month(), last.AddMonths(1) // AddMonths gives the first of a month
	err = db.change("reset "+string(site), func(tx *bbolt.Tx, r *records) error {
		entry, ok := r.sites[site]
		if !ok {
			return fmt.Errorf("%w: %s", ErrNoSite, site)
		}
		var keys [][]byte
		prefix := number(uint32(entry.id))
		c := tx.Bucket(blocksBucket).Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			if len(k) == keySize && dayOf(k) >= first && dayOf(k) < end {
				keys = append(keys, bytes.Clone(k))
			}
		}
		removed = len(keys)
		return deleteKeys(tx, keys)
	})
	return removed, err
}

// ResetAll removes all of a site's blocks, and its imports. The error is ErrNoSite
// or that of the disk; what is said of Reset about free pages holds here, too.
func (db *DB) ResetAll(site aggregate.Site) (removed int, err error) {
	err = db.change("reset "+string(site), func(tx *bbolt.Tx, r *records) error {
		entry, ok := r.sites[site]
		if !ok {
			return fmt.Errorf("%w: %s", ErrNoSite, site)
		}
		for id, rec := range r.imports {
			if rec.Site != entry.id || !rec.Finished { // one that runs ends by itself, and finds its days gone
				continue
			}
			if err := tx.Bucket(importsBucket).Delete(number(uint32(id))); err != nil {
				return err
			}
		}
		removed, err = deletePrefix(tx, number(uint32(entry.id)))
		return err
	})
	return removed, err
}
