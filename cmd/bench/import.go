package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"footfall/cmd/bench/stream"
)

const (
	leastLines = 50_000 // per second
	mostDisk   = 6      // MiB
	importDays = 30
)

// measureImport writes the stream as a file of events, a month of it, imports it
// with the command, and looks how large the database is then.
func measureImport(b *bench) error {
	lines := 1_000_000
	if b.quick {
		lines = 100_000
	}
	file := filepath.Join(b.tmp, "events.jsonl")
	if err := writeEvents(file, lines, b.even); err != nil {
		return err
	}
	defer os.Remove(file)
	dir, err := b.newSite()
	if err != nil {
		return err
	}
	if b.profile {
		if err := b.profileImport(file); err != nil {
			return err
		}
	}
	start := time.Now()
	account, cpu, err := b.timedCommand("import", "events", "--site", stream.Site, "--data", dir, "--json", file)
	if err != nil {
		return err
	}
	rate := float64(lines) / time.Since(start).Seconds()
	var got struct{ Lines, Counted int }
	if err := json.Unmarshal([]byte(account), &got); err != nil || got.Counted != lines {
		return fmt.Errorf("of %d lines the import says %s", lines, account)
	}
	f := atLeast("lines imported per second, days closed", rate, leastLines, "%.0f")
	f.note = fmt.Sprintf("%.0f per second of processor time", float64(lines)/cpu.Seconds())
	b.report(f)
	before, err := sizeOf(dir)
	if err != nil {
		return err
	}
	if _, err := b.command("compact", "--data", dir); err != nil {
		return err
	}
	size, err := sizeOf(dir)
	if err != nil {
		return err
	}
	f = atMost(fmt.Sprintf("MiB on disk, %d pageviews in %d days, compacted", lines, importDays), float64(size)/mebi, mostDisk, "%.2f")
	if b.quick {
		f.unjudged = "quick: not judged"
	}
	f.note = fmt.Sprintf("%.1f MiB before", float64(before)/mebi)
	b.report(f)
	if !f.ok() || b.profile {
		return b.explainDisk(dir)
	}
	return nil
}

func sizeOf(dir string) (int64, error) {
	info, err := os.Stat(filepath.Join(dir, "footfall.db"))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// writeEvents spreads the stream evenly over the days before today.
func writeEvents(name string, lines int, even bool) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	beacons := stream.New(3, stream.Options{Even: even})
	first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -importDays)
	step := importDays * 24 * time.Hour / time.Duration(lines)
	var line []byte
	for i := range lines {
		line = beacons.Next().AppendLine(line[:0], first.Add(time.Duration(i)*step))
		if _, err := w.Write(line); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Flush(), f.Close())
}

// profileImport imports the file through a running server, whose time is shown.
func (b *bench) profileImport(file string) error {
	dir, err := b.newSite()
	if err != nil {
		return err
	}
	p, err := b.serve(dir)
	if err != nil {
		return err
	}
	err = p.under(func() error {
		_, err := b.command("import", "events", "--site", stream.Site, "--data", dir, "--json", file)
		return err
	})
	return errors.Join(err, p.stop())
}

// explainDisk shows the kinds of records that take most of the file.
func (b *bench) explainDisk(dir string) error {
	text, err := b.command("audit", "--json", "--data", dir)
	if err != nil {
		return err
	}
	type kind struct {
		Kind               string
		Count, Rows, Bytes int64
	}
	var audit struct{ Kinds []kind }
	if err := json.Unmarshal([]byte(text), &audit); err != nil {
		return err
	}
	slices.SortFunc(audit.Kinds, func(x, y kind) int { return cmp.Compare(y.Bytes, x.Bytes) })
	total := int64(0)
	for _, k := range audit.Kinds {
		total += k.Bytes
	}
	note("%d bytes in records; most of them:", total)
	for _, k := range audit.Kinds[:min(len(audit.Kinds), 15)] {
		note("%s %9d bytes %8d rows %6d records", pad(k.Kind, 40), k.Bytes, k.Rows, k.Count)
	}
	return nil
}
