package ask

import (
	"slices"
	"time"

	"footfall/aggregate"
)

// plan is a query on its way to an answer.
type plan struct {
	a        *Asker
	q        *aggregate.Query
	settings aggregate.Settings
	loc      *time.Location
	now      time.Time
	today    aggregate.Day
	open     []aggregate.Day // all open days of the site, sorted

	first, last aggregate.Day // the range's days
	from, to    time.Time     // the range's bounds
	realtime    bool
	grain       aggregate.TimeGrain
	buckets     []bucket
	ofDay       []int32     // bucket of each day
	ofHour      [][24]int32 // or of each hour of each day; -1 = not in the range
	minute0     int64       // or the Unix minute of the first bucket

	stored                  bool // the site has blocks
	storedFirst, storedLast aggregate.Day
	importsOnOpen           map[aggregate.Day]bool // open days on which imports count, too
	hasPast                 bool
	since                   aggregate.Day // days before it are left out, as if they had no counters

	fields []aggregate.Field // those that are not time
	expr   *aggregate.Expr   // nil: no filter
	leaves []leaf
	facts  []fact

	seen   map[stretch][]dayTotal       // totals that were read, see totals
	linked map[aggregate.Day]linkedDays // by month, see linkedIn
	grid   *grid
	notes  notes
}

// newPlan understands the query and refuses what cannot be answered.
func (a *Asker) newPlan(q *aggregate.Query, settings aggregate.Settings, open []aggregate.Day, since aggregate.Day) (*plan, error) {
	p := &plan{a: a, q: q, settings: settings, loc: settings.Location(), now: a.clock(), open: open, since: since,
		seen: map[stretch][]dayTotal{}, linked: map[aggregate.Day]linkedDays{}}
	p.today = aggregate.DayOf(p.now, p.loc)
	if err := p.setRange(); err != nil {
		return nil, err
	}
	times := 0
	for _, f := range q.Fields {
		switch {
		case isTime(f):
			times++
		case f.Dimension == aggregate.None:
			return nil, &Refusal{Part: "dimensions", TooMany: []string{f.Name}, Why: "There is no dimension " + f.Name + "."}
		default:
			p.fields = append(p.fields, f)
		}
	}
	if times > 1 {
		return nil, &Refusal{Part: "dimensions", Why: "A query may have one time dimension."}
	}
	var err error
	if p.expr, p.leaves, err = compileFilters(q.Filters); err != nil {
		return nil, err
	}
	p.facts = findFacts(p.fields, p.leaves)
	p.storedFirst, p.storedLast, p.stored = a.blocks.Days(q.Site)
	if err := p.split(); err != nil {
		return nil, err
	}
	if err := p.setBuckets(); err != nil {
		return nil, err
	}
	for i := range p.buckets {
		if b := &p.buckets[i]; b.first < since && since <= b.last {
			b.first = since // what was carried into it was not counted before
		}
	}
	p.grid = newGrid(len(p.buckets), len(p.fields))
	return p, nil
}

// split finds out which days are past and whether they can be asked.
func (p *plan) split() error {
	if err := p.findImportsOnOpen(); err != nil {
		return err
	}
	if !p.realtime {
		for d := p.first; d <= min(p.last, max(p.today, p.storedLast)) && !p.hasPast; d++ {
			p.hasPast = p.isPast(d)
		}
	}
	p.setGrain()
	if p.hasPast {
		return p.checkPast()
	}
	return nil
}

// findImportsOnOpen looks for imports on open days: their blocks are to be read
// besides what is in memory.
func (p *plan) findImportsOnOpen() error {
	if p.q.NoImports || !p.stored || p.realtime {
		return nil
	}
	for _, d := range p.open {
		if d < max(p.first, p.storedFirst) || d > min(p.last, p.storedLast) {
			continue
		}
		err := p.a.blocks.Range(p.q.Site, true, aggregate.OneDay, aggregate.None, aggregate.None, d, d,
			func(k aggregate.Key, _ *aggregate.Block) error {
				if k.Import != aggregate.Live {
					if p.importsOnOpen == nil {
						p.importsOnOpen = map[aggregate.Day]bool{}
					}
					p.importsOnOpen[d] = true
				}
				return nil
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// run fills the grid.
func (p *plan) run() error {
	if p.hasPast {
		var err error
		if len(p.facts) == 0 {
			err = p.pastTotals()
		} else {
			err = p.pastFacts()
		}
		if err != nil {
			return err
		}
	}
	return p.scanOpen()
}

// bucketOf is the bucket of a day, for grains of a day and more.
func (p *plan) bucketOf(d aggregate.Day) int32 { return p.ofDay[d-p.first] }

// begins reports whether what was carried into a day is new to a bucket: on its first
// day, and where the month before was removed and with it the day that gave it.
func (p *plan) begins(bucket int32, d aggregate.Day) (bool, error) {
	if d == p.buckets[bucket].first {
		return true, nil
	}
	before := d - 1
	if d != d.Month() || p.isOpen(before) {
		return false, nil
	}
	days, err := p.totals(stretch{first: before.Month(), last: before, imports: p.everyone()}) // as linkedIn reads them
	return !slices.ContainsFunc(days, func(t dayTotal) bool { return t.day == before }), err
}

// begin turns a day's row into what it adds to its bucket: the first day of a
// bucket gives all, later days what the day before has not given already.
func begin(c *aggregate.Counts, first bool) {
	if first {
		c.DropCarried()
	} else {
		c.Uncarry()
	}
}

// stretch is a run of closed days within one month and one bucket, to be read at
// once.
type stretch struct {
	first, last aggregate.Day
	imports     whose // whose dated blocks
	month       bool  // links that lost their date in the month are to be added
}

// whose says of whom blocks are read.
type whose uint8

const (
	live     whose = 1
	imported whose = 2
)

func (w whose) has(id aggregate.ImportID) bool {
	if id == aggregate.Live {
		return w&live != 0
	}
	return w&imported != 0
}

// everyone is live and, unless the query leaves them out, imports.
func (p *plan) everyone() whose {
	if p.q.NoImports {
		return live
	}
	return live | imported
}

// stretches are the closed days of [first, last] that can have blocks. The error
// comes from Blocks.
func (p *plan) stretches(first, last aggregate.Day) (all []stretch, err error) {
	if !p.stored {
		return nil, nil
	}
	lo, hi := max(first, p.storedFirst, p.since), min(last, p.storedLast)
	for d := lo; d <= hi; d++ {
		w := p.everyone()
		if p.isOpen(d) {
			if !p.importsOnOpen[d] {
				continue
			}
			w = imported
		}
		n := len(all)
		if n > 0 && all[n-1].last == d-1 && all[n-1].imports == w && all[n-1].first.Month() == d.Month() {
			all[n-1].last = d
			continue
		}
		s := stretch{first: d, last: d, imports: w}
		if len(p.facts) == 2 && (n == 0 || all[n-1].first.Month() != d.Month()) {
			if s.month, err = p.holdsUndated(d.Month(), first, last); err != nil {
				return nil, err
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// openInRange keeps the open days of the range.
func (p *plan) openInRange() []aggregate.Day {
	return slices.DeleteFunc(slices.Clone(p.open), func(d aggregate.Day) bool { return d < max(p.first, p.since) || d > p.last })
}
