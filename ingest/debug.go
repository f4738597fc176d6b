package ingest

import (
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

// Explanation tells the asker what would be stored of a beacon. Order and names of
// its keys are a contract.
type Explanation struct {
	Counted        bool         `json:"counted"` // whether the door lets it pass
	Dropped        *string      `json:"dropped"`
	Detail         *string      `json:"detail"`
	Site           string       `json:"site"`
	Name           string       `json:"name"`
	Page           string       `json:"page"`
	Hostname       string       `json:"hostname"`
	Source         string       `json:"source"`
	Referrer       string       `json:"referrer"`
	Channel        string       `json:"channel"`
	UTMSource      string       `json:"utm_source"`
	UTMMedium      string       `json:"utm_medium"`
	UTMCampaign    string       `json:"utm_campaign"`
	UTMContent     string       `json:"utm_content"`
	UTMTerm        string       `json:"utm_term"`
	Country        string       `json:"country"`
	Region         string       `json:"region"` // ISO 3166-2 code, or the name where there is no code
	City           string       `json:"city"`   // the name, or the GeoNames id where there is no name
	Browser        string       `json:"browser"`
	BrowserVersion string       `json:"browser_version"`
	OS             string       `json:"os"`
	OSVersion      string       `json:"os_version"`
	Device         string       `json:"device"`
	Language       string       `json:"language"`
	ClientIP       string       `json:"client_ip"`
	Via            []netip.Addr `json:"via"` // the one next to the client first
}

// serveDebug answers what would become of the beacon at its first site. Nothing
// is counted, and no salt is made.
func (d *Door) serveDebug(ctx *fasthttp.RequestCtx, t *Ticket, via []netip.Addr) {
	a, ok := d.explain(t, via)
	if !ok {
		ctx.Response.Header.SetCanonical(headerRetryAfter, valueMinute)
		answer(ctx, fasthttp.StatusTooManyRequests, bodyTooMany)
		return
	}
	body, err := json.Marshal(&a)
	if err != nil {
		answer(ctx, fasthttp.StatusInternalServerError, []byte("BUG: the debug answer has no JSON form."))
		return
	}
	ctx.Response.Header.SetCanonical(headerCacheControl, valueNoStore)
	answerJSON(ctx, fasthttp.StatusOK, body)
}

// explain works out what would become of the beacon; not ok where the address
// asks too often.
func (d *Door) explain(t *Ticket, via []netip.Addr) (a Explanation, ok bool) {
	if who := &t.caller; !who.Addr.IsLoopback() && d.debug.take(who.Addr, who.At) > bearable {
		return a, false
	}
	site := t.sites[0]
	settings := d.settings(t, site)
	known := settings != nil
	if !known {
		settings = newSite
	}
	dropped, detail, _ := d.Clerk.judge(t, site, settings, &t.caller)
	switch {
	case objects(settings, &t.caller):
		dropped, detail = OptOut, ""
	case !known:
		dropped, detail = UnknownSite, ""
	}
	told := d.Clerk.agents.Parse(t.caller.Agent, &t.caller.Signs.Hints)
	d.Clerk.fill(t, site, settings, &t.caller, &told, true)
	a = t.explanation()
	a.Counted, a.Dropped, a.Detail = dropped == "", orNull(dropped), orNull(detail)
	a.Via = append(a.Via, via...)
	return a, true
}

// Explain says what would be stored of a view of the site's home page by whoever
// sent this request, which is one for a page and not a beacon. Nothing is counted,
// and no salt is made. It is not ok where the address asks too often, or where the
// site's name is that of no page.
func (d *Door) Explain(ctx *fasthttp.RequestCtx, site aggregate.Site) (a Explanation, ok bool) {
	view, err := json.Marshal(map[string]string{"n": "pageview", "u": "https://" + string(site) + "/", "d": string(site)})
	if err != nil {
		return a, false
	}
	t := takeTicket()
	defer t.giveBack()
	if err := t.ReadJSON(view); err != nil || len(t.Problems) > 0 {
		return a, false
	}
	via := d.readCaller(ctx, t)
	who := &t.caller
	who.Origin, who.Referer, who.Signs.Odd = "", "", false // of the page that is being opened
	a, ok = d.explain(t, via)
	a.own()
	return a, ok
}

// own copies what the ticket's and the request's memory holds.
func (a *Explanation) own() {
	for _, text := range []*string{&a.Site, &a.Name, &a.Page, &a.Hostname, &a.Source, &a.Referrer, &a.Channel,
		&a.UTMSource, &a.UTMMedium, &a.UTMCampaign, &a.UTMContent, &a.UTMTerm, &a.Country, &a.Region, &a.City,
		&a.Browser, &a.BrowserVersion, &a.OS, &a.OSVersion, &a.Device, &a.Language} {
		*text = strings.Clone(*text)
	}
	for _, text := range []*string{a.Dropped, a.Detail} {
		if text != nil {
			*text = strings.Clone(*text)
		}
	}
}

// What stands for blank values: the words of the stats API.
const (
	blankSource = "Direct / None"
	blankFact   = "(not set)"
)

func (t *Ticket) explanation() Explanation {
	f := &t.Hit.Facts
	fact := func(d aggregate.Dimension, part int) string { return or(aggregate.Part(f[d], part), blankFact) }
	return Explanation{
		Site: string(t.Hit.Site), Name: f[aggregate.EventName],
		Page: f[aggregate.Page], Hostname: fact(aggregate.Hostname, 0),
		Source:      or(f[aggregate.Source], blankSource),
		Referrer:    or(aggregate.Part(f[aggregate.Referrer], 1), blankSource),
		Channel:     fact(aggregate.Channel, 0),
		UTMSource:   fact(aggregate.UTMSource, 0),
		UTMMedium:   fact(aggregate.UTMMedium, 0),
		UTMCampaign: fact(aggregate.UTMCampaign, 0),
		UTMContent:  fact(aggregate.UTMContent, 0),
		UTMTerm:     fact(aggregate.UTMTerm, 0),
		Country:     fact(aggregate.Country, 0),
		Region:      or(aggregate.Part(f[aggregate.Region], 1), fact(aggregate.Region, 2)),
		City:        or(aggregate.Part(f[aggregate.City], 4), fact(aggregate.City, 3)),
		Browser:     fact(aggregate.Browser, 0), BrowserVersion: fact(aggregate.BrowserVersion, 1),
		OS: fact(aggregate.OS, 0), OSVersion: fact(aggregate.OSVersion, 1),
		Device: fact(aggregate.Device, 0), Language: fact(aggregate.Language, 0),
		ClientIP: t.caller.Addr.String(), Via: []netip.Addr{},
	}
}

func or(text, blank string) string {
	if text == aggregate.Blank {
		return blank
	}
	return text
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
