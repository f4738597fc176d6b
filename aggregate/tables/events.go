package tables

import (
	"slices"

	"footfall/aggregate"
)

// startPart are the columns that belong to where a visit started.
var startPart = [...]aggregate.Column{aggregate.Starts, aggregate.Bounces, aggregate.Duration, aggregate.StartViews}

// putPages makes the blocks of pages and hosts. Pageviews add up to the day's,
// and a page has the starts of the visits that entered by it.
func (m *maker) putPages(entries []line) {
	lines := m.tables[Pages]
	sum := int64(0)
	for i := range lines {
		sum += lines[i].counts[aggregate.Pageviews]
	}
	total := m.total[aggregate.Pageviews]
	if len(lines) > 0 {
		m.differ(Pages, aggregate.Pageviews, sum, total)
	}
	host, single := oneHost(lines)
	switch {
	case sum > total:
		scale(lines, aggregate.Pageviews, sum, total)
	case sum < total:
		rest := line{values: [maxFacts]string{1: host}}
		rest.counts[aggregate.Pageviews] = total - sum
		rest.counts[aggregate.Visitors] = min(1, m.total[aggregate.Visitors])
		rest.counts[aggregate.Visits] = min(1, m.total[aggregate.Visits])
		if len(lines) == 0 {
			rest.counts[aggregate.Visitors], rest.counts[aggregate.Visits] = m.total[aggregate.Visitors], m.total[aggregate.Visits]
		}
		lines = append(lines, rest)
	}
	for i := range lines {
		c := &lines[i].counts
		c[aggregate.Events] = c[aggregate.Pageviews]
	}
	page, hosts := m.factOf(lines, 0), m.factOf(lines, 1)
	for i := range entries {
		if c := page.rows[page.name(entries[i].values[0])]; c != nil {
			for _, col := range startPart {
				c[col] += entries[i].counts[col]
			}
		}
	}
	if single { // all of the day happened there
		for _, c := range hosts.rows {
			for _, col := range append(startPart[:], aggregate.Visitors, aggregate.Visits) {
				c[col] = m.total[col]
			}
		}
	}
	m.putFact(aggregate.Page, page)
	m.putFact(aggregate.Hostname, hosts)
}

// oneHost is the host of all pages, blank where nothing is told of hosts. single is
// false where there are several.
func oneHost(lines []line) (host string, single bool) {
	for i := range lines {
		switch h := lines[i].values[1]; {
		case i == 0:
			host = h
		case h != host:
			return "", false
		}
	}
	return host, true
}

// putEvents makes the blocks of event names, links and properties. Custom events
// come without visits: there are as many as visitors at least.
func (m *maker) putEvents() {
	custom := m.tables[Events]
	for i := range custom {
		c := &custom[i].counts
		c[aggregate.Visitors] = min(c[aggregate.Visitors], m.total[aggregate.Visitors])
		c[aggregate.Visits] = c[aggregate.Visitors]
	}
	name := newFact()
	if m.total[aggregate.Pageviews] > 0 {
		views := m.total
		views[aggregate.Events] = views[aggregate.Pageviews]
		name.add(aggregate.PageviewName, &views)
	}
	covered := m.total[aggregate.Visitors]
	if m.total[aggregate.Pageviews] == 0 {
		covered = 0
	}
	for i := range custom {
		name.add(custom[i].values[0], &custom[i].counts)
		covered += custom[i].counts[aggregate.Visitors]
	}
	if missing := m.total[aggregate.Visitors] - covered; missing > 0 {
		var rest aggregate.Counts
		rest[aggregate.Visitors], rest[aggregate.Visits] = missing, missing
		name.add(aggregate.Blank, &rest)
	}
	m.limit(name)
	m.putFact(aggregate.EventName, name)
	for i, dim := range facts[Events][1:3] {
		if f := m.factOf(withValue(custom, i+1), i+1); len(f.rows) > 0 {
			m.putFact(dim, f)
		}
	}
	m.putProps(name, withValue(custom, 3))
}

// withValue are the lines that have a value of their fact number i.
func withValue(lines []line, i int) []line {
	return slices.DeleteFunc(slices.Clone(lines), func(l line) bool { return l.values[i] == aggregate.Blank })
}

// putProps makes the blocks of properties: those of their own table, and what the
// table of events says of keys that the other leaves out.
func (m *maker) putProps(name *fact, ofEvents []line) {
	told := map[string]bool{}
	props := withValue(m.tables[Props], 0)
	for i := range props {
		c := &props[i].counts
		c[aggregate.Visitors] = min(c[aggregate.Visitors], m.total[aggregate.Visitors])
		c[aggregate.Visits] = c[aggregate.Visitors]
		told[aggregate.Part(props[i].values[0], 0)] = true
	}
	ofEvents = slices.DeleteFunc(ofEvents, func(l line) bool { return told[aggregate.Part(l.values[3], 0)] })
	property := m.factOf(props, 0)
	for i := range ofEvents {
		property.add(ofEvents[i].values[3], &ofEvents[i].counts)
	}
	m.limit(property)
	m.putFact(aggregate.Property, property)
	if len(ofEvents) > 0 {
		m.putLinks(aggregate.MakePair(aggregate.EventName, aggregate.Property), linksOf(ofEvents, 0, 3, name, property))
	}
}
