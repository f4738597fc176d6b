package importer

import (
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/tables"
	"footfall/ingest"
)

// plausibleTables are the tables of Plausible's CSV export, by the name within
// imported_<table>_<first>_<last>.csv, with what becomes of a row's texts.
var plausibleTables = map[string]sheet{
	"visitors":          {table: tables.Totals, finish: func(*reportRow, *ingest.Cleaner) {}},
	"sources":           {table: tables.Sources, finish: finishSource},
	"pages":             {table: tables.Pages, finish: finishPage},
	"entry_pages":       {table: tables.EntryPages, finish: finishPage},
	"exit_pages":        {table: tables.ExitPages, finish: finishPage},
	"custom_events":     {table: tables.Events, finish: finishEvent},
	"custom_props":      {table: tables.Props, finish: finishProp},
	"locations":         {table: tables.Locations, finish: finishPlace},
	"devices":           {table: tables.Devices, finish: finishAgent},
	"browsers":          {table: tables.Browsers, finish: finishAgent},
	"operating_systems": {table: tables.Systems, finish: finishAgent},
}

// plausibleMarks tell a table by a column that no other has.
var plausibleMarks = map[string]string{
	"source": "sources", "entry_page": "entry_pages", "exit_page": "exit_pages", "page": "pages", "name": "custom_events", "property": "custom_props",
	"country": "locations", "device": "devices", "browser": "browsers", "operating_system": "operating_systems",
}

// plausibleNumbers are the columns that count. Durations are seconds.
var plausibleNumbers = map[string]cell{
	"visitors": number(aggregate.Visitors, 1), "visits": number(aggregate.Visits, 1), "entrances": number(aggregate.Visits, 1), "exits": number(aggregate.Visits, 1),
	"pageviews": number(aggregate.Pageviews, 1), "bounces": number(aggregate.Bounces, 1), "visit_duration": number(aggregate.Duration, 1000),
	"events": number(aggregate.Events, 1), "total_scroll_depth": number(aggregate.Scroll, 1), "total_scroll_depth_visits": number(aggregate.ScrollVisits, 1),
	"total_time_on_page": number(aggregate.Engaged, 1000), "total_time_on_page_visits": number(aggregate.EngagedVisits, 1),
	"date": date,
}

// plausibleTexts are the columns that hold values.
var plausibleTexts = set(`source referrer utm_source utm_medium utm_campaign utm_content utm_term hostname page entry_page exit_page name link_url path
	property value country region city device browser browser_version operating_system operating_system_version`)

// plausibleSheet reads a table of Plausible's export.
func plausibleSheet(name string, header []string) *sheet {
	s, has := sheetOf(header, plausibleNumbers, func(h string) string {
		if plausibleTexts[h] {
			return h
		}
		return ""
	})
	kind := "visitors"
	for mark, table := range plausibleMarks {
		if has[mark] {
			kind = table
		}
	}
	if rest, ok := strings.CutPrefix(name, "imported_"); ok {
		rest = strings.TrimRight(strings.TrimSuffix(rest, ".csv"), "_0123456789")
		if _, known := plausibleTables[rest]; !known {
			return nil
		}
		kind = rest
	}
	t := plausibleTables[kind]
	s.table, s.finish = t.table, t.finish
	if !has["date"] || !has["visitors"] && !has["pageviews"] && !has["visits"] && !has["events"] {
		return nil
	}
	return s
}

// notSet are words that stand for a blank value.
var notSet = map[string]bool{"": true, "(not set)": true, "(none)": true, "Direct / None": true, "\x00\x00": true, "ZZ": true, "\x00": true}

// said is the text of a column, blank where it says that there is none.
func (r *reportRow) said(column string) string {
	text := strings.TrimSpace(r.texts[column])
	if notSet[text] {
		return ""
	}
	return text
}

func finishSource(r *reportRow, c *ingest.Cleaner) {
	text := func(column string) string { return c.Text(r.said(column)) }
	address := text("referrer")
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	c.Origin(&r.facts, text("source"), c.Address(strings.TrimRight(address, "/")), text("utm_source"), text("utm_medium"), text("utm_campaign"))
	r.facts[aggregate.UTMContent], r.facts[aggregate.UTMTerm] = text("utm_content"), text("utm_term")
}

func finishPage(r *reportRow, c *ingest.Cleaner) {
	r.facts[aggregate.Page] = c.Page(r.said("page"))
	r.facts[aggregate.EntryPage] = c.Page(r.said("entry_page"))
	r.facts[aggregate.ExitPage] = c.Page(r.said("exit_page"))
	r.facts[aggregate.Hostname] = strings.TrimPrefix(c.Text(r.said("hostname")), "www.")
}

// Names of events that tell of a link.
const (
	outboundClick = "Outbound Link: Click"
	fileDownload  = "File Download"
)

func finishEvent(r *reportRow, c *ingest.Cleaner) {
	name, link, path := c.Name(r.said("name")), c.Address(r.said("link_url")), c.Page(r.said("path"))
	r.facts[aggregate.EventName] = name
	switch name {
	case outboundClick:
		r.facts[aggregate.Outbound] = link
	case fileDownload:
		r.facts[aggregate.Download] = link
	}
	switch {
	case link != "":
		r.facts[aggregate.Property] = aggregate.Join("url", link)
	case path != "":
		r.facts[aggregate.Property] = aggregate.Join("path", path)
	}
}

func finishProp(r *reportRow, c *ingest.Cleaner) {
	key, value := c.Name(strings.TrimSpace(r.texts["property"])), r.said("value")
	if key == "" {
		return
	}
	if key == "url" || key == "path" {
		value = c.Address(value)
	} else {
		value = c.Plain(value)
	}
	r.facts[aggregate.Property] = aggregate.Join(key, value)
}

func finishPlace(r *reportRow, c *ingest.Cleaner) {
	country, region, city := strings.ToUpper(c.Text(r.said("country"))), strings.ToUpper(c.Text(r.said("region"))), c.Text(r.said("city"))
	if city == "0" {
		city = ""
	}
	r.facts[aggregate.Country] = country
	if region != "" {
		r.facts[aggregate.Region] = aggregate.Join(country, region)
	}
	if city != "" {
		r.facts[aggregate.City] = aggregate.Join(country, region, "", city)
	}
}

func finishAgent(r *reportRow, c *ingest.Cleaner) {
	text := func(column string) string { return c.Text(r.said(column)) }
	versioned := func(d, version aggregate.Dimension, name string) {
		r.facts[d] = text(name)
		if v := text(name + "_version"); v != "" {
			r.facts[version] = aggregate.Join(r.facts[d], v)
		} else {
			r.facts[version] = r.facts[d]
		}
	}
	versioned(aggregate.Browser, aggregate.BrowserVersion, "browser")
	versioned(aggregate.OS, aggregate.OSVersion, "operating_system")
	r.facts[aggregate.Device] = text("device")
}
