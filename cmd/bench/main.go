// Command bench measures every budget of the project and prints each beside its
// limit. It exits with 1 where one is missed.
//
// What depends on the machine is measured as a ratio: the same load goes to the
// real server and to a bare fasthttp handler that answers 202, each a process of
// its own, in turns within the same run. The real server is the one that `go
// build` makes of this module.
//
// It owns the load, the processes and the table. What a server does inside is
// measured by cmd/footfall/bench.go, which is in the program only for that.
//
// Caveats. It needs Linux, whose /proc tells what a process took. The load
// generator shares the machine with the server: ratios are honest, absolute
// numbers are those of a busy machine. Times in milliseconds (queries, starts)
// grow with whatever else the machine does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == bareRole {
		fail(serveBare(os.Stdout))
		return
	}
	o := options{}
	only := flag.String("only", "", "measure only what this regular expression matches: "+strings.Join(groupNames(), ", "))
	flag.BoolVar(&o.quick, "quick", false, "a tenth of the load: a first look, in which sizes are not judged")
	flag.BoolVar(&o.profile, "profile", false, "show where the time goes, from CPU profiles taken beside the measurements")
	flag.BoolVar(&o.even, "even", false, "draw paths and referrers evenly instead of by rank")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of load, each for the bare handler and the real server")
	flag.DurationVar(&o.round, "round", 3*time.Second, "length of one round for one server")
	flag.IntVar(&o.conns, "conns", 8, "connections of the load")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	fail(err)
	if o.quick {
		o.round = min(o.round, time.Second)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	missed, err := run(ctx, o, pattern)
	stop()
	fail(err)
	if missed > 0 {
		fmt.Printf("\n%d over budget\n", missed)
		os.Exit(1)
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	quick, profile, even bool
	rounds, conns        int
	round                time.Duration
}

// group is what is measured together.
type group struct {
	name    string
	measure func(*bench) error
}

var groups = []group{
	{"beacons", measureBeacons},
	{"allocations", measureAllocations},
	{"door", measureDoor},
	{"memory", measureMillion},
	{"import", measureImport},
	{"queries", measureQueries},
	{"start", measureStart},
	{"script", measureScript},
	{"dashboard", measureDashboard},
	{"idle", measureIdle},
}

func groupNames() (names []string) {
	for _, g := range groups {
		names = append(names, g.name)
	}
	return names
}

// run measures the groups that match, and returns how many budgets were missed.
func run(ctx context.Context, o options, only *regexp.Regexp) (missed int, err error) {
	b, err := newBench(ctx, o)
	if err != nil {
		return 0, err
	}
	defer b.close()
	fmt.Printf("%s, %s/%s, %d CPUs\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	printRow("", "measured", "budget", "")
	for _, g := range groups {
		if !only.MatchString(g.name) {
			continue
		}
		switch err := g.measure(b); {
		case errors.Is(err, errors.ErrUnsupported):
			printRow(g.name, "-", "", "not measured: needs Linux")
		case err != nil:
			return b.missed, fmt.Errorf("%s: %w", g.name, err)
		}
	}
	return b.missed, ctx.Err()
}

// figure is a measured value and its budget.
type figure struct {
	what  string
	value float64
	text  string // the value as it is printed
	limit float64
	least bool // the limit is what must be reached, not what must not be exceeded
	cap   string
	// unjudged says why the figure is only shown.
	unjudged string
	note     string
}

func (f *figure) ok() bool {
	if f.least {
		return f.value >= f.limit
	}
	return f.value <= f.limit
}

// report prints a figure and judges it.
func (b *bench) report(f figure) {
	verdict := "ok"
	switch {
	case f.unjudged != "":
		verdict = f.unjudged
	case !f.ok():
		verdict = "OVER"
		b.missed++
	}
	if f.note != "" {
		verdict += "   " + f.note
	}
	printRow(f.what, f.text, f.cap, verdict)
}

func printRow(what, measured, budget, verdict string) {
	fmt.Println(strings.TrimRight(pad(what, 58)+pad(measured, 12)+pad(budget, 16)+verdict, " "))
}

// pad fills up to a width in characters.
func pad(s string, width int) string {
	n := 0
	for range s {
		n++
	}
	return s + strings.Repeat(" ", max(1, width-n))
}

// note prints a line below a row.
func note(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		fmt.Println("    " + strings.TrimRight(line, "\n"))
	}
}

// atMost and atLeast make figures with their limit in words.
func atMost(what string, value, limit float64, format string) figure {
	return figure{what: what, value: value, text: fmt.Sprintf(format, value), limit: limit, cap: "at most " + fmt.Sprintf(format, limit)}
}

func atLeast(what string, value, limit float64, format string) figure {
	f := atMost(what, value, limit, format)
	f.least, f.cap = true, "at least "+fmt.Sprintf(format, limit)
	return f
}
