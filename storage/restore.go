package storage

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// Restore puts a copy of the database in file into dir. The copy is proved by
// Check first. It gets a new database id, so that a memory state is not taken
// for its own, and no free pages. A data file in dir is replaced.
//
// The errors are those of Open (ErrInUse: a process uses the data file in dir, or
// file), and ErrInvalid, which tells the first violation.
func Restore(dir, file string) error {
	return restore(dir, file, rand.Reader)
}

func restore(dir, file string, random io.Reader) error {
	src, err := openPath(file, Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer src.Close()
	if err := proveAll(src); err != nil {
		return err
	}
	if err := makeDir(dir); err != nil {
		return err
	}
	target := filepath.Join(dir, FileName)
	lock, err := openLocked(target, false, 100*time.Millisecond)
	switch {
	case err == nil:
		defer lock.Close()
	case !errors.Is(err, ErrMissing):
		return err
	}
	temp, err := tempFile(dir)
	if err != nil {
		return err
	}
	temp.Close()
	defer os.Remove(temp.Name()) // after the rename: does nothing
	err = src.view(func(tx *bbolt.Tx) error {
		return cleanCopy(temp.Name(), tx, func(tx *bbolt.Tx) error { return putID(tx, random) })
	})
	if err != nil {
		return writeError("restore", err)
	}
	if err := place(temp.Name(), target, lock != nil); err != nil {
		return writeError("restore", err)
	}
	return syncDir(dir)
}

// place gives the new file its name. Where there was no file to lock, it does not
// replace one that was made meanwhile.
func place(temp, target string, replace bool) error {
	if !replace {
		err := os.Link(temp, target)
		if err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return os.Rename(temp, target)
}

func proveAll(db *DB) error {
	first, n := "", 0
	err := db.Check(func(violation string) {
		if n == 0 {
			first = violation
		}
		n++
	})
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("%w: %d violations, the first: %s", ErrInvalid, n, first)
	}
	return nil
}
