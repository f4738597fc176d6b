package ask

import (
	"strings"

	"footfall/aggregate"
)

// Labels of values that are none, or that are not shown.
const (
	labelDirect = "Direct / None"
	labelNotSet = "(not set)"
	labelNone   = "(none)"
	labelOther  = "(other)"
	labelHidden = "(hidden)"
	labelEntry  = "(entry)" // of the page before: the visit began
)

// propsPrefix stands before the key of an event property.
const propsPrefix = "event:props:"

// goalField is the dimension of goals, whose values are their names.
const goalField = "event:goal"

// sectionField is the first part of a page's path. Sections are made of the counters of
// their pages: what adds is exact, and visitors on past days are an upper bound.
const sectionField = "event:page_section"

// fields are the dimensions of the stats API, apart from properties.
var fields = map[string]aggregate.Field{
	"time":       {},
	"time:hour":  {Time: aggregate.Hour},
	"time:day":   {Time: aggregate.DayGrain},
	"time:week":  {Time: aggregate.Week},
	"time:month": {Time: aggregate.MonthGrain},

	goalField:           {Dimension: aggregate.Conversion},
	"event:page_before": {Dimension: aggregate.PageBefore},
	"event:search_term": {Dimension: aggregate.SearchTerm},
	"event:page":        {Dimension: aggregate.Page},
	sectionField:        {Dimension: aggregate.Page, Spelled: true},
	"event:hostname":    {Dimension: aggregate.Hostname},
	"event:name":        {Dimension: aggregate.EventName},

	"visit:source":          {Dimension: aggregate.Source},
	"visit:referrer":        {Dimension: aggregate.Referrer},
	"visit:channel":         {Dimension: aggregate.Channel},
	"visit:utm_source":      {Dimension: aggregate.UTMSource},
	"visit:utm_medium":      {Dimension: aggregate.UTMMedium},
	"visit:utm_campaign":    {Dimension: aggregate.UTMCampaign},
	"visit:utm_content":     {Dimension: aggregate.UTMContent},
	"visit:utm_term":        {Dimension: aggregate.UTMTerm},
	"visit:entry_page":      {Dimension: aggregate.EntryPage},
	"visit:exit_page":       {Dimension: aggregate.ExitPage},
	"visit:device":          {Dimension: aggregate.Device},
	"visit:browser":         {Dimension: aggregate.Browser},
	"visit:browser_version": {Dimension: aggregate.BrowserVersion},
	"visit:os":              {Dimension: aggregate.OS},
	"visit:os_version":      {Dimension: aggregate.OSVersion},
	"visit:country":         {Dimension: aggregate.Country},
	"visit:country_name":    {Dimension: aggregate.Country, Spelled: true},
	"visit:region":          {Dimension: aggregate.Region},
	"visit:region_name":     {Dimension: aggregate.Region, Spelled: true},
	"visit:city":            {Dimension: aggregate.City},
	"visit:city_name":       {Dimension: aggregate.City, Spelled: true},
	"visit:language":        {Dimension: aggregate.Language},
}

// ParseField finds a dimension of the stats API by its name. The field of plain
// "time" has no grain: the answer chooses one by the length of the range (hours
// up to a day, days up to 91 days, else months).
func ParseField(name string) (aggregate.Field, bool) {
	if key, ok := strings.CutPrefix(name, propsPrefix); ok && key != "" && len(key) <= 300 && !hasControl(key) {
		return aggregate.Field{Name: name, Dimension: aggregate.Property, Key: key}, true
	}
	f, ok := fields[name]
	f.Name = name
	return f, ok
}

// hasControl reports whether s could hold a reserved value.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func isTime(f aggregate.Field) bool {
	return f.Dimension == aggregate.None && (f.Time != aggregate.NoTime || f.Name == "time")
}

// labelOf returns the function that names a stored value of the field's
// dimension (of a property: the part after the key).
func labelOf(f aggregate.Field) func(value string) string {
	inner := innerLabel(f)
	return func(value string) string {
		switch value {
		case aggregate.Other:
			return labelOther
		case aggregate.Hidden:
			return labelHidden
		}
		return inner(value)
	}
}

func innerLabel(f aggregate.Field) func(string) string {
	switch f.Dimension {
	case aggregate.Page:
		if f.Spelled {
			return section
		}
	case aggregate.Source:
		return orElse(labelDirect)
	case aggregate.Property, aggregate.SearchTerm:
		return orElse(labelNone)
	case aggregate.PageBefore:
		return orElse(labelEntry)
	case aggregate.Referrer:
		return partOr(labelDirect, 1)
	case aggregate.BrowserVersion, aggregate.OSVersion:
		return partOr(labelNotSet, 1)
	case aggregate.Region:
		if f.Spelled {
			return partOr(labelNotSet, 2, 1)
		}
		return partOr(labelNotSet, 1, 2)
	case aggregate.City:
		if f.Spelled {
			return partOr(labelNotSet, 4, 3)
		}
		return partOr(labelNotSet, 3, 4)
	case aggregate.Country:
		if f.Spelled {
			return func(code string) string {
				if name, ok := CountryName(code); ok {
					return name
				}
				return orElse(labelNotSet)(code)
			}
		}
	}
	return orElse(labelNotSet)
}

func orElse(blank string) func(string) string {
	return func(value string) string {
		if value == aggregate.Blank {
			return blank
		}
		return value
	}
}

// section names a page by the first part of its path: "/blog" for "/blog/2026/why".
func section(page string) string {
	if page == "" || page[0] != '/' {
		return orElse(labelNotSet)(page)
	}
	if end := strings.IndexByte(page[1:], '/'); end >= 0 {
		return page[:end+1]
	}
	return page
}

// partOr names a value by the first of its parts that is not blank.
func partOr(blank string, parts ...int) func(string) string {
	return func(value string) string {
		for _, i := range parts {
			if p := aggregate.Part(value, i); p != aggregate.Blank {
				if p == aggregate.Other {
					return labelOther
				}
				return p
			}
		}
		return blank
	}
}
