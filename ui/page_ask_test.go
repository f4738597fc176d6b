package ui

import (
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// noBlocks is a store with nothing but a first day.
type noBlocks struct{}

func (noBlocks) Range(aggregate.Site, bool, aggregate.Span, aggregate.Dimension, aggregate.Dimension,
	aggregate.Day, aggregate.Day, func(aggregate.Key, *aggregate.Block) error) error {
	return nil
}

func (noBlocks) Days(aggregate.Site) (first, last aggregate.Day, ok bool) {
	return aggregate.Date(2024, 1, 1), aggregate.Date(2026, 11, 23), true
}

// The counters must be able to answer whatever the page asks, in every period.
func TestNoQuestionOfThePageIsRefused(t *testing.T) {
	asker := ask.New(ask.Options{Blocks: noBlocks{}, Clock: func() time.Time { return now },
		Settings: func(aggregate.Site) (aggregate.Settings, bool) { return aggregate.DefaultSettings(), true }})
	s := serve(t, asker, func(o *Options) { o.First = func(aggregate.Site) (aggregate.Day, bool) { return 1, true } })
	for _, p := range periods {
		for _, report := range append(panelIDs(), "") {
			answer, body := s.get(t, "/example.com?period="+p.key+"&report="+report)
			wantStatus(t, answer, 200)
			if strings.Contains(body, `class="error"`) || strings.Contains(body, "are missing.") || s.log.Len() > 0 {
				t.Errorf("period %s, report %q: a query failed: %s", p.key, report, s.log.String())
			}
		}
	}
	answer, body := s.get(t, "/")
	wantStatus(t, answer, 200)
	if strings.Contains(body, `class="error"`) {
		t.Error("a query of the overview failed")
	}
}
