package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/andybalholm/brotli"
)

const src = "../src"

func TestCommittedBuildsAreThoseOfTheSource(t *testing.T) {
	want, err := outputs(src)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("../dist")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, ok := want["dist/"+entry.Name()]; !ok {
			t.Errorf("dist/%s comes from no build: remove it", entry.Name())
		}
	}
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
			continue
		}
		// Compressed bytes may change with the compressor; what they hold may not.
		if a, b := unpack(t, name, got), unpack(t, name, text); !bytes.Equal(a, b) {
			t.Errorf("%s is not what the source makes, run `go generate ./snippet`\n got %s\nwant %s", name, a, b)
		}
	}
}

func unpack(t *testing.T, name string, body []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	switch filepath.Ext(name) {
	case ".br":
		r = brotli.NewReader(r)
	case ".gz":
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r = z
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return text
}

// Bytes, compressed as far as it goes.
const (
	coreBrotli   = 500
	scriptBrotli = 1100
	scriptGzip   = 1270
)

func TestSizesKeepToTheirBudgets(t *testing.T) {
	measure := func(b build) (raw, br, gz int) {
		text, err := compile(src, b)
		if err != nil {
			t.Fatal(err)
		}
		return len(text), len(brotlied(text)), len(gzipped(text))
	}
	coreRaw, core, coreGz := measure(build{name: "core.js", core: true})
	raw, br, gz := measure(build{name: "script.js"})
	t.Logf("%-24s %5s %6s %5s", "bytes", "plain", "brotli", "gzip")
	t.Logf("%-24s %5d %6d %5d", "core", coreRaw, core, coreGz)
	t.Logf("%-24s %5d %6d %5d", "everything", raw, br, gz)
	for name, c := range map[string][2]int{
		"core, brotli":       {core, coreBrotli},
		"everything, brotli": {br, scriptBrotli},
		"everything, gzip":   {gz, scriptGzip},
	} {
		if c[0] > c[1] {
			t.Errorf("%s: got %d bytes, want at most %d (new names of variables may help: `go run ./build -names` in the room)", name, c[0], c[1])
		}
	}
}

func TestNamesThatMeetAreNotAccepted(t *testing.T) {
	o, err := readOriginal([]byte(`try{let first=top.a,second=top.b,add=third=>third+first;add(second),add(first)}catch{}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"add", "first", "second", "third"}; !slices.Equal(o.variables, want) {
		t.Fatalf("got variables %q, want %q", o.variables, want)
	}
	for _, c := range []struct {
		names  names
		accept bool
	}{
		{names{"add": "a", "first": "b", "second": "c", "third": "d"}, true},
		{names{"add": "a", "first": "b", "second": "c", "third": "c"}, true},  // never meet
		{names{"add": "a", "first": "b", "second": "c", "third": "b"}, false}, // meet inside
		{names{"add": "a", "first": "b", "second": "b", "third": "c"}, false}, // declared twice
		{names{"first": "catch"}, false},
	} {
		if got := o.accepts(c.names.replace(o.script)); got != c.accept {
			t.Errorf("%v: accepted is %v, want %v: %s", c.names, got, c.accept, c.names.replace(o.script))
		}
	}
}

func TestEveryVariableOfTheScriptHasALetter(t *testing.T) {
	tracker, err := os.ReadFile(filepath.Join(src, "tracker.js"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := script(string(tracker), build{name: "script.js"})
	if err != nil {
		t.Fatal(err)
	}
	o, err := readOriginal(plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range o.variables {
		if len(parseNames(nameTable)[name]) != 1 {
			t.Errorf("%s has no letter in names.txt: run `go run ./build -names` in the room", name)
		}
	}
}
