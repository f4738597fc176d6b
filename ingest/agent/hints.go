package agent

import "bytes"

// Hints are a browser's User-Agent Client Hints, each as its header has it
// (https://wicg.github.io/ua-client-hints/). Chromium sends the brands, the
// platform and whether the device is mobile with every request over TLS; the rest
// only to sites that have asked for it. They are borrowed: nothing of them is kept.
type Hints struct {
	Brands          []byte // Sec-CH-UA
	Versions        []byte // Sec-CH-UA-Full-Version-List
	Mobile          []byte // Sec-CH-UA-Mobile
	Platform        []byte // Sec-CH-UA-Platform
	PlatformVersion []byte // Sec-CH-UA-Platform-Version
	Model           []byte // Sec-CH-UA-Model
}

// maxHint is how much of a hint is read; real ones have about 100 bytes.
const maxHint = 256

func (h *Hints) all() [6][]byte {
	return [6][]byte{h.Brands, h.Versions, h.Mobile, h.Platform, h.PlatformVersion, h.Model}
}

// brands are names in hints. One that is special tells more than the agent, which
// of such browsers says Chrome or Edge.
var brands = map[string]struct {
	name    string
	special bool
}{
	"Google Chrome":          {"Chrome", false},
	"Microsoft Edge":         {"Microsoft Edge", false},
	"Android WebView":        {App, true},
	"Brave":                  {"Brave", true},
	"Opera":                  {"Opera", true},
	"Opera GX":               {"Opera", true},
	"Opera Air":              {"Opera", true},
	"Opera Mini Android":     {"Opera", true},
	"OperaMobile":            {"Opera", true},
	"Opera Mobile":           {"Opera", true},
	"Vivaldi":                {"Vivaldi", true},
	"Samsung Internet":       {"Samsung Browser", true},
	"DuckDuckGo":             {"DuckDuckGo Privacy Browser", true},
	"YaBrowser":              {"Yandex Browser", true},
	"Yandex":                 {"Yandex Browser", true},
	"Whale":                  {"Whale Browser", true},
	"Naver Whale":            {"Whale Browser", true},
	"Huawei Browser":         {"Huawei Browser", true},
	"HuaweiBrowser":          {"Huawei Browser", true},
	"Miui Browser":           {"MIUI Browser", true},
	"MiuiBrowser":            {"MIUI Browser", true},
	"Mi Browser":             {"MIUI Browser", true},
	"Silk":                   {"Silk", true},
	"Amazon Silk":            {"Silk", true},
	"Oculus Browser":         {"Meta Quest Browser", true},
	"Meta Quest Browser":     {"Meta Quest Browser", true},
	"CocCoc":                 {"Coc Coc", true},
	"Coc Coc":                {"Coc Coc", true},
	"Avast Secure Browser":   {"Avast Secure Browser", true},
	"AVG Secure Browser":     {"AVG Secure Browser", true},
	"Norton Private Browser": {"Norton Private Browser", true},
	"Norton Secure Browser":  {"Norton Private Browser", true},
	"CCleaner Browser":       {"CCleaner Browser", true},
	"Ecosia":                 {"Ecosia", true},
	"Ecosia Browser":         {"Ecosia", true},
	"UC Browser":             {"UC Browser", true},
	"UCBrowser":              {"UC Browser", true},
	"QQBrowser":              {"QQ Browser", true},
	"QQ Browser":             {"QQ Browser", true},
	"Quark":                  {"Quark", true},
	"HeyTapBrowser":          {"HeyTap Browser", true},
	"VivoBrowser":            {"Vivo Browser", true},
	"Aloha Browser":          {"Aloha Browser", true},
	"AlohaBrowser":           {"Aloha Browser", true},
	"Maxthon":                {"Maxthon", true},
	"Sogou Explorer":         {"Sogou Explorer", true},
	"Seznam":                 {"Seznam", true},
	"Seznam.cz":              {"Seznam", true},
}

// refine makes an agent more exact by hints, and counts where they contradict it.
func (a *Agent) refine(ua string, h *Hints) {
	if len(h.Brands) == 0 {
		return
	}
	brand, version, chromium, headless := readBrands(h.Brands)
	if headless {
		a.Bot = BotHeadless
	}
	a.refineBrowser(brand, version, h.Versions)
	a.refineSystem(h)
	if a.OS == "Android" && hasAny(string(h.Model), tablets...) {
		a.Device = Tablet
	}
	if contradictsEngine(ua, chromium) {
		a.Doubts++
	}
	if a.contradictsPlatform(h) {
		a.Doubts++
	}
}

// readBrands finds the most telling known brand of a list such as
// "Chromium";v="131", "Brave";v="131", "Not_A Brand";v="24", and the version of
// Chromium. Browsers add a brand that means nothing, so unknown ones do not either.
func readBrands(list []byte) (brand, version, chromium string, headless bool) {
	special := false
	for name, v := range eachBrand(list) {
		switch string(name) {
		case "Chromium":
			chromium = toVersion(v)
			continue
		case "HeadlessChrome":
			headless = true
			continue
		}
		if b, ok := brands[string(name)]; ok && (brand == "" || b.special && !special) {
			brand, version, special = string(name), toVersion(v), b.special
		}
	}
	return brand, version, chromium, headless
}

// eachBrand goes through a list of brands with versions: a structured header
// (RFC 8941), of which no more is read than browsers send.
func eachBrand(list []byte) func(yield func(name, version []byte) bool) {
	return func(yield func(name, version []byte) bool) {
		for list = list[:min(len(list), maxHint)]; ; {
			var name, v []byte
			if name, list = quoted(list); name == nil {
				return
			}
			if rest, ok := bytes.CutPrefix(list, []byte(`;v=`)); ok {
				v, list = quoted(rest)
			}
			if !yield(name, v) {
				return
			}
		}
	}
}

// quoted is the first text between quotation marks, and what comes behind it; nil
// if there is none. Marks within (\") do not end it.
func quoted(text []byte) (inner, rest []byte) {
	start := bytes.IndexByte(text, '"')
	if start < 0 {
		return nil, nil
	}
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[start+1 : i : i], text[i+1:]
		}
	}
	return nil, nil
}

// unquoted is a hint that is one text.
func unquoted(text []byte) []byte {
	inner, _ := quoted(text[:min(len(text), maxHint)])
	return inner
}

func toVersion(text []byte) string { return version(string(text)) }

// refineBrowser takes a brand's name where the agent only says what it is like, and
// the brand's version where the agent's is another's.
func (a *Agent) refineBrowser(brand, v string, versions []byte) {
	b, ok := brands[brand]
	if !ok {
		return
	}
	vague := a.Browser == "Chrome" || a.Browser == "Chromium" || a.Browser == "Microsoft Edge" && b.special
	if !vague && a.Browser != b.name {
		return
	}
	if a.Browser = b.name; a.Browser == App {
		a.BrowserVersion = ""
		return
	}
	for name, full := range eachBrand(versions) {
		if string(name) == brand && len(full) > 0 {
			v = toVersion(full)
		}
	}
	// A hint has the major version only; the agent may know more of the same.
	if v != "" && major(v) != major(a.BrowserVersion) || v != "" && v != major(v) {
		a.BrowserVersion = v
	}
}

func major(version string) string {
	for i := range len(version) {
		if version[i] == '.' {
			return version[:i]
		}
	}
	return version
}

// platforms are systems by their names in hints. An agent's system belongs to a
// platform when it may be what the platform's agents say.
var platforms = map[string]struct {
	os     string
	agents []string
}{
	"Windows":     {"Windows", []string{"Windows", "Xbox"}},
	"macOS":       {"Mac", []string{"Mac"}},
	"Android":     {"Android", []string{"Android", "HarmonyOS", "GNU/Linux", "Ubuntu", "Tizen", "webOS"}}, // Linux in the desktop view
	"Linux":       {"GNU/Linux", []string{"GNU/Linux", "Ubuntu", "Debian", "Fedora", "Mint", "Android", "Tizen", "webOS", "FreeBSD", "OpenBSD", "NetBSD"}},
	"Chrome OS":   {"Chrome OS", []string{"Chrome OS"}},
	"Chromium OS": {"Chrome OS", []string{"Chrome OS"}},
	"iOS":         {"iOS", []string{"iOS", "iPadOS", "Mac"}},
}

// refineSystem takes the true version from the hints: agents have frozen theirs.
func (a *Agent) refineSystem(h *Hints) {
	p, ok := platforms[string(unquoted(h.Platform))]
	if !ok {
		return
	}
	if p.os == "Android" && a.Device == Desktop && (a.OS == "GNU/Linux" || a.OS == "Ubuntu") && string(h.Mobile) == "?0" {
		a.OS, a.OSVersion, a.Device = "Android", "", Tablet // it asks for desktop pages
	}
	v := toVersion(unquoted(h.PlatformVersion))
	if a.OS != p.os || v == "" {
		return
	}
	switch a.OS {
	case "Windows":
		a.OSVersion = windowsOfHint(v)
	case "Mac", "Chrome OS":
		a.OSVersion = v
	case "Android":
		if m := major(v); len(m) > 1 || m == "9" { // of these nobody names the minor one
			v = m
		}
		a.OSVersion = v
	}
}

// windowsOfHint is the name of a Windows by the version of its API contract
// (https://learn.microsoft.com/en-us/microsoft-edge/web-platform/how-to-detect-win11).
func windowsOfHint(v string) string {
	switch m := major(v); {
	case v == "0.1":
		return "7"
	case v == "0.2":
		return "8"
	case v == "0.3":
		return "8.1"
	case len(m) == 1 || m < "13":
		return "10"
	}
	return "11"
}

// contradictsEngine: only Chromium sends hints, and under its own version.
func contradictsEngine(ua, chromium string) bool {
	rest, found := after(ua, "Chrome/")
	if !found {
		rest, found = after(ua, "HeadlessChrome/")
	}
	if !found {
		rest, found = after(ua, "Chromium/")
	}
	return !found || chromium != "" && major(chromium) != major(version(rest))
}

// contradictsPlatform compares system and kind of device.
func (a *Agent) contradictsPlatform(h *Hints) bool {
	if string(h.Mobile) == "?1" && (a.OS == "Windows" || a.OS == "Mac" || a.OS == "Chrome OS") {
		return true
	}
	p, known := platforms[string(unquoted(h.Platform))]
	if !known || a.OS == "" {
		return false
	}
	for _, os := range p.agents {
		if a.OS == os {
			return false
		}
	}
	return true
}
