//go:build linux

package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFullFileSystems runs tests on small file systems of their own, in a mount
// namespace of their own. Where the machine does not allow that, the fault tables
// of storage and its memory state are what shows it.
func TestFullFileSystems(t *testing.T) {
	if os.Getenv("FOOTFALL_TEST_MOUNTS") != "" {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			t.Logf("no private mounts: %v", err)
			return
		}
		t.Run("the disk", onAFullDisk)
		t.Run("the memory state", onAFullMemoryState)
		t.Run("the memory state, full from the start", onAMemoryStateWithoutRoom)
		return
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^TestFullFileSystems$", "-test.v")
	cmd.Env = append(os.Environ(), "FOOTFALL_TEST_MOUNTS=1")
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

// mounted is a directory with a small file system of its own.
func mounted(t *testing.T, dir string, size string) bool {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		t.Logf("nothing can be mounted here: %v", err)
		return false
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return true
}

// wander sends visitors to pages that nobody has seen before and that no
// compression makes smaller, so that the counters grow. All have to be counted.
func wander(s *server, site string, from, to int) {
	s.t.Helper()
	for i := from; i < to; i++ {
		s.count(fmt.Sprintf("203.%d.%d.%d", i>>16, i>>8&0xff, i&0xff), browsers[0],
			view(fmt.Sprintf("https://%s/%x", site, sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16)}))))
	}
}

func onAFullDisk(t *testing.T) {
	h := install(t)
	if !mounted(t, h.data, "640k") {
		return
	}
	h.addSite("full.example", noonZone(), "mask=off")
	s := h.serve("--commit-interval", "20ms")
	sent := 0
	eventually(t, "the disk is full", func() bool {
		wander(s, "full.example", sent, sent+200)
		sent += 200
		return strings.Contains(s.log.String(), "counters could not be written")
	})
	wander(s, "full.example", sent, sent+100) // still counted
	sent += 100
	if got := s.today("full.example")[2]; got != float64(sent) {
		t.Errorf("on a full disk %v pageviews are counted, want %d", got, sent)
	}
	stored := h.storedVisitors("full.example") // what is there, is whole
	if stored == 0 || stored >= int64(sent) {
		t.Errorf("%d of %d visitors are on the full disk, want some", stored, sent)
	}
	for _, command := range [][]string{{"backup", filepath.Join(h.data, "copy")}, {"compact"}} {
		if r := h.try(command...); r.code != fine {
			explained(t, command[0]+" on a full disk", r)
		}
		os.Remove(filepath.Join(h.data, "copy"))
	}
	s.kill() // and again nothing is lost
	s = h.serve("--commit-interval", "20ms")
	if got := s.today("full.example")[2]; got != float64(sent) {
		t.Errorf("after a kill on a full disk %v pageviews are counted, want %d", got, sent)
	}
	// Somebody makes room.
	if err := unix.Mount("", h.data, "", unix.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	wander(s, "full.example", sent, sent+10)
	sent += 10
	eventually(t, "everything is committed", func() bool { return h.storedVisitors("full.example") == int64(sent) })
	s.stop()
	h.proveData()
}

// stateFull is what the log says when the memory state gives up.
const stateFull = "no memory state: a restart forgets who was counted today"

func onAFullMemoryState(t *testing.T) {
	h := install(t)
	if !mounted(t, h.state, "1m") {
		return
	}
	h.addSite("full.example", noonZone(), "mask=off")
	s := h.serve("--commit-interval", "20ms")
	sent := 0
	eventually(t, "the memory state is full", func() bool {
		wander(s, "full.example", sent, sent+200)
		sent += 200
		return strings.Contains(s.log.String(), stateFull)
	})
	wander(s, "full.example", sent, sent+100)
	sent += 100
	got := s.today("full.example")
	if got[2] != float64(sent) || got[0] != float64(sent) {
		t.Errorf("with a full memory state %v visitors and %v pageviews are counted, want %d", got[0], got[2], sent)
	}
	if log := s.log.String(); !strings.Contains(log, "level=WARN") && !strings.Contains(log, "level=ERROR") {
		t.Errorf("the log has no warning:\n%s", log)
	}
	s.stop()
	if got := h.storedVisitors("full.example"); got != int64(sent) {
		t.Errorf("after a clean stop %d visitors are on disk, want all %d", got, sent)
	}
	s = h.serve("--commit-interval", "20ms", "--state-dir", "none")
	if got := s.today("full.example")[2]; got != float64(sent) {
		t.Errorf("after a restart %v pageviews are counted, want %d", got, sent)
	}
	s.stop()

	// It is kept up where there is room again.
	s = h.serve("--commit-interval", "20ms")
	if got := s.today("full.example")[2]; got != float64(sent) {
		t.Errorf("after a restart with a memory state %v pageviews are counted, want %d: those on disk", got, sent)
	}
	s.stop()
}

func onAMemoryStateWithoutRoom(t *testing.T) {
	h := install(t)
	if !mounted(t, h.state, "4k") {
		return
	}
	h.addSite("full.example", noonZone(), "mask=off")
	s, err := h.tryServe() // the operator has named this place: it must work
	if err == nil || !strings.Contains(err.Error(), "hint: ") || !strings.Contains(err.Error(), "--state-dir") {
		t.Errorf("a memory state without room: %v; want a line, and a hint about --state-dir", err)
	}
	if s != nil {
		s.stop()
	}
}
