package account

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"footfall/aggregate/team"
)

// ErrPasskey is returned for an answer of an authenticator that proves nothing.
var ErrPasskey = errors.New("the passkey was not accepted")

// passkeysAtMost is how many an account may have.
const passkeysAtMost = 20

// Passkey is a passkey as its owner sees it.
type Passkey struct {
	ID            uint32
	Name          string
	Created, Used time.Time
}

// rites are ceremonies of WebAuthn that have begun. They live in memory.
type rites struct {
	mu sync.Mutex // protects m
	m  map[string]rite
}

type rite struct {
	webauthn.SessionData
	account uint32 // that registers a key; 0: somebody signs in
	ends    time.Time
}

const (
	riteLasts   = 5 * time.Minute
	ritesAtMost = 10_000
)

func (r *rites) begin(key []byte, one rite, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil {
		r.m = map[string]rite{}
	}
	for key, old := range r.m {
		if now.After(old.ends) || len(r.m) >= ritesAtMost {
			delete(r.m, key)
		}
	}
	one.ends = now.Add(riteLasts)
	r.m[string(key)] = one
}

// take ends a ceremony: each challenge is answered once.
func (r *rites) take(token string, now time.Time) (rite, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := string(digest(token))
	one, ok := r.m[key]
	delete(r.m, key)
	return one, ok && !now.After(one.ends)
}

// party is us, as the browser at an origin knows us.
func party(origin string) (*webauthn.WebAuthn, error) {
	at, err := url.Parse(origin)
	if err != nil {
		return nil, err
	}
	return webauthn.New(&webauthn.Config{RPID: at.Hostname(), RPDisplayName: "Footfall", RPOrigins: []string{at.Scheme + "://" + at.Host},
		AttestationPreference: protocol.PreferNoAttestation})
}

// keyholder is an account as the library sees it.
type keyholder struct {
	id   uint32
	a    team.Account
	keys []webauthn.Credential
}

func (k *keyholder) WebAuthnID() []byte                         { return k.a.Handle }
func (k *keyholder) WebAuthnName() string                       { return k.a.Email }
func (k *keyholder) WebAuthnDisplayName() string                { return k.a.Email }
func (k *keyholder) WebAuthnCredentials() []webauthn.Credential { return k.keys }

func (b *Book) keyholder(id uint32) (*keyholder, bool) {
	a, ok := b.o.Accounts.All()[id]
	k := &keyholder{id: id, a: a}
	for _, p := range b.o.Passkeys.All() {
		if p.Account == id {
			k.keys = append(k.keys, webauthn.Credential{ID: p.Key, PublicKey: p.Public,
				Flags: webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(p.Flags)), Authenticator: webauthn.Authenticator{SignCount: p.Count}})
		}
	}
	return k, ok
}

// Passkeys are those of an account, the first made first.
func (b *Book) Passkeys(id uint32) []Passkey {
	var all []Passkey
	for key, p := range b.o.Passkeys.All() {
		if p.Account == id {
			all = append(all, Passkey{key, p.Name, time.Unix(p.Created, 0), time.Unix(p.Used, 0)})
		}
	}
	slices.SortFunc(all, func(x, y Passkey) int { return cmp.Compare(x.ID, y.ID) })
	return all
}

// BeginPasskey begins to register a key of an account with the browser at an
// origin. options are for navigator.credentials.create; the token is given back to
// AddPasskey.
func (b *Book) BeginPasskey(id uint32, origin string) (options any, token string, err error) {
	holder, ok := b.keyholder(id)
	if !ok {
		return nil, "", ErrNoAccount
	}
	w, err := party(origin)
	if err != nil {
		return nil, "", fmt.Errorf("%w: at %s: %v", ErrPasskey, origin, err)
	}
	var known []protocol.CredentialDescriptor
	for i := range holder.keys {
		known = append(known, holder.keys[i].Descriptor())
	}
	creation, session, err := w.BeginRegistration(holder, webauthn.WithExclusions(known),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired}))
	if err != nil {
		return nil, "", err
	}
	token, sum, err := b.token()
	if err == nil {
		b.rites.begin(sum, rite{SessionData: *session, account: id}, b.o.Clock())
	}
	return creation.Response, token, err
}

// AddPasskey stores the key that an authenticator has made, under a name of its
// owner's choice. The error is ErrPasskey or that of the shelf.
func (b *Book) AddPasskey(id uint32, token, origin, name string, answer []byte) error {
	one, ok := b.rites.take(token, b.o.Clock())
	holder, known := b.keyholder(id)
	w, err := party(origin)
	if !ok || !known || one.account != id || err != nil || len(holder.keys) >= passkeysAtMost {
		return ErrPasskey
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return ErrPasskey
	}
	made, err := w.CreateCredential(holder, one.SessionData, parsed)
	if err != nil {
		return ErrPasskey
	}
	b.change.Lock()
	defer b.change.Unlock()
	for _, p := range b.o.Passkeys.All() {
		if bytes.Equal(p.Key, made.ID) {
			return ErrPasskey
		}
	}
	now := b.o.Clock().Unix()
	_, err = b.o.Passkeys.Add(team.Passkey{Account: id, Name: shortened(name, 60), Key: made.ID, Public: made.PublicKey,
		Flags: byte(made.Flags.ProtocolValue()), Count: made.Authenticator.SignCount, Created: now, Used: now})
	return err
}

// shortened is a text on one line, with so many characters at most.
func shortened(s string, most int) string {
	runes := []rune(strings.Join(strings.Fields(s), " "))
	return string(runes[:min(len(runes), most)])
}

// RemovePasskey removes a key of an account; one of somebody else's is none.
func (b *Book) RemovePasskey(id, key uint32) error {
	b.change.Lock()
	defer b.change.Unlock()
	if p, ok := b.o.Passkeys.All()[key]; !ok || p.Account != id {
		return nil
	}
	return b.o.Passkeys.Remove(key)
}

// BeginEntry begins a sign-in by passkey: whose, the authenticator says. options
// are for navigator.credentials.get.
func (b *Book) BeginEntry(origin string) (options any, token string, err error) {
	w, err := party(origin)
	if err != nil {
		return nil, "", fmt.Errorf("%w: at %s: %v", ErrPasskey, origin, err)
	}
	assertion, session, err := w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", err
	}
	token, sum, err := b.token()
	if err == nil {
		b.rites.begin(sum, rite{SessionData: *session}, b.o.Clock())
	}
	return assertion.Response, token, err
}

// FinishEntry is the account whose passkey has answered. The authenticator has
// asked for a finger, a face or a PIN: nothing else is needed. A counter that went
// backwards is a key that was copied: it is refused. The error is ErrPasskey.
func (b *Book) FinishEntry(token, origin string, answer []byte) (Member, error) {
	one, ok := b.rites.take(token, b.o.Clock())
	w, err := party(origin)
	if !ok || one.account != 0 || err != nil {
		return Member{}, ErrPasskey
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Member{}, ErrPasskey
	}
	user, used, err := w.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		for id, a := range b.o.Accounts.All() {
			if bytes.Equal(a.Handle, handle) {
				holder, _ := b.keyholder(id)
				return holder, nil
			}
		}
		return nil, ErrNoAccount
	}, one.SessionData, parsed)
	holder, ours := user.(*keyholder)
	if err != nil || !ours || used.Authenticator.CloneWarning {
		return Member{}, ErrPasskey
	}
	b.usedPasskey(holder.id, used)
	return b.member(holder.id, &holder.a), nil
}

// usedPasskey writes down that a key was used. That it could not be written keeps
// nobody out.
func (b *Book) usedPasskey(id uint32, used *webauthn.Credential) {
	b.change.Lock()
	defer b.change.Unlock()
	for key, p := range b.o.Passkeys.All() {
		if p.Account == id && bytes.Equal(p.Key, used.ID) {
			p.Count, p.Flags, p.Used = used.Authenticator.SignCount, byte(used.Flags.ProtocolValue()), b.o.Clock().Unix()
			_ = b.o.Passkeys.Change(key, p)
		}
	}
}
