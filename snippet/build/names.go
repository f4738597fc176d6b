package main

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// Which letter a variable becomes makes a difference of twenty-odd bytes once the
// script is compressed: `(e=>` costs less where the same four signs stand elsewhere.
// The bundler gives letters by how often they are used. So the script's variables have
// theirs from a table, names.txt, which `go run ./build -names` in the room searches
// for anew; it is worth it after changes of the tracker.
//
// Names are replaced word by word, without a look at the grammar. That is right where
// every variable of the tracker has a name of its own, and none has that of a property
// or of a word in a text. Whether it was right is checked each time.

//go:embed names.txt
var nameTable string

// names are the letters by the name of the variable in the source.
type names map[string]string

func parseNames(table string) names {
	n := names{}
	for line := range strings.Lines(table) {
		if name, letter, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			n[name] = letter
		}
	}
	return n
}

func (n names) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(n)) {
		fmt.Fprintf(&b, "%s %s\n", name, n[name])
	}
	return b.String()
}

// word is a word of a script, with the dot that makes it a property.
var word = regexp.MustCompile(`\.\.\.|\.?[A-Za-z_$][\w$]*`)

// replace gives the variables of a script their letters.
func (n names) replace(script []byte) []byte {
	return word.ReplaceAllFunc(script, func(w []byte) []byte {
		return []byte(cmp.Or(n[string(w)], string(w)))
	})
}

// original is a script with the long names of its variables, and what can be known
// of it from what the bundler, who knows the grammar, makes of it.
type original struct {
	script    []byte
	words     []string // of the script
	bundled   []string // the same words, where the bundler has given names as it likes
	variables []string // each once
}

func readOriginal(script []byte) (*original, error) {
	o := &original{script: script, words: wordsOf(script)}
	var err error
	if o.bundled, err = bundled(script); err != nil {
		return nil, err
	}
	if len(o.words) != len(o.bundled) {
		return nil, errors.New("the bundler leaves more out of the script than it did at first")
	}
	for i, name := range o.words {
		if o.isVariable(i) && !slices.Contains(o.variables, name) {
			o.variables = append(o.variables, name)
		}
	}
	slices.Sort(o.variables)
	return o, nil
}

func wordsOf(script []byte) (words []string) {
	for _, w := range word.FindAll(script, -1) {
		words = append(words, string(w))
	}
	return words
}

func bundled(script []byte) ([]string, error) {
	out, err := minify(string(script), api.TransformOptions{MinifyIdentifiers: true})
	return wordsOf(out), err
}

// isVariable reports whether a word is one: the bundler has changed it.
func (o *original) isVariable(i int) bool { return o.words[i] != o.bundled[i] }

// accepts reports whether a script is the original but for the letters of its
// variables: the bundler makes the same of both then, but for its own choice of
// letters, which is one for each variable or for several that never meet.
func (o *original) accepts(script []byte) bool {
	words, err := bundled(script)
	if err != nil || len(words) != len(o.bundled) {
		return false
	}
	there, back := map[string]string{}, map[string]string{}
	for i, w := range words {
		was := o.bundled[i]
		if !o.isVariable(i) {
			if w != was {
				return false
			}
			continue
		}
		if cmp.Or(there[was], w) != w || cmp.Or(back[w], was) != was {
			return false
		}
		there[was], back[w] = w, was
	}
	return true
}

// renamed is a script whose variables have their letters.
func (n names) renamed(script []byte) ([]byte, error) {
	o, err := readOriginal(script)
	if err != nil {
		return nil, err
	}
	out := n.replace(script)
	if !o.accepts(out) {
		return nil, errors.New("names.txt does not fit the tracker: run `go run ./build -names` in the room")
	}
	return out, nil
}

// letters are what a variable can become.
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$"

// search looks for letters with which a script is small, by simulated annealing from
// those of n. Variables for which n has none, or one that is taken, begin with their
// long names.
func (n names) search(o *original, tries int, random *rand.Rand) names {
	size := func(n names) float64 {
		text := n.replace(o.script)
		return float64(len(brotlied(text)) + len(gzipped(text)))
	}
	now := names{}
	for _, name := range o.variables {
		now[name] = cmp.Or(n[name], name)
		if !o.accepts(now.replace(o.script)) {
			now[name] = name
		}
	}
	best, current := now, size(now)
	lowest := current
	for try := range tries {
		next := now.changed(random)
		if !o.accepts(next.replace(o.script)) {
			continue
		}
		got := size(next)
		heat := 2 * (1 - float64(try)/float64(tries))
		if got > current && random.Float64() >= math.Exp((current-got)/heat) {
			continue
		}
		if now, current = next, got; got < lowest {
			best, lowest = next, got
			fmt.Printf("%4.0f bytes, brotli and gzip together, after %d of %d tries\n", got, try+1, tries)
		}
	}
	return best
}

// changed has another letter for one variable, or two letters in each other's
// places.
func (n names) changed(random *rand.Rand) names {
	next := maps.Clone(n)
	letter := func() string { return string(letters[random.IntN(len(letters))]) }
	one, other := letter(), letter()
	all := slices.Sorted(maps.Keys(n))
	if random.IntN(3) > 0 {
		next[all[random.IntN(len(all))]] = one
		return next
	}
	for _, name := range all {
		switch n[name] {
		case one:
			next[name] = other
		case other:
			next[name] = one
		}
	}
	return next
}

// rename searches for new letters and writes the table.
func rename(room string, tries int, seed uint64) error {
	tracker, err := os.ReadFile(filepath.Join(room, "src", "tracker.js"))
	if err != nil {
		return err
	}
	plain, err := script(string(tracker), build{name: "script.js"})
	if err != nil {
		return err
	}
	o, err := readOriginal(plain)
	if err != nil {
		return err
	}
	n := parseNames(nameTable).search(o, tries, rand.New(rand.NewPCG(seed, seed)))
	return os.WriteFile(filepath.Join(room, "build", "names.txt"), []byte(n.String()), 0o644)
}
