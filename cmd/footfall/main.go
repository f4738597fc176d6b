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
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"
	_ "time/tzdata" // zones are known on machines without a zone database

	"github.com/alecthomas/kong"

	"footfall/storage"
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
	forgetEmptyVariables()
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
		var wrong *kong.ParseError
		if errors.As(err, &wrong) {
			ctx = wrong.Context
		}
		report(errs, hint(err, "%s", whereHelpIs(ctx)))
		return wrongUsage
	}
	if err := ctx.Run(&c, &streams{in, out, errs}); err != nil {
		var usage *usageError
		if !errors.As(err, &usage) {
			report(errs, err)
			return failed
		}
		var h *hinted
		if !errors.As(err, &h) {
			err = hint(err, "%s", whereHelpIs(ctx))
		}
		report(errs, err)
		return wrongUsage
	}
	return fine
}

// whereHelpIs names the help of the command that was meant, as far as the command
// line says so.
func whereHelpIs(ctx *kong.Context) string {
	if ctx != nil {
		if meant := ctx.Selected(); meant != nil {
			return meant.FullPath() + " --help shows what it takes"
		}
	}
	return "footfall --help lists the commands, footfall COMMAND --help the flags"
}

// forgetEmptyVariables drops variables of ours that are empty, which is how unit
// and compose files leave one out: the default holds then.
func forgetEmptyVariables() {
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); value == "" && strings.HasPrefix(name, "FOOTFALL_") {
			os.Unsetenv(name)
		}
	}
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
	fmt.Fprintf(w, "footfall: %s\nhint: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "), advice(err))
}

// advices are what to do about errors that can come from anywhere. The first that
// fits counts.
var advices = []struct {
	known error
	what  string
}{
	{storage.ErrInUse, "another footfall process works on this data: stop it, or choose another directory with --data"},
	{storage.ErrUnreadable, "check the owner and mode of the directory, or choose another one with --data"},
	{storage.ErrReadOnly, "check the owner and mode of the directory, or choose another one with --data"},
	{storage.ErrMissing, "choose the data directory with --data; footfall site add makes a new one"},
	{storage.ErrCorrupt, "put a backup back with footfall restore FILE"},
	{storage.ErrNewerLayout, "use the newer footfall that has written it"},
	{storage.ErrFull, "make room on the disk"},
	{syscall.ENOSPC, "make room on the disk"},
	{fs.ErrNotExist, "check the path"},
	{fs.ErrPermission, "check the owner and mode of the file and of the directories above it"},
}

// advice is what to do about an error.
func advice(err error) string {
	var h *hinted
	if errors.As(err, &h) {
		return h.hint
	}
	for _, a := range advices {
		if errors.Is(err, a.known) {
			return a.what
		}
	}
	return "footfall COMMAND --help shows what a command takes, footfall check proves the data"
}
