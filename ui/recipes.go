package ui

import (
	"embed"
	"maps"
	"net/url"
	"strings"
	"sync"
	"text/template"

	"footfall/aggregate"
	"footfall/ui/words"
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
	id, name string
	file     string // where it goes, if that is a file of its own; the catalogues say else
	// changing is whether the addresses from which it calls cannot be told to
	// Footfall, because they belong to a provider and change.
	changing bool
	notes    []string // in the catalogues
}

var recipeKinds = []recipeKind{
	{id: "nginx", name: "nginx", notes: []string{"recipe.note.nginx"}},
	{id: "caddy", name: "Caddy"},
	{id: "apache", name: "Apache"},
	{id: "cloudflare", name: "Cloudflare", changing: true},
	{id: "netlify", name: "Netlify", file: "netlify/edge-functions/footfall.js", changing: true},
	{id: "vercel", name: "Vercel", changing: true},
	{id: "nextjs", name: "Next.js", file: "app{path}/[...path]/route.js", changing: true},
	{id: "wordpress", name: "WordPress", file: "wp-content/mu-plugins/footfall.php",
		notes: []string{"recipe.note.wordpress", "recipe.note.wordpress_proxy"}},
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

// recipes are those for a site, explained in a language. header is what the server
// has been told to read, if it was; set is what tag takes.
func recipes(l *words.Locale, site aggregate.Site, origin, header string, o tagOptions, set map[string]string) (all []recipe, err error) {
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
		r := recipe{ID: kind.id, Name: kind.name, File: strings.Replace(kind.file, "{path}", data.Path, 1), Notes: []string{trustNote(l, kind, header)}}
		if r.File == "" {
			r.File = l.Say("recipe.file." + kind.id)
		}
		for _, note := range kind.notes {
			r.Notes = append(r.Notes, l.Say(note))
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
func trustNote(l *words.Locale, kind recipeKind, header string) string {
	switch {
	case header != "" && kind.changing:
		return l.Say("recipe.trust.changing_header", "header", header, "name", kind.name)
	case header != "":
		return l.Say("recipe.trust.header", "header", header)
	case kind.changing:
		return l.Say("recipe.trust.changing", "header", secretHeader, "name", kind.name)
	}
	return l.Say("recipe.trust")
}
