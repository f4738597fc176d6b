package tables

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"footfall/aggregate"
)

const first aggregate.Day = 20_000

// blocks are the blocks of a fold by key; those of one key are added up.
func blocks(t interface{ Fatalf(string, ...any) }, f *Fold) map[aggregate.Key][]*aggregate.Block {
	all := map[aggregate.Key][]*aggregate.Block{}
	err := f.Blocks(func(_ aggregate.Day, puts []aggregate.Put) error {
		for _, p := range puts {
			if !slices.IsSorted(p.Block.A) || !slices.IsSorted(p.Block.B) {
				t.Fatalf("%v: values are not in order", p.Key)
			}
			all[p.Key] = append(all[p.Key], p.Block)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return all
}

func sum(all []*aggregate.Block, keep func(a, b string) bool) (n aggregate.Counts, largest int64) {
	for _, b := range all {
		for i := range b.Rows {
			second := ""
			if len(b.B) > 0 {
				second = b.B[b.Rows[i].B]
			}
			if keep(b.A[b.Rows[i].A], second) {
				n.Add(&b.Rows[i].Counts)
				largest = max(largest, b.Rows[i].Counts[aggregate.Visitors])
			}
		}
	}
	return n, largest
}

func all(string, string) bool { return true }

// aFold gathers random tables that need not agree on anything.
func aFold(t *rapid.T) *Fold {
	f := &Fold{Site: "example.com", ID: 1, Floor: rapid.IntRange(1, 5).Draw(t, "floor"), Cap: rapid.SampledFrom([]int{3, 1000}).Draw(t, "cap")}
	value := rapid.SampledFrom([]string{"", "a", "b", "c", "d", "e"})
	for range rapid.IntRange(0, 60).Draw(t, "rows") {
		table := Table(rapid.IntRange(0, int(kinds)-1).Draw(t, "table"))
		var values aggregate.Facts
		for _, dim := range facts[table] {
			if values[dim] = value.Draw(t, "value"); dim == aggregate.Property && values[dim] != "" {
				values[dim] = aggregate.Join("key", values[dim])
			}
		}
		var c aggregate.Counts
		for _, col := range columns {
			c[col] = int64(rapid.IntRange(0, 20).Draw(t, "count"))
		}
		if err := f.Add(table, first+aggregate.Day(rapid.IntRange(0, 2).Draw(t, "day")), &values, &c); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// TestWhateverTablesSayNumbersAddUp proves P12 and P4 on random tables.
func TestWhateverTablesSayNumbersAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := aFold(t)
		days := f.Days()
		made := blocks(t, f)
		for _, d := range days {
			proveDay(t, f, made, d)
		}
		for key, list := range made {
			for _, b := range list {
				proveFloor(t, f, key, b)
			}
		}
		provePairs(t, f, made, days)
	})
}

func (f *Fold) keyOf(d aggregate.Day, a aggregate.Dimension) aggregate.Key {
	return aggregate.Key{Site: f.Site, Import: f.ID, Span: aggregate.OneDay, Day: d, A: a}
}

func proveDay(t *rapid.T, f *Fold, made map[aggregate.Key][]*aggregate.Block, d aggregate.Day) {
	total, _ := sum(made[f.keyOf(d, aggregate.None)], all)
	for dim := aggregate.FirstVisitFact; dim <= aggregate.LastEventFact; dim++ {
		got, largest := sum(made[f.keyOf(d, dim)], all)
		cols := []aggregate.Column{aggregate.Visits, aggregate.Pageviews, aggregate.Events, aggregate.Starts, aggregate.Bounces, aggregate.Duration, aggregate.StartViews}
		switch {
		case dim == aggregate.Page, dim == aggregate.Hostname:
			cols = []aggregate.Column{aggregate.Pageviews}
		case dim == aggregate.EventName:
			cols = []aggregate.Column{aggregate.Events}
		case dim.OfEvent():
			cols = nil
		}
		for _, col := range cols {
			if got[col] != total[col] {
				t.Fatalf("day %d, %v: column %d adds up to %d, the day has %d", d, dim, col, got[col], total[col])
			}
		}
		if largest > total[aggregate.Visitors] || (dim.OfVisit() || dim == aggregate.EventName) && got[aggregate.Visitors] < total[aggregate.Visitors] {
			t.Fatalf("day %d, %v: visitors are at most %d and %d in all, the day has %d", d, dim, largest, got[aggregate.Visitors], total[aggregate.Visitors])
		}
		for _, b := range made[f.keyOf(d, dim)] {
			if len(b.A) > f.Cap+1 {
				t.Fatalf("day %d, %v: %d values, want at most %d and (other)", d, dim, len(b.A), f.Cap)
			}
		}
	}
}

func proveFloor(t *rapid.T, f *Fold, key aggregate.Key, b *aggregate.Block) {
	for i := range b.Rows {
		r := &b.Rows[i]
		if r.Counts[aggregate.Bounces] > r.Counts[aggregate.Starts] || slices.Min(r.Counts[:]) < 0 || r.Counts.Zero() {
			t.Fatalf("%v: row %d is %v", key, i, r.Counts)
		}
		if key.B != aggregate.None && key.Span == aggregate.OneDay && f.Floor > 1 && r.Counts[aggregate.Visitors] < int64(f.Floor) {
			t.Fatalf("%v: row %d has %d visitors, the floor is %d", key, i, r.Counts[aggregate.Visitors], f.Floor)
		}
	}
}

// provePairs proves that links of visit facts, dated or not, add up to the facts
// over the month, and that no day's link is larger than what it links.
func provePairs(t *rapid.T, f *Fold, made map[aggregate.Key][]*aggregate.Block, days []aggregate.Day) {
	for _, p := range aggregate.Pairs() {
		if !slices.Contains(facts[Sources], p.A) || !slices.Contains(facts[Sources], p.B) {
			continue
		}
		var links, whole aggregate.Counts
		for _, d := range days {
			key := f.keyOf(d, p.A)
			fact, _ := sum(made[key], all)
			whole.Add(&fact)
			key.B = p.B
			for _, b := range made[key] {
				for i := range b.Rows {
					for _, side := range []aggregate.Key{f.keyOf(d, p.A), f.keyOf(d, p.B)} {
						value := b.A[b.Rows[i].A]
						if side.A == p.B {
							value = b.B[b.Rows[i].B]
						}
						of, _ := sum(made[side], func(a, _ string) bool { return a == value })
						if of[aggregate.Visits] < b.Rows[i].Counts[aggregate.Visits] || of[aggregate.Visitors] < b.Rows[i].Counts[aggregate.Visitors] {
							t.Fatalf("%v: a link has %v, %v %q has %v", key, b.Rows[i].Counts, side.A, value, of)
						}
					}
				}
			}
			dated, _ := sum(made[key], all)
			links.Add(&dated)
		}
		month := aggregate.Key{Site: f.Site, Import: f.ID, Span: aggregate.OneMonth, Day: first.Month(), A: p.A, B: p.B}
		undated, _ := sum(made[month], all)
		links.Add(&undated)
		for _, col := range []aggregate.Column{aggregate.Visits, aggregate.Pageviews, aggregate.Starts, aggregate.Bounces, aggregate.Duration} {
			if links[col] != whole[col] {
				t.Fatalf("%v: column %d of the links adds up to %d, of the fact to %d", p, col, links[col], whole[col])
			}
		}
	}
}

func TestWhatTablesLeaveOutIsNotSetAndWhatIsTooMuchIsReduced(t *testing.T) {
	f := &Fold{Site: "example.com", Floor: 3, Cap: 100}
	add := func(table Table, dim aggregate.Dimension, value string, visitors, visits, views, bounces int64) {
		t.Helper()
		var facts aggregate.Facts
		facts[dim] = value
		var c aggregate.Counts
		c[aggregate.Visitors], c[aggregate.Visits], c[aggregate.Pageviews], c[aggregate.Bounces] = visitors, visits, views, bounces
		if err := f.Add(table, first, &facts, &c); err != nil {
			t.Fatal(err)
		}
	}
	add(Totals, aggregate.None, "", 10, 12, 30, 5)
	add(Locations, aggregate.Country, "DE", 6, 7, 20, 2)
	add(Devices, aggregate.Device, "Mobile", 9, 10, 40, 4)
	add(Devices, aggregate.Device, "Desktop", 4, 5, 20, 4)
	made := blocks(t, f)
	row := func(dim aggregate.Dimension, value string) string {
		n, _ := sum(made[f.keyOf(first, dim)], func(a, _ string) bool { return a == value })
		return fmt.Sprint(n[aggregate.Visitors], n[aggregate.Visits], n[aggregate.Pageviews], n[aggregate.Bounces])
	}
	for _, w := range []struct {
		dim         aggregate.Dimension
		value, want string
	}{{aggregate.Country, "DE", "6 7 20 2"}, {aggregate.Country, "", "4 5 10 3"}, {aggregate.Device, "Mobile", "9 8 20 3"}, {aggregate.Device, "Desktop", "4 4 10 2"},
		{aggregate.Browser, "", "10 12 30 5"}, {aggregate.Page, "", "10 12 30 5"}, {aggregate.EventName, "pageview", "10 12 30 5"}} {
		if got := row(w.dim, w.value); got != w.want {
			t.Errorf("%v %q: got %s, want %s", w.dim, w.value, got, w.want)
		}
	}
	want := []string{"locations, on 1 days: 5 visits and 10 pageviews fewer than the totals: counted under (not set)",
		"devices, on 1 days: 3 visits and 30 pageviews more than the totals: left out, in proportion"}
	if got := f.Notes(); !slices.Equal(got, want) {
		t.Errorf("got notes %q, want %q", got, want)
	}
}

func TestALinkKeepsItsDateOnlyWhereOneRowHasEnoughVisitors(t *testing.T) {
	f := &Fold{Site: "example.com", Floor: 3, Cap: 100}
	// One visitor may have come three times, by three terms: three rows of one are
	// no link that three share.
	for i, visitors := range []int64{1, 1, 1, 3} {
		var values aggregate.Facts
		values[aggregate.Source], values[aggregate.Channel], values[aggregate.UTMTerm] = "Google", "Organic Search", fmt.Sprint(i)
		if i == 3 {
			values[aggregate.Source] = "Bing"
		}
		var c aggregate.Counts
		c[aggregate.Visitors], c[aggregate.Visits] = visitors, visitors
		f.Add(Sources, first, &values, &c)
	}
	made := blocks(t, f)
	key := f.keyOf(first, aggregate.Source)
	key.B = aggregate.Channel
	if b := made[key]; len(b) != 1 || !slices.Equal(b[0].A, []string{"Bing"}) {
		t.Errorf("got links of the day %v, want those of Bing alone", b)
	}
	key.Span, key.Day = aggregate.OneMonth, first.Month()
	if b := made[key]; len(b) != 1 || !slices.Equal(b[0].A, []string{"Google"}) {
		t.Errorf("got links of the month %v, want those of Google alone", b)
	}
}

func TestRowsAreBounded(t *testing.T) {
	f := &Fold{Site: "example.com", Floor: 3, Cap: 100, rows: maxRows}
	if err := f.Add(Devices, first, &aggregate.Facts{}, &aggregate.Counts{}); err != ErrTooLarge {
		t.Errorf("got %v, want %v", err, ErrTooLarge)
	}
}

func TestADayOfOneHostIsThatHosts(t *testing.T) {
	f := &Fold{Site: "example.com", Floor: 3, Cap: 100}
	add := func(table Table, page, host string, visitors, visits, views int64) {
		var values aggregate.Facts
		values[aggregate.Page], values[aggregate.Hostname] = page, host
		var c aggregate.Counts
		c[aggregate.Visitors], c[aggregate.Visits], c[aggregate.Pageviews] = visitors, visits, views
		f.Add(table, first, &values, &c)
	}
	add(Totals, "", "", 10, 12, 30)
	add(Pages, "/a", "example.com", 9, 9, 20)
	add(Pages, "/b", "example.com", 5, 5, 5)
	n, _ := sum(blocks(t, f)[f.keyOf(first, aggregate.Hostname)], func(host, _ string) bool { return host == "example.com" })
	if n[aggregate.Visitors] != 10 || n[aggregate.Visits] != 12 || n[aggregate.Pageviews] != 30 {
		t.Errorf("the host has %v, want what the day has", n)
	}
}
