package live

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/fold"
)

// Reasons for which a hit is not counted.
const (
	UnknownSite = "unknown_site" // nobody counts this site here
	NoVisit     = "no_visit"     // an engagement without a live visit
	Capacity    = "capacity"     // the site's visits_per_day is reached
	Late        = "late"         // more than half an hour old, or its day is being closed
	Future      = "future"       // later than the clock
	Budget      = "budget"       // the site's beacons_per_day is reached
)

// maxAhead is how far ahead of the clock a hit's time may be.
const maxAhead = time.Minute

// Options of an Engine. Journal and Checkpoints come together or not at all.
type Options struct {
	Clock       func() time.Time
	Blocks      Blocks
	Journal     Journal
	Checkpoints Checkpoints
	Settings    func(aggregate.Site) (aggregate.Settings, bool)
	// Definitions are a site's goals and funnels. May be nil: there are none.
	Definitions func(aggregate.Site) aggregate.Definitions
	Log         *slog.Logger
}

// Engine is the live part of an installation. All methods are safe for
// concurrent use.
type Engine struct {
	clock    func() time.Time
	commits  *Committer
	settings func(aggregate.Site) (aggregate.Settings, bool)
	defs     func(aggregate.Site) aggregate.Definitions
	log      *slog.Logger

	journal     Journal
	checkpoints Checkpoints
	// journaling is whether the journal is whole: whether what it replays would be
	// the live days. It is false before Restore and after a failed Append, until a
	// checkpoint makes a new beginning.
	journaling atomic.Bool
	abandoned  atomic.Bool // the memory state is not to be used before a Reset
	broken     chan struct{}

	checkpointing sync.Mutex // one checkpoint at a time
	closing       sync.Mutex // one round of closing at a time

	mu    sync.RWMutex // protects sites
	sites map[aggregate.Site]*site

	counted   atomic.Uint64
	strangers atomic.Uint64
	refusals  refused
}

// site is what is open of one site.
type site struct {
	name aggregate.Site

	mu   sync.RWMutex // protects all below, and the order of this site's records in the journal
	days fold.Days
	// ended are days that are being closed: they take no more hits, and still
	// answer questions.
	ended []*fold.Day
	seq   uint64 // last journal record that is folded in
	owed  bool   // the last commit failed: the next one need not wait for the floor
	buf   []byte // for journal records
}

// New makes an engine with nothing open. Call Restore before the first hit.
func New(o Options) *Engine {
	if o.Definitions == nil {
		o.Definitions = func(aggregate.Site) (none aggregate.Definitions) { return none }
	}
	return &Engine{clock: o.Clock, commits: NewCommitter(o.Blocks), settings: o.Settings, defs: o.Definitions, log: o.Log, broken: make(chan struct{}, 1),
		journal: o.Journal, checkpoints: o.Checkpoints, sites: map[aggregate.Site]*site{}}
}

// Committer numbers the commits of engine and imports.
func (e *Engine) Committer() *Committer { return e.commits }

// Journaling reports whether the live days would survive the process.
func (e *Engine) Journaling() bool { return e.journaling.Load() }

// Counted is the number of hits counted since the start, and Strangers that of
// beacons for sites that nobody counts here.
func (e *Engine) Counted() uint64   { return e.counted.Load() }
func (e *Engine) Strangers() uint64 { return e.strangers.Load() }

// Hit counts one hit, or returns the reason why not. Its strings are not kept.
// The error is for what should not happen; nothing is counted then.
func (e *Engine) Hit(h *aggregate.Hit) (dropped string, err error) {
	settings, ok := e.settings(h.Site)
	if !ok {
		e.strangers.Add(1)
		return UnknownSite, nil
	}
	now := e.clock().UnixMilli()
	switch {
	case h.At < now-fold.Late.Milliseconds():
		return e.refuse(h.Site, Late), nil
	case h.At > now+maxAhead.Milliseconds():
		return e.refuse(h.Site, Future), nil
	}
	s := e.site(h.Site)
	s.mu.Lock()
	defer s.mu.Unlock()
	d := e.dayFor(s, h.At, &settings)
	if d == nil {
		return Late, nil
	}
	if settings.BeaconsPerDay > 0 && h.Kind != aggregate.Engagement && d.Events() >= int64(settings.BeaconsPerDay) {
		e.enter(s, d, h.At, Budget)
		return Budget, nil
	}
	s.buf = appendHitRecord(s.buf[:0], h)
	e.keep(s)
	return e.fold(s, d, h), nil
}

// fold folds one hit and names the outcome; refused ones enter the drop ledger.
func (e *Engine) fold(s *site, d *fold.Day, h *aggregate.Hit) (dropped string) {
	switch s.days.Add(d, h) {
	case fold.NoVisit:
		dropped = NoVisit
	case fold.Capacity:
		dropped = Capacity
	default:
		if h.Unrated != "" {
			d.Refuse(h.Unrated)
		}
		e.counted.Add(1)
		return ""
	}
	d.Refuse(dropped)
	e.refusals.add(dropped)
	return dropped
}

// Refuse adds to the site's drop ledger of today. Unknown sites have none.
func (e *Engine) Refuse(name aggregate.Site, reason string) { e.refuse(name, reason) }

func (e *Engine) refuse(name aggregate.Site, reason string) string {
	settings, ok := e.settings(name)
	if !ok {
		e.strangers.Add(1)
		return reason
	}
	s := e.site(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := e.clock().UnixMilli()
	if d := e.dayFor(s, now, &settings); d != nil {
		e.enter(s, d, now, reason)
	}
	return reason
}

// enter puts a reason into the ledger of the day that holds an instant. s.mu is
// held.
func (e *Engine) enter(s *site, d *fold.Day, at int64, reason string) {
	s.buf = appendRefusalRecord(s.buf[:0], s.name, at, reason)
	e.keep(s)
	d.Refuse(reason)
	e.refusals.add(reason)
}

// site returns a site's open days; it makes new ones.
func (e *Engine) site(name aggregate.Site) *site {
	e.mu.RLock()
	s := e.sites[name]
	e.mu.RUnlock()
	if s != nil {
		return s
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if s = e.sites[name]; s == nil {
		name = aggregate.Site([]byte(name)) // a hit's strings are borrowed
		s = &site{name: name}
		e.sites[name] = s
	}
	return s
}

// all are the sites in order of their names.
func (e *Engine) all() []*site {
	e.mu.RLock()
	defer e.mu.RUnlock()
	sites := make([]*site, 0, len(e.sites))
	for _, s := range e.sites {
		sites = append(sites, s)
	}
	slices.SortFunc(sites, func(a, b *site) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return sites
}

// Forget drops all that is open of a site that was removed.
func (e *Engine) Forget(name aggregate.Site) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.sites, name)
}

// dayFor returns the open day that holds an instant, and opens it if need be. It
// is nil while that very day is being closed. s.mu is held.
func (e *Engine) dayFor(s *site, at int64, settings *aggregate.Settings) *fold.Day {
	if d := s.days.At(at); d != nil {
		return d
	}
	zone := settings.Location()
	day := aggregate.DayOf(time.UnixMilli(at), zone)
	if d := s.days.Find(day); d != nil {
		return d // the zone was changed: what the day began with holds until it ends
	}
	for _, d := range s.ended {
		if d.Day() == day {
			return nil
		}
	}
	d := fold.NewDay(day, zone, fold.Limits{Values: settings.ValuesPerDay, Visits: settings.VisitsPerDay})
	defs := e.defs(s.name)
	d.Use(&defs)
	e.base(s.name, d)
	s.buf = appendOpenRecord(s.buf[:0], s.name, d)
	e.keep(s)
	s.days.Insert(d)
	return d
}

// Redefine puts a site's definitions in force after they have changed: on its open
// days from their first hit on. Hits of the site wait meanwhile.
func (e *Engine) Redefine(name aggregate.Site) {
	s := e.known(name)
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defs := e.defs(name)
	s.buf = appendDefineRecord(s.buf[:0], name, &defs)
	e.keep(s)
	s.days.Define(&defs)
}

// base lets a day go on from what is stored of it, if anything is. What cannot
// be read of a damaged database is as good as lost: beacons are counted without.
func (e *Engine) base(name aggregate.Site, d *fold.Day) {
	d.Base(func(dim aggregate.Dimension) *aggregate.Block {
		key := aggregate.Key{Site: name, Span: aggregate.OneDay, Day: d.Day(), A: dim}
		b, ok, err := e.commits.blocks.Block(key)
		if err != nil {
			e.log.Error("stored counters of an open day cannot be read; it goes on without them", "dimension", dim, "error", err)
		}
		if !ok {
			return nil
		}
		return b
	})
}

// keep appends s.buf to the journal. Where that fails, counting goes on in process
// memory until Mend has made a new beginning. s.mu is held.
func (e *Engine) keep(s *site) {
	if !e.journaling.Load() {
		return
	}
	seq, err := e.journal.Append(s.buf)
	if err == nil {
		s.seq = seq
		return
	}
	if e.journaling.CompareAndSwap(true, false) {
		e.log.Error("the journal failed; counting goes on in process memory", "error", err)
		select {
		case e.broken <- struct{}{}:
		default:
		}
	}
}

// Broken tells when Mend is needed.
func (e *Engine) Broken() <-chan struct{} { return e.broken }

// Mend makes a new beginning after the journal has failed:
//
//  1. A checkpoint of everything in memory takes the place of the broken journal,
//     and frees its room.
//  2. If that fails, the memory state is abandoned before anything is committed
//     that it does not know of: it would overwrite that at the next start.
//  3. Everything is committed. From here on a crash costs what a power cut costs.
//
// Without a journal, or with a whole one, it does nothing. Call it again from
// time to time: when there is room again, step 1 succeeds.
func (e *Engine) Mend() error {
	if e.journal == nil || e.journaling.Load() {
		return nil
	}
	err := e.Checkpoint()
	if err == nil {
		e.log.Info("the journal works again")
		return nil
	}
	if e.abandoned.Load() {
		return err
	}
	if err := e.abandon(); err != nil {
		return err
	}
	_, commitErr := e.Commit(true)
	return errors.Join(err, commitErr)
}

func (e *Engine) abandon() error {
	if err := e.journal.Abandon(); err != nil {
		return fmt.Errorf("abandoning the memory state: %w", err)
	}
	e.abandoned.Store(true)
	return nil
}

// OpenDays are the days of a site that Scan answers for, the oldest first.
func (e *Engine) OpenDays(name aggregate.Site) []aggregate.Day {
	s := e.known(name)
	if s == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var days []aggregate.Day
	for _, d := range s.ended {
		days = append(days, d.Day())
	}
	for _, d := range s.days.Open() {
		days = append(days, d.Day())
	}
	slices.Sort(days)
	return days
}

func (e *Engine) known(name aggregate.Site) *site {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.sites[name]
}

// Scan answers one question about an open day. aggregate.ErrDayClosed if it is not open.
// Hits are not held up: what the counters hold is read under the lock, records
// are walked in a frozen copy.
func (e *Engine) Scan(name aggregate.Site, day aggregate.Day, q aggregate.Scan) ([]aggregate.ScanRow, aggregate.Meta, error) {
	s := e.known(name)
	if s == nil {
		return nil, aggregate.Meta{}, aggregate.ErrDayClosed
	}
	s.mu.Lock()
	d := s.find(day)
	if d == nil {
		s.mu.Unlock()
		return nil, aggregate.Meta{}, aggregate.ErrDayClosed
	}
	meta := d.Meta()
	if rows, ok := d.Counters(&q); ok {
		s.mu.Unlock()
		return rows, meta, nil
	}
	frozen := d.Freeze()
	s.mu.Unlock()
	rows := frozen.Scan(&q)
	s.mu.Lock()
	d.Thaw()
	s.mu.Unlock()
	return rows, meta, nil
}

// find returns a day that is open or being closed.
func (s *site) find(day aggregate.Day) *fold.Day {
	if d := s.days.Find(day); d != nil {
		return d
	}
	for _, d := range s.ended {
		if d.Day() == day {
			return d
		}
	}
	return nil
}

// Refusals is the drop ledger of an open day.
func (e *Engine) Refusals(name aggregate.Site, day aggregate.Day) (map[string]int64, error) {
	if s := e.known(name); s != nil {
		s.mu.RLock()
		defer s.mu.RUnlock()
		if d := s.find(day); d != nil {
			return d.Refusals(), nil
		}
	}
	return nil, aggregate.ErrDayClosed
}

var errRecord = errors.New("malformed journal record")

// Reset drops all that is open of a site together with what wipe removes from the
// blocks: no commit comes in between, and the next hit begins with nothing. wipe
// must not call the engine. The error is that of wipe, or of the memory state,
// which could bring back what was open until it is written again.
func (e *Engine) Reset(name aggregate.Site, wipe func() error) error {
	e.closing.Lock()
	defer e.closing.Unlock()
	s := e.site(name)
	_, err := e.commits.Commit(func(uint64) ([]aggregate.Put, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if err := wipe(); err != nil {
			return nil, err
		}
		s.days, s.ended, s.owed = fold.Days{}, nil, false
		return nil, nil
	})
	if err != nil {
		return err
	}
	return e.Checkpoint()
}
