package main

import (
	"errors"
	"net/url"
	"strings"

	"footfall/aggregate"
	"footfall/snippet"
	"footfall/ui"

	"github.com/valyala/fasthttp"
)

// ownPathFlags give the script and the endpoint a path of the operator's choice.
// The usual ones go on working: tags that are out there name them.
type ownPathFlags struct {
	ScriptPath string `help:"A path of its own for the script, such as /assets/visits.js, below --base-path and beside /js/script.js." placeholder:"PATH"`
	EventPath  string `help:"A path of its own for what the script sends, such as /assets/visits, beside /api/event; tags name it as data-api." placeholder:"PATH"`
}

// prove returns what is wrong with the paths. They may hide a page of the team's,
// but no other door.
func (f ownPathFlags) prove() error {
	for _, flag := range [][2]string{{"--script-path", f.ScriptPath}, {"--event-path", f.EventPath}} {
		switch name, path := flag[0], flag[1]; {
		case path == "":
		case !plainPath(path):
			return hint(errors.New(name+" is no path of letters, digits and -._~/ that begins with a slash and does not end with one"), "%s /assets/visits.js, for instance", name)
		case snippet.Match(path), path == "/api/event", path == "/pixel.gif", path == "/count", path == "/api/send", path == healthPath, path == livePath:
			return hint(errors.New(name+" names a path that is taken"), "another one, such as /assets/visits.js")
		}
	}
	if f.ScriptPath != "" && f.ScriptPath == f.EventPath {
		return hint(errors.New("--script-path and --event-path are the same"), "give each a path of its own")
	}
	return nil
}

// proveAddresses returns what is wrong with --base-path and --public-url: links are
// made of both.
func proveAddresses(base, public string) error {
	if base = strings.TrimSuffix(base, "/"); base != "" && !plainPath(base) {
		return hint(errors.New("--base-path is no path of letters, digits and -._~/ that begins with a slash"), "--base-path /stats, for instance")
	}
	if at, err := url.Parse(public); public != "" && (err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "") {
		return hint(errors.New("--public-url is no address that begins with http:// or https://"), "--public-url https://stats.example.com, for instance")
	}
	return nil
}

func plainPath(path string) bool {
	if len(path) < 2 || len(path) > 200 || path[0] != '/' || strings.HasSuffix(path, "/") || strings.Contains(path, "//") || strings.Contains(path, "/.") {
		return false
	}
	return strings.Trim(path, "/abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~") == ""
}

// isOwnPath reports whether a path below the base path is one of the operator's own.
func (f ownPathFlags) isOwnPath(path string) bool {
	return path != "" && (path == f.EventPath || path == f.ScriptPath)
}

// serveOwnPaths answers the operator's own paths; path is below the base path.
func (s *Server) serveOwnPaths(ctx *fasthttp.RequestCtx, path string) bool {
	switch path {
	case "":
		return false
	case s.flags.EventPath:
		s.door.ServeEvent(ctx)
	case s.flags.ScriptPath:
		s.serveScript(ctx, "script.js")
	default:
		return false
	}
	return true
}

// tagPaths are the paths that the tag to embed names.
func (f ownPathFlags) tagPaths() ui.TagPaths {
	return ui.TagPaths{Script: f.ScriptPath, Event: f.EventPath}
}

// serveScript sends the script of a name; with ?site=example.com as the owner of
// that site has set it up. A site that is not counted here gets the plain script.
func (s *Server) serveScript(ctx *fasthttp.RequestCtx, name string) {
	var options map[string]string
	if site := aggregate.Site(ctx.QueryArgs().Peek("site")); site != "" {
		if settings, ok := s.db.Settings(site); ok {
			options = settings.ScriptOptions()
		}
		if len(options) > 0 {
			options["domain"] = string(site)
		}
	}
	snippet.Serve(ctx, name, options)
}
