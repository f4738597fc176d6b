package importer

import (
	"slices"
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/ingest"
	"footfall/ingest/agent"
	"footfall/ingest/geo"
)

// hitsReader reads the exports of products that keep single hits: CSV files whose
// first record names the columns. What they tell of a visitor is a session's
// number, and facts in the place of address and agent; the number is hashed under
// the salts of the import like an agent, and so is forgotten with them.
//
// A record means nothing without its file's head. Held ones therefore begin with a
// zero byte and the number of their head.
type hitsReader struct {
	site    aggregate.Site
	hit     func(r *hitRecord, site aggregate.Site) (dropped string, err error)
	heads   [][]string
	current int
	csv     csvReader
	record  hitRecord
	known   ingest.Known
	url     []byte
}

// hitRecord is a record, and what becomes of it.
type hitRecord struct {
	head, fields []string

	name, page     string // of a pageview the name is blank; page = path with its query
	host, referrer string
	at             time.Time
	session        string
	language       string
	known          *ingest.Known
}

// get is a column's value, blank where there is no such column.
func (r *hitRecord) get(column string) string {
	if i := slices.Index(r.head, column); i >= 0 && i < len(r.fields) {
		return r.fields[i]
	}
	return ""
}

// begin reads a file's head. known is false for a file that has no hits.
func (r *hitsReader) begin(head []byte) (known bool) {
	fields, err := r.csv.split(string(head))
	if err != nil {
		return false
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = strings.ToLower(strings.TrimSpace(f))
	}
	if len(names) > 0 {
		names[0] = strings.TrimLeft(names[0], "0123456789,") // GoatCounter's version
	}
	if len(r.heads) == maxLayouts {
		return false
	}
	r.heads, r.current = append(r.heads, names), len(r.heads)
	return hitsFormat(names) != ""
}

// hitsFormat is the format that a head belongs to, blank for none.
func hitsFormat(head []string) Format {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(head, n) })
	}
	switch {
	case has("path", "event", "session", "date"):
		return GoatCounter
	case has("session_id", "url_path", "event_type", "created_at"):
		return Umami
	}
	return ""
}

// keep is the record as it is held.
func (r *hitsReader) keep(line []byte) []byte {
	if len(line) > 0 && line[0] == 0 {
		return line
	}
	return append([]byte{0, byte(r.current)}, line...)
}

func (r *hitsReader) read(t *ingest.Ticket, who *ingest.Caller, line []byte) (dropped string, err error) {
	number := r.current
	if len(line) > 2 && line[0] == 0 {
		number, line = int(line[1]), line[2:]
	}
	if number >= len(r.heads) {
		return "", errShape
	}
	r.known = ingest.Known{}
	r.record = hitRecord{head: r.heads[number], known: &r.known}
	if r.record.fields, err = r.csv.split(string(line)); err != nil {
		return "", err
	}
	if len(r.record.fields) != len(r.record.head) {
		return "", errShape
	}
	*who = ingest.Caller{}
	dropped, err = r.hit(&r.record, r.site)
	if err != nil || dropped != "" {
		return dropped, err
	}
	return "", r.fill(t, who)
}

// fill turns the record into a beacon.
func (r *hitsReader) fill(t *ingest.Ticket, who *ingest.Caller) error {
	h := &r.record
	if err := checkTime(h.at); err != nil {
		return err
	}
	who.Addr, _ = parseAddr("")
	who.At, who.Agent, who.Language, who.Known = h.at, []byte(h.session), h.language, h.known
	host := h.host
	if host == "" {
		host = string(r.site)
	}
	if !strings.HasPrefix(h.page, "/") {
		h.page = "/" + h.page
	}
	r.url = append(append(append(r.url[:0], "http://"...), host...), h.page...)
	name := h.name
	if name == "" {
		name = aggregate.PageviewName
	}
	t.ReadEvent(name, string(r.url), h.referrer)
	if len(t.Problems) > 0 {
		return ticketError(t)
	}
	return nil
}

// deviceOf is the device of a screen's width, where only that and the system are
// known.
func deviceOf(width int, system string) string {
	mobile := system == "iOS" || system == "Android" || system == "iPadOS"
	switch {
	case width <= 0:
		return ""
	case !mobile:
		return agent.Desktop
	case width < 768:
		return agent.Mobile
	}
	return agent.Tablet
}

// placeOf is a place of ISO codes: a country, and a region of it, with its country
// in front or not.
func placeOf(country, region string) (p geo.Place) {
	if before, after, ok := strings.Cut(country, "-"); ok { // DE-BE
		country, region = before, after
	}
	p.Country = strings.ToUpper(country)
	if len(p.Country) != 2 {
		return geo.Place{}
	}
	if region != "" {
		p.RegionCode = p.Country + "-" + strings.TrimPrefix(strings.ToUpper(region), p.Country+"-")
	}
	return p
}

// systemNames and browserNames are other products' names of what we call otherwise.
var (
	systemNames = map[string]string{"Mac OS": "Mac", "Mac OS X": "Mac", "macOS": "Mac", "Linux": "GNU/Linux", "Android OS": "Android", "Chrome OS": "Chrome OS", "ChromeOS": "Chrome OS"}

	browserNames = map[string]string{"chrome": "Chrome", "crios": "Chrome", "chromium-webview": "Mobile App", "firefox": "Firefox", "fxios": "Firefox", "safari": "Safari", "ios": "Safari",
		"ios-webview": "Mobile App", "edge": "Microsoft Edge", "edge-chromium": "Microsoft Edge", "edge-ios": "Microsoft Edge", "opera": "Opera", "opera-mini": "Opera", "samsung": "Samsung Browser",
		"yandexbrowser": "Yandex Browser", "brave": "Brave", "vivaldi": "Vivaldi", "facebook": "Mobile App", "instagram": "Mobile App", "android": "Android", "Edge": "Microsoft Edge", "Samsung Internet": "Samsung Browser"}
)

func renamed(names map[string]string, name string) string {
	if ours, ok := names[name]; ok {
		return ours
	}
	return name
}

// versionIn parts a name from the version behind it: "Windows 10", "Chrome 142".
func versionIn(text string) (name, version string) {
	name = strings.TrimSpace(text)
	if i := strings.LastIndexByte(name, ' '); i >= 0 && i+1 < len(name) && name[i+1] >= '0' && name[i+1] <= '9' {
		return name[:i], name[i+1:]
	}
	return name, ""
}
