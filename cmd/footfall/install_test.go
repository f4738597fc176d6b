//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes this test binary the command footfall too: where it is called by
// that name it is the product. TestMain puts it into the path.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"footfall": main})
}

// patience is how long anything may take before a test gives up on it.
const patience = 30 * time.Second

// installation is one installation: its directories and the commands that work on them.
type installation struct {
	t     testing.TB
	data  string
	state string // on the memory file system
	env   []string
	// broken is set by tests that damage the data, which are not checked then.
	broken bool
}

// install makes an empty one. When the test ends its data is proved by check and
// audit.
func install(t testing.TB) *installation {
	t.Helper()
	h := &installation{t: t, data: filepath.Join(t.TempDir(), "data"), state: memoryDir(t)}
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(h.data, "footfall.db")); err == nil && !h.broken {
			h.proveData()
		}
	})
	return h
}

// memoryDir is a directory of the test's own on a memory file system.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "footfall-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// proveData runs check and audit, which must have no objection.
func (h *installation) proveData() {
	h.t.Helper()
	for _, command := range []string{"check", "audit"} {
		r := h.try(command, "--json")
		var found struct{ Violations []string }
		err := json.Unmarshal([]byte(r.out), &found)
		if r.code != fine || err != nil || len(found.Violations) > 0 {
			h.t.Errorf("footfall %s: exit %d, want 0 and no violations\n%s%s", command, r.code, strings.Join(found.Violations, "\n"), r.err)
		}
	}
}

func (h *installation) command(args ...string) *exec.Cmd {
	cmd := exec.Command("footfall", append(args, "--data", h.data)...)
	cmd.Env = append(os.Environ(), h.env...)
	return cmd
}

// result is what became of a command.
type result struct {
	out, err string
	code     int
}

func (h *installation) try(args ...string) result {
	h.t.Helper()
	return h.tryWith(nil, args...)
}

func (h *installation) tryWith(stdin io.Reader, args ...string) result {
	h.t.Helper()
	cmd := h.command(args...)
	cmd.Stdin = stdin
	return finish(h.t, cmd)
}

// finish runs a command to its end.
func finish(t testing.TB, cmd *exec.Cmd) result {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(2*patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// must runs a command that has to succeed, and returns its output.
func (h *installation) must(args ...string) string {
	h.t.Helper()
	r := h.try(args...)
	if r.code != fine {
		h.t.Fatalf("footfall %s: exit %d, want 0\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r.out
}

// addSite adds a site and changes settings of it.
func (h *installation) addSite(domain, zone string, settings ...string) {
	h.t.Helper()
	h.must("site", "add", domain, "--timezone", zone)
	if len(settings) > 0 {
		h.must(append([]string{"site", "set", domain}, settings...)...)
	}
}

func (h *installation) token() string {
	h.t.Helper()
	return strings.TrimSpace(h.must("token", "add", "tests"))
}

// buffer is written by one goroutine and read by others.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// server is a running "footfall serve".
type server struct {
	t      testing.TB
	home   *installation
	cmd    *exec.Cmd
	url    string // without the slash at its end
	out    buffer
	log    buffer
	exited chan struct{}
	client *http.Client
	token  string
}

// serve starts the server on a port of its own and waits until it has said where
// it is. It is killed when the test ends, if it still runs then.
func (h *installation) serve(flags ...string) *server {
	h.t.Helper()
	s, err := h.tryServe(flags...)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// tryServe is serve for servers that may fail to start.
func (h *installation) tryServe(flags ...string) (*server, error) {
	h.t.Helper()
	// Most tests are about figures, not about who may see them: those that are take the
	// local access back. The last of equal flags wins.
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--state-dir", h.state, "--local-access"}, flags...)
	s := &server{t: h.t, home: h, cmd: h.command(args...), exited: make(chan struct{}),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: patience}}
	s.cmd.Stderr = &s.log
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	address := make(chan string, 1)
	go s.read(stdout, address)
	h.t.Cleanup(func() {
		s.kill()
		if h.t.Failed() {
			h.t.Logf("the server's log:\n%s", last(s.log.String(), 4000))
		}
	})
	select {
	case s.url = <-address:
	case <-time.After(patience):
		s.kill()
	}
	if s.url == "" {
		<-s.exited
		return nil, fmt.Errorf("the server did not start: exit %d\n%s%s", s.cmd.ProcessState.ExitCode(), s.out.String(), s.log.String())
	}
	return s, nil
}

// read copies the server's output and looks for its address in it, until it ends.
func (s *server) read(stdout io.Reader, address chan<- string) {
	lines := bufio.NewScanner(io.TeeReader(stdout, &s.out))
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "dashboard  "); ok {
			select {
			case address <- strings.TrimSuffix(url, "/"):
			default: // said already
			}
		}
	}
	s.cmd.Wait()
	close(s.exited)
	select {
	case address <- "":
	default:
	}
}

func last(s string, n int) string { return s[max(0, len(s)-n):] }

func (s *server) kill() {
	s.cmd.Process.Kill() // an error means that it has ended
	<-s.exited
	s.client.CloseIdleConnections()
}

// stop ends the server as an operator does. It must exit 0.
func (s *server) stop() {
	s.t.Helper()
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.kill()
		s.t.Fatal("the server did not stop after SIGTERM")
	}
	if code := s.cmd.ProcessState.ExitCode(); code != fine {
		s.t.Errorf("stopped by SIGTERM: exit %d, want 0\n%s", code, last(s.log.String(), 4000))
	}
	s.client.CloseIdleConnections()
}

// browsers are agents of real browsers.
var browsers = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
}

// beacon is one event on its way to the server. Keys are those of the wire.
type beacon map[string]any

// view is a pageview.
func view(url string) beacon { return beacon{"n": "pageview", "u": url, "d": hostOfURL(url)} }

func hostOfURL(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// with is the beacon with more keys: key, value, key, value.
func (b beacon) with(pairs ...any) beacon {
	c := beacon{}
	for k, v := range b {
		c[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i].(string)] = pairs[i+1]
	}
	return c
}

// reply is an HTTP answer.
type reply struct {
	status int
	header http.Header
	body   string
}

// dropped is the reason for which a beacon was not counted.
func (r reply) dropped() string { return r.header.Get("x-footfall-dropped") }

// send sends a beacon as a visitor behind the loopback proxy does. headers are
// name, value, name, value.
func (s *server) send(ip, agent string, b beacon, headers ...string) reply {
	s.t.Helper()
	r, err := s.trySend(ip, agent, b, headers...)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *server) trySend(ip, agent string, b beacon, headers ...string) (reply, error) {
	body, err := json.Marshal(b)
	if err != nil {
		return reply{}, err
	}
	return s.do("POST", "/api/event", bytes.NewReader(body),
		append([]string{"User-Agent", agent, "X-Forwarded-For", ip, "Content-Type", "text/plain"}, headers...)...)
}

// count sends a beacon that has to be counted.
func (s *server) count(ip, agent string, b beacon, headers ...string) {
	s.t.Helper()
	if r := s.send(ip, agent, b, headers...); r.status != http.StatusAccepted || r.dropped() != "" {
		s.t.Fatalf("%v: answered %d %q, dropped as %q; want 202 and counted", b, r.status, r.body, r.dropped())
	}
}

// do makes any request.
func (s *server) do(method, path string, body io.Reader, headers ...string) (reply, error) {
	q, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		return reply{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.client.Do(q)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(text)}, err
}

// query is a question to the stats API.
type query struct {
	Site       string   `json:"site_id"`
	Metrics    []string `json:"metrics"`
	DateRange  any      `json:"date_range"`
	Dimensions []string `json:"dimensions,omitempty"`
	Filters    []any    `json:"filters,omitempty"`
}

// is is a filter of one value.
func is(dimension, value string) any { return []any{"is", dimension, []string{value}} }

// queryAnswer is the answer to a query.
type queryAnswer struct {
	Results []struct {
		Dimensions []string   `json:"dimensions"`
		Metrics    []*float64 `json:"metrics"`
	} `json:"results"`
	Meta struct {
		Hidden   json.RawMessage            `json:"hidden"`
		Warnings map[string]json.RawMessage `json:"metric_warnings"`
		Lossy    []string                   `json:"lossy_days"`
	} `json:"meta"`
	Error string `json:"error"`
}

// rows are the answer's rows by their labels, joined by a bar.
func (r queryAnswer) rows() map[string][]*float64 {
	rows := map[string][]*float64{}
	for _, row := range r.Results {
		rows[strings.Join(row.Dimensions, " | ")] = row.Metrics
	}
	return rows
}

// ask puts a query with a token; the status is that of the answer.
func (s *server) ask(q query) (queryAnswer, int) {
	s.t.Helper()
	body, err := json.Marshal(q)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.token == "" {
		s.token = s.home.tokenOf()
	}
	answer, err := s.do("POST", "/api/v2/query", bytes.NewReader(body), "Authorization", "Bearer "+s.token)
	if err != nil {
		s.t.Fatal(err)
	}
	var r queryAnswer
	if err := json.Unmarshal([]byte(answer.body), &r); err != nil {
		s.t.Fatalf("query answered %d %q: %v", answer.status, answer.body, err)
	}
	return r, answer.status
}

// tokenOf makes a token under a name of its own.
func (h *installation) tokenOf() string {
	h.t.Helper()
	return strings.TrimSpace(h.must("token", "add", fmt.Sprintf("tests %d", time.Now().UnixNano())))
}

// numbers asks for one row of numbers. Null is -1.
func (s *server) numbers(q query) []float64 {
	s.t.Helper()
	r, status := s.ask(q)
	if status != http.StatusOK {
		s.t.Fatalf("%+v: answered %d %q, want 200", q, status, r.Error)
	}
	if len(r.Results) != 1 {
		s.t.Fatalf("%+v: %d rows, want 1", q, len(r.Results))
	}
	return plainNumbers(r.Results[0].Metrics)
}

func plainNumbers(metrics []*float64) []float64 {
	numbers := make([]float64, len(metrics))
	for i, m := range metrics {
		if numbers[i] = -1; m != nil {
			numbers[i] = *m
		}
	}
	return numbers
}

// today are visitors, visits, pageviews and events of a site's current day.
func (s *server) today(site string) []float64 {
	s.t.Helper()
	return s.numbers(query{Site: site, Metrics: []string{"visitors", "visits", "pageviews", "events"}, DateRange: "day"})
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("it never came true that %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// noonZone is a zone in which it is about noon now, so that no test of today is
// cut in two by a midnight.
func noonZone() string {
	switch offset := 12 - time.Now().UTC().Hour(); {
	case offset > 0:
		return fmt.Sprintf("Etc/GMT-%d", offset) // POSIX counts westwards
	case offset < 0:
		return fmt.Sprintf("Etc/GMT+%d", -offset)
	}
	return "UTC"
}

// files are the contents of all files below a directory.
func files(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		all[path], err = os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // a file of a running server
			delete(all, path)
			return nil
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

// prints are the files below a directory with what tells their contents apart.
func prints(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, content := range files(t, dir) {
		all[name] = fmt.Sprintf("%d bytes %x", len(content), sha256.Sum256(content))
	}
	return all
}

// freePort is an address that nobody listens on, for now.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
