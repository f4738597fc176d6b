package importer

import (
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/tables"
	"footfall/ingest"
)

// matomoReports are the reports of Matomo that tables are made of, by the method of
// its API that a file is named after (VisitsSummary.get.csv, say), in small letters:
//
//	curl -o Actions.getPageUrls.csv 'https://matomo.example/?module=API&method=Actions.getPageUrls&flat=1&filter_limit=-1
//	    &idSite=1&period=day&date=2025-01-01,2025-12-31&format=CSV&translateColumnNames=0&token_auth=...'
//
// https://developer.matomo.org/api-reference/reporting-api
var matomoReports = map[string]sheet{
	"visitssummary.get":                   {table: tables.Totals, finish: func(*reportRow, *ingest.Cleaner) {}},
	"actions.getpageurls":                 {table: tables.Pages, finish: labelled(aggregate.Page)},
	"actions.getentrypageurls":            {table: tables.EntryPages, finish: labelled(aggregate.EntryPage)},
	"actions.getexitpageurls":             {table: tables.ExitPages, finish: labelled(aggregate.ExitPage)},
	"referrers.getall":                    {table: tables.Sources, finish: matomoSource},
	"usercountry.getcountry":              {table: tables.Locations, finish: matomoCountry},
	"devicesdetection.gettype":            {table: tables.Devices, finish: matomoDevice},
	"devicesdetection.getbrowsers":        {table: tables.Browsers, finish: labelled(aggregate.Browser)},
	"devicesdetection.getbrowserversions": {table: tables.Browsers, finish: labelled(aggregate.BrowserVersion)},
	"devicesdetection.getosfamilies":      {table: tables.Systems, finish: labelled(aggregate.OS)},
	"devicesdetection.getosversions":      {table: tables.Systems, finish: labelled(aggregate.OSVersion)},
	"userlanguage.getlanguagecode":        {table: tables.Languages, finish: labelled(aggregate.Language)},
	"events.getaction":                    {table: tables.Events, finish: labelled(aggregate.EventName)},
}

// matomoNumbers are Matomo's metrics. Visitors are told for days only.
var matomoNumbers = map[string]cell{
	"date": date, "nb_uniq_visitors": number(aggregate.Visitors, 1), "nb_visits": number(aggregate.Visits, 1), "nb_actions": number(aggregate.Pageviews, 1),
	"nb_pageviews": number(aggregate.Pageviews, 1), "nb_hits": number(aggregate.Pageviews, 1), "bounce_count": number(aggregate.Bounces, 1), "sum_visit_length": number(aggregate.Duration, 1000),
	"sum_time_spent": number(aggregate.Engaged, 1000), "nb_events": number(aggregate.Events, 1),
}

// matomoEntries and matomoExits are the metrics of entry and exit pages.
var (
	matomoEntries = map[string]cell{"date": date, "entry_nb_uniq_visitors": number(aggregate.Visitors, 1), "entry_nb_visits": number(aggregate.Visits, 1),
		"entry_nb_actions": number(aggregate.Pageviews, 1), "entry_bounce_count": number(aggregate.Bounces, 1), "entry_sum_visit_length": number(aggregate.Duration, 1000)}
	matomoExits = map[string]cell{"date": date, "exit_nb_uniq_visitors": number(aggregate.Visitors, 1), "exit_nb_visits": number(aggregate.Visits, 1)}
)

// matomoSheet reads a report of Matomo.
func matomoSheet(name string, header []string) *sheet {
	report, ok := matomoReports[strings.TrimSuffix(name, ".csv")]
	if !ok {
		return nil
	}
	numbers := matomoNumbers
	switch report.table {
	case tables.EntryPages:
		numbers = matomoEntries
	case tables.ExitPages:
		numbers = matomoExits
	}
	s, has := sheetOf(header, numbers, func(h string) string {
		switch h {
		case "label", "code", "metadata_code":
			return strings.TrimPrefix(h, "metadata_")
		case "referer_type", "metadata_referer_type", "referrer_type":
			return "type"
		}
		return ""
	})
	if !has["date"] || report.table != tables.Totals && !has["label"] {
		return nil
	}
	if has["nb_pageviews"] { // which leaves out downloads and the like
		for i := range s.columns {
			if s.columns[i].name == "nb_actions" {
				s.columns[i].read = nil
			}
		}
	}
	s.table = report.table
	s.finish = func(r *reportRow, c *ingest.Cleaner) {
		countVisitors(r)
		report.finish(r, c)
	}
	return s
}

// countVisitors takes visits for visitors where a report does not tell those, and the
// other way round.
func countVisitors(r *reportRow) {
	if r.counts[aggregate.Visitors] == 0 {
		r.counts[aggregate.Visitors] = r.counts[aggregate.Visits]
	}
	if r.counts[aggregate.Visitors] == 0 {
		r.counts[aggregate.Visitors] = min(1, r.counts[aggregate.Events])
	}
	if r.counts[aggregate.Visits] == 0 {
		r.counts[aggregate.Visits] = r.counts[aggregate.Visitors]
	}
}

// labelled reads a row whose label is the value of one fact.
func labelled(d aggregate.Dimension) func(*reportRow, *ingest.Cleaner) {
	return func(r *reportRow, c *ingest.Cleaner) {
		label := r.said("label")
		if label == "Unknown" || label == "unknown" || label == "Page URL not defined" {
			label = ""
		}
		f := &r.facts
		switch d {
		case aggregate.Page, aggregate.EntryPage, aggregate.ExitPage:
			if label != "" && !strings.HasPrefix(label, "/") {
				label = "/" + label
			}
			f[d] = c.Page(label)
		case aggregate.BrowserVersion, aggregate.OSVersion:
			name, version := versionIn(label)
			coarse := aggregate.Browser
			if d == aggregate.OSVersion {
				coarse = aggregate.OS
			}
			f[coarse] = c.Text(ourName(name))
			f[d] = aggregate.Join(f[coarse], c.Text(version))
		case aggregate.Browser, aggregate.OS:
			f[d] = c.Text(ourName(label))
			f[d+1] = f[d]
		case aggregate.Language:
			f[d] = c.Language(label)
		case aggregate.EventName:
			f[d] = c.Name(label)
		default:
			f[d] = c.Text(label)
		}
	}
}

// ourName is our name of a browser or a system.
func ourName(name string) string { return renamed(systemNames, renamed(browserNames, name)) }

// matomoSource reads a row of the report of all referrers: type 1 came directly, 6
// through a campaign; of the others the label is a name or a host.
func matomoSource(r *reportRow, c *ingest.Cleaner) {
	label := c.Text(r.said("label"))
	switch kind := r.texts["type"]; {
	case kind == "1" || label == "Direct Entry":
		c.Origin(&r.facts, "", "", "", "", "")
	case kind == "6":
		c.Origin(&r.facts, "", "", "", "", label)
	default:
		c.Named(&r.facts, label)
	}
}

func matomoCountry(r *reportRow, c *ingest.Cleaner) {
	code := strings.ToUpper(r.said("code"))
	if len(code) != 2 || code == "XX" {
		code = ""
	}
	if code == "" {
		code = countryCode(r.said("label"))
	}
	r.facts[aggregate.Country] = c.Text(code)
}

func matomoDevice(r *reportRow, c *ingest.Cleaner) {
	r.facts[aggregate.Device] = c.Text(deviceNames[strings.ToLower(r.said("label"))])
}

// deviceNames are our names of other products' devices.
var deviceNames = map[string]string{"desktop": "Desktop", "smartphone": "Mobile", "feature phone": "Mobile", "phablet": "Mobile", "mobile": "Mobile", "tablet": "Tablet",
	"tv": "Desktop", "smart tv": "Desktop", "console": "Desktop"}
