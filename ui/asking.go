package ui

import (
	"errors"
	"sync"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/ui/words"
)

// answer is what came of one query.
type answer struct {
	report *aggregate.Report
	err    error
}

// asking runs queries side by side.
type asking struct {
	u    *UI
	wait sync.WaitGroup
}

func (a *asking) run(into *answer, q aggregate.Query) {
	a.wait.Go(func() {
		into.report, into.err = a.u.ask.Answer(&q)
		if into.err == nil && into.report == nil {
			into.err = errors.New("BUG: neither a report nor an error")
		}
	})
}

// sentence is sentenceIn for pages that speak English only.
func (u *UI) sentence(site aggregate.Site, err error) string {
	return u.sentenceIn(words.For("en"), site, err)
}

// sentenceIn is an error as the page says it. What is no refusal is a fault of
// ours: it goes to the log, at most once a minute, as a page asks every other second.
func (u *UI) sentenceIn(l *words.Locale, site aggregate.Site, err error) string {
	var refusal *ask.Refusal
	if errors.As(err, &refusal) {
		return refusal.Error()
	}
	if u.failures.due(u.clock()) {
		u.log.Error("a report could not be made", "site", string(site), "err", err)
	}
	return l.Say("site.unreadable")
}

// failures spaces out what is logged.
type failures struct {
	mu   sync.Mutex // protects last
	last time.Time
}

func (f *failures) due(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if since := now.Sub(f.last); since >= 0 && since < time.Minute {
		return false
	}
	f.last = now
	return true
}
