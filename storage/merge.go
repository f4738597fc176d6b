package storage

import (
	"cmp"
	"slices"

	"footfall/aggregate"
)

// merge adds two blocks of the same key. The result shares nothing with them but
// the values.
func merge(old, add *aggregate.Block) *aggregate.Block {
	sum := &aggregate.Block{Meta: mergeMeta(old.Meta, add.Meta)}
	var oldA, oldB, addA, addB []uint32
	sum.A, oldA, addA = mergeValues(old.A, add.A)
	sum.B, oldB, addB = mergeValues(old.B, add.B)
	sum.Rows = make([]aggregate.Row, 0, len(old.Rows)+len(add.Rows))
	for i, j := 0, 0; i < len(old.Rows) || j < len(add.Rows); {
		var x, y aggregate.Row
		order := 0
		if i < len(old.Rows) {
			x = renumber(old.Rows[i], oldA, oldB)
		} else {
			order = 1
		}
		if j < len(add.Rows) {
			y = renumber(add.Rows[j], addA, addB)
		} else {
			order = -1
		}
		if order == 0 {
			order = compareRows(x, y)
		}
		if order <= 0 {
			i++
		}
		if order >= 0 {
			j++
		}
		switch {
		case order > 0:
			x = y
		case order == 0:
			x.Add(&y.Counts)
		}
		if !x.Zero() {
			sum.Rows = append(sum.Rows, x)
		}
	}
	return sum
}

func compareRows(x, y aggregate.Row) int {
	return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
}

func renumber(r aggregate.Row, a, b []uint32) aggregate.Row {
	r.A = a[r.A]
	if len(b) > 0 {
		r.B = b[r.B]
	}
	return r
}

// mergeMeta says of a sum what holds for both parts: the lower floor, any cut,
// any loss, all closes; whether links exist is for the newer part to say.
func mergeMeta(old, add aggregate.Meta) aggregate.Meta {
	return aggregate.Meta{
		Floor:  min(old.Floor, add.Floor),
		Cap:    max(old.Cap, add.Cap),
		Closes: old.Closes + add.Closes,
		Lossy:  old.Lossy || add.Lossy,
		Linked: add.Linked,
	}
}

// mergeValues merges sorted values and tells the new index of each old one.
func mergeValues(x, y []string) (all []string, fromX, fromY []uint32) {
	all = make([]string, 0, len(x)+len(y))
	fromX, fromY = make([]uint32, len(x)), make([]uint32, len(y))
	for i, j := 0, 0; i < len(x) || j < len(y); {
		takeX := i < len(x) && (j == len(y) || x[i] <= y[j])
		takeY := j < len(y) && (i == len(x) || y[j] <= x[i])
		if takeX {
			fromX[i] = uint32(len(all))
		}
		if takeY {
			fromY[j] = uint32(len(all))
		}
		if takeX {
			all = append(all, x[i])
			i++
		} else {
			all = append(all, y[j])
		}
		if takeY {
			j++
		}
	}
	return all, fromX, fromY
}

// capRows cuts b to limit rows, of which the last is that of what was cut: see
// Commit.
func capRows(b *aggregate.Block, limit int) *aggregate.Block {
	if len(b.Rows) <= limit {
		return b
	}
	byWeight := make([]int, len(b.Rows))
	for i := range byWeight {
		byWeight[i] = i
	}
	// What was cut before stays cut.
	isOther := func(r *aggregate.Row) bool {
		return b.A[r.A] == aggregate.Other && (len(b.B) == 0 || b.B[r.B] == aggregate.Other)
	}
	slices.SortFunc(byWeight, func(i, j int) int {
		x, y := &b.Rows[i], &b.Rows[j]
		if xo, yo := isOther(x), isOther(y); xo != yo {
			return map[bool]int{true: 1, false: -1}[xo]
		}
		return cmp.Or(cmp.Compare(y.Counts[aggregate.Visitors], x.Counts[aggregate.Visitors]),
			cmp.Compare(y.Counts[aggregate.Events], x.Counts[aggregate.Events]),
			cmp.Compare(y.Counts[aggregate.Pageviews], x.Counts[aggregate.Pageviews]),
			cmp.Compare(i, j))
	})
	var rest aggregate.Counts
	for _, i := range byWeight[limit-1:] {
		rest.Add(&b.Rows[i].Counts)
	}
	kept := byWeight[:limit-1]
	slices.Sort(kept)
	return withRest(b, kept, &rest, limit)
}

// withRest is b with the kept rows and one more for the rest.
func withRest(b *aggregate.Block, kept []int, rest *aggregate.Counts, limit int) *aggregate.Block {
	cut := &aggregate.Block{Meta: b.Meta, Rows: make([]aggregate.Row, 0, len(kept)+1)}
	cut.Meta.Cap = max(cut.Meta.Cap, uint32(limit))
	usedA, usedB := make([]bool, len(b.A)), make([]bool, len(b.B))
	for _, i := range kept {
		usedA[b.Rows[i].A] = true
		if len(b.B) > 0 {
			usedB[b.Rows[i].B] = true
		}
	}
	var toA, toB []uint32
	cut.A, toA = usedValues(b.A, usedA)
	if len(b.B) > 0 {
		cut.B, toB = usedValues(b.B, usedB)
	}
	for _, i := range kept {
		cut.Rows = append(cut.Rows, renumber(b.Rows[i], toA, toB))
	}
	other := aggregate.Row{Counts: *rest}
	other.A = indexOf(cut.A, aggregate.Other)
	if len(b.B) > 0 {
		other.B = indexOf(cut.B, aggregate.Other)
	}
	at, _ := slices.BinarySearchFunc(cut.Rows, other, compareRows)
	cut.Rows = slices.Insert(cut.Rows, at, other)
	return cut
}

func indexOf(values []string, v string) uint32 {
	i, _ := slices.BinarySearch(values, v)
	return uint32(i)
}

// usedValues are the values that are used, and Other. to is the new index of
// each used one.
func usedValues(values []string, used []bool) (kept []string, to []uint32) {
	kept, to = make([]string, 0, len(values)+1), make([]uint32, len(values))
	for i, v := range values {
		if used[i] && v != aggregate.Other {
			kept = append(kept, v)
		}
	}
	at, _ := slices.BinarySearch(kept, aggregate.Other)
	kept = slices.Insert(kept, at, aggregate.Other)
	for i, v := range values {
		if used[i] {
			to[i] = indexOf(kept, v)
		}
	}
	return kept, to
}
