package ui

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"footfall/aggregate"
	"footfall/ui/view"

	"github.com/valyala/fasthttp"
)

// Other forms of a site's page.
const (
	asCSV    = "csv"    // the report shown alone, or the trend
	asZip    = "zip"    // all reports and the trend, as CSV
	asValues = "values" // values of a dimension, for the filter form
)

// fileRows is the most rows of a file.
const fileRows = 100_000

// serveFiles answers with the view's figures as CSV or as a zip of all reports.
func (u *UI) serveFiles(ctx *fasthttp.RequestCtx, s *scene, as string) {
	var out bytes.Buffer
	name, kind := s.fileName("trend"), "text/csv; charset=utf-8; header=present"
	var err error
	switch {
	case as == asZip:
		name, kind = s.fileName("reports"), "application/zip"
		err = s.writeZip(&out)
	case s.v.Report != "":
		r, _ := view.ReportOf(s.v.Report)
		name = s.fileName(r.ID)
		if r.Answerable(s.v, s.days, s.today) {
			err = s.writeReport(&out, &r)
		} else {
			u.message(ctx, fasthttp.StatusUnprocessableEntity, s.l.Say("refused.title"), s.l.Say("refused.report"))
			return
		}
	default:
		err = s.writeTrend(&out)
	}
	if err != nil {
		u.message(ctx, fasthttp.StatusUnprocessableEntity, s.l.Say("refused.title"), u.sentenceIn(s.l, s.site, err))
		return
	}
	ctx.SetContentType(kind)
	ctx.Response.Header.Set(fasthttp.HeaderContentDisposition, `attachment; filename="`+name+"."+as+`"`)
	ctx.Response.SetBodyRaw(out.Bytes())
}

// fileName is made of the site, what is in the file, and the days; of plain signs.
func (s *scene) fileName(what string) string {
	days := "realtime"
	if s.days.Days {
		days = s.days.First.String() + "_" + s.days.Last.String()
	}
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, string(s.site)+"_"+what+"_"+days)
}

// writeZip writes every report that the counters can tell, and the trend.
func (s *scene) writeZip(w io.Writer) error {
	z := zip.NewWriter(w)
	if s.v.Answerable(s.days, s.today) {
		f, err := z.Create("trend.csv")
		if err != nil {
			return err
		}
		if err := s.writeTrend(f); err != nil {
			return err
		}
	}
	for _, r := range view.Reports("") {
		if !r.Answerable(s.v, s.days, s.today) || s.isEmpty(&r) {
			continue
		}
		f, err := z.Create(r.ID + ".csv")
		if err != nil {
			return err
		}
		if err := s.writeReport(f, &r); err != nil {
			return err
		}
	}
	return z.Close()
}

// writeReport writes all rows of a report with all their figures.
func (s *scene) writeReport(w io.Writer, r *view.Report) error {
	if r.ID == view.Properties {
		got, err := s.keys(0, fileRows)
		if err != nil {
			return err
		}
		return writeCSV(w, []string{"property", "events"}, got.Rows)
	}
	q := s.detailsQuery(r)
	q.Limit, q.Offset = fileRows, 0
	got, err := s.u.ask.Answer(&q)
	if err != nil {
		return err
	}
	head := make([]string, 0, len(q.Fields)+len(q.Metrics))
	for _, f := range q.Fields {
		_, name, _ := strings.Cut(f.Name, ":")
		head = append(head, name)
	}
	return writeCSV(w, append(head, metricNames(q.Metrics)...), got.Rows)
}

// writeTrend writes the top figures of every step of the trend.
func (s *scene) writeTrend(w io.Writer) error {
	metrics := []aggregate.Metric{}
	for _, m := range figureMetrics {
		metrics = append(metrics, m.metric)
	}
	q := s.query(metrics...)
	field := timeField(s.grain)
	q.Fields, q.Orders = []aggregate.Field{field}, []aggregate.Order{{Field: field.Name}}
	got, err := s.u.ask.Answer(&q)
	if err != nil {
		return err
	}
	return writeCSV(w, append([]string{"time"}, metricNames(metrics)...), got.Rows)
}

func metricNames(metrics []aggregate.Metric) []string {
	all := make([]string, len(metrics))
	for i, m := range metrics {
		all[i] = string(m)
	}
	return all
}

// writeCSV writes rows as RFC 4180 has them. What is not known is blank.
func writeCSV(w io.Writer, head []string, rows []aggregate.ReportRow) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(head); err != nil {
		return err
	}
	for _, row := range rows {
		line := make([]string, 0, len(head))
		for _, label := range row.Labels {
			line = append(line, inert(label))
		}
		for _, v := range row.Values {
			text := ""
			if !v.Null {
				text = strconv.FormatFloat(v.Number, 'f', -1, 64)
			}
			line = append(line, text)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// inert is a stranger's text that no spreadsheet takes for a formula: one that
// begins like one gets an apostrophe in front (OWASP, "CSV Injection").
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

// suggestion is a value that the filter form offers.
type suggestion struct {
	Value string `json:"value"`
	Name  string `json:"name"`
}

// mostSuggestions is how many values the filter form offers at a time.
const mostSuggestions = 30

// serveValues answers with values of a dimension in the period, the most visited
// first, those whose name contains what was typed.
func (u *UI) serveValues(ctx *fasthttp.RequestCtx, s *scene) {
	found := []suggestion{}
	key := string(ctx.QueryArgs().Peek(view.ArgKey))
	if field, ok := view.Field(key); ok {
		q := aggregate.Query{Site: s.site, Metrics: []aggregate.Metric{aggregate.MetricVisitors}, Range: s.days, Fields: []aggregate.Field{field}, Limit: mapRows}
		got, err := u.ask.Answer(&q)
		if err != nil {
			ctx.SetStatusCode(fasthttp.StatusUnprocessableEntity)
			got = &aggregate.Report{}
		}
		typed := strings.ToLower(string(ctx.QueryArgs().Peek(view.ArgValue)))
		for _, row := range got.Rows {
			value := row.Labels[0]
			if name := s.valueName(key, value); value != hiddenLabel && value != otherLabel && len(found) < mostSuggestions &&
				(strings.Contains(strings.ToLower(name), typed) || strings.Contains(strings.ToLower(value), typed)) {
				found = append(found, suggestion{value, name})
			}
		}
	}
	ctx.SetContentType("application/json; charset=utf-8")
	if err := json.NewEncoder(ctx).Encode(found); err != nil {
		u.log.Error("BUG: values could not be printed", "err", err)
	}
}
