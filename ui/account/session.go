package account

import (
	"cmp"
	"crypto/subtle"
	"slices"
	"strconv"
	"strings"
	"time"

	"footfall/aggregate/team"
)

// How long a session lasts: since it was last used, and in any case.
const (
	SessionIdle = 7 * 24 * time.Hour
	SessionMost = 30 * 24 * time.Hour
	// seenEvery is how often the use of a session is written down.
	seenEvery = time.Hour
	// sessionsAtMost is how many an account may have; a new one ends the oldest.
	sessionsAtMost = 20
)

// Session is a browser that is signed in.
type Session struct {
	ID      uint32
	Member  Member
	Method  string // how it was started: password, passkey, ...
	Started time.Time
	Seen    time.Time // to within an hour
}

// Begin starts a session of an account and returns the token to hand out: there
// is no other copy. The error is ErrNoAccount or that of the disk.
func (b *Book) Begin(id uint32, method string) (token string, err error) {
	b.change.Lock()
	defer b.change.Unlock()
	return b.begin(id, method)
}

// begin is Begin for those who hold change.
func (b *Book) begin(id uint32, method string) (token string, err error) {
	if _, ok := b.o.Accounts.All()[id]; !ok {
		return "", ErrNoAccount
	}
	if err := b.tidySessions(id); err != nil {
		return "", err
	}
	secret, _, err := b.token()
	if err != nil {
		return "", err
	}
	now := b.o.Clock().Unix()
	number, err := b.o.Sessions.Add(team.Session{Account: id, Token: b.sessionSum(secret), Method: method, Started: now, Seen: now})
	if err != nil {
		return "", err
	}
	return strconv.FormatUint(uint64(number), 10) + "." + secret, nil
}

// sessionSum is what is kept of a session's secret.
func (b *Book) sessionSum(secret string) []byte { return digest(string(b.o.Realm[:]) + secret) }

// tidySessions removes what is over, of everybody, and the oldest of an account
// that has too many.
func (b *Book) tidySessions(id uint32) error {
	type one struct {
		id   uint32
		seen int64
	}
	var own []one
	for key, s := range b.o.Sessions.All() {
		if b.over(&s) {
			if err := b.o.Sessions.Remove(key); err != nil {
				return err
			}
		} else if s.Account == id {
			own = append(own, one{key, s.Seen})
		}
	}
	slices.SortFunc(own, func(x, y one) int { return cmp.Or(cmp.Compare(x.seen, y.seen), cmp.Compare(x.id, y.id)) })
	for len(own) >= sessionsAtMost {
		if err := b.o.Sessions.Remove(own[0].id); err != nil {
			return err
		}
		own = own[1:]
	}
	return nil
}

// over reports whether a session has ended by itself.
func (b *Book) over(s *team.Session) bool {
	now := b.o.Clock().Unix()
	return now-s.Seen > int64(SessionIdle/time.Second) || now-s.Started > int64(SessionMost/time.Second)
}

// Session is the session of a token; false where there is none (any more).
func (b *Book) Session(token string) (Session, bool) {
	number, secret, _ := strings.Cut(token, ".")
	id, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return Session{}, false
	}
	s, ok := b.o.Sessions.All()[uint32(id)]
	if !ok || subtle.ConstantTimeCompare(b.sessionSum(secret), s.Token) != 1 || b.over(&s) {
		return Session{}, false
	}
	a, ok := b.o.Accounts.All()[s.Account]
	if !ok {
		return Session{}, false
	}
	b.saw(uint32(id), s)
	return b.session(uint32(id), &s, &a), true
}

func (b *Book) session(id uint32, s *team.Session, a *team.Account) Session {
	return Session{ID: id, Member: b.member(s.Account, a), Method: s.Method, Started: time.Unix(s.Started, 0), Seen: time.Unix(s.Seen, 0)}
}

// saw writes down that a session is in use, now and then. That it could not be
// written costs the session nothing but its last hour.
func (b *Book) saw(id uint32, s team.Session) {
	now := b.o.Clock().Unix()
	if now-s.Seen < int64(seenEvery/time.Second) || !b.change.TryLock() {
		return
	}
	defer b.change.Unlock()
	if _, ok := b.o.Sessions.All()[id]; ok {
		s.Seen = now
		_ = b.o.Sessions.Change(id, s)
	}
}

// Sessions are those of an account, the last used first.
func (b *Book) Sessions(id uint32) []Session {
	a := b.o.Accounts.All()[id]
	var all []Session
	for key, s := range b.o.Sessions.All() {
		if s.Account == id && !b.over(&s) {
			all = append(all, b.session(key, &s, &a))
		}
	}
	slices.SortFunc(all, func(x, y Session) int { return cmp.Or(y.Seen.Compare(x.Seen), cmp.Compare(y.ID, x.ID)) })
	return all
}

// End ends one session of an account; one of somebody else's is none.
func (b *Book) End(id, session uint32) error {
	b.change.Lock()
	defer b.change.Unlock()
	if s, ok := b.o.Sessions.All()[session]; !ok || s.Account != id {
		return nil
	}
	return b.o.Sessions.Remove(session)
}

// EndAll ends all sessions of an account.
func (b *Book) EndAll(id uint32) error {
	b.change.Lock()
	defer b.change.Unlock()
	return b.endSessions(id, 0)
}

// endSessions ends the sessions of an account but keep. The caller holds change.
func (b *Book) endSessions(id, keep uint32) error {
	for key, s := range b.o.Sessions.All() {
		if s.Account != id || key == keep {
			continue
		}
		if err := b.o.Sessions.Remove(key); err != nil {
			return err
		}
	}
	return nil
}
