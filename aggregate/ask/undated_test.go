package ask

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"footfall/aggregate"
)

// linkedStage has live days from April 3rd on, the last of them open, and an import
// of March 25th to April 10th.
func linkedStage(t *testing.T) *stage {
	t.Helper()
	w := makeWorld(rand.New(rand.NewPCG(5, 5)), berlin(t), day(2026, time.March, 25), day(2026, time.April, 20), 8, 4, 1, 3)
	w.keep(aggregate.Live, day(2026, time.April, 3), w.last)
	w.keep(1, w.first, day(2026, time.April, 10))
	return newStage(w, 1, w.last)
}

// A range that ends yesterday does not change with the first commit of today.
func TestTheFirstCommitOfTodayChangesNoEarlierAnswer(t *testing.T) {
	s := linkedStage(t)
	q := s.query(day(2026, time.April, 1), s.last-1, []string{"event:page"}, is("visit:source", "Google"))
	committed := s.mustAnswer(t, q)
	delete(s.blocks.blocks, aggregate.Key{Site: testSite, Span: aggregate.OneDay, Day: s.last})
	s.asker.InvalidateSite(testSite)
	before := s.mustAnswer(t, q)
	if got, want := fmt.Sprintf("%+v", committed), fmt.Sprintf("%+v", before); got != want {
		t.Errorf("after the first commit of today:\n%s\nwant what was answered before:\n%s", got, want)
	}
}

// Links that lost their date belong to a range that holds all days of the month that
// have links, of live counters where imports are left out.
func TestLinksWithoutADateAreShownWhereAllDaysWithLinksLieWithin(t *testing.T) {
	s := linkedStage(t)
	april := func(d int) aggregate.Day { return day(2026, time.April, d) }
	for _, c := range []struct {
		first, last aggregate.Day
		live, all   bool // nothing of live counters is hidden, nothing of any
	}{
		{april(1), april(20), true, true},
		{april(3), april(20), true, false}, // the import has two days more
		{april(3), april(19), true, false},
		{april(4), april(20), false, false},
		{april(1), april(10), false, false},
		{april(11), april(20), false, false},
		{day(2026, time.March, 25), april(19), true, true},
	} {
		for _, live := range []bool{true, false} {
			q := s.query(c.first, c.last, []string{"event:page"}, is("visit:source", "Google"))
			q.NoImports = live
			r := s.mustAnswer(t, q)
			want := c.all
			if live {
				want = c.live
			}
			if got := r.Hidden == nil; got != want {
				t.Errorf("%s to %s, live alone %v: hidden %+v, want all shown: %v", c.first, c.last, live, r.Hidden, want)
			}
			s.check(t, q, r, want)
		}
	}
}

// A visit that crossed from a month that was removed belongs to the day after alone.
func TestWhatWasCarriedFromARemovedMonthIsCounted(t *testing.T) {
	for _, openDays := range []int{0, 1} {
		r := rand.New(rand.NewPCG(7, 7))
		april := day(2026, time.April, 1)
		w := makeWorld(r, berlin(t), april-10, april+2*aggregate.Day(1-openDays), 12, 4, 0, 1)
		open := []aggregate.Day{april}[:openDays]
		s := newStage(w, 0, open...)
		for k := range s.blocks.blocks {
			if k.Day < april {
				delete(s.blocks.blocks, k)
			}
		}
		for _, fields := range [][]string{nil, {"visit:source"}, {"time:month"}, {"event:page"}} {
			for _, filters := range [][]aggregate.Filter{nil, {is("visit:browser", "Chrome")}} {
				q := s.query(april-5, w.last, fields, filters...)
				report := s.mustAnswer(t, q)
				kept := *q
				kept.Range.First = april
				s.check(t, &kept, report, true)
			}
		}
	}
}
