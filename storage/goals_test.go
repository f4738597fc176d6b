package storage

import (
	"errors"
	"strings"
	"testing"

	"footfall/aggregate"
)

// TestWrongFunnelsAndMovesAreTold: nobody does a step without the one before it, or
// comes to a page more often than it was viewed.
func TestWrongFunnelsAndMovesAreTold(t *testing.T) {
	steps := func(first, second int64) *aggregate.Block {
		b := &aggregate.Block{Meta: aggregate.Meta{Floor: 1}, A: []string{aggregate.ReachedValue(7, 1), aggregate.ReachedValue(7, 2)}}
		for i, n := range []int64{first, second} {
			b.Rows = append(b.Rows, aggregate.Row{A: uint32(i), Counts: aggregate.Counts{n, n}})
		}
		return b
	}
	moves := func(views int64) *aggregate.Block {
		b := oneRow("/", 5)
		b.B = []string{"/before"}
		b.Rows[0].Counts[aggregate.Pageviews] = views
		return b
	}
	for name, row := range map[string]struct {
		a, b  aggregate.Dimension
		block *aggregate.Block
		want  string
	}{
		"a funnel":              {aggregate.Reached, 0, steps(2, 1), ""},
		"a step out of nothing": {aggregate.Reached, 0, steps(1, 2), "more visits reached step 2 than the one before it"},
		"no first step":         {aggregate.Reached, 0, oneRow(aggregate.ReachedValue(7, 2), 1), "reached step 2"},
		"no step at all":        {aggregate.Reached, 0, oneRow("7", 1), "is of no step of a funnel"},
		"moves beyond views":    {aggregate.Page, aggregate.PageBefore, moves(1_000_000), "one page was come to"},
	} {
		db := openTest(t, Options{})
		sampleMonth(t, db, 20)
		k := totalsKey(day0)
		k.A, k.B = row.a, row.b
		if err := db.Commit(aggregate.Commit{Number: db.LastCommit() + 1, Puts: []aggregate.Put{{Key: k, Block: row.block}}}); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(violations(t, db), "\n")
		if row.want == "" && got != "" || !strings.Contains(got, row.want) {
			t.Errorf("%s: got %q, want %q among them", name, got, row.want)
		}
		removeInvalid(t, db)
	}
}

// TestAGoalKeepsItsNumberOnlyWhileItMeansTheSame: what was counted for one is never
// taken for another's.
func TestAGoalKeepsItsNumberOnlyWhileItMeansTheSame(t *testing.T) {
	db := openTest(t, Options{})
	if err := db.AddSite("goals.example", aggregate.DefaultSettings()); err != nil {
		t.Fatal(err)
	}
	add := func(name, page string) (aggregate.Goal, error) {
		return db.AddGoal("goals.example", aggregate.Goal{Name: name, Condition: aggregate.Condition{Page: page}, Since: 5})
	}
	first, err := add("Blog", "/blog/**")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := add("Blog", "/other"); !errors.Is(err, aggregate.ErrGoal) {
		t.Errorf("a second goal of the same name: %v", err)
	}
	renamed := first
	renamed.Name, renamed.Since = "Readers", 9
	if got, err := db.ChangeGoal("goals.example", renamed); err != nil || got.ID != first.ID || got.Since != 5 {
		t.Errorf("renamed it is %+v (%v), want the same id and first day", got, err)
	}
	other := first
	other.Page, other.Since = "/news/**", 9
	got, err := db.ChangeGoal("goals.example", other)
	if err != nil || got.ID == first.ID || got.Since != 9 {
		t.Errorf("with another page it is %+v (%v), want another id, counted from then on", got, err)
	}
	if err := db.RemoveGoal("example.com", got.ID); !errors.Is(err, aggregate.ErrNoGoal) {
		t.Errorf("removed through another site: %v", err)
	}
	if all := db.Definitions("goals.example").Goals; len(all) != 1 || all[0].ID != got.ID {
		t.Errorf("the site has %+v", all)
	}
}
