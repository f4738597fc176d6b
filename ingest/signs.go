package ingest

import (
	"net/netip"

	"footfall/ingest/agent"
)

// Signs are what the headers of a request say about whether a person's browser
// sent it. Each can be wrong about somebody: proxies drop headers, people hide
// behind another browser's name or in a data centre's network, and back ends
// report visits in the visitor's name. So no single one refuses anybody, and what
// is missing counts as one sign however much it is. That requests with Sec-Fetch-*
// come over HTTP/1.1 is none: it is what this server speaks.
type Signs struct {
	Hints   agent.Hints
	Missing bool // no Accept-Language, which browsers cannot be told to leave out
	Odd     bool // Sec-Fetch-* of what no script sends
}

// isOddFetch recognizes the headers of a page that is being opened
// (https://www.w3.org/TR/fetch-metadata/). Beacons are sent by scripts and images.
func isOddFetch(mode, dest, user []byte) bool {
	switch string(mode) {
	case "navigate", "websocket":
		return true
	}
	switch string(dest) {
	case "", "empty", "image", "script":
		return len(user) > 0
	}
	return true
}

// Networks knows networks: geo.Networks.
type Networks interface {
	// Datacenter reports whether machines live at an address, and hardly any people.
	Datacenter(netip.Addr) bool
}

// UseNetworks makes an address in a data centre a sign. It must come before the
// first beacon.
func (c *Clerk) UseNetworks(networks Networks) { c.networks = networks }

// recognize reads the caller's agent, and puts all signs together: two of them are
// as good as a name. Addresses nearby are left out: there an owner tries things
// with a browser that a script drives under another name, or a proxy hides who it is.
func (c *Clerk) recognize(who *Caller) agent.Agent {
	switch {
	case who.Known != nil:
		return who.Known.Agent
	case who.NoAgent:
		return agent.Agent{}
	}
	told := c.agents.Parse(who.Agent, &who.Signs.Hints)
	if told.Bot != "" || isNearby(who.Addr) {
		return told
	}
	signs := told.Doubts
	if who.Signs.Missing {
		signs++
	}
	if who.Signs.Odd {
		signs++
	}
	if signs == 1 && c.networks != nil && c.networks.Datacenter(who.Addr) {
		signs++
	}
	if signs >= 2 {
		return agent.Agent{Bot: agent.BotShape}
	}
	return told
}
