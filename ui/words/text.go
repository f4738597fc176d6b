package words

import (
	"errors"
	"fmt"
	"html"
	"strconv"
	"strings"
)

// text is a sentence taken apart, so that what is filled in is never read as
// anything but itself.
type text []piece

// piece is one part of a text: literal text, or a placeholder, or a mark.
type piece struct {
	literal string
	name    string // of a placeholder
	mark    mark
}

// mark begins or ends an element in HTML, and is left out of plain text.
type mark byte

const (
	noMark     mark = iota
	codeMark        // ` begins and ends code
	strongMark      // * begins and ends weight
	linkOpen        // [
	linkClose       // ](...), whose placeholder is in name
)

// parseText reads a text as it stands in a file.
func parseText(s string) (text, error) {
	var t text
	links, code := 0, false
	for s != "" {
		signs := "{`*[]\\"
		if code {
			signs = "{`\\"
		}
		i := strings.IndexAny(s, signs)
		if i < 0 {
			i = len(s)
		}
		if i > 0 {
			t, s = append(t, piece{literal: s[:i]}), s[i:]
			continue
		}
		switch s[0] {
		case '\\':
			r, _, rest, err := strconv.UnquoteChar(s, 0)
			if err != nil {
				return nil, fmt.Errorf("%q: an escape that is none", s)
			}
			t, s = append(t, piece{literal: string(r)}), rest
		case '{':
			name, rest, ok := strings.Cut(s[1:], "}")
			if !ok || name == "" {
				return nil, fmt.Errorf("%q: a brace is open", s)
			}
			t, s = append(t, piece{name: name}), rest
		case '`':
			code = !code
			t, s = append(t, piece{mark: codeMark}), s[1:]
		case '*':
			t, s = append(t, piece{mark: strongMark}), s[1:]
		case '[':
			links++
			t, s = append(t, piece{mark: linkOpen}), s[1:]
		case ']':
			target, rest, ok := strings.Cut(strings.TrimPrefix(s, "]({"), "})")
			if !strings.HasPrefix(s, "]({") || !ok || links == 0 {
				return nil, fmt.Errorf("%q: a link is [text]({address})", s)
			}
			links--
			t, s = append(t, piece{mark: linkClose, name: target}), rest
		}
	}
	if links > 0 || code {
		return nil, errors.New("a link or a piece of code has no end")
	}
	return t, nil
}

// plain is the text without its marks.
func (t text) plain(values map[string]string) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.mark == noMark && p.name != "":
			b.WriteString(values[p.name])
		case p.mark == noMark:
			b.WriteString(p.literal)
		}
	}
	return b.String()
}

// html is the text with its marks as elements and everything else escaped. A
// value is set apart from the direction of the words around it.
func (t text) html(values map[string]string) string {
	var b strings.Builder
	opened := map[mark]bool{}
	toggle := func(m mark, element string) {
		if opened[m] {
			b.WriteString("</" + element + ">")
		} else {
			b.WriteString("<" + element + ">")
		}
		opened[m] = !opened[m]
	}
	for i, p := range t {
		switch p.mark {
		case codeMark:
			toggle(codeMark, "code")
		case strongMark:
			toggle(strongMark, "strong")
		case linkOpen:
			b.WriteString(`<a href="` + html.EscapeString(address(values[t.linkAt(i)])) + `">`)
		case linkClose:
			b.WriteString("</a>")
		default:
			if p.name != "" {
				b.WriteString("<bdi>" + html.EscapeString(values[p.name]) + "</bdi>")
			} else {
				b.WriteString(html.EscapeString(p.literal))
			}
		}
	}
	return b.String()
}

// linkAt is the name of the address of the link that begins at piece i.
func (t text) linkAt(i int) string {
	for _, p := range t[i:] {
		if p.mark == linkClose {
			return p.name
		}
	}
	return ""
}

// address lets through what a link may lead to: a web address or a path.
func address(a string) string {
	scheme, _, ok := strings.Cut(a, ":")
	if ok && !strings.ContainsAny(scheme, "/?#") && scheme != "https" && scheme != "http" && scheme != "mailto" {
		return "#"
	}
	return a
}

// raw is the text as scripts read it: placeholders in braces, no marks.
func (t text) raw() string {
	names := map[string]string{}
	for _, p := range t {
		if p.name != "" {
			names[p.name] = "{" + p.name + "}"
		}
	}
	return t.plain(names)
}
