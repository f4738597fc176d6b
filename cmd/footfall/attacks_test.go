//go:build linux

package main

import (
	"net/url"
	"strings"
	"testing"

	"footfall/ui"
)

// headersOfAll are what every answer of the dashboard carries.
func headersOfAll(t *testing.T, what string, r reply) {
	t.Helper()
	for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"} {
		if got := r.header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %s is %q, want %s in it", what, name, got, want)
		}
	}
	policy := r.header.Get("Content-Security-Policy")
	for _, bad := range []string{"unsafe-inline", "unsafe-eval", "http:", "https:", "*"} {
		if strings.Contains(policy, bad) {
			t.Errorf("%s: the policy allows %s", what, bad)
		}
	}
	for name := range r.header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s: has %s, which belongs on beacons and scripts alone", what, name)
		}
	}
	if r.header.Get("Injected") != "" || strings.Contains(strings.Join(r.header.Values("Set-Cookie"), ""), "injected") {
		t.Errorf("%s: a header was injected", what)
	}
	if at := r.header.Get("Location"); at != "" && (!strings.HasPrefix(at, "/") && at != "../opt-out" || strings.HasPrefix(at, "//") || strings.Contains(at, "\\")) {
		t.Errorf("%s: leads to %q, which is not ours", what, at)
	}
	if r.status >= 500 {
		t.Errorf("%s: status %d", what, r.status)
	}
	for _, inline := range []string{"<script>", " onclick=", " onload=", " style=", `href="javascript:`, `src="javascript:`} {
		if strings.Contains(r.body, inline) {
			t.Errorf("%s: the page has %s", what, inline)
		}
	}
}

// payloads are what scanners put into addresses and forms.
var payloads = []string{"", "0", "-1", "99999999999999999999", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "{{.}}", "${7*7}", "' OR '1'='1", "../../etc/passwd",
	"%00", "a\r\nInjected: yes", "\x00\x01\x02", "//evil.example", "javascript:alert(1)", strings.Repeat("A", 1200), "\xff\xfe", "日本語", "true", "null", "[]", "b.test"}

// fields are names that handlers read, and ones that they must not.
var fields = []string{"email", "password", "current", "code", "secret", "token", "answer", "name", "to", "session", "passkey", "person", "role", "note", "invitation", "link", "domain",
	"public", "timezone", "floor", "scope", "lasts", "key", "op", "value", "id", "account", "All", "Grants", "is_admin", "site", "everywhere"}

// TestAScanOverAllRoutesFindsNothing asks every address, as a stranger and as an
// editor of a.test, with what scanners try: no answer breaks, lacks its headers,
// repeats what would run, or shows what belongs to b.test.
func TestAScanOverAllRoutesFindsNothing(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	stranger := e.teammate()
	for _, row := range ui.Matrix() {
		for i, payload := range payloads {
			path := strings.NewReplacer("{site}", "a.test", "{token}", url.PathEscape(payload)+"x", "{name}", url.PathEscape(payload)+"x", "*", "x"+url.PathEscape(payload)).Replace(row.Path)
			query := url.Values{"period": {payload}, "lang": {payload}, "f": {payload}, "report": {payload}, "to": {"//evil.example"}, "form": {payload}}
			for _, who := range []*teammate{stranger, e.eddie} {
				var form url.Values
				if row.Method == "POST" {
					form = url.Values{"form": {payload}}
					if page := "/"; who == e.eddie && i%2 == 0 { // half of them with the right token
						if found := formTokens.FindStringSubmatch(who.get(page).body); found != nil {
							form.Set("form", found[1])
						} else {
							who.signIn("eddie@example.com") // it was signed out on the way
						}
					}
					for _, name := range fields {
						form.Set(name, payload)
					}
				}
				what := row.Method + " " + row.Path + " with " + strings.ToValidUTF8(payload[:min(len(payload), 40)], "?")
				r := who.do(row.Method, path+"?"+query.Encode(), form)
				headersOfAll(t, what, r)
				if strings.Contains(r.body, "<script>alert(1)") || strings.Contains(r.body, "<img src=x") {
					t.Errorf("%s: what was sent comes back as it was", what)
				}
				if strings.Contains(r.body, "hidden-in-b") || who == stranger && strings.Contains(r.body, "hidden-in") {
					t.Errorf("%s: shows what belongs to others", what)
				}
			}
		}
	}
	if got := e.must("user", "list"); !strings.Contains(got, "eddie@example.com  editor of a.test\n") || strings.Count(got, "\n") != 4 {
		t.Errorf("after the scan there are the accounts\n%s", got)
	}
	if got := strings.Join(strings.Fields(e.must("site", "set", "b.test")), " "); !strings.Contains(got, "floor 3") || !strings.Contains(got, "public off") {
		t.Errorf("after the scan b.test has the settings %s", got)
	}
	e.stop()
	if log := e.log.String(); strings.Contains(log, "BUG") || strings.Contains(log, "level=ERROR") {
		t.Errorf("the scan left in the log:\n%s", last(log, 3000))
	}
}

// TestTricksWithPathsOpenNothing tries to reach b.test, and pages beyond an
// editor's role, by other spellings.
func TestTricksWithPathsOpenNothing(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	for _, path := range []string{"/b.test", "/B.TEST", "/www.b.test", "/b.test/", "/b.test//", "//b.test", "/./b.test", "/a.test/../b.test", "/a.test/%2e%2e/b.test", "/a.test/..%2fb.test",
		"/%62.test", "/b%2etest", "/b.test%00", "/b.test;a.test", "/b.test?site=a.test", "/b.test/install", "/assets/../b.test", "/assets/%2e%2e/b.test", "/opt-out/../b.test",
		"/b.test.", "/b.test%20", "/%20b.test", "/b.test%2f", "/http:%2f%2fb.test", "/a.test/sharing", "/a.test//sharing", "/a.test/./sharing", "/a.test/sharing/", "/A.test/sharing",
		"/a.test/%73haring", "/a.test/settings/../sharing", "/a.test/people", "/people", "//people", "/people/", "/%70eople", "/share/../people", "/sign-in/../people"} {
		for _, method := range []string{"GET", "HEAD"} {
			r := e.eddie.do(method, path, nil)
			if r.status == 200 || strings.Contains(r.body, "hidden-in-b") || strings.Contains(r.body, "bella@") {
				t.Errorf("%s %s: status %d, want it refused", method, path, r.status)
			}
			headersOfAll(t, method+" "+path, r)
			if at := r.header.Get("Location"); r.status == 303 {
				if to := e.eddie.get(at); to.status == 200 {
					t.Errorf("%s %s leads to %s, which is open", method, path, at)
				}
			}
		}
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "FOO"} {
		if r := e.ada.do(method, "/a.test/settings", nil); r.status != 405 && r.status != 400 && r.status != 404 && r.status != 501 {
			t.Errorf("%s: status %d, want it refused", method, r.status)
		}
	}
	for _, header := range [][2]string{{"X-Original-URL", "/people"}, {"X-Rewrite-URL", "/people"}, {"X-HTTP-Method-Override", "POST"}, {"X-Forwarded-Prefix", "/people"}, {"X-Forwarded-User", "ada@example.com"}} {
		if r := e.eddie.get("/account", header[0], header[1]); r.status != 200 || strings.Contains(r.body, "bella@") {
			t.Errorf("%s: status %d, want his own page", header[0], r.status)
		}
	}
	e.stop()
}

// TestAStolenSessionEndsWhenItIsRevoked replays what a thief would have.
func TestAStolenSessionEndsWhenItIsRevoked(t *testing.T) {
	t.Parallel()
	e := openEstate(t)
	thief := e.teammate("Cookie", "footfall_session="+e.alice.cookies()["footfall_session"])
	thief.client.Jar = nil
	thief.get("/a.test").want(t, "a stolen session", 200)
	page := e.alice.get("/account")
	page.want(t, "her sessions", 200)
	e.alice.post("/", "/sign-out").want(t, "she signs out", 303)
	thief.get("/a.test").want(t, "the stolen session after she signed out", 401)

	e.alice.signIn("alice@example.com")
	second := e.teammate().signIn("alice@example.com")
	sessions := sessionNumbers(e.alice.get("/account").body)
	if len(sessions) != 1 {
		t.Fatalf("she sees %d other sessions, want 1", len(sessions))
	}
	e.eddie.post("/account", "/account/session/end", "session", sessions[0]).want(t, "eddie ends her session by its number", 200)
	second.get("/a.test").want(t, "her other session", 200)
	e.alice.post("/account", "/account/session/end", "session", sessions[0]).want(t, "she ends it", 200)
	second.get("/a.test").want(t, "her other session after she ended it", 401)

	e.alice.post("/account", "/account/password", "current", "wrong guess", "password", "a brand new phrase").want(t, "a new password without the old", 422)
	e.alice.post("/account", "/account/password", "current", goodPassword, "password", "a brand new phrase", "email", "ada@example.com", "id", "1").want(t, "a new password", 200)
	e.teammate().signIn("ada@example.com") // whose password is what it was
	for _, secret := range []string{"a brand new phrase", goodPassword, e.ada.cookies()["footfall_session"]} {
		if strings.Contains(e.log.String(), secret) {
			t.Error("the log holds a secret")
		}
	}
	e.stop()
}

func sessionNumbers(body string) (all []string) {
	for {
		_, rest, ok := strings.Cut(body, `name="session" value="`)
		if !ok {
			return all
		}
		number, after, _ := strings.Cut(rest, `"`)
		all, body = append(all, number), after
	}
}
