package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/ui/view"
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
	filters := []string{"", "&f=is,source,Bing", "&f=contains,page,/a,/b", "&f=is_not,country,DE&f=is,device,Mobile", "&f=is,city,Bonn", "&f=is,prop:plan,pro", "&f=is,event,404&compare=year"}
	for i, p := range append(slices.Clone(view.Periods), "day&date=2026-02-03", "custom&from=2026-01-01&to=2026-06-01") {
		for j, filter := range filters {
			for k, tabs := range tabSets() {
				if (i+j+k)%3 != 0 {
					continue // a third of all combinations has every pair of them
				}
				answer, body := s.get(t, "/example.com?period="+string(p)+filter+"&tabs="+tabs)
				wantStatus(t, answer, 200)
				if strings.Contains(body, `class="error"`) || strings.Contains(body, "are missing.") || strings.Contains(body, "past days is not") ||
					strings.Contains(body, "Ask for") || s.log.Len() > 0 {
					t.Errorf("period %s%s, tab %q: a query failed: %s", p, filter, tabs, s.log.String())
				}
			}
		}
	}
	for _, report := range reportIDs() {
		answer, body := s.get(t, "/example.com?report="+report)
		wantStatus(t, answer, 200)
		if strings.Contains(body, `class="error"`) || strings.Contains(body, `class="refused"`) {
			t.Errorf("report %q: a query failed", report)
		}
	}
	answer, body := s.get(t, "/")
	wantStatus(t, answer, 200)
	if strings.Contains(body, `class="error"`) {
		t.Error("a query of the overview failed")
	}
}

func reportIDs() (ids []string) {
	for _, r := range view.Reports("") {
		ids = append(ids, r.ID)
	}
	return ids
}

// tabSets open every report at least once, one of each card at a time.
func tabSets() (sets []string) {
	for i := range 8 {
		var open []string
		for _, group := range view.Groups {
			reports := view.Reports(group)
			open = append(open, reports[i%len(reports)].ID)
		}
		sets = append(sets, strings.Join(open, ","))
	}
	return sets
}
