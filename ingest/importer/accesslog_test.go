package importer

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"footfall/aggregate"
	"footfall/ingest"
)

// combined is a line of an access log.
func combined(request string, status int) string {
	return fmt.Sprintf(`203.0.113.7 - ann [04/May/2026:14:00:00 +0200] "%s" %d 512 "https://news.example/x" "Firefox"`, request, status)
}

func TestAccessLogsCountPagesAlone(t *testing.T) {
	tr := newTrial(t, Combined)
	got := tr.read(
		combined("GET /a?utm_source=x HTTP/1.1", 200), combined("GET / HTTP/2.0", 304), combined("GET /index.html HTTP/1.1", 200),
		combined("GET /blog/release-1.2 HTTP/1.1", 200), combined("GET /feedback HTTP/1.1", 200), combined("GET /apiary HTTP/1.1", 200),
		combined("POST /a HTTP/1.1", 200), combined("HEAD /a HTTP/1.1", 200),
		combined("GET /a HTTP/1.1", 404), combined("GET /a HTTP/1.1", 301), combined(`\x16\x03`, 400),
		combined("GET /style.CSS?v=1 HTTP/1.1", 200), combined("GET /feed/ HTTP/1.1", 200), combined("GET /rss.xml HTTP/1.1", 200),
		combined("GET /api/users HTTP/1.1", 200), combined("GET /robots.txt HTTP/1.1", 200), combined("GET /.well-known/x HTTP/1.1", 200),
		combined("GET * HTTP/1.1", 200), combined("GET /wp-json/x HTTP/1.1", 200), combined("GET /.env HTTP/1.1", 200))
	tr.want(got, 6, 0, map[string]int{Method: 2, Status: 3, NotAPage: 9})
	first := tr.hits[0]
	if first.Facts[aggregate.Page] != "/a" || first.Facts[aggregate.Hostname] != "example.com" || first.Facts[aggregate.UTMSource] != "x" ||
		first.Facts[aggregate.Browser] != "Firefox" || first.At != noon.UnixMilli() || first.Kind != aggregate.Pageview {
		t.Errorf("got %+v", first)
	}
}

func TestAccessLogsMayHaveAHostInFront(t *testing.T) {
	tr := newTrial(t, Combined)
	line := combined("GET /a HTTP/1.1", 200)
	got := tr.read("www.example.com:443 "+line, "blog.example.com "+line, "other.example:80 "+line, "notexample.com "+line)
	tr.want(got, 2, 0, map[string]int{OtherSite: 2})
	if tr.hits[0].Facts[aggregate.Hostname] != "example.com" || tr.hits[1].Facts[aggregate.Hostname] != "blog.example.com" {
		t.Errorf("got hosts %q and %q", tr.hits[0].Facts[aggregate.Hostname], tr.hits[1].Facts[aggregate.Hostname])
	}
	tr = newTrial(t, Combined, func(o *Options) { o.Settings.Hostnames = []string{"other.example"} })
	tr.want(tr.read("www.example.com:443 "+line, "other.example "+line), 1, 0, map[string]int{ingest.Hostname: 1})
}

func TestOddAccessLogLinesAreReadOrBad(t *testing.T) {
	tr := newTrial(t, Combined)
	got := tr.read(
		`2001:db8::1 - - [04/May/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 - "-" "Fire\"fox\x22 \\"`,
		`::ffff:203.0.113.7 - ann smith [04/May/2026:12:00:00 +0000] "GET /b" 200 5 "" "Firefox" "extra" 0.1`,
		`203.0.113.7 - - [04/May/2026:12:00:00 +0000] "GET /c HTTP/1.1" 200 5 "-" "-"`,
		`203.0.113.7 - - [04/May/2026:12:00:00 +0000] "GET /c HTTP/1.1" 200 5`,
		`203.0.113.7 - - [yesterday] "GET /c HTTP/1.1" 200 5 "-" "Firefox"`,
		`host.example - - [04/May/2026:12:00:00 +0000] "GET /c HTTP/1.1" 200 5 "-" "Firefox"`,
		`203.0.113.7 - - [04/May/2026:12:00:00 +0000] "GET /c HTTP/1.1`,
		`203.0.113.7 - - [04/May/2026:12:00:00 +0000] "GET /c HTTP/1.1" abc 5 "-" "Firefox"`,
		combined("GET /"+strings.Repeat("x", 3000)+" HTTP/1.1", 200))
	tr.want(got, 2, 6, map[string]int{ingest.Bot: 1})
	if tr.hits[1].Facts[aggregate.Country] != "DE" {
		t.Error("IPv4 within IPv6 is not taken for IPv4")
	}
}

func TestCommonLogsHaveNoAgentsAndAreNoBots(t *testing.T) {
	tr := newTrial(t, Common)
	got := tr.read(`203.0.113.7 - - [04/May/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 5`, combined("GET /b HTTP/1.1", 200))
	tr.want(got, 2, 0, nil)
	if tr.hits[0].Facts[aggregate.Browser] != "" || tr.hits[0].Visitor != tr.hits[1].Visitor {
		t.Errorf("got browser %q, want none, and one visitor", tr.hits[0].Facts[aggregate.Browser])
	}
}

func TestCaddysLogIsRead(t *testing.T) {
	line := func(ts, uri, extra string) string {
		return `{"level":"info","ts":` + ts + `,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"127.0.0.1","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"www.example.com","uri":"` + uri +
			`","headers":{"User-Agent":["Firefox"],"Accept-Language":["fr-fr,en"]` + extra + `}},"status":200,"duration":0.1}`
	}
	tr := newTrial(t, Caddy)
	got := tr.read(line("1777896000.25", "/a?utm_source=x", ""), line(`"2026-05-04T12:00:01Z"`, "/b", ""), line("1777896002000", "/c", ""),
		line("1777896003", "/a.js", ""), line("1777896003", "/a", `,"Sec-Gpc":["1"]`), line("1777896003", "/a", `,"Sec-Purpose":["prefetch"]`),
		`{"level":"info","ts":1777896003,"msg":"serving initial configuration"}`, line(`"noon"`, "/", ""), "{}", "nonsense")
	tr.want(got, 3, 3, map[string]int{NotAPage: 1, ingest.OptOut: 1, ingest.Prefetch: 1, NotARequest: 1})
	first := tr.hits[0]
	if first.At != noon.UnixMilli()+250 || first.Facts[aggregate.Page] != "/a" || first.Facts[aggregate.Language] != "fr-FR" || first.Facts[aggregate.Country] != "DE" {
		t.Errorf("got %+v", first)
	}
}

func fuzzLines(f *testing.F, format Format, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		tr := newTrial(t, format)
		if err := tr.m.Read(context.Background(), "f", strings.NewReader(string(file))); err != nil {
			t.Fatal(err)
		}
		tr.read()
		last := int64(minTime)
		for _, h := range tr.hits {
			if h.At < last || h.Site != site || h.Facts[aggregate.Page] == "" {
				t.Errorf("got hit %+v after %d", h, last)
			}
			last = h.At
		}
	})
}

func FuzzEventLines(f *testing.F) {
	fuzzLines(f, Events, event(noon, "/a")+"\n"+event(noon.Add(-60*60e9), "/b")+"\n{\n", `{"time":"2026-05-04T12:00:00Z","p":"{}","ip":"::1"}`)
}

func FuzzLogLines(f *testing.F) {
	fuzzLines(f, Combined, combined("GET /a HTTP/1.1", 200), "www.example.com "+combined(`GET /\x22\" HTTP/1.1`, 304), `::1 - - [04/May/2026:12:00:00 +0000] "`)
}

func FuzzCaddyLines(f *testing.F) {
	fuzzLines(f, Caddy, `{"ts":1777896000.25,"request":{"client_ip":"::1","method":"GET","uri":"/","headers":{"User-Agent":["Firefox"]}},"status":200}`)
}
