package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/cmd/bench/stream"
)

// bareRole is the argument with which bench starts itself as the bare handler.
const bareRole = "bare-handler"

// serveBare answers 202 to everything, and does nothing else.
func serveBare(out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "listening", l.Addr())
	return newBare().Serve(l)
}

func newBare() *fasthttp.Server {
	ok := []byte("ok")
	return &fasthttp.Server{Handler: func(ctx *fasthttp.RequestCtx) {
		ctx.SetStatusCode(fasthttp.StatusAccepted)
		ctx.SetBody(ok)
	}}
}

// load is what one server is asked.
type load struct {
	addr  string
	conns int
	even  bool
	seed  uint64 // the same seed makes the same beacons
	// The load ends after a time, or after a number of beacons.
	last  time.Duration
	count int64
}

// tally is what came of a load.
type tally struct {
	answered int64
	elapsed  time.Duration
}

func (t tally) rate() float64 { return float64(t.answered) / t.elapsed.Seconds() }

// run sends beacons over kept-alive connections, each as fast as the answers
// come. Every beacon that was sent is waited for.
func (l load) run() (tally, error) {
	var sent, answered atomic.Int64
	var wait sync.WaitGroup
	errs := make([]error, l.conns)
	start := time.Now()
	more := func() bool {
		if l.count > 0 {
			return sent.Add(1) <= l.count
		}
		return time.Since(start) < l.last
	}
	for i := range l.conns {
		wait.Go(func() {
			c := &caller{beacons: stream.New(l.seed<<16|uint64(i), stream.Options{Even: l.even}), requests: stream.NewRequests(l.addr)}
			n, err := c.run(l.addr, more)
			answered.Add(n)
			errs[i] = err
		})
	}
	wait.Wait()
	return tally{answered.Load(), time.Since(start)}, errors.Join(errs...)
}

// caller is one connection.
type caller struct {
	beacons  *stream.Stream
	requests *stream.Requests
	conn     net.Conn
	out, in  []byte
}

func (c *caller) run(addr string, more func() bool) (n int64, err error) {
	if c.conn, err = net.Dial("tcp", addr); err != nil {
		return 0, err
	}
	defer c.conn.Close()
	c.in = make([]byte, 8<<10)
	for more() {
		c.out = c.requests.Append(c.out[:0], c.beacons.Next())
		if _, err := c.conn.Write(c.out); err != nil {
			return n, err
		}
		if err := c.answer(); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

var (
	accepted = []byte("HTTP/1.1 202 ")
	length   = []byte("\r\nContent-Length: ")
	dropped  = []byte("\r\nX-Footfall-Dropped: ")
	blank    = []byte("\r\n\r\n")
)

// answer reads one answer, which must be 202 and counted.
func (c *caller) answer() error {
	have := 0
	for {
		n, err := c.conn.Read(c.in[have:])
		if err != nil {
			return err
		}
		have += n
		head := bytes.Index(c.in[:have], blank)
		if head < 0 {
			continue
		}
		header := c.in[:head+2]
		if !bytes.HasPrefix(header, accepted) || bytes.Contains(header, dropped) {
			return fmt.Errorf("a beacon was not counted:\n%s", header)
		}
		size, err := contentLength(header)
		if err != nil {
			return err
		}
		if have >= head+len(blank)+size {
			return nil
		}
	}
}

func contentLength(header []byte) (int, error) {
	_, rest, ok := bytes.Cut(header, length)
	if !ok {
		return 0, errors.New("an answer without Content-Length")
	}
	digits, _, _ := bytes.Cut(rest, []byte("\r"))
	return strconv.Atoi(string(digits))
}
