//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs the command line as people and their scripts do; each file in
// testdata/script is one test.
//
// Besides the commands of testscript there are:
//
//	fails CODE COMMAND...  runs a command that has to end with this exit code, and
//	                       with one line that says what is wrong and one with a hint
//	running DIR            waits until a server of this data directory answers
//	json stdout|FILE       fails unless each line is JSON
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			state, err := os.MkdirTemp("/dev/shm", "footfall-test-")
			if err != nil {
				return err
			}
			env.Defer(func() { os.RemoveAll(state) })
			env.Setenv("FOOTFALL_STATE_DIR", state)
			env.Setenv("FOOTFALL_LISTEN", "127.0.0.1:0")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"fails": fails, "running": running, "json": isJSON},
	})
}

func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case err == nil:
		ts.Fatalf("%s: exit 0, want %d", strings.Join(args[1:], " "), want)
	case !errors.As(err, &exit):
		ts.Fatalf("%v", err)
	case exit.ExitCode() != want:
		ts.Fatalf("%s: exit %d, want %d", strings.Join(args[1:], " "), exit.ExitCode(), want)
	}
	said := strings.Split(strings.TrimSuffix(ts.ReadFile("stderr"), "\n"), "\n")
	if len(said) != 2 || !strings.HasPrefix(said[0], "footfall: ") || !strings.HasPrefix(said[1], "hint: ") {
		ts.Fatalf("stderr is %q, want one line of footfall and one hint", said)
	}
}

func running(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: running DIR")
	}
	path, err := socketPath(ts.MkAbs(args[0]))
	ts.Check(err)
	for deadline := time.Now().Add(patience); ; {
		conn, err := net.Dial("unix", path)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no server of %s answers: %v", args[0], err)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: json stdout|FILE")
	}
	n := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		n++
		if !json.Valid([]byte(line)) {
			ts.Fatalf("line %d of %s is no JSON: %q", n, args[0], line)
		}
	}
	if n == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
}

// TestALongDataPathHasItsSocketElsewhere: the path of a socket is limited to about
// a hundred bytes, that of a directory is not.
func TestALongDataPathHasItsSocketElsewhere(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.data = filepath.Join(h.data, strings.Repeat("long", 20), strings.Repeat("path", 20))
	h.addSite("long.example", "UTC")
	s := h.serve()
	h.addSite("second.example", "UTC") // while it runs: through its socket
	s.count("203.0.113.1", browsers[0], view("https://second.example/"))
	if list := h.must("site", "list"); strings.Count(list, "\n") != 2 {
		t.Errorf("site list: %q, want both sites", list)
	}
	s.stop()
}

// TestEveryCommandHasHelp walks the commands by their own help, which has a flag for
// machines each time.
func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	var walk func(path ...string) int
	walk = func(path ...string) (commands int) {
		r := finish(t, exec.Command("footfall", append(path, "--help")...))
		if r.code != fine || r.err != "" || !strings.Contains(r.out, "Usage: footfall") {
			t.Errorf("footfall %s --help: exit %d, %q, %q; want 0 and the usage on stdout", strings.Join(path, " "), r.code, r.out, r.err)
		}
		_, list, _ := strings.Cut(r.out, "\nCommands:\n")
		if list == "" && !strings.Contains(r.out, "--json") {
			t.Errorf("footfall %s has no --json", strings.Join(path, " "))
		}
		for line := range strings.Lines(list) {
			if strings.HasPrefix(line, "  ") && line[2] != ' ' {
				commands += 1 + walk(append(path[:len(path):len(path)], commandWords(line, path)...)...)
			}
		}
		return commands
	}
	if n := walk(); n < 20 {
		t.Errorf("%d commands have help, want 20 at least", n)
	}
}

// commandWords are the words of a line of help that lead to a command below path.
func commandWords(line string, path []string) (words []string) {
	for _, w := range strings.Fields(line) {
		if w != strings.ToLower(w) || strings.ContainsAny(w, "<>[].,=-") {
			break
		}
		words = append(words, w)
	}
	if len(words) > len(path) && fmt.Sprint(words[:len(path)]) == fmt.Sprint(path) {
		words = words[len(path):]
	}
	return words[:min(1, len(words))]
}
