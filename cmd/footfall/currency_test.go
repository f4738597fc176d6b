package main

import (
	"strings"
	"testing"
)

// currencyOf is the site's setting.
func (h *installation) currencyOf(site string) string {
	h.t.Helper()
	for line := range strings.Lines(h.must("site", "set", site)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "currency" {
			return words[1]
		}
	}
	h.t.Fatal("there is no setting currency")
	return ""
}

// TestTheFirstAmountThatCountsGivesASiteItsCurrency: revenue counts without a
// setting; other currencies need a rate, and an owner may want none.
func TestTheFirstAmountThatCountsGivesASiteItsCurrency(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite(shopSite, "Europe/Berlin", "floor=1")
	h.addSite("free.example", "Europe/Berlin", "floor=1", "currency=none")
	h.addSite("old.example", "Europe/Berlin", "floor=1")
	old := `{"time":"2026-11-10T09:00:00Z","ip":"203.0.113.1","user_agent":"` + browsers[0] + `","n":"Buy","u":"https://old.example/","$":{"currency":"CHF","amount":"3.50"}}` + "\n"
	for _, step := range []struct{ flag, want string }{{"--dry-run", "first"}, {"--yes", "CHF"}} {
		if r := h.tryWith(strings.NewReader(old), "import", "events", "--site", "old.example", step.flag, "--json", "-"); r.code != fine || !strings.Contains(r.out, `"counted":1`) {
			t.Fatalf("import: exit %d, %s%s", r.code, r.out, r.err)
		}
		if got := h.currencyOf("old.example"); got != step.want {
			t.Errorf("after an import with %s the currency is %s, want %s", step.flag, got, step.want)
		}
	}
	s := &till{h.inside(&wallClock{time: berlin(t, "2026-11-12 15:00:00")}, h.state), t}
	s.token = h.token()
	buy := func(site, currency, amount string) beacon {
		return beacon{"n": "Buy", "d": site, "u": "https://" + site + "/", "$": map[string]string{"currency": currency, "amount": amount}}
	}
	if r := s.send("192.0.2.1", "Googlebot/2.1", buy(shopSite, "XAU", "1")); r.dropped() == "" {
		t.Error("a bot's amount is counted")
	}
	if got := h.currencyOf(shopSite); got != "first" {
		t.Errorf("before the first amount that counts the currency is %s, want first", got)
	}
	for _, b := range []beacon{buy(shopSite, "eur", "10"), buy(shopSite, "EUR", "5.50"), buy(shopSite, "USD", "99"), buy("free.example", "EUR", "8")} {
		s.count("203.0.113.11", browsers[0], b)
	}
	const both = `"metrics":["events","total_revenue","average_revenue"]}`
	check := func() {
		t.Helper()
		s.equal("today", s.rows(`{"site_id":"shop.example","date_range":"day",`+both), `[{"dimensions":[],"metrics":[3,15.5,7.75]}]`)
		s.equal("of the import", s.rows(`{"site_id":"old.example","date_range":["2026-11-10","2026-11-10"],`+both), `[{"dimensions":[],"metrics":[1,3.5,3.5]}]`)
		s.equal("where the owner wants none", s.rows(`{"site_id":"free.example","date_range":"day",`+both), `[{"dimensions":[],"metrics":[1,null,null]}]`)
	}
	check()
	h.addSite("copy.example", "Europe/Berlin", "floor=1")
	h.addSite("other.example", "Europe/Berlin", "floor=1", "currency=SEK")
	whole := h.must("export", "--site", "old.example")
	for site, want := range map[string]string{"copy.example": "CHF", "other.example": "SEK"} {
		r := h.tryWith(strings.NewReader(whole), "import", "footfall", "--site", site, "-")
		if got := h.currencyOf(site); r.code != fine || got != want || strings.Contains(r.out+r.err, "in CHF") != (want != "CHF") {
			t.Errorf("an export imported to %s: exit %d, currency %s, want %s, and a note where it differs: %s%s", site, r.code, got, want, r.out, r.err)
		}
	}
	s.equal("of an export that was imported", s.rows(`{"site_id":"copy.example","date_range":["2026-11-10","2026-11-10"],`+both), `[{"dimensions":[],"metrics":[1,3.5,3.5]}]`)
	if got := s.ledger("2026-11-12"); !strings.Contains(got, "no rate for USD") {
		t.Errorf("the ledger says %s, want the currency without a rate", got)
	}
	s.restart()
	check()
	s.home.mustBeSound()
}
