package view

import (
	"time"

	"footfall/aggregate"
)

// Period names a stretch of time, as an address spells it.
type Period string

const (
	Realtime  Period = "realtime" // the last 30 minutes
	Today     Period = "today"
	Yesterday Period = "yesterday"
	OneDay    Period = "day" // Date
	Days7     Period = "7d"  // ends today, like all that follow, or on Date
	Days28    Period = "28d"
	Days30    Period = "30d"
	Days91    Period = "91d"
	Month     Period = "month" // from the first of the month
	LastMonth Period = "last_month"
	Months6   Period = "6mo" // this month and those before it
	Months12  Period = "12mo"
	Year      Period = "year" // from the first of January
	All       Period = "all"
	Custom    Period = "custom"
)

// DefaultPeriod is shown where an address names none.
const DefaultPeriod = Days28

// Periods are all of them, in the order in which they are offered.
var Periods = []Period{Today, Yesterday, Realtime, Days7, Days28, Days30, Days91, Month, LastMonth,
	Months6, Months12, Year, All, Custom}

var dayPeriods = map[Period]aggregate.Day{Days7: 7, Days28: 28, Days30: 30, Days91: 91}
var monthPeriods = map[Period]int{Months6: 6, Months12: 12}

// movable reports whether the period can be moved by Date.
func (p Period) movable() bool {
	return p == OneDay || p == Month || p == Year || dayPeriods[p] > 0 || monthPeriods[p] > 0
}

// Range is the range of days of the view. first is the site's first day with
// counters, today its current one.
func (v *View) Range(first, today aggregate.Day) aggregate.Range {
	last := today
	if v.Date != 0 && v.Period.movable() {
		last = min(v.Date, today)
	}
	days := func(first, last aggregate.Day) aggregate.Range {
		return aggregate.Range{Days: true, First: min(first, last), Last: last}
	}
	switch p := v.Period; p {
	case Realtime:
		return aggregate.Range{Realtime: true}
	case Today:
		return days(today, today)
	case Yesterday:
		return days(today-1, today-1)
	case OneDay:
		return days(last, last)
	case Month:
		return days(last.Month(), min(last.Month().AddMonths(1)-1, today))
	case LastMonth:
		return days(today.Month().AddMonths(-1), today.Month()-1)
	case Year:
		y, _, _ := last.Civil()
		return days(aggregate.Date(y, time.January, 1), min(aggregate.Date(y, time.December, 31), today))
	case All:
		return days(first, today)
	case Custom:
		return days(v.First, v.Last)
	default:
		if n := monthPeriods[p]; n > 0 {
			return days(last.Month().AddMonths(1-n), min(last.Month().AddMonths(1)-1, today))
		}
		n := dayPeriods[p]
		if n == 0 {
			n = dayPeriods[DefaultPeriod]
		}
		return days(last-n+1, last)
	}
}

// Step is the view n periods later, or earlier where n is negative; ok is false
// where the period does not move that way.
func (v *View) Step(n int, first, today aggregate.Day) (*View, bool) {
	if v.Period == Realtime || v.Period == All {
		return nil, false
	}
	r := v.Range(first, today)
	length := r.Last - r.First + 1
	c := v.Clone()
	c.Page = 0
	switch p := v.Period; {
	case p == Today || p == Yesterday || p == OneDay:
		c.Period, c.Date = OneDay, r.Last+aggregate.Day(n)
	case p == Month || p == LastMonth:
		c.Period, c.Date = Month, r.First.AddMonths(n)
	case p == Year:
		c.Date = r.First.AddMonths(12 * n)
	case p == Custom:
		c.First, c.Last = r.First+aggregate.Day(n)*length, r.Last+aggregate.Day(n)*length
	case monthPeriods[p] > 0:
		c.Date = r.Last.Month().AddMonths(n * monthPeriods[p])
	default:
		c.Date = r.Last + aggregate.Day(n)*length
	}
	c.settle(today)
	to := c.Range(first, today)
	if n > 0 && (r.Last >= today || to.First > today) || n < 0 && to.Last < first {
		return nil, false
	}
	return c, true
}

// settle spells a moved period by its plain name where it has one.
func (v *View) settle(today aggregate.Day) {
	switch {
	case v.Period == OneDay && v.Date == today:
		v.Period, v.Date = Today, 0
	case v.Period == OneDay && v.Date == today-1:
		v.Period, v.Date = Yesterday, 0
	case v.Period == Month && v.Date.Month() == today.Month(), v.Period == Year && sameYear(v.Date, today),
		monthPeriods[v.Period] > 0 && v.Date.Month() == today.Month(), dayPeriods[v.Period] > 0 && v.Date >= today:
		v.Date = 0
	}
}

func sameYear(a, b aggregate.Day) bool {
	x, _, _ := a.Civil()
	y, _, _ := b.Civil()
	return x == y
}

// Comparison says what a period is compared with.
type Comparison string

const (
	// CompareQuietly, the default, compares the figures with the previous period and draws no line.
	CompareQuietly  Comparison = ""
	CompareNot      Comparison = "none"
	ComparePrevious Comparison = "previous"
	CompareYear     Comparison = "year"
	CompareCustom   Comparison = "custom"
)

// Comparisons are all that can be chosen.
var Comparisons = []Comparison{CompareNot, ComparePrevious, CompareYear, CompareCustom}

// Compared is the range that r is compared with; false where there is none, or
// where it lies before everything that was counted.
func (v *View) Compared(r aggregate.Range, first aggregate.Day) (aggregate.Range, bool) {
	if !r.Days || v.Period == All || v.Compare == CompareNot {
		return aggregate.Range{}, false
	}
	length := r.Last - r.First
	start := v.previous(r)
	switch v.Compare {
	case CompareYear:
		y, m, d := r.First.Civil()
		start = aggregate.Date(y-1, m, d)
		if v.Weekdays {
			start = r.First - 364
		}
	case CompareCustom:
		if v.CompareFirst == 0 {
			return aggregate.Range{}, false
		}
		return aggregate.Range{Days: true, First: v.CompareFirst, Last: v.CompareLast}, v.CompareLast >= first
	}
	c := aggregate.Range{Days: true, First: start, Last: start + length}
	if v.Compare != CompareYear && !v.Weekdays && r.First == r.First.Month() {
		// Whole months are compared with whole months, however long they are.
		if r.Last+1 == (r.Last + 1).Month() {
			c.Last = r.First - 1
		} else {
			c.Last = min(c.Last, r.First-1)
		}
	}
	return c, c.Last >= first
}

// previous is the first day of the period before r.
func (v *View) previous(r aggregate.Range) aggregate.Day {
	length := r.Last - r.First + 1
	if v.Weekdays {
		return r.First - (length+6)/7*7
	}
	switch {
	case v.Period == Month || v.Period == LastMonth:
		return r.First.AddMonths(-1)
	case v.Period == Year:
		return r.First.AddMonths(-12)
	case monthPeriods[v.Period] > 0:
		return r.First.AddMonths(-monthPeriods[v.Period])
	}
	return r.First - length
}

// Bounds on the number of buckets of a trend.
const (
	mostHourDays  = 14
	mostDayDays   = 400
	leastWeekDays = 14
	leastMonth    = 59
)

// Grains are the steps in which the trend of a range can be shown, finest first;
// the second value is the one to choose. hours is false where hours cannot be
// told: under a filter on past days.
func (v *View) Grains(r aggregate.Range, hours bool) (all []aggregate.TimeGrain, chosen aggregate.TimeGrain) {
	if r.Realtime {
		return []aggregate.TimeGrain{aggregate.Minute}, aggregate.Minute
	}
	days := int(r.Last-r.First) + 1
	if hours && days <= mostHourDays {
		all = append(all, aggregate.Hour)
	}
	if days > 1 && days <= mostDayDays || len(all) == 0 && days == 1 {
		all = append(all, aggregate.DayGrain)
	}
	if days >= leastWeekDays {
		all = append(all, aggregate.Week)
	}
	if days >= leastMonth {
		all = append(all, aggregate.MonthGrain)
	}
	for _, g := range all {
		if g == v.Grain {
			return all, g
		}
	}
	want := aggregate.DayGrain
	switch {
	case days == 1:
		want = all[0]
	case days > 2*366:
		want = aggregate.MonthGrain
	case days > 190:
		want = aggregate.Week
		if v.Period == Months12 || v.Period == All {
			want = aggregate.MonthGrain
		}
	}
	return all, want
}
