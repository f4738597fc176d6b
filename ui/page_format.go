package ui

import (
	"math"
	"time"

	"footfall/aggregate"
	"footfall/ui/words"
)

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
	case aggregate.MetricViewsPerVisit, aggregate.MetricTotalRevenue:
		text = l.Decimal(v.Number, 2)
	case aggregate.MetricBounceRate, aggregate.MetricScrollDepth:
		text = l.Percent(math.Round(v.Number), 0)
	case aggregate.MetricExitRate, aggregate.MetricConversionRate:
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
