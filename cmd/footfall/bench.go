//go:build bench

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/cmd/bench/stream"
)

// This file is in the program only when cmd/bench builds it. It lets the
// benchmark look inside the real server:
//
//	footfall bench allocations DIR    allocations per beacon, through the door
//	footfall bench million DIR N      memory with N visitors of three pages
//
// and, with BENCH_PROFILE naming a file, any command writes a CPU profile there
// from SIGUSR1 to SIGUSR2.
func init() {
	if name := os.Getenv("BENCH_PROFILE"); name != "" {
		profileOnSignals(name)
	}
	if len(os.Args) < 4 || os.Args[1] != "bench" {
		return
	}
	result, err := benchInside(os.Args[2], os.Args[3], os.Args[4:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(failed)
	}
	os.Exit(fine)
}

func profileOnSignals(name string) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		var f *os.File
		for s := range signals {
			if s == syscall.SIGUSR1 {
				f, _ = os.Create(name)
				pprof.StartCPUProfile(f)
			} else if f != nil {
				pprof.StopCPUProfile()
				f.Close()
				os.Rename(name, name+".done")
			}
		}
	}()
}

func benchInside(what, dir string, args []string) (any, error) {
	if what == "allocations" {
		return benchAllocations(dir)
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return nil, err
	}
	return benchMillion(dir, n)
}

// openBench opens a server whose clock the benchmark turns.
func openBench(dir string, clock func() time.Time) (*Server, error) {
	s, err := OpenServer(serverOptions{data: dir, clock: clock, log: io.Discard,
		flags: serverFlags{entranceFlags: entranceFlags{Listen: "127.0.0.1:0"}, StateDir: os.Getenv("FOOTFALL_STATE_DIR"), CommitInterval: 10 * time.Second, TrustedProxies: "loopback", LogLevel: "error"}})
	if err != nil {
		return nil, err
	}
	_, err = s.control.addSite(siteQuestion{Domain: stream.Site, Timezone: "UTC"})
	return s, err
}

// sender hands beacons to the server's handler without a network.
type sender struct {
	server *Server
	ctx    fasthttp.RequestCtx
	text   []byte
}

func newSender(s *Server) *sender {
	var req fasthttp.Request
	req.Header.SetMethod("POST")
	req.SetRequestURI("/api/event")
	req.Header.SetContentType("text/plain")
	b := &sender{server: s}
	b.ctx.Init(&req, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}, nil)
	return b
}

func (b *sender) send(beacon stream.Beacon) error {
	req := &b.ctx.Request
	req.Header.SetUserAgent(beacon.Agent())
	req.Header.Set("Accept-Language", beacon.Language())
	b.text = beacon.Addr().AppendTo(b.text[:0])
	req.Header.SetBytesV("X-Forwarded-For", b.text)
	b.text = beacon.AppendBody(b.text[:0])
	req.SetBody(b.text)
	b.ctx.Response.Reset()
	b.server.route(&b.ctx)
	if reason := b.ctx.Response.Header.Peek("X-Footfall-Dropped"); b.ctx.Response.StatusCode() != fasthttp.StatusAccepted || len(reason) > 0 {
		return fmt.Errorf("a beacon was answered %d %s", b.ctx.Response.StatusCode(), reason)
	}
	return nil
}

// benchAllocations counts what the door, the journal and the fold allocate once
// they are warm.
func benchAllocations(dir string) (any, error) {
	const warm, n = 300_000, 300_000
	s, err := openBench(dir, time.Now)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	b, beacons := newSender(s), stream.New(1, stream.Options{})
	var before, after runtime.MemStats
	for i := range warm + n {
		if i == warm {
			runtime.ReadMemStats(&before)
		}
		if err := b.send(beacons.Next()); err != nil {
			return nil, err
		}
	}
	runtime.ReadMemStats(&after)
	return map[string]any{"allocations": float64(after.Mallocs-before.Mallocs) / n, "bytes": float64(after.TotalAlloc-before.TotalAlloc) / n,
		"journal": s.engine.Journaling()}, nil
}

// benchMillion lets n visitors see three pages each on one day, half a minute and
// a minute and a half after the first, while the server does its usual work, and
// prints where the figures of its memory are to be read: while the caller holds
// its standard input open, the server stays as it is.
func benchMillion(dir string, n int) (any, error) {
	midnight := aggregate.DayOf(time.Now(), time.UTC).Start(time.UTC)
	var now atomic.Int64 // milliseconds
	now.Store(midnight.UnixMilli())
	s, err := openBench(dir, func() time.Time { return time.UnixMilli(now.Load()) })
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() { stop(); <-ended }()
	const day = 23 * time.Hour
	b, beacons, step := newSender(s), stream.New(2, stream.Options{}), day/time.Duration(n)
	second, third := int(30*time.Second/step), int(90*time.Second/step)
	for i := range n + third {
		now.Store(midnight.Add(time.Duration(i) * step).UnixMilli())
		for _, visitor := range [...]int{i, i - second, i - third} {
			if visitor < 0 || visitor >= n {
				continue
			}
			if err := b.send(beacons.By(uint32(visitor))); err != nil {
				return nil, err
			}
		}
	}
	fmt.Println("counted", s.engine.Counted())
	io.Copy(io.Discard, os.Stdin)
	return map[string]any{}, nil
}
