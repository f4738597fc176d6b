//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestAnnotationsAreKeptChangedAndRemoved(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	reader := d.token
	writer := strings.TrimSpace(d.home.must("token", "add", "writer", "--scope", "sites"))
	d.token = writer
	d.want("POST", "/api/v2/annotations", `{"site_id":"api.example","date":"2026-11-10","text":"  Version\t2.0 "}`, 200, `{"id":1,"date":"2026-11-10","text":"Version 2.0"}`)
	d.want("POST", "/api/v2/annotations", `{"site_id":"api.example","text":"<script>alert(1)</script>"}`, 200, `{"id":2,"date":"2026-11-12","text":"<script>alert(1)</script>"}`)
	d.want("PUT", "/api/v2/annotations/2", `{"site_id":"api.example","date":"2026-11-01"}`, 200, `{"id":2,"date":"2026-11-01","text":"<script>alert(1)</script>"}`)
	d.token = reader
	d.want("GET", "/api/v2/annotations?site_id=api.example", "", 200,
		`{"annotations":[{"id":2,"date":"2026-11-01","text":"<script>alert(1)</script>"},{"id":1,"date":"2026-11-10","text":"Version 2.0"}]}`)
	d.want("GET", "/api/v2/annotations?site_id=api.example&from=2026-11-02&to=2026-11-10", "", 200, `{"annotations":[{"id":1,"date":"2026-11-10","text":"Version 2.0"}]}`)
	d.want("GET", "/api/v2/annotations?site_id=api.example&from=soon", "", 400, `{"error":"from: want a date such as 2026-05-04."}`)
	if status, _ := d.call("POST", "/api/v2/annotations", `{"site_id":"api.example","text":"x"}`); status != 401 {
		t.Errorf("a token for figures adds an annotation: %d, want 401", status)
	}
	d.token = writer
	for body, want := range map[string]string{
		`{"site_id":"api.example","text":" "}`:                                `annotation: it needs a text of at most 200 characters`,
		`{"site_id":"api.example","text":"` + strings.Repeat("é", 201) + `"}`: `annotation: it needs a text of at most 200 characters`,
		`{"site_id":"api.example","text":"a\u0007b"}`:                         `annotation: it needs a text of at most 200 characters`,
		`{"site_id":"api.example","date":"2026-13-01","text":"x"}`:            `#/date: Want a date such as 2026-05-04, got \"2026-13-01\"`,
		`{"site_id":"api.example","date":"0001-01-01","text":"x"}`:            `annotation: its day is out of this world`,
	} {
		d.want("POST", "/api/v2/annotations", body, 400, `{"error":"`+want+`"}`)
	}
	d.want("PUT", "/api/v2/annotations/9", `{"site_id":"api.example","text":"x"}`, 404, `{"error":"There is no such annotation."}`)
	d.want("DELETE", "/api/v2/annotations/x?site_id=api.example", "", 404, `{"error":"There is no such annotation."}`)
	d.want("DELETE", "/api/v2/annotations/1?site_id=api.example", "", 200, `{"deleted":true}`)
	d.want("DELETE", "/api/v2/annotations/1?site_id=api.example", "", 404, `{"error":"There is no such annotation."}`)
}
