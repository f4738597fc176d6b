package account

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/team"
)

// drawer is a shelf in memory. Fail makes every change fail.
type drawer[T any] struct {
	mu   sync.Mutex
	all  map[uint32]T
	last uint32
	fail error
}

func (d *drawer[T]) All() map[uint32]T {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.all)
}

func (d *drawer[T]) put(id uint32, rec T) (uint32, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return 0, d.fail
	}
	if id == 0 {
		d.last++
		id = d.last
	}
	if d.all == nil {
		d.all = map[uint32]T{}
	}
	d.all[id] = rec
	return id, nil
}

func (d *drawer[T]) Add(rec T) (uint32, error) { return d.put(0, rec) }

func (d *drawer[T]) Change(id uint32, rec T) error {
	_, err := d.put(id, rec)
	return err
}

func (d *drawer[T]) Remove(id uint32) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.fail
	}
	delete(d.all, id)
	return nil
}

// desk is a book over shelves in memory, with a clock of its own.
type desk struct {
	*Book
	accounts drawer[team.Account]
	sessions drawer[team.Session]
	now      time.Time
}

func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 11, 24, 13, 20, 0, 0, time.UTC)}
	d.Book = New(Options{Accounts: &d.accounts, Memberships: &drawer[team.Membership]{}, Passkeys: &drawer[team.Passkey]{}, Sessions: &d.sessions,
		Cost: Cost{Memory: 8, Time: 1, Threads: 1}, Clock: func() time.Time { return d.now }})
	return d
}

const good = "nine tall lamps"

func (d *desk) add(t *testing.T, email string, g team.Grants) Member {
	t.Helper()
	m, err := d.Add(email, good, g)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (d *desk) begin(t *testing.T, id uint32) string {
	t.Helper()
	token, err := d.Begin(id, "password")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestAPasswordOpensItsAccountAndNoOther(t *testing.T) {
	d := open(t)
	ada := d.add(t, "Ada@Example.com", team.Grants{All: team.Owner})
	if ada.Email != "ada@example.com" {
		t.Errorf("the account is called %q, want it in lower case", ada.Email)
	}
	if m, err := d.CheckPassword(" ADA@example.com ", good, Origin{}); err != nil || m.ID != ada.ID {
		t.Errorf("the right password opens account %d (%v), want %d", m.ID, err, ada.ID)
	}
	for _, c := range [][2]string{{"ada@example.com", good + "x"}, {"ada@example.com", ""}, {"ada@example.com", strings.Repeat("a", 5000)},
		{"bob@example.com", good}, {"", good}, {"not an address", good}} {
		if _, err := d.CheckPassword(c[0], c[1], Origin{}); !errors.Is(err, ErrNoAccount) {
			t.Errorf("%q with %.20q: %v, want ErrNoAccount", c[0], c[1], err)
		}
	}
	stored := d.accounts.All()[ada.ID].Password
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=8,t=1,p=1$") || strings.Contains(fmt.Sprint(d.accounts.All()), good) {
		t.Errorf("stored is %q, want an argon2id hash in PHC form and the password nowhere", stored)
	}
	if _, err := d.Add("ada@example.com", good, team.Grants{All: team.Viewer}); !errors.Is(err, ErrExists) {
		t.Errorf("a second account with the address: %v, want ErrExists", err)
	}
	bob := d.add(t, "bob@example.com", team.Grants{All: team.Viewer})
	if d.accounts.All()[bob.ID].Password == stored {
		t.Error("two accounts with one password have one hash, want a salt each")
	}
}

func TestPasswordsThatWouldBeGuessedAreRefused(t *testing.T) {
	for _, p := range []string{"", "short", "ninechars", "password123", "Password1234!", "qwertyuiop", "iloveyou2024", "dragondragon", "1234567890",
		"aaaaaaaaaaaaa", "ababababababab", "ada@example.com", "unbreakable", strings.Repeat("long ", 60)} {
		if p == "unbreakable" {
			if err := checkPassword(p, p+"@example.com"); !errors.Is(err, ErrPassword) {
				t.Errorf("the name before the @ as password: %v, want ErrPassword", err)
			}
			continue
		}
		if err := checkPassword(p, "ada@example.com"); !errors.Is(err, ErrPassword) {
			t.Errorf("%q: %v, want ErrPassword", p, err)
		}
	}
	for _, p := range []string{good, "correct horse battery", "Straße 12 im Regen", "日本語のとても長いパスワード", "xK9$mQ2vLp", "all lower case words"} {
		if err := checkPassword(p, "ada@example.com"); err != nil {
			t.Errorf("%q: %v, want it taken", p, err)
		}
	}
}

func TestAddressesOfAccounts(t *testing.T) {
	for _, s := range []string{"", "ada", "ada@", "@example.com", "Ada <ada@example.com>", "a@b@c", "ada@[192.0.2.1]", "ada@exa mple.com", "a\r\nb@example.com",
		strings.Repeat("a", 250) + "@example.com"} {
		if got, err := ParseEmail(s); !errors.Is(err, ErrEmail) {
			t.Errorf("%q is read as %q (%v), want ErrEmail", s, got, err)
		}
	}
}

func TestASessionEndsInEveryWayItShould(t *testing.T) {
	d := open(t)
	ada := d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	bob := d.add(t, "bob@example.com", team.Grants{All: team.Viewer})
	token := d.begin(t, ada.ID)
	if s, ok := d.Session(token); !ok || s.Member.ID != ada.ID || s.Method != "password" {
		t.Fatalf("the session is %+v (%v), want one of ada", s, ok)
	}
	number, secret, _ := strings.Cut(token, ".")
	if len(secret) < 22 || strings.Contains(fmt.Sprint(d.sessions.All()), secret) {
		t.Errorf("the token is %q, want 128 random bits that are stored nowhere", token)
	}
	for _, bad := range []string{"", ".", number, number + ".", "." + secret, number + "." + secret[1:], token + "x", "99." + secret, "-1." + secret} {
		if _, ok := d.Session(bad); ok {
			t.Errorf("the token %q opens a session", bad)
		}
	}
	if other := d.begin(t, ada.ID); other == token {
		t.Error("two sign-ins have one token")
	}

	start := d.now
	d.now = start.Add(SessionIdle)
	if _, ok := d.Session(token); !ok {
		t.Errorf("a session that was not used for %v is over, want it to last just so long", SessionIdle)
	}
	d.now = d.now.Add(SessionIdle + 2*time.Second)
	if _, ok := d.Session(token); ok {
		t.Error("an idle session is open")
	}
	busy := d.begin(t, ada.ID)
	for started := d.now; d.now.Sub(started) <= SessionMost; d.now = d.now.Add(24 * time.Hour) {
		if _, ok := d.Session(busy); !ok {
			t.Fatalf("a session in use ended after %v, want %v", d.now.Sub(started), SessionMost)
		}
	}
	d.now = d.now.Add(time.Second)
	if _, ok := d.Session(busy); ok {
		t.Errorf("a session is open after more than %v", SessionMost)
	}

	mine, own := d.begin(t, ada.ID), d.Sessions
	if n := len(own(ada.ID)); n != 1 {
		t.Errorf("%d sessions are listed, want the one that is open", n)
	}
	s, _ := d.Session(mine)
	if err := d.End(bob.ID, s.ID); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Session(mine); !ok {
		t.Error("bob ended a session of ada")
	}
	if err := d.End(ada.ID, s.ID); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Session(mine); ok {
		t.Error("a session that was revoked is open")
	}

	here, there := d.begin(t, ada.ID), d.begin(t, ada.ID)
	s, _ = d.Session(here)
	if err := d.SetPassword(ada.ID, "another fine phrase", s.ID); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Session(there); ok {
		t.Error("a session outlived the change of the password")
	}
	if _, ok := d.Session(here); !ok {
		t.Error("who changed the password was signed out")
	}
	bobs := d.begin(t, bob.ID)
	if err := d.Remove(bob.ID); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.Session(bobs); ok {
		t.Error("a session outlived its account")
	}
}

func TestNoSessionSurvivesARestore(t *testing.T) {
	d := open(t)
	ada := d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	token := d.begin(t, ada.ID)
	o := d.o
	o.Realm[0]++ // the same records in a database with another id
	if _, ok := New(o).Session(token); ok {
		t.Error("a session is open in a database that was restored")
	}
	if _, ok := d.Session(token); !ok {
		t.Error("and it is not open where it belongs")
	}
}

func TestSessionsAreBounded(t *testing.T) {
	d := open(t)
	ada := d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	first := d.begin(t, ada.ID)
	for range 3 * sessionsAtMost {
		d.now = d.now.Add(time.Second)
		d.begin(t, ada.ID)
	}
	if n := len(d.sessions.All()); n != sessionsAtMost {
		t.Errorf("%d sessions are kept, want %d", n, sessionsAtMost)
	}
	if _, ok := d.Session(first); ok {
		t.Error("the oldest session survived all newer ones")
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	d := open(t)
	ada := d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	bob := d.add(t, "bob@example.com", team.Grants{Sites: map[aggregate.Site]team.Role{"a.example": team.Owner}})
	if err := d.Remove(ada.ID); !errors.Is(err, ErrLastOwner) {
		t.Errorf("removing the last owner: %v, want ErrLastOwner", err)
	}
	if err := d.Remove(bob.ID); err != nil {
		t.Error(err)
	}
	if err := d.Remove(ada.ID); err != nil {
		t.Errorf("removing the last account: %v, want it gone", err)
	}
	if _, err := d.Add("eve@example.com", good, team.Grants{}); !errors.Is(err, ErrRole) {
		t.Errorf("an account without any role: %v, want ErrRole", err)
	}
}

func TestTheSetUpLinkWorksOnceAndForAnHour(t *testing.T) {
	d := open(t)
	old, err := d.OpenSetUp()
	if err != nil {
		t.Fatal(err)
	}
	token, err := d.OpenSetUp()
	if err != nil || d.SetUpOpen(old) || !d.SetUpOpen(token) {
		t.Fatalf("a second link (%v): the first opens %v, the second %v; want the second only", err, d.SetUpOpen(old), d.SetUpOpen(token))
	}
	if _, err := d.SetUp(token, "ada@example.com", "short"); !errors.Is(err, ErrPassword) || !d.SetUpOpen(token) {
		t.Errorf("a bad password: %v, and the link opens %v; want ErrPassword and another try", err, d.SetUpOpen(token))
	}
	for _, bad := range []string{"", "x", token[1:], token + "x"} {
		if _, err := d.SetUp(bad, "eve@example.com", good); !errors.Is(err, ErrSetUp) {
			t.Errorf("the token %q: %v, want ErrSetUp", bad, err)
		}
	}
	var wait sync.WaitGroup
	made := make(chan Member, 8)
	for i := range 8 { // all at once
		wait.Go(func() {
			if m, err := d.SetUp(token, fmt.Sprintf("a%d@example.com", i), good); err == nil {
				made <- m
			}
		})
	}
	wait.Wait()
	if len(made) != 1 || len(d.Members()) != 1 || d.Members()[0].Grants.All != team.Owner {
		t.Errorf("%d of 8 made the first account and there are %d, want one owner", len(made), len(d.Members()))
	}
	if again, err := d.OpenSetUp(); again != "" || err != nil {
		t.Errorf("with an account there is a set-up link %q (%v), want none", again, err)
	}

	late := open(t)
	token, _ = late.OpenSetUp()
	late.now = late.now.Add(SetUpLasts)
	if _, err := late.SetUp(token, "ada@example.com", good); !errors.Is(err, ErrSetUp) {
		t.Errorf("after an hour: %v, want ErrSetUp", err)
	}
}

func TestADiskThatFailsOpensNothing(t *testing.T) {
	d := open(t)
	ada := d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	d.sessions.fail = errors.New("no space left")
	if token, err := d.Begin(ada.ID, "password"); err == nil {
		t.Errorf("a session that could not be stored has the token %q", token)
	}
	if _, err := d.Begin(99, "password"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("a session of nobody: %v, want ErrNoAccount", err)
	}
}

func FuzzPHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g")
	f.Add("$argon2id$v=19$m=4294967295,t=1,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, s string) {
		c, salt, key, err := parsePHC(s)
		if err == nil && (c.Memory > 1<<20 || c.Time > 100 || c.Threads == 0 || len(salt) < 8 || len(key) < 16) {
			t.Errorf("%q is read as cost %+v with %d bytes of salt and %d of hash", s, c, len(salt), len(key))
		}
	})
}
