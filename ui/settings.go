package ui

import (
	"errors"
	"slices"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// Keeper changes sites. Errors that wrap aggregate.ErrSetting may be shown; others
// are of the disk.
type Keeper interface {
	// Set changes settings, which are acceptable.
	Set(site aggregate.Site, settings map[string]string) error
	// Reset deletes a site's figures: of the months from first to last, written like
	// 2026-01, or all where they are blank. The error is ErrRange for months that are
	// none, or not over.
	Reset(site aggregate.Site, first, last string) error
	// Remove ends a site with all its counters.
	Remove(site aggregate.Site) error
}

// ErrRange is returned for months that cannot be deleted.
var ErrRange = errors.New("these months cannot be deleted")

const settingsPath = "settings"

// settingGroups are the settings in the order and company in which they are shown;
// those that are in no group come last. What opens a site to others is changed on
// the page about sharing, by those who may share.
var settingGroups = []struct {
	title string // a key of the catalogues
	keys  []string
}{
	{"settings.counting", []string{"timezone", "hostnames", "paths", "sources", "mask", "properties", "search_key", "currency", "rates", "script", "umami_id", "badge"}},
	{"settings.privacy", []string{"floor", "retention", "gpc", "dnt", "transparency"}},
	{"settings.shields", []string{"shield_page", "shield_ip", "shield_country"}},
	{"settings.limits", []string{"values_per_day", "visits_per_day", "beacons_per_day"}},
}

// sharingKeys are the settings that open a site to others.
var sharingKeys = []string{"public", "embed_hosts"}

// secretKeys are settings whose values are in no log: they are addresses.
var secretKeys = []string{"shield_ip"}

// siteHead is what every page about a site's affairs begins with.
type siteHead struct {
	Base, Path, Token string
	Site              aggregate.Site
	Tabs              []tabLink
	Why, Done         string // what was wrong, what was done
}

type tabLink struct {
	URL, Key string
	Here     bool
}

// affairs are the pages about a site, and what they take.
var affairs = []struct {
	path, key string
	action    team.Action
}{
	{"", "affairs.figures", team.See},
	{"/" + settingsPath, "affairs.settings", team.Configure},
	{"/" + sharingPath, "affairs.sharing", team.Share},
	{"/" + noticesPath, "affairs.notices", team.Configure},
	{"/" + peoplePath, "affairs.people", team.People},
	{"/" + activityPath, "affairs.activity", team.People},
}

// affairsOf is where a reader may change a site's settings; blank where they may not.
func (u *UI) affairsOf(who reader, site aggregate.Site) string {
	if !who.signed() || !who.may(site, team.Configure) {
		return ""
	}
	return u.sitePath(site) + "/" + settingsPath
}

func (u *UI) siteHead(c *caller, here string) siteHead {
	h := siteHead{Base: u.base, Path: u.sitePath(c.site), Token: u.formToken(c), Site: c.site}
	for _, a := range affairs {
		if c.who.may(c.site, a.action) {
			h.Tabs = append(h.Tabs, tabLink{h.Path + a.path, a.key, a.path == "/"+here})
		}
	}
	return h
}

// settingsView is the page of a site's settings.
type settingsView struct {
	siteHead
	Groups []settingGroup
	Reset  bool // the reader may delete figures
	Delete bool // the reader may delete the site
}

type settingGroup struct {
	Title  string
	Fields []settingField
}

type settingField struct {
	Key, Value, Label, Meaning string
	Options                    []string // to choose from; none: free text
	Wrong                      string
}

// choices are the settings that are chosen from a list.
var choices = map[string][]string{"gpc": {"on", "off"}, "dnt": {"on", "off"}, "mask": {"on", "off"}, "transparency": {"on", "off"},
	"badge": {"on", "off"}, "public": {"on", "off"}, "paths": {"as_is", "tidy"}}

// settingField is a setting with its words. A setting that the catalogues do not
// know is explained as the command line does it.
func fieldOf(l *words.Locale, k aggregate.Setting, s *aggregate.Settings) settingField {
	f := settingField{Key: k.Key, Value: k.Get(s), Label: l.Say("setting." + k.Key), Meaning: l.Say("meaning." + k.Key), Options: choices[k.Key]}
	if f.Label == "setting."+k.Key {
		f.Label = k.Key
	}
	if f.Meaning == "meaning."+k.Key {
		f.Meaning = k.Meaning
	}
	return f
}

func (u *UI) settingsView(c *caller) *settingsView {
	l := u.locale(c.RequestCtx)
	v := &settingsView{siteHead: u.siteHead(c, settingsPath), Reset: c.who.may(c.site, team.Reset), Delete: c.who.may(c.site, team.Delete)}
	fields := map[string]settingField{}
	for _, k := range aggregate.SettingKeys() {
		fields[k.Key] = fieldOf(l, k, &c.settings)
	}
	take := func(title string, keys []string) {
		g := settingGroup{Title: title}
		for _, key := range keys {
			if f, ok := fields[key]; ok {
				g.Fields = append(g.Fields, f)
				delete(fields, key)
			}
		}
		if len(g.Fields) > 0 {
			v.Groups = append(v.Groups, g)
		}
	}
	for _, g := range settingGroups {
		take(g.title, g.keys)
	}
	var rest []string
	for _, k := range aggregate.SettingKeys() {
		if !slices.Contains(sharingKeys, k.Key) {
			rest = append(rest, k.Key)
		}
	}
	take("settings.further", rest)
	return v
}

func (u *UI) showSettings(c *caller) {
	u.signedForm(c, fasthttp.StatusOK, "settings", "affairs.settings", u.settingsView(c))
}

// changed reads the settings that a form changes, of those in keys: whatever else
// it holds is not looked at. wrong are the sentences about values that are refused.
func changed(c *caller, keys []string) (values, wrong map[string]string) {
	values, wrong = map[string]string{}, map[string]string{}
	for _, k := range aggregate.SettingKeys() {
		if !slices.Contains(keys, k.Key) || !c.PostArgs().Has(k.Key) {
			continue
		}
		value := strings.TrimSpace(string(c.PostArgs().Peek(k.Key)))
		tried := c.settings
		if err := tried.Set(k.Key, value); err != nil {
			wrong[k.Key] = strings.TrimPrefix(err.Error(), "setting "+k.Key+": ")
		} else if now := k.Get(&tried); now != k.Get(&c.settings) {
			values[k.Key] = now
		}
	}
	return values, wrong
}

// keep stores changed settings and logs them, one by one.
func (u *UI) keep(c *caller, values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	if err := u.keeper.Set(c.site, values); err != nil {
		return err
	}
	for _, k := range aggregate.SettingKeys() {
		value, ok := values[k.Key]
		if !ok {
			continue
		}
		detail := k.Key + " = " + value
		if slices.Contains(secretKeys, k.Key) {
			detail = k.Key
		}
		if err := u.note(c, c.site, "setting", detail); err != nil {
			return err
		}
	}
	c.settings, _ = u.settings(c.site)
	return nil
}

// note writes a line of the activity log.
func (u *UI) note(c *caller, site aggregate.Site, what, detail string) error {
	if u.access.Book == nil {
		return nil
	}
	who := "(this machine)"
	if c.who.signed() {
		who = c.who.session.Member.Email
	}
	return u.access.Book.Log(who, site, what, detail)
}

func (u *UI) changeSettings(c *caller) {
	var keys []string
	for _, k := range aggregate.SettingKeys() {
		if !slices.Contains(sharingKeys, k.Key) {
			keys = append(keys, k.Key)
		}
	}
	values, wrong := changed(c, keys)
	if len(wrong) > 0 {
		v := u.settingsView(c)
		v.Why = "settings.wrong"
		for _, g := range v.Groups {
			for i := range g.Fields {
				f := &g.Fields[i]
				f.Wrong = wrong[f.Key]
				if c.PostArgs().Has(f.Key) {
					f.Value = string(c.PostArgs().Peek(f.Key))
				}
			}
		}
		u.signedForm(c, fasthttp.StatusUnprocessableEntity, "settings", "affairs.settings", v)
		return
	}
	if err := u.keep(c, values); err != nil {
		u.broken(c, err)
		return
	}
	v := u.settingsView(c)
	v.Done = "settings.done"
	if len(values) == 0 {
		v.Done = "settings.same"
	}
	u.signedForm(c, fasthttp.StatusOK, "settings", "affairs.settings", v)
}

var errConfirm = errors.New("the domain was not typed")

// confirmed reports whether the form holds the site's domain, typed by hand: what
// it does cannot be undone.
func confirmed(c *caller) error {
	if site, err := aggregate.ParseSite(string(c.PostArgs().Peek("domain"))); err != nil || site != c.site {
		return errConfirm
	}
	return nil
}

// refuseSettings prints the settings with what was wrong.
func (u *UI) refuseSettings(c *caller, key string) {
	v := u.settingsView(c)
	v.Why = key
	u.signedForm(c, fasthttp.StatusUnprocessableEntity, "settings", "affairs.settings", v)
}

// resetSite deletes figures: of months that are over, or all.
func (u *UI) resetSite(c *caller) {
	first, last := string(c.PostArgs().Peek("first")), string(c.PostArgs().Peek("last"))
	if confirmed(c) != nil {
		u.refuseSettings(c, "danger.confirm")
		return
	}
	if last == "" {
		last = first
	}
	if all := string(c.PostArgs().Peek("what")) == "all"; all {
		first, last = "", ""
	} else if first == "" { // a form that was sent without a month does not mean all
		u.refuseSettings(c, "danger.range")
		return
	}
	err := u.keeper.Reset(c.site, first, last)
	if errors.Is(err, ErrRange) {
		u.refuseSettings(c, "danger.range")
		return
	}
	if err == nil {
		err = u.note(c, c.site, "site.reset", strings.Trim(first+" – "+last, " –"))
	}
	if err != nil {
		u.broken(c, err)
		return
	}
	v := u.settingsView(c)
	v.Done = "danger.reset.done"
	u.signedForm(c, fasthttp.StatusOK, "settings", "affairs.settings", v)
}

func (u *UI) deleteSite(c *caller) {
	if confirmed(c) != nil {
		u.refuseSettings(c, "danger.confirm")
		return
	}
	err := u.note(c, c.site, "site.delete", "")
	if err == nil {
		err = u.keeper.Remove(c.site)
	}
	if err != nil {
		u.broken(c, err)
		return
	}
	u.redirect(c.RequestCtx, u.base+"/")
}
