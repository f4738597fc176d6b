package main

import (
	"errors"
	"fmt"
	"time"

	"footfall/aggregate"
)

type siteResetCmd struct {
	Domain string `arg:"" help:"The site."`
	From   string `help:"First month to delete, such as 2026-01 (default: all there is, today included)." placeholder:"MONTH"`
	To     string `help:"Last month to delete; it must be over (default: the same)." placeholder:"MONTH"`
	Yes    bool   `help:"Do it without asking: what is deleted comes back from a backup only."`
	machines
}

type resetQuestion struct{ Domain, From, To string }

// resetReply is what machines are told.
type resetReply struct {
	Site   string `json:"site"`
	Blocks int    `json:"removed_blocks"`
}

// errRange is returned for months that cannot be deleted.
var errRange = errors.New("these months cannot be deleted")

// resetSite deletes a site's figures: of months that are over, or all. Settings,
// goals and people stay.
func (c *control) resetSite(q resetQuestion) (int, error) {
	record, err := c.known(q.Domain)
	if err != nil {
		return 0, err
	}
	removed := 0
	wipe := func() (err error) {
		removed, err = c.db.ResetAll(record.Site)
		return err
	}
	if q.From != "" {
		first, last, err := c.months(q, &record.Settings)
		if err != nil {
			return 0, err
		}
		removed, err = c.db.Reset(record.Site, first, last)
		if err != nil {
			return 0, err
		}
	} else if c.engine != nil {
		err = c.engine.Reset(record.Site, wipe)
	} else {
		err = wipe()
	}
	if err != nil {
		return 0, err
	}
	if c.asker != nil {
		c.asker.InvalidateSite(record.Site)
	}
	return removed, c.db.Compact() // nothing of it stays in old pages
}

// months reads the range of a question. Its last day must be over, and closed: the
// open day is the truth about itself and would write its blocks again.
func (c *control) months(q resetQuestion, settings *aggregate.Settings) (first, last aggregate.Day, err error) {
	if q.To == "" {
		q.To = q.From
	}
	from, err := time.Parse("2006-01", q.From)
	if err == nil {
		var to time.Time
		if to, err = time.Parse("2006-01", q.To); err == nil {
			first, last = aggregate.DayOf(from, time.UTC), aggregate.DayOf(to.AddDate(0, 1, -1), time.UTC)
		}
	}
	if err != nil || last < first {
		return 0, 0, hint(fmt.Errorf("%w: %q to %q", errRange, q.From, q.To), "months are written like 2026-01, the earlier one first")
	}
	site, _ := aggregate.ParseSite(q.Domain)
	open := aggregate.DayOf(c.clock(), settings.Location())
	if c.engine != nil {
		for _, day := range c.engine.OpenDays(site) {
			open = min(open, day)
		}
	}
	if last >= open {
		return 0, 0, hint(fmt.Errorf("%w: %s is not over", errRange, q.To), "choose months before the current one, or delete all there is; shortly after midnight the old day is still open")
	}
	return first, last, nil
}

// aboutReset is a reset for the activity log.
func aboutReset(q resetQuestion) (string, []string) {
	detail := ""
	if q.From != "" {
		detail = q.From + " – " + q.To
	}
	return q.Domain, []string{detail}
}

func (c *siteResetCmd) Run(root *cli, io *streams) error {
	if !c.Yes {
		return hint(errors.New("this deletes figures for good"), "add --yes; footfall backup FILE keeps a copy")
	}
	if c.To != "" && c.From == "" {
		return wrong("--to needs --from")
	}
	gone, err := askOnce[int](root.Data, toWrite, "/site/reset", resetQuestion{c.Domain, c.From, c.To})
	if err != nil {
		return err
	}
	return c.tell(io.out, resetReply{c.Domain, gone}, "%d blocks of %s are gone\n", gone, c.Domain)
}
