package ask

import (
	"reflect"
	"testing"

	"footfall/aggregate"
)

// lender lends blocks as the database does: the rows of one are overwritten by
// those of the next.
type lender struct {
	*fakeBlocks
	rows []aggregate.Row
}

func (l *lender) Range(site aggregate.Site, imports bool, span aggregate.Span, a, b aggregate.Dimension,
	first, last aggregate.Day, fn func(aggregate.Key, *aggregate.Block) error) error {
	return l.fakeBlocks.Range(site, imports, span, a, b, first, last, func(k aggregate.Key, block *aggregate.Block) error {
		clear(l.rows[:cap(l.rows)])
		l.rows = append(l.rows[:0], block.Rows...)
		lent := *block
		lent.Rows = l.rows
		return fn(k, &lent)
	})
}

func TestRowsThatAreOnlyLentAreNotKept(t *testing.T) {
	s := smallStage(t, 1, 1, 0)
	for _, cache := range []int{0, -1} {
		lent := New(Options{Blocks: &lender{fakeBlocks: s.blocks}, Open: s.open, Settings: s.asker.settings, Clock: s.asker.clock, CacheBytes: cache})
		for _, name := range []string{"event:page", "visit:source", "visit:exit_page", "time:day"} {
			field, _ := ParseField(name)
			for days := aggregate.Day(0); days < 9; days += 4 {
				q := &aggregate.Query{Site: testSite, Fields: []aggregate.Field{field},
					Metrics: []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricPageviews, aggregate.MetricBounceRate},
					Range:   aggregate.Range{Days: true, First: s.last - 10, Last: s.last - 10 + days}}
				want := s.mustAnswer(t, q)
				got, err := lent.Answer(q)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got.Rows, want.Rows) {
					t.Errorf("%s of %d days: got %v, want %v", name, days+1, got.Rows, want.Rows)
				}
			}
		}
	}
}
