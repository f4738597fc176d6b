package ask

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"footfall/aggregate"
)

// maxLeaves bounds the conditions of a query.
const maxLeaves = 64

// leaf is one condition of a filter expression.
type leaf struct {
	expr  *aggregate.Expr
	field aggregate.Field
	fact  int // index into plan.facts
	// one says that a single stored value can satisfy it.
	one bool
}

// compileFilters turns the filters of a query into one expression over stored
// values; nil without filters. Leaves compare labels: what a report shows is what
// a filter names.
func compileFilters(filters []aggregate.Filter) (*aggregate.Expr, []leaf, error) {
	if len(filters) == 0 {
		return nil, nil, nil
	}
	root, named, err := compileFilter(aggregate.Filter{Op: aggregate.FilterAnd, Args: filters})
	if err != nil {
		return nil, nil, err
	}
	if len(named) > maxLeaves {
		return nil, nil, &Refusal{Part: "filters", Why: fmt.Sprintf("A query may have %d conditions, this one has %d.", maxLeaves, len(named))}
	}
	if len(named) == 0 {
		return nil, nil, nil
	}
	expr := &root
	i := 0
	expr.Leaves(func(e *aggregate.Expr) {
		named[i].expr = e
		i++
	})
	return expr, named, nil
}

func compileFilter(f aggregate.Filter) (e aggregate.Expr, leaves []leaf, err error) {
	switch f.Op {
	case aggregate.FilterAnd, aggregate.FilterOr, aggregate.FilterNot:
		e.Op = map[aggregate.FilterOp]aggregate.ExprOp{aggregate.FilterAnd: aggregate.And,
			aggregate.FilterOr: aggregate.Or, aggregate.FilterNot: aggregate.Not}[f.Op]
		if f.Op == aggregate.FilterNot && len(f.Args) != 1 {
			return e, nil, &Refusal{Part: "filters", Why: "\"not\" takes one filter."}
		}
		for _, arg := range f.Args {
			sub, subLeaves, err := compileFilter(arg)
			if err != nil {
				return e, nil, err
			}
			e.Args = append(e.Args, sub)
			leaves = append(leaves, subLeaves...)
		}
		return e, leaves, nil
	}
	if f.Field.Dimension == aggregate.None {
		return e, nil, &Refusal{Part: "filters", TooMany: []string{f.Field.Name},
			Why: fmt.Sprintf("%q cannot be filtered by.", f.Field.Name), Instead: "Set date_range instead."}
	}
	test, err := compileTest(f)
	if err != nil {
		return e, nil, err
	}
	e.Dimension, e.Key, e.Match = f.Field.Dimension, f.Field.Key, test
	return e, []leaf{{field: f.Field, one: f.Op == aggregate.FilterIs && len(f.Values) == 1}}, nil
}

// compileTest makes the function that a leaf asks about each stored value.
func compileTest(f aggregate.Filter) (func(string) bool, error) {
	label := labelOf(f.Field)
	switch f.Op {
	case aggregate.FilterIs:
		values := slices.Clone(f.Values)
		return func(v string) bool {
			l := label(v)
			return slices.ContainsFunc(values, func(want string) bool {
				return l == want || f.FoldCase && strings.EqualFold(l, want)
			})
		}, nil
	case aggregate.FilterContains:
		values := slices.Clone(f.Values)
		fold := func(s string) string { return s }
		if f.FoldCase {
			fold = strings.ToLower
		}
		for i := range values {
			values[i] = fold(values[i])
		}
		return named(label, func(l string) bool {
			l = fold(l)
			return slices.ContainsFunc(values, func(part string) bool { return strings.Contains(l, part) })
		}), nil
	case aggregate.FilterMatches:
		var patterns []*regexp.Regexp
		for _, v := range f.Values {
			if f.FoldCase {
				v = "(?i)" + v
			}
			re, err := regexp.Compile(v)
			if err != nil {
				return nil, &Refusal{Part: "filters", Why: fmt.Sprintf("%q is not a regular expression.", v), Instead: "Want the syntax of RE2."}
			}
			patterns = append(patterns, re)
		}
		return named(label, func(l string) bool {
			return slices.ContainsFunc(patterns, func(re *regexp.Regexp) bool { return re.MatchString(l) })
		}), nil
	}
	return nil, &Refusal{Part: "filters", Why: "This filter operation is unknown."}
}

// named tests labels that are names. What a cap cut has none: "(other)" can be
// asked for by "is" alone.
func named(label func(string) string, test func(string) bool) func(string) bool {
	return func(v string) bool {
		l := label(v)
		return l != labelOther && test(l)
	}
}

// conjuncts are the expressions that all must hold.
func conjuncts(e *aggregate.Expr) []*aggregate.Expr {
	if e == nil {
		return nil
	}
	if e.Op != aggregate.And {
		return []*aggregate.Expr{e}
	}
	var all []*aggregate.Expr
	for i := range e.Args {
		all = append(all, conjuncts(&e.Args[i])...)
	}
	return all
}
