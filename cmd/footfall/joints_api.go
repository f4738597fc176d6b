package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/storage"
	"footfall/ui"
	"footfall/ui/account"
	"footfall/ui/api"
	"footfall/ui/badge"
)

// openAPI joins what programs ask with what answers.
func (s *Server) openAPI(tokens *tokenBook, goals *goalBook, first func(aggregate.Site) (aggregate.Day, bool)) *api.API {
	return api.New(api.Options{
		Asker:       s.asker,
		Tokens:      tokens,
		Ledgers:     ledgers{s.db, s.engine},
		Gate:        gate{s.db},
		Address:     s.door.Address,
		Sites:       siteKeeper{s.control},
		Goals:       goals,
		Ways:        s.asker,
		Segments:    s.db,
		Annotations: s.db,
		Settings:    s.db.Settings,
		First:       first,
		Link:        s.shareLink,
		Note:        s.noteToken,
		Clock:       s.clock,
		BasePath:    s.flags.BasePath,
		Rate:        s.flags.APIRate,
		Log:         s.log,
	})
}

// noteToken writes into the activity log what a program has changed.
func (s *Server) noteToken(plaintext string, site aggregate.Site, what, detail string) error {
	token, _ := s.db.CheckToken(plaintext)
	return s.book.Log("token "+token.Name, site, what, detail)
}

// shareLink makes a secret link for a program.
func (s *Server) shareLink(ctx *fasthttp.RequestCtx, site aggregate.Site, name string) (address string, taken bool, err error) {
	if slices.ContainsFunc(s.book.Links(site), func(l account.Link) bool { return l.Name == name }) {
		return "", true, nil
	}
	token, err := s.book.AddLink(account.NewLink{Site: site, Name: name})
	return s.ui.ShareURL(ctx, site, token), false, err
}

// openBadges makes what answers for public badges.
func (s *Server) openBadges() func(*fasthttp.RequestCtx, string) {
	return badge.New(badge.Options{Asker: s.asker, Settings: s.db.Settings, Clock: s.clock, Log: s.log}).Serve
}

// siteKeeper is the database and what hangs on it, as programs manage sites.
type siteKeeper struct{ *control }

func (k siteKeeper) Names() []aggregate.Site {
	records := k.db.Sites()
	names := make([]aggregate.Site, len(records))
	for i, r := range records {
		names[i] = r.Site
	}
	return names
}

func (k siteKeeper) Add(site aggregate.Site, settings map[string]string) error {
	made := aggregate.DefaultSettings()
	for key, value := range settings {
		if err := made.Set(key, value); err != nil {
			return err
		}
	}
	err := k.db.AddSite(site, made)
	if errors.Is(err, storage.ErrSiteExists) {
		return fmt.Errorf("%s: %w", site, api.ErrTaken)
	}
	return err
}

func (k siteKeeper) Set(site aggregate.Site, settings map[string]string) error {
	q := siteQuestion{Domain: string(site)}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		q.Pairs = append(q.Pairs, key+"="+settings[key])
	}
	_, err := k.setSite(q)
	return err
}

// Reset deletes a site's figures: of the months from first to last, written like
// 2026-01, or all where they are blank.
func (k siteKeeper) Reset(site aggregate.Site, first, last string) error {
	_, err := k.resetSite(resetQuestion{string(site), first, last})
	if errors.Is(err, errRange) {
		err = ui.ErrRange
	}
	return err
}

func (k siteKeeper) Remove(site aggregate.Site) error {
	_, err := k.removeSite(siteQuestion{Domain: string(site)})
	return err
}
