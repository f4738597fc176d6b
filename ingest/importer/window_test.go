package importer

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

func opened(files ...string) (int, func(int) (io.ReadCloser, error)) {
	return len(files), func(i int) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(files[i])), nil }
}

func TestTablesOfYearsAreReadInWindows(t *testing.T) {
	var visitors, pages strings.Builder
	visitors.WriteString("\"date\",\"visitors\"\n")
	pages.WriteString("# a comment\n\ndate,page,pageviews\n")
	for month := 1; month <= 6; month++ {
		for day := 1; day <= 9; day++ {
			fmt.Fprintf(&visitors, "\"2026-%02d-%02d\",1\n", month, day)
			fmt.Fprintf(&pages, "2026%02d%02d,\"/a\n%d\",1\n", month, day, month)
		}
	}
	pages.WriteString("rubbish\n2026-03-20,\"open")
	files := []string{visitors.String(), pages.String()}
	n, open := opened(files...)
	w, err := findWindows(n, open, 40)
	if err != nil || !slices.Equal(w.first, []string{"", "2026-03", "2026-05"}) && !slices.Equal(w.first, []string{"", "2026-02", "2026-04", "2026-06"}) {
		t.Fatalf("got windows %q, %v", w.first, err)
	}
	// Every record is in one window, under its own number.
	for _, file := range files {
		seen := map[int]int{}
		for i := range w.Len() {
			content, err := io.ReadAll(w.Through(i, strings.NewReader(file)))
			if err != nil {
				t.Fatal(err)
			}
			lines, want := strings.Split(string(content), "\n"), strings.Split(file, "\n")
			if len(lines) != len(want) {
				t.Fatalf("window %d has %d lines, want %d", i, len(lines), len(want))
			}
			for j, line := range lines {
				if line != "" {
					if seen[j]++; line != want[j] {
						t.Errorf("line %d is %q, want %q", j, line, want[j])
					}
				}
			}
		}
		for j, line := range strings.Split(file, "\n") {
			wanted := 1
			if strings.Contains(line, "date") || strings.HasPrefix(line, "#") {
				wanted = w.Len()
			}
			if line != "" && seen[j] != wanted {
				t.Errorf("line %d, %q, is in %d windows, want %d", j, line, seen[j], wanted)
			}
		}
	}
	if w, err := FindWindows(n, open); err != nil || w.Len() != 1 {
		t.Errorf("got %d windows, %v", w.Len(), err)
	}
}

func FuzzWindows(f *testing.F) {
	f.Add([]byte("date,a\n2026-05-01,\"x\ny\"\n\n#c\n20260601,2\n\"2026-05-02\",\"\"\"\n"), uint8(3))
	f.Fuzz(func(t *testing.T, file []byte, most uint8) {
		n, open := opened(string(file))
		w, err := findWindows(n, open, int(most))
		if err != nil {
			t.Fatal(err)
		}
		whole, _ := io.ReadAll(unicodeReader(bytes.NewReader(file)))
		for i := range w.Len() {
			content, err := io.ReadAll(w.Through(i, bytes.NewReader(file)))
			if err != nil || bytes.Count(content, []byte("\n")) != bytes.Count(whole, []byte("\n")) {
				t.Fatalf("window %d has %q of %q, %v", i, content, whole, err)
			}
		}
	})
}
