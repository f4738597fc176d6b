package fold

import (
	"slices"
	"time"

	"footfall/aggregate"
)

// Outcome says what became of a hit.
type Outcome uint8

const (
	Counted  Outcome = iota
	NoVisit          // an engagement that belongs to no live visit
	Capacity         // it would start a visit more than Limits.Visits
)

// Days are the open days of one site, or of one import into it, in order.
type Days struct {
	open []*Day
}

// Open are the open days, the oldest first.
func (s *Days) Open() []*Day { return s.open }

// Find returns the open day with this date, or nil.
func (s *Days) Find(day aggregate.Day) *Day {
	for _, d := range s.open {
		if d.day == day {
			return d
		}
	}
	return nil
}

// At returns the open day that holds an instant, or nil.
func (s *Days) At(millis int64) *Day {
	for _, d := range s.open {
		if d.start <= millis && millis < d.end {
			return d
		}
	}
	return nil
}

// Insert adds an open day.
func (s *Days) Insert(d *Day) {
	s.open = append(s.open, d)
	slices.SortFunc(s.open, func(a, b *Day) int { return int(a.day) - int(b.day) })
}

// Remove takes a day out. The records of its crossing visits on the neighbouring
// days go on alone.
func (s *Days) Remove(d *Day) {
	if next := s.after(d); next != nil {
		next.forgetPeers(crossing)
	}
	if prev := s.before(d); prev != nil {
		prev.forgetPeers(crossed)
	}
	s.open = slices.DeleteFunc(s.open, func(o *Day) bool { return o == d })
}

// before is the open day before d, or nil.
func (s *Days) before(d *Day) *Day {
	if p := s.Find(d.day - 1); p != nil && p.end == d.start {
		return p
	}
	return nil
}

// after is the open day after d, or nil.
func (s *Days) after(d *Day) *Day {
	if n := s.Find(d.day + 1); n != nil && n.start == d.end {
		return n
	}
	return nil
}

// Late is how late a hit may come and still land in its own hour and day.
const Late = 30 * time.Minute

// Ended reports whether the day can be closed at now (Unix milliseconds): it is
// over, no late hit can come for it, and no visit that started in it is alive or
// can be prolonged by a late hit; or the next day is over too, which cuts what
// is left.
func (s *Days) Ended(d *Day, now int64) bool {
	if now >= (d.day + 1).End(d.zone).UnixMilli() {
		return true
	}
	pause := (Gap + Late).Milliseconds()
	return now >= d.end+pause && now > d.LastSeen()+pause
}

// Add folds one hit into d, which must be the open day that holds it.
func (s *Days) Add(d *Day, h *aggregate.Hit) Outcome {
	d.makeRoom(h)
	at := int32(h.At - d.start)
	who := d.find(&h.Visitor)
	if h.Before != (aggregate.Visitor{}) && (who == 0 || d.visitor(who).crossing == 0) {
		who = s.cross(d, who, h, at)
	}
	if who != 0 {
		if d.viewAgain(who, h, at) {
			return Counted
		}
		return s.join(d, who, h, at)
	}
	if h.Kind == aggregate.Engagement {
		return NoVisit
	}
	if d.visits.len() >= d.limits.Visits {
		return Capacity
	}
	who = d.enter(h.Visitor)
	d.touch(who)
	d.begin(who, h, at)
	d.weigh(who, 1, everything)
	return Counted
}

// join folds a hit of a known visitor.
func (s *Days) join(d *Day, who ref, h *aggregate.Hit, at int32) Outcome {
	v, second := d.alive(who, at)
	if h.Kind == aggregate.Engagement && (v == 0 || d.visit(v).start > at) {
		return NoVisit
	}
	if v == 0 && d.visits.len() >= d.limits.Visits {
		return Capacity
	}
	d.touch(who)
	if v == 0 {
		d.weigh(who, -1, everything)
		d.begin(who, h, at)
		d.weigh(who, 1, everything)
		return Counted
	}
	s.around(d, who, func() {
		d.extend(v, h, at)
		if second != 0 {
			s.merge(d, v, second)
		}
		s.reconcile(d, v)
	})
	return Counted
}

// around runs change with the visitor taken out of the counters, on this day and
// on its neighbours as far as visits of his cross into them.
func (s *Days) around(d *Day, who ref, change func()) {
	prev, next := s.before(d), s.after(d)
	var prevWho, nextWho ref
	for v := d.visitor(who).latest; v != 0; v = d.visit(v).earlier {
		switch rec := d.visit(v); {
		case rec.flags&crossing != 0 && rec.peer != 0 && prev != nil:
			prevWho = prev.visit(rec.peer).visitor
		case rec.flags&crossed != 0 && rec.peer != 0 && next != nil:
			nextWho = next.visit(rec.peer).visitor
		}
	}
	weigh := func(sign int64) {
		d.weigh(who, sign, everything)
		if prevWho != 0 {
			prev.weigh(prevWho, sign, everything)
			prev.dirty = true
		}
		if nextWho != 0 {
			next.weigh(nextWho, sign, everything)
			next.dirty = true
		}
	}
	weigh(-1)
	change()
	weigh(1)
}

// alive returns the visit that a time of the day belongs to, and a later one if
// the time joins the two. Usually there is one, and it is the latest.
func (d *Day) alive(who ref, at int32) (first, second ref) {
	latest := d.visitor(who).latest
	if v := d.visit(latest); at >= v.seen && v.earlier == 0 {
		if at-v.seen <= gapMillis {
			return latest, 0
		}
		return 0, 0
	}
	for r := latest; r != 0; r = d.visit(r).earlier {
		v := d.visit(r)
		if at < v.start-gapMillis || at > v.seen+gapMillis {
			continue
		}
		switch {
		case first == 0:
			first = r
		case d.visit(first).start < v.start:
			second = r
		default:
			first, second = r, first
		}
	}
	return first, second
}

// begin starts a visit.
func (d *Day) begin(who ref, h *aggregate.Hit, at int32) ref {
	i := d.visits.add()
	r := ref(i + 1)
	v := d.visits.mut(i)
	v.visitor = who
	v.start, v.end, v.seen = at, at, at
	d.linkVisit(who, r)
	d.takeFacts(r, h)
	d.extend(r, h, at)
	return r
}

// linkVisit puts a visit into its visitor's list; the one seen last stands first.
func (d *Day) linkVisit(who, r ref) {
	w := d.mutVisitor(who)
	v := d.mutVisit(r)
	if w.latest == 0 || d.visit(w.latest).seen <= v.seen {
		v.earlier = w.latest
		w.latest = r
		return
	}
	first := d.mutVisit(w.latest)
	v.earlier = first.earlier
	first.earlier = r
}

// takeFacts gives a visit the facts of its first event.
func (d *Day) takeFacts(r ref, h *aggregate.Hit) {
	v := d.mutVisit(r)
	for dim := aggregate.FirstVisitFact; dim <= aggregate.LastHitFact; dim++ {
		v.facts[dim] = d.number(dim, h.Facts[dim])
	}
}

// extend adds a hit to a visit of this day.
func (d *Day) extend(r ref, h *aggregate.Hit, at int32) {
	v := d.mutVisit(r)
	if h.Kind != aggregate.Engagement {
		if at < v.start {
			v.start = at
			d.takeFacts(r, h)
		}
		v.end = max(v.end, at)
	}
	v.seen = max(v.seen, at)
	d.lastSeen = max(d.lastSeen, v.seen)
	d.record(r, h, uint32(at))
	d.retally(d.mutVisit(r))
	d.setEnds(r)
	if d.defs != nil {
		d.reach(r)
	}
}

// setEnds finds the entry and the exit page among the events of this day. A
// visit without a pageview has none; reconcile adds what the neighbour knows.
func (d *Day) setEnds(r ref) {
	v := d.mutVisit(r)
	entry, exit := blank, blank
	found := false
	for e := v.first; e != 0; e = d.event(e).next {
		if ev := d.event(e); ev.what == viewed {
			if !found {
				entry, found = ev.page, true
			}
			exit = ev.page
		}
	}
	if found || v.flags&(crossing|crossed) == 0 {
		if v.flags&crossing == 0 {
			v.facts[aggregate.EntryPage] = entry
		}
		if v.flags&crossed == 0 {
			v.facts[aggregate.ExitPage] = exit
		}
	}
}

// length is how far a day's clock is ahead of the next one's, in milliseconds.
func (d *Day) length() int32 { return int32(d.end - d.start) }
