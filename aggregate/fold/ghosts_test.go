package fold

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"footfall/aggregate"
)

// TestValuesSeenTooSeldomBetweenTwoSweepsAreKnownAgain floods a day so that each
// true page comes about once in two sweeps.
func TestValuesSeenTooSeldomBetweenTwoSweepsAreKnownAgain(t *testing.T) {
	days, d := oneDay(Limits{Values: 100, Visits: 1 << 20})
	r := rand.New(rand.NewPCG(1, 1))
	const pages = 20
	want := map[string]int64{}
	for i := range 60_000 {
		page := fmt.Sprintf("/made-up/%d", i)
		if r.IntN(30) == 0 {
			page = fmt.Sprintf("/real/%d", r.IntN(pages))
			want[page]++
		}
		h := pageview(d, r.IntN(5000)+1, i, page)
		days.Add(d, &h)
	}
	d.Close()
	for page, n := range want {
		v, ok := d.dicts[aggregate.Page].numbers[page]
		if !ok {
			t.Errorf("%s: lost, with %d pageviews", page, n)
			continue
		}
		if got := d.cells[aggregate.Page][v].Counts[aggregate.Pageviews]; got < n*85/100 || got > n {
			t.Errorf("%s: got %d pageviews, want most of %d", page, got, n)
		}
	}
}

func TestGhostsForgetTheLightestFirst(t *testing.T) {
	g := newGhosts()
	for i := range 1000 {
		g.remember(fmt.Sprintf("true %d", i), 5)
	}
	for i := range 2_000_000 {
		g.remember(fmt.Sprintf("made up %d", i), 2)
	}
	known := 0
	for i := range 1000 {
		if g.recall(fmt.Sprintf("true %d", i)) >= 5 {
			known++
		}
	}
	if known < 995 {
		t.Errorf("%d of 1000 heavier values are remembered, want all but a few", known)
	}
	g.remember("true 1", 1000)
	if got := g.recall("true 1"); got != 255 {
		t.Errorf("got a weight of %d, want 255 at most", got)
	}
	if got := g.recall("never seen"); got != 0 {
		t.Errorf("got a weight of %d for what was never seen", got)
	}
}
