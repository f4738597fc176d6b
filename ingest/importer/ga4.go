package importer

import (
	"errors"
	"strconv"
	"strings"
	"sync"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/aggregate/tables"
	"footfall/ingest"
)

// ga4Texts are the dimensions of Google Analytics 4 that tables are made of, by the
// names that its reports and explorations show and those of its API, in small
// letters; and what they are called here.
var ga4Texts = map[string]string{
	"session source / medium": "source/medium", "sessionsourcemedium": "source/medium", "first user source / medium": "source/medium",
	"session source": "source", "sessionsource": "source", "session medium": "medium", "sessionmedium": "medium", "session campaign": "campaign", "sessioncampaignname": "campaign",
	"page path": "page", "pagepath": "page", "page path and screen class": "page", "page path + query string": "page", "unifiedpagepathscreen": "page",
	"landing page": "entry", "landingpage": "entry", "landing page + query string": "entry", "hostname": "hostname",
	"browser": "browser", "operating system": "os", "operatingsystem": "os", "device category": "device", "devicecategory": "device",
	"country": "country", "country id": "code", "countryid": "code", "language code": "language", "languagecode": "language", "event name": "event", "eventname": "event",
}

// ga4Numbers are its metrics. Of means the sums are made: see ga4Finish.
var ga4Numbers = map[string]cell{
	"date": ga4Date, "total users": number(aggregate.Visitors, 1), "totalusers": number(aggregate.Visitors, 1), "active users": number(aggregate.Visitors, 1), "activeusers": number(aggregate.Visitors, 1),
	"users": number(aggregate.Visitors, 1), "sessions": number(aggregate.Visits, 1), "views": number(aggregate.Pageviews, 1), "screenpageviews": number(aggregate.Pageviews, 1),
	"event count": number(aggregate.Events, 1), "eventcount": number(aggregate.Events, 1), "user engagement": number(aggregate.Engaged, 1000), "userengagementduration": number(aggregate.Engaged, 1000),
	"engaged sessions": mean("engaged"), "engagedsessions": mean("engaged"), "bounce rate": mean("bounce"), "bouncerate": mean("bounce"),
	"average session duration": mean("duration"), "averagesessionduration": mean("duration"),
}

// mean is a cell that is kept as it is until the row is whole.
func mean(name string) cell {
	return func(r *reportRow, text string) error {
		if text = strings.TrimSuffix(text, "%"); text == "" {
			return nil
		}
		if n, err := strconv.ParseFloat(text, 64); err != nil || n < 0 || n > 1e9 {
			return errors.New("is not a number")
		}
		r.texts[name] = text
		return nil
	}
}

// ga4Date reads a day in one of the two forms in which it is written.
func ga4Date(r *reportRow, text string) error {
	if len(text) == len("20260101") {
		text = text[:4] + "-" + text[4:6] + "-" + text[6:]
	}
	return date(r, text)
}

// ga4Sheet reads a table of a report or an exploration with a column for the date.
func ga4Sheet(_ string, header []string) *sheet {
	s, has := sheetOf(header, ga4Numbers, func(h string) string { return ga4Texts[h] })
	if !has["date"] {
		return nil
	}
	counted := false // Plausible's tables have a date, too
	for h := range has {
		counted = counted || h != "date" && ga4Numbers[h] != nil && plausibleNumbers[h] == nil
	}
	if !counted {
		return nil
	}
	finish := func(*reportRow, *ingest.Cleaner) {}
	switch {
	case has["source"], has["source/medium"], has["medium"], has["campaign"]:
		s.table, finish = tables.Sources, ga4Source
	case has["entry"]:
		s.table, finish = tables.EntryPages, func(r *reportRow, c *ingest.Cleaner) { r.facts[aggregate.EntryPage] = ga4Page(r, c, "entry") }
	case has["page"]:
		s.table, finish = tables.Pages, func(r *reportRow, c *ingest.Cleaner) {
			r.facts[aggregate.Page] = ga4Page(r, c, "page")
			r.facts[aggregate.Hostname] = strings.TrimPrefix(c.Text(r.said("hostname")), "www.")
		}
	case has["browser"]:
		s.table, finish = tables.Browsers, ga4Named("browser", labelled(aggregate.Browser))
	case has["os"]:
		s.table, finish = tables.Systems, ga4Named("os", labelled(aggregate.OS))
	case has["device"]:
		s.table, finish = tables.Devices, ga4Named("device", matomoDevice)
	case has["country"], has["code"]:
		s.table, finish = tables.Locations, ga4Named("country", matomoCountry)
	case has["language"]:
		s.table, finish = tables.Languages, ga4Named("language", labelled(aggregate.Language))
	case has["event"]:
		s.table, finish = tables.Events, ga4Named("event", labelled(aggregate.EventName))
	}
	s.finish = func(r *reportRow, c *ingest.Cleaner) {
		ga4Finish(r, s.table)
		finish(r, c)
	}
	return s
}

// ga4Finish makes sums of means. Events of its own are none of ours.
func ga4Finish(r *reportRow, t tables.Table) {
	n := &r.counts
	countVisitors(r)
	told := func(name string) (float64, bool) {
		f, err := strconv.ParseFloat(r.texts[name], 64)
		return f, err == nil
	}
	if f, ok := told("bounce"); ok {
		if f > 1 { // percent
			f /= 100
		}
		n[aggregate.Bounces] = int64(f*float64(n[aggregate.Visits]) + 0.5)
	} else if f, ok := told("engaged"); ok {
		n[aggregate.Bounces] = max(0, n[aggregate.Visits]-int64(f))
	}
	if f, ok := told("duration"); ok {
		n[aggregate.Duration] = int64(f * 1000 * float64(n[aggregate.Visits]))
	}
	if n[aggregate.Engaged] > 0 && t == tables.Pages {
		n[aggregate.EngagedVisits] = n[aggregate.Visitors]
	}
	if t == tables.Events && ga4Own[r.texts["event"]] {
		r.dropped = NotARequest
	}
}

// ga4Own are the events that its script sends by itself: pageviews have columns of
// their own, and the others are none of the site's.
var ga4Own = set("page_view session_start first_visit user_engagement scroll")

func ga4Page(r *reportRow, c *ingest.Cleaner, column string) string {
	path, _, _ := strings.Cut(r.said(column), "?")
	return c.Page(path)
}

// ga4Named reads the value of a column as a label.
func ga4Named(column string, finish func(*reportRow, *ingest.Cleaner)) func(*reportRow, *ingest.Cleaner) {
	return func(r *reportRow, c *ingest.Cleaner) {
		r.texts["label"] = r.texts[column]
		finish(r, c)
	}
}

func ga4Source(r *reportRow, c *ingest.Cleaner) {
	name, medium := r.said("source"), r.said("medium")
	if both := r.said("source/medium"); both != "" {
		name, medium, _ = strings.Cut(both, " / ")
	}
	said := func(text string, none ...string) string {
		text = c.Text(text)
		for _, n := range append(none, "(not set)", "(none)", "(data not available)") {
			if text == n {
				return ""
			}
		}
		return text
	}
	name, medium = said(name, "(direct)"), said(medium, "referral", "organic")
	campaign := said(r.said("campaign"), "(direct)", "(referral)", "(organic)", "(cross-network)")
	c.Named(&r.facts, name)
	if medium != "" || campaign != "" {
		c.Origin(&r.facts, r.facts[aggregate.Source], "", "", medium, campaign)
	}
}

// countryCode is the code of a country that is told by its English name.
func countryCode(name string) string { return countryCodes()[strings.ToLower(name)] }

var countryCodes = sync.OnceValue(func() map[string]string {
	codes := map[string]string{"türkiye": "TR", "czechia": "CZ", "united states of america": "US"}
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			if name, ok := ask.CountryName(code); ok {
				codes[strings.ToLower(name)] = code
			}
		}
	}
	return codes
})
