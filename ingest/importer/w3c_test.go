package importer

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
)

const cloudFrontHead = "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) " +
	"cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol"

// cloudFront is a line of CloudFront's log.
func cloudFront(at, stem, query, status, host string) string {
	return strings.Join([]string{"2026-05-04", at, "FRA2", "1045", "203.0.113.7", "GET", "d111111abcdef8.cloudfront.net", stem, status,
		"https://news.example/x%20y", "Mozilla/5.0%20(X11;%20Linux%20x86_64)%20Firefox/145.0", query, "-", "Hit", "id==", host, "https", "23", "0.001", "-", "TLSv1.3"}, "\t")
}

func TestCloudFrontsLogIsRead(t *testing.T) {
	tr := newTrial(t, CloudFront)
	got := tr.read(cloudFrontHead, cloudFront("12:00:00", "/a", "utm_source=x&y=1", "200", "www.example.com"),
		cloudFront("12:00:01", "/b", "-", "304", "d111111abcdef8.cloudfront.net"), cloudFront("12:00:02", "/a.css", "-", "200", "example.com"),
		cloudFront("12:00:03", "/c", "-", "000", "example.com"), cloudFront("12:00:04", "/d", "-", "200", "other.example"),
		cloudFront("noon", "/d", "-", "200", "example.com"), "2026-05-04\t12:00:00\tshort")
	tr.want(got, 2, 2, map[string]int{NotARequest: 2, NotAPage: 1, Status: 1, OtherSite: 1})
	first := tr.hits[0]
	if first.At != noon.UnixMilli() || first.Facts[aggregate.Page] != "/a" || first.Facts[aggregate.UTMSource] != "x" ||
		first.Facts[aggregate.Country] != "DE" || first.Facts[aggregate.Browser] != "Firefox" || tr.hits[1].Facts[aggregate.Hostname] != "example.com" {
		t.Errorf("got %+v", first)
	}
}

func TestFieldsHoldUntilTheNextFields(t *testing.T) {
	tr := newTrial(t, IIS)
	got := tr.read("#Software: Microsoft Internet Information Services 10.0",
		"#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
		"2026-05-04 12:00:05 10.0.0.1 GET /late utm_medium=mail 443 - 203.0.113.7 Mozilla/5.0+(Windows+NT+10.0)+Firefox/145.0 https://news.example/ 200 0 0 15",
		"#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent) cs-host X-Forwarded-For",
		"2026-05-04 12:00:00 10.0.0.9 GET /early 200 Firefox www.example.com 198.51.100.1,+203.0.113.7",
		"2026-05-04 12:00:01 10.0.0.9 GET /early 200")
	tr.want(got, 2, 1, map[string]int{NotARequest: 3})
	if pages(tr.hits) != "/early /late" || tr.hits[0].Facts[aggregate.Country] != "DE" || tr.hits[1].Facts[aggregate.UTMMedium] != "mail" {
		t.Errorf("got %s: %+v", pages(tr.hits), tr.hits)
	}
}

func TestLogsThatLostTheirHeadAreReadAsTheyUsuallyAre(t *testing.T) {
	tr := newTrial(t, CloudFront)
	tr.want(tr.read(cloudFront("12:00:00", "/a", "-", "200", "example.com")), 1, 0, nil)
	tr = newTrial(t, IIS)
	tr.want(tr.read("2026-05-04 12:00:00 10.0.0.1 GET /a - 443 - 203.0.113.7 Firefox - 200 0 0 15"), 1, 0, nil)
}

func TestCloudflaresLogpushIsRead(t *testing.T) {
	line := func(at, uri, more string) string {
		return fmt.Sprintf(`{"ClientIP":"198.51.100.9","ClientRequestHost":"example.com","ClientRequestMethod":"GET","ClientRequestURI":%q,"EdgeResponseStatus":200,"EdgeStartTimestamp":%s,"ClientRequestUserAgent":"Firefox","ClientRequestReferer":"https://news.example/","ClientCountry":"fr"%s}`, uri, at, more)
	}
	tr := newTrial(t, Cloudflare)
	got := tr.read(line(`"2026-05-04T12:00:00Z"`, "/a?utm_source=x", ""), line(fmt.Sprint(noon.UnixNano()), "/b", `,"ClientRequestSource":"eyeball"`), line(fmt.Sprint(noon.Unix()), "/c", ""),
		line(`"2026-05-04T12:00:00Z"`, "/w", `,"ClientRequestSource":"edgeWorkerFetch"`), line(`"noon"`, "/w", ""), line(`null`, "/w", ""), "[]")
	tr.want(got, 3, 3, map[string]int{NotARequest: 1})
	if first := tr.hits[0]; first.At != noon.UnixMilli() || first.Facts[aggregate.UTMSource] != "x" {
		t.Errorf("got %+v", first)
	}
}

// TestHeldLinesKeepTheirLayout reads files whose layouts change while lines of
// the one before are still held.
func TestHeldLinesKeepTheirLayout(t *testing.T) {
	tr := newTrial(t, IIS)
	for i, fields := range []string{"date time c-ip cs-uri-stem cs-method sc-status cs(User-Agent)", "sc-status cs-method cs-uri-stem c-ip time date cs(User-Agent)"} {
		line := "2026-05-04 12:00:00 203.0.113.7 /one GET 200 Firefox"
		if i == 1 {
			line = "200 GET /two 203.0.113.7 12:00:01 2026-05-04 Firefox"
		}
		if err := tr.m.Read(context.Background(), "f", strings.NewReader("#Fields: "+fields+"\n"+line)); err != nil {
			t.Fatal(err)
		}
	}
	tr.want(tr.read(), 2, 0, map[string]int{NotARequest: 2})
	if pages(tr.hits) != "/one /two" || tr.hits[1].At != noon.Add(time.Second).UnixMilli() {
		t.Errorf("got %+v", tr.hits)
	}
}

func FuzzW3CLines(f *testing.F) {
	fuzzLines(f, CloudFront, cloudFrontHead+"\n"+cloudFront("12:00:00", "/a", "-", "200", "example.com"),
		"#Fields: date time c-ip cs-method cs-uri-stem sc-status\n2026-05-04 12:00:00 ::1 GET / 200\n\x00\x01x", "#Fields: timestamp c-ip cs-method cs-uri-stem sc-status\n1777896000.25 - GET /%20%zz 200")
}

func FuzzCloudflareLines(f *testing.F) {
	fuzzLines(f, Cloudflare, `{"ClientIP":"::1","ClientRequestMethod":"GET","ClientRequestURI":"/","EdgeResponseStatus":200,"EdgeStartTimestamp":1777896000000000000,"ClientRequestUserAgent":"Firefox"}`)
}
