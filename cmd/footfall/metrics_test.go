//go:build linux

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestOperatorsSeeMetricsAndHealthAndNothingOfVisitors(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("watched.example", noonZone())
	address := freePort(t)
	s := h.serve("--metrics-listen", address, "--commit-interval", "20ms")
	visitTwice(s, "watched.example")
	if r := s.send("203.0.113.9", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", view("https://watched.example/")); r.dropped() != "bot" {
		t.Fatalf("a crawler was not refused: %+v", r)
	}
	s.send("203.0.113.9", browsers[0], view("https://nobody.example/"))
	get := func(url string) (int, string) {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	status, text := get("http://" + address + "/metrics")
	for _, want := range []string{
		"\nfootfall_beacons_counted_total 4\n", "\nfootfall_beacons_refused_total{reason=\"bot\"} 1\n", "\nfootfall_beacons_unknown_site_total 1\n",
		"\nfootfall_sites 1\n", "\nfootfall_commit_failures_total 0\n", "\nfootfall_state_working 1\n", "\nfootfall_state_limit_bytes ", "\nprocess_resident_memory_bytes ",
	} {
		if status != 200 || !strings.Contains("\n"+text, want) {
			t.Errorf("status %d, and there is no line %q", status, strings.TrimSpace(want))
		}
	}
	if found := regexp.MustCompile(`watched|example|203\.0\.113|Googlebot|Mozilla`).FindString(text); found != "" {
		t.Errorf("the metrics tell of %q", found)
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if !regexp.MustCompile(`^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-zA-Z0-9_:]+(\{[^}]*\})? [-+0-9.eEInfNa]+)$`).MatchString(line) {
			t.Errorf("this is no line of the format: %s", line)
		}
	}
	for _, url := range []string{"http://" + address + "/api/health", s.url + "/api/health", s.url + "/api/health/live"} {
		status, text := get(url)
		var health struct{ Status, State string }
		if err := json.Unmarshal([]byte(text), &health); err != nil || status != 200 || health.Status != "ok" || health.State != "memory file system" {
			t.Errorf("health is %d %s (%v)", status, text, err)
		}
	}
	if status, _ := get("http://" + address + "/"); status != 404 {
		t.Errorf("the dashboard is at the address of the metrics, too: %d", status)
	}
	if status, _ := get(s.url + "/metrics"); status == 200 {
		t.Error("the metrics are at the visitors' address, too")
	}
	s.stop()
}

func TestAServerThatCannotWriteSaysSoToWhomeverWatches(t *testing.T) {
	t.Parallel()
	var p pulse
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	p.commit(now, now.Add(time.Second), nil)
	if p.failing.Load() || p.committed.Load() != now.Add(time.Second).UnixMilli() || p.took.Load() != int64(time.Second) {
		t.Error("a good commit is not remembered")
	}
	p.commit(now, now.Add(time.Minute), os.ErrPermission)
	if !p.failing.Load() || p.failures.Load() != 1 || p.committed.Load() != now.Add(time.Second).UnixMilli() {
		t.Error("a bad commit is not remembered")
	}
	p.commit(now, now.Add(time.Hour), nil)
	if p.failing.Load() {
		t.Error("a good commit after a bad one is not enough")
	}
}
