package importer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
	"footfall/ingest"
)

const goatHead = "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,Screen size,Location,FirstVisit,Date"

func TestGoatCountersExportIsRead(t *testing.T) {
	tr := newTrial(t, GoatCounter)
	got := tr.read(goatHead,
		`/a?utm_source=friends,"Title, with ""quotes""`+"\n"+`and a line",false,,Firefox 145,Linux,s1,0,news.example/path,h,"1920,1080,1",DE-BE,true,2026-05-04T12:00:00Z`,
		`/b,B,false,,Chrome 142.0,Android 14,s2,0,Hacker News,g,"390,844,3",US-CA,true,2026-05-04T12:00:01Z`,
		`/b,B,false,,Safari,iOS 18,s3,0,spring sale,c,"820,1180,2",,true,2026-05-04T12:00:02Z`,
		`Signup,,true,,Chrome 142.0,Android 14,s2,0,,,"390,844,3",US-CA,false,2026-05-04T12:00:03Z`,
		`/c,C,false,,Chrome,Mac OS,,0,,,,,true,2026-05-04T12:00:04Z`,
		`/c,C,false,,Chrome,Mac OS,,0,,,,,true,2026-05-04T12:00:05Z`,
		`/bot,,false,,,,s9,5,,,,,true,2026-05-04T12:00:06Z`,
		`/c,C,false,,Chrome,Mac OS,s1,0,,,,,true,yesterday`, `/c,C,false`, `,,false,,,,s1,0,,,,,true,2026-05-04T12:00:07Z`)
	tr.want(got, 6, 3, map[string]int{ingest.Bot: 1})
	facts := func(i int, dims ...aggregate.Dimension) string {
		var all []string
		for _, d := range dims {
			all = append(all, strings.ReplaceAll(tr.hits[i].Facts[d], aggregate.Separator, "|"))
		}
		return strings.Join(all, ", ")
	}
	visit := []aggregate.Dimension{aggregate.Page, aggregate.Source, aggregate.Channel, aggregate.UTMSource, aggregate.UTMCampaign, aggregate.BrowserVersion, aggregate.OSVersion, aggregate.Device, aggregate.Region}
	for i, want := range []string{"/a, friends, Referral, friends, , Firefox|145, GNU/Linux, Desktop, DE|DE-BE", "/b, Hacker News, Organic Social, , , Chrome|142.0, Android|14, Mobile, US|US-CA",
		"/b, , Direct, , spring sale, Safari, iOS|18, Tablet, "} {
		if got := facts(i, visit...); got != want {
			t.Errorf("hit %d: got %s, want %s", i, got, want)
		}
	}
	if e := tr.hits[3]; e.Facts[aggregate.EventName] != "Signup" || e.Kind != aggregate.Custom || e.Visitor != tr.hits[1].Visitor {
		t.Errorf("got event %+v", e)
	}
	if tr.hits[4].Visitor == tr.hits[5].Visitor || tr.hits[0].Visitor == tr.hits[1].Visitor {
		t.Error("hits of several sessions, or of none, have one visitor")
	}
}

func TestUmamisExportIsRead(t *testing.T) {
	head := "website_id,session_id,visit_id,event_id,hostname,browser,os,device,screen,language,country,region,city,url_path,url_query,utm_source,referrer_path,referrer_query,referrer_domain,page_title,event_type,event_name,tag,distinct_id,created_at,job_id"
	row := func(session, host, path, query, domain, kind, name, at string) string {
		return fmt.Sprintf("w,%s,v,e,%s,edge-chromium,Windows 10,laptop,1920x1080,en-US,US,US-CA,San Francisco,%s,%s,,/x,,%s,\"T, t\",%s,%s,,,%s,", session, host, path, query, domain, kind, name, at)
	}
	tr := newTrial(t, Umami)
	// Rows are ordered by session, not by time.
	got := tr.read(head, row("s1", "www.example.com", "/late", "", "", "1", "", "2026-05-06 12:00:00"),
		row("s1", "example.com", "/a", "utm_source=friends&y=1", "news.example", "1", "", "2026-05-04 12:00:00"),
		row("s2", "example.com", "/a", "", "", "2", "Signup", "2026-05-04T12:00:01.250Z"),
		row("s2", "elsewhere.example", "/a", "", "", "1", "", "2026-05-04 12:00:01"),
		row("s2", "example.com", "/a", "", "", "7", "", "2026-05-04 12:00:01"), row("", "example.com", "/a", "", "", "1", "", "2026-05-04 12:00:01"), row("s2", "example.com", "/a", "", "", "1", "", "noon"))
	tr.want(got, 3, 2, map[string]int{ingest.Hostname: 1, NotARequest: 1})
	if pages(tr.hits) != "/a /a /late" || tr.hits[1].At != noon.Add(1250*time.Millisecond).UnixMilli() {
		t.Errorf("got %s", pages(tr.hits))
	}
	f := tr.hits[0].Facts
	if f[aggregate.UTMSource] != "friends" || f[aggregate.Browser] != "Microsoft Edge" || f[aggregate.OSVersion] != "Windows\x1f10" || f[aggregate.Device] != "Desktop" || f[aggregate.Language] != "en-US" ||
		f[aggregate.City] != "US\x1fUS-CA\x1f\x1f\x1fSan Francisco" || f[aggregate.Referrer] != "friends\x1fnews.example/x" {
		t.Errorf("got %q", f)
	}
	if tr.hits[0].Visitor == tr.hits[2].Visitor {
		t.Error("a session is one visitor on two days")
	}
	tr = newTrial(t, Umami)
	tr.want(tr.read("website_id,session_id,data_key,string_value", "w,s,k,v"), 0, 0, map[string]int{UnknownTable: 1})
}

func TestFormatsAreFoundOut(t *testing.T) {
	for name, row := range map[string]struct {
		head string
		want Format
	}{
		"export.csv":                         {goatHead + "\n", GoatCounter},
		"website_event.csv":                  {"website_id,session_id,url_path,event_type,created_at\n", Umami},
		"imported_visitors_1_2.csv":          {"\"date\",\"visitors\"\n", Plausible},
		"a.log":                              {combined("GET /a HTTP/1.1", 200) + "\n\n" + combined("GET /b HTTP/1.1", 404), Combined},
		"b.log":                              {`203.0.113.7 - - [04/May/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 5`, Common},
		"events":                             {event(noon, "/a") + "\n" + event(noon, "/b"), Events},
		"x":                                  {"#Version: 1.0\n#Fields: date time x-edge-location\n", CloudFront},
		"y":                                  {"#Software: IIS\n#Fields: date time\n", IIS},
		"totals.csv":                         {"date,hour,visitors,visits,carried_visitors\n2026-05-04,,1,1,0\n", ""},
		"everything.json":                    {`{"format":"footfall","version":1`, Footfall},
		"nothing":                            {"", ""},
		"words":                              {"hello\nworld", ""},
		"half of it is dirt, as in life.log": {"x\n" + combined("GET /a HTTP/1.1", 200), Combined},
	} {
		got, ok := Detect(name, []byte(row.head))
		if got != row.want || ok != (row.want != "") {
			t.Errorf("%s: got %q %v, want %q", name, got, ok, row.want)
		}
	}
}

func FuzzHits(f *testing.F) {
	f.Add([]byte(goatHead+"\n/a,\"T\n\",false,,Firefox 145,Linux,s1,0,news.example,h,\"1920,1080,1\",DE-BE,true,2026-05-04T12:00:00Z\n"), false)
	f.Add([]byte("session_id,url_path,event_type,created_at,event_name\ns,/a,2,2026-05-04 12:00:00,x\n"), true)
	f.Fuzz(func(t *testing.T, file []byte, umami bool) {
		format := GoatCounter
		if umami {
			format = Umami
		}
		tr := newTrial(t, format)
		tr.read(string(file))
		last := int64(minTime)
		for _, h := range tr.hits {
			if h.At < last || h.Site != site {
				t.Errorf("got hit %+v after %d", h, last)
			}
			last = h.At
		}
	})
}

func FuzzDetect(f *testing.F) {
	f.Add("a.csv", []byte(goatHead))
	f.Add("", []byte("#"))
	f.Fuzz(func(t *testing.T, name string, head []byte) {
		if f, ok := Detect(name, head); ok != (f != "") {
			t.Errorf("got %q, %v", f, ok)
		}
	})
}
