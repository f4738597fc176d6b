package source

import (
	"strings"
	"testing"

	"footfall/aggregate"
)

// What browsers really send as a referrer, and where that is.
var referrers = []struct{ referrer, source, channel string }{
	// Search engines.
	{"https://www.google.com/", "Google", OrganicSearch},
	{"https://www.google.co.uk/", "Google", OrganicSearch},
	{"https://www.google.de/", "Google", OrganicSearch},
	{"https://www.google.com.br/", "Google", OrganicSearch},
	{"https://www.google.cat/", "Google", OrganicSearch},
	{"https://google.com", "Google", OrganicSearch},
	{"https://images.google.fr/imgres?imgurl=x", "Google", OrganicSearch},
	{"https://syndicatedsearch.goog/", "Google", OrganicSearch},
	{"https://www.googleadservices.com/pagead/aclk?sa=L", "Google", OrganicSearch},
	{"android-app://com.google.android.googlequicksearchbox/", "Google", OrganicSearch},
	{"android-app://com.google.android.googlequicksearchbox/https/www.google.com", "Google", OrganicSearch},
	{"https://www.bing.com/", "Bing", OrganicSearch},
	{"https://cn.bing.com/search?q=x", "Bing", OrganicSearch},
	{"https://ntp.msn.com/", "Bing", OrganicSearch},
	{"https://duckduckgo.com/", "DuckDuckGo", OrganicSearch},
	{"https://html.duckduckgo.com/html/", "DuckDuckGo", OrganicSearch},
	{"android-app://com.duckduckgo.mobile.android/", "DuckDuckGo", OrganicSearch},
	{"https://search.yahoo.com/", "Yahoo!", OrganicSearch},
	{"https://r.search.yahoo.com/_ylt=A/RU=x", "Yahoo!", OrganicSearch},
	{"https://search.yahoo.co.jp/", "Yahoo!", OrganicSearch},
	{"https://www.ecosia.org/", "Ecosia", OrganicSearch},
	{"https://search.brave.com/", "Brave", OrganicSearch},
	{"https://yandex.ru/", "Yandex", OrganicSearch},
	{"https://yandex.com.tr/", "Yandex", OrganicSearch},
	{"https://ya.ru/", "Yandex", OrganicSearch},
	{"https://www.baidu.com/link?url=x", "Baidu", OrganicSearch},
	{"https://m.baidu.com/", "Baidu", OrganicSearch},
	{"https://kagi.com/", "Kagi", OrganicSearch},
	{"https://www.startpage.com/", "Startpage", OrganicSearch},
	{"https://eu-browse.startpage.com/", "Startpage", OrganicSearch},
	{"https://www.qwant.com/", "Qwant", OrganicSearch},
	{"https://search.naver.com/search.naver?query=x", "Naver", OrganicSearch},
	{"https://search.seznam.cz/", "Seznam", OrganicSearch},
	{"https://www.sogou.com/", "Sogou", OrganicSearch},
	{"https://search.daum.net/", "Daum", OrganicSearch},
	{"https://www.mojeek.com/", "Mojeek", OrganicSearch},
	{"https://metager.de/", "MetaGer", OrganicSearch},
	{"https://presearch.com/", "Presearch", OrganicSearch},
	{"https://search.aol.com/", "AOL", OrganicSearch},
	{"https://www.ask.com/", "Ask", OrganicSearch},
	{"https://scholar.google.com/", "Google Scholar", OrganicSearch},

	// Assistants.
	{"https://chatgpt.com/", "ChatGPT", AIAssistants},
	{"https://chat.openai.com/", "ChatGPT", AIAssistants},
	{"https://www.perplexity.ai/", "Perplexity", AIAssistants},
	{"https://claude.ai/", "Claude", AIAssistants},
	{"https://gemini.google.com/", "Gemini", AIAssistants},
	{"https://copilot.microsoft.com/", "Copilot", AIAssistants},
	{"https://m365.cloud.microsoft/", "Copilot", AIAssistants},
	{"https://chat.deepseek.com/", "Deepseek", AIAssistants},
	{"https://grok.com/", "Grok", AIAssistants},
	{"https://www.phind.com/", "Phind", AIAssistants},
	{"https://chat.mistral.ai/", "Mistral", AIAssistants},
	{"https://www.meta.ai/", "Meta AI", AIAssistants},
	{"https://poe.com/", "Poe", AIAssistants},
	{"https://you.com/", "You.com", AIAssistants},
	{"https://www.doubao.com/", "Doubao", AIAssistants},
	{"https://www.kimi.com/", "Kimi", AIAssistants},
	{"https://notebooklm.google.com/", "NotebookLM", AIAssistants},

	// Social.
	{"https://www.facebook.com/", "Facebook", OrganicSocial},
	{"https://l.facebook.com/", "Facebook", OrganicSocial},
	{"https://lm.facebook.com/", "Facebook", OrganicSocial},
	{"http://m.facebook.com/", "Facebook", OrganicSocial},
	{"android-app://com.facebook.katana/", "Facebook", OrganicSocial},
	{"https://l.messenger.com/", "Facebook", OrganicSocial},
	{"https://l.instagram.com/", "Instagram", OrganicSocial},
	{"https://www.instagram.com/", "Instagram", OrganicSocial},
	{"https://l.threads.net/", "Threads", OrganicSocial},
	{"https://l.threads.com/", "Threads", OrganicSocial},
	{"https://t.co/", "Twitter", OrganicSocial},
	{"https://t.co/AbCdEf", "Twitter", OrganicSocial},
	{"https://x.com/", "Twitter", OrganicSocial},
	{"https://twitter.com/", "Twitter", OrganicSocial},
	{"https://www.linkedin.com/", "LinkedIn", OrganicSocial},
	{"https://lnkd.in/abc", "LinkedIn", OrganicSocial},
	{"android-app://com.linkedin.android/", "LinkedIn", OrganicSocial},
	{"https://out.reddit.com/", "Reddit", OrganicSocial},
	{"https://www.reddit.com/", "Reddit", OrganicSocial},
	{"https://old.reddit.com/", "Reddit", OrganicSocial},
	{"android-app://com.reddit.frontpage/", "Reddit", OrganicSocial},
	{"https://news.ycombinator.com/", "Hacker News", OrganicSocial},
	{"https://news.ycombinator.com/item?id=1", "Hacker News", OrganicSocial},
	{"https://hn.algolia.com/", "Hacker News", OrganicSocial},
	{"https://lobste.rs/", "Lobsters", OrganicSocial},
	{"https://github.com/", "GitHub", OrganicSocial},
	{"https://www.pinterest.com/", "Pinterest", OrganicSocial},
	{"https://www.pinterest.co.uk/", "Pinterest", OrganicSocial},
	{"https://pin.it/abc", "Pinterest", OrganicSocial},
	{"https://www.tiktok.com/", "TikTok", OrganicSocial},
	{"https://go.bsky.app/", "Bluesky", OrganicSocial},
	{"https://bsky.app/", "Bluesky", OrganicSocial},
	{"https://mastodon.social/", "Mastodon", OrganicSocial},
	{"https://fosstodon.org/", "Mastodon", OrganicSocial},
	{"android-app://org.joinmastodon.android/", "Mastodon", OrganicSocial},
	{"https://lemmy.world/", "Lemmy", OrganicSocial},
	{"https://www.quora.com/", "Quora", OrganicSocial},
	{"https://stackoverflow.com/", "Stack Overflow", OrganicSocial},
	{"https://www.producthunt.com/", "Product Hunt", OrganicSocial},
	{"https://www.indiehackers.com/", "Indie Hackers", OrganicSocial},
	{"https://medium.com/", "Medium", OrganicSocial},
	{"https://t.umblr.com/redirect", "Tumblr", OrganicSocial},
	{"https://vk.com/", "Vkontakte", OrganicSocial},
	{"https://away.vk.com/", "Vkontakte", OrganicSocial},
	{"https://ok.ru/", "Odnoklassniki", OrganicSocial},
	{"https://weibo.com/", "Weibo", OrganicSocial},
	{"https://www.zhihu.com/", "Zhihu", OrganicSocial},
	{"https://www.xing.com/", "Xing", OrganicSocial},
	{"https://steamcommunity.com/linkfilter/", "Steam", OrganicSocial},
	{"https://store.steampowered.com/", "Steam", OrganicSocial},
	{"https://dev.to/", "DEV Community", OrganicSocial},

	// Chat.
	{"https://t.me/", "Telegram", OrganicSocial},
	{"https://web.telegram.org/", "Telegram", OrganicSocial},
	{"android-app://org.telegram.messenger/", "Telegram", OrganicSocial},
	{"https://web.whatsapp.com/", "WhatsApp", OrganicSocial},
	{"https://l.wl.co/", "l.wl.co", Referral},
	{"https://wa.me/", "WhatsApp", OrganicSocial},
	{"https://discord.com/", "Discord", OrganicSocial},
	{"https://discordapp.com/", "Discord", OrganicSocial},
	{"https://app.slack.com/", "Slack", OrganicSocial},
	{"android-app://com.Slack/", "Slack", OrganicSocial},
	{"https://teams.microsoft.com/", "Microsoft Teams", OrganicSocial},
	{"https://statics.teams.cdn.office.net/", "Microsoft Teams", OrganicSocial},

	// Video.
	{"https://www.youtube.com/", "Youtube", OrganicVideo},
	{"https://m.youtube.com/", "Youtube", OrganicVideo},
	{"https://youtu.be/abc", "Youtube", OrganicVideo},
	{"android-app://com.google.android.youtube/", "Youtube", OrganicVideo},
	{"https://vimeo.com/", "Vimeo", OrganicVideo},
	{"https://www.twitch.tv/", "Twitch", OrganicVideo},
	{"https://www.dailymotion.com/", "Dailymotion", OrganicVideo},

	// Shops.
	{"https://www.amazon.com/", "Amazon", OrganicShopping},
	{"https://www.amazon.co.jp/", "Amazon", OrganicShopping},
	{"https://www.ebay.de/", "eBay", OrganicShopping},
	{"https://www.etsy.com/", "Etsy", OrganicShopping},
	{"https://www.walmart.com/", "Walmart", OrganicShopping},
	{"https://www.aliexpress.com/", "AliExpress", OrganicShopping},
	{"https://www.temu.com/", "Temu", OrganicShopping},
	{"https://admin.shopify.com/", "Shopify", OrganicShopping},

	// Mail.
	{"https://mail.google.com/", "Gmail", Email},
	{"android-app://com.google.android.gm/", "Gmail", Email},
	{"https://outlook.live.com/", "Outlook", Email},
	{"https://outlook.office.com/", "Outlook", Email},
	{"https://mail.yahoo.com/", "Yahoo! Mail", Email},
	{"https://mail.proton.me/", "Proton Mail", Email},

	// The rest.
	{"https://en.wikipedia.org/", "Wikipedia", Referral},
	{"https://de.m.wikipedia.org/", "Wikipedia", Referral},
	{"https://linktr.ee/someone", "Linktree", Referral},
	{"https://news.google.com/", "Google News", Referral},
	{"https://docs.google.com/", "Google Docs", Referral},
	{"https://translate.google.com/", "Google Translate", Referral},
	{"https://example-com.translate.goog/", "Google Translate", Referral},
	{"https://someone.substack.com/", "Substack", Referral},
	{"https://bit.ly/abc", "Bitly", Referral},
	{"https://flipboard.com/", "Flipboard", OrganicSocial},
	{"https://someone.github.io/", "someone.github.io", Referral},
	{"https://someone.wordpress.com/", "someone.wordpress.com", Referral},
	{"https://wordpress.com/", "WordPress", Referral},
	{"https://blog.friend.org/post/1/", "blog.friend.org", Referral},
	{"https://www.friend.org/", "friend.org", Referral},
	{"https://intranet/", "intranet", Referral},
	{"http://192.168.1.10:8080/wiki", "192.168.1.10", Referral},
	{"android-app://org.friend.app/", "org.friend.app", Referral},

	// Nearly known.
	{"https://notgoogle.com/", "notgoogle.com", Referral},
	{"https://google.com.friend.org/", "google.com.friend.org", Referral},
	{"https://google.friend.org/", "google.friend.org", Referral},
	{"https://reddit.com.evil.example/", "reddit.com.evil.example", Referral},
	{"https://co/", "co", Referral},

	// None.
	{"", "", Direct},
	{"   ", "", Direct},
	{"www.google.com", "", Direct},
	{"https://", "", Direct},
	{"https:///path", "", Direct},
	{"https://exa mple.com/", "", Direct},
	{"https://%00/", "", Direct},
	{"https://ex\x1fample.com/", "", Direct},
	{"ftp://friend.org/", "", Direct},
	{"file:///home/me/page.html", "", Direct},
	{"about:blank", "", Direct},
	{"javascript:alert(1)//://x", "", Direct},
	{"chrome-extension://abcdef/", "", Direct},
	{"data:text/html,x", "", Direct},
	{"http://localhost:3000/", "", Direct},
	{"http://app.localhost/", "", Direct},
	{"http://127.0.0.1:8080/", "", Direct},
	{"http://[::1]:8080/", "", Direct},
	{"https://example.com/other", "", Direct},
	{"https://www.example.com/other", "", Direct},
	{"https://WWW.Example.COM:443/", "", Direct},
	{"https://blog.example.com/", "", Direct},
	{"https://deep.blog.example.com./", "", Direct},
	{"https://user:pass@example.com/", "", Direct},
	{"https://myexample.com/", "myexample.com", Referral},
}

func TestWellKnownReferrers(t *testing.T) {
	for _, c := range referrers {
		got := Find(&Input{Site: "example.com", PageHost: "www.example.com", Referrer: c.referrer})
		if got.Source != c.source || got.Channel != c.channel {
			t.Errorf("%q is %q by %q, want %q by %q", c.referrer, got.Source, got.Channel, c.source, c.channel)
		}
		if (got.Source == "") != (got.Address == "") {
			t.Errorf("%q: source %q, but address %q", c.referrer, got.Source, got.Address)
		}
	}
}

func TestTheSiteItselfIsNoReferrer(t *testing.T) {
	cases := []struct {
		site, page, referrer string
		own                  bool
	}{
		{"example.com", "example.com", "https://example.com/", true},
		{"example.com", "shop.example.org", "https://shop.example.org/", true},
		{"example.com", "WWW.Shop.example.org:8443", "https://shop.example.org/a", true},
		{"blog.example.com", "blog.example.com", "https://example.com/", false},
		{"example.com:8080", "example.com:8080", "https://example.com:8080/", true},
		{"[2001:db8::1]", "[2001:db8::1]:80", "http://[2001:db8::1]/", true},
		{"", "example.com", "https://other.example/", false},
		{"", "", "https://other.example/", false},
	}
	for _, c := range cases {
		got := Find(&Input{Site: aggregate.Site(c.site), PageHost: c.page, Referrer: c.referrer})
		if (got.Source == "") != c.own {
			t.Errorf("on %s of site %s, %s is %q, want own site: %v", c.page, c.site, c.referrer, got.Source, c.own)
		}
	}
}

func TestAddressIsHostAndPath(t *testing.T) {
	for referrer, want := range map[string]string{
		"https://www.friend.org/a/b/?q=secret#part":      "friend.org/a/b",
		"https://friend.org/":                            "friend.org",
		"https://friend.org":                             "friend.org",
		"https://friend.org//":                           "friend.org",
		"https://friend.org?q=secret":                    "friend.org",
		"https://friend.org#secret":                      "friend.org",
		"HTTPS://Friend.ORG/Path":                        "friend.org/Path",
		"https://friend.org:8443/a":                      "friend.org/a",
		"https://me:secret@friend.org/a":                 "friend.org/a",
		"https://me@you@friend.org/a":                    "friend.org/a",
		"https://friend.org./a":                          "friend.org/a",
		"https://friend.org/a\x1fb":                      "friend.org/a",
		"https://friend.org/a\xffb":                      "friend.org/a",
		"  https://friend.org/a  ":                       "friend.org/a",
		"https://friend.org\\a\\":                        "friend.org\\a",
		"https://bücher.example/straße/":                 "bücher.example/straße",
		"https://xn--bcher-kva.example/":                 "xn--bcher-kva.example",
		"http://[2001:db8::1]:8080/a":                    "[2001:db8::1]/a",
		"android-app://com.google.android.gm/":           "com.google.android.gm",
		"https://news.ycombinator.com/item?id=1":         "news.ycombinator.com/item",
		"https://www.www.org/x":                          "www.org/x",
		"https://friend.org/" + strings.Repeat("é", 900): "friend.org/" + strings.Repeat("é", 244),
	} {
		if got := Find(&Input{Site: "example.com", Referrer: referrer}).Address; got != want {
			t.Errorf("address of %q is %q, want %q", referrer, got, want)
		}
	}
}

func TestTagsComeBeforeReferrers(t *testing.T) {
	got := Find(&Input{Site: "example.com", Referrer: "https://www.google.com/", Tag: "Weekly Letter"})
	want := Origin{Source: "Weekly Letter", Address: "google.com", Channel: Referral}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTagsNameKnownSources(t *testing.T) {
	for tag, want := range map[string]string{
		"fb": "Facebook", "FB": "Facebook", "Facebook": "Facebook", "facebook_ad": "Facebook", "facebook-ads": "Facebook",
		"fbads": "Facebook", "fb-ads": "Facebook", "fbad": "Facebook", "facebook.com": "Facebook", "l.facebook.com": "Facebook",
		"ig": "Instagram", "IG": "Instagram", "instagram": "Instagram", "yt": "Youtube", "YouTube": "Youtube", "yt-ads": "Youtube",
		"google": "Google", "GOOGLE": "Google", "google.com": "Google", "www.google.co.uk": "Google", "adwords": "Google",
		"googleads": "Google", "google-ads": "Google", "google_ads": "Google", "gads": "Google",
		"twitter": "Twitter", "twitter-ads": "Twitter", "x": "Twitter", "t.co": "Twitter", "x.com": "Twitter",
		"reddit-ads": "Reddit", "reddit_ads": "Reddit", "tiktokads": "TikTok", "linkedin": "LinkedIn",
		"bing": "Bing", "ntp.msn.com": "Bing", "chatgpt.com": "ChatGPT", "perplexity": "Perplexity", "perplexity.ai": "Perplexity",
		"hn": "Hacker News", "hackernews": "Hacker News", "hacker news": "Hacker News", "news.ycombinator.com": "Hacker News",
		"producthunt": "Product Hunt", "product hunt": "Product Hunt", "teams": "Microsoft Teams", "vk": "Vkontakte",
		"linktree": "Linktree", "linktr.ee": "Linktree", "gmail": "Gmail", "com.google.android.gm": "Gmail",
		"yahoo": "Yahoo!", "yahoo!": "Yahoo!", "brave": "Brave", "github": "GitHub", "github.com": "GitHub",
		"https://www.facebook.com/groups/x?secret=1": "Facebook", "https://www.friend.org/a?secret=1": "friend.org",
		"newsletter": "newsletter", "Newsletter": "Newsletter", "My Friend": "My Friend", "friend.org": "friend.org",
		"www.friend.org": "www.friend.org", "ß": "ß", "fbx": "fbx", "a://": "a://",
		strings.Repeat("long", 100): strings.Repeat("long", 100),
	} {
		got := Find(&Input{Site: "example.com", Tag: tag})
		if got.Source != want {
			t.Errorf("tag %q is source %q, want %q", tag, got.Source, want)
		}
		if got.Address != "" {
			t.Errorf("tag %q gave the address %q", tag, got.Address)
		}
	}
}

func TestClickIDsStandForABlankMedium(t *testing.T) {
	cases := []struct {
		tag, referrer, medium string
		clicks                ClickIDs
		wantMedium, channel   string
	}{
		{"google", "", "", GCLID, "(gclid)", PaidSearch},
		{"", "https://www.google.com/", "", GCLID, "(gclid)", PaidSearch},
		{"", "https://www.google.com/", "organic", GCLID, "organic", PaidSearch},
		{"bing", "", "", MSCLKID, "(msclkid)", PaidSearch},
		{"", "https://www.bing.com/", "", MSCLKID, "(msclkid)", PaidSearch},
		{"", "https://www.bing.com/", "", GCLID, "", OrganicSearch},
		{"", "https://www.google.com/", "", MSCLKID | GBRAID | WBRAID, "", OrganicSearch},
		{"", "", "", GCLID, "", Direct},
		{"", "https://l.facebook.com/", "", FBCLID, "", OrganicSocial},
		{"", "https://t.co/", "", TWCLID, "", OrganicSocial},
		{"", "https://duckduckgo.com/", "", GCLID | MSCLKID, "", OrganicSearch},
	}
	for _, c := range cases {
		got := Find(&Input{Site: "example.com", Tag: c.tag, Referrer: c.referrer, Medium: c.medium, ClickIDs: c.clicks})
		if got.Medium != c.wantMedium || got.Channel != c.channel {
			t.Errorf("%+v: medium %q by %q", c, got.Medium, got.Channel)
		}
	}
	for name, want := range map[string]ClickIDs{"gclid": GCLID, "gbraid": GBRAID, "wbraid": WBRAID, "msclkid": MSCLKID,
		"fbclid": FBCLID, "twclid": TWCLID, "utm_source": 0, "": 0} {
		if got := ClickID([]byte(name)); got != want {
			t.Errorf("click id %q is %d, want %d", name, got, want)
		}
	}
}

func TestStoredReferrerCarriesItsSource(t *testing.T) {
	for want, o := range map[string]Origin{
		"":                           {},
		"Google":                     {Source: "Google"},
		"Google\x1fgoogle.com":       {Source: "Google", Address: "google.com"},
		"Letter\x1ffriend.org/a":     {Source: "Letter", Address: "friend.org/a"},
		"friend.org\x1ffriend.org/a": {Source: "friend.org", Address: "friend.org/a"},
	} {
		if got := string(o.AppendReferrer(nil)); got != want || got != aggregate.Join(o.Source, o.Address) {
			t.Errorf("stored value of %+v is %q, want %q", o, got, want)
		}
	}
}

func TestTableIsWellFormed(t *testing.T) {
	if _, err := read(table); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"one column":     "Name\n",
		"seven columns":  "Name\t-\ta\tb\tc\td\te\n",
		"unknown class":  "Name\tnews\n",
		"host twice":     "A\t-\ta.com\nB\t-\ta.com\n",
		"name twice":     "A\t-\nA\t-\n",
		"app twice":      "A\t-\t-\tx\nB\t-\t-\tx\n",
		"alias twice":    "A\t-\t-\t-\tz\nB\t-\t-\t-\tz\n",
		"upper-case tag": "A\t-\t-\t-\tZ\n",
	} {
		if _, err := read(bad); err == nil {
			t.Errorf("%s: read without complaint", name)
		}
	}
	for host, e := range names.hosts {
		if got := names.ofHost(host); got != e {
			t.Errorf("%s of %s is found as %v", host, e.name, got)
		}
		if strings.HasPrefix(host, "www.") {
			t.Errorf("%s of %s can never match", host, e.name)
		}
	}
}

func TestFindingAllocatesNothing(t *testing.T) {
	inputs := []Input{
		{Site: "example.com", PageHost: "www.example.com", Referrer: "https://www.google.co.uk/"},
		{Site: "example.com", PageHost: "www.example.com", Referrer: "https://www.friend.org/a/b?q=1"},
		{Site: "example.com", PageHost: "www.example.com", Referrer: "https://www.example.com/"},
		{Site: "example.com", PageHost: "example.com", Tag: "LinkedIn-Ads", Medium: "Paid_Social", Campaign: "Summer SHOPPING"},
		{Site: "example.com", PageHost: "example.com", Tag: "Some Letter", Medium: "Email"},
		{Site: "example.com", PageHost: "example.com", Tag: "chatgpt.com", Referrer: "https://chatgpt.com/"},
		{Site: "example.com", PageHost: "example.com"},
	}
	var buffer [600]byte
	got := testing.AllocsPerRun(200, func() {
		for i := range inputs {
			o := Find(&inputs[i])
			o.AppendReferrer(buffer[:0])
		}
	})
	if got != 0 {
		t.Errorf("%v allocations for %d origins, want 0", got, len(inputs))
	}
}

func FuzzReferrer(f *testing.F) {
	for _, c := range referrers {
		f.Add(c.referrer, "")
	}
	f.Add("https://friend.org/", "https://user@x/?y")
	f.Fuzz(func(t *testing.T, raw, tag string) {
		tag = strings.ToValidUTF8(strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return -1
			}
			return r
		}, tag), "")
		o := Find(&Input{Site: "example.com", PageHost: "www.example.com", Referrer: raw, Tag: tag})
		for _, s := range []string{o.Source, o.Address} {
			if strings.ToValidUTF8(s, "") != s || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Fatalf("unclean %q from %q", s, raw)
			}
		}
		if len(o.Address) > MaxAddress || strings.ContainsAny(o.Address, "?#") || strings.HasSuffix(o.Address, "/") {
			t.Fatalf("address %q from %q", o.Address, raw)
		}
		if host, _, _ := strings.Cut(o.Address, "/"); host == "example.com" || strings.HasSuffix(host, ".example.com") {
			if !strings.Contains(strings.ToLower(raw), "android-app") {
				t.Fatalf("the site itself came through as %q from %q", o.Address, raw)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	inputs := []Input{
		{Site: "example.com", PageHost: "www.example.com", Referrer: "https://www.google.co.uk/"},
		{Site: "example.com", PageHost: "www.example.com", Referrer: "https://blog.friend.org/a/b"},
		{Site: "example.com", PageHost: "www.example.com", Tag: "newsletter", Medium: "email", Campaign: "spring"},
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Find(&inputs[i%len(inputs)])
	}
}

func TestWhatVisitorsPassThroughIsNoSource(t *testing.T) {
	for _, referrer := range []string{"https://www.paypal.com/checkoutnow", "https://checkout.stripe.com/c/pay/x", "https://payments.amazon.de/",
		"https://accounts.google.com/", "https://centinelapi.cardinalcommerce.com/", "https://login.microsoftonline.com/x"} {
		o := Find(&Input{Site: "example.com", PageHost: "example.com", Referrer: referrer})
		if o.Source != "" || o.Address != "" || o.Channel != Direct {
			t.Errorf("%s: got %+v, want nothing", referrer, o)
		}
	}
	o := Find(&Input{Site: "example.com", PageHost: "example.com", Referrer: "https://www.paypal.com/", Tag: "newsletter"})
	if o.Source != "newsletter" || o.Address != "" || o.Channel != Email {
		t.Errorf("with a tag: got %+v", o)
	}
	if o := Find(&Input{Site: "example.com", PageHost: "example.com", Tag: "paypal"}); o.Source != "PayPal" || o.Channel != Referral {
		t.Errorf("as a tag: got %+v, want a source", o)
	}
	if o := Find(&Input{Site: "example.com", PageHost: "example.com", Referrer: "https://stripe.com/partners"}); o.Source != "stripe.com" {
		t.Errorf("their own pages: got %+v, want a source", o)
	}
}

func TestASiteRenamesSources(t *testing.T) {
	renamed := map[string]string{"partner.example": "Partner", "out.example": "facebook", "twitter": "X", "chatgpt": "Robots", "spring mail": "newsletter"}
	for _, c := range []struct{ referrer, tag, source, channel string }{
		{"https://www.partner.example/a", "", "Partner", Referral},
		{"https://out.example/", "", "Facebook", OrganicSocial}, // its new name is known
		{"https://t.co/x", "", "X", OrganicSocial},              // and so is this one, as another's
		{"https://chatgpt.com/", "", "Robots", AIAssistants},    // it stays what it was
		{"", "Partner.Example", "Partner", Referral},
		{"", "Spring Mail", "newsletter", Referral},
		{"https://other.example/", "", "other.example", Referral},
		{"", "", "", Direct},
	} {
		o := Find(&Input{Site: "example.com", PageHost: "example.com", Referrer: c.referrer, Tag: c.tag, Renamed: renamed})
		if o.Source != c.source || o.Channel != c.channel {
			t.Errorf("%s %q: got %s, %s, want %s, %s", c.referrer, c.tag, o.Source, o.Channel, c.source, c.channel)
		}
	}
}
