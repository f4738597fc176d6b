package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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

// Bytes, compressed as far as it goes. The core may not grow past 500. Everything
// was meant to have 1,100 (brotli) and 1,270 (gzip), and does not get there in one
// file; its bounds here are where it stands, so that growth is a decision.
const (
	coreBrotli   = 500
	scriptBrotli = 1280
	scriptGzip   = 1486
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
			t.Errorf("%s: got %d bytes, want at most %d", name, c[0], c[1])
		}
	}
}

func TestKindsOfDownloadsAreThoseThatPlausibleCounts(t *testing.T) {
	kind := regexp.MustCompile(`(?i)\.(` + kinds + `)$`)
	for _, yes := range strings.Fields("pdf xlsx docx txt rtf csv exe key pps ppt pptx 7z pkg rar gz zip avi mov mp4 mpeg wmv midi mp3 wav wma dmg") {
		if !kind.MatchString("/files/x." + yes) {
			t.Errorf("%s is no download, want it to be one", yes)
		}
	}
	for _, no := range strings.Fields("html htm xhtml php php5 asp aspx jsp cgi pl png jpg jpeg gif svg webp avif ico xml json js css md com net org io dev 0 1") {
		if kind.MatchString("/files/x." + no) {
			t.Errorf("%s is a download, want a page or a picture", no)
		}
	}
}
