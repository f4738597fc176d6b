//go:build linux

package main

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var setUpLinks = regexp.MustCompile(`http://\S+(/set-up/\S+)`)

// TestTheFirstOwnerComesInByTheLinkInTheTerminal is the first start as a new user
// has it.
func TestTheFirstOwnerComesInByTheLinkInTheTerminal(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("site.test", "UTC")
	s := h.serve("--local-access=false")
	stranger := s.teammate()
	stranger.get("/").want(t, "without an account", 200, "There is no account yet", "footfall user add")
	for _, path := range []string{"/site.test", "/site.test/install", "/nothing.test", "/sign-in"} {
		r := stranger.get(path)
		if !strings.Contains(r.body, "There is no account yet") || strings.Contains(r.body, "<form") {
			t.Errorf("%s shows more than how to set up", path)
		}
	}
	s.count("203.0.113.7", browsers[0], view("https://site.test/"))

	link := setUpLinks.FindStringSubmatch(s.out.String())
	if link == nil {
		t.Fatalf("the terminal shows no set-up link:\n%s", s.out.String())
	}
	if out := s.out.String(); !strings.Contains(out, "footfall user add EMAIL --data "+shellWord(h.data)) {
		t.Errorf("the terminal shows no command that makes an account:\n%s", out)
	}
	owner := s.teammate()
	owner.get("/set-up/x"+link[1][8:]).want(t, "a mistyped link", 404)
	owner.get(link[1]).want(t, "the link", 200, "Make the first account", `type="email"`, `autocomplete="new-password"`)
	owner.post(link[1], link[1], "email", "Ada@Example.com", "password", "password123").want(t, "a common password", 422, "everybody tries first", `value="Ada@Example.com"`)
	owner.post(link[1], link[1], "email", "ada", "password", goodPassword).want(t, "no address", 422, "not a mail address")
	r := owner.post(link[1], link[1], "email", "Ada@Example.com", "password", goodPassword)
	r.want(t, "making the account", 303)
	if at := r.header.Get("Location"); at != "/" {
		t.Errorf("the new owner is led to %q, want the overview", at)
	}
	owner.get("/").want(t, "the overview", 200, "site.test", "Sign out")
	owner.get("/nothing.test").want(t, "a site that is not counted", 404, "No such site", "Sign out")
	stranger.get(link[1]).want(t, "the link again", 404)
	stranger.get("/site.test").want(t, "a stranger now", 401, `type="password"`)
	if r := stranger.post("/sign-in", link[1], "email", "eve@example.com", "password", goodPassword); r.status != 404 {
		t.Errorf("the link makes a second account: status %d, want 404", r.status)
	}
	if strings.Contains(s.log.String(), link[1]) {
		t.Error("the log holds the set-up link")
	}
	s.stop()

	s = h.serve("--local-access=false")
	if strings.Contains(s.out.String(), "set-up") {
		t.Error("with an account the terminal shows a set-up link")
	}
	owner.url = s.url // cookies know no ports
	owner.get("/site.test").want(t, "the owner after a restart", 200, "Sign out")
	s.stop()
}

func TestAccountsAreMadeAndEndedOnTheCommandLine(t *testing.T) {
	t.Parallel()
	h := install(t)
	r := h.tryWith(strings.NewReader(goodPassword), "user", "add", "ada@example.com")
	if r.code != fine || !strings.Contains(r.out, "owner") || strings.Contains(r.out+r.err, goodPassword) {
		t.Fatalf("the first account in a missing directory: exit %d, %q %q; want an owner", r.code, r.out, r.err)
	}
	for _, c := range [][]string{{"", "user", "add", "bob@example.com"}, {"password123\n", "user", "add", "bob@example.com"},
		{goodPassword, "user", "add", "ada@example.com"}, {goodPassword, "user", "add", "bob"}, {goodPassword, "user", "add", "bob@example.com", "--site", "none.test"},
		{goodPassword, "user", "password", "eve@example.com"}, {"", "user", "remove", "eve@example.com"}} {
		r := h.tryWith(strings.NewReader(c[0]), c[1:]...)
		if r.code != failed || !strings.Contains(r.err, "\nhint: ") || strings.Count(r.err, "\n") != 2 {
			t.Errorf("%q: exit %d and %q, want 1, a sentence and a hint", c, r.code, r.err)
		}
	}
	h.addSite("site.test", "UTC")
	s := h.serve("--local-access=false")
	if strings.Contains(s.out.String(), "set-up") {
		t.Error("with an account the terminal shows a set-up link")
	}
	h.user("bob@example.com", "--site", "site.test", "--role", "editor") // through the running server
	if got := h.must("user", "list"); got != "ada@example.com  owner\nbob@example.com  editor of site.test\n" {
		t.Errorf("user list prints %q", got)
	}
	if got := h.must("user", "list", "--json"); !strings.Contains(got, `"sites":{"site.test":"editor"}`) || strings.Contains(got, "argon") {
		t.Errorf("user list --json prints %q", got)
	}
	bob := s.teammate().signIn("bob@example.com")
	bob.get("/site.test").want(t, "bob", 200)
	if r := h.tryWith(strings.NewReader("another fine phrase\n"), "user", "password", "bob@example.com"); r.code != fine {
		t.Errorf("user password: exit %d\n%s", r.code, r.err)
	}
	bob.get("/site.test").want(t, "bob after his password was set anew", 401)
	bob.post("/sign-in", "/sign-in", "email", "bob@example.com", "password", goodPassword).want(t, "the old password", 401)
	bob.post("/sign-in", "/sign-in", "email", "bob@example.com", "password", "another fine phrase").want(t, "the new password", 303)
	h.must("user", "remove", "bob@example.com")
	bob.get("/site.test").want(t, "bob after he was removed", 401)
	s.stop()
}

func TestSigningInAndOut(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("site.test", "UTC")
	h.user("ada@example.com")
	s := h.serve("--local-access=false")
	proxied := []string{"X-Forwarded-For", "203.0.113.5", "X-Forwarded-Proto", "https"}

	ada := s.teammate(proxied...)
	ada.client.Jar = nil // this browser's cookies are written out here
	page := ada.get("/site.test?period=7d")
	page.want(t, "a stranger", 401, `action="/sign-in"`, `value="/site.test?period=7d"`)
	if page.header.Get("Cache-Control") != "no-store" {
		t.Error("the sign-in page may be kept")
	}
	var cookie string
	for _, c := range page.header.Values("Set-Cookie") {
		cookie = c
	}
	for _, want := range []string{"__Host-footfall_form=", "HttpOnly", "secure", "path=/", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie is %q, want %s in it", cookie, want)
		}
	}

	token := formTokens.FindStringSubmatch(page.body)[1]
	formKey, _, _ := strings.Cut(cookie, ";")
	form := url.Values{"form": {token}, "email": {"ada@example.com"}, "password": {goodPassword}, "to": {"/site.test?period=7d"}}
	r := ada.do("POST", "/sign-in", form, "Cookie", formKey)
	r.want(t, "signing in", 303)
	if at := r.header.Get("Location"); at != "/site.test?period=7d" {
		t.Errorf("signing in leads to %q, want where she wanted to go", at)
	}
	session := ""
	for _, c := range r.header.Values("Set-Cookie") {
		if value, rest, _ := strings.Cut(c, ";"); strings.HasPrefix(value, "__Host-footfall_session=") {
			session = value
			for _, want := range []string{"HttpOnly", "secure", "path=/", "SameSite=Lax", "max-age="} {
				if !strings.Contains(rest, want) {
					t.Errorf("the session's cookie is %q, want %s in it", c, want)
				}
			}
		}
	}
	if len(session) < 40 {
		t.Fatalf("no session in %q", r.header.Values("Set-Cookie"))
	}
	ada.get("/site.test", "Cookie", session).want(t, "with the session", 200, "Sign out")
	ada.get("/site.test", "Cookie", strings.Replace(session, "__Host-", "", 1)).want(t, "the cookie under a name that others can plant", 401)
	for _, bad := range []string{session + "x", session[:len(session)-1], "__Host-footfall_session="} {
		ada.get("/site.test", "Cookie", bad).want(t, "a session that is none", 401)
	}

	// Fixation: what the browser held before signing in is not what it holds after.
	again := ada.do("POST", "/sign-in", url.Values{"form": {formTokens.FindStringSubmatch(ada.get("/", "Cookie", session).body)[1]},
		"email": {"ada@example.com"}, "password": {goodPassword}}, "Cookie", session)
	again.want(t, "signing in again", 303)
	ada.get("/site.test", "Cookie", session).want(t, "the session of before", 401)
	for _, c := range again.header.Values("Set-Cookie") {
		if value, _, _ := strings.Cut(c, ";"); strings.HasPrefix(value, "__Host-footfall_session=") {
			session = value
		}
	}

	here, there := s.teammate().signIn("ada@example.com"), s.teammate().signIn("ada@example.com")
	here.post("/", "/sign-out").want(t, "signing out", 303)
	here.get("/site.test").want(t, "after signing out", 401)
	there.get("/site.test").want(t, "another browser", 200)
	there.post("/", "/sign-out", "everywhere", "1").want(t, "signing out everywhere", 303)
	ada.get("/site.test", "Cookie", session).want(t, "a session elsewhere", 401)

	far := s.teammate("X-Forwarded-For", "203.0.113.5") // a proxy that does not encrypt
	r = far.get("/sign-in")
	r.want(t, "in clear, from afar", 403, "Not encrypted")
	if strings.Contains(r.body, "<form") {
		t.Error("a password can be typed where it could be read on its way")
	}
	for _, secret := range []string{goodPassword, session[len("__Host-footfall_session="):], token} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	s.stop()
}

// TestSigningInLeadsToOwnPathsOnly tries to be led elsewhere.
func TestSigningInLeadsToOwnPathsOnly(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.user("ada@example.com")
	s := h.serve("--local-access=false")
	for _, to := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/%09/evil.example\t", "javascript:alert(1)",
		"/x\r\nSet-Cookie: a=b", "evil.example", "/sign-out", "///evil.example", "http:evil.example", "/set-up/x"} {
		r := s.teammate().post("/sign-in", "/sign-in", "email", "ada@example.com", "password", goodPassword, "to", to)
		if at := r.header.Get("Location"); r.status != 303 || at != "/" || len(r.header.Values("Set-Cookie")) != 3 {
			t.Errorf("to %q: status %d, led to %q, want /", to, r.status, at)
		}
	}
	s.stop()
}

// TestAFormFromElsewhereChangesNothing is about CSRF.
func TestAFormFromElsewhereChangesNothing(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.user("ada@example.com")
	s := h.serve("--local-access=false")
	ada, eve := s.teammate().signIn("ada@example.com"), s.teammate()
	token, stolen := ada.token("/"), eve.token("/sign-in")
	for _, c := range []struct {
		form   url.Values
		header []string
		status int
	}{
		{url.Values{}, nil, 403},
		{url.Values{"form": {""}}, nil, 403},
		{url.Values{"form": {stolen}}, nil, 403},
		{url.Values{"form": {token[1:]}}, nil, 403},
		{url.Values{"form": {token}}, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{url.Values{"form": {token}}, []string{"Sec-Fetch-Site", "same-site"}, 403},
		{url.Values{"form": {token}}, []string{"Sec-Fetch-Site", "none"}, 403},
		{url.Values{"form": {token}}, []string{"Origin", "https://evil.example"}, 403},
		{url.Values{"form": {token}}, []string{"Origin", "null"}, 403},
		{url.Values{"form": {token}}, []string{"Origin", s.url + ".evil.example"}, 403},
		{url.Values{"form": {token}}, []string{"Origin", s.url}, 303},
	} {
		r := ada.do("POST", "/sign-out", c.form, c.header...)
		if r.status != c.status {
			t.Errorf("form %v with %v: status %d, want %d", c.form, c.header, r.status, c.status)
		}
	}
	ada.get("/").want(t, "after the one that was hers", 401)
	r := eve.do("POST", "/sign-in?form="+stolen, url.Values{"email": {"ada@example.com"}, "password": {goodPassword}})
	r.want(t, "a token in the address", 403)
	s.stop()
}
