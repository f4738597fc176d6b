package source

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// The channels, in the order in which their rules are asked.
const (
	CrossNetwork    = "Cross-network"
	PaidShopping    = "Paid Shopping"
	PaidSearch      = "Paid Search"
	PaidSocial      = "Paid Social"
	PaidVideo       = "Paid Video"
	Display         = "Display"
	PaidOther       = "Paid Other"
	OrganicShopping = "Organic Shopping"
	OrganicSocial   = "Organic Social"
	OrganicVideo    = "Organic Video"
	AIAssistants    = "AI Assistants"
	OrganicSearch   = "Organic Search"
	Email           = "Email"
	Affiliates      = "Affiliates"
	Audio           = "Audio"
	SMS             = "SMS"
	Push            = "Mobile Push Notifications"
	Referral        = "Referral"
	Direct          = "Direct"
)

// Channels lists all channels.
func Channels() []string {
	return []string{CrossNetwork, PaidShopping, PaidSearch, PaidSocial, PaidVideo, Display, PaidOther,
		OrganicShopping, OrganicSocial, OrganicVideo, AIAssistants, OrganicSearch, Email, Affiliates,
		Audio, SMS, Push, Referral, Direct}
}

// visit is what the rules ask about.
type visit struct {
	source     string
	known      *entry // of the source, nil if it is not known
	paidSource bool   // the tag speaks of ads
	tag        string
	medium     string
	campaign   string
	clicks     ClickIDs
}

func (v *visit) is(c class) bool { return v.known != nil && v.known.class == c }

// channel is the first of the rules that matches. It allocates only for texts
// that are very long or not ASCII.
func channel(v *visit) string {
	var buffers [3][128]byte
	medium := lower(buffers[0][:0], v.medium)
	campaign := lower(buffers[1][:0], v.campaign)
	tag := lower(buffers[2][:0], v.tag)

	paid := isPaidMedium(medium)
	ads := paid || v.paidSource
	shop := v.is(shopping) || isShopCampaign(campaign)
	switch {
	case has(campaign, "cross-network"):
		return CrossNetwork
	case shop && paid:
		return PaidShopping
	case v.is(search) && ads, v.source == google && v.clicks&GCLID != 0, v.source == bing && v.clicks&MSCLKID != 0:
		return PaidSearch
	case v.is(social) && ads:
		return PaidSocial
	case v.is(video) && ads:
		return PaidVideo
	case isAny(medium, "display", "banner", "expandable", "interstitial", "cpm"):
		return Display
	case paid:
		return PaidOther
	case shop:
		return OrganicShopping
	case v.is(social), isAny(medium, "social", "social-network", "social-media", "sm", "social network", "social media"):
		return OrganicSocial
	case v.is(video), has(medium, "video"):
		return OrganicVideo
	case v.is(ai):
		return AIAssistants
	case v.is(search):
		return OrganicSearch
	}
	return ownedChannel(v, tag, medium)
}

// ownedChannel goes through the rules that are mostly about the owner's own
// mailings and links.
func ownedChannel(v *visit, tag, medium []byte) string {
	switch {
	case v.is(mail), isEmail(tag), isEmail(medium):
		return Email
	case isAny(medium, "affiliate"):
		return Affiliates
	case isAny(medium, "audio"):
		return Audio
	case isAny(tag, "sms"), isAny(medium, "sms"):
		return SMS
	case bytes.HasSuffix(medium, []byte("push")), has(medium, "mobile"), has(medium, "notification"),
		isAny(tag, "firebase"), v.source == "firebase":
		return Push
	case v.source != "", isAny(medium, "referral", "app", "link"):
		return Referral
	}
	return Direct
}

func isEmail(text []byte) bool {
	for _, word := range [...]string{"email", "e-mail", "e_mail", "e mail", "newsletter"} {
		if has(text, word) {
			return true
		}
	}
	return false
}

// isPaidMedium is ^(.*cp.*|ppc|retargeting|paid.*)$; a "." stands for no line break.
func isPaidMedium(m []byte) bool {
	if isAny(m, "ppc", "retargeting") {
		return true
	}
	return (has(m, "cp") || bytes.HasPrefix(m, []byte("paid"))) && !has(m, "\n")
}

// isShopCampaign is ^(.*(([^a-df-z]|^)shop|shopping).*)$: shopping anywhere, or
// shop after anything but a letter other than e ("eshop").
func isShopCampaign(c []byte) bool {
	for at := 0; ; at += len("shop") {
		i := bytes.Index(c[at:], []byte("shop"))
		if i < 0 {
			return false
		}
		at += i
		tail := c[at+len("shop"):]
		if has(tail, "\n") {
			continue
		}
		before, size := utf8.DecodeLastRune(c[:at]) // nothing and size 0 at the start
		begins := before == 'e' || before < 'a' || before > 'z'
		if begins && !has(c[:at-size], "\n") || bytes.HasPrefix(tail, []byte("ping")) && !has(c[:at], "\n") {
			return true
		}
	}
}

func has(text []byte, part string) bool { return bytes.Contains(text, []byte(part)) }

func isAny(text []byte, words ...string) bool {
	for _, w := range words {
		if string(text) == w {
			return true
		}
	}
	return false
}

// lower appends s in lower case.
func lower(dst []byte, s string) []byte {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return append(dst, strings.ToLower(s)...)
		}
	}
	return lowerASCII(dst, s)
}

// NameOf is what we call a source that others call by a name, an alias or a host.
func NameOf(said string) string {
	name, _, _ := lookUpTag(said)
	return name
}

// ChannelOf is the channel of a visit whose source is known by its name already.
// A medium that a click id stood for tells of that one.
func ChannelOf(name, tag, medium, campaign string) string {
	said := tag
	if said == "" {
		said = name
	}
	_, known, paid := lookUpTag(said)
	v := visit{source: name, known: known, paidSource: paid && tag != "", tag: tag, medium: medium, campaign: campaign}
	switch medium {
	case "(gclid)":
		v.clicks = GCLID
	case "(msclkid)":
		v.clicks = MSCLKID
	}
	return channel(&v)
}
