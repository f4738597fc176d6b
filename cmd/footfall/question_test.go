//go:build linux

package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// importVisits imports n visitors of one past day, each with the pages /start and
// /buy after a search, in Chrome.
func (h *installation) importVisits(site string, at time.Time, n int) {
	h.t.Helper()
	var b strings.Builder
	for i := range n {
		for page, path := range []string{"start", "buy"} {
			fmt.Fprintf(&b, `{"time":%q,"ip":"203.0.113.%d","user_agent":%q,"n":"pageview","u":"https://%s/%s","r":"https://duckduckgo.com/"}`+"\n",
				at.Add(time.Duration(i*10+page)*time.Second).Format(time.RFC3339), i, browsers[0], site, path)
		}
	}
	r := h.tryWith(strings.NewReader(b.String()), "import", "events", "--site", site, "--json", "-")
	if want := fmt.Sprintf(`"counted":%d`, 2*n); r.code != fine || !strings.Contains(r.out, want) {
		h.t.Fatalf("import: exit %d, %s%s, want %s", r.code, r.out, r.err, want)
	}
}

// TestPastDaysAnswerTwoFiltersAndTodayAnyNumber: what counters cannot know is
// refused with a reason, never answered wrongly.
func TestPastDaysAnswerTwoFiltersAndTodayAnyNumber(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("asked.example", noonZone())
	zone, err := time.LoadLocation(noonZone())
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Now().In(zone).AddDate(0, 0, -2)
	h.importVisits("asked.example", noon, 5)
	s := h.serve()
	for i := range 4 {
		for _, path := range []string{"start", "buy"} {
			s.count(fmt.Sprintf("198.51.100.%d", i), browsers[0], view("https://asked.example/"+path).with("r", "https://duckduckgo.com/"))
		}
	}
	s.count("198.51.100.77", browsers[1], view("https://asked.example/buy"))

	past, today := noon.Format(time.DateOnly), time.Now().In(zone).Format(time.DateOnly)
	filters := []any{is("visit:source", "DuckDuckGo"), is("event:page", "/buy"), is("visit:browser", "Chrome"), is("visit:entry_page", "/start")}
	ask := func(first, last string, dimensions []string, filters ...any) (string, string) {
		t.Helper()
		r, status := s.ask(query{Site: "asked.example", Metrics: []string{"visitors", "visits", "pageviews"},
			DateRange: []string{first, last}, Dimensions: dimensions, Filters: filters})
		if status == http.StatusBadRequest {
			return "refused", r.Error
		}
		if status != http.StatusOK {
			t.Fatalf("answered %d %q, want 200 or 400", status, r.Error)
		}
		var rows []string
		for _, row := range r.Results {
			rows = append(rows, fmt.Sprint(row.Dimensions, plainNumbers(row.Metrics)))
		}
		return strings.Join(rows, " "), r.Error
	}
	page, trend := []string{"event:page"}, []string{"time:day"}
	for _, row := range []struct {
		what        string
		first, last string
		dimensions  []string
		filters     []any
		want        string
	}{
		{"a past day", past, past, nil, nil, "[] [5 5 10]"},
		{"a breakdown", past, past, page, nil, "[/buy] [5 5 5] [/start] [5 5 5]"},
		{"a breakdown under one filter", past, past, page, filters[:1], "[/buy] [5 5 5] [/start] [5 5 5]"},
		{"two filters", past, past, nil, filters[:2], "[] [5 5 5]"},
		{"the trend under two filters", past, past, trend, filters[:2], "[" + past + "] [5 5 5]"},
		{"three filters", past, past, nil, filters[:3], "refused"},
		{"four filters", past, past, nil, filters, "refused"},
		{"a breakdown under two filters", past, past, []string{"visit:os"}, filters[:2], "refused"},
		{"hours under a filter", past, past, []string{"time:hour"}, filters[:1], "refused"},
		{"three filters over past days and today", past, today, nil, filters[:3], "refused"},
		{"two filters over past days and today", past, today, nil, filters[:2], "[] [9 9 9]"},
		{"three filters today", today, today, nil, filters[:3], "[] [4 4 4]"},
		{"four filters today", today, today, nil, filters, "[] [4 4 4]"},
		{"a breakdown under three filters today", today, today, []string{"visit:os"}, filters[:3], "[Windows] [4 4 4]"},
	} {
		got, why := ask(row.first, row.last, row.dimensions, row.filters...)
		if got != row.want {
			t.Errorf("%s: got %s (%s), want %s", row.what, got, why, row.want)
		}
		if got != "refused" {
			continue
		}
		if len(why) < 40 || !strings.HasSuffix(why, ".") || strings.Contains(why, "\n") {
			t.Errorf("%s is refused with %q, want a sentence that says why", row.what, why)
		}
		if len(row.filters) > 2 && !strings.Contains(why, "visit:browser") && !strings.Contains(why, "event:page") && !strings.Contains(why, "visit:source") {
			t.Errorf("%s is refused with %q, want it to name the filters that are one too many", row.what, why)
		}
	}
	r, status := s.ask(query{Site: "asked.example", Metrics: []string{"visitors"}, DateRange: "realtime", Filters: filters})
	if status != http.StatusOK || len(r.Results) != 1 || *r.Results[0].Metrics[0] != 4 {
		t.Errorf("the last 30 minutes under four filters: answered %d %+v, want 4 visitors", status, r)
	}
	s.stop()
}

// TestTheFloorHidesRareLinksOfPastDays: a link that fewer visitors share keeps its
// count, not its date.
func TestTheFloorHidesRareLinksOfPastDays(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("rare.example", "UTC", "floor=3", "retention=off")
	day := time.Date(2026, 5, 12, 9, 0, 0, 0, time.UTC)
	h.importVisits("rare.example", day, 2)                  // two visitors: below the floor
	h.importVisits("rare.example", day.AddDate(0, 0, 1), 3) // three
	h.importVisits("rare.example", day.AddDate(0, 0, 2), 2) // two again: three in the month, together
	s := h.serve("--state-dir", "none")
	ask := func(first, last int, filters ...any) []float64 {
		t.Helper()
		name := func(n int) string { return day.AddDate(0, 0, n).Format(time.DateOnly) }
		q := query{Site: "rare.example", Metrics: []string{"visits", "pageviews"}, DateRange: []string{name(first), name(last)}, Filters: filters}
		return s.numbers(q)
	}
	buy := is("event:page", "/buy")
	chrome := is("visit:browser", "Chrome")
	for _, row := range []struct {
		what        string
		first, last int
		filters     []any
		want        string
	}{
		{"one fact of a day with two visitors", 0, 0, []any{buy}, "[2 2]"},
		{"a link of a day with two visitors", 0, 0, []any{buy, chrome}, "[0 0]"},
		{"a link of a day with three visitors", 1, 1, []any{buy, chrome}, "[3 3]"},
		{"a link of a part of the month", 0, 1, []any{buy, chrome}, "[3 3]"},
		{"a link of all of the month that there is", 0, 2, []any{buy, chrome}, "[7 7]"},
		{"a link of the whole month", -11, 19, []any{buy, chrome}, "[7 7]"},
	} {
		if got := fmt.Sprint(ask(row.first, row.last, row.filters...)); got != row.want {
			t.Errorf("%s: visits and pageviews are %s, want %s", row.what, got, row.want)
		}
	}
	r, _ := s.ask(query{Site: "rare.example", Metrics: []string{"visits", "pageviews"}, DateRange: []string{"2026-05-12", "2026-05-13"},
		Dimensions: []string{"event:page"}, Filters: []any{chrome}})
	rows := r.rows()
	if len(r.Meta.Hidden) == 0 || string(r.Meta.Hidden) == "null" {
		t.Errorf("the answer does not say that something is withheld: %+v", r)
	}
	if hidden := rows["(hidden)"]; hidden == nil || *hidden[1] != 4 {
		t.Errorf("the row (hidden) is %v, want the exact remainder of 4 pageviews: %+v", hidden, r)
	}
	s.stop()
}
