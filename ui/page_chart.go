package ui

import (
	"math"
	"strconv"

	"footfall/aggregate"
)

// Heights of the parts of a chart, in pixels. Widths are percentages, so that the
// chart fills its place at any size without a script and without stretched text.
const (
	chartTop    = 30 // room for the read-out
	chartPlot   = 170
	chartBottom = 24 // room for the names on the axis
)

// chart is a bar chart with its table.
type chart struct {
	ID, Title, Summary   string
	Height, Base, LabelY int
	HitY, HitH           int // what shows a bar's read-out when pointed at
	AxisWidth            int
	Ticks                []tick
	Bars                 []bar
	Note                 string // an error, or nothing to show
	Partial              bool   // the last bar is not over
	Loss                 bool   // some bar misses a part
}

type tick struct {
	Y    string
	Text string
}

// bar is one bucket. X, W and Mid are percentages of the plot's width, Y and H pixels.
type bar struct {
	X, W, HitX, HitW, Mid, Y, H string
	Name, Axis                  string
	Mark                        bool
	Partial, Future, Lossy      bool
	Values                      []string // formatted: visitors, visits, pageviews
}

// ReadOut is the text shown for a bar under the pointer.
func (b *bar) ReadOut() string {
	text := b.Name
	if b.Partial {
		text += " (so far)"
	}
	if b.Lossy {
		text += " (incomplete)"
	}
	return text + ": " + b.Values[0] + " visitors"
}

// makeChart draws the rows of a trend into its buckets.
func makeChart(id, title string, steps []bucket, report *aggregate.Report) chart {
	c := chart{ID: id, Title: title, Height: chartTop + chartPlot + chartBottom, Base: chartTop + chartPlot,
		LabelY: chartTop + chartPlot + 17, HitY: chartTop - 8, HitH: chartPlot + 8}
	rows := map[string][]aggregate.Value{}
	top := 0.0
	for _, row := range report.Rows {
		if len(row.Labels) == 1 && len(row.Values) == len(trendMetrics) {
			rows[row.Labels[0]] = row.Values
			top = math.Max(top, row.Values[0].Number)
		}
	}
	step := tickStep(top)
	top = math.Max(1, math.Ceil(top/step)) * step
	for v := 0.0; v <= top; v += step {
		c.Ticks = append(c.Ticks, tick{Y: number(float64(c.Base) - v/top*chartPlot), Text: grouped(int64(v))})
	}
	c.AxisWidth = 12 + 7*len(c.Ticks[len(c.Ticks)-1].Text)
	lossy := map[aggregate.Day]bool{}
	for _, d := range report.Lossy {
		lossy[d] = true
		if len(steps) > 0 && steps[0].label == steps[0].day.Month().String() {
			lossy[d.Month()] = true
		}
	}
	slot := 100 / float64(max(1, len(steps)))
	for i, s := range steps {
		values := rows[s.label]
		if values == nil {
			values = make([]aggregate.Value, len(trendMetrics))
		}
		b := bar{HitX: number(float64(i) * slot), HitW: number(slot), X: number((float64(i) + 0.14) * slot), W: number(0.72 * slot),
			Mid: number((float64(i) + 0.5) * slot), Name: s.long, Axis: s.short, Mark: s.mark,
			Partial: s.partial, Future: s.future, Lossy: lossy[s.day]}
		height := values[0].Number / top * chartPlot
		if values[0].Number > 0 {
			height = math.Max(height, 2) // a visitor is never nothing
		}
		b.Y, b.H = number(float64(c.Base)-height), number(height)
		for j, v := range values {
			b.Values = append(b.Values, figureText(trendMetrics[j], v))
		}
		c.Partial = c.Partial || s.partial
		c.Loss = c.Loss || b.Lossy
		c.Bars = append(c.Bars, b)
	}
	c.Summary = c.summary(rows, steps)
	return c
}

// summary is what the chart says to those who cannot see it.
func (c *chart) summary(rows map[string][]aggregate.Value, steps []bucket) string {
	best, at := 0.0, ""
	for _, s := range steps {
		if v := rows[s.label]; v != nil && v[0].Number > best {
			best, at = v[0].Number, s.long
		}
	}
	if at == "" {
		return c.Title + ": none yet."
	}
	return c.Title + ": most on " + at + " with " + grouped(int64(best)) + ". The table below holds all figures."
}

// tickStep is a round number of which at most four make up top.
func tickStep(top float64) float64 {
	step := 1.0
	for {
		for _, m := range []float64{1, 2, 5} {
			if top <= 4*m*step {
				return m * step
			}
		}
		step *= 10
	}
}

// number is a coordinate with at most two decimals.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// spark are the chart's bars at the height of a small chart.
func (c *chart) spark() []bar {
	small := make([]bar, len(c.Bars))
	top := 0.0
	for _, b := range c.Bars {
		h, _ := strconv.ParseFloat(b.H, 64)
		top = math.Max(top, h)
	}
	for i, b := range c.Bars {
		h, _ := strconv.ParseFloat(b.H, 64)
		if top > 0 {
			h = math.Max(1, h/top*sparkHeight)
		}
		b.H, b.Y = number(h), number(sparkHeight-h)
		small[i] = b
	}
	return small
}
