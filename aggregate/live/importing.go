package live

import (
	"slices"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/fold"
)

// Import folds the hits of one import into blocks of its own. It has its own
// clock: the hits' times, which must not go backwards. Not safe for concurrent
// use.
type Import struct {
	commits  *Committer
	site     aggregate.Site
	id       aggregate.ImportID
	settings aggregate.Settings
	zone     *time.Location
	defs     aggregate.Definitions
	days     fold.Days
	written  []aggregate.Day
}

// Days are the days that were written, in order.
func (m *Import) Days() []aggregate.Day { return m.written }

// NewImport begins one. The caller keeps its blocks out of sight until Finish has
// returned.
func NewImport(commits *Committer, site aggregate.Site, id aggregate.ImportID, settings aggregate.Settings) *Import {
	return &Import{commits: commits, site: site, id: id, settings: settings, zone: settings.Location()}
}

// Use says what is defined for the site. It must come before the first hit.
func (m *Import) Use(defs aggregate.Definitions) { m.defs = defs }

// Hit counts one hit, or returns the reason why not. The error is a failed write
// of a day that has ended; the import cannot go on then.
func (m *Import) Hit(h *aggregate.Hit) (dropped string, err error) {
	d := m.days.At(h.At)
	if d == nil {
		if err := m.close(func(d *fold.Day) bool { return m.days.Ended(d, h.At) }); err != nil {
			return "", err
		}
		day := aggregate.DayOf(time.UnixMilli(h.At), m.zone)
		d = fold.NewDay(day, m.zone, fold.Limits{Values: m.settings.ValuesPerDay, Visits: m.settings.VisitsPerDay})
		d.Use(&m.defs)
		m.days.Insert(d)
	}
	switch m.days.Add(d, h) {
	case fold.NoVisit:
		return NoVisit, nil
	case fold.Capacity:
		return Capacity, nil
	}
	if h.Unrated != "" {
		d.Refuse(h.Unrated)
	}
	return "", nil
}

// Put writes blocks of days that were not made from hits. The error is that of
// the write; the import cannot go on then.
func (m *Import) Put(days []aggregate.Day, puts []aggregate.Put) error {
	_, err := m.commits.Commit(func(uint64) ([]aggregate.Put, error) { return puts, nil })
	if err == nil {
		m.written = append(m.written, days...)
	}
	return err
}

// Finish closes the days that are still open.
func (m *Import) Finish() error {
	return m.close(func(*fold.Day) bool { return true })
}

func (m *Import) close(ended func(*fold.Day) bool) error {
	for _, d := range slices.Clone(m.days.Open()) {
		if !ended(d) {
			continue
		}
		m.days.Remove(d)
		d.Close()
		_, err := m.commits.Commit(func(uint64) ([]aggregate.Put, error) {
			return lastBlocks(d, m.site, m.id, m.settings.Floor)
		})
		if err != nil {
			return err
		}
		m.written = append(m.written, d.Day())
	}
	return nil
}
