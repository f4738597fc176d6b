package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"footfall/cmd/bench/stream"
)

// bench is one run: its directories, its programs and its processes.
type bench struct {
	options
	ctx    context.Context
	root   string // of the module
	tmp    string
	state  string // a directory on a memory file system; "" where there is none
	missed int
	built  map[string]string
	data   map[string]string // data directories that several groups use
	procs  []*process
}

func newBench(ctx context.Context, o options) (*bench, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("the go command is needed to build the server: %w", err)
	}
	b := &bench{options: o, ctx: ctx, root: filepath.Dir(strings.TrimSpace(string(out))), built: map[string]string{}, data: map[string]string{}}
	if b.tmp, err = os.MkdirTemp("", "footfall-bench-"); err != nil {
		return nil, err
	}
	if dir, err := os.MkdirTemp("/dev/shm", "footfall-bench-"); err == nil {
		b.state = dir
	}
	return b, nil
}

func (b *bench) close() {
	for _, p := range b.procs {
		p.kill()
	}
	os.RemoveAll(b.tmp)
	if b.state != "" {
		os.RemoveAll(b.state)
	}
}

// dir makes a new directory.
func (b *bench) dir() (string, error) { return os.MkdirTemp(b.tmp, "data-") }

// program builds the server as a release is built, or with tags, once.
func (b *bench) program(tags string) (string, error) {
	if path := b.built[tags]; path != "" {
		return path, nil
	}
	path := filepath.Join(b.tmp, "footfall"+tags)
	cmd := exec.CommandContext(b.ctx, "go", "build", "-tags", tags, "-o", path, "./cmd/footfall")
	cmd.Dir, cmd.Env = b.root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	b.built[tags] = path
	return path, nil
}

// server is the program that is measured: the plain one, unless profiles are
// wanted.
func (b *bench) server() (string, error) {
	if b.profile {
		return b.program("bench")
	}
	return b.program("")
}

// environment is that of every process: the flags that all share.
func (b *bench) environment(more ...string) []string {
	env := append(os.Environ(), "FOOTFALL_LOG_LEVEL=warn")
	if b.state != "" {
		env = append(env, "FOOTFALL_STATE_DIR="+b.state)
	}
	return append(env, more...)
}

// command runs a command of the program and returns what it printed.
func (b *bench) command(args ...string) (string, error) {
	out, _, err := b.timedCommand(args...)
	return out, err
}

// timedCommand is command, with the processor time that it took.
func (b *bench) timedCommand(args ...string) (string, time.Duration, error) {
	program, err := b.server()
	if err != nil {
		return "", 0, err
	}
	cmd := exec.CommandContext(b.ctx, program, args...)
	cmd.Env = b.environment()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", 0, fmt.Errorf("footfall %s: %w\n%s", strings.Join(args, " "), err, errs.Bytes())
	}
	return strings.TrimSpace(string(out)), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// newSite makes a data directory in which the stream's site is counted.
func (b *bench) newSite() (dir string, err error) {
	if dir, err = b.dir(); err != nil {
		return "", err
	}
	_, err = b.command("site", "add", stream.Site, "--data", dir)
	return dir, err
}

// process is a running server.
type process struct {
	cmd     *exec.Cmd
	addr    string // host:port
	lines   chan string
	in      io.WriteCloser
	errs    *bytes.Buffer
	profile string // where it writes a profile; "" = it does not
	ended   chan struct{}
	err     error // once ended
}

// start runs a program until it prints a line that begins with a word; the rest
// of the line is returned.
func (b *bench) start(word string, program string, args ...string) (*process, string, error) {
	p := &process{cmd: exec.Command(program, args...), lines: make(chan string, 16), errs: &bytes.Buffer{}, ended: make(chan struct{})}
	p.cmd.Env = b.environment()
	if b.profile {
		p.profile = filepath.Join(b.tmp, fmt.Sprintf("profile-%d", len(b.procs)))
		p.cmd.Env = append(p.cmd.Env, "BENCH_PROFILE="+p.profile)
	}
	p.cmd.Stderr = p.errs
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, "", err
	}
	p.in = in
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, "", err
	}
	b.procs = append(b.procs, p)
	go p.read(out)
	for {
		select {
		case line := <-p.lines:
			if rest, ok := strings.CutPrefix(line, word); ok {
				return p, strings.TrimSpace(rest), nil
			}
		case <-p.ended:
			return nil, "", fmt.Errorf("%s %s ended: %w\n%s", filepath.Base(program), strings.Join(args, " "), p.err, p.errs)
		case <-b.ctx.Done():
			p.kill()
			return nil, "", b.ctx.Err()
		}
	}
}

// read passes on what the process prints, and waits for its end.
func (p *process) read(out io.Reader) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		select {
		case p.lines <- lines.Text():
		default: // nobody listens any more
		}
	}
	p.err = p.cmd.Wait()
	close(p.ended)
}

// serve starts the real server on a data directory.
func (b *bench) serve(dir string) (*process, error) {
	program, err := b.server()
	if err != nil {
		return nil, err
	}
	p, url, err := b.start("dashboard", program, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--local-access")
	if err != nil {
		return nil, err
	}
	p.addr = strings.Trim(strings.TrimPrefix(url, "http://"), "/")
	return p, nil
}

// stop ends a process as its operator would.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-p.ended
	if p.err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(p.cmd.Path), p.err, p.errs)
	}
	return nil
}

func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// under runs work and prints where the process spent its time meanwhile, if
// profiles are wanted.
func (p *process) under(work func() error) error {
	if p.profile == "" {
		return nil
	}
	if err := p.signal(profileOn); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	if err := p.signal(profileOff); err != nil {
		return err
	}
	file := p.profile + ".done"
	for range 300 {
		if _, err := os.Stat(file); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, view := range [][]string{{"-nodecount=12"}, {"-cum", "-show=^footfall/", "-nodecount=30"}} {
		args := append(append([]string{"tool", "pprof", "-top"}, view...), p.cmd.Path, file)
		out, err := exec.Command("go", args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("go tool pprof: %w\n%s", err, out)
		}
		_, table, _ := strings.Cut(string(out), "Total samples")
		note("time%s", table)
	}
	return os.Remove(file)
}

func (p *process) signal(s syscall.Signal) error {
	if s == 0 {
		return errors.ErrUnsupported
	}
	return p.cmd.Process.Signal(s)
}

// median is the middle one of some values.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

const mebi = 1 << 20
