package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/tables"
	"footfall/ingest"
)

// GoatCounts reads the zip of counts that newer versions of GoatCounter export: JSON
// lines, in which numbers stand for paths, referrers, browsers and systems. The files
// that name those have to come first (see GoatOrder).
//
// GoatCounter counts visits of paths: whoever looks at three pages is counted three
// times, once for each. That is what a day's visitors, visits and pageviews become.
// Its days of browsers, systems and places are those of UTC.
type GoatCounts struct {
	opts    ReportsOptions
	dates   dates
	zone    *time.Location
	cleaner ingest.Cleaner
	names   map[string]map[int64]goatName // by file: paths, refs, browsers, systems
	bytes   int
	account
	holdsNothing
}

// goatName is a line of a file that names something.
type goatName struct {
	ID      int64  `json:"id"`
	Path    string `json:"path"`
	Event   bool   `json:"event"`
	Ref     string `json:"ref"`
	Scheme  string `json:"ref_scheme"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

// goatCount is a line of a file that counts.
type goatCount struct {
	Hour     string `json:"hour"`
	Day      string `json:"day"`
	Path     int64  `json:"path_id"`
	Ref      int64  `json:"ref_id"`
	Browser  int64  `json:"browser_id"`
	System   int64  `json:"system_id"`
	Location string `json:"location"`
	Language string `json:"language"`
	Width    int    `json:"width"`
	Count    int64  `json:"count"`
}

var (
	goatNames = []string{"paths.jsonl", "refs.jsonl", "browsers.jsonl", "systems.jsonl"}

	goatTables = map[string]tables.Table{"browser_stats.jsonl": tables.Browsers, "system_stats.jsonl": tables.Systems, "location_stats.jsonl": tables.Locations,
		"language_stats.jsonl": tables.Languages, "size_stats.jsonl": tables.Devices}
)

const goatHits = "hit_stats.jsonl"

// GoatOrder puts the files that name things before those that count: smaller comes
// first. -1 is a file that is not looked at.
func GoatOrder(name string) int {
	base := baseName(name)
	for _, n := range goatNames {
		if base == n {
			return 0
		}
	}
	if _, ok := goatTables[base]; ok || base == goatHits {
		return 1
	}
	return -1
}

// NewGoatCounts begins an import.
func NewGoatCounts(o ReportsOptions) *GoatCounts {
	m := &GoatCounts{opts: o, dates: datesOf(o.Now, &o.Settings), zone: o.Settings.Location(), names: map[string]map[int64]goatName{}, account: newAccount()}
	m.cleaner.Settings = &m.opts.Settings
	return m
}

// Read reads one file. The error is that of r, of the context or of the sink.
func (m *GoatCounts) Read(ctx context.Context, name string, r io.Reader) error {
	base, lines := baseName(name), newLineReader(r)
	for {
		line, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, errLongLine):
			return fmt.Errorf("%s: line %d: %w", name, lines.number, err)
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && len(line) == 0, GoatOrder(name) < 0:
			continue
		}
		named := GoatOrder(name) == 0
		if !named {
			m.result.Lines++
		}
		if err == nil && named {
			err = m.name(base, line)
		} else if err == nil {
			err = m.count(base, line)
		}
		var failure *sinkError
		switch {
		case errors.As(err, &failure):
			return failure.error
		case err != nil && named: // its counts are without a name then
			m.result.Lines++
			m.result.bad(BadLine{name, lines.number, err.Error()})
		case err != nil:
			m.result.bad(BadLine{name, lines.number, err.Error()})
		}
	}
}

// maxNames limits the memory of what numbers stand for, in bytes.
const maxNames = 512 << 20

func (m *GoatCounts) name(file string, line []byte) error {
	var n goatName
	if json.Unmarshal(line, &n) != nil || n.ID == 0 {
		return errJSON
	}
	if m.bytes += len(line) + 200; m.bytes > maxNames {
		return &sinkError{tables.ErrTooLarge}
	}
	if m.names[file] == nil {
		m.names[file] = map[int64]goatName{}
	}
	m.names[file][n.ID] = n
	return nil
}

// count takes one line that counts.
func (m *GoatCounts) count(file string, line []byte) error {
	var n goatCount
	if json.Unmarshal(line, &n) != nil || n.Count < 0 || n.Count > mostNumber {
		return errJSON
	}
	path, known := m.names["paths.jsonl"][n.Path]
	if !known {
		return errors.New("it is of a path that is not named")
	}
	var day aggregate.Day
	var err error
	if file == goatHits {
		at, err := time.Parse(time.RFC3339, n.Hour)
		if err != nil || checkTime(at) != nil {
			return errTime
		}
		day = aggregate.DayOf(at, m.zone)
	} else if day, err = aggregate.ParseDay(n.Day); err != nil {
		return errTime
	}
	dropped := m.dates.dropped(day)
	if path.Event && file != goatHits { // browsers of visits, not of events
		dropped = NotARequest
	}
	if dropped != "" {
		m.result.Dropped[dropped]++
		return nil
	}
	m.cleaner.Reset()
	if err := m.add(file, day, &n, &path); err != nil {
		return &sinkError{err}
	}
	m.result.Counted++
	return nil
}

// add makes rows of a count.
func (m *GoatCounts) add(file string, day aggregate.Day, n *goatCount, path *goatName) error {
	var f aggregate.Facts
	var c aggregate.Counts
	for _, col := range []aggregate.Column{aggregate.Visitors, aggregate.Visits, aggregate.Pageviews, aggregate.Events} {
		c[col] = n.Count
	}
	if file == goatHits {
		return m.addHits(day, n, path, &f, &c)
	}
	switch table := goatTables[file]; table {
	case tables.Browsers, tables.Systems:
		of, names, id := aggregate.Browser, "browsers.jsonl", n.Browser
		if table == tables.Systems {
			of, names, id = aggregate.OS, "systems.jsonl", n.System
		}
		known := m.names[names][id]
		f[of] = m.cleaner.Text(ourName(known.Name))
		f[of+1] = aggregate.Join(f[of], m.cleaner.Text(known.Version))
	case tables.Locations:
		p := placeOf(m.cleaner.Text(n.Location), "")
		f[aggregate.Country], f[aggregate.Region] = p.Country, p.Region()
	case tables.Languages:
		f[aggregate.Language] = m.cleaner.Language(n.Language)
	case tables.Devices:
		f[aggregate.Device] = widthNames(n.Width)
	}
	return m.opts.Sink.Add(goatTables[file], day, &f, &c)
}

// widthNames is the device that a screen's width stands for, where nothing else is
// known.
func widthNames(width int) string {
	switch {
	case width <= 0:
		return ""
	case width < 768:
		return deviceNames["mobile"]
	case width < 1024:
		return deviceNames["tablet"]
	}
	return deviceNames["desktop"]
}

// addHits makes a page, a source and a part of the day's totals of a count of hits;
// or a custom event.
func (m *GoatCounts) addHits(day aggregate.Day, n *goatCount, path *goatName, f *aggregate.Facts, c *aggregate.Counts) error {
	sink := m.opts.Sink
	if path.Event {
		f[aggregate.EventName] = m.cleaner.Name(path.Path)
		return sink.Add(tables.Events, day, f, c)
	}
	page, _, _ := strings.Cut(path.Path, "?")
	f[aggregate.Page] = m.cleaner.Page(page)
	ref := m.names["refs.jsonl"][n.Ref]
	switch name := m.cleaner.Text(ref.Ref); ref.Scheme {
	case "c":
		m.cleaner.Origin(f, "", "", "", "", name)
	case "h":
		host, _, _ := strings.Cut(name, "/")
		m.cleaner.Named(f, host)
		m.cleaner.Origin(f, f[aggregate.Source], strings.TrimRight(m.cleaner.Address(name), "/"), "", "", "")
	default:
		m.cleaner.Named(f, name)
	}
	for _, t := range []tables.Table{tables.Totals, tables.Pages, tables.Sources} {
		if err := sink.Add(t, day, f, c); err != nil {
			return err
		}
	}
	return nil
}
