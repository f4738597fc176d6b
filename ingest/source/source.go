// Package source tells where a visit came from: its source, its referrer's
// address and its channel.
package source

import "footfall/aggregate"

// ClickIDs is the set of click ids whose names stood in the page's query. Their
// values are never kept.
type ClickIDs uint8

const (
	GCLID ClickIDs = 1 << iota
	GBRAID
	WBRAID
	MSCLKID
	FBCLID
	TWCLID
)

// ClickID is the click id that a query key names, 0 if none.
func ClickID(key []byte) ClickIDs { return 0 }

// Input is what a beacon says about where its visit came from. Texts are clean
// (valid UTF-8, no control characters), apart from Referrer, which may be anything.
type Input struct {
	Site     aggregate.Site
	PageHost string // host of the page
	Referrer string // as sent
	Tag      string // utm_source, else source, else ref
	Medium   string // utm_medium
	Campaign string // utm_campaign
	ClickIDs ClickIDs
}

// Origin is where a visit came from. Blank = not known.
type Origin struct {
	Source  string
	Address string // host and path of the referrer
	Medium  string // Input.Medium, or the click id that stands for it
	Channel string
}

// Find answers for one beacon. Its strings are constants, or parts of the input's.
func Find(in *Input) Origin { return Origin{} }

// AppendReferrer appends the stored value of aggregate.Referrer.
func (o *Origin) AppendReferrer(dst []byte) []byte { return dst }
