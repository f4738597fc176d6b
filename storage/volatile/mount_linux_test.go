package volatile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// On file systems of their own, in a mount namespace of its own: what the fault
// table imitates. Where the machine does not allow that, the fault table and
// MaxBytes are what shows it.
func TestOnRealSmallAndUnswappableFileSystems(t *testing.T) {
	if os.Getenv("VOLATILE_TEST_CHILD") == "mount" {
		onMountedFileSystems(t)
		return
	}
	cmd := child(t, "mount", "TestOnRealSmallAndUnswappableFileSystems")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EINVAL) {
		t.Logf("no mount namespace to be had here: %v", err)
		return
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// mounted mounts a file system, or reports that this is not allowed.
func mounted(t *testing.T, kind, options string) (dir string, ok bool) {
	dir = t.TempDir()
	if err := unix.Mount(kind, dir, kind, 0, options); err != nil {
		t.Logf("%s %s cannot be mounted here: %v", kind, options, err)
		return "", false
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir, true
}

func onMountedFileSystems(t *testing.T) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Logf("no private mounts: %v", err)
		return
	}
	if dir, ok := mounted(t, "tmpfs", "size=1m"); ok {
		onFullFileSystem(t, dir)
	}
	for _, c := range []struct {
		kind, options string
		want          bool
	}{{"tmpfs", "size=4m", false}, {"tmpfs", "size=4m,noswap", true}, {"ramfs", "", true}} {
		dir, ok := mounted(t, c.kind, c.options)
		if !ok {
			continue
		}
		d, err := openDirectory(dir, "/data")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := d.unswappable(); err != nil || got != c.want {
			t.Errorf("%s %s: unswappable is %t, %v, want %t", c.kind, c.options, got, err, c.want)
		}
		d.close()
		o := testOptions(t)
		o.Dir = dir
		s := started(t, o)
		mustSave(t, s, "a.example", 1, testSalt(1))
		mustAppend(t, s, "a", "b")
		s = reopen(t, s, o)
		wantReplay(t, s, 1, "a", "b")
		wantSalts(t, s, map[saltKey]savedSalt{{"a.example", 1}: {testEnds, testSalt(1)}})
		closeState(t, s)
	}
}

func onFullFileSystem(t *testing.T, dir string) {
	o := testOptions(t)
	o.Dir, o.MaxBytes = dir, 1<<30 // it is the file system that is full
	s := started(t, o)
	record := strings.Repeat("r", 5000)
	n, err := 0, error(nil)
	for ; err == nil; n++ {
		_, err = s.Append([]byte(record))
	}
	n--
	wantError(t, "Append", err, ErrFull)
	wantError(t, "Append", err, unix.ENOSPC)
	// Others take the rest: now really nothing is left.
	f, err := os.Create(filepath.Join(dir, "others"))
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	err = writeCheckpoint(s, Manifest{Segment: 1}, "days", record)
	wantError(t, "checkpoint", err, ErrFull)
	if got, err := replayed(s, 1); err != nil || len(got) != n {
		t.Fatalf("Replay: got %d records, %v, want %d", len(got), err, n)
	}
	s = reopen(t, s, o)
	if got, err := replayed(s, 1); err != nil || len(got) != n {
		t.Fatalf("Replay after a restart: got %d records, %v, want %d", len(got), err, n)
	}
	if err := s.Abandon(); err != nil {
		t.Fatalf("Abandon on a full file system: %v", err)
	}
	wantUsableAfterReset(t, s, o)
}

func TestPinnedFilesAreLockedInMemory(t *testing.T) {
	w := newWorld(t, true)
	o := Options{DatabaseID: testDatabase}
	before := lockedBytes(t)
	s, err := openIn(w.real, "/data", o, rules{step: pageSize, pin: true, pinSalts: true})
	if err != nil {
		t.Fatal(err)
	}
	opened := lockedBytes(t)
	if !s.Locked() || opened-before < pageSize {
		t.Errorf("locked with the salts: %d bytes more, want a page at least", opened-before)
	}
	segment := mustRotate(t, s)
	mustAppend(t, s, strings.Repeat("r", 100_000))
	mustCheckpoint(t, s, Manifest{Segment: segment}, "days", strings.Repeat("d", 200_000))
	if got := lockedBytes(t) - opened; got < 300_000 {
		t.Errorf("locked with journal and checkpoint: %d bytes more, want all 300000", got)
	}
	if err := s.release(); err != nil {
		t.Fatal(err)
	}
	s, err = openIn(w.real, "/data", o, rules{step: pageSize, pin: true, pinSalts: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := lockedBytes(t) - opened; got < 300_000 {
		t.Errorf("locked by the next process: %d bytes more, want all 300000", got)
	}
	if err := errors.Join(s.release(), w.real.close()); err != nil {
		t.Fatal(err)
	}
	if got := lockedBytes(t); got != before {
		t.Errorf("locked after Close: %d bytes, want %d as before", got, before)
	}
}

func lockedBytes(t *testing.T) (n int64) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmLck:")
	if _, err := fmt.Sscan(after, &n); err != nil {
		t.Fatal(err)
	}
	return n << 10
}

func TestMemoryThatCannotBeLockedIsErrSwappable(t *testing.T) {
	w := newWorld(t, true)
	defer w.real.close()
	d := &faults{}
	if err := w.open(d); err != nil {
		t.Fatal(err)
	}
	n := d.n
	w.kill()
	os.Remove(filepath.Join(w.real.path, saltsFile))
	for at := 1; at <= n; at++ {
		d := &faults{at: at}
		err := w.open(d)
		if err == nil {
			w.kill()
		}
		os.Remove(filepath.Join(w.real.path, saltsFile))
		if strings.HasPrefix(d.hit, "map ") {
			wantError(t, "Open", err, ErrSwappable)
			return
		}
	}
	t.Error("no mapping was tried at Open")
}
