// Package spam knows hosts that send made-up visits in order to be seen in
// reports: referrer spam. Nobody ever came from there.
//
// The list is hosts.txt, built in; an operator can name a file with more. The
// first part of it is kept by hand, the second is made from a package (see
// build): `go generate ./ingest/spam` makes it anew.
//
// It must never see a visitor's address or user agent, and keeps nothing.
package spam

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

//go:generate go run ./build

//go:embed hosts.txt
var builtin string

// List is a set of hosts, each with all hosts below it. Safe for concurrent use.
type List struct{ hosts map[string]struct{} }

// ErrList is returned for a file that is no list of hosts.
var ErrList = errors.New("not a list of hosts")

// Builtin is the list of hosts.txt.
var Builtin = sync.OnceValue(func() *List {
	l := &List{map[string]struct{}{}}
	if err := l.read(strings.NewReader(builtin)); err != nil {
		panic("BUG: hosts.txt: " + err.Error()) // its test reads it
	}
	return l
})

// Open is the built-in list with the changes of a file: one host a line, "#" before
// a comment, "!" before a host that is no spam after all. The error is that of the
// file, or wraps ErrList and names the line.
func Open(file string) (*List, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l := &List{make(map[string]struct{}, len(Builtin().hosts))}
	for host := range Builtin().hosts {
		l.hosts[host] = struct{}{}
	}
	if err := l.read(f); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return l, nil
}

// Len is the number of hosts on the list.
func (l *List) Len() int { return len(l.hosts) }

func (l *List) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		host, no := strings.CutPrefix(strings.ToLower(strings.TrimSpace(line)), "!")
		host = strings.TrimPrefix(strings.TrimSuffix(host, "."), "www.")
		switch {
		case host == "" && !no:
		case strings.ContainsAny(host, " \t/:@*?!") || !strings.Contains(host, "."):
			return fmt.Errorf("line %d: %w", n, ErrList)
		case no:
			delete(l.hosts, host)
		default:
			l.hosts[host] = struct{}{}
		}
	}
	return lines.Err()
}

// maxLabels is how many labels of a host are looked at, from its end. Names on
// the list are shorter.
const maxLabels = 6

// Match returns the entry that a host falls under: itself or a host above it. The
// host is in lower case, without port; "www." does no harm.
func (l *List) Match(host string) (entry string, ok bool) {
	host = strings.TrimSuffix(host, ".")
	for over := strings.Count(host, ".") + 1 - maxLabels; over > 0; over-- {
		_, host, _ = strings.Cut(host, ".")
	}
	for host != "" {
		if _, ok = l.hosts[host]; ok {
			return host, true
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return "", false
}
