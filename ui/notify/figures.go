package notify

import (
	"fmt"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/aggregate/team"
	"footfall/ui/words"
)

// Asker answers queries.
type Asker interface {
	Answer(q *aggregate.Query) (*aggregate.Report, error)
}

// News is what a notice says, before it takes the form of a mail or a message.
type News struct {
	Site    aggregate.Site
	Kind    team.NoticeKind
	Title   string
	Lead    string
	Figures []Figure
	Tables  []Table
	Link    string // to the dashboard; blank where nobody knows its address
	locale  *words.Locale

	// Values are the figures for programs, by their names in the stats API.
	Values      map[string]float64
	First, Last string // YYYY-MM-DD, of reports
}

// Figure is a number with its change since the stretch before.
type Figure struct {
	Name, Value, Change string
	Better              int // 1 better than before, -1 worse, 0 neither
}

// Table is the head of a breakdown.
type Table struct {
	Name string
	Rows []Row
}

// Row is a row of a Table, most first.
type Row struct{ Label, Value string }

// tableRows is how many rows a table has at most.
const tableRows = 5

// author writes the news of a site.
type author struct {
	ask    Asker
	locale *words.Locale
	link   string
	zone   *time.Location
}

// figures of a report, in their order. Better is the sign of a good change.
var figures = []struct {
	metric aggregate.Metric
	key    string
	better float64
	write  func(*words.Locale, float64) string
}{
	{aggregate.MetricVisitors, "metric.visitors", 1, whole},
	{aggregate.MetricVisits, "metric.visits", 1, whole},
	{aggregate.MetricPageviews, "metric.pageviews", 1, whole},
	{aggregate.MetricBounceRate, "metric.bounce_rate", -1, func(l *words.Locale, v float64) string { return l.Percent(v, 0) }},
	{aggregate.MetricVisitDuration, "metric.visit_duration", 1, func(l *words.Locale, v float64) string { return l.Duration(v) }},
}

func whole(l *words.Locale, v float64) string { return l.Whole(int64(v)) }

// countryField has codes for labels, which have a name in every language.
const countryField = "visit:country"

// tables of the news.
var tables = []struct{ field, key string }{
	{"visit:source", "report.sources"}, {"event:page", "report.pages"}, {countryField, "report.countries"},
}

// report is the news of a stretch of days.
func (a *author) report(n *team.Notice, s span) (*News, error) {
	l := a.locale
	key := "notify.weekly"
	if n.Kind == team.Monthly {
		key = "notify.monthly"
	}
	news := &News{Site: n.Site, Kind: n.Kind, locale: l, Link: a.link, First: s.first.String(), Last: s.last.String(),
		Title: l.Say(key, "site", string(n.Site)), Lead: l.Range(s.first, s.last), Values: map[string]float64{}}
	now, err := a.totals(n.Site, s)
	if err != nil {
		return nil, err
	}
	then, err := a.totals(n.Site, s.before(n.Kind))
	if err != nil {
		return nil, err
	}
	for i, f := range figures {
		figure := Figure{Name: l.Say(f.key), Value: "–"}
		if !now[i].Null {
			figure.Value = f.write(l, now[i].Number)
			news.Values[string(f.metric)] = now[i].Number
		}
		if !now[i].Null && !then[i].Null && then[i].Number > 0 {
			change := (now[i].Number - then[i].Number) / then[i].Number * 100
			figure.Change = signed(l, change)
			figure.Better = sign(change * f.better)
		}
		news.Figures = append(news.Figures, figure)
	}
	news.Tables, err = a.tables(n.Site, aggregate.Range{Days: true, First: s.first, Last: s.last})
	return news, err
}

func signed(l *words.Locale, percent float64) string {
	switch {
	case percent > 0.5:
		return "+" + l.Percent(percent, 0)
	case percent < -0.5:
		return "−" + l.Percent(-percent, 0)
	}
	return "±" + l.Percent(0, 0)
}

func sign(v float64) int {
	switch {
	case v > 0.5:
		return 1
	case v < -0.5:
		return -1
	}
	return 0
}

func (a *author) totals(site aggregate.Site, s span) ([]aggregate.Value, error) {
	q := aggregate.Query{Site: site, Range: aggregate.Range{Days: true, First: s.first, Last: s.last}}
	for _, f := range figures {
		q.Metrics = append(q.Metrics, f.metric)
	}
	return a.row(&q)
}

// row is the one row of a query without dimensions; all zero where nothing came.
func (a *author) row(q *aggregate.Query) ([]aggregate.Value, error) {
	report, err := a.ask.Answer(q)
	if err != nil {
		return nil, err
	}
	if len(report.Rows) == 0 {
		return make([]aggregate.Value, len(q.Metrics)), nil
	}
	return report.Rows[0].Values, nil
}

// tables are the heads of the breakdowns, those apart that have no rows.
func (a *author) tables(site aggregate.Site, r aggregate.Range) ([]Table, error) {
	var all []Table
	for _, t := range tables {
		field, ok := ask.ParseField(t.field)
		if !ok {
			return nil, fmt.Errorf("BUG: there is no field %s", t.field)
		}
		report, err := a.ask.Answer(&aggregate.Query{Site: site, Range: r, Metrics: []aggregate.Metric{aggregate.MetricVisitors},
			Fields: []aggregate.Field{field}, Limit: tableRows})
		if err != nil {
			return nil, err
		}
		table := Table{Name: a.locale.Say(t.key)}
		for _, row := range report.Rows {
			value := whole(a.locale, row.Values[0].Number)
			if row.Values[0].UpperBound {
				value = "≤ " + value
			}
			label := row.Labels[0]
			if name, ok := a.locale.Country(label); ok && t.field == countryField {
				label = name
			}
			table.Rows = append(table.Rows, Row{label, value})
		}
		if len(table.Rows) > 0 {
			all = append(all, table)
		}
	}
	return all, nil
}

// alert is the news of what happens right now; nil where nothing does.
func (a *author) alert(n *team.Notice, now time.Time) (*News, error) {
	if n.Kind == team.Drop {
		return a.drop(n, now)
	}
	realtime := aggregate.Range{Realtime: true}
	values, err := a.row(&aggregate.Query{Site: n.Site, Range: realtime, Metrics: []aggregate.Metric{aggregate.MetricVisitors}})
	if err != nil || int(values[0].Number) < n.Level {
		return nil, err
	}
	l, current := a.locale, int64(values[0].Number)
	news := &News{Site: n.Site, Kind: n.Kind, locale: l, Link: a.link, Title: l.Say("notify.spike", "site", string(n.Site), "n", current),
		Lead: l.Say("notify.spike.lead", "n", n.Level), Values: map[string]float64{"visitors": float64(current)}}
	news.Tables, err = a.tables(n.Site, realtime)
	return news, err
}

func (a *author) drop(n *team.Notice, now time.Time) (*News, error) {
	// Whole hours of the site, because that is how finely past hours are known.
	y, month, d := now.In(a.zone).Date()
	to := time.Date(y, month, d, now.In(a.zone).Hour(), 0, 0, 0, a.zone)
	values, err := a.row(&aggregate.Query{Site: n.Site, Range: aggregate.Range{From: to.Add(-dropSpan), To: to},
		Metrics: []aggregate.Metric{aggregate.MetricPageviews}})
	if err != nil || int(values[0].Number) >= n.Level {
		return nil, err
	}
	l, views := a.locale, int64(values[0].Number)
	return &News{Site: n.Site, Kind: n.Kind, locale: l, Link: a.link, Title: l.Say("notify.drop", "site", string(n.Site)),
		Lead: l.Say("notify.drop.lead", "n", views), Values: map[string]float64{"pageviews": float64(views)}}, nil
}
