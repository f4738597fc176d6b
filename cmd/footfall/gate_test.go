//go:build linux

package main

import (
	"net/http"
	"strings"
	"testing"
)

// From the ledger to the setting and back to the door, over HTTP alone.
func TestWhatTheLedgerNamesIsAllowedAndShieldedInOneRequest(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("gate.example", noonZone())
	token := strings.TrimSpace(h.must("token", "add", "gate", "--scope", "sites", "--scope", "stats"))
	s := h.serve()
	post := func(what, body string, headers ...string) string {
		t.Helper()
		r, err := s.do("POST", "/api/v2/refusals/"+what, strings.NewReader(body), append([]string{"Authorization", "Bearer " + token}, headers...)...)
		if err != nil || r.status != http.StatusOK {
			t.Fatalf("%s: answered %d %s: %v", what, r.status, r.body, err)
		}
		return r.body
	}
	shop := beacon{"n": "pageview", "u": "https://shop.example/", "d": "gate.example"}
	from := []string{"X-Forwarded-For", "198.51.100.20"}
	if told := s.debug(shop, from...); told["dropped"] != "hostname" {
		t.Fatalf("before: %v, want hostname", told["dropped"])
	}
	if got, want := post("allow", `{"site_id":"gate.example","host":"shop.example"}`), `{"setting":"hostnames","site_id":"gate.example","value":"site,shop.example"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if told := s.debug(shop, from...); told["counted"] != true {
		t.Errorf("after: dropped as %v, want it counted", told["dropped"])
	}
	post("shield", `{"site_id":"gate.example"}`, from...)
	if told := s.debug(shop, from...); told["dropped"] != "shield_ip" {
		t.Errorf("from the shielded address: %v, want shield_ip", told["dropped"])
	}
	if told := s.debug(shop, "X-Forwarded-For", "198.51.100.21"); told["counted"] != true {
		t.Errorf("from the address beside it: dropped as %v, want it counted", told["dropped"])
	}
	s.stop()
}
