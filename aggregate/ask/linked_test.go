package ask

import (
	"slices"
	"testing"
	"time"

	"footfall/aggregate"
)

func TestLinkedAgreesWithWhatIsRefused(t *testing.T) {
	a, r := yearStageFor(t)
	all := []string{"event:page", "event:page_section", "event:hostname", "event:name", "event:props:plan", "visit:source", "visit:referrer",
		"visit:country", "visit:city_name", "visit:browser", "visit:browser_version", "visit:utm_term", "visit:exit_page"}
	for _, x := range all {
		for _, y := range all {
			fields := []aggregate.Field{mustField(x), mustField(y)}
			_, err := a.Answer(&aggregate.Query{Site: testSite, Metrics: []aggregate.Metric{aggregate.MetricVisitors}, Range: r,
				Fields: fields[:1], Filters: []aggregate.Filter{is(y, "v")}})
			if got := Linked(fields); got != (err == nil) {
				t.Errorf("%s under %s: said to be linked: %v, the answer: %v", x, y, got, err)
			}
		}
	}
	if Linked([]aggregate.Field{mustField("visit:source"), mustField("event:page"), mustField("visit:device")}) {
		t.Error("three facts are said to be linked")
	}
}

// yearStageFor is a store of a short time, of which only the plan matters.
func yearStageFor(t *testing.T) (*Asker, aggregate.Range) {
	t.Helper()
	first, last := day(2026, 11, 1), day(2026, 11, 24)
	return New(Options{Blocks: &yearOfBlocks{first: first, last: last}, Clock: func() time.Time { return (last + 1).Start(time.UTC) },
			Settings: func(aggregate.Site) (aggregate.Settings, bool) { return aggregate.DefaultSettings(), true }}),
		aggregate.Range{Days: true, First: first, Last: last}
}

func TestPropertyKeysAreListedByTheirEvents(t *testing.T) {
	counts := func(events int64) (c aggregate.Counts) {
		c[aggregate.Events] = events
		return c
	}
	y := &yearOfBlocks{first: day(2026, 11, 1), last: day(2026, 11, 24), properties: makeBlock(map[[2]string]aggregate.Counts{
		{aggregate.Join("plan", "pro"), ""}: counts(3), {aggregate.Join("plan", "free"), ""}: counts(4), {"plan", ""}: counts(900),
		{aggregate.Join("size", "L"), ""}: counts(9), {aggregate.Other, ""}: counts(5)}, false)}
	a := New(Options{Blocks: y, Clock: func() time.Time { return y.last.Start(time.UTC) },
		Settings: func(aggregate.Site) (aggregate.Settings, bool) { return aggregate.DefaultSettings(), true }})
	got, err := a.PropertyKeys(testSite, y.last, y.last)
	if want := []PropertyKey{{"size", 9}, {"plan", 7}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("keys are %v (%v), want %v", got, err, want)
	}
}

func TestASectionIsTheFirstPartOfThePath(t *testing.T) {
	for page, want := range map[string]string{"/": "/", "/blog": "/blog", "/blog/": "/blog", "/blog/2026/why": "/blog", "": labelNotSet,
		"app://x/y": "app://x/y", aggregate.Other: labelOther} {
		if got := labelOf(mustField(sectionField))(page); got != want {
			t.Errorf("%q is in section %q, want %q", page, got, want)
		}
	}
}
