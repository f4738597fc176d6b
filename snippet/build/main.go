package main

import (
	"bytes"
	"compress/gzip"
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
)

// part names a piece of the tracker that a build has or has not. The source
// tests the same word.
type part string

var parts = []part{
	"API",        // calls of the page: custom events, manual mode, callbacks
	"LOCAL",      // robots and local hosts are left out
	"CLICKS",     // of a click id, that there was one
	"ENGAGEMENT", // attention, scroll depth, return from the back-forward cache
	"ACTS",       // clicks and forms; the next four need it
	"TAGGED",     // elements that carry an event's name
	"OUTBOUND", "DOWNLOADS", "FORMS",
	"MISSING",   // 404 pages
	"HASH",      // the fragment may belong to the path
	"GLOBS",     // data-include, data-exclude
	"PROPS",     // properties on the tag
	"TRANSFORM", // the page's own hook
	"DEBUG",     // says in the console what was not counted, and why
}

// kinds are the file name extensions of downloads, those that Plausible counts.
const kinds = "pdf|xlsx|docx|txt|rtf|csv|exe|key|pps|ppt|pptx|7z|pkg|rar|gz|zip|avi|mov|mp4|mpeg|wmv|midi|mp3|wav|wma|dmg"

// build is one file of the tracker.
type build struct {
	name  string // of the output
	entry string // file below src
	parts []part
	named []string // what the file's name switches on: hash, local, manual

	module bool // for import, and to be read
}

// module is the npm package: not minified, because whoever uses it will do that
// with the rest of the page, and may want to read it first.
var module = build{name: "index.js", entry: "npm.js", parts: parts, module: true}

// builds lists every file in dist: one for each set of parts that an old name
// can promise and that is not on by default anyhow, the one for the tag of newer
// Plausible installations, and the core, which is there for its size.
func builds() []build {
	all := []build{
		{name: "core.js", entry: "script.js"},
		{name: "init.js", entry: "init.js", parts: parts},
	}
	for _, named := range [][]string{
		{}, {"hash"}, {"local"}, {"manual"},
		{"hash", "local"}, {"hash", "manual"}, {"local", "manual"}, {"hash", "local", "manual"},
	} {
		name := strings.Join(append([]string{"script"}, named...), ".") + ".js"
		all = append(all, build{name: name, entry: "script.js", parts: parts, named: named})
	}
	return all
}

// compile makes the text of one build.
func compile(src string, b build) ([]byte, error) {
	define := map[string]string{
		"NAMED_HASH": "false", "NAMED_LOCAL": "false", "NAMED_MANUAL": "false",
		"KINDS": strconv.Quote(kinds),
	}
	for _, p := range parts {
		define[string(p)] = "false"
	}
	for _, p := range b.parts {
		define[string(p)] = "true"
	}
	for _, n := range b.named {
		define["NAMED_"+strings.ToUpper(n)] = "true"
	}
	home, err := filepath.Abs(src)
	if err != nil {
		return nil, err
	}
	format := api.FormatIIFE
	if b.module {
		format = api.FormatESModule
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     home, // names of files in the output are relative to it
		EntryPoints:       []string{b.entry},
		Bundle:            true,
		Format:            format,
		Target:            api.ES2021,
		Define:            define,
		MinifyWhitespace:  !b.module,
		MinifyIdentifiers: !b.module,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		LogLevel:          api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		messages := api.FormatMessages(result.Errors, api.FormatMessagesOptions{})
		return nil, errors.New(b.name + ": " + messages[0])
	}
	return bytes.TrimSuffix(result.OutputFiles[0].Contents, []byte("\n")), nil
}

func brotlied(text []byte) []byte {
	var out bytes.Buffer
	w := brotli.NewWriterOptions(&out, brotli.WriterOptions{Quality: 11, LGWin: 16})
	w.Write(text)
	w.Close()
	return out.Bytes()
}

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
	flag.Parse()
	if err := run(*room); err != nil {
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
