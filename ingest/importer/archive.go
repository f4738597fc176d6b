package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/archive"
)

// BlockSink is where the blocks of an export of our own go.
type BlockSink interface {
	// Begin is told what stands before the blocks. After an error the import cannot
	// go on.
	Begin(h *archive.Head) error
	// Put takes a block, whose key names the import that it had where it comes from.
	// After an error the import cannot go on.
	Put(k aggregate.Key, b *aggregate.Block) error
}

// Archive reads our own export (package archive). A line of its account is a block.
type Archive struct {
	sink  BlockSink
	dates dates
	account
	holdsNothing
}

// NewArchive begins an import.
func NewArchive(settings *aggregate.Settings, now time.Time, sink BlockSink) *Archive {
	return &Archive{sink: sink, dates: datesOf(now, settings), account: newAccount()}
}

// Read reads one file. The error is that of r, of the context or of the sink, or
// wraps archive.ErrFormat or archive.ErrEnd.
func (m *Archive) Read(ctx context.Context, name string, r io.Reader) error {
	a, err := archive.NewReader(r)
	if err != nil {
		return err
	}
	if err := m.sink.Begin(&a.Head); err != nil {
		return err
	}
	for number := 1; ; number++ {
		k, b, err := a.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, archive.ErrBlock):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		m.result.Lines++
		if err == nil {
			err = checkValues(k, b)
		}
		if err != nil {
			m.result.bad(BadLine{name, number, err.Error()})
			continue
		}
		if dropped := m.dropped(k); dropped != "" {
			m.result.Dropped[dropped]++
			continue
		}
		if err := m.sink.Put(k, b); err != nil {
			return err
		}
		m.result.Counted++
	}
}

// dropped is the reason to drop a block because of its date, if there is one.
func (m *Archive) dropped(k aggregate.Key) string {
	if k.Span != aggregate.OneMonth {
		return m.dates.dropped(k.Day)
	}
	switch {
	case k.Day > m.dates.today:
		return Future
	case k.Day.AddMonths(1)-1 < m.dates.oldest:
		return Expired
	}
	return ""
}

// checkValues refuses values that no block of ours has.
func checkValues(k aggregate.Key, b *aggregate.Block) error {
	for side, values := range [][]string{b.A, b.B} {
		d := k.A
		if side == 1 {
			d = k.B
		}
		for _, v := range values {
			hour := len(v) == 2 && v >= "00" && v <= "23"
			if side == 0 && d == aggregate.None && v != aggregate.TotalDay && !hour {
				return fmt.Errorf("%w: totals of %q, which is no hour", archive.ErrBlock, v)
			}
			if len(v) > 8<<10 || strings.Count(v, aggregate.Separator) >= d.Parts() {
				return fmt.Errorf("%w: a value that is none of %v", archive.ErrBlock, d)
			}
		}
	}
	return nil
}
