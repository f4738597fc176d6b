package source

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed sources.tsv
var table string

// class is what a source is to the channel rules.
type class uint8

const (
	plain class = iota
	search
	ai
	social
	video
	shopping
	mail
	passage // no source, as a referrer
)

var classes = map[string]class{"-": plain, "search": search, "ai": ai, "social": social,
	"video": video, "shopping": shopping, "mail": mail, "passage": passage}

// Sources that rules name.
const (
	google = "Google"
	bing   = "Bing"
)

// entry is a known source.
type entry struct {
	name  string
	class class
}

// tagged is what a tag means.
type tagged struct {
	*entry
	paid bool // the tag speaks of ads
}

// directory finds known sources. It is made once from the table and never changes.
type directory struct {
	hosts     map[string]*entry // with their subdomains
	exact     map[string]*entry // without
	countries map[string]*entry // "google" of google.*
	apps      map[string]*entry
	tags      map[string]tagged // lower case
}

var names = mustRead(table)

func mustRead(table string) *directory {
	d, err := read(table)
	if err != nil {
		panic("BUG: sources.tsv: " + err.Error()) // embedded, and read by the tests
	}
	return d
}

// read reads the table, whose head says what its columns are.
func read(table string) (*directory, error) {
	d := &directory{hosts: map[string]*entry{}, exact: map[string]*entry{}, countries: map[string]*entry{},
		apps: map[string]*entry{}, tags: map[string]tagged{}}
	line := 0
	for text := range strings.Lines(table) {
		line++
		text = strings.TrimRight(text, "\n")
		if text == "" || text[0] == '#' {
			continue
		}
		if err := d.add(strings.Split(text, "\t")); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	return d, nil
}

func (d *directory) add(columns []string) error {
	if len(columns) < 2 || len(columns) > 6 {
		return fmt.Errorf("%d columns, want 2 to 6", len(columns))
	}
	kind, ok := classes[columns[1]]
	if !ok {
		return fmt.Errorf("no class %q", columns[1])
	}
	e := &entry{columns[0], kind}
	column := func(i int) []string {
		if i >= len(columns) || columns[i] == "-" {
			return nil
		}
		return strings.Fields(columns[i])
	}
	for _, host := range column(2) {
		into := d.hosts
		if name, ok := strings.CutSuffix(host, ".*"); ok {
			host, into = name, d.countries
		} else if name, ok := strings.CutPrefix(host, "="); ok {
			host, into = name, d.exact
		}
		if err := put(into, host, e); err != nil {
			return err
		}
	}
	for _, id := range column(3) {
		if err := put(d.apps, id, e); err != nil {
			return err
		}
	}
	for i, list := range [][]string{{strings.ToLower(e.name)}, column(4), column(5)} {
		for _, tag := range list {
			if err := put(d.tags, tag, tagged{e, i == 2}); err != nil {
				return err
			}
		}
	}
	return nil
}

func put[V any](into map[string]V, key string, value V) error {
	if _, twice := into[key]; twice {
		return fmt.Errorf("%q is there twice", key)
	}
	if key != strings.ToLower(key) {
		return fmt.Errorf("%q is not lower case", key)
	}
	into[key] = value
	return nil
}

// ofHost finds the source of a lower-case host without www., label by label from
// the left, so that mail.google.com comes before google.com. It allocates nothing.
func (d *directory) ofHost(host string) *entry {
	if e := d.exact[host]; e != nil {
		return e
	}
	base := withoutCountry(host)
	for at := 0; ; {
		if e := d.hosts[host[at:]]; e != nil {
			return e
		}
		if at < len(base) {
			if e := d.countries[base[at:]]; e != nil {
				return e
			}
		}
		dot := strings.IndexByte(host[at:], '.')
		if dot < 0 {
			return nil
		}
		at += dot + 1
	}
}

// withoutCountry drops the domain that countries give out: .de, .co.uk, .com.br,
// and .com and .cat (of which google.cat is one). Others leave the host blank.
func withoutCountry(host string) string {
	dot := strings.LastIndexByte(host, '.')
	if dot < 0 {
		return ""
	}
	base, last := host[:dot], host[dot+1:]
	if last == "com" || last == "cat" {
		return base
	}
	if len(last) != 2 {
		return ""
	}
	if dot = strings.LastIndexByte(base, '.'); dot >= 0 {
		switch base[dot+1:] {
		case "co", "com", "net", "org", "ne", "or":
			return base[:dot]
		}
	}
	return base
}

// lookUpTag finds what a tag means: a name, an alias, or a host or address,
// which some sites put there. What is not known stays as it is, except that of
// an address only the host stays.
func lookUpTag(tag string) (name string, known *entry, paid bool) {
	var buffer [64]byte
	if len(tag) <= len(buffer) {
		if t, ok := names.tags[string(lowerASCII(buffer[:0], strings.TrimSpace(tag)))]; ok {
			return t.name, t.entry, t.paid
		}
	}
	if strings.Contains(tag, "://") {
		if r := readReferrer(tag); r.host != "" {
			name, known = r.source()
			return name, known, false
		}
	}
	if strings.IndexByte(tag, '.') > 0 && isHost(tag) {
		host := strings.ToLower(tag)
		if known = names.ofHost(withoutWWW(host)); known == nil {
			known = names.apps[host]
		}
		if known != nil {
			return known.name, known, false
		}
	}
	return tag, nil, false
}

// lowerASCII appends s in lower case; names and hosts of the table are ASCII.
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
