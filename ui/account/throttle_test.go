package account

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"footfall/aggregate/team"
)

const wrongPassword = "not this one at all"

// try signs in and says what came of it: "in", "wrong" or how long to wait.
func (d *desk) try(t *testing.T, email, password string, from Origin) string {
	t.Helper()
	_, err := d.CheckPassword(email, password, from)
	var wait *WaitError
	switch {
	case err == nil:
		return "in"
	case errors.As(err, &wait):
		return wait.Wait.String()
	case errors.Is(err, ErrNoAccount):
		return "wrong"
	}
	t.Fatalf("%s: %v", email, err)
	return ""
}

func TestGuessersAreSlowedDownMoreAndMore(t *testing.T) {
	d := open(t)
	d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	for i := range freeTries {
		if got := d.try(t, "ada@example.com", wrongPassword, Origin{Network: 1}); got != "wrong" {
			t.Fatalf("try %d: %s, want it judged", i+1, got)
		}
	}
	var waits []string
	for range 6 {
		got := d.try(t, "ada@example.com", good, Origin{Network: 1})
		waits = append(waits, got)
		wait, err := time.ParseDuration(got)
		if err != nil {
			t.Fatalf("a try too soon: %s, want a time to wait, though the password is right", got)
		}
		d.now = d.now.Add(wait)
		if got := d.try(t, "ada@example.com", wrongPassword, Origin{Network: 1}); got != "wrong" {
			t.Fatalf("after %v: %s, want it judged", wait, got)
		}
	}
	if want := []string{"1s", "2s", "4s", "8s", "16s", "32s"}; !slices.Equal(waits, want) {
		t.Errorf("the waits are %v, want %v", waits, want)
	}
	d.now = d.now.Add(triesForget)
	if got := d.try(t, "ada@example.com", good, Origin{Network: 1}); got != "in" {
		t.Errorf("hours later: %s, want her in", got)
	}
}

// TestStrangersCannotLockTheOwnerOut has ten thousand networks guess at once.
func TestStrangersCannotLockTheOwnerOut(t *testing.T) {
	d := open(t)
	ada := d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	device, err := d.Remember(ada.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Remember(ada.ID, device); again != device || err != nil {
		t.Errorf("a known browser is given %q (%v), want what it has", again, err)
	}
	judged := 0
	for network := range uint64(10_000) {
		if got := d.try(t, "ada@example.com", wrongPassword, Origin{Network: network + 10, Device: fmt.Sprint("made-up", network)}); got == "wrong" {
			judged++
		}
	}
	if judged > freeTries {
		t.Errorf("%d guesses from all over the world were judged at once, want %d", judged, freeTries)
	}
	if got := d.try(t, "ada@example.com", good, Origin{Network: 10, Device: device}); got != "in" {
		t.Errorf("the owner in her browser, in an attacker's network: %s, want her in", got)
	}
	if got := d.try(t, "bob@example.com", good, Origin{Network: 99_999, Device: device}); got != "wrong" {
		t.Errorf("her browser's token for another account: %s, want it judged as a stranger's", got)
	}
	d.now = d.now.Add(accountWait)
	if got := d.try(t, "ada@example.com", good, Origin{Network: 99_998}); got != "in" {
		t.Errorf("the owner in a new browser after %v: %s, want her in", accountWait, got)
	}

	for range 20 { // a thief of the browser's token is slowed down, too
		d.try(t, "ada@example.com", wrongPassword, Origin{Device: device})
	}
	if got := d.try(t, "ada@example.com", good, Origin{Device: device}); got == "in" {
		t.Error("a known browser may guess as often as it likes")
	}
	if err := d.SetPassword(ada.ID, "another fine phrase", 0); err != nil {
		t.Fatal(err)
	}
	if got := d.try(t, "ada@example.com", "another fine phrase", Origin{Network: 77, Device: device}); got != "in" {
		t.Errorf("with a password set anew by command: %s, want her in", got)
	}
}

// TestWhoExistsIsNotTold compares accounts that exist with ones that do not: what
// is answered, when the waiting begins, and the work that is done.
func TestWhoExistsIsNotTold(t *testing.T) {
	d := open(t)
	d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	d.add(t, "key@example.com", team.Grants{All: team.Viewer})
	for i := range 2 * freeTries {
		real := d.try(t, "ada@example.com", wrongPassword, Origin{Network: 1})
		none := d.try(t, "nobody@example.com", wrongPassword, Origin{Network: 2})
		if real != none {
			t.Errorf("try %d: %s where the account exists, %s where it does not", i+1, real, none)
		}
	}
}

func TestTheMemoryOfTriesIsBounded(t *testing.T) {
	th := newThrottle()
	now := time.Unix(1_700_000_000, 0)
	worst := th.gates("ada@example.com", 1, "")
	for range 40 {
		th.failed(worst, now)
	}
	for i := range uint64(2 * marksAtMost) {
		th.failed(th.gates(fmt.Sprint(i), i+2, ""), now)
	}
	if n := len(th.m); n > marksAtMost+2 {
		t.Errorf("%d marks are kept, want %d at most", n, marksAtMost)
	}
	if th.wait(worst, now) == 0 {
		t.Error("the one who failed most was forgotten first")
	}
}

// TestSigningInTakesTheSameTimeForEverybody measures accounts with a password,
// without one, and none at all: at the real cost, one after the other, lower quartiles,
// since what else the machine does only ever adds time.
func TestSigningInTakesTheSameTimeForEverybody(t *testing.T) {
	d := open(t)
	d.hasher.cost = Cost{Memory: 4 << 10, Time: 2, Threads: 1}
	d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	if _, err := d.Add("key@example.com", "", team.Grants{All: team.Viewer}); err != nil {
		t.Fatal(err)
	}
	took := map[string][]time.Duration{}
	for round := range 31 {
		for i, email := range []string{"ada@example.com", "key@example.com", "nobody@example.com", "not an address"} {
			start := time.Now()
			d.try(t, email, wrongPassword, Origin{Network: uint64(round*10 + i)})
			took[email] = append(took[email], time.Since(start))
			d.now = d.now.Add(accountWait)
		}
	}
	quartile := func(email string) time.Duration {
		slices.Sort(took[email])
		return took[email][len(took[email])/4]
	}
	want := quartile("ada@example.com")
	for email := range took {
		if got := quartile(email); got < want*2/3 || got > want*3/2 {
			t.Errorf("%s takes %v, an account with a password %v: want no difference", email, got, want)
		}
	}
}

// TestAFloodOfGuessesIsNoQueue fills the hasher's seats.
func TestAFloodOfGuessesIsNoQueue(t *testing.T) {
	d := open(t)
	d.add(t, "ada@example.com", team.Grants{All: team.Owner})
	d.hasher.waiting.Store(waitingAtMost)
	if got := d.try(t, "ada@example.com", good, Origin{Network: 1}); got != crowdedWait.String() {
		t.Errorf("behind %d others: %s, want %v", waitingAtMost, got, crowdedWait)
	}
	d.hasher.waiting.Store(0)
	if got := d.try(t, "ada@example.com", good, Origin{Network: 1}); got != "in" {
		t.Errorf("afterwards: %s, want her in", got)
	}
}
