//go:build linux

package main

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

var shownSecrets = regexp.MustCompile(`name="secret" value="([A-Z2-7]+)"`)

func TestTheSecondFactorOverHTTP(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.user("ada@example.com")
	s := h.serve("--local-access=false")
	ada := s.teammate().signIn("ada@example.com")
	ada.post("/account", "/account/code", "current", "not this one").want(t, "without the password", 422, "is another one")
	page := ada.post("/account", "/account/code", "current", goodPassword)
	page.want(t, "setting up", 200, "data:image/png;base64,")
	secret := shownSecrets.FindStringSubmatch(page.body)[1]
	ada.post("/account", "/account/code/enable", "secret", secret, "code", "000000").want(t, "a wrong code", 422, "The code is wrong", secret)
	const brought = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	if now, err := totp.GenerateCode(brought, time.Now()); err != nil {
		t.Fatal(err)
	} else {
		ada.post("/account", "/account/code/enable", "secret", brought, "code", now).want(t, "a secret that was brought along", 422, "The code is wrong")
	}
	now, err := totp.GenerateCode(secret, time.Now().Add(-30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	page = ada.post("/account", "/account/code/enable", "secret", secret, "code", now)
	page.want(t, "the right code", 200, "Recovery codes")
	recovery := regexp.MustCompile(`[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}`).FindString(page.body)

	other := s.teammate()
	r := other.post("/sign-in", "/sign-in", "email", "ada@example.com", "password", goodPassword, "to", "/account")
	r.want(t, "the password alone", 200, "One more step")
	other.get("/account").want(t, "after the first step", 401)
	token := formTokens.FindStringSubmatch(r.body)[1]
	step := func(code string) reply {
		t.Helper()
		return other.do("POST", "/sign-in/code", map[string][]string{"form": {token}, "code": {code}, "to": {"/account"}})
	}
	step("123456").want(t, "a wrong code", 401, "The code is wrong")
	r = step(recovery)
	r.want(t, "a recovery code", 303)
	if at := r.header.Get("Location"); at != "/account" {
		t.Errorf("the second step leads to %q, want where she wanted to go", at)
	}
	other.get("/account").want(t, "after the second step", 200, "By password and code")
	for _, secret := range []string{secret, recovery} {
		if strings.Contains(s.log.String(), secret) {
			t.Error("the log holds a secret")
		}
	}
	s.stop()
}

// TestGuessersWaitOverHTTP is the throttle as seen from outside: each network by
// itself, and alike for accounts that exist and that do not.
func TestGuessersWaitOverHTTP(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.user("ada@example.com")
	s := h.serve("--local-access=false", "--plain-sign-in")
	guess := func(p *teammate, email, password string) reply {
		t.Helper()
		return p.post("/sign-in", "/sign-in", "email", email, "password", password)
	}
	eve, mallory := s.teammate("X-Forwarded-For", "2001:db8:1:2::7"), s.teammate("X-Forwarded-For", "198.51.100.7")
	for range 8 {
		guess(eve, "nobody@example.com", "wrong guess").want(t, "a guess", 401)
		guess(mallory, "ada@example.com", "wrong guess").want(t, "a guess", 401)
	}
	neighbour := s.teammate("X-Forwarded-For", "2001:db8:1:2:ffff::1")
	for name, r := range map[string]reply{"an account that is none": guess(eve, "nobody@example.com", "wrong guess"), "the same /64": guess(neighbour, "bob@example.com", "wrong guess"),
		"an account": guess(mallory, "ada@example.com", goodPassword)} {
		r.want(t, name, 429, "Too many tries")
		if n, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || n < 1 {
			t.Errorf("%s: Retry-After %q, want seconds", name, r.header.Get("Retry-After"))
		}
	}
	far := s.teammate("X-Forwarded-For", "2001:db8:1:3::1")
	guess(far, "bob@example.com", "wrong guess").want(t, "another /64", 401)
	s.stop()
}

// TestPasskeysInABrowser makes a key in Chromium's virtual authenticator and signs
// in with nothing else.
func TestPasskeysInABrowser(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.user("ada@example.com")
	s := h.serve("--local-access=false")
	url := strings.Replace(s.url, "127.0.0.1", "localhost", 1) // a passkey belongs to a name
	tab, cancel := context.WithTimeout(browse(t), 2*patience)
	defer cancel()
	do := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(tab, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	shows := func(text string) {
		t.Helper()
		eventually(t, "the page says "+text, func() bool {
			shown, err := chromedp.Run(tab, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
			return err == nil && strings.Contains(shown, text)
		})
	}
	if _, err := chromedp.Call(tab, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
		HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}}); err != nil {
		t.Fatal(err)
	}
	do("sign in", chromedp.Navigate(url+"/account"), chromedp.SendKeys("#email", "ada@example.com"), chromedp.SendKeys("#password", goodPassword+"\r"))
	shows("Make a passkey")
	do("make a key", chromedp.SendKeys("#name", "Test key"), chromedp.SendKeys("form[data-passkey] [name=current]", goodPassword), chromedp.Click("form[data-passkey] button"))
	shows("Made ")
	shows("Test key")
	do("sign out", chromedp.Click(".top form button"))
	shows("Sign in with a passkey")
	do("use the key", chromedp.Click("form[data-passkey] button"))
	shows("Which site do you want to count?")
	do("look", chromedp.Navigate(url+"/account"))
	shows("By passkey")
	if list := h.must("audit"); !strings.Contains(list, "passkeys") {
		t.Error("the audit does not name passkeys")
	}
	s.stop()
}
