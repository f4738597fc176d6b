package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"footfall/cmd/bench/stream"
	"footfall/storage"
)

const (
	mostQuery      = 20 // milliseconds
	mostStartEmpty = 50
	mostStartBig   = 300
	mostIdle       = 30 // MiB
	queries        = 25
)

// measureQueries asks the real server about 12 months, once to warm it and then
// some times more.
func measureQueries(b *bench) error {
	dir, token, err := b.yearDir()
	if err != nil {
		return err
	}
	p, err := b.serve(dir)
	if err != nil {
		return err
	}
	for _, q := range []struct{ what, query string }{
		{"top pages", `"metrics":["visitors","pageviews","bounce_rate"],"dimensions":["event:page"],"pagination":{"limit":10}`},
		{"trend", `"metrics":["visitors","pageviews"],"dimensions":["time:day"]`},
		{"sources", `"metrics":["visitors","visit_duration"],"dimensions":["visit:source"],"pagination":{"limit":10}`},
	} {
		query := fmt.Sprintf(`{"site_id":%q,"date_range":"12mo",%s}`, stream.Site, q.query)
		var first float64
		var times []float64
		for i := range 1 + queries {
			took, err := timed(func() error { _, err := ask(p.addr, token, query); return err })
			if err != nil {
				return err
			}
			if i == 0 {
				first = took
			} else {
				times = append(times, took)
			}
		}
		f := atMost("ms for "+q.what+" of 12 months, 2,000 pages a day, warm", median(times), mostQuery, "%.1f")
		f.note = fmt.Sprintf("cold %.0f, slowest %.1f", first, highest(times))
		b.report(f)
		if f.ok() {
			continue
		}
		if err := p.under(func() error {
			return repeat(2*time.Second, func() error { _, err := ask(p.addr, token, query); return err })
		}); err != nil {
			return err
		}
	}
	return p.stop()
}

// timed is how long work takes, in milliseconds.
func timed(work func() error) (float64, error) {
	start := time.Now()
	err := work()
	return float64(time.Since(start).Microseconds()) / 1000, err
}

func repeat(d time.Duration, work func() error) error {
	for start := time.Now(); time.Since(start) < d; {
		if err := work(); err != nil {
			return err
		}
	}
	return nil
}

// measureStart starts the server again and again, and measures from the start of
// the process to the first beacon that it accepts.
func measureStart(b *bench) error {
	starts, size := 9, int64(1<<30)
	if b.quick {
		starts, size = 3, 64<<20
	}
	empty, err := b.newSite()
	if err != nil {
		return err
	}
	took, err := b.firstBeacons(empty, starts, true)
	if err != nil {
		return err
	}
	b.report(atMost("ms from start to first beacon, empty", median(took), mostStartEmpty, "%.0f"))
	big, err := b.bigDir(size)
	if err != nil {
		return err
	}
	defer os.RemoveAll(big)
	if took, err = b.firstBeacons(big, starts, false); err != nil {
		return err
	}
	b.report(atMost(fmt.Sprintf("ms from start to first beacon, %d MiB file", size/mebi), median(took), mostStartBig, "%.0f"))
	return nil
}

// firstBeacons measures n starts, each on a copy of the directory or all on the
// directory itself.
func (b *bench) firstBeacons(dir string, n int, copied bool) (took []float64, err error) {
	for i := range n {
		at := dir
		if copied {
			if at, err = b.copyOf(dir); err != nil {
				return nil, err
			}
		}
		ms, err := timed(func() error { return b.firstBeacon(at, uint64(i)) })
		if err != nil {
			return nil, err
		}
		if err := b.procs[len(b.procs)-1].stop(); err != nil {
			return nil, err
		}
		took = append(took, ms)
	}
	return took, nil
}

func (b *bench) firstBeacon(dir string, seed uint64) error {
	p, err := b.serve(dir)
	if err != nil {
		return err
	}
	t, err := load{addr: p.addr, conns: 1, seed: seed, count: 1}.run()
	if err == nil && t.answered != 1 {
		err = errors.New("the first beacon was not answered")
	}
	return err
}

func (b *bench) copyOf(dir string) (string, error) {
	to, err := b.dir()
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(filepath.Join(dir, storage.FileName))
	if err != nil {
		return "", err
	}
	return to, os.WriteFile(filepath.Join(to, storage.FileName), content, 0o600)
}

// measureIdle looks at a server that has one site and nothing to do.
func measureIdle(b *bench) error {
	dir, err := b.newSite()
	if err != nil {
		return err
	}
	p, err := b.serve(dir)
	if err != nil {
		return err
	}
	conn, err := net.Dial("tcp", p.addr)
	if err != nil {
		return err
	}
	conn.Close()
	time.Sleep(3 * time.Second) // the first rounds of its background work
	resident, err := p.memory("VmRSS")
	if err != nil {
		return err
	}
	anonymous, err := p.memory("RssAnon")
	if err != nil {
		return err
	}
	f := atMost("MiB resident, idle", float64(resident)/mebi, mostIdle, "%.1f")
	f.note = fmt.Sprintf("%.1f of it anonymous, the rest is the program itself", float64(anonymous)/mebi)
	b.report(f)
	return p.stop()
}
