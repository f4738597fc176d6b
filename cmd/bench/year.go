package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"footfall/aggregate"
	"footfall/cmd/bench/stream"
	"footfall/storage"
)

// yearDir makes a data directory with 13 months of blocks: on each day 2,000
// pages of 3,000 that there are, 300 sources, and their totals by hour. The
// blocks are written as the fold writes them, without folding anything.
func (b *bench) yearDir() (dir, token string, err error) {
	if dir := b.data["year"]; dir != "" {
		return dir, b.data["token"], nil
	}
	if dir, err = b.newSite(); err != nil {
		return "", "", err
	}
	if token, err = b.command("token", "add", "bench", "--data", dir); err != nil {
		return "", "", err
	}
	db, err := storage.Open(dir, storage.Options{})
	if err != nil {
		return "", "", err
	}
	defer db.Close()
	y := newYear()
	today := aggregate.DayOf(time.Now(), time.UTC)
	for day := today.AddMonths(-13); day < today; {
		var puts []aggregate.Put
		for month := day.Month(); day < today && day.Month() == month; day++ {
			puts = append(puts, y.day(stream.Site, day)...)
		}
		if err := db.Commit(aggregate.Commit{Number: db.LastCommit() + 1, Puts: puts}); err != nil {
			return "", "", err
		}
	}
	if err := db.Compact(); err != nil {
		return "", "", err
	}
	b.data["year"], b.data["token"] = dir, token
	return dir, token, nil
}

// year makes the blocks of days.
type year struct {
	random         *rand.Rand
	pages, sources []string
}

func newYear() *year {
	y := &year{random: rand.New(rand.NewPCG(5, 5))}
	for i := range 3000 {
		y.pages = append(y.pages, "/blog/how-to-do-thing-number-"+strconv.Itoa(i))
	}
	for i := range 300 {
		y.sources = append(y.sources, "place-"+strconv.Itoa(i)+".example")
	}
	slices.Sort(y.pages)
	slices.Sort(y.sources)
	return y
}

// day makes a day's blocks.
func (y *year) day(site aggregate.Site, day aggregate.Day) []aggregate.Put {
	meta := aggregate.Meta{Floor: 1, Closes: 1, Linked: true}
	key := aggregate.Key{Site: site, Span: aggregate.OneDay, Day: day}
	pages, sum := y.block(y.pages, 2000)
	sources, _ := y.block(y.sources, 300)
	totals := &aggregate.Block{Meta: meta, A: []string{aggregate.TotalDay}, Rows: []aggregate.Row{{Counts: sum}}}
	for hour := range 24 {
		totals.A = append(totals.A, aggregate.HourValue(hour))
		totals.Rows = append(totals.Rows, aggregate.Row{A: uint32(hour + 1), Counts: y.counts(1000)})
	}
	puts := []aggregate.Put{{Key: key, Block: totals}}
	for dimension, block := range map[aggregate.Dimension]*aggregate.Block{aggregate.Page: pages, aggregate.Source: sources} {
		key.A = dimension
		puts = append(puts, aggregate.Put{Key: key, Block: block})
	}
	return puts
}

// block has n of the values, each with counts, and the sum of these.
func (y *year) block(values []string, n int) (*aggregate.Block, aggregate.Counts) {
	var sum aggregate.Counts
	b := &aggregate.Block{Meta: aggregate.Meta{Floor: 1}}
	// Those chosen stay in order: each is taken with the chance that is left.
	for i, v := range values {
		if y.random.IntN(len(values)-i) >= n-len(b.A) {
			continue
		}
		c := y.counts(3000 / (1 + y.random.IntN(n)))
		sum.Add(&c)
		b.Rows = append(b.Rows, aggregate.Row{A: uint32(len(b.A)), Counts: c})
		b.A = append(b.A, v)
	}
	return b, sum
}

// counts are those of about so many visits.
func (y *year) counts(visits int) (c aggregate.Counts) {
	n := int64(1 + y.random.IntN(visits+1))
	c[aggregate.Visitors], c[aggregate.Visits], c[aggregate.Pageviews], c[aggregate.Events] = n, n, n+n/2, n+n/2
	c[aggregate.Starts] = (n + 1) / 2
	c[aggregate.Bounces], c[aggregate.StartViews] = c[aggregate.Starts]/2, c[aggregate.Starts]*2
	c[aggregate.Duration] = c[aggregate.Starts] * int64(60_000+y.random.IntN(60_000))
	c[aggregate.EngagedVisits], c[aggregate.ScrollVisits] = n, n
	c[aggregate.Engaged] = n * int64(20_000+y.random.IntN(20_000))
	c[aggregate.Scroll] = n * int64(40+y.random.IntN(40))
	return c
}

// bigDir makes a data directory whose file is of about a size: of values that no
// compression helps, so that little has to be written for it.
func (b *bench) bigDir(size int64) (string, error) {
	dir, err := b.newSite()
	if err != nil {
		return "", err
	}
	db, err := storage.Open(dir, storage.Options{})
	if err != nil {
		return "", err
	}
	defer db.Close()
	random := rand.New(rand.NewPCG(6, 6))
	today := aggregate.DayOf(time.Now(), time.UTC)
	for day := today - 1; ; day -= 30 {
		var puts []aggregate.Put
		for i := range 30 {
			puts = append(puts, noise(random, day-aggregate.Day(i))...)
		}
		if err := db.Commit(aggregate.Commit{Number: db.LastCommit() + 1, Puts: puts}); err != nil {
			return "", err
		}
		if info, err := os.Stat(filepath.Join(dir, storage.FileName)); err != nil || info.Size() >= size {
			return dir, err
		}
	}
}

// noise is a day's totals and blocks of several dimensions with random values.
func noise(random *rand.Rand, day aggregate.Day) []aggregate.Put {
	key := aggregate.Key{Site: stream.Site, Span: aggregate.OneDay, Day: day}
	var c aggregate.Counts
	c[aggregate.Visitors], c[aggregate.Visits], c[aggregate.Pageviews], c[aggregate.Events] = 1, 1, 1, 1
	puts := []aggregate.Put{{Key: key, Block: &aggregate.Block{Meta: aggregate.Meta{Floor: 1, Closes: 1}, A: []string{aggregate.TotalDay}, Rows: []aggregate.Row{{Counts: c}}}}}
	for _, d := range []aggregate.Dimension{aggregate.Page, aggregate.EntryPage, aggregate.ExitPage, aggregate.UTMTerm} {
		values := make([]string, 1000)
		for i := range values {
			text := fmt.Appendf(nil, "/%03d/", i)
			for len(text) < 400 {
				text = append(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[random.IntN(64)])
			}
			values[i] = string(text)
		}
		slices.SortFunc(values, cmp.Compare[string])
		block := &aggregate.Block{Meta: aggregate.Meta{Floor: 1}, A: values}
		for i := range values {
			block.Rows = append(block.Rows, aggregate.Row{A: uint32(i), Counts: c})
		}
		key.A = d
		puts = append(puts, aggregate.Put{Key: key, Block: block})
	}
	return puts
}
