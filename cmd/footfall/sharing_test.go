//go:build linux

package main

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// estate is an installation with two sites, each with a team of its own: ada owns
// all, alice administers a.test, eddie edits it, bella administers b.test.
type estate struct {
	*installation
	*server
	ada, alice, eddie, bella *teammate
}

func openEstate(t *testing.T) *estate {
	t.Helper()
	h := install(t)
	h.addSite("a.test", "UTC")
	h.addSite("b.test", "UTC")
	h.user("ada@example.com")
	h.user("alice@example.com", "--role", "admin", "--site", "a.test")
	h.user("eddie@example.com", "--role", "editor", "--site", "a.test")
	h.user("bella@example.com", "--role", "admin", "--site", "b.test")
	e := &estate{installation: h, server: h.serve("--local-access=false")}
	for _, v := range []string{"https://a.test/blog/one", "https://a.test/hidden-in-a", "https://b.test/hidden-in-b"} {
		e.count("203.0.113.7", browsers[0], view(v))
	}
	e.ada, e.alice = e.teammate().signIn("ada@example.com"), e.teammate().signIn("alice@example.com")
	e.eddie, e.bella = e.teammate().signIn("eddie@example.com"), e.teammate().signIn("bella@example.com")
	return e
}

var shown = regexp.MustCompile(`id="shown">([^<]+)<`)

// made is what a page shows once: a link, a token.
func made(t *testing.T, r reply) string {
	t.Helper()
	found := shown.FindStringSubmatch(r.body)
	if r.status != 200 || found == nil {
		t.Fatalf("status %d, and nothing was made:\n%s", r.status, r.body)
	}
	return strings.ReplaceAll(found[1], "&amp;", "&")
}

func pathOf(t *testing.T, address string) string {
	t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return at.EscapedPath()
}

func TestASecretLinkShowsItsFilterAndNothingBeyond(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	all := pathOf(t, made(t, e.alice.post("/a.test/sharing", "/a.test/sharing/link", "name", "everything", "lasts", "never")))
	blog := pathOf(t, made(t, e.alice.post("/a.test/sharing", "/a.test/sharing/link", "name", "the blog", "lasts", "week",
		"key", "page", "op", "contains", "value", "/blog")))
	guest := e.teammate()
	guest.get(all).want(t, "the link to everything", 200, "/blog/one", "/hidden-in-a")
	r := guest.get(blog)
	r.want(t, "the link to the blog", 200, "/blog/one")
	for _, way := range []string{"", "?period=day", "?f=contains,page,/hidden", "?f=is,page,/hidden-in-a", "?f=is_not,page,/blog/one", "?f=contains,page,/", "?filter=",
		"?report=pages", "?report=pages&search=hidden", "?as=csv", "?as=zip", "?as=values", "?site=b.test", "?lang=de&period=all", "?f=contains,page,/blog&f=contains,page,/hidden"} {
		for _, header := range [][]string{nil, {"Footfall-Live", "1"}} {
			r := guest.get(blog+way, header...)
			// What the address itself says may be repeated, a figure for it not.
			if body := strings.ReplaceAll(r.body, "page,/hidden", ""); strings.Contains(body, "hidden-in") && !strings.Contains(way, "hidden-in") || r.status >= 500 {
				t.Errorf("%s: status %d, and what lies beyond the filter is shown", way, r.status)
			}
		}
	}
	under := strings.TrimSuffix(blog, "/a.test")
	for path, want := range map[string]int{"/b.test": 403, "/a.test/install": 404, "/a.test/settings": 404, "/a.test/sharing": 404, "/people": 403, "/account": 403,
		"/api/v2/query": 404, "/sign-in": 403, "/": 303, "/../../b.test": 401, "/%2e%2e/%2e%2e/b.test": 401, "/..%2f..%2fb.test": 401} {
		req := under + path
		if r := guest.get(req); r.status != want || strings.Contains(r.body, "hidden-in") {
			t.Errorf("%s under the link: status %d, want %d and nothing of b.test", path, r.status, want)
		}
	}
	for _, path := range []string{"/a.test", "/b.test", "/", "/people"} {
		guest.get(path).want(t, "a guest at "+path, 401)
	}
	if r := guest.do("POST", blog, url.Values{}); r.status != 403 && r.status != 405 {
		t.Errorf("a guest may post: status %d", r.status)
	}

	link := regexp.MustCompile(`name="link" value="(\d+)"`).FindAllStringSubmatch(e.alice.get("/a.test/sharing").body, -1)
	if len(link) != 2 {
		t.Fatalf("%d links are listed, want 2", len(link))
	}
	e.bella.post("/b.test/sharing", "/b.test/sharing/link/end", "link", link[1][1])
	guest.get(blog).want(t, "after somebody of another site tried to end it", 200)
	e.alice.post("/a.test/sharing", "/a.test/sharing/link/end", "link", link[1][1]).want(t, "ending it", 200)
	guest.get(blog).want(t, "the link that was ended", 404)
	guest.get(all).want(t, "the other one", 200)
	e.stop()
	if strings.Contains(e.log.String(), strings.Split(all, "/")[2]) {
		t.Error("the log holds a secret link")
	}
}

func TestASecretLinkWithAPasswordAsksForIt(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	link := pathOf(t, made(t, e.alice.post("/a.test/sharing", "/a.test/sharing/link", "name", "with a password", "lasts", "day", "password", "sesame")))
	other := pathOf(t, made(t, e.alice.post("/a.test/sharing", "/a.test/sharing/link", "name", "another", "lasts", "day", "password", "sesame")))
	at := func(path string) string { return strings.TrimSuffix(path, "/a.test") }
	guest := e.teammate()
	r := guest.get(link)
	r.want(t, "without the password", 401, `type="password"`)
	if strings.Contains(r.body, "a.test</") || strings.Contains(r.body, "/blog/one") {
		t.Error("the page that asks for the password shows what is behind it")
	}
	guest.post(link, at(link), "password", "wrong").want(t, "a wrong password", 401, "not the password")
	guest.post(link, at(link), "password", "sesame").want(t, "the password", 303)
	guest.get(link).want(t, "with the password", 200, "/blog/one")
	guest.get(other).want(t, "another link with the same password", 401)
	for range 12 {
		guest.post(other, at(other), "password", "wrong")
	}
	guest.post(other, at(other), "password", "sesame").want(t, "after many guesses", 429)
	e.stop()
}

func TestFramesAreAllowedWhereTheSiteSaysSo(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	link := pathOf(t, made(t, e.alice.post("/a.test/sharing", "/a.test/sharing/link", "name", "for a frame", "lasts", "never")))
	guest := e.teammate()
	if h := guest.get(link).header; !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") || h.Get("X-Frame-Options") != "DENY" {
		t.Errorf("a link can be framed by anybody: %q", h.Get("Content-Security-Policy"))
	}
	e.alice.post("/a.test/sharing", "/a.test/sharing", "embed_hosts", "partner.example,*.friends.example", "public", "off").want(t, "naming hosts", 200)
	h := guest.get(link).header
	if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors partner.example *.friends.example") || h.Get("X-Frame-Options") != "" {
		t.Errorf("the policy is %q with X-Frame-Options %q, want the two hosts", h.Get("Content-Security-Policy"), h.Get("X-Frame-Options"))
	}
	for _, path := range []string{"/a.test", "/a.test/settings", "/account"} {
		if h := e.alice.get(path).header; !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s of the team can be framed: %q", path, h.Get("Content-Security-Policy"))
		}
	}
	e.alice.post("/a.test/sharing", "/a.test/sharing", "embed_hosts", "evil.example; script-src *").want(t, "a policy of one's own", 422)
	e.stop()
}

func TestTokensAreMadePerSiteAndEndWithIt(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	token := made(t, e.alice.post("/a.test/sharing", "/a.test/sharing/token", "name", "report", "scope", "stats"))
	program := e.teammate("Authorization", "Bearer "+token)
	e.alice.get("/a.test/sharing").want(t, "the list", 200, "report", "Never used")
	program.get("/a.test").want(t, "the token at its site", 200)
	program.get("/b.test").want(t, "the token at another site", 403)
	eventually(t, "its use is shown", func() bool { return strings.Contains(e.alice.get("/a.test/sharing").body, "Last used") })
	if strings.Contains(e.alice.get("/a.test/sharing").body, token) {
		t.Error("a token is shown twice")
	}
	e.alice.post("/a.test/sharing", "/a.test/sharing/token", "name", "report", "scope", "stats").want(t, "the name again", 422)
	e.alice.post("/a.test/sharing", "/a.test/sharing/token", "name", "root", "scope", "everything").want(t, "a scope that is none", 422)
	e.alice.post("/a.test/sharing", "/a.test/sharing/token", "name", "root", "scope", "sites").want(t, "a scope that can delete the site, from somebody who cannot", 422)
	if strings.Contains(e.alice.get("/a.test/sharing").body, `value="sites"`) {
		t.Error("an admin is offered the scope sites")
	}
	made(t, e.ada.post("/a.test/sharing", "/a.test/sharing/token", "name", "manager", "scope", "sites"))
	e.bella.post("/b.test/sharing", "/b.test/sharing/token/end", "name", "report")
	program.get("/a.test").want(t, "after somebody of another site tried to end it", 200)
	e.ada.post("/a.test/settings", "/a.test/settings/delete", "domain", "b.test").want(t, "deleting with the wrong name", 422)
	e.ada.post("/a.test/settings", "/a.test/settings/delete", "domain", "a.test").want(t, "deleting the site", 303)
	e.must("site", "add", "a.test")
	program.get("/a.test").want(t, "the token at a new site of the old name", 403)
	e.alice.get("/a.test").want(t, "the admin at a new site of the old name", 403)
	e.ada.get("/activity").want(t, "the log", 200, "deleted the site", "made a token", "report: stats", "alice@example.com", "command line")
	e.stop()
}

func TestPeopleComeByInvitationAndNobodyRisesByThemselves(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	link := pathOf(t, made(t, e.alice.post("/a.test/people", "/a.test/people/invite", "role", "viewer", "note", "for Vera")))
	e.alice.post("/a.test/people", "/a.test/people/invite", "role", "owner").want(t, "an invitation beyond her own role", 422)
	vera := e.teammate()
	vera.get(link).want(t, "the invitation", 200, "viewer of a.test")
	vera.post(link, link, "email", "vera@example.com", "password", "short").want(t, "a bad password", 422)
	vera.post(link, link, "email", "vera@example.com", "password", goodPassword, "role", "owner", "site", "b.test").want(t, "joining", 303)
	vera.get("/a.test").want(t, "vera at a.test", 200)
	vera.get("/b.test").want(t, "vera at b.test", 403)
	vera.get("/a.test/settings").want(t, "vera at the settings", 403)
	e.teammate().get(link).want(t, "the invitation again", 404)

	toB := pathOf(t, made(t, e.bella.post("/b.test/people", "/b.test/people/invite", "role", "editor")))
	vera.post(toB, toB).want(t, "vera accepts another", 303)
	vera.get("/b.test/settings").want(t, "vera edits b.test", 200)
	vera.get("/a.test/settings").want(t, "vera still views a.test only", 403)

	person := func(page string, who *teammate, email string) string {
		t.Helper()
		_, rest, ok := strings.Cut(who.get(page).body, email)
		found := regexp.MustCompile(`name="person" value="(\d+)"`).FindStringSubmatch(rest)
		if !ok || found == nil {
			t.Fatalf("%s does not list %s", page, email)
		}
		return found[1]
	}
	eddie, bella := person("/people", e.ada, "eddie@example.com"), person("/people", e.ada, "bella@example.com")
	ada := person("/people", e.ada, "ada@example.com")
	for _, c := range []struct {
		what, page, path string
		who              *teammate
		fields           []string
		status           int
	}{
		{"an admin makes an owner", "/a.test/people", "/a.test/people/role", e.alice, []string{"person", eddie, "role", "owner"}, 422},
		{"an admin of a.test takes bella in by her number", "/a.test/people", "/a.test/people/role", e.alice, []string{"person", bella, "role", "viewer"}, 422},
		{"an admin of a.test touches the owner of all", "/a.test/people", "/a.test/people/role", e.alice, []string{"person", ada, "role", "viewer"}, 422},
		{"an editor gives roles", "/", "/a.test/people/role", e.eddie, []string{"person", eddie, "role", "admin"}, 403},
		{"an admin of a.test ends an account", "/", "/people/remove", e.alice, []string{"person", bella}, 403},
		{"an admin of a.test invites to b.test", "/", "/b.test/people/invite", e.alice, []string{"role", "viewer"}, 403},
		{"the last owner steps down", "/people", "/people/role", e.ada, []string{"person", ada, "role", "viewer"}, 422},
		{"a role that is none", "/people", "/people/role", e.ada, []string{"person", eddie, "role", "root"}, 422},
		{"somebody who is not there", "/people", "/people/role", e.ada, []string{"person", "999", "role", "viewer"}, 422},
		{"an admin makes an editor a viewer", "/a.test/people", "/a.test/people/role", e.alice, []string{"person", eddie, "role", "viewer"}, 200},
	} {
		c.who.post(c.page, c.path, c.fields...).want(t, c.what, c.status)
	}
	e.eddie.get("/a.test/settings").want(t, "eddie, now a viewer, in the session that he had", 403)
	e.ada.post("/people", "/people/remove", "person", eddie).want(t, "ending an account", 200)
	e.eddie.get("/a.test").want(t, "eddie's session after his account ended", 401)
	e.stop()
}

func TestSettingsInTheBrowser(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	r := e.eddie.get("/a.test/settings")
	r.want(t, "the settings", 200, `name="timezone"`, `name="shield_ip"`, "begins in the new zone")
	for _, hidden := range []string{`name="public"`, `name="embed_hosts"`, "Delete this site"} {
		if strings.Contains(r.body, hidden) {
			t.Errorf("an editor is shown %s", hidden)
		}
	}
	e.eddie.post("/a.test/settings", "/a.test/settings", "retention", "12", "shield_ip", "198.51.100.0/24", "timezone", "Europe/Berlin",
		"public", "on", "embed_hosts", "evil.example", "site", "b.test", "domain", "b.test", "role", "owner").want(t, "saving", 200, "Saved.")
	got := e.must("site", "set", "a.test")
	for _, want := range []string{"retention         12", "timezone          Europe/Berlin", "198.51.100.0/24", "public            off", "embed_hosts       none"} {
		if !strings.Contains(strings.Join(strings.Fields(got), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("the settings lack %q:\n%s", want, got)
		}
	}
	if other := e.must("site", "set", "b.test"); !strings.Contains(strings.Join(strings.Fields(other), " "), "timezone UTC") {
		t.Error("another site was changed")
	}
	e.eddie.post("/a.test/settings", "/a.test/settings", "floor", "0", "retention", "24").want(t, "a value that is none", 422, "not a number from 1 to 1000", `value="24"`)
	if got := e.must("site", "set", "a.test"); !strings.Contains(got, "12 ") {
		t.Error("half of a form was stored")
	}
	log := e.alice.get("/a.test/activity")
	log.want(t, "the log", 200, "eddie@example.com", "retention = 12", "shield_ip")
	if strings.Contains(log.body, "198.51.100") || strings.Contains(e.log.String(), "198.51.100") {
		t.Error("a log holds an address")
	}
	e.bella.get("/b.test/activity").want(t, "the log of another site", 200)
	if strings.Contains(e.bella.get("/b.test/activity").body, "eddie") {
		t.Error("the log of one site tells of another")
	}
	e.stop()
}

// TestPublicFiguresAreThoseOfTheFloor has pages with many visitors and pages with
// few: strangers see the former, whatever they ask.
func TestPublicFiguresAreThoseOfTheFloor(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	for i := range 4 {
		e.count("203.0.113."+strconv.Itoa(100+i), browsers[0], view("https://a.test/popular"))
	}
	stranger := e.teammate()
	stranger.get("/a.test").want(t, "a stranger before", 401)
	e.alice.post("/a.test/sharing", "/a.test/sharing", "public", "on", "embed_hosts", "none").want(t, "making it public", 200)
	stranger.get("/a.test").want(t, "a stranger", 200, "/popular")
	for _, way := range []string{"", "?period=day", "?report=pages", "?report=pages&search=hidden", "?f=is,page,/hidden-in-a", "?as=csv", "?as=values&period=day", "?f=contains,page,hidden"} {
		r := stranger.get("/a.test" + way)
		if body := strings.ReplaceAll(strings.ReplaceAll(r.body, "page,/hidden-in-a", ""), "search=hidden", ""); strings.Contains(body, "hidden-in-a") && !strings.Contains(way, "hidden-in") || r.status >= 500 {
			t.Errorf("%s: status %d, and a page that one visitor saw is shown", way, r.status)
		}
	}
	e.alice.get("/a.test").want(t, "one of the team", 200, "/hidden-in-a", "Settings")
	for path, want := range map[string]int{"/a.test/install": 401, "/a.test/settings": 401, "/b.test": 401, "/": 401, "/people": 401} {
		stranger.get(path).want(t, "a stranger at "+path, want)
	}
	if r := stranger.get("/a.test"); strings.Contains(r.body, "/a.test/install") || strings.Contains(r.body, "/a.test/settings") {
		t.Error("a stranger is shown links that do not open")
	}
	e.bella.get("/a.test").want(t, "somebody of another team", 200)
	e.alice.post("/a.test/sharing", "/a.test/sharing", "public", "off", "embed_hosts", "none").want(t, "taking it back", 200)
	stranger.get("/a.test").want(t, "a stranger after", 401)
	e.stop()
}
