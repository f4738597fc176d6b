package team

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"footfall/aggregate"
)

// NoticeKind is what a notice tells of.
type NoticeKind string

const (
	Weekly  NoticeKind = "weekly"  // the week that has ended on Sunday
	Monthly NoticeKind = "monthly" // the calendar month that has ended
	Spike   NoticeKind = "spike"   // many visitors within the last 30 minutes
	Drop    NoticeKind = "drop"    // few pageviews within the last 12 hours
)

// NoticeKinds are all there are.
func NoticeKinds() []NoticeKind { return []NoticeKind{Weekly, Monthly, Spike, Drop} }

// Alert reports whether the notice is about something that happens, not about a
// time that has passed.
func (k NoticeKind) Alert() bool { return k == Spike || k == Drop }

// NoticeChannel is how a notice travels.
type NoticeChannel string

const (
	ByMail    NoticeChannel = "mail"
	BySlack   NoticeChannel = "slack"
	ByDiscord NoticeChannel = "discord"
	ByTeams   NoticeChannel = "teams"
	ByWebhook NoticeChannel = "webhook" // JSON of our own, signed
)

// NoticeChannels are all there are.
func NoticeChannels() []NoticeChannel {
	return []NoticeChannel{ByMail, BySlack, ByDiscord, ByTeams, ByWebhook}
}

// Notice is something that the team wants to be told of a site, and whereto.
type Notice struct {
	Site    aggregate.Site `json:"site"`
	Kind    NoticeKind     `json:"kind"`
	Channel NoticeChannel  `json:"channel"`
	To      string         `json:"to"`               // a mail address, or the address of a hook
	Secret  string         `json:"secret,omitempty"` // ByWebhook: what signs it; random
	Lang    string         `json:"lang"`             // of the text: "de"
	// Level is the number of visitors from which a spike, or of pageviews below
	// which a drop is told.
	Level int   `json:"level,omitempty"`
	Since int64 `json:"since"` // when it was made
	// Told is what was told last: of reports the first day of the time that they are
	// about, of alerts the instant. It is written before the notice leaves, so that
	// nothing is told twice, whatever happens in between.
	Told int64 `json:"told"`
}

// OfSite is the site that the notice is about.
func (n Notice) OfSite() aggregate.Site { return n.Site }

// ErrNotice is returned for a notice that cannot be meant; the text says why.
var ErrNotice = errors.New("notice")

// MaxLevel bounds Notice.Level.
const MaxLevel = 10_000_000

// Check refuses a notice that cannot be meant. The error wraps ErrNotice.
func (n *Notice) Check() error {
	switch {
	case !slices.Contains(NoticeKinds(), n.Kind):
		return fmt.Errorf("%w: %q is none of weekly, monthly, spike, drop", ErrNotice, n.Kind)
	case !slices.Contains(NoticeChannels(), n.Channel):
		return fmt.Errorf("%w: %q is none of mail, slack, discord, teams, webhook", ErrNotice, n.Channel)
	case n.Kind.Alert() && (n.Level < 1 || n.Level > MaxLevel):
		return fmt.Errorf("%w: a %s takes a number from 1 to %d", ErrNotice, n.Kind, MaxLevel)
	case !n.Kind.Alert() && n.Level != 0:
		return fmt.Errorf("%w: a %s report takes no number", ErrNotice, n.Kind)
	case len(n.To) > 1000 || strings.ContainsFunc(n.To, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return fmt.Errorf("%w: the address to send to is too long, or has blanks", ErrNotice)
	case n.Channel == ByMail:
		if a, err := mail.ParseAddress(n.To); err != nil || a.Address != n.To {
			return fmt.Errorf("%w: %q is no mail address", ErrNotice, n.To)
		}
		return nil
	}
	u, err := url.Parse(n.To)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return fmt.Errorf("%w: the address of a hook begins with https:// and has no password", ErrNotice)
	}
	return nil
}
