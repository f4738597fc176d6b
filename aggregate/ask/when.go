package ask

import (
	"slices"
	"time"

	"footfall/aggregate"
)

// bucket is one time bucket of a query; the whole range is one where it has no
// time field.
type bucket struct {
	label       string
	first, last aggregate.Day
}

// maxDayGrain is the most days for which plain "time" means days.
const maxDayGrain = 91

// maxHourDays is the most days that hours are listed of.
const maxHourDays = 2 * 366

// setRange works out days, bounds and buckets.
func (p *plan) setRange() error {
	r := p.q.Range
	if r.Realtime && r.To.IsZero() {
		r.From, r.To = p.now.Add(-realtimeSpan), p.now.Add(time.Second)
	}
	if r.Days {
		p.first, p.last = r.First, r.Last
		p.from, p.to = r.First.Start(p.loc), r.Last.End(p.loc)
	} else {
		p.from, p.to = r.From, r.To
		p.first, p.last = aggregate.DayOf(p.from, p.loc), aggregate.DayOf(p.to.Add(-1), p.loc)
	}
	if !p.from.Before(p.to) {
		return &Refusal{Part: "date_range", Why: "The range ends before it begins."}
	}
	if p.last-p.first > 400*366 {
		return &Refusal{Part: "date_range", Why: "The range is longer than 400 years."}
	}
	p.realtime = r.Realtime
	return nil
}

// cut reports whether the range covers only a part of the day. What is later
// than now needs no limit.
func (p *plan) cut(day aggregate.Day) bool {
	if day != p.first && day != p.last {
		return false
	}
	return p.from.After(day.Start(p.loc)) ||
		(p.to.Before(day.End(p.loc)) && p.to.Before(p.now.Add(-5*time.Second)))
}

// cutPast reports whether a day that is read from blocks is cut.
func (p *plan) cutPast() bool {
	return p.isPast(p.first) && p.cut(p.first) || p.isPast(p.last) && p.cut(p.last)
}

// setGrain finds the bucket size of the query's time field.
func (p *plan) setGrain() {
	p.grain = aggregate.NoTime
	for _, f := range p.q.Fields {
		if !isTime(f) {
			continue
		}
		p.grain = f.Time
		if f.Time == aggregate.NoTime {
			p.grain = p.chooseGrain()
		}
	}
}

// chooseGrain is the grain of plain "time".
func (p *plan) chooseGrain() aggregate.TimeGrain {
	switch days := int(p.last-p.first) + 1; {
	case p.realtime:
		return aggregate.Minute
	case days == 1 || p.to.Sub(p.from) <= 25*time.Hour:
		if p.hasPast && len(p.facts) > 0 && !p.cutPast() {
			return aggregate.DayGrain // the finest that can be answered
		}
		return aggregate.Hour
	case days <= maxDayGrain:
		return aggregate.DayGrain
	default:
		return aggregate.MonthGrain
	}
}

// setBuckets lists the buckets of the range and where each day or hour belongs.
func (p *plan) setBuckets() error {
	switch p.grain {
	case aggregate.Hour:
		return p.hourBuckets()
	case aggregate.Minute:
		for t := p.from.Truncate(time.Minute); t.Before(p.to); t = t.Add(time.Minute) {
			if p.minute0 == 0 {
				p.minute0 = t.Unix() / 60
			}
			p.buckets = append(p.buckets, bucket{t.In(p.loc).Format("2006-01-02 15:04:00"), p.first, p.last})
		}
		return nil
	}
	p.ofDay = make([]int32, p.last-p.first+1)
	for d := p.first; d <= p.last; d++ {
		start := p.bucketStart(d)
		if n := len(p.buckets); n == 0 || p.buckets[n-1].first != start {
			label := start
			if p.grain == aggregate.MonthGrain {
				label = d.Month()
			}
			p.buckets = append(p.buckets, bucket{label.String(), start, d})
		}
		p.buckets[len(p.buckets)-1].last = d
		p.ofDay[d-p.first] = int32(len(p.buckets) - 1)
	}
	return nil
}

// bucketStart is the first day of the bucket that d belongs to. Buckets that the
// range cuts begin with the range; a month's label is its own first day all the same.
func (p *plan) bucketStart(d aggregate.Day) aggregate.Day {
	switch p.grain {
	case aggregate.DayGrain:
		return d
	case aggregate.Week:
		return max(d.Monday(), p.first)
	case aggregate.MonthGrain:
		return max(d.Month(), p.first)
	default:
		return p.first
	}
}

// hourBuckets lists the local hours that exist: a skipped one is absent, a
// repeated one is there once.
func (p *plan) hourBuckets() error {
	if p.last-p.first > maxHourDays {
		return &Refusal{Part: "dimensions", Why: "The range has too many hours.", Instead: "Ask by time:day, or for two years at most."}
	}
	p.ofHour = make([][24]int32, p.last-p.first+1)
	for d := p.first; d <= p.last; d++ {
		hours := p.hoursOf(d)
		for h := range 24 {
			p.ofHour[d-p.first][h] = -1
			if hours[h] {
				p.ofHour[d-p.first][h] = int32(len(p.buckets))
				p.buckets = append(p.buckets, bucket{d.String() + " " + aggregate.HourValue(h) + ":00:00", d, d})
			}
		}
	}
	return nil
}

// hoursOf are the local hours of the day that the range touches.
func (p *plan) hoursOf(d aggregate.Day) (hours [24]bool) {
	start, end := d.Start(p.loc), d.End(p.loc)
	if p.from.After(start) {
		start = p.from
	}
	if p.to.Before(end) {
		end = p.to
	}
	for t := start; t.Before(end); t = nextQuarter(t) {
		hours[t.In(p.loc).Hour()] = true
	}
	return hours
}

// nextQuarter is the next quarter of an hour: zones change on these.
func nextQuarter(t time.Time) time.Time { return t.Truncate(15 * time.Minute).Add(15 * time.Minute) }

// ragged reports whether the range begins or ends within an hour of a past day.
func (p *plan) ragged() bool {
	within := func(t time.Time) bool {
		local := t.In(p.loc)
		return local.Minute() != 0 || local.Second() != 0 || local.Nanosecond() != 0
	}
	return p.isPast(p.first) && p.cut(p.first) && p.from.After(p.first.Start(p.loc)) && within(p.from) ||
		p.isPast(p.last) && p.cut(p.last) && p.to.Before(p.last.End(p.loc)) && within(p.to)
}

// labels are the labels of all buckets.
func (p *plan) labels() []string {
	if p.grain == aggregate.NoTime {
		return nil
	}
	labels := make([]string, len(p.buckets))
	for i, b := range p.buckets {
		labels[i] = b.label
	}
	return labels
}

// isOpen reports whether the day is read from memory.
func (p *plan) isOpen(d aggregate.Day) bool {
	_, ok := slices.BinarySearch(p.open, d)
	return ok
}

// isPast reports whether the day is read from blocks. What is realtime is in
// memory: a day is closed when its last visit has ended.
func (p *plan) isPast(d aggregate.Day) bool {
	if p.realtime {
		return false
	}
	if p.importsOnOpen[d] {
		return true
	}
	return !p.isOpen(d) && (d < p.today || p.stored && d <= p.storedLast)
}
