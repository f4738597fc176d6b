package ui

import (
	"bytes"
	"net/url"
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// The transparency page is for visitors of a site, like the opt-out page: open to
// everybody, without figures. It is made from the running settings, so that it
// cannot promise what is not so. It tells that a site is counted here, which the
// tag in the site's own pages tells as well; an owner who does not want that
// switches the setting transparency off, and the page is then answered as for a
// site that does not exist. Of the random number it tells the day and the end, and
// not when it was made: that is when the day's first visitor came.

// Disclosure is what the page tells of the installation, besides a site's settings.
type Disclosure struct {
	Places   PlaceDetail
	State    StatePlace
	Networks bool // whether an address in a data centre is told from others
}

// PlaceDetail is how exactly places can be known.
type PlaceDetail string

// The details of places, from none to the finest.
const (
	NoPlaces  PlaceDetail = "none"
	Countries PlaceDetail = "country"
	Cities    PlaceDetail = "city"
)

// StatePlace is where lives what must survive a restart and never reach a disk.
type StatePlace string

// The places of the memory state.
const (
	MemoryFiles  StatePlace = "files"   // a file system in memory
	LockedFiles  StatePlace = "locked"  // the same, kept out of the swap
	ProcessAlone StatePlace = "process" // nowhere: it ends with the process
)

// Derived is what would be known of a view by whoever sent a request.
type Derived struct {
	Address, Browser, System, Device, Language, Place, Source string
	// Dropped is the reason for which the view would not be counted, such as
	// "opt_out" or "bot"; "" = it would be.
	Dropped string
}

// privacyPath is the path below which the pages of sites lie (see matrix).
const privacyPath = "privacy/"

// privacyView is the page, ready to be printed.
type privacyView struct {
	Languages []languageLink
	Site      aggregate.Site
	Style     string
	Now       string // when it was made
	Facts     []privacyFact
	Floor     int
	Places    PlaceDetail
	Networks  bool
	GPC, DNT  bool
	Search    string // the query key of the site's own search, where it is counted
	Keys      []beaconKey
	Script    string // address of the versioned script
	Integrity string
	Ask, You  string // addresses that show the page with and without the reader's own request
	Asked     bool
	Derived   []derivedRow // nil: none was asked for, or it was asked too often
	Fate      string       // what would become of the reader's view
	OptOut    string
	Reaches   bool // the choice made there holds for the site
	Policy    []string
	Judged    []condition
}

// privacyFact is one of the figures at the head of the page.
type privacyFact struct{ ID, Value, Text string }

type derivedRow struct{ Name, Value, Text string }

// beaconKey is a key of a beacon, as the script sends it.
type beaconKey struct {
	Key, Text string
}

// beaconKeys are those that the script sends; a test holds them against the script.
var beaconKeys = []beaconKey{{Key: "n"}, {Key: "u"}, {Key: "d"}, {Key: "r"}, {Key: "t"}, {Key: "l"}, {Key: "k"}, {Key: "v"},
	{Key: "sd"}, {Key: "e"}, {Key: "props"}, {Key: "revenue"}, {Key: "interactive"}}

// servePrivacy answers /privacy/<site>.
func (u *UI) servePrivacy(ctx *fasthttp.RequestCtx, name string) {
	site, err := aggregate.ParseSite(name)
	settings, ok := aggregate.Settings{}, false
	if err == nil {
		settings, ok = u.settings(site)
	}
	if !ok || !settings.Transparency {
		u.sayMessage(ctx, fasthttp.StatusNotFound, "privacy.missing", "privacy.missing.text")
		return
	}
	if name != string(site) {
		u.redirect(ctx, withArguments(u.base+"/"+privacyPath+url.PathEscape(string(site)), spoken(ctx)))
		return
	}
	l := u.locale(ctx)
	v := u.privacyView(ctx, l, site, &settings)
	var out bytes.Buffer
	if err := templates(l).ExecuteTemplate(&out, "privacy", v); err != nil {
		u.log.Error("BUG: a page could not be printed", "page", "privacy", "err", err)
		ctx.SetStatusCode(fasthttp.StatusInternalServerError)
		return
	}
	ctx.Response.Header.Set(fasthttp.HeaderContentLanguage, l.Tag())
	u.send(ctx, out.Bytes())
}

func (u *UI) privacyView(ctx *fasthttp.RequestCtx, l *words.Locale, site aggregate.Site, settings *aggregate.Settings) *privacyView {
	now, origin := u.clock(), u.origin(ctx)
	told := u.disclose()
	v := &privacyView{Languages: languageLinks(ctx, l), Site: site, Style: u.base + "/" + optOutStyle, Floor: settings.Floor,
		Places: told.Places, Networks: told.Networks, GPC: settings.GPC, DNT: settings.DNT, Search: settings.SearchKey,
		Now:    l.Date(words.WithYear, aggregate.DayOf(now, settings.Location())) + ", " + l.Clock(now.In(settings.Location())),
		OptOut: origin + "/opt-out?" + url.Values{"site": {string(site)}, languageKey: {l.Language()}}.Encode(),
		You:    withArguments("", spoken(ctx)), Ask: withArguments("", spoken(ctx), "you=1")}
	if v.You == "" {
		v.You = "?"
	}
	if u.pinned.Path != "" {
		v.Script, v.Integrity = origin+u.pinned.Path, u.pinned.Integrity
	}
	for _, k := range beaconKeys {
		k.Text = l.Say("privacy.key." + k.Key)
		v.Keys = append(v.Keys, k)
	}
	v.Facts = privacyFacts(l, settings, told, now)
	v.Reaches = isAt(site, origin)
	objection := l.Say("privacy.policy.objection", "url", v.OptOut)
	if !v.Reaches {
		objection = l.Say("privacy.policy.objection.button", "site", site)
	}
	v.Policy = privacyPolicy(l, site, settings, told, objection, origin+"/"+privacyPath+url.PathEscape(string(site)))
	v.Judged = judge(l, settings, told, v.Reaches)
	if len(ctx.QueryArgs().Peek("you")) > 0 && u.derive != nil {
		v.Asked = true
		if d, ok := u.derive(ctx, site); ok {
			v.Derived, v.Fate = derivedRows(l, &d)
		}
	}
	return v
}

// privacyFacts are the settings that decide most, as they are now.
func privacyFacts(l *words.Locale, settings *aggregate.Settings, told Disclosure, now time.Time) []privacyFact {
	loc := settings.Location()
	today := aggregate.DayOf(now, loc)
	start, end := today.Start(loc), (today + 1).Start(loc).Add(saltGrace)
	facts := []privacyFact{{"kept", l.Say("privacy.fact.kept.always"), l.Say("privacy.fact.kept.always.text")},
		{"salt", l.Duration(now.Sub(start).Truncate(time.Minute).Seconds()), l.Say("privacy.fact.salt.text",
			"day", l.Date(words.Short, today), "end", l.Date(words.Short, today+1)+", "+l.Clock(end.In(loc)))},
		{"floor", l.Say("privacy.fact.floor.off"), l.Say("privacy.fact.floor.off.text")},
		{"signals", signals(l, settings), l.Say("privacy.fact.signals.text")},
		{"places", l.Say("privacy.fact.places." + string(told.Places)), l.Say("privacy.fact.places.text")},
		{"state", l.Say("privacy.fact.state." + string(told.State)), l.Say("privacy.fact.state.text." + string(told.State))},
	}
	if settings.Retention > 0 {
		facts[0].Value, facts[0].Text = l.Say("privacy.months", "n", settings.Retention), l.Say("privacy.fact.kept.text")
	}
	if settings.Floor > 1 {
		facts[2].Value, facts[2].Text = l.Say("privacy.fact.floor", "n", settings.Floor), l.Say("privacy.fact.floor.text")
	}
	return facts
}

// saltGrace is how long a day's random number outlives the day (promise P2).
const saltGrace = 30 * time.Minute

// signals are the browser's objections that are honoured.
func signals(l *words.Locale, settings *aggregate.Settings) string {
	switch {
	case settings.GPC && settings.DNT:
		return "GPC, DNT"
	case settings.GPC:
		return "GPC"
	case settings.DNT:
		return "DNT"
	}
	return l.Say("privacy.fact.signals.none")
}

// isAt reports whether pages of origin share the browser's storage with the site's: a
// choice that is made on another host, be it one below the site, does not hold there.
func isAt(site aggregate.Site, origin string) bool {
	at, err := url.Parse(origin)
	return err == nil && strings.EqualFold(strings.TrimPrefix(at.Hostname(), "www."), string(site))
}

// privacyPolicy is a text for the site's own page, paragraph by paragraph; objection
// and page are how to be left out, and where this is explained.
func privacyPolicy(l *words.Locale, site aggregate.Site, settings *aggregate.Settings, told Disclosure, objection, page string) []string {
	kept := l.Say("privacy.policy.kept.always")
	if settings.Retention > 0 {
		kept = l.Say("privacy.policy.kept", "n", settings.Retention)
	}
	floor := ""
	if settings.Floor > 1 {
		floor = " " + l.Say("privacy.policy.floor", "n", settings.Floor)
	}
	all := []string{
		l.Say("privacy.policy.sent", "site", site),
		l.Say("privacy.policy.derived") + " " + l.Say("privacy.policy.place."+string(told.Places)) + " " + l.Say("privacy.policy.salt"),
		l.Say("privacy.policy.counters") + floor + " " + kept,
		objection,
	}
	if settings.GPC || settings.DNT {
		all = append(all, l.Say("privacy.policy.signal", "signals", signals(l, settings)))
	}
	return append(all, l.Say("privacy.policy.more", "url", page), l.Say("privacy.policy.yours"))
}

// derivedRows are what would be known of the reader's request, and its fate.
func derivedRows(l *words.Locale, d *Derived) (rows []derivedRow, fate string) {
	add := func(name, value string) {
		if value == "" {
			value = l.Say("privacy.you.unknown")
		}
		rows = append(rows, derivedRow{Name: l.Say("privacy.you." + name), Value: value, Text: l.Say("privacy.you." + name + ".text")})
	}
	add("address", d.Address)
	add("browser", d.Browser)
	add("system", d.System)
	add("device", d.Device)
	add("language", d.Language)
	add("place", d.Place)
	add("source", d.Source)
	switch d.Dropped {
	case "":
		return rows, l.Say("privacy.fate.counted")
	case "opt_out":
		return rows, l.Say("privacy.fate.opt_out")
	}
	return rows, l.Say("privacy.fate.dropped", "reason", d.Dropped)
}
