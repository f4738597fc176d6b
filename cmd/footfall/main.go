// Command footfall is the whole product: a server that takes beacons and shows
// what they add up to, and the commands that look after its data.
//
// This package is the only one that knows all rooms. It owns flags, environment
// and the wiring: which part is handed to which other, in what order they start
// and stop. It must not hold a rule of the domain; what a visit is, who is a bot
// or what may be stored is decided in the rooms.
//
// Where to look: main.go and cli.go read the command line, server.go wires and
// runs the server, control.go is its socket for the other commands, which are in
// the files named after them.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	_ "time/tzdata" // zones are known on machines without a zone database

	"github.com/alecthomas/kong"
)

func main() {
	code := failed
	if err := guarded(func() error { code = run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); return nil }); err != nil {
		report(os.Stderr, err)
	}
	os.Exit(code)
}

// guarded turns a panic into an error that says where it happened, and nothing
// else: the runtime's own trace prints what functions were called with, and
// visitors are among that.
func guarded(do func() error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		pcs := make([]uintptr, 16)
		frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
		var where []string
		for {
			f, more := frames.Next()
			where = append(where, fmt.Sprintf("%s:%d", f.Function, f.Line))
			if !more {
				break
			}
		}
		err = fmt.Errorf("BUG: %T at %s", p, strings.Join(where, " < "))
	}()
	return do()
}

// Exit codes.
const (
	fine       = 0
	failed     = 1
	wrongUsage = 2
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// run executes one command line and returns its exit code.
func run(args []string, in io.Reader, out, errs io.Writer) (code int) {
	var c cli
	exited := -1
	parser, err := kong.New(&c,
		kong.Name("footfall"),
		kong.Description("Website analytics that counts visitors without following them."),
		kong.DefaultEnvars("FOOTFALL"),
		kong.Writers(out, errs),
		kong.Exit(func(code int) { exited = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Vars{"formats": importFormats()},
	)
	if err != nil {
		fmt.Fprintln(errs, "footfall: BUG:", err)
		return failed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if exited >= 0 {
		return exited // --help
	}
	if err != nil {
		report(errs, hint(err, "footfall --help lists the commands, footfall COMMAND --help the flags"))
		return wrongUsage
	}
	if err := ctx.Run(&c, &streams{in, out, errs}); err != nil {
		report(errs, err)
		var usage *usageError
		if errors.As(err, &usage) {
			return wrongUsage
		}
		return failed
	}
	return fine
}

// hinted is an error with advice.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// hint adds to an error what to do about it.
func hint(err error, format string, args ...any) error {
	return &hinted{err, fmt.Sprintf(format, args...)}
}

// usageError is a command line that cannot be meant.
type usageError struct{ error }

func wrong(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// report prints an error: one line that says what is wrong, one that says what to
// do.
func report(w io.Writer, err error) {
	if err.Error() != "" {
		fmt.Fprintf(w, "footfall: %v\n", err)
	}
	var h *hinted
	if errors.As(err, &h) {
		fmt.Fprintf(w, "hint: %s\n", h.hint)
	}
}
