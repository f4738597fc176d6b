package ingest

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"footfall/aggregate"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func visitorNumber(i int) (v aggregate.Visitor) {
	// As hashes are: every bit depends on the number.
	x := uint64(i+1) * 0x9e3779b97f4a7c15
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 32
	binary.LittleEndian.PutUint64(v[:8], x)
	return v
}

func TestEngagementsAreNoPace(t *testing.T) {
	p := newPace(3)
	v := visitorNumber(1)
	for range 100 {
		if p.exceeded(v, noon, false) {
			t.Fatal("somebody who only reads is too fast")
		}
	}
	for range 4 {
		p.exceeded(v, noon, true)
	}
	if !p.exceeded(v, noon, false) {
		t.Error("an engagement of somebody too fast is let through")
	}
}

func TestPeopleAreNeverTooFast(t *testing.T) {
	p := newPace(DefaultPace)
	for minute := range 5 {
		for round := range 40 { // pages a minute each, for more visitors than there are places
			for i := range 50_000 {
				if round%10 == i%10 && p.exceeded(visitorNumber(i), noon.Add(time.Duration(minute)*time.Minute), true) {
					t.Fatalf("visitor %d is too fast with %d pages", i, round/10+1)
				}
			}
		}
	}
}

func TestTheFastStayKnownInACrowd(t *testing.T) {
	p := newPace(10)
	fast := visitorNumber(0)
	for range 11 {
		p.exceeded(fast, noon, true)
	}
	for i := 1; i < 200_000; i++ {
		p.exceeded(visitorNumber(i), noon, true)
	}
	if !p.exceeded(fast, noon, true) {
		t.Error("a crowd made a fast visitor forgotten")
	}
}

func TestPaceStaysHotOnlyWithoutAPause(t *testing.T) {
	p := newPace(2)
	v := visitorNumber(7)
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	for _, step := range []struct {
		minute, events int
		want           bool // of the last
	}{{0, 2, false}, {0, 1, true}, {1, 1, true}, {2, 2, false}, {2, 1, true}, {3, 3, true}, {4, 1, true}, {7, 2, false}, {6, 1, true}} {
		got := false
		for range step.events {
			got = p.exceeded(v, minute(step.minute), true)
		}
		if got != step.want {
			t.Errorf("minute %d: too fast = %v after %d events, want %v", step.minute, got, step.events, step.want)
		}
	}
}

func TestManyAtOnceAreCountedExactly(t *testing.T) {
	p := newPace(1000)
	v := visitorNumber(3)
	var refused atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				if p.exceeded(v, noon, true) {
					refused.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if got := refused.Load(); got != 1000 {
		t.Errorf("%d of 2000 were refused, want 1000", got)
	}
}

func TestPaceAllocatesNothing(t *testing.T) {
	p := newPace(DefaultPace)
	i := 0
	if got := testing.AllocsPerRun(1000, func() { i++; p.exceeded(visitorNumber(i), noon, true) }); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func BenchmarkPace(b *testing.B) {
	p := newPace(DefaultPace)
	i := 0
	for b.Loop() {
		i++
		p.exceeded(visitorNumber(i&0xffff), noon, true)
	}
}
