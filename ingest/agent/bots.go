package agent

import (
	"strings"

	"github.com/mssola/useragent"
)

// botKind tells what kind of non-person an agent is, "" for people.
//
// It works through the agent once, word by word, and looks words up in tables;
// only agents that name nothing known are asked for words such as bot and for
// their shape. Refusing a person costs more than counting a bot, so whatever is
// in doubt is a person.
func botKind(ua string) string {
	var buffer [MaxLength]byte
	lower := lowerASCII(buffer[:0], ua)
	kind, generic := kindOfWords(lower)
	if kind == "" {
		kind = kindOfPhrases(lower)
	}
	switch {
	case kind != "":
		return kind
	case generic || strings.Contains(ua, "://"): // people's browsers do not advertise
		return BotCrawler
	case !strings.HasPrefix(ua, "Mozilla/") && useragent.New(ua).Bot(): // of others the base wants an address too
		return BotCrawler
	case !looksLikeBrowser(ua):
		return BotShape
	}
	return ""
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

func isWordByte(b byte) bool { return b >= 'a' && b <= 'z' || isDigit(b) || b == '-' || b == '_' }

// kindOfWords looks every word up. Of several known ones the kind with the
// highest rank wins, so that a preview that calls itself "like TwitterBot" and
// Chrome stays one. generic tells that a word says bot, crawl or spider.
func kindOfWords(lower []byte) (kind string, generic bool) {
	for i := 0; i < len(lower); {
		if !isWordByte(lower[i]) {
			i++
			continue
		}
		start := i
		for i < len(lower) && isWordByte(lower[i]) {
			i++
		}
		word := lower[start:i]
		known, ok := botWords[string(word)]
		if !ok && start == 0 {
			known, ok = headWords[string(word)]
		}
		if ok && rank[known] > rank[kind] {
			kind = known
		}
		generic = generic || saysBot(word)
	}
	return kind, generic
}

var rank = map[string]int{BotLibrary: 1, BotHeadless: 2, BotCrawler: 3, BotMonitor: 4, BotPreview: 5, BotAI: 6}

// saysBot reports whether a part of the word, cut at hyphens, means an automaton.
func saysBot(word []byte) bool {
	for start, i := 0, 0; i <= len(word); i++ {
		if i < len(word) && word[i] != '-' && word[i] != '_' {
			continue
		}
		part := string(word[start:i]) // does not escape
		start = i + 1
		if peopleWords[part] {
			continue
		}
		if strings.HasSuffix(part, "bot") || strings.HasSuffix(part, "bots") || strings.HasSuffix(part, "fetcher") ||
			strings.Contains(part, "crawl") || strings.Contains(part, "spider") || strings.Contains(part, "spyder") ||
			strings.Contains(part, "scrape") || strings.Contains(part, "headless") || strings.HasPrefix(part, "robot") {
			return true
		}
	}
	return false
}

// peopleWords look like a bot's and are not: makers of phones, mostly.
var peopleWords = map[string]bool{"cubot": true}

func kindOfPhrases(lower []byte) string {
	text := string(lower)
	for _, p := range botPhrases {
		if strings.Contains(text, p.phrase) {
			return p.kind
		}
	}
	return ""
}

// looksLikeBrowser asks for the shape that browsers have had for 25 years: a
// product, then a platform in brackets. Apps of Facebook's begin with brackets.
func looksLikeBrowser(ua string) bool {
	if len(ua) < 16 {
		return false
	}
	if strings.HasPrefix(ua, "[FB") {
		return true
	}
	os, _, device := system(ua)
	if strings.HasPrefix(ua, "Mozilla/") || strings.HasPrefix(ua, "Opera/") {
		return strings.Contains(ua, "(") && (os != "" || device != "" || strings.Contains(ua, "Gecko") || has(ua, "MSIE "))
	}
	// Old phones and some apps name themselves first: they must at least name a system.
	return os != "" && strings.Contains(ua, "/")
}
