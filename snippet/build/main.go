package main

import (
	"bytes"

	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"
	"github.com/klauspost/compress/gzip"
)

// build is one file of the tracker.
type build struct {
	name  string   // of the output
	entry string   // module below src that starts the tracker; without one the script tag does
	core  bool     // pageviews only
	named []string // what the file's name switches on: hash, local, manual

	readable bool // not minified
}

// module is the npm package: not minified, because whoever uses it will do that
// with the rest of the page, and may want to read it first.
var module = build{name: "index.js", entry: "npm.js", readable: true}

// builds lists every file in dist: one for each set of parts that an old name
// can promise and that is not on by default anyhow, the one for the tag of newer
// Plausible installations, and the core, which is there for its size.
func builds() []build {
	all := []build{
		{name: "core.js", core: true},
		{name: "init.js", entry: "init.js"},
	}
	for _, named := range [][]string{
		{}, {"hash"}, {"local"}, {"manual"},
		{"hash", "local"}, {"hash", "manual"}, {"local", "manual"}, {"hash", "local", "manual"},
	} {
		name := strings.Join(append([]string{"script"}, named...), ".") + ".js"
		all = append(all, build{name: name, named: named})
	}
	return all
}

// words are those in capitals in the source.
func (b build) words() map[string]string {
	words := map[string]string{
		"NAMED_HASH": "false", "NAMED_LOCAL": "false", "NAMED_MANUAL": "false",
		"EXTRAS": strconv.FormatBool(!b.core),
	}
	for _, n := range b.named {
		words["NAMED_"+strings.ToUpper(n)] = "true"
	}
	return words
}

// compile makes the text of one build.
func compile(src string, b build) ([]byte, error) {
	tracker, err := os.ReadFile(filepath.Join(src, "tracker.js"))
	if err != nil {
		return nil, err
	}
	if b.entry == "" {
		plain, err := script(string(tracker), b)
		if err != nil {
			return nil, err
		}
		return parseNames(nameTable).renamed(plain)
	}
	home, err := filepath.Abs(src)
	if err != nil {
		return nil, err
	}
	format := api.FormatIIFE
	if b.readable {
		format = api.FormatESModule
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     home, // names of files in the output are relative to it
		EntryPoints:       []string{b.entry},
		Bundle:            true,
		Format:            format,
		Target:            target,
		Define:            b.words(),
		MinifyWhitespace:  !b.readable,
		MinifyIdentifiers: !b.readable,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		LogLevel:          api.LogLevelSilent,
		Plugins:           []api.Plugin{asFunction(string(tracker))},
	})
	return text(b.name, result.OutputFiles, result.Errors)
}

// target is a browser of 2022: Chrome 94, Firefox 93, Safari 15.
const target = api.ES2022

// asFunction turns the tracker into a module that exports it as a function of the
// tag.
func asFunction(tracker string) api.Plugin {
	return api.Plugin{Name: "tracker", Setup: func(b api.PluginBuild) {
		b.OnLoad(api.OnLoadOptions{Filter: `/tracker\.js$`}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			module := "export const start = TAG => {\n" + tracker + "}\n"
			return api.OnLoadResult{Contents: &module}, nil
		})
	}}
}

// script makes the tracker as it stands into a script, whose variables have the
// names of the source still. All of them are inside its try, so that it leaves none
// in the page.
func script(tracker string, b build) ([]byte, error) {
	define := b.words()
	define["TAG"] = "document.currentScript"
	// Declarations of one kind are joined, and let is the shorter.
	tracker = strings.ReplaceAll(tracker, "const ", "let ")
	return minify(tracker, api.TransformOptions{Sourcefile: b.name, Define: define})
}

// minify leaves out of a script what it can do without.
func minify(script string, o api.TransformOptions) ([]byte, error) {
	o.Target = target
	o.MinifyWhitespace, o.MinifySyntax = true, true
	o.LegalComments, o.LogLevel = api.LegalCommentsNone, api.LogLevelSilent
	result := api.Transform(script, o)
	return text(o.Sourcefile, []api.OutputFile{{Contents: result.Code}}, result.Errors)
}

// text is what came out of the bundler.
func text(name string, files []api.OutputFile, problems []api.Message) ([]byte, error) {
	if len(problems) > 0 {
		messages := api.FormatMessages(problems, api.FormatMessagesOptions{})
		return nil, errors.New(name + ": " + messages[0])
	}
	return bytes.TrimSpace(files[0].Contents), nil
}

func brotlied(text []byte) []byte {
	var out bytes.Buffer
	w := brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: 11, LGWin: 16})
	w.Write(text)
	w.Close()
	return out.Bytes()
}

// gzipped is at least as small as what gzip -9 makes.
func gzipped(text []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	w.Write(text)
	w.Close()
	return out.Bytes()
}

// outputs makes all files, by their path below the room.
func outputs(src string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, b := range builds() {
		text, err := compile(src, b)
		if err != nil {
			return nil, err
		}
		name := "dist/" + b.name
		files[name], files[name+".br"], files[name+".gz"] = text, brotlied(text), gzipped(text)
	}
	text, err := compile(src, module)
	files["npm/"+module.name] = append([]byte("// Made by go generate from snippet/src; changes belong there.\n"), text...)
	return files, err
}

func main() {
	room := flag.String("room", ".", "directory of the package snippet")
	search := flag.Bool("names", false, "search for shorter names of variables instead")
	tries := flag.Int("tries", 5000, "how long to search: some five minutes")
	seed := flag.Uint64("seed", 1, "of the search")
	flag.Parse()
	do := run
	if *search {
		do = func(room string) error { return rename(room, *tries, *seed) }
	}
	if err := do(*room); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(room string) error {
	files, err := outputs(filepath.Join(room, "src"))
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(room, name), files[name], 0o644); err != nil {
			return err
		}
		fmt.Printf("%5d %s\n", len(files[name]), name)
	}
	return nil
}
