package fold

import (
	"cmp"
	"runtime"
	"slices"
	"sync"

	"footfall/aggregate"
)

// Links builds the blocks that link two facts, pair by pair, and hands each to
// emit. A link that at least floor visitors share keeps its date; the others go
// to the month, where days are added up (P4).
//
// A month's row is what the day adds to the month: what a visit had carried over
// midnight is taken off already, except on the month's first day, where it stays
// in the carried columns for ranges that begin earlier.
//
// The days of an import, which has nothing else to do meanwhile, are worked out on
// all processors; a live day beside its visitors, one dimension after the other.
// Either way the blocks come in one order.
func (d *Day) Links(site aggregate.Site, imp aggregate.ImportID, floor int, emit func(aggregate.Put) error) error {
	partners := map[aggregate.Dimension][]aggregate.Dimension{}
	for _, p := range aggregate.Pairs() {
		if d.defs != nil || !defined(p.B) {
			partners[p.A] = append(partners[p.A], p.B)
		}
	}
	links := make([]func() []aggregate.Put, 0, len(partners))
	for a := aggregate.FirstVisitFact; a <= aggregate.LastEventFact; a++ {
		links = append(links, func() []aggregate.Put { return d.linkPuts(a, partners[a], site, imp, floor) })
	}
	if imp != aggregate.Live {
		var finished func()
		links, finished = ahead(links)
		defer finished()
	}
	for _, puts := range links {
		for _, p := range puts() {
			if err := emit(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// ahead runs functions on all processors, and returns ones that wait for their
// results; finished returns when all have ended.
func ahead[T any](fns []func() T) (results []func() T, finished func()) {
	var all sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, fn := range fns {
		result := make(chan T, 1)
		all.Go(func() {
			free <- struct{}{}
			result <- fn()
			<-free
		})
		results = append(results, func() T { return <-result })
	}
	return results, all.Wait
}

// linkPuts are the blocks that link one dimension with its partners.
func (d *Day) linkPuts(a aggregate.Dimension, partners []aggregate.Dimension, site aggregate.Site, imp aggregate.ImportID, floor int) (puts []aggregate.Put) {
	for i, l := range d.linksOf(a, partners) {
		p := aggregate.Pair{A: a, B: partners[i]}
		rows := l.rows(d)
		if p == aggregate.MakePair(aggregate.EventName, aggregate.Property) {
			rows = append(rows, d.absentLinks()...)
		}
		puts = append(puts, d.pairPuts(p, rows, site, imp, floor)...)
	}
	return puts
}

// absentLinks are, for each event name, the events that lack a property key.
func (d *Day) absentLinks() []aggregate.ScanRow {
	var rows []aggregate.ScanRow
	for _, key := range d.propertyKeys() {
		named := aggregate.Group{Dimension: aggregate.EventName, Label: sameLabel}
		for _, row := range d.Scan(&aggregate.Scan{Groups: []aggregate.Group{named, property(key)}}) {
			if row.Values[1] == aggregate.Blank {
				row.Values[1] = key
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// pairPuts are the blocks of a pair: of the day, and of its month.
func (d *Day) pairPuts(p aggregate.Pair, rows []aggregate.ScanRow, site aggregate.Site, imp aggregate.ImportID, floor int) (puts []aggregate.Put) {
	var dated, undated []aggregate.ScanRow
	for _, r := range rows {
		if floor <= 1 || r.Counts[aggregate.Visitors] >= int64(floor) { // off: also links of engagements alone
			dated = append(dated, r)
			continue
		}
		if d.day != d.day.Month() {
			r.Counts.Uncarry()
		}
		if !r.Counts.Zero() {
			undated = append(undated, r)
		}
	}
	key := aggregate.Key{Site: site, Import: imp, Span: aggregate.OneDay, Day: d.day, A: p.A, B: p.B}
	if len(dated) > 0 {
		puts = append(puts, aggregate.Put{Key: key, Block: linkBlock(dated, aggregate.Meta{Floor: uint32(floor)}), Add: true})
	}
	if len(undated) > 0 {
		key.Span, key.Day = aggregate.OneMonth, d.day.Month()
		puts = append(puts, aggregate.Put{Key: key, Block: linkBlock(undated, aggregate.Meta{Floor: 1}), Add: true})
	}
	return puts
}

// linkBlock makes a block of links from rows in any order.
func linkBlock(rows []aggregate.ScanRow, meta aggregate.Meta) *aggregate.Block {
	b := &aggregate.Block{Meta: meta, Rows: make([]aggregate.Row, len(rows))}
	a, bs := dictionary(rows, 0), dictionary(rows, 1)
	b.A, b.B = a.values, bs.values
	for i, r := range rows {
		b.Rows[i] = aggregate.Row{A: a.index[r.Values[0]], B: bs.index[r.Values[1]], Counts: r.Counts}
	}
	slices.SortFunc(b.Rows, func(x, y aggregate.Row) int {
		return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
	})
	return b
}

type sortedValues struct {
	values []string
	index  map[string]uint32
}

func dictionary(rows []aggregate.ScanRow, group int) sortedValues {
	s := sortedValues{index: map[string]uint32{}}
	for _, r := range rows {
		v := r.Values[group]
		if _, ok := s.index[v]; !ok {
			s.index[v] = 0
			s.values = append(s.values, v)
		}
	}
	slices.Sort(s.values)
	for i, v := range s.values {
		s.index[v] = uint32(i)
	}
	return s
}
