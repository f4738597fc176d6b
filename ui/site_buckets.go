package ui

import (
	"time"

	"footfall/aggregate"
	"footfall/ui/view"
	"footfall/ui/words"
)

// timeField is the time dimension of a trend.
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

// buckets are the steps of the range shown.
func (s *scene) buckets() []bucket {
	switch s.grain {
	case aggregate.Minute:
		return s.minutes()
	case aggregate.Hour:
		return s.hours()
	}
	var all []bucket
	for d := s.days.First; d <= s.days.Last; d++ {
		start, label := d, d
		switch s.grain {
		case aggregate.Week:
			start = max(d.Monday(), s.days.First)
			label = start
		case aggregate.MonthGrain:
			start = max(d.Month(), s.days.First)
			label = d.Month()
		}
		if n := len(all); n > 0 && all[n-1].day == start {
			all[n-1].last = d
		} else {
			all = append(all, bucket{label: label.String(), day: start, last: d, grain: s.grain})
		}
		b := &all[len(all)-1]
		b.partial = b.partial || d == s.today
		b.rest = s.grain == aggregate.DayGrain && (d.Weekday() == time.Saturday || d.Weekday() == time.Sunday)
	}
	s.nameBuckets(all)
	return all
}

// nameBuckets writes the names on the axis and in the table.
func (s *scene) nameBuckets(all []bucket) {
	style, long := words.Short, words.Weekday
	if s.grain == aggregate.MonthGrain {
		style, long = words.MonthShort, words.Month
	} else if s.grain == aggregate.DayGrain && len(all) <= 10 {
		style = words.WeekdayDay
	}
	every := axisStep(len(all))
	for i := range all {
		b := &all[i]
		b.long = s.l.Date(long, b.day)
		if s.grain == aggregate.Week || s.grain == aggregate.MonthGrain && b.day != b.day.Month() {
			b.long = s.l.Range(b.day, b.last)
		}
		if i%every == every/2 {
			b.short = s.l.Date(style, b.day)
			if _, month, _ := b.day.Civil(); s.grain == aggregate.MonthGrain && (month == time.January || i < every) {
				b.short = s.l.Date("date.mon_year", b.day)
			}
			b.mark = (i/every)%2 == 0
		}
	}
}

// axisStep is the number of steps from one name on the axis to the next.
func axisStep(n int) int {
	const names = 12
	for _, step := range []int{1, 2, 3, 5, 7, 14, 28, 56, 112} {
		if n <= names*step {
			return step
		}
	}
	return n/names + 1
}

// hours are the local hours of the days shown: 23 to 25 instants a day, of which a
// repeated one is one bucket.
func (s *scene) hours() (all []bucket) {
	current := s.now.In(s.loc).Format(hourLabel)
	many := s.days.Last - s.days.First
	for d := s.days.First; d <= s.days.Last; d++ {
		for at := d.Start(s.loc); at.Before(d.End(s.loc)); at = at.Add(30 * time.Minute) {
			local := at.In(s.loc)
			label := local.Format(hourLabel)
			if n := len(all); n > 0 && all[n-1].label >= label {
				continue // the second half of the hour, or its repetition
			}
			b := bucket{label: label, day: d, last: d, grain: s.grain, partial: label == current, future: label > current}
			hour := local.Truncate(time.Hour)
			b.long = s.l.Clock(time.Date(0, 1, 1, local.Hour(), 0, 0, 0, time.UTC)) + "–" + s.l.Clock(time.Date(0, 1, 1, local.Hour(), 59, 0, 0, time.UTC))
			switch {
			case many == 0:
				b.mark = hour.Hour()%6 == 0
				if local.Hour()%3 == 0 {
					b.short = s.l.Clock(time.Date(0, 1, 1, local.Hour(), 0, 0, 0, time.UTC))
				}
			default:
				b.long = s.l.Date(words.Weekday, d) + ", " + b.long
				if local.Hour() == 12 && int(d-s.days.First)%axisStep(int(many)+1) == 0 {
					b.short, b.mark = s.l.Date(words.WeekdayDay, d), int(d-s.days.First)%2 == 0
				}
				b.rest = d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
			}
			all = append(all, b)
		}
	}
	return all
}

// Labels of hours and minutes in reports.
const (
	hourLabel   = "2006-01-02 15:00:00"
	minuteLabel = "2006-01-02 15:04:00"
)

// minutes are those of the last half hour.
func (s *scene) minutes() (all []bucket) {
	now := s.now.Truncate(time.Minute)
	for at := now.Add(-30 * time.Minute); !at.After(now); at = at.Add(time.Minute) {
		local := at.In(s.loc)
		ago := int(now.Sub(at) / time.Minute)
		b := bucket{label: local.Format(minuteLabel), day: s.today, last: s.today, grain: s.grain, long: s.l.Clock(local), partial: ago == 0}
		if ago%5 == 0 {
			b.short, b.mark = s.l.Say("trend.ago", "n", ago), ago%10 == 0
		}
		all = append(all, b)
	}
	return all
}
