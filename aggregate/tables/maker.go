package tables

import (
	"cmp"
	"slices"

	"footfall/aggregate"
)

// maker makes the blocks of one day.
type maker struct {
	*Fold
	day    aggregate.Day
	tables [kinds][]line
	total  aggregate.Counts
	puts   []aggregate.Put
}

func (f *Fold) newMaker(d aggregate.Day) *maker {
	m := &maker{Fold: f, day: d}
	for t := range kinds {
		m.tables[t] = f.lines(f.days[d].tables[t])
	}
	m.findTotals()
	if m.total.Zero() {
		return m
	}
	m.putTotals()
	var entries []line
	m.putSources()
	for t := Locations; t <= ExitPages; t++ {
		lines := m.settle(t, m.tables[t])
		m.putFacts(t, len(facts[t]), lines)
		if t == EntryPages {
			entries = lines
		}
	}
	m.putPages(entries)
	m.putEvents()
	return m
}

// lines are rows with their texts, those of equal values added up.
func (f *Fold) lines(rows []row) []line {
	slices.SortFunc(rows, func(a, b row) int { return slices.Compare(a.values[:], b.values[:]) })
	var all []line
	for i := range rows {
		if i == 0 || rows[i].values != rows[i-1].values {
			var l line
			for j, n := range rows[i].values {
				l.values[j] = f.texts[n]
			}
			all = append(all, l)
		}
		c := &all[len(all)-1].counts
		for j, col := range columns {
			c[col] += rows[i].counts[j]
		}
	}
	return all
}

func (m *maker) key(a, b aggregate.Dimension) aggregate.Key {
	return aggregate.Key{Site: m.Site, Import: m.ID, Span: aggregate.OneDay, Day: m.day, A: a, B: b}
}

func (m *maker) putTotals() {
	b := &aggregate.Block{Meta: aggregate.Meta{Floor: 1, Closes: 1}, A: []string{aggregate.TotalDay}, Rows: []aggregate.Row{{Counts: m.total}}}
	m.puts = append(m.puts, aggregate.Put{Key: m.key(aggregate.None, aggregate.None), Block: b})
}

// putFacts makes the blocks of a table's first n single facts and of their crossed
// pairs.
func (m *maker) putFacts(t Table, n int, lines []line) {
	var all [maxFacts]*fact
	for i, dim := range facts[t][:n] {
		all[i] = m.factOf(lines, i)
		m.putFact(dim, all[i])
	}
	for i, a := range facts[t][:n] {
		for j := i + 1; j < n; j++ {
			if b := facts[t][j]; aggregate.Crossed(a, b) {
				m.putLinks(aggregate.Pair{A: a, B: b}, linksOf(lines, i, j, all[i], all[j]))
			}
		}
	}
}

// fact is a block of one dimension under construction.
type fact struct {
	rows   map[string]*aggregate.Counts
	capped bool
}

// name is the value as it is kept: (other) for what the cap cut.
func (f *fact) name(value string) string {
	if _, ok := f.rows[value]; ok {
		return value
	}
	return aggregate.Other
}

func (f *fact) add(value string, c *aggregate.Counts) {
	if f.rows[value] == nil {
		f.rows[value] = new(aggregate.Counts)
	}
	f.rows[value].Add(c)
}

func newFact() *fact { return &fact{rows: map[string]*aggregate.Counts{}} }

// factOf adds up the lines by their fact number i.
func (m *maker) factOf(lines []line, i int) *fact {
	f := newFact()
	for j := range lines {
		f.add(lines[j].values[i], &lines[j].counts)
	}
	m.limit(f)
	return f
}

// limit keeps the heaviest values, and bounds visitors by those of the day.
func (m *maker) limit(f *fact) {
	if len(f.rows) > m.Cap {
		values := make([]string, 0, len(f.rows))
		for v := range f.rows {
			values = append(values, v)
		}
		slices.SortFunc(values, func(a, b string) int {
			x, y := f.rows[a], f.rows[b]
			return cmp.Or(cmp.Compare(y[aggregate.Visitors], x[aggregate.Visitors]), cmp.Compare(y[aggregate.Events], x[aggregate.Events]), cmp.Compare(a, b))
		})
		rest := new(aggregate.Counts)
		for _, v := range values[m.Cap:] {
			rest.Add(f.rows[v])
			delete(f.rows, v)
		}
		f.add(aggregate.Other, rest)
		f.capped = true
	}
	for _, c := range f.rows {
		c[aggregate.Visitors] = min(c[aggregate.Visitors], m.total[aggregate.Visitors])
		c[aggregate.Visits] = min(c[aggregate.Visits], m.total[aggregate.Visits])
	}
}

func (m *maker) putFact(dim aggregate.Dimension, f *fact) {
	b := &aggregate.Block{Meta: aggregate.Meta{Floor: 1}}
	if f.capped {
		b.Meta.Cap = uint32(m.Cap)
	}
	for v, c := range f.rows {
		if !c.Zero() {
			b.A = append(b.A, v)
		}
	}
	if len(b.A) == 0 {
		return
	}
	slices.Sort(b.A)
	for i, v := range b.A {
		b.Rows = append(b.Rows, aggregate.Row{A: uint32(i), Counts: *f.rows[v]})
	}
	m.puts = append(m.puts, aggregate.Put{Key: m.key(dim, aggregate.None), Block: b})
}

// link is what two values share.
type link struct {
	counts aggregate.Counts
	surely int64 // visitors that certainly share it
}

type values struct{ a, b string }

func linksOf(lines []line, i, j int, a, b *fact) map[values]*link {
	links := map[values]*link{}
	for n := range lines {
		c := &lines[n].counts
		if c.Zero() {
			continue
		}
		k := values{a.name(lines[n].values[i]), b.name(lines[n].values[j])}
		if links[k] == nil {
			links[k] = &link{}
		}
		links[k].counts.Add(c)
		links[k].surely = max(links[k].surely, c[aggregate.Visitors])
	}
	for k, l := range links {
		for _, col := range [...]aggregate.Column{aggregate.Visitors, aggregate.Visits} {
			l.counts[col] = min(l.counts[col], a.rows[k.a][col], b.rows[k.b][col])
		}
	}
	return links
}

// putLinks makes the blocks of a pair: those that enough visitors share keep
// their date, the others go to the month (P4).
func (m *maker) putLinks(p aggregate.Pair, links map[values]*link) {
	dated, undated := map[values]*link{}, map[values]*link{}
	for k, l := range links {
		if m.Floor <= 1 || l.surely >= int64(m.Floor) {
			dated[k] = l
		} else {
			undated[k] = l
		}
	}
	key := m.key(p.A, p.B)
	if len(dated) > 0 {
		m.puts = append(m.puts, aggregate.Put{Key: key, Block: linkBlock(dated, uint32(max(1, m.Floor))), Add: true})
	}
	if len(undated) > 0 {
		key.Span, key.Day = aggregate.OneMonth, m.day.Month()
		m.puts = append(m.puts, aggregate.Put{Key: key, Block: linkBlock(undated, 1), Add: true})
	}
}

func linkBlock(links map[values]*link, floor uint32) *aggregate.Block {
	b := &aggregate.Block{Meta: aggregate.Meta{Floor: floor}}
	for k := range links {
		b.A, b.B = append(b.A, k.a), append(b.B, k.b)
	}
	slices.Sort(b.A)
	slices.Sort(b.B)
	b.A, b.B = slices.Compact(b.A), slices.Compact(b.B)
	for k, l := range links {
		i, _ := slices.BinarySearch(b.A, k.a)
		j, _ := slices.BinarySearch(b.B, k.b)
		b.Rows = append(b.Rows, aggregate.Row{A: uint32(i), B: uint32(j), Counts: l.counts})
	}
	slices.SortFunc(b.Rows, func(x, y aggregate.Row) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return b
}
