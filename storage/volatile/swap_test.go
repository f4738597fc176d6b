package volatile

import (
	"slices"
	"testing"
)

func TestSwapFilesAreRead(t *testing.T) {
	const head = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"no swap", head, nil},
		{"partition", head + "/dev/sda2                               partition\t8388604\t\t0\t\t-2\n", []string{"/dev/sda2"}},
		{"escaped file", head + `/my\040swap\134file                     file		1048572		0		-3` + "\n", []string{`/my swap\file`}},
		{"deleted file", head + `/swapfile\040(deleted) file 1 0 -3`, []string{"/swapfile (deleted)"}},
		{"two", head + "/dev/zram0 partition 1 0 100\n/dev/dm-1 partition 1 0 -2\n", []string{"/dev/zram0", "/dev/dm-1"}},
		{"bad escapes", head + `/a\9 file` + "\n" + `/b\99 file`, []string{`/a\9`, `/b\99`}},
		{"not understood", "something new\n", []string{"something"}},
	} {
		if got := swapFiles([]byte(c.text)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOnlyZramIsTakenForMemory(t *testing.T) {
	for name, want := range map[string]string{
		"/dev/zram0": "zram0", "/dev/zram12": "zram12",
		"/dev/zram": "", "/dev/zramX": "", "/dev/zram0p1": "", "/dev/sda2": "", "/zram0": "", "zram0": "",
		"/dev/zram0 (deleted)": "", "/dev/../dev/zram0": "", "/dev/zram0/../sda": "", "": "",
	} {
		if got, ok := zramDevice(name); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", name, got, ok, want)
		}
	}
}

func TestNoSwapIsReadFromMountinfo(t *testing.T) {
	const others = "22 27 0:21 / /proc rw,relatime - proc proc rw\n" +
		"27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard\n"
	for _, c := range []struct {
		name, line string
		want       bool
	}{
		{"absent", "", false},
		{"plain tmpfs", "30 25 0:27 / /dev/shm rw,nosuid - tmpfs tmpfs rw,size=24684084k\n", false},
		{"noswap", "30 25 0:27 / /dev/shm rw,nosuid - tmpfs tmpfs rw,size=1024k,noswap\n", true},
		{"noswap with optional fields", "30 25 0:27 / /dev/shm rw shared:1 master:2 - tmpfs tmpfs rw,noswap,inode64\n", true},
		{"noswap of the mount is none", "30 25 0:27 / /dev/shm rw,noswap - tmpfs tmpfs rw\n", false},
		{"ramfs", "30 25 0:27 / /run/state rw - ramfs none rw,mode=700\n", true},
		{"another type", "30 25 0:27 / /dev rw - devtmpfs devtmpfs rw,noswap\n", false},
		{"part of a word", "30 25 0:27 / /dev/shm rw - tmpfs tmpfs rw,noswapper\n", false},
		{"a source of that name", "30 25 0:27 / /dev/shm rw - tmpfs noswap rw\n", false},
		{"a mount point of that name", "30 25 0:27 / /-\\040tmpfs rw - tmpfs tmpfs rw\n", false},
		{"twice", "30 25 0:27 / /a rw - tmpfs tmpfs rw,noswap\n31 25 0:27 / /b rw - tmpfs tmpfs rw,noswap\n", true},
		{"two that differ", "30 25 0:27 / /a rw - tmpfs tmpfs rw,noswap\n31 25 0:27 / /b rw - tmpfs tmpfs rw\n", false},
		{"cut", "30 25 0:27 / /dev/shm rw - tmpfs", false},
		{"no separator", "30 25 0:27 / /dev/shm rw tmpfs tmpfs rw,noswap\n", false},
		{"another device", "30 25 0:28 / /dev/shm rw - tmpfs tmpfs rw,noswap\n", false},
		{"device is a prefix", "30 25 0:270 / /dev/shm rw - tmpfs tmpfs rw,noswap\n", false},
	} {
		if got := noSwap([]byte(others+c.line), 0, 27); got != c.want {
			t.Errorf("%s: got %t, want %t", c.name, got, c.want)
		}
	}
}
