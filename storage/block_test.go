package storage

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"encoding/binary"

	"footfall/aggregate"
)

// anyBlock draws blocks of all shapes: one dimension or two, sparse and dense,
// with numbers from 0 to the limits of their type.
func anyBlock() *rapid.Generator[*aggregate.Block] {
	return rapid.Custom(func(t *rapid.T) *aggregate.Block {
		b := &aggregate.Block{Meta: aggregate.Meta{
			Floor:  rapid.Uint32().Draw(t, "floor"),
			Cap:    rapid.Uint32Max(6000).Draw(t, "cap"),
			Closes: rapid.Uint32Max(3).Draw(t, "closes"),
			Lossy:  rapid.Bool().Draw(t, "lossy"),
			Linked: rapid.Bool().Draw(t, "linked"),
		}}
		b.A = someValues(t, "A")
		if rapid.Bool().Draw(t, "pair") {
			b.B = someValues(t, "B")
		}
		seed := rapid.Uint64().Draw(t, "seed")
		fillRows(b, rand.New(rand.NewPCG(seed, 1)))
		return b
	})
}

func someValues(t *rapid.T, label string) []string {
	values := rapid.SliceOfN(rapid.OneOf(rapid.String(),
		rapid.StringMatching(`/(blog|docs|shop)/[a-z]{1,8}/[0-9]{1,3}`)), 1, 60).Draw(t, label)
	slices.Sort(values)
	return slices.Compact(values)
}

// fillRows gives b random rows over its values.
func fillRows(b *aggregate.Block, r *rand.Rand) {
	density, scale := r.Float64(), []int64{1, 2, 300, 1 << 40, math.MaxInt64}[r.IntN(5)]
	columns := r.Uint32()
	for x := range b.A {
		for y := range max(1, len(b.B)) {
			if r.Float64() > density {
				continue
			}
			row := aggregate.Row{A: uint32(x), B: uint32(y)}
			for c := range row.Counts {
				if columns>>c&1 == 1 {
					row.Counts[c] = r.Int64N(scale)
				}
			}
			if c := r.IntN(2 * aggregate.Columns); c < aggregate.Columns {
				row.Counts[c] = -r.Int64N(100)
			}
			if !row.Zero() {
				b.Rows = append(b.Rows, row)
			}
		}
	}
}

func TestBlocksComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyBlock().Draw(t, "block")
		stored := AppendBlock([]byte("before"), want)
		if !strings.HasPrefix(string(stored), "before") {
			t.Fatalf("AppendBlock overwrote what stood before: %q", stored[:6])
		}
		got, err := DecodeBlock(stored[6:])
		if err != nil {
			t.Fatalf("decode: %v", err)
		}
		if !sameBlock(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	})
}

func sameBlock(a, b *aggregate.Block) bool {
	return a.Meta == b.Meta && slices.Equal(a.A, b.A) && slices.Equal(a.B, b.B) && slices.Equal(a.Rows, b.Rows)
}

func TestChosenColumnsAreDecodedAndOthersAreZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyBlock().Draw(t, "block")
		var columns []aggregate.Column
		for c := range aggregate.Column(aggregate.Columns) {
			if rapid.Bool().Draw(t, "column") {
				columns = append(columns, c)
			}
		}
		got, err := DecodeColumns(AppendBlock(nil, want), append([]aggregate.Column{}, columns...))
		if err != nil {
			t.Fatalf("decode: %v", err)
		}
		for i := range want.Rows {
			for c := range want.Rows[i].Counts {
				if !slices.Contains(columns, aggregate.Column(c)) {
					want.Rows[i].Counts[c] = 0
				}
			}
		}
		if !sameBlock(got, want) {
			t.Fatalf("columns %v:\ngot  %+v\nwant %+v", columns, got, want)
		}
	})
}

func TestBigAndRegularBlocksComeBack(t *testing.T) {
	grid := &aggregate.Block{}
	for i := range 1200 {
		grid.A = append(grid.A, fmt.Sprintf("%05d", i))
	}
	grid.B = grid.A[:400]
	for a := range grid.A {
		for b := range grid.B {
			grid.Rows = append(grid.Rows, aggregate.Row{A: uint32(a), B: uint32(b), Counts: aggregate.Counts{1, 1, 1}})
		}
	}
	long := &aggregate.Block{A: []string{"", strings.Repeat("a", maxValue)}, Rows: []aggregate.Row{{A: 1, Counts: aggregate.Counts{1}}}}
	many := &aggregate.Block{}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 300_000 {
		many.A = append(many.A, fmt.Sprintf("/%07d", i))
		many.Rows = append(many.Rows, aggregate.Row{A: uint32(i), Counts: aggregate.Counts{aggregate.Duration: 1 + r.Int64N(1<<30)}})
	}
	for name, want := range map[string]*aggregate.Block{"empty": {}, "grid": grid, "long value": long, "many": many} {
		stored := AppendBlock(nil, want)
		got, err := DecodeBlock(stored)
		if err != nil || !sameBlock(got, want) {
			t.Errorf("%s (%d rows in %d bytes) did not come back: %v", name, len(want.Rows), len(stored), err)
		}
	}
}

// goldenBlocks pin the format: a file written today must be read for ever.
var goldenBlocks = []struct {
	name  string
	block *aggregate.Block
	hex   string
}{
	{"no rows", &aggregate.Block{Meta: aggregate.Meta{Floor: 3}}, "0100030000000000000000104d0f24"},
	{"totals", &aggregate.Block{
		Meta: aggregate.Meta{Floor: 1, Closes: 1, Linked: true, Lossy: true},
		A:    []string{aggregate.TotalDay, "00", "23"},
		Rows: []aggregate.Row{
			{A: 0, Counts: aggregate.Counts{2, 3, 300, 301, 3, 1, 75000, 300}},
			{A: 1, Counts: aggregate.Counts{1, 1, 100, 101, 1, 1, 0, 100}},
			{A: 2, Counts: aggregate.Counts{1, 2, 200, 200, 2, 0, 75000, 200}},
		}}, "0103010001030003000a000000020002303032330401ff01000302010110030200020005ac0264c80110030202001400000301010020f8c904030100011400b1b11530"},
	{"links", &aggregate.Block{
		Meta: aggregate.Meta{Floor: 3, Cap: 5000},
		A:    []string{"", "Google", "Google News"},
		B:    []string{"DE", "FR", "US"},
		Rows: []aggregate.Row{
			{A: 0, B: 0, Counts: aggregate.Counts{3, 3, 4, 4}},
			{A: 0, B: 2, Counts: aggregate.Counts{5, 7, 8, 8}},
			{A: 2, B: 1, Counts: aggregate.Counts{9, 9, 9, 9}},
		}}, "0100038827000303030011000000060605476f6f676c65204e657773000c000200020002444546525553000302000100030001010f0003030509100300040010030202001400d77d32ee"},
}

func TestStoredBytesArePinned(t *testing.T) {
	for _, g := range goldenBlocks {
		if got := hex.EncodeToString(AppendBlock(nil, g.block)); got != g.hex {
			t.Errorf("%s:\ngot  %s\nwant %s", g.name, got, g.hex)
		}
		stored, err := hex.DecodeString(g.hex)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeBlock(stored)
		if err != nil || !sameBlock(got, g.block) {
			t.Errorf("%s: decoded %+v, %v; want %+v", g.name, got, err, g.block)
		}
	}
}

// resum gives tampered bytes a valid checksum.
func resum(b []byte) []byte {
	if len(b) < 4 {
		return b
	}
	body := slices.Clone(b[:len(b)-4])
	return binary.LittleEndian.AppendUint32(body, crc32.Checksum(body, castagnoli))
}

func TestDamagedBlocksAreRefusedByField(t *testing.T) {
	whole := AppendBlock(nil, goldenBlocks[2].block)
	for i := range whole {
		for bit := range 8 {
			b := slices.Clone(whole)
			b[i] ^= 1 << bit
			if _, err := DecodeBlock(b); !errors.Is(err, ErrBlock) {
				t.Fatalf("bit %d of byte %d flipped: got %v, want ErrBlock", bit, i, err)
			}
		}
	}
	for n := range whole {
		if _, err := DecodeBlock(whole[:n]); !errors.Is(err, ErrBlock) {
			t.Fatalf("cut to %d bytes: got %v, want ErrBlock", n, err)
		}
		if n < 13 || n > len(whole)-5 {
			continue
		}
		_, err := DecodeBlock(resum(append(slices.Clone(whole[:n]), 0, 0, 0, 0)))
		if !errors.Is(err, ErrBlock) {
			t.Fatalf("cut to %d bytes with a fitting checksum: got %v, want ErrBlock", n, err)
		}
	}
	tampered := func(at int, to byte) []byte { b := slices.Clone(whole); b[at] = to; return resum(b) }
	for _, row := range []struct {
		src  []byte
		want string
	}{
		{[]byte{1, 2, 3}, "3 bytes are too few"},
		{tampered(0, 9), "version 9, want 1"},
		{tampered(1, 0x40), "flags"},
		{tampered(6, 2), "values of A"}, // one value less than the text holds
		{tampered(6, 4), "values of A"},
		{tampered(8, 4), "rows of each value of A: they add up to 3, want 4"},
	} {
		if _, err := DecodeBlock(row.src); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%x: got %v, want %q in it", row.src, err, row.want)
		}
	}
}

func FuzzBlockDecode(f *testing.F) {
	for _, g := range goldenBlocks {
		f.Add(AppendBlock(nil, g.block))
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 6 {
		b := &aggregate.Block{A: []string{"", "a", "ab", "b", "c/d", "c/e"}, B: []string{"x", "y"}}
		fillRows(b, r)
		f.Add(AppendBlock(nil, b))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, src := range [][]byte{src, resum(src)} {
			b, err := DecodeBlock(src)
			if err != nil {
				if !errors.Is(err, ErrBlock) {
					t.Fatalf("error is no ErrBlock: %v", err)
				}
				continue
			}
			again, err := DecodeBlock(AppendBlock(nil, b))
			if err != nil || !reflect.DeepEqual(again, b) {
				t.Fatalf("decoded %+v; encoded and decoded again %+v, %v", b, again, err)
			}
		}
	})
}

// pagesBlock is what a site with n pages shows on one day.
func pagesBlock(n int, r *rand.Rand) *aggregate.Block {
	b := &aggregate.Block{Meta: aggregate.Meta{Floor: 1}}
	for i := range n {
		b.A = append(b.A, fmt.Sprintf("/%s/%04d-%x", []string{"blog", "docs", "shop"}[i%3], i/3, uint32(i)*2654435761))
	}
	slices.Sort(b.A)
	for i := range b.A {
		visits := 1 + int64(r.ExpFloat64()*r.ExpFloat64()*40)
		visitors := visits - r.Int64N(visits/8+1)
		views := visits + r.Int64N(visits/3+1)
		starts := r.Int64N(visits + 1)
		b.Rows = append(b.Rows, aggregate.Row{A: uint32(i), Counts: aggregate.Counts{
			visitors, visits, views, views + r.Int64N(2), starts, starts / 2, starts * r.Int64N(90000),
			starts * 2, visits * r.Int64N(40000), visits, visits * r.Int64N(100), visits}})
	}
	return b
}

func BenchmarkDecodeColumns(b *testing.B) {
	stored := AppendBlock(nil, pagesBlock(2000, rand.New(rand.NewPCG(1, 1))))
	columns := []aggregate.Column{aggregate.Visitors, aggregate.Visits, aggregate.Pageviews,
		aggregate.Starts, aggregate.Bounces, aggregate.CarriedVisitors}
	b.ReportMetric(float64(len(stored)), "bytes")
	for _, bench := range []struct {
		name    string
		columns []aggregate.Column
	}{{"six", columns}, {"all", nil}} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			d, block := new(decoder), aggregate.Block{}
			for b.Loop() {
				if err := d.decode(stored, columnSet(bench.columns), &block); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/row")
		})
	}
}

func BenchmarkAppendBlock(b *testing.B) {
	block := pagesBlock(2000, rand.New(rand.NewPCG(1, 1)))
	var stored []byte
	for b.Loop() {
		stored = AppendBlock(stored[:0], block)
	}
	b.ReportMetric(float64(len(stored))/2000, "bytes/row")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/row")
}
