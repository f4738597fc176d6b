package volatile

import (
	"io"
	"testing"
)

func BenchmarkAppend200Bytes(b *testing.B) {
	o := testOptions(b)
	s := started(b, o)
	record := make([]byte, 200)
	b.SetBytes(200)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if _, err := s.Append(record); err != nil {
			b.Fatal(err)
		}
		if n++; n%1_000_000 == 0 { // as the engine does
			segment := mustRotate(b, s)
			mustCheckpoint(b, s, Manifest{Segment: segment})
			if err := s.Truncate(segment); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkReplay(b *testing.B) {
	s := started(b, testOptions(b))
	record := make([]byte, 200)
	for range 100_000 {
		if _, err := s.Append(record); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(100_000 * 200)
	for b.Loop() {
		if err := s.Replay(0, func(uint64, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckpoint64MiB(b *testing.B) {
	o := testOptions(b)
	o.MaxBytes = 1 << 30
	s := started(b, o)
	piece := make([]byte, 4<<10)
	b.SetBytes(64 << 20)
	for b.Loop() {
		w, err := s.Begin()
		if err != nil {
			b.Fatal(err)
		}
		section, err := w.Section("days")
		if err != nil {
			b.Fatal(err)
		}
		for range 64 << 20 / len(piece) {
			if _, err := section.Write(piece); err != nil {
				b.Fatal(err)
			}
		}
		if err := section.Close(); err != nil {
			b.Fatal(err)
		}
		if err := w.Commit(Manifest{Segment: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad64MiB(b *testing.B) {
	o := testOptions(b)
	o.MaxBytes = 1 << 30
	s := started(b, o)
	mustCheckpoint(b, s, Manifest{Segment: 1}, "days", string(make([]byte, 64<<20)))
	b.SetBytes(64 << 20)
	for b.Loop() {
		c, err := s.Load()
		if err != nil {
			b.Fatal(err)
		}
		r, err := c.Open("days")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}
