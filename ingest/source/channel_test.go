package source

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestChannelsByTheirRules(t *testing.T) {
	const (
		searched = "https://www.google.com/"
		liked    = "https://www.facebook.com/"
		watched  = "https://www.youtube.com/"
		bought   = "https://www.amazon.com/"
		asked    = "https://chatgpt.com/"
		linked   = "https://friend.org/"
	)
	cases := []struct {
		referrer, tag, medium, campaign string
		clicks                          ClickIDs
		want                            string
	}{
		// 1
		{campaign: "cross-network", want: CrossNetwork},
		{campaign: "Spring Cross-Network 2026", medium: "cpc", tag: "google", want: CrossNetwork},
		{campaign: "crossnetwork", want: Direct},
		// 2
		{tag: "amazon", medium: "cpc", want: PaidShopping},
		{referrer: bought, medium: "paid", want: PaidShopping},
		{tag: "google", medium: "cpc", campaign: "shopping", want: PaidShopping},
		{tag: "google", medium: "ppc", campaign: "my-shop", want: PaidShopping},
		{medium: "retargeting", campaign: "Eshop", want: PaidShopping},
		{tag: "etsy-ads", medium: "", want: OrganicShopping}, // the rule asks for the medium alone
		// 3
		{tag: "google", medium: "cpc", want: PaidSearch},
		{tag: "Google", medium: "CPC", want: PaidSearch},
		{referrer: searched, medium: "ppc", want: PaidSearch},
		{referrer: searched, medium: "paidsearch", want: PaidSearch},
		{tag: "adwords", want: PaidSearch},
		{tag: "google-ads", want: PaidSearch},
		{tag: "googleads", want: PaidSearch},
		{tag: "gads", want: PaidSearch},
		{tag: "bing_ads", medium: "whatever", want: PaidSearch},
		{referrer: searched, clicks: GCLID, want: PaidSearch},
		{referrer: "https://www.bing.com/", clicks: MSCLKID, want: PaidSearch},
		{tag: "duckduckgo", medium: "xcpx", want: PaidSearch},
		{tag: "google", medium: "cpm", want: PaidSearch}, // cpm contains cp
		// 4
		{tag: "facebook", medium: "cpc", want: PaidSocial},
		{tag: "fb", medium: "paid-social", want: PaidSocial},
		{tag: "fb-ads", want: PaidSocial},
		{tag: "fbads", want: PaidSocial},
		{tag: "facebook_ad", want: PaidSocial},
		{tag: "reddit-ads", want: PaidSocial},
		{tag: "twitter_ads", want: PaidSocial},
		{tag: "tiktokads", want: PaidSocial},
		{referrer: liked, medium: "paid", want: PaidSocial},
		{referrer: "https://news.ycombinator.com/", medium: "retargeting", want: PaidSocial},
		// 5
		{tag: "youtube", medium: "cpv-cp", want: PaidVideo},
		{tag: "yt-ads", want: PaidVideo},
		{referrer: watched, medium: "paid", want: PaidVideo},
		// 6
		{tag: "friend", medium: "display", want: Display},
		{tag: "friend", medium: "Banner", want: Display},
		{medium: "expandable", want: Display},
		{medium: "interstitial", want: Display},
		{tag: "friend", medium: "cpm", want: Display},
		{tag: "google", medium: "display", want: Display},
		// 7
		{tag: "friend", medium: "cpc", want: PaidOther},
		{tag: "friend", medium: "paid", want: PaidOther},
		{medium: "retargeting", want: PaidOther},
		{tag: "newsletter", medium: "cpc", want: PaidOther},
		{tag: "chatgpt", medium: "cpc", want: PaidOther},
		{tag: "unpaid", medium: "unpaid", want: Referral},
		// 8
		{referrer: bought, want: OrganicShopping},
		{tag: "walmart", want: OrganicShopping},
		{tag: "google", campaign: "shop", want: OrganicShopping},
		{tag: "google", campaign: "window shopping", want: OrganicShopping},
		{tag: "google", campaign: "workshop", want: OrganicSearch},
		{tag: "google", campaign: "the-e-shop", want: OrganicShopping},
		// 9
		{referrer: liked, want: OrganicSocial},
		{tag: "friend", medium: "social", want: OrganicSocial},
		{tag: "friend", medium: "Social-Network", want: OrganicSocial},
		{medium: "social-media", want: OrganicSocial},
		{medium: "sm", want: OrganicSocial},
		{medium: "social network", want: OrganicSocial},
		{medium: "social media", want: OrganicSocial},
		{tag: "google", medium: "social", want: OrganicSocial},
		{referrer: "https://github.com/", want: OrganicSocial},
		// 10
		{referrer: watched, want: OrganicVideo},
		{tag: "friend", medium: "my-video-x", want: OrganicVideo},
		{tag: "twitch", want: OrganicVideo},
		// 11
		{referrer: asked, want: AIAssistants},
		{tag: "chatgpt.com", referrer: asked, want: AIAssistants},
		{tag: "claude", want: AIAssistants},
		{tag: "copilot", medium: "email", want: AIAssistants},
		// 12
		{referrer: searched, want: OrganicSearch},
		{tag: "google", medium: "organic", want: OrganicSearch},
		{tag: "google", medium: "email", want: OrganicSearch},
		{referrer: searched, medium: "sms", want: OrganicSearch},
		// 13
		{tag: "gmail", want: Email},
		{referrer: "https://mail.google.com/", want: Email},
		{tag: "friend", medium: "email", want: Email},
		{tag: "friend", medium: "E-Mail", want: Email},
		{tag: "friend", medium: "e_mail", want: Email},
		{tag: "friend", medium: "e mail", want: Email},
		{tag: "Newsletter", want: Email},
		{tag: "my-newsletter-7", want: Email},
		{tag: "emailing", want: Email},
		{referrer: linked, medium: "newsletter", want: Email},
		// 14, 15, 16
		{tag: "friend", medium: "affiliate", want: Affiliates},
		{tag: "friend", medium: "affiliates", want: Referral},
		{tag: "friend", medium: "audio", want: Audio},
		{tag: "sms", want: SMS},
		{tag: "SMS", medium: "x", want: SMS},
		{tag: "friend", medium: "sms", want: SMS},
		// 17
		{tag: "friend", medium: "push", want: Push},
		{tag: "friend", medium: "web-push", want: Push},
		{tag: "friend", medium: "pushed", want: Referral},
		{tag: "friend", medium: "mobile-app", want: Push},
		{tag: "friend", medium: "notifications", want: Push},
		{tag: "firebase", want: Push},
		{tag: "Firebase", medium: "x", want: Push},
		// 18, 19
		{medium: "referral", want: Referral},
		{medium: "app", want: Referral},
		{medium: "link", want: Referral},
		{referrer: linked, want: Referral},
		{tag: "friend", want: Referral},
		{referrer: "https://en.wikipedia.org/", want: Referral},
		{tag: "linktree", want: Referral},
		{want: Direct},
		{medium: "whatever", want: Direct},
		{campaign: "spring", want: Direct},
		{clicks: GCLID, want: Direct},
	}
	for _, c := range cases {
		got := Find(&Input{Site: "example.com", PageHost: "example.com", Referrer: c.referrer, Tag: c.tag,
			Medium: c.medium, Campaign: c.campaign, ClickIDs: c.clicks})
		if got.Channel != c.want {
			t.Errorf("referrer %q, tag %q, medium %q, campaign %q, clicks %b: %q, want %q",
				c.referrer, c.tag, c.medium, c.campaign, c.clicks, got.Channel, c.want)
		}
	}
}

func TestEveryChannelIsListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Channels() {
		if seen[c] {
			t.Errorf("%q is listed twice", c)
		}
		seen[c] = true
	}
	if len(seen) != 19 {
		t.Errorf("%d channels, want 19", len(seen))
	}
}

// The matchers are written by hand because they stand in the way of every
// beacon; these are the rules as they are specified.
var (
	paidMedium   = regexp.MustCompile(`^(.*cp.*|ppc|retargeting|paid.*)$`)
	shopCampaign = regexp.MustCompile(`^(.*(([^a-df-z]|^)shop|shopping).*)$`)
)

// pieces are what texts near the rules' borders are made of.
var pieces = []string{"cp", "c", "p", "pc", "ppc", "retargeting", "paid", "pai", "d", "shop", "shopping", "sho", "ping", "sshop",
	"e", "a", "z", "E", "SHOP", "CP", "Paid", " ", "-", "\n", "é", "É", "\u212a", "ſ", "\xff", "1", "_"}

func near(t *rapid.T, name string) string {
	if rapid.Bool().Draw(t, "wild") {
		return rapid.String().Draw(t, name)
	}
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 8).Draw(t, name), "")
}

func TestMatchersEqualTheSpecifiedExpressions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := near(t, "text")
		folded := strings.ToLower(text)
		if got, want := string(lower(nil, text)), folded; got != want {
			t.Fatalf("%q in lower case is %q, want %q", text, got, want)
		}
		if got, want := isPaidMedium(lower(nil, text)), paidMedium.MatchString(folded); got != want {
			t.Fatalf("paid medium %q: %v, the expression says %v", text, got, want)
		}
		if got, want := isShopCampaign(lower(nil, text)), shopCampaign.MatchString(folded); got != want {
			t.Fatalf("shop campaign %q: %v, the expression says %v", text, got, want)
		}
	})
}

func FuzzMatchers(f *testing.F) {
	for _, p := range pieces {
		f.Add(p + "shop" + p)
	}
	f.Fuzz(func(t *testing.T, text string) {
		folded := strings.ToLower(text)
		if got, want := isPaidMedium(lower(nil, text)), paidMedium.MatchString(folded); got != want {
			t.Fatalf("paid medium %q: %v, the expression says %v", text, got, want)
		}
		if got, want := isShopCampaign(lower(nil, text)), shopCampaign.MatchString(folded); got != want {
			t.Fatalf("shop campaign %q: %v, the expression says %v", text, got, want)
		}
	})
}
