package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"mime"
	"path"
	"strings"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
)

//go:generate go run ./demo/build

//go:embed demo/layout.html demo/style.css demo/heron.svg demo/packing-list.pdf demo/places.tsv demo/places.mmdb demo/pages
var demoFiles embed.FS

// demoPath is where the sample site lies.
const demoPath = "/demo/"

// demoPages are the sample site's pages by the last part of their path, and their
// titles; those with a name are in its menu.
var demoPages = []struct{ path, file, title, name string }{
	{"", "home", "Kayaks that fold", "Home"},
	{"kayaks", "kayaks", "Kayaks", "Kayaks"},
	{"tours", "tours", "Tours", "Tours"},
	{"journal", "journal", "Journal", "Journal"},
	{"first-paddle", "first-paddle", "Your first hour in a kayak", ""},
	{"reading-tides", "reading-tides", "How to read a tide table", ""},
	{"order", "order", "Order", "Order"},
	{"thanks", "thanks", "Thank you", ""},
	{demoMissing, "missing", "Not found", ""},
}

// demoMissing is the page for all that is not there.
const demoMissing = "404"

// demoFile is what the sample site answers with.
type demoFile struct {
	kind string
	body []byte
}

// demoSite makes the handler of the sample site: a few plain pages that embed the
// script as any site does.
func demoSite(site aggregate.Site) (fasthttp.RequestHandler, error) {
	files, err := demoContent(site)
	if err != nil {
		return nil, err
	}
	return func(ctx *fasthttp.RequestCtx) {
		dir, name := path.Split(string(ctx.Path()))
		if !strings.HasSuffix(dir, demoPath) { // "/demo"
			ctx.Redirect("demo/", fasthttp.StatusFound)
			return
		}
		h := &ctx.Response.Header
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		f, ok := files[name]
		if !ok || name == demoMissing {
			f = files[demoMissing]
			ctx.SetStatusCode(fasthttp.StatusNotFound)
		}
		ctx.SetContentType(f.kind)
		ctx.Response.SetBodyRaw(f.body)
	}, nil
}

// demoContent prints the pages into their layout.
func demoContent(site aggregate.Site) (map[string]demoFile, error) {
	files := map[string]demoFile{}
	for _, name := range []string{"style.css", "heron.svg", "packing-list.pdf"} {
		body, err := demoFiles.ReadFile("demo/" + name)
		if err != nil {
			return nil, err
		}
		files[name] = demoFile{mime.TypeByExtension(path.Ext(name)), body}
	}
	layout, err := template.ParseFS(demoFiles, "demo/layout.html")
	if err != nil {
		return nil, err
	}
	type link struct {
		Href, Name string
		Here       bool
	}
	for _, page := range demoPages {
		main, err := demoFiles.ReadFile("demo/pages/" + page.file + ".html")
		if err != nil {
			return nil, err
		}
		var menu []link
		for _, p := range demoPages {
			if p.name != "" {
				menu = append(menu, link{"./" + p.path, p.name, p.path == page.path})
			}
		}
		var out bytes.Buffer
		err = layout.Execute(&out, struct {
			Site  aggregate.Site
			Title string
			Menu  []link
			Main  template.HTML
		}{site, page.title, menu, template.HTML(main)}) // #nosec G203 -- our own file
		if err != nil {
			return nil, fmt.Errorf("demo page %s: %w", page.file, err)
		}
		files[page.path] = demoFile{"text/html; charset=utf-8", out.Bytes()}
	}
	return files, nil
}
