package ui

import (
	"math"
	"strconv"
	"strings"

	"footfall/aggregate"
	"footfall/ui/view"
	"footfall/ui/words"
)

// Heights of the parts of a trend, in pixels. Across, its place is divided into
// percentages, so that it fills any width without a script; lines are drawn in a
// box of trendWidth units that is stretched, words stand outside of it.
const (
	trendTop    = 14
	trendPlot   = 220
	trendBottom = 28
	trendWidth  = 1000
)

// trend is the line of one figure over time, with its table.
type trend struct {
	Title, Summary    string
	Height, Base      int
	Plot, Top, LabelY int
	AxisWidth         int
	Ticks             []tick
	Points            []point
	Line, Area, Open  string // paths: what is over, the ground below it, and the last step to what is not
	Before            string // of the period compared with
	Dots              []dot  // buckets that no line reaches
	Bars              bool   // drawn as bars: minutes
	Marks             []mark
	Columns           []string // of the table
	Partial, Loss     bool
	Error             string
	Refused           *refused
	Grains            []choice
	Days              bool // a stretch of points can be chosen as a period
	Key               string
	KeyBefore         string
}

// point is one bucket.
type point struct {
	X, W, Mid      string // percentages of the plot's width
	Y, H           string // pixels, of a bar
	Name, Axis     string
	Mark           bool // named where there is little room, too
	Rest           bool // a day off: Saturday and Sunday
	Partial, Lossy bool
	Future         bool
	First, Last    string // dates, of the days it holds
	Values         []string
}

// mark is an annotation on the trend.
type mark struct {
	X     string
	Name  string // of the bucket
	Text  string
	Right bool
}

// dot is a bucket with a value between two without.
type dot struct{ X, Y string }

// trendAnswers are the answers that the trend needs.
type trendAnswers struct {
	metrics     []aggregate.Metric
	now, before answer
	refused     bool
}

// askTrend asks for the figure's course, and for the columns of its table.
func (s *scene) askTrend(a *asking) *trendAnswers {
	t := &trendAnswers{metrics: []aggregate.Metric{s.v.Figure()}}
	for _, m := range []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricPageviews} {
		if m != s.v.Figure() {
			t.metrics = append(t.metrics, m)
		}
	}
	if t.refused = !s.v.Answerable(s.days, s.today); t.refused {
		return t
	}
	field := timeField(s.grain)
	q := s.query(t.metrics...)
	q.Fields, q.Orders = []aggregate.Field{field}, []aggregate.Order{{Field: field.Name}}
	a.run(&t.now, q)
	if s.compares && s.v.Compare != view.CompareQuietly {
		q.Range = s.compared
		q.Metrics = t.metrics[:1]
		a.run(&t.before, q)
	}
	return t
}

// trend draws the figure's course.
func (s *scene) trend(a *trendAnswers) *trend {
	m := a.metrics[0]
	t := &trend{Title: s.metricName(m), Height: trendTop + trendPlot + trendBottom, Base: trendTop + trendPlot, Plot: trendPlot,
		Top: trendTop, LabelY: trendTop + trendPlot + 18, Bars: s.grain == aggregate.Minute, Days: s.days.Days && s.grain != aggregate.Hour}
	for _, g := range s.grains {
		to := s.v.Whole()
		to.Grain = g
		t.Grains = append(t.Grains, choice{Name: s.l.Say("grain." + view.GrainName(g)), URL: s.url(to), Here: g == s.grain})
	}
	switch {
	case a.refused:
		t.Refused = s.refusedTotals()
		return t
	case a.now.err != nil:
		t.Refused, t.Error = s.failure(a.now.err)
		return t
	}
	steps := s.buckets()
	var before []aggregate.Value
	if a.before.report != nil {
		before = s.courseBefore(a.before.report, len(steps))
		t.KeyBefore = s.l.Range(s.compared.First, s.compared.Last)
	}
	t.Key = s.rangeText()
	t.Columns = []string{s.metricName(m)}
	if before != nil {
		t.Columns = append(t.Columns, t.KeyBefore)
	}
	for _, other := range a.metrics[1:] {
		t.Columns = append(t.Columns, s.metricName(other))
	}
	rows := map[string][]aggregate.Value{}
	for _, row := range a.now.report.Rows {
		if len(row.Labels) == 1 && len(row.Values) == len(a.metrics) {
			rows[row.Labels[0]] = row.Values
		}
	}
	s.draw(t, a, steps, rows, before)
	t.Summary = s.trendSummary(t, m, steps, rows)
	t.Marks = s.marks(steps)
	return t
}

// draw fills the trend's points and paths.
func (s *scene) draw(t *trend, a *trendAnswers, steps []bucket, rows map[string][]aggregate.Value, before []aggregate.Value) {
	m := a.metrics[0]
	course := make([]aggregate.Value, len(steps))
	for i, b := range steps {
		course[i] = courseValue(m, rows[b.label])
		if b.future {
			course[i].Null = true
		}
	}
	scale := t.scale(s, m, course, before)
	lossy := s.lossy(a.now.report.Lossy)
	slot := 100 / float64(max(1, len(steps)))
	for i, b := range steps {
		p := point{X: number(float64(i) * slot), W: number(slot), Mid: number((float64(i) + .5) * slot), Name: b.long, Axis: b.short, Mark: b.mark,
			Rest: b.rest, Partial: b.partial, Future: b.future, Lossy: lossy(b), First: b.day.String(), Last: b.end().String()}
		p.Y, p.H = number(scale(course[i].Number)), number(float64(t.Base)-scale(course[i].Number))
		p.Values = append(p.Values, s.figureText(m, course[i]))
		if before != nil {
			p.Values = append(p.Values, s.figureText(m, before[i]))
		}
		for j, other := range a.metrics[1:] {
			v := aggregate.Value{}
			if rows[b.label] != nil {
				v = rows[b.label][j+1]
			}
			p.Values = append(p.Values, s.figureText(other, v))
		}
		t.Partial = t.Partial || b.partial && !b.future
		t.Loss = t.Loss || p.Lossy
		t.Points = append(t.Points, p)
	}
	if !t.Bars {
		t.lines(course, steps, scale)
		t.Before, _ = linePath(before, len(steps), len(before), scale)
	}
}

// courseValue is a figure of a bucket; nothing was counted where there is no row.
func courseValue(m aggregate.Metric, row []aggregate.Value) aggregate.Value {
	if row != nil {
		return row[0]
	}
	switch m {
	case aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricPageviews:
		return aggregate.Value{}
	}
	return aggregate.Value{Null: true} // a mean of nothing
}

// scale sets the lines of the grid and returns the height of a value, in pixels
// from the top.
func (t *trend) scale(s *scene, m aggregate.Metric, courses ...[]aggregate.Value) func(float64) float64 {
	top := 0.0
	for _, course := range courses {
		for _, v := range course {
			if !v.Null {
				top = math.Max(top, v.Number)
			}
		}
	}
	step := tickStep(top)
	switch m {
	case aggregate.MetricVisitDuration, aggregate.MetricTimeOnPage:
		step = timeStep(top)
	case aggregate.MetricViewsPerVisit:
		step = tickStep(top*10) / 10
	}
	top = math.Max(1, math.Ceil(top/step-1e-9)) * step
	scale := func(v float64) float64 { return float64(t.Base) - v/top*trendPlot }
	widest := 0
	for i := 0.0; i*step <= top+step/2; i++ {
		text := s.tickText(m, i*step)
		t.Ticks = append(t.Ticks, tick{Y: number(scale(i * step)), Text: text})
		widest = max(widest, len([]rune(text)))
	}
	t.AxisWidth = 14 + 7*widest
	return scale
}

// tickText names a line of the grid.
func (s *scene) tickText(m aggregate.Metric, v float64) string {
	if m == aggregate.MetricViewsPerVisit {
		return s.l.Decimal(v, 1)
	}
	return s.figureText(m, aggregate.Value{Number: v})
}

// timeStep is a round number of seconds of which at most four make up top.
func timeStep(top float64) float64 {
	for _, step := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600} {
		if top <= 4*step {
			return step
		}
	}
	return 3600 * tickStep(top/3600)
}

// lines draws the course: whole up to the last bucket that is over, and from
// there to the one that is not.
func (t *trend) lines(course []aggregate.Value, steps []bucket, scale func(float64) float64) {
	over := len(steps)
	for over > 0 && (steps[over-1].future || steps[over-1].partial) {
		over--
	}
	line, alone := linePath(course, len(steps), over, scale)
	t.Line = line
	for _, i := range alone {
		t.Dots = append(t.Dots, dot{X: number((float64(i) + .5) * 100 / float64(len(steps))), Y: number(scale(course[i].Number))})
	}
	x := func(i int) string { return number((float64(i) + .5) * trendWidth / float64(len(steps))) }
	if over > 1 && len(alone) == 0 {
		first, last := firstKnown(course), over-1
		t.Area = line + "V" + number(float64(t.Base)) + "H" + x(first) + "Z"
		for last > first && course[last].Null {
			last--
		}
	}
	if over == len(steps) || course[over].Null {
		return
	}
	if over > 0 && !course[over-1].Null {
		t.Open = "M" + x(over-1) + " " + number(scale(course[over-1].Number)) + "L" + x(over) + " " + number(scale(course[over].Number))
	}
	t.Dots = append(t.Dots, dot{X: number((float64(over) + .5) * 100 / float64(len(steps))), Y: number(scale(course[over].Number))})
}

func firstKnown(course []aggregate.Value) int {
	for i, v := range course {
		if !v.Null {
			return i
		}
	}
	return 0
}

// linePath is the line through the first n values of a course of so many steps, broken
// where nothing is known; alone are the values that no line reaches.
func linePath(course []aggregate.Value, steps, n int, scale func(float64) float64) (line string, alone []int) {
	var b strings.Builder
	pen := false
	for i := range min(n, len(course)) {
		if course[i].Null {
			pen = false
			continue
		}
		lonely := !pen && (i+1 >= min(n, len(course)) || course[i+1].Null)
		if lonely {
			alone = append(alone, i)
		}
		b.WriteByte("ML"[map[bool]int{false: 0, true: 1}[pen]])
		b.WriteString(number((float64(i)+.5)*trendWidth/float64(steps)) + " " + number(scale(course[i].Number)))
		pen = true
	}
	return b.String(), alone
}

// courseBefore lays the course of the compared period under the steps shown, the
// first on the first.
func (s *scene) courseBefore(report *aggregate.Report, steps int) []aggregate.Value {
	course := make([]aggregate.Value, steps)
	rows := map[string]aggregate.Value{}
	for _, row := range report.Rows {
		if len(row.Labels) == 1 && len(row.Values) == 1 {
			rows[row.Labels[0]] = row.Values[0]
		}
	}
	for i := range course {
		course[i].Null = i >= len(report.TimeLabels)
		if course[i].Null {
			continue
		}
		if v, ok := rows[report.TimeLabels[i]]; ok {
			course[i] = v
		} else {
			course[i] = courseValue(s.v.Figure(), nil)
		}
	}
	return course
}

// lossy returns a test for buckets that miss a part.
func (s *scene) lossy(days []aggregate.Day) func(bucket) bool {
	return func(b bucket) bool {
		for _, d := range days {
			if d >= b.day && d <= b.end() {
				return true
			}
		}
		return false
	}
}

// marks are the annotations that lie within the steps.
func (s *scene) marks(steps []bucket) (all []mark) {
	if s.u.annotations == nil || !s.days.Days || len(steps) == 0 {
		return nil
	}
	for _, note := range s.u.annotations.Annotations(s.site, s.days.First, s.days.Last) {
		for i, b := range steps {
			if note.Day >= b.day && note.Day <= b.end() {
				at := (float64(i) + .5) * 100 / float64(len(steps))
				if b.grain == aggregate.Hour {
					at = float64(i) * 100 / float64(len(steps))
				}
				all = append(all, mark{X: number(at), Name: s.l.Date(words.Weekday, note.Day), Text: note.Text, Right: at > 60})
				break
			}
		}
	}
	return all
}

// trendSummary is what the trend says to those who cannot see it.
func (s *scene) trendSummary(t *trend, m aggregate.Metric, steps []bucket, rows map[string][]aggregate.Value) string {
	best, at := 0.0, ""
	for _, b := range steps {
		if row := rows[b.label]; row != nil && !row[0].Null && row[0].Number > best {
			best, at = row[0].Number, b.long
		}
	}
	if at == "" {
		return s.l.Say("trend.none", "figure", t.Title, "days", s.rangeText())
	}
	return s.l.Say("trend.summary", "figure", t.Title, "days", s.rangeText(), "when", at, "value", s.figureText(m, aggregate.Value{Number: best}))
}

// tick is a line of the grid.
type tick struct {
	Y    string
	Text string
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
