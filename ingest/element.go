package ingest

import (
	"html"
	"strings"

	"github.com/valyala/fastjson"

	"footfall/aggregate"
)

// What the script says of an element of the page is raw: the type of what happened
// to it (n: click, auxclick, submit) and
//
//	k  a list of two texts, or nulls: the file name extensions that are downloads,
//	   separated by "|", null: the usual; and "off" where links to other hosts do not
//	   count
//	l  the address of a link, without query and fragment; blank or missing: no link
//	t  two lists, or nulls, of the words that an author has written on the script's
//	   tag and on the element, as they stand in the page
//
// Names are given here, so that they need not be in every page: the author's first,
// then those of the built-in events. A click that is none of them is dropped: the
// script sends whatever may be a download. A name that the page's own hook has put in
// the place of the type stands.
//
// A word is one of
//
//	plausible-event-name=Sign+up     in a class, where + is a space; or -- for =
//	footfall-event-name="Sign up     the rest of an attribute, up to its last quote
//	 event-author="Ann               an attribute without data-
//
// with revenue- in the place of event- for currency and amount, written as HTML or XML
// writes it. Words that look like these by chance mean nothing.

// tagged are the words of one beacon: of the tag, and of the element.
type tagged [2][]string

const (
	onTag = iota
	onElement
)

// maxWords is how many words are read of a tag or an element.
const maxWords = 2 * maxProps

// read keeps the words that a list of two lists holds. Most beacons have none, and of
// what is no list the parser would make an error in memory of its own.
func (t *tagged) read(v *fastjson.Value) {
	for i, list := range v.GetArray() {
		if i == len(t) {
			return
		}
		for _, word := range list.GetArray() {
			if text := word.GetStringBytes(); text != nil && len(t[i]) < maxWords {
				t[i] = append(t[i], borrow(text))
			}
		}
	}
}

// clickable is what the script's tag says of links: the kinds that are downloads, and
// whether links to other hosts are "off". Blank: as by default.
type clickable struct{ downloads, outbound string }

// read keeps the texts that a list holds.
func (c *clickable) read(v *fastjson.Value) {
	*c = clickable{}
	list := v.GetArray()
	for i, to := range []*string{&c.downloads, &c.outbound} {
		if i < len(list) {
			*to = borrow(list[i].GetStringBytes())
		}
	}
}

func (t *tagged) reset() {
	for i := range t {
		t[i] = t[i][:0]
	}
}

// attribute is what an author wrote: author="Ann" for an event's property, or
// amount="9.90" for its revenue.
type attribute struct {
	key, value string
	revenue    bool
}

// attributes are those that some words stand for, and calls see with each.
func attributes(words []string, see func(attribute)) {
	for _, word := range words {
		if before, value, quoted := strings.Cut(word, `="`); quoted {
			before, ok := strings.CutPrefix(before, " ")
			if !ok {
				before, ok = cutName(before)
			}
			if a, isOne := attributeOf(before, html.UnescapeString(value)); ok && isOne {
				see(a)
			}
			continue
		}
		// In a class, words may stand on several lines.
		for part := range strings.FieldsFuncSeq(html.UnescapeString(word), isSpace) {
			part, ok := cutName(part)
			key, value, isOne := cutSign(part)
			if a, named := attributeOf(key, strings.ReplaceAll(value, "+", " ")); ok && isOne && named {
				see(a)
			}
		}
	}
}

// isSpace reports whether r parts the words of a class.
func isSpace(r rune) bool { return strings.ContainsRune(" \t\n\f\r", r) }

// cutName takes off the name of the product.
func cutName(word string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(word, "plausible-"); !ok {
		rest, ok = strings.CutPrefix(word, "footfall-")
	}
	return rest, ok
}

// cutSign cuts a word at its first "=" or "--".
func cutSign(word string) (key, value string, ok bool) {
	i := strings.IndexByte(word, '=')
	if j := strings.Index(word, "--"); j >= 0 && (i < 0 || j < i) {
		return word[:j], word[j+2:], true
	}
	if i < 0 {
		return word, "", false
	}
	return word[:i], word[i+1:], true
}

// attributeOf reads event-KEY and revenue-KEY.
func attributeOf(name, value string) (a attribute, ok bool) {
	if a.key, ok = strings.CutPrefix(name, "event-"); !ok {
		a.key, ok = strings.CutPrefix(name, "revenue-")
		a.revenue = ok
	}
	a.value = value
	return a, ok && a.key != ""
}

// isAboutElement reports whether the beacon says what happened to an element.
func (t *Ticket) isAboutElement() bool { return t.fields[keyKinds].kind == listField }

// elementName is the name under which it counts, absent where it does not.
func (t *Ticket) elementName(happened field) field {
	switch happened.text {
	case "click", "auxclick", "submit":
	default:
		return happened
	}
	name := ""
	attributes(t.tagged[onElement], func(a attribute) {
		if a.key == "name" && !a.revenue && name == "" {
			name = strings.TrimSpace(a.value)
		}
	})
	link, page := t.link(), t.first(keyURL, keyURLLong).text
	switch {
	case name != "":
	case happened.text == "submit":
		name = eventForm
	case link == "":
	case isDownload(link, t.clickable.downloads):
		name = eventDownload
	case t.clickable.outbound != "off" && !strings.EqualFold(authority(link), authority(page)):
		name = eventOutbound
	}
	if name == "" {
		return field{}
	}
	return field{kind: textField, text: name}
}

// link is the address of the link that the beacon is about, "" if it is about none.
func (t *Ticket) link() string {
	l := t.fields[keyLink]
	if !t.isAboutElement() || l.kind != textField {
		return ""
	}
	link, _, _ := strings.Cut(l.text, "#")
	link, _, _ = strings.Cut(link, "?")
	if authority(link) == "" {
		return "" // that of no host
	}
	return cut(link, maxPropValue)
}

// readTagged makes properties and revenue of the author's words. What the author
// writes on an element goes before what stands on the tag, which goes with every
// event.
func (t *Ticket) readTagged() {
	keep := func(key, value string) {
		if len(t.Beacon.Props) < maxProps {
			t.readProp(key, field{kind: textField, text: value}) // what is too long was not written
		}
	}
	attributes(t.tagged[onTag], func(a attribute) {
		if !a.revenue {
			keep(a.key, a.value)
		}
	})
	if link := t.link(); link != "" {
		keep("url", link)
	}
	var currency, amount string
	attributes(t.tagged[onElement], func(a attribute) {
		switch {
		case a.revenue && a.key == "currency":
			currency = a.value
		case a.revenue && a.key == "amount":
			amount = a.value
		case !a.revenue && a.key != "name":
			keep(a.key, a.value)
		}
	})
	if t.Beacon.Kind == aggregate.Custom && currency != "" {
		t.earn(currency, amount)
	}
}

// usualKinds are the file name extensions of downloads: those that Plausible's
// tracker counts (https://plausible.io/docs/file-downloads-tracking).
var usualKinds = map[string]bool{
	"pdf": true, "xlsx": true, "docx": true, "txt": true, "rtf": true, "csv": true, "exe": true, "key": true,
	"pps": true, "ppt": true, "pptx": true, "7z": true, "pkg": true, "rar": true, "gz": true, "zip": true,
	"avi": true, "mov": true, "mp4": true, "mpeg": true, "wmv": true, "midi": true, "mp3": true, "wav": true,
	"wma": true, "dmg": true,
}

// isDownload reports whether a link leads to a file of one of the kinds; blank: the
// usual ones.
func isDownload(link, kinds string) bool {
	file := link[strings.LastIndexByte(link, '/')+1:]
	dot := strings.LastIndexByte(file, '.')
	if dot < 0 || authority(link) == file {
		return false
	}
	ending := file[dot+1:]
	switch kinds {
	case "off":
		return false
	case "":
		return usualKinds[strings.ToLower(ending)]
	}
	for kind := range strings.SplitSeq(kinds, "|") {
		if strings.EqualFold(strings.TrimPrefix(strings.TrimSpace(kind), "."), ending) {
			return true
		}
	}
	return false
}

// authority is the host of an address, and its port where there is one.
func authority(address string) string {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}
