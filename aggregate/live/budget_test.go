package live

import (
	"maps"
	"testing"

	"footfall/aggregate"
)

func TestASitesBudgetHoldsThroughARestart(t *testing.T) {
	in := install(t, noon("2026-06-10"), newState())
	in.budget = 5
	for person := range 4 {
		if dropped := in.hit(person, "/"); dropped != "" {
			t.Fatalf("visitor %d: dropped as %q", person, dropped)
		}
	}
	in.start()
	for person, want := range []string{"", Budget, Budget} {
		if dropped := in.hit(person, "/"); dropped != want {
			t.Errorf("after the restart, visitor %d: dropped %q, want %q", person, dropped, want)
		}
	}
	stay := makeHit(in.now, 1, "/")
	stay.Kind, stay.Engaged = aggregate.Engagement, 1000
	if dropped, err := in.e.Hit(&stay); dropped != "" || err != nil {
		t.Errorf("an engagement: dropped %q (%v), want it counted: it adds no beacon to the budget", dropped, err)
	}
	in.start()
	day := in.e.OpenDays(example)[0]
	ledger, err := in.e.Refusals(example, day)
	in.must(err)
	if want := map[string]int64{Budget: 2}; !maps.Equal(ledger, want) {
		t.Errorf("got ledger %v, want %v", ledger, want)
	}
	in.now = in.now.AddDate(0, 0, 1)
	if dropped := in.hit(9, "/"); dropped != "" {
		t.Errorf("on the next day: dropped %q, want a new budget", dropped)
	}
}
