package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxLine is the longest line that is read: a beacon's limit.
const maxLine = 64 << 10

// maxWindow limits the memory that a zstd file can ask for.
const maxWindow = 128 << 20

var (
	errLongLine = errors.New("longer than 64 KiB")
	// ErrPacked is returned by Open for a file that cannot be unpacked.
	ErrPacked = errors.New("damaged compressed file")
)

// Open unpacks r if its content is gzip or zstd, whatever its name, and leaves it
// alone otherwise. The error wraps ErrPacked or is that of r.
func Open(r io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(r, 256<<10)
	head, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPacked, err)
		}
		return unpacked, nil
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		unpacked, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPacked, err)
		}
		return unpacked.IOReadCloser(), nil
	}
	return io.NopCloser(buffered), nil
}

// lineReader cuts lines, without their ends and a byte order mark.
type lineReader struct {
	r      *bufio.Reader
	number int // of the line that next returned last
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, maxLine+2)}
}

// at is the number of the line that next returned last.
func (l *lineReader) at() int { return l.number }

// next returns the next line, valid until the call after it. The error is io.EOF
// at the end, errLongLine for a line that was skipped, or that of the reader.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if err == nil || errors.Is(err, io.EOF) && len(line) > 0 {
		l.number++
		if l.number == 1 {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		return bytes.TrimSpace(line), nil
	}
	if !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	l.number++
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = l.r.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return nil, errLongLine
}
