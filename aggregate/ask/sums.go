package ask

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"footfall/aggregate"
)

// sums are the rows of a stretch of days, added up.
//
// They read like the rows of one day: the carried columns are those of the first
// day, later days were added uncarried. So begin applies to them as well.
type sums struct {
	a, b   []string // dictionaries
	rows   []aggregate.Row
	packed []byte // in place of rows, see pack
	n      int    // number of rows
	floor  uint32 // the highest floor that withheld links
	capped bool
}

// each calls fn for every row. The counts are borrowed, and fn may change them.
func (s *sums) each(fn func(a, b uint32, c *aggregate.Counts)) {
	var c aggregate.Counts
	if s.packed == nil {
		for i := range s.rows {
			c = s.rows[i].Counts
			fn(s.rows[i].A, s.rows[i].B, &c)
		}
		return
	}
	src := s.packed
	for range s.n {
		var a, b uint32
		c = aggregate.Counts{}
		a, b, src = unpackRow(src, &c)
		fn(a, b, &c)
	}
}

// pack replaces the rows by a form that takes about a quarter of the memory:
// uvarints of A, B and a mask of the columns that are not zero, then a varint
// for each of these. Its strings are copied, so that the sums hold on to nothing
// else that a block was read from.
func (s *sums) pack() {
	for _, dict := range []*[]string{&s.a, &s.b} {
		*dict = slices.Clone(*dict)
		for i, v := range *dict {
			(*dict)[i] = strings.Clone(v)
		}
	}
	dst := make([]byte, 0, len(s.rows)*24)
	for i := range s.rows {
		r := &s.rows[i]
		dst = binary.AppendUvarint(dst, uint64(r.A))
		dst = binary.AppendUvarint(dst, uint64(r.B))
		mask := uint64(0)
		for col, n := range r.Counts {
			if n != 0 {
				mask |= 1 << col
			}
		}
		dst = binary.AppendUvarint(dst, mask)
		for m := mask; m != 0; m &= m - 1 {
			dst = binary.AppendVarint(dst, r.Counts[bits.TrailingZeros64(m)])
		}
	}
	s.packed, s.rows = slices.Clip(dst), nil
}

func unpackRow(src []byte, c *aggregate.Counts) (a, b uint32, tail []byte) {
	x, i := binary.Uvarint(src)
	y, n := binary.Uvarint(src[i:])
	i += n
	mask, n := binary.Uvarint(src[i:])
	i += n
	for ; mask != 0; mask &= mask - 1 {
		v, n := binary.Varint(src[i:])
		i += n
		c[bits.TrailingZeros64(mask)] = v
	}
	return uint32(x), uint32(y), src[i:]
}

// size is about how many bytes the sums hold.
func (s *sums) size() int {
	n := 200 + len(s.packed) + len(s.rows)*(8+8*aggregate.Columns) + 16*(len(s.a)+len(s.b))
	for _, dict := range [][]string{s.a, s.b} {
		for _, v := range dict {
			n += (len(v) + 15) &^ 15
		}
	}
	return n
}

// adder adds blocks up.
type adder struct {
	sums
	ids   [2]map[string]uint32
	index map[uint64]uint32 // row of a pair of values
	remap [2][]uint32
}

// add adds a block; its first day gives all, a later one what it adds.
func (s *adder) add(b *aggregate.Block, first bool) {
	s.floor = max(s.floor, b.Meta.Floor)
	s.capped = s.capped || b.Meta.Cap > 0
	if s.n == 0 {
		s.takeOver(b, first)
		return
	}
	if s.index == nil {
		s.makeIndex()
	}
	s.a = s.number(0, s.a, b.A)
	s.b = s.number(1, s.b, b.B)
	for i := range b.Rows {
		r := b.Rows[i]
		if !first {
			r.Uncarry()
		}
		r.A = s.remap[0][r.A]
		if len(b.B) > 0 {
			r.B = s.remap[1][r.B]
		}
		k := uint64(r.A)<<32 | uint64(r.B)
		at, ok := s.index[k]
		if !ok {
			at = uint32(len(s.rows))
			s.index[k] = at
			s.rows = append(s.rows, aggregate.Row{A: r.A, B: r.B})
		}
		s.rows[at].Add(&r.Counts)
	}
	s.n = len(s.rows)
}

// takeOver starts with the first block; most stretches of one day have no other.
func (s *adder) takeOver(b *aggregate.Block, first bool) {
	s.a, s.b, s.rows, s.n = b.A, b.B, slices.Clone(b.Rows), len(b.Rows) // rows are only lent
	if !first {
		for i := range s.rows {
			s.rows[i].Uncarry()
		}
	}
}

// makeIndex prepares for a second block: from here on, the dictionaries are the
// adder's own, too.
func (s *adder) makeIndex() {
	s.a, s.b = slices.Clone(s.a), slices.Clone(s.b)
	s.index = make(map[uint64]uint32, 2*len(s.rows))
	for i := range s.rows {
		s.index[uint64(s.rows[i].A)<<32|uint64(s.rows[i].B)] = uint32(i)
	}
	for side, dict := range [][]string{s.a, s.b} {
		s.ids[side] = make(map[string]uint32, 2*len(dict))
		for i, v := range dict {
			s.ids[side][v] = uint32(i)
		}
	}
}

// number adds the values that dict lacks and fills remap.
func (s *adder) number(side int, dict, values []string) []string {
	remap := s.remap[side][:0]
	for _, v := range values {
		id, ok := s.ids[side][v]
		if !ok {
			id = uint32(len(dict))
			dict = append(dict, v)
			s.ids[side][v] = id
		}
		remap = append(remap, id)
	}
	s.remap[side] = remap
	return dict
}

// sums adds up the blocks of a and b over a stretch.
func (p *plan) sums(a, b aggregate.Dimension, s stretch) (*sums, error) {
	if b == aggregate.None {
		s.month = false
	}
	key := cacheKey{p.q.Site, a, b, s}
	value, token := p.a.cache.get(key)
	if value != nil {
		return value.(*sums), nil
	}
	var sum adder
	imports := p.everyone()&imported != 0
	err := p.a.blocks.Range(p.q.Site, imports, aggregate.OneDay, a, b, s.first, s.last,
		func(k aggregate.Key, block *aggregate.Block) error {
			if s.imports.has(k.Import) {
				sum.add(block, k.Day == s.first)
			}
			return nil
		})
	if err == nil && s.month {
		month := s.first.Month()
		err = p.a.blocks.Range(p.q.Site, imports, aggregate.OneMonth, a, b, month, month,
			func(k aggregate.Key, block *aggregate.Block) error {
				if p.everyone().has(k.Import) {
					sum.add(block, true)
				}
				return nil
			})
	}
	if err != nil {
		return nil, err
	}
	done := sum.sums // without the adder's maps
	if p.cacheable(s) {
		done.pack()
		p.a.cache.put(key, token, &done, done.size())
	}
	return &done, nil
}

// cacheable reports whether the sums of a stretch are worth keeping: not those of
// single days and weeks, of which a year has too many.
func (p *plan) cacheable(s stretch) bool {
	return worthKeeping(s) && p.grain != aggregate.Week && s.imports == p.everyone()
}

func worthKeeping(s stretch) bool { return s.last-s.first >= 4 }

// dayTotal is one row of a day's block of totals.
type dayTotal struct {
	day   aggregate.Day
	imp   aggregate.ImportID
	lossy bool
	// linked says that the day was closed: links of its visits are stored.
	linked bool
	// summary says that the day was imported as totals: it has hardly any links.
	summary bool
	counts  aggregate.Counts
}

// totals are the whole days' totals of a stretch.
func (p *plan) totals(s stretch) ([]dayTotal, error) {
	s.month = false
	if days, ok := p.seen[s]; ok {
		return days, nil
	}
	key := cacheKey{p.q.Site, aggregate.None, aggregate.None, s}
	value, token := p.a.cache.get(key)
	if value != nil {
		return value.([]dayTotal), nil
	}
	var all []dayTotal
	err := p.a.blocks.Range(p.q.Site, s.imports&imported != 0, aggregate.OneDay, aggregate.None, aggregate.None, s.first, s.last,
		func(k aggregate.Key, b *aggregate.Block) error {
			if !s.imports.has(k.Import) {
				return nil
			}
			t := dayTotal{day: k.Day, imp: k.Import, linked: b.Meta.Linked, lossy: b.Meta.Lossy || !b.Meta.Linked && k.Import == aggregate.Live}
			t.summary = !b.Meta.Linked && !t.lossy
			for i := range b.Rows {
				if b.A[b.Rows[i].A] == aggregate.TotalDay {
					t.counts = b.Rows[i].Counts
				}
			}
			all = append(all, t)
			return nil
		})
	if err != nil {
		return nil, err
	}
	if worthKeeping(s) && s.imports == p.everyone() {
		p.a.cache.put(key, token, all, 200+len(all)*(16+8*aggregate.Columns))
	} else {
		p.seen[s] = all
	}
	return all, nil
}
