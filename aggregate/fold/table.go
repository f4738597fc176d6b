package fold

// Records are kept in chunks: growing a table never moves or doubles what it
// holds, and a snapshot can freeze a table by copying its list of chunks.
const chunkRecords = 1024

type chunk[T any] struct {
	records [chunkRecords]T
	frozen  uint64 // the number of freezes when the chunk was made: later ones share it
}

// table is an append-only array of pointer-free records.
//
// Copy on write: freeze returns a table that shares the chunks. While it is in
// use, mut copies a chunk before its first change, so that what was handed out
// never changes and its reader needs no lock.
type table[T any] struct {
	chunks  []*chunk[T]
	n       int
	freezes uint64 // freezes made so far
	held    int    // freezes in use
}

func (t *table[T]) len() int { return t.n }

// at reads record i. The pointer is good until the next mut or add.
func (t *table[T]) at(i uint32) *T {
	return &t.chunks[i/chunkRecords].records[i%chunkRecords]
}

// mut is at for writing.
func (t *table[T]) mut(i uint32) *T {
	c := t.chunks[i/chunkRecords]
	if t.held > 0 && c.frozen != t.freezes {
		own := *c
		own.frozen = t.freezes
		c = &own
		t.chunks[i/chunkRecords] = c
	}
	return &c.records[i%chunkRecords]
}

// add appends a zero record and returns its index.
func (t *table[T]) add() uint32 {
	if t.n == len(t.chunks)*chunkRecords {
		c := new(chunk[T])
		c.frozen = t.freezes
		t.chunks = append(t.chunks, c)
	}
	t.n++
	*t.mut(uint32(t.n - 1)) = *new(T)
	return uint32(t.n - 1)
}

// freeze returns the table as it is now, for reading only. thaw ends its use.
func (t *table[T]) freeze() table[T] {
	t.freezes++
	t.held++
	return table[T]{chunks: append([]*chunk[T](nil), t.chunks...), n: t.n}
}

func (t *table[T]) thaw() { t.held-- }

// anew returns an empty table to take the place of t; what was frozen of t is thawed
// there.
func (t *table[T]) anew() table[T] { return table[T]{freezes: t.freezes, held: t.held} }

// each calls fn for all records.
func (t *table[T]) each(fn func(*T)) {
	for i := range t.n {
		fn(t.at(uint32(i)))
	}
}
