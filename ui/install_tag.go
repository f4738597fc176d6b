package ui

import (
	"cmp"
	"html"
	"net/url"
	"strings"
	"unicode"

	"footfall/aggregate"
)

// tagOptions are the choices on the install page, as its address holds them.
type tagOptions struct {
	on     map[string]bool   // switches, by name
	values map[string]string // fields, by name
}

// tagSwitch is a choice of yes or no that becomes an attribute of the tag.
type tagSwitch struct {
	Name, Attribute string
	Hint            bool // the catalogues have a hint for it, besides its name
	On              bool
}

// tagSwitches are what the script can be told. All are off in a plain tag: what
// is on by default has a switch that leaves it out.
var tagSwitches = []tagSwitch{
	{Name: "forms", Attribute: `data-forms`, Hint: true},
	{Name: "hash", Attribute: `data-hash`, Hint: true},
	{Name: "outbound", Attribute: `data-outbound="off"`},
	{Name: "downloads", Attribute: `data-downloads="off"`},
	{Name: "missing", Attribute: `data-404="off"`},
	{Name: "manual", Attribute: `data-manual`, Hint: true},
	{Name: "local", Attribute: `data-local`},
	{Name: "debug", Attribute: `data-debug`, Hint: true},
}

// tagField is a choice that is a text.
type tagField struct {
	Name, Attribute, Example, Value string
	Hint                            bool
}

var tagFields = []tagField{
	{Name: "include", Attribute: "data-include", Hint: true, Example: "/blog/**, /docs/**"},
	{Name: "exclude", Attribute: "data-exclude", Example: "/admin/**, /account/*"},
	{Name: "kinds", Attribute: "data-downloads", Hint: true, Example: "pdf, zip, dmg"},
}

// Names of the choices that are no attribute.
const (
	ownHost = "own"    // through the site's own host
	pinned  = "pinned" // the versioned name with its hash
	picture = "pixel"  // with an image for browsers without scripts
	ownPath = "path"   // of ownHost
)

const (
	defaultOwnPath = "footfall"
	maxFieldSize   = 500
)

// readTagOptions reads the page's query. What cannot be is left out.
func readTagOptions(query func(name string) string) tagOptions {
	o := tagOptions{on: map[string]bool{}, values: map[string]string{}}
	for _, s := range tagSwitches {
		o.on[s.Name] = query(s.Name) != ""
	}
	for _, name := range []string{ownHost, pinned, picture} {
		o.on[name] = query(name) != ""
	}
	for _, f := range tagFields {
		if value := strings.TrimSpace(query(f.Name)); len(value) <= maxFieldSize && strings.IndexFunc(value, unicode.IsControl) < 0 {
			o.values[f.Name] = value
		}
	}
	o.values["kinds"] = fileKinds(o.values["kinds"])
	o.values[ownPath] = cleanOwnPath(query(ownPath))
	return o
}

// fileKinds is a list of file name extensions as the script wants it: "pdf|zip".
func fileKinds(list string) string {
	kinds := strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(kinds, "|")
}

// cleanOwnPath is a path on the site's own host without slashes at its ends, the
// default where it could not stand in a recipe as it is.
func cleanOwnPath(path string) string {
	path = strings.Trim(path, "/ ")
	usable := path != "" && len(path) <= 60 && !strings.Contains(path, "//")
	for _, r := range path {
		usable = usable && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '/')
	}
	if !usable {
		return defaultOwnPath
	}
	return path
}

// key tells apart what the page shows.
func (o tagOptions) key() string {
	v := url.Values{}
	for name, on := range o.on {
		if on {
			v.Set(name, "on")
		}
	}
	for name, value := range o.values {
		v.Set(name, value)
	}
	return v.Encode()
}

// place is where a browser finds script and pixel: this server, or a path of the
// site's own host.
func (o tagOptions) place(origin string) string {
	if o.on[ownHost] {
		return "/" + o.values[ownPath]
	}
	return origin
}

// usualScript is where the script is, below the server's address.
const usualScript = "/js/script.js"

// tag is the script element to copy. What a site's own host passes on are the usual
// paths; the operator's own are for this server's address. set are the owner's options
// for the script of this site: the server writes them into the file that is asked for
// with the site's name, and no pinned file can hold them, so that its tag has to.
func (o tagOptions) tag(site aggregate.Site, origin string, script PinnedScript, own TagPaths, set map[string]string) string {
	pin := o.on[pinned] && script.Path != ""
	tag := `<script defer data-domain="` + html.EscapeString(string(site)) + `"`
	for _, s := range tagSwitches {
		if (o.on[s.Name] || pin && s.among(set)) && (s.Name != "downloads" || o.values["kinds"] == "") {
			tag += " " + s.Attribute
		}
	}
	for _, f := range tagFields {
		if value := o.values[f.Name]; value != "" {
			tag += ` ` + f.Attribute + `="` + html.EscapeString(value) + `"`
		}
	}
	path := usualScript
	if !o.on[ownHost] {
		path = cmp.Or(own.Script, path)
		if own.Event != "" {
			tag += ` data-api="` + html.EscapeString(origin+own.Event) + `"`
		}
	}
	switch {
	case pin:
		path = script.Path
		tag += ` integrity="` + script.Integrity + `" crossorigin="anonymous"`
	case len(set) > 0:
		path += "?site=" + url.QueryEscape(string(site))
	}
	return tag + ` src="` + html.EscapeString(o.place(origin)+path) + `"></script>`
}

// among reports whether options, attributes without data-, hold what the switch does.
func (s *tagSwitch) among(options map[string]string) bool {
	name, want, _ := strings.Cut(strings.TrimPrefix(s.Attribute, "data-"), "=")
	value, ok := options[name]
	return ok && value == strings.Trim(want, `"`)
}

// pixelTag is the image for browsers without scripts. On another host the browser
// would tell the page's host alone, and every view would be one of the home page.
func (o tagOptions) pixelTag(site aggregate.Site, origin string) string {
	tag := `<noscript><img src="` + html.EscapeString(o.place(origin)+`/pixel.gif?d=`+url.QueryEscape(string(site))) + `" alt="" width="1" height="1"`
	if !o.on[ownHost] {
		tag += ` referrerpolicy="no-referrer-when-downgrade"`
	}
	return tag + `></noscript>`
}
