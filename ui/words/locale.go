package words

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Locale is a language as one region writes it. There are few, made once: a
// pointer tells them apart. It may be used concurrently.
type Locale struct {
	tag      string
	texts    catalogue
	american bool // month first, twelve hours
	sunday   bool // weeks begin on Sunday
}

// sundayRegions begin their weeks on Sunday, after CLDR's weekData; of Portuguese
// and Japanese all regions do.
var sundayRegions = strings.Fields("US CA MX BR CO PE VE GT HN NI PA PR SV DO PY JP KR TW HK IN ID IL PH TH ZA PT")

// localeKey tells the Locales apart.
type localeKey struct {
	tag              string
	american, sunday bool
}

var locales = func() map[localeKey]*Locale {
	all := map[localeKey]*Locale{}
	for _, language := range languages {
		for _, american := range []bool{false, true} {
			for _, sunday := range []bool{false, true} {
				k := localeKey{language.Tag, american, sunday}
				all[k] = &Locale{k.tag, catalogues[k.tag], american, sunday}
			}
		}
	}
	return all
}()

// match is the Locale of a BCP 47 tag, nil where the language is not spoken here.
func match(tag string) *Locale {
	parts := strings.FieldsFunc(tag, func(r rune) bool { return r == '-' || r == '_' })
	if len(parts) == 0 {
		return nil
	}
	k := localeKey{tag: strings.ToLower(parts[0])}
	region := ""
	for _, part := range parts[1:] {
		if len(part) == 2 {
			region = strings.ToUpper(part)
		}
	}
	k.american = k.tag == "en" && (region == "US" || region == "PH")
	k.sunday = slices.Contains(sundayRegions, region) || region == "" && (k.tag == "ja" || k.tag == "pt")
	return locales[k]
}

// For is the Locale for a BCP 47 tag such as "de" or "en-US"; English where the
// language is not spoken here. English without a region writes days before
// months, counts 24 hours and begins its weeks on Monday.
func For(tag string) *Locale {
	if l := match(tag); l != nil {
		return l
	}
	return locales[localeKey{tag: "en"}]
}

// Negotiate is the Locale a reader wants: what was chosen, if it is spoken here,
// else the best of an Accept-Language header, else English. A chosen language
// keeps the region that the header gives it.
func Negotiate(chosen, accept string) *Locale {
	wanted := preferred(accept)
	if l := match(chosen); l != nil {
		for _, tag := range wanted {
			if same := match(tag); !strings.ContainsAny(chosen, "-_") && same != nil && same.tag == l.tag {
				return same
			}
		}
		return l
	}
	for _, tag := range wanted {
		if l := match(tag); l != nil {
			return l
		}
	}
	return For("en")
}

// preferred reads an Accept-Language header (RFC 9110, 12.5.4), the best first.
// Those with weight 0 are not wanted.
func preferred(header string) (tags []string) {
	type weighted struct {
		tag    string
		weight float64
	}
	var all []weighted
	for item := range strings.SplitSeq(header, ",") {
		tag, parameter, _ := strings.Cut(item, ";")
		w := weighted{strings.TrimSpace(tag), 1}
		if value, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			w.weight, _ = strconv.ParseFloat(value, 64)
		}
		if w.tag != "" && w.weight > 0 {
			all = append(all, w)
		}
	}
	slices.SortStableFunc(all, func(a, b weighted) int { return cmp.Compare(b.weight, a.weight) })
	for _, w := range all {
		tags = append(tags, w.tag)
	}
	return tags
}

// Language is the tag of the language alone: "en".
func (l *Locale) Language() string { return l.tag }

// Tag is the language as a page's lang attribute says it, with the region where
// it decides how things are written: "en-US".
func (l *Locale) Tag() string {
	if l.american {
		return l.tag + "-US"
	}
	return l.tag
}

// Key tells Locales apart, for caches.
func (l *Locale) Key() string { return l.Tag() + " " + l.WeekStart().String() }

// Dir is the direction of the language's script. All that are spoken here are
// written from left to right; pages take it from here so that another can come.
func (l *Locale) Dir() string { return "ltr" }

// WeekStart is the first day of the week.
func (l *Locale) WeekStart() time.Weekday {
	if l.sunday {
		return time.Sunday
	}
	return time.Monday
}

// pluralForms are the forms that each language tells apart, after CLDR. Of French,
// Spanish and Portuguese "many" (whole millions) is not listed: it may be missing.
var pluralForms = map[string][]string{"en": {"one", "other"}, "de": {"one", "other"}, "fr": {"one", "other"},
	"es": {"one", "other"}, "pt": {"one", "other"}, "ja": {"other"}}

// plural is the form of a number.
func (l *Locale) plural(n int64) string {
	switch l.tag {
	case "ja":
		return "other"
	case "fr":
		if n == 0 || n == 1 {
			return "one"
		}
	default: // Portuguese too: CLDR's rule for Brazil has "0 visitante", which few write
		if n == 1 {
			return "one"
		}
	}
	if (l.tag == "fr" || l.tag == "es" || l.tag == "pt") && n != 0 && n%1_000_000 == 0 {
		return "many"
	}
	return "other"
}
