package aggregate

import "time"

// Comparison says which other range a range is compared with.
type Comparison struct {
	Mode CompareMode
	// Range is the other one with CompareCustom: whole days.
	Range Range
	// MatchWeekday moves the other range by up to three days, so that both begin on
	// the same day of the week.
	MatchWeekday bool
}

// CompareMode is how the other range is found.
type CompareMode uint8

const (
	PreviousPeriod CompareMode = iota // as long, and directly before
	YearOverYear                      // the same dates of the year before
	CompareCustom
)

// Of is the range that r is compared with, now in loc. Of a range of whole days
// that goes on beyond today only the days that have begun are compared: the first
// 12 days of a month with 12 days. The 29th of February has the 28th a year before.
func (c Comparison) Of(r Range, loc *time.Location, now time.Time) Range {
	if c.Mode == CompareCustom {
		return c.Range
	}
	if !r.Days {
		return c.ofInstants(r, loc)
	}
	last := max(r.First, min(r.Last, DayOf(now, loc)))
	days := last - r.First + 1
	first := r.First - days
	if c.Mode == YearOverYear {
		first = r.First.yearBefore()
		days = last.yearBefore() - first + 1
	}
	first += c.weekdayShift(first, r.First)
	return Range{Days: true, First: first, Last: first + days - 1}
}

// ofInstants moves a range of instants by whole days as the site's clocks show
// them, or by its length where it is shorter than a day.
func (c Comparison) ofInstants(r Range, loc *time.Location) Range {
	from, to := r.From.In(loc), r.To.In(loc)
	if c.Mode == PreviousPeriod {
		if length := to.Sub(from); length < 20*time.Hour {
			return Range{From: from.Add(-length), To: from, Realtime: r.Realtime}
		}
		days := int((to.Sub(from) + 20*time.Hour) / (24 * time.Hour))
		from, to = from.AddDate(0, 0, -days), to.AddDate(0, 0, -days)
	} else {
		from, to = from.AddDate(-1, 0, 0), to.AddDate(-1, 0, 0)
	}
	shift := int(c.weekdayShift(DayOf(from, loc), DayOf(r.From, loc)))
	return Range{From: from.AddDate(0, 0, shift), To: to.AddDate(0, 0, shift)}
}

// weekdayShift is how many days first has to move to the nearest day with the
// weekday of like, but never onto like itself.
func (c Comparison) weekdayShift(first, like Day) Day {
	if !c.MatchWeekday {
		return 0
	}
	shift := (Day(like.Weekday()-first.Weekday()) + 7) % 7
	if shift > 3 || first+shift >= like {
		shift -= 7
	}
	return shift
}

func (d Day) yearBefore() Day {
	y, m, day := d.Civil()
	if before := Date(y-1, m, day); before.Month() == Date(y-1, m, 1) {
		return before
	}
	return Date(y-1, m+1, 1) - 1
}
