package ui

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strconv"
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
	*optOutText
	Languages []languageLink
	Site      aggregate.Site // that the link to the page has named; "" = none
	Code      string         // for the site's own page about privacy
	Icon      string
}

type languageLink struct {
	Lang, Name, URL string
	Here            bool
}

// serveOptOut answers /opt-out and what lies beside it.
func (u *UI) serveOptOut(ctx *fasthttp.RequestCtx, name string) {
	switch name {
	case "opt-out/": // would put script and style in the wrong place
		u.redirect(ctx, "../opt-out")
		return
	case optOutStyle:
		ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "public, max-age=86400")
		u.assets.served[u.assets.url[optOutStyle]].send(ctx)
		return
	}
	args := ctx.QueryArgs()
	text := optOutTextFor(string(args.Peek("lang")), string(ctx.Request.Header.Peek(fasthttp.HeaderAcceptLanguage)))
	site, _ := aggregate.ParseSite(string(args.Peek("site")))
	v := optOutView{optOutText: text, Site: site, Code: optOutCode(u.origin(ctx))}
	for _, t := range optOutTexts {
		query := url.Values{"lang": {t.Lang}}
		if site != "" {
			query.Set("site", string(site))
		}
		v.Languages = append(v.Languages, languageLink{Lang: t.Lang, Name: t.Name, URL: "?" + query.Encode(), Here: t == text})
	}
	var out bytes.Buffer
	if err := templates().ExecuteTemplate(&out, "opt-out", &v); err != nil {
		u.log.Error("BUG: a page could not be printed", "page", "opt-out", "err", err)
		ctx.SetStatusCode(fasthttp.StatusInternalServerError)
		return
	}
	ctx.Response.Header.Set(fasthttp.HeaderContentLanguage, text.Lang)
	ctx.Response.Header.Add(fasthttp.HeaderVary, fasthttp.HeaderAcceptLanguage)
	u.send(ctx, out.Bytes())
}

// optOutStyle is the page's style, as an asset and as a path.
const optOutStyle = "opt-out.css"

// optOutCode is what a site puts on its own page about privacy.
func optOutCode(origin string) string {
	return `<button type="button" data-footfall-opt-out hidden></button>` + "\n" +
		`<script defer src="` + origin + `/js/opt-out.js"></script>`
}

// optOutTextFor is the text in the language that was chosen, else in the one that
// the reader likes best among those there are, else in English.
func optOutTextFor(chosen, accepted string) *optOutText {
	for _, lang := range append([]string{chosen}, preferredLanguages(accepted)...) {
		lang, _, _ = strings.Cut(strings.ToLower(lang), "-")
		for _, t := range optOutTexts {
			if t.Lang == lang {
				return t
			}
		}
	}
	return optOutTexts[0]
}

// preferredLanguages reads an Accept-Language header (RFC 9110, 12.5.4), the best
// first. Those with weight 0 are not wanted.
func preferredLanguages(header string) (tags []string) {
	type weighted struct {
		tag    string
		weight float64
	}
	var all []weighted
	for item := range strings.SplitSeq(header, ",") {
		tag, parameter, _ := strings.Cut(item, ";")
		w := weighted{strings.TrimSpace(tag), 1}
		if value, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			w.weight, _ = strconv.ParseFloat(value, 64)
		}
		if w.tag != "" && w.weight > 0 {
			all = append(all, w)
		}
	}
	slices.SortStableFunc(all, func(a, b weighted) int { return cmp.Compare(b.weight, a.weight) })
	for _, w := range all {
		tags = append(tags, w.tag)
	}
	return tags
}
