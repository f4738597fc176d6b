//go:build storybook

package ui

import (
	"bytes"
	"html/template"
	"strings"

	"footfall/aggregate"
	"footfall/ui/api"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

// The storybook shows pages and their parts in every state, without a database. It
// is in no build that is handed out: see "make storybook".

// story is a part of the interface in one state. It is printed by a template, of a
// view made by hand.
type story struct {
	Name, template string
	view           func(l *words.Locale) any
}

// longName is a text that fits nowhere.
var longName = "/" + strings.Repeat("a-very-long-name-", 12)

func storyCard(l *words.Locale, site aggregate.Site, state installation, note string) siteCard {
	c := siteCard{siteLink: siteLink{Site: site, URL: "#"}, Current: l.Whole(27), Today: l.Whole(655), Week: l.Whole(45860),
		Change: cardChange{l.Percent(12, 0), "up"}, State: state, Note: note, Summary: l.Say("sites.spark.none")}
	for i := range 24 {
		h := float64(i*7%sparkHeight + 1)
		c.Spark = append(c.Spark, sparkBar{X: number(float64(i) * 100 / 24), W: "3", Y: number(sparkHeight - h), H: number(h), Partial: i == 23})
	}
	return c
}

var stories = []story{
	{"Sites, in every state", "overview", func(l *words.Locale) any {
		return &overview{Sum: 12, Search: true, Add: &addSiteForm{Action: "#", Token: "x"}, Sites: []siteCard{
			storyCard(l, "counting.example", installation{State: "counting"}, ""),
			storyCard(l, "some-refused.example", installation{"counting", l.Say("sites.refused", "n", 12), "#"}, ""),
			storyCard(l, "waiting.example", installation{"waiting", l.Say("sites.waiting"), "#"}, ""),
			storyCard(l, "refusing.example", installation{"refusing", l.Say("sites.refusing", "n", 7, "reason", reasonName(l, "hostname")), "#"}, ""),
			storyCard(l, "broken.example", installation{}, l.Say("site.unreadable")),
			storyCard(l, aggregate.Site(longName[1:]+".example"), installation{State: "counting"}, "")},
			Rest: []siteLink{{"another.example", "#"}}}
	}},
	{"Sites, none found", "overview", func(l *words.Locale) any { return &overview{Sum: 12, Search: true, Find: longName} }},
	{"Sites, none yet, for an owner", "overview", func(l *words.Locale) any { return &overview{Add: &addSiteForm{Action: "#", Token: "x", First: true}} }},
	{"Sites, none yet, for others", "overview", func(l *words.Locale) any { return &overview{} }},
	{"A site that could not be added", "add-site-page", func(l *words.Locale) any {
		return &addSiteForm{Action: "#", Token: "x", Domain: "no domain", Zone: "Nowhere", Why: l.Say("sites.add.domain")}
	}},
	{"Refused, everything", "ledger", func(l *words.Locale) any {
		v := &refusedView{Site: "example.com", Back: "#", Range: l.Range(20700, 20729), Tall: refusedTall, Allow: "#", Token: "x", Allowed: "shop.example"}
		settings := aggregate.DefaultSettings()
		v.fill(l, storyLedgers(), 20700, 20729, &settings)
		return v
	}},
	{"Refused, nothing", "ledger", func(l *words.Locale) any {
		return &refusedView{Site: "example.com", Back: "#", Range: l.Range(20700, 20729)}
	}},
	{"Refused, unreadable", "ledger", func(l *words.Locale) any {
		return &refusedView{Site: "example.com", Back: "#", Error: l.Say("site.unreadable")}
	}},
	{"Annotations", "notes", func(l *words.Locale) any {
		return &notesView{Site: "example.com", Back: "#", Action: "#", Token: "x", Date: "2026-11-24", Notes: noteRows(l, []aggregate.Annotation{
			{ID: 1, Day: 20780, Text: l.Say("notes.example")}, {ID: 2, Day: 20781, Text: longName}})}
	}},
	{"Annotations, a mistake", "notes", func(l *words.Locale) any {
		return &notesView{Site: "example.com", Back: "#", Action: "#", Token: "x", Why: l.Say("notes.wrong")}
	}},
	{"Annotations, for a viewer", "notes", func(l *words.Locale) any { return &notesView{Site: "example.com", Back: "#"} }},
	{"Saved filters", "segments", func(l *words.Locale) any {
		return &segmentsView{Site: "example.com", Back: "#", Action: "#", Token: "x", Shared: true, Own: true, Now: "Page contains /blog", Segments: []segmentRow{
			{ID: 1, Name: "Readers", Text: "Page contains /blog", URL: "#", May: true}, {ID: 2, Name: longName, Text: longName, URL: "#", Mine: true, May: true},
			{ID: 3, Name: "For programs"}}}
	}},
	{"Saved filters, a mistake", "segments", func(l *words.Locale) any {
		return &segmentsView{Site: "example.com", Back: "#", Action: "#", Token: "x", Own: true, Now: longName, Why: l.Say("segments.wrong"), Name: "Readers"}
	}},
	{"Saved filters, none", "segments", func(l *words.Locale) any { return &segmentsView{Site: "example.com", Back: "#"} }},
	{"A message", "message", func(l *words.Locale) any {
		return &messageView{Title: l.Say("message.no_site"), Text: l.Say("message.no_site.add", "site", "example.com"), Home: "#", Command: "footfall site add example.com"}
	}},
	{"Signing in", "sign-in", func(l *words.Locale) any { return &signInView{Action: "#", Token: "x", Why: "door.wrong"} }},
	{"No account yet", "welcome", func(l *words.Locale) any { return nil }},
}

// Storybook is a server of all stories: "/" lists them, "/?story=3&lang=de" shows one.
func Storybook() fasthttp.RequestHandler {
	u := New(Options{Sites: func() []aggregate.Site { return nil },
		Settings: func(aggregate.Site) (aggregate.Settings, bool) { return aggregate.DefaultSettings(), true }})
	return func(ctx *fasthttp.RequestCtx) {
		if name, ok := strings.CutPrefix(string(ctx.Path()), "/assets/"); ok {
			u.serveAsset(ctx, name)
			return
		}
		ctx.Response.Header.Set(securityHeaders[0][0], securityHeaders[0][1])
		body, err := storyPage(u.locale(ctx), string(ctx.QueryArgs().Peek("story")))
		if err != nil {
			ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
			return
		}
		u.wrap(ctx, fasthttp.StatusOK, shell{Title: "Storybook", Main: body})
	}
}

// storyPage prints a story with a heading, or all of them where none is named.
func storyPage(l *words.Locale, name string) (template.HTML, error) {
	var out bytes.Buffer
	for _, s := range stories {
		if name != "" && name != s.Name {
			continue
		}
		out.WriteString(`<p class="muted"><a href="?` + template.HTMLEscapeString("story="+template.URLQueryEscaper(s.Name)) + `">` + template.HTMLEscapeString(s.Name) + "</a></p>\n")
		if err := templates(l).ExecuteTemplate(&out, s.template, s.view(l)); err != nil {
			return "", err
		}
	}
	return template.HTML(out.String()), nil // #nosec G203 -- printed by html/template just above
}

// storyLedgers are thirty days with every reason.
func storyLedgers() (all []api.DayLedger) {
	for d := range 30 {
		refused := map[string]int64{"bot: crawler": int64(40 + d*7%60), "bot: ai GPTBot": int64(d % 5), "hostname: shop.example": int64(d % 3), "spam: " + longName: 1}
		for i, reason := range reasonsTold {
			refused[reason] += int64((d + i) % 4)
		}
		all = append(all, api.DayLedger{Day: 20700 + aggregate.Day(d), Refused: refused})
	}
	return all
}
