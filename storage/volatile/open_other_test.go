//go:build !linux

package volatile

import (
	"errors"
	"testing"
)

func TestThisSystemHasNoMemoryFileSystem(t *testing.T) {
	if _, err := Open(Options{DataDir: t.TempDir()}); !errors.Is(err, ErrNoMemoryFS) {
		t.Errorf("Open: got %v, want %v", err, ErrNoMemoryFS)
	}
}
