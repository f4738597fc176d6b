package storage

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// asNobody runs fn on a thread that may not pass over file modes, also where the
// tests run as root.
func asNobody(t *testing.T, fn func()) {
	t.Helper()
	if os.Getuid() != 0 {
		fn()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if _, err := unix.SetfsuidRetUid(65534); err != nil {
			t.Error(err)
			return
		}
		fn()
	}()
	<-done
}

func TestDirectoriesWithoutPermissionAreToldApart(t *testing.T) {
	top := t.TempDir()
	for p := top; p != "/" && strings.HasPrefix(p, os.TempDir()); p = filepath.Dir(p) {
		_ = os.Chmod(p, 0o755) // so that the way there is open to anyone
	}
	whole := filled(t)
	const noFile = os.ModeIrregular
	make := func(name string, dirMode, fileMode os.FileMode) string {
		dir := filepath.Join(top, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if fileMode != noFile {
			path := filepath.Join(dir, FileName)
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Chmod(path, fileMode), os.Chown(path, os.Getuid(), os.Getgid())); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(dir, dirMode); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
		return dir
	}
	for _, row := range []struct {
		name              string
		dirMode, fileMode os.FileMode
		want              error
	}{
		{"closed directory", 0o000, 0o444, ErrUnreadable},
		{"read-only empty directory", 0o555, noFile, ErrReadOnly},
		{"unreadable file", 0o755, 0o000, ErrUnreadable},
		{"read-only file", 0o755, 0o444, ErrReadOnly},
	} {
		dir := make(row.name, row.dirMode, row.fileMode)
		asNobody(t, func() {
			_, err := Open(dir, Options{})
			if !errors.Is(err, row.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: got %v, want %v in one line", row.name, err, row.want)
			}
		})
	}
	asNobody(t, func() {
		if _, err := Open(filepath.Join(top, "read-only empty directory", "below"), Options{}); !errors.Is(err, ErrReadOnly) {
			t.Errorf("directory that cannot be made: got %v, want ErrReadOnly", err)
		}
	})
	for _, err := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		if got := writeError("write", err); !errors.Is(got, ErrFull) {
			t.Errorf("%v: got %v, want ErrFull", err, got)
		}
	}
}
