// Package agent tells browser, system and device from a user agent, and which
// agents are no people.
package agent

// Agent is what is told of a user agent. Blank = not known.
type Agent struct {
	Browser, BrowserVersion string
	OS, OSVersion           string
	Device                  string // Desktop, Mobile, Tablet
	Bot                     string // "" = a person; else a Bot... constant
}

// Kinds of bots.
const (
	BotCrawler  = "crawler"
	BotAI       = "ai"
	BotLibrary  = "library"
	BotMonitor  = "monitor"
	BotPreview  = "preview"
	BotHeadless = "headless"
	BotShape    = "shape" // looks like no browser
)

// Parser reads user agents and remembers the latest under a keyed hash.
type Parser struct{}

// NewParser makes a Parser that remembers about so many agents; 0 = 8192.
func NewParser(remember int) *Parser { return &Parser{} }

// Parse reads a user agent. Nothing of it is kept.
func (p *Parser) Parse(agent []byte) Agent { return Agent{} }

// BrowserVersionValue is the stored value of aggregate.BrowserVersion.
func (a *Agent) BrowserVersionValue() string { return "" }

// OSVersionValue is the stored value of aggregate.OSVersion.
func (a *Agent) OSVersionValue() string { return "" }
