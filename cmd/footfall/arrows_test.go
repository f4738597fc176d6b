package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Standard", "footfall/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// room is the top directory of one of our packages, "" for others.
func room(path string) string {
	rest, ours := strings.CutPrefix(path, "footfall/")
	if !ours {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// arrows are the rooms that a room may import, besides itself.
var arrows = map[string][]string{
	"aggregate": nil,
	"ingest":    {"aggregate"},
	"storage":   {"aggregate"},
	"ui":        {"aggregate"},
	"snippet":   nil,
	"cmd":       {"aggregate", "ingest", "storage", "ui", "snippet"},
}

// owners are the rooms that may import a library directly.
var owners = map[string][]string{
	"go.etcd.io/bbolt":                     {"storage"},
	"github.com/mssola/useragent":          {"ingest"},
	"github.com/oschwald/geoip2-golang/v2": {"ingest"},
	"github.com/valyala/fasthttp":          {"ingest", "ui", "snippet", "cmd"},
}

func TestRoomsImportOnlyWhatTheArrowsAllow(t *testing.T) {
	all := packages(t)
	standard := map[string]bool{}
	for _, p := range all {
		standard[p.ImportPath] = p.Standard
	}
	seen := map[string]bool{}
	for _, p := range all {
		from := room(p.ImportPath)
		if from == "" {
			continue
		}
		allowed, known := arrows[from]
		if !known {
			t.Errorf("%s lies in no room of the house", p.ImportPath)
		}
		seen[from] = true
		for _, imported := range p.Imports {
			to := room(imported)
			if to != "" && to != from && !slices.Contains(allowed, to) {
				t.Errorf("%s imports %s: no arrow leads from %s to %s", p.ImportPath, imported, from, to)
			}
			if from == "aggregate" && to == "" && !standard[imported] {
				t.Errorf("%s imports %s: aggregate is pure", p.ImportPath, imported)
			}
			if rooms, owned := owners[imported]; owned && !slices.Contains(rooms, from) {
				t.Errorf("%s imports %s, which belongs to %v", p.ImportPath, imported, rooms)
			}
		}
	}
	for name := range arrows {
		if !seen[name] {
			t.Errorf("the room %s is empty", name)
		}
	}
}

// TestPureRoomsTouchNoNetworkAndNoFiles keeps aggregate what its comment says.
func TestPureRoomsTouchNoNetworkAndNoFiles(t *testing.T) {
	for _, p := range packages(t) {
		if room(p.ImportPath) != "aggregate" {
			continue
		}
		for _, imported := range p.Imports {
			if imported == "net" || imported == "os" || imported == "net/http" || strings.HasPrefix(imported, "os/") || imported == "syscall" {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
}

// dialers are what can open a connection, and the files that may.
var dialers = map[string]bool{
	"net.Dial": true, "net.DialTimeout": true, "net.Dialer": true, "net.DialTCP": true, "net.DialUDP": true, "net.DialIP": true,
	"http.Get": true, "http.Post": true, "http.PostForm": true, "http.Head": true, "http.Client": true, "http.DefaultClient": true,
	"http.Transport": true, "http.DefaultTransport": true, "http.NewRequest": true, "tls.Dial": true, "tls.Dialer": true,
	"fasthttp.Get": true, "fasthttp.Post": true, "fasthttp.Do": true, "fasthttp.Client": true, "fasthttp.HostClient": true,
	"fasthttp.PipelineClient": true, "fasthttp.Dial": true, "fasthttp.DialTimeout": true, "net.LookupHost": true, "net.LookupIP": true,
	"net.LookupAddr": true, "net.Resolver": true, "net.DefaultResolver": true, "acme.Client": true, "autocert.Manager": true,
	"mail.NewClient": true, "http.NewRequestWithContext": true,
}

var mayDial = map[string]string{
	"../../cmd/footfall/certificates.go":    "the certificate authority, with --acme",
	"../../ui/notify/hook.go":               "the hooks of notices, when the team has made one",
	"../../ui/notify/mail.go":               "the mail server, with --smtp",
	"../../ui/account/provider/provider.go": "the OpenID provider, with --oidc-issuer, when somebody signs in with it",
	"../../cmd/footfall/control.go":         "the socket of the running server, in the data directory",
	"../../cmd/footfall/demo.go":            "visitors of the demo, who call the demo's own server",
	"../../cmd/footfall/visitors.go":        "visitors of the demo, who call the demo's own server",
}

// TestNothingInTheServerOpensAConnection proves P8 on the source: no file of the
// product names a way to open a connection, but for those listed.
func TestNothingInTheServerOpensAConnection(t *testing.T) {
	files := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.HasPrefix(path, "../../cmd/bench/") {
			return err
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && dialers[pkg.Name+"."+sel.Sel.Name] && mayDial[path] == "" {
				t.Errorf("%s uses %s.%s", path, pkg.Name, sel.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil || files < 50 {
		t.Fatalf("%d files read (%v)", files, err)
	}
}
