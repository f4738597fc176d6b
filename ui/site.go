package ui

import (
	"strings"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/view"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// sitePage is a site's page, ready to be printed. Its text is plain: the
// templates escape it.
type sitePage struct {
	Site      aggregate.Site
	Path      string // the page's own, without a query
	Query     string // what it shows, as an address spells it
	Range     string // the days shown, in words
	Zone      string
	Controls  controls
	Figures   []figure
	Current   figure
	Trend     *trend
	Cards     []card
	Details   *details // one report alone, in place of all the rest
	Notes     []string // about figures on this page
	Unproxied bool     // a proxy may keep the visitors' addresses to itself
	Credits   []Credit
	Empty     *emptyView
	Build     string
	Team      bool // the readers are of the team, not guests by a link
}

// emptyView is what a site shows before its first beacon.
type emptyView struct{ Script string }

// scene is what a page is made from: whose, when, and what the address asks.
type scene struct {
	u        *UI
	l        *words.Locale
	site     aggregate.Site
	settings *aggregate.Settings
	loc      *time.Location
	now      time.Time
	today    aggregate.Day
	first    aggregate.Day // the first with counters; today where there are none
	v        *view.View
	days     aggregate.Range
	compared aggregate.Range
	compares bool
	grains   []aggregate.TimeGrain
	grain    aggregate.TimeGrain
	notes    []string
	saved    []saved // the segments that the reader sees
	saves    bool    // the reader may save one
	shares   bool    // the reader may make secret links
}

func (u *UI) scene(l *words.Locale, site aggregate.Site, settings *aggregate.Settings, v *view.View) *scene {
	s := &scene{u: u, l: l, site: site, settings: settings, loc: settings.Location(), now: u.clock(), v: v}
	s.today = aggregate.DayOf(s.now, s.loc)
	s.first = s.today
	if first, ok := u.first(site); ok {
		s.first = min(first, s.today)
	}
	s.days = v.Range(s.first, s.today)
	s.compared, s.compares = v.Compared(s.days, s.first)
	s.grains, s.grain = v.Grains(s.days, len(v.Filters) == 0 || view.OpenOnly(s.days, s.today))
	for _, part := range v.Unread {
		s.notes = append(s.notes, l.Say("site.unread", "part", part))
	}
	return s
}

// url is the address of a view of the same site.
func (s *scene) url(v *view.View) string { return s.u.sitePath(s.site) + v.Query() }

// query is a question about the shown days under the shown filters.
func (s *scene) query(metrics ...aggregate.Metric) aggregate.Query {
	return aggregate.Query{Site: s.site, Metrics: metrics, Range: s.days, Filters: s.v.Asks()}
}

// serveSite answers with a site's page, or with its figures in another form.
func (u *UI) serveSite(ctx *fasthttp.RequestCtx, who reader, site aggregate.Site, settings *aggregate.Settings) {
	v, formed := view.Parse(string(ctx.URI().QueryString()))
	if u.access.public > 0 {
		narrow(v)
	}
	l := u.locale(ctx)
	switch as := string(ctx.QueryArgs().Peek(view.ArgAs)); as {
	case asCSV, asZip:
		u.serveFiles(ctx, u.scene(l, site, settings, v), as)
		return
	case asValues:
		u.serveValues(ctx, u.scene(l, site, settings, v))
		return
	}
	if formed {
		u.redirect(ctx, u.sitePath(site)+v.Query())
		return
	}
	title := string(site)
	if v.Report != "" {
		title = reportTitle(l, v.Report) + " · " + title
	}
	origin := u.origin(ctx)
	kept := u.savedFor(who, site)
	shared, own := u.maySave(who, site)
	saves, shares := shared || own, u.access.Book != nil && who.may(site, team.Share)
	key := strings.Join(append([]string{"site", string(site), v.Query(), origin, savedKey(kept, saves, shares)}, v.Unread...), "\n")
	u.page(ctx, who, shell{Title: title + " · Footfall", Site: true, Affairs: u.affairsOf(who, site)}, settings.Location(), key, "site", func() any {
		s := u.scene(l, site, settings, v)
		s.saved, s.saves, s.shares = kept, saves, shares
		return s.page(origin)
	})
}

// page asks for everything that the page shows.
func (s *scene) page(origin string) *sitePage {
	p := &sitePage{Site: s.site, Path: s.u.sitePath(s.site), Query: s.v.Query(), Range: s.rangeText(), Zone: s.settings.Timezone,
		Controls: s.controls(), Unproxied: s.u.unproxied(s.site), Credits: s.u.credits(), Build: s.u.assets.build, Team: s.u.access.shared == ""}
	if k := s.u.access.public; k > 0 {
		s.notes = append(s.notes, s.l.Say("public.note", "n", k))
	}
	a := asking{u: s.u}
	var current answer
	a.run(&current, aggregate.Query{Site: s.site, Metrics: []aggregate.Metric{aggregate.MetricVisitors},
		Range: aggregate.Range{Realtime: true}})
	if s.v.Report != "" {
		finish := s.askDetails(&a)
		a.wait.Wait()
		p.Details = finish()
		p.Current = s.current(&current)
		p.Notes = s.notes
		return p
	}
	figures := s.askFigures(&a)
	trend := s.askTrend(&a)
	cards := s.askCards(&a)
	a.wait.Wait()
	p.Current = s.current(&current)
	p.Figures = s.figures(figures)
	p.Trend = s.trend(trend)
	p.Cards = s.cards(cards, figures)
	p.Notes = s.notes
	if p.Team && s.empty(figures) {
		p.Empty = &emptyView{Script: `<script defer data-domain="` + string(s.site) + `" src="` + origin + `/js/script.js"></script>`}
	}
	return p
}

// rangeText are the days shown, in words.
func (s *scene) rangeText() string {
	if s.days.Realtime {
		return s.l.Say("period.realtime.text")
	}
	return s.l.Range(s.days.First, s.days.Last)
}

// empty reports whether no beacon of the site was ever counted.
func (s *scene) empty(a *figureAnswers) bool {
	if a.totals.err != nil || len(s.v.Filters) > 0 {
		return false
	}
	for _, v := range values(&a.totals, len(a.metrics))[:3] {
		if v.Number > 0 {
			return false
		}
	}
	// A day also begins with a beacon that was refused, and then holds nothing.
	first, ever := s.u.first(s.site)
	return !ever || first >= s.today
}

// fail notes what could not be asked; a refusal and a fault of ours read differently.
func (s *scene) fail(key string, err error) {
	if err != nil {
		s.notes = append(s.notes, s.l.Say(key)+" "+s.u.sentenceIn(s.l, s.site, err))
	}
}
