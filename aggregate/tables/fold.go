package tables

import (
	"errors"
	"maps"
	"slices"

	"footfall/aggregate"
)

// Table is a kind of table: what its rows are about.
type Table uint8

const (
	// Totals are the days themselves: visitors, visits, pageviews, bounces and
	// duration. What the other tables say is settled to agree with it.
	Totals Table = iota

	// Tables of visit facts. Each row counts in all its facts; a day's rows stand
	// for all visits of the day.
	Sources
	Locations
	Devices
	Browsers
	Systems
	Languages
	EntryPages
	ExitPages

	// Tables of event facts.
	Pages  // pageviews by page and host, with engagement
	Events // custom events by name, with the address of a link
	Props  // custom events by property

	kinds
)

// facts are the dimensions of a table's rows.
var facts = [kinds][]aggregate.Dimension{
	Sources: {aggregate.Source, aggregate.Referrer, aggregate.Channel, aggregate.UTMSource, aggregate.UTMMedium,
		aggregate.UTMCampaign, aggregate.UTMContent, aggregate.UTMTerm},
	Locations:  {aggregate.Country, aggregate.Region, aggregate.City},
	Devices:    {aggregate.Device},
	Browsers:   {aggregate.Browser, aggregate.BrowserVersion},
	Systems:    {aggregate.OS, aggregate.OSVersion},
	Languages:  {aggregate.Language},
	EntryPages: {aggregate.EntryPage},
	ExitPages:  {aggregate.ExitPage},
	Pages:      {aggregate.Page, aggregate.Hostname},
	Events:     {aggregate.EventName, aggregate.Outbound, aggregate.Download, aggregate.Property},
	Props:      {aggregate.Property},
}

const maxFacts = 8

var names = [kinds]string{"totals", "sources", "locations", "devices", "browsers", "operating systems", "languages",
	"entry pages", "exit pages", "pages", "events", "properties"}

// String names the table for people.
func (t Table) String() string { return names[t] }

// ofVisits reports whether a day's rows of the table stand for all its visits.
func (t Table) ofVisits() bool { return t >= Sources && t <= ExitPages }

// columns are those that rows bring; the others follow from them.
var columns = [...]aggregate.Column{aggregate.Visitors, aggregate.Visits, aggregate.Pageviews, aggregate.Events, aggregate.Bounces,
	aggregate.Duration, aggregate.Engaged, aggregate.EngagedVisits, aggregate.Scroll, aggregate.ScrollVisits}

// brings reports whether a column of the table's rows is looked at.
func (t Table) brings(col aggregate.Column) bool {
	switch col {
	case aggregate.Visitors:
		return true
	case aggregate.Visits, aggregate.Pageviews:
		return t <= Pages
	case aggregate.Bounces, aggregate.Duration:
		return t <= ExitPages
	case aggregate.Events:
		return t == Events || t == Props
	}
	return t == Pages
}

// row is a table's row as it is kept.
type row struct {
	values [maxFacts]uint32 // in the dictionary, in the order of facts
	counts [len(columns)]int64
}

// ErrTooLarge is returned by Add when there are more rows than are kept.
var ErrTooLarge = errors.New("too many rows for one import")

// maxRows limits the memory that rows take: each about 112 bytes.
const maxRows = 8_000_000

// maxTexts limits the memory of all values, in bytes.
const maxTexts = 512 << 20

// Fold gathers the tables of one import.
type Fold struct {
	Site  aggregate.Site
	ID    aggregate.ImportID
	Floor int // the site's floor: links below it lose their date
	Cap   int // values kept per dimension and day

	numbers map[string]uint32
	texts   []string
	bytes   int
	rows    int
	days    map[aggregate.Day]*day
	notes   notes
}

// day is what the tables say of one day.
type day struct {
	tables [kinds][]row
}

// Add adds a row. Of f only the facts of t are looked at, of c the columns that
// it brings (Duration and Engaged in milliseconds). Texts are not kept beyond the
// call unless new. The error is ErrTooLarge.
func (f *Fold) Add(t Table, d aggregate.Day, values *aggregate.Facts, c *aggregate.Counts) error {
	if f.rows++; f.rows > maxRows || f.bytes > maxTexts {
		return ErrTooLarge
	}
	if f.days == nil {
		f.days, f.numbers = map[aggregate.Day]*day{}, map[string]uint32{"": 0}
		f.texts = []string{""}
	}
	of := f.days[d]
	if of == nil {
		of = &day{}
		f.days[d] = of
	}
	var r row
	for i, dim := range facts[t] {
		r.values[i] = f.number(values[dim])
	}
	for i, col := range columns {
		if t.brings(col) {
			r.counts[i] = max(0, c[col])
		}
	}
	of.tables[t] = append(of.tables[t], r)
	return nil
}

func (f *Fold) number(text string) uint32 {
	n, ok := f.numbers[text]
	if !ok {
		n = uint32(len(f.texts))
		text = string([]byte(text)) // the caller's may live in memory that it reuses
		f.numbers[text] = n
		f.texts = append(f.texts, text)
		f.bytes += len(text) + 48
	}
	return n
}

// Days are the days that have rows, in order.
func (f *Fold) Days() []aggregate.Day { return slices.Sorted(maps.Keys(f.days)) }

// Blocks hands the blocks of all days to emit, day by day, and forgets the rows.
// More may be added after it, but not of these days. The error is that of emit.
func (f *Fold) Blocks(emit func(aggregate.Day, []aggregate.Put) error) error {
	for _, d := range f.Days() {
		m := f.newMaker(d)
		delete(f.days, d)
		if len(m.puts) == 0 {
			continue
		}
		if err := emit(d, m.puts); err != nil {
			return err
		}
	}
	f.days, f.numbers, f.texts, f.rows, f.bytes = nil, nil, nil, 0, 0
	return nil
}
