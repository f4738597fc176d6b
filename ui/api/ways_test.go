package api

import (
	"testing"

	"footfall/aggregate"
)

// FuzzWayQuery: whatever is posted is understood or refused, with the place.
func FuzzWayQuery(f *testing.F) {
	for _, seed := range []string{
		`{"site_id":"example.com","date_range":"7d","funnel_id":"3","by":"visit:source"}`,
		`{"site_id":"example.com","date_range":["2026-01-01","2026-01-31"],"funnel_id":3,"filters":[["is","visit:source",["Google"]]]}`,
		`{"site_id":"example.com","date_range":"day","page":"/","limit":5,"include":{"imports":false}}`,
		`{"site_id":"example.com","date_range":"day","page":["/"]}`, `[]`, `{"by":7}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var funnel, flow wayQuery
		err := funnel.parse([]byte(body), map[string]func(v any) error{"funnel_id": funnel.readFunnel, "by": funnel.readBy, "filters": funnel.readFilters})
		if err == nil && (funnel.Site == "" || len(funnel.Fields) > 1) {
			t.Errorf("%q became %+v", body, funnel)
		}
		err = flow.parse([]byte(body), map[string]func(v any) error{"page": flow.readPage, "limit": flow.readLimit})
		if err == nil && (flow.Site == "" || flow.limit < 0) {
			t.Errorf("%q became %+v", body, flow)
		}
	})
}

func TestStepsTellHowManyWentOn(t *testing.T) {
	got := showSteps([]aggregate.StepReport{{Name: "a", Visits: 8}, {Name: "b", Visits: 6}, {Name: "c", Visits: 0}, {Name: "d", Visits: 0}})
	want := [][2]float64{{100, 100}, {75, 75}, {0, 0}, {0, -1}}
	for i, s := range got {
		rate := -1.0
		if s.StepRate != nil {
			rate = *s.StepRate
		}
		if *s.ConversionRate != want[i][0] || rate != want[i][1] {
			t.Errorf("step %s: %v of the first, %v of the one before; want %v", s.Name, *s.ConversionRate, rate, want[i])
		}
	}
}
