package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"footfall/aggregate"
	"footfall/ingest"
)

// Reasons for which importers drop lines, beside those of ingest and of the sink.
const (
	Late      = "late"       // more than Hold behind the newest line
	Future    = "future"     // after the moment of the import
	Expired   = "expired"    // older than the site's retention
	LiveDay   = "live_day"   // of the day that is being counted live
	OtherSite = "other_site" // of another site than the import's
	Method    = "method"     // access logs: not a GET
	Status    = "status"     // access logs: neither 200 nor 304
	NotAPage  = "not_a_page" // access logs: an asset, a feed, an API, a well-known file
)

// Hold is the stretch of file time within which lines are put in order.
const Hold = 30 * time.Minute

// checkEvery is the number of lines between two looks at the context.
const checkEvery = 1024

// ErrFormat is returned for a format that there is no reader for.
var ErrFormat = errors.New("no such import format")

// Sink is where an import's hits go.
type Sink interface {
	// Hit counts h, whose strings are borrowed during the call. dropped is "" when
	// it was counted, else the reason. After an error the import cannot go on.
	Hit(h *aggregate.Hit) (dropped string, err error)
}

// Options are what New needs.
type Options struct {
	Format   Format
	Site     aggregate.Site
	Settings aggregate.Settings
	// Clerk judges the lines. Its visitors are hashed under salts of the import.
	Clerk *ingest.Clerk
	// Expire is told of file time as it passes, so that salts die when they would
	// have died live (visitor.Salts.Expire); nil = nobody is told.
	Expire func(now time.Time)
	Sink   Sink
	// Now is the moment of the import: what is later lies in the future.
	Now time.Time
	// HoldBytes limits the memory of held lines; 0 = 256 MiB.
	HoldBytes int
}

// Importer reads the files of one import. It is not for concurrent use.
type Importer struct {
	opts   Options
	format reader
	zone   *time.Location
	dates  dates
	ticket ingest.Ticket
	who    ingest.Caller
	hold   hold
	window int64 // within which lines are put in order, milliseconds
	newest int64 // latest time held so far, milliseconds
	front  int64 // time of the last line handed on
	tick   int64 // last quarter of an hour that Expire was told of
	account
}

// New begins an import. The error is ErrFormat.
func New(o Options) (*Importer, error) {
	format, err := newReader(o.Format, o.Site, &o.Settings)
	if err != nil {
		return nil, err
	}
	window := Hold.Milliseconds()
	if o.Format.isCSV() { // a table in any order
		window = farFuture
	}
	if o.HoldBytes == 0 {
		o.HoldBytes = 256 << 20
		if o.Format.isCSV() {
			o.HoldBytes *= 2
		}
	}
	m := &Importer{opts: o, format: format, zone: o.Settings.Location(), window: window, account: newAccount()}
	m.dates = datesOf(o.Now, &o.Settings)
	m.newest, m.front = minTime, minTime
	m.ticket.Fallback = o.Site
	return m, nil
}

const (
	minTime   = -1 << 62
	farFuture = 1 << 61
)

// Read reads one file to its end; Open has unpacked it. The name is for bad lines.
// Some of its lines are still held when Read returns: Finish hands them on. The
// error is that of r, of the context, of the visitors or of the sink.
func (m *Importer) Read(ctx context.Context, name string, r io.Reader) error {
	lines := m.linesOf(r)
	known := true // what the file holds
	if h, ok := m.format.(*hitsReader); ok {
		head, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		known = err == nil && h.begin(head)
	}
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, errLongLine) && !errors.Is(err, errQuote) {
			return fmt.Errorf("%s: line %d: %w", name, lines.at(), err)
		}
		if lines.at()%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && len(line) == 0 {
			continue
		}
		m.result.Lines++
		if !known {
			m.drop(UnknownTable)
			continue
		}
		if err == nil {
			err = m.take(line)
		}
		if err != nil {
			m.result.bad(BadLine{name, lines.at(), err.Error()})
			continue
		}
		if err := m.release(m.newest - m.window); err != nil {
			return err
		}
	}
}

// lineSource gives the lines of a file: lines, or records that may have several.
type lineSource interface {
	// next is the next one, valid until the call after it. The error is io.EOF at the
	// end, errLongLine or errQuote for one that was skipped, or that of the reader.
	next() ([]byte, error)
	at() int // the number of the line on which it begins
}

func (m *Importer) linesOf(r io.Reader) lineSource {
	if m.opts.Format.isCSV() {
		return &csvRecords{csvReader: newCSVReader(r)}
	}
	return newLineReader(r)
}

// Finish hands on what is still held. Without it the account does not add up.
func (m *Importer) Finish() error {
	return m.release(1<<63 - 1)
}

func (m *Importer) drop(reason string) { m.result.Dropped[reason]++ }

// take holds a line, or drops it for what it says itself. The error says why it
// cannot be read.
func (m *Importer) take(line []byte) error {
	dropped, err := m.format.read(&m.ticket, &m.who, line)
	if err != nil {
		return err
	}
	if dropped == "" {
		dropped = m.timely()
	}
	if dropped != "" {
		m.drop(dropped)
		return nil
	}
	at := m.who.At.UnixMilli()
	m.newest = max(m.newest, at)
	if k, ok := m.format.(keeper); ok {
		line = k.keep(line)
	}
	m.hold.push(at, line)
	return nil
}

// timely is the reason to drop the line because of its time, if there is one.
func (m *Importer) timely() string {
	at := m.who.At
	if at.After(m.opts.Now) {
		return Future
	}
	if dropped := m.dates.dropped(aggregate.DayOf(at, m.zone)); dropped != "" {
		return dropped
	}
	if ms := at.UnixMilli(); ms < m.front || m.newest != minTime && ms < m.newest-m.window {
		return Late
	}
	return ""
}

// release hands on the held lines from before a time, in order, and the earliest
// of the others while there are too many.
func (m *Importer) release(before int64) error {
	for !m.hold.empty() && (m.hold.first() < before || m.hold.bytes > m.opts.HoldBytes) {
		at, line := m.hold.pop()
		m.front = at
		if err := m.hand(line); err != nil {
			return err
		}
	}
	return nil
}

// hand passes one line on, by the same way as a live beacon.
func (m *Importer) hand(line []byte) error {
	if _, err := m.format.read(&m.ticket, &m.who, line); err != nil {
		return fmt.Errorf("BUG: a held line is bad: %w", err)
	}
	m.expire()
	dropped, _, err := m.opts.Clerk.Admit(&m.ticket, m.opts.Site, &m.opts.Settings, &m.who)
	if err == nil && dropped == "" {
		dropped, err = m.opts.Sink.Hit(&m.ticket.Hit)
	}
	switch {
	case err != nil:
		return err
	case dropped != "":
		m.drop(dropped)
	default:
		m.result.Counted++
	}
	return nil
}

// expire tells of every quarter of an hour: salts end on one, whatever the zone.
func (m *Importer) expire() {
	const quarter = int64(15 * 60)
	if tick := m.who.At.Unix() / quarter; m.opts.Expire != nil && tick != m.tick {
		m.tick = tick
		m.opts.Expire(time.Unix(tick*quarter, 0))
	}
}
