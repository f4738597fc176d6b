package fold

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
)

// Visits without end under a flood of made-up pages, events and properties: the true
// ones are all counted, although each visit has far more events than records.
func TestLongVisitsUnderAFloodKeepWhatIsTrue(t *testing.T) {
	days, d := oneDay(Limits{Values: 50, Visits: 100})
	d.Use(&aggregate.Definitions{Goals: []aggregate.Goal{{ID: 4, Condition: aggregate.Condition{Page: "/made-up-*"}}}})
	r := rand.New(rand.NewPCG(3, 3))
	want := map[string]int64{}
	frozen := d.Freeze()
	for i := range 40_000 {
		real := r.IntN(6) == 0
		value := fmt.Sprintf("made-up-%d", i)
		if real {
			value = fmt.Sprintf("real-%d", r.IntN(8))
		}
		h := pageview(d, r.IntN(60), 2*i, "/"+value)
		switch i % 5 {
		case 1:
			h.Kind, h.Facts[aggregate.EventName], h.Facts[aggregate.Page] = aggregate.Custom, value, "/"
		case 2:
			h.Kind, h.Facts[aggregate.EventName], h.Facts[aggregate.Page] = aggregate.Custom, "Click", "/"
			h.Props = []aggregate.Prop{{Key: "plan", Value: value}}
		case 3:
			h.Kind, h.Engaged, h.Scroll = aggregate.Engagement, 10, i%100
		case 4:
			h.Kind, h.Facts[aggregate.EventName], h.Facts[aggregate.Page] = aggregate.Custom, "Purchase", "/"
			h.Paid, h.Revenue = i%100 == 4, aggregate.Money(i)
		}
		if got := days.Add(d, &h); got == Counted && real && i%5 < 3 {
			want[fmt.Sprint(i%5, value)]++
		}
		if i%9000 == 0 { // as for a checkpoint
			d.Thaw()
			frozen = d.Freeze()
		}
	}
	if frozen.events.len() == 0 {
		t.Error("nothing was frozen")
	}
	d.Thaw()
	for kind, of := range []struct {
		dim   aggregate.Dimension
		value func(string) string
	}{{aggregate.Page, func(v string) string { return "/" + v }}, {aggregate.EventName, func(v string) string { return v }},
		{aggregate.Property, func(v string) string { return aggregate.Join("plan", v) }}} {
		for i := range 8 {
			value := fmt.Sprintf("real-%d", i)
			n := d.cells[of.dim][d.number(of.dim, of.value(value))].Counts[aggregate.Events]
			if all := want[fmt.Sprint(kind, value)]; n < all*95/100 || n > all {
				t.Errorf("%v %s: %d events, want about %d", of.dim, value, n, all)
			}
		}
	}
	if n := d.events.len(); n > 2*60*(maxRecords+24*10) {
		t.Errorf("%d events in memory, want no more than twice what 60 visits may have", n)
	}
	recounted := reread(t, d)
	for _, dim := range counted {
		for v := range d.cells[dim] {
			if got, want := d.cells[dim][v].Counts, recounted.cells[dim][v].Counts; got != want {
				t.Errorf("%v %q: %v, recounted %v", dim, d.text(dim, value(v)), got, want)
			}
		}
	}
	if d.total != recounted.total || d.hour != recounted.hour {
		t.Errorf("totals %v, recounted %v", d.total, recounted.total)
	}
	var raw bytes.Buffer
	if _, err := d.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadDay(&raw); err != nil {
		t.Errorf("the snapshot: %v", err)
	}
}

// A page by which one long visit entered is no heavier than one that many have seen.
func TestEntryPagesOfLongVisitsDoNotPushOutTruePages(t *testing.T) {
	days, d := oneDay(Limits{Values: 20, Visits: 100})
	for i := range 4000 {
		page := fmt.Sprintf("/made-up-%d", i)
		if i%11 == 10 && i >= 40 {
			page = fmt.Sprintf("/real-%d", i%5)
		}
		h := pageview(d, i%40, i, page)
		days.Add(d, &h)
	}
	for i := range 5 {
		n := d.number(aggregate.Page, fmt.Sprintf("/real-%d", i))
		if got := d.cells[aggregate.Page][n].Counts[aggregate.Events]; got < 68 {
			t.Errorf("/real-%d has %d pageviews, want 72 or hardly fewer", i, got)
		}
	}
}

// Visitors come with made-up sources, some of them twice or across midnight: what is
// swept is what would be counted anew.
func TestSweptVisitFactsCountAsIfCountedAnew(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	days := &Days{}
	var both []*Day
	for i := range 2 {
		d := NewDay(june+aggregate.Day(i), time.UTC, Limits{Values: 20, Visits: 1 << 20})
		days.Insert(d)
		both = append(both, d)
	}
	for i := range 8000 {
		at := both[0].start + 20*3_600_000 + int64(i)*4000 // till shortly before five
		d := days.At(at)
		h := pageview(d, r.IntN(900), 0, fmt.Sprintf("/%d", i%3))
		h.At = at
		if d == both[1] {
			h.Before = h.Visitor
			h.Visitor[15]++
		}
		switch r.IntN(6) {
		case 0:
			h.Kind, h.Engaged = aggregate.Engagement, 1000
		default:
			h.Facts[aggregate.Source] = fmt.Sprintf("made-up-%d", i)
		}
		h.Facts[aggregate.Country] = fmt.Sprintf("C%d", i%300)
		days.Add(d, &h)
	}
	for _, d := range both {
		recounted := reread(t, d)
		for dim := aggregate.FirstVisitFact; dim <= aggregate.LastVisitFact; dim++ {
			for v := range d.cells[dim] {
				if got, want := d.cells[dim][v].Counts, recounted.cells[dim][v].Counts; got != want {
					t.Errorf("%s, %v %q: %v, recounted %v", d.day, dim, d.text(dim, value(v)), got, want)
				}
			}
		}
		if n := d.cells[aggregate.Source][other].Counts[aggregate.Visitors]; n < 100 {
			t.Errorf("%s: %d visitors from (other), want that there were sweeps", d.day, n)
		}
	}
}

// Joined events change no link and no row: neither the way from page to page, nor
// where the visit ended.
func TestJoinedEventsLinkAsBefore(t *testing.T) {
	days, d := oneDay(Limits{Values: 50, Visits: 100})
	r := rand.New(rand.NewPCG(5, 5))
	for i := range 200 {
		h := pageview(d, 1, i*20, fmt.Sprintf("/%d", min(r.IntN(3), r.IntN(3))))
		if r.IntN(4) == 0 {
			h.Kind, h.Facts[aggregate.EventName] = aggregate.Custom, fmt.Sprintf("e%d", r.IntN(3))
		}
		days.Add(d, &h)
	}
	rows := func() string {
		var all []string
		for _, p := range aggregate.Pairs() {
			for _, row := range d.Scan(&aggregate.Scan{Groups: []aggregate.Group{{Dimension: p.A, Label: sameLabel}, {Dimension: p.B, Label: sameLabel}}}) {
				all = append(all, fmt.Sprint(p, row.Values, row.Counts))
			}
		}
		slices.Sort(all)
		return strings.Join(all, "\n")
	}
	want, records := rows(), d.visit(1).records
	d.joinEvents(1, math.MaxInt32)
	if joined := records - d.visit(1).records; joined < 50 {
		t.Errorf("%d of %d events were joined, want many", joined, records)
	}
	if got := rows(); got != want {
		t.Errorf("joined:\n%s\nbefore:\n%s", got, want)
	}
	checkLinks(t, 0, d)
}
