package api

import (
	"regexp"
	"strconv"
	"time"

	"footfall/aggregate"
)

// dateRange is a range as it was posted.
type dateRange struct {
	word        string // "day", "24h", "month", "year", "all", "realtime"
	days        int    // <n>d
	months      int    // <n>mo
	first, last aggregate.Day
	hasDays     bool // [date, date]
	from, to    string
}

var countedRange = regexp.MustCompile(`^([1-9][0-9]{0,3})(d|mo)$`)

const wantRange = `want "day", "24h", "7d" or another number of days up to 5000, "12mo" or another number of months up to 100, ` +
	`"month", "year", "all", "realtime", or a list of two dates or times`

func (q *statsQuery) readRange(v any) error {
	const place = "#/date_range"
	switch v := v.(type) {
	case string:
		switch v {
		case "day", "24h", "month", "year", "all", "realtime":
			q.dateRange.word = v
			return nil
		}
		m := countedRange.FindStringSubmatch(v)
		if m == nil {
			return wrong(place, "Invalid date range %s: %s", shown(v), wantRange)
		}
		n, _ := strconv.Atoi(m[1])
		if m[2] == "d" && n <= 5000 {
			q.dateRange.days = n
			return nil
		}
		if m[2] == "mo" && n <= 100 {
			q.dateRange.months = n
			return nil
		}
		return wrong(place, "Invalid date range %s: %s", shown(v), wantRange)
	case []any:
		return q.readRangeList(place, v)
	}
	return wrong(place, "Invalid date range %s: %s", shown(v), wantRange)
}

func (q *statsQuery) readRangeList(place string, list []any) error {
	if len(list) != 2 {
		return wrong(place, "Want two dates or two times, got %s", shown(list))
	}
	r := &q.dateRange
	from, ok := list[0].(string)
	if !ok {
		return wrong(at(place, 0), "Invalid date or time %s", shown(list[0]))
	}
	to, ok := list[1].(string)
	if !ok {
		return wrong(at(place, 1), "Invalid date or time %s", shown(list[1]))
	}
	if len(from) == len(time.DateOnly) && len(to) == len(time.DateOnly) {
		var err error
		if r.first, err = readDay(at(place, 0), from); err != nil {
			return err
		}
		if r.last, err = readDay(at(place, 1), to); err != nil {
			return err
		}
		r.hasDays = true
		if r.first > r.last {
			return wrong(place, "The range ends before it begins")
		}
		return nil
	}
	for i, s := range []string{from, to} {
		if _, err := readTime(at(place, i), s, time.UTC); err != nil {
			return err
		}
	}
	r.from, r.to = from, to
	return nil
}

// Years outside of these are slips of the hand.
const firstYear, lastYear = 1970, 2999

func readDay(place, s string) (aggregate.Day, error) {
	d, err := aggregate.ParseDay(s)
	if err != nil {
		return 0, wrong(place, "Invalid date %s (want YYYY-MM-DD)", shown(s))
	}
	if y, _, _ := d.Civil(); y < firstYear || y > lastYear {
		return 0, wrong(place, "Invalid date %s: the year is out of range", shown(s))
	}
	return d, nil
}

// readTime reads a time with its offset, or one without in the site's zone.
func readTime(place, s string, loc *time.Location) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = time.ParseInLocation("2006-01-02T15:04:05", s, loc)
	}
	if err != nil {
		return t, wrong(place, "Invalid date or time %s (want YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ)", shown(s))
	}
	if t.Year() < firstYear || t.Year() > lastYear {
		return t, wrong(place, "Invalid time %s: the year is out of range", shown(s))
	}
	return t, nil
}

// resolve makes the query that is asked: the range becomes days or instants in
// the site's zone.
func (q *statsQuery) resolve(loc *time.Location, now time.Time, first func() (aggregate.Day, bool)) (*aggregate.Query, error) {
	out := q.Query
	r := &q.dateRange
	today := aggregate.DayOf(now, loc)
	days := func(first, last aggregate.Day) { out.Range = aggregate.Range{Days: true, First: first, Last: last} }
	switch {
	case r.hasDays:
		days(r.first, r.last)
	case r.days > 0:
		days(today-aggregate.Day(r.days), today-1)
	case r.months > 0:
		days(today.AddMonths(-r.months), today.Month()-1)
	case r.word == "day":
		days(today, today)
	case r.word == "month":
		days(today.Month(), today.AddMonths(1)-1)
	case r.word == "year":
		y, _, _ := today.Civil()
		days(aggregate.Date(y, time.January, 1), aggregate.Date(y, time.December, 31))
	case r.word == "all":
		d, ok := first()
		if !ok || d > today {
			d = today
		}
		days(d, today)
	case r.word == "realtime":
		out.Range = aggregate.Range{Realtime: true, From: now.Add(-30 * time.Minute), To: now.Add(time.Second)}
	case r.word == "24h":
		out.Range = aggregate.Range{From: now.Add(-24 * time.Hour).Truncate(time.Second), To: now.Truncate(time.Second).Add(time.Second)}
	default:
		return &out, q.resolveTimes(&out, loc)
	}
	return &out, nil
}

// resolveTimes makes [From, To) of two times. A second time of hh:mm:59 means to
// the end of that minute, as clients write the last second of a day.
func (q *statsQuery) resolveTimes(out *aggregate.Query, loc *time.Location) error {
	from, err := readTime("#/date_range/0", q.dateRange.from, loc)
	if err != nil {
		return err
	}
	to, err := readTime("#/date_range/1", q.dateRange.to, loc)
	if err != nil {
		return err
	}
	if to.Second() == 59 {
		to = to.Truncate(time.Second).Add(time.Second)
	}
	if !from.Before(to) {
		return wrong("#/date_range", "The range ends before it begins")
	}
	out.Range = aggregate.Range{From: from, To: to}
	if first, last := aggregate.DayOf(from, loc), aggregate.DayOf(to.Add(-1), loc); first.Start(loc).Equal(from) && last.End(loc).Equal(to) {
		out.Range = aggregate.Range{Days: true, First: first, Last: last}
	}
	return nil
}
