package archive

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"footfall/aggregate"
)

// What is wrong with a document.
var (
	// ErrFormat: it is no document of this package, or of a newer version.
	ErrFormat = errors.New("not an export of footfall that can be read")
	// ErrEnd: it ends before all blocks came.
	ErrEnd = errors.New("the export has lost its end")
	// ErrBlock is wrapped by the error of a single block.
	ErrBlock = errors.New("not a block")
)

// maxBlock limits the memory that one block may take, in bytes of JSON.
const maxBlock = 256 << 20

// Reader reads a document, block by block.
type Reader struct {
	Head  Head
	limit *limited
	json  *json.Decoder
	count int
}

// limited reads no further than allowed between two blocks.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("%w: one part is longer than %d MiB", ErrFormat, maxBlock>>20)
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// NewReader reads the head. The error wraps ErrFormat or ErrEnd, or is that of r.
func NewReader(r io.Reader) (*Reader, error) {
	a := &Reader{limit: &limited{r, maxBlock}}
	a.json = json.NewDecoder(a.limit)
	if err := a.expect(json.Delim('{')); err != nil {
		return nil, err
	}
	for {
		key, err := a.key()
		if err != nil {
			return nil, err
		}
		if key == "blocks" {
			break
		}
		if err := a.field(key); err != nil {
			return nil, err
		}
	}
	switch h := &a.Head; {
	case h.Format != formatName:
		return nil, fmt.Errorf("%w: its format is %q", ErrFormat, h.Format)
	case h.Version < 1 || h.Version > Version:
		return nil, fmt.Errorf("%w: it has version %d, this program reads up to %d", ErrFormat, h.Version, Version)
	}
	return a, a.expect(json.Delim('['))
}

// field reads a key of the head. Unknown ones are left alone.
func (a *Reader) field(key string) error {
	h := &a.Head
	into := map[string]any{"format": &h.Format, "version": &h.Version, "site": &h.Site, "settings": &h.Settings,
		"goals": &h.Goals, "funnels": &h.Funnels, "annotations": &h.Annotations, "segments": &h.Segments, "imports": &h.Imports}[key]
	if into == nil {
		into = new(json.RawMessage)
	}
	if err := a.json.Decode(into); err != nil {
		return readError(err)
	}
	return nil
}

func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrEnd
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &kind) {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return err
}

func (a *Reader) token() (json.Token, error) {
	t, err := a.json.Token()
	if err != nil {
		return nil, readError(err)
	}
	return t, nil
}

func (a *Reader) expect(want json.Token) error {
	t, err := a.token()
	if err == nil && t != want {
		err = fmt.Errorf("%w: %v where %v should be", ErrFormat, t, want)
	}
	return err
}

func (a *Reader) key() (string, error) {
	t, err := a.token()
	if err != nil {
		return "", err
	}
	key, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("%w: %v where a key should be", ErrFormat, t)
	}
	return key, nil
}

// Next is the next block; its key has no site. The error is io.EOF after the last,
// or wraps ErrBlock for one that is skipped; after any other nothing follows.
func (a *Reader) Next() (aggregate.Key, *aggregate.Block, error) {
	a.limit.left = maxBlock
	if !a.json.More() {
		return aggregate.Key{}, nil, a.end()
	}
	a.count++
	var b block
	if err := a.json.Decode(&b); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return aggregate.Key{}, nil, fmt.Errorf("%w: %s is a %s", ErrBlock, kind.Field, kind.Value)
		}
		return aggregate.Key{}, nil, readError(err)
	}
	return b.block()
}

// end reads what comes after the blocks.
func (a *Reader) end() error {
	if err := a.expect(json.Delim(']')); err != nil {
		return err
	}
	key, err := a.key()
	if err != nil {
		return err
	}
	count := -1
	if err := a.json.Decode(&count); err != nil || key != "count" || count != a.count {
		return fmt.Errorf("%w: %d blocks came", ErrEnd, a.count)
	}
	return io.EOF
}

// block turns what was read into a block that is in order.
func (b *block) block() (k aggregate.Key, out *aggregate.Block, err error) {
	bad := func(format string, args ...any) (aggregate.Key, *aggregate.Block, error) {
		return k, nil, fmt.Errorf("%w: %s", ErrBlock, fmt.Sprintf(format, args...))
	}
	k.Import = b.Import
	if k.Day, err = aggregate.ParseDay(b.Day); err != nil {
		return bad("%v", err)
	}
	if k.Span = spanOf(b.Span); k.Span == 0 {
		return bad("span %q", b.Span)
	}
	dims := [2]*aggregate.Dimension{&k.A, &k.B}
	if len(b.Facts) > len(dims) {
		return bad("%d facts: no more than two belong together", len(b.Facts))
	}
	for i, name := range b.Facts {
		d, ok := aggregate.ParseDimension(name)
		if !ok || d == aggregate.None {
			return bad("fact %q", name)
		}
		*dims[i] = d
	}
	sides := max(1, len(b.Facts))
	if len(b.Values) != sides {
		return bad("%d lists of values for %d facts", len(b.Values), len(b.Facts))
	}
	rows := len(b.Values[0])
	for _, values := range b.Values {
		if len(values) != rows {
			return bad("lists of %d and %d values", rows, len(values))
		}
	}
	out = &aggregate.Block{Meta: aggregate.Meta{Floor: b.Meta.Floor, Cap: b.Meta.Cap, Closes: b.Meta.Closes, Lossy: b.Meta.Lossy, Linked: b.Meta.Linked},
		Rows: make([]aggregate.Row, rows)}
	out.A = dictionary(b.Values[0], func(i int, n uint32) { out.Rows[i].A = n })
	if sides == 2 {
		out.B = dictionary(b.Values[1], func(i int, n uint32) { out.Rows[i].B = n })
	}
	for name, numbers := range b.Counts {
		col, ok := aggregate.ParseColumn(name)
		if !ok || len(numbers) != rows {
			return bad("column %q with %d numbers for %d rows", name, len(numbers), rows)
		}
		for i, n := range numbers {
			if n < 0 && col != aggregate.Revenue {
				return bad("%s is %d", name, n)
			}
			out.Rows[i].Counts[col] = n
		}
	}
	sortRows(out.Rows)
	out.Rows = slices.DeleteFunc(out.Rows, func(r aggregate.Row) bool { return r.Zero() })
	for i := 1; i < len(out.Rows); i++ {
		if out.Rows[i].A == out.Rows[i-1].A && out.Rows[i].B == out.Rows[i-1].B {
			return bad("two rows of the same values")
		}
	}
	return k, out, nil
}

func sortRows(rows []aggregate.Row) {
	slices.SortFunc(rows, func(x, y aggregate.Row) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
}

func spanOf(name string) aggregate.Span {
	for span, n := range spanNames {
		if n == name {
			return span
		}
	}
	return 0
}

// dictionary are the values, sorted, each once; number is told which one each row
// has.
func dictionary(values []string, number func(row int, n uint32)) []string {
	all := slices.Clone(values)
	slices.Sort(all)
	all = slices.Compact(all)
	for i, v := range values {
		n, _ := slices.BinarySearch(all, v)
		number(i, uint32(n))
	}
	return all
}
