package volatile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// SwapActive reports whether the machine swaps to a disk now. A zram without a
// backing device is memory. Where it cannot be told it is true, with an error.
func SwapActive() (bool, error) { return swapActive("/") }

func swapActive(root string) (bool, error) {
	text, err := os.ReadFile(filepath.Join(root, "proc/swaps"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // a kernel without swap
	}
	if err != nil {
		return true, fmt.Errorf("is a swap active: %w", err)
	}
	for _, name := range swapFiles(text) {
		device, ok := zramDevice(name)
		if !ok {
			return true, nil
		}
		backing, err := os.ReadFile(filepath.Join(root, "sys/block", device, "backing_dev"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a kernel that cannot write zram back
		}
		if err != nil {
			return true, fmt.Errorf("is %s in memory: %w", device, err)
		}
		if strings.TrimSpace(string(backing)) != "none" {
			return true, nil
		}
	}
	return false, nil
}
