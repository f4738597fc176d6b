package agent

import (
	"strings"

	"github.com/mssola/useragent"
)

// App is the browser of web views within apps, whichever app it is.
const App = "Mobile App"

// apps are tokens of apps that show pages in a web view. Nothing else of the
// agent matters then.
var apps = []string{
	"FBAN/", "FBAV/", "FB_IAB/", "FBIOS", "Instagram ", "Barcelona ", "musical_ly", "trill_",
	"BytedanceWebview/", "TikTok ", "LinkedInApp", "Line/", "MicroMessenger/", "GSA/", "Snapchat/",
	"Snapchat ", "Pinterest/", "Twitter for ", "TwitterAndroid", "Reddit/", "KAKAOTALK", "NAVER(",
	"DaumApps/", "YaApp_", "baiduboxapp/", "AlipayClient/", "Weibo ", "ZhihuHybrid", "Telegram-Android/",
	"Bluesky/", "MetaIAB", "Flipboard/", "NewsArticle/", "QQ/", "Viber/", "Puffin/FB", "WhatsApp/", "Threads ",
}

// browsers are tokens with the name they stand for. The first one found wins:
// nearly all agents also say Chrome or Safari, and some say a good deal more.
var browsers = []struct{ token, name string }{
	{"EdgA/", "Microsoft Edge"},
	{"EdgiOS/", "Microsoft Edge"},
	{"Edg/", "Microsoft Edge"},
	{"Edge/", "Microsoft Edge"},
	{"OPR/", "Opera"},
	{"OPT/", "Opera"},
	{"OPX/", "Opera"},
	{"OPiOS/", "Opera"},
	{"Opera Mini/", "Opera"},
	{"Opera Mobi/", "Opera"},
	{"OculusBrowser/", "Meta Quest Browser"}, // also says SamsungBrowser
	{"SamsungBrowser/", "Samsung Browser"},
	{"Brave/", "Brave"},
	{" Brave", "Brave"}, // of iPhones, at the end
	{"Vivaldi/", "Vivaldi"},
	{"YaBrowser/", "Yandex Browser"},
	{"YaSearchBrowser/", "Yandex Browser"},
	{"YandexSearchBrowser/", "Yandex Browser"},
	{"UCBrowser/", "UC Browser"},
	{"UBrowser/", "UC Browser"},
	{"UCWEB", "UC Browser"},
	{"DuckDuckGo/", "DuckDuckGo Privacy Browser"},
	{"Ddg/", "DuckDuckGo Privacy Browser"},
	{"MiuiBrowser/", "MIUI Browser"},
	{"Whale/", "Whale Browser"},
	{"HuaweiBrowser/", "Huawei Browser"},
	{"ArkWeb/", "Huawei Browser"},
	{"HeyTapBrowser/", "HeyTap Browser"},
	{"VivoBrowser/", "Vivo Browser"},
	{"MQQBrowser/", "QQ Browser"},
	{"QQBrowser/", "QQ Browser"},
	{"Silk/", "Silk"},
	{"coc_coc_browser/", "Coc Coc"},
	{"CocCoc/", "Coc Coc"},
	{"Ecosia", "Ecosia"},
	{"AlohaBrowser/", "Aloha Browser"},
	{"Quark/", "Quark"},
	{"Puffin/", "Puffin"},
	{"Maxthon/", "Maxthon"},
	{"MxBrowser/", "Maxthon"},
	{"MXiOS/", "Maxthon"},
	{"baidubrowser/", "Baidu Browser"},
	{"bdbrowser/", "Baidu Browser"},
	{"bdbrowser_i18n/", "Baidu Browser"},
	{"BIDUBrowser/", "Baidu Browser"},
	{"QwantMobile/", "Qwant"},
	{"JioPages/", "JioPages"},
	{"SznProhlizec/", "Seznam"},
	{"Norton/", "Norton Private Browser"},
	{"CCleaner/", "CCleaner Browser"},
	{"NintendoBrowser/", "Nintendo Browser"},
	{"NokiaBrowser/", "Nokia Browser"},
	{"BrowserNG/", "Nokia Browser"},
	{"S40OviBrowser/", "Nokia Browser"},
	{"Dragon/", "Comodo Dragon"},
	{"Dolfin/", "Dolfin"},
	{"Midori/", "Midori"},
	{"QupZilla/", "QupZilla"},
	{"Otter/", "Otter"},
	{"Arora/", "Arora"},
	{"rekonq/", "Rekonq"},
	{"Sleipnir/", "Sleipnir"},
	{"MetaSr", "Sogou Explorer"},
	{"SogouMobileBrowser/", "Sogou Explorer"},
	{"Avast/", "Avast Secure Browser"},
	{"AVG/", "AVG Secure Browser"},
	{"Iron/", "Iron"},
	{"Focus/", "Firefox"},
	{"Klar/", "Firefox"},
	{"FxiOS/", "Firefox"},
	{"PaleMoon/", "Pale Moon"},
	{"Waterfox/", "Waterfox"},
	{"SeaMonkey/", "SeaMonkey"},
	{"Iceweasel/", "Iceweasel"},
	{"LibreWolf/", "LibreWolf"},
	{"Floorp/", "Floorp"},
	{"Cyberfox/", "Cyberfox"},
	{"K-Meleon/", "K-Meleon"},
	{"Camino/", "Camino"},
	{"SailfishBrowser/", "Sailfish Browser"},
	{"IceDragon/", "Comodo IceDragon"},
	{"Firefox/", "Firefox"},
	{"CriOS/", "Chrome"},
	{"Falkon/", "Falkon"},
	{"Epiphany/", "GNOME Web"},
	{"Konqueror/", "Konqueror"},
	{"Electron/", "Electron"},
	{"Chromium/", "Chromium"},
	{"IEMobile/", "Internet Explorer"},
	{"Trident/", "Internet Explorer"},
	{"MSIE ", "Internet Explorer"},
}

// baseNames are the base's names that are right, as this house writes them.
var baseNames = map[string]string{
	"Chrome": "Chrome", "Headless Chrome": "Chrome", "Chromium": "Chromium", "Safari": "Safari",
	"Firefox": "Firefox", "Edge": "Microsoft Edge", "Opera": "Opera", "Coc Coc": "Coc Coc",
	"Internet Explorer": "Internet Explorer", "Mobile App": App, "Google App": App,
	"DuckDuckGo": "DuckDuckGo Privacy Browser", "YaBrowser": "Yandex Browser",
	"Android": "Android Browser", "BlackBerry": "BlackBerry Browser",
}

// browser tells the browser and its version; a has the system already.
func browser(ua string, a *Agent) (name, ver string) {
	if hasAny(ua, apps...) {
		return App, ""
	}
	for _, b := range browsers {
		if rest, found := after(ua, b.token); found {
			return b.name, ownVersion(ua, b.name, rest)
		}
	}
	if isWebView(ua, a.OS) {
		return App, ""
	}
	if strings.HasPrefix(ua, "Dalvik/") || has(ua, "CFNetwork/") {
		return App, "" // that speaks for itself
	}
	if rest, found := after(ua, "Chrome/"); found {
		return "Chrome", version(rest)
	}
	base := useragent.New(ua)
	baseName, baseVersion := base.Browser()
	name = baseNames[baseName]
	if name == "Safari" && a.OS == "Android" {
		name = "Android Browser"
	}
	if name == "Safari" || name == "Android Browser" {
		baseVersion = versionAfter(ua, "Version") // of Safari without it, only the engine's is known
	}
	if name == "Opera" { // the last ones said 9.80, so as not to break pages
		if v := versionAfter(ua, "Version"); v != "" {
			baseVersion = v
		}
	}
	if name == "Safari" && a.OS == "Tizen" { // of television sets before they said so
		return "Samsung Browser", ""
	}
	if name == "" || name == App {
		return name, ""
	}
	return name, version(baseVersion)
}

// isWebView tells pages within apps that do not say which. A bare Android web view
// says wv, or Version/4.0 besides Chrome; one of iOS leaves out the version of
// Safari, or all of it
// (https://developer.chrome.com/docs/multidevice/user-agent#webview_user_agent).
func isWebView(ua, os string) bool {
	switch os {
	case "Android":
		return strings.Contains(ua, "; wv)") || strings.Contains(ua, "Version/4.0 Chrome/")
	case "iOS", "iPadOS":
		return has(ua, "AppleWebKit/") && !has(ua, "Chrome/") && !(has(ua, "Safari/") && has(ua, "Version/"))
	}
	return false
}

// ownVersion is the version behind a browser's token, where it is one.
func ownVersion(ua, name, rest string) string {
	if name == "Internet Explorer" {
		return explorerVersion(ua)
	}
	return version(strings.TrimLeft(rest, " @/"))
}

// explorerVersion looks at the engine first: in compatibility view the agent
// says MSIE 7.0.
func explorerVersion(ua string) string {
	switch engine := versionAfter(ua, "Trident"); engine {
	case "7.0":
		return "11.0"
	case "6.0":
		return "10.0"
	case "5.0":
		return "9.0"
	case "4.0":
		return "8.0"
	}
	return versionAfter(ua, "MSIE")
}
