package ui

import (
	"math"

	"footfall/aggregate"
	"footfall/ui/view"
	"footfall/ui/words"
)

// figure is one of the top figures.
type figure struct {
	ID, Name, Meaning string
	Value             string
	Sign              string // why the value is not exact; "" if it is
	URL               string // of the trend of this figure
	Here              bool   // the trend shows it
	Change            *change
}

// change is a figure against the one it is compared with.
type change struct {
	Text string // "+12%"
	// Way is "up", "down" or "same"; Good and Bad say what that means, where it means something.
	Way       string
	Good, Bad bool
	New       bool   // there was nothing before: Text is a word, and no amount
	Before    string // the figure compared with, in words
}

// figureMetrics are the top figures. What means more where it is less has worse set;
// of percentages the difference is shown in points.
var figureMetrics = []struct {
	metric        aggregate.Metric
	worse, points bool
}{
	{metric: aggregate.MetricVisitors}, {metric: aggregate.MetricVisits}, {metric: aggregate.MetricPageviews},
	{metric: aggregate.MetricViewsPerVisit}, {metric: aggregate.MetricBounceRate, worse: true, points: true},
	{metric: aggregate.MetricVisitDuration}, {metric: aggregate.MetricTimeOnPage}, {metric: aggregate.MetricScrollDepth, points: true},
}

// figureAnswers are the answers that the top figures need.
type figureAnswers struct {
	metrics        []aggregate.Metric
	totals, before answer
}

// askFigures asks for the totals of the period and of the one compared with.
func (s *scene) askFigures(a *asking) *figureAnswers {
	f := &figureAnswers{}
	for _, m := range figureMetrics {
		ofPage := m.metric == aggregate.MetricTimeOnPage || m.metric == aggregate.MetricScrollDepth
		if !ofPage || s.v.HasPage() {
			f.metrics = append(f.metrics, m.metric)
		}
	}
	if !s.v.Answerable(s.days, s.today) {
		return f
	}
	a.run(&f.totals, s.query(f.metrics...))
	if s.compares {
		q := s.query(f.metrics...)
		q.Range = s.compared
		a.run(&f.before, q)
	}
	return f
}

// figures makes the top figures.
func (s *scene) figures(a *figureAnswers) (all []figure) {
	s.fail("site.missing", a.totals.err)
	if a.totals.report != nil && len(a.totals.report.Lossy) > 0 {
		s.notes = append(s.notes, s.lossNote(a.totals.report.Lossy))
	}
	if !s.v.Answerable(s.days, s.today) {
		s.notes = append(s.notes, s.l.Say("refused.totals"))
	}
	totals, before := values(&a.totals, len(a.metrics)), values(&a.before, len(a.metrics))
	for i, m := range a.metrics {
		f := figure{ID: string(m), Name: s.metricName(m), Meaning: s.l.Say("meaning." + string(m)), Value: s.figureText(m, totals[i]), Here: m == s.v.Figure()}
		if a.totals.report != nil {
			f.Sign = a.totals.report.Warnings[m].Warning
		}
		to := s.v.Clone()
		to.Metric = m
		if m == aggregate.MetricVisitors {
			to.Metric = ""
		}
		f.URL = s.url(to)
		if a.before.report != nil && a.totals.report != nil {
			f.Change = s.change(m, totals[i], before[i])
		}
		all = append(all, f)
	}
	return all
}

func (s *scene) metricName(m aggregate.Metric) string { return s.l.Say("metric." + string(m)) }

// current is the figure of the last 30 minutes.
func (s *scene) current(a *answer) figure {
	s.fail("site.missing_current", a.err)
	v := values(a, 1)[0]
	n := int64(math.Round(v.Number))
	if v.Below > 0 {
		n = int64(v.Below)
	}
	return figure{ID: "current", Name: s.l.Say("metric.current", "n", n), Meaning: s.l.Say("meaning.current"),
		Value: s.figureText(aggregate.MetricVisitors, v), URL: s.url(s.realtime()), Here: s.days.Realtime}
}

func (s *scene) realtime() *view.View {
	v := s.v.Whole()
	if s.u.access.public > 0 {
		return v
	}
	v.Period, v.Date, v.First, v.Last, v.Grain = view.Realtime, 0, 0, 0, aggregate.NoTime
	return v
}

// change compares two values of a figure; nil where either is not known.
func (s *scene) change(m aggregate.Metric, now, before aggregate.Value) *change {
	if now.Null || before.Null {
		return nil
	}
	c := &change{Way: "same", Before: s.l.Say("change.before", "value", s.figureText(m, before), "days", s.l.Range(s.compared.First, s.compared.Last))}
	worse, points := false, false
	for _, k := range figureMetrics {
		if k.metric == m {
			worse, points = k.worse, k.points
		}
	}
	difference := now.Number - before.Number
	switch {
	case points:
		c.Text = s.l.Say("change.points", "n", int64(math.Round(math.Abs(difference))))
		difference = math.Round(difference)
	case before.Number == 0 && now.Number == 0:
		c.Text = s.l.Percent(0, 0)
	case before.Number == 0:
		c.Text, c.New = s.l.Say("change.new"), true
	default:
		percent := math.Round(100 * difference / before.Number)
		difference = percent
		c.Text = s.l.Percent(math.Abs(percent), 0)
		if percent >= 1000 {
			c.Text = "×" + s.l.Whole(int64(math.Round(now.Number/before.Number)))
		}
	}
	switch {
	case difference > 0:
		c.Way, c.Good, c.Bad = "up", !worse, worse
	case difference < 0:
		c.Way, c.Good, c.Bad = "down", worse, !worse
	}
	return c
}

// figureText is a value as the page shows it.
func (s *scene) figureText(m aggregate.Metric, v aggregate.Value) string {
	text := figureIn(s.l, m, v)
	if m == aggregate.MetricTotalRevenue && text != words.Nothing {
		if v.Number == 0 { // most events are no sales
			return words.Nothing
		}
		text += "\u00a0" + s.settings.Currency
	}
	return text
}

// values is the only row of a report without dimensions; nulls where there is none.
func values(a *answer, n int) []aggregate.Value {
	if a.report != nil && len(a.report.Rows) == 1 && len(a.report.Rows[0].Values) == n {
		return a.report.Rows[0].Values
	}
	all := make([]aggregate.Value, n)
	for i := range all {
		all[i].Null = a.report == nil
	}
	return all
}
