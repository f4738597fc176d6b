package ui

import (
	"strings"
	"time"

	"footfall/aggregate"

	"github.com/valyala/fasthttp"
)

// overview is the list of sites.
type overview struct {
	Sites []siteCard
	Rest  []siteLink // beyond those with figures
	Build string
}

type siteLink struct {
	Site aggregate.Site
	URL  string
}

type siteCard struct {
	siteLink
	Current, Today, Month string
	Spark                 []bar
	Summary               string
	Note                  string
}

// cardsAtMost is the number of sites that are shown with figures: each of them
// takes three queries.
const cardsAtMost = 60

// sparkHeight is the height of a small chart, in pixels.
const sparkHeight = 36

func (u *UI) serveOverview(ctx *fasthttp.RequestCtx, who reader) {
	sites := u.opened(who)
	if len(sites) == 0 && who.token != "" {
		u.sayMessage(ctx, fasthttp.StatusForbidden, "door.closed", "door.closed.none")
		return
	}
	var key strings.Builder
	key.WriteString("overview")
	for _, s := range sites {
		key.WriteString("\n" + string(s))
	}
	u.page(ctx, who, shell{Title: u.locale(ctx).Say("sites.title") + " · Footfall"}, time.UTC, key.String(), "overview", func() any {
		return u.overview(sites)
	})
}

func (u *UI) overview(sites []aggregate.Site) *overview {
	v := &overview{Build: u.assets.build}
	for i, site := range sites {
		link := siteLink{Site: site, URL: u.sitePath(site)}
		if i >= cardsAtMost {
			v.Rest = append(v.Rest, link)
			continue
		}
		v.Sites = append(v.Sites, u.card(link))
	}
	return v
}

// card asks for the few figures of a site that the overview shows.
func (u *UI) card(link siteLink) siteCard {
	c := siteCard{siteLink: link, Current: nothing, Today: nothing, Month: nothing}
	settings, ok := u.settings(link.Site)
	if !ok {
		c.Note = "This site was just removed."
		return c
	}
	now, loc := u.clock(), settings.Location()
	p := periodOf(defaultPeriod)
	days := p.days(aggregate.DayOf(now, loc))
	visitors := []aggregate.Metric{aggregate.MetricVisitors}
	var month, current, trend answer
	a := asking{u: u}
	a.run(&month, aggregate.Query{Site: link.Site, Metrics: visitors, Range: days})
	a.run(&current, aggregate.Query{Site: link.Site, Metrics: visitors, Range: aggregate.Range{Realtime: true}})
	a.run(&trend, trendQuery(link.Site, p.grain, days))
	a.wait.Wait()
	for _, one := range []*answer{&month, &current, &trend} {
		if one.err != nil {
			c.Note = u.sentence(link.Site, one.err)
			return c
		}
	}
	c.Month = figureText(aggregate.MetricVisitors, values(&month, 1)[0])
	c.Current = figureText(aggregate.MetricVisitors, values(&current, 1)[0])
	drawn := makeChart("", "Visitors by day", buckets(p.grain, days, now, loc), trend.report)
	c.Today = drawn.Bars[len(drawn.Bars)-1].Values[0]
	c.Spark, c.Summary = drawn.spark(), drawn.Summary
	return c
}
