package api

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

func TestLegacyFiltersAreReadWithTheirEscapes(t *testing.T) {
	field := func(name string) aggregate.Field { f, _ := ask.ParseField(name); return f }
	not := func(f aggregate.Filter) aggregate.Filter {
		return aggregate.Filter{Op: aggregate.FilterNot, Args: []aggregate.Filter{f}}
	}
	for _, c := range []struct {
		text string
		want []aggregate.Filter
	}{
		{"", nil},
		{"visit:country==DE|FR;event:page!=/x", []aggregate.Filter{{Field: field("visit:country"), Values: []string{"DE", "FR"}},
			not(aggregate.Filter{Field: field("event:page"), Values: []string{"/x"}})}},
		{`visit:utm_campaign==one\|two\;three`, []aggregate.Filter{{Field: field("visit:utm_campaign"), Values: []string{"one|two;three"}}}},
		{`event:page==/a==b`, []aggregate.Filter{{Field: field("event:page"), Values: []string{"/a==b"}}}},
		{`event:props:a b!~c`, []aggregate.Filter{not(aggregate.Filter{Op: aggregate.FilterContains, Field: field("event:props:a b"), Values: []string{"c"}})}},
		{`event:page==/a.b/*|/c\*`, []aggregate.Filter{{Op: aggregate.FilterMatches, Field: field("event:page"), Values: []string{`(?s)^/a\.b/.*$`, `(?s)^/c\*$`}}}},
		{` ; event:page==/x;`, []aggregate.Filter{{Field: field("event:page"), Values: []string{"/x"}}}},
	} {
		var q legacyQuery
		if err := q.readFilters(c.text); err != nil || !reflect.DeepEqual(q.Filters, c.want) {
			t.Errorf("%s: got %+v (%v), want %+v", c.text, q.Filters, err, c.want)
		}
	}
}

// FuzzLegacyFilters: whatever is sent is read or refused by name, and a value that
// is escaped is read as it was.
func FuzzLegacyFilters(f *testing.F) {
	for _, seed := range []string{"visit:country==DE|FR;event:page!=/x", `event:page==/a\*b*|\\`, "event:props:x y~z", `[["is","event:page",["/"]]]`, `[["or",[]]`, "a:b==c", `event:page==\`} {
		f.Add(seed)
	}
	escape := strings.NewReplacer(`\`, `\\`, "|", `\|`, ";", `\;`, "*", `\*`)
	f.Fuzz(func(t *testing.T, text string) {
		var q legacyQuery
		if err := q.readFilters(text); err != nil && !strings.HasPrefix(err.Error(), "filters: ") && !strings.HasPrefix(err.Error(), "#/filters") {
			t.Errorf("error %q does not say that it is about filters", err)
		}
		for _, one := range q.Filters {
			if one.Op == aggregate.FilterMatches && !strings.HasPrefix(text, "[") {
				for _, v := range one.Values {
					if _, err := regexp.Compile(v); err != nil {
						t.Errorf("%q became the pattern %q: %v", text, v, err)
					}
				}
			}
		}
		var again legacyQuery
		if err := again.readFilters("event:page==" + escape.Replace(text)); len(text) > 0 && len(text) < 1000 {
			if err != nil || len(again.Filters) != 1 || again.Filters[0].Op != aggregate.FilterIs || !reflect.DeepEqual(again.Filters[0].Values, []string{text}) {
				t.Errorf("%q is read back as %+v (%v)", text, again.Filters, err)
			}
		}
	})
}
