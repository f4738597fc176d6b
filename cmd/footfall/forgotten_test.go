//go:build linux

package main

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// openPost starts a mail server, and returns the flags with which a server uses it.
func openPost(t *testing.T, h *installation, publicURL string) (box *mailbox, flags []string) {
	t.Helper()
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, "localhost", 7)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	box = new(mailbox)
	post := smtp.NewServer(box)
	go post.Serve(l)
	t.Cleanup(func() { post.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.env = append(h.env, "SSL_CERT_FILE="+cert)
	return box, []string{"--smtp", "smtps://mailer@localhost:" + port, "--smtp-password-file", secret, "--mail-from", "Footfall <footfall@mailed.example>", "--public-url", publicURL}
}

// letter waits for the n-th letter and returns it.
func (m *mailbox) letter(t *testing.T, n int) string {
	t.Helper()
	letter := ""
	eventually(t, "a letter arrives", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		if len(m.letters) >= n {
			letter = strings.ReplaceAll(m.letters[n-1], "=\r\n", "") // quoted-printable
		}
		return letter != ""
	})
	return letter
}

var lettersLink = regexp.MustCompile(`https://stats\.mailed\.example(/(?:forgotten|invited)/[A-Za-z0-9_-]+)`)

func TestAForgottenPasswordIsSetAnewByALinkInAMail(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.user("ada@example.com")
	box, flags := openPost(t, h, "https://stats.mailed.example")
	s := h.serve(append(flags, "--local-access=false")...)
	signed := s.teammate().signIn("ada@example.com")
	ada := s.teammate("Host", "evil.example") // the link must not lead where a request says that we are
	ada.get("/sign-in").want(t, "the sign-in page", 200, "/forgotten")
	sent := ada.post("/forgotten", "/forgotten", "email", "ada@example.com")
	sent.want(t, "asking for a link", 200, "If there is an account")
	letter := box.letter(t, 1)
	if !strings.HasPrefix(letter, "To ada@example.com\n") || strings.Contains(letter, "evil.example") {
		t.Errorf("the letter is\n%s", letter)
	}
	link := lettersLink.FindStringSubmatch(letter)
	if link == nil {
		t.Fatalf("the letter has no link:\n%s", letter)
	}
	none := s.teammate()
	if r := none.post("/forgotten", "/forgotten", "email", "nobody@example.com"); r.status != sent.status || r.body != sent.body {
		t.Error("an account that is none is answered in another way")
	}
	none.post("/forgotten", "/forgotten", "email", "ada@example.com").want(t, "asking again at once", 200)
	none.get("/forgotten/made-up").want(t, "a made-up link", 404)
	signed.get("/account").want(t, "before the link is used", 200)
	none.get(link[1]).want(t, "the link", 200, `autocomplete="new-password"`)
	none.post(link[1], link[1], "password", "short").want(t, "a bad password", 422, "too short")
	none.post(link[1], link[1], "password", "a brand new phrase").want(t, "a good one", 303)
	none.get(link[1]).want(t, "the link again", 404)
	signed.get("/account").want(t, "a session of before", 401)
	none.post("/sign-in", "/sign-in", "email", "ada@example.com", "password", goodPassword).want(t, "the old password", 401)
	none.post("/sign-in", "/sign-in", "email", "ada@example.com", "password", "a brand new phrase").want(t, "the new password", 303)

	none.post("/people", "/people/invite", "role", "viewer", "note", "Vera", "mail", "vera@example.com").want(t, "an invitation by mail", 200, "on its way")
	letter = box.letter(t, 2)
	if link := lettersLink.FindStringSubmatch(letter); !strings.HasPrefix(letter, "To vera@example.com\n") || link == nil {
		t.Errorf("the invitation is\n%s", letter)
	} else {
		s.teammate().get(link[1]).want(t, "the invitation", 200, "You are invited")
	}
	box.mu.Lock()
	if len(box.letters) != 2 {
		t.Errorf("%d letters were sent, want 2", len(box.letters))
	}
	box.mu.Unlock()
	s.stop()
	if strings.Contains(s.log.String(), link[1]) || strings.Contains(s.log.String(), "ada@") {
		t.Error("the log tells of links or addresses")
	}
}
