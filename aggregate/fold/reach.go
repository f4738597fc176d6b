package fold

import "footfall/aggregate"

// A visit reaches a step of a funnel when its events, in order of time, satisfy
// the steps up to it one after the other; no event stands for two steps. The steps
// reached are facts of the visit, and both records of a visit across midnight have
// them.

// progress is how far a visit has come in each funnel while its events go by, a
// bit for each step: at are those where it stands, reached those where it stood.
type progress struct {
	at, reached [aggregate.MaxFunnels]uint16
}

// pass takes in a list of events in order.
func (p *progress) pass(d *Day, list ref) {
	for e := list; e != 0; {
		ev := d.event(e)
		e = ev.next
		if ev.what == engaged || ev.extra == 0 && !d.defs.strict {
			continue
		}
		var met [aggregate.MaxFunnels]uint16
		for x := ev.extra; x != 0; {
			f := d.extra(x)
			x = f.next
			if f.dim == aggregate.Reached {
				if s, ok := d.defs.steps[f.val]; ok {
					met[s.funnel] |= 1 << s.step
				}
			}
		}
		for i := range d.defs.funnels {
			next := met[i] & (p.at[i]<<1 | 1)
			if d.defs.funnels[i].strict {
				p.at[i] = next | met[i]&p.at[i]
			} else {
				p.at[i] |= next
			}
			p.reached[i] |= p.at[i]
		}
	}
}

// reach finds the steps that a visit has reached, from what this day knows of it.
func (d *Day) reach(r ref) {
	v := d.visit(r)
	if d.defs == nil || len(d.defs.funnels) == 0 {
		if v.reached != 0 {
			d.mutVisit(r).reached = 0
		}
		return
	}
	var p progress
	p.pass(d, v.prior)
	p.pass(d, v.first)
	if v.flags&crossed != 0 { // what it reached on the day after is known to agree
		for x := v.reached; x != 0; x = d.extra(x).next {
			if s, ok := d.defs.steps[d.extra(x).val]; ok {
				p.reached[s.funnel] |= 1 << s.step
			}
		}
	}
	d.setReached(r, &p)
}

// reachBoth finds the steps of a visit that has a record on two days.
func reachBoth(prev, d *Day, from, to ref) {
	if prev.defs == nil || d.defs == nil || len(prev.defs.funnels) != len(d.defs.funnels) {
		return
	}
	var p progress
	p.pass(prev, prev.visit(from).first)
	p.pass(d, d.visit(to).first)
	prev.setReached(from, &p)
	d.setReached(to, &p)
}

// reachAgain is reach after other definitions came into force on all days.
func (s *Days) reachAgain(d *Day, r ref) {
	v := d.visit(r)
	if v.flags&crossed != 0 && v.peer != 0 {
		if next := s.after(d); next != nil {
			d.mutVisit(r).reached = 0
			reachBoth(d, next, r, v.peer)
			return
		}
	}
	if v.flags&crossing != 0 && v.peer != 0 && s.before(d) != nil {
		return // with its record on the day before
	}
	d.reach(r)
}

// setReached gives a visit its steps. Its list changes only where it must.
func (d *Day) setReached(r ref, p *progress) {
	var list [aggregate.MaxFunnels * aggregate.MaxSteps]value
	n := 0
	for i := range d.defs.funnels {
		for step, v := range d.defs.funnels[i].steps {
			if p.reached[i]&(1<<step) != 0 {
				list[n] = v
				n++
			}
		}
	}
	old, kept := d.visit(r).reached, 0
	for _, v := range list[:n] {
		if d.hasMark(old, fact{aggregate.Reached, v}) {
			kept++
		}
	}
	size := 0
	for x := old; x != 0; x = d.extra(x).next {
		size++
	}
	if size == n && kept == n {
		return
	}
	if kept < size {
		old = 0 // a step is gone: a late event came between two
	}
	for _, v := range list[:n] {
		if m := (fact{aggregate.Reached, v}); !d.hasMark(old, m) {
			old = d.addExtra(old, m)
		}
	}
	d.mutVisit(r).reached = old
}

// eachReached calls fn for the steps that a visit has reached.
func (d *Day) eachReached(v *visit, fn func(value)) {
	for x := v.reached; x != 0; x = d.extra(x).next {
		fn(d.extra(x).val)
	}
}
