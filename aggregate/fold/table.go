package fold

// Records are kept in chunks: growing a table never moves or doubles what it
// holds, and a snapshot can freeze a table by copying its list of chunks.
const chunkRecords = 1024

type chunk[T any] struct {
	records [chunkRecords]T
	frozen  uint64 // number of the freeze that shares this chunk; see table.mut
}

// table is an append-only array of pointer-free records.
//
// Copy on write: freeze hands out the list of chunks as it is. While the freeze
// lasts, mut copies a chunk before its first change, so that what was handed out
// never changes and its reader needs no lock.
type table[T any] struct {
	chunks []*chunk[T]
	n      int
	freeze uint64 // number of the freeze under way or last made
	held   bool   // a freeze is under way
}

func (t *table[T]) len() int { return t.n }

// at reads record i. The pointer is good until the next mut or add.
func (t *table[T]) at(i uint32) *T {
	return &t.chunks[i/chunkRecords].records[i%chunkRecords]
}

// mut is at for writing.
func (t *table[T]) mut(i uint32) *T {
	c := t.chunks[i/chunkRecords]
	if t.held && c.frozen != t.freeze {
		own := *c
		own.frozen = t.freeze
		c = &own
		t.chunks[i/chunkRecords] = c
	}
	return &c.records[i%chunkRecords]
}

// add appends a zero record and returns its index.
func (t *table[T]) add() uint32 {
	if t.n == len(t.chunks)*chunkRecords {
		c := new(chunk[T])
		c.frozen = t.freeze
		t.chunks = append(t.chunks, c)
	}
	t.n++
	*t.mut(uint32(t.n - 1)) = *new(T)
	return uint32(t.n - 1)
}

// frozenTable is a table as it was at one moment.
type frozenTable[T any] struct {
	chunks []*chunk[T]
	n      int
}

func (t *table[T]) hold() frozenTable[T] {
	t.freeze++
	t.held = true
	return frozenTable[T]{append([]*chunk[T](nil), t.chunks...), t.n}
}

func (t *table[T]) release() { t.held = false }

// each calls fn for all records.
func (f *frozenTable[T]) each(fn func(*T)) {
	for i := range f.n {
		fn(&f.chunks[i/chunkRecords].records[i%chunkRecords])
	}
}
