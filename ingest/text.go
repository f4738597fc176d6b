package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"footfall/aggregate"
)

// scratch is memory in which the texts of one beacon are made. When it grows,
// texts made before stay where they were; after reset all of them are void.
type scratch struct{ b []byte }

// maxScratch is the most that is kept for the next beacon.
const maxScratch = 32 << 10

func (s *scratch) reset() {
	if cap(s.b) > maxScratch {
		s.b = nil
	}
	s.b = s.b[:0]
}

// from is the text that was appended since the scratch was mark bytes long.
func (s *scratch) from(mark int) string { return borrow(s.b[mark:]) }

// borrow is b as a string without a copy: valid as long as nobody writes to b.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// clean makes text fit to be counted: valid UTF-8 without control characters,
// which become spaces, so that the reserved values of aggregate cannot be forged.
func (s *scratch) clean(text string) string {
	n := cleanPrefix(text)
	if n == len(text) {
		return text
	}
	mark := len(s.b)
	s.b = append(s.b, text[:n]...)
	for _, r := range text[n:] {
		if unicode.IsControl(r) {
			r = ' '
		}
		s.b = utf8.AppendRune(s.b, r) // an invalid byte is ranged over as U+FFFD
	}
	return s.from(mark)
}

// cleanPrefix is the length of the part of text that needs no cleaning.
func cleanPrefix(text string) int {
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if unicode.IsControl(r) || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(text)
}

// lower is text in lower case.
func (s *scratch) lower(text string) string {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= utf8.RuneSelf {
			return strings.ToLower(text)
		}
		if c >= 'A' && c <= 'Z' {
			mark := len(s.b)
			s.b = append(s.b, text...)
			for j := mark + i; j < len(s.b); j++ {
				if c := s.b[j]; c >= 'A' && c <= 'Z' {
					s.b[j] = c + 'a' - 'A'
				} else if c >= utf8.RuneSelf {
					return strings.ToLower(text)
				}
			}
			return s.from(mark)
		}
	}
	return text
}

// unescape decodes percent escapes once; what is no escape stays as it is. plus
// says that "+" stands for a space, as in queries.
func (s *scratch) unescape(text string, plus bool) string {
	if strings.IndexByte(text, '%') < 0 && (!plus || strings.IndexByte(text, '+') < 0) {
		return text
	}
	mark := len(s.b)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			c = unhex(text[i+1])<<4 | unhex(text[i+2])
			i += 2
		case c == '+' && plus:
			c = ' '
		}
		s.b = append(s.b, c)
	}
	return s.from(mark)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// join is aggregate.Join in the scratch.
func (s *scratch) join(parts ...string) string {
	mark := len(s.b)
	for i, part := range parts {
		if i > 0 {
			s.b = append(s.b, aggregate.Separator...)
		}
		s.b = append(s.b, part...)
	}
	return strings.TrimRight(s.from(mark), aggregate.Separator)
}

// cut shortens text to at most limit bytes without cutting a character.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}
