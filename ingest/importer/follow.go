package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"footfall/aggregate"
	"footfall/ingest"
)

// Receiver counts what lines tell of at once: ingest.Door.
type Receiver interface {
	Receive(t *ingest.Ticket, site aggregate.Site, who *ingest.Caller, now time.Time) (dropped string, err error)
}

// Follower passes lines of a log on as they are written, to the fold of the live
// day: for sites that are counted by their server's log, without a script. Nothing
// is held or sorted; the live day takes hits in any order for half an hour. It is
// not for concurrent use.
type Follower struct {
	site   aggregate.Site
	to     Receiver
	now    func() time.Time
	format reader
	ticket ingest.Ticket
	who    ingest.Caller
	account
}

// NewFollower begins to follow. The error is ErrFormat.
func NewFollower(f Format, site aggregate.Site, settings *aggregate.Settings, to Receiver, now func() time.Time) (*Follower, error) {
	format, err := newReader(f, site, settings)
	if err != nil {
		return nil, err
	}
	m := &Follower{site: site, to: to, now: now, format: format, account: newAccount()}
	m.ticket.Fallback = site
	return m, nil
}

// Head reads a directive that came before the lines to follow: what columns a W3C
// log has. Other formats have none. It is no line of the account.
func (m *Follower) Head(directive string) {
	if directive != "" {
		_, _ = m.format.read(&m.ticket, &m.who, []byte(directive)) // a bad one makes the lines bad
	}
}

// IsDirective reports whether a line says how those after it are to be read.
func IsDirective(line []byte) bool { return bytes.HasPrefix(line, []byte("#Fields:")) }

// Read passes on the lines of r. The error is that of r, of the context or of the
// receiver: what came before it is counted.
func (m *Follower) Read(ctx context.Context, name string, r io.Reader) error {
	lines := newLineReader(r)
	for ctx.Err() == nil {
		line, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, errLongLine):
			return fmt.Errorf("%s: line %d: %w", name, lines.number, err)
		case err == nil && len(line) == 0:
			continue
		}
		m.result.Lines++
		dropped := ""
		if err == nil {
			dropped, err = m.format.read(&m.ticket, &m.who, line)
		}
		if err != nil {
			m.result.bad(BadLine{name, lines.number, err.Error()})
			continue
		}
		if dropped == "" {
			if dropped, err = m.to.Receive(&m.ticket, m.site, &m.who, m.now()); err != nil {
				m.result.Lines--
				return err
			}
		}
		if dropped != "" {
			m.result.Dropped[dropped]++
		} else {
			m.result.Counted++
		}
	}
	return ctx.Err()
}
