//go:build linux

package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// told is a visit of the made-up site whose tables are exported: all that a table
// can tell of it. It lies within its day.
type told struct {
	day, visitor            int
	facts                   map[string]string
	pages                   []string
	seconds                 int
	events                  [][2]string // name, and the address of a link
	engagedSeconds, scrolls map[string]int
}

var toldSources = []map[string]string{
	{"source": "", "channel": "Direct"},
	{"source": "Google", "referrer": "google.com", "channel": "Organic Search"},
	{"source": "Google", "referrer": "google.com", "utm_source": "adwords", "utm_medium": "cpc", "utm_campaign": "spring, sale", "utm_term": "red \"shoes\"", "channel": "Paid Search"},
	{"source": "news.example", "referrer": "news.example/a", "channel": "Referral"},
	{"source": "newsletter", "utm_source": "newsletter", "utm_medium": "email", "utm_content": "top", "channel": "Email"},
	{"source": "ChatGPT", "referrer": "chatgpt.com", "channel": "AI Assistants"},
}

var toldPlaces = [][3]string{{"DE", "DE-BE", "2950159"}, {"DE", "DE-BY", ""}, {"US", "US-CA", "5391959"}, {"FR", "", ""}, {"", "", ""}}

// tellVisits makes the visits of some days.
func tellVisits(r *rand.Rand, days, perDay int) (all []told) {
	pick := func(list []string) string { return list[min(len(list)-1, int(r.ExpFloat64()*float64(len(list))/4))] }
	paths := []string{"/", "/about", "/blog/one", "/blog/\"two\", too", "/preise", "/kontakt/ü"}
	for day := range days {
		for range perDay/2 + r.IntN(perDay) {
			place := toldPlaces[r.IntN(len(toldPlaces))]
			v := told{day: day, visitor: r.IntN(perDay), facts: map[string]string{"country": place[0], "region": place[1], "city": place[2],
				"device": pick([]string{"Desktop", "Mobile", "Tablet"}), "browser": pick([]string{"Chrome", "Safari", "Firefox", ""}), "operating_system": pick([]string{"Windows", "iOS", "Android", "Mac"})},
				engagedSeconds: map[string]int{}, scrolls: map[string]int{}}
			maps.Copy(v.facts, toldSources[r.IntN(len(toldSources))])
			if v.facts["browser"] != "" {
				v.facts["browser_version"] = pick([]string{"145.0", "144.0", ""})
			}
			v.facts["operating_system_version"] = pick([]string{"10", "11", "12"})
			for range 1 + min(6, int(r.ExpFloat64()*1.5)) {
				p := pick(paths)
				v.pages = append(v.pages, p)
				v.engagedSeconds[p] += r.IntN(90)
				v.scrolls[p] = max(v.scrolls[p], r.IntN(101))
			}
			if len(v.pages) > 1 {
				v.seconds = r.IntN(1000)
			}
			if r.IntN(4) == 0 {
				v.events = append(v.events, [2]string{"Signup", ""})
			}
			if r.IntN(5) == 0 {
				v.events = append(v.events, [2]string{"Outbound Link: Click", pick([]string{"https://a.example/x", "https://b.example/"})})
			}
			all = append(all, v)
		}
	}
	return all
}

// toldRow is a row of a table under construction.
type toldRow struct {
	visitors                                    map[int]bool
	visits, pageviews, bounces, seconds, events int
	scroll, scrolled, engaged, engagedVisits    int
}

// toldTable adds visits up as the product that exports them would: rows by day and
// values.
type toldTable struct {
	name    string
	columns []string // the values, then the numbers
	values  int
	rows    map[string]*toldRow // by day and values, joined by a zero byte
}

func (t *toldTable) row(v *told, values ...string) *toldRow {
	key := strings.Join(append([]string{strconv.Itoa(v.day)}, values...), "\x00")
	if t.rows[key] == nil {
		t.rows[key] = &toldRow{visitors: map[int]bool{}}
	}
	t.rows[key].visitors[v.visitor] = true
	return t.rows[key]
}

func (r *toldRow) visit(v *told) {
	r.visits++
	r.pageviews += len(v.pages)
	r.seconds += v.seconds
	if len(v.pages) == 1 && len(v.events) == 0 {
		r.bounces++
	}
}

func (r *toldRow) number(column string) int {
	return map[string]int{"visitors": len(r.visitors), "visits": r.visits, "entrances": r.visits, "exits": r.visits, "pageviews": r.pageviews, "bounces": r.bounces,
		"visit_duration": r.seconds, "events": r.events, "total_scroll_depth": r.scroll, "total_scroll_depth_visits": r.scrolled,
		"total_time_on_page": r.engaged, "total_time_on_page_visits": r.engagedVisits}[column]
}

const ofVisits = " visitors visits visit_duration bounces pageviews"

// toldTables makes all tables of the visits.
func toldTables(all []told) map[string]*toldTable {
	tables := map[string]*toldTable{}
	for name, columns := range map[string]string{
		"visitors": "visitors pageviews bounces visits visit_duration", "sources": "source referrer utm_source utm_medium utm_campaign utm_content utm_term pageviews visitors visits visit_duration bounces",
		"pages":         "hostname page visits visitors pageviews total_scroll_depth total_scroll_depth_visits total_time_on_page total_time_on_page_visits",
		"entry_pages":   "entry_page visitors entrances visit_duration bounces pageviews",
		"exit_pages":    "exit_page visitors visit_duration exits bounces pageviews",
		"custom_events": "name link_url path visitors events", "custom_props": "property value visitors events",
		"locations": "country region city" + ofVisits, "devices": "device" + ofVisits, "browsers": "browser browser_version" + ofVisits,
		"operating_systems": "operating_system operating_system_version" + ofVisits,
	} {
		t := &toldTable{name: name, columns: strings.Fields(columns), rows: map[string]*toldRow{}}
		for t.values < len(t.columns) && (&toldRow{}).number(t.columns[t.values]) == 0 && !isNumber(t.columns[t.values]) {
			t.values++
		}
		tables[name] = t
	}
	for i := range all {
		v := &all[i]
		for _, name := range []string{"visitors", "sources", "locations", "devices", "browsers", "operating_systems"} {
			t := tables[name]
			if name == "locations" && v.facts["country"] == "" {
				continue // such visits are left out of it
			}
			var values []string
			for _, c := range t.columns[:t.values] {
				values = append(values, v.facts[c])
			}
			t.row(v, values...).visit(v)
		}
		tables["entry_pages"].row(v, v.pages[0]).visit(v)
		tables["exit_pages"].row(v, v.pages[len(v.pages)-1]).visit(v)
		for j, p := range v.pages {
			r := tables["pages"].row(v, "www.example.com", p)
			r.pageviews++
			if slices.Index(v.pages, p) == j {
				r.visits++
				r.scroll, r.scrolled = r.scroll+v.scrolls[p], r.scrolled+1
				r.engaged, r.engagedVisits = r.engaged+v.engagedSeconds[p], r.engagedVisits+1
			}
		}
		for _, e := range v.events {
			tables["custom_events"].row(v, e[0], e[1], "").events++
			if e[0] == "Signup" {
				tables["custom_props"].row(v, "plan", []string{"free", "pro, yearly"}[v.visitor%2]).events++
			}
		}
	}
	return tables
}

func isNumber(column string) bool {
	return slices.Contains(strings.Fields("visitors visits entrances exits pageviews bounces visit_duration events total_scroll_depth total_scroll_depth_visits total_time_on_page total_time_on_page_visits"), column)
}

// file writes a table as a file of the zip, with rows in any order.
func (t *toldTable) file(first time.Time) []byte {
	var b bytes.Buffer
	b.WriteString(`"date","` + strings.Join(t.columns, `","`) + "\"\n")
	w := csv.NewWriter(&b)
	for key, r := range t.rows {
		values := strings.Split(key, "\x00")
		day, _ := strconv.Atoi(values[0])
		values[0] = first.AddDate(0, 0, day).Format(time.DateOnly)
		for _, c := range t.columns[t.values:] {
			values = append(values, strconv.Itoa(r.number(c)))
		}
		w.Write(values)
	}
	w.Flush()
	return b.Bytes()
}

// writeZip writes files as a zip.
func writeZip(t *testing.T, files map[string][]byte) (name string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(files[name])
	}
	z.Close()
	name = filepath.Join(t.TempDir(), "export.zip")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// wanted are the figures of a table by one of its values: visitors, visits,
// pageviews, bounce rate, seconds of a visit. Visitors of a day are never more than
// the day has.
func (t *toldTable) wanted(column int, days []int) map[string][]float64 {
	type sum struct{ visitors, visits, pageviews, bounces, seconds int }
	byDay := map[string]map[string]*sum{}
	for key, r := range t.rows {
		values := strings.Split(key, "\x00")
		label := values[column+1]
		if byDay[label] == nil {
			byDay[label] = map[string]*sum{}
		}
		s := byDay[label][values[0]]
		if s == nil {
			s = &sum{}
			byDay[label][values[0]] = s
		}
		day, _ := strconv.Atoi(values[0])
		s.visitors = min(s.visitors+len(r.visitors), days[day])
		s.visits, s.pageviews, s.bounces, s.seconds = s.visits+r.visits, s.pageviews+r.pageviews, s.bounces+r.bounces, s.seconds+r.seconds
	}
	rows := map[string][]float64{}
	for label, days := range byDay {
		var s sum
		for _, d := range days {
			s.visitors, s.visits, s.pageviews, s.bounces, s.seconds = s.visitors+d.visitors, s.visits+d.visits, s.pageviews+d.pageviews, s.bounces+d.bounces, s.seconds+d.seconds
		}
		rows[label] = []float64{float64(s.visitors), float64(s.visits), float64(s.pageviews),
			math.Round(100 * float64(s.bounces) / float64(s.visits)), math.Round(float64(s.seconds) / float64(s.visits))}
	}
	return rows
}

var toldMetrics = []string{"visitors", "visits", "pageviews", "bounce_rate", "visit_duration"}

// wantTable compares the answers by one dimension with a table. blank is the label
// of blank values; rest says that the answer may have a row for what the table left
// out.
func wantTable(t *testing.T, s *server, dimension, blank string, rest bool, want map[string][]float64, columns int, period any) {
	t.Helper()
	answer, status := s.ask(query{Site: "example.com", Metrics: toldMetrics[:columns], DateRange: period, Dimensions: []string{dimension}})
	if status != 200 {
		t.Errorf("%s: answered %d %s", dimension, status, answer.Error)
		return
	}
	got := answer.rows()
	for label, numbers := range want {
		if label == "" {
			label = blank
		}
		g := got[label]
		delete(got, label)
		if g == nil || !slices.Equal(plainNumbers(g), numbers[:columns]) {
			t.Errorf("%s %q: got %v, want %v", dimension, label, g, numbers[:columns])
			if g != nil {
				t.Logf("got %v", plainNumbers(g))
			}
		}
	}
	if rest {
		delete(got, blank)
	}
	if len(got) > 0 {
		t.Errorf("%s: got rows %v that the table does not have", dimension, slices.Collect(maps.Keys(got)))
	}
}

func TestAPlausibleZipImportsToEqualTotalsPerTable(t *testing.T) {
	t.Parallel()
	for _, perDay := range []int{4, 60} {
		t.Run(fmt.Sprint(perDay, " visitors a day"), func(t *testing.T) {
			t.Parallel()
			all := tellVisits(rand.New(rand.NewPCG(7, uint64(perDay))), 40, perDay)
			tables := toldTables(all)
			first := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
			files, lines := map[string][]byte{"notes/readme.md": []byte("hello")}, 0
			for name, table := range tables {
				files["imported_"+name+"_20260110_20260218.csv"] = table.file(first)
				lines += len(table.rows)
			}
			h := install(t)
			h.addSite("example.com", "Europe/Berlin", "mask=off")
			out := h.must("import", "auto", "--site", "example.com", "--json", writeZip(t, files))
			if want := fmt.Sprintf(`{"lines":%d,"counted":%d,"dropped":{},"bad":0}`, lines, lines); strings.TrimSpace(out) != want {
				t.Errorf("got account %s, want %s", out, want)
			}
			h.proveData()
			wantTables(t, h.serve(), tables, []string{"2026-01-01", "2026-02-28"}, 40)
		})
	}
}

// wantTables compares all answers with all tables.
func wantTables(t *testing.T, s *server, tables map[string]*toldTable, period any, days int) {
	t.Helper()
	visitors := make([]int, days)
	for key, r := range tables["visitors"].rows {
		day, _ := strconv.Atoi(key)
		visitors[day] = len(r.visitors)
	}
	total := (&toldTable{rows: withLabel(tables["visitors"].rows)}).wanted(0, visitors)[""]
	if got := s.numbers(query{Site: "example.com", Metrics: toldMetrics, DateRange: period}); !slices.Equal(got, total) {
		t.Errorf("totals: got %v, want %v", got, total)
	}
	for _, row := range []struct {
		table, dimension, blank string
		column, numbers         int
		rest                    bool
	}{
		{"sources", "visit:source", "Direct / None", 0, 5, false}, {"sources", "visit:utm_source", "(not set)", 2, 5, false}, {"sources", "visit:utm_medium", "(not set)", 3, 5, false},
		{"sources", "visit:utm_campaign", "(not set)", 4, 5, false}, {"sources", "visit:utm_content", "(not set)", 5, 5, false}, {"sources", "visit:utm_term", "(not set)", 6, 5, false},
		{"locations", "visit:country", "(not set)", 0, 5, true}, {"devices", "visit:device", "(not set)", 0, 5, false},
		{"browsers", "visit:browser", "(not set)", 0, 5, false}, {"operating_systems", "visit:os", "(not set)", 0, 5, false},
		{"entry_pages", "visit:entry_page", "(not set)", 0, 5, false}, {"exit_pages", "visit:exit_page", "(not set)", 0, 5, false},
		{"pages", "event:page", "(not set)", 1, 3, false},
	} {
		wantTable(t, s, row.dimension, row.blank, row.rest, tables[row.table].wanted(row.column, visitors), row.numbers, period)
	}
	wantEvents(t, s, tables, visitors, period)
	for what, q := range map[string]query{
		"filtered figures": {Metrics: []string{"visits"}, Dimensions: []string{"visit:browser"}, Filters: []any{is("visit:source", "Google")}},
		"hours":            {Metrics: []string{"visits"}, Dimensions: []string{"time:hour"}},
	} {
		q.Site, q.DateRange = "example.com", period
		answer, status := s.ask(q)
		if status != 200 || !strings.Contains(string(answer.Meta.Warnings["visits"]), "imported_totals") {
			t.Errorf("%s: answered %d with warnings %s, want it to say what is missing", what, status, answer.Meta.Warnings["visits"])
		}
	}
}

func withLabel(rows map[string]*toldRow) map[string]*toldRow {
	labelled := map[string]*toldRow{}
	for key, r := range rows {
		labelled[key+"\x00"] = r
	}
	return labelled
}

// wantEvents compares events by name and by property, and time on page.
func wantEvents(t *testing.T, s *server, tables map[string]*toldTable, visitors []int, period any) {
	t.Helper()
	events := func(table string, column int, keep string) map[string]float64 {
		sums := map[string]float64{}
		for key, r := range tables[table].rows {
			if values := strings.Split(key, "\x00"); keep == "" || values[1] == keep {
				sums[values[column+1]] += float64(r.events)
			}
		}
		return sums
	}
	names := events("custom_events", 0, "")
	for _, r := range tables["visitors"].rows {
		names["pageview"] += float64(r.pageviews)
	}
	for dimension, want := range map[string]map[string]float64{"event:name": names, "event:props:plan": events("custom_props", 1, "plan"), "event:props:url": events("custom_events", 1, "Outbound Link: Click")} {
		answer, _ := s.ask(query{Site: "example.com", Metrics: []string{"events"}, DateRange: period, Dimensions: []string{dimension}})
		got := answer.rows()
		for label, n := range want {
			if g := got[label]; g == nil || *g[0] != n {
				t.Errorf("%s %q: got %v events, want %v", dimension, label, plainNumbers(g), n)
			}
		}
	}
	engaged, of := 0, 0
	for key, r := range tables["pages"].rows {
		if strings.HasSuffix(key, "\x00/about") {
			engaged, of = engaged+r.engaged, of+r.engagedVisits
		}
	}
	answer, _ := s.ask(query{Site: "example.com", Metrics: []string{"time_on_page"}, DateRange: period, Dimensions: []string{"event:page"}})
	if got, want := plainNumbers(answer.rows()["/about"])[0], math.Round(float64(engaged)/float64(of)); got != want {
		t.Errorf("time on /about: got %v, want %v", got, want)
	}
}
