package volatile

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDirectoryOnADiskIsRefused(t *testing.T) {
	o := testOptions(t)
	o.Dir = "/proc/self" // whatever the machine: this is no memory file system
	_, err := Open(o)
	wantError(t, "Open in /proc/self", err, ErrNotMemory)
	o.Dir = "/sys/footfall/state"
	_, err = Open(o)
	wantError(t, "Open below /sys", err, ErrNotMemory)
}

func TestMissingDirectoriesAreMadePrivate(t *testing.T) {
	o := testOptions(t)
	o.Dir = filepath.Join(o.Dir, "run", "footfall")
	s := open(t, o)
	if filepath.Dir(s.Dir()) != o.Dir {
		t.Errorf("directory: got %s, want it in %s", s.Dir(), o.Dir)
	}
	st, err := os.Stat(s.Dir())
	if err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("mode: got %v, %v, want 0700", st.Mode(), err)
	}
	mustAppend(t, s, "a")
	for _, name := range append(files(t, s), "lock") {
		st, err := os.Stat(filepath.Join(s.Dir(), name))
		if err != nil || st.Mode() != 0o600 {
			t.Errorf("mode of %s: got %v, %v, want 0600", name, st.Mode(), err)
		}
	}
}

func TestDefaultDirectoryIsOfThisUserAndDataDirectory(t *testing.T) {
	var seen []string
	for range 2 {
		o := testOptions(t)
		o.Dir = ""
		s := open(t, o)
		t.Cleanup(func() { os.RemoveAll(s.Dir()) })
		prefix := fmt.Sprintf("%s/footfall-%d-", defaultParent, os.Geteuid())
		if !strings.HasPrefix(s.Dir(), prefix) {
			t.Errorf("directory: got %s, want %s...", s.Dir(), prefix)
		}
		seen = append(seen, s.Dir())
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(o.DataDir, link); err != nil {
			t.Fatal(err)
		}
		o.DataDir = link
		_, err := Open(o)
		wantError(t, "Open by another path to the same data", err, ErrLocked)
	}
	if seen[0] == seen[1] {
		t.Errorf("two data directories share %s", seen[0])
	}
}

func TestDataDirectoryHasToExist(t *testing.T) {
	o := testOptions(t)
	for _, dir := range []string{"", filepath.Join(o.DataDir, "absent")} {
		o.DataDir = dir
		if _, err := Open(o); err == nil {
			t.Errorf("Open for data directory %q: got no error", dir)
		}
	}
}

func TestSecondProcessIsLockedOut(t *testing.T) {
	o := testOptions(t)
	s := open(t, o)
	_, err := Open(o)
	wantError(t, "second Open", err, ErrLocked)
	closeState(t, s)
	open(t, o)
}

// /dev/shm is writable by everyone: the name may have been taken.
func TestPlantedNamesAreRefused(t *testing.T) {
	elsewhere := memoryDir(t)
	target := filepath.Join(elsewhere, "target")
	plant := func(path string) {
		if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plant(target)
	for name, fn := range map[string]func(dir string) error{
		"directory is a link": func(dir string) error { return errors.Join(os.RemoveAll(dir), os.Symlink(elsewhere, dir)) },
		"directory is a file": func(dir string) error { return errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o600)) },
		"directory is open":   func(dir string) error { return os.Chmod(dir, 0o750) },
		"lock is a link":      func(dir string) error { return os.Symlink(target, filepath.Join(dir, "lock")) },
		"salts are a link":    func(dir string) error { return os.Symlink(target, filepath.Join(dir, saltsFile)) },
		"manifest is a link":  func(dir string) error { return os.Symlink(target, filepath.Join(dir, manifestFile)) },
		"salts are a FIFO":    func(dir string) error { return unix.Mkfifo(filepath.Join(dir, saltsFile), 0o600) },
		"salts are readable":  func(dir string) error { return os.WriteFile(filepath.Join(dir, saltsFile), nil, 0o644) },
		"salts have a second name": func(dir string) error {
			return os.Link(target, filepath.Join(dir, saltsFile))
		},
		"salts are a directory": func(dir string) error { return os.Mkdir(filepath.Join(dir, saltsFile), 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(t)
			s := open(t, o)
			closeState(t, s)
			for _, f := range append(files(t, s), "lock") {
				os.Remove(filepath.Join(s.Dir(), f))
			}
			if err := fn(s.Dir()); err != nil {
				t.Fatal(err)
			}
			_, err := Open(o)
			if name == "salts are a directory" {
				if err == nil {
					t.Fatal("Open: got no error")
				}
			} else {
				wantError(t, "Open", err, ErrNotOurs)
			}
			if b, err := os.ReadFile(target); err != nil || string(b) != "precious" {
				t.Errorf("the target of the planted name: got %q, %v, want it untouched", b, err)
			}
		})
	}
}

func TestDirectoryOfAnotherUserIsRefused(t *testing.T) {
	o := testOptions(t)
	s := open(t, o)
	closeState(t, s)
	fd, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if os.Geteuid() != 0 { // then / is what another user owns
		_, err := checkOwner(fd, unix.S_IFDIR)
		wantError(t, "checkOwner of /", err, ErrNotOurs)
		return
	}
	if err := os.Chown(s.Dir(), 12345, 12345); err != nil {
		t.Fatal(err)
	}
	_, err = Open(o)
	wantError(t, "Open", err, ErrNotOurs)
}

func TestSwapActiveKnowsZramFromADisk(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"kernel without swap":     {nil, false},
		"no swap":                 {map[string]string{"proc/swaps": "Filename Type\n"}, false},
		"disk":                    {map[string]string{"proc/swaps": "Filename Type\n/dev/sda2 partition 1 0 -2\n"}, true},
		"zram, old kernel":        {map[string]string{"proc/swaps": "/dev/zram0 partition 1 0 100\n"}, false},
		"zram":                    {map[string]string{"proc/swaps": "/dev/zram0 partition 1 0 100\n", "sys/block/zram0/backing_dev": "none\n"}, false},
		"zram with a disk":        {map[string]string{"proc/swaps": "/dev/zram0 partition 1 0 100\n", "sys/block/zram0/backing_dev": "/dev/loop0\n"}, true},
		"zram in front of a file": {map[string]string{"proc/swaps": "/dev/zram0 partition 1 0 100\n/swapfile file 1 0 -2\n"}, true},
	} {
		root := t.TempDir()
		for path, text := range c.files {
			path = filepath.Join(root, path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := swapActive(root); err != nil || got != c.want {
			t.Errorf("%s: got %t, %v, want %t", name, got, err, c.want)
		}
	}
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "proc/swaps"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := swapActive(root); !got || err == nil {
		t.Errorf("unreadable: got %t, %v, want the safe answer and an error", got, err)
	}
	if _, err := SwapActive(); err != nil {
		t.Errorf("this machine: %v", err)
	}
}

// child is this test binary, about to run one test as a process of its own.
func child(t *testing.T, what, test string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), "VOLATILE_TEST_CHILD="+what)
	return cmd
}

// The real thing: a process is killed while it appends and writes checkpoints,
// again and again, and every record it has told us about is there.
func TestNothingAcknowledgedIsLostByKill(t *testing.T) {
	if os.Getenv("VOLATILE_TEST_CHILD") == "append" {
		appendUntilKilled(t)
		return
	}
	o := testOptions(t)
	acknowledged := 0
	for round := range 8 {
		cmd := child(t, "append", "TestNothingAcknowledgedIsLostByKill")
		cmd.Env = append(cmd.Env, "VOLATILE_TEST_DIR="+o.Dir, "VOLATILE_TEST_DATA="+o.DataDir)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; n < 200+round*137 && lines.Scan(); n++ {
			if _, err := fmt.Sscanf(lines.Text(), "ack %d", &acknowledged); err != nil {
				t.Fatalf("child: %s", lines.Text())
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "ack %d", &acknowledged); err != nil {
				break // killed inside the line
			}
		}
		cmd.Wait()
		s := open(t, o)
		got, err := countRecords(s)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if got != acknowledged && got != acknowledged+1 {
			t.Fatalf("round %d: got %d records, want the %d acknowledged or the one after", round, got, acknowledged)
		}
		closeState(t, s)
		acknowledged = got
	}
	if acknowledged < 1000 {
		t.Errorf("acknowledged: got %d records in all rounds, want enough to mean something", acknowledged)
	}
}

// countRecords checks that the records 1, 2, 3 ... are there without a gap. The
// checkpoint holds their number.
func countRecords(s *State) (n int, err error) {
	c, err := s.Load()
	if err != nil {
		return 0, err
	}
	text, err := sectionText(c, "count")
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscan(text, &n); err != nil {
		return 0, err
	}
	err = s.Replay(c.Manifest().Segment, func(_ uint64, record []byte) error {
		if n++; string(record) != fmt.Sprint(n) {
			return fmt.Errorf("record %d says %q", n, record)
		}
		return nil
	})
	return n, err
}

func appendUntilKilled(t *testing.T) {
	o := Options{Dir: os.Getenv("VOLATILE_TEST_DIR"), DataDir: os.Getenv("VOLATILE_TEST_DATA"),
		DatabaseID: testDatabase, SegmentBytes: 2000}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	n, err := countRecords(s)
	if errors.Is(err, ErrNone) {
		n, err = 0, writeCheckpoint(s, Manifest{Segment: mustRotate(t, s)}, "count", "0")
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		n++
		mustAppend(t, s, fmt.Sprint(n))
		fmt.Println("ack", n)
		if n%50 == 0 {
			segment := mustRotate(t, s)
			mustCheckpoint(t, s, Manifest{Segment: segment}, "count", fmt.Sprint(n))
			if err := s.Truncate(segment); err != nil {
				t.Fatal(err)
			}
		}
	}
}
