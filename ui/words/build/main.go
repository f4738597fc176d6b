// Command build makes ui/words/countries.tsv, what countries are called in the
// languages of the interface, from the Unicode project's locale data in the npm
// registry (Unicode-3.0). It needs npm and the network; `go generate ./ui/words`
// runs it. package-lock.json pins version and digest.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"footfall/ui/build/pinned"
)

// languages are the columns of the table, as words.Languages has them. English
// names have a table of their own (aggregate/ask/country.tsv), whose codes count here.
var languages = []string{"de", "fr", "es", "pt", "ja"}

// forms say which form of a name is taken where the usual one is that of a treaty.
var forms = map[string]string{"HK": "-alt-short", "MO": "-alt-short", "PS": "-alt-short", "CD": "-alt-variant", "CG": "-alt-variant"}

const (
	target = "countries.tsv"
	codes  = "../../aggregate/ask/country.tsv"
	pack   = "node_modules/cldr-localenames-full"
)

const head = `# What countries are called: code and, divided by tabs, %s.
#
# Made by ` + "`go generate ./ui/words`" + ` from the package cldr-localenames-full %s; do
# not edit. It comes under these terms:
#
`

func main() {
	log.SetFlags(0)
	if err := build(); err != nil {
		log.Fatal(err)
	}
}

func build() error {
	dir, err := os.MkdirTemp("", "countries-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := pinned.Fetch(dir); err != nil {
		return err
	}
	wanted, err := os.ReadFile(codes)
	if err != nil {
		return err
	}
	names := map[string][]string{}
	for line := range strings.Lines(string(wanted)) {
		code, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		names[code] = nil
	}
	for _, language := range languages {
		if err := read(dir, language, names); err != nil {
			return err
		}
	}
	text, err := write(dir, names)
	if err != nil {
		return err
	}
	return os.WriteFile(target, text, 0o644)
}

// read appends what a language calls each country.
func read(dir, language string, names map[string][]string) error {
	body, err := os.ReadFile(filepath.Join(dir, pack, "main", language, "territories.json"))
	if err != nil {
		return err
	}
	var file struct {
		Main map[string]struct {
			Names struct{ Territories map[string]string } `json:"localeDisplayNames"`
		}
	}
	if err := json.Unmarshal(body, &file); err != nil {
		return err
	}
	territories := file.Main[language].Names.Territories
	for code := range names {
		name := territories[code+forms[code]]
		if name == "" || strings.ContainsAny(name, "\t\n") {
			return fmt.Errorf("%s has no name for %s", language, code)
		}
		names[code] = append(names[code], name)
	}
	return nil
}

// write puts the terms before the table.
func write(dir string, names map[string][]string) ([]byte, error) {
	var about struct{ Version string }
	body, err := os.ReadFile(filepath.Join(dir, pack, "package.json"))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &about); err != nil {
		return nil, err
	}
	terms, err := os.ReadFile(filepath.Join(dir, pack, "LICENSE"))
	if err != nil {
		return nil, err
	}
	text := fmt.Appendf(nil, head, strings.Join(languages, ", "), about.Version)
	for line := range strings.Lines(string(terms)) {
		text = append(text, strings.TrimRight("# "+line, " \r\n")+"\n"...)
	}
	for _, code := range slices.Sorted(maps.Keys(names)) {
		text = append(text, code+"\t"+strings.Join(names[code], "\t")+"\n"...)
	}
	return text, nil
}
