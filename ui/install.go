package ui

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"

	"footfall/aggregate"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// installPath is the name of the install page below a site's own.
const installPath = "install"

// PinnedScript is the script under a name that never means another one.
type PinnedScript struct {
	Path      string // below the server's address
	Integrity string // for the tag's attribute of that name
}

// TagPaths are paths below the server's address that the tag names instead of the
// usual ones; blank = the usual one.
type TagPaths struct {
	Script, Event string
}

// installView is the install page, ready to be printed.
type installView struct {
	Site       aggregate.Site
	Base       string // of the site's own page
	Build      string
	Unproxied  bool // a proxy may keep the visitors' addresses to itself
	Arrival    arrival
	Tag, Pixel string
	Switches   []tagSwitch
	Fields     []tagField
	Own        bool
	Pinned     bool
	CanPin     bool
	Path       string
	OptOut     string // code for the site's page about privacy
	OptOutPage string
	// Transparency is the address of the page that tells visitors what is counted.
	Transparency string
	Recipes      []recipe
}

// arrival says whether what the site sends arrives.
type arrival struct {
	State    string // "waiting", "counting", "refusing"
	Title    string
	Text     string
	Refusals []refusal
}

// refusal is one reason for which beacons of today were not counted.
type refusal struct {
	Reason, Number string
	Why            string // and what to do
}

// serveInstall answers /<site>/install.
func (u *UI) serveInstall(ctx *fasthttp.RequestCtx, who reader, site aggregate.Site, settings *aggregate.Settings) {
	args := ctx.QueryArgs()
	options := readTagOptions(func(name string) string { return string(args.Peek(name)) })
	origin := u.origin(ctx)
	key := strings.Join([]string{installPath, string(site), options.key(), origin}, "\n")
	l := u.locale(ctx)
	u.page(ctx, who, shell{Title: l.Say("site.install") + " · " + string(site) + " · Footfall"}, settings.Location(), key, installPath, func() any {
		return u.installView(l, site, settings, options, origin)
	})
}

func (u *UI) installView(l *words.Locale, site aggregate.Site, settings *aggregate.Settings, o tagOptions, origin string) *installView {
	set := settings.ScriptOptions()
	v := &installView{Site: site, Base: u.sitePath(site), Build: u.assets.build, Unproxied: u.unproxied(site),
		Tag: o.tag(site, origin, u.pinned, u.tagPaths, set), Own: o.on[ownHost], Pinned: o.on[pinned], CanPin: u.pinned.Path != "", Path: o.values[ownPath],
		OptOut: optOutCode(o.place(origin)), OptOutPage: o.place(origin) + "/opt-out",
		Transparency: origin + "/" + privacyPath + url.PathEscape(string(site))}
	if v.Own {
		v.OptOutPage = "https://" + string(site) + v.OptOutPage
	}
	if o.on[picture] {
		v.Pixel = o.pixelTag(site, origin)
	}
	for _, s := range tagSwitches {
		s.On = o.on[s.Name]
		v.Switches = append(v.Switches, s)
	}
	for _, f := range tagFields {
		f.Value = o.values[f.Name]
		v.Fields = append(v.Fields, f)
	}
	var err error
	if v.Recipes, err = recipes(l, site, origin, u.addressHeader, o, set); err != nil {
		u.log.Error("BUG: a recipe could not be printed", "err", err)
	}
	v.Arrival = u.arrival(l, site, settings)
	return v
}

// arrivalWindow is how far back the install page looks for counted views: whoever
// has just put in a tag wants to know about now.
const arrivalWindow = 28

// arrival asks what was counted lately, and what was refused today.
func (u *UI) arrival(l *words.Locale, site aggregate.Site, settings *aggregate.Settings) arrival {
	today := aggregate.DayOf(u.clock(), settings.Location())
	metrics := []aggregate.Metric{aggregate.MetricPageviews, aggregate.MetricEvents}
	var lately, now answer
	a := asking{u: u}
	a.run(&now, aggregate.Query{Site: site, Metrics: metrics, Range: aggregate.Range{Days: true, First: today, Last: today}})
	a.run(&lately, aggregate.Query{Site: site, Metrics: metrics, Range: aggregate.Range{Days: true, First: today - arrivalWindow + 1, Last: today}})
	a.wait.Wait()
	refusals, refused, err := u.refusals(l, site, today)
	for _, err := range []error{now.err, lately.err, err} {
		if err != nil {
			return arrival{State: "waiting", Title: l.Say("install.waiting"), Text: l.Say("install.unknown") + " " + u.sentenceIn(l, site, err)}
		}
	}
	result := arrival{State: "counting", Title: l.Say("install.works"), Refusals: refusals}
	switch today, past := values(&now, 2), values(&lately, 2); {
	case today[1].Number > 0 && today[0].Number == 0:
		result.Text = l.Say("install.today.events", "n", int64(today[1].Number))
	case today[1].Number > 0:
		result.Text = l.Say("install.today", "n", int64(today[0].Number))
	case past[1].Number > 0:
		result.Text = l.Say("install.lately", "n", int64(past[0].Number))
	case refused > 0:
		result.State, result.Title = "refusing", l.Say("install.refusing")
		result.Text = l.Say("install.refused.today", "n", refused)
	default:
		result.State, result.Title = "waiting", l.Say("sites.waiting")
		result.Text = l.Say("install.open")
		if n := u.strangers(); n > 0 {
			result.Text += " " + l.Say("install.strangers", "n", n)
		}
	}
	return result
}

// refusals are those of a day, the most frequent first, and their sum.
func (u *UI) refusals(l *words.Locale, site aggregate.Site, day aggregate.Day) (all []refusal, sum int64, err error) {
	if u.ledger == nil {
		return nil, 0, nil
	}
	counts, err := u.ledger.Refusals(site, day)
	if errors.Is(err, aggregate.ErrDayClosed) { // nothing has come yet today
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	type entry struct {
		reason string
		n      int64
	}
	var entries []entry
	for reason, n := range counts {
		entries = append(entries, entry{reason, n})
		sum += n
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.reason, b.reason)) })
	for _, e := range entries {
		all = append(all, refusal{Reason: e.reason, Number: l.Whole(e.n), Why: reasonWhy(l, reasonOf(e.reason), site)})
	}
	return all, sum, nil
}
