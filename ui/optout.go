package ui

import (
	"bytes"
	"net/url"
	"strings"

	"footfall/aggregate"

	"github.com/valyala/fasthttp"
)

// The opt-out page is for visitors of the sites, not for readers of the figures:
// it is open to everybody, knows no site's figures or settings, and says the same
// whether a site is counted here or not.
//
// It is meant to be reached through the site's own host, by the path that the
// install page's recipes pass on, because a browser keeps the choice for the
// address that the page is at. So its script and style lie beside it, under names
// that do not know the base path, and not among the assets.

// optOutView is the page, ready to be printed.
type optOutView struct {
	Languages []languageLink
	Site      aggregate.Site // that the link to the page has named; "" = none
	Code      string         // for the site's own page about privacy
	More      string         // address of the site's transparency page; "" = none was named
}

// serveOptOut answers /opt-out and what lies beside it.
func (u *UI) serveOptOut(ctx *fasthttp.RequestCtx, name string) {
	switch name {
	case "opt-out/": // would put script and style in the wrong place
		u.redirect(ctx, withArguments("../opt-out", string(ctx.URI().QueryString())))
		return
	case optOutStyle:
		ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "public, max-age=86400")
		u.assets.served[u.assets.url[optOutStyle]].send(ctx)
		return
	}
	l := u.locale(ctx)
	site, _ := aggregate.ParseSite(string(ctx.QueryArgs().Peek("site")))
	v := optOutView{Site: site, Code: optOutCode(u.origin(ctx)), Languages: languageLinks(ctx, l)}
	if site != "" {
		v.More = withArguments(u.origin(ctx)+"/"+privacyPath+url.PathEscape(string(site)), languageKey+"="+l.Language())
	}
	var out bytes.Buffer
	if err := templates(l).ExecuteTemplate(&out, "opt-out", &v); err != nil {
		u.log.Error("BUG: a page could not be printed", "page", "opt-out", "err", err)
		ctx.SetStatusCode(fasthttp.StatusInternalServerError)
		return
	}
	ctx.Response.Header.Set(fasthttp.HeaderContentLanguage, l.Language())
	u.send(ctx, out.Bytes())
}

// optOutStyle is the page's style, as an asset and as a path.
const optOutStyle = "opt-out.css"

// optOutCode is what a site puts on its own page about privacy.
func optOutCode(origin string) string {
	return `<button type="button" data-footfall-opt-out hidden></button>` + "\n" +
		`<script defer src="` + origin + `/js/opt-out.js"></script>`
}

// ForVisitors reports whether a path, below the base path, is for the visitors of
// websites and not for the team: their pages, and the badges in the websites' own.
func ForVisitors(path string) bool {
	return path == "/opt-out" || path == "/opt-out/" || path == "/"+optOutStyle ||
		strings.HasPrefix(path, "/"+privacyPath) || strings.HasPrefix(path, "/badge/")
}
