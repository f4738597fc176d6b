//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// logged are the lines of the activity log, the first first.
func (d *apiDesk) logged() (lines []string) {
	for _, c := range slices.Backward(d.real.book.Changes("", 100)) {
		lines = append(lines, strings.TrimSpace(c.Who+" "+c.What+" "+string(c.Site)+" "+c.Detail))
	}
	return lines
}

func TestWhatProgramsAndCommandsChangeIsInTheActivityLog(t *testing.T) {
	t.Parallel()
	d := managed(t)
	before := len(d.logged())
	for _, c := range [][3]string{
		{"POST", "/api/v1/sites", `{"domain":"new.example"}`},
		{"PUT", "/api/v1/sites/new.example", `{"floor":7,"shield_ip":"203.0.113.7"}`},
		{"PUT", "/api/v1/sites/goals", `{"site_id":"new.example","goal_type":"page","page_path":"/thanks","display_name":"Sale"}`},
		{"PUT", "/api/v1/sites/goals", `{"site_id":"new.example","goal_type":"page","page_path":"/thanks","display_name":"Sale"}`}, // there already
		{"DELETE", "/api/v1/sites/goals/1?site_id=new.example", ""},
		{"PUT", "/api/v1/sites/shared-links", `{"site_id":"new.example","name":"board"}`},
		{"POST", "/api/v2/segments", `{"site_id":"new.example","name":"Readers","filters":[["is","event:page",["/"]]]}`},
		{"PUT", "/api/v2/segments/1", `{"site_id":"new.example","name":"Others"}`},
		{"DELETE", "/api/v2/segments/1?site_id=new.example", ""},
		{"DELETE", "/api/v1/sites/new.example", ""},
	} {
		if status, answer := d.call(c[0], c[1], c[2]); status != 200 {
			t.Fatalf("%s %s: status %d %v", c[0], c[1], status, answer)
		}
	}
	d.call("POST", "/api/v1/sites", `{"domain":"x","timezone":"Moon"}`) // refused: nothing changed
	d.call("GET", "/api/v1/sites", "")
	h := d.home
	h.must("goal", "add", apiSite, "--page", "/thanks", "--name", "Sale")
	h.must("goal", "remove", apiSite, "Sale")
	h.must("notice", "add", "weekly", "--site", apiSite, "--mail", "somebody@example.com")
	h.must("notice", "remove", "1")
	day := d.real.clock().Add(-72 * time.Hour).Format(time.RFC3339)
	line := `{"time":"` + day + `","ip":"203.0.113.7","user_agent":"` + browsers[0] + `","n":"pageview","u":"https://api.example/private"}` + "\n"
	if r := h.tryWith(strings.NewReader(line), "import", "events", "--site", apiSite, "--yes", "-"); r.code != fine {
		t.Fatal(r.err)
	}
	h.must("import", "remove", "1")
	h.must("token", "add", "another")
	h.must("token", "remove", "another")
	want := strings.Split(strings.TrimSpace(`
token manager site.add new.example
token manager setting new.example floor = 7
token manager setting new.example shield_ip
token manager goal.add new.example Sale
token manager goal.end new.example Sale
token manager link.add new.example board
token manager segment.add new.example Readers
token manager segment.change new.example Others
token manager segment.end new.example Others
token manager site.delete new.example
(command line) goal.add api.example Sale
(command line) goal.end api.example Sale
(command line) notice.add api.example weekly mail
(command line) notice.end api.example weekly mail
(command line) import.add api.example events 1
(command line) import.end api.example events 1
(command line) token.add  another
(command line) token.end  another`), "\n")
	got := d.logged()[before:]
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("the log is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
