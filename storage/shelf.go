package storage

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// Record is a small thing that somebody of the team has made: an account, a goal,
// an annotation. What visitors send never becomes one.
type Record interface {
	// OfSite is the site that the record belongs to and goes with, blank for one
	// of the whole installation.
	OfSite() aggregate.Site
}

// Shelf is a kind of small records: a bucket of JSON values under numbers that
// never return. All of them are in memory as well, so that reading takes no lock
// and no transaction. Unknown keys in a stored record are damage: it holds what
// its type says, and nothing else.
//
// A shelf is a package variable, made by NewShelf in the file that owns its type.
// Check, audit, compaction and backup know all shelves; a bucket is made when its
// first record is, so that files of before need no change of layout.
type Shelf[T Record] struct{ *shelfKind }

// shelfKind is what the package knows of a shelf without knowing its type.
type shelfKind struct {
	name    string // of the bucket
	meaning string // for the audit
	most    int    // records
	// read decodes a bucket into a map[uint32]T.
	read func(*bbolt.Bucket) (any, error)
	// owners are the sites of such a map's records.
	owners func(any) map[uint32]aggregate.Site
}

// shelfKinds are all shelves, complete when main begins.
var shelfKinds []*shelfKind

// NewShelf makes a shelf for at most so many records. The meaning is a phrase for
// the audit, such as "an annotation: its date and text".
func NewShelf[T Record](bucket, meaning string, most int) Shelf[T] {
	k := &shelfKind{name: bucket, meaning: meaning, most: most, read: readShelf[T](bucket), owners: func(all any) map[uint32]aggregate.Site {
		sites := map[uint32]aggregate.Site{}
		for id, rec := range all.(map[uint32]T) {
			sites[id] = rec.OfSite()
		}
		return sites
	}}
	shelfKinds = append(shelfKinds, k)
	return Shelf[T]{k}
}

func readShelf[T Record](kind string) func(*bbolt.Bucket) (any, error) {
	return func(b *bbolt.Bucket) (any, error) {
		all := map[uint32]T{}
		if b == nil {
			return all, nil
		}
		err := b.ForEach(func(k, v []byte) error {
			var rec T
			id, err := numbered(k, v, &rec, kind)
			all[id] = rec
			return err
		})
		return all, err
	}
}

// All are the records by their numbers. The map must not be changed.
func (s Shelf[T]) All(db *DB) map[uint32]T {
	all, _ := db.records.Load().shelves[s.shelfKind].(map[uint32]T)
	return all
}

// OfSite are the numbers of a site's records, in the order in which they were made.
func (s Shelf[T]) OfSite(db *DB, site aggregate.Site) []uint32 {
	var ids []uint32
	for id, rec := range s.All(db) {
		if rec.OfSite() == site {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Get is one record; false where there is none of this number (any more).
func (s Shelf[T]) Get(db *DB, id uint32) (T, bool) {
	rec, ok := s.All(db)[id]
	return rec, ok
}

// Edit changes records in one transaction: all that change does, or nothing when
// it returns an error. Nobody else edits meanwhile, so that what change has read
// still holds when it writes. change must not call the DB. The error is that of
// change, or of the disk.
func (s Shelf[T]) Edit(db *DB, op string, change func(*Drawer[T]) error) error {
	return db.change(op, func(tx *bbolt.Tx, r *records) error {
		b, err := tx.CreateBucketIfNotExists([]byte(s.name))
		if err != nil {
			return err
		}
		all, _ := r.shelves[s.shelfKind].(map[uint32]T)
		return change(&Drawer[T]{kind: s.shelfKind, bucket: b, sites: r.sites, all: maps.Clone(all)})
	})
}

// Drawer is a shelf that is being edited. It is of no use after Edit.
type Drawer[T Record] struct {
	kind   *shelfKind
	bucket *bbolt.Bucket
	sites  map[aggregate.Site]siteEntry
	all    map[uint32]T
}

// All are the records as they stand now, edits included.
func (d *Drawer[T]) All() map[uint32]T { return maps.Clone(d.all) }

// Add adds a record and returns its number. The error wraps ErrShelfFull or
// ErrNoSite.
func (d *Drawer[T]) Add(rec T) (id uint32, err error) {
	if len(d.all) >= d.kind.most {
		return 0, fmt.Errorf("%w: %d %s", ErrShelfFull, d.kind.most, d.kind.name)
	}
	if id, err = next(d.bucket); err != nil {
		return 0, err
	}
	return id, d.put(id, rec)
}

// Change replaces a record. The error wraps ErrNoRecord or ErrNoSite.
func (d *Drawer[T]) Change(id uint32, rec T) error {
	if _, ok := d.all[id]; !ok {
		return fmt.Errorf("%w: number %d of %s", ErrNoRecord, id, d.kind.name)
	}
	return d.put(id, rec)
}

func (d *Drawer[T]) put(id uint32, rec T) error {
	if site := rec.OfSite(); site != "" {
		if _, ok := d.sites[site]; !ok {
			return fmt.Errorf("%w: %s", ErrNoSite, site)
		}
	}
	v, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	d.all[id] = rec
	return d.bucket.Put(number(id), v)
}

// Remove ends a record, or returns ErrNoRecord.
func (d *Drawer[T]) Remove(id uint32) error {
	if _, ok := d.all[id]; !ok {
		return fmt.Errorf("%w: number %d of %s", ErrNoRecord, id, d.kind.name)
	}
	delete(d.all, id)
	return d.bucket.Delete(number(id))
}

// readShelves reads all shelves.
func readShelves(tx *bbolt.Tx) (map[*shelfKind]any, error) {
	shelves := map[*shelfKind]any{}
	for _, k := range shelfKinds {
		all, err := k.read(tx.Bucket([]byte(k.name)))
		if err != nil {
			return nil, err
		}
		shelves[k] = all
	}
	return shelves, nil
}

// clearShelves removes what belongs to a site.
func clearShelves(tx *bbolt.Tx, r *records, site aggregate.Site) error {
	for _, k := range shelfKinds {
		for id, owner := range k.owners(r.shelves[k]) {
			if owner != site {
				continue
			}
			if err := tx.Bucket([]byte(k.name)).Delete(number(id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// shelfOf finds a shelf by its bucket; nil if there is none.
func shelfOf(bucket string) *shelfKind {
	for _, k := range shelfKinds {
		if k.name == bucket {
			return k
		}
	}
	return nil
}
