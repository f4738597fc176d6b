package storage

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// While the file is copied, the blocks of days that are over are put into packs.
// Of live counters the newest two days stay as they are: commits write them all
// the time, and a block under its own key outdates the pack anyway.

// repacker copies the bucket of blocks.
type repacker struct {
	src     blocks
	records *records
	put     func(k, v []byte) error
	kept    map[string]bool // series and months whose blocks stay as they are
}

func copyBlocks(tx *bbolt.Tx, put func(k, v []byte) error) error {
	r, err := readRecords(tx)
	if err != nil {
		r = &records{} // a damaged file is copied as it is
	}
	p := &repacker{src: blocksOf(tx), records: r, put: put, kept: map[string]bool{}}
	const owner = 8 // bytes of site and import in a key
	c := p.src.Cursor()
	for k, v := c.First(); k != nil; {
		if len(k) < owner {
			if err := put(k, v); err != nil {
				return err
			}
			k, v = c.Next()
			continue
		}
		prefix := bytes.Clone(k[:owner])
		if err := p.copyImport(prefix); err != nil {
			return err
		}
		next := successor(prefix)
		if next == nil {
			return nil
		}
		k, v = c.Seek(next)
	}
	return nil
}

// copyImport copies the blocks of one site and import: packs first, as their keys
// stand first, then the rest.
func (p *repacker) copyImport(prefix []byte) error {
	limit := p.packable(prefix)
	for _, group := range p.groups(prefix, limit) {
		if err := p.copyGroup(group, limit); err != nil {
			return err
		}
	}
	c := p.src.Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if _, key, err := parseKey(k); err == nil {
			inPack := key.Span == packed || key.Span == aggregate.OneDay && key.Day <= limit
			if inPack && !p.kept[groupOf(k, key)] {
				continue
			}
		}
		if err := p.put(k, v); err != nil {
			return err
		}
	}
	return nil
}

// packable is the last day of a site and import that may be put into a pack.
func (p *repacker) packable(prefix []byte) aggregate.Day {
	site, id, err := ownerOf(prefix)
	if err != nil {
		return -farthest - 1
	}
	rec, known := p.records.imports[id]
	switch {
	case id != aggregate.Live && known && rec.Finished:
		return farthest
	case id != aggregate.Live:
		return -farthest - 1
	}
	_, last, ok, err := p.src.days(site, id)
	if err != nil || !ok {
		return -farthest - 1
	}
	return last - 2
}

func ownerOf(prefix []byte) (siteID, aggregate.ImportID, error) {
	site, k, err := parseKey(appendDay(append(bytes.Clone(prefix), byte(aggregate.OneDay), 0, 0), 0))
	return site, k.Import, err
}

// groupOf names the month of a series: it is the key of its pack.
func groupOf(stored []byte, k aggregate.Key) string {
	site := siteID(stored[0])<<24 | siteID(stored[1])<<16 | siteID(stored[2])<<8 | siteID(stored[3])
	return string(packKey(site, k))
}

// groups are the keys of the packs that there are or will be.
func (p *repacker) groups(prefix []byte, limit aggregate.Day) []string {
	all := map[string]bool{}
	c := p.src.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		_, key, err := parseKey(k)
		if err == nil && (key.Span == packed || key.Span == aggregate.OneDay && key.Day <= limit) {
			all[groupOf(k, key)] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// copyGroup writes the pack of a month of a series. What cannot be decoded is
// copied as it is: a damaged block must not keep anyone from saving the rest.
func (p *repacker) copyGroup(group string, limit aggregate.Day) error {
	pack, own, err := p.load([]byte(group), limit)
	if err != nil {
		p.kept[group] = true
		return nil
	}
	stored := p.src.Get([]byte(group))
	if len(own) == 0 {
		return p.put([]byte(group), stored)
	}
	days := mergeDays(pack, own, aggregate.Dimension(group[9]) == aggregate.None)
	if len(days) == 0 {
		return nil
	}
	fresh := appendPack(nil, days)
	if err := proveSame(fresh, days); err != nil {
		return fmt.Errorf("pack of %x: %w", group, err)
	}
	return p.put([]byte(group), fresh)
}

// load reads a pack and the blocks that may join it.
func (p *repacker) load(group []byte, limit aggregate.Day) (pack, own []dayBlock, err error) {
	month := dayOf(group)
	if stored := p.src.Get(group); stored != nil {
		if pack, err = unpack(stored, month); err != nil {
			return nil, nil, err
		}
	}
	series := bytes.Clone(group[:seriesSize])
	series[8] = byte(aggregate.OneDay)
	c := p.src.Cursor()
	for k, v := c.Seek(appendDay(bytes.Clone(series), month)); len(k) == keySize && bytes.HasPrefix(k, series); k, v = c.Next() {
		day := dayOf(k)
		if day > limit || day.Month() != month {
			break
		}
		b, err := DecodeBlock(v)
		if err != nil {
			return nil, nil, err
		}
		own = append(own, dayBlock{day, trim(b)})
	}
	return pack, own, nil
}

// mergeDays joins the days of a pack with those that outdate them. Only totals
// are kept without rows.
func mergeDays(pack, own []dayBlock, totals bool) (days []dayBlock) {
	for len(pack) > 0 || len(own) > 0 {
		if len(own) == 0 || len(pack) > 0 && pack[0].day < own[0].day {
			days, pack = append(days, pack[0]), pack[1:]
			continue
		}
		if len(pack) > 0 && pack[0].day == own[0].day {
			pack = pack[1:]
		}
		if totals || len(own[0].block.Rows) > 0 {
			days = append(days, own[0])
		}
		own = own[1:]
	}
	return days
}

// proveSame reads a pack back, day by day.
func proveSame(stored []byte, want []dayBlock) error {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	p, err := d.pack(stored, want[0].day.Month(), columnSet(nil))
	if err != nil {
		return err
	}
	var got aggregate.Block
	for _, w := range want {
		day, more, err := p.next(&got)
		if err != nil {
			return err
		}
		if !more || day != w.day || got.Meta != w.block.Meta || !sameRows(&got, w.block) {
			return fmt.Errorf("BUG: %v differs after packing", w.day)
		}
	}
	if p.current < len(p.days) {
		return fmt.Errorf("BUG: %d days became %d", len(want), len(p.days))
	}
	return nil
}

// sameRows compares rows by the values they stand for.
func sameRows(x, y *aggregate.Block) bool {
	return slices.EqualFunc(x.Rows, y.Rows, func(r, s aggregate.Row) bool {
		return r.Counts == s.Counts && x.A[r.A] == y.A[s.A] && (x.B == nil || x.B[r.B] == y.B[s.B])
	})
}

// looseDays is the most days of one site and import that could be packed and are
// not.
func looseDays(tx *bbolt.Tx, r *records) (most int) {
	p := &repacker{src: blocksOf(tx), records: r}
	count := func(site siteID, id aggregate.ImportID) {
		prefix := appendSeries(nil, site, id, aggregate.OneDay, aggregate.None, aggregate.None)
		limit, n := p.packable(prefix[:8]), 0
		c := p.src.Cursor()
		for k, _ := c.Seek(prefix); len(k) == keySize && bytes.HasPrefix(k, prefix) && dayOf(k) <= limit; k, _ = c.Next() {
			n++
		}
		most = max(most, n)
	}
	for site := range r.names {
		count(site, aggregate.Live)
		for _, id := range r.finished(site) {
			count(site, id)
		}
	}
	return most
}
