package view

import (
	"slices"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// Op compares the name of a value, as reports show it.
type Op string

const (
	Is          Op = "is"
	IsNot       Op = "is_not"
	Contains    Op = "contains" // without regard to case
	ContainsNot Op = "contains_not"
)

// Ops are all operators, in the order in which they are offered.
var Ops = []Op{Is, IsNot, Contains, ContainsNot}

// Filter narrows a page to what has a value of a dimension.
type Filter struct {
	Op     Op
	Key    string // of a dimension: see Field
	Values []string
}

// Bounds of what an address may hold.
const (
	MostFilters = 12
	MostValues  = 30
	MostBytes   = 2000 // of a value, a search, a key of a property
)

// PropPrefix stands before the key of an event property.
const PropPrefix = "prop:"

// keys are the dimensions by the names they have in an address, in the order in
// which they are offered.
var keys = []struct {
	key   string
	field aggregate.Field
}{
	{"page", api("event:page")},
	{"section", api("event:page_section")},
	{"entry", api("visit:entry_page")},
	{"exit", api("visit:exit_page")},
	{"hostname", api("event:hostname")},
	{"channel", api("visit:channel")},
	{"source", api("visit:source")},
	{"referrer", api("visit:referrer")},
	{"utm_medium", api("visit:utm_medium")},
	{"utm_source", api("visit:utm_source")},
	{"utm_campaign", api("visit:utm_campaign")},
	{"utm_content", api("visit:utm_content")},
	{"utm_term", api("visit:utm_term")},
	{"country", api("visit:country")},
	{"region", api("visit:region_name")},
	{"city", api("visit:city_name")},
	{"language", api("visit:language")},
	{"browser", api("visit:browser")},
	{"browser_version", api("visit:browser_version")},
	{"os", api("visit:os")},
	{"os_version", api("visit:os_version")},
	{"device", api("visit:device")},
	{"event", api("event:name")},
	{"goal", api("event:goal")},
	{"search", api("event:search_term")},
	{"outbound", aggregate.Field{Name: "event:outbound_link", Dimension: aggregate.Outbound}},
	{"download", aggregate.Field{Name: "event:download", Dimension: aggregate.Download}},
}

// api is a dimension of the stats API.
func api(name string) aggregate.Field {
	f, ok := ask.ParseField(name)
	if !ok {
		panic("BUG: no such dimension: " + name)
	}
	return f
}

// Keys are the names of the dimensions that a filter can be about, properties apart.
func Keys() []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.key
	}
	return all
}

// Field is the dimension of a key; false where there is none.
func Field(key string) (aggregate.Field, bool) {
	if prop, ok := strings.CutPrefix(key, PropPrefix); ok {
		return ask.ParseField("event:props:" + prop)
	}
	for _, k := range keys {
		if k.key == key {
			return k.field, true
		}
	}
	return aggregate.Field{}, false
}

// Ask is the filter as a query states it.
func (f *Filter) Ask() aggregate.Filter {
	field, _ := Field(f.Key)
	q := aggregate.Filter{Op: aggregate.FilterIs, Field: field, Values: f.Values}
	if f.Op == Contains || f.Op == ContainsNot {
		q.Op, q.FoldCase = aggregate.FilterContains, true
	}
	if f.Op == IsNot || f.Op == ContainsNot {
		return aggregate.Filter{Op: aggregate.FilterNot, Args: []aggregate.Filter{q}}
	}
	return q
}

// Asks are the view's filters as a query states them.
func (v *View) Asks() (all []aggregate.Filter) {
	for i := range v.Filters {
		all = append(all, v.Filters[i].Ask())
	}
	return all
}

// Equal reports whether two filters are spelled alike.
func (f Filter) Equal(g Filter) bool { return f.String() == g.String() }

// valid reports whether the filter is within bounds.
func (f *Filter) valid() bool {
	if _, ok := Field(f.Key); !ok || len(f.Key) > MostBytes || !slices.Contains(Ops, f.Op) || len(f.Values) == 0 || len(f.Values) > MostValues {
		return false
	}
	return !slices.ContainsFunc(f.Values, func(s string) bool { return s == "" || !clean(s) })
}

// clean reports whether a text can be a value: not too long, and without what no
// counter's name holds.
func clean(s string) bool {
	return len(s) <= MostBytes && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f || r == 0xfffd })
}

// With is v with a filter more: it takes the place of one on the same dimension
// with the same operator.
func (v *View) With(f Filter) *View {
	c := v.Whole()
	c.Filters = slices.DeleteFunc(c.Filters, func(old Filter) bool { return old.Key == f.Key && old.Op == f.Op })
	if len(c.Filters) < MostFilters {
		c.Filters = append(c.Filters, f)
	}
	return c
}

// Without is v without its filter i.
func (v *View) Without(i int) *View {
	c := v.Whole()
	c.Filters = slices.Delete(c.Filters, i, i+1)
	return c
}

// Has reports whether v is narrowed to one value of a dimension.
func (v *View) Has(key, value string) bool {
	return slices.ContainsFunc(v.Filters, func(f Filter) bool {
		return f.Op == Is && f.Key == key && len(f.Values) == 1 && f.Values[0] == value
	})
}

// OpenOnly reports whether the range lies within the day that is in memory, where
// any number of filters can be combined.
func OpenOnly(r aggregate.Range, today aggregate.Day) bool {
	return r.Realtime || r.First >= today
}

// Answerable reports whether the counters can tell the figures of a range under
// the view's filters and, where key is not blank, broken down by it.
func (v *View) Answerable(r aggregate.Range, today aggregate.Day, fields ...aggregate.Field) bool {
	if OpenOnly(r, today) {
		return true
	}
	facts := slices.Clone(fields)
	for _, f := range v.Filters {
		field, _ := Field(f.Key)
		facts = append(facts, field)
	}
	return ask.Linked(facts)
}
