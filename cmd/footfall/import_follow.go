package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"footfall/ingest"
	"footfall/ingest/importer"
)

// followQuestion goes before lines that were just written to a log. Head is the
// directive that they are to be read by, if there is one.
type followQuestion struct{ Site, Format, Head string }

// followReply is what became of them.
type followReply struct {
	Account  importer.Result
	FirstBad []string
}

// follow counts lines as beacons of now. The files of the stream are lines.
func (c *control) follow(w http.ResponseWriter, r *http.Request) {
	reply, err := c.followLines(r.Context(), bufio.NewReaderSize(r.Body, 1<<16))
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	printJSON(w, reply)
}

func (c *control) followLines(ctx context.Context, r *bufio.Reader) (reply followReply, err error) {
	var q followQuestion
	if err := readFrameJSON(r, &q); err != nil {
		return reply, err
	}
	record, err := c.known(q.Site)
	if err != nil {
		return reply, err
	}
	if c.door == nil {
		return reply, hint(errNoServer, "--follow feeds the live day of a running server: start footfall serve")
	}
	m, err := importer.NewFollower(importer.Format(q.Format), record.Site, &record.Settings, c.door, c.clock)
	if err != nil {
		return reply, err
	}
	m.Head(q.Head)
	if err := eachFile(r, func(name string, body io.Reader) error { return m.Read(ctx, name, body) }); err != nil {
		return reply, err
	}
	reply.Account = m.Result()
	for _, b := range reply.Account.FirstBad {
		reply.FirstBad = append(reply.FirstBad, b.Reason) // line numbers are those of a part
	}
	return reply, nil
}

// Follow's clock: how often files are looked at, and how long a server may be away
// before the next attempt.
const (
	followPoll  = 200 * time.Millisecond
	followRetry = time.Second
	followPart  = 1 << 20 // bytes sent at once
)

// follow sends what is written to the files until it is interrupted.
func (c *importFileCmd) follow(root *cli, s *streams) error {
	format := importer.Format(c.Format)
	if !slices.Contains(importer.Formats(), format) {
		return hint(wrong("--follow needs the format of a log, not %s", c.Format), "name it: there are %v", importer.Formats())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	f := &follower{cmd: c, data: root.Data, streams: s, sum: importer.Result{Dropped: map[string]int{}}}
	if err := f.send(ctx, nil, "", nil); err != nil { // a wrong site, or no server, is an error at once
		return err
	}
	err := f.run(ctx)
	return errors.Join(err, c.print(s, &importReply{Account: f.sum}))
}

// follower is a command that follows files.
type follower struct {
	cmd     *importFileCmd
	data    string
	streams *streams
	sum     importer.Result
	shown   int // bad lines that were shown
}

func (f *follower) run(ctx context.Context) error {
	var tails []*tail
	for _, name := range f.cmd.Files {
		if name == "-" {
			return f.pipe(ctx)
		}
		t := &tail{name: name}
		if err := t.open(io.SeekEnd); err != nil {
			return err
		}
		defer t.close()
		tails = append(tails, t)
	}
	for ctx.Err() == nil {
		idle := true
		for _, t := range tails {
			lines, err := t.lines()
			if err != nil {
				return err
			}
			if len(lines) > 0 {
				idle = false
				if err := f.keepSending(ctx, t, lines); err != nil {
					return err
				}
			}
		}
		if idle {
			pause(ctx, followPoll)
		}
	}
	return nil
}

// pipe follows the standard input to its end.
func (f *follower) pipe(ctx context.Context) error {
	t := &tail{name: "-"}
	parts := make(chan []byte)
	go func() {
		defer close(parts)
		r := bufio.NewReaderSize(f.streams.in, followPart)
		for {
			line, err := r.ReadBytes('\n')
			for err == nil && r.Buffered() > 0 && len(line) < followPart {
				var more []byte
				more, err = r.ReadBytes('\n')
				line = append(line, more...)
			}
			if len(line) > 0 {
				parts <- line
			}
			if err != nil {
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case lines, ok := <-parts:
			if !ok {
				return nil
			}
			if err := f.keepSending(ctx, t, lines); err != nil {
				return err
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// keepSending sends lines, and while no server answers tries again: a server that
// is restarted costs none.
func (f *follower) keepSending(ctx context.Context, t *tail, lines []byte) error {
	for told := false; ctx.Err() == nil; {
		err := f.send(ctx, lines, t.head, t)
		var away *serverAway
		if !errors.As(err, &away) {
			t.remember(lines)
			return err
		}
		if !told {
			fmt.Fprintln(f.streams.err, "note: the server does not answer; waiting for it")
			told = true
		}
		pause(ctx, followRetry)
	}
	return nil
}

// serverAway is an error that another attempt may not meet.
type serverAway struct{ error }

// send sends lines once.
func (f *follower) send(ctx context.Context, lines []byte, head string, t *tail) error {
	conn, err := connectRunning(f.data)
	if err != nil {
		if t != nil {
			return &serverAway{err}
		}
		return hint(err, "--follow feeds the live day of a running server: start footfall serve")
	}
	defer conn.close()
	var body bytes.Buffer
	fs := &fileStream{}
	if lines != nil {
		fs.files = []namedFile{{name: t.name, size: -1, open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(lines)), nil }}}
	}
	if err := fs.send(&body, followQuestion{f.cmd.Site, f.cmd.Format, head}); err != nil {
		return err
	}
	var reply followReply
	if err := conn.stream("/import/follow", &body, &reply); err != nil {
		var answered *hinted
		if !errors.As(err, &answered) && t != nil {
			return &serverAway{err}
		}
		return err
	}
	f.add(&reply)
	return nil
}

// add adds an account up, and shows the first bad lines.
func (f *follower) add(r *followReply) {
	f.sum.Lines += r.Account.Lines
	f.sum.Counted += r.Account.Counted
	f.sum.Bad += r.Account.Bad
	for reason, n := range r.Account.Dropped {
		f.sum.Dropped[reason] += n
	}
	for _, b := range r.FirstBad {
		if f.shown++; f.shown <= 10 {
			fmt.Fprintln(f.streams.err, "bad line:", b)
		}
	}
}

var _ importer.Receiver = (*ingest.Door)(nil)
