package aggregate

import (
	"fmt"
	"time"
)

// Day is a civil calendar date, counted in days since 1970-01-01. It carries no
// zone: which instants belong to it depends on the site (see Start).
type Day int32

// Date makes a Day from a civil date. Out-of-range months and days are
// normalized as time.Date does.
func Date(year int, month time.Month, day int) Day {
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// DayOf is the civil date of t in loc.
func DayOf(t time.Time, loc *time.Location) Day {
	y, m, d := t.In(loc).Date()
	return Date(y, m, d)
}

// ParseDay reads YYYY-MM-DD.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date (want YYYY-MM-DD)", s)
	}
	return DayOf(t, time.UTC), nil
}

// Civil returns the date's year, month and day of the month.
func (d Day) Civil() (year int, month time.Month, day int) {
	return time.Unix(int64(d)*86400, 0).UTC().Date()
}

// String is YYYY-MM-DD.
func (d Day) String() string {
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}

// Weekday is the day of the week, Sunday = 0.
func (d Day) Weekday() time.Weekday { return time.Weekday(((int(d)+4)%7 + 7) % 7) }

// Monday is the first day of the ISO week that d lies in.
func (d Day) Monday() Day { return d - Day((int(d.Weekday())+6)%7) }

// Month is the first day of the month that d lies in.
func (d Day) Month() Day {
	y, m, _ := d.Civil()
	return Date(y, m, 1)
}

// AddMonths moves the first day of d's month by n months.
func (d Day) AddMonths(n int) Day {
	y, m, _ := d.Civil()
	return Date(y, m+time.Month(n), 1)
}

// Start is the first instant of the day in loc. It is midnight except where a
// change of the clock skips midnight (then the first instant that exists) or
// repeats it (then the earlier one).
func (d Day) Start(loc *time.Location) time.Time {
	y, m, day := d.Civil()
	wall := time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Unix()
	at := time.Date(y, m, day, 12, 0, 0, 0, loc)
	for {
		_, offset := at.Zone()
		midnight := time.Unix(wall-int64(offset), 0).In(loc)
		since, _ := at.ZoneBounds()
		if since.IsZero() || midnight.After(since) {
			return midnight
		}
		// The offset in force began at or after this midnight: the day started
		// under the offset before it, unless that one belongs to the day before.
		before := since.Add(-time.Nanosecond)
		if DayOf(before, loc) != d {
			return since
		}
		at = before
	}
}

// End is the first instant after the day in loc.
func (d Day) End(loc *time.Location) time.Time { return (d + 1).Start(loc) }
