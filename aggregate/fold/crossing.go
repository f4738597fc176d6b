package fold

import "footfall/aggregate"

// A visit that crosses midnight has a record on both days: the one on the day of
// its start (crossed), which keeps its duration, bounce and pageviews, and the
// one on the day after (crossing), which keeps what happens there. They share
// the visit's facts. reconcile keeps them agreeing; both days' counters must be
// free of the visitor while it runs (Days.around).

// cross looks for a visit of the day before that is still alive at the time of a
// hit, under the visitor's id of that day. If there is one, it goes on here, and
// the visitor is known from now on. who is the visitor of this day, 0 if unknown
// so far; a known one crosses only when a late hit closes the gap to midnight.
func (s *Days) cross(d *Day, who ref, h *aggregate.Hit, at int32) ref {
	prev := s.before(d)
	if prev == nil || d.visits.len() >= d.limits.Visits {
		return who
	}
	prevWho := prev.find(&h.Before)
	if prevWho == 0 {
		return who
	}
	v, _ := prev.alive(prevWho, at+prev.length())
	if v == 0 || prev.visit(v).flags&(crossing|crossed) != 0 {
		return who // ended, or it began two days ago and this midnight cuts it
	}
	prev.weigh(prevWho, -1, everything)
	if who == 0 {
		who = d.enter(h.Visitor)
	} else {
		d.weigh(who, -1, everything)
	}
	s.carryOver(prev, d, v, who)
	prev.weigh(prevWho, 1, everything)
	d.weigh(who, 1, everything)
	return who
}

// carryOver makes the record on this day of a visit of the day before.
func (s *Days) carryOver(prev, d *Day, v, who ref) {
	i := d.visits.add()
	r := ref(i + 1)
	c := d.visits.mut(i)
	x := prev.mutVisit(v)
	x.peer, x.flags = r, x.flags|crossed
	c.visitor, c.peer, c.flags = who, v, crossing
	c.start, c.end, c.seen = x.start-prev.length(), x.end-prev.length(), x.seen-prev.length()
	d.linkVisit(who, r)
	d.mutVisitor(who).crossing = r
	s.copyPrior(prev, d, v, r)
	s.copyFacts(prev, d, v, r)
	reachBoth(prev, d, v, r)
}

// copyFacts gives the visit's facts to the record of the day after.
func (s *Days) copyFacts(prev, d *Day, from, to ref) {
	x, c := prev.visit(from), d.mutVisit(to)
	for dim := aggregate.FirstVisitFact; dim <= aggregate.LastVisitFact; dim++ {
		c.facts[dim] = d.number(dictOf(dim), prev.text(dim, x.facts[dim]))
	}
}

// copyPrior copies the events of the day before, in their order, for the carried
// columns and for what depends on the way of the visit.
func (s *Days) copyPrior(prev, d *Day, from, to ref) {
	d.mutVisit(to).prior = 0
	last := ref(0)
	for e := prev.visit(from).first; e != 0; e = prev.event(e).next {
		src := prev.event(e)
		var extras ref
		for x := src.extra; x != 0; x = prev.extra(x).next {
			f := prev.extra(x)
			extras = d.addExtra(extras, fact{f.dim, d.number(f.dim, prev.text(f.dim, f.val))})
		}
		i := d.events.add()
		*d.events.mut(i) = event{
			n: src.n, extra: extras, what: src.what, depth: src.depth,
			page: d.number(aggregate.Page, prev.text(aggregate.Page, src.page)),
			host: d.number(aggregate.Hostname, prev.text(aggregate.Hostname, src.host)),
			name: d.number(aggregate.EventName, prev.text(aggregate.EventName, src.name)),
		}
		if src.what != engaged {
			d.events.mut(i).depth = 0 // what it brought stays with its own day
		}
		if last == 0 {
			d.mutVisit(to).prior = ref(i + 1)
		} else {
			d.mutEvent(last).next = ref(i + 1)
		}
		last = ref(i + 1)
	}
}

// reconcile brings the two records of a crossing visit into agreement after r,
// a record of day d, has changed. Without a neighbour there is nothing to do.
func (s *Days) reconcile(d *Day, r ref) {
	v := d.visit(r)
	switch {
	case v.flags&crossing != 0 && v.peer != 0:
		if prev := s.before(d); prev != nil {
			s.agree(prev, d, v.peer, r)
		}
	case v.flags&crossed != 0 && v.peer != 0:
		if next := s.after(d); next != nil {
			s.copyPrior(d, next, r, v.peer)
			s.agree(d, next, r, v.peer)
		}
	}
}

// agree is the one place that says what the two records know of each other.
func (s *Days) agree(prev, d *Day, from, to ref) {
	x, c := prev.mutVisit(from), d.mutVisit(to)
	length := prev.length()

	x.laterViews = 0
	x.flags &^= laterActive | laterInteractive
	var firstView, lastView value
	viewedLater := false
	for e := c.first; e != 0; e = d.event(e).next {
		ev := d.event(e)
		if ev.what.activity() {
			x.flags |= laterActive
		}
		if ev.what == acted {
			x.flags |= laterInteractive
		}
		if ev.what == viewed {
			x.laterViews += ev.n
			if !viewedLater {
				firstView, viewedLater = ev.page, true
			}
			lastView = ev.page
		}
	}
	entry, exit, viewedBefore := prev.ownEnds(x)
	if viewedLater {
		exit = prev.number(aggregate.Page, d.text(aggregate.Page, lastView))
		if !viewedBefore {
			entry = prev.number(aggregate.Page, d.text(aggregate.Page, firstView))
		}
	}
	x = prev.mutVisit(from)
	x.facts[aggregate.EntryPage], x.facts[aggregate.ExitPage] = entry, exit
	x.end = max(x.end, c.end+length)
	x.seen = max(x.seen, c.seen+length)
	prev.lastSeen = max(prev.lastSeen, x.seen)

	s.copyFacts(prev, d, from, to)
	reachBoth(prev, d, from, to)
	c = d.mutVisit(to)
	c.start, c.end, c.seen = x.start-length, x.end-length, x.seen-length
}

// ownEnds are the first and last page that a visit viewed on this day.
func (d *Day) ownEnds(v *visit) (entry, exit value, found bool) {
	for e := v.first; e != 0; e = d.event(e).next {
		if ev := d.event(e); ev.what == viewed {
			if !found {
				entry, found = ev.page, true
			}
			exit = ev.page
		}
	}
	return entry, exit, found
}

// merge joins second, a later visit of the same visitor, into first, because a
// late event filled the gap between them.
func (s *Days) merge(d *Day, first, second ref) {
	d.unlinkVisit(second)
	w := d.mutVisit(second)
	v := d.mutVisit(first)
	v.end, v.seen = max(v.end, w.end), max(v.seen, w.seen)
	if w.flags&crossed != 0 {
		v.flags |= w.flags
		v.laterViews, v.peer = w.laterViews, w.peer
		if next := s.after(d); next != nil && w.peer != 0 {
			next.mutVisit(w.peer).peer = first
		}
	}
	for e := w.first; e != 0; {
		next := d.event(e).next
		d.mutEvent(e).next = 0
		d.link(first, e)
		e = next
	}
	*d.mutVisit(second) = visit{visitor: w.visitor}
	d.retally(v)
	d.relink(first)
	d.setEnds(first)
	d.reach(first)
}

// forgetPeers cuts the records with this flag from the neighbouring day's.
func (d *Day) forgetPeers(f flag) {
	for i := range d.visits.len() {
		if v := d.visits.at(uint32(i)); v.flags&f != 0 && v.peer != 0 {
			d.visits.mut(uint32(i)).peer = 0
		}
	}
}

// unlinkVisit takes a visit out of its visitor's list.
func (d *Day) unlinkVisit(r ref) {
	v := d.visit(r)
	w := d.mutVisitor(v.visitor)
	if w.latest == r {
		w.latest = v.earlier
		return
	}
	for p := w.latest; p != 0; p = d.visit(p).earlier {
		if d.visit(p).earlier == r {
			d.mutVisit(p).earlier = v.earlier
			return
		}
	}
}

// relink puts a visit in front if it is now the one seen last.
func (d *Day) relink(r ref) {
	who := d.visit(r).visitor
	d.unlinkVisit(r)
	d.mutVisit(r).earlier = 0
	d.linkVisit(who, r)
}
