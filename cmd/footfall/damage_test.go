//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAbsurdLinesAreAccountedFor imports what no log should say.
func TestAbsurdLinesAreAccountedFor(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("absurd.example", "Europe/Berlin", "retention=25", "floor=1")
	day := time.Now().AddDate(0, 0, -9).UTC().Truncate(24 * time.Hour).Add(10 * time.Hour)
	at := day.Format(time.RFC3339)
	old := time.Now().AddDate(0, -27, 0).Format(time.RFC3339)
	today := time.Now().Format(time.RFC3339)
	type line struct{ raw, want string } // counted, bad or a reason; several where more than one is as good
	event := func(time string, more string) string {
		return fmt.Sprintf(`{"time":%q,"ip":"203.0.113.1","user_agent":%q,"n":"pageview","u":"https://absurd.example/"%s}`, time, browsers[0], more)
	}
	lines := []line{
		{event(at, ""), "counted"},
		{event(strings.Replace(at, "Z", "+02:00", 1), ""), "late"},
		{event(strings.Replace(at, "Z", ".999999999Z", 1), ""), "counted"},
		{event(strings.Replace(at, "Z", "+25:00", 1), ""), "bad"},
		{event("2026-02-30T10:00:00Z", ""), "bad"},
		{event("2026-03-29 02:30:00", ""), "bad"},
		{event("1760000000", ""), "bad"},
		{event("", ""), "bad"},
		{event("0000-00-00T00:00:00Z", ""), "bad"},
		{event("0001-01-01T00:00:00Z", ""), "expired late bad"},
		{event("1969-12-31T23:59:59Z", ""), "expired late bad"},
		{event(old, ""), "expired"},
		{event(today, ""), "live_day"},
		{event("9999-12-31T23:59:59Z", ""), "future"},
		{event("99999-01-01T00:00:00Z", ""), "bad"},
		{event(at, `,"r":"`+strings.Repeat("r", 5000)+`"`), "counted"},
		{event(at, `,"p":{"a":[[[[]]]]}`), "counted"},
		{event(at, `,"u":"data:,"`), "bad counted"}, // a key that comes twice
		{strings.ReplaceAll(event(at, ""), "203.0.113.1", "not an address"), "bad"},
		{strings.ReplaceAll(event(at, ""), "203.0.113.1", "203.0.113.1:99"), "counted bad"},
		{strings.ReplaceAll(event(at, ""), "https://absurd.example/", "https://absurd.example/\xff\xfe"), "counted bad"},
		{strings.ReplaceAll(event(at, ""), "https://absurd.example/", strings.Repeat("y", 3000)), "bad"},
		{event(at, `,"x":"`+strings.Repeat("z", 100<<10)+`"`), "bad"},
		{"\x00\x01\x02", "bad"}, {strings.Repeat("[", 50000), "bad"}, {"[]", "bad"}, {`"text"`, "bad"}, {"{}", "bad"},
		{event(at, ""), "counted"},
	}
	for i, l := range lines {
		r := h.tryWith(strings.NewReader(event(at, "")+"\n"+l.raw+"\n"), "import", "events", "--site", "absurd.example", "--yes", "--json", "-")
		var got struct {
			Lines, Counted, Bad int
			Dropped             map[string]int
		}
		if err := json.Unmarshal([]byte(r.out), &got); err != nil || r.code != fine {
			t.Errorf("line %d: exit %d, %q, %q", i, r.code, r.out, r.err)
			continue
		}
		became := "counted"
		for reason := range got.Dropped {
			became = reason
		}
		if got.Bad > 0 {
			became = "bad"
		}
		if got.Lines != 2 || got.Counted+got.Bad+len(got.Dropped) != 2 || !strings.Contains(" "+l.want+" ", " "+became+" ") {
			t.Errorf("line %d %.150q: %s; want it %s", i, l.raw, strings.TrimSpace(r.out), l.want)
		}
		if strings.Contains(r.err, "203.0.113.1") || strings.Contains(r.err, "Mozilla") {
			t.Errorf("line %d: stderr tells of the visitor: %q", i, r.err)
		}
	}
}

// filledHouse has a few days of counters.
func filledHouse(t *testing.T) *installation {
	t.Helper()
	h := install(t)
	h.addSite("damaged.example", "UTC", "retention=off")
	for i := range 3 {
		h.importVisits("damaged.example", time.Date(2026, 4, 1+i, 9, 0, 0, 0, time.UTC), 9)
	}
	return h
}

// explained fails the test unless a command has failed as commands do: with exit 1,
// a line and a hint, and no trace of a panic.
func explained(t *testing.T, what string, r result) {
	t.Helper()
	said := strings.Split(strings.TrimSuffix(r.err, "\n"), "\n")
	if r.code != failed || len(said) != 2 || !strings.HasPrefix(said[0], "footfall: ") || !strings.HasPrefix(said[1], "hint: ") || strings.Contains(r.err, "BUG") {
		t.Errorf("%s: exit %d, %q; want 1, a line and a hint", what, r.code, last(r.err, 600))
	}
}

func TestADamagedDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	whole := files(t, filledHouse(t).data)
	var content []byte
	for name, c := range whole {
		if strings.HasSuffix(name, "footfall.db") {
			content = c
		}
	}
	random := rand.New(rand.NewPCG(4, 7))
	damages := map[string][]byte{
		"empty":              {},
		"one byte":           {0},
		"text":               []byte(strings.Repeat("This is no database.\n", 5000)),
		"zeros":              make([]byte, len(content)),
		"half":               content[:len(content)/2],
		"one page":           content[:4096],
		"all but a byte":     content[:len(content)-1],
		"all but a page":     content[:len(content)-4096],
		"pages in disorder":  append(append([]byte(nil), content[len(content)/2:]...), content[:len(content)/2]...),
		"a destroyed head":   append(make([]byte, 8192), content[8192:]...),
		"a destroyed middle": append(append(append([]byte(nil), content[:12288]...), make([]byte, len(content)-16384)...), content[len(content)-4096:]...),
	}
	for n := range 12 {
		torn := append([]byte(nil), content...)
		for range 1 << n { // some hit what nobody reads
			torn[random.IntN(len(torn))] ^= byte(1 + random.IntN(255))
		}
		damages[fmt.Sprintf("%d changed bytes", 1<<n)] = torn
	}
	for what, bytes := range damages {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			h := install(t)
			h.broken = true
			name := filepath.Join(h.data, "footfall.db")
			if err := os.Mkdir(h.data, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, bytes, 0o600); err != nil {
				t.Fatal(err)
			}
			// Bytes that nobody reads may change unnoticed; nothing else may.
			harmless := strings.HasSuffix(what, "changed bytes") || strings.HasPrefix(what, "all but")
			r := h.try("check")
			if r.code == failed {
				explained(t, "check", r)
			} else if r.code != fine || !harmless {
				t.Errorf("check: exit %d, %s%s; want 1", r.code, r.out, r.err)
			}
			for _, command := range [][]string{{"audit", "--json"}, {"site", "list"}, {"backup", filepath.Join(t.TempDir(), "copy")}, {"import", "list"}} {
				if a := h.try(command...); a.code != fine {
					explained(t, command[0], a)
				}
			}
			if got, err := os.ReadFile(name); err != nil || string(got) != string(bytes) {
				t.Errorf("commands that only read have changed the file (%v)", err)
			}
			s, err := h.tryServe()
			if err == nil { // what is left of it is served
				visitTwice(s, "damaged.example")
				s.ask(query{Site: "damaged.example", Metrics: []string{"visitors"}, DateRange: []string{"2026-04-01", "2026-04-03"}, Dimensions: []string{"event:page"}})
				s.cmd.Process.Signal(syscall.SIGTERM)
				<-s.exited
				if log := s.log.String(); strings.Contains(log, "panic") || strings.Contains(log, "BUG") || strings.Contains(log, "goroutine") {
					t.Errorf("the server's log:\n%s", last(log, 2000))
				}
			} else if !strings.Contains(err.Error(), "exit 1\n") || !strings.Contains(err.Error(), "hint: ") || strings.Contains(err.Error(), "goroutine") || strings.Contains(err.Error(), "BUG") {
				t.Errorf("serve: %s; want exit 1, a line and a hint", last(err.Error(), 600))
			}
			if got, err := os.ReadFile(name); s == nil && (err != nil || string(got) != string(bytes)) {
				t.Errorf("a server that did not start has changed the file (%v)", err)
			}
		})
	}
}

// asNobody lets a command run under a user who owns nothing, also where the tests
// run as root, who may do anything.
func asNobody(t *testing.T, cmd *exec.Cmd, ways ...string) *exec.Cmd {
	t.Helper()
	if os.Getuid() != 0 {
		return cmd
	}
	for _, way := range append(ways, cmd.Path) { // so that the way there is open
		for p := filepath.Dir(way); strings.HasPrefix(p, os.TempDir()) && p != os.TempDir(); p = filepath.Dir(p) {
			info, err := os.Stat(p)
			if err != nil {
				t.Fatal(err)
			}
			os.Chmod(p, info.Mode()|0o555)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return cmd
}

func TestDirectoriesThatMayNotBeUsedAreNamed(t *testing.T) {
	t.Parallel()
	h := filledHouse(t)
	if os.Getuid() == 0 {
		for _, name := range []string{h.data, filepath.Join(h.data, "footfall.db")} {
			if err := os.Chown(name, 65534, 65534); err != nil {
				t.Fatal(err)
			}
		}
	}
	state := memoryDir(t)
	os.Chmod(state, 0o777)
	run := func(args ...string) result {
		return finish(t, asNobody(t, h.command(append(args, "--state-dir", state, "--listen", "127.0.0.1:0")...), h.data))
	}
	ask := func(args ...string) result { return finish(t, asNobody(t, h.command(args...), h.data)) }
	mode := func(dir, file os.FileMode) {
		t.Helper()
		if err := os.Chmod(filepath.Join(h.data, "footfall.db"), file); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(h.data, dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(h.data, 0o700); os.Chmod(filepath.Join(h.data, "footfall.db"), 0o600) })

	mode(0o500, 0o400) // read-only
	explained(t, "serve on a read-only directory", run("serve"))
	explained(t, "site add in a read-only directory", ask("site", "add", "new.example"))
	explained(t, "site set in a read-only directory", ask("site", "set", "damaged.example", "floor=9"))
	explained(t, "compact in a read-only directory", ask("compact"))
	if r := ask("site", "list"); r.code != fine || !strings.Contains(r.out, "damaged.example") {
		t.Errorf("site list in a read-only directory: exit %d, %q, %q; want the site", r.code, r.out, r.err)
	}
	if r := ask("check"); r.code != fine {
		t.Errorf("check in a read-only directory: exit %d, %q, %q; want 0", r.code, r.out, r.err)
	}
	mode(0o000, 0o000) // closed
	for _, args := range [][]string{{"check"}, {"site", "list"}, {"site", "add", "new.example"}, {"backup", "-"}} {
		explained(t, args[0]+" in a closed directory", ask(args...))
	}
	explained(t, "serve on a closed directory", run("serve"))
	mode(0o700, 0o600)
	explained(t, "a directory that cannot be made", finish(t, asNobody(t, exec.Command("footfall", "site", "add", "new.example", "--data", "/proc/new"))))
	explained(t, "a file for a directory", finish(t, exec.Command("footfall", "site", "list", "--data", filepath.Join(h.data, "footfall.db"))))
	if os.Getuid() == 0 { // back to whom the rest of the test runs as
		os.Chown(h.data, 0, 0)
		os.Chown(filepath.Join(h.data, "footfall.db"), 0, 0)
	}
}

// TestPlacesForTheMemoryState: what is no memory is refused where it was asked for.
func TestPlacesForTheMemoryState(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("state.example", "UTC")
	disk := t.TempDir()
	for what, dir := range map[string]string{"a directory on a disk": disk, "a directory that cannot be made": "/proc/state"} {
		_, err := h.tryServe("--state-dir", dir)
		if err == nil || !strings.Contains(err.Error(), "exit 1\n") || !strings.Contains(err.Error(), "hint: --state-dir") {
			t.Errorf("%s for the memory state: %v; want exit 1, a line, and a hint about --state-dir", what, err)
		}
	}
	if left := files(t, disk); len(left) > 0 {
		t.Errorf("the disk has %d files of a memory state", len(left))
	}
	// A server that runs keeps others out of its state.
	s := h.serve()
	other := install(t)
	other.addSite("other.example", "UTC")
	other.state = h.state
	second := other.serve() // another installation has its own place there
	visitTwice(s, "state.example")
	visitTwice(second, "other.example")
	s.stop()
	second.stop()
}

// TestARestoredDatabaseDoesNotMeetTheMemoryOfAnother: what happened after the
// backup is gone, and nothing is counted twice.
func TestARestoredDatabaseDoesNotMeetTheMemoryOfAnother(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("restored.example", noonZone(), "floor=1")
	token := h.token()
	s := h.serve("--commit-interval", "20ms")
	visitTwice(s, "restored.example")
	s.stop()
	copied := filepath.Join(t.TempDir(), "copy")
	h.must("backup", copied)
	s = h.serve("--commit-interval", "20ms")
	s.token = token
	for i := range 5 {
		s.count(fmt.Sprintf("198.51.100.%d", i), browsers[0], view("https://restored.example/later"))
	}
	eventually(t, "later visitors are committed", func() bool { return h.storedVisitors("restored.example") == 7 })
	s.kill()
	h.must("restore", copied)
	s = h.serve("--commit-interval", "20ms")
	s.token = token
	if got := fmt.Sprint(s.today("restored.example")); got != "[2 2 3 4]" {
		t.Errorf("after a restore: visitors, visits, pageviews, events are %s, want those of the backup: [2 2 3 4]", got)
	}
	s.count("198.51.100.7", browsers[0], view("https://restored.example/"))
	s.stop()
	if got := h.storedVisitors("restored.example"); got != 3 {
		t.Errorf("%d visitors are on disk, want the backup's 2 and the one after it", got)
	}
}

func TestListeningWhereItCannotBe(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("listen.example", "UTC")
	for _, address := range []string{"nonsense", "127.0.0.1", "127.0.0.1:99999", "203.0.113.1:8080", "127.0.0.1:http:x"} {
		if _, err := h.tryServe("--listen", address); err == nil || !strings.Contains(err.Error(), "exit 1\n") || !strings.Contains(err.Error(), "hint: choose another address") {
			t.Errorf("--listen %s: %v; want exit 1, a line and a hint", address, err)
		}
	}
	for _, flags := range [][]string{{"--geoip", "/nothing.mmdb"}, {"--trusted-proxies", "everyone"}, {"--geoip", filepath.Join(h.data, "footfall.db")}} {
		if _, err := h.tryServe(flags...); err == nil || !strings.Contains(err.Error(), "exit 1\n") || !strings.Contains(err.Error(), "hint: "+flags[0]) {
			t.Errorf("%v: %v; want exit 1, a line, and a hint about the flag", flags, err)
		}
	}
}
