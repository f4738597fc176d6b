//go:build linux

package main

import (
	"strings"
	"testing"

	"footfall/aggregate"
)

func TestSavedFiltersAreKeptAndAskedForByTheirNumber(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	reader := d.token
	writer := strings.TrimSpace(d.home.must("token", "add", "writer", "--scope", "sites"))
	d.token = writer
	d.want("POST", "/api/v2/segments", `{"site_id":"api.example","name":" Searchers ","filters":[["is","visit:source",["Google"]]]}`, 200,
		`{"id":1,"name":"Searchers","filters":[["is","visit:source",["Google"]]]}`)
	d.want("POST", "/api/v2/segments", `{"site_id":"api.example","name":"Bloggers","filters":[["contains","event:page",["blog"],{"case_sensitive":false}]]}`, 200,
		`{"id":2,"name":"Bloggers","filters":[["contains","event:page",["blog"],{"case_sensitive":false}]]}`)
	d.want("PUT", "/api/v2/segments/2", `{"site_id":"api.example","name":"Readers"}`, 200,
		`{"id":2,"name":"Readers","filters":[["contains","event:page",["blog"],{"case_sensitive":false}]]}`)
	if _, err := d.real.db.AddSegment(apiSite, aggregate.Segment{Name: "Searchers", Account: 7, Filters: []byte(`[["is","event:page",["/"]]]`)}); err != nil {
		t.Fatal(err)
	}

	d.token = reader
	d.want("GET", "/api/v2/segments?site_id=api.example", "", 200, `{"segments":[{"id":1,"name":"Searchers","filters":[["is","visit:source",["Google"]]]},
		{"id":2,"name":"Readers","filters":[["contains","event:page",["blog"],{"case_sensitive":false}]]}]}`)
	d.want("GET", "/api/v2/segments/1?site_id=api.example", "", 200, `{"id":1,"name":"Searchers","filters":[["is","visit:source",["Google"]]]}`)
	d.want("GET", "/api/v2/segments/3?site_id=api.example", "", 404, `{"error":"There is no such segment."}`) // somebody's own
	for _, c := range []struct{ what, filters, want string }{
		{"a segment", `[["is","segment",[1]]]`, ":2"},
		{"one of two", `[["is","segment",[1,"2"]]]`, ":4"},
		{"what is not in one", `[["is_not","segment",[1]]]`, ":3"},
		{"a segment and a filter", `[["is","segment",[1]],["is","event:page",["/pricing"]]]`, ":1"},
	} {
		ask := `"metrics":["pageviews"],"date_range":"7d","filters":` + c.filters
		status, answer := d.posted(ask)
		if got := table(answer); status != 200 || got != c.want {
			t.Errorf("%s: got %d %s %v, want %s", c.what, status, got, answer["error"], c.want)
		} else {
			wantJSON(t, "the filters that are echoed", answer["query"].(map[string]any)["filters"], c.filters)
		}
	}
	if _, body := d.legacy("aggregate", `period=7d metrics=pageviews filters=[["is","segment",[1]]]`); body != `{"results":{"pageviews":{"value":2}}}` {
		t.Errorf("the first version answers %s under a segment", body)
	}
	for _, c := range []struct{ filters, want string }{
		{`[["is","segment",[9]]]`, "#/filters/0: There is no segment 9"},
		{`[["not",["is","segment",[3]]]]`, "#/filters/0: There is no segment 3"},
		{`[["is","segment",["x"]]]`, `#/filters/0/2/0: Want the id of a segment, got "x"`},
		{`[["contains","segment",[1]]]`, `#/filters/0/1: Invalid filter dimension "segment"`},
	} {
		if status, answer := d.posted(`"metrics":["pageviews"],"date_range":"7d","filters":` + c.filters); status != 400 || answer["error"] != c.want {
			t.Errorf("%s: got %d %v, want 400 %s", c.filters, status, answer["error"], c.want)
		}
	}

	d.token = writer
	for _, c := range []struct {
		body, want string
	}{
		{`{"site_id":"api.example","name":"Searchers","filters":[["is","event:page",["/"]]]}`, `segment: there is one named \"Searchers\" already`},
		{`{"site_id":"api.example","name":"","filters":[["is","event:page",["/"]]]}`, `segment: it needs a name of at most 120 characters`},
		{`{"site_id":"api.example","name":"x"}`, `#: Required key \"filters\" is missing`},
		{`{"site_id":"api.example","name":"x","filters":[]}`, `#/filters: Want at least one filter`},
		{`{"site_id":"api.example","name":"x","filters":[["is","nothing",["/"]]]}`, `#/filters/0/1: Invalid filter dimension \"nothing\"`},
		{`{"site_id":"api.example","name":"x","filters":[["not",["is","segment",[1]]]]}`, `#/filters: A segment cannot name another`},
	} {
		d.want("POST", "/api/v2/segments", c.body, 400, `{"error":"`+c.want+`"}`)
	}
	d.want("PUT", "/api/v2/segments/3", `{"site_id":"api.example","name":"mine"}`, 404, `{"error":"There is no such segment."}`)
	d.want("DELETE", "/api/v2/segments/1?site_id=api.example", "", 200, `{"deleted":true}`)
	d.want("DELETE", "/api/v2/segments/1?site_id=api.example", "", 404, `{"error":"There is no such segment."}`)
	d.token = reader
	if status, _ := d.call("POST", "/api/v2/segments", `{"site_id":"api.example","name":"x","filters":[["is","event:page",["/"]]]}`); status != 401 {
		t.Errorf("a token for figures saves a segment: %d, want 401", status)
	}
	if status, _ := d.call("DELETE", "/api/v2/segments/2?site_id=api.example", ""); status != 401 {
		t.Errorf("a token for figures removes a segment: %d, want 401", status)
	}
}
