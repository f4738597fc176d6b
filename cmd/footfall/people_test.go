//go:build linux

package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// goodPassword is one that may be used.
const goodPassword = "nine tall lamps"

// user makes an account as an operator does.
func (h *installation) user(email string, flags ...string) {
	h.t.Helper()
	r := h.tryWith(strings.NewReader(goodPassword+"\n"), append([]string{"user", "add", email}, flags...)...)
	if r.code != fine {
		h.t.Fatalf("footfall user add %s: exit %d, want 0\n%s", email, r.code, r.err)
	}
}

// teammate is somebody with a browser of their own: cookies are kept, redirects are
// not followed.
type teammate struct {
	t      testing.TB
	url    string
	client *http.Client
	header []string // name, value: sent with everything
}

func (s *server) teammate(header ...string) *teammate {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &teammate{t: s.t, url: s.url, header: header, client: &http.Client{Jar: jar, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (p *teammate) do(method, path string, form url.Values, header ...string) reply {
	p.t.Helper()
	if form == nil {
		return p.send(method, path, nil, header...)
	}
	return p.send(method, path, strings.NewReader(form.Encode()), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

// json sends what programs send.
func (p *teammate) json(method, path, body string) reply {
	p.t.Helper()
	return p.send(method, path, strings.NewReader(body), "Content-Type", "application/json")
}

func (p *teammate) send(method, path string, body io.Reader, header ...string) reply {
	p.t.Helper()
	req, err := http.NewRequest(method, p.url+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	for h := append(p.header, header...); len(h) > 0; h = h[2:] {
		if h[0] == "Host" {
			req.Host = h[1]
		}
		req.Header.Set(h[0], h[1])
	}
	resp, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

func (p *teammate) get(path string, header ...string) reply {
	p.t.Helper()
	return p.do("GET", path, nil, header...)
}

var formTokens = regexp.MustCompile(`name="form" value="([^"]*)"`)

// token is that of a form on a page; "/" has one for whoever is signed in.
func (p *teammate) token(page string) string {
	p.t.Helper()
	found := formTokens.FindStringSubmatch(p.get(page).body)
	if found == nil {
		p.t.Fatalf("%s has no form", page)
	}
	return found[1]
}

// post sends the form of a page with some fields: name, value, name, value.
func (p *teammate) post(page, path string, fields ...string) reply {
	p.t.Helper()
	form := url.Values{"form": {p.token(page)}}
	for ; len(fields) > 0; fields = fields[2:] {
		form.Add(fields[0], fields[1])
	}
	return p.do("POST", path, form)
}

// signIn signs in with the good password.
func (p *teammate) signIn(email string) *teammate {
	p.t.Helper()
	if r := p.post("/sign-in", "/sign-in", "email", email, "password", goodPassword); r.status != 303 {
		p.t.Fatalf("%s signs in: status %d, want 303\n%s", email, r.status, r.body)
	}
	return p
}

// cookies are those of ours that the browser holds, by name.
func (p *teammate) cookies() map[string]string {
	at, err := url.Parse(p.url + "/")
	if err != nil {
		p.t.Fatal(err)
	}
	all := map[string]string{}
	for _, c := range p.client.Jar.Cookies(at) {
		all[c.Name] = c.Value
	}
	return all
}

func (r reply) want(t testing.TB, what string, status int, texts ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("%s: status %d, want %d", what, r.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			t.Errorf("%s: the page lacks %q", what, text)
		}
	}
}
