package agent

import "strings"

// windows are the names that people know the kernel's versions by. Windows 11
// says 10.0 as well.
var windows = map[string]string{
	"10.0": "10", "6.3": "8.1", "6.2": "8", "6.1": "7", "6.0": "Vista",
	"5.2": "XP", "5.1": "XP", "5.0": "2000",
}

// system tells system and device. The order matters: many agents name systems
// that they only want to be treated like.
func system(ua string) (os, ver, device string) {
	switch {
	case has(ua, "Windows Phone"): // also says Android and like iPhone
		if v := versionAfter(ua, "Windows Phone OS"); v != "" {
			return "Windows Phone", v, Mobile
		}
		return "Windows Phone", versionAfter(ua, "Windows Phone"), Mobile
	case has(ua, "Xbox"):
		return "Xbox", "", Desktop
	case has(ua, "OculusBrowser"): // says Linux, or Android
		return "Android", androidVersion(ua), Mobile
	case hasAny(ua, "Windows", "Win95", "Win98", "WinNT", "Win16"):
		return "Windows", windows[versionAfter(ua, "Windows NT")], Desktop
	case has(ua, "CrOS"):
		return "Chrome OS", chromeOSVersion(ua), Desktop
	case hasAny(ua, "HarmonyOS", "OpenHarmony"): // may also say Android
		return "HarmonyOS", versionAfter(ua, "OpenHarmony"), handheld(ua)
	case has(ua, "Tizen"):
		return "Tizen", versionAfter(ua, "Tizen"), screen(ua)
	case hasAny(ua, "Web0S", "webOS.TV"):
		return "webOS", "", Desktop
	case hasAny(ua, "webOS/", "hpwOS/"): // of phones and tablets, until 2012
		return "webOS", "", Mobile
	case has(ua, "KAIOS"):
		return "KaiOS", versionAfter(ua, "KAIOS"), Mobile
	case has(ua, "Android") && !strings.Contains(ua, "like Android"), has(ua, "FB4A"):
		return "Android", androidVersion(ua), handheld(ua)
	case has(ua, "iPad"):
		return "iPadOS", appleVersion(ua), Tablet
	case hasAny(ua, "iPhone", "iPod"):
		return "iOS", appleVersion(ua), Mobile
	case hasAny(ua, "Macintosh", "Mac OS X", "Mac_PowerPC"):
		if hasAny(ua, "Mobile/", "CriOS/", "FxiOS/", "EdgiOS/", "OPiOS/", "OPT/", "GSA/") {
			return "iPadOS", "", Tablet // an iPad that asks for desktop pages
		}
		return "Mac", versionAfter(ua, "Mac OS X"), Desktop
	}
	if has(ua, "CFNetwork/") { // an app that speaks for itself; those of Macs look the same since they have Apple's processors
		if hasAny(ua, "x86_64", "i386", "PowerMac") {
			return "Mac", "", Desktop
		}
		return "iOS", "", Mobile
	}
	return otherSystem(ua)
}

func otherSystem(ua string) (os, ver, device string) {
	for _, s := range otherSystems {
		if has(ua, s.token) {
			device = s.device
			if device == "" {
				device = screen(ua)
			}
			return s.name, "", device
		}
	}
	switch {
	case has(ua, "Tablet"):
		return "", "", Tablet
	case has(ua, "Mobile"):
		return "", "", Mobile
	}
	return "", "", ""
}

var otherSystems = []struct{ token, name, device string }{
	{"PlayStation", "PlayStation", Desktop},
	{"Nintendo", "Nintendo", Desktop},
	{"BlackBerry", "BlackBerry", Mobile},
	{"BB10", "BlackBerry", Mobile},
	{"PlayBook", "BlackBerry", Tablet},
	{"Symbian", "Symbian", Mobile},
	{"SymbianOS", "Symbian", Mobile},
	{"Series60", "Symbian", Mobile},
	{"Kindle/", "GNU/Linux", Tablet},
	{"Sailfish", "Sailfish OS", Mobile},
	{"J2ME/MIDP", "Java ME", Mobile},
	{"MIDP", "Java ME", Mobile},
	{"FreeBSD", "FreeBSD", Desktop},
	{"OpenBSD", "OpenBSD", Desktop},
	{"NetBSD", "NetBSD", Desktop},
	{"SunOS", "Solaris", Desktop},
	{"Fuchsia", "Fuchsia", Desktop},
	{"Ubuntu", "Ubuntu", ""},
	{"Fedora", "Fedora", Desktop},
	{"Debian", "Debian", Desktop},
	{"Linux Mint", "Mint", Desktop},
	{"Linux", "GNU/Linux", ""},
	{"OpenVMS", "OpenVMS", Desktop},
	{"IRIX", "IRIX", Desktop},
	{"HP-UX", "HP-UX", Desktop},
	{"AIX", "AIX", Desktop},
	{"OS/2", "OS/2", Desktop},
	{"BeOS", "BeOS", Desktop},
	{"Haiku", "Haiku", Desktop},
	{"AmigaOS", "AmigaOS", Desktop},
	{"MorphOS", "MorphOS", Desktop},
	{"RISC OS", "RISC OS", Desktop},
	{"SerenityOS", "SerenityOS", Desktop},
	{"DragonFly", "DragonFly BSD", Desktop},
	{"X11", "GNU/Linux", Desktop},
}

// screen is the device of a system that runs on all of them.
func screen(ua string) string {
	switch {
	case hasAny(ua, "SMART-TV", "SmartTV", "TV"):
		return Desktop
	case has(ua, "Tablet"):
		return Tablet
	case has(ua, "Mobile"):
		return Mobile
	}
	return Desktop
}

// handheld is the device of an Android. Phones say Mobile and tablets do not
// (https://developer.chrome.com/docs/multidevice/user-agent), apart from apps
// and browsers that say it everywhere: of these some models are known. A screen
// on the wall counts as a desktop.
func handheld(ua string) string {
	switch {
	case hasAny(ua, "Android TV", "GoogleTV", "BRAVIA", "SMART-TV", "SmartTV", "AFT", "Chromecast", "CrKey"):
		return Desktop
	case hasAny(ua, tablets...):
		return Tablet
	case hasAny(ua, "Mobile", "Phone", "Opera Mini", "Opera Mobi", "FB4A", "VR", "Dalvik"):
		return Mobile
	}
	return Tablet
}

// tablets are beginnings of models.
var tablets = []string{"Tablet", "SM-T", "SM-X", "Lenovo TB", "MatePad", "Nexus 7", "Nexus 9", "Nexus 10", "KFT", "KFM", "KFO"}

func androidVersion(ua string) string {
	for rest, found := after(ua, "Android"); found; rest, found = after(rest, "Android") {
		if v := version(strings.TrimLeft(rest, " -/")); v != "" {
			return v
		}
	}
	return versionAfter(ua, "FBSV")
}

// appleVersion is the version of iOS and iPadOS. Since 26 Safari freezes it at
// 18.6 or 18.7 but still tells its own, which is that of the system.
func appleVersion(ua string) string {
	v := versionAfter(ua, "iPhone OS")
	if v == "" {
		v = versionAfter(ua, "CPU OS")
	}
	if v == "" {
		v = versionAfter(ua, "FBSV")
	}
	if v == "18.6" || v == "18.7" {
		if safari := versionAfter(ua, "Version"); len(safari) >= 2 && safari[:2] >= "26" {
			return safari
		}
	}
	return v
}

// chromeOSVersion skips the architecture: "CrOS x86_64 14541.0.0".
func chromeOSVersion(ua string) string {
	rest, _ := after(ua, "CrOS ")
	_, rest, _ = strings.Cut(rest, " ")
	return version(rest)
}
