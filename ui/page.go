package ui

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"html/template"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"footfall/aggregate"
	"footfall/ui/words"

	"github.com/valyala/fasthttp"
)

//go:embed templates
var templateFiles embed.FS

// shell is what stands around the moving part of a page.
type shell struct {
	Title         string
	Base          string
	Style, Script string
	Icon          template.URL
	Site          bool // a site's page, which has a script of its own
	SiteScript    string
	SiteStyle     string
	Signed        bool
	Words         map[string]string // that the scripts say
	Languages     []languageLink
	Home          string
	looks                // of a page in somebody's frame
	Public        string // address of what visitors are told; "" = the page is for the team
	Pace          int    // seconds between looks at the figures; 0 = as often as it is worth it
	FormToken     string // of the form that signs out
	Email         string // of who is signed in
	Staff         bool   // who sees the accounts
	Affairs       string // where a site's settings are, for those who may change them
	Time, Zone    string // when the figures were read
	Etag          string // of Main
	Main          template.HTML
}

// liveHeader is sent by the script of a page that asks for its moving part alone.
const liveHeader = "Footfall-Live"

// drawn is the moving part of a page, as it was made last.
type drawn struct {
	mu   sync.Mutex // held while it is made, so that readers of one page wait for one answer
	html []byte
	etag string
	made time.Time
	cost time.Duration
}

// fresh reports whether the part may be shown again. A view that is expensive
// lives longer: however many readers watch, it takes a tenth of the time at most.
func (d *drawn) fresh(now time.Time) bool {
	age := now.Sub(d.made)
	return d.html != nil && age >= 0 && age < min(max(leastAge, 10*d.cost), mostAge)
}

const (
	leastAge = 400 * time.Millisecond
	mostAge  = 10 * time.Second
	maxViews = 256
	// guestViews is maxViews for the dashboard of a secret link, or of a public site.
	guestViews = 32
)

// views are the parts made in the last moments, by what they show.
type views struct {
	most int        // 0 = maxViews
	mu   sync.Mutex // protects m
	m    map[string]*drawn
}

func (v *views) get(key string) *drawn {
	v.mu.Lock()
	defer v.mu.Unlock()
	d := v.m[key]
	if d == nil {
		if v.m == nil || len(v.m) >= cmp.Or(v.most, maxViews) {
			v.m = map[string]*drawn{}
		}
		d = &drawn{}
		v.m[key] = d
	}
	return d
}

// draw returns the part that shows key, made by view and the template where
// there is no fresh one.
func (u *UI) draw(l *words.Locale, key, name string, view func() any) (html []byte, etag string, made time.Time, err error) {
	d := u.views.get(l.Key() + "\n" + key)
	d.mu.Lock()
	defer d.mu.Unlock()
	if start := u.clock(); !d.fresh(start) {
		var out bytes.Buffer
		if err := templates(l).ExecuteTemplate(&out, name, view()); err != nil {
			return nil, "", start, err
		}
		sum := sha256.Sum256(out.Bytes())
		d.html, d.etag, d.made, d.cost = out.Bytes(), `"`+hex.EncodeToString(sum[:12])+`"`, start, u.clock().Sub(start)
	}
	return d.html, d.etag, d.made, nil
}

// page answers with a drawn part, inside its shell or, for the script, alone.
func (u *UI) page(ctx *fasthttp.RequestCtx, who reader, s shell, loc *time.Location, key, name string, view func() any) {
	l := u.locale(ctx)
	html, etag, made, err := u.draw(l, spoken(ctx)+"\n"+key, name, view)
	if err != nil {
		u.log.Error("BUG: a page could not be printed", "page", name, "err", err)
		u.sayMessage(ctx, fasthttp.StatusInternalServerError, "message.broken", "message.broken.text")
		return
	}
	if ctx.Request.Header.Peek(liveHeader) != nil {
		ctx.Response.Header.Set(fasthttp.HeaderETag, etag)
		if string(ctx.Request.Header.Peek(fasthttp.HeaderIfNoneMatch)) == etag {
			ctx.SetStatusCode(fasthttp.StatusNotModified)
			return
		}
		u.send(ctx, html)
		return
	}
	s.Etag = etag
	signed := u.signedShell(who)
	s.Signed, s.FormToken, s.Email, s.Staff = signed.Signed, signed.FormToken, signed.Email, signed.Staff
	s.Time, s.Zone = zoned(made, loc), loc.String()
	s.Main = template.HTML(html) // #nosec G203 -- printed by html/template just above
	u.wrap(ctx, fasthttp.StatusOK, s)
}

// wrap prints a shell.
func (u *UI) wrap(ctx *fasthttp.RequestCtx, status int, s shell) {
	l := u.locale(ctx)
	s.Base, s.Home = u.base, withArguments(u.base+"/", spoken(ctx))
	if u.access.shared != "" {
		s.looks = looksOf(ctx)
	}
	if s.Embed {
		s.Home = withArguments(u.sitePath(u.access.shared), spoken(ctx))
	}
	if u.access.public > 0 {
		s.Public = withArguments(u.base+"/"+privacyPath+url.PathEscape(string(u.access.shared)), spoken(ctx))
		s.Pace = int(publicPace / time.Second)
	}
	s.Words, s.Languages = l.Under("script."), languageLinks(ctx, l)
	s.Style, s.Script, s.Icon = u.assetURL("style.css"), u.assetURL("live.js"), icon()
	if s.Site {
		s.SiteScript, s.SiteStyle = u.assetURL("site.js"), u.assetURL("site.css")
	}
	var out bytes.Buffer
	if err := templates(l).ExecuteTemplate(&out, "shell", &s); err != nil {
		u.log.Error("BUG: a page could not be printed", "page", "shell", "err", err)
		ctx.SetStatusCode(fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetStatusCode(status)
	ctx.Response.Header.Set(fasthttp.HeaderContentLanguage, l.Tag())
	u.send(ctx, out.Bytes())
}

// icon is the pages' icon, inside of them: a request less.
var icon = sync.OnceValue(func() template.URL {
	body, err := assetFiles.ReadFile("assets/icon.svg")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(body)) // #nosec G203 -- our own file
})

func (u *UI) assetURL(file string) string { return u.base + "/assets/" + u.assets.url[file] }

// send sends HTML, packed where the client takes it. The answers hold nothing
// secret beside what a stranger can make appear in them, so packing tells nothing.
func (u *UI) send(ctx *fasthttp.RequestCtx, html []byte) {
	ctx.SetContentType("text/html; charset=utf-8")
	ctx.Response.Header.Set(fasthttp.HeaderVary, fasthttp.HeaderAcceptEncoding+", "+fasthttp.HeaderAcceptLanguage)
	switch encoding(ctx) {
	case "br":
		ctx.Response.Header.Set(fasthttp.HeaderContentEncoding, "br")
		ctx.Response.SetBodyRaw(fasthttp.AppendBrotliBytesLevel(nil, html, 4))
	case "gzip":
		ctx.Response.Header.Set(fasthttp.HeaderContentEncoding, "gzip")
		ctx.Response.SetBodyRaw(fasthttp.AppendGzipBytesLevel(nil, html, 5))
	default:
		ctx.Response.SetBodyRaw(html)
	}
}

// message answers with a page of one sentence.
func (u *UI) message(ctx *fasthttp.RequestCtx, status int, title, text string) {
	u.plain(ctx, status, "message", title, messageView{Title: title, Text: text})
}

// sayMessage is message with the keys of both in the catalogues, and arguments.
func (u *UI) sayMessage(ctx *fasthttp.RequestCtx, status int, title, text string, args ...any) {
	l := u.locale(ctx)
	u.message(ctx, status, l.Say(title, args...), l.Say(text, args...))
}

// messageView is a page without figures.
type messageView struct {
	Title, Text string
	Base, Home  string
	Command     string // to type on the server
}

func (u *UI) plain(ctx *fasthttp.RequestCtx, status int, name, title string, v messageView) {
	v.Base, v.Home = u.base, withArguments(u.base+"/", spoken(ctx))
	var out bytes.Buffer
	if err := templates(u.locale(ctx)).ExecuteTemplate(&out, name, &v); err != nil {
		u.log.Error("BUG: a page could not be printed", "page", name, "err", err)
	}
	u.wrap(ctx, status, shell{Title: title + " · Footfall",
		Main: template.HTML(out.String())}) // #nosec G203 -- printed by html/template just above
}

// unknownSite is the page of a site that does not exist.
func (u *UI) unknownSite(c *caller, site aggregate.Site) {
	l := u.locale(c.RequestCtx)
	v := messageView{Title: l.Say("message.no_site"), Text: l.Say("message.no_site.text", "site", site), Home: withArguments(u.base+"/", spoken(c.RequestCtx))}
	// Whoever made the link chose the name: what a shell would read in its own way
	// is not offered for copying.
	if strings.IndexFunc(string(site), unplain) < 0 && site[0] != '-' {
		v.Text, v.Command = l.Say("message.no_site.add", "site", site), "footfall site add "+string(site)
	}
	u.signedForm(c, fasthttp.StatusNotFound, "message", "message.no_site", v)
}

func unplain(r rune) bool {
	return r != '.' && r != '-' && r != '_' && r != ':' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
}
