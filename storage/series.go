package storage

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"go.etcd.io/bbolt"

	"footfall/aggregate"
)

// blocks is the bucket of blocks within a transaction. A day's block stands under
// its own key, or in the pack of its month; where it is in both, the pack is
// outdated. Without rows (and not being totals), the own key says that the block
// in the pack is gone.
type blocks struct{ *bbolt.Bucket }

func blocksOf(tx *bbolt.Tx) blocks { return blocks{tx.Bucket(blocksBucket)} }

func packKey(site siteID, k aggregate.Key) []byte {
	k.Span, k.Day = packed, k.Day.Month()
	return appendKey(nil, site, k)
}

// read is the block under a key, or nil. The error wraps ErrCorrupt.
func (b blocks) read(site siteID, k aggregate.Key) (block *aggregate.Block, err error) {
	if stored := b.Get(appendKey(nil, site, k)); stored != nil {
		block, err = DecodeBlock(stored)
	} else if k.Span == aggregate.OneDay {
		block, err = b.readPacked(site, k)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, describe(string(k.Site), k), err)
	}
	if block != nil && len(block.Rows) == 0 && k.A != aggregate.None {
		return nil, nil
	}
	return block, nil
}

func (b blocks) readPacked(site siteID, k aggregate.Key) (*aggregate.Block, error) {
	stored := b.Get(packKey(site, k))
	if stored == nil {
		return nil, nil
	}
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	p, err := d.pack(stored, k.Day.Month(), columnSet(nil))
	if err != nil {
		return nil, err
	}
	for _, day := range p.days {
		if day.day != k.Day {
			p.skip()
			continue
		}
		block := new(aggregate.Block)
		if _, _, err := p.next(block); err != nil {
			return nil, err
		}
		return trim(block), nil
	}
	return nil, nil
}

// isPacked reports whether the day's block is in a pack.
func (b blocks) isPacked(site siteID, k aggregate.Key) bool {
	if k.Span != aggregate.OneDay {
		return false
	}
	block, err := b.readPacked(site, k)
	return block != nil || err != nil
}

// days are the first and the last day of totals of a site and import.
func (b blocks) days(site siteID, imp aggregate.ImportID) (first, last aggregate.Day, ok bool, err error) {
	note := func(from, to aggregate.Day) {
		if !ok {
			first, last, ok = from, to, true
		}
		first, last = min(first, from), max(last, to)
	}
	c := b.Cursor()
	for _, span := range []aggregate.Span{aggregate.OneDay, packed} {
		prefix := appendSeries(nil, site, imp, span, aggregate.None, aggregate.None)
		head, headPack := c.Seek(prefix)
		if len(head) != keySize || !bytes.HasPrefix(head, prefix) {
			continue
		}
		// The last key of the series stands before the first of the next.
		step := c.Prev
		if next, _ := c.Seek(successor(prefix)); next == nil {
			step = c.Last
		}
		tail, tailPack := step()
		from, to := dayOf(head), dayOf(tail)
		if span == packed {
			if from, _, err = packedDays(headPack, from); err == nil {
				_, to, err = packedDays(tailPack, to)
			}
			if err != nil {
				return 0, 0, false, fmt.Errorf("%w: %w", ErrCorrupt, err)
			}
		}
		note(from, to)
	}
	return first, last, ok, nil
}

// batchSize is about how many bytes are copied out of one read transaction.
const batchSize = 4 << 20

// reader reads series block by block, outside of transactions.
type reader struct {
	db    *DB
	q     BlockRange
	want  uint64
	buf   []byte // stored blocks and packs, copied
	parts []part
	loose *decoder // for blocks
	pack  *decoder // for packs
	block aggregate.Block
}

// part is a stored block or pack in the buffer. The pack of a month stands before
// the blocks of its days.
type part struct {
	packed     bool
	day        aggregate.Day
	start, end int
}

var readers = sync.Pool{New: func() any { return &reader{loose: new(decoder), pack: new(decoder)} }}

func newReader(db *DB, q BlockRange) *reader {
	r := readers.Get().(*reader)
	r.db, r.q, r.want = db, q, columnSet(q.Columns)
	r.q.First, r.q.Last = max(q.First, -farthest), min(q.Last, farthest)
	return r
}

func (r *reader) free() {
	r.db, r.block.A, r.block.B = nil, nil, nil
	readers.Put(r)
}

// series calls fn for the blocks of one import in the range.
func (r *reader) series(site siteID, imp aggregate.ImportID, fn func(aggregate.Key, *aggregate.Block) error) error {
	k := aggregate.Key{Site: r.q.Site, Import: imp, Span: r.q.Span, A: r.q.A, B: r.q.B}
	for from := r.q.First; from <= r.q.Last; {
		r.buf, r.parts = r.buf[:0], r.parts[:0]
		err := r.db.view(func(tx *bbolt.Tx) error {
			from = r.gather(blocksOf(tx), site, k, from)
			return nil
		})
		if err != nil {
			return err
		}
		for i := 0; i < len(r.parts); {
			n := i + 1
			for n < len(r.parts) && !r.parts[n].packed && r.parts[n].day.Month() == r.parts[i].day.Month() {
				n++
			}
			if err := r.month(k, r.parts[i:n], fn); err != nil {
				return err
			}
			i = n
		}
	}
	return nil
}

// gather copies what is stored from a day on, month by month, until the buffer is
// full, and returns the day to go on with.
func (r *reader) gather(b blocks, site siteID, k aggregate.Key, from aggregate.Day) aggregate.Day {
	own := appendSeries(nil, site, k.Import, k.Span, k.A, k.B)
	inPacks := appendSeries(nil, site, k.Import, packed, k.A, k.B)
	c, p := b.Cursor(), b.Cursor()
	for from <= r.q.Last && len(r.buf) < batchSize {
		day, month := r.q.Last+1, r.q.Last+1
		key, v := c.Seek(appendDay(slices.Clone(own), from))
		if len(key) == keySize && bytes.HasPrefix(key, own) {
			day = dayOf(key)
		}
		if k.Span == aggregate.OneDay {
			pk, pv := p.Seek(appendDay(slices.Clone(inPacks), from.Month()))
			if len(pk) == keySize && bytes.HasPrefix(pk, inPacks) {
				month = dayOf(pk)
			}
			if month <= r.q.Last && month <= day {
				r.copy(true, month, pv)
			}
		}
		next := min(day, month)
		if next > r.q.Last {
			return next
		}
		end := min(next.AddMonths(1), r.q.Last+1)
		for ; len(key) == keySize && bytes.HasPrefix(key, own) && dayOf(key) < end; key, v = c.Next() {
			r.copy(false, dayOf(key), v)
		}
		from = next.AddMonths(1)
	}
	return from
}

func (r *reader) copy(packed bool, day aggregate.Day, v []byte) {
	start := len(r.buf)
	r.buf = append(r.buf, v...)
	r.parts = append(r.parts, part{packed, day, start, len(r.buf)})
}

// month calls fn for the blocks of a month, given its pack, if any, and the
// blocks that stand under their own keys.
func (r *reader) month(k aggregate.Key, parts []part, fn func(aggregate.Key, *aggregate.Block) error) (err error) {
	var p *packReader
	if parts[0].packed {
		k.Day = parts[0].day
		if p, err = r.pack.pack(r.buf[parts[0].start:parts[0].end], k.Day, r.want); err != nil {
			return r.damaged(k, err)
		}
		parts = parts[1:]
	}
	for {
		fromPack := p != nil && p.current < len(p.days)
		switch {
		case fromPack && p.days[p.current].day < r.q.First, fromPack && p.days[p.current].day > r.q.Last,
			fromPack && len(parts) > 0 && parts[0].day == p.days[p.current].day:
			p.skip()
			continue
		case !fromPack && len(parts) == 0:
			return nil
		case fromPack && (len(parts) == 0 || p.days[p.current].day < parts[0].day):
			k.Day, _, err = p.next(&r.block)
		default:
			k.Day = parts[0].day
			err = r.loose.decode(r.buf[parts[0].start:parts[0].end], r.want, &r.block)
			parts = parts[1:]
		}
		if err != nil {
			return r.damaged(k, err)
		}
		if len(r.block.Rows) == 0 && k.A != aggregate.None {
			continue
		}
		if err := fn(k, &r.block); err != nil {
			return err
		}
	}
}

func (r *reader) damaged(k aggregate.Key, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrCorrupt, describe(string(k.Site), k), err)
}
