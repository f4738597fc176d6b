package ask

import (
	"strings"

	"footfall/aggregate"
)

// grid holds the cells of an answer: one for each bucket and combination of
// labels.
type grid struct {
	width  int // labels of a combination
	tuples map[string]int32
	labels [][]string // by tuple
	index  map[uint64]int32
	direct []int32 // index, where there is one bucket: by tuple, -1 = none
	one    bool
	cells  []cell
	key    []byte
}

// cell is one row under construction.
type cell struct {
	bucket, tuple int32
	counts        aggregate.Counts

	// What is not exact, see notes.
	visitorsBound bool // visitors are an upper bound
	visitsBound   bool
	meansBound    bool // bounce rate, duration and views per visit count some visits twice
	engagedBound  bool // the same of time on page and scroll depth
	noVisitors    bool // nothing is known of these
	noMeans       bool
	noEngaged     bool
	hidden        bool // what the floor withholds; sorted like the others

	pend pending
}

// pending is what a stretch of past days gave a cell so far; at the stretch's end
// it is settled: several values in one cell make bounds.
type pending struct {
	stretch  int32 // its number; 0 = none
	visitors int64
	visits   int64
	values   [2]uint32 // the first value of each side
	many     [2]bool   // there was another
}

func newGrid(buckets, width int) *grid {
	return &grid{width: width, tuples: map[string]int32{}, index: map[uint64]int32{}, one: buckets <= 1}
}

// tuple numbers a combination of labels.
func (g *grid) tuple(labels []string) int32 {
	g.key = g.key[:0]
	for _, l := range labels {
		g.key = append(append(g.key, l...), 0)
	}
	if t, ok := g.tuples[string(g.key)]; ok {
		return t
	}
	t := int32(len(g.labels))
	g.tuples[string(g.key)] = t
	own := make([]string, len(labels))
	for i, l := range labels {
		own[i] = strings.Clone(l)
	}
	g.labels = append(g.labels, own)
	g.direct = append(g.direct, -1)
	return t
}

// at is the number of the cell of a bucket and a combination.
func (g *grid) at(bucket, tuple int32) int32 {
	if g.one {
		if g.direct[tuple] < 0 {
			g.direct[tuple] = g.newCell(bucket, tuple)
		}
		return g.direct[tuple]
	}
	k := uint64(bucket)<<32 | uint64(tuple)
	i, ok := g.index[k]
	if !ok {
		i = g.newCell(bucket, tuple)
		g.index[k] = i
	}
	return i
}

func (g *grid) newCell(bucket, tuple int32) int32 {
	g.cells = append(g.cells, cell{bucket: bucket, tuple: tuple})
	return int32(len(g.cells) - 1)
}

// empty reports whether nothing happened in the cell: engagement alone makes no row.
func (c *cell) empty() bool {
	return c.counts[aggregate.Visitors] == 0 && c.counts[aggregate.Visits] == 0 &&
		c.counts[aggregate.Events] == 0 && c.counts[aggregate.Starts] == 0
}

// nobodys reports whether the cell has neither visitors nor visits: the rest of an
// import whose tables did not say which value some of its events belong to.
func (c *cell) nobodys() bool {
	return c.counts[aggregate.Visitors] == 0 && c.counts[aggregate.Visits] == 0 && c.counts[aggregate.Starts] == 0
}
