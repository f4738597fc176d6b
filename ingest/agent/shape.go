package agent

import (
	"bytes"
	"strings"
)

// looksLikeBrowser asks for the shape that browsers have had for 25 years: a
// product, then a platform in brackets, then an engine. Phones from before the
// smart ones, television sets, and apps that speak for themselves, may look as
// they like as long as they name what they run on.
func looksLikeBrowser(ua string, lower []byte) bool {
	switch {
	case strings.HasPrefix(ua, "[FB"): // apps of Facebook's
		return true
	case strings.HasPrefix(ua, "Mozilla/"), strings.HasPrefix(ua, "Opera/"):
		return looksLikeMozilla(ua, lower)
	}
	for _, token := range oldBrowsers {
		if strings.HasPrefix(ua, token) {
			return true
		}
	}
	if namesAppliance(lower) {
		return true
	}
	os, _, device := system(ua)
	return device == Mobile || device == Tablet || os != "" && strings.Contains(ua, "AppleWebKit/")
}

func looksLikeMozilla(ua string, lower []byte) bool {
	os, _, device := system(ua)
	switch {
	case hasAny(ua, "MSIE ", "Trident/", "Konqueror/", "Dillo", "IBrowse", "Amiga-AWeb"):
		return true
	case os == "" && device == "":
		return strings.Contains(ua, "Gecko/") || namesAppliance(lower)
	case strings.Contains(ua, "AppleWebKit/"):
		return looksLikeWebKit(lower)
	case strings.HasPrefix(ua, "Mozilla/5.0") && device == Desktop:
		// A platform without a browser is none.
		open := bytes.IndexByte(lower, '(')
		return open >= 0 && open+closing(lower[open:]) < len(lower)-2
	}
	return true
}

// looksLikeWebKit: Safari, Chrome and all who say that they are like them.
func looksLikeWebKit(lower []byte) bool {
	if i := bytes.Index(lower, []byte("like gecko")); i >= 0 {
		// Programs like to write themselves into this bracket: "like Gecko; Name)".
		switch after := lower[i+len("like gecko"):]; {
		case bytes.HasPrefix(after, []byte(", safari")), bytes.HasPrefix(after, []byte("; chrome/")), bytes.HasPrefix(after, []byte("; version/")):
		case bytes.HasPrefix(after, []byte(";")), bytes.HasPrefix(after, []byte(", ")):
			return false
		}
	}
	// A browser's one is that of Internet Explorer, or "(Compatible, like Chrome)".
	return !bytes.Contains(lower, []byte("compatible;")) && !bytes.Contains(lower, []byte("compatible)"))
}

// namesAppliance reports whether an agent names a phone, a television set or a
// console, by its maker or by what only these say.
func namesAppliance(lower []byte) bool {
	for i := 0; i < len(lower); i++ {
		if i > 0 && isWord(lower[i-1]) || !isLetter(lower[i]) {
			continue
		}
		for _, token := range appliances[lower[i]-'a'] {
			if bytes.HasPrefix(lower[i:], []byte(token)) {
				return true
			}
		}
	}
	return false
}

// appliances are beginnings of words, by their first letter.
var appliances = func() (all [26][]string) {
	for token := range strings.FieldsSeq(`up.browser up.link profile/ midp obigo netfront openwave teleca mmp/ ucweb
		ucbrowser mqqbrowser dorado nokia sonyericsson samsung lg- lge lg/ mot- motorola alcatel blackberry htc zte huawei
		docomo kddi softbank vodafone j-phone lenovo sie- sec- kwc- amoi pantech sanyo sharp philips sagem siemens
		panasonic hbbtv ce-html maemo meego brew j2me android dalvik cfnetwork darwin/ gt-i gt-s gt-n gt-p sgh- sph- sch-
		sony asus palm polaris foma iphone ipad ipod ios/ watchos dtv smart-tv smarttv netcast inettv aquos bravia
		viera dreamcast webtv roku playstation nintendo xbox series60 symbos symbian maui s60 series40 bada
		applecoremedia kindle opera_mini debian suse ubuntu jiopages midori crkey chromecast appletv`) {
		token = strings.ReplaceAll(token, "_", " ")
		all[token[0]-'a'] = append(all[token[0]-'a'], token)
	}
	return all
}()

// oldBrowsers do not call themselves Mozilla. Few of them run scripts.
var oldBrowsers = []string{"Lynx", "Links", "ELinks", "w3m", "NetSurf", "Dillo", "NCSA", "iCab", "amaya", "Dooble",
	"Galeon", "IBrowse", "Amiga", "Midori", "Konqueror", "Xombrero", "Opera ", "Firefox/"}
