package importer

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"footfall/ingest"
)

// w3cReader reads logs in the extended format of the W3C
// (https://www.w3.org/TR/WD-logfile.html), as CloudFront and IIS write it: lines
// beginning with # are directives, of which #Fields names the columns of the lines
// that follow. Times are UTC, "-" is blank.
//
// A line means nothing without its #Fields. Held lines therefore begin with a zero
// byte and the number of their layout.
type w3cReader struct {
	view    viewer
	encoded bool // values are percent-encoded, agents too (CloudFront); else + stands for a space in agents (IIS)
	layouts []layout
	current int
}

// column is what a column of the log means here.
type column uint8

const (
	unread column = iota
	colDate
	colTime
	colMoment // date and time in one: RFC 3339, or seconds
	colMethod
	colStem
	colQuery
	colStatus
	colAddr
	colForwarded
	colAgent
	colReferrer
	colHost
	colHostHeader // before colHost: what the visitor asked for, not the distribution
	colLanguage
	columns
)

var columnOf = map[string]column{
	"date": colDate, "time": colTime, "timestamp": colMoment,
	"cs-method": colMethod, "cs-uri-stem": colStem, "cs-uri-query": colQuery, "sc-status": colStatus,
	"c-ip": colAddr, "x-forwarded-for": colForwarded, "cs(x-forwarded-for)": colForwarded,
	"cs(user-agent)": colAgent, "cs-user-agent": colAgent, "cs(referer)": colReferrer, "cs-referer": colReferrer,
	"cs(host)": colHost, "cs-host": colHost, "x-host-header": colHostHeader,
	"cs(accept-language)": colLanguage, "cs-accept-language": colLanguage,
}

// layout is what each column of a line is.
type layout []column

// maxLayouts is how many layouts the files of one import may have.
const maxLayouts = 250

// The layouts that CloudFront and IIS write unless told otherwise, for files that
// have lost their head.
const (
	cloudFrontFields = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) " +
		"cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for"
	iisFields = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status"
)

func newW3CReader(f Format, view viewer) *w3cReader {
	r := &w3cReader{view: view, encoded: f == CloudFront}
	if r.encoded {
		r.layouts = []layout{readLayout(cloudFrontFields)}
	} else {
		r.layouts = []layout{readLayout(iisFields)}
	}
	return r
}

func readLayout(fields string) (l layout) {
	for _, name := range strings.Fields(fields) {
		l = append(l, columnOf[strings.ToLower(name)])
	}
	return l
}

func (r *w3cReader) read(t *ingest.Ticket, who *ingest.Caller, line []byte) (dropped string, err error) {
	*who = ingest.Caller{}
	number := r.current
	switch {
	case len(line) > 2 && line[0] == 0:
		number, line = int(line[1]), line[2:]
	case len(line) > 0 && line[0] == '#':
		return NotARequest, r.direct(string(line))
	}
	if number >= len(r.layouts) {
		return "", errShape
	}
	values, ok := r.layouts[number].cut(line)
	if !ok {
		return "", errShape
	}
	if err := values.caller(who, r.encoded); err != nil {
		return "", err
	}
	who.NoAgent = !slices.Contains(r.layouts[number], colAgent)
	req := request{method: values[colMethod], target: values[colStem], referrer: values[colReferrer], host: values.host()}
	if query := values[colQuery]; query != "" {
		req.target += "?" + query
	}
	if req.status, err = strconv.Atoi(values[colStatus]); err != nil {
		return "", errShape
	}
	return r.view.read(t, &req)
}

// direct follows a directive.
func (r *w3cReader) direct(line string) error {
	fields, ok := strings.CutPrefix(line, "#Fields:")
	if !ok {
		return nil
	}
	l := readLayout(fields)
	if i := slices.IndexFunc(r.layouts, func(known layout) bool { return slices.Equal(known, l) }); i >= 0 {
		r.current = i
		return nil
	}
	if len(r.layouts) == maxLayouts {
		return errShape
	}
	r.layouts, r.current = append(r.layouts, l), len(r.layouts)
	return nil
}

// keep is the line as it is held.
func (r *w3cReader) keep(line []byte) []byte {
	if len(line) > 0 && line[0] == 0 {
		return line
	}
	return append([]byte{0, byte(r.current)}, line...)
}

// w3cValues are the values of a line, blank where there is none.
type w3cValues [columns]string

// cut splits a line. ok is false where values are missing.
func (l layout) cut(line []byte) (values w3cValues, ok bool) {
	n := 0
	for len(line) > 0 && n < len(l) {
		end := bytes.IndexAny(line, " \t")
		if end < 0 {
			end = len(line)
		}
		if l[n] != unread && !(end == 1 && line[0] == '-') {
			values[l[n]] = string(line[:end])
		}
		n++
		line = line[min(end+1, len(line)):]
		for len(line) > 0 && line[0] == ' ' {
			line = line[1:]
		}
	}
	last := len(l) - 1 // optional ones at the end may be missing
	for last >= 0 && (l[last] == unread || l[last] == colForwarded || l[last] == colLanguage) {
		last--
	}
	return values, last >= 0 && n > last
}

// caller reads who asked, and when.
func (v *w3cValues) caller(who *ingest.Caller, encoded bool) (err error) {
	if v[colMoment] != "" {
		who.At, err = moment(v[colMoment])
	} else {
		who.At, err = time.Parse(time.DateOnly+" "+time.TimeOnly, v[colDate]+" "+v[colTime])
	}
	if err != nil || checkTime(who.At) != nil {
		return errTime
	}
	if who.Addr, err = parseAddr(v[colAddr]); err != nil {
		return err
	}
	if who.Addr.IsPrivate() || who.Addr.IsLoopback() {
		if outer, ok := forwarded(v[colForwarded]); ok {
			who.Addr = outer
		}
	}
	who.Agent = []byte(v.spaced(colAgent, encoded))
	who.Language = v.spaced(colLanguage, encoded)
	return nil
}

// spaced is a value whose spaces were replaced.
func (v *w3cValues) spaced(c column, encoded bool) string {
	if !encoded {
		return strings.ReplaceAll(v[c], "+", " ")
	}
	text := percentDecode(v[c])
	if strings.Contains(text, "%20") { // encoded twice, until 2017
		text = percentDecode(text)
	}
	return text
}

// host is what the visitor asked for. A distribution's own name says nothing.
func (v *w3cValues) host() string {
	for _, host := range []string{v[colHostHeader], v[colHost]} {
		if host != "" && !strings.HasSuffix(strings.ToLower(host), ".cloudfront.net") {
			return host
		}
	}
	return ""
}

// forwarded is the last address of X-Forwarded-For that is somebody's.
func forwarded(list string) (addr netip.Addr, ok bool) {
	parts := strings.FieldsFunc(percentDecode(list), func(r rune) bool { return r == ',' || r == ' ' || r == '+' })
	for _, part := range slices.Backward(parts) {
		addr, err := netip.ParseAddr(part)
		if err == nil && !addr.IsPrivate() && !addr.IsLoopback() {
			return addr.Unmap().WithZone(""), true
		}
	}
	return addr, false
}

// moment reads RFC 3339, or Unix seconds with or without a fraction.
func moment(text string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return time.Time{}, errTime
	}
	return unixTime(seconds)
}

// percentDecode decodes what is encoded and leaves the rest alone.
func percentDecode(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, text[i])
	}
	return string(out)
}
