package agent

import (
	"bytes"
	"strings"
)

// botKind tells what kind of non-person an agent is, "" for people, and the name
// under which we know it, if we do.
//
// It goes through the agent once, word by word: names first, then words that say
// what their bearer does. Only then comes the shape (shape.go). Refusing a person
// costs more than counting a bot, so whatever is in doubt is a person.
func botKind(ua string) (kind, shown string) {
	var buffer [MaxLength]byte
	lower := lowerASCII(buffer[:0], ua)
	x, says := scan(lower)
	switch {
	case x != nil:
		return x.kind, x.shown
	case says != "":
		return says, ""
	case advertises(lower), attacks(lower):
		return BotCrawler, ""
	case !looksLikeBrowser(ua, lower):
		return BotShape, ""
	}
	return "", ""
}

func lowerASCII(dst []byte, s string) []byte {
	for i := range len(s) {
		b := s[i]
		if b >= 'A' && b <= 'Z' {
			b |= 0x20
		}
		dst = append(dst, b)
	}
	return dst
}

// scan looks every word up. Of several names the one with the highest rank wins.
// says is the kind that the words themselves tell.
func scan(lower []byte) (best *name, says string) {
	from, to := model(lower)
	explorer := bytes.Contains(lower, []byte("msie ")) || bytes.Contains(lower, []byte("trident/"))
	named := 0 // the end of the last name found
	for i := 0; i < len(lower); {
		if !isWord(lower[i]) {
			i++
			continue
		}
		start := i
		var x *name
		if i >= named {
			x = known.at(lower, i)
		}
		if x != nil {
			named = i + len(x.text)
		}
		for i < len(lower) && isWord(lower[i]) {
			i++
		}
		does := kindOfWord(lower[start:i], explorer)
		if start >= from && start < to && (x == nil || does == "" && x.mayBeModel()) {
			continue
		}
		if x != nil && (best == nil || rank[x.kind] > rank[best.kind]) {
			best = x
		}
		if says == "" {
			says = does
		}
	}
	return best, says
}

// model finds the part of an agent that names a model of phone or tablet. Makers
// call them anything, a robot too (CUBOT; M bot 60; ID bot).
func model(lower []byte) (from, to int) {
	open := bytes.IndexByte(lower, '(')
	if open < 0 {
		return 0, 0
	}
	end := open + closing(lower[open:])
	i := bytes.Index(lower[open:end], []byte("android"))
	if i < 0 || bytes.Contains(lower[open:end], []byte("compatible")) || bytes.Contains(lower[open:end], []byte("://")) {
		return 0, 0
	}
	return open + i, end
}

// closing is the place of the bracket that closes the one at the start, or the end.
func closing(text []byte) int {
	depth := 0
	for i, b := range text {
		switch b {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// kindOfWord tells by a word what whoever bears it does. Internet Explorer let
// anybody put words into its agent, makers of downloaders and of macros too.
func kindOfWord(word []byte, explorer bool) string {
	switch {
	case len(word) < 3 || peopleWords[string(word)]:
		return ""
	case bytes.HasSuffix(word, []byte("bot")), bytes.HasSuffix(word, []byte("bots")), bytes.HasPrefix(word, []byte("robot")),
		bytes.Contains(word, []byte("crawl")), bytes.Contains(word, []byte("spider")), bytes.Contains(word, []byte("spyder")),
		bytes.Contains(word, []byte("scrape")), bytes.Contains(word, []byte("slurp")):
		return BotCrawler
	case bytes.HasPrefix(word, []byte("headless")):
		return BotHeadless
	}
	for _, w := range trades {
		if explorer && (w.kind == BotCrawler || w.kind == BotHeadless) {
			continue
		}
		if w.at == whole && string(word) == w.part || w.at == inside && bytes.Contains(word, []byte(w.part)) ||
			w.at == ending && bytes.HasSuffix(word, []byte(w.part)) {
			return w.kind
		}
	}
	return ""
}

// peopleWords are what nearly every browser says, which saves looking closer, and
// words that look like a bot's and are not: makers of phones.
var peopleWords = func() map[string]bool {
	all := map[string]bool{}
	for _, word := range strings.Fields(`mozilla windows win64 x64 macintosh intel mac linux android x11 x86 64 iphone ipad
		cpu like applewebkit khtml gecko chrome safari version mobile build firefox edg 537 605 15e148 20100101 cubot`) {
		all[word] = true
	}
	return all
}()

// where a part of a word must stand
type where uint8

const (
	inside where = iota
	ending
	whole
)

// trades are parts of words that tell a program's trade. Browsers of people have
// none of them, apart from models of phones.
var trades = []struct {
	part string
	at   where
	kind string
}{
	{"monitor", inside, BotMonitor}, {"uptime", inside, BotMonitor}, {"synthetic", inside, BotMonitor},
	{"lighthouse", inside, BotMonitor}, {"healthcheck", inside, BotMonitor}, {"prober", ending, BotMonitor},
	{"probe", whole, BotMonitor}, {"pinger", ending, BotMonitor},
	{"preview", ending, BotPreview}, {"previewer", ending, BotPreview}, {"screenshot", inside, BotPreview},
	{"snapshot", inside, BotPreview}, {"thumbnail", inside, BotPreview}, {"favicon", inside, BotPreview},
	{"unfurl", inside, BotPreview},
	{"python", whole, BotLibrary}, {"perl", whole, BotLibrary}, {"curl", whole, BotLibrary}, {"ruby", whole, BotLibrary},
	{"php", whole, BotLibrary}, {"golang", whole, BotLibrary}, {"httpclient", ending, BotLibrary}, {"nodejs", whole, BotLibrary},
	{"fetch", inside, BotCrawler}, {"validat", inside, BotCrawler}, {"verifier", ending, BotCrawler},
	{"verify", ending, BotCrawler}, {"checker", ending, BotCrawler}, {"check", ending, BotCrawler},
	{"scanner", ending, BotCrawler}, {"scan", whole, BotCrawler}, {"inspector", ending, BotCrawler},
	{"auditor", ending, BotCrawler}, {"audit", ending, BotCrawler}, {"grader", ending, BotCrawler},
	{"analyzer", ending, BotCrawler}, {"analyser", ending, BotCrawler}, {"archiver", ending, BotCrawler},
	{"archive", ending, BotCrawler}, {"indexer", ending, BotCrawler}, {"harvest", inside, BotCrawler},
	{"extractor", ending, BotCrawler}, {"downloader", ending, BotCrawler}, {"grabber", ending, BotCrawler},
	{"sniffer", ending, BotCrawler}, {"sitemap", inside, BotCrawler}, {"feedparser", inside, BotCrawler},
	{"feedreader", inside, BotCrawler}, {"aggregator", ending, BotCrawler}, {"agent", ending, BotCrawler},
	{"seo", whole, BotCrawler}, {"rss", whole, BotCrawler}, {"survey", whole, BotCrawler}, {"research", whole, BotCrawler},
	{"automation", ending, BotHeadless},
}

// advertises reports whether an agent says where to read about its maker, or whom
// to write to. People's browsers do neither.
func advertises(lower []byte) bool {
	if bytes.Contains(lower, []byte("://")) || hasMail(lower) {
		return true
	}
	// Providers wrote their names into Internet Explorer.
	return !bytes.Contains(lower, []byte("msie ")) && (bytes.Contains(lower, []byte("www.")) || hasHost(lower))
}

// attacks reports whether an agent is not meant to be read but to be run, by a
// database, a shell or a page that shows it.
func attacks(lower []byte) bool {
	for _, part := range []string{"(select", "union select", "sleep(", "${", "() {", "<script", "`", "../", "/etc/"} {
		if bytes.Contains(lower, []byte(part)) {
			return true
		}
	}
	return false
}

// hasMail finds mail addresses: a sign on both sides of an "@", and a dot behind.
func hasMail(lower []byte) bool {
	for i := 1; i < len(lower)-3; i++ {
		if lower[i] != '@' || !isWord(lower[i-1]) || !isLetter(lower[i+1]) {
			continue
		}
		for _, b := range lower[i+1:] {
			if b == '.' {
				return true
			}
			if !isWord(b) && b != '-' {
				break
			}
		}
	}
	return false
}

// hasHost finds names of hosts. Packages of apps are names of hosts, too, but the
// other way round (com.example.app).
func hasHost(lower []byte) bool {
	// Apps of phones tell the operator of their network: "FBCR/Telekom.de;".
	phone := bytes.Contains(lower, []byte("android")) || bytes.Contains(lower, []byte("like mac os x"))
	for from := 0; ; {
		i := bytes.IndexByte(lower[from:], '.')
		if i < 0 {
			return false
		}
		dot := from + i
		from = dot + 1
		if dot == 0 || !isLetter(lower[dot-1]) {
			continue
		}
		end := from
		for end < len(lower) && isLetter(lower[end]) {
			end++
		}
		if !topDomains[string(lower[from:end])] || end < len(lower) && (isWord(lower[end]) || lower[end] == '.' || lower[end] == '_') {
			continue
		}
		start := dot
		for start > 0 && (isWord(lower[start-1]) || lower[start-1] == '.' || lower[start-1] == '-') {
			start--
		}
		first, _, _ := bytes.Cut(lower[start:dot], []byte("."))
		path := end+1 < len(lower) && lower[end] == '/' && isLetter(lower[end+1])
		if dot-start >= 3 && !topDomains[string(first)] && (path || !phone) {
			return true
		}
	}
}

var topDomains = func() map[string]bool {
	all := map[string]bool{}
	for _, d := range strings.Fields("com net org io co ai dev app info eu de fr uk ru cn jp nl it pl ch at") {
		all[d] = true
	}
	return all
}()
