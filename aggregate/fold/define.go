package fold

import (
	"encoding/json"
	"fmt"
	"strings"

	"footfall/aggregate"
)

// What an owner has defined holds for a whole day: an event is marked with the
// goals and the steps of funnels that it satisfies when it is folded, and a change
// of the definitions marks what is in memory anew. So the day counts as if its last
// definitions had been there from its first hit on, and a snapshot carries them.
//
// A goal or funnel never changes under its id; what an owner changes gets another.
// Goals that are answered from pages and event names (Condition.Simple) are not
// marked, but no cap cuts the pages and names that they are about.

// definitions are what is defined, in the form in which events are asked.
type definitions struct {
	aggregate.Definitions
	markers []marker
	funnels []funnel
	// steps tells of a value of Reached which step of which funnel it is.
	steps  map[value]stepOf
	strict bool // there is a strict funnel
	pinned [aggregate.Dimensions]map[string]bool
	// pages caches whether views of a page, by its number, get marks: 0 unknown.
	pages []pageMarks
}

type pageMarks uint8

const (
	unmarked pageMarks = 1 + iota
	marked
)

// marker is one condition, and the mark of events that satisfy it.
type marker struct {
	aggregate.Condition
	kind   aggregate.GoalKind
	prefix string // of Page, up to its first star
	glob   bool
	mark   fact
}

type funnel struct {
	strict bool
	steps  []value
}

type stepOf struct{ funnel, step int }

// subject is an event while conditions are asked about it.
type subject struct {
	what       happening
	page, name string
	props      []aggregate.Prop
	depth      uint8
}

// compile makes the day's definitions. Values that are known keep their numbers.
func (d *Day) compile(defs *aggregate.Definitions) {
	d.defs = nil
	if defs == nil || len(defs.Goals)+len(defs.Funnels) == 0 {
		return
	}
	c := &definitions{Definitions: *defs, steps: map[value]stepOf{}}
	c.pinned[aggregate.Page], c.pinned[aggregate.EventName] = map[string]bool{}, map[string]bool{}
	for i := range defs.Goals {
		g := &defs.Goals[i]
		if g.Simple() {
			c.pin(&g.Condition)
			continue
		}
		v := d.number(aggregate.Conversion, g.ID.String())
		c.markers = append(c.markers, newMarker(g.Condition, fact{aggregate.Conversion, v}))
	}
	for i := range defs.Funnels {
		f := &defs.Funnels[i]
		var own funnel
		own.strict = f.Strict
		c.strict = c.strict || f.Strict
		for n := range f.Steps {
			v := d.number(aggregate.Reached, aggregate.ReachedValue(f.ID, n+1))
			own.steps = append(own.steps, v)
			c.steps[v] = stepOf{i, n}
			c.markers = append(c.markers, newMarker(f.Steps[n].Condition, fact{aggregate.Reached, v}))
		}
		c.funnels = append(c.funnels, own)
	}
	d.defs = c
}

func (c *definitions) pin(cond *aggregate.Condition) {
	if cond.Page != "" {
		c.pinned[aggregate.Page][cond.Page] = true
	} else {
		c.pinned[aggregate.EventName][cond.Event] = true
	}
}

func newMarker(cond aggregate.Condition, mark fact) marker {
	m := marker{Condition: cond, kind: cond.Kind(), prefix: cond.Page, mark: mark}
	if i := strings.IndexByte(cond.Page, '*'); i >= 0 {
		m.prefix, m.glob = cond.Page[:i], true
	}
	return m
}

// satisfied reports whether an event satisfies the condition. Who does something
// on a page is on the page.
func (m *marker) satisfied(s *subject) bool {
	switch {
	case m.kind == aggregate.ScrollGoal:
		return s.what == engaged && int(s.depth) > m.Scroll && m.onPage(s.page)
	case s.what == engaged:
		return false
	case m.kind == aggregate.PageGoal:
		return m.onPage(s.page)
	}
	if s.what == viewed || s.name != m.Event {
		return false
	}
	for _, want := range m.Props {
		if !hasProp(s.props, want) {
			return false
		}
	}
	return true
}

func (m *marker) onPage(page string) bool {
	if !m.glob {
		return page == m.Page
	}
	return strings.HasPrefix(page, m.prefix) && aggregate.MatchGlob(m.Page, page)
}

func hasProp(props []aggregate.Prop, want aggregate.Prop) bool {
	for _, p := range props {
		if p.Key == want.Key {
			return p.Value == want.Value
		}
	}
	return false
}

// marksOf appends the marks that a hit gets.
func (d *Day) marksOf(dst []fact, h *aggregate.Hit) []fact {
	if d.defs == nil {
		return dst
	}
	s := subject{what: happeningOf(h), page: h.Facts[aggregate.Page], name: h.Facts[aggregate.EventName], props: h.Props, depth: uint8(h.Scroll + 1)}
	for i := range d.defs.markers {
		if m := &d.defs.markers[i]; m.satisfied(&s) {
			dst = append(dst, m.mark)
		}
	}
	return dst
}

// marksView reports whether views of a page get a mark.
func (d *Day) marksView(page value, text string) bool {
	c := d.defs
	if c == nil || len(c.markers) == 0 {
		return false
	}
	if page == other {
		return true // no number of its own: ask in full
	}
	for len(c.pages) <= int(page) {
		c.pages = append(c.pages, 0)
	}
	if c.pages[page] == 0 {
		s := subject{what: viewed, page: text, name: aggregate.PageviewName}
		c.pages[page] = unmarked
		for i := range c.markers {
			if c.markers[i].satisfied(&s) {
				c.pages[page] = marked
			}
		}
	}
	return c.pages[page] == marked
}

// mark adds marks to an event that lacks them.
func (d *Day) mark(e ref, marks []fact) {
	for _, m := range marks {
		if !d.hasMark(d.event(e).extra, m) {
			d.mutEvent(e).extra = d.addExtra(d.event(e).extra, m)
		}
	}
}

func (d *Day) addExtra(list ref, f fact) ref {
	i := d.extras.add()
	*d.extras.mut(i) = extra{list, f.dim, f.val}
	return ref(i + 1)
}

func (d *Day) hasMark(list ref, m fact) bool {
	for x := list; x != 0; x = d.extra(x).next {
		if f := d.extra(x); f.dim == m.dim && f.val == m.val {
			return true
		}
	}
	return false
}

// onlyMarked reports whether an event has these marks and no other extras.
func (d *Day) onlyMarked(list ref, marks []fact) bool {
	n := 0
	for x := list; x != 0; x = d.extra(x).next {
		n++
	}
	if n != len(marks) {
		return false
	}
	for _, m := range marks {
		if !d.hasMark(list, m) {
			return false
		}
	}
	return true
}

// Define puts other definitions in force, on all open days, from their first hit
// on.
func (s *Days) Define(defs *aggregate.Definitions) {
	for _, d := range s.open {
		d.remark(defs)
	}
	for _, d := range s.open {
		for i := range d.visits.len() {
			s.reachAgain(d, ref(i+1))
		}
		d.recountDefined()
	}
}

// Use puts definitions in force on a day that has no hits yet; nil: none.
func (d *Day) Use(defs *aggregate.Definitions) { d.compile(defs) }

// Definitions are those in force.
func (d *Day) Definitions() (defs aggregate.Definitions) {
	if d.defs != nil {
		defs = d.defs.Definitions
	}
	return defs
}

// remark takes the marks off that nothing defines any more, and gives the new
// ones.
func (d *Day) remark(defs *aggregate.Definitions) {
	known := map[fact]bool{}
	if d.defs != nil {
		for i := range d.defs.markers {
			known[d.defs.markers[i].mark] = true
		}
	}
	d.compile(defs)
	valid := map[fact]bool{}
	var fresh []marker
	if d.defs != nil {
		for _, m := range d.defs.markers {
			valid[m.mark] = true
			if !known[m.mark] {
				fresh = append(fresh, m)
			}
		}
	}
	for i := range d.events.len() {
		e := ref(i + 1)
		if list := d.event(e).extra; list != 0 {
			if kept := d.keepMarks(list, valid); kept != list {
				d.mutEvent(e).extra = kept
			}
		}
		if len(fresh) > 0 {
			d.markFresh(e, fresh)
		}
	}
}

// keepMarks unlinks the marks of a list that are not valid.
func (d *Day) keepMarks(list ref, valid map[fact]bool) ref {
	gone := func(x ref) bool { f := d.extra(x); return defined(f.dim) && !valid[fact{f.dim, f.val}] }
	for list != 0 && gone(list) {
		list = d.extra(list).next
	}
	for x := list; x != 0; {
		next := d.extra(x).next
		if next != 0 && gone(next) {
			d.extras.mut(uint32(x - 1)).next = d.extra(next).next
			continue
		}
		x = next
	}
	return list
}

func (d *Day) markFresh(e ref, fresh []marker) {
	ev := d.event(e)
	s := subject{what: ev.what, page: d.text(aggregate.Page, ev.page), name: d.text(aggregate.EventName, ev.name), depth: ev.depth}
	for x := ev.extra; x != 0; x = d.extra(x).next {
		if f := d.extra(x); f.dim == aggregate.Property {
			text := d.text(f.dim, f.val)
			s.props = append(s.props, aggregate.Prop{Key: aggregate.Part(text, 0), Value: propValue(text)})
		}
	}
	for i := range fresh {
		if fresh[i].satisfied(&s) {
			d.mark(e, []fact{fresh[i].mark})
		}
	}
}

// recountDefined makes the counters of goals and funnels anew.
func (d *Day) recountDefined() {
	const set = dimSet(1<<aggregate.Conversion | 1<<aggregate.Reached)
	for _, dim := range [...]aggregate.Dimension{aggregate.Conversion, aggregate.Reached} {
		d.cells[dim] = nil
		d.grow(dim)
		for v := range d.base[dim] {
			d.cells[dim][v].Counts = d.base[dim][v]
		}
	}
	for i := range d.visits.len() {
		d.retally(d.visits.mut(uint32(i)))
	}
	for i := range d.visitors.len() {
		d.weigh(ref(i+1), 1, set)
	}
	d.dirty = true
}

// maxDefinitions is longer than any definitions are as text.
const maxDefinitions = 1 << 22

// AppendDefinitions and ReadDefinitions are the form of definitions in snapshots
// and in the journal: JSON.
func AppendDefinitions(dst []byte, defs *aggregate.Definitions) []byte {
	text, err := json.Marshal(defs)
	if err != nil {
		panic("BUG: definitions that are no JSON: " + err.Error())
	}
	return append(dst, text...)
}

// ReadDefinitions reads what AppendDefinitions wrote.
func ReadDefinitions(src []byte) (*aggregate.Definitions, error) {
	defs := new(aggregate.Definitions)
	if err := json.Unmarshal(src, defs); err != nil {
		return nil, fmt.Errorf("definitions: %w", err)
	}
	if len(defs.Goals) > aggregate.MaxGoals || len(defs.Funnels) > aggregate.MaxFunnels {
		return nil, fmt.Errorf("definitions: %d goals and %d funnels", len(defs.Goals), len(defs.Funnels))
	}
	for i := range defs.Funnels {
		if n := len(defs.Funnels[i].Steps); n > aggregate.MaxSteps {
			return nil, fmt.Errorf("definitions: a funnel of %d steps", n)
		}
	}
	return defs, nil
}
