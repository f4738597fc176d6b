package fold

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

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
