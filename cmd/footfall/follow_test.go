//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// accessLine is a line of an access log of now.
func accessLine(ip, path string, status int) string {
	return fmt.Sprintf("%s - - [%s] \"GET %s HTTP/1.1\" %d 512 \"-\" %q\n", ip, time.Now().Format("02/Jan/2006:15:04:05 -0700"), path, status, browsers[0])
}

// appendTo appends to a file.
func appendTo(t *testing.T, name, text string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// waitForViews waits until the site has so many pageviews today.
func (s *server) waitForViews(site string, pageviews float64) {
	s.t.Helper()
	eventually(s.t, fmt.Sprintf("%s has %v pageviews", site, pageviews), func() bool { return s.today(site)[2] == pageviews })
}

// TestAFollowedLogIsCountedThroughRotationAndRestart follows a log that is written
// by pieces, renamed, cut short, and whose server goes away for a while.
func TestAFollowedLogIsCountedThroughRotationAndRestart(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("example.com", "UTC")
	log := filepath.Join(t.TempDir(), "access.log")
	appendTo(t, log, accessLine("198.51.100.1", "/before", 200))
	s := h.serve()
	cmd := h.command("import", "combined", "--site", "example.com", "--follow", "--json", log)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	waitForOpen(t, cmd.Process.Pid, log)

	line := accessLine("198.51.100.1", "/a", 200)
	appendTo(t, log, line[:30])
	appendTo(t, log, line[30:]+accessLine("198.51.100.1", "/style.css", 200)+accessLine("198.51.100.2", "/a", 304)+"nonsense\n")
	s.waitForViews("example.com", 2)

	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	appendTo(t, log+".1", accessLine("198.51.100.3", "/last", 200)) // the server has not reopened it yet
	appendTo(t, log, accessLine("198.51.100.4", "/new", 200))
	s.waitForViews("example.com", 4)

	if err := os.Truncate(log, 0); err != nil { // as copytruncate does
		t.Fatal(err)
	}
	time.Sleep(2 * followPoll) // it is noticed while the file is short
	appendTo(t, log, accessLine("198.51.100.5", "/cut", 200))
	s.waitForViews("example.com", 5)

	s.stop()
	appendTo(t, log, accessLine("198.51.100.6", "/while/away", 200)+accessLine("198.51.100.6", "/gone", 404))
	s = h.serve()
	s.waitForViews("example.com", 6)
	if got := s.today("example.com"); got[0] != 6 {
		t.Errorf("got %v visitors, want 6", got[0])
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("the follower ended with %v: %s", err, errs.String())
	}
	if got, want := strings.TrimSpace(out.String()), `{"lines":9,"counted":6,"dropped":{"not_a_page":1,"status":1},"bad":1}`; got != want {
		t.Errorf("got account %s, want %s", got, want)
	}
}

// waitForOpen waits until a process has a file open, and is at its end.
func waitForOpen(t *testing.T, pid int, name string) {
	t.Helper()
	eventually(t, name+" is open", func() bool {
		links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		return slices.ContainsFunc(links, func(link string) bool { to, err := os.Readlink(link); return err == nil && to == name })
	})
	time.Sleep(followPoll)
}

func TestFollowingNeedsAServerAndALog(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("example.com", "UTC")
	r := h.try("import", "combined", "--site", "example.com", "--follow", "-")
	if r.code != failed || !strings.Contains(r.err, "no server runs on this data") {
		t.Errorf("without a server: got %d %q", r.code, r.err)
	}
	s := h.serve()
	for _, row := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"plausible", "--site", "example.com", "x.zip"}, wrongUsage, "--follow needs the format of a log"},
		{[]string{"combined", "--site", "unknown.example", "-"}, failed, "unknown.example"},
		{[]string{"combined", "--site", "example.com", "missing.log"}, failed, "missing.log"},
	} {
		r := h.try(append([]string{"import", "--follow"}, row.args...)...)
		if r.code != row.code || !strings.Contains(r.err, row.want) {
			t.Errorf("%v: got %d %q, want %d and %q", row.args, r.code, r.err, row.code, row.want)
		}
	}
	iis := "#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent)\n" +
		time.Now().UTC().Format("2006-01-02 15:04:05") + " 198.51.100.1 GET /piped 200 " + strings.ReplaceAll(browsers[0], " ", "+") + "\n"
	r = h.tryWith(strings.NewReader(iis), "import", "iis", "--site", "example.com", "--follow", "-")
	if want := "followed: 2 lines, 1 counted, 0 bad\ndropped as not_a_request: 1\n"; r.out != want {
		t.Errorf("from a pipe: got %q %q, want %q", r.out, r.err, want)
	}
	s.waitForViews("example.com", 1)
}
