package importer

import (
	"math"
	"time"

	"github.com/valyala/fastjson"

	"footfall/ingest"
)

// NotARequest is the reason for lines of Caddy's log that tell of something else.
const NotARequest = "not_a_request"

// caddyReader reads Caddy's access log: JSON lines that end with "handled
// request". Its times are seconds, or texts in the formats that Caddy names.
type caddyReader struct {
	view viewer
}

func (r *caddyReader) read(t *ingest.Ticket, who *ingest.Caller, line []byte) (dropped string, err error) {
	v, err := t.ParseObject(line)
	if err != nil {
		return "", errJSON
	}
	*who = ingest.Caller{}
	if who.At, err = caddyTime(v.Get("ts")); err != nil {
		return "", err
	}
	in := v.Get("request")
	if in == nil || in.Type() != fastjson.TypeObject {
		return NotARequest, nil
	}
	addr := stringOf(in.Get("client_ip"))
	if len(addr) == 0 {
		addr = stringOf(in.Get("remote_ip"))
	}
	if who.Addr, err = parseAddr(string(addr)); err != nil {
		return "", err
	}
	header := in.Get("headers")
	who.Agent = caddyHeader(header, "User-Agent")
	who.Language = string(caddyHeader(header, "Accept-Language"))
	who.GPC = string(caddyHeader(header, "Sec-Gpc")) == "1"
	who.DNT = string(caddyHeader(header, "Dnt")) == "1"
	who.Prefetch = ingest.IsAhead(caddyHeader(header, "Sec-Purpose")) || ingest.IsAhead(caddyHeader(header, "Purpose"))
	req := request{
		method: string(stringOf(in.Get("method"))), target: string(stringOf(in.Get("uri"))),
		host: string(stringOf(in.Get("host"))), status: intOf(v.Get("status")),
		referrer: string(caddyHeader(header, "Referer")),
	}
	return r.view.read(t, &req)
}

func intOf(v *fastjson.Value) int {
	if v == nil {
		return 0
	}
	n, _ := v.Int()
	return n
}

// caddyHeader is the first value of a header.
func caddyHeader(header *fastjson.Value, name string) []byte {
	if header == nil {
		return nil
	}
	if all := header.GetArray(name); len(all) > 0 {
		return stringOf(all[0])
	}
	return nil
}

// caddyTimes are the layouts of Caddy's time_format that hold a zone.
var caddyTimes = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.000Z0700", logTime, time.RFC1123Z,
}

func caddyTime(v *fastjson.Value) (at time.Time, err error) {
	if v == nil || v.Type() != fastjson.TypeString {
		return numberTime(v)
	}
	text, _ := v.StringBytes()
	for _, layout := range caddyTimes {
		if at, err = time.Parse(layout, string(text)); err == nil {
			return at, checkTime(at)
		}
	}
	return at, errTime
}

func numberTime(v *fastjson.Value) (at time.Time, err error) {
	if v == nil || v.Type() != fastjson.TypeNumber {
		return at, errTime
	}
	n, _ := v.Float64()
	return unixTime(n)
}

// unixTime reads a number of seconds, milliseconds or nanoseconds since 1970: for
// any date of a log, only one of the three can be meant.
func unixTime(seconds float64) (at time.Time, err error) {
	switch {
	case seconds > 1e17:
		seconds /= 1e9
	case seconds > 1e11:
		seconds /= 1e3
	}
	if math.IsNaN(seconds) || seconds < 0 || seconds > 1e11 {
		return at, errTime
	}
	at = time.UnixMilli(int64(math.Round(seconds * 1e3)))
	return at, checkTime(at)
}
