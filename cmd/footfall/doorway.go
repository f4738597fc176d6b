package main

import (
	"errors"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/live"
	"footfall/ingest"
	"footfall/ingest/spam"
	"footfall/storage"
	"footfall/ui/api"
)

// openSpamList reads the operator's additions to the list of referrer spam.
func openSpamList(file string) (*spam.List, error) {
	if file == "" {
		return spam.Builtin(), nil
	}
	list, err := spam.Open(file)
	switch {
	case err == nil:
		return list, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, hint(err, "--spam-list takes a file with one host a line")
	}
	return nil, hint(err, "one host a line, such as spam.example; # begins a comment, ! takes a host off the built-in list")
}

// openDoor makes the front door.
func (s *Server) openDoor(clerk *ingest.Clerk, proxies ingest.Proxies, tokens *tokenBook) *ingest.Door {
	clerk.UseSpamList(s.spam)
	clerk.UseCurrencies(currencies{s.db, s.log}.settle)
	if s.networks != nil {
		clerk.UseNetworks(s.networks)
	}
	sites := &websites{db: s.db}
	return ingest.New(ingest.Options{Clerk: clerk, Sites: s.db, Sink: s.engine, Proxies: proxies,
		ClientIPHeader: s.flags.ClientIPHeader, CountryHeader: s.flags.CountryHeader, Websites: sites.find, Senders: tokens, Rate: s.flags.Rate, Pace: ingest.DefaultPace,
		Clock: s.clock, Logger: s.log})
}

// websites finds the sites behind the website ids in pages with Umami's script.
type websites struct {
	db *storage.DB

	mu   sync.Mutex // protects all below
	ids  map[string]aggregate.Site
	read time.Time // when ids were made
}

// websitesAge is how old ids may be when an id is asked for that is not among
// them: made-up ones are not to have all sites read each time.
const websitesAge = 100 * time.Millisecond

func (w *websites) find(id string) (aggregate.Site, bool) {
	if id == "" || len(id) > 100 {
		return "", false
	}
	id = strings.ToLower(id)
	w.mu.Lock()
	defer w.mu.Unlock()
	site, ok := w.ids[id]
	if settings, known := w.db.Settings(site); ok && known && settings.UmamiID == id {
		return site, true
	}
	if time.Since(w.read) > websitesAge {
		w.read, w.ids = time.Now(), map[string]aggregate.Site{}
		for _, r := range slices.Backward(w.db.Sites()) { // of two with one id the first counts
			if r.Settings.UmamiID != "" {
				w.ids[r.Settings.UmamiID] = r.Site
			}
		}
	}
	site, ok = w.ids[id]
	return site, ok
}

// MaySend is the database as the front door checks the tokens of back ends.
func (t *tokenBook) MaySend(plaintext string, site aggregate.Site) (valid, allowed bool) {
	token, ok := t.db.CheckToken(plaintext)
	if !ok || !slices.Contains(token.Scopes, "send") {
		return false, false
	}
	return true, token.Allows(site, "send")
}

// ledgers are the drop ledgers of past days, in the database, and of open ones.
type ledgers struct {
	db     *storage.DB
	engine *live.Engine
}

func (l ledgers) Ledgers(site aggregate.Site, first, last aggregate.Day) ([]api.DayLedger, error) {
	days := map[aggregate.Day]map[string]int64{}
	err := askedBlocks{l.db}.Range(site, false, aggregate.OneDay, aggregate.Refusal, aggregate.None, first, last,
		func(key aggregate.Key, b *aggregate.Block) error {
			reasons := map[string]int64{}
			for i := range b.Rows {
				reasons[b.A[b.Rows[i].A]] = b.Rows[i].Counts[aggregate.Events]
			}
			days[key.Day] = reasons
			return nil
		})
	if err != nil {
		return nil, err
	}
	for _, day := range l.engine.OpenDays(site) { // the database may be behind
		if reasons, err := l.engine.Refusals(site, day); err == nil && day >= first && day <= last {
			days[day] = reasons
		}
	}
	var all []api.DayLedger
	for day, reasons := range days {
		all = append(all, api.DayLedger{Day: day, Refused: reasons})
	}
	slices.SortFunc(all, func(a, b api.DayLedger) int { return int(a.Day) - int(b.Day) })
	return all, nil
}

// takesAddressBack reports whether new settings lack a shielded network of the
// old ones: the file is rewritten then, so that no old page keeps it.
func takesAddressBack(before, after []netip.Prefix) bool {
	return slices.ContainsFunc(before, func(n netip.Prefix) bool { return !slices.Contains(after, n) })
}

// gate is the database as the ledger's readers change what is let in.
type gate struct{ db *storage.DB }

func (g gate) AllowHost(site aggregate.Site, host string) (aggregate.Settings, error) {
	return g.change(site, func(s *aggregate.Settings) error { return s.AllowHost(host) })
}

func (g gate) ShieldAddress(site aggregate.Site, addr netip.Addr) (aggregate.Settings, error) {
	return g.change(site, func(s *aggregate.Settings) error { return s.ShieldAddress(addr) })
}

// change keeps the change's own error apart: its text is shown.
func (g gate) change(site aggregate.Site, change func(*aggregate.Settings) error) (aggregate.Settings, error) {
	var own error
	settings, err := g.db.ChangeSettings(site, func(s *aggregate.Settings) error {
		own = change(s)
		return own
	})
	if own != nil {
		return settings, own
	}
	return settings, err
}
