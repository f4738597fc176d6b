package live

import (
	"fmt"
	"sync"

	"footfall/aggregate"
	"footfall/aggregate/fold"
)

// Committer writes commits one at a time and numbers them.
type Committer struct {
	mu     sync.Mutex
	blocks Blocks
}

// NewCommitter makes one; a database must have only one.
func NewCommitter(b Blocks) *Committer { return &Committer{blocks: b} }

// Commit writes what gather returns as one commit. gather learns the number
// beforehand; where it returns nothing, nothing is written and the number is 0.
func (c *Committer) Commit(gather func(number uint64) ([]aggregate.Put, error)) (number uint64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	number = c.blocks.LastCommit() + 1
	puts, err := gather(number)
	if err != nil || len(puts) == 0 {
		return 0, err
	}
	if err := c.blocks.Commit(aggregate.Commit{Number: number, Puts: puts}); err != nil {
		return 0, fmt.Errorf("commit %d: %w", number, err)
	}
	return number, nil
}

// Commit projects what changed onto the blocks: of each site only when at least
// its floor of visitors changed since its last commit, or when all is set (at a
// shutdown). It returns the number of sites written.
func (e *Engine) Commit(all bool) (sites int, err error) {
	if err := e.beforeCommit(); err != nil {
		return 0, err
	}
	var written []*site
	_, err = e.commits.Commit(func(number uint64) ([]aggregate.Put, error) {
		var puts []aggregate.Put
		for _, s := range e.all() {
			if more := e.project(s, number, all); len(more) > 0 {
				puts = append(puts, more...)
				written = append(written, s)
			}
		}
		return puts, nil
	})
	for _, s := range written {
		s.mu.Lock()
		s.owed = err != nil
		s.mu.Unlock()
	}
	if err != nil {
		return 0, err
	}
	return len(written), nil
}

// beforeCommit gives up a memory state that has missed hits: the database must
// not learn what the next start would then overwrite.
func (e *Engine) beforeCommit() error {
	if e.journal == nil || e.journaling.Load() || e.abandoned.Load() {
		return nil
	}
	return e.abandon()
}

// project takes the changed days of a site and begins their next epoch. If the
// commit fails, the site is owed one.
func (e *Engine) project(s *site, number uint64, all bool) []aggregate.Put {
	settings, known := e.settings(s.name)
	if !known {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := 0
	for _, d := range s.days.Open() {
		n, _ := d.Changed()
		changed = max(changed, n) // not the sum: a visitor who crosses midnight changes two days
	}
	if changed < settings.Floor && !all && !s.owed {
		return nil
	}
	var puts []aggregate.Put
	for _, d := range s.days.Open() {
		if _, dirty := d.Changed(); dirty || s.owed {
			puts = append(puts, d.Blocks(s.name, aggregate.Live)...)
		}
	}
	if len(puts) > 0 {
		s.buf = appendCommitRecord(s.buf[:0], s.name, number)
		e.keep(s)
		s.committed()
	}
	return puts
}

func (s *site) committed() {
	for _, d := range s.days.Open() {
		d.Committed()
	}
}

// maxOpen is how many days of a site may be open at once. Two are the rule; a
// clock that jumps opens more.
const maxOpen = 6

// CloseEnded closes the days that have ended: their last blocks and their links
// are written, their visitors destroyed. It returns the number of days closed.
func (e *Engine) CloseEnded() (days int, err error) {
	now := e.clock().UnixMilli()
	return e.closeDays(func(s *site, d *fold.Day) bool {
		open := s.days.Open()
		return s.days.Ended(d, now) || len(open) > maxOpen && d == open[len(open)-1]
	})
}

// CloseAll closes every open day, ended or not: at a stop without a memory
// state, so that the links so far are not lost.
func (e *Engine) CloseAll() (days int, err error) {
	return e.closeDays(func(*site, *fold.Day) bool { return true })
}

func (e *Engine) closeDays(ends func(*site, *fold.Day) bool) (days int, err error) {
	e.closing.Lock()
	defer e.closing.Unlock()
	if err := e.beforeCommit(); err != nil {
		return 0, err
	}
	for _, s := range e.all() {
		s.mu.Lock()
		for _, d := range append([]*fold.Day(nil), s.days.Open()...) {
			if ends(s, d) {
				s.days.Remove(d)
				d.Close()
				s.ended = append(s.ended, d)
			}
		}
		ended := append([]*fold.Day(nil), s.ended...)
		s.mu.Unlock()
		for _, d := range ended { // also those whose close failed before
			if err := e.closeDay(s, d); err != nil {
				return days, err
			}
			days++
		}
	}
	return days, nil
}

// closeDay writes the last blocks of a day, which nobody changes any more.
func (e *Engine) closeDay(s *site, d *fold.Day) error {
	settings, known := e.settings(s.name)
	number := uint64(0)
	if known {
		var err error
		number, err = e.commits.Commit(func(uint64) ([]aggregate.Put, error) {
			return lastBlocks(d, s.name, aggregate.Live, settings.Floor)
		})
		if err != nil {
			return fmt.Errorf("closing %s of %s: %w", d.Day(), s.name, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = appendCloseRecord(s.buf[:0], s.name, d.Day(), number)
	e.keep(s)
	for i := range s.ended {
		if s.ended[i] == d {
			s.ended = append(s.ended[:i], s.ended[i+1:]...)
			break
		}
	}
	return nil
}

// lastBlocks are all the blocks of a closed day.
func lastBlocks(d *fold.Day, name aggregate.Site, imp aggregate.ImportID, floor int) ([]aggregate.Put, error) {
	puts := d.Blocks(name, imp)
	err := d.Links(name, imp, floor, func(p aggregate.Put) error {
		puts = append(puts, p)
		return nil
	})
	return puts, err
}
