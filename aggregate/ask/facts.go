package ask

import (
	"fmt"
	"slices"
	"strings"

	"footfall/aggregate"
)

// fact is one of the facts that a query links. Facts that contain each other are
// one, answered from the finest.
type fact struct {
	dim      aggregate.Dimension
	key      string   // Property
	inField  []string // names under which the query breaks down by it
	inFilter []string // names under which the query filters by it
}

// holds reports whether a value of f tells that of dim (and key).
func (f *fact) holds(dim aggregate.Dimension, key string) bool {
	return dim.Contains(f.dim) && key == f.key
}

// findFacts lists the facts of a query, the smaller dimension first.
func findFacts(fields []aggregate.Field, leaves []leaf) []fact {
	var facts []fact
	add := func(f aggregate.Field) {
		for i := range facts {
			if facts[i].holds(f.Dimension, f.Key) {
				return
			}
		}
		facts = slices.DeleteFunc(facts, func(old fact) bool {
			return old.dim.Contains(f.Dimension) && old.key == f.Key
		})
		facts = append(facts, fact{dim: f.Dimension, key: f.Key})
	}
	for _, f := range fields {
		if !isTime(f) {
			add(f)
		}
	}
	for _, l := range leaves {
		add(l.field)
	}
	slices.SortStableFunc(facts, func(a, b fact) int { return int(a.dim) - int(b.dim) })
	for _, f := range fields {
		if !isTime(f) {
			i := factOf(facts, f)
			facts[i].inField = appendNew(facts[i].inField, f.Name)
		}
	}
	for i := range leaves {
		leaves[i].fact = factOf(facts, leaves[i].field)
		f := &facts[leaves[i].fact]
		f.inFilter = appendNew(f.inFilter, leaves[i].field.Name)
	}
	return facts
}

func factOf(facts []fact, f aggregate.Field) int {
	return slices.IndexFunc(facts, func(x fact) bool { return x.holds(f.Dimension, f.Key) })
}

func appendNew(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

const insteadAny = "Ask for today alone, where any number of filters can be combined."

// checkPast refuses what the counters of closed days do not hold.
func (p *plan) checkPast() error {
	if len(p.facts) == 0 {
		return nil
	}
	if p.cutPast() {
		return p.refuseAll("Of a part of a past day only the site's totals are kept, hour by hour.",
			"Ask for whole days, or leave this out.")
	}
	if p.grain == aggregate.Hour || p.grain == aggregate.Minute {
		return p.refuseAll("Of the hours of past days only the site's totals are kept.",
			"Ask by time:day, or for today alone, or leave this out.")
	}
	if len(p.facts) == 1 && p.facts[0].dim == aggregate.PageBefore {
		return &Refusal{Part: part(&p.facts[0]), TooMany: names(&p.facts[0]),
			Why: "On past days the page before is linked with the page alone.", Instead: "Ask for it together with event:page."}
	}
	if len(p.facts) == 1 {
		return nil
	}
	if len(p.facts) > 2 {
		return p.refuseThird()
	}
	a, b := &p.facts[0], &p.facts[1]
	if a.dim == aggregate.Property && b.dim == aggregate.Property {
		return &Refusal{Part: part(b), TooMany: names(b), Instead: insteadAny,
			Why: fmt.Sprintf("Two properties of one event (%s) are not linked on past days.", join(append(names(a), names(b)...)))}
	}
	if !aggregate.Crossed(a.dim, b.dim) {
		return refuseFine(a, b)
	}
	return p.checkWithout()
}

// refuseAll refuses every fact of the query.
func (p *plan) refuseAll(why, instead string) error {
	r := &Refusal{Part: "dimensions", Why: why, Instead: instead}
	for i := range p.facts {
		f := &p.facts[i]
		r.TooMany = append(r.TooMany, names(f)...)
		r.Part = part(f)
	}
	r.Why += fmt.Sprintf(" One too many: %s.", join(r.TooMany))
	return r
}

// refuseThird names the facts beyond two; those the rows are broken down by have
// the right of way.
func (p *plan) refuseThird() error {
	order := make([]*fact, 0, len(p.facts))
	for i := range p.facts {
		order = append(order, &p.facts[i])
	}
	slices.SortStableFunc(order, func(x, y *fact) int { return p.place(x) - p.place(y) })
	var all []string
	r := &Refusal{}
	for i, f := range order {
		all = append(all, names(f)...)
		if i >= 2 {
			r.TooMany = append(r.TooMany, names(f)...)
			r.Part = part(f)
		}
	}
	r.Why = fmt.Sprintf("%s are %d facts of a visit, and past days link no more than two. One too many: %s.",
		join(all), len(order), join(r.TooMany))
	r.Instead = "Ask for one dimension under one filter, or for two filters without a dimension, or for today alone, " +
		"where any number of filters can be combined."
	return r
}

// place orders facts as the query names them: dimensions, then filters.
func (p *plan) place(f *fact) int {
	for i, x := range p.q.Fields {
		if !isTime(x) && f.holds(x.Dimension, x.Key) {
			return i
		}
	}
	for i, l := range p.leaves {
		if &p.facts[l.fact] == f {
			return len(p.q.Fields) + i
		}
	}
	return 1 << 20
}

func refuseFine(a, b *fact) error {
	fine, with := a, b
	if isFine(b.dim) {
		fine, with = b, a
	}
	tooMany := with
	if len(fine.inField) == 0 {
		tooMany = fine
	}
	r := &Refusal{Part: part(tooMany), TooMany: names(tooMany)}
	r.Why = fmt.Sprintf("On past days %s is not linked with %s.", join(names(fine)), join(names(with)))
	if family := familyOf(fine.dim); family != "" {
		r.Why += fmt.Sprintf(" It can be combined with %s only.", family)
	}
	r.Instead = fmt.Sprintf("Leave out %s, or ask for today alone, where any number of filters can be combined.", join(names(tooMany)))
	return r
}

// isFine reports whether no pair with d is stored.
func isFine(d aggregate.Dimension) bool {
	for other := aggregate.FirstVisitFact; other <= aggregate.LastEventFact; other++ {
		if aggregate.Crossed(d, other) {
			return false
		}
	}
	return true
}

// familyOf names the dimensions that a value of fine carries.
func familyOf(fine aggregate.Dimension) string {
	var carried []string
	for d := aggregate.FirstVisitFact; d <= aggregate.LastEventFact; d++ {
		if d != fine && d.Contains(fine) {
			carried = append(carried, "visit:"+d.String())
		}
	}
	return join(carried)
}

// checkWithout refuses a filter that events without a property satisfy, together
// with another fact: which of these the floor withholds cannot be told.
func (p *plan) checkWithout() error {
	for i := range p.facts {
		f := &p.facts[i]
		if f.dim != aggregate.Property || len(f.inFilter) == 0 || !p.blankSatisfies(i) {
			continue
		}
		return &Refusal{Part: "filters", TooMany: f.inFilter, Instead: "Filter by values of the property, or " + strings.ToLower(insteadAny[:1]) + insteadAny[1:],
			Why: fmt.Sprintf("Events without a property are not linked with other facts on past days, and the filter on %s is true of them.", join(f.inFilter))}
	}
	return nil
}

// blankSatisfies reports whether an event that lacks property i could satisfy the
// filters.
func (p *plan) blankSatisfies(i int) bool {
	for _, e := range conjuncts(p.expr) {
		only, blank := true, true
		e.Leaves(func(l *aggregate.Expr) {
			if p.leafOf(l).fact != i {
				only = false
			}
		})
		if only {
			blank = e.Eval(func(l *aggregate.Expr) bool { return l.Match(aggregate.Blank) })
		}
		if !blank {
			return false
		}
	}
	return true
}

func (p *plan) leafOf(e *aggregate.Expr) *leaf {
	for i := range p.leaves {
		if p.leaves[i].expr == e {
			return &p.leaves[i]
		}
	}
	panic("BUG: a condition that is none of the query's")
}

func part(f *fact) string {
	if len(f.inFilter) > 0 {
		return "filters"
	}
	return "dimensions"
}

func names(f *fact) []string {
	all := slices.Clone(f.inField)
	for _, n := range f.inFilter {
		all = appendNew(all, n)
	}
	return all
}

// join lists names for people: "a", "a and b", "a, b and c".
func join(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}
