package storage

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// SiteRecord is a site with its settings.
type SiteRecord struct {
	Site     aggregate.Site     `json:"site"`
	Settings aggregate.Settings `json:"settings"`
}

// Token is what is known of a token: everything but the token itself.
type Token struct {
	Name   string           `json:"name"`
	Sites  []aggregate.Site `json:"sites"` // empty: every site
	Scopes []string         `json:"scopes"`
	Used   aggregate.Day    `json:"used,omitempty"` // when it was used last; 0 = never
}

// Allows reports whether the token opens this scope of this site.
func (t *Token) Allows(site aggregate.Site, scope string) bool {
	return slices.Contains(t.Scopes, scope) && (len(t.Sites) == 0 || slices.Contains(t.Sites, site))
}

// Import is the record of an import.
type Import struct {
	ID       aggregate.ImportID `json:"id"`
	Site     aggregate.Site     `json:"site"`
	Format   string             `json:"format"`
	Note     string             `json:"note"` // for people: a file's name, say
	Finished bool               `json:"finished"`
	// Sums are the first 32 bits of the SHA-256 of each file that was read, in
	// hexadecimal digits: no more, because files hold addresses.
	Sums []string `json:"sums,omitempty"`
}

// importRecord is an import as it is stored.
type importRecord struct {
	Site     siteID   `json:"site"`
	Format   string   `json:"format"`
	Note     string   `json:"note"`
	Finished bool     `json:"finished"`
	Sums     []string `json:"sums,omitempty"`
}

// records are the small buckets in memory. They are never changed, but replaced.
type records struct {
	sites   map[aggregate.Site]siteEntry
	names   map[siteID]aggregate.Site
	tokens  map[[sha256.Size]byte]Token
	imports map[aggregate.ImportID]importRecord
	shelves map[*shelfKind]any // of each shelf, a map[uint32]T
}

type siteEntry struct {
	id       siteID
	settings aggregate.Settings
}

// finished are the ids of the site's finished imports, in ascending order.
func (r *records) finished(site siteID) []aggregate.ImportID {
	var ids []aggregate.ImportID
	for id, rec := range r.imports {
		if rec.Site == site && rec.Finished {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// reload reads the small buckets again. The caller holds write, or is Open.
func (db *DB) reload() error {
	return db.view(func(tx *bbolt.Tx) error {
		r, err := readRecords(tx)
		if err == nil {
			db.records.Store(r)
		}
		return err
	})
}

func readRecords(tx *bbolt.Tx) (*records, error) {
	r := &records{sites: map[aggregate.Site]siteEntry{}, names: map[siteID]aggregate.Site{},
		tokens: map[[sha256.Size]byte]Token{}, imports: map[aggregate.ImportID]importRecord{}}
	err := tx.Bucket(sitesBucket).ForEach(func(k, v []byte) error {
		rec := SiteRecord{Settings: aggregate.DefaultSettings()}
		id, err := numbered(k, v, &rec, "site")
		r.sites[rec.Site] = siteEntry{siteID(id), rec.Settings}
		r.names[siteID(id)] = rec.Site
		return err
	})
	if err != nil {
		return nil, err
	}
	err = tx.Bucket(importsBucket).ForEach(func(k, v []byte) error {
		var rec importRecord
		id, err := numbered(k, v, &rec, "import")
		r.imports[aggregate.ImportID(id)] = rec
		return err
	})
	if err != nil {
		return nil, err
	}
	err = tx.Bucket(tokensBucket).ForEach(func(k, v []byte) error {
		var t Token
		if len(k) != sha256.Size {
			return fmt.Errorf("%w: token key has %d bytes, want %d", ErrCorrupt, len(k), sha256.Size)
		}
		err := decodeRecord(v, &t, "token")
		r.tokens[[sha256.Size]byte(k)] = t
		return err
	})
	if err != nil {
		return nil, err
	}
	r.shelves, err = readShelves(tx)
	return r, err
}

// numbered reads a record whose key is a number of 4 bytes.
func numbered(k, v []byte, rec any, kind string) (uint32, error) {
	if len(k) != 4 {
		return 0, fmt.Errorf("%w: %s key has %d bytes, want 4", ErrCorrupt, kind, len(k))
	}
	return binary.BigEndian.Uint32(k), decodeRecord(v, rec, kind)
}

// decodeRecord refuses unknown keys: a record holds what the layout says, and
// nothing else.
func decodeRecord(v []byte, rec any, kind string) error {
	d := json.NewDecoder(bytes.NewReader(v))
	d.DisallowUnknownFields()
	if err := d.Decode(rec); err != nil {
		return fmt.Errorf("%w: %s record of %d bytes: %v", ErrCorrupt, kind, len(v), err)
	}
	return nil
}

func put(b *bbolt.Bucket, key []byte, rec any) error {
	v, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	return b.Put(key, v)
}

func number(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// next is the next number of a bucket; numbers never return.
func next(b *bbolt.Bucket) (uint32, error) {
	n, err := b.NextSequence()
	if err == nil && n >= 1<<32 {
		err = fmt.Errorf("numbers are used up")
	}
	return uint32(n), err
}

// change is update for the small buckets: whatever became of the transaction,
// the records in memory are those of the file again.
func (db *DB) change(op string, fn func(*bbolt.Tx, *records) error) error {
	db.write.Lock()
	defer db.write.Unlock()
	err := db.update(op, func(tx *bbolt.Tx) error { return fn(tx, db.records.Load()) })
	if reloaded := db.reload(); err == nil {
		err = reloaded
	}
	return err
}

// AddSite adds a site, or returns ErrSiteExists.
func (db *DB) AddSite(site aggregate.Site, settings aggregate.Settings) error {
	return db.change("add site", func(tx *bbolt.Tx, r *records) error {
		if _, ok := r.sites[site]; ok {
			return fmt.Errorf("%w: %s", ErrSiteExists, site)
		}
		id, err := next(tx.Bucket(sitesBucket))
		if err != nil {
			return err
		}
		return put(tx.Bucket(sitesBucket), number(id), SiteRecord{site, settings})
	})
}

// SetSettings replaces a site's settings, or returns ErrNoSite.
func (db *DB) SetSettings(site aggregate.Site, settings aggregate.Settings) error {
	return db.change("change site", func(tx *bbolt.Tx, r *records) error {
		entry, ok := r.sites[site]
		if !ok {
			return fmt.Errorf("%w: %s", ErrNoSite, site)
		}
		return put(tx.Bucket(sitesBucket), number(uint32(entry.id)), SiteRecord{site, settings})
	})
}

// ChangeSettings changes a site's settings in one piece with reading them, and
// returns them. The error is change's own, of which nothing comes, ErrNoSite or that
// of the disk.
func (db *DB) ChangeSettings(site aggregate.Site, change func(*aggregate.Settings) error) (settings aggregate.Settings, err error) {
	err = db.change("change site", func(tx *bbolt.Tx, r *records) error {
		entry, ok := r.sites[site]
		if !ok {
			return fmt.Errorf("%w: %s", ErrNoSite, site)
		}
		settings = entry.settings
		if err := change(&settings); err != nil {
			return err
		}
		return put(tx.Bucket(sitesBucket), number(uint32(entry.id)), SiteRecord{site, settings})
	})
	return settings, err
}

// RemoveSite removes a site with all that is its own, or returns ErrNoSite.
// What was removed can be found in free pages until the next Compact.
func (db *DB) RemoveSite(site aggregate.Site) error {
	return db.change("remove site", func(tx *bbolt.Tx, r *records) error {
		entry, ok := r.sites[site]
		if !ok {
			return fmt.Errorf("%w: %s", ErrNoSite, site)
		}
		for id, rec := range r.imports {
			if rec.Site != entry.id {
				continue
			}
			if err := tx.Bucket(importsBucket).Delete(number(uint32(id))); err != nil {
				return err
			}
		}
		if err := clearShelves(tx, r, site); err != nil {
			return err
		}
		if err := closeTokens(tx, r, site); err != nil {
			return err
		}
		if _, err := deletePrefix(tx, number(uint32(entry.id))); err != nil {
			return err
		}
		return tx.Bucket(sitesBucket).Delete(number(uint32(entry.id)))
	})
}

// closeTokens takes a site from the tokens that open it, and ends those that open
// nothing else: a site that is added again under the name is another one.
func closeTokens(tx *bbolt.Tx, r *records, site aggregate.Site) error {
	for sum, t := range r.tokens {
		if !slices.Contains(t.Sites, site) {
			continue
		}
		var err error
		if t.Sites = slices.DeleteFunc(slices.Clone(t.Sites), func(s aggregate.Site) bool { return s == site }); len(t.Sites) == 0 {
			err = tx.Bucket(tokensBucket).Delete(sum[:])
		} else {
			err = put(tx.Bucket(tokensBucket), sum[:], t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Sites are all sites, sorted by name.
func (db *DB) Sites() []SiteRecord {
	r := db.records.Load()
	var all []SiteRecord
	for _, site := range slices.Sorted(maps.Keys(r.sites)) {
		all = append(all, SiteRecord{site, r.sites[site].settings})
	}
	return all
}

// Site is the record of one site.
func (db *DB) Site(site aggregate.Site) (SiteRecord, bool) {
	settings, ok := db.Settings(site)
	return SiteRecord{site, settings}, ok
}

// Settings are the settings of a site. It takes no lock and allocates nothing:
// every beacon asks. The slices of the result must not be changed.
func (db *DB) Settings(site aggregate.Site) (aggregate.Settings, bool) {
	entry, ok := db.records.Load().sites[site]
	return entry.settings, ok
}

// tokenPrefix makes a leaked token recognizable, for people and for scanners.
const tokenPrefix = "footfall_"

// AddToken makes a token of 192 random bits. The result is the only copy there
// ever is: stored is its SHA-256. Without sites it covers all. The error is
// ErrTokenExists, ErrNoSite or that of the disk.
func (db *DB) AddToken(name string, sites []aggregate.Site, scopes []string) (plaintext string, err error) {
	secret := make([]byte, 24)
	if _, err := io.ReadFull(db.options.Random, secret); err != nil {
		return "", fmt.Errorf("make token: %w", err)
	}
	plaintext = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	err = db.change("add token", func(tx *bbolt.Tx, r *records) error {
		for _, t := range r.tokens {
			if t.Name == name {
				return fmt.Errorf("%w: %s", ErrTokenExists, name)
			}
		}
		for _, site := range sites {
			if _, ok := r.sites[site]; !ok {
				return fmt.Errorf("%w: %s", ErrNoSite, site)
			}
		}
		sum := sha256.Sum256([]byte(plaintext))
		return put(tx.Bucket(tokensBucket), sum[:], Token{Name: name, Sites: slices.Clone(sites), Scopes: slices.Clone(scopes)})
	})
	if err != nil {
		return "", err
	}
	return plaintext, nil
}

// CheckToken finds the token that plaintext is. It takes no lock. Looking up the
// hash gives away nothing about the tokens there are.
func (db *DB) CheckToken(plaintext string) (Token, bool) {
	t, ok := db.records.Load().tokens[sha256.Sum256([]byte(plaintext))]
	return t, ok
}

// Tokens are all tokens, sorted by name.
func (db *DB) Tokens() []Token {
	return slices.SortedFunc(maps.Values(db.records.Load().tokens),
		func(a, b Token) int { return cmp.Compare(a.Name, b.Name) })
}

// UseToken writes down that a token was used on a day, or returns ErrNoToken.
func (db *DB) UseToken(name string, day aggregate.Day) error {
	return db.change("use token", func(tx *bbolt.Tx, r *records) error {
		for sum, t := range r.tokens {
			if t.Name == name {
				t.Used = day
				return put(tx.Bucket(tokensBucket), sum[:], t)
			}
		}
		return fmt.Errorf("%w: %s", ErrNoToken, name)
	})
}

// RemoveToken ends a token, or returns ErrNoToken.
func (db *DB) RemoveToken(name string) error {
	return db.change("remove token", func(tx *bbolt.Tx, r *records) error {
		for sum, t := range r.tokens {
			if t.Name == name {
				return tx.Bucket(tokensBucket).Delete(sum[:])
			}
		}
		return fmt.Errorf("%w: %s", ErrNoToken, name)
	})
}

// BeginImport opens an import: from now on commits may hold blocks with its id,
// which nobody sees before FinishImport. sums are those of the files, see Import.
// The error is ErrNoSite or that of the disk.
func (db *DB) BeginImport(site aggregate.Site, format, note string, sums ...string) (id aggregate.ImportID, err error) {
	err = db.change("begin import", func(tx *bbolt.Tx, r *records) error {
		entry, ok := r.sites[site]
		if !ok {
			return fmt.Errorf("%w: %s", ErrNoSite, site)
		}
		n, err := next(tx.Bucket(importsBucket))
		if err != nil {
			return err
		}
		id = aggregate.ImportID(n)
		return put(tx.Bucket(importsBucket), number(n), importRecord{Site: entry.id, Format: format, Note: note, Sums: slices.Clone(sums)})
	})
	return id, err
}

// FinishImport makes an import visible and closes it for writing. The error is
// ErrNoImport or that of the disk.
func (db *DB) FinishImport(id aggregate.ImportID) error {
	return db.change("finish import", func(tx *bbolt.Tx, r *records) error {
		rec, ok := r.imports[id]
		if !ok || rec.Finished {
			return fmt.Errorf("%w in progress: %d", ErrNoImport, id)
		}
		rec.Finished = true
		return put(tx.Bucket(importsBucket), number(uint32(id)), rec)
	})
}

// RemoveImport removes an import, finished or not, with its blocks. The error is
// ErrNoImport or that of the disk.
func (db *DB) RemoveImport(id aggregate.ImportID) error {
	return db.change("remove import", func(tx *bbolt.Tx, r *records) error {
		rec, ok := r.imports[id]
		if !ok {
			return fmt.Errorf("%w: %d", ErrNoImport, id)
		}
		return deleteImport(tx, id, rec)
	})
}

func deleteImport(tx *bbolt.Tx, id aggregate.ImportID, rec importRecord) error {
	prefix := append(number(uint32(rec.Site)), number(uint32(id))...)
	if _, err := deletePrefix(tx, prefix); err != nil {
		return err
	}
	return tx.Bucket(importsBucket).Delete(number(uint32(id)))
}

// discardUnfinished removes the imports that ended with their process.
func (db *DB) discardUnfinished() error {
	unfinished := false
	for _, rec := range db.records.Load().imports {
		unfinished = unfinished || !rec.Finished
	}
	if !unfinished {
		return nil
	}
	return db.change("discard unfinished imports", func(tx *bbolt.Tx, r *records) error {
		for id, rec := range r.imports {
			if rec.Finished {
				continue
			}
			if err := deleteImport(tx, id, rec); err != nil {
				return err
			}
		}
		return nil
	})
}

// Imports are the imports of a site, or of all sites for "", in the order of
// their ids.
func (db *DB) Imports(site aggregate.Site) []Import {
	r := db.records.Load()
	var all []Import
	for _, id := range slices.Sorted(maps.Keys(r.imports)) {
		rec := r.imports[id]
		if name := r.names[rec.Site]; site == "" || name == site {
			all = append(all, Import{id, name, rec.Format, rec.Note, rec.Finished, rec.Sums})
		}
	}
	return all
}
