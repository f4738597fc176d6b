package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/team"
)

// Shelf keeps the records of one kind, under numbers that never return.
type Shelf[T any] interface {
	// All are the records by their numbers. The map must not be changed.
	All() map[uint32]T
	// Add adds a record. The error says that the shelf is full or the site is gone,
	// or is that of the disk; so are those of the others.
	Add(T) (uint32, error)
	Change(uint32, T) error
	Remove(uint32) error
}

// Options are what a Book is made of.
type Options struct {
	Accounts    Shelf[team.Account]
	Memberships Shelf[team.Membership]
	Passkeys    Shelf[team.Passkey]
	Sessions    Shelf[team.Session]
	Links       Shelf[team.Link]
	Invitations Shelf[team.Invitation]
	Changes     Shelf[team.Change]
	// Leave removes what else an account kept for itself, when it ends; nil: nothing.
	Leave func(account uint32) error

	// Realm names the database: after a restore it is another one, so that sessions
	// that were ended since the backup do not come back with it.
	Realm [16]byte

	Cost   Cost             // of passwords; the zero value: DefaultCost
	Clock  func() time.Time // nil: time.Now
	Random io.Reader        // nil: crypto/rand
}

// Book knows the accounts. Its methods may be called concurrently.
type Book struct {
	o        Options
	hasher   *hasher
	throttle *throttle
	passKey  []byte // of the passes of secret links; made with the process
	pending  pendings
	rites    rites
	journeys journeys
	resets   resets

	enrolments enrolments

	// change is held by whoever reads records to write them: what was read still
	// holds then.
	change sync.Mutex
	setUp  setUp // guarded by change
}

// New makes a book over its shelves.
func New(o Options) *Book {
	if o.Cost == (Cost{}) {
		o.Cost = DefaultCost
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	return &Book{o: o, hasher: newHasher(o.Cost, o.Random), throttle: newThrottle(), passKey: []byte(rand.Text() + rand.Text())}
}

// Errors of a Book, besides those of its shelves.
var (
	ErrNoAccount = errors.New("no such account")
	ErrExists    = errors.New("there is an account with this address already")
	ErrEmail     = errors.New("not a mail address")
	ErrLastOwner = errors.New("the last owner stays: somebody has to be able to let others in")
	ErrRole      = errors.New("this role cannot be given")
)

// Member is an account as others see it: without its secrets.
type Member struct {
	ID      uint32
	Email   string
	Grants  team.Grants
	Created time.Time
	// Password is set where the account can sign in by one, Factor where that takes
	// a code besides.
	Password, Factor bool
}

// ParseEmail reads a mail address: one, without a name, at a domain.
func ParseEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > 254 {
		return "", fmt.Errorf("%q: %w", s, ErrEmail)
	}
	_, domain, _ := strings.Cut(s, "@")
	if _, err := aggregate.ParseSite(domain); err != nil { // no address of a machine in brackets
		return "", fmt.Errorf("%q: %w", s, ErrEmail)
	}
	return s, nil
}

// Empty reports whether there is no account yet.
func (b *Book) Empty() bool { return len(b.o.Accounts.All()) == 0 }

// find is the account with an address.
func (b *Book) find(email string) (uint32, team.Account, bool) {
	for id, a := range b.o.Accounts.All() {
		if a.Email == email {
			return id, a, true
		}
	}
	return 0, team.Account{}, false
}

func (b *Book) grants(id uint32, a *team.Account) team.Grants {
	g := team.Grants{All: a.Role}
	for _, m := range b.o.Memberships.All() {
		if m.Account != id {
			continue
		}
		if g.Sites == nil {
			g.Sites = map[aggregate.Site]team.Role{}
		}
		g.Sites[m.Site] = max(m.Role, g.Sites[m.Site])
	}
	return g
}

func (b *Book) member(id uint32, a *team.Account) Member {
	return Member{ID: id, Email: a.Email, Grants: b.grants(id, a), Created: time.Unix(a.Created, 0),
		Password: a.Password != "", Factor: a.TOTP != ""}
}

// Members are all accounts, by address.
func (b *Book) Members() []Member {
	var all []Member
	for id, a := range b.o.Accounts.All() {
		all = append(all, b.member(id, &a))
	}
	slices.SortFunc(all, func(x, y Member) int { return strings.Compare(x.Email, y.Email) })
	return all
}

// Find is the account with an address, or ErrNoAccount.
func (b *Book) Find(email string) (Member, error) {
	email, err := ParseEmail(email)
	if err != nil {
		return Member{}, err
	}
	id, a, ok := b.find(email)
	if !ok {
		return Member{}, fmt.Errorf("%w: %s", ErrNoAccount, email)
	}
	return b.member(id, &a), nil
}

// Add makes an account. A blank password makes one that cannot sign in by
// password. The errors are ErrEmail, ErrExists, ErrPassword and ErrRole.
func (b *Book) Add(email, password string, g team.Grants) (Member, error) {
	a, err := b.draft(email, password, g)
	if err != nil {
		return Member{}, err
	}
	b.change.Lock()
	defer b.change.Unlock()
	return b.add(a, g)
}

// draft makes the record of an account that is to be added.
func (b *Book) draft(email, password string, g team.Grants) (a team.Account, err error) {
	if a.Email, err = ParseEmail(email); err != nil {
		return a, err
	}
	if g.All == team.Nobody && len(g.Sites) == 0 {
		return a, fmt.Errorf("%w: an account needs one somewhere", ErrRole)
	}
	if password != "" {
		if err := checkPassword(password, a.Email); err != nil {
			return a, err
		}
		if a.Password, err = b.hasher.hash(password); err != nil {
			return a, err
		}
	}
	if a.Handle, err = b.secret(); err != nil {
		return a, err
	}
	a.Role, a.Created = g.All, b.o.Clock().Unix()
	return a, nil
}

// add puts a draft on the shelf. The caller holds change.
func (b *Book) add(a team.Account, g team.Grants) (Member, error) {
	if _, _, ok := b.find(a.Email); ok {
		return Member{}, fmt.Errorf("%w: %s", ErrExists, a.Email)
	}
	id, err := b.o.Accounts.Add(a)
	if err != nil {
		return Member{}, err
	}
	for _, site := range slices.Sorted(maps.Keys(g.Sites)) {
		if _, err := b.o.Memberships.Add(team.Membership{Account: id, Site: site, Role: g.Sites[site]}); err != nil {
			return Member{}, errors.Join(err, b.o.Accounts.Remove(id))
		}
	}
	return b.member(id, &a), nil
}

// Remove ends an account with its sessions. The errors are ErrNoAccount and
// ErrLastOwner.
func (b *Book) Remove(id uint32) error {
	b.change.Lock()
	defer b.change.Unlock()
	a, ok := b.o.Accounts.All()[id]
	if !ok {
		return ErrNoAccount
	}
	if a.Role == team.Owner && b.owners() == 1 && len(b.o.Accounts.All()) > 1 {
		return ErrLastOwner
	}
	if err := b.endSessions(id, 0); err != nil {
		return err
	}
	if err := removeOwn(b.o.Memberships, func(m team.Membership) bool { return m.Account == id }); err != nil {
		return err
	}
	if err := removeOwn(b.o.Passkeys, func(p team.Passkey) bool { return p.Account == id }); err != nil {
		return err
	}
	if b.o.Leave != nil {
		if err := b.o.Leave(id); err != nil {
			return err
		}
	}
	return b.o.Accounts.Remove(id)
}

// removeOwn removes the records of a shelf that are somebody's.
func removeOwn[T any](shelf Shelf[T], own func(T) bool) error {
	for key, rec := range shelf.All() {
		if !own(rec) {
			continue
		}
		if err := shelf.Remove(key); err != nil {
			return err
		}
	}
	return nil
}

// owners is how many own the whole installation.
func (b *Book) owners() (n int) {
	for _, a := range b.o.Accounts.All() {
		if a.Role == team.Owner {
			n++
		}
	}
	return n
}

// SetPassword replaces a password and ends all sessions of the account but keep,
// which may be 0. The errors are ErrNoAccount and ErrPassword.
func (b *Book) SetPassword(id uint32, password string, keep uint32) error {
	a, ok := b.o.Accounts.All()[id]
	if !ok {
		return ErrNoAccount
	}
	if err := checkPassword(password, a.Email); err != nil {
		return err
	}
	hash, err := b.hasher.hash(password)
	if err != nil {
		return err
	}
	b.change.Lock()
	defer b.change.Unlock()
	if a, ok = b.o.Accounts.All()[id]; !ok {
		return ErrNoAccount
	}
	a.Password, a.Devices = hash, nil
	if err := b.o.Accounts.Change(id, a); err != nil {
		return err
	}
	b.throttle.forget(a.Email)
	return b.endSessions(id, keep)
}

// secret is 128 random bits.
func (b *Book) secret() ([]byte, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(b.o.Random, raw); err != nil {
		return nil, fmt.Errorf("no randomness: %w", err)
	}
	return raw, nil
}

// token is a new secret as text, and what is kept of it.
func (b *Book) token() (plaintext string, sum []byte, err error) {
	raw, err := b.secret()
	if err != nil {
		return "", nil, err
	}
	plaintext = base64.RawURLEncoding.EncodeToString(raw)
	return plaintext, digest(plaintext), nil
}

func digest(plaintext string) []byte {
	sum := sha256.Sum256([]byte(plaintext))
	return sum[:]
}
