package main

import (
	"log/slog"

	"footfall/aggregate"
	"footfall/storage"
)

// currencies gives sites whose owner has named no currency that of the first amount
// that counts, for good. It waits for the disk, once in a site's life: an amount
// that is counted must not outlive the word in which it was counted.
type currencies struct {
	db  *storage.DB
	log *slog.Logger
}

func (c currencies) settle(site aggregate.Site, code string) string {
	settings, err := c.db.ChangeSettings(site, func(s *aggregate.Settings) error {
		if s.Currency == "" {
			s.Currency = code
		}
		return nil
	})
	if err != nil {
		c.log.Error("a site's first currency could not be kept; the amount is not counted", "site", site, "err", err)
		return ""
	}
	c.log.Info("revenue is counted in the currency of the first amount", "site", site, "currency", settings.Currency)
	return settings.Currency
}
