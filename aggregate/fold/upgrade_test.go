package fold

import (
	"os"
	"testing"

	"footfall/aggregate"
)

// TestADayOfThePreviousReleaseIsRead: an upgrade goes on with the memory state that
// it finds (P9). The file was written before there were goals and amounts.
func TestADayOfThePreviousReleaseIsRead(t *testing.T) {
	f, err := os.Open("testdata/day-version-1")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := ReadDay(f)
	if err != nil {
		t.Fatal(err)
	}
	want := aggregate.Counts{7, 10, 25, 28, 8, 3, 13978680, 21, 0, 0, 28, 1, 2, 2}
	compare(t, "totals", d.total, want)
	page := aggregate.Condition{Page: "/**"}
	var days Days
	days.Insert(d)
	days.Define(&aggregate.Definitions{Goals: []aggregate.Goal{{ID: 4, Condition: page}}})
	again := reread(t, d)
	compare(t, "totals after another restart", again.total, want)
	v := again.dicts[aggregate.Conversion].numbers["4"]
	if got := again.cells[aggregate.Conversion][v].Counts; got[aggregate.Visits] != want[aggregate.Visits] || got[aggregate.Pageviews] != want[aggregate.Pageviews] {
		t.Errorf("a goal that every visit reaches was reached by %d visits with %d pageviews, want %d and %d",
			got[aggregate.Visits], got[aggregate.Pageviews], want[aggregate.Visits], want[aggregate.Pageviews])
	}
}
