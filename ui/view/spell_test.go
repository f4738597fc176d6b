package view

import (
	"reflect"
	"testing"

	"footfall/aggregate"
)

func TestFiltersThatAreSpelledAskTheSameWhenReadBack(t *testing.T) {
	t.Parallel()
	v, _ := Parse("f=is,page,/a,/b&f=is_not,source,Google&f=contains,prop:plan,Pro&f=contains_not,country,DE&f=is,region,Bavaria")
	text, ok := Spell(v.Filters)
	want := `[["is","event:page",["/a","/b"]],["is_not","visit:source",["Google"]],["contains","event:props:plan",["Pro"],{"case_sensitive":false}],` +
		`["contains_not","visit:country",["DE"],{"case_sensitive":false}],["is","visit:region_name",["Bavaria"]]]`
	if string(text) != want || !ok {
		t.Errorf("got %s, want %s", text, want)
	}
	both := []aggregate.Filter{{Op: aggregate.FilterAnd, Args: v.Asks()[:2]}, v.Asks()[2], v.Asks()[3], v.Asks()[4]}
	if back, ok := Unspell(both); !ok || !reflect.DeepEqual(back, v.Filters) {
		t.Errorf("read back it is %v, want %v", back, v.Filters)
	}
	for _, query := range []string{"", "f=is,outbound,https://a.example/", "f=is,page,/&f=contains,download,x"} {
		v, _ := Parse(query)
		if text, ok := Spell(v.Filters); ok {
			t.Errorf("%q is spelled %s", query, text)
		}
	}
}

func TestWhatNoFilterOfAPageAsksIsNotReadAsOne(t *testing.T) {
	t.Parallel()
	page := aggregate.Filter{Op: aggregate.FilterIs, Field: api("event:page"), Values: []string{"/"}}
	for name, q := range map[string]aggregate.Filter{
		"or":                  {Op: aggregate.FilterOr, Args: []aggregate.Filter{page, page}},
		"not and":             {Op: aggregate.FilterNot, Args: []aggregate.Filter{{Op: aggregate.FilterAnd, Args: []aggregate.Filter{page}}}},
		"not not":             {Op: aggregate.FilterNot, Args: []aggregate.Filter{{Op: aggregate.FilterNot, Args: []aggregate.Filter{page}}}},
		"matches":             {Op: aggregate.FilterMatches, Field: page.Field, Values: page.Values},
		"contains, case told": {Op: aggregate.FilterContains, Field: page.Field, Values: page.Values},
		"is, case not told":   {Op: aggregate.FilterIs, Field: page.Field, Values: page.Values, FoldCase: true},
		"a country's name":    {Op: aggregate.FilterIs, Field: api("visit:country_name"), Values: []string{"Germany"}},
		"no value":            {Op: aggregate.FilterIs, Field: page.Field},
	} {
		if got, ok := Unspell([]aggregate.Filter{page, q}); ok {
			t.Errorf("%s is read as %v", name, got)
		}
	}
}
