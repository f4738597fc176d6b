package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"footfall/aggregate/team"
	"footfall/ingest"
	"footfall/storage"
	"footfall/ui"
	"footfall/ui/account"
	"footfall/ui/account/provider"
	"footfall/ui/notify"
)

// shelf is a shelf of the database as ui/account and ui/notify use it.
type shelf[T storage.Record] struct {
	db   *storage.DB
	kind storage.Shelf[T]
	what string // for errors
}

func (s shelf[T]) All() map[uint32]T { return s.kind.All(s.db) }

func (s shelf[T]) Add(rec T) (id uint32, err error) {
	err = s.kind.Edit(s.db, "add "+s.what, func(d *storage.Drawer[T]) (err error) {
		id, err = d.Add(rec)
		return err
	})
	return id, err
}

func (s shelf[T]) Change(id uint32, rec T) error {
	return s.kind.Edit(s.db, "change "+s.what, func(d *storage.Drawer[T]) error { return d.Change(id, rec) })
}

func (s shelf[T]) Remove(id uint32) error {
	return s.kind.Edit(s.db, "remove "+s.what, func(d *storage.Drawer[T]) error { return d.Remove(id) })
}

// openBook makes the book of accounts over a database. random may be nil.
func openBook(db *storage.DB, clock func() time.Time, random io.Reader) *account.Book {
	return account.New(account.Options{
		Accounts:    shelf[team.Account]{db, storage.Accounts, "account"},
		Memberships: shelf[team.Membership]{db, storage.Memberships, "membership"},
		Passkeys:    shelf[team.Passkey]{db, storage.Passkeys, "passkey"},
		Links:       shelf[team.Link]{db, storage.Links, "link"},
		Invitations: shelf[team.Invitation]{db, storage.Invitations, "invitation"},
		Changes:     shelf[team.Change]{db, storage.Changes, "activity"},
		Sessions:    shelf[team.Session]{db, storage.Sessions, "session"},
		Leave:       db.RemoveSegmentsOf,
		Realm:       db.ID(), Clock: clock, Random: random,
	})
}

// openProvider makes the OpenID provider that the flags name; nil where they name
// none. Its secret comes from a file or the environment: arguments are seen by
// everybody on the machine.
func openProvider(f *serverFlags) (*provider.Provider, error) {
	if f.OIDCIssuer == "" {
		return nil, nil
	}
	if f.OIDCClient == "" {
		return nil, hint(errors.New("--oidc-issuer needs --oidc-client"), "the provider tells the client's id when this server is registered there")
	}
	secret := os.Getenv("FOOTFALL_OIDC_SECRET")
	if f.OIDCSecretFile != "" {
		content, err := os.ReadFile(f.OIDCSecretFile)
		if err != nil {
			return nil, hint(err, "--oidc-secret-file takes a file that holds the secret and nothing else")
		}
		secret = strings.TrimSpace(string(content))
	}
	return provider.New(f.OIDCIssuer, f.OIDCClient, secret), nil
}

// teamPost is the mail server as the dashboard writes to the team by it.
type teamPost struct{ mail *notify.Mail }

func (p teamPost) Post(ctx context.Context, to, subject, text string) error {
	return p.mail.Send(ctx, notify.Letter{To: to, Subject: subject, Text: text})
}

// teamMail is nil where no mail is sent.
func (s *Server) teamMail() ui.Mail {
	if s.mail == nil {
		return nil
	}
	return teamPost{s.mail}
}

// trusts tells the dashboard which proxies are believed.
func trusts(proxies ingest.Proxies) func(net.IP) bool {
	return func(ip net.IP) bool {
		addr, ok := netip.AddrFromSlice(ip)
		return ok && proxies.Trust(addr.Unmap())
	}
}
