package ui

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/api"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// refusedPath is the name of the drop ledger's page below a site's own.
const refusedPath = "refused"

// refusedDays is how far back the page looks, today included.
const refusedDays = 30

// refusedView is the drop ledger of a site, ready to be printed.
type refusedView struct {
	Site       aggregate.Site
	Base, Back string
	Range      string
	Sum        int64
	Days       []refusedDay
	Tall       int // height of the chart in pixels
	Reasons    []refusedReason
	Crawlers   []refusedDetail // of those that gather for AI, by name
	Allow      string          // where the form goes that allows a host; "" = the reader may not
	Token      string
	Allowed    string // the host that was just allowed
	Error      string
}

// refusedDay is one day of the chart.
type refusedDay struct {
	X, W, Y, H string
	Name       string
	Sum        string
}

// refusedReason is one reason for which beacons were refused.
type refusedReason struct {
	Key, Name, Why string
	Sum, Share     string
	Bar            string // percent of the most frequent reason
	Days           []refusedDay
	Details        []refusedDetail
	More           string // there are more details than are shown
}

// refusedDetail is what the ledger says besides the reason: a host, a kind of bot.
type refusedDetail struct {
	Name, Sum string
	Host      string // that can be allowed
	Counts    bool   // it counts by now
	n         int64
}

const (
	refusedTall    = 96
	refusedSpark   = 28
	refusedDetails = 25 // shown of a reason
	aiCrawler      = "ai "
)

// reasonsTold are those that the catalogues have a name and an explanation of.
var reasonsTold = []string{"bot", "hostname", "spam", "prefetch", "rate", "no_visit", "no_event", "shield_ip", "shield_page", "shield_country",
	"capacity", "budget", "late", "future"}

// reasonOf is an entry of the ledger without its detail.
func reasonOf(entry string) string {
	reason, _, _ := strings.Cut(entry, ": ")
	return reason
}

// reasonName is what people call a reason; its own name where nobody has one for it.
func reasonName(l *words.Locale, reason string) string {
	if slices.Contains(reasonsTold, reason) {
		return l.Say("refusal.name." + reason)
	}
	return reason
}

// reasonWhy explains a reason, and says what to do about it. "" where it is not known.
func reasonWhy(l *words.Locale, reason string, site aggregate.Site) string {
	if slices.Contains(reasonsTold, reason) {
		return l.Say("refusal.why."+reason, "site", site)
	}
	return ""
}

// showRefused is GET /{site}/refused.
func (u *UI) showRefused(c *caller) {
	l := u.locale(c.RequestCtx)
	last := aggregate.DayOf(u.clock(), c.settings.Location())
	first := last - refusedDays + 1
	said := spoken(c.RequestCtx)
	v := &refusedView{Site: c.site, Base: u.sitePath(c.site), Back: withArguments(u.sitePath(c.site), said),
		Range: l.Range(first, last), Tall: refusedTall}
	if host := string(c.QueryArgs().Peek("allowed")); host != "" && slices.Contains(c.settings.Hostnames, host) {
		v.Allowed = host
	}
	if u.gate != nil && c.who.may(c.site, team.Configure) {
		v.Allow, v.Token = withArguments(v.Base+"/"+refusedPath+"/allow", said), u.formToken(c)
	}
	if u.ledgers == nil {
		v.Error = l.Say("ledger.unknown")
	} else if days, err := u.ledgers.Ledgers(c.site, first, last); err != nil {
		v.Error = u.sentence(c.site, err)
	} else {
		v.fill(l, days, first, last, &c.settings)
	}
	u.sheet(c, fasthttp.StatusOK, "ledger", l.Say("ledger.title", "site", c.site), v)
}

// reasonSums are the counts of one reason.
type reasonSums struct {
	reason  string
	n       int64
	days    map[aggregate.Day]int64
	details map[string]int64
}

// fill makes the page of the ledgers of the days from first to last.
func (v *refusedView) fill(l *words.Locale, ledgers []api.DayLedger, first, last aggregate.Day, settings *aggregate.Settings) {
	all := reasonSums{days: map[aggregate.Day]int64{}}
	byReason := map[string]*reasonSums{}
	for _, ledger := range ledgers {
		for entry, n := range ledger.Refused {
			if entry == aggregate.Other {
				entry = otherLabelKey
			}
			reason, detail, _ := strings.Cut(entry, ": ")
			r := byReason[reason]
			if r == nil {
				r = &reasonSums{reason: reason, days: map[aggregate.Day]int64{}, details: map[string]int64{}}
				byReason[reason] = r
			}
			r.n, r.days[ledger.Day] = r.n+n, r.days[ledger.Day]+n
			all.n, all.days[ledger.Day] = all.n+n, all.days[ledger.Day]+n
			if detail != "" {
				r.details[detail] += n
			}
		}
	}
	v.Sum, v.Days = all.n, drawDays(l, all.days, first, last, refusedTall)
	var reasons []*reasonSums
	for _, r := range byReason {
		reasons = append(reasons, r)
	}
	slices.SortFunc(reasons, func(a, b *reasonSums) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.reason, b.reason)) })
	for _, r := range reasons {
		v.Reasons = append(v.Reasons, v.reason(l, r, reasons[0].n, all.n, first, last, settings))
	}
}

// otherLabelKey stands for the reasons that a cap has put together.
const otherLabelKey = "(other)"

func (v *refusedView) reason(l *words.Locale, r *reasonSums, most, sum int64, first, last aggregate.Day, settings *aggregate.Settings) refusedReason {
	out := refusedReason{Key: r.reason, Name: reasonName(l, r.reason), Why: reasonWhy(l, r.reason, v.Site), Sum: l.Whole(r.n),
		Share: l.Share(float64(r.n), float64(sum)), Bar: number(100 * float64(r.n) / float64(most)), Days: drawDays(l, r.days, first, last, refusedSpark)}
	if r.reason == otherLabelKey {
		out.Name, out.Why = l.Say("ledger.other"), l.Say("ledger.other.why")
	}
	for name, n := range r.details {
		d := refusedDetail{Name: name, Sum: l.Whole(n), n: n}
		switch {
		case r.reason == "bot" && strings.HasPrefix(name, aiCrawler):
			d.Name = strings.TrimPrefix(name, aiCrawler)
			v.Crawlers = append(v.Crawlers, d)
			continue
		case r.reason == "bot" && slices.Contains(botKinds, name):
			d.Name = l.Say("refusal.bot." + name)
		case r.reason == "hostname":
			d.Host, d.Counts = name, slices.Contains(settings.Hostnames, name)
		}
		out.Details = append(out.Details, d)
	}
	byNumber := func(a, b refusedDetail) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.Name, b.Name)) }
	slices.SortFunc(out.Details, byNumber)
	slices.SortFunc(v.Crawlers, byNumber)
	if n := len(out.Details); n > refusedDetails {
		out.Details, out.More = out.Details[:refusedDetails], l.Say("ledger.more", "n", n-refusedDetails)
	}
	return out
}

// botKinds are the kinds of programs that the ledger tells apart.
var botKinds = []string{"crawler", "ai", "library", "monitor", "preview", "headless", "shape", "behaviour"}

// drawDays draws a bar for each day.
func drawDays(l *words.Locale, counts map[aggregate.Day]int64, first, last aggregate.Day, tall float64) (all []refusedDay) {
	most := int64(1)
	for _, n := range counts {
		most = max(most, n)
	}
	slot := 100 / float64(last-first+1)
	for d := first; d <= last; d++ {
		height := 0.0
		if counts[d] > 0 {
			height = math.Max(2, float64(counts[d])/float64(most)*tall)
		}
		all = append(all, refusedDay{X: number(slot * (float64(d-first) + .12)), W: number(slot * .76), Y: number(tall - height), H: number(height),
			Name: l.Date(words.Weekday, d), Sum: l.Whole(counts[d])})
	}
	return all
}

// allowHost is POST /{site}/refused/allow: pages of a host that the ledger names
// count from now on.
func (u *UI) allowHost(c *caller) {
	if u.gate == nil {
		u.sayMessage(c.RequestCtx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.text")
		return
	}
	host := string(c.PostArgs().Peek("host"))
	_, err := u.gate.AllowHost(c.site, host)
	switch {
	case errors.Is(err, aggregate.ErrSetting):
		u.sayMessage(c.RequestCtx, fasthttp.StatusBadRequest, "message.read_only", "ledger.allow.not", "host", host)
		return
	case err != nil:
		u.log.Error("a host could not be allowed", "site", string(c.site), "err", err)
		u.sayMessage(c.RequestCtx, fasthttp.StatusInternalServerError, "message.broken", "message.broken.changed")
		return
	}
	var query fasthttp.Args
	query.Set("allowed", host)
	u.redirect(c.RequestCtx, withArguments(u.sitePath(c.site)+"/"+refusedPath, spoken(c.RequestCtx), query.String()))
}
