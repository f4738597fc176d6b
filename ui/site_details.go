package ui

import (
	"slices"

	"footfall/aggregate"
	"footfall/ui/view"
)

// details is one report alone: all its rows, with all their figures.
type details struct {
	Report         report
	Back           string
	CSV            string
	Search         string
	Args           []view.Pair // that a search carries on
	Earlier, Later string      // pages of rows
	Place          string      // "101–200 of 1,234"
}

// askDetails asks for the rows of the report that is shown alone.
func (s *scene) askDetails(a *asking) func() *details {
	r, _ := view.ReportOf(s.v.Report)
	d := &details{Back: s.url(s.v.Whole()), Search: s.v.Search, Args: s.v.Pairs("search", "page")}
	asked := r.Answerable(s.v, s.days, s.today)
	var got, totals answer
	if r.ID == view.Properties {
		s.askKeys(a, &got, s.v.Page*detailsRows, detailsRows)
	} else if asked && s.isEmpty(&r) {
		got.report = &aggregate.Report{}
	} else if asked {
		a.run(&got, s.detailsQuery(&r))
		q := s.query(aggregate.MetricVisitors)
		if s.v.Answerable(s.days, s.today) {
			a.run(&totals, q)
		}
	}
	return func() *details {
		d.Report = s.report(&r, s.told(&r), &got, asked, values(&totals, 1)[0].Number)
		if got.report == nil {
			return d
		}
		s.sortLinks(&r, d)
		from := s.v.Page * detailsRows
		if n := len(got.report.Rows); n > 0 {
			d.Place = s.l.Say("details.place", "from", s.l.Whole(int64(from+1)), "to", s.l.Whole(int64(from+n)), "n", got.report.TotalRows)
		}
		page := func(n int) string { to := s.v.Clone(); to.Page = n; return s.url(to) }
		if s.v.Page > 0 {
			d.Earlier = page(s.v.Page - 1)
		}
		if from+len(got.report.Rows) < got.report.TotalRows {
			d.Later = page(s.v.Page + 1)
		}
		d.CSV = s.as(s.v, asCSV)
		return d
	}
}

// detailsQuery asks for one page of rows.
func (s *scene) detailsQuery(r *view.Report) aggregate.Query {
	q := s.reportQuery(r, s.told(r))
	if s.v.Sort != "" || s.v.Ascending {
		q.Orders = []aggregate.Order{{Metric: s.sortedBy(r), Descending: !s.v.Ascending}}
	}
	if s.v.Search != "" {
		search := view.Filter{Op: view.Contains, Key: r.Key, Values: []string{s.v.Search}}
		q.Filters = append(q.Filters, search.Ask())
	}
	q.Limit, q.Offset = detailsRows, s.v.Page*detailsRows
	return q
}

func (s *scene) sortedBy(r *view.Report) aggregate.Metric {
	if slices.Contains(s.told(r), s.v.Sort) {
		return s.v.Sort
	}
	return r.Metrics[0]
}

// sortLinks makes the heads of the columns links.
func (s *scene) sortLinks(r *view.Report, d *details) {
	for i, m := range s.told(r) {
		if r.ID == view.Properties {
			return
		}
		to := s.v.Clone()
		to.Page, to.Sort, to.Ascending = 0, m, false
		if i == 0 {
			to.Sort = ""
		}
		if m == s.sortedBy(r) {
			d.Report.Columns[i].Sort = "descending"
			if s.v.Ascending {
				d.Report.Columns[i].Sort = "ascending"
			}
			to.Ascending = !s.v.Ascending
		}
		d.Report.Columns[i].URL = s.url(to)
	}
}

// as is the address of a view in another form.
func (s *scene) as(v *view.View, form string) string {
	query := v.Query()
	sign := "?"
	if query != "" {
		sign = "&"
	}
	return s.u.sitePath(s.site) + query + sign + view.ArgAs + "=" + form
}
