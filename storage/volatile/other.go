//go:build !linux

package volatile

// realDirectory does not exist here: the systems besides Linux have no memory
// file system that a program can count on.
type realDirectory struct {
	directory
	path string
}

func openDirectory(parent, dataDir string) (*realDirectory, error) { return nil, ErrNoMemoryFS }

func (d *realDirectory) bytes() int64               { return 0 }
func (d *realDirectory) unswappable() (bool, error) { return false, ErrNoMemoryFS }

// SwapActive cannot tell here, so it is true.
func SwapActive() (bool, error) { return true, nil }
