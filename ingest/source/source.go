// Package source tells where a visit came from: its source, its referrer's
// address and its channel. It owns the names of sources (sources.tsv, embedded),
// the reading of referrers, and the channel rules.
//
// It is pure and keeps nothing. Of a referrer's address it returns host and path
// only, never the query, and nothing of one that belongs to the site itself. It
// must never see an address of a visitor or a user agent.
package source

import (
	"strings"

	"footfall/aggregate"
)

// ClickIDs is the set of click ids whose names stood in the page's query. Their
// values are never kept.
type ClickIDs uint8

// The click ids that advertisers' redirects add.
const (
	GCLID ClickIDs = 1 << iota
	GBRAID
	WBRAID
	MSCLKID
	FBCLID
	TWCLID
)

// ClickID is the click id that a query key names, 0 if none.
func ClickID(key []byte) ClickIDs {
	switch string(key) {
	case "gclid":
		return GCLID
	case "gbraid":
		return GBRAID
	case "wbraid":
		return WBRAID
	case "msclkid":
		return MSCLKID
	case "fbclid":
		return FBCLID
	case "twclid":
		return TWCLID
	}
	return 0
}

// Input is what a beacon says about where its visit came from. Texts are clean
// (valid UTF-8, no control characters), apart from Referrer, which may be anything.
type Input struct {
	Site     aggregate.Site
	PageHost string // host of the page, with or without www. and port
	Referrer string // as sent
	Tag      string // utm_source, else source, else ref
	Medium   string // utm_medium
	Campaign string // utm_campaign
	ClickIDs ClickIDs
	// Renamed are names that the site gives to sources, by what they are called
	// without it, in lower case.
	Renamed map[string]string
}

// Origin is where a visit came from. Blank = not known.
type Origin struct {
	Source  string // a known name, else the tag, else the referrer's host without www.
	Address string // host and path of the referrer, at most MaxAddress bytes
	Medium  string // Input.Medium, or the click id that stands for a blank one
	Channel string // one of Channels
}

// Find answers for one beacon. The strings of its answer are constants or parts
// of the input's, so they live as long as those.
func Find(in *Input) Origin {
	from := readReferrer(in.Referrer)
	if from.host != "" && from.scheme == web && (isLocal(from.host) || isOwn(from.host, in)) {
		from = referrer{}
	}
	name, known, paid := "", (*entry)(nil), false
	if from.host != "" {
		if name, known = from.source(); known != nil && known.class == passage {
			from, name, known = referrer{}, "", nil
		}
	}
	if in.Tag != "" {
		name, known, paid = lookUpTag(in.Tag)
	}
	if len(in.Renamed) > 0 && name != "" {
		name, known = rename(name, known, in.Renamed)
	}
	o := Origin{Source: name, Address: from.address(), Medium: impliedMedium(name, in)}
	o.Channel = channel(&visit{source: name, known: known, paidSource: paid,
		tag: in.Tag, medium: o.Medium, campaign: in.Campaign, clicks: in.ClickIDs})
	return o
}

// rename gives a source the name that the site has for it. What the new name is known
// as counts for the channel; one that is not known leaves that as it was.
func rename(name string, known *entry, renamed map[string]string) (string, *entry) {
	var buffer [128]byte
	to, ok := renamed[string(lower(buffer[:0], name))]
	if !ok {
		return name, known
	}
	if t, ok := names.tags[string(lower(buffer[:0], to))]; ok {
		if known = t.entry; strings.EqualFold(to, known.name) {
			to = known.name
		}
	}
	return to, known
}

// impliedMedium puts the click id in the place of a blank medium.
func impliedMedium(source string, in *Input) string {
	switch {
	case in.Medium != "":
		return in.Medium
	case source == google && in.ClickIDs&GCLID != 0:
		return "(gclid)"
	case source == bing && in.ClickIDs&MSCLKID != 0:
		return "(msclkid)"
	}
	return ""
}

// AppendReferrer appends the stored value of aggregate.Referrer: source and
// address, without blank parts at the end.
func (o *Origin) AppendReferrer(dst []byte) []byte {
	dst = append(dst, o.Source...)
	if o.Address == "" {
		return dst
	}
	dst = append(dst, aggregate.Separator...)
	return append(dst, o.Address...)
}

// isOwn reports whether a referrer's host is the site itself: the page's host,
// the site's domain or one below it.
func isOwn(host string, in *Input) bool {
	site := bareHost(string(in.Site))
	return strings.EqualFold(host, bareHost(in.PageHost)) || host == site ||
		site != "" && strings.HasSuffix(host, site) && host[len(host)-len(site)-1] == '.'
}

// bareHost drops port, dot at the end and www.
func bareHost(host string) string {
	host, _ = splitPort(host)
	return withoutWWW(strings.TrimSuffix(host, "."))
}

func withoutWWW(host string) string {
	if len(host) > 4 && host[3] == '.' && strings.EqualFold(host[:3], "www") {
		return host[4:]
	}
	return host
}

// isLocal reports whether a host is the visitor's own machine: somebody builds
// the site.
func isLocal(host string) bool {
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "[::1]" || host == "0.0.0.0" ||
		strings.HasPrefix(host, "127.") && strings.Trim(host, "0123456789.") == ""
}
