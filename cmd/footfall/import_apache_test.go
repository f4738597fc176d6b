//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// writeAccessLog writes a log as a busy Apache would: pages and what they drag
// along, crawlers, scanners, forms, redirects, missing pages, several hosts, IPv6,
// quotes and bytes that are escaped, lines that are cut, and requests that took so
// long that their lines come minutes late.
func writeAccessLog(r *rand.Rand, lines int) string {
	people := []string{browsers[0], browsers[1], browsers[2], `Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0`}
	programs := []string{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "curl/8.5.0", "python-requests/2.31", "-", "GPTBot/1.2"}
	pages := []string{"/", "/about", "/blog/2026/hello-world", "/caf%C3%A9", "/search?q=x&utm_source=newsletter&utm_medium=email", "/index.php", "/preise.html", "/a//b", `/quote\"d`}
	others := []string{"/style.css?v=3", "/img/logo.png", "/favicon.ico", "/feed/", "/wp-json/wp/v2/posts", "/api/v1/things", "/.well-known/security.txt", "/robots.txt", "/sitemap.xml", "/app.min.js", "/.env"}
	referrers := []string{"-", "https://www.google.com/", "https://news.example/item?id=1", "https://example.com/about", `https://odd.example/\x22`}
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.FixedZone("", 2*3600))
	var b strings.Builder
	for range lines {
		at = at.Add(time.Duration(r.ExpFloat64() * float64(40*time.Second)))
		who := r.IntN(400)
		ip, agent := fmt.Sprintf("198.51.%d.%d", who/200, who%200+1), people[who%len(people)]
		if who%10 == 0 {
			ip = fmt.Sprintf("2001:db8::%x", who)
		}
		method, status, target := "GET", 200, pages[r.IntN(len(pages))]
		when := at
		switch n := r.IntN(100); {
		case n < 40:
			target = others[r.IntN(len(others))]
		case n < 50:
			agent = programs[r.IntN(len(programs))]
		case n < 54:
			status = []int{301, 302, 404, 500, 206}[r.IntN(5)]
		case n < 58:
			method = []string{"POST", "HEAD", "OPTIONS", "PROPFIND"}[r.IntN(4)]
		case n < 64:
			status = 304
		case n < 66:
			when = at.Add(-time.Duration(r.IntN(25)) * time.Minute) // long downloads
		case n < 67:
			when = at.Add(-50 * time.Hour) // a clock that was wrong
		}
		host := []string{"", "www.example.com:443 ", "example.com:80 ", "cdn.elsewhere.example:80 "}[max(0, r.IntN(12)-8)]
		line := fmt.Sprintf(`%s%s - %s [%s] "%s %s HTTP/1.1" %d %d "%s" "%s"`, host, ip, []string{"-", "ann", "jo doe"}[max(0, r.IntN(20)-17)],
			when.Format("02/Jan/2006:15:04:05 -0700"), method, target, status, r.IntN(90000), referrers[r.IntN(len(referrers))], agent)
		switch n := r.IntN(200); {
		case n == 0:
			line = line[:r.IntN(len(line)/2)] // the disk was full
		case n == 1:
			line = fmt.Sprintf(`%s - - [%s] "\x16\x03\x01" 400 226 "-" "-"`, ip, when.Format("02/Jan/2006:15:04:05 -0700"))
		case n == 2:
			b.WriteByte('\n')
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// naiveLog is what a log says, recomputed without any of the importer's means.
type naiveLog struct {
	lines, counted, bad int
	dropped             map[string]int
	views               map[string][]naiveView // by visitor
}

type naiveView struct {
	at   time.Time
	page string
}

var apacheLine = regexp.MustCompile(`^(?:(\S+) )?([0-9a-f.:]+) \S+ .*?\[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) \S+ "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"`)

var naiveNoPage = regexp.MustCompile(`(?i)\.(css|js|png|ico|txt|xml|env)$|^/feed/|^/wp-json/|^/api/|^/\.`)

func readNaively(log string) *naiveLog {
	n := &naiveLog{dropped: map[string]int{}, views: map[string][]naiveView{}}
	var newest time.Time
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		n.lines++
		m := apacheLine.FindStringSubmatch(line)
		if m == nil {
			n.bad++
			continue
		}
		at, err := time.Parse("02/Jan/2006:15:04:05 -0700", m[3])
		if err != nil {
			n.bad++
			continue
		}
		request := strings.Fields(m[4])
		status, _ := strconv.Atoi(m[5])
		host, _, _ := strings.Cut(m[1], ":")
		path := ""
		if len(request) > 1 {
			path, _, _ = strings.Cut(strings.ReplaceAll(request[1], `\"`, `"`), "?")
		}
		reason := ""
		switch {
		case status != 200 && status != 304:
			reason = "status"
		case request[0] != "GET":
			reason = "method"
		case naiveNoPage.MatchString(path):
			reason = "not_a_page"
		case host != "" && host != "example.com" && host != "www.example.com":
			reason = "other_site"
		case at.Before(newest.Add(-30 * time.Minute)):
			reason = "late"
		}
		if reason == "" && at.After(newest) {
			newest = at
		}
		if agent := m[7]; reason == "" && (agent == "-" || regexp.MustCompile(`(?i)bot|curl|python`).MatchString(agent)) {
			reason = "bot"
		}
		if reason != "" {
			n.dropped[reason]++
			continue
		}
		n.counted++
		page, _ := url.PathUnescape(path)
		n.views[m[2]+" "+m[7]] = append(n.views[m[2]+" "+m[7]], naiveView{at.UTC(), page})
	}
	return n
}

// sums are visitors, visits and pageviews of all days, and pageviews by page. Who
// visits across midnight is one visitor, in one visit.
func (n *naiveLog) sums() (totals []float64, pages map[string]float64) {
	visitors, visits, views := 0, 0, 0
	pages = map[string]float64{}
	for _, list := range n.views {
		slices.SortFunc(list, func(a, b naiveView) int { return a.at.Compare(b.at) })
		for i, v := range list {
			views++
			pages[v.page]++
			gap := i == 0 || v.at.Sub(list[i-1].at) > 30*time.Minute
			if gap {
				visits++
			}
			newDay := i == 0 || v.at.Format(time.DateOnly) != list[i-1].at.Format(time.DateOnly)
			if newDay && gap {
				visitors++
			}
		}
	}
	return []float64{float64(visitors), float64(visits), float64(views)}, pages
}

func TestAnApacheLogIsAccountedForLineByLine(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		log := writeAccessLog(rand.New(rand.NewPCG(seed, 3)), 10_000)
		file := filepath.Join(t.TempDir(), "access.log")
		if err := os.WriteFile(file, []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
		h := install(t)
		h.addSite("example.com", "UTC", "mask=off")
		cmd := h.command("import", "auto", "--site", "example.com", "--json", file)
		r := finish(t, cmd)
		spent := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if t.Logf("seed %d: 10,000 lines in %v of processor time", seed, spent); spent > 2*time.Second {
			t.Errorf("10,000 lines take %v of processor time, want at most 2 s", spent)
		}
		want := readNaively(log)
		var got struct {
			Lines, Counted, Bad int
			Dropped             map[string]int
		}
		if err := json.Unmarshal([]byte(r.out), &got); err != nil {
			t.Fatalf("%v: %s%s", err, r.out, r.err)
		}
		if got.Lines != want.lines || got.Counted != want.counted || got.Bad != want.bad || !maps.Equal(got.Dropped, want.dropped) {
			t.Errorf("seed %d: got %+v, want %d lines, %d counted, %d bad, %v", seed, got, want.lines, want.counted, want.bad, want.dropped)
		}
		h.proveData()
		s := h.serve()
		totals, pages := want.sums()
		period := []string{"2026-05-01", "2026-06-30"}
		if got := s.numbers(query{Site: "example.com", Metrics: []string{"visitors", "visits", "pageviews"}, DateRange: period}); !slices.Equal(got, totals) {
			t.Errorf("seed %d: got %v visitors, visits and pageviews, want %v", seed, got, totals)
		}
		answer, _ := s.ask(query{Site: "example.com", Metrics: []string{"pageviews"}, DateRange: period, Dimensions: []string{"event:page"}})
		rows := map[string]float64{}
		for page, numbers := range answer.rows() {
			rows[page] = *numbers[0]
		}
		if !maps.Equal(rows, pages) {
			t.Errorf("seed %d: got pages %v, want %v", seed, rows, pages)
		}
		s.stop()
	}
}
