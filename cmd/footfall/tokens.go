package main

import (
	"errors"
	"slices"
	"sync"
	"time"

	"footfall/aggregate"
	"footfall/storage"
	"footfall/ui"
)

// tokenBook is the database as those use it who check tokens, make and end them.
type tokenBook struct {
	db    *storage.DB
	clock func() time.Time

	mu   sync.Mutex // protects used
	used map[string]aggregate.Day
}

func newTokenBook(db *storage.DB, clock func() time.Time) *tokenBook {
	return &tokenBook{db: db, clock: clock, used: map[string]aggregate.Day{}}
}

// Check reports whether a token opens a scope of a site. That it was used is
// written down once a day, beside: whoever shows a token waits for no disk.
func (t *tokenBook) Check(plaintext string, site aggregate.Site, scope string) bool {
	token, ok := t.db.CheckToken(plaintext)
	if !ok || !token.Allows(site, scope) {
		return false
	}
	if day := aggregate.DayOf(t.clock(), time.UTC); token.Used != day && t.first(token.Name, day) {
		go func() { _ = t.db.UseToken(token.Name, day) }() // of a token that was just ended, or of a database that is closing
	}
	return true
}

// first reports whether nobody has asked this yet for a token and a day.
func (t *tokenBook) first(name string, day aggregate.Day) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used[name] == day {
		return false
	}
	t.used[name] = day
	return true
}

// Tokens are those that open this site alone.
func (t *tokenBook) Tokens(site aggregate.Site) (lines []ui.TokenLine) {
	for _, one := range t.db.Tokens() {
		if slices.Equal(one.Sites, []aggregate.Site{site}) {
			lines = append(lines, ui.TokenLine{Name: one.Name, Scopes: one.Scopes, Used: one.Used})
		}
	}
	return lines
}

// AddToken makes a token for one site.
func (t *tokenBook) AddToken(name string, site aggregate.Site, scope string) (string, error) {
	token, err := t.db.AddToken(name, []aggregate.Site{site}, []string{scope})
	if errors.Is(err, storage.ErrTokenExists) {
		err = ui.ErrNameTaken
	}
	return token, err
}

// RemoveToken ends a token that opens this site alone.
func (t *tokenBook) RemoveToken(name string, site aggregate.Site) error {
	if !slices.ContainsFunc(t.Tokens(site), func(l ui.TokenLine) bool { return l.Name == name }) {
		return nil
	}
	if err := t.db.RemoveToken(name); !errors.Is(err, storage.ErrNoToken) {
		return err
	}
	return nil
}
