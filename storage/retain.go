package storage

import (
	"bytes"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// Retain removes the blocks of whole months that are older than their site's
// retention, live and imported ones. today tells the current day of a site by
// the real clock; it must not call the DB. It returns how many blocks it removed.
//
// What was removed can be found in free pages until the next Compact.
func (db *DB) Retain(today func(SiteRecord) aggregate.Day) (removed int, err error) {
	for _, rec := range db.Sites() {
		if rec.Settings.Retention == 0 {
			continue
		}
		n, err := db.dropBefore(rec.Site, today(rec).AddMonths(-rec.Settings.Retention))
		if err != nil {
			return removed, err
		}
		removed += n
	}
	return removed, nil
}

// dropBefore removes the site's blocks before a day that begins a month.
func (db *DB) dropBefore(site aggregate.Site, first aggregate.Day) (removed int, err error) {
	db.write.Lock()
	defer db.write.Unlock()
	entry, ok := db.records.Load().sites[site]
	if !ok {
		return 0, nil
	}
	var old [][]byte
	err = db.view(func(tx *bbolt.Tx) error {
		old = oldKeys(tx, number(uint32(entry.id)), first)
		return nil
	})
	if err != nil || len(old) == 0 {
		return 0, err
	}
	err = db.update("retention of "+string(site), func(tx *bbolt.Tx) error {
		return deleteKeys(tx, old)
	})
	if err != nil {
		return 0, err
	}
	return len(old), nil
}

// oldKeys are the keys of the site's blocks before first. The days of a series
// stand together, so most of the file is skipped.
func oldKeys(tx *bbolt.Tx, site []byte, first aggregate.Day) (old [][]byte) {
	c := tx.Bucket(blocksBucket).Cursor()
	for k, _ := c.Seek(site); bytes.HasPrefix(k, site); {
		if len(k) != keySize {
			k, _ = c.Next()
			continue
		}
		series := bytes.Clone(k[:seriesSize])
		for ; len(k) == keySize && bytes.HasPrefix(k, series) && dayOf(k) < first; k, _ = c.Next() {
			old = append(old, bytes.Clone(k))
		}
		if bytes.HasPrefix(k, series) {
			k, _ = c.Seek(successor(series))
		}
	}
	return old
}

// deletePrefix removes all blocks whose key begins with prefix.
func deletePrefix(tx *bbolt.Tx, prefix []byte) (removed int, err error) {
	var keys [][]byte
	c := tx.Bucket(blocksBucket).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	return len(keys), deleteKeys(tx, keys)
}

// deleteKeys removes blocks. A cursor that deletes while it walks skips keys, so
// they are gathered before.
func deleteKeys(tx *bbolt.Tx, keys [][]byte) error {
	b := tx.Bucket(blocksBucket)
	for _, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
