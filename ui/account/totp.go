package account

import (
	"bytes"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// ErrCode is returned for a code that is wrong, or was used before.
var ErrCode = errors.New("the code is wrong, or was used before")

// recoveryCodes is how many codes an account gets for the day on which its
// authenticator is lost.
const recoveryCodes = 10

// totpPeriod is how long a code of an authenticator is shown, in seconds.
const totpPeriod = 30

// Enrolment is an authenticator that is being set up: nothing is stored before
// EnableTOTP has seen a code of it.
type Enrolment struct {
	Secret string // to be typed in
	URL    string // otpauth://, the same for machines
	Image  string // the same as a data: URL of a QR code
}

// enrolments are authenticators that are being set up, one for each account. They
// live in memory.
type enrolments struct {
	mu sync.Mutex // protects m
	m  map[uint32]enrolling
}

type enrolling struct {
	secret string
	ends   time.Time
}

// enrolLasts is how long the setting up of an authenticator may take.
const enrolLasts = 30 * time.Minute

func (e *enrolments) begin(id uint32, secret string, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.m == nil {
		e.m = map[uint32]enrolling{}
	}
	e.m[id] = enrolling{secret, now.Add(enrolLasts)}
}

// open reports whether the secret is the one that was made for the account: whoever
// has taken a session over must not bring one along.
func (e *enrolments) open(id uint32, secret string, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	one, ok := e.m[id]
	return ok && !now.After(one.ends) && subtle.ConstantTimeCompare([]byte(one.secret), []byte(secret)) == 1
}

func (e *enrolments) end(id uint32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.m, id)
}

// EnrolTOTP makes a secret for an authenticator. issuer is what it is listed under.
func (b *Book) EnrolTOTP(id uint32, issuer string) (Enrolment, error) {
	a, ok := b.o.Accounts.All()[id]
	if !ok {
		return Enrolment{}, ErrNoAccount
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: a.Email, Rand: b.o.Random, Period: totpPeriod})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make an authenticator's secret: %w", err)
	}
	b.enrolments.begin(id, key.Secret(), b.o.Clock())
	return b.enrolment(key)
}

// ResumeTOTP is the enrolment that EnrolTOTP began with a secret: its code was
// mistyped, say. The error is ErrCode.
func (b *Book) ResumeTOTP(id uint32, issuer, secret string) (Enrolment, error) {
	a, ok := b.o.Accounts.All()[id]
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if !ok || err != nil || !b.enrolments.open(id, secret, b.o.Clock()) {
		return Enrolment{}, ErrCode
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: a.Email, Secret: raw, Period: totpPeriod})
	if err != nil {
		return Enrolment{}, ErrCode
	}
	return b.enrolment(key)
}

func (b *Book) enrolment(key *otp.Key) (Enrolment, error) {
	image, err := key.Image(220, 220)
	if err != nil {
		return Enrolment{}, err
	}
	var out bytes.Buffer
	if err := png.Encode(&out, image); err != nil {
		return Enrolment{}, err
	}
	return Enrolment{key.Secret(), key.URL(), "data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Bytes())}, nil
}

// step is the number of the period in which a code of the secret is right: now,
// one before or one after, for clocks that differ.
func step(secret, code string, now time.Time) (int64, bool) {
	for _, d := range []int64{0, -1, 1} {
		at := now.Add(time.Duration(d) * totpPeriod * time.Second)
		if ok, err := totp.ValidateCustom(code, secret, at, totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}); ok && err == nil {
			return at.Unix() / totpPeriod, true
		}
	}
	return 0, false
}

// EnableTOTP makes an authenticator, whose secret is EnrolTOTP's, the second factor
// once it has shown that it works, and returns the recovery codes: there is no other copy. All other sessions
// end. The error is ErrCode.
func (b *Book) EnableTOTP(id uint32, secret, code string, keep uint32) (recovery []string, err error) {
	used, ok := step(secret, cleanCode(code), b.o.Clock())
	if !ok || !b.enrolments.open(id, secret, b.o.Clock()) {
		return nil, ErrCode
	}
	var sums [][]byte
	for range recoveryCodes {
		raw := make([]byte, 10)
		if _, err := io.ReadFull(b.o.Random, raw); err != nil {
			return nil, fmt.Errorf("make recovery codes: %w", err)
		}
		text := strings.ToLower(base32.StdEncoding.EncodeToString(raw))
		recovery = append(recovery, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		sums = append(sums, digest(text))
	}
	b.change.Lock()
	defer b.change.Unlock()
	a, ok := b.o.Accounts.All()[id]
	if !ok {
		return nil, ErrNoAccount
	}
	a.TOTP, a.Step, a.Recovery, a.Devices = secret, used, sums, nil
	if err := b.o.Accounts.Change(id, a); err != nil {
		return nil, err
	}
	b.enrolments.end(id)
	return recovery, b.endSessions(id, keep)
}

// DisableTOTP takes the second factor away, and its recovery codes.
func (b *Book) DisableTOTP(id uint32) error {
	b.change.Lock()
	defer b.change.Unlock()
	a, ok := b.o.Accounts.All()[id]
	if !ok {
		return ErrNoAccount
	}
	a.TOTP, a.Step, a.Recovery = "", 0, nil
	return b.o.Accounts.Change(id, a)
}

func cleanCode(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
}

// useCode takes a code of the account's authenticator, or one for recovery, which
// is used up. The errors are ErrCode and ErrNoAccount.
func (b *Book) useCode(id uint32, code string) (Member, error) {
	code = cleanCode(code)
	b.change.Lock()
	defer b.change.Unlock()
	a, ok := b.o.Accounts.All()[id]
	if !ok {
		return Member{}, ErrNoAccount
	}
	if a.TOTP == "" {
		return Member{}, ErrCode
	}
	sum := digest(code)
	if at, ok := step(a.TOTP, code, b.o.Clock()); ok && at > a.Step {
		a.Step = at
	} else if i := slices.IndexFunc(a.Recovery, func(r []byte) bool { return bytes.Equal(r, sum) }); i >= 0 {
		a.Recovery = slices.Delete(slices.Clone(a.Recovery), i, i+1)
	} else {
		return Member{}, ErrCode
	}
	if err := b.o.Accounts.Change(id, a); err != nil {
		return Member{}, err
	}
	return b.member(id, &a), nil
}
