// Package words is what the interface says, in every language that it speaks.
//
// It owns the catalogues (one plain text file per language, for translators), the
// rules of plurals, and how numbers, shares, durations and dates are written. It
// knows nothing of requests, pages or figures.
//
// # The files
//
// A line is "key = text". What stands in braces is filled in by the program and
// stays as it is; it may move within the sentence:
//
//	visits.from = Visits from {source}
//
// A text with a number has one line per plural form of the language, chosen by
// {n}; "many" (whole millions in French, Spanish and Portuguese) may be missing,
// and is then written as "other":
//
//	pages [one]   = {n} page
//	pages [other] = {n} pages
//
// A form "[us]" is preferred where a reader's language is American English.
// Texts that the program prints with Mark may have `code`, *weight* and
// [links]({address}). \u202f and the like stand for signs that an editor hides, and
// \u002a for a star that is no mark.
// A line that begins with # is a note to the translator.
//
// # Adding a text
//
//  1. Put it into en.txt, in the section of its page, and into every other file.
//  2. Say its key as a literal: say "visits.from" "source" .Source in a template,
//     or l.Say("visits.from", "source", source). A key whose end is computed is
//     written as a literal that ends in a dot, plus the end: say (print "figure." .ID).
//
// Tests fail on a key that a language lacks, that nothing says, on placeholders
// that differ, and on plural forms that are missing.
package words

import (
	"embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed *.txt
var files embed.FS

// Language is one that there is a catalogue of.
type Language struct{ Tag, Name string } // Tag is BCP 47: "de"

var languages = []Language{{"en", "English"}, {"de", "Deutsch"}, {"fr", "Français"},
	{"es", "Español"}, {"pt", "Português"}, {"ja", "日本語"}}

// Languages are all there are, English first, each named by itself.
func Languages() []Language { return append([]Language(nil), languages...) }

// catalogue is one language's texts by key; forms hang on with a bracket, as in
// the file ("pages [one]").
type catalogue map[string]text

// catalogues are read once: the files are part of the program.
var catalogues = func() map[string]catalogue {
	all := map[string]catalogue{}
	for _, l := range languages {
		body, err := files.ReadFile(l.Tag + ".txt")
		if err != nil {
			panic(err) // embedded: cannot fail
		}
		c, err := parse(string(body))
		if err != nil {
			panic(fmt.Errorf("%s.txt: %w", l.Tag, err))
		}
		all[l.Tag] = c
	}
	return all
}()

// parse reads a catalogue. The error names the line.
func parse(body string) (catalogue, error) {
	c := catalogue{}
	number := 0
	for line := range strings.Lines(body) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		key, rest, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("line %d: want key = text", number)
		}
		key = strings.Join(strings.Fields(key), " ")
		if _, double := c[key]; double || key == "" {
			return nil, fmt.Errorf("line %d: the key %q is blank or stands here twice", number, key)
		}
		t, err := parseText(strings.TrimSpace(rest))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		c[key] = t
	}
	return c, nil
}

// find returns the text for a key in the best form there is. forms are tried in
// order, then the plain key.
func (l *Locale) find(key string, forms ...string) (text, bool) {
	for _, c := range []catalogue{l.texts, catalogues["en"]} {
		if l.american {
			if t, ok := c[key+" [us]"]; ok {
				return t, true
			}
		}
		for _, form := range forms {
			if t, ok := c[key+" ["+form+"]"]; ok {
				return t, true
			}
		}
		if t, ok := c[key]; ok {
			return t, true
		}
	}
	return text{}, false
}

// Say is the text of a key with its placeholders filled. args are pairs of a
// placeholder's name and its value: a string, or a number, which is written as
// the language does. The number named "n" chooses the plural form. A key that is
// in no catalogue is returned as it is, so that a page shows what it lacks.
func (l *Locale) Say(key string, args ...any) string {
	t, values := l.fill(key, args)
	return t.plain(values)
}

// Mark is Say for HTML: the text's own marks become elements, and values are
// escaped, so that they never do.
func (l *Locale) Mark(key string, args ...any) template.HTML {
	t, values := l.fill(key, args)
	return template.HTML(t.html(values)) // #nosec G203 -- texts are our own, values are escaped
}

func (l *Locale) fill(key string, args []any) (text, map[string]string) {
	values := map[string]string{}
	forms := []string{"other"}
	for i := 0; i+1 < len(args); i += 2 {
		name, _ := args[i].(string)
		value := args[i+1]
		if n, whole := wholeNumber(value); whole {
			values[name] = l.Whole(n)
			if name == "n" {
				forms = append([]string{l.plural(n)}, forms...)
			}
			continue
		}
		values[name] = fmt.Sprint(value)
	}
	t, ok := l.find(key, forms...)
	if !ok {
		return text{{literal: key}}, nil
	}
	return t, values
}

func wholeNumber(value any) (int64, bool) {
	switch n := value.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	case uint64:
		return int64(min(n, 1<<62)), true // #nosec G115 -- bounded
	}
	return 0, false
}

// Under are all texts whose key begins with prefix, without it: what a script in
// the page says. Their placeholders stay for the script to fill.
func (l *Locale) Under(prefix string) map[string]string {
	found := map[string]string{}
	for key := range catalogues["en"] {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if t, ok := l.texts[key]; ok {
			found[rest] = t.raw()
		} else {
			found[rest] = catalogues["en"][key].raw()
		}
	}
	return found
}

// Funcs are what templates say things with: say, mark, whole, lang, dir. The
// Locale itself is locale.
func (l *Locale) Funcs() template.FuncMap {
	return template.FuncMap{"say": l.Say, "mark": l.Mark, "whole": l.Whole,
		"lang": l.Tag, "dir": l.Dir, "locale": func() *Locale { return l }}
}
