//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// exportedDimensions are those that every breakdown is compared by.
var exportedDimensions = []string{"visit:source", "visit:channel", "visit:referrer", "visit:utm_source", "visit:utm_medium", "visit:utm_campaign", "visit:utm_content", "visit:utm_term",
	"visit:entry_page", "visit:exit_page", "visit:browser", "visit:browser_version", "visit:os", "visit:os_version", "visit:device", "visit:language", "visit:country",
	"event:page", "event:hostname", "event:name", "event:props:plan", "time:day", "time:hour"}

// answers are the bodies of many answers, by query.
func (s *server) answers(site string, first, last string) map[string]string {
	s.t.Helper()
	metrics := []string{"visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration", "views_per_visit"}
	var queries []query
	for _, d := range exportedDimensions {
		queries = append(queries, query{Site: site, Metrics: metrics, DateRange: []string{first, last}, Dimensions: []string{d}})
		if !strings.HasPrefix(d, "time:") {
			queries = append(queries, query{Site: site, Metrics: metrics, DateRange: []string{first, last}, Dimensions: []string{d}, Filters: []any{is("visit:device", "Mobile")}},
				query{Site: site, Metrics: metrics, DateRange: []string{first, last}, Filters: []any{is("visit:channel", "Direct"), is("event:page", "/")}})
		}
	}
	all := map[string]string{}
	token := s.home.tokenOf()
	for _, q := range queries {
		body, _ := json.Marshal(q)
		answer, err := s.do("POST", "/api/v2/query", bytes.NewReader(body), "Authorization", "Bearer "+token)
		if err != nil {
			s.t.Fatal(err)
		}
		all[string(body)] = fmt.Sprint(answer.status, answer.body)
	}
	return all
}

func TestOurOwnExportImportsToEqualAnswers(t *testing.T) {
	t.Parallel()
	for _, floor := range []string{"floor=1", "floor=3"} {
		t.Run(floor, func(t *testing.T) {
			t.Parallel()
			w := newWeek("week.example", "Europe/Berlin", "2026-03-25", 60, 11)
			old, first := weekWith(t, w, floor)
			last := w.dayName(w.days)
			s := old.serve()
			want := s.answers(w.site, first, last)
			running := old.must("export", "--site", w.site, "--format", "json")
			s.stop()
			if got := old.must("export", "--site", w.site); got != running {
				t.Error("with and without a running server the export differs")
			}
			if !json.Valid([]byte(running)) {
				t.Fatal("the export is no JSON")
			}
			file := filepath.Join(t.TempDir(), "week.json")
			if err := os.WriteFile(file, []byte(running), 0o600); err != nil {
				t.Fatal(err)
			}
			there := install(t)
			there.addSite(w.site, w.loc.String(), floor, "retention=off", "mask=off")
			out := there.must("import", "auto", "--site", w.site, "--json", file)
			if blocks := strings.Count(running, `{"import":`); !strings.Contains(out, fmt.Sprintf(`{"lines":%d,"counted":%d,"dropped":{},"bad":0}`, blocks, blocks)) {
				t.Errorf("got account %s, want %d blocks", out, blocks)
			}
			there.proveData()
			s = there.serve()
			got := s.answers(w.site, first, last)
			for q, a := range want {
				if got[q] != a {
					t.Errorf("%s\ngot  %s\nwant %s", q, got[q], a)
				}
			}
			again := s.home.must("export", "--site", w.site)
			if blocksOf(t, again) != blocksOf(t, running) {
				t.Error("what was imported is exported differently")
			}
		})
	}
}

// weekWith imports a week in two parts and returns where it is, and its first day.
func weekWith(t *testing.T, w *week, settings ...string) (*installation, string) {
	t.Helper()
	h := install(t)
	h.addSite(w.site, w.loc.String(), append([]string{"retention=off", "mask=off"}, settings...)...)
	name := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(name, w.file(), 0o600); err != nil {
		t.Fatal(err)
	}
	h.must("import", "events", "--site", w.site, "--json", name)
	return h, w.dayName(0)
}

// blocksOf are the blocks of an export without the numbers of their imports.
func blocksOf(t *testing.T, document string) string {
	t.Helper()
	_, blocks, ok := strings.Cut(document, `"blocks":[`)
	if !ok {
		t.Fatal("the export has no blocks")
	}
	return regexp.MustCompile(`"import":\d+`).ReplaceAllString(blocks, "")
}

func TestOurPlausibleZipImportsToEqualTotalsPerTable(t *testing.T) {
	t.Parallel()
	w := newWeek("week.example", "Europe/Berlin", "2026-03-25", 60, 12)
	old, first := weekWith(t, w)
	last := w.dayName(w.days)
	file := filepath.Join(t.TempDir(), "week.zip")
	old.must("export", "--site", w.site, "--format", "plausible", file)
	wantPlausibleZip(t, file)
	there := install(t)
	there.addSite(w.site, w.loc.String(), "retention=off", "mask=off")
	r := there.try("import", "plausible", "--site", w.site, "--json", file)
	if r.code != fine || !strings.Contains(r.out, `"dropped":{},"bad":0`) {
		t.Fatalf("got %d: %s%s", r.code, r.out, r.err)
	}
	there.proveData()
	a, b := old.serve(), there.serve()
	for _, d := range []string{"", "visit:source", "visit:referrer", "visit:utm_source", "visit:utm_medium", "visit:utm_campaign", "visit:utm_content", "visit:utm_term", "visit:entry_page", "visit:exit_page",
		"visit:browser", "visit:browser_version", "visit:os", "visit:os_version", "visit:device", "visit:country", "event:page", "event:name", "event:props:plan"} {
		metrics := []string{"visitors", "visits", "pageviews", "bounce_rate", "visit_duration", "views_per_visit"}
		switch {
		case strings.HasPrefix(d, "event:page"):
			metrics = []string{"visitors", "visits", "pageviews", "scroll_depth"}
		case strings.HasPrefix(d, "event:"):
			metrics = []string{"visitors", "events"}
		}
		q := query{Site: w.site, Metrics: metrics, DateRange: []string{first, last}}
		if d != "" {
			q.Dimensions = []string{d}
		}
		wanted, _ := a.ask(q)
		got, _ := b.ask(q)
		compareRows(t, d, metrics, got.rows(), wanted.rows())
	}
}

// compareRows compares rows within what a table can tell: durations are rounded to
// seconds for each of its rows.
func compareRows(t *testing.T, dimension string, metrics []string, got, want map[string][]*float64) {
	t.Helper()
	for label, w := range want {
		if label == "(none)" { // events without a property have no row in the table
			continue
		}
		// Of those who have no tag the table tells nothing, and all visitors are taken
		// to have seen a page.
		bound := strings.HasPrefix(dimension, "visit:utm_") && label == "(not set)" || dimension == "event:name" && label == "pageview"
		g := got[label]
		if g == nil {
			t.Errorf("%s: no row %q, want %v", dimension, label, plainNumbers(w))
			continue
		}
		for i, m := range metrics {
			x, y := plainNumbers(g)[i], plainNumbers(w)[i]
			near := x == y || bound && m == "visitors" || m == "visit_duration" && x-y <= 1 && y-x <= 1 || m == "views_per_visit" && x-y < 0.2 && y-x < 0.2
			if !near {
				t.Errorf("%s %q: %s is %v, want %v", dimension, label, m, x, y)
			}
		}
	}
	for label := range got {
		if want[label] == nil && label != "(not set)" {
			t.Errorf("%s: row %q came from nowhere", dimension, label)
		}
	}
}

// wantPlausibleZip proves the form of the zip: names, quoted heads, dates.
func wantPlausibleZip(t *testing.T, file string) {
	t.Helper()
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	heads := map[string]string{
		"visitors": "visitors,pageviews,bounces,visits,visit_duration", "sources": "source,referrer,utm_source,utm_medium,utm_campaign,utm_content,utm_term,pageviews,visitors,visits,visit_duration,bounces",
		"pages":       "hostname,page,visits,visitors,pageviews,total_scroll_depth,total_scroll_depth_visits,total_time_on_page,total_time_on_page_visits",
		"entry_pages": "entry_page,visitors,entrances,visit_duration,bounces,pageviews", "exit_pages": "exit_page,visitors,visit_duration,exits,bounces,pageviews",
		"custom_events": "name,link_url,path,visitors,events", "custom_props": "property,value,visitors,events",
		"locations": "country,region,city,visitors,visits,visit_duration,bounces,pageviews", "devices": "device,visitors,visits,visit_duration,bounces,pageviews",
		"browsers":          "browser,browser_version,visitors,visits,visit_duration,bounces,pageviews",
		"operating_systems": "operating_system,operating_system_version,visitors,visits,visit_duration,bounces,pageviews",
	}
	name := regexp.MustCompile(`^imported_([a-z_]+)_(\d{8})_(\d{8})\.csv$`)
	for _, f := range z.File {
		m := name.FindStringSubmatch(f.Name)
		if m == nil {
			t.Errorf("the file %q has no name that Plausible reads", f.Name)
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(r)
		r.Close()
		head, _, _ := strings.Cut(string(content), "\n")
		if want := `"date","` + strings.ReplaceAll(heads[m[1]], ",", `","`) + `"`; head != want {
			t.Errorf("%s begins with %s, want %s", f.Name, head, want)
		}
		delete(heads, m[1])
		records, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
		if err != nil || len(records) < 2 && m[1] != "locations" { // nobody's country is known

			t.Errorf("%s: %d records, %v", f.Name, len(records), err)
		}
		for _, record := range records[1:] {
			if _, err := time.Parse(time.DateOnly, record[0]); err != nil || strings.ReplaceAll(record[0], "-", "") < m[2] || strings.ReplaceAll(record[0], "-", "") > m[3] {
				t.Errorf("%s has a row of %s", f.Name, record[0])
			}
		}
	}
	if missing := slices.Sorted(maps.Keys(heads)); len(missing) > 0 {
		t.Errorf("there are no tables %v", missing)
	}
}

func TestExportsOnAScheduleReplaceEachOther(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("example.com", "UTC")
	h.addSite("localhost:8000", "UTC")
	h.importVisits("example.com", time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), 3)
	dir := filepath.Join(t.TempDir(), "exports")
	s := h.serve("--export-dir", dir, "--export-every", "100ms")
	holds := func(file, text string) func() bool {
		return func() bool {
			content, err := os.ReadFile(filepath.Join(dir, file))
			return err == nil && json.Valid(content) && strings.Contains(string(content), text)
		}
	}
	eventually(t, "example.com is exported", holds("example.com.json", `"day":"2026-06-01"`))
	eventually(t, "localhost:8000 is exported", holds("localhost_8000.json", `"count":0`))
	h.importVisits("example.com", time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), 3)
	eventually(t, "example.com is exported again", holds("example.com.json", `"day":"2026-07-01"`))
	s.stop()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("the directory holds %v, %v, want two files", left, err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory is %v, %v, want it to be its owner's", info.Mode(), err)
	}
	// A day's export is not repeated by a restart.
	written := func() time.Time {
		info, err := os.Stat(filepath.Join(dir, "example.com.json"))
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	before := written()
	h.serve("--export-dir", dir, "--export-every", "24h").stop()
	if after := written(); !after.Equal(before) {
		t.Errorf("written at %v, and at %v again", before, after)
	}
	if _, err := h.tryServe("--export-dir", dir, "--export-every", "0s"); err == nil {
		t.Error("exports without a distance are no error")
	}
}

// TestWhatTheTeamHasDefinedComesAlong exports goals, and counters of them, to a site
// where numbers mean something else.
func TestWhatTheTeamHasDefinedComesAlong(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("example.com", "UTC")
	h.importVisits("example.com", time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), 3)
	h.must("goal", "add", "example.com", "--event", "Signup", "--prop", "plan=pro", "--name", "Paying")
	document := h.must("export", "--site", "example.com")
	if !strings.Contains(document, `"goals":[{"id":1,"name":"Paying","event":"Signup"`) {
		t.Fatalf("the export has no goal: %.900s", document)
	}
	// As if the goal had been reached on that day.
	end := strings.LastIndex(document, "\n]")
	blocks := strings.Count(document, `{"import":`)
	reached := `,` + "\n" + `{"import":1,"span":"day","day":"2026-06-01","facts":["goal"],"meta":{"floor":1},"values":[["1","77"]],"counts":{"events":[2,9],"visitors":[2,3],"visits":[2,3]}}`
	document = strings.Replace(document[:end]+reached+document[end:], fmt.Sprintf(`"count":%d`, blocks), fmt.Sprintf(`"count":%d`, blocks+1), 1)
	file := filepath.Join(t.TempDir(), "all.json")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	there := install(t)
	there.addSite("other.example", "Asia/Tokyo")
	there.must("goal", "add", "other.example", "--page", "/elsewhere")
	r := there.try("import", "footfall", "--site", "other.example", file)
	for _, want := range []string{"the days of the export are those of UTC, the site's are those of Asia/Tokyo", "1 of the kind goal"} {
		if r.code != fine || !strings.Contains(r.err, want) {
			t.Errorf("got %d %s%s, want %q", r.code, r.out, r.err, want)
		}
	}
	got := there.must("export", "--site", "other.example")
	for _, want := range []string{`"id":2,"name":"Paying"`, `"facts":["goal"],"meta":{"floor":1},"values":[["2"]],"counts":{"events":[2],"visitors":[2],"visits":[2]}`} {
		if !strings.Contains(got, want) {
			t.Errorf("the export there lacks %s: %.1200s", want, got)
		}
	}
	// Once more: what is there already is not added again.
	if r := there.try("import", "footfall", "--site", "other.example", "--again", file); r.code != fine || strings.Contains(r.err, "of the kind goal") {
		t.Errorf("got %d %s%s", r.code, r.out, r.err)
	}
}

// Files hold addresses: what is kept of one must not tell whether a line that somebody
// makes up is what stood in it.
func TestOfAnImportedFileTooLittleIsKeptToGuessWhatStoodInIt(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("sums.example", "UTC")
	file := filepath.Join(t.TempDir(), "one.jsonl")
	line := `{"time":"2026-06-01T12:00:00Z","ip":"203.0.113.7","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","n":"pageview","u":"https://sums.example/"}` + "\n"
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	h.must("import", "events", "--site", "sums.example", file)
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(line)))
	if list := h.must("import", "list", "--json"); !strings.Contains(list, sum[:8]) || strings.Contains(list, sum[:9]) {
		t.Errorf("kept is %s", list)
	}
	if r := h.try("import", "events", "--site", "sums.example", file); r.code == fine || !strings.Contains(r.err, "byte for byte") {
		t.Errorf("the same file again: exit %d, %s", r.code, r.err)
	}
}
