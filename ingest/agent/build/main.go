// Command build makes ingest/agent/crawlers.txt, the names of programs that fetch
// pages, from a package of the npm registry. It needs npm and the network.
// `go generate ./ingest/agent` runs it.
package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp/syntax"
	"slices"
	"strings"
)

// The package, pinned by version and by the digest under which the registry has it.
const (
	source = "crawler-user-agents@1.60.0"
	digest = "p8hKVsnZl3msolBhGW8s86V0tmmcuBSwhTXkzkegGQzTt0A/ysKDHKzek9fichfqL5qBEgDrR9CuGBU0Y7bDrg=="
	target = "crawlers.txt"
	inside = "package/crawler-user-agents.json"
	terms  = "package/LICENSE"
)

const head = `# Names of programs that fetch pages, below the kind that they are. A name counts
# as a whole word, whether in capitals or not; "^" before it means that it must
# begin the agent, "$" behind it that it must end it.
#
# Made from %s by ` + "`go generate ./ingest/agent`" + `; do not
# edit, names.txt has our own. The package comes under these terms:
#
`

// kinds name the kinds by the package's tags. Of an entry with several tags the
// first of these wins.
var kinds = []struct{ tag, kind string }{
	{"ai-crawler", "ai"},
	{"browser-automation", "headless"},
	{"http-library", "library"},
	{"social-preview", "preview"},
	{"monitoring", "monitor"},
	{"", "crawler"},
}

// left are patterns that stand in agents of people as well.
var left = []string{
	"^Silk\\/",         // the browser of Amazon's tablets
	"Code\\/1\\.",      // an editor's preview pane; it says Electron besides
	"Salesforce\\.com", // its app shows pages in a web view
	"Trae\\/", "Fluid", // an editor, and a maker of windows for single sites
	"[wW]get", "^curl", // names.txt has these with what may follow
	"Amazon CloudFront", // what a content network puts in the place of the visitor's agent
	"MetaIAB Facebook",  // the web view of Facebook's app
	"Butterfly",         // a phone, too
	"Sonic",             // a word in the desktop app of Slack
	"Blackboard",        // an app of universities, which shows pages in a web view
}

type entry struct {
	Pattern string
	Tags    []string
}

func main() {
	log.SetFlags(0)
	if err := build(); err != nil {
		log.Fatal(err)
	}
}

func build() error {
	entries, licence, err := fetch()
	if err != nil {
		return err
	}
	names := map[string][]string{}
	for _, e := range entries {
		if slices.Contains(left, e.Pattern) {
			continue
		}
		texts, err := literals(e.Pattern)
		if err != nil {
			log.Printf("left out: %v", err)
			continue
		}
		kind := kindOf(e.Tags)
		names[kind] = append(names[kind], texts...)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, head, source)
	for line := range strings.Lines(strings.TrimSpace(licence)) {
		fmt.Fprintln(&out, strings.TrimRight("#   "+line, " \r\n"))
	}
	for _, k := range kinds {
		fmt.Fprintf(&out, "\n[%s]\n", k.kind)
		for _, name := range sorted(names[k.kind]) {
			fmt.Fprintln(&out, name)
		}
	}
	return os.WriteFile(target, out.Bytes(), 0o644)
}

func kindOf(tags []string) string {
	for _, k := range kinds {
		if slices.Contains(tags, k.tag) {
			return k.kind
		}
	}
	return kinds[len(kinds)-1].kind
}

// sorted sorts names and leaves one of those that differ in capitals only.
func sorted(names []string) []string {
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(strings.Compare(strings.ToLower(a), strings.ToLower(b)), strings.Compare(a, b))
	})
	return slices.CompactFunc(names, strings.EqualFold)
}

// literals are the texts that a pattern stands for. Nearly all patterns are plain
// text; of one that is not, the longest text that it always asks for.
func literals(pattern string) ([]string, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	var out []string
	alternatives := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpAlternate {
		alternatives = tree.Sub
	}
	for _, a := range alternatives {
		text := strings.TrimLeft(longest(a), " ;(/+.")
		if text == "" || len(text) < 3 {
			return nil, fmt.Errorf("%s asks for no text", pattern)
		}
		text = strings.TrimRight(text, " ")
		if strings.HasPrefix(pattern, "^") {
			text = "^" + text
		}
		if strings.HasSuffix(pattern, "$") {
			text += "$"
		}
		out = append(out, text)
	}
	return out, nil
}

// longest is the longest text in a row that every match of a pattern has. A class
// of one letter's two cases counts as that letter, the capital.
func longest(tree *syntax.Regexp) string {
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	best, run := "", ""
	for _, part := range parts {
		switch {
		case part.Op == syntax.OpLiteral:
			run += string(part.Rune)
		case part.Op == syntax.OpCharClass && isOneLetter(part.Rune):
			run += string(part.Rune[0])
		case part.Op == syntax.OpCapture && len(parts) > 1 && part.Sub[0].Op == syntax.OpAlternate &&
			isOneWord(part.Sub[0]):
			run += longest(part.Sub[0].Sub[0])
		default:
			run = ""
		}
		if len(run) > len(best) {
			best = run
		}
	}
	return best
}

// isOneLetter: of a class such as [bB].
func isOneLetter(runes []rune) bool {
	return len(runes) == 4 && runes[0] == runes[1] && runes[2] == runes[3] && runes[0]|0x20 == runes[2]
}

// isOneWord: of alternatives that differ in capitals only.
func isOneWord(alternate *syntax.Regexp) bool {
	first := longest(alternate.Sub[0])
	for _, sub := range alternate.Sub {
		if sub.Op != syntax.OpLiteral || !strings.EqualFold(longest(sub), first) {
			return false
		}
	}
	return first != ""
}

// fetch reads the list and its licence out of the package.
func fetch() (entries []entry, licence string, err error) {
	dir, err := os.MkdirTemp("", "crawlers-")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(dir)
	npm := exec.Command("npm", "pack", "--silent", source)
	npm.Dir, npm.Stderr = dir, os.Stderr
	if err := npm.Run(); err != nil {
		return nil, "", fmt.Errorf("npm pack: %w", err)
	}
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packed) != 1 {
		return nil, "", fmt.Errorf("npm pack left %d files", len(packed))
	}
	data, err := os.ReadFile(packed[0])
	if err != nil {
		return nil, "", err
	}
	if sum := sha512.Sum512(data); base64.StdEncoding.EncodeToString(sum[:]) != digest {
		return nil, "", fmt.Errorf("%s is not the package that it was: its digest differs", source)
	}
	return unpack(bytes.NewReader(data))
}

func unpack(r io.Reader) (entries []entry, licence string, err error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, "", err
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", err
		}
		switch header.Name {
		case inside:
			if err := json.NewDecoder(files).Decode(&entries); err != nil {
				return nil, "", err
			}
		case terms:
			text, err := io.ReadAll(files)
			if err != nil {
				return nil, "", err
			}
			licence = string(text)
		}
	}
	if len(entries) == 0 || licence == "" {
		return nil, "", fmt.Errorf("%s has no %s or no %s", source, inside, terms)
	}
	return entries, licence, nil
}
