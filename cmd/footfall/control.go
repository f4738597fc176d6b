package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"footfall/aggregate/ask"
	"footfall/aggregate/live"
	"footfall/ingest"
	"footfall/ingest/geo"
	"footfall/ingest/spam"
	"footfall/ingest/visitor"
	"footfall/storage"
	"footfall/ui/account"
	"footfall/ui/notify"
)

// control does the work of the commands that need the data. A running server
// offers it on a socket in the data directory, where only its owner gets in.
// Where no server runs, the command opens the database and talks to a control of
// its own: there is one way to do each thing.
//
// The protocol is HTTP with JSON, between equal versions of this program only.
type control struct {
	db     *storage.DB
	book   *account.Book
	blocks *storedBlocks
	engine *live.Engine   // nil: no server
	asker  *ask.Asker     // nil: no server
	salts  *visitor.Salts // nil: no server
	door   *ingest.Door   // nil: no server
	places *geo.Places
	spam   *spam.List     // nil: the built-in one
	keeper *notify.Keeper // nil: no server
	mails  bool           // notices can go by mail
	clock  func() time.Time
	log    *slog.Logger
	url    string // of the running server
}

// committer numbers the commits of whoever writes besides the engine.
func (c *control) committer() *live.Committer {
	if c.engine != nil {
		return c.engine.Committer()
	}
	return live.NewCommitter(c.blocks)
}

// socketName is the socket in the data directory.
const socketName = "control.sock"

// maxSocketPath is what the system allows for the path of a socket, less a bit.
const maxSocketPath = 100

// socketPath is where the server of a data directory listens: in the directory,
// or in a directory of its own beside the memory state where that path would be
// too long for a socket.
func socketPath(data string) (string, error) {
	abs, err := filepath.Abs(data)
	if err != nil {
		return "", err
	}
	if path := filepath.Join(abs, socketName); len(path) <= maxSocketPath {
		return path, nil
	}
	base := "/dev/shm"
	if _, err := os.Stat(base); err != nil {
		base = os.TempDir()
	}
	sum := sha256.Sum256([]byte(abs))
	return filepath.Join(base, fmt.Sprintf("footfall-control-%d-%x", os.Getuid(), sum[:8]), socketName), nil
}

// private makes sure that a directory is a real one that only its owner enters.
func private(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not a private directory", dir)
	}
	return os.Chmod(dir, 0o700) // #nosec G302 -- a directory; fails for another owner
}

// listenControl opens the socket. The caller holds the database's lock, so that a
// socket that is there already was left behind.
func listenControl(data string) (net.Listener, error) {
	path, err := socketPath(data)
	if err != nil {
		return nil, err
	}
	if dir := filepath.Dir(path); filepath.Base(dir) != filepath.Base(data) {
		if err := private(dir); err != nil {
			return nil, err
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(path, 0o600)
}

// serve answers commands until ctx is done.
func (c *control) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: c.routes(), ErrorLog: slog.NewLogLogger(c.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (c *control) routes() http.Handler {
	mux := http.NewServeMux()
	handle(mux, "/site/add", noted(c, "site.add", c.addSite, aboutSite))
	handle(mux, "/site/list", c.listSites)
	handle(mux, "/site/remove", noted(c, "site.delete", c.removeSite, aboutSite))
	handle(mux, "/site/reset", noted(c, "site.reset", c.resetSite, aboutReset))
	handle(mux, "/site/set", noted(c, "setting", c.setSite, aboutSettings))
	handle(mux, "/token/add", noted(c, "token.add", c.addToken, aboutToken))
	handle(mux, "/goal/add", noted(c, "goal.add", c.addGoal, aboutGoal))
	handle(mux, "/goal/list", c.listGoals)
	handle(mux, "/goal/remove", noted(c, "goal.end", c.removeGoal, aboutGoal))
	handle(mux, "/token/list", c.listTokens)
	handle(mux, "/token/remove", noted(c, "token.end", c.removeToken, aboutToken))
	handle(mux, "/user/add", noted(c, "account.add", c.addUser, aboutUser))
	handle(mux, "/user/list", c.listUsers)
	handle(mux, "/user/password", noted(c, "password", c.setUserPassword, aboutUser))
	handle(mux, "/user/remove", noted(c, "account.end", c.removeUser, aboutUser))
	handle(mux, "/import/list", c.listImports)
	handle(mux, "/import/remove", c.removeImport)
	handle(mux, "/import/finish", c.finishImport)
	mux.HandleFunc("/import/read", c.readImport)
	mux.HandleFunc("/import/follow", c.follow)
	handle(mux, "/export/name", c.exportName)
	mux.HandleFunc("/export", c.export)
	handle(mux, "/notice/add", noted(c, "notice.add", c.addNotice, aboutNotice))
	handle(mux, "/notice/list", c.listNotices)
	handle(mux, "/notice/remove", noted(c, "notice.end", c.removeNotice, c.aboutNoticeID))
	handle(mux, "/notice/try", c.tryNotice)
	handle(mux, "/notice/sample", c.sampleNotice)
	handle(mux, "/compact", c.compact)
	handle(mux, "/check", c.check)
	handle(mux, "/audit", c.audit)
	handle(mux, "/status", func(struct{}) (statusReply, error) { return statusReply{c.url}, nil })
	mux.HandleFunc("/backup", c.backup)
	return mux
}

type statusReply struct {
	URL string `json:"url"`
}

// failure is an error on its way over the socket.
type failure struct {
	Error string `json:"error"`
	Hint  string `json:"hint"`
}

// handle registers a function from one JSON value to another.
func handle[Q, A any](mux *http.ServeMux, path string, do func(Q) (A, error)) {
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		var q Q
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			refuse(w, fmt.Errorf("the command does not fit the running server: %w", err))
			return
		}
		answer, err := do(q)
		if err != nil {
			refuse(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		printJSON(w, answer)
	})
}

func refuse(w http.ResponseWriter, err error) {
	f := failure{Error: err.Error(), Hint: advice(err)}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnprocessableEntity)
	printJSON(w, f)
}

// client talks to a control.
type client struct {
	http    *http.Client
	running bool // to that of a running server
	close   func()
}

// need says what a command wants of the data directory.
type need int

const (
	toRead   need = iota // an existing database; nothing is written
	toWrite              // an existing database
	toCreate             // a database, made if there is none
)

// errNoServer is returned where only a running server could do something.
var errNoServer = errors.New("no server runs on this data")

// connectRunning finds the running server of a data directory, or returns
// errNoServer.
func connectRunning(data string) (*client, error) {
	path, err := socketPath(data)
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	conn, err := dial(context.Background(), "", "")
	if err != nil {
		return nil, errNoServer
	}
	conn.Close()
	transport := &http.Transport{DialContext: dial}
	return &client{http: &http.Client{Transport: transport}, running: true, close: transport.CloseIdleConnections}, nil
}

// connect finds the running server of a data directory, or opens its database.
func connect(data string, n need) (*client, error) {
	remote, err := connectRunning(data)
	if !errors.Is(err, errNoServer) {
		return remote, err
	}
	if n == toWrite {
		if _, err := os.Stat(filepath.Join(data, storage.FileName)); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w in %s", storage.ErrMissing, data)
		}
	}
	db, err := storage.Open(data, storage.Options{ReadOnly: n == toRead})
	if err != nil {
		return nil, err
	}
	c := &control{db: db, book: openBook(db, time.Now, nil), blocks: &storedBlocks{DB: db}, places: new(geo.Places), clock: time.Now, log: slog.New(slog.DiscardHandler)}
	l := newPipeListener()
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() { defer close(served); c.serve(ctx, l) }()
	return &client{http: &http.Client{Transport: &http.Transport{DialContext: l.dial}}, close: func() {
		stop()
		<-served
		db.Close()
	}}, nil
}

// call sends a question and reads the answer.
func (c *client) call(path string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	return c.stream(path, bytes.NewReader(body), answer)
}

// stream is call with a body of any kind. answer may be an io.Writer.
func (c *client) stream(path string, body io.Reader, answer any) error {
	resp, err := c.http.Post("http://footfall"+path, "application/octet-stream", body)
	if err != nil {
		return fmt.Errorf("the running server does not answer: %w", errors.Unwrap(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var f failure
		if json.NewDecoder(resp.Body).Decode(&f) != nil || f.Error == "" {
			return hint(fmt.Errorf("the running server answered %s", resp.Status), "is it of the same version as this command?")
		}
		return hint(errors.New(f.Error), "%s", f.Hint)
	}
	if w, ok := answer.(io.Writer); ok {
		_, err = io.Copy(w, resp.Body)
		return err
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}

// askOnce is connect, call and close in one.
func askOnce[A any](data string, n need, path string, question any) (answer A, err error) {
	c, err := connect(data, n)
	if err != nil {
		return answer, err
	}
	defer c.close()
	err = c.call(path, question, &answer)
	return answer, err
}

// pipeListener connects a client and a server in one process.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{make(chan net.Conn), make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.conns <- there:
		return here, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
