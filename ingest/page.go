package ingest

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"footfall/ingest/source"
)

// Limits of a page's address.
const (
	maxURL  = 2000 // bytes of the address as sent
	maxPath = 2000 // bytes of the path as counted
	maxHost = 253  // octets of a domain name, RFC 1035 section 2.3.4
)

// page is an address taken apart. Its parts are as they were sent, but the host
// is in lower case, without "www.", port and trailing dot.
type page struct {
	scheme   string
	host     string // blank where the scheme needs none
	path     string
	query    string
	fragment string
}

// What is wrong with an address, in the words of the answer.
const (
	urlRequired = "is required"
	urlInvalid  = "must be a valid url"
	urlScheme   = "scheme is not allowed"
)

// splitURL takes an address apart. problem is "" or says what is wrong with it.
// It needs a scheme and, for http and https, a host: apps send addresses such as
// app://localhost/start or file:///index.html, and those are fine.
func (s *scratch) splitURL(raw string) (p page, problem string) {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return p, urlRequired
	}
	if len(raw) > maxURL {
		return p, urlInvalid
	}
	end := schemeEnd(raw)
	if end <= 0 {
		return p, urlInvalid
	}
	p.scheme = s.lower(raw[:end])
	if p.scheme == "data" {
		return p, urlScheme
	}
	rest := raw[end+1:]
	rest, p.fragment, _ = strings.Cut(rest, "#")
	rest, p.query, _ = strings.Cut(rest, "?")
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		authority := after
		if i := strings.IndexByte(after, '/'); i >= 0 {
			authority, p.path = after[:i], after[i:]
		}
		if p.host, ok = s.host(authority); !ok {
			return p, urlInvalid
		}
	} else if strings.HasPrefix(rest, "/") {
		p.path = rest
	}
	if p.host == "" && (p.scheme == "http" || p.scheme == "https") {
		return p, urlInvalid
	}
	return p, ""
}

// schemeEnd is the place of the colon after a scheme (RFC 3986 section 3.1), -1
// where there is none.
func schemeEnd(raw string) int {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case isLetter(c):
		case c == ':':
			return i
		case i > 0 && (isDigit(c) || c == '+' || c == '-' || c == '.'):
		default:
			return -1
		}
	}
	return -1
}

// host takes the host out of an authority: user and port go, so do "www." and a
// trailing dot.
func (s *scratch) host(authority string) (host string, ok bool) {
	host = authority[strings.LastIndexByte(authority, '@')+1:]
	if strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 || !validPort(host[end+1:]) {
			return "", false
		}
		addr, err := netip.ParseAddr(host[1:end])
		if err != nil || addr.Zone() != "" {
			return "", false
		}
		return s.lower(host[1:end]), true
	}
	if i := strings.IndexByte(host, ':'); i >= 0 {
		if !validPort(host[i:]) {
			return "", false
		}
		host = host[:i]
	}
	plain, ok := isPlainHost(host)
	if !ok || len(host) > maxHost {
		return "", false
	}
	if plain {
		return strings.TrimPrefix(host, "www."), true
	}
	host = strings.TrimPrefix(strings.TrimSuffix(s.lower(host), "."), "www.")
	if strings.HasPrefix(host, ".") || strings.Contains(host, "..") {
		return "", false
	}
	return host, true
}

// isPlainHost looks at a host's signs. plain says that they are small letters,
// digits, hyphens and dots, none of these beside another or at an end, as in nearly
// all hosts; ok is false where one of them stands in no host.
func isPlainHost(host string) (plain, ok bool) {
	plain = true
	last := byte('.')
	for i := 0; i < len(host); i++ {
		c := host[i]
		switch {
		case c >= 'a' && c <= 'z', isDigit(c), c == '-':
		case c == '.' && last != '.':
		case c >= utf8.RuneSelf:
			return false, strings.IndexFunc(host, isNoHostRune) < 0 && utf8.ValidString(host)
		case isNoHostRune(rune(c)):
			return false, false
		default:
			plain = false
		}
		last = c
	}
	return plain && last != '.', true
}

func isNoHostRune(r rune) bool {
	return unicode.IsControl(r) || r < utf8.RuneSelf && strings.IndexByte(" \"#%&'()*,/<>?@[\\]^`{|}", byte(r)) >= 0
}

// validPort accepts nothing, or a colon and at most five digits.
func validPort(port string) bool {
	if port == "" {
		return true
	}
	if port[0] != ':' || len(port) > 6 {
		return false
	}
	for i := 1; i < len(port); i++ {
		if !isDigit(port[i]) {
			return false
		}
	}
	return true
}

// value is the path as it is counted, apart from masking: decoded once, clean,
// without white space at its end, "/" where there is none. In hash mode the
// fragment belongs to it, up to a question mark: queries are never counted.
func (p *page) value(s *scratch, hash bool) string {
	path := s.clean(s.unescape(p.path, false))
	if hash && p.fragment != "" {
		route, _, _ := strings.Cut(p.fragment, "?")
		fragment := s.clean(s.unescape(route, false))
		if path == "" {
			path = "/"
		}
		mark := len(s.b)
		s.b = append(append(append(s.b, path...), '#'), fragment...)
		path = s.from(mark)
	}
	path = strings.TrimRightFunc(path, unicode.IsSpace)
	if path == "" {
		path = "/"
	}
	return cut(path, maxPath)
}

// tags are what an address says about the campaign that led to it.
type tags struct {
	utmSource, source, ref string
	medium, campaign       string
	content, term          string
	clickIDs               source.ClickIDs
}

// tag is the source tag: utm_source, else source, else ref.
func (t *tags) tag() string {
	switch {
	case t.utmSource != "":
		return t.utmSource
	case t.source != "":
		return t.source
	}
	return t.ref
}

// slot is where the value of a query key goes, nil if nobody wants it.
func (t *tags) slot(key string) *string {
	switch key {
	case "utm_source":
		return &t.utmSource
	case "source":
		return &t.source
	case "ref":
		return &t.ref
	case "utm_medium":
		return &t.medium
	case "utm_campaign":
		return &t.campaign
	case "utm_content":
		return &t.content
	case "utm_term":
		return &t.term
	}
	return nil
}

// longestKey is enough for every key below, escaped or not.
const longestKey = 32

// readTags takes the tags out of a query. Of a click id only its name is seen. A
// key that stands there twice has the first value that is not blank.
func (s *scratch) readTags(query string) (t tags) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if value == "" || len(key) > longestKey {
			continue
		}
		key = s.unescape(key, true)
		if id := source.ClickID([]byte(key)); id != 0 {
			t.clickIDs |= id
		} else if slot := t.slot(key); slot != nil && *slot == "" {
			*slot = strings.TrimSpace(s.clean(s.unescape(value, true)))
		}
	}
	return t
}
