package view

import (
	"encoding/json"
	"reflect"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// Spell writes filters in the form of the stats API, in which they are saved; false
// where one is about something that the API has no name for.
func Spell(filters []Filter) (text []byte, ok bool) {
	list := make([]any, len(filters))
	for i, f := range filters {
		field, _ := Field(f.Key)
		if _, known := ask.ParseField(field.Name); !known {
			return nil, false
		}
		one := []any{f.Op, field.Name, f.Values}
		if f.Op == Contains || f.Op == ContainsNot {
			one = append(one, map[string]bool{"case_sensitive": false})
		}
		list[i] = one
	}
	text, err := json.Marshal(list)
	return text, err == nil && len(list) > 0
}

// Unspell finds the filters of a page that ask exactly what a query asks; false
// where none do: a page joins its filters by "and", and does not tell capitals apart.
func Unspell(asked []aggregate.Filter) (filters []Filter, ok bool) {
	for _, q := range asked {
		if q.Op == aggregate.FilterAnd {
			inner, ok := Unspell(q.Args)
			if !ok {
				return nil, false
			}
			filters = append(filters, inner...)
			continue
		}
		f, ok := unspellOne(q)
		if !ok {
			return nil, false
		}
		filters = append(filters, f)
	}
	return filters, len(filters) > 0 && len(filters) <= MostFilters
}

func unspellOne(q aggregate.Filter) (f Filter, ok bool) {
	inner := q
	if q.Op == aggregate.FilterNot && len(q.Args) == 1 {
		inner = q.Args[0]
	}
	f.Values, f.Key = inner.Values, keyOf(inner.Field)
	for _, f.Op = range Ops {
		if f.valid() && reflect.DeepEqual(f.Ask(), q) {
			return f, true
		}
	}
	return Filter{}, false
}

// keyOf is the key of a dimension; blank where no filter of a page can be about it.
func keyOf(field aggregate.Field) string {
	if field.Dimension == aggregate.Property {
		return PropPrefix + field.Key
	}
	for _, k := range keys {
		if k.field == field {
			return k.key
		}
	}
	return ""
}
