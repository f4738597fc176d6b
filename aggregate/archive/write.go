package archive

import (
	"bufio"
	"encoding/json"
	"io"

	"footfall/aggregate"
)

// Version is the version of the layout that is written, and the newest that is
// read.
const Version = 1

const formatName = "footfall"

// Head is what stands before the blocks.
type Head struct {
	Format      string                 `json:"format"`
	Version     int                    `json:"version"`
	Site        aggregate.Site         `json:"site"`
	Settings    aggregate.Settings     `json:"settings"`
	Goals       []aggregate.Goal       `json:"goals"`
	Funnels     []aggregate.Funnel     `json:"funnels"`
	Annotations []aggregate.Annotation `json:"annotations"`
	Segments    []aggregate.Segment    `json:"segments"`
	Imports     []Import               `json:"imports"`
}

// Import is one of the sources that counters were made from.
type Import struct {
	ID     aggregate.ImportID `json:"id"`
	Format string             `json:"format"`
	Note   string             `json:"note"`
}

// block is a block as it is written.
type block struct {
	Import aggregate.ImportID `json:"import"`
	Span   string             `json:"span"`
	Day    string             `json:"day"`
	Facts  []string           `json:"facts"`
	Meta   meta               `json:"meta"`
	Values [][]string         `json:"values"`
	Counts map[string][]int64 `json:"counts"`
}

type meta struct {
	Floor  uint32 `json:"floor"`
	Cap    uint32 `json:"cap,omitempty"`
	Closes uint32 `json:"closes,omitempty"`
	Lossy  bool   `json:"lossy,omitempty"`
	Linked bool   `json:"linked,omitempty"`
}

var spanNames = map[aggregate.Span]string{aggregate.OneDay: "day", aggregate.OneMonth: "month"}

// Writer writes a document. After an error it does nothing any more.
type Writer struct {
	w     *bufio.Writer
	count int
	err   error
}

// NewWriter begins a document. Format and Version of the head are set here.
func NewWriter(w io.Writer, h Head) *Writer {
	a := &Writer{w: bufio.NewWriterSize(w, 1<<16)}
	h.Format, h.Version = formatName, Version
	h.Settings.ShieldIPs = nil
	h.Goals, h.Funnels = listOf(h.Goals), listOf(h.Funnels)
	h.Annotations, h.Segments, h.Imports = listOf(h.Annotations), listOf(h.Segments), listOf(h.Imports)
	head := a.json(h)
	if a.err == nil {
		a.write(head[:len(head)-1]) // without the brace that closes it
		a.write([]byte(`,"blocks":[`))
	}
	return a
}

// listOf is a list that is written as one even when it is empty.
func listOf[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

func (a *Writer) json(v any) []byte {
	if a.err != nil {
		return nil
	}
	var b []byte
	b, a.err = json.Marshal(v)
	return b
}

func (a *Writer) write(b []byte) {
	if a.err == nil {
		_, a.err = a.w.Write(b)
	}
}

// Block writes one block. The error is that of the writer beneath.
func (a *Writer) Block(k aggregate.Key, b *aggregate.Block) error {
	out := block{Import: k.Import, Span: spanNames[k.Span], Day: k.Day.String(), Facts: []string{}, Counts: map[string][]int64{},
		Meta: meta{b.Meta.Floor, b.Meta.Cap, b.Meta.Closes, b.Meta.Lossy, b.Meta.Linked}}
	sides := 1
	if k.A != aggregate.None {
		out.Facts = append(out.Facts, k.A.String())
	}
	if k.B != aggregate.None {
		out.Facts = append(out.Facts, k.B.String())
		sides = 2
	}
	out.Values = make([][]string, sides)
	for side := range out.Values {
		out.Values[side] = make([]string, len(b.Rows))
	}
	for i := range b.Rows {
		r := &b.Rows[i]
		out.Values[0][i] = b.A[r.A]
		if sides == 2 {
			out.Values[1][i] = b.B[r.B]
		}
		for c, n := range r.Counts {
			if n == 0 {
				continue
			}
			name := aggregate.Column(c).String()
			if out.Counts[name] == nil {
				out.Counts[name] = make([]int64, len(b.Rows))
			}
			out.Counts[name][i] = n
		}
	}
	encoded := a.json(out)
	if a.count > 0 {
		a.write([]byte(","))
	}
	a.write([]byte("\n"))
	a.write(encoded)
	a.count++
	return a.err
}

// Close ends the document. The error is that of the writer beneath.
func (a *Writer) Close() error {
	count := a.json(a.count)
	a.write([]byte("\n],\"count\":"))
	a.write(count)
	a.write([]byte("}\n"))
	if a.err == nil {
		a.err = a.w.Flush()
	}
	return a.err
}
