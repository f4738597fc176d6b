package aggregate

import (
	"slices"
	"strings"
)

// Dimension names a kind of fact. The numbers are part of the block and journal
// formats: never renumber, only append.
type Dimension uint8

const (
	None Dimension = iota // no dimension: totals

	// Facts of the visit: those of its first event.
	Source
	Referrer // source, address
	Channel
	UTMSource
	UTMMedium
	UTMCampaign
	UTMContent
	UTMTerm
	Country // ISO 3166-1 alpha-2
	Region  // country, ISO 3166-2 code, name
	City    // country, region code, region name, GeoNames id, name
	Browser
	BrowserVersion // browser, version
	OS
	OSVersion // OS, version
	Device
	Language
	EntryPage // page of the visit's first pageview; made by the fold
	ExitPage  // page of the visit's last pageview; made by the fold

	// Facts of one event.
	Page
	Hostname
	EventName
	Outbound // address of an outbound link
	Download // address of a downloaded file
	Property // key, value

	// Refusal is no fact of a visit: the rows of the drop ledger, reason by reason.
	Refusal

	// Facts that the owner has defined, and what follows from others. None of them
	// comes with a hit but the search term.
	Conversion // of an event: the id of a goal that it reached
	Reached    // of a visit: funnel id, step that it reached; several of each funnel
	PageBefore // of a pageview: the page viewed before it, blank where the visit entered
	SearchTerm // of an event: what was searched for on the site

	Dimensions int = iota
)

// The visit facts are the dimensions from Source to ExitPage; those a Hit brings
// end before EntryPage.
const (
	FirstVisitFact = Source
	LastVisitFact  = ExitPage
	LastHitFact    = Language
	FirstEventFact = Page
	LastEventFact  = Property
)

// Reserved values. Values from outside never hold control characters, so these
// cannot be forged.
const (
	Blank     = ""     // the fact is not known
	Other     = "\x01" // what a cap cut
	Hidden    = "\x02" // what the floor withholds (in reports only)
	Separator = "\x1f" // between the parts of a value that carries its family
)

var dimensionNames = [Dimensions]string{
	None: "total", Source: "source", Referrer: "referrer", Channel: "channel",
	UTMSource: "utm_source", UTMMedium: "utm_medium", UTMCampaign: "utm_campaign",
	UTMContent: "utm_content", UTMTerm: "utm_term", Country: "country", Region: "region",
	City: "city", Browser: "browser", BrowserVersion: "browser_version", OS: "os",
	OSVersion: "os_version", Device: "device", Language: "language",
	EntryPage: "entry_page", ExitPage: "exit_page", Page: "page", Hostname: "hostname",
	EventName: "event_name", Outbound: "outbound_link", Download: "download",
	Property: "property", Refusal: "refusal", Conversion: "goal", Reached: "funnel_step",
	PageBefore: "page_before", SearchTerm: "search_term",
}

// FactDimensions are the dimensions that have blocks of one fact, in their order.
// PageBefore has none: it is stored with the page alone.
func FactDimensions() []Dimension { return slices.Clone(factDimensions) }

var factDimensions = func() (all []Dimension) {
	for d := FirstVisitFact; d <= LastEventFact; d++ {
		all = append(all, d)
	}
	return append(all, Conversion, Reached, SearchTerm)
}()

// String is the dimension's name, as in "utm_source".
func (d Dimension) String() string {
	if int(d) < Dimensions {
		return dimensionNames[d]
	}
	return "unknown"
}

// ParseDimension finds a dimension by its name.
func ParseDimension(name string) (Dimension, bool) {
	for d, n := range dimensionNames {
		if n == name {
			return Dimension(d), true
		}
	}
	return None, false
}

// OfVisit reports whether d is a fact of the whole visit.
func (d Dimension) OfVisit() bool { return d >= FirstVisitFact && d <= LastVisitFact }

// OfEvent reports whether d is a fact of a single event.
func (d Dimension) OfEvent() bool {
	return d >= FirstEventFact && d <= LastEventFact || d >= Conversion && d != Reached
}

// family tells, for a dimension whose values carry others in front, which
// dimension the first n parts of a value are.
type family struct {
	coarse Dimension
	parts  int
}

var families = [Dimensions][]family{
	Referrer:       {{Source, 1}},
	Region:         {{Country, 1}},
	City:           {{Country, 1}, {Region, 3}},
	BrowserVersion: {{Browser, 1}},
	OSVersion:      {{OS, 1}},
}

// parts is how many parts a value of d has; 1 where it carries nothing.
var parts = [Dimensions]int{Referrer: 2, Region: 3, City: 5, BrowserVersion: 2, OSVersion: 2, Property: 2, Reached: 2}

// Parts is the number of parts in a value of d.
func (d Dimension) Parts() int { return max(1, parts[d]) }

// Contains reports whether a value of fine carries a value of d: country and
// city, say. Such facts count as one. A dimension contains itself.
func (d Dimension) Contains(fine Dimension) bool {
	if d == fine {
		return true
	}
	for _, f := range families[fine] {
		if f.coarse == d {
			return true
		}
	}
	return false
}

// Project turns a value of d into the value of coarse that it carries. ok is
// false where d does not carry coarse, or where a cap cut the value and with it
// the family.
func (d Dimension) Project(value string, coarse Dimension) (projected string, ok bool) {
	if d == coarse {
		return value, true
	}
	for _, f := range families[d] {
		if f.coarse != coarse {
			continue
		}
		if value == Other {
			return "", false
		}
		end := 0
		for n := 0; n < f.parts; n++ {
			i := strings.IndexByte(value[end:], Separator[0])
			if i < 0 {
				return value, true // blank, or a value without its finer parts
			}
			end += i + 1
		}
		return strings.TrimRight(value[:end-1], Separator), true
	}
	return "", false
}

// Join makes a value from its parts, outermost first. All blank parts make the
// blank value, and blank parts at the end are left out.
func Join(parts ...string) string {
	return strings.TrimRight(strings.Join(parts, Separator), Separator)
}

// Part returns part i of a value, counted from 0, or blank.
func Part(value string, i int) string {
	for ; i > 0; i-- {
		_, rest, ok := strings.Cut(value, Separator)
		if !ok {
			return Blank
		}
		value = rest
	}
	head, _, _ := strings.Cut(value, Separator)
	return head
}

// crossed are the dimensions whose pairs are stored at a day's close. The rest
// are fine facts, crossed with nothing but the family their values carry.
var crossed = []Dimension{
	Source, Channel, UTMSource, UTMMedium, UTMCampaign, Country, Region, Browser, OS,
	Device, Language, EntryPage, ExitPage, Page, EventName, Property,
}

// Pair is two dimensions, the smaller one first.
type Pair struct{ A, B Dimension }

// MakePair orders its two dimensions.
func MakePair(a, b Dimension) Pair {
	if a > b {
		a, b = b, a
	}
	return Pair{a, b}
}

// Pairs are all the pairs of dimensions that are stored.
func Pairs() []Pair { return slices.Clone(pairs) }

var pairs = func() (all []Pair) {
	for i, a := range crossed {
		for _, b := range crossed[i+1:] {
			if !a.Contains(b) && !b.Contains(a) {
				all = append(all, MakePair(a, b))
			}
		}
	}
	// A goal or a funnel's step counts as one fact.
	for _, a := range crossed {
		if a != EventName {
			all = append(all, Pair{a, Conversion})
		}
		if a.OfVisit() {
			all = append(all, Pair{a, Reached})
		}
	}
	return append(all, Pair{Page, PageBefore})
}()

// Crossed reports whether links between a and b are stored.
func Crossed(a, b Dimension) bool { return isPair[a][b] || isPair[b][a] }

var isPair = func() (is [Dimensions][Dimensions]bool) {
	for _, p := range pairs {
		is[p.A][p.B] = true
	}
	return is
}()
