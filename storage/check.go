package storage

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// maxViolations is how many violations are told one by one.
const maxViolations = 10_000

// Check proves the file and calls fn for every violation, after the file was
// read. Writing waits while the structure is proved. It proves
//
//   - the structure of the file, as bbolt sees it;
//   - the layout: buckets, the shapes of keys, records that belong to something;
//   - every block: checksum, order of values and rows, no empty rows;
//   - the numbers of each day and import (P12), see checkDay;
//   - that links add up over months in which nothing was lost, see checkPair.
//
// The error is ErrClosed, ErrCorrupt where the file cannot be walked at all, or
// that of the disk.
func (db *DB) Check(fn func(violation string)) error {
	c := &checker{}
	err := db.structure(c)
	if err == nil {
		err = db.view(func(tx *bbolt.Tx) error { return c.all(tx) })
	}
	for _, v := range c.violations {
		fn(v)
	}
	if c.more > 0 {
		fn(fmt.Sprintf("and %d more", c.more))
	}
	return err
}

// structure lets bbolt check its pages. No writer may run meanwhile.
func (db *DB) structure(c *checker) error {
	db.write.Lock()
	defer db.write.Unlock()
	return db.view(func(tx *bbolt.Tx) error {
		if ok, err := inBounds(db.path, func(format string, args ...any) {
			c.violate("structure: "+format, args...)
		}); err != nil || !ok {
			return err
		}
		for err := range tx.Check() {
			c.violate("structure: %v", err)
		}
		return nil
	})
}

type checker struct {
	violations []string
	more       int
	records    *records
	blocks     blocks
}

func (c *checker) violate(format string, args ...any) {
	if len(c.violations) >= maxViolations {
		c.more++
		return
	}
	c.violations = append(c.violations, fmt.Sprintf(format, args...))
}

func (c *checker) all(tx *bbolt.Tx) error {
	if _, _, err := readHead(tx); err != nil {
		c.violate("%v", err)
		return nil
	}
	var err error
	if c.records, err = readRecords(tx); err != nil {
		c.violate("%v", err)
		return nil
	}
	c.layout(tx)
	c.blocks = blocksOf(tx)
	c.everyBlock()
	for _, site := range slices.Sorted(maps.Keys(c.records.names)) {
		c.counters(site, aggregate.Live)
		for _, id := range c.records.finished(site) {
			c.counters(site, id)
		}
	}
	return nil
}

// layout proves that there are no other buckets, and that records belong.
func (c *checker) layout(tx *bbolt.Tx) {
	_ = tx.ForEach(func(name []byte, _ *bbolt.Bucket) error { // fn returns no error
		known := func(b []byte) bool { return bytes.Equal(b, name) }
		if !slices.ContainsFunc(buckets, known) && shelfOf(string(name)) == nil {
			c.violate("layout: unknown bucket %q", name)
		}
		return nil
	})
	_ = tx.Bucket(metaBucket).ForEach(func(k, v []byte) error {
		if !bytes.Equal(k, layoutKey) && !bytes.Equal(k, idKey) && !bytes.Equal(k, commitKey) {
			c.violate("layout: unknown key %q in bucket meta", k)
		}
		return nil
	})
	if len(c.records.names) != len(c.records.sites) {
		c.violate("layout: %d site records for %d sites", len(c.records.names), len(c.records.sites))
	}
	for id, rec := range c.records.imports {
		if _, ok := c.records.names[rec.Site]; !ok {
			c.violate("layout: import %d is of site %d, which does not exist", id, rec.Site)
		}
	}
	for _, k := range shelfKinds {
		for id, site := range k.owners(c.records.shelves[k]) {
			if _, ok := c.records.sites[site]; site != "" && !ok {
				c.violate("layout: number %d of %s is of site %s, which does not exist", id, k.name, site)
			}
		}
	}
}

// everyBlock proves each block by itself.
func (c *checker) everyBlock() {
	_ = c.blocks.ForEach(func(k, v []byte) error { // fn returns no error
		id, key, err := parseKey(k)
		if err != nil {
			c.violate("layout: block key %x: %v", k, err)
			return nil
		}
		name, ok := c.records.names[id]
		if !ok {
			c.violate("layout: block key %x is of site %d, which does not exist", k, id)
			return nil
		}
		key.Site = name
		if rec, ok := c.records.imports[key.Import]; key.Import != aggregate.Live && (!ok || rec.Site != id) {
			c.violate("%s: there is no such import", describe(string(name), key))
		}
		days, err := decodeStored(key, v)
		if err != nil {
			c.violate("%s: %v", describe(string(name), key), err)
			return nil
		}
		for _, d := range days {
			if key.Span == packed {
				key.Day = d.day
			}
			c.block(key, d.block)
			key.Day = key.Day.Month()
		}
		return nil
	})
}

// decodeStored reads what stands under a key: a block, or the blocks of a pack.
func decodeStored(k aggregate.Key, stored []byte) ([]dayBlock, error) {
	if k.Span == packed {
		return unpack(stored, k.Day)
	}
	b, err := DecodeBlock(stored)
	return []dayBlock{{k.Day, b}}, err
}

// carriedOf tells which column a carried column is a part of.
var carriedOf = map[aggregate.Column]aggregate.Column{
	aggregate.CarriedVisitors:      aggregate.Visitors,
	aggregate.CarriedVisits:        aggregate.Visits,
	aggregate.CarriedEngagedVisits: aggregate.EngagedVisits,
	aggregate.CarriedScroll:        aggregate.Scroll,
	aggregate.CarriedScrollVisits:  aggregate.ScrollVisits,
}

func (c *checker) block(key aggregate.Key, b *aggregate.Block) {
	name := func() string { return describe(string(key.Site), key) }
	if err := checkBlock(key, b); err != nil {
		c.violate("%s: %v", name(), err)
		return
	}
	for i := range b.Rows {
		r := &b.Rows[i]
		for col, n := range r.Counts {
			if n < 0 {
				c.violate("%s: row %d: %s is %d", name(), i, columnNames[col], n)
			}
		}
		for part, whole := range carriedOf {
			if r.Counts[part] > r.Counts[whole] {
				c.violate("%s: row %d: %s is %d of %s %d", name(), i,
					columnNames[part], r.Counts[part], columnNames[whole], r.Counts[whole])
			}
		}
		if r.Counts[aggregate.Bounces] > r.Counts[aggregate.Starts] {
			c.violate("%s: row %d: %d bounces of %d visits started", name(), i,
				r.Counts[aggregate.Bounces], r.Counts[aggregate.Starts])
		}
	}
	if key.A == aggregate.None {
		c.totalValues(name, b)
	}
}

func (c *checker) totalValues(name func() string, b *aggregate.Block) {
	for _, v := range b.A {
		if v == aggregate.TotalDay || len(v) == 2 && v >= "00" && v <= "23" {
			continue
		}
		c.violate("%s: %q is no hour", name(), v)
	}
}

// checkBlock proves the order of a block: what AppendBlock and DecodeBlock rely
// on. The error wraps ErrBlock.
func checkBlock(key aggregate.Key, b *aggregate.Block) error {
	for _, values := range [][]string{b.A, b.B} {
		for i, v := range values {
			if i > 0 && v <= values[i-1] {
				return fmt.Errorf("%w: value %d of %d is not after the one before", ErrBlock, i, len(values))
			}
			if len(v) > maxValue {
				return fmt.Errorf("%w: value %d has %d bytes, at most %d possible", ErrBlock, i, len(v), maxValue)
			}
		}
	}
	if (key.B == aggregate.None) != (len(b.B) == 0) && len(b.Rows) > 0 {
		return fmt.Errorf("%w: %d values of B in a block of %v and %v", ErrBlock, len(b.B), key.A, key.B)
	}
	if max(len(b.A), len(b.B), len(b.Rows)) > maxEntries {
		return fmt.Errorf("%w: more than %d values or rows", ErrBlock, maxEntries)
	}
	for i := range b.Rows {
		r := &b.Rows[i]
		if int(r.A) >= len(b.A) || int(r.B) >= max(1, len(b.B)) {
			return fmt.Errorf("%w: row %d is of values %d and %d, there are %d and %d", ErrBlock, i, r.A, r.B, len(b.A), len(b.B))
		}
		if i > 0 && compareRows(b.Rows[i-1], *r) >= 0 {
			return fmt.Errorf("%w: row %d of %d is not after the one before", ErrBlock, i, len(b.Rows))
		}
		if r.Zero() {
			return fmt.Errorf("%w: row %d is all zero", ErrBlock, i)
		}
	}
	return nil
}
