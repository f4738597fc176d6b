package fold

import "footfall/aggregate"

// Most hits are one more pageview of a visit under way. What such a hit changes
// is known without taking the visitor out of the counters and putting him back,
// so viewAgain adds just that: the shortcut past the one rule of this package.
// The simulation holds both ways against the same reference.

// tallied is what a visit's own events of the day add up to.
type tallied struct {
	views   uint32
	events  uint32 // activities, views among them
	engaged uint32 // milliseconds
	pages   uint32 // a bit for every page viewed, shared by those alike in five bits
	host    value  // of the first view
	depth   uint8  // deepest scroll plus one
	more    bool   // custom events, or facts besides page, host and name
	hosts   bool   // views of another host than the first's
}

// view notes a view's page and host.
func (t *tallied) view(page, host value) {
	if t.pages == 0 {
		t.host = host
	}
	t.hosts = t.hosts || host != t.host
	t.pages |= 1 << (page % 32)
}

// forget is for pages and hosts that have got other numbers: until the next retally
// any may have been viewed.
func (t *tallied) forget() { t.pages, t.hosts = ^uint32(0), true }

// met reports whether a page may have been viewed, and is quick to deny it.
func (t *tallied) met(page value) bool { return t.pages&(1<<(page%32)) != 0 }

// retally counts a visit's events anew, after any change but viewAgain's.
func (d *Day) retally(v *visit) {
	v.own = tallied{}
	for e := v.first; e != 0; {
		ev := d.event(e)
		e = ev.next
		switch ev.what {
		case engaged:
			v.own.engaged += ev.n
			v.own.depth = max(v.own.depth, ev.depth)
			continue
		case viewed:
			v.own.views += ev.n
			v.own.view(ev.page, ev.host)
		default:
			v.own.more = true
		}
		v.own.more = v.own.more || ev.extra != 0 // goals and steps among them
		v.own.events += ev.n
	}
}

// row is the visit's row: what sum finds by walking its events.
func (v *visit) row() (w visitWeight) {
	c := &w.counts
	w.used = int(aggregate.CarriedVisitors)
	c[aggregate.Visits], c[aggregate.Starts] = 1, 1
	c[aggregate.Pageviews], c[aggregate.StartViews] = int64(v.own.views), int64(v.own.views)
	c[aggregate.Events] = int64(v.own.events)
	c[aggregate.Duration] = int64(v.end) - int64(v.start)
	if v.own.views == 1 {
		c[aggregate.Bounces] = 1
	}
	if c[aggregate.Engaged] = int64(v.own.engaged); v.own.engaged > 0 {
		c[aggregate.EngagedVisits] = 1
	}
	if v.own.depth > 0 {
		c[aggregate.ScrollVisits], c[aggregate.Scroll] = 1, int64(v.own.depth)-1
	}
	return w
}

// viewAgain folds a pageview if nothing about it is out of the ordinary: the
// visitor's only visit today, of plain pageviews and engagements alone, within
// this day, in order of time, and not full. It reports whether it did.
func (d *Day) viewAgain(who ref, h *aggregate.Hit, at int32) bool {
	r := d.visitor(who).latest
	v := d.visit(r)
	if h.Kind != aggregate.Pageview || v.earlier != 0 || v.flags != 0 || v.own.views == 0 || v.own.more ||
		at < v.seen || at-v.seen > gapMillis || v.records >= maxRecords || len(h.Props) > 0 ||
		h.Facts[aggregate.Outbound] != "" || h.Facts[aggregate.Download] != "" || h.Facts[aggregate.SearchTerm] != "" {
		return false
	}
	hour, before := d.hourAt(uint32(at)), d.hourAt(uint32(v.end))
	if hour < before {
		return false // the clock was set back
	}
	page := d.number(aggregate.Page, h.Facts[aggregate.Page])
	if d.marksView(page, h.Facts[aggregate.Page]) {
		return false
	}
	d.touch(who)
	host := d.number(aggregate.Hostname, h.Facts[aggregate.Hostname])
	change := aggregate.Counts{aggregate.Pageviews: 1, aggregate.Events: 1,
		aggregate.Duration: int64(at) - int64(v.end), aggregate.StartViews: 1}
	if v.own.views == 1 {
		change[aggregate.Bounces] = -1
	}
	newPage, newHost, entryHost := true, host != v.own.host, v.own.host
	if v.own.hosts || v.own.met(page) {
		newPage, newHost, entryHost = d.firstTime(v, page, host)
	}
	d.addView(v, &change, hour, before)
	d.addViewFact(&d.cells[aggregate.Page][page].Counts, newPage)
	d.addViewFact(&d.cells[aggregate.Hostname][host].Counts, newHost)
	d.addViewFact(&d.cells[aggregate.EventName][namePageview].Counts, false)
	for _, c := range [...]*aggregate.Counts{&d.cells[aggregate.Page][v.facts[aggregate.EntryPage]].Counts,
		&d.cells[aggregate.Hostname][entryHost].Counts, &d.cells[aggregate.EventName][namePageview].Counts} {
		for _, col := range startPart {
			c[col] += change[col]
		}
	}
	d.moveExit(v, page, &change)

	v = d.mutVisit(r)
	v.end, v.seen = at, at
	v.facts[aggregate.ExitPage] = page
	v.own.views++
	v.own.events++
	v.own.view(page, host)
	d.lastSeen = max(d.lastSeen, at)
	e := d.events.add()
	*d.events.mut(e) = event{at: uint32(at), n: 1, page: page, host: host, name: namePageview, what: viewed}
	d.link(r, ref(e+1))
	return true
}

// firstTime reports whether the visit meets a page and a host for the first time,
// and by which host it entered. It goes through all events, each of which lies
// somewhere else in memory.
func (d *Day) firstTime(v *visit, page, host value) (newPage, newHost bool, entryHost value) {
	newPage, newHost = true, true
	entered := false
	for e := v.first; e != 0; {
		ev := d.event(e)
		e = ev.next
		if ev.what != viewed {
			continue
		}
		if !entered {
			entered, entryHost = true, ev.host
		}
		newPage = newPage && ev.page != page
		newHost = newHost && ev.host != host
	}
	return newPage, newHost, entryHost
}

// addView gives the change to totals, hours and the cells of the visit's facts,
// the exit page apart.
func (d *Day) addView(v *visit, change *aggregate.Counts, hour, before uint8) {
	for _, col := range [...]aggregate.Column{aggregate.Pageviews, aggregate.Events, aggregate.Bounces, aggregate.Duration, aggregate.StartViews} {
		d.total[col] += change[col]
		for dim := aggregate.FirstVisitFact; dim <= aggregate.EntryPage; dim++ {
			d.cells[dim][v.facts[dim]].Counts[col] += change[col]
		}
	}
	start := &d.hour[d.hourAt(uint32(v.start))]
	for _, col := range startPart {
		start[col] += change[col]
	}
	d.hour[hour][aggregate.Pageviews]++
	d.hour[hour][aggregate.Events]++
	for h := before + 1; h <= hour; h++ {
		d.hour[h][aggregate.Visits]++
		d.hour[h][aggregate.CarriedVisits]++
	}
	if hour != before {
		d.hour[hour][aggregate.Visitors]++
	}
}

func (d *Day) addViewFact(c *aggregate.Counts, first bool) {
	c[aggregate.Pageviews]++
	c[aggregate.Events]++
	if first {
		c[aggregate.Visits]++
		c[aggregate.Visitors]++
	}
}

// moveExit moves the visit from its last exit page to the new one.
func (d *Day) moveExit(v *visit, page value, change *aggregate.Counts) {
	cells := d.cells[aggregate.ExitPage]
	from, to := &cells[v.facts[aggregate.ExitPage]].Counts, &cells[page].Counts
	if from == to {
		to.Add(change)
		return
	}
	w := v.row()
	from.Sub(&w.counts)
	from[aggregate.Visitors]--
	to.Add(&w.counts)
	to.Add(change)
	to[aggregate.Visitors]++
}
