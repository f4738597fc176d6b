package storage

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// Stats are figures for metrics.
type Stats struct {
	FileBytes  int64  `json:"file_bytes"`
	FreeBytes  int64  `json:"free_bytes"` // in free pages, where old content lies
	LastCommit uint64 `json:"last_commit"`
	Sites      int    `json:"sites"`
	// Orphans counts the blocks that were left out of commits since Open, because
	// their site was gone.
	Orphans uint64 `json:"orphans"`
}

// Wasteful reports whether a compaction is worth its work: because a fifth of the
// file, and 64 KiB at least, are free pages, or because a week of days is not yet
// packed.
func (db *DB) Wasteful() bool {
	s := db.Stats()
	// Copying leaves some free pages itself; another compaction would not help.
	free := s.FreeBytes - db.leftover.Load()
	if free >= 64<<10 && free >= s.FileBytes/5 {
		return true
	}
	loose := 0
	err := db.view(func(tx *bbolt.Tx) error {
		loose = looseDays(tx, db.records.Load())
		return nil
	})
	return err == nil && loose >= 7
}

// Compact rewrites the file without free pages: nothing that was overwritten or
// removed is in it any more. Days that are over are packed. Reading goes on meanwhile, writing waits. It takes
// the space of the file a second time.
//
//  1. The content is copied to a new file beside the old one, which is synced.
//  2. The copy is opened, compared with what was read, and locked.
//  3. The copy gets the name of the data file. A crash leaves either of the two
//     under the name, both whole and equal.
//  4. Readers and writers are moved over, the old file is closed and gone.
func (db *DB) Compact() error {
	db.write.Lock()
	defer db.write.Unlock()
	old := db.bolt.Load()
	if old == nil {
		return ErrClosed
	}
	if db.options.ReadOnly {
		return fmt.Errorf("compact: %w: opened for reading", ErrReadOnly)
	}
	temp, err := db.copyOut()
	if err != nil {
		return writeError("compact", err)
	}
	defer os.Remove(temp) // after the rename: does nothing
	if err := db.fault(compactCopy); err != nil {
		return writeError("compact", err)
	}
	f, err := openLocked(temp, false, 0)
	if err != nil {
		return writeError("compact", err)
	}
	fresh, meta, err := openBolt(f, db.boltOptions())
	if err != nil {
		return writeError("compact", err)
	}
	if err := os.Rename(temp, db.path); err != nil {
		fresh.Close()
		return writeError("compact", err)
	}
	db.bolt.Store(fresh)
	db.pageSize.Store(meta.pageSize)
	db.leftover.Store(db.Stats().FreeBytes)
	return writeError("compact", errors.Join(db.fault(compactName), syncDir(db.dir), old.Close()))
}

// Backup writes a consistent copy of the running database to w: the content
// without free pages, with the database id. It takes the space of the copy in
// the data directory for a while. Commits go on meanwhile.
func (db *DB) Backup(w io.Writer) error {
	temp, err := db.copyOut()
	if err != nil {
		return writeError("backup", err)
	}
	defer os.Remove(temp)
	f, err := os.Open(temp)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer f.Close()
	if _, err := io.Copy(w, f); err != nil {
		return writeError("backup", err)
	}
	return nil
}

// copyOut makes a temporary file with the content of the database as it is now,
// and nothing else: verified, synced, closed.
func (db *DB) copyOut() (temp string, err error) {
	f, err := tempFile(db.dir)
	if err != nil {
		return "", err
	}
	f.Close()
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	err = db.view(func(tx *bbolt.Tx) error {
		return cleanCopy(f.Name(), tx, func(*bbolt.Tx) error { return nil })
	})
	return f.Name(), err
}

// cleanCopy fills the empty file at path with the content of src. change may
// alter the copy before it is complete.
func cleanCopy(path string, src *bbolt.Tx, change func(*bbolt.Tx) error) error {
	dst, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, Timeout: time.Second,
		FreelistType: bbolt.FreelistMapType, InitialMmapSize: int(src.Size())})
	if err != nil {
		return err
	}
	want, err := copyBuckets(dst, src)
	if err == nil {
		err = verify(dst, want)
	}
	if err == nil {
		err = dst.Update(change)
	}
	if err := errors.Join(err, dst.Close()); err != nil {
		return err
	}
	return scrub(path)
}

// copyStep is about how many bytes are copied in one transaction, which bbolt
// keeps in memory.
const copyStep = 8 << 20

// copier fills the buckets of a new file.
type copier struct {
	dst     *bbolt.DB
	tx      *bbolt.Tx
	bucket  []byte
	pending int
	sum     uint32
}

// copyBuckets copies all buckets and returns a checksum of what was written.
func copyBuckets(dst *bbolt.DB, src *bbolt.Tx) (sum uint32, err error) {
	c := &copier{dst: dst}
	if c.tx, err = dst.Begin(true); err != nil {
		return 0, err
	}
	defer func() { _ = c.tx.Rollback() }() // after Commit: does nothing
	err = src.ForEach(func(name []byte, from *bbolt.Bucket) error {
		to, err := c.tx.CreateBucket(name)
		if err != nil {
			return err
		}
		if err := to.SetSequence(from.Sequence()); err != nil {
			return err
		}
		c.bucket = name
		if bytes.Equal(name, blocksBucket) {
			return copyBlocks(src, c.put)
		}
		return from.ForEach(c.put)
	})
	if err != nil {
		return 0, err
	}
	return c.sum, c.tx.Commit()
}

func (c *copier) put(k, v []byte) (err error) {
	if v == nil {
		return fmt.Errorf("%w: bucket %q holds a bucket", ErrCorrupt, c.bucket)
	}
	if c.pending += len(k) + len(v); c.pending > copyStep {
		if err := c.tx.Commit(); err != nil {
			return err
		}
		if c.tx, err = c.dst.Begin(true); err != nil {
			return err
		}
		c.pending = 0
	}
	c.sum = addSum(c.sum, c.bucket, k, v)
	to := c.tx.Bucket(c.bucket)
	to.FillPercent = 1 // keys come in order
	return to.Put(k, v)
}

func addSum(sum uint32, parts ...[]byte) uint32 {
	for _, p := range parts {
		sum = crc32.Update(sum, castagnoli, number(uint32(len(p))))
		sum = crc32.Update(sum, castagnoli, p)
	}
	return sum
}

// verify reads the copy back.
func verify(b *bbolt.DB, want uint32) error {
	var sum uint32
	err := b.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, from *bbolt.Bucket) error {
			return from.ForEach(func(k, v []byte) error {
				sum = addSum(sum, name, k, v)
				return nil
			})
		})
	})
	if err == nil && sum != want {
		err = fmt.Errorf("the copy has checksum %08x, what was read %08x", sum, want)
	}
	return err
}

// scrub clears the free pages that copying left, cuts the file behind the last
// page, and syncs it.
func scrub(path string) error {
	f, err := openLocked(path, false, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	b, meta, err := openBolt(f, bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	free, err := freePages(b)
	if err := errors.Join(err, b.Close()); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer out.Close()
	zero := make([]byte, meta.pageSize)
	for _, id := range free {
		if _, err := out.WriteAt(zero, id*meta.pageSize); err != nil {
			return err
		}
	}
	if err := out.Truncate(meta.pages * meta.pageSize); err != nil {
		return err
	}
	return out.Sync()
}

// freePages are the numbers of the pages that hold nothing.
func freePages(b *bbolt.DB) (free []int64, err error) {
	err = b.View(func(tx *bbolt.Tx) error {
		for id := 0; ; {
			p, err := tx.Page(id)
			if err != nil || p == nil {
				return err
			}
			if p.Type == "free" {
				free = append(free, int64(id))
				id++
			} else {
				id += 1 + p.OverflowCount
			}
		}
	})
	return free, err
}
