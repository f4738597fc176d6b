package ingest

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"footfall/aggregate"
	"footfall/ingest/agent"
	"footfall/ingest/geo"
	"footfall/ingest/source"
	"footfall/ingest/spam"
	"footfall/ingest/visitor"
)

// Reasons for which a beacon is dropped here. The sink and importers have more.
const (
	UnknownSite = "unknown_site" // no site of that name
	OptOut      = "opt_out"      // the visitor objects; told, but counted nowhere
	Prefetch    = "prefetch"     // loaded ahead, seen by nobody yet
	Bot         = "bot"          // no person
	Hostname    = "hostname"     // a host that the site's settings leave out
	Spam        = "spam"         // a referrer that nobody ever came from
	Rate        = "rate"         // too many from one network
	NoEvent     = "no_event"     // a click on something that is no event

	ShieldPage    = "shield_page"    // what the owner shields: paths,
	ShieldIP      = "shield_ip"      // networks,
	ShieldCountry = "shield_country" // countries

	Late   = "late"   // told too late, by a back end
	Future = "future" // later than the clock, by a back end
)

// Visitors hashes visitors: visitor.Salts.
type Visitors interface {
	// Visitor is the hash under the salt of a site's day, which is made on first
	// use. Any error means that there is no hash.
	Visitor(aggregate.Site, aggregate.Day, netip.Addr, []byte) (aggregate.Visitor, error)
	// Known is the hash under a salt that is alive already.
	Known(aggregate.Site, aggregate.Day, netip.Addr, []byte) (aggregate.Visitor, bool)
}

// Agents reads user agents: agent.Parser.
type Agents interface {
	Parse([]byte, *agent.Hints) agent.Agent
}

// Places finds places: geo.Places.
type Places interface{ Find(netip.Addr) geo.Place }

// Caller is what is known of whoever sent a beacon, whatever way it came. It ends
// in this package.
type Caller struct {
	At       time.Time
	Addr     netip.Addr
	Agent    []byte // user agent
	Language string // as in Accept-Language
	GPC, DNT bool   // objections that the request carried
	Prefetch bool   // the request was made ahead of a visit, or in its first moment
	// Prerender says that what was made ahead is the page itself, which runs.
	Prerender bool
	// Country is where a trusted proxy says the caller is; "" = it does not say.
	Country string
	// Origin and Referer are the headers in which a browser says what page a
	// request comes from; servers send none.
	Origin, Referer string
	// Headless says that the tracker itself has noticed a program at the controls.
	Headless bool
	// Signs are what the headers of a browser's own request say besides.
	Signs Signs
	// NoAgent says that the agent cannot be known (a log format without it), which
	// is no sign of a bot.
	NoAgent bool
	// Known is what somebody else has found out about the visit; nil = nobody has.
	// There is no address then, and the agent is whatever tells the visitor apart.
	Known *Known
}

// Clerk judges beacons and makes hits of them. It knows no transport: live
// beacons and imported lines pass through the same one. Safe for concurrent use.
type Clerk struct {
	visitors Visitors
	agents   Agents
	places   Places
	networks Networks // nil = none is known
	spam     *spam.List
	currency func(site aggregate.Site, code string) string // nil = no site takes one by itself
	zones    atomic.Pointer[map[string]*time.Location]
}

// NewClerk makes a Clerk with the built-in list of referrer spam. places may be
// nil: nobody's place is known then.
func NewClerk(visitors Visitors, agents Agents, places Places) *Clerk {
	c := &Clerk{visitors: visitors, agents: agents, places: places, spam: spam.Builtin()}
	c.zones.Store(&map[string]*time.Location{})
	return c
}

// UseSpamList replaces the built-in list. It must come before the first beacon.
func (c *Clerk) UseSpamList(list *spam.List) { c.spam = list }

// UseCurrencies lets a site whose owner has named no currency take that of the first
// amount that counts: settle makes code, which it may keep, the site's own, and
// returns the currency that the site has then. It must come before the first beacon.
func (c *Clerk) UseCurrencies(settle func(site aggregate.Site, code string) string) {
	c.currency = settle
}

// Admit judges t's beacon for one site. dropped is "" when t.Hit is to be
// counted, else the reason, with a detail where there is one (the kind of bot, the
// host, the spammer). An objection is judged before every other reason, of an
// unknown site (settings = nil) by the settings of a new one. The error is that of
// Visitors.
//
// Of a beacon for an unknown site everything is worked out as for a known one, so
// that the time of the answer does not tell which it was.
func (c *Clerk) Admit(t *Ticket, site aggregate.Site, settings *aggregate.Settings, who *Caller) (dropped, detail string, err error) {
	if objects(settings, who) {
		return OptOut, "", nil
	}
	known := settings != nil
	if !known {
		settings = newSite
	}
	dropped, detail, told := c.judge(t, site, settings, who)
	if dropped == "" {
		if code := t.Beacon.Currency; code != "" && known && settings.Currency == "" && c.currency != nil {
			settings.Currency = c.currency(site, strings.Clone(code))
		}
		c.fill(t, site, settings, who, &told, t.Beacon.Kind != aggregate.Engagement)
	}
	switch {
	case !known:
		if dropped == "" {
			visitor.Idle(site, who.Addr, who.Agent)
		}
		return UnknownSite, "", nil
	case dropped != "":
		return dropped, detail, nil
	}
	return "", "", c.identify(t, site, settings, who)
}

// newSite are the settings of a new site, by which beacons for unknown ones are
// worked out.
var newSite = func() *aggregate.Settings { s := aggregate.DefaultSettings(); return &s }()

// objects reports whether the visitor objects to being counted.
func objects(settings *aggregate.Settings, who *Caller) bool {
	if settings == nil {
		settings = newSite
	}
	return who.GPC && settings.GPC || who.DNT && settings.DNT
}

// judge finds the reason for which a beacon of nobody who objects is dropped, if
// any.
//
// Of a page that was prerendered and is being shown, the browser says for a moment
// longer that it was made ahead. A tracker that waits until somebody sees the page sends
// in that moment, and is right.
func (c *Clerk) judge(t *Ticket, site aggregate.Site, settings *aggregate.Settings, who *Caller) (dropped, detail string, told agent.Agent) {
	switch {
	case who.Prefetch && !(who.Prerender && t.Beacon.Waits):
		return Prefetch, "", told
	case shieldsAddr(settings, who.Addr):
		return ShieldIP, "", told
	}
	if who.Headless {
		return Bot, agent.BotHeadless, told
	}
	if told = c.recognize(who); told.Bot != "" {
		return Bot, told.Refusal(), told
	}
	if host, refused := t.hostRefused(site, settings, who); refused {
		return Hostname, ledgerHost(host), told
	}
	if spammer, ok := c.spammer(t); ok {
		return Spam, spammer, told
	}
	if t.Beacon.Nothing {
		return NoEvent, "", told
	}
	if len(settings.ShieldPages) > 0 && shieldsPage(settings, t.path(settings)) {
		return ShieldPage, "", told
	}
	if len(settings.ShieldCountries) > 0 && slices.Contains(settings.ShieldCountries, c.place(who).Country) {
		return ShieldCountry, "", told
	}
	return "", "", told
}

// spammer is the entry of the spam list that the beacon's referrer, or its source
// tag, falls under.
func (c *Clerk) spammer(t *Ticket) (entry string, ok bool) {
	if t.Beacon.Referrer != "" {
		if from, problem := t.text.splitURL(t.Beacon.Referrer); problem == "" {
			if entry, ok = c.spam.Match(from.host); ok {
				return entry, true
			}
		}
	}
	if tag := t.Beacon.tags.tag(); strings.IndexByte(tag, '.') > 0 {
		return c.spam.Match(strings.TrimPrefix(t.text.lower(tag), "www."))
	}
	return "", false
}

// fill makes the facts of t.Hit. visit says whether those of the visit are
// wanted: an engagement never begins one.
func (c *Clerk) fill(t *Ticket, site aggregate.Site, settings *aggregate.Settings, who *Caller, told *agent.Agent, visit bool) {
	b, h := &t.Beacon, &t.Hit
	h.Site, h.At, h.Kind = site, who.At.UnixMilli(), b.Kind
	h.Visitor, h.Before = aggregate.Visitor{}, aggregate.Visitor{}
	h.Interactive = b.Kind == aggregate.Custom && b.Interactive
	h.Engaged, h.Scroll = b.Engaged, b.Scroll
	h.Facts = aggregate.Facts{}
	f := &h.Facts
	f[aggregate.Page] = t.path(settings)
	f[aggregate.Hostname] = b.page.host
	f[aggregate.EventName] = b.Name
	t.fillEvent(settings)
	t.fillRevenue(settings)
	if b.Kind == aggregate.Pageview && settings.SearchKey != "" {
		f[aggregate.SearchTerm] = t.searchTerm(settings)
	}
	if !visit {
		return
	}
	t.fillOrigin(site, settings)
	who.Known.named(t)
	t.fillPlace(c.place(who))
	f[aggregate.Browser], f[aggregate.BrowserVersion] = told.Browser, told.BrowserVersionValue()
	f[aggregate.OS], f[aggregate.OSVersion] = told.OS, told.OSVersionValue()
	f[aggregate.Device] = told.Device
	f[aggregate.Language] = t.text.language(who.Language)
}

// path is the page as it is counted. Masks come before small letters: how letters
// change is what tells a token.
func (t *Ticket) path(settings *aggregate.Settings) string {
	path := t.Beacon.page.value(&t.text, t.Beacon.HashMode)
	if settings.Mask {
		path = cut(t.text.mask(path), maxPath)
	}
	if settings.TidyPaths {
		path = cut(t.text.tidy(path), maxPath)
	}
	return path
}

// Events that trackers send by themselves, beside pageview and engagement.
const (
	eventNotFound = "404"
	eventOutbound = "Outbound Link: Click"
	eventDownload = "File Download"
	eventForm     = "Form: Submission"
)

// fillEvent copies the properties, and does for the built-in events what their
// names promise: links become facts of their own, and a missing path property is
// the page's.
func (t *Ticket) fillEvent(settings *aggregate.Settings) {
	b, h, mask := &t.Beacon, &t.Hit, settings.Mask
	h.Props = h.Props[:0]
	for _, p := range b.Props {
		if settings.AllowsProperty(p.Key) {
			h.Props = append(h.Props, p)
		}
	}
	switch b.Name {
	case eventOutbound:
		h.Facts[aggregate.Outbound] = t.builtinProp("url", mask)
	case eventDownload:
		h.Facts[aggregate.Download] = t.builtinProp("url", mask)
	case eventNotFound, eventForm:
		if t.builtinProp("path", mask) == "" {
			h.Props = append(h.Props, aggregate.Prop{Key: "path", Value: h.Facts[aggregate.Page]})
		}
	}
}

// fillRevenue turns the amount that the event brought into the site's currency, or
// says that it does not count.
func (t *Ticket) fillRevenue(settings *aggregate.Settings) {
	b, h := &t.Beacon, &t.Hit
	h.Paid, h.Revenue, h.Unrated = false, 0, ""
	if b.Currency == "" {
		return
	}
	if h.Revenue, h.Paid = settings.Convert(b.Amount, b.Currency); !h.Paid {
		h.Revenue, h.Unrated = 0, aggregate.NoRate(b.Currency)
	}
}

// maxTerm is the most bytes of a search term.
const maxTerm = 200

// searchTerm is what was searched for on the site, in small letters.
func (t *Ticket) searchTerm(settings *aggregate.Settings) string {
	for query := t.Beacon.page.query; query != ""; {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if t.text.unescape(key, true) != settings.SearchKey {
			continue
		}
		term := strings.Join(strings.Fields(t.text.lower(t.text.clean(t.text.unescape(value, true)))), " ")
		if settings.Mask {
			term = t.text.maskMails(term)
		}
		return cut(term, maxTerm)
	}
	return ""
}

// builtinProp is the value of a property that holds an address. It is masked like
// the page's path: the tracker took it from there.
func (t *Ticket) builtinProp(name string, mask bool) string {
	for i := range t.Hit.Props {
		p := &t.Hit.Props[i]
		if p.Key == name {
			if mask {
				p.Value = cut(t.text.mask(p.Value), maxPropValue)
			}
			return p.Value
		}
	}
	return ""
}

// fillOrigin makes source, channel and tags. The referrer's path is masked like
// the page's, and so are mail addresses in tags.
func (t *Ticket) fillOrigin(site aggregate.Site, settings *aggregate.Settings) {
	b, f, tags := &t.Beacon, &t.Hit.Facts, t.Beacon.tags
	if settings.Mask {
		for _, text := range []*string{&tags.utmSource, &tags.source, &tags.ref,
			&tags.medium, &tags.campaign, &tags.content, &tags.term} {
			*text = t.text.maskMails(*text)
		}
	}
	t.origin = source.Input{Site: site, PageHost: b.page.host, Referrer: b.Referrer,
		Tag: tags.tag(), Medium: tags.medium, Campaign: tags.campaign, ClickIDs: tags.clickIDs, Renamed: settings.Sources}
	from := source.Find(&t.origin)
	if settings.Mask {
		from.Address = t.text.mask(from.Address)
	}
	mark := len(t.text.b)
	t.text.b = from.AppendReferrer(t.text.b)
	f[aggregate.Source], f[aggregate.Channel] = from.Source, from.Channel
	f[aggregate.Referrer] = t.text.from(mark)
	f[aggregate.UTMSource], f[aggregate.UTMMedium] = tags.tag(), from.Medium
	f[aggregate.UTMCampaign] = tags.campaign
	f[aggregate.UTMContent], f[aggregate.UTMTerm] = tags.content, tags.term
}

func (t *Ticket) fillPlace(p geo.Place) {
	f := &t.Hit.Facts
	f[aggregate.Country] = p.Country
	if p.RegionCode != "" || p.RegionName != "" {
		f[aggregate.Region] = t.text.join(p.Country, p.RegionCode, p.RegionName)
	}
	if p.CityID != "" || p.CityName != "" {
		f[aggregate.City] = t.text.join(p.Country, p.RegionCode, p.RegionName, p.CityID, p.CityName)
	}
}

// identify is where address and user agent end.
func (c *Clerk) identify(t *Ticket, site aggregate.Site, settings *aggregate.Settings, who *Caller) (err error) {
	day := aggregate.DayOf(who.At, c.zone(settings))
	if t.Hit.Visitor, err = c.visitors.Visitor(site, day, who.Addr, who.Agent); err != nil {
		return err
	}
	t.Hit.Before, _ = c.visitors.Known(site, day-1, who.Addr, who.Agent)
	return nil
}

// zone is the site's zone. Loading one reads a file, so they are kept; there are
// no more of them than sites have.
func (c *Clerk) zone(settings *aggregate.Settings) *time.Location {
	zones := c.zones.Load()
	if loc, ok := (*zones)[settings.Timezone]; ok {
		return loc
	}
	loc := settings.Location()
	more := maps.Clone(*zones)
	more[strings.Clone(settings.Timezone)] = loc
	c.zones.CompareAndSwap(zones, &more)
	return loc
}

// language is the first tag of an Accept-Language header as it is counted: the
// primary language, and the region where there is one, spelled as people do
// ("en-US", "de", "es-419"). Scripts and variants are left out (RFC 5646).
func (s *scratch) language(header string) string {
	first, _, _ := strings.Cut(header, ",")
	first, _, _ = strings.Cut(first, ";")
	primary, rest, _ := strings.Cut(strings.TrimSpace(first), "-")
	if len(primary) < 2 || len(primary) > 3 || !letters(primary) {
		return ""
	}
	mark := len(s.b)
	for i := range len(primary) {
		s.b = append(s.b, primary[i]|0x20)
	}
	for rest != "" {
		var subtag string
		subtag, rest, _ = strings.Cut(rest, "-")
		if len(subtag) == 2 && letters(subtag) {
			s.b = append(s.b, '-', subtag[0]&^0x20, subtag[1]&^0x20)
			break
		}
		if len(subtag) == 3 && isInteger(subtag) {
			s.b = append(append(s.b, '-'), subtag...)
			break
		}
		if len(subtag) == 1 { // extensions and private use come last
			break
		}
	}
	return s.from(mark)
}

func letters(text string) bool {
	for i := 0; i < len(text); i++ {
		if !isLetter(text[i]) {
			return false
		}
	}
	return true
}
