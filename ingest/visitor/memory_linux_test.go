package visitor

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// vmFlags are the flags of the mapping that p begins, as the kernel tells them.
func vmFlags(t *testing.T, p []byte) string {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	at, found := uint64(uintptr(unsafe.Pointer(&p[0]))), false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var from, to uint64
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x ", &from, &to); n == 2 {
			found = from <= at && at < to
		}
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && found {
			return flags + " "
		}
	}
	t.Fatal("the page is not in /proc/self/smaps")
	return ""
}

func TestPagesAreLockedAndLeftOutOfDumps(t *testing.T) {
	s := NewSalts(Options{})
	flags := vmFlags(t, s.vault.pages[0].mem)
	if !strings.Contains(flags, " dd ") {
		t.Errorf("flags %q: the page would be in a core dump", flags)
	}
	// Where the system grants no locked memory, Status must say so.
	locked, told := strings.Contains(flags, " lo "), s.Status().Unlocked
	if locked != (told == nil) {
		t.Errorf("flags %q (locked: %v), Status().Unlocked = %v", flags, locked, told)
	}
}

func TestCoreDumpsCanBeSwitchedOff(t *testing.T) {
	if err := NoCoreDumps(); err != nil {
		t.Fatal(err)
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if dumpable != 0 || err != nil {
		t.Errorf("dumpable = %d, %v, want 0", dumpable, err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 {
		t.Errorf("core limit %d, %v, want 0", limit.Cur, err)
	}
}
