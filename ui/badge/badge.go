// Package badge shows to everybody how many visitors a site or one of its pages
// had: as a picture for the page itself, or as JSON for those who draw their own.
//
// It owns the addresses below /badge/, and is off for every site whose setting
// "badge" does not switch it on. It tells what nobody can take apart: visitors of
// the last 30 whole days, in steps of the floor and made anew once an hour, so that
// two looks never differ by one visitor; and nothing at all below it. A site that
// does not exist, and one without a badge, answer alike.
package badge

import (
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// Asker answers queries.
type Asker interface {
	Answer(q *aggregate.Query) (*aggregate.Report, error)
}

// Options are what badges are made of. All are required.
type Options struct {
	Asker    Asker
	Settings func(aggregate.Site) (aggregate.Settings, bool)
	Clock    func() time.Time
	Log      *slog.Logger
}

const (
	days     = 30        // that a badge counts
	lifetime = time.Hour // of a number
	maxPages = 10_000    // of a site that have a number of their own
)

// Badges answers for the badges of all sites.
type Badges struct {
	o Options

	mu sync.Mutex // protects m
	m  map[aggregate.Site]*figures
}

// figures are what the badges of one site tell.
type figures struct {
	mu    sync.Mutex // held while they are made, so that they are made once
	made  time.Time
	total int64
	pages map[string]int64
}

// New makes badges.
func New(o Options) *Badges { return &Badges{o: o, m: map[aggregate.Site]*figures{}} }

// answer is a badge for programs. Visitors count in steps of the floor, rounded
// down; below it they are null.
type answer struct {
	Site     aggregate.Site `json:"site"`
	Page     string         `json:"page,omitempty"`
	Days     int            `json:"days"` // whole days, yesterday the last
	Visitors *int64         `json:"visitors"`
	Floor    int            `json:"floor"`
}

// Serve answers /badge/<name>: a site with .svg or .json after it; ?page= names a
// page of it.
func (b *Badges) Serve(ctx *fasthttp.RequestCtx, name string) {
	name, drawn := strings.CutSuffix(name, ".svg")
	name, told := strings.CutSuffix(name, ".json")
	site, err := aggregate.ParseSite(name)
	settings, known := b.o.Settings(site)
	if drawn == told || err != nil || !known || !settings.Badge {
		refuse(ctx, fasthttp.StatusNotFound, "There is no such badge.")
		return
	}
	a := answer{Site: site, Page: string(ctx.QueryArgs().Peek("page")), Days: days, Floor: settings.PublicFloor()}
	n, err := b.visitors(&a, &settings)
	if err != nil {
		b.o.Log.Error("a badge could not be made", "site", string(site), "err", err)
		refuse(ctx, fasthttp.StatusInternalServerError, "The counters could not be read.")
		return
	}
	if step := int64(a.Floor); n >= step {
		n -= n % step
		a.Visitors = &n
	}
	h := &ctx.Response.Header
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // pages of other hosts show it
	if told {
		body, _ := json.Marshal(a) // numbers and texts: cannot fail
		ctx.SetContentType("application/json; charset=utf-8")
		ctx.SetBody(body)
		return
	}
	ctx.SetContentType("image/svg+xml")
	ctx.SetBodyString(draw(a.text()))
}

func refuse(ctx *fasthttp.RequestCtx, status int, sentence string) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(sentence)
}

// visitors are those of the last whole days.
func (b *Badges) visitors(a *answer, settings *aggregate.Settings) (int64, error) {
	b.mu.Lock()
	f := b.m[a.Site]
	if f == nil {
		f = &figures{}
		b.m[a.Site] = f
	}
	b.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := b.o.Clock(); f.pages == nil || now.Sub(f.made) >= lifetime || now.Before(f.made) {
		if err := f.make(b.o.Asker, a.Site, aggregate.DayOf(now, settings.Location())); err != nil {
			return 0, err
		}
		f.made = now
	}
	if a.Page == "" {
		return f.total, nil
	}
	return f.pages[a.Page], nil
}

func (f *figures) make(asker Asker, site aggregate.Site, today aggregate.Day) error {
	q := aggregate.Query{Site: site, Metrics: []aggregate.Metric{aggregate.MetricVisitors}, Limit: maxPages,
		Range: aggregate.Range{Days: true, First: today - days, Last: today - 1}}
	total, err := asker.Answer(&q)
	if err != nil {
		return err
	}
	page, _ := ask.ParseField("event:page")
	q.Fields = []aggregate.Field{page}
	rows, err := asker.Answer(&q)
	if err != nil {
		return err
	}
	f.total, f.pages = int64(total.Rows[0].Values[0].Number), make(map[string]int64, len(rows.Rows))
	for _, row := range rows.Rows {
		if row.Labels[0] != "(other)" && row.Labels[0] != "(hidden)" { // no pages
			f.pages[row.Labels[0]] = int64(row.Values[0].Number)
		}
	}
	return nil
}

// text is the number as the picture shows it.
func (a *answer) text() string {
	switch {
	case a.Visitors == nil:
		return "fewer than " + strconv.Itoa(a.Floor)
	case *a.Visitors < 10_000:
		return strconv.FormatInt(*a.Visitors, 10)
	case *a.Visitors < 1_000_000:
		return fmt.Sprintf("%.1fk", float64(*a.Visitors)/1000)
	}
	return fmt.Sprintf("%.1fM", float64(*a.Visitors)/1_000_000)
}

// draw draws a badge: a word, and a text beside it. Widths are those of the letters
// of Verdana, whose pictures of this kind are made for, taken together.
func draw(text string) string {
	const label, letter, edge, height = "visitors", 6.6, 7, 20
	wide := func(s string) int { return int(letter*float64(len(s))) + 2*edge }
	left, right := wide(label), wide(text)
	middle := func(x, w int) string { return strconv.FormatFloat(float64(x)+float64(w)/2, 'f', 1, 64) }
	text = html.EscapeString(text)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="%[3]s: %[4]s">`+
		`<title>%[3]s of the last %[5]d days: %[4]s</title><rect width="%[1]d" height="%[2]d" rx="4" fill="#3d4752"/>`+
		`<path d="M%[6]d 0h%[7]da4 4 0 0 1 4 4v12a4 4 0 0 1-4 4h-%[7]dz" fill="#0b6e5f"/>`+
		`<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="%[8]s" y="14">%[3]s</text><text x="%[9]s" y="14">%[4]s</text></g></svg>`,
		left+right, height, label, text, days, left, right-4, middle(0, left), middle(left, right))
}
