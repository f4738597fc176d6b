package ui

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/ui/view"
)

// formulas begin like what spreadsheets compute.
var formulas = []string{`=HYPERLINK("http://evil.example","x")`, "+1+1", "-2+3|cmd", "@SUM(A1)", "\t=1", "＝1+1"}

func TestAReportComesAsCSVThatNoSpreadsheetComputes(t *testing.T) {
	asker := fullAsker()
	asker.rows["event:page"] = append(slices.Clone(formulas), `a "quoted", one`, "two\nlines", "plain")
	s := serve(t, asker)
	answer, body := s.get(t, "/example.com?report=pages&sort=pageviews&as=csv")
	wantStatus(t, answer, 200)
	if got, want := answer.Header.Get("Content-Disposition"), `attachment; filename="example.com_pages_2026-10-28_2026-11-24.csv"`; got != want {
		t.Errorf("the file is %s, want %s", got, want)
	}
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(rows) != len(asker.rows["event:page"])+1 {
		t.Fatalf("%d rows (%v), want %d", len(rows), err, len(asker.rows["event:page"])+1)
	}
	if got, want := strings.Join(rows[0], " "), "page visitors pageviews visits bounce_rate time_on_page scroll_depth"; got != want {
		t.Errorf("the head is %q, want %q", got, want)
	}
	for i, label := range asker.rows["event:page"] {
		want := label
		if i < len(formulas) {
			want = "'" + label
		}
		if got := rows[i+1][0]; got != want {
			t.Errorf("row %d is %q, want %q", i, got, want)
		}
	}
	if !strings.Contains(body, "\r\n") {
		t.Error("lines do not end as RFC 4180 has them")
	}
}

func TestTheTrendAndAllReportsAreFiles(t *testing.T) {
	s := serve(t, fullAsker(), withKeys)
	answer, body := s.get(t, "/example.com?period=7d&as=csv")
	wantStatus(t, answer, 200)
	wantText(t, body, "time,visitors,visits,pageviews,views_per_visit,bounce_rate,visit_duration,time_on_page,scroll_depth\r\n2026-11-18,")
	answer, body = s.get(t, "/example.com?as=zip")
	wantStatus(t, answer, 200)
	z, err := zip.NewReader(bytes.NewReader([]byte(body)), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || !bytes.Contains(text, []byte("\r\n")) {
			t.Errorf("%s: %v, %d bytes", f.Name, err, len(text))
		}
	}
	want := []string{"trend.csv"}
	for _, r := range view.Reports("") {
		if r.ID != "searches" && r.ID != "goals" { // of which the site defines none
			want = append(want, r.ID+".csv")
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("the zip holds %q, want %q", names, want)
	}
	answer, body = s.get(t, "/example.com?f=is,source,Bing&f=is,page,/&as=zip")
	wantStatus(t, answer, 200)
	if strings.Contains(body, "devices.csv") {
		t.Error("the zip holds a report that the counters cannot tell")
	}
	answer, body = s.get(t, "/example.com?f=is,source,Bing&f=is,page,/&report=devices&as=csv")
	wantStatus(t, answer, 422)
	wantText(t, body, "The counters cannot tell")
}

func TestTheFilterFormIsOfferedValues(t *testing.T) {
	s := serve(t, fullAsker())
	answer, body := s.get(t, "/example.com?as=values&key=page&value=DOCS")
	wantStatus(t, answer, 200)
	var got []suggestion
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got) != 3 || got[0].Value != "/docs/getting-started" {
		t.Errorf("suggested is %v (%v)", got, err)
	}
	_, body = s.get(t, "/example.com?as=values&key=country&value=germ")
	wantText(t, body, `{"value":"DE","name":"Germany"}`)
	_, body = s.get(t, "/example.com?as=values&key=shoes&value=x")
	wantText(t, body, "[]")
}

func withKeys(o *Options) {
	o.PropertyKeys = func(aggregate.Site, aggregate.Day, aggregate.Day) ([]ask.PropertyKey, error) {
		return []ask.PropertyKey{{Key: "plan", Events: 1234}, {Key: hostile[0], Events: 7}}, nil
	}
}

func TestPropertiesLeadToTheirValues(t *testing.T) {
	asker := fullAsker()
	asker.rows["event:props:plan"] = []string{"pro", "free", "(none)"}
	s := serve(t, asker, withKeys)
	_, body := s.get(t, "/example.com?tabs=properties")
	wantText(t, body, "1,234", `href="/example.com?tabs=prop:plan"`, "&lt;script&gt;")
	for _, query := range []string{"&f=is,country,DE", "&period=12mo", "&period=realtime"} {
		_, body = s.get(t, "/example.com?tabs=properties"+query)
		if wantText(t, body, "tabs=prop:plan"); strings.Contains(body, "1,234") {
			t.Errorf("%s: the events of other visits, or other days, stand beside the key", query)
		}
	}
	_, body = s.get(t, "/example.com?tabs=prop:plan")
	wantText(t, body, "free", `f=is,prop:plan,pro`)
	_, body = s.get(t, "/example.com?report=properties&search=PLA")
	wantText(t, body, "1–1 of 1")
	s = serve(t, asker, func(o *Options) {
		o.PropertyKeys = func(aggregate.Site, aggregate.Day, aggregate.Day) ([]ask.PropertyKey, error) {
			return nil, errors.New("broken")
		}
	})
	_, body = s.get(t, "/example.com?tabs=properties")
	wantText(t, body, "It could not be read just now.")
}

func TestAPublicPageNamesNoProperties(t *testing.T) {
	s := serve(t, fullAsker(), withKeys, public())
	for _, query := range []string{"?tabs=properties", "?report=properties", "?report=properties&as=csv"} {
		_, body := s.get(t, "/example.com"+query, "X-Forwarded-For: 198.51.100.7")
		if strings.Contains(body, "1,234") || strings.Contains(body, "1234") || strings.Contains(body, ">plan<") {
			t.Errorf("%s: how many events had a property is public", query)
		}
	}
}
