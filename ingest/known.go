package ingest

import (
	"footfall/aggregate"
	"footfall/ingest/agent"
	"footfall/ingest/geo"
	"footfall/ingest/source"
)

// Known are facts of a visit that somebody else has found out: exports of other
// products tell them in the place of an address and a user agent. Blank = not told.
type Known struct {
	Agent agent.Agent
	Place geo.Place
	// Source is a source that is known by its name, where there is no referrer.
	Source string
}

// ReadEvent fills the ticket with an event that somebody else has recorded.
func (t *Ticket) ReadEvent(name, url, referrer string) {
	t.Reset()
	t.fields[keyName] = field{kind: textField, text: name}
	t.fields[keyURL] = field{kind: textField, text: url}
	t.fields[keyReferrer] = field{kind: textField, text: referrer}
	t.read()
}

// named gives the hit a source that was told by its name.
func (k *Known) named(t *Ticket) {
	f := &t.Hit.Facts
	if k == nil || k.Source == "" || f[aggregate.Source] != aggregate.Blank {
		return
	}
	name := t.text.clean(k.Source)
	f[aggregate.Source], f[aggregate.Referrer] = name, name
	f[aggregate.Channel] = source.ChannelOf(name, "", f[aggregate.UTMMedium], f[aggregate.UTMCampaign])
}
