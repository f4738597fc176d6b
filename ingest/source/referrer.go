package source

import (
	"strings"
	"unicode/utf8"
)

// MaxAddress is the length that Origin.Address is cut at.
const MaxAddress = 500

type scheme uint8

const (
	none scheme = iota
	web         // http and https
	app         // android-app
)

// referrer is what is taken of a referrer's address. The zero value is none.
type referrer struct {
	scheme scheme
	host   string // lower case, without user, port, www. and the dot at the end
	path   string // without query, fragment and the slashes at the end
	both   string // host and path in one piece of the input, where they stand side by side
}

// readReferrer reads an address that may be anything. What has no web or app
// scheme, or no sane host, is none. Apart from upper-case hosts, which browsers
// do not send, its strings are pieces of s.
func readReferrer(s string) (r referrer) {
	s = strings.TrimSpace(s)
	i := strings.Index(s, "://")
	if i < 0 {
		return referrer{}
	}
	switch {
	case strings.EqualFold(s[:i], "https"), strings.EqualFold(s[:i], "http"):
		r.scheme = web
	case strings.EqualFold(s[:i], "android-app"):
		r.scheme = app
	default:
		return referrer{}
	}
	authority, rest := splitAt(s[i+3:], `/\?#`)
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	name, port := splitPort(host)
	clean := strings.TrimRight(name, ".")
	if !isHost(clean) {
		return referrer{}
	}
	r.host = withoutWWW(strings.ToLower(clean))
	r.path = cleanPath(rest)
	if port == "" && len(clean) == len(name) && strings.HasSuffix(clean, r.host) {
		start := i + 3 + len(authority) - len(r.host)
		r.both = s[start : start+len(r.host)+len(r.path)]
	}
	return r
}

// source is the name that a referrer without a tag gives.
func (r *referrer) source() (name string, known *entry) {
	if r.scheme == app {
		known = names.apps[r.host]
	} else {
		known = names.ofHost(r.host)
	}
	if known != nil {
		return known.name, known
	}
	return r.host, nil
}

// address is host and path.
func (r *referrer) address() string {
	both := r.both
	if both == "" {
		both = r.host + r.path
	}
	return cutText(both, MaxAddress)
}

func splitAt(s, chars string) (head, tail string) {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func splitPort(host string) (name, port string) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.IndexByte(host[i:], ']') >= 0 {
		return host, ""
	}
	return host[:i], host[i:]
}

// isHost accepts names of any script, addresses, and IPv6 in brackets.
func isHost(s string) bool {
	if s == "" || len(s) > 253 || s[0] == '.' || !utf8.ValidString(s) {
		return false
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		return ok && inner != "" && strings.Trim(inner, "0123456789abcdefABCDEF:.") == ""
	}
	for i := range len(s) {
		b := s[i]
		if b < utf8.RuneSelf && b != '-' && b != '_' && b != '.' && !(b >= '0' && b <= '9') && !(b|0x20 >= 'a' && b|0x20 <= 'z') {
			return false
		}
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 && r < 0xa0 })
}

// cleanPath cuts a path before its query and before the first byte that no
// address holds. Backslashes count as slashes, as in browsers.
func cleanPath(s string) string {
	end := 0
	for end < len(s) {
		b := s[end]
		if b == '?' || b == '#' || b < ' ' || b == 0x7f {
			break
		}
		r, size := utf8.DecodeRuneInString(s[end:])
		if r == utf8.RuneError && size == 1 || r >= 0x80 && r < 0xa0 {
			break
		}
		end += size
	}
	return strings.TrimRight(s[:end], `/\ `)
}

// cutText cuts at a rune's border, and no slash stays at the end.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return strings.TrimRight(s[:most], `/\ `)
}
