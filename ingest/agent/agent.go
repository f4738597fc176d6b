// Package agent tells browser, system and device from a user agent, and which
// agents are no people. The raw user agent ends here (and in package visitor):
// none of the strings that Parse returns is a part of it, and the parser
// remembers what it has read under a keyed hash only.
//
// The base is mssola/useragent, with ordered tables of our own in front for what
// it gets wrong: browsers that call themselves something else as well (browsers.go),
// systems and devices (systems.go). What a browser says of itself in client hints
// goes before both (hints.go). Names come from these tables alone, so that nobody
// can put words of their own on a dashboard; what is not in them stays blank.
//
// Programs are known by name (names.txt, ours; crawlers.txt, from a package), by
// words that tell a trade, by addresses of their makers (bots.go), and by their
// shape (shape.go). No regular expression is tried.
//
// The package must never see an address, logs nothing and keeps no agent.
//
// Caveats. Where there are no hints, Brave and any browser that hides well is
// counted as what it claims to be, Windows 11 as 10, and a Mac as 10.15. iPadOS
// asks for desktop pages as a Mac and is told apart only in apps and in browsers
// other than Safari; so is an Android tablet whose browser does it under Linux.
// Apps that speak for themselves on a Mac with Apple's processor look like those of
// a phone. Tablets whose agent says Mobile are phones unless their model is known.
// Consoles, headsets and television sets are desktops, or what they say. A program
// that says word for word what a browser says is a person here: that is for the
// other signs of a request to tell.
package agent

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"

	"footfall/aggregate"
)

// Agent is what is told of a user agent. Blank = not known.
type Agent struct {
	Browser, BrowserVersion string // versions are major.minor at most
	OS, OSVersion           string
	Device                  string // Desktop, Mobile, Tablet
	Bot                     string // "" = a person; else one of the Bot... constants
	BotName                 string // under which we know the program, if we do
	// Doubts is how many client hints contradict the agent: about the engine, about
	// the platform. One may be a person who hides; see the caller's other signs.
	Doubts int

	browserValue, osValue, refusal string // joined once
}

// Devices.
const (
	Desktop = "Desktop"
	Mobile  = "Mobile"
	Tablet  = "Tablet"
)

// Kinds of agents that are no people.
const (
	BotCrawler  = "crawler"  // search engines, archives, audits, feed readers, scanners
	BotAI       = "ai"       // crawlers and fetchers of language models
	BotLibrary  = "library"  // HTTP clients of programs
	BotMonitor  = "monitor"  // uptime and speed checks
	BotPreview  = "preview"  // link previews of messengers and networks
	BotHeadless = "headless" // browsers that nobody looks at
	BotShape    = "shape"    // like no browser's agent, or at odds with its headers
	// BotBehaviour is for whoever is faster than people; no agent tells that.
	BotBehaviour = "behaviour"
)

// BrowserVersionValue is the stored value of aggregate.BrowserVersion.
func (a *Agent) BrowserVersionValue() string {
	if a.browserValue != "" {
		return a.browserValue
	}
	return aggregate.Join(a.Browser, a.BrowserVersion)
}

// OSVersionValue is the stored value of aggregate.OSVersion.
func (a *Agent) OSVersionValue() string {
	if a.osValue != "" {
		return a.osValue
	}
	return aggregate.Join(a.OS, a.OSVersion)
}

// Refusal tells why an agent that is a Bot does not count, for the ledger: its
// kind, and of a language model's program its name ("crawler", "ai: GPTBot").
func (a *Agent) Refusal() string {
	switch {
	case a.refusal != "":
		return a.refusal
	case a.Bot == BotAI && a.BotName != "":
		return a.Bot + ": " + a.BotName
	}
	return a.Bot
}

// MaxLength is how much of a user agent is read. Real ones have about 200 bytes;
// the base's time grows faster than its input.
const MaxLength = 512

// Parser reads user agents and remembers the answers. It is safe for concurrent
// use and takes no lock.
//
// An answer is kept under a 64-bit hash whose key is made when the process
// starts, in one of the four places that the hash allows; when all are taken,
// one makes room. Agents themselves are not kept, so two that share a hash share
// an answer: by chance that takes thousands of millions of them.
type Parser struct {
	seed   maphash.Seed
	places []atomic.Pointer[answer]
	mask   uint64
}

const ways = 4

type answer struct {
	hash  uint64
	agent Agent
}

// NewParser makes a parser that remembers up to about so many agents, of some
// 300 bytes each; 0 = 8192.
func NewParser(remember int) *Parser {
	if remember <= 0 {
		remember = 8192
	}
	n := ways
	for n < remember {
		n *= 2
	}
	return &Parser{seed: maphash.MakeSeed(), places: make([]atomic.Pointer[answer], n), mask: uint64(n - 1)}
}

// Parse reads a user agent and the hints that came with it, nil where none can
// have. Nothing of them is kept.
func (p *Parser) Parse(agent []byte, hints *Hints) Agent {
	agent = agent[:min(len(agent), MaxLength)]
	hash := p.hash(agent, hints)
	first := hash * ways & p.mask
	free := first + hash>>62
	for i := first; i < first+ways; i++ {
		a := p.places[i].Load()
		if a == nil {
			free = i
			break
		}
		if a.hash == hash {
			return a.agent
		}
	}
	a := &answer{hash, read(string(agent), hints)}
	p.places[free].Store(a)
	return a.agent
}

// hash is that of all that an answer depends on.
func (p *Parser) hash(agent []byte, hints *Hints) uint64 {
	hash := maphash.Bytes(p.seed, agent)
	if hints == nil || len(hints.Brands) == 0 {
		return hash
	}
	for _, hint := range hints.all() {
		// Turning makes the order count, and keeps equal hints from undoing each other.
		hash = bits.RotateLeft64(hash, 11)*0x9e3779b97f4a7c15 ^ maphash.Bytes(p.seed, hint[:min(len(hint), maxHint)])
	}
	return hash
}

// read is Parse without memory. Of programs nothing else is told: most agents made
// to be slow to read are found to be none of a person's first.
func read(ua string, hints *Hints) (a Agent) {
	if a.Bot, a.BotName = botKind(ua); a.Bot != "" {
		a.refusal = a.Refusal()
		return a
	}
	a.OS, a.OSVersion, a.Device = system(ua)
	a.Browser, a.BrowserVersion = browser(ua, &a)
	if hints != nil {
		a.refine(ua, hints)
	}
	a.browserValue, a.osValue, a.refusal = a.BrowserVersionValue(), a.OSVersionValue(), a.Refusal()
	return a
}
