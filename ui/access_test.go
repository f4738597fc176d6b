package ui

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"footfall/aggregate"
)

func TestAReaderOnThisMachineNeedsNoToken(t *testing.T) {
	s := serve(t, fullAsker())
	port := s.url[strings.LastIndex(s.url, ":"):]
	for _, host := range []string{"127.0.0.1" + port, "localhost" + port, "LOCALHOST", "[::1]" + port, "127.8.8.8"} {
		answer, _ := s.get(t, "/example.com", "Host: "+host)
		wantStatus(t, answer, 200)
	}
}

func TestAProxyOnThisMachineOpensNothing(t *testing.T) {
	s := serve(t, fullAsker())
	for _, header := range []string{"X-Forwarded-For: 203.0.113.5", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https", "x-forwarded-host: localhost",
		"Forwarded: for=127.0.0.1", "Via: 1.1 proxy", "X-Real-IP: 127.0.0.1", "CF-Connecting-IP: 127.0.0.1", "True-Client-IP: ::1"} {
		answer, body := s.get(t, "/example.com", header)
		if answer.StatusCode != 401 || strings.Contains(body, "18,342") {
			t.Errorf("with %q: status %d, want 401 and no figure", header, answer.StatusCode)
		}
	}
	// nginx without further settings: HTTP/1.0, and its upstream's address as the host.
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "GET /example.com HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n", strings.TrimPrefix(s.url, "http://")); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, " 401 ") {
		t.Errorf("HTTP/1.0 is answered %q (%v), want 401", line, err)
	}
}

func TestANameThatPointsHereOpensNothing(t *testing.T) {
	s := serve(t, fullAsker(), func(o *Options) { o.Access.Hosts = []string{"Counter.lan:8080"} })
	for host, want := range map[string]int{"evil.example": 401, "127.0.0.1.evil.example": 401, "localhost.evil.example": 401, "192.0.2.7": 401,
		"counter.lan": 200, "counter.lan:99": 200} {
		answer, _ := s.get(t, "/example.com", "Host: "+host)
		if answer.StatusCode != want {
			t.Errorf("host %s: status %d, want %d", host, answer.StatusCode, want)
		}
	}
	for mode, want := range map[string]int{"navigate": 200, "no-cors": 401, "cors": 401} {
		answer, _ := s.get(t, "/example.com", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: "+mode)
		if answer.StatusCode != want {
			t.Errorf("asked by another site, mode %s: status %d, want %d", mode, answer.StatusCode, want)
		}
	}
}

// away makes a request look like one that came through a proxy.
const away = "X-Forwarded-For: 203.0.113.5"

func TestATokenOpensItsSites(t *testing.T) {
	s := serve(t, fullAsker())
	for _, c := range []struct {
		token, path string
		want        int
	}{
		{"all", "/example.com", 200}, {"all", "/shop.example.com", 200}, {"all", "/", 200}, {"all", "/nothing.example", 404},
		{"one", "/example.com", 200}, {"one", "/shop.example.com", 403}, {"one", "/nothing.example", 403},
		{"wrong", "/example.com", 403}, {"wrong", "/", 403}, {"", "/example.com", 401}, {"", "/", 401},
	} {
		answer, _ := s.get(t, c.path, away, "Authorization: Bearer "+c.token)
		if answer.StatusCode != c.want {
			t.Errorf("token %q at %s: status %d, want %d", c.token, c.path, answer.StatusCode, c.want)
		}
	}
	_, body := s.get(t, "/", away, "Authorization: bearer one")
	wantText(t, body, `href="/example.com"`)
	if strings.Contains(body, "shop.example.com") {
		t.Error("the overview names a site that the token does not open")
	}
	answer, _ := s.get(t, "/example.com?token=all&key=all&access_token=all", away)
	wantStatus(t, answer, 401)
}

func TestSigningIn(t *testing.T) {
	tokens := tokenBook{"one": {"example.com"}}
	s := serve(t, fullAsker(), func(o *Options) { o.Access.Tokens = tokens })
	form := url.Values{"token": {" one "}, "site": {"example.com"}}.Encode()
	kind := "Content-Type: application/x-www-form-urlencoded"

	answer, body := s.get(t, "/example.com", away)
	wantStatus(t, answer, 401)
	wantText(t, body, `action="/sign-in"`, `name="site" value="example.com"`, `type="password"`)
	answer, _ = s.do(t, http.MethodPost, "/sign-in", "token=wrong", away, kind)
	wantStatus(t, answer, 401)
	if answer.Header.Get("Set-Cookie") != "" {
		t.Error("a wrong token starts a session")
	}

	answer, _ = s.do(t, http.MethodPost, "/sign-in", form, away, kind, "X-Forwarded-Proto: https")
	wantStatus(t, answer, 303)
	if got := answer.Header.Get("Location"); got != "/example.com" {
		t.Errorf("signing in leads to %q, want /example.com", got)
	}
	cookie := answer.Cookies()[0]
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.MaxAge != 0 || !cookie.Expires.IsZero() {
		t.Errorf("the cookie is %q, want HttpOnly, Secure, SameSite=Strict, Path=/ and no end", answer.Header.Get("Set-Cookie"))
	}
	if len(cookie.Value) < 40 || strings.Contains(cookie.Value, "one") {
		t.Errorf("the cookie holds %q, want a random id", cookie.Value)
	}
	if plain, _ := s.do(t, http.MethodPost, "/sign-in", form, away, kind); plain.Cookies()[0].Secure {
		t.Error("the cookie is Secure on a connection in clear, which a browser would throw away")
	}

	session := "Cookie: " + sessionCookie + "=" + cookie.Value
	answer, body = s.get(t, "/example.com", away, session)
	wantStatus(t, answer, 200)
	wantText(t, body, "Sign out")
	answer, _ = s.get(t, "/shop.example.com", away, session)
	wantStatus(t, answer, 403)
	for _, id := range []string{"", "x", cookie.Value + "x", cookie.Value[1:]} {
		answer, _ = s.get(t, "/example.com", away, "Cookie: "+sessionCookie+"="+id)
		wantStatus(t, answer, 401)
	}

	delete(tokens, "one")
	answer, _ = s.get(t, "/example.com", away, session)
	wantStatus(t, answer, 403)
	tokens["one"] = []aggregate.Site{"example.com"}

	answer, _ = s.do(t, http.MethodPost, "/sign-out", "", away, session)
	wantStatus(t, answer, 303)
	answer, _ = s.get(t, "/example.com", away, session)
	wantStatus(t, answer, 401)
}

func TestSigningInFromAnotherSiteIsRefused(t *testing.T) {
	s := serve(t, fullAsker())
	for header, want := range map[string]int{"Sec-Fetch-Site: cross-site": 403, "Sec-Fetch-Site: same-site": 403, "Origin: https://evil.example": 403,
		"Sec-Fetch-Site: same-origin": 303, "Origin: null": 303} {
		answer, _ := s.do(t, http.MethodPost, "/sign-in", "token=all", away, header, "Content-Type: application/x-www-form-urlencoded")
		if answer.StatusCode != want {
			t.Errorf("%s: status %d, want %d", header, answer.StatusCode, want)
		}
	}
}

func TestSessionsEndAndAreBounded(t *testing.T) {
	s := newSessions(nil)
	start := func(at time.Time) string {
		id, err := s.start("token", at)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := start(now)
	if got := s.token(first, now.Add(sessionIdle)); got != "token" {
		t.Errorf("a session used within %v holds %q, want its token", sessionIdle, got)
	}
	if got := s.token(first, now.Add(2*sessionIdle+time.Second)); got != "" {
		t.Errorf("an idle session still holds %q", got)
	}
	oldest := start(now)
	for i := range 2 * maxSessions {
		start(now.Add(time.Duration(i+1) * time.Second))
	}
	if got := len(s.m); got != maxSessions {
		t.Errorf("%d sessions are kept, want %d", got, maxSessions)
	}
	if s.token(oldest, now) != "" {
		t.Error("the oldest session survived thousands of newer ones")
	}
}
