package ui

import (
	"embed"
	"maps"
	"net/url"
	"strings"
	"sync"
	"text/template"

	"footfall/aggregate"
)

// Recipes let a website's own host pass on what the script needs, so that a
// visitor's browser talks to nobody else. All of them do the same: they let
// through script, beacons, pixel and the opt-out page and nothing more, tell the
// visitor's address, and keep cookies to themselves.

//go:embed recipes
var recipeFiles embed.FS

// Plain text: what is put into it are addresses, names and paths that hold
// nothing but letters, digits and the signs of a URL.
var recipeTemplates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").ParseFS(recipeFiles, "recipes/*"))
})

// recipe is one on the page.
type recipe struct {
	ID, Name, File string // File is where the text goes
	Text           string
	Notes          []string
}

// recipeKind is a recipe before its places are filled.
type recipeKind struct {
	id, name, file string
	// changing is whether the addresses from which it calls cannot be told to
	// Footfall, because they belong to a provider and change.
	changing bool
	notes    []string
}

var recipeKinds = []recipeKind{
	{id: "nginx", name: "nginx", file: "the server block of the site",
		notes: []string{"Is nginx behind another proxy itself? Then set_real_ip_from and real_ip_header make $remote_addr the visitor’s address."}},
	{id: "caddy", name: "Caddy", file: "the site’s block in the Caddyfile"},
	{id: "apache", name: "Apache", file: "the VirtualHost of the site"},
	{id: "cloudflare", name: "Cloudflare", file: "a Worker", changing: true},
	{id: "netlify", name: "Netlify", file: "netlify/edge-functions/footfall.js", changing: true},
	{id: "vercel", name: "Vercel", file: "middleware.js, beside package.json", changing: true},
	{id: "nextjs", name: "Next.js", changing: true},
	{id: "wordpress", name: "WordPress", file: "wp-content/mu-plugins/footfall.php",
		notes: []string{"It works where WordPress answers addresses that are no files. If the web server looks for .js files itself, use the web server’s recipe instead: it is faster, too.",
			"Is WordPress behind a proxy? Then REMOTE_ADDR has to be the visitor’s address there already."}},
}

// recipeData fills the places of a recipe.
type recipeData struct {
	Site     aggregate.Site
	Server   string // this server: scheme, host, base path
	Upstream string // scheme and host alone
	Base     string // the base path alone
	Secure   bool   // the server is reached by https
	Path     string // on the site's own host, "/footfall"
	Header   string // that tells the visitor's address
	Tag      string
}

// Headers that tell a visitor's address. The second one is told from everywhere:
// its name has to be a secret.
const (
	forwardedHeader = "X-Forwarded-For"
	secretHeader    = "X-Visitor-SECRET"
)

// recipes are those for a site. header is what the server has been told to read,
// if it was; set is what tag takes.
func recipes(site aggregate.Site, origin, header string, o tagOptions, set map[string]string) (all []recipe, err error) {
	o.on = maps.Clone(o.on)
	o.on[ownHost] = true
	data := recipeData{Site: site, Server: origin, Upstream: origin, Path: "/" + o.values[ownPath]}
	if at, err := url.Parse(origin); err == nil && at.Host != "" {
		data.Upstream, data.Base, data.Secure = at.Scheme+"://"+at.Host, at.EscapedPath(), at.Scheme == "https"
	}
	data.Tag = o.tag(site, origin, PinnedScript{}, TagPaths{}, set)
	for _, kind := range recipeKinds {
		data.Header = header
		if header == "" && kind.changing {
			data.Header = secretHeader
		} else if header == "" {
			data.Header = forwardedHeader
		}
		r := recipe{ID: kind.id, Name: kind.name, File: kind.file, Notes: append([]string{trustNote(kind, header)}, kind.notes...)}
		if kind.id == "nextjs" {
			r.File = "app" + data.Path + "/[...path]/route.js"
		}
		var text strings.Builder
		if err := recipeTemplates().ExecuteTemplate(&text, kind.id, &data); err != nil {
			return nil, err
		}
		r.Text = strings.TrimSpace(text.String()) + "\n"
		all = append(all, r)
	}
	return all, nil
}

// trustNote says how Footfall comes to believe what the proxy tells it.
func trustNote(kind recipeKind, header string) string {
	switch {
	case header != "" && kind.changing:
		return "This server reads visitors’ addresses from the header " + header + ". Where " + kind.name + " calls from cannot be known, so it has to be " +
			"started with --trusted-proxies 0.0.0.0/0,::/0, and the header’s name must be one that nobody guesses."
	case header != "":
		return "This server reads visitors’ addresses from the header " + header + ", from the same machine and from what --trusted-proxies names."
	case kind.changing:
		return "Where " + kind.name + " calls from cannot be known, so the header’s name is the key: put something long that nobody guesses in the place of SECRET, and start " +
			"Footfall with --trusted-proxies 0.0.0.0/0,::/0 --client-ip-header " + secretHeader + ". Whoever learns the name can pass for any address. " +
			"It holds for all sites of this server, and whatever else stands in front of it has to set this header, too."
	}
	return "Footfall believes this proxy where it runs on the same machine. Does it run on another one? Then start Footfall with --trusted-proxies and its address."
}
