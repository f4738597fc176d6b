package importer

import (
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"footfall/ingest"
)

// cloudflareReader reads what Cloudflare's Logpush writes of HTTP requests: JSON
// lines. Times are RFC 3339 or Unix, in seconds or nanoseconds, whatever the job
// was set to. What Workers ask for themselves are no requests of visitors.
//
// https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/
type cloudflareReader struct {
	view viewer
}

func (r *cloudflareReader) read(t *ingest.Ticket, who *ingest.Caller, line []byte) (dropped string, err error) {
	v, err := t.ParseObject(line)
	if err != nil {
		return "", errJSON
	}
	*who = ingest.Caller{}
	text := func(name string) string { return string(stringOf(v.Get(name))) }
	if from := text("ClientRequestSource"); from != "" && from != "eyeball" && from != "1" {
		return NotARequest, nil
	}
	if who.At, err = cloudflareTime(v.Get("EdgeStartTimestamp")); err != nil {
		return "", err
	}
	if who.Addr, err = parseAddr(text("ClientIP")); err != nil {
		return "", err
	}
	who.Agent = stringOf(v.Get("ClientRequestUserAgent"))
	if country := strings.ToUpper(text("ClientCountry")); len(country) == 2 && country != "XX" {
		who.Country = country
	}
	req := request{
		method: text("ClientRequestMethod"), target: text("ClientRequestURI"), host: text("ClientRequestHost"),
		status: intOf(v.Get("EdgeResponseStatus")), referrer: text("ClientRequestReferer"),
	}
	if req.target == "" {
		req.target = text("ClientRequestPath")
	}
	if req.method == "" {
		return "", errShape
	}
	return r.view.read(t, &req)
}

func cloudflareTime(v *fastjson.Value) (at time.Time, err error) {
	if v != nil && v.Type() == fastjson.TypeString {
		if at, err = time.Parse(time.RFC3339Nano, string(stringOf(v))); err != nil {
			return at, errTime
		}
		return at, checkTime(at)
	}
	return numberTime(v)
}
