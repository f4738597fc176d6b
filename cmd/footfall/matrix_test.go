//go:build linux

package main

import (
	"net/url"
	"strings"
	"testing"

	"footfall/aggregate/team"
	"footfall/ui"
)

// expected is the access matrix as people would say it: what each address takes.
// It is written down a second time on purpose: a row that is added to the router
// must be thought about here, too.
var expected = map[string]string{
	"GET /":                "viewer of any site",
	"GET /assets/*":        "anyone",
	"GET /opt-out":         "anyone",
	"GET /opt-out.css":     "anyone",
	"GET /privacy/{name}":  "anyone",
	"GET /badge/{name}":    "anyone",
	"GET /sign-in":         "anyone",
	"POST /sign-in":        "anyone",
	"GET /sign-out":        "anyone",
	"POST /sign-out":       "an account",
	"GET /set-up/{token}":  "anyone",
	"POST /set-up/{token}": "anyone",

	"POST /sign-in/code":           "anyone",
	"POST /sign-in/passkey":        "anyone",
	"POST /sign-in/passkey/finish": "anyone",
	"GET /account":                 "an account",
	"POST /account/password":       "an account",
	"POST /account/code":           "an account",
	"POST /account/code/enable":    "an account",
	"POST /account/code/disable":   "an account",
	"POST /account/passkey":        "an account",
	"POST /account/passkey/add":    "an account",
	"POST /account/passkey/remove": "an account",
	"POST /account/session/end":    "an account",
	"POST /sites":                  "admin of all",
	"GET /{site}":                  "viewer",
	"GET /{site}/install":          "viewer",
	"GET /{site}/playground":       "viewer",
	"POST /{site}/playground":      "viewer",
	"GET /{site}/refused":          "viewer",
	"POST /{site}/refused/allow":   "editor",
	"GET /{site}/annotations":      "viewer",
	"POST /{site}/annotations":     "editor",
	"GET /sign-in/provider":        "anyone",
	"GET /sign-in/provider/back":   "anyone",
	"GET /forgotten":               "anyone",
	"POST /forgotten":              "anyone",
	"GET /forgotten/{token}":       "anyone",
	"POST /forgotten/{token}":      "anyone",
	"GET /{site}/segments":         "viewer",
	"POST /{site}/segments":        "viewer with an account",
	"GET /{site}/goals":            "viewer",
	"POST /{site}/goals":           "editor",
	"GET /share/{token}":           "anyone",
	"GET /share/{token}/*":         "anyone",
	"POST /share/{token}":          "anyone",
	"GET /invited/{token}":         "anyone",
	"POST /invited/{token}":        "anyone",
	"GET /people":                  "admin of all",
	"POST /people/role":            "admin of all",
	"POST /people/remove":          "admin of all",
	"POST /people/invite":          "admin of all",
	"POST /people/uninvite":        "admin of all",
	"GET /activity":                "admin of all",

	"GET /{site}/settings":           "editor",
	"POST /{site}/settings":          "editor",
	"POST /{site}/settings/reset":    "admin",
	"POST /{site}/settings/delete":   "owner",
	"GET /{site}/sharing":            "admin",
	"POST /{site}/sharing":           "admin",
	"POST /{site}/sharing/link":      "admin",
	"POST /{site}/sharing/link/end":  "admin",
	"POST /{site}/sharing/token":     "admin",
	"POST /{site}/sharing/token/end": "admin",
	"GET /{site}/notices":            "editor",
	"POST /{site}/notices":           "editor",
	"POST /{site}/notices/try":       "editor",
	"POST /{site}/notices/end":       "editor",
	"GET /{site}/people":             "admin",
	"POST /{site}/people/role":       "admin",
	"POST /{site}/people/invite":     "admin",
	"POST /{site}/people/uninvite":   "admin",
	"GET /{site}/activity":           "admin",
}

// walker is one kind of reader: what they are on the sites a.test and b.test, and
// in the installation.
type walker struct {
	name        string
	a, b, house team.Role
	account     bool // somebody who signs in, no token
	flags       []string
	*teammate
}

// TestTheAccessMatrix walks every address with every kind of reader, on a site of
// theirs and on one that is not.
func TestTheAccessMatrix(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("a.test", "UTC")
	h.addSite("b.test", "UTC")
	walkers := []*walker{{name: "a stranger"}}
	for _, r := range team.Roles() {
		walkers = append(walkers,
			&walker{name: r.String() + " of all", a: r, b: r, house: r, account: true, flags: []string{"--role", r.String()}},
			&walker{name: r.String() + " of a.test", a: r, account: true, flags: []string{"--role", r.String(), "--site", "a.test"}})
	}
	for i, w := range walkers {
		if w.account {
			h.user(address(i), w.flags...)
		}
	}
	everywhere := strings.TrimSpace(h.must("token", "add", "everywhere"))
	onA := strings.TrimSpace(h.must("token", "add", "on-a", "--site", "a.test"))
	sender := strings.TrimSpace(h.must("token", "add", "sender", "--scope", "send"))
	s := h.serve("--local-access=false")
	for i, w := range walkers {
		w.teammate = s.teammate()
		if w.account {
			w.signIn(address(i))
		}
	}
	walkers = append(walkers,
		&walker{name: "a token for all", a: team.Viewer, b: team.Viewer, teammate: s.teammate("Authorization", "Bearer "+everywhere)},
		&walker{name: "a token for a.test", a: team.Viewer, teammate: s.teammate("Authorization", "Bearer "+onA)},
		&walker{name: "a token that may send", teammate: s.teammate("Authorization", "Bearer "+sender)},
		&walker{name: "a made-up token", teammate: s.teammate("Authorization", "Bearer footfall_nothing")})

	seen := map[string]bool{}
	for _, row := range ui.Matrix() {
		key := row.Method + " " + row.Path
		seen[key] = true
		takes, known := expected[key]
		if !known {
			t.Errorf("%s is not in the expected matrix: who may use it?", key)
			continue
		}
		for i, w := range walkers {
			for _, site := range []string{"a.test", "b.test"} {
				if !strings.Contains(row.Path, "{site}") && site == "b.test" {
					continue
				}
				w.walk(t, row, takes, site)
				if w.account && w.get("/").status == 401 { // signed out on the way
					w.signIn(address(i))
				}
			}
		}
	}
	for key := range expected {
		if !seen[key] {
			t.Errorf("%s is in the expected matrix, and no address", key)
		}
	}
	s.stop()
}

func address(i int) string { return "w" + string(rune('a'+i)) + "@example.com" }

// walk tries one address and judges the answer.
func (w *walker) walk(t *testing.T, row ui.Address, takes, site string) {
	t.Helper()
	path := strings.NewReplacer("{site}", site, "{token}", "made-up", "*", "made-up").Replace(row.Path)
	var form url.Values
	if row.Method == "POST" {
		form = url.Values{}
		page := "/sign-in"
		if w.account {
			page = "/"
		}
		if found := formTokens.FindStringSubmatch(w.get(page).body); found != nil {
			form.Set("form", found[1])
		}
	}
	r := w.do(row.Method, path, form)
	refused := r.status == 401 || r.status == 403
	if !w.account && form != nil && form.Get("form") == "" || strings.HasPrefix(path, "/sign-in") {
		return // programs have no forms; signing in is refused for want of a password
	}
	if may := w.may(takes, site); may == refused {
		t.Errorf("%s, %s %s, which takes %s: status %d, want it %s", w.name, row.Method, path, takes, r.status,
			map[bool]string{true: "allowed", false: "refused"}[may])
	}
	if w.name == "a stranger" && takes != "anyone" && (r.status != 401 || strings.Contains(r.body, "a.test")) && row.Method == "GET" && !strings.Contains(row.Path, "{site}") {
		t.Errorf("a stranger at %s: status %d, want 401 and no site's name", path, r.status)
	}
}

// may says what the words of the expected matrix mean for a reader.
func (w *walker) may(takes, site string) bool {
	of := func(role string, have team.Role) bool {
		need, err := team.ParseRole(role)
		return err == nil && have >= need
	}
	role, where, _ := strings.Cut(takes, " ")
	switch {
	case takes == "anyone":
		return true
	case takes == "an account":
		return w.account
	case where == "with an account" && !w.account:
		return false
	case where == "of any site":
		return w.account || of(role, max(w.a, w.b))
	case where == "of all":
		return of(role, w.house)
	case site == "a.test":
		return of(role, w.a)
	default:
		return of(role, w.b)
	}
}
