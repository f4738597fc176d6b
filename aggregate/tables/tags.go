package tables

import (
	"slices"

	"footfall/aggregate"
)

// firstTag is the number of the first tag among the facts of Sources.
var firstTag = slices.Index(facts[Sources], aggregate.UTMSource)

// tags is how many tags a line of sources has.
func (l *line) tags() (n int) {
	for _, v := range l.values[firstTag:] {
		if v != aggregate.Blank {
			n++
		}
	}
	return n
}

// tagAlone reports whether a line of sources tells one tag and nothing else.
func (l *line) tagAlone() bool {
	return l.values[0] == aggregate.Blank && l.values[1] == aggregate.Blank && l.tags() == 1
}

// tagsBeside parts the lines of sources where tags are told beside them: in a
// table that was made from counters which link no more than two facts, sources
// stand without tags, and each tag has rows of its own. It is known by this: rows
// without a tag stand for all visits already.
func (m *maker) tagsBeside(lines []line) (sources, tags []line) {
	visits := int64(0)
	for i := range lines {
		switch l := &lines[i]; {
		case l.tagAlone():
			tags = append(tags, *l)
		case l.tags() > 0:
			return lines, nil
		default:
			sources = append(sources, *l)
			visits += l.counts[aggregate.Visits]
		}
	}
	if len(tags) == 0 || visits < m.total[aggregate.Visits] {
		return lines, nil
	}
	return sources, tags
}

// putSources makes the blocks of sources and tags.
func (m *maker) putSources() {
	sources, tags := m.tagsBeside(m.tables[Sources])
	if tags == nil {
		m.putFacts(Sources, len(facts[Sources]), m.settle(Sources, sources))
		return
	}
	m.putFacts(Sources, firstTag, m.settle(Sources, sources))
	for i, dim := range facts[Sources][firstTag:] {
		m.putFact(dim, m.factOf(m.settle(Sources, withValue(tags, firstTag+i)), firstTag+i))
	}
}
