package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"

	"footfall/ingest/importer"
)

// tail reads what is appended to a file, through its rotation: a file that was
// renamed is read to its end before the new one of its name is, one that became
// shorter from its beginning.
type tail struct {
	name    string
	file    *os.File
	offset  int64
	partial []byte // of a line that is not whole yet
	skip    bool   // the rest of a line that was there before
	head    string // the last directive, see importer.IsDirective
}

// open opens the file at its beginning or its end (io.SeekStart, io.SeekEnd). Of a
// file that is joined at its end the directives before are read.
func (t *tail) open(whence int) error {
	f, err := os.Open(t.name)
	if err != nil {
		return err
	}
	t.close()
	t.file, t.offset, t.partial, t.skip = f, 0, nil, false
	if whence == io.SeekStart {
		return nil
	}
	if err := t.findHead(); err != nil {
		return err
	}
	if t.offset, err = f.Seek(0, io.SeekEnd); err != nil || t.offset == 0 {
		return err
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, t.offset-1)
	t.skip = last[0] != '\n'
	return err
}

// findHead reads the directives of the file's beginning.
func (t *tail) findHead() error {
	head := make([]byte, importer.HeadSize)
	n, err := t.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	t.remember(head[:n])
	return nil
}

// remember keeps the last directive among lines.
func (t *tail) remember(lines []byte) {
	for line := range bytes.Lines(lines) {
		if importer.IsDirective(line) {
			t.head = string(bytes.TrimSpace(line))
		}
	}
}

func (t *tail) close() {
	if t.file != nil {
		t.file.Close()
	}
}

// lines are whole lines that were written since the last call, nil if none were.
func (t *tail) lines() ([]byte, error) {
	read, err := t.read()
	if err != nil || len(read) > 0 {
		return t.whole(read), err
	}
	turned, err := t.turned()
	if err != nil || !turned {
		return nil, err
	}
	if read, err = t.read(); err != nil || len(read) > 0 { // written until the new one was there
		return t.whole(read), err
	}
	rest := t.partial
	return rest, t.open(io.SeekStart)
}

// read reads on in the file that is open.
func (t *tail) read() ([]byte, error) {
	buf := make([]byte, followPart)
	n, err := t.file.ReadAt(buf, t.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	t.offset += int64(n)
	return buf[:n], nil
}

// whole takes the whole lines off what was read, and keeps the rest.
func (t *tail) whole(read []byte) []byte {
	if len(read) == 0 {
		return nil
	}
	if t.skip {
		end := bytes.IndexByte(read, '\n')
		if end < 0 {
			return nil
		}
		read, t.skip = read[end+1:], false
	}
	end := bytes.LastIndexByte(read, '\n') + 1
	if end == 0 && len(t.partial)+len(read) < followPart {
		t.partial = append(t.partial, read...)
		return nil
	}
	if end == 0 { // longer than any line that is read: it will be bad
		end = len(read)
	}
	lines := append(t.partial, read[:end]...)
	t.partial = bytes.Clone(read[end:])
	return lines
}

// turned reports whether the name stands for another file now. A file that became
// shorter is read from its beginning.
func (t *tail) turned() (bool, error) {
	now, err := os.Stat(t.name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // between two files
	}
	if err != nil {
		return false, err
	}
	old, err := t.file.Stat()
	if err == nil && os.SameFile(old, now) && now.Size() < t.offset {
		t.offset, t.partial, t.skip = 0, nil, false
	}
	return err == nil && !os.SameFile(old, now), err
}
