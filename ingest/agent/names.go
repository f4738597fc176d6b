package agent

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:generate go run ./build

// Names of programs: our own, and those that a package lists. The form of both
// files is told at the head of the second.
var (
	//go:embed names.txt
	ownNames string
	//go:embed crawlers.txt
	listedNames string
)

// name is a name by which a program is known.
type name struct {
	text       string // small letters
	shown      string // as its maker writes it
	kind       string
	head, tail bool // at the start of the agent only, at its end only
}

// names are all names, sorted, and where those begin and end whose first three
// bytes are the same. Nearly every word of an agent is told from all names by one
// look at that.
type names struct {
	list   []name
	starts map[[3]byte][2]int
}

var known = readNames(ownNames, listedNames)

// readNames reads files of names. A name keeps the kind that it has first.
func readNames(files ...string) *names {
	n := &names{starts: map[[3]byte][2]int{}}
	seen := map[string]bool{}
	for _, file := range files {
		kind := ""
		for line := range strings.Lines(file) {
			line = strings.TrimSpace(line)
			switch {
			case line == "" || line[0] == '#':
			case line[0] == '[':
				kind = strings.Trim(line, "[]")
			default:
				if key := strings.ToLower(strings.Trim(line, "^$/")); !seen[key] {
					seen[key] = true
					n.list = append(n.list, newName(line, kind))
				}
			}
		}
	}
	slices.SortStableFunc(n.list, func(a, b name) int { return strings.Compare(a.text, b.text) })
	for i, x := range n.list {
		if len(x.text) < 3 || rank[x.kind] == 0 {
			panic(fmt.Sprintf("BUG: %q is too short a name, or %q no kind", x.text, x.kind)) // tests read the files, too
		}
		key := [3]byte([]byte(x.text))
		span, ok := n.starts[key]
		if !ok {
			span[0] = i
		}
		n.starts[key] = [2]int{span[0], i + 1}
	}
	return n
}

func newName(line, kind string) name {
	x := name{kind: kind}
	line, x.head = strings.CutPrefix(line, "^")
	line, x.tail = strings.CutSuffix(line, "$")
	x.text, x.shown = strings.ToLower(line), strings.TrimRight(line, "/ ")
	return x
}

// rank tells whose kind it is when an agent has several names: a preview that
// calls itself "like TwitterBot" and Chrome stays one.
var rank = map[string]int{BotLibrary: 1, BotHeadless: 2, BotCrawler: 3, BotMonitor: 4, BotPreview: 5, BotAI: 6}

// at finds the name of the highest rank that begins at i, where a word begins.
func (n *names) at(lower []byte, i int) (best *name) {
	if len(lower)-i < 3 {
		return nil
	}
	span := n.starts[[3]byte(lower[i:])]
	for k := span[0]; k < span[1]; k++ {
		x := &n.list[k]
		end := i + len(x.text)
		if end > len(lower) || string(lower[i:end]) != x.text || x.head && i > 0 || x.tail && end < len(lower) {
			continue
		}
		if end < len(lower) && isLetter(lower[end]) && isLetter(lower[end-1]) && len(x.text) < 7 {
			continue // part of a longer word; of a long name the rest matters little
		}
		if best == nil || len(x.text) > len(best.text) {
			best = x
		}
	}
	return best
}

// mayBeModel reports whether a phone's model may be called like that, too.
func (x *name) mayBeModel() bool {
	return (x.kind == BotCrawler || x.kind == BotLibrary) && !strings.ContainsAny(x.text, "-/")
}
