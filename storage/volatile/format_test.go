package volatile

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var goldenOwner = owner{database: [16]byte{0: 0xd1, 15: 0xd2}, data: [16]byte{0: 0xa1, 15: 0xa2}}

func goldenSegment() []byte {
	b := appendSegmentHead(nil, goldenOwner, 3, 41)
	b = appendFrame(b, 41, []byte("hit"))
	return appendFrame(b, 42, nil)
}

func goldenManifest() []byte {
	return appendManifest(nil, goldenOwner, &manifest{
		Manifest: Manifest{Commit: 7, Segment: 3}, generation: 2,
		sections: []section{{"a", 5, 0xdeadbeef}, {"days", 1 << 33, 1}}})
}

func goldenSlot() []byte {
	b := make([]byte, slotSize)
	v := slotValue{saltKey{"a.example", -2}, 9, time.Unix(1_800_000_000, 5), [32]byte{0: 1, 31: 32}}
	writeSlot(b, &v)
	return b
}

// The formats are read by the next release: their bytes do not change without a
// new version.
func TestFormatsArePinned(t *testing.T) {
	const head = "0100000000000000" + "d10000000000000000000000000000d2" + "a10000000000000000000000000000a2"
	slot := "0900000000000000" + "feffffff" + "05000000" + "00d2496b00000000" +
		"0100000000000000000000000000000000000000000000000000000000000020" +
		"09" + hex.EncodeToString([]byte("a.example")) + strings.Repeat("00", 442)
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"segment", goldenSegment(), hex.EncodeToString([]byte("ffjournl")) + head +
			"0300000000000000" + "2900000000000000" + "cb61f42f" +
			"03000000" + "2900000000000000" + "69d5f57e" + "a95b3cc6" + "686974" +
			"00000000" + "2a00000000000000" + "502e23f6" + "00000000"},
		{"manifest", goldenManifest(), hex.EncodeToString([]byte("ffchkpnt")) + head +
			"0200000000000000" + "0700000000000000" + "0300000000000000" + "02000000" +
			"0100" + "61" + "0500000000000000" + "efbeadde" +
			"0400" + "64617973" + "0000000002000000" + "01000000" + "397acc77"},
		{"slot", goldenSlot(), slot + "99a62d3e"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestManifestGivesBackWhatWasWritten(t *testing.T) {
	m, err := readManifest(goldenManifest(), goldenOwner)
	if err != nil {
		t.Fatal(err)
	}
	if got := appendManifest(nil, goldenOwner, m); !bytes.Equal(got, goldenManifest()) {
		t.Errorf("got %x, want %x", got, goldenManifest())
	}
	for name, bad := range map[string]*manifest{
		"no generation": {Manifest: Manifest{Segment: 1}},
		"no segment":    {generation: 1},
		"no name":       {Manifest: Manifest{Segment: 1}, generation: 1, sections: []section{{}}},
		"twice":         {Manifest: Manifest{Segment: 1}, generation: 1, sections: []section{{name: "a"}, {name: "a"}}},
		"absurd length": {Manifest: Manifest{Segment: 1}, generation: 1, sections: []section{{"a", 1 << 63, 0}}},
	} {
		if _, err := readManifest(appendManifest(nil, goldenOwner, bad), goldenOwner); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v, want %v", name, err, ErrCorrupt)
		}
	}
}

// sealed puts the right checksum behind b, so that the fuzzer gets past it.
func sealed(b []byte) []byte {
	c := checksum(b)
	return append(bytes.Clone(b), byte(c), byte(c>>8), byte(c>>16), byte(c>>24))
}

func FuzzManifest(f *testing.F) {
	f.Add(goldenManifest()[:len(goldenManifest())-4])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		readManifest(b, goldenOwner)
		b = sealed(b)
		m, err := readManifest(b, goldenOwner)
		if err != nil {
			if m != nil || !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) && !errors.Is(err, ErrForeign) {
				t.Fatalf("got %v, %v, want an error with a name", m, err)
			}
			return
		}
		if again := appendManifest(nil, goldenOwner, m); !bytes.Equal(again[headSize:len(again)-4], b[headSize:len(b)-4]) {
			t.Fatalf("read and written again: got %x, want %x", again, b)
		}
	})
}

// A journal of arbitrary bytes: no panic, an error with a name, and what is cut
// off as torn leaves a segment that replays to the same records.
func FuzzJournal(f *testing.F) {
	f.Add(goldenSegment()[segmentHead:], uint16(10), byte(1))
	f.Add(append(goldenSegment()[segmentHead:], make([]byte, 40)...), uint16(0), byte(0))
	f.Add(goldenSegment()[segmentHead:len(goldenSegment())-7], uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, frames []byte, at uint16, flip byte) {
		head := appendSegmentHead(nil, goldenOwner, 3, 41)
		if int(at) < len(head) {
			head[at] ^= flip
		}
		src := append(head, frames...)
		if _, err := replayBytes(src, goldenOwner, 3, 0, func(uint64, []byte) error { return nil }); err != nil &&
			!errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) && !errors.Is(err, ErrForeign) {
			t.Fatalf("got %v, want an error with a name", err)
		}
		var before []string
		end, next, err := readFrames(frames, 41, func(_ uint64, record []byte) error {
			before = append(before, string(record))
			return nil
		})
		if next != 41+uint64(len(before)) || end > len(frames) {
			t.Fatalf("got end %d, next %d after %d records in %d bytes", end, next, len(before), len(frames))
		}
		if err != nil && !errors.Is(err, errTorn) {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("got %v, want %v", err, ErrCorrupt)
			}
			return
		}
		whole := appendFrame(bytes.Clone(frames[:end]), next, []byte("more"))
		var after []string
		if _, _, err := readFrames(whole, 41, func(_ uint64, record []byte) error {
			after = append(after, string(record))
			return nil
		}); err != nil {
			t.Fatalf("after the cut: %v", err)
		}
		if got, want := fmt.Sprint(after), fmt.Sprint(append(before, "more")); got != want {
			t.Fatalf("after the cut: got %q, want %q", got, want)
		}
	})
}

func FuzzSaltSlot(f *testing.F) {
	f.Add(goldenSlot()[:508])
	f.Fuzz(func(t *testing.T, b []byte) {
		slot := make([]byte, slotSize)
		copy(slot, b)
		readSlot(slot)
		slot = sealed(slot[:508])
		v, err := readSlot(slot)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("got %v, want %v", err, ErrCorrupt)
			}
			return
		}
		again := make([]byte, slotSize)
		writeSlot(again, &v)
		if w, err := readSlot(again); err != nil || w != v {
			t.Fatalf("read and written again: got %v, %v, want the same", w.saltKey, err)
		}
	})
}

func FuzzSwaps(f *testing.F) {
	f.Add([]byte("Filename Type\n/dev/zram0 partition 1 0 -2\n/a\\040b file\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range swapFiles(text) {
			if device, ok := zramDevice(name); ok && (len(device) < 5 || strings.ContainsAny(device, "/.")) {
				t.Fatalf("%q: got device %q", name, device)
			}
		}
	})
}

func FuzzMountinfo(f *testing.F) {
	f.Add([]byte("30 25 0:27 / /dev/shm rw,nosuid - tmpfs tmpfs rw,noswap\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if noSwap(text, 0, 27) && !bytes.Contains(text, []byte("noswap")) && !bytes.Contains(text, []byte("ramfs")) {
			t.Fatalf("%q: got true without noswap or ramfs", text)
		}
	})
}
