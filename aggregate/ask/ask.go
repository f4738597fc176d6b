package ask

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"footfall/aggregate"
)

// Blocks is where the counters of closed days are. Days that are open in memory
// may have blocks too; ask passes them over.
type Blocks interface {
	// Range calls fn for the stored blocks of the site with this span and these
	// dimensions whose day lies in [first, last] (months are named by their first
	// day), in any order: the live ones, and with imports those of every finished
	// import. It stops at the first error of fn and returns it. fn does not change
	// the block, and may keep its values; its rows are only lent to it.
	Range(site aggregate.Site, imports bool, span aggregate.Span, a, b aggregate.Dimension,
		first, last aggregate.Day, fn func(aggregate.Key, *aggregate.Block) error) error
	// Days are the first and the last day with counters, live or imported.
	Days(site aggregate.Site) (first, last aggregate.Day, ok bool)
}

// Open are the days that are still in memory.
type Open interface {
	// OpenDays lists the site's open days. A day leaves the list only after its
	// blocks were written.
	OpenDays(site aggregate.Site) []aggregate.Day
	// Scan counts on one open day. The error is, or wraps, aggregate.ErrDayClosed
	// when the day is no longer open.
	Scan(site aggregate.Site, day aggregate.Day, s aggregate.Scan) ([]aggregate.ScanRow, aggregate.Meta, error)
}

// Options are what an Asker needs.
type Options struct {
	Blocks   Blocks
	Open     Open // nil: no day is open
	Settings func(aggregate.Site) (aggregate.Settings, bool)
	// Definitions are a site's goals and funnels. May be nil: there are none.
	Definitions func(aggregate.Site) aggregate.Definitions
	Clock       func() time.Time
	// CacheBytes bounds the memory for sums of closed days; 0 means 16 MiB, less
	// than 0 no cache. A query over 12 months of 2,000 pages a day wants 3 MiB.
	CacheBytes int
}

// Asker answers queries. It is safe for use by several goroutines.
type Asker struct {
	blocks      Blocks
	open        Open
	settings    func(aggregate.Site) (aggregate.Settings, bool)
	definitions func(aggregate.Site) aggregate.Definitions
	clock       func() time.Time
	cache       *cache
}

// New makes an Asker.
func New(o Options) *Asker {
	if o.CacheBytes == 0 {
		o.CacheBytes = 16 << 20
	}
	if o.Definitions == nil {
		o.Definitions = func(aggregate.Site) (none aggregate.Definitions) { return none }
	}
	return &Asker{blocks: o.Blocks, open: o.Open, settings: o.Settings, definitions: o.Definitions, clock: o.Clock, cache: newCache(o.CacheBytes)}
}

// ErrUnknownSite is returned for a query about a site that does not exist.
var ErrUnknownSite = errors.New("there is no such site")

// Refusal is the error for a question that the counters cannot answer. Its text
// is made for the person who asked.
type Refusal struct {
	// Part is the part of the query to change: "filters", "dimensions" or "metrics".
	Part string
	// TooMany names the fields that are one too many, as the query spells them.
	TooMany []string
	// Why says what the counters do not hold.
	Why string
	// Instead says what can be asked.
	Instead string
}

// Error is Why and Instead.
func (r *Refusal) Error() string {
	if r.Instead == "" {
		return r.Why
	}
	return r.Why + " " + r.Instead
}

// Answer answers q. The error is a *Refusal, ErrUnknownSite, or comes from Blocks
// or Open.
func (a *Asker) Answer(q *aggregate.Query) (*aggregate.Report, error) {
	settings, ok := a.settings(q.Site)
	if !ok {
		return nil, fmt.Errorf("%s: %w", q.Site, ErrUnknownSite)
	}
	var report *aggregate.Report
	err := a.steadily(q.Site, func(open []aggregate.Day) (err error) {
		report, err = a.answer(q, settings, open)
		return err
	})
	return report, err
}

// steadily runs a question until no day has opened or closed meanwhile.
func (a *Asker) steadily(site aggregate.Site, question func(open []aggregate.Day) error) error {
	var lastErr error
	for range 4 {
		before := a.openDays(site)
		err := question(before)
		if errors.Is(err, aggregate.ErrDayClosed) {
			lastErr = err
			continue
		}
		if err != nil {
			return err
		}
		if slices.Equal(before, a.openDays(site)) {
			return nil
		}
		lastErr = fmt.Errorf("%s: days opened or closed during the query: %w", site, aggregate.ErrDayClosed)
	}
	return lastErr
}

func (a *Asker) openDays(site aggregate.Site) []aggregate.Day {
	if a.open == nil {
		return nil
	}
	days := slices.Clone(a.open.OpenDays(site))
	slices.Sort(days)
	return slices.Compact(days)
}

// Invalidate forgets the cached sums that a stored block of the site's day is
// part of. Whoever writes or removes a block calls it afterwards.
func (a *Asker) Invalidate(site aggregate.Site, day aggregate.Day) { a.cache.drop(site, day.Month()) }

// InvalidateSite forgets all cached sums of the site: after the removal of an
// import or the deletion of old months, say.
func (a *Asker) InvalidateSite(site aggregate.Site) { a.cache.dropSite(site) }
