package importer

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"footfall/aggregate"
	"footfall/ingest"
)

// Format names a kind of file.
type Format string

const (
	Events   Format = "events"   // JSON lines: time, ip, user_agent, language and a beacon's keys
	Combined Format = "combined" // access log of nginx and Apache, with or without a host in front
	Common   Format = "common"   // the same without referrer and agent
	Caddy    Format = "caddy"    // access log of Caddy, JSON lines

	CloudFront Format = "cloudfront" // access log of CloudFront (W3C, tabs, percent-encoded)
	IIS        Format = "iis"        // access log of IIS, and others in the W3C's extended format
	Cloudflare Format = "cloudflare" // Logpush of HTTP requests, JSON lines

	GoatCounter Format = "goatcounter" // CSV export of GoatCounter, a record for each hit
	Umami       Format = "umami"       // CSV export of Umami, likewise

	Plausible Format = "plausible" // CSV zip of Plausible
	// GoatStats is the zip of counts, JSON lines, that newer versions of GoatCounter
	// export.
	GoatStats Format = "goatcounter-counts"
	Matomo    Format = "matomo"   // CSV of Matomo's reports by day
	GA4       Format = "ga4"      // CSV of Google Analytics' reports by day
	Footfall  Format = "footfall" // our own export
)

// Formats are all formats of lines.
func Formats() []Format {
	return []Format{Events, Combined, Common, Caddy, CloudFront, IIS, Cloudflare, GoatCounter, Umami}
}

// isCSV reports whether a format's lines are records of CSV files with a head.
func (f Format) isCSV() bool { return f == GoatCounter || f == Umami }

// reader reads one line of a format.
type reader interface {
	// read fills the ticket's beacon and the caller, which may point into line.
	// dropped is a reason to drop the line for what it is; the error says why it
	// cannot be read.
	read(t *ingest.Ticket, who *ingest.Caller, line []byte) (dropped string, err error)
}

// keeper is a reader whose lines need something of the lines before: it says how
// a line is held until its turn.
type keeper interface {
	keep(line []byte) []byte
}

func newReader(f Format, site aggregate.Site, settings *aggregate.Settings) (reader, error) {
	view := viewer{site: site, hosts: len(settings.Hostnames) > 0}
	switch f {
	case Events:
		return &eventReader{site: site}, nil
	case Combined, Common:
		return &logReader{common: f == Common, view: view}, nil
	case Caddy:
		return &caddyReader{view: view}, nil
	case CloudFront, IIS:
		return newW3CReader(f, view), nil
	case Cloudflare:
		return &cloudflareReader{view: view}, nil
	case GoatCounter:
		return &hitsReader{site: site, hit: goatCounterHit}, nil
	case Umami:
		return &hitsReader{site: site, hit: umamiHit}, nil
	}
	return nil, fmt.Errorf("%w: %q (there are %v)", ErrFormat, f, Formats())
}

// FirstTime is the time of the first line that can be read, to put files in
// order. It looks at no more than the first thousand lines.
func FirstTime(f Format, r io.Reader) (at time.Time, ok bool) {
	settings := aggregate.DefaultSettings()
	format, err := newReader(f, "unnamed.example", &settings)
	if err != nil || f.isCSV() { // which are sorted whole
		return at, false
	}
	lines, ticket, who := newLineReader(r), new(ingest.Ticket), new(ingest.Caller)
	ticket.Fallback = "unnamed.example"
	for lines.number < 1000 {
		line, err := lines.next()
		if err != nil && !errors.Is(err, errLongLine) {
			return at, false
		}
		*who = ingest.Caller{}
		if _, err = format.read(ticket, who, line); err == nil && !who.At.IsZero() {
			return who.At, true
		}
	}
	return at, false
}

// What is wrong with lines.
var (
	errJSON    = errors.New("not a JSON object")
	errTime    = errors.New("no time that can be read")
	errTimeRFC = errors.New(`"time" is not RFC 3339, such as 2026-05-04T12:00:00Z`)
	errAddress = errors.New("no address that can be read")
	errShape   = errors.New("not a line of this format")
)

// checkTime refuses what no server's clock ever showed.
func checkTime(at time.Time) error {
	if year := at.Year(); year < 1970 || year > 9999 {
		return errTime
	}
	return nil
}

// parseAddr reads an address. Blank is nobody's, as "-" is.
func parseAddr(text string) (netip.Addr, error) {
	if text == "" || text == "-" {
		return netip.IPv4Unspecified(), nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return addr, errAddress
	}
	return addr.Unmap().WithZone(""), nil
}

// eventReader reads our own event lines.
type eventReader struct{ site aggregate.Site }

func (r *eventReader) read(t *ingest.Ticket, who *ingest.Caller, line []byte) (dropped string, err error) {
	object, err := t.ParseObject(line)
	if err != nil {
		return "", errJSON
	}
	*who = ingest.Caller{}
	text := object.Get("time")
	if text == nil || text.Type() != fastjson.TypeString {
		return "", errTimeRFC
	}
	spelled, _ := text.StringBytes()
	if who.At, err = time.Parse(time.RFC3339, string(spelled)); err != nil {
		return "", errTimeRFC
	}
	if err := checkTime(who.At); err != nil {
		return "", err
	}
	if who.Addr, err = parseAddr(string(stringOf(object.Get("ip")))); err != nil {
		return "", err
	}
	who.Agent = stringOf(object.Get("user_agent"))
	who.Language = string(stringOf(object.Get("language")))
	t.ReadObject(object)
	if len(t.Problems) > 0 {
		return "", ticketError(t)
	}
	for _, site := range t.Sites() {
		if site == r.site {
			return "", nil
		}
	}
	return OtherSite, nil
}

func stringOf(v *fastjson.Value) []byte {
	if v == nil || v.Type() != fastjson.TypeString {
		return nil
	}
	text, _ := v.StringBytes()
	return text
}

// ticketError says why a ticket's beacon cannot be counted.
func ticketError(t *ingest.Ticket) error { return errors.New(t.ProblemText()) }

// viewer makes pageviews of requests.
type viewer struct {
	site  aggregate.Site
	hosts bool // the site's settings say which hosts count
	url   []byte
}

// request is a line of an access log.
type request struct {
	method, target string
	host           string // "" where the log does not tell
	status         int
	referrer       string
}

// read makes the request a pageview, or says why it is none.
func (v *viewer) read(t *ingest.Ticket, r *request) (dropped string, err error) {
	switch {
	case r.status != 200 && r.status != 304:
		return Status, nil
	case r.method != "GET":
		return Method, nil
	case !isPage(r.target):
		return NotAPage, nil
	case r.host != "" && !v.ours(r.host):
		return OtherSite, nil
	}
	host := r.host
	if host == "" {
		host = string(v.site)
	}
	v.url = append(append(append(v.url[:0], "http://"...), host...), r.target...)
	t.ReadView(string(v.url), r.referrer)
	if len(t.Problems) > 0 {
		return "", ticketError(t)
	}
	return "", nil
}

// ours reports whether pages of a host are the site's: its own, those below it,
// or whatever its settings allow.
func (v *viewer) ours(host string) bool {
	if v.hosts {
		return true
	}
	name := strings.ToLower(host)
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, ']') && string(v.site) != name {
		name = name[:i]
	}
	name = strings.TrimPrefix(name, "www.")
	return name == string(v.site) || strings.HasSuffix(name, "."+string(v.site))
}
