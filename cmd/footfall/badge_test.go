//go:build linux

package main

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"
)

func TestABadgeIsShownToEverybodyWhereItsOwnerWantsIt(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	d.home.addSite("quiet.example", "UTC")
	get := func(path string) reply {
		t.Helper()
		r, err := d.do("GET", "/badge/"+path, nil, "X-Forwarded-For", "203.0.113.50")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, path := range []string{"api.example.svg", "api.example.json", "nowhere.example.svg", "api.example", "api.example.png", ".svg"} {
		if r := get(path); r.status != 404 || r.body != "There is no such badge." {
			t.Errorf("%s without the setting: got %d %s, want 404", path, r.status, r.body)
		}
	}
	d.home.must("site", "set", apiSite, "badge=on", "floor=2")
	for path, want := range map[string]string{
		"api.example.json":                   `{"site":"api.example","days":30,"visitors":3,"floor":3}`,
		"www.API.example.json?page=/":        `{"site":"api.example","page":"/","days":30,"visitors":3,"floor":3}`,
		"api.example.json?page=/pricing":     `{"site":"api.example","page":"/pricing","days":30,"visitors":null,"floor":3}`,
		"api.example.json?page=/nowhere":     `{"site":"api.example","page":"/nowhere","days":30,"visitors":null,"floor":3}`,
		"api.example.json?page=%3Cscript%3E": `{"site":"api.example","page":"\u003cscript\u003e","days":30,"visitors":null,"floor":3}`,
	} {
		r := get(path)
		if r.status != 200 || r.body != want || r.header.Get("Cache-Control") != "public, max-age=3600" {
			t.Errorf("%s: got %d %s, want %s", path, r.status, r.body, want)
		}
	}
	picture := get("api.example.svg")
	if err := xml.Unmarshal([]byte(picture.body), new(struct{})); err != nil || !strings.Contains(picture.body, ">3</text>") ||
		picture.header.Get("Content-Type") != "image/svg+xml" || picture.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" ||
		!strings.Contains(picture.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the picture: %v %v\n%s", err, picture.header, picture.body)
	}
	if r := get("api.example.svg?page=/old"); !strings.Contains(r.body, ">fewer than 3</text>") {
		t.Errorf("the picture of a page that one visitor saw: %s", r.body)
	}

	// A number stays for an hour, whatever happens, and today never counts.
	d.count("203.0.113.9", browsers[1], beacon{"n": "pageview", "u": "https://api.example/", "d": apiSite})
	d.clock.set(d.clock.now().Add(30 * time.Minute))
	before := get("api.example.json").body
	d.clock.set(berlin(t, "2026-11-13 08:00:00"))
	if after := get("api.example.json").body; before != `{"site":"api.example","days":30,"visitors":3,"floor":3}` || after != `{"site":"api.example","days":30,"visitors":6,"floor":3}` {
		t.Errorf("the number is %s within the hour and %s on the next day, want 3 and 6", before, after)
	}
	d.home.must("site", "set", apiSite, "badge=off")
	if r := get("api.example.svg"); r.status != 404 {
		t.Errorf("switched off again it answers %d, want 404", r.status)
	}
}
