package ui

import (
	"math"
	"strconv"
	"time"

	"footfall/aggregate"
	"footfall/ui/words"
)

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
