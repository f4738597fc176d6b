package storage

import (
	"testing"

	"footfall/aggregate"
)

func TestWhatAnAccountSavedForItselfEndsWithIt(t *testing.T) {
	db := openTest(t, Options{})
	for _, s := range []aggregate.Segment{{Name: "everybody's"}, {Name: "of 7", Account: 7}, {Name: "of 8", Account: 8}, {Name: "also of 7", Account: 7}} {
		s.Filters = []byte(`[["is","event:page",["/"]]]`)
		if _, err := db.AddSegment("example.com", s); err != nil {
			t.Fatal(err)
		}
	}
	for _, account := range []uint32{0, 7} {
		if err := db.RemoveSegmentsOf(account); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, s := range db.Segments("example.com") {
		names = append(names, s.Name)
	}
	if len(names) != 2 || names[0] != "everybody's" || names[1] != "of 8" {
		t.Errorf("left are %q, want everybody's and that of 8", names)
	}
}
