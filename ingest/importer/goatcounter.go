package importer

import (
	"strconv"
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/ingest"
)

// goatCounterHit reads a record of GoatCounter's CSV export: one for each pageview,
// or event, whose path is its name. A record without a session is a visitor of its
// own.
//
// https://www.goatcounter.com/help/export
func goatCounterHit(r *hitRecord, _ aggregate.Site) (dropped string, err error) {
	if bot, err := strconv.Atoi(r.get("bot")); err == nil && bot > 0 {
		return ingest.Bot, nil
	}
	if r.at, err = time.Parse(time.RFC3339, r.get("date")); err != nil {
		return "", errTime
	}
	if r.session = r.get("session"); r.session == "" {
		r.session = strings.Join(r.fields, "\x00")
	}
	path := r.get("path")
	if isTrue(r.get("event")) {
		r.name = path
	} else if r.page = path; path == "" {
		return "", errShape
	}
	goatCounterReferrer(r)
	a := &r.known.Agent
	a.Browser, a.BrowserVersion = versionIn(r.get("browser"))
	a.OS, a.OSVersion = versionIn(r.get("system"))
	a.Browser, a.OS = renamed(browserNames, a.Browser), renamed(systemNames, a.OS)
	width, _, _ := strings.Cut(strings.ReplaceAll(r.get("screen size"), "x", ","), ",")
	if n, err := strconv.ParseFloat(width, 64); err == nil && n < 1e6 {
		a.Device = deviceOf(int(n), a.OS)
	}
	r.known.Place = placeOf(r.get("location"), "")
	r.language = r.get("language")
	return "", nil
}

// goatCounterReferrer reads the referrer by its scheme: an address, a name that was
// made of one, or a campaign.
func goatCounterReferrer(r *hitRecord) {
	ref := r.get("referrer")
	switch scheme := r.get("referrer scheme"); {
	case ref == "":
	case scheme == "g":
		r.known.Source = ref
	case scheme == "c":
		if !strings.Contains(r.page, "utm_campaign=") {
			r.page += separatorOf(r.page) + "utm_campaign=" + escapeQuery(ref)
		}
	case strings.Contains(ref, "://"):
		r.referrer = ref
	default:
		r.referrer = "https://" + ref
	}
}

func separatorOf(page string) string {
	if strings.Contains(page, "?") {
		return "&"
	}
	return "?"
}

// escapeQuery escapes a value of a query.
func escapeQuery(value string) string {
	var out strings.Builder
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			out.WriteByte(c)
		default:
			out.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[c>>4])+string("0123456789abcdef"[c&15])))
		}
	}
	return out.String()
}

func isTrue(text string) bool { return text == "true" || text == "1" || text == "t" }
