package volatile

import (
	"strconv"
	"strings"
)

// swapFiles are the names in a /proc/swaps text:
//
//	Filename          Type       Size     Used  Priority
//	/dev/sda2         partition  8388604  0     -2
//	/swap\040file     file       1048572  0     -3
//
// White space and backslashes in a name are octal escapes. A line that is not
// understood counts as a swap: it is the safe side.
func swapFiles(text []byte) []string {
	var names []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "Filename" {
			continue
		}
		names = append(names, unescape(fields[0]))
	}
	return names
}

// zramDevice is the device name ("zram0") of a swap that the kernel keeps
// compressed in memory. Any other swap is taken for a disk.
func zramDevice(name string) (device string, ok bool) {
	device, ok = strings.CutPrefix(name, "/dev/")
	if !ok {
		return "", false
	}
	number, ok := strings.CutPrefix(device, "zram")
	if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
		return "", false
	}
	return device, true
}

// noSwap reports whether the file system with the given device number is never
// swapped, by a /proc/self/mountinfo text (proc(5)):
//
//	36 35 98:0 /root /mnt rw,noatime shared:1 - tmpfs tmpfs rw,size=1024k,noswap
//	      ----                       --------   -----       --------------------
//	      device                     any number type        options of the file system
//
// noswap is an option of the file system, so every mount of it shows it; it has
// to be on all of them here, in case a line is misread.
func noSwap(text []byte, major, minor uint32) bool {
	device := strconv.FormatUint(uint64(major), 10) + ":" + strconv.FormatUint(uint64(minor), 10)
	found := false
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[2] != device {
			continue
		}
		if !mountedNoSwap(fields) {
			return false
		}
		found = true
	}
	return found
}

func mountedNoSwap(fields []string) bool {
	for i := 6; i < len(fields); i++ {
		if fields[i] != "-" {
			continue
		}
		rest := fields[i+1:]
		if len(rest) < 3 {
			return false
		}
		if rest[0] == "ramfs" {
			return true
		}
		for option := range strings.SplitSeq(rest[2], ",") {
			if option == "noswap" {
				return rest[0] == "tmpfs"
			}
		}
		return false
	}
	return false
}

// unescape undoes the \ooo escapes of /proc files.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+4 <= len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
