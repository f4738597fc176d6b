package fold

import (
	"encoding/binary"

	"footfall/aggregate"
)

// Scan answers one question: see aggregate.Scan for what its rows mean. It walks
// all records; on a frozen day nobody has to wait for it.
func (d *Day) Scan(s *aggregate.Scan) []aggregate.ScanRow {
	sc := d.newScanner(s)
	sc.run()
	rows := make([]aggregate.ScanRow, 0, len(sc.rows))
	for i := range sc.rows {
		if r := &sc.rows[i]; !r.Counts.Zero() {
			rows = append(rows, aggregate.ScanRow{Values: sc.labels(r), Bucket: r.bucket, Counts: r.Counts})
		}
	}
	return rows
}

// Counters answers at once what needs no records: totals, totals by hour, and
// one dimension, each without a filter and for the whole day. ok is false for
// other questions.
func (d *Day) Counters(s *aggregate.Scan) (rows []aggregate.ScanRow, ok bool) {
	if s.Filter != nil || s.To != 0 || len(s.Groups) > 1 {
		return nil, false
	}
	add := func(values []string, bucket int64, c *aggregate.Counts) {
		if !c.Zero() {
			rows = append(rows, aggregate.ScanRow{Values: values, Bucket: bucket, Counts: *c})
		}
	}
	switch {
	case len(s.Groups) == 0 && s.Grain == aggregate.WholeScan:
		add(nil, 0, &d.total)
	case len(s.Groups) == 0 && s.Grain == aggregate.ByHour:
		for h := range d.hour {
			add(nil, int64(h), &d.hour[h])
		}
	case len(s.Groups) == 1 && s.Grain == aggregate.WholeScan && s.Groups[0].Key == "" && d.cells[s.Groups[0].Dimension] != nil &&
		s.Groups[0].Dimension != aggregate.Property:
		g := s.Groups[0]
		merged := map[string]bool{}
		for v := range d.cells[g.Dimension] {
			if c := &d.cells[g.Dimension][v]; !c.Counts.Zero() {
				label := g.Label(d.text(g.Dimension, value(v)))
				if merged[label] {
					return nil, false // two values share a row: distinct visitors need the records
				}
				merged[label] = true
				add([]string{label}, 0, &c.Counts)
			}
		}
	default:
		return nil, false
	}
	return rows, true
}

// scanRow is a row under construction.
type scanRow struct {
	tally
	label  []uint32 // a label number for each group
	bucket int64
}

// scanner walks all records once.
type scanner struct {
	walk
	d        *Day
	s        *aggregate.Scan
	from, to int64 // milliseconds of the day
	limited  bool
	leaves   map[*aggregate.Expr][]bool // truth by value number
	groups   []scanGroup
	perEvent bool        // rows depend on more than the visit
	before   value       // page viewed before the event at hand
	w        visitWeight // the row of the visit at hand, once an event needs it
	summed   bool

	rows   []scanRow
	byKey  map[string]int32
	byPair map[uint64]int32
	key    []byte
	combo  []uint32
}

// scanGroup knows the label of every value of a group's dimension.
type scanGroup struct {
	aggregate.Group
	labelOf []uint32 // by value number
	names   []string
	numbers map[string]uint32
	none    uint32 // Property: the label of events that lack the key
}

func (d *Day) newScanner(s *aggregate.Scan) *scanner {
	sc := &scanner{d: d, s: s, leaves: map[*aggregate.Expr][]bool{}, byKey: map[string]int32{}, byPair: map[uint64]int32{}}
	if s.To != 0 {
		sc.limited = true
		sc.from, sc.to = s.From-d.start, s.To-d.start
	}
	sc.perEvent = s.Grain != aggregate.WholeScan || sc.limited
	note := func(dim aggregate.Dimension) {
		sc.byPage = sc.byPage || dim == aggregate.Page
		sc.byHost = sc.byHost || dim == aggregate.Hostname
		sc.byPage = sc.byPage || dim == aggregate.PageBefore // which is of pageviews
		sc.goals = sc.goals || dim == aggregate.Conversion
		sc.perEvent = sc.perEvent || !dim.OfVisit()
	}
	if s.Filter != nil {
		s.Filter.Leaves(func(leaf *aggregate.Expr) {
			note(leaf.Dimension)
			sc.leaves[leaf] = d.matches(leaf)
		})
	}
	for _, g := range s.Groups {
		note(g.Dimension)
		sc.groups = append(sc.groups, d.newScanGroup(g))
	}
	sc.combo = make([]uint32, len(sc.groups))
	return sc
}

// matches asks a leaf about every value once.
func (d *Day) matches(leaf *aggregate.Expr) []bool {
	values := d.dicts[dictOf(leaf.Dimension)].values
	truth := make([]bool, len(values))
	for v, s := range values {
		if keyed(leaf.Dimension) {
			key := aggregate.Part(s, 0)
			truth[v] = key == leaf.Key && v >= int(firstFree) && leaf.Match(propValue(s))
			if value(v) == blank {
				truth[v] = leaf.Match(aggregate.Blank)
			}
			continue
		}
		truth[v] = leaf.Match(s)
	}
	return truth
}

// keyed reports whether a dimension is asked for key by key: a property, or the
// steps of one funnel.
func keyed(d aggregate.Dimension) bool { return d == aggregate.Property || d == aggregate.Reached }

// propValue is the value part of a property.
func propValue(s string) string { return aggregate.Part(s, 1) }

func (d *Day) newScanGroup(g aggregate.Group) scanGroup {
	values := d.dicts[dictOf(g.Dimension)].values
	sg := scanGroup{Group: g, labelOf: make([]uint32, len(values)), numbers: map[string]uint32{}}
	for v, s := range values {
		if keyed(g.Dimension) {
			if g.Key != "" && aggregate.Part(s, 0) != g.Key {
				continue
			}
			if g.Key != "" {
				s = propValue(s)
			}
		}
		sg.labelOf[v] = sg.number(g.Label(s))
	}
	if g.Dimension == aggregate.Property && g.Key != "" {
		sg.none = sg.number(g.Label(aggregate.Blank))
	}
	return sg
}

func (g *scanGroup) number(label string) uint32 {
	n, ok := g.numbers[label]
	if !ok {
		n = uint32(len(g.names))
		g.numbers[label] = n
		g.names = append(g.names, label)
	}
	return n
}

func (sc *scanner) labels(r *scanRow) []string {
	values := make([]string, len(sc.groups))
	for i := range sc.groups {
		values[i] = sc.groups[i].names[r.label[i]]
	}
	return values
}

func (sc *scanner) run() {
	sc.eachVisit(sc.d, sc.scanVisit, sc.scanCarried)
}

// scanVisit gives one visit to the rows it belongs to.
func (sc *scanner) scanVisit(v *visit) {
	if !sc.perEvent {
		if !sc.holds(v, nil) {
			return
		}
		w := sc.d.sum(v)
		sc.giveVisit(&sc.rows[sc.row(v)].tally, &w)
		return
	}
	if sc.limited && (int64(v.seen) < sc.from || int64(v.start) >= sc.to) {
		return
	}
	sc.summed = false
	last := sc.d.lastView(v.prior)
	for e := v.first; e != 0; {
		ev, own := sc.d.event(e), e
		e = ev.next
		sc.before = last
		last = pageAfter(last, ev)
		if sc.limited && (int64(ev.at) < sc.from || int64(ev.at) >= sc.to) {
			continue
		}
		if ev.again() {
			first, more := ev.split()
			sc.scanEvent(v, own, first)
			sc.before, ev = ev.page, more
		}
		sc.scanEvent(v, own, ev)
	}
}

// scanEvent gives one event to the rows it belongs to.
func (sc *scanner) scanEvent(v *visit, own ref, ev *event) {
	if !sc.holds(v, ev) {
		return
	}
	if !sc.summed {
		sc.w, sc.summed = sc.d.sum(v), true
	}
	sc.w.money = int64(sc.d.money(own, ev))
	sc.eachRow(v, ev, 0, func(row int32) {
		sc.give(&sc.rows[row].tally, ev, sc.mayStart(v, ev, &sc.w), &sc.w)
	})
}

// mayStart reports whether a row that holds ev has the visit's start: its entry
// page must be the event's where pages matter, likewise its host, and the start
// must lie within the limits and the row's bucket.
func (sc *scanner) mayStart(v *visit, ev *event, w *visitWeight) bool {
	if !sc.entered(v, ev, w) {
		return false
	}
	start := int64(v.start)
	if sc.limited && (start < sc.from || start >= sc.to) {
		return false
	}
	return sc.bucket(ev.at) == sc.bucket(uint32(start))
}

// holds reports whether the filter is true of an event, or of a visit (ev nil).
func (sc *scanner) holds(v *visit, ev *event) bool {
	if sc.s.Filter == nil {
		return true
	}
	return sc.s.Filter.Eval(func(leaf *aggregate.Expr) bool {
		truth := sc.leaves[leaf]
		switch {
		case leaf.Dimension.OfVisit():
			return truth[v.facts[leaf.Dimension]]
		case leaf.Dimension == aggregate.Reached:
			return sc.d.anyOf(v.reached, leaf.Dimension, truth)
		case leaf.Dimension == aggregate.Conversion:
			return sc.d.anyOf(ev.extra, leaf.Dimension, truth)
		}
		return sc.holdsEvent(leaf, truth, ev)
	})
}

func (sc *scanner) holdsEvent(leaf *aggregate.Expr, truth []bool, ev *event) bool {
	switch leaf.Dimension {
	case aggregate.Page:
		return truth[ev.page]
	case aggregate.PageBefore:
		return ev.what == viewed && truth[sc.before]
	case aggregate.Hostname:
		return truth[ev.host]
	case aggregate.EventName:
		return truth[ev.name]
	}
	for x := ev.extra; x != 0; x = sc.d.extra(x).next {
		f := sc.d.extra(x)
		if f.dim != leaf.Dimension {
			continue
		}
		if f.dim != aggregate.Property || aggregate.Part(sc.d.text(f.dim, f.val), 0) == leaf.Key {
			return truth[f.val]
		}
	}
	return truth[blank]
}

// anyOf reports whether one of the extras of a dimension satisfies a leaf.
func (d *Day) anyOf(list ref, dim aggregate.Dimension, truth []bool) bool {
	for x := list; x != 0; x = d.extra(x).next {
		if f := d.extra(x); f.dim == dim && truth[f.val] {
			return true
		}
	}
	return false
}

// eachRow calls fn for each row that an event belongs to: one, unless a group
// holds several facts of the event (all its properties), or none (no download).
func (sc *scanner) eachRow(v *visit, ev *event, i int, fn func(row int32)) {
	if i == len(sc.groups) {
		fn(sc.find(sc.bucket(ev.at)))
		return
	}
	g := &sc.groups[i]
	one := func(val value) {
		sc.combo[i] = g.labelOf[val]
		sc.eachRow(v, ev, i+1, fn)
	}
	switch dim := g.Dimension; dim {
	case aggregate.Page:
		one(ev.page)
	case aggregate.Hostname:
		one(ev.host)
	case aggregate.EventName:
		if ev.what != engaged {
			one(ev.name)
		}
	case aggregate.PageBefore:
		if ev.what == viewed {
			one(sc.before)
		}
	case aggregate.Reached:
		sc.d.eachReached(v, func(step value) {
			if g.Key == "" || aggregate.Part(sc.d.text(dim, step), 0) == g.Key {
				one(step)
			}
		})
	case aggregate.Conversion:
		sc.d.eachExtra(ev, dim, one)
	case aggregate.Outbound, aggregate.Download, aggregate.Property, aggregate.SearchTerm:
		if ev.what != engaged {
			sc.eachExtra(g, v, ev, i, fn)
		}
	default:
		one(v.facts[dim])
	}
}

func (sc *scanner) eachExtra(g *scanGroup, v *visit, ev *event, i int, fn func(row int32)) {
	found := false
	for x := ev.extra; x != 0; x = sc.d.extra(x).next {
		f := sc.d.extra(x)
		if f.dim != g.Dimension || g.Key != "" && aggregate.Part(sc.d.text(f.dim, f.val), 0) != g.Key {
			continue
		}
		found = true
		sc.combo[i] = g.labelOf[f.val]
		sc.eachRow(v, ev, i+1, fn)
	}
	if !found && g.Dimension == aggregate.Property && g.Key != "" {
		sc.combo[i] = g.none
		sc.eachRow(v, ev, i+1, fn)
	}
}

// row finds the row of a visit where only visit facts matter.
func (sc *scanner) row(v *visit) int32 {
	for i := range sc.groups {
		sc.combo[i] = sc.groups[i].labelOf[v.facts[sc.groups[i].Dimension]]
	}
	return sc.find(0)
}

// bucket is the time bucket of a time of the day.
func (sc *scanner) bucket(at uint32) int64 {
	switch sc.s.Grain {
	case aggregate.ByHour:
		return int64(sc.d.hourAt(at))
	case aggregate.ByMinute:
		return (sc.d.start + int64(at)) / 60_000
	}
	return 0
}

// find returns the row of the labels in combo and a bucket; it makes new ones.
func (sc *scanner) find(bucket int64) int32 {
	if bucket == 0 && len(sc.combo) == 2 {
		k := uint64(sc.combo[0])<<32 | uint64(sc.combo[1])
		n, ok := sc.byPair[k]
		if !ok {
			n = sc.newRow(bucket)
			sc.byPair[k] = n
		}
		return n
	}
	sc.key = binary.LittleEndian.AppendUint64(sc.key[:0], uint64(bucket))
	for _, l := range sc.combo {
		sc.key = binary.LittleEndian.AppendUint32(sc.key, l)
	}
	n, ok := sc.byKey[string(sc.key)]
	if !ok {
		n = sc.newRow(bucket)
		sc.byKey[string(sc.key)] = n
	}
	return n
}

func (sc *scanner) newRow(bucket int64) int32 {
	sc.rows = append(sc.rows, scanRow{label: append([]uint32(nil), sc.combo...), bucket: bucket})
	return int32(len(sc.rows) - 1)
}

// scanCarried notes what a crossing visit gave the same rows on the day before.
func (sc *scanner) scanCarried(v *visit) {
	switch {
	case sc.s.Grain != aggregate.WholeScan || sc.limited || v.prior == 0:
		// Rows of a part of a day are not added to the day before.
	case !sc.perEvent:
		if sc.holds(v, nil) {
			sc.giveCarriedVisitor(&sc.rows[sc.row(v)].tally)
		}
	default:
		for i, b := range sc.priorRows(v) {
			sc.giveCarried(&sc.rows[i].tally, b)
		}
	}
}

// priorRows gathers what the visit gave its rows on the day before.
func (sc *scanner) priorRows(v *visit) map[int32]before {
	rows := map[int32]before{}
	last := blank
	for e := v.prior; e != 0; {
		ev := sc.d.event(e)
		e = ev.next
		sc.before = last
		last = pageAfter(last, ev)
		sc.noteRows(rows, v, ev)
		if ev.again() {
			sc.before = ev.page
			sc.noteRows(rows, v, ev)
		}
	}
	return rows
}

func (sc *scanner) noteRows(rows map[int32]before, v *visit, ev *event) {
	if !sc.holds(v, ev) {
		return
	}
	sc.eachRow(v, ev, 0, func(row int32) {
		b := rows[row]
		if b.note(ev); sc.goals {
			b.active = true
		}
		rows[row] = b
	})
}
