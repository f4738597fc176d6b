package aggregate

import (
	"testing"
	"time"
)

func TestARangeIsComparedWithTheOneBefore(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 12, 15, 0, 0, 0, loc)
	day := func(s string) Day {
		d, err := ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		what        string
		comparison  Comparison
		first, last string
		want        string
	}{
		{"a day with the one before", Comparison{}, "2026-11-12", "2026-11-12", "2026-11-11 2026-11-11"},
		{"a week with the one before", Comparison{}, "2026-11-05", "2026-11-11", "2026-10-29 2026-11-04"},
		{"a month with as many days as have begun", Comparison{}, "2026-11-01", "2026-11-30", "2026-10-20 2026-10-31"},
		{"a month to come with a day", Comparison{}, "2026-12-01", "2026-12-31", "2026-11-30 2026-11-30"},
		{"a day with a year before", Comparison{Mode: YearOverYear}, "2026-11-11", "2026-11-11", "2025-11-11 2025-11-11"},
		{"a leap day with a year before", Comparison{Mode: YearOverYear}, "2024-02-29", "2024-02-29", "2023-02-28 2023-02-28"},
		{"a leap month with a year before", Comparison{Mode: YearOverYear}, "2024-02-01", "2024-02-29", "2023-02-01 2023-02-28"},
		{"a year of which a part has begun", Comparison{Mode: YearOverYear}, "2026-01-01", "2026-12-31", "2025-01-01 2025-11-12"},
		{"a Wednesday with a Wednesday a year before", Comparison{Mode: YearOverYear, MatchWeekday: true}, "2026-11-11", "2026-11-11", "2025-11-12 2025-11-12"},
		{"a day with the same of the week before, not with itself", Comparison{MatchWeekday: true}, "2026-11-11", "2026-11-11", "2026-11-04 2026-11-04"},
		{"thirty days from a Monday on", Comparison{MatchWeekday: true}, "2026-10-12", "2026-11-10", "2026-09-14 2026-10-13"},
		{"a week, which matches already", Comparison{MatchWeekday: true}, "2026-11-05", "2026-11-11", "2026-10-29 2026-11-04"},
		{"with what is asked for", Comparison{Mode: CompareCustom, Range: Range{Days: true, First: day("2026-01-02"), Last: day("2026-01-03")}, MatchWeekday: true},
			"2026-11-05", "2026-11-11", "2026-01-02 2026-01-03"},
	} {
		r := c.comparison.Of(Range{Days: true, First: day(c.first), Last: day(c.last)}, loc, now)
		if got := r.First.String() + " " + r.Last.String(); got != c.want || !r.Days {
			t.Errorf("%s: %s to %s is compared with %s, want %s", c.what, c.first, c.last, got, c.want)
		}
	}
}

func TestInstantsAreComparedByTheSitesClocks(t *testing.T) {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, c := range []struct {
		comparison       Comparison
		from, to         string
		wantFrom, wantTo string
	}{
		{Comparison{}, "2026-11-11 15:00", "2026-11-12 15:00", "2026-11-10 15:00", "2026-11-11 15:00"},
		{Comparison{}, "2026-10-25 12:00", "2026-10-26 12:00", "2026-10-24 12:00", "2026-10-25 12:00"}, // 25 hours before
		{Comparison{}, "2026-11-11 15:00", "2026-11-11 15:30", "2026-11-11 14:30", "2026-11-11 15:00"},
		{Comparison{Mode: YearOverYear}, "2026-11-11 15:00", "2026-11-12 15:00", "2025-11-11 15:00", "2025-11-12 15:00"},
		{Comparison{MatchWeekday: true}, "2026-11-11 15:00", "2026-11-12 15:00", "2026-11-04 15:00", "2026-11-05 15:00"},
	} {
		r := c.comparison.Of(Range{From: at(c.from), To: at(c.to)}, loc, at(c.to))
		if !r.From.Equal(at(c.wantFrom)) || !r.To.Equal(at(c.wantTo)) {
			t.Errorf("%s to %s is compared with %s to %s, want %s to %s", c.from, c.to, r.From, r.To, c.wantFrom, c.wantTo)
		}
	}
}
