package aggregate

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Site is the domain that a site's counters are kept under: lower case, without
// "www.", as ParseSite returns it.
type Site string

// ErrSite is returned for a text that is no domain.
var ErrSite = errors.New("not a domain")

// ParseSite cleans a domain: lower case, no scheme, no "www.", no trailing dot
// or path. Digits, letters (of any script), "-", "_", "." and a port are allowed.
func ParseSite(s string) (Site, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	}
	s, _, _ = strings.Cut(s, "/")
	s = strings.TrimPrefix(strings.TrimSuffix(s, "."), "www.")
	if s == "" || len(s) > 253 {
		return "", fmt.Errorf("%q: %w", s, ErrSite)
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return Site(s), nil
	}
	for _, r := range s {
		if r <= ' ' || strings.ContainsRune(`/\?#@%"'<>|,;()[]{}^`+"`\x7f", r) {
			return "", fmt.Errorf("%q: %w", s, ErrSite)
		}
	}
	if strings.HasPrefix(s, ".") || strings.Contains(s, "..") {
		return "", fmt.Errorf("%q: %w", s, ErrSite)
	}
	return Site(s), nil
}

// Settings are what an owner can decide about a site. The zero value is not
// usable: start from DefaultSettings.
type Settings struct {
	Timezone  string `json:"timezone"`  // IANA zone in which days begin
	Floor     int    `json:"floor"`     // k of the promises P4 and P5; 1 = off
	Retention int    `json:"retention"` // months kept before the current one; 0 = for ever
	GPC       bool   `json:"gpc"`       // honour Sec-GPC: 1
	DNT       bool   `json:"dnt"`       // honour DNT: 1
	Mask      bool   `json:"mask"`      // mask mail addresses and tokens in paths
	// Hostnames are the hosts whose pages count, *.example.com for all below one;
	// empty = OwnHosts, which may stand in the list too; AnyHost alone = no limit.
	Hostnames    []string `json:"hostnames"`
	ValuesPerDay int      `json:"values_per_day"` // values kept per dimension and day
	VisitsPerDay int      `json:"visits_per_day"` // visits kept in memory per day

	// Shields: what they name is refused. The networks are what the owner typed,
	// the office's say, and never a visitor's address that somebody has seen here.
	ShieldPages     []string       `json:"shield_page"`    // patterns of paths
	ShieldIPs       []netip.Prefix `json:"shield_ip"`      // networks
	ShieldCountries []string       `json:"shield_country"` // ISO codes

	TidyPaths     bool   `json:"tidy_paths"`      // spell like paths alike
	BeaconsPerDay int    `json:"beacons_per_day"` // pageviews and events counted per day; 0 = no limit
	UmamiID       string `json:"umami_id"`        // what Umami's script calls the site
	Badge         bool   `json:"badge"`           // everybody may see a number of visitors, see ui/badge
	// Sources are the site's own names of sources, by what they are called without
	// it, in lower case.
	Sources map[string]string `json:"sources,omitempty"`

	// Properties are the keys of event properties that count; empty = any, NoProperties
	// alone = none but those that trackers send by themselves.
	Properties []string `json:"properties"`
	SearchKey  string   `json:"search_key"` // query key of the site's own search; blank = its terms are not counted
	Currency   string   `json:"currency"`   // ISO 4217; blank = that of the first amount that comes; NoCurrency = amounts are not counted
	Rates      []Rate   `json:"rates"`      // of other currencies

	// Script is what the script does by itself in pages of this site that ask for it
	// as script.js?site=: words of scriptWords.
	Script []string `json:"script,omitempty"`

	// Transparency is whether anybody may read /privacy/<site>, which tells that the
	// site is counted here, and how, but no figure.
	Transparency bool     `json:"transparency"`
	Public       bool     `json:"public"`      // anybody may read the figures, from the floor up
	EmbedHosts   []string `json:"embed_hosts"` // hosts whose pages may frame public figures
}

// DefaultSettings are those of a new site.
func DefaultSettings() Settings {
	return Settings{Timezone: "UTC", Floor: 3, Retention: 25, GPC: true, Mask: true, Transparency: true,
		ValuesPerDay: 5000, VisitsPerDay: 4_000_000}
}

// leastPublic is the least number of visitors that a figure for everybody is about.
const leastPublic = 3

// PublicFloor is the step in which figures for everybody count: the site's floor,
// but never less than three, so that no single visitor moves one.
func (s *Settings) PublicFloor() int { return max(leastPublic, s.Floor) }

// Location is the site's zone. Settings that were made by Set always have one.
func (s *Settings) Location() *time.Location {
	loc, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// Setting describes one key of Settings for those who read or change it.
type Setting struct {
	Key     string
	Meaning string
	get     func(*Settings) string
	set     func(*Settings, string) error
}

// Get is the setting's value as text.
func (k Setting) Get(s *Settings) string { return k.get(s) }

// SettingKeys are all settings, in the order in which they are listed.
func SettingKeys() []Setting { return slices.Clone(settingKeys) }

// ErrSetting is returned for an unknown key or an unacceptable value.
var ErrSetting = errors.New("setting")

// Set changes one setting. The error wraps ErrSetting and says what is accepted.
func (s *Settings) Set(key, value string) error {
	for _, k := range settingKeys {
		if k.Key == key {
			if err := k.set(s, strings.TrimSpace(value)); err != nil {
				return fmt.Errorf("%w %s: %s", ErrSetting, key, err)
			}
			return nil
		}
	}
	names := make([]string, len(settingKeys))
	for i, k := range settingKeys {
		names[i] = k.Key
	}
	return fmt.Errorf("%w %q is unknown; there are %s", ErrSetting, key, strings.Join(names, ", "))
}

var settingKeys = []Setting{
	{"timezone", "IANA zone in which the site's days begin, such as Europe/Berlin",
		func(s *Settings) string { return s.Timezone }, setTimezone},
	{"floor", "a link of two facts keeps its date only where this many visitors share it (1 = off)",
		func(s *Settings) string { return strconv.Itoa(s.Floor) },
		setNumber(1, 1000, func(s *Settings) *int { return &s.Floor })},
	{"retention", "months kept besides the current one; older ones are deleted (off = for ever)",
		func(s *Settings) string {
			if s.Retention == 0 {
				return "off"
			}
			return strconv.Itoa(s.Retention)
		}, setRetention},
	{"gpc", "honour Global Privacy Control (on, off)",
		func(s *Settings) string { return onOff(s.GPC) }, setSwitch(func(s *Settings) *bool { return &s.GPC })},
	{"dnt", "honour Do Not Track (on, off)",
		func(s *Settings) string { return onOff(s.DNT) }, setSwitch(func(s *Settings) *bool { return &s.DNT })},
	{"mask", "mask mail addresses and tokens in paths before counting (on, off)",
		func(s *Settings) string { return onOff(s.Mask) }, setSwitch(func(s *Settings) *bool { return &s.Mask })},
	{"hostnames", "hosts whose pages count: site (its domain and all below it; also apps, and pages on the sender's own machine, " +
		"which the script reports only when told to), any, or a list such as site,shop.example,*.example.org",
		func(s *Settings) string { return listOr(OwnHosts, s.Hostnames) }, setHostnames},
	{"shield_page", "paths that are not counted, separated by commas; * is anything within a segment, ** anything (none = all count)",
		func(s *Settings) string { return listOr("none", s.ShieldPages) }, setShieldPages},
	{"shield_ip", "networks or addresses whose visitors are not counted, such as your office's; they are kept in the database, and only there",
		func(s *Settings) string { return networks(s.ShieldIPs) }, setShieldIPs},
	{"shield_country", "countries (ISO codes) whose visitors are not counted",
		func(s *Settings) string { return listOr("none", s.ShieldCountries) }, setShieldCountries},
	{"paths", "as_is, or tidy: small letters, no trailing slash, no index file, // and dot segments resolved",
		pathsText, setPaths},
	{"sources", "your own names of sources, such as partner.example=Partner,t.co=Twitter (none = what they are called anyway); they count from now on",
		sourcesText, setSources},
	{"beacons_per_day", "pageviews and events counted per day; those beyond it are refused (off = no limit)",
		func(s *Settings) string { return numberOr("off", s.BeaconsPerDay) }, setBeaconsPerDay},
	{"properties", "keys of event properties that count, separated by commas (any = all; none = only the trackers' own)",
		func(s *Settings) string { return listOr("any", s.Properties) }, setProperties},
	{"search_key", "the query key of your site's own search, such as q: what is searched for is counted (none = it is not)",
		func(s *Settings) string { return listOr("none", single(s.SearchKey)) }, setSearchKey},
	{"currency", "the currency in which revenue is counted, such as EUR (first = that of the first amount that comes; none = it is not); a change does not convert what is counted already",
		(*Settings).CurrencyText, setCurrency},
	{"rates", "what one unit of other currencies is worth in the site's, such as USD=0.92,GBP=1.17; amounts without a rate are no revenue",
		ratesText, setRates},
	{"script", "what the script does by itself where the tag names it as script.js?site=<site> and does not say: " + strings.Join(scriptWords, ", ") + " (default = as usual)",
		func(s *Settings) string { return listOr("default", s.Script) }, setScript},
	{"badge", "a public picture and a number of the visitors of the last 30 days, at /badge/<site>.svg and .json (on, off)",
		func(s *Settings) string { return onOff(s.Badge) }, setSwitch(func(s *Settings) *bool { return &s.Badge })},
	{"umami_id", "the website id in pages that still carry Umami's script",
		func(s *Settings) string { return listOr("none", single(s.UmamiID)) }, setUmamiID},
	{"transparency", "whether anybody may read /privacy/<site>: what is counted and how, from these settings, and no figure (on, off)",
		func(s *Settings) string { return onOff(s.Transparency) }, setSwitch(func(s *Settings) *bool { return &s.Transparency })},
	{"public", "whether anybody may read the figures; what fewer visitors share than the floor, and at least 3, is not shown then (on, off)",
		func(s *Settings) string { return onOff(s.Public) }, setSwitch(func(s *Settings) *bool { return &s.Public })},
	{"embed_hosts", "hosts whose pages may show the public figures in a frame, such as example.com,*.example.org (none = no page)",
		func(s *Settings) string { return listOr("none", s.EmbedHosts) }, setEmbedHosts},
	{"values_per_day", "values kept per dimension and day; the lightest beyond it are counted under (other)",
		func(s *Settings) string { return strconv.Itoa(s.ValuesPerDay) },
		setNumber(10, 15000, func(s *Settings) *int { return &s.ValuesPerDay })},
	{"visits_per_day", "visits held in memory per day (about 170 bytes each); beyond it new visits are refused",
		func(s *Settings) string { return strconv.Itoa(s.VisitsPerDay) },
		setNumber(1000, 100_000_000, func(s *Settings) *int { return &s.VisitsPerDay })},
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func setTimezone(s *Settings, value string) error {
	if value == "" || value == "Local" {
		return errors.New("want an IANA zone such as Europe/Berlin")
	}
	if _, err := time.LoadLocation(value); err != nil {
		return fmt.Errorf("unknown zone %q; want an IANA zone such as Europe/Berlin", value)
	}
	s.Timezone = value
	return nil
}

func setRetention(s *Settings, value string) error {
	if value == "off" {
		s.Retention = 0
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 1200 {
		return fmt.Errorf("%q is not a number of months (1-1200) or off", value)
	}
	s.Retention = n
	return nil
}

func setNumber(low, high int, field func(*Settings) *int) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < low || n > high {
			return fmt.Errorf("%q is not a number from %d to %d", value, low, high)
		}
		*field(s) = n
		return nil
	}
}

func setSwitch(field func(*Settings) *bool) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		switch strings.ToLower(value) {
		case "on", "true", "yes", "1":
			*field(s) = true
		case "off", "false", "no", "0":
			*field(s) = false
		default:
			return fmt.Errorf("%q is neither on nor off", value)
		}
		return nil
	}
}
