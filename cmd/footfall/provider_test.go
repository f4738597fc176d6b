//go:build linux

package main

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// openID starts a real OpenID provider that knows two people, and a client "footfall"
// that lives at an address. asked counts the requests that reach it.
func openID(t *testing.T, back string) (issuer string, asked *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer, asked = "http://"+l.Addr().String(), new(atomic.Int64)
	storage.RegisterClients(storage.WebClient("footfall", "a-client-secret", back))
	logger := slog.New(slog.DiscardHandler)
	before := slog.Default()
	provider := exampleop.SetupServer(issuer+"/", storage.NewStorage(storage.NewUserStore(issuer)), logger, false)
	slog.SetDefault(before)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		provider.ServeHTTP(w, r)
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return issuer + "/", asked
}

var loginID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// atProvider goes to the provider, signs in there as somebody, and returns the
// address with which they are sent back.
func atProvider(t *testing.T, jar http.CookieJar, start, user string) string {
	t.Helper()
	back := ""
	client := &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/sign-in/provider/back" {
			back = r.URL.String()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := client.Get(start)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	found := loginID.FindSubmatch(page)
	if err != nil || found == nil {
		t.Fatalf("the provider shows no form (%v):\n%s", err, page)
	}
	at := *resp.Request.URL
	at.RawQuery = ""
	resp, err = client.PostForm(at.String(), url.Values{"id": {string(found[1])}, "username": {user}, "password": {"verysecure"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if back == "" {
		t.Fatalf("the provider sends nobody back: status %d at %s", resp.StatusCode, resp.Request.URL)
	}
	return back
}

// TestSigningInWithAnOpenIDProvider uses a real one, and tries what could be wrong
// with an answer.
func TestSigningInWithAnOpenIDProvider(t *testing.T) {
	h := install(t)
	h.addSite("site.test", "UTC")
	h.user("test-user@zitadel.ch")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a-client-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free, for both to know
	if err != nil {
		t.Fatal(err)
	}
	own := l.Addr().String()
	l.Close()
	issuer, asked := openID(t, "http://"+own+"/sign-in/provider/back")
	s := h.serve("--local-access=false", "--listen", own, "--oidc-issuer", issuer, "--oidc-client", "footfall", "--oidc-secret-file", secret)
	s.teammate().get("/sign-in").want(t, "the sign-in page", 200, "/sign-in/provider")
	if n := asked.Load(); n != 0 {
		t.Errorf("the provider was asked %d times before anybody wanted to sign in with it", n)
	}

	ada := s.teammate()
	back := atProvider(t, ada.client.Jar, s.url+"/sign-in/provider", "test-user@127.0.0.1")
	path := strings.TrimPrefix(back, s.url)
	s.teammate().get(path).want(t, "an answer in another browser", 403, "another browser")
	ada.get(path).want(t, "an answer that was tried elsewhere", 403) // each is good for one try
	back = atProvider(t, ada.client.Jar, s.url+"/sign-in/provider", "test-user@127.0.0.1")
	path = strings.TrimPrefix(back, s.url)
	ada.get(path).want(t, "coming back", 303)
	ada.get("/account").want(t, "her account", 200, "By the provider", "test-user@zitadel.ch")
	ada.get(path).want(t, "the same answer again", 403)

	forged := s.teammate()
	back = atProvider(t, forged.client.Jar, s.url+"/sign-in/provider", "test-user@127.0.0.1")
	at, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	q := at.Query()
	q.Set("code", "made-up")
	forged.get(at.Path+"?"+q.Encode()).want(t, "a made-up code", 403, "does not say who you are")
	forged.get("/sign-in/provider/back?code=x&state=").want(t, "no state", 403)
	forged.get("/account").want(t, "after all that", 401)

	nobody := s.teammate()
	back = atProvider(t, nobody.client.Jar, s.url+"/sign-in/provider", "test-user2")
	nobody.get(strings.TrimPrefix(back, s.url)).want(t, "somebody without an account", 403, "no account")
	if list := h.must("user", "list"); strings.Contains(list, "test-user2") {
		t.Error("the provider makes accounts")
	}
	for _, secret := range []string{"a-client-secret", q.Get("state"), "code="} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	s.stop()
}
