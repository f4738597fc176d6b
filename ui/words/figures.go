package words

import (
	"math"
	"strconv"
	"strings"
	"time"

	"footfall/aggregate"
)

// Nothing stands where there is no figure: a mean of nothing, or what counters
// cannot know.
const Nothing = "–"

// Whole is a whole number with its thousands apart: 1,234,567.
func (l *Locale) Whole(n int64) string {
	sign := ""
	digits := strconv.FormatInt(n, 10)
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	return sign + l.group(digits)
}

// group sets thousands apart. Spanish leaves four digits together.
func (l *Locale) group(digits string) string {
	if len(digits) <= 3 || l.tag == "es" && len(digits) == 4 {
		return digits
	}
	sign := l.Say("number.group")
	var b strings.Builder
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(sign)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

// Decimal is a number with a fixed number of places.
func (l *Locale) Decimal(f float64, places int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Nothing
	}
	text := strconv.FormatFloat(math.Abs(f), 'f', places, 64)
	whole, fraction, broken := strings.Cut(text, ".")
	text = l.group(whole)
	if broken {
		text += l.Say("number.decimal") + fraction
	}
	if f < 0 && strings.Trim(text, "0.,") != "" {
		text = "−" + text
	}
	return text
}

// Percent is a number of percent, with its sign.
func (l *Locale) Percent(percent float64, places int) string {
	return l.Say("number.percent", "n", l.Decimal(percent, places))
}

// Share is part of whole in percent: 12%, 0.4%, <0.1%, or Nothing of nothing.
func (l *Locale) Share(part, whole float64) string {
	if whole <= 0 {
		return Nothing
	}
	percent := 100 * part / whole
	switch {
	case percent >= 10 || percent == 0:
		return l.Percent(percent, 0)
	case percent < 0.1:
		return "<" + l.Percent(0.1, 1)
	}
	return l.Percent(percent, 1)
}

// Duration is a time as people write it: 45s, 2m 05s, 1h 02m.
func (l *Locale) Duration(seconds float64) string {
	if math.IsNaN(seconds) || math.IsInf(seconds, 0) {
		return Nothing
	}
	s := int64(math.Round(seconds))
	switch {
	case s < 60:
		return l.Say("duration.seconds", "s", s)
	case s < 3600:
		return l.Say("duration.minutes", "m", s/60, "s", two(s%60))
	}
	return l.Say("duration.hours", "h", s/3600, "m", two(s/60%60))
}

func two(n int64) string {
	if n < 10 {
		return "0" + strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(n, 10)
}

// Style is how much of a date is written.
type Style string

// The styles of Date.
const (
	Full       Style = "date.full"    // Monday 2 January 2006
	WithYear   Style = "date.year"    // 2 Jan 2006
	Short      Style = "date.short"   // 2 Jan
	Weekday    Style = "date.weekday" // Mon 2 Jan 2006
	WeekdayDay Style = "date.tick"    // Mon 2
	Month      Style = "date.month"   // January 2006
	MonthShort Style = "date.mon"     // Jan
)

// Date is a day in a style.
func (l *Locale) Date(style Style, day aggregate.Day) string {
	return l.Say(string(style), l.parts(day, "")...)
}

// parts are the placeholders of a day, their names followed by suffix.
func (l *Locale) parts(day aggregate.Day, suffix string) []any {
	y, m, d := day.Civil()
	month, weekday := strconv.Itoa(int(m)), strconv.Itoa(int(day.Weekday()))
	return []any{"d" + suffix, strconv.Itoa(d), "mm" + suffix, month, "y" + suffix, strconv.Itoa(y),
		"month" + suffix, l.Say("month." + month), "mon" + suffix, l.Say("mon." + month),
		"weekday" + suffix, l.Say("weekday." + weekday), "wd" + suffix, l.Say("wd." + weekday)}
}

// Range is a range of days without what repeats: 2 – 5 Jan 2006.
func (l *Locale) Range(first, last aggregate.Day) string {
	if first == last {
		return l.Date(Full, last)
	}
	y1, m1, _ := first.Civil()
	y2, m2, _ := last.Civil()
	key := "range.years"
	if y1 == y2 {
		key = "range.year"
		if m1 == m2 {
			key = "range.month"
		}
	}
	return l.Say(key, append(l.parts(first, ""), l.parts(last, "2")...)...)
}

// Clock is the time of day in t's zone: 15:04, 3:04 PM.
func (l *Locale) Clock(t time.Time) string {
	half := "AM"
	if t.Hour() >= 12 {
		half = "PM"
	}
	return l.Say("clock", "hh", two(int64(t.Hour())), "h12", strconv.Itoa((t.Hour()+11)%12+1), "mm", two(int64(t.Minute())), "half", half)
}

// WeekdayName is a day of the week, short: Mon.
func (l *Locale) WeekdayName(d time.Weekday) string { return l.Say("wd." + strconv.Itoa(int(d))) }
