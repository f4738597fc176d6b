package importer

import (
	"time"

	"footfall/aggregate"
	"footfall/ingest/geo"
)

// umamiTimes are the layouts of Umami's times, which are UTC.
var umamiTimes = []string{time.DateTime, "2006-01-02 15:04:05.999999999", time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999-07", "2006-01-02 15:04:05.999999999-07:00"}

// umamiHit reads a record of Umami's table website_event: a pageview (event_type 1)
// or a custom event (2). Its sessions last a month there; here they are told apart
// by day like all visitors. Properties are in another table and are left behind.
func umamiHit(r *hitRecord, _ aggregate.Site) (dropped string, err error) {
	switch kind := r.get("event_type"); {
	case kind == "2":
		if r.name = r.get("event_name"); r.name == "" {
			return "", errShape
		}
	case kind != "1":
		return NotARequest, nil
	}
	if r.session = r.get("session_id"); r.session == "" {
		return "", errShape
	}
	if r.at, err = umamiTime(r.get("created_at")); err != nil {
		return "", err
	}
	r.host, r.page = r.get("hostname"), r.get("url_path")
	if query := r.get("url_query"); query != "" {
		r.page += "?" + query
	}
	if domain := r.get("referrer_domain"); domain != "" {
		r.referrer = "https://" + domain + r.get("referrer_path")
	}
	a := &r.known.Agent
	a.Browser = renamed(browserNames, r.get("browser"))
	a.OS, a.OSVersion = versionIn(r.get("os"))
	a.OS = renamed(systemNames, a.OS)
	a.Device = map[string]string{"desktop": "Desktop", "laptop": "Desktop", "mobile": "Mobile", "tablet": "Tablet"}[r.get("device")]
	region := r.get("region")
	if region == "" {
		region = r.get("subdivision1")
	}
	if r.known.Place = placeOf(r.get("country"), region); r.known.Place != (geo.Place{}) {
		r.known.Place.CityName = r.get("city")
	}
	r.language = r.get("language")
	return "", nil
}

func umamiTime(text string) (at time.Time, err error) {
	for _, layout := range umamiTimes {
		if at, err = time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return at, errTime
}
