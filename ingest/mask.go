package ingest

import "strings"

// What stands in a path for what was masked.
const (
	MaskedMail  = ":email"
	MaskedUUID  = ":uuid"
	MaskedToken = ":token" // long hexadecimal numbers, base64-like texts, signed tokens (JWT)
)

// Shortest texts that are taken for tokens.
const (
	minHexToken = 16
	minToken    = 20
)

// mask replaces what may name a person, or lets somebody in, by placeholders:
// mail addresses and UUIDs wherever they stand, and whole pieces of the path
// that look like tokens. Words, dates, versions and short numbers stay.
func (s *scratch) mask(path string) string {
	return s.maskTokens(s.maskUUIDs(s.maskMails(path)))
}

// maskMails replaces mail addresses. A name without a host behind it ("/@ann",
// "vue@3.5.1") is none. What was escaped twice still has "%40" for the "@".
func (s *scratch) maskMails(text string) string {
	at, width := findAt(text, 0)
	if at < 0 {
		return text
	}
	mark, done := len(s.b), 0
	for at >= 0 {
		start := at
		for start > done && isLocal(text[start-1]) {
			start--
		}
		end := mailHostEnd(text[at+width:])
		if start < at && end > 0 {
			s.b = append(append(s.b, text[done:start]...), MaskedMail...)
			done = at + width + end
			at, width = findAt(text, done)
			for at == done && mailHostEnd(text[at+width:]) > 0 { // ann@a.example@b.example
				done = at + width + mailHostEnd(text[at+width:])
				at, width = findAt(text, done)
			}
			continue
		}
		at, width = findAt(text, at+width)
	}
	s.b = append(s.b, text[done:]...)
	return s.from(mark)
}

// findAt is the place of the next "@" or "%40" and its width, or -1.
func findAt(text string, from int) (at, width int) {
	for i := from; i < len(text); i++ {
		if text[i] == '@' {
			return i, 1
		}
		if text[i] == '%' && strings.HasPrefix(text[i:], "%40") {
			return i, 3
		}
	}
	return -1, 0
}

// isLocal reports whether c may stand before the "@" of a mail address. Rarer
// characters that RFC 5322 allows as well mean something else in a path.
func isLocal(c byte) bool {
	return isLetter(c) || isDigit(c) || c >= 0x80 || strings.IndexByte("._+-'~!$", c) >= 0
}

// mailHostEnd is the length of the host at the beginning of text, 0 if there is
// none: labels with dots between them, the last one of two letters at least.
func mailHostEnd(text string) int {
	end, dot := 0, -1
	for end < len(text) {
		c := text[end]
		if c == '.' {
			if end == 0 || text[end-1] == '.' {
				break
			}
			dot = end
		} else if !isLetter(c) && !isDigit(c) && c != '-' && c < 0x80 {
			break
		}
		end++
	}
	if dot == end-1 && dot > 0 { // a full stop after the address
		end = dot
		dot = strings.LastIndexByte(text[:end], '.')
	}
	if dot < 0 || end-dot < 3 || isDigit(text[dot+1]) {
		return 0
	}
	return end
}

const uuidLength = 36

// maskUUIDs replaces UUIDs of any version.
func (s *scratch) maskUUIDs(text string) string {
	if len(text) < uuidLength || strings.IndexByte(text, '-') < 0 {
		return text
	}
	mark, done := len(s.b), 0
	for i := 0; i+uuidLength <= len(text); i++ {
		if isUUID(text[i:i+uuidLength]) &&
			(i == 0 || !isHex(text[i-1])) && (i+uuidLength == len(text) || !isHex(text[i+uuidLength])) {
			s.b = append(append(s.b, text[done:i]...), MaskedUUID...)
			done = i + uuidLength
			i = done - 1
		}
	}
	if done == 0 {
		return text
	}
	s.b = append(s.b, text[done:]...)
	return s.from(mark)
}

func isUUID(text string) bool {
	if text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return false
	}
	for i := 0; i < uuidLength; i++ {
		if i != 8 && i != 13 && i != 18 && i != 23 && !isHex(text[i]) {
			return false
		}
	}
	return true
}

// maskTokens replaces the pieces between delimiters that look like tokens.
func (s *scratch) maskTokens(text string) string {
	if len(text) < minHexToken {
		return text
	}
	mark, done := len(s.b), 0
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && !isDelimiter(text[end]) {
			end++
		}
		if end-start >= minHexToken && isToken(text[start:end]) {
			s.b = append(append(s.b, text[done:start]...), MaskedToken...)
			done = end + padding(text[end:])
			end = done
		}
		start = end + 1
	}
	if done == 0 {
		return text
	}
	s.b = append(s.b, text[done:]...)
	return s.from(mark)
}

// padding is the number of "=" that end a base64 text at the beginning of rest.
func padding(rest string) int {
	n := len(rest) - len(strings.TrimLeft(rest, "="))
	if n > 2 || n < len(rest) && !isDelimiter(rest[n]) {
		return 0
	}
	return n
}

func isDelimiter(c byte) bool { return delimiters[c] }

var delimiters = signs("/#?&=;,:!@()[] ")

// signs is a set of bytes.
func signs(list string) (set [256]bool) {
	for _, c := range []byte(list) {
		set[c] = true
	}
	return set
}

// tokenSigns stand in tokens besides letters and digits.
var tokenSigns = signs("-_.+~%$")

// isToken judges one piece, after taking off an ending such as ".html". It is a
// token when it is a signed token, a long hexadecimal number, or jumps between
// digits and letters, or from small to capital letters, far more often than
// words joined by hyphens do: once in five characters.
func isToken(piece string) bool {
	if isJWT(piece) {
		return true
	}
	if i := strings.LastIndexByte(piece, '.'); i > 0 && len(piece)-i <= 6 {
		piece = piece[:i]
	}
	hex, digits, jumps := true, 0, 0
	for i := 0; i < len(piece); i++ {
		c := piece[i]
		if !isLetter(c) && !isDigit(c) && !tokenSigns[c] {
			return false
		}
		if !isHex(c) {
			hex = false
		}
		if isDigit(c) {
			digits++
		}
		if i > 0 && isJump(piece[i-1], c) {
			jumps++
		}
	}
	if hex {
		return len(piece) >= minHexToken
	}
	return len(piece) >= minToken && digits > 0 && jumps*5 >= len(piece)
}

func isJump(a, b byte) bool {
	switch {
	case isDigit(a):
		return isLetter(b)
	case a >= 'a' && a <= 'z':
		return isDigit(b) || b >= 'A' && b <= 'Z'
	case a >= 'A' && a <= 'Z':
		return isDigit(b)
	}
	return false
}

// isJWT recognizes a signed token: three parts of base64url, the first of which
// is a JSON object and so begins with "eyJ" (RFC 7519).
func isJWT(piece string) bool {
	if !strings.HasPrefix(piece, "eyJ") || strings.Count(piece, ".") < 2 {
		return false
	}
	for i := 0; i < len(piece); i++ {
		if c := piece[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '_' && c != '.' && c != '=' {
			return false
		}
	}
	return true
}
