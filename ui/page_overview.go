package ui

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/api"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// overview is the list of sites.
type overview struct {
	Sites  []siteCard
	Rest   []siteLink // beyond those with figures
	Build  string
	Search bool // there are many
	Find   string
	Add    *addSiteForm // nil: the reader may not
	Sum    int          // of all sites, found or not
}

type siteLink struct {
	Site aggregate.Site
	URL  string
}

type siteCard struct {
	siteLink
	Current, Today, Week string
	Change               cardChange
	Spark                []sparkBar
	Summary              string
	State                installation
	Note                 string
}

// installation is whether what a site sends arrives.
type installation struct {
	State string // "waiting", "counting", "refusing"
	Text  string
	URL   string // where to read more
}

// cardChange is how a figure differs from the one before.
type cardChange struct{ Text, Direction string } // "up", "down", "level", "" = cannot be told

// sparkBar is one hour of a small chart: percentages across, pixels up.
type sparkBar struct {
	X, W, Y, H string
	Partial    bool
}

// addSiteForm is the form that adds a site.
type addSiteForm struct {
	Action, Token, Domain, Zone string
	Why                         string // what was wrong
	First                       bool   // there is no site yet
}

const (
	// cardsAtMost is the number of sites that are shown with figures: each of them
	// takes five queries.
	cardsAtMost = 40
	// searchFrom is the number of sites from which they can be searched.
	searchFrom = 9
	// sparkHeight is the height of a small chart, in pixels.
	sparkHeight = 36
)

// showOverview is GET /.
func (u *UI) showOverview(c *caller) {
	sites := u.opened(c.who)
	may := c.who.may("", team.AddSite) && u.addSite != nil
	if len(sites) == 0 && !may && !c.who.local {
		u.door(c, fasthttp.StatusForbidden, "door.closed.none")
		return
	}
	find := strings.TrimSpace(string(c.QueryArgs().Peek("find")))
	form := u.newSiteForm(c, may)
	if form != nil {
		form.First = len(sites) == 0
	}
	var key strings.Builder
	key.WriteString("overview\n" + find)
	if form != nil {
		key.WriteString("\n" + form.Token)
	}
	for _, s := range sites {
		key.WriteString("\n" + string(s))
	}
	l := u.locale(c.RequestCtx)
	u.page(c.RequestCtx, c.who, shell{Title: l.Say("sites.title") + " · Footfall"}, time.UTC, key.String(), "overview", func() any {
		return u.overview(l, sites, find, spoken(c.RequestCtx), form)
	})
}

// newSiteForm is a blank form for those who may add a site.
func (u *UI) newSiteForm(c *caller, may bool) *addSiteForm {
	if !may {
		return nil
	}
	return &addSiteForm{Action: withArguments(u.base+"/sites", spoken(c.RequestCtx)), Token: u.formToken(c)}
}

func (u *UI) overview(l *words.Locale, sites []aggregate.Site, find, said string, form *addSiteForm) *overview {
	v := &overview{Build: u.assets.build, Search: len(sites) >= searchFrom || find != "", Find: find, Add: form, Sum: len(sites)}
	wanted := strings.ToLower(find)
	for _, site := range sites {
		if !strings.Contains(string(site), wanted) {
			continue
		}
		link := siteLink{Site: site, URL: withArguments(u.sitePath(site), said)}
		if len(v.Sites) >= cardsAtMost {
			v.Rest = append(v.Rest, link)
			continue
		}
		v.Sites = append(v.Sites, u.card(l, link, said))
	}
	return v
}

// cardAnswers are the answers that a card needs.
type cardAnswers struct{ now, day, today, week, before answer }

// card asks for the few figures of a site that the overview shows.
func (u *UI) card(l *words.Locale, link siteLink, said string) siteCard {
	c := siteCard{siteLink: link, Current: words.Nothing, Today: words.Nothing, Week: words.Nothing}
	settings, ok := u.settings(link.Site)
	if !ok {
		c.Note = l.Say("sites.removed")
		return c
	}
	now, loc := u.clock(), settings.Location()
	today := aggregate.DayOf(now, loc)
	visitors := []aggregate.Metric{aggregate.MetricVisitors, aggregate.MetricEvents}
	days := func(first, last aggregate.Day) aggregate.Query {
		return aggregate.Query{Site: link.Site, Metrics: visitors, Range: aggregate.Range{Days: true, First: first, Last: last}}
	}
	var got cardAnswers
	a := asking{u: u}
	a.run(&got.now, aggregate.Query{Site: link.Site, Metrics: visitors, Range: aggregate.Range{Realtime: true}})
	a.run(&got.day, aggregate.Query{Site: link.Site, Metrics: visitors, Fields: []aggregate.Field{timeField(aggregate.Hour)},
		Range: aggregate.Range{From: now.Add(-23 * time.Hour).Truncate(time.Hour), To: now}, Orders: []aggregate.Order{{Field: "time:hour"}}})
	a.run(&got.today, days(today, today))
	a.run(&got.week, days(today-7, today-1))
	a.run(&got.before, days(today-14, today-8))
	a.wait.Wait()
	for _, one := range []*answer{&got.now, &got.day, &got.today, &got.week, &got.before} {
		if one.err != nil {
			c.Note = u.sentence(link.Site, one.err)
			return c
		}
	}
	whole := func(a *answer) float64 { return values(a, len(visitors))[0].Number }
	c.Current, c.Today, c.Week = l.Whole(int64(whole(&got.now))), l.Whole(int64(whole(&got.today))), l.Whole(int64(whole(&got.week)))
	c.Change = changeOf(l, whole(&got.week), whole(&got.before))
	c.Spark, c.Summary = u.spark(l, &got.day, now, loc)
	c.State = u.installation(l, link, said, today, values(&got.today, len(visitors))[1].Number, values(&got.week, len(visitors))[1].Number)
	return c
}

// changeOf is how a figure differs from the one before; from nothing, it cannot be told.
func changeOf(l *words.Locale, figure, before float64) cardChange {
	switch percent := math.Round(100 * (figure - before) / before); {
	case before <= 0:
		return cardChange{}
	case percent > 0:
		return cardChange{"+" + l.Percent(percent, 0), "up"}
	case percent < 0:
		return cardChange{l.Percent(percent, 0), "down"}
	}
	return cardChange{l.Percent(0, 0), "level"}
}

// spark draws the last 24 hours and says in words what it shows.
func (u *UI) spark(l *words.Locale, a *answer, now time.Time, loc *time.Location) (bars []sparkBar, summary string) {
	visitors := map[string]float64{}
	top, at := 0.0, ""
	for _, row := range a.report.Rows {
		if len(row.Labels) == 1 && len(row.Values) > 0 {
			visitors[row.Labels[0]] = row.Values[0].Number
			if row.Values[0].Number > top {
				top, at = row.Values[0].Number, row.Labels[0]
			}
		}
	}
	const hours, slot = 24, 100.0 / 24
	for i := range hours {
		label := now.Add(time.Duration(i-hours+1) * time.Hour).In(loc).Format("2006-01-02 15:00:00")
		height := 0.0
		if n := visitors[label]; n > 0 {
			height = math.Max(2, n/top*sparkHeight)
		}
		bars = append(bars, sparkBar{X: number(slot * (float64(i) + .12)), W: number(slot * .76), Y: number(sparkHeight - height), H: number(height), Partial: i == hours-1})
	}
	if at == "" {
		return bars, l.Say("sites.spark.none")
	}
	hour, err := time.ParseInLocation("2006-01-02 15:00:00", at, loc)
	if err != nil {
		return bars, ""
	}
	return bars, l.Say("sites.spark", "time", l.Clock(hour), "n", int64(top))
}

// installation says whether what a site sends arrives, from what was counted today
// and in the week before, and from today's ledger.
func (u *UI) installation(l *words.Locale, link siteLink, said string, today aggregate.Day, counted, before float64) installation {
	refused, reason := u.refusedToday(link.Site, today)
	first, ever := u.first(link.Site)
	switch {
	case refused > 0 && counted == 0:
		return installation{"refusing", l.Say("sites.refusing", "n", refused, "reason", reasonName(l, reason)), withArguments(u.sitePath(link.Site)+"/"+refusedPath, said)}
	case counted == 0 && before == 0 && (!ever || first >= today):
		return installation{"waiting", l.Say("sites.waiting"), withArguments(u.sitePath(link.Site)+"/"+installPath, said)}
	case refused > 0:
		return installation{"counting", l.Say("sites.refused", "n", refused), withArguments(u.sitePath(link.Site)+"/"+refusedPath, said)}
	}
	return installation{State: "counting"}
}

// refusedToday is the number of beacons that were refused today, and the most
// frequent reason. What cannot be read is nothing: the card is not the place to say so.
func (u *UI) refusedToday(site aggregate.Site, today aggregate.Day) (n int64, reason string) {
	if u.ledger == nil {
		return 0, ""
	}
	counts, err := u.ledger.Refusals(site, today)
	if err != nil {
		return 0, ""
	}
	sums := map[string]int64{}
	for entry, count := range counts {
		sums[reasonOf(entry)] += count
		n += count
	}
	names := make([]string, 0, len(sums))
	for name := range sums {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(sums[b], sums[a]), cmp.Compare(a, b)) })
	if len(names) > 0 {
		reason = names[0]
	}
	return n, reason
}

// newSite is POST /sites.
func (u *UI) newSite(c *caller) {
	if u.addSite == nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	l := u.locale(c.RequestCtx)
	domain, zone := strings.TrimSpace(string(c.PostArgs().Peek("domain"))), strings.TrimSpace(string(c.PostArgs().Peek("timezone")))
	site, err := aggregate.ParseSite(domain)
	if err == nil {
		err = u.addSite(site, map[string]string{"timezone": cmp.Or(zone, "UTC")})
	}
	if err == nil {
		err = u.note(c, site, "site.add", "")
	}
	if err == nil {
		u.redirect(c.RequestCtx, withArguments(u.sitePath(site)+"/"+installPath, spoken(c.RequestCtx)))
		return
	}
	form := u.newSiteForm(c, true)
	form.Domain, form.Zone = domain, zone
	switch {
	case errors.Is(err, api.ErrTaken):
		form.Why = l.Say("sites.add.exists", "site", site)
	case errors.Is(err, aggregate.ErrSetting):
		form.Why = l.Say("sites.add.zone", "zone", zone)
	case errors.Is(err, aggregate.ErrSite):
		form.Why = l.Say("sites.add.domain")
	default:
		u.log.Error("a site could not be added", "err", err)
		u.sayMessage(c.RequestCtx, fasthttp.StatusInternalServerError, "message.broken", "message.broken.changed")
		return
	}
	u.sheet(c, fasthttp.StatusBadRequest, "add-site-page", l.Say("sites.add"), form)
}

// sheet prints a page that does not move by itself, such as one with forms.
func (u *UI) sheet(c *caller, status int, name, title string, view any) {
	u.print(c.RequestCtx, status, name, title, view, u.signedShell(c.who))
}
