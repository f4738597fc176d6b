package ui

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"footfall/aggregate"
	"footfall/ui/words"
)

// A corpus of what strangers and the team can type, each of which shows as text.
var evil = []string{`<script>window.evil=1</script>`, `"><img src=x onerror=window.evil=1>`, `'-window.evil=1-'`, `javascript:window.evil=1`,
	`</title><svg onload=window.evil=1>`, `{{evil}}`, "\u202eevil\u2066"}

// evilStand is a stand on whose own pages strangers have typed.
func evilStand(t *testing.T) *stand {
	notes := &fakeNotes{all: map[aggregate.AnnotationID]aggregate.Annotation{}}
	refused := map[string]int64{}
	for i, text := range evil {
		day := aggregate.Date(2026, 11, 24) - aggregate.Day(i)
		notes.all[aggregate.AnnotationID(i+1)] = aggregate.Annotation{ID: aggregate.AnnotationID(i + 1), Day: day, Text: text}
		for _, reason := range []string{"hostname: ", "bot: ai ", "spam: ", ""} {
			refused[reason+text] = int64(i + 1)
		}
	}
	ledgers := month()
	ledgers.days[2].Refused = refused
	ways := &fakeWays{flow: aggregate.FlowReport{Pageviews: 9, Before: []aggregate.FlowLink{{Page: evil[0], Pageviews: 4}}}}
	ways.defs.Goals = []aggregate.Goal{{ID: 1, Name: evil[0]}, {ID: 2, Name: evil[1]}}
	segments := fakeSegments{}
	for i, text := range evil {
		segments = append(segments, aggregate.Segment{ID: aggregate.SegmentID(i + 1), Name: strings.Repeat(text, 3), Filters: fmt.Appendf(nil, `[["is","event:page",[%q]]]`, "/"+text)})
	}
	return serve(t, fullAsker(), withNotes(notes), withRefusals(ledgers, &fakeGate{settings: aggregate.DefaultSettings()}), withLedger(refused),
		withDerived(Derived{Address: "203.0.113.9", Browser: evil[0], Place: evil[1], Source: evil[4], Dropped: "bot"}, true), withPin, public("example.org"),
		func(o *Options) {
			o.AddSite = func(aggregate.Site, map[string]string) error { return nil }
			o.Goals, o.Ways, o.Segments = ways, ways, segments
			open := o.Settings
			o.Settings = func(site aggregate.Site) (aggregate.Settings, bool) {
				settings, ok := open(site)
				settings.Currency = "EUR" // the goals have a column more
				return settings, ok
			}
		})
}

// fakeSegments are segments that stay as they are.
type fakeSegments []aggregate.Segment

func (f fakeSegments) Segments(aggregate.Site) []aggregate.Segment { return f }
func (f fakeSegments) AddSegment(_ aggregate.Site, s aggregate.Segment) (aggregate.Segment, error) {
	return s, errors.ErrUnsupported
}
func (f fakeSegments) ChangeSegment(aggregate.Site, aggregate.Segment) error {
	return errors.ErrUnsupported
}
func (f fakeSegments) RemoveSegment(aggregate.Site, aggregate.SegmentID) error {
	return errors.ErrUnsupported
}

// otherPages are those that are not the site's own, with strangers' text on them.
var otherPages = []string{"/", "/?find=%3Cscript%3Ewindow.evil=1%3C/script%3E", "/privacy/example.com?you=1", "/example.com/refused", "/example.com/annotations", "/example.com/segments?f=contains,page,%3Cscript%3Ewindow.evil=1%3C/script%3E", "/example.com/goals", "/example.com/install?own=on&pixel=on&pinned=on"}

// otherPagesFit opens the pages beside the site's own in every language at a phone's
// and a desktop's size: nothing is wider than the screen, nothing a stranger has
// typed is executed, and the browser has no complaint.
func otherPagesFit(t *testing.T, b *tab) {
	s := evilStand(t)
	guest := strings.Replace(s.url, "127.0.0.1", "dashboard.localhost", 1)
	for _, size := range []int64{320, 1280} {
		b.look(t, size, 900, map[int64]string{320: "dark", 1280: "light"}[size])
		for _, l := range words.Languages() {
			for _, path := range append(otherPages, guest+"/example.com?embed=1&theme=dark", guest+"/privacy/example.com") {
				address := path
				if !strings.HasPrefix(path, "http") {
					address = s.url + path
				}
				sign := "?"
				if strings.Contains(address, "?") {
					sign = "&"
				}
				b.open(t, address+sign+"lang="+l.Tag)
				if over := evaluate[float64](t, b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
					t.Errorf("%s in %s at %d pixels is %v pixels too wide", path, l.Tag, size, over)
				}
				if evaluate[bool](t, b, "'evil' in window") {
					t.Fatalf("%s executed what a stranger typed", path)
				}
			}
		}
		b.quiet(t)
	}
}

// otherPagesHaveNoBarrier looks at them as noBarriers does.
func otherPagesHaveNoBarrier(t *testing.T, b *tab) {
	s := evilStand(t)
	b.look(t, 390, 900, "dark")
	for i, path := range otherPages {
		if i == len(otherPages)/2 {
			b.look(t, 1280, 900, "light")
		}
		b.open(t, s.url+path)
		for _, v := range b.barriers(t) {
			t.Errorf("%s: %s", path, v)
		}
	}
}
