package ui

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"footfall/aggregate"
	"footfall/ui/api"
	"footfall/ui/words"
)

// fakeLedgers are those of a month.
type fakeLedgers struct {
	days []api.DayLedger
	err  error
}

func (l fakeLedgers) Ledgers(_ aggregate.Site, first, last aggregate.Day) (all []api.DayLedger, err error) {
	for _, d := range l.days {
		if d.Day >= first && d.Day <= last {
			all = append(all, d)
		}
	}
	return all, l.err
}

// fakeGate lets hosts in that are hosts.
type fakeGate struct{ settings aggregate.Settings }

func (g *fakeGate) AllowHost(_ aggregate.Site, host string) (aggregate.Settings, error) {
	if host == "broken.example" {
		return g.settings, errors.New("/secret: disk full")
	}
	err := g.settings.AllowHost(host)
	return g.settings, err
}

func (g *fakeGate) ShieldAddress(aggregate.Site, netip.Addr) (aggregate.Settings, error) {
	return g.settings, nil
}

// month is a ledger as there are many.
func month() fakeLedgers {
	today := aggregate.Date(2026, 11, 24)
	return fakeLedgers{days: []api.DayLedger{
		{Day: today - 40, Refused: map[string]int64{"bot: crawler": 99999}},
		{Day: today - 9, Refused: map[string]int64{"bot: crawler": 1200, "bot: ai GPTBot": 40, "hostname: shop.example": 7, aggregate.Other: 2}},
		{Day: today, Refused: map[string]int64{"bot: crawler": 34, "bot: ai GPTBot": 2, "bot: ai ClaudeBot": 5, "hostname: <script>alert(1)</script>": 1, "odd": 1, "spam: seo.example": 3}},
	}}
}

func withRefusals(l fakeLedgers, g *fakeGate) func(*Options) {
	return func(o *Options) {
		o.Ledgers = l
		if g == nil {
			return
		}
		o.Gate = g
		before := o.Settings
		o.Settings = func(site aggregate.Site) (aggregate.Settings, bool) {
			settings, ok := before(site)
			settings.Hostnames = g.settings.Hostnames
			return settings, ok
		}
	}
}

func TestWhatWasRefusedIsToldByReasonAndDay(t *testing.T) {
	s := serve(t, fullAsker(), withRefusals(month(), nil))
	answer, body := s.get(t, "/example.com/refused", "Accept-Language: en-US")
	wantStatus(t, answer, 200)
	wantText(t, body, "1,295 refused", "Programs, not people <code>bot</code>", "<b>1,281</b>", "99%", "Crawlers", "shop.example", "Another host",
		"odd <code>odd</code>", "Others, taken together", "seo.example", "GPTBot", "ClaudeBot", "not even the number is kept", "Oct 26 – Nov 24, 2026", "Tue, Nov 24, 2026")
	for _, never := range []string{"101,2", "<script>alert", `action="/example.com/refused/allow"`} {
		if strings.Contains(body, never) {
			t.Errorf("the page says %q", never)
		}
	}
	if at := strings.Index(body, `id="h-ai"`); at < 0 || strings.Index(body[at:], "GPTBot") > strings.Index(body[at:], "ClaudeBot") {
		t.Error("the crawler that came most does not stand first")
	}
}

func TestAHostIsAllowedAtThePressOfAButton(t *testing.T) {
	g := &fakeGate{settings: aggregate.DefaultSettings()}
	b := &browser{stand: serve(t, fullAsker(), withRefusals(month(), g))}
	answer, _ := b.post(t, "/example.com/refused", "/example.com/refused/allow?lang=en", "host", "shop.example")
	if wantStatus(t, answer, 303); answer.Header.Get("Location") != "/example.com/refused?lang=en&allowed=shop.example" {
		t.Errorf("the reader is sent to %q", answer.Header.Get("Location"))
	}
	if got := strings.Join(g.settings.Hostnames, ","); got != "site,shop.example" {
		t.Errorf("the hosts that count are %q", got)
	}
	wantText(t, b.open(t, "/example.com/refused?allowed=shop.example"), "Pages on <strong><bdi>shop.example</bdi></strong> count from now on.", "counts by now")
	if body := b.open(t, "/example.com/refused?allowed=evil.example"); strings.Contains(body, "count from now on") {
		t.Error("the page believes its address that a host was allowed")
	}
	for host, want := range map[string]int{"no host": 400, "<script>": 400, "": 400, "broken.example": 500} {
		answer, body := b.post(t, "/example.com/refused", "/example.com/refused/allow", "host", host)
		if wantStatus(t, answer, want); strings.Contains(body, "/secret") || strings.Contains(body, "<script>") {
			t.Errorf("%q: the page tells too much", host)
		}
	}
	answer, _ = b.do(t, http.MethodPost, "/example.com/refused/allow", "host=evil.example", "Content-Type: application/x-www-form-urlencoded")
	wantStatus(t, answer, 403)
	// A viewer reads, and has no button.
	_, body := b.get(t, "/example.com/refused", away, "Authorization: Bearer one")
	if wantText(t, body, "shop.example"); strings.Contains(body, "refused/allow") {
		t.Error("a viewer has the button")
	}
}

func TestALedgerThatIsEmptyOrBrokenSaysSo(t *testing.T) {
	_, body := serve(t, fullAsker(), withRefusals(fakeLedgers{}, nil)).get(t, "/example.com/refused")
	wantText(t, body, "Nothing was refused in these thirty days.")
	_, body = serve(t, fullAsker(), withRefusals(fakeLedgers{err: errors.New("/secret")}, nil)).get(t, "/example.com/refused")
	if strings.Contains(body, "/secret") {
		t.Error("the page tells the inner text of an error")
	}
	many := map[string]int64{}
	for i := range 60 {
		many[fmt.Sprintf("hostname: h%02d.example", i)] = 1
	}
	_, body = serve(t, fullAsker(), withRefusals(fakeLedgers{days: []api.DayLedger{{Day: aggregate.Date(2026, 11, 24), Refused: many}}}, nil)).get(t, "/example.com/refused")
	wantText(t, body, "and 35 more")
}

// Every reason that a beacon can be refused for has a name and an explanation.
func TestEveryReasonIsExplained(t *testing.T) {
	for _, l := range words.Languages() {
		for _, reason := range reasonsTold {
			locale := words.For(l.Tag)
			if name := reasonName(locale, reason); strings.HasPrefix(name, "refusal.") {
				t.Errorf("%s has no name for %s", l.Tag, reason)
			}
			if why := reasonWhy(locale, reason, "example.com"); why == "" || strings.HasPrefix(why, "refusal.") {
				t.Errorf("%s does not explain %s", l.Tag, reason)
			}
		}
	}
}
