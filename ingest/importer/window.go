package importer

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
)

// Tables of years may hold more rows than fit into memory at once. They are sent in
// windows of months then: each time all files, with what lies outside of the window
// left blank, so that lines keep their numbers.

// windowRows is how many rows a window may have, unless one month has more.
const windowRows = 700_000

// Windows are stretches of months, "2026-05", each of which is read by itself.
type Windows struct{ first []string } // of each window

// monthOf is the month of a record that begins with its date, in one of the forms in
// which dates are written; "" = it does not.
func monthOf(record []byte) string {
	record = bytes.TrimPrefix(record, []byte(`"`))
	var digits []byte
	for i, c := range record {
		switch {
		case c >= '0' && c <= '9' && len(digits) < 6:
			digits = append(digits, c)
		case c == '-' && i == 4:
		default:
			return ""
		}
		if len(digits) == 6 {
			return string(digits[:4]) + "-" + string(digits[4:])
		}
	}
	return ""
}

// FindWindows looks through all files for their months. open opens file i of n.
func FindWindows(n int, open func(i int) (io.ReadCloser, error)) (Windows, error) {
	return findWindows(n, open, windowRows)
}

func findWindows(n int, open func(i int) (io.ReadCloser, error), most int) (w Windows, err error) {
	rows := map[string]int{}
	for i := range n {
		in, err := open(i)
		if err != nil {
			return w, err
		}
		err = eachRecord(in, func(record []byte) error {
			rows[monthOf(record)]++
			return nil
		})
		if err := errors.Join(err, in.Close()); err != nil {
			return w, err
		}
	}
	sum := 0
	for _, month := range slices.Sorted(maps.Keys(rows)) {
		if sum += rows[month]; len(w.first) == 0 || sum > most {
			w.first, sum = append(w.first, month), rows[month]
		}
	}
	return w, nil
}

// Len is the number of windows, 1 at least.
func (w Windows) Len() int { return max(1, len(w.first)) }

// holds reports whether window i has a month. Records without one are of the first.
func (w Windows) holds(i int, month string) bool {
	if month == "" {
		return i == 0
	}
	return (i == 0 || month >= w.first[i]) && (i+1 >= len(w.first) || month < w.first[i+1])
}

// Through is a file as window i has it: what is of another window is blank, but for
// heads and the comments around them.
func (w Windows) Through(i int, r io.Reader) io.ReadCloser {
	pr, pw := io.Pipe()
	go func() {
		head := true
		pw.CloseWithError(eachRecord(r, func(record []byte) error {
			comment := bytes.HasPrefix(record, []byte("#"))
			if !head && !comment && !w.holds(i, monthOf(record)) {
				record = bytes.Repeat([]byte("\n"), bytes.Count(record, []byte("\n")))
			}
			head = comment || head && len(bytes.TrimSpace(record)) == 0
			_, err := pw.Write(record)
			return err
		}))
	}()
	return pr
}

// eachRecord calls fn for each record of a CSV file, its end included: for lines, or
// for several where a quote is open at the end of one.
func eachRecord(r io.Reader, fn func(record []byte) error) error {
	lines := newLineReader(unicodeReader(r)).r
	var record []byte
	quotes := 0
	for {
		part, err := lines.ReadSlice('\n')
		record = append(record, part...)
		quotes += bytes.Count(part, []byte(`"`))
		whole := err == nil && quotes%2 == 0 || len(record) > maxLine
		if (whole || errors.Is(err, io.EOF)) && len(record) > 0 {
			if err := fn(record); err != nil {
				return err
			}
			record, quotes = record[:0], 0
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !whole && len(part) == 0:
			return err
		}
	}
}
