package api

import (
	"encoding/json"
	"errors"
	"net/netip"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// Gate changes what the front door lets in. Errors wrap aggregate.ErrSetting, whose
// text may be shown; others are of the disk.
type Gate interface {
	// AllowHost lets pages of one more host count.
	AllowHost(site aggregate.Site, host string) (aggregate.Settings, error)
	// ShieldAddress keeps the visits out that come from an address.
	ShieldAddress(site aggregate.Site, addr netip.Addr) (aggregate.Settings, error)
}

// maxGateBody is more than any request to the gate needs.
const maxGateBody = 4 << 10

// gateQuestion is a request to change what is let in.
type gateQuestion struct {
	Site string `json:"site_id"`
	Host string `json:"host"`
	IP   string `json:"ip"`
}

// allowHost is POST /api/v2/refusals/allow {site_id, host}: pages of a host that the
// ledger names count from now on. The answer is what "hostnames" has become.
func (a *API) allowHost(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	return a.changeGate(ctx, "hostnames", func(site aggregate.Site, q *gateQuestion) (aggregate.Settings, error) {
		return a.o.Gate.AllowHost(site, q.Host)
	})
}

// shieldAddress is POST /api/v2/refusals/shield {site_id, ip}: whoever comes from an
// address is not counted from now on. Without one it is the address that the request
// comes from: the team's own. The answer is what "shield_ip" has become.
func (a *API) shieldAddress(ctx *fasthttp.RequestCtx) (status int, body []byte) {
	return a.changeGate(ctx, "shield_ip", func(site aggregate.Site, q *gateQuestion) (aggregate.Settings, error) {
		addr, _ := netip.ParseAddr(q.IP) // what is none is refused
		if q.IP == "" {
			addr = a.o.Address(ctx)
		}
		return a.o.Gate.ShieldAddress(site, addr)
	})
}

// changeGate answers a request whose token may change the site's settings.
func (a *API) changeGate(ctx *fasthttp.RequestCtx, key string,
	change func(aggregate.Site, *gateQuestion) (aggregate.Settings, error)) (status int, body []byte) {
	if apiToken(ctx) == "" {
		return fasthttp.StatusUnauthorized, errorBody(unauthorizedToChange)
	}
	var q gateQuestion
	if text := ctx.PostBody(); len(text) > maxGateBody || json.Unmarshal(text, &q) != nil {
		return fasthttp.StatusBadRequest, errorBody("The body is no JSON object such as {\"site_id\": \"example.com\", ...}.")
	}
	site, status, body := a.openToChange(ctx, q.Site)
	if status != fasthttp.StatusOK {
		return status, body
	}
	before, _ := a.o.Settings(site)
	settings, err := change(site, &q)
	switch {
	case errors.Is(err, aggregate.ErrSetting):
		return fasthttp.StatusBadRequest, errorBody(err.Error())
	case err != nil:
		a.o.Log.Error("what the front door lets in could not be changed", "site", string(site), "err", err)
		return fasthttp.StatusInternalServerError, errorBody("The setting could not be changed. The server's log says more.")
	}
	a.didSet(ctx, site, &before)
	return fasthttp.StatusOK, appendJSON(nil, map[string]string{"site_id": string(site), "setting": key, "value": settingText(&settings, key)})
}

// unauthorizedToChange is one text for a missing, an invalid and another site's key.
const unauthorizedToChange = "Missing or invalid API key. Send a token with the scope sites for this site as \"Authorization: Bearer TOKEN\"."

// settingText is a setting as the command line shows it.
func settingText(settings *aggregate.Settings, key string) string {
	for _, k := range aggregate.SettingKeys() {
		if k.Key == key {
			return k.Get(settings)
		}
	}
	return ""
}
