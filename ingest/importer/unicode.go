package importer

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// unicodeReader turns UTF-16 with a byte order mark, in which Matomo writes CSV
// files, into UTF-8. Anything else is left alone.
func unicodeReader(r io.Reader) io.Reader {
	buffered := bufio.NewReader(r)
	head, err := buffered.Peek(2)
	switch {
	case err != nil:
		return buffered
	case bytes.Equal(head, []byte{0xff, 0xfe}):
		return &utf16Reader{r: buffered, order: binary.LittleEndian}
	case bytes.Equal(head, []byte{0xfe, 0xff}):
		return &utf16Reader{r: buffered, order: binary.BigEndian}
	}
	return buffered
}

type utf16Reader struct {
	r     *bufio.Reader
	order binary.ByteOrder
	high  rune   // the first half of a pair
	left  []byte // decoded, not read yet
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.left) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.decode()
	}
	n := copy(p, u.left)
	u.left = u.left[n:]
	return n, nil
}

// decode decodes some more.
func (u *utf16Reader) decode() {
	u.left = u.left[:0]
	var unit [2]byte
	for range 2048 {
		if _, u.err = io.ReadFull(u.r, unit[:]); u.err != nil {
			if u.err == io.ErrUnexpectedEOF { // half a unit
				u.err = io.EOF
			}
			return
		}
		c := rune(u.order.Uint16(unit[:]))
		switch {
		case u.high != 0:
			pair := utf16.DecodeRune(u.high, c)
			u.high, u.left = 0, utf8.AppendRune(u.left, pair)
		case utf16.IsSurrogate(c):
			u.high = c
		case c != 0xfeff:
			u.left = utf8.AppendRune(u.left, c)
		}
	}
}
