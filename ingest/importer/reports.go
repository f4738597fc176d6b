package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/tables"
	"footfall/ingest"
)

// UnknownTable is the reason for rows of a table that nothing is made of.
const UnknownTable = "unknown_table"

// TableSink is where the rows of tables go: tables.Fold.
type TableSink interface {
	// Add adds a row, whose strings are borrowed during the call. After an error
	// the import cannot go on.
	Add(t tables.Table, d aggregate.Day, f *aggregate.Facts, c *aggregate.Counts) error
}

// Reports reads the reports that other products export, in which visits are added
// up already: CSV tables with a row per day and value. It is not for concurrent
// use.
type Reports struct {
	opts    ReportsOptions
	dates   dates
	cleaner ingest.Cleaner
	texts   map[string]string // of the row at hand
	account
	holdsNothing
}

// ReportsOptions are what NewReports needs.
type ReportsOptions struct {
	Format   Format
	Site     aggregate.Site
	Settings aggregate.Settings
	Sink     TableSink
	Now      time.Time
}

// reportFormat finds out what a file is: its table by the file's name and the
// names of its columns. nil = no table that is known.
type reportFormat func(name string, header []string) *sheet

var reportFormats = map[Format]reportFormat{
	Plausible: plausibleSheet,
	Matomo:    matomoSheet,
	GA4:       ga4Sheet,
}

// sheetFor is how a format reads the table of a file; nil = no table that it knows.
// Our own CSV tables have a date and visitors like theirs, but tell every visit many
// times over, once for each fact and for each pair of facts: they are nobody's.
func sheetFor(f Format, name string, header []string) *sheet {
	if slices.Contains(header, aggregate.CarriedVisitors.String()) {
		return nil
	}
	return reportFormats[f](baseName(name), header)
}

// ReportFormats are all formats of reports.
func ReportFormats() []Format { return []Format{Plausible, Matomo, GA4} }

// NewReports begins an import. The error is ErrFormat.
func NewReports(o ReportsOptions) (*Reports, error) {
	if reportFormats[o.Format] == nil {
		return nil, fmt.Errorf("%w: %q", ErrFormat, o.Format)
	}
	m := &Reports{opts: o, dates: datesOf(o.Now, &o.Settings), texts: map[string]string{}, account: newAccount()}
	m.cleaner.Settings = &m.opts.Settings
	return m, nil
}

// sheet is how the rows of one file are read.
type sheet struct {
	table   tables.Table
	columns []columnReader
	// finish makes of a row's texts what its facts are.
	finish func(r *reportRow, c *ingest.Cleaner)
}

// sheetOf reads a header: numbers are columns by their names in small letters, and
// text is what a column that holds a value is called here, blank for others. has are
// the columns there are, by their names here.
func sheetOf(header []string, numbers map[string]cell, text func(string) string) (s *sheet, has map[string]bool) {
	s, has = &sheet{}, map[string]bool{}
	for _, h := range header {
		h = strings.ToLower(strings.TrimSpace(h))
		c := columnReader{name: h, read: numbers[h]}
		if name := text(h); c.read == nil && name != "" {
			c.read = func(r *reportRow, text string) error { r.texts[name] = text; return nil }
			has[name] = true
		}
		has[h] = true
		s.columns = append(s.columns, c)
	}
	return s, has
}

// columnReader reads the cells of a column; without read they are not looked at.
type columnReader struct {
	name string
	read cell
}

// cell reads one cell of a row. The error says what is wrong.
type cell func(r *reportRow, text string) error

// reportRow is a row while it is read.
type reportRow struct {
	day    aggregate.Day
	facts  aggregate.Facts
	counts aggregate.Counts
	texts  map[string]string // of columns that become facts only together
	// dropped is the reason to drop the row for what it says; set by finish.
	dropped string
}

// Read reads one file. The error is that of r, of the context or of the sink.
func (m *Reports) Read(ctx context.Context, name string, r io.Reader) error {
	rows := newCSVReader(unicodeReader(r))
	var s *sheet
	for first := true; ; {
		record, err := rows.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, errLongLine) && !errors.Is(err, errQuote):
			return fmt.Errorf("%s: line %d: %w", name, rows.number, err)
		}
		if err == nil && len(record) > 0 && strings.HasPrefix(record[0], "#") { // between the tables of one file
			first = true
			continue
		}
		if first && err == nil {
			s, first = sheetFor(m.opts.Format, name, record), false
			continue
		}
		m.result.Lines++
		if m.result.Lines%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && s == nil {
			m.result.Dropped[UnknownTable]++
			continue
		}
		if err == nil {
			err = m.row(s, record)
		}
		var failure *sinkError
		if errors.As(err, &failure) {
			return failure.error
		}
		if err != nil {
			m.result.bad(BadLine{name, rows.number, err.Error()})
		}
	}
}

// baseName is a file's name without the folders before it.
func baseName(name string) string {
	return strings.ToLower(name[strings.LastIndexAny(name, `/\`)+1:])
}

// sinkError is an error that is not the row's fault.
type sinkError struct{ error }

// row takes one row. The error says why it cannot be read.
func (m *Reports) row(s *sheet, record []string) error {
	if len(record) != len(s.columns) {
		return fmt.Errorf("%d columns, the table has %d", len(record), len(s.columns))
	}
	m.cleaner.Reset()
	clear(m.texts)
	r := reportRow{texts: m.texts}
	for i, c := range s.columns {
		if c.read == nil {
			continue
		}
		if err := c.read(&r, record[i]); err != nil {
			return fmt.Errorf("%s %w", c.name, err)
		}
	}
	if dropped := m.dates.dropped(r.day); dropped != "" {
		m.result.Dropped[dropped]++
		return nil
	}
	if s.finish(&r, &m.cleaner); r.dropped != "" {
		m.result.Dropped[r.dropped]++
		return nil
	}
	if err := m.opts.Sink.Add(s.table, r.day, &r.facts, &r.counts); err != nil {
		return &sinkError{err}
	}
	m.result.Counted++
	return nil
}

// dates tell which days may be imported.
type dates struct{ today, oldest aggregate.Day }

func datesOf(now time.Time, settings *aggregate.Settings) (d dates) {
	d.today = aggregate.DayOf(now, settings.Location())
	d.oldest = math.MinInt32
	if settings.Retention > 0 {
		d.oldest = d.today.AddMonths(-settings.Retention)
	}
	return d
}

// dropped is the reason to drop what is of a day, if there is one.
func (d dates) dropped(day aggregate.Day) string {
	switch {
	case day > d.today:
		return Future
	case day == d.today:
		return LiveDay
	case day < d.oldest:
		return Expired
	}
	return ""
}

// mostNumber bounds the numbers of a row, so that sums of many stay numbers.
const mostNumber = 1_000_000_000_000

// readNumber reads a number of things. Blank is none.
func readNumber(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f, floatErr := strconv.ParseFloat(text, 64)
		if floatErr != nil || math.IsNaN(f) || math.Abs(f) > mostNumber {
			return 0, errors.New("is not a number")
		}
		n = int64(math.Round(f))
	}
	if n < 0 || n > mostNumber {
		return 0, errors.New("is not a number of things")
	}
	return n, nil
}

// number is a cell that counts in a column, times scale.
func number(col aggregate.Column, scale int64) cell {
	return func(r *reportRow, text string) error {
		n, err := readNumber(text)
		r.counts[col] = n * scale
		return err
	}
}

// date is a cell that holds the day.
func date(r *reportRow, text string) (err error) {
	if r.day, err = aggregate.ParseDay(text); err != nil {
		return errors.New("is not YYYY-MM-DD")
	}
	return nil
}
