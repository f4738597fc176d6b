package api

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// gateDesk is an API with a gate that changes settings in memory.
type gateDesk struct {
	*API
	settings aggregate.Settings
	err      error
	log      *statsDesk
}

func (d *gateDesk) AllowHost(_ aggregate.Site, host string) (aggregate.Settings, error) {
	if d.err != nil {
		return d.settings, d.err
	}
	return d.settings, d.settings.AllowHost(host)
}

func (d *gateDesk) ShieldAddress(_ aggregate.Site, addr netip.Addr) (aggregate.Settings, error) {
	err := d.settings.ShieldAddress(addr)
	return d.settings, err
}

func (d *gateDesk) Check(token string, site aggregate.Site, scope string) bool {
	return token == scope && site == "example.com"
}

func newGateDesk() *gateDesk {
	d := &gateDesk{settings: aggregate.DefaultSettings(), log: newStatsDesk()}
	d.API = New(Options{Gate: d, Tokens: d, Settings: d.log.o.Settings, Clock: time.Now, Log: d.log.o.Log,
		Address: func(*fasthttp.RequestCtx) netip.Addr { return netip.MustParseAddr("198.51.100.9") }})
	return d
}

func (d *gateDesk) post(what, token, body string) (status int, answer string) {
	var ctx fasthttp.RequestCtx
	ctx.Request.Header.SetMethod("POST")
	ctx.Request.SetRequestURI("/api/v2/refusals/" + what)
	ctx.Request.Header.Set("Authorization", token)
	ctx.Request.SetBodyString(body)
	d.Serve(&ctx, "/api/v2/refusals/"+what)
	return ctx.Response.StatusCode(), string(ctx.Response.Body())
}

func TestARefusedHostIsAllowedInOneRequest(t *testing.T) {
	d := newGateDesk()
	for range 2 { // once more changes nothing
		status, answer := d.post("allow", "Bearer sites", `{"site_id":"example.com","host":"www.shop.example"}`)
		if want := `{"setting":"hostnames","site_id":"example.com","value":"site,shop.example"}`; status != 200 || answer != want {
			t.Errorf("got %d %s, want 200 %s", status, answer, want)
		}
	}
	if status, answer := d.post("allow", "Bearer sites", `{"site_id":"example.com","host":"*"}`); status != 400 ||
		answer != `{"error":"setting hostnames: \"*\" is no host"}` {
		t.Errorf("got %d %s for a pattern", status, answer)
	}
	d.err = errors.New("secret")
	if status, answer := d.post("allow", "Bearer sites", `{"site_id":"example.com","host":"a.example"}`); status != 500 ||
		answer != `{"error":"The setting could not be changed. The server's log says more."}` {
		t.Errorf("got %d %s where the disk fails", status, answer)
	}
}

func TestTheTeamsOwnAddressIsShieldedInOneRequest(t *testing.T) {
	d := newGateDesk()
	for _, step := range []struct {
		body   string
		status int
		want   string
	}{
		{`{"site_id":"example.com"}`, 200, "198.51.100.9"},
		{`{"site_id":"example.com","ip":"2001:db8:0:1::7"}`, 200, "198.51.100.9,2001:db8:0:1::/64"},
		{`{"site_id":"example.com","ip":"the office"}`, 400, "198.51.100.9,2001:db8:0:1::/64"},
	} {
		status, answer := d.post("shield", "Bearer sites", step.body)
		if got := settingText(&d.settings, "shield_ip"); status != step.status || got != step.want {
			t.Errorf("%s: got %d %s and %s, want %d and %s", step.body, status, answer, got, step.status, step.want)
		}
	}
}

func TestTheGateNeedsAKeyThatMayChangeTheSite(t *testing.T) {
	d := newGateDesk()
	for _, c := range []struct {
		token, body string
		want        int
	}{
		{"", `{"site_id":"example.com","host":"a.example"}`, 401},
		{"Bearer stats", `{"site_id":"example.com","host":"a.example"}`, 401},
		{"Bearer sites", `{"site_id":"other.example","host":"a.example"}`, 401},
		{"Bearer sites", `{"site_id":"nobody.example","host":"a.example"}`, 401},
		{"Bearer sites", `{"site_id":`, 400},
		{"Bearer sites", `{"site_id":5}`, 400},
		{"Bearer sites", `{"site_id":"example.com"}`, 400},
	} {
		if status, answer := d.post("allow", c.token, c.body); status != c.want {
			t.Errorf("%q %s: got %d %s, want %d", c.token, c.body, status, answer, c.want)
		}
	}
	if got := settingText(&d.settings, "hostnames"); got != "site" {
		t.Errorf("hostnames became %s", got)
	}
}
