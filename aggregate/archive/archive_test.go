package archive

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"footfall/aggregate"
)

func row(a, b uint32, visitors, visits int64) aggregate.Row {
	r := aggregate.Row{A: a, B: b}
	r.Counts[aggregate.Visitors], r.Counts[aggregate.Visits] = visitors, visits
	return r
}

var (
	totals = &aggregate.Block{Meta: aggregate.Meta{Floor: 1, Closes: 1, Linked: true}, A: []string{"", "23"}, Rows: []aggregate.Row{row(0, 0, 5, 6), row(1, 0, 5, 6)}}
	links  = &aggregate.Block{Meta: aggregate.Meta{Floor: 3, Cap: 9, Lossy: true}, A: []string{"", aggregate.Other, "Google"}, B: []string{"a\x1fb", "ü\""},
		Rows: []aggregate.Row{row(0, 1, 3, 3), row(1, 0, 7, 7), row(2, 0, 4, 4), row(2, 1, 3, 9)}}
	totalsKey = aggregate.Key{Import: 2, Span: aggregate.OneDay, Day: 20_000}
	linksKey  = aggregate.Key{Span: aggregate.OneMonth, Day: aggregate.Date(2026, 3, 1), A: aggregate.Source, B: aggregate.Property}
	head      = Head{Site: "example.com", Settings: aggregate.DefaultSettings(), Imports: []Import{{0, "live", "counted live"}, {2, "events", "a.jsonl"}}}
)

func document(t testing.TB, h Head) string {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, h)
	for _, err := range []error{w.Block(totalsKey, totals), w.Block(linksKey, links), w.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	h := head
	h.Settings.ShieldIPs = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	text := document(t, h)
	if strings.Contains(text, "203.0.113") {
		t.Error("the document holds a shielded network")
	}
	r, err := NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := head
	want.Format, want.Version, want.Goals, want.Funnels = "footfall", 1, []aggregate.Goal{}, []aggregate.Funnel{}
	want.Annotations, want.Segments = []aggregate.Annotation{}, []aggregate.Segment{}
	if !reflect.DeepEqual(r.Head, want) {
		t.Errorf("got head %+v, want %+v", r.Head, want)
	}
	for i, w := range []struct {
		key   aggregate.Key
		block *aggregate.Block
	}{{totalsKey, totals}, {linksKey, links}} {
		k, b, err := r.Next()
		if err != nil || k != w.key || !reflect.DeepEqual(b, w.block) {
			t.Errorf("block %d: got %v %+v, %v, want %v %+v", i, k, b, err, w.key, w.block)
		}
	}
	if _, _, err := r.Next(); err != io.EOF {
		t.Errorf("got %v at the end", err)
	}
}

// TestTheLayoutIsPinned holds the bytes: what was exported once can be read for ever.
func TestTheLayoutIsPinned(t *testing.T) {
	_, got, _ := strings.Cut(document(t, head), `"blocks":`)
	want := `[
{"import":2,"span":"day","day":"2024-10-04","facts":[],"meta":{"floor":1,"closes":1,"linked":true},"values":[["","23"]],"counts":{"visitors":[5,5],"visits":[6,6]}},
{"import":0,"span":"month","day":"2026-03-01","facts":["source","property"],"meta":{"floor":3,"cap":9,"lossy":true},"values":[["","\u0001","Google","Google"],["ü\"","a\u001fb","a\u001fb","ü\""]],"counts":{"visitors":[3,7,4,3],"visits":[3,7,4,9]}}
],"count":2}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	whole := document(t, head)
	at := strings.Index(whole, "\n],")
	for name, row := range map[string]struct {
		text string
		want error
	}{
		"nothing": {"", ErrEnd}, "a list": {"[]", ErrFormat}, "another format": {`{"format":"x","blocks":[],"count":0}`, ErrFormat},
		"a newer version": {`{"format":"footfall","version":9,"blocks":[],"count":0}`, ErrFormat}, "words": {"hello", ErrFormat},
		"no end": {whole[:at], ErrEnd}, "a block too few": {strings.Replace(whole, `"count":2`, `"count":3`, 1), ErrEnd}, "half a block": {whole[:at-20], ErrEnd},
	} {
		r, err := NewReader(strings.NewReader(row.text))
		for err == nil {
			_, _, err = r.Next()
		}
		if !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", name, err, row.want)
		}
	}
}

func TestABlockThatIsNoneCostsItselfOnly(t *testing.T) {
	good := `{"import":0,"span":"day","day":"2026-01-01","facts":["source"],"meta":{"floor":1},"values":[["a"]],"counts":{"visits":[1]}}`
	for from, to := range map[string]string{`"day","day"`: `"year","day"`, "2026-01-01": "today", `["source"]`: `["source","page","browser"]`, `"source"`: `"shoe size"`,
		`[["a"]]`: `[["a"],["b"]]`, `["a"]]`: `["a","a"]]`, `"visits"`: `"legs"`, `[1]`: `[-1]`, `"import":0`: `"import":"x"`} {
		text := `{"format":"footfall","version":1,"blocks":[` + strings.Replace(good, from, to, 1) + "," + good + `],"count":2}`
		r, err := NewReader(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Next(); !errors.Is(err, ErrBlock) {
			t.Errorf("%s: got %v, want ErrBlock", to, err)
		}
		if _, b, err := r.Next(); err != nil || len(b.Rows) != 1 {
			t.Errorf("after %s: got %v, %v", to, b, err)
		}
	}
}

func TestAHigherFloorTakesDatesAway(t *testing.T) {
	k := linksKey
	k.Span, k.Day = aggregate.OneDay, 20_001
	b := &aggregate.Block{Meta: aggregate.Meta{Floor: 1}, A: []string{"a", "b"}, B: []string{"c"}, Rows: []aggregate.Row{row(0, 0, 2, 2), row(1, 0, 3, 4)}}
	b.Rows[0].Counts[aggregate.CarriedVisitors] = 1
	dated, undated := Raise(k, b, 3)
	if len(dated.Rows) != 1 || dated.Rows[0].A != 1 || dated.Meta.Floor != 3 || len(undated.Rows) != 1 || undated.Rows[0].Counts[aggregate.Visitors] != 1 {
		t.Errorf("got %+v and %+v", dated, undated)
	}
	if dated, undated := Raise(k, b, 1); dated != b || undated != nil {
		t.Errorf("got %+v and %+v, want the block as it is", dated, undated)
	}
}

func TestValuesCanBeRenamed(t *testing.T) {
	b := Rename(links, false, func(v string) (string, bool) {
		return map[string]string{"": "x", aggregate.Other: "x"}[v], v != "Google"
	})
	want := &aggregate.Block{Meta: links.Meta, A: []string{"x"}, B: links.B, Rows: []aggregate.Row{row(0, 0, 7, 7), row(0, 1, 3, 3)}}
	if !reflect.DeepEqual(b, want) {
		t.Errorf("got %+v, want %+v", b, want)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(document(f, head)))
	f.Add([]byte(`{"format":"footfall","version":1,"blocks":[{"values":[[]]},{}],"count":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := NewReader(bytes.NewReader(text))
		if err != nil {
			return
		}
		var out bytes.Buffer
		w := NewWriter(&out, r.Head)
		for range len(text) {
			k, b, err := r.Next()
			if errors.Is(err, ErrBlock) {
				continue
			}
			if err != nil {
				return
			}
			if err := w.Block(k, b); err != nil {
				t.Fatal(err)
			}
		}
		t.Error("there are more blocks than bytes")
	})
}
