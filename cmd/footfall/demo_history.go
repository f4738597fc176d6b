package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"footfall/aggregate"
	"footfall/ingest/importer"
)

// demoSeed makes the same history every time, relative to the day it ends on.
const demoSeed = 2026

// demoHistory is the site's past, until the day before today.
type demoHistory struct {
	world *demoWorld
	today aggregate.Day
	level float64 // visits a day at the end
}

// A site that grows: this many visits a day at the end, and e times fewer so many
// days before.
const (
	demoLevel  = 900
	demoGrowth = 330.0
)

// demoWeek is how the days of the week compare, from Sunday.
var demoWeek = [7]float64{1.18, 0.98, 0.90, 0.88, 0.92, 0.94, 1.20}

// visits is the number of visits of a day without campaigns.
func (h *demoHistory) visits(r *rand.Rand, day aggregate.Day) int {
	trend := h.level * math.Exp(-float64(h.today-day)/demoGrowth)
	return int(trend * demoWeek[day.Weekday()] * (1 + 0.07*r.NormFloat64()))
}

// ways are the origins that are open on a day.
func (h *demoHistory) ways(day aggregate.Day) (open []demoOrigin) {
	for _, o := range demoOrigins {
		month := 0
		for month < 24 && h.today.AddMonths(-month) > day {
			month++
		}
		if o.always() || slices.Contains(o.months, month) {
			open = append(open, o)
		}
	}
	// A letter goes out every other Thursday, and is read on Friday too; once an
	// article was news for two days.
	age := int(h.today - day)
	if weeks := int(day-4) / 7; weeks%2 == 0 {
		letter := demoLetter
		letter.weight = map[time.Weekday]int{time.Thursday: 260, time.Friday: 90, time.Saturday: 25}[day.Weekday()]
		open = append(open, letter)
	}
	news := demoNews
	news.weight = map[int]int{17: 1500, 16: 500, 15: 60, 160: 2500, 159: 700}[age]
	return append(open, news)
}

// day makes the steps of all visits that start on a day.
func (h *demoHistory) day(day aggregate.Day) (steps []demoStep) {
	r := rand.New(rand.NewPCG(demoSeed, uint64(h.today-day)))
	ways := h.ways(day)
	usual, all := 0, 0
	for _, w := range ways {
		all += w.weight
		if w.always() {
			usual += w.weight
		}
	}
	n := h.visits(r, day) * all / usual // campaigns come on top
	start := day.Start(time.UTC)
	var before []*demoPerson
	for range n {
		from := pickOf(r, ways, func(o *demoOrigin) int { return o.weight })
		hour := *pickOf(r, demoHourNumbers, func(h *int) int { return demoHours[*h] })
		at := start.Add(time.Duration(hour)*time.Hour + time.Duration(r.Int64N(int64(time.Hour))))
		who := h.world.person(r, from, at)
		if len(before) > 0 && r.IntN(8) == 0 { // somebody comes back
			who = before[r.IntN(len(before))]
		}
		before = append(before, who)
		steps = append(steps, h.world.visit(r, who, from, at)...)
	}
	return steps
}

var demoHourNumbers = func() (hours []int) {
	for h := range demoHours {
		hours = append(hours, h)
	}
	return hours
}()

// write writes the days from first to last as lines of events, in order. What
// crosses the last midnight is left out.
func (h *demoHistory) write(w io.Writer, first, last aggregate.Day) error {
	out := bufio.NewWriterSize(w, 1<<16)
	var over []demoStep // of the day before
	for day := first; day <= last; day++ {
		steps := append(over, h.day(day)...)
		slices.SortStableFunc(steps, func(a, b demoStep) int { return a.at.Compare(b.at) })
		end, _ := slices.BinarySearchFunc(steps, day.End(time.UTC), func(s demoStep, t time.Time) int { return cmp.Or(s.at.Compare(t), 1) })
		for i := range steps[:end] {
			s := &steps[i]
			s.Time, s.IP, s.UserAgent, s.Language = s.at.Format(time.RFC3339Nano), s.who.addr.String(), s.who.agent, s.who.language
			line, err := json.Marshal(&s.demoBeacon)
			if err != nil {
				return err
			}
			if _, err := out.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		over = steps[end:]
	}
	return out.Flush()
}

// load imports the days from first to last by the way of every import, and
// returns how many events were counted.
func (h *demoHistory) load(ctx context.Context, c *control, first, last aggregate.Day) (counted int, err error) {
	if first > last {
		return 0, nil
	}
	events, lines := io.Pipe()
	frames, stream := io.Pipe()
	done := make(chan struct{}, 2)
	go func() {
		lines.CloseWithError(h.write(lines, first, last))
		done <- struct{}{}
	}()
	go func() {
		fs := &fileStream{files: []namedFile{{name: "demo", size: -1, open: func() (io.ReadCloser, error) { return events, nil }}}}
		q := importQuestion{Site: string(h.world.site), Format: string(importer.Events), Note: "the demo's made-up history", Yes: true}
		stream.CloseWithError(fs.send(stream, q))
		done <- struct{}{}
	}()
	reply, err := c.importFiles(ctx, bufio.NewReaderSize(frames, 1<<16))
	// Both writers end with their readers.
	err = errors.Join(err, frames.Close(), events.Close())
	<-done
	<-done
	return reply.Account.Counted, err
}
