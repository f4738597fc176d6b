package agent

import "strings"

// after returns what follows token in ua, where token does not begin within a
// word: "Line/" is not found in "Pipeline/2".
func after(ua, token string) (rest string, found bool) {
	for from := 0; ; {
		i := strings.Index(ua[from:], token)
		if i < 0 {
			return "", false
		}
		at := from + i
		if at == 0 || !isWord(ua[at-1]) || !isWord(token[0]) {
			return ua[at+len(token):], true
		}
		from = at + 1
	}
}

func has(ua, token string) bool {
	_, found := after(ua, token)
	return found
}

func hasAny(ua string, tokens ...string) bool {
	for _, t := range tokens {
		if has(ua, t) {
			return true
		}
	}
	return false
}

func isWord(b byte) bool   { return isDigit(b) || isLetter(b) }
func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func isDigit(b byte) bool  { return b >= '0' && b <= '9' }

// version reads major or major.minor from the start of s; parts may be divided
// by "_" as well. What it returns is no part of s.
func version(s string) string {
	const longest = 6 // digits: Chrome OS has five
	var out [2*longest + 1]byte
	n := 0
	for part := range 2 {
		digits := 0
		for digits < len(s) && isDigit(s[digits]) {
			digits++
		}
		if digits == 0 || digits > longest {
			break
		}
		if part == 1 {
			out[n] = '.'
			n++
		}
		n += copy(out[n:], s[:digits])
		s = s[digits:]
		if s == "" || s[0] != '.' && s[0] != '_' {
			break
		}
		s = s[1:]
	}
	return string(out[:n])
}

// versionAfter is the version that follows token and one more sign.
func versionAfter(ua, token string) string {
	rest, _ := after(ua, token)
	return version(strings.TrimLeft(rest, "/ -"))
}
