package ui

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"footfall/aggregate"
	"footfall/ui/words"
)

// nothing stands where there is no figure: a mean of nothing, or what counters
// cannot know.
const nothing = "–"

// grouped is a whole number with thousands separators: 1,234,567.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	out := make([]byte, 0, len(digits)+len(digits)/3)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return sign + string(out)
}

// clockTime is a duration as people write it: 45s, 2m 05s, 1h 02m.
func clockTime(seconds float64) string {
	s := int64(math.Round(seconds))
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm %02ds", s/60, s%60)
	default:
		return fmt.Sprintf("%dh %02dm", s/3600, s/60%60)
	}
}

// figureText is a value as the page shows it.
func figureText(m aggregate.Metric, v aggregate.Value) string {
	if v.Null || math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
		return nothing
	}
	text := ""
	switch m {
	case aggregate.MetricViewsPerVisit:
		text = strconv.FormatFloat(v.Number, 'f', 2, 64)
	case aggregate.MetricBounceRate:
		text = strconv.FormatFloat(math.Round(v.Number), 'f', 0, 64) + "%"
	case aggregate.MetricVisitDuration:
		text = clockTime(v.Number)
	default:
		text = grouped(int64(math.Round(v.Number)))
	}
	if v.UpperBound {
		return "≤ " + text
	}
	return text
}

// share is part of whole in percent: 12%, 0.4%, or nothing of nothing.
func share(part, whole float64) string {
	if whole <= 0 {
		return nothing
	}
	percent := 100 * part / whole
	switch {
	case percent >= 10 || percent == 0:
		return strconv.FormatFloat(percent, 'f', 0, 64) + "%"
	case percent < 0.1:
		return "<0.1%"
	}
	return strconv.FormatFloat(percent, 'f', 1, 64) + "%"
}

// rangeText is a range of days as people write it, without what repeats.
func rangeText(r aggregate.Range) string {
	if r.First == r.Last {
		return civil(r.Last, "Monday 2 January 2006")
	}
	from := "2 Jan 2006"
	fy, fm, _ := r.First.Civil()
	ly, lm, _ := r.Last.Civil()
	if fy == ly {
		from = "2 Jan"
		if fm == lm {
			from = "2"
		}
	}
	return civil(r.First, from) + " – " + civil(r.Last, "2 Jan 2006")
}

// zoned is an instant in the site's zone.
func zoned(t time.Time, loc *time.Location) string { return t.In(loc).Format("15:04 MST") }

// figureIn is a value as a page in the language shows it.
func figureIn(l *words.Locale, m aggregate.Metric, v aggregate.Value) string {
	if v.Below > 0 {
		return l.Say("figure.below", "n", int64(v.Below))
	}
	if v.Null || math.IsNaN(v.Number) || math.IsInf(v.Number, 0) {
		return words.Nothing
	}
	text := ""
	switch m {
	case aggregate.MetricViewsPerVisit:
		text = l.Decimal(v.Number, 2)
	case aggregate.MetricBounceRate, aggregate.MetricScrollDepth:
		text = l.Percent(math.Round(v.Number), 0)
	case aggregate.MetricExitRate:
		text = l.Percent(v.Number, 1)
	case aggregate.MetricVisitDuration, aggregate.MetricTimeOnPage:
		text = l.Duration(v.Number)
	default:
		text = l.Whole(int64(math.Round(v.Number)))
	}
	if v.UpperBound {
		return "≤ " + text
	}
	return text
}
