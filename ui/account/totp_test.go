package account

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"footfall/aggregate/team"
)

// code is what an authenticator shows.
func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOnlyASecretThatWasMadeHereBecomesTheSecondFactor(t *testing.T) {
	d := open(t)
	ada, bob := d.add(t, "ada@example.com", team.Grants{All: team.Owner}), d.add(t, "bob@example.com", team.Grants{All: team.Viewer})
	enable := func(what, secret string, want error) {
		t.Helper()
		if _, err := d.EnableTOTP(ada.ID, secret, code(t, secret, d.now), 0); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	const brought = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	enable("a secret that was brought along", brought, ErrCode)
	of := func(m Member) string {
		t.Helper()
		e, err := d.EnrolTOTP(m.ID, "Footfall")
		if err != nil {
			t.Fatal(err)
		}
		return e.Secret
	}
	own, old := of(bob), of(ada)
	enable("somebody else's", own, ErrCode)
	secret := of(ada)
	enable("one before the last", old, ErrCode)
	enable("one that was brought along after all", brought, ErrCode)
	if _, err := d.ResumeTOTP(ada.ID, "Footfall", brought); !errors.Is(err, ErrCode) {
		t.Errorf("resuming with a secret that was brought along: %v", err)
	}
	enable("the last one", secret, nil)
	enable("the same again", secret, ErrCode)
	late := of(ada)
	d.now = d.now.Add(enrolLasts + time.Second)
	enable("one that took too long", late, ErrCode)
}

func TestACodeSignsInOnce(t *testing.T) {
	d := open(t)
	ada := d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	e, err := d.EnrolTOTP(ada.ID, "Footfall stats.example")
	if err != nil || !strings.HasPrefix(e.URL, "otpauth://totp/Footfall%20stats.example:ada@example.com?") || !strings.HasPrefix(e.Image, "data:image/png;base64,") {
		t.Fatalf("enrolment: %v, %q", err, e.URL)
	}
	if _, err := d.EnableTOTP(ada.ID, e.Secret, "000000", 0); !errors.Is(err, ErrCode) {
		t.Errorf("a wrong code: %v, want ErrCode", err)
	}
	if m, _ := d.Find("ada@example.com"); m.Factor {
		t.Fatal("an authenticator that has shown nothing is the second factor")
	}
	other := d.begin(t, ada.ID)
	recovery, err := d.EnableTOTP(ada.ID, e.Secret, code(t, e.Secret, d.now), 0)
	if err != nil || len(recovery) != recoveryCodes {
		t.Fatalf("%d recovery codes (%v), want %d", len(recovery), err, recoveryCodes)
	}
	if _, ok := d.Session(other); ok {
		t.Error("a session from before the second factor is open")
	}
	m, err := d.CheckPassword("ada@example.com", good, Origin{})
	if err != nil || !m.Factor {
		t.Fatalf("the password alone: %+v, %v", m, err)
	}
	await := func() string {
		t.Helper()
		token, err := d.Await(ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	finish := func(token, code string, want error) {
		t.Helper()
		if _, err := d.Finish(token, code); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("the code %q: %v, want %v", code, err, want)
		}
	}
	finish(await(), code(t, e.Secret, d.now), ErrCode) // it was used to set up
	d.now = d.now.Add(time.Minute)
	used := code(t, e.Secret, d.now)
	first := await()
	finish(first, " "+used[:3]+" "+used[3:], nil)
	finish(first, used, ErrPending)
	finish(await(), used, ErrCode)
	d.now = d.now.Add(time.Minute)
	finish(await(), code(t, e.Secret, d.now.Add(-30*time.Second)), nil) // a clock that is slow
	finish(await(), code(t, e.Secret, d.now.Add(5*time.Minute)), ErrCode)

	finish(await(), strings.ToUpper(recovery[3]), nil)
	finish(await(), recovery[3], ErrCode)
	finish(await(), recovery[4], nil)

	slow := await()
	d.now = d.now.Add(pendingLasts + time.Second)
	finish(slow, code(t, e.Secret, d.now), ErrPending)
	guessing := await()
	for range pendingTries {
		finish(guessing, "123456", ErrCode)
	}
	finish(guessing, code(t, e.Secret, d.now), ErrPending)
	finish("", code(t, e.Secret, d.now), ErrPending)

	for range 2 * freeTries { // a known password does not make guessing codes free
		_, err = d.CheckPassword("ada@example.com", good, Origin{Network: 9})
	}
	var wait *WaitError
	if !errors.As(err, &wait) {
		t.Errorf("the first step again and again: %v, want a WaitError", err)
	}
	if err := d.DisableTOTP(ada.ID); err != nil {
		t.Fatal(err)
	}
	if a := d.accounts.All()[ada.ID]; a.TOTP != "" || a.Recovery != nil {
		t.Error("a second factor that was taken away left something")
	}
}
