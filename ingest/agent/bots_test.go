package agent

import (
	"strings"
	"testing"
)

var bots = []struct{ kind, agent string }{
	{BotAI, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"},
	{BotAI, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot"},
	{BotAI, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36; compatible; OAI-SearchBot/1.3; +https://openai.com/searchbot"},
	{BotAI, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)"},
	{BotAI, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)"},
	{BotCrawler, "SomeoneBot (like Chrome)"},
	{BotAI, "CCBot/2.0 (https://commoncrawl.org/faq/)"},
	{BotAI, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)"},
	{BotAI, "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; spider-feedback@bytedance.com)"},
	{BotAI, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_10_1) AppleWebKit/600.2.5 (KHTML, like Gecko) Version/8.0.2 Safari/600.2.5 (Amazonbot/0.1; +https://developer.amazon.com/support/amazonbot)"},
	{BotAI, "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)"},
	{BotAI, "Mozilla/5.0 (compatible; Google-Extended)"},
	{BotAI, "Mozilla/5.0 (compatible; Applebot-Extended/0.1)"},
	{BotAI, "DuckAssistBot/1.2; (+http://duckduckgo.com/duckassistbot.html)"},
	{BotAI, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; MistralAI-User/1.0; +https://docs.mistral.ai/robots)"},

	{BotCrawler, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
	{BotCrawler, "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.6778.85 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
	{BotCrawler, "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36"},
	{BotCrawler, "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"},
	{BotCrawler, "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"},
	{BotCrawler, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)"},
	{BotCrawler, "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)"},
	{BotCrawler, "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)"},
	{BotCrawler, "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"},
	{BotCrawler, "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)"},
	{BotCrawler, "Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)"},
	{BotCrawler, "Mozilla/5.0 (Linux; Android 7.0;) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; PetalBot;+https://webmaster.petalsearch.com/site/petalbot)"},
	{BotCrawler, "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)"},
	{BotCrawler, "Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)"},
	{BotCrawler, "ia_archiver (+http://www.alexa.com/site/help/webmasters; crawler@alexa.com)"},
	{BotCrawler, "Mediapartners-Google"},
	{BotCrawler, "AdsBot-Google (+http://www.google.com/adsbot.html)"},
	{BotCrawler, "Mozilla/5.0 (compatible; Google-InspectionTool/1.0;)"},
	{BotCrawler, "Screaming Frog SEO Spider/20.4"},
	{BotCrawler, "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)"},
	{BotCrawler, "Mozilla/5.0 zgrab/0.x"},
	{BotCrawler, "Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)"},
	{BotCrawler, "Scrapy/2.11.2 (+https://scrapy.org)"},
	{BotCrawler, "SomethingNew-Crawler/0.1"},

	{BotLibrary, "curl/8.5.0"},
	{BotLibrary, "Wget/1.21.4"},
	{BotLibrary, "python-requests/2.32.3"},
	{BotLibrary, "Python/3.12 aiohttp/3.10.5"},
	{BotLibrary, "python-httpx/0.27.0"},
	{BotLibrary, "Go-http-client/1.1"},
	{BotLibrary, "okhttp/4.12.0"},
	{BotLibrary, "axios/1.7.7"},
	{BotLibrary, "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)"},
	{BotLibrary, "node"},
	{BotLibrary, "Java/17.0.10"},
	{BotLibrary, "Apache-HttpClient/4.5.14 (Java/17.0.10)"},
	{BotLibrary, "libwww-perl/6.77"},
	{BotLibrary, "GuzzleHttp/7"},
	{BotLibrary, "Ruby"},
	{BotLibrary, "Dart/3.3 (dart:io)"},
	{BotLibrary, "PostmanRuntime/7.42.0"},
	{BotLibrary, "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621.4391"},

	{BotMonitor, "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)"},
	{BotMonitor, "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)"},
	{BotMonitor, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Chrome-Lighthouse"},
	{BotMonitor, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 PTST/240201.185044"},
	{BotMonitor, "Better Uptime Bot Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_6) AppleWebKit/537.36"},
	{BotMonitor, "Mozilla/5.0 (compatible; StatusCake/2.0)"},
	{BotMonitor, "kube-probe/1.30"},
	{BotMonitor, "GoogleHC/1.0"},

	{BotPreview, "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"},
	{BotPreview, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"},
	{BotPreview, "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
	{BotPreview, "Twitterbot/1.0"},
	{BotPreview, "WhatsApp/2.23.20.0"},
	{BotPreview, "TelegramBot (like TwitterBot)"},
	{BotPreview, "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"},
	{BotPreview, "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)"},
	{BotPreview, "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com"},
	{BotPreview, "http.rb/5.2.0 (Mastodon/4.3.1; +https://mastodon.example/)"},
	{BotPreview, "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)"},

	{BotHeadless, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36"},
	{BotHeadless, "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1"},
	{BotHeadless, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Cypress/13.15.0 Chrome/118.0.5993.159 Electron/27.3.10 Safari/537.36"},
	{BotHeadless, "Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/22.1.0"},
	{BotHeadless, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Puppeteer/23.0 Safari/537.36"},

	{BotCrawler, "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/75.0.3770.142 Safari/537.36'+(select load_file('x'))+'"},
	{BotCrawler, "${jndi:ldap}"},

	{BotShape, ""},
	{BotShape, " "},
	{BotShape, "-"},
	{BotShape, "Mozilla"},
	{BotShape, "Operator"},
	{BotShape, "Mozilla/5.0"},
	{BotShape, "Mozilla/5.0 (compatible)"},
	{BotShape, "0123456789abcdef0123456789abcdef"},
	{BotShape, "%{(#_='multipart/form-data')}"},
	{BotShape, "\x00\x01\x02\xff\xfe"},
}

func TestBotsAreNamedByKind(t *testing.T) {
	p := NewParser(0)
	for _, c := range bots {
		if got := p.Parse([]byte(c.agent), nil).Bot; got != c.kind {
			t.Errorf("%q is %q, want %q", c.agent, got, c.kind)
		}
	}
}

func TestNamesAreReadAndCanMatch(t *testing.T) {
	for _, x := range known.list {
		ua := x.text
		if !x.head {
			ua = "a " + ua
		}
		got := known.at([]byte(ua), len(ua)-len(x.text))
		if got == nil || got.text != x.text {
			t.Errorf("%q is not found in %q", x.text, ua)
		}
		if !isWord(x.text[0]) {
			t.Errorf("%q can never match: words begin with a letter or digit", x.text)
		}
	}
	for _, want := range []struct{ name, kind string }{
		{"GPTBot", BotAI}, {"ClaudeBot", BotAI}, {"Googlebot", BotCrawler}, {"python-requests", BotLibrary},
		{"Diffbot", BotAI}, {"meta-externalfetcher", BotAI}, {"HeadlessChrome", BotHeadless}, {"UptimeRobot", BotMonitor}, {"WhatsApp", BotPreview},
	} {
		got := known.at([]byte(strings.ToLower(want.name)+"/1.0"), 0)
		if got == nil || got.kind != want.kind {
			t.Errorf("%s is %+v, want %s", want.name, got, want.kind)
		}
	}
}

func TestNamesAreWholeWords(t *testing.T) {
	n := readNames("[crawler]\nSlurp\n^Head\nTail$\n[ai]\nTwo Words\nslurp\n")
	for text, want := range map[string]string{
		"slurp": "slurp", "slurp/2": "slurp", "slurp2": "slurp", "slurpy": "",
		"head/1": "head", "two words": "two words", "two wordsmiths": "two words", "tail": "tail", "tail/1": "",
	} {
		got := ""
		if x := n.at([]byte(text), 0); x != nil {
			got = x.text
		}
		if got != want {
			t.Errorf("in %q %q was found, want %q", text, got, want)
		}
	}
	if x := n.at([]byte("a head"), 2); x != nil {
		t.Errorf("%q was found behind the start", x.text)
	}
	if x := n.at([]byte("slurp"), 0); x.kind != BotCrawler {
		t.Errorf("slurp is %q, want the kind that it had first", x.kind)
	}
}

func TestWordsTellTrades(t *testing.T) {
	for word, want := range map[string]string{
		"acmebot": BotCrawler, "bots": BotCrawler, "robot": BotCrawler, "supercrawler": BotCrawler, "spiderling": BotCrawler,
		"headlessbrowser": BotHeadless, "sitemonitor": BotMonitor, "uptimething": BotMonitor, "pagepreview": BotPreview,
		"linkchecker": BotCrawler, "webfetcher": BotCrawler, "acmeagent": BotCrawler, "python": BotLibrary,
		"cubot": "", "safari": "", "webview": "", "reader": "", "searchapp": "", "bo": "", "chrome": "",
	} {
		if got := kindOfWord([]byte(word), false); got != want {
			t.Errorf("%q is %q, want %q", word, got, want)
		}
	}
	if got := kindOfWord([]byte("qqdownloader"), true); got != "" {
		t.Errorf("in Internet Explorer qqdownloader is %q, want a person", got)
	}
}

func TestWhoAdvertisesIsNoBrowser(t *testing.T) {
	for text, want := range map[string]bool{
		"thing (+https://example.org/about)": true, "thing; someone@example.org": true, "thing example.org/policy": true,
		"thing (example.com)": true, "www.example.de": true,
		"version/4.0 mobile": false, "com.example.app/1.0": false, "vscode@fb/1.45": false, "a@b": false,
		"mozilla/4.0 (compatible; msie 6.0; provider.com)": false,
		"android 13 [fbcr/telekom.de;fbid/phone]":          false, "weather.de/1.7 (android 13)": false,
		"build/tp1a.220624.014": false,
	} {
		if got := advertises([]byte(text)); got != want {
			t.Errorf("%q advertises: %v, want %v", text, got, want)
		}
	}
}
