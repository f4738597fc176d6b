package agent

import "strings"

// The words by which bots are known, lower case. A word is letters, digits, "-"
// and "_"; it matches as a whole. Words that end in bot and the like need no
// entry unless they are more than a crawler (see saysBot).

// botWords are looked up anywhere in an agent, so they must not be the name of
// anything that people hold in their hands.
var botWords = words(map[string]string{
	BotAI: `gptbot chatgpt-user oai-searchbot oai-adsbot claudebot claude-web claude-user claude-searchbot
		anthropic-ai ccbot perplexitybot perplexity-user bytespider tiktokspider google-extended
		google-cloudvertexbot google-notebooklm gemini-deep-research googleagent-mariner amazonbot
		applebot-extended meta-externalagent meta-externalfetcher facebookbot cohere-ai
		cohere-training-data-crawler diffbot imagesiftbot omgili omgilibot webzio webzio-extended youbot
		ai2bot ai2bot-dolma timpibot velenpublicwebcrawler duckassistbot mistralai-user mistralbot pangubot
		img2dataset friendlycrawler icc-crawler deepseekbot grokbot xai-grok iaskbot quillbot andibot
		bedrockbot firecrawlagent linerbot phindbot wpbot manus-user novaact`,
	BotPreview: `facebookexternalhit facebookcatalog facebookplatform facebot twitterbot slackbot
		slackbot-linkexpanding slack-imgproxy linkedinbot telegrambot discordbot whatsappbot skypeuripreview
		redditbot pinterestbot vkshare embedly iframely mastodon misskey pleroma cardyb bitlybot
		bitlypreview bingpreview microsoftpreview zoombot mattermost-bot opengraph opengraphio opengraph-io
		quora-bot rocket-chat outbrain xing-contenttabreceiver metainspector slackbot-robotstxt
		google-pagerenderer kakaotalk-scrap viberbot line-poker linepoker snapchatads teamsbot`,
	BotMonitor: `uptimerobot pingdom pingdombot pingdompagespeed statuscake site24x7 newrelicpinger newrelic
		datadogsynthetics betteruptime betterstack uptime-kuma hetrixtools checkly freshping catchpoint
		gtmetrix chrome-lighthouse ptst speedcurve gomezagent ruxitsynthetic nagios check_http
		nagios-plugins zabbix blackbox-exporter kube-probe elb-healthchecker googlehc
		amazon-route53-health-check-service cloudflare-healthchecks cloudflare-traffic-manager montastic
		nodeping sentryuptimebot w3c_validator w3c-checklink googlestackdrivermonitoring-uptimechecks
		googlestackdrivermonitoring uptimebot pulsetic updownio cookiebot pagespeed dareboost sitespeed
		yellowlab grafana-k6 jetmon oh-dear ohdear`,
	BotHeadless: `headlesschrome headlessedg headlessfirefox phantomjs slimerjs casperjs puppeteer playwright
		webdriver cypress htmlunit jsdom happydom nightmare chromedp testcafe prerender rendertron`,
	BotLibrary: `python-requests python-urllib python-httpx aiohttp urllib urllib3 pycurl go-http-client go-resty
		okhttp axios node-fetch undici superagent node-superagent libwww-perl lwp-trivial lwp-request
		apache-httpclient apache-httpasyncclient guzzlehttp httpie httpclient http_request2 http-client
		restsharp wininet winhttp libcurl php-curl-class wget winhttprequest faraday typhoeus rest-client
		reactornetty cfnetwork unirest reqwest ureq postmanruntime powershell windowspowershell apachebench
		fasthttp jmeter lua-resty-http luasocket libsoup neko-http aria2 async-http-client asynchttpclient
		zend_http_client pecl`,
	BotCrawler: `slurp ia_archiver mediapartners-google apis-google feedfetcher-google google-inspectiontool
		googleother googleother-image googleother-video google-safety google-read-aloud googleproducer
		google-site-verification google-adwords-instant duplexweb-google google-favicon googleimageproxy
		yandeximages yandexmetrika yandexmedia yandexdirect yandexwebmaster yandexvideo yandexpagechecker
		yandexblogs yandexfavicons qwantify sistrix seokicks siteimprove ahrefssiteaudit siteauditbot
		semrush netcraftsurveyagent censysinspect internetmeasurement masscan zgrab nmap nikto sqlmap wpscan
		nuclei l9explore l9tcpid httrack scrapy nutch heritrix webcopier webzip panscient domainstatsbot
		feedly feedbin feedburner inoreader newsblur theoldreader freshrss miniflux netnewswire feedparser
		rssowl tt-rss simplepie bloglovin newsgator akregator liferea magpierss barkrowler brandwatch
		trendiction mediatoolkit buzzsumo linkdex xenu dirbuster gobuster w3af acunetix netsparker arachni
		zmeu morfeus openvas qualys detectify researchscan turnitin ezooms domaincrawler dataprovider daumoa
		sosospider sogou-test wappalyzer builtwith whatweb archivebox wayback_machine waybackarchive
		perlcrawler`,
})

// headWords are looked up at the very start only: elsewhere they may mean a
// phone, an app or a language.
var headWords = words(map[string]string{
	BotLibrary: `java python ruby perl php node dart rome http ktor rust client test dalvik libhttp deno bun nim
		elixir hackney julia scala requests net fetch null undefined none curl httpx got hyper axel jersey
		jakarta feign hey wrk vegeta siege gatling locust insomnia bruno paw symfony wordpress snoopy
		mechanize`,
	BotPreview:  `whatsapp viber line-preview snapchat signal tumblr synapse`,
	BotMonitor:  `datadog monitor monitis prometheus blackbox healthcheck k6 uptime synthetics`,
	BotCrawler:  `mozilla-crawler sogou search pinterest validator expanse teleport yeti daum yisou`,
	BotHeadless: `splash zombie selenium`,
})

// botPhrases span several words.
var botPhrases = []struct{ phrase, kind string }{
	{"snap url preview", BotPreview},
	{"google web preview", BotPreview},
	{"skype uri preview", BotPreview},
	{"microsoft office", BotPreview}, // follows links before it opens a browser
	{"ms-office", BotPreview},
	{"google favicon", BotCrawler},
	{"google page speed insights", BotMonitor},
	{"better uptime", BotMonitor},
	{"new relic", BotMonitor},
	{"screaming frog", BotCrawler},
	{"yahoo! slurp", BotCrawler},
	{"sogou web", BotCrawler},
	{"tiny tiny rss", BotCrawler},
	{"offline explorer", BotCrawler},
	{"http.rb", BotLibrary},
	{"java/1.", BotLibrary},
	{"link preview", BotPreview},
	{"link checker", BotCrawler},
}

func words(kinds map[string]string) map[string]string {
	all := map[string]string{}
	for kind, list := range kinds {
		for _, word := range strings.Fields(list) {
			all[word] = kind
		}
	}
	return all
}
