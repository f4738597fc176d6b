package importer

import "slices"

// hold keeps copies of lines and gives them back by time, lines of one time in
// the order in which they came.
type hold struct {
	heap  []held // a binary heap; the earliest is the first
	bytes int
	seq   uint64
	slab  []byte // where the next line is copied to
}

type held struct {
	at   int64
	seq  uint64
	line []byte
}

// heldCost is what a held line takes beside its bytes.
const heldCost = 40

const slabSize = 256 << 10

func (a *held) before(b *held) bool { return a.at < b.at || a.at == b.at && a.seq < b.seq }

func (h *hold) empty() bool { return len(h.heap) == 0 }

// first is the earliest time held.
func (h *hold) first() int64 { return h.heap[0].at }

func (h *hold) push(at int64, line []byte) {
	h.seq++
	h.bytes += len(line) + heldCost
	h.heap = append(h.heap, held{at, h.seq, h.copy(line)})
	for i := len(h.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.heap[i].before(&h.heap[parent]) {
			break
		}
		h.heap[i], h.heap[parent] = h.heap[parent], h.heap[i]
		i = parent
	}
}

// pop takes the earliest line out. Its bytes are the caller's.
func (h *hold) pop() (at int64, line []byte) {
	first, last := h.heap[0], len(h.heap)-1
	h.heap[0], h.heap[last] = h.heap[last], held{}
	h.heap = h.heap[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if h.heap[child].before(&h.heap[least]) {
				least = child
			}
		}
		if least == i {
			break
		}
		h.heap[i], h.heap[least] = h.heap[least], h.heap[i]
		i = least
	}
	h.bytes -= len(first.line) + heldCost
	return first.at, first.line
}

// copy keeps a line in a slab shared with its neighbours, which leave at about
// the same time.
func (h *hold) copy(line []byte) []byte {
	if len(line) > slabSize/8 {
		return slices.Clone(line)
	}
	if cap(h.slab)-len(h.slab) < len(line) {
		h.slab = make([]byte, 0, slabSize)
	}
	start := len(h.slab)
	h.slab = append(h.slab, line...)
	return h.slab[start:len(h.slab):len(h.slab)]
}
