package ui

import (
	"time"

	"footfall/aggregate"
	"footfall/ui/view"
)

// period is a stretch of days that the page can show. Every period ends today.
type period struct {
	key, name string
	first     func(today aggregate.Day) aggregate.Day
	grain     aggregate.TimeGrain // of the trend
}

var periods = []period{
	{"today", "Today", func(t aggregate.Day) aggregate.Day { return t }, aggregate.Hour},
	{"7d", "7 days", func(t aggregate.Day) aggregate.Day { return t - 6 }, aggregate.DayGrain},
	{"28d", "28 days", func(t aggregate.Day) aggregate.Day { return t - 27 }, aggregate.DayGrain},
	{"12mo", "12 months", func(t aggregate.Day) aggregate.Day { return t.AddMonths(-11) }, aggregate.MonthGrain},
}

// defaultPeriod is shown where the address names none, or one that does not exist.
const defaultPeriod = "28d"

func periodOf(key string) period {
	var fallback period
	for _, p := range periods {
		if p.key == key {
			return p
		}
		if p.key == defaultPeriod {
			fallback = p
		}
	}
	return fallback
}

// days is the period's range.
func (p *period) days(today aggregate.Day) aggregate.Range {
	return aggregate.Range{Days: true, First: p.first(today), Last: today}
}

func (p *period) oneDay() bool { return p.grain == aggregate.Hour }

// field is the time dimension of a trend.
func timeField(grain aggregate.TimeGrain) aggregate.Field {
	return aggregate.Field{Name: "time:" + view.GrainName(grain), Time: grain}
}

// bucket is one step of a trend, by its label in reports and its names on the page.
type bucket struct {
	label   string
	day     aggregate.Day
	short   string // on the axis
	long    string // in the table and the read-out
	mark    bool   // named on the axis where there is little room
	partial bool   // it holds the present moment
	future  bool

	last  aggregate.Day // the last day it holds; 0: day
	grain aggregate.TimeGrain
	rest  bool // a day off: Saturday and Sunday
}

// end is the last day that the bucket holds.
func (b *bucket) end() aggregate.Day { return max(b.day, b.last) }

// buckets are the steps of range r, all of them, in order.
func buckets(grain aggregate.TimeGrain, r aggregate.Range, now time.Time, loc *time.Location) []bucket {
	today := aggregate.DayOf(now, loc)
	switch grain {
	case aggregate.Hour:
		return hours(r.Last, now, loc)
	case aggregate.MonthGrain:
		var all []bucket
		for m := r.First.Month(); m <= r.Last; m = m.AddMonths(1) {
			all = append(all, bucket{label: m.String(), day: m, short: civil(m, "Jan"), long: civil(m, "January 2006"),
				mark: len(all)%3 == 0, partial: m == today.Month()})
		}
		return all
	default:
		var all []bucket
		few := r.Last-r.First < 10
		for d := r.First; d <= r.Last; d++ {
			b := bucket{label: d.String(), day: d, short: civil(d, "2 Jan"), long: civil(d, "Mon 2 Jan 2006"), partial: d == today}
			if few {
				b.short, b.mark = civil(d, "Mon 2"), true
			} else {
				b.mark = d.Weekday() == time.Monday
				if !b.mark && d.Weekday() != time.Thursday {
					b.short = ""
				}
			}
			all = append(all, b)
		}
		return all
	}
}

// hours are the local hours of a day: 23 to 25 instants, of which a repeated one
// is one bucket.
func hours(day aggregate.Day, now time.Time, loc *time.Location) []bucket {
	var all []bucket
	for at := day.Start(loc); at.Before(day.End(loc)); at = at.Add(30 * time.Minute) {
		label := at.In(loc).Format("2006-01-02 15:00:00")
		if n := len(all); n > 0 && all[n-1].label >= label {
			continue // the second half of the hour, or its repetition
		}
		hour := at.In(loc).Hour()
		b := bucket{label: label, day: day, long: at.In(loc).Format("15:00") + "–" + at.In(loc).Format("15") + ":59",
			mark: hour%6 == 0, partial: label == now.In(loc).Format("2006-01-02 15:00:00"),
			future: label > now.In(loc).Format("2006-01-02 15:00:00")}
		if hour%3 == 0 {
			b.short = at.In(loc).Format("15:00")
		}
		all = append(all, b)
	}
	return all
}

// civil formats a date.
func civil(d aggregate.Day, layout string) string {
	return time.Unix(int64(d)*86400, 0).UTC().Format(layout)
}
