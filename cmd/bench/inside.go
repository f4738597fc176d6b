package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"footfall/aggregate"
	"footfall/aggregate/fold"
)

// inside runs one of the looks inside (cmd/footfall/bench.go).
func (b *bench) inside(word string, args ...string) (*process, string, error) {
	program, err := b.program("bench")
	if err != nil {
		return nil, "", err
	}
	return b.start(word, program, append([]string{"bench"}, args...)...)
}

func measureAllocations(b *bench) error {
	dir, err := b.dir()
	if err != nil {
		return err
	}
	_, line, err := b.inside("", "allocations", dir)
	if err != nil {
		return err
	}
	var got struct {
		Allocations, Bytes float64
		Journal            bool
	}
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	f := atMost("allocations per beacon, through door, journal and fold", got.Allocations, mostAllocs, "%.2f")
	f.note = fmt.Sprintf("%.0f bytes", got.Bytes)
	if !got.Journal {
		f.note += ", without a journal: no memory file system here"
	}
	b.report(f)
	f = atMost("allocations per hit in the fold", foldAllocations(), mostFoldAllocs, "%.3f")
	f.cap = "none"
	b.report(f)
	return nil
}

// foldAllocations folds hits of visitors who are new, come back and go on.
func foldAllocations() float64 {
	const warm, n = 100_000, 400_000
	var days fold.Days
	d := fold.NewDay(0, time.UTC, fold.Limits{Values: 5000, Visits: 4_000_000})
	days.Insert(d)
	pages := make([]string, 500)
	for i := range pages {
		pages[i] = "/page/" + strconv.Itoa(i)
	}
	h := aggregate.Hit{Kind: aggregate.Pageview, Scroll: aggregate.NoScroll}
	h.Facts[aggregate.EventName] = aggregate.PageviewName
	var before, after runtime.MemStats
	for i := range warm + n {
		if i == warm {
			runtime.ReadMemStats(&before)
		}
		h.At = int64(i) * 80_000_000 / (warm + n)
		who := uint32(i/2*7) % 200_000
		h.Visitor = aggregate.Visitor{byte(who), byte(who >> 8), byte(who >> 16), byte(who * 31)}
		h.Facts[aggregate.Page] = pages[i*31%len(pages)]
		h.Facts[aggregate.Source] = pages[who%100]
		days.Add(d, &h)
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / n
}

// measureMillion lets the real server, with its own collector and commits, count
// a million visitors on one day.
func measureMillion(b *bench) error {
	visitors, limit := 1_000_000, 300.0
	if b.quick {
		visitors = 100_000
	}
	dir, err := b.dir()
	if err != nil {
		return err
	}
	start := time.Now()
	p, counted, err := b.inside("counted", "million", dir, strconv.Itoa(visitors))
	if err != nil {
		return err
	}
	resident, err := p.memory("VmRSS")
	if err != nil {
		return err
	}
	shared, err := p.memory("RssShmem") // the memory state, where it is mapped
	if err != nil {
		return err
	}
	most, err := p.memory("VmHWM")
	if err != nil {
		return err
	}
	f := atMost(fmt.Sprintf("MiB resident, %d visitors of three pages on one day", visitors), float64(resident-shared)/mebi, limit, "%.0f")
	if b.quick {
		f.unjudged = "quick: not judged"
	}
	f.note = fmt.Sprintf("at most %d MiB meanwhile; %s beacons in %.0f s", most/mebi, counted, time.Since(start).Seconds())
	b.report(f)
	p.in.Close()
	<-p.ended
	return p.err
}
