package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/aggregate/live"
	"footfall/ingest"
	"footfall/ingest/agent"
	"footfall/ingest/geo"
	"footfall/ingest/spam"
	"footfall/ingest/visitor"
	"footfall/snippet"
	"footfall/storage"
	"footfall/storage/volatile"
	"footfall/ui"
	"footfall/ui/account"
	"footfall/ui/account/provider"
	"footfall/ui/notify"
)

// Server is a running installation. Tests start the same one, on port 0.
type Server struct {
	flags serverFlags
	data  string
	clock func() time.Time
	log   *slog.Logger

	db     *storage.DB
	state  *volatile.State // nil: process memory only
	salts  *visitor.Salts
	places *geo.Places
	// networks are those of the operator's database; nil: none is known.
	networks *geo.Networks
	spam     *spam.List
	engine   *live.Engine
	asker    *ask.Asker
	book     *account.Book
	openID   *provider.Provider // nil: none is configured
	mail     *notify.Mail       // nil: none is sent
	door     *ingest.Door
	ui       *ui.UI
	control  *control
	socket   net.Listener
	beacons  string // the target of nearly all requests
	// demo answers the paths of the sample site; nil unless this is a demo.
	demo fasthttp.RequestHandler

	pulse  pulse
	keeper *notify.Keeper

	// certificates are nil without TLS; those who have no address of their own
	// have a nil listener.
	certificates                         *certificates
	entrances                            []*entrance
	listener, dashboard, plain, watchers net.Listener
}

// serverOptions are what a Server needs besides its flags.
type serverOptions struct {
	data  string
	flags serverFlags
	clock func() time.Time // nil = time.Now
	log   io.Writer
}

// OpenServer opens everything and listens: a taken port, an unreadable directory
// or a data file in use is an error here. Nothing is served before Run.
func OpenServer(o serverOptions) (*Server, error) {
	s := &Server{flags: o.flags, data: o.data, clock: o.clock, log: newLogger(o.log, o.flags.LogLevel)}
	if s.clock == nil {
		s.clock = time.Now
	}
	if err := s.open(); err != nil {
		s.release()
		return nil, err
	}
	return s, nil
}

func (s *Server) open() (err error) {
	if err := visitor.NoCoreDumps(); err != nil {
		s.log.Warn("core dumps could not be switched off", "error", err)
	}
	proxies, err := ingest.ParseProxies(s.flags.TrustedProxies)
	if err != nil {
		return hint(err, "--trusted-proxies takes networks such as 10.0.0.0/8, and loopback, private, none")
	}
	if err := s.flags.ownPathFlags.prove(); err != nil {
		return err
	}
	if err := proveAddresses(s.flags.BasePath, s.flags.PublicURL); err != nil {
		return err
	}
	if s.spam, err = openSpamList(s.flags.SpamList); err != nil {
		return err
	}
	if s.db, err = storage.Open(s.data, storage.Options{}); err != nil {
		return err
	}
	if err := s.openExports(); err != nil {
		return err
	}
	if err := s.openPlaces(); err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	if err = s.openEntrances(proxies); err != nil {
		return err
	}
	if s.openID, err = openProvider(&s.flags); err != nil {
		return err
	}
	if s.mail, err = openMail(&s.flags.noticeFlags); err != nil {
		return err
	}
	s.wire(proxies)
	s.openKeeper()
	return s.start()
}

// plain drops the address from a network error, which names it twice otherwise.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

func newLogger(w io.Writer, level string) *slog.Logger {
	if w == nil {
		return slog.New(slog.DiscardHandler)
	}
	var l slog.Level
	if l.UnmarshalText([]byte(level)) != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l}))
}

// openState finds a place in memory for what must survive the process. Only a
// directory that the operator has named must work; the default may be missing.
func (s *Server) openState() error {
	if s.flags.StateDir == "none" {
		return nil
	}
	state, err := volatile.Open(volatile.Options{Dir: s.flags.StateDir, DataDir: s.data, DatabaseID: s.db.ID(), Logger: s.log})
	switch {
	case err == nil:
		s.state = state
		return nil
	case s.flags.StateDir != "":
		return hint(err, "--state-dir takes a directory on tmpfs or ramfs (with swap: tmpfs mounted noswap), or none")
	case errors.Is(err, volatile.ErrLocked):
		return hint(err, "another server runs on this data; stop it first")
	}
	s.log.Warn("no memory state: a restart forgets who was counted today", "reason", err)
	return nil
}

// wire joins the rooms.
func (s *Server) wire(proxies ingest.Proxies) {
	zone := func(site aggregate.Site) *time.Location {
		settings, _ := s.db.Settings(site)
		return settings.Location()
	}
	blocks := &storedBlocks{DB: s.db}
	engine := live.Options{Clock: s.clock, Blocks: blocks, Settings: s.db.Settings, Definitions: s.db.Definitions, Log: s.log}
	salts := visitor.Options{Location: zone}
	if s.state != nil {
		engine.Journal, engine.Checkpoints = s.state, memoryState{s.state}
		salts.Store = saltStore{s.state}
	}
	s.engine = live.New(engine)
	s.salts = visitor.NewSalts(salts)
	s.asker = ask.New(ask.Options{Blocks: askedBlocks{s.db}, Open: s.engine, Settings: s.db.Settings, Definitions: s.db.Definitions, Clock: s.clock})
	blocks.ask = s.asker
	s.book = openBook(s.db, s.clock, nil)
	s.control = &control{db: s.db, book: s.book, blocks: blocks, engine: s.engine, asker: s.asker, salts: s.salts, places: s.places, spam: s.spam,
		clock: s.clock, log: s.log, url: s.URL()}

	clerk := ingest.NewClerk(s.salts, agent.NewParser(0), s.places)
	tokens := newTokenBook(s.db, s.clock)
	s.door = s.openDoor(clerk, proxies, tokens)
	s.control.door = s.door
	first := func(site aggregate.Site) (aggregate.Day, bool) {
		day, _, ok := askedBlocks{s.db}.Days(site)
		if open := s.engine.OpenDays(site); len(open) > 0 && (!ok || open[0] < day) {
			return open[0], true
		}
		return day, ok
	}
	goals := &goalBook{s.db, s.clock, s.engine}
	programs := s.openAPI(tokens, goals, first)
	s.ui = ui.New(ui.Options{Ask: s.asker, PropertyKeys: s.asker.PropertyKeys, Sites: siteKeeper{s.control}.Names, Settings: s.db.Settings, First: first, Unproxied: s.unproxied, Credits: s.credits, Called: s.places.Called,
		Annotations: s.db, Segments: s.db, Ledger: s.engine, Ledgers: ledgers{s.db, s.engine}, Gate: gate{s.db}, AddSite: siteKeeper{s.control}.Add,
		Strangers: s.engine.Strangers, Pinned: pinnedScript(), TagPaths: s.flags.tagPaths(), AddressHeader: s.flags.ClientIPHeader,
		Goals: goals, Ways: s.asker, Badge: s.openBadges(), Query: programs.Ask,
		API: programs.Serve, Keeper: siteKeeper{s.control}, TokenBook: tokens, NoticeBook: noticeBook{s.control},
		Access: ui.Access{Book: s.book, Provider: s.openID, Mail: s.teamMail(), Tokens: tokens, Local: s.flags.LocalAccess, Plain: s.flags.PlainSignIn,
			Hosts: []string{hostOf(s.flags.Listen)}, Trusted: trusts(proxies), Network: s.door.Network},
		Disclose: s.disclosure, Derive: s.derive,
		BasePath: s.flags.BasePath, PublicURL: s.flags.PublicURL, Clock: s.clock, Log: s.log})
	s.beacons = strings.TrimSuffix(s.flags.BasePath, "/") + "/api/event"
	s.serveEntrances()
}

// credits are for the data that places come from.
func (s *Server) credits() (all []ui.Credit) {
	for _, c := range s.places.Credits() {
		all = append(all, ui.Credit{Text: c.Text, URL: c.URL})
	}
	return all
}

func pinnedScript() (p ui.PinnedScript) {
	p.Path, p.Integrity = snippet.Versioned()
	return p
}

func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

// unproxied reports whether a proxy seems to keep the addresses of a site's visitors
// to itself: only the operator can mend that.
func (s *Server) unproxied(site aggregate.Site) bool {
	return slices.ContainsFunc(s.door.Unproxied(), func(u ingest.Unproxied) bool { return u.Site == site })
}

// start brings back what the last process left, then opens the control socket.
func (s *Server) start() error {
	if _, err := s.salts.Restore(s.clock()); err != nil {
		s.log.Warn("the salts of the last run could not be read; returning visitors are counted again", "error", err)
	}
	if err := s.engine.Restore(); err != nil {
		if s.flags.StateDir != "" {
			return hint(err, "make room on the file system of --state-dir, or use --state-dir none")
		}
		s.log.Warn("the memory state does not work; a restart forgets who was counted today", "error", err)
	}
	if status := s.salts.Status(); status.Unlocked != nil {
		s.log.Warn("salts could not be locked in memory; raise the limit of locked memory (ulimit -l)", "error", status.Unlocked)
	}
	if swap, err := volatile.SwapActive(); err == nil && swap && s.state == nil && s.flags.StateDir != "none" {
		s.log.Warn("swap is active: switch it off, or give --state-dir a tmpfs that is mounted noswap")
	}
	var err error
	if s.socket, err = listenControl(s.data); err != nil {
		s.log.Warn("no control socket: other commands cannot talk to this server", "error", err)
	}
	return nil
}

// route sends a request to the room that answers it.
func (s *Server) route(ctx *fasthttp.RequestCtx) {
	// Nearly all requests are beacons: their target is compared as it came, which
	// needs neither a parsed address nor a copy of it.
	if string(ctx.Request.Header.RequestURI()) == s.beacons {
		s.door.ServeEvent(ctx)
		return
	}
	if !s.serveSites(ctx, s.inside(ctx)) {
		s.serveTeam(ctx)
	}
}

// routeVisitors is route without what is the team's.
func (s *Server) routeVisitors(ctx *fasthttp.RequestCtx) {
	path := s.inside(ctx)
	switch {
	case s.serveSites(ctx, path):
	case ui.ForVisitors(path):
		s.serveTeam(ctx)
	default:
		ctx.Error("There is nothing here.\n", fasthttp.StatusNotFound)
	}
}

// inside is a request's path below the base path.
func (s *Server) inside(ctx *fasthttp.RequestCtx) string {
	path := string(ctx.Path())
	if base := strings.TrimSuffix(s.flags.BasePath, "/"); base != "" {
		rest, ok := strings.CutPrefix(path, base)
		if ok && (rest == "" || rest[0] == '/') {
			return rest
		}
	}
	return path
}

// serveSites answers what websites and their visitors' browsers call.
func (s *Server) serveSites(ctx *fasthttp.RequestCtx, path string) bool {
	switch {
	case path == "/api/event":
		s.door.ServeEvent(ctx)
	case path == "/pixel.gif":
		s.door.ServePixel(ctx)
	case path == "/count":
		s.door.ServeCount(ctx)
	case path == "/api/send":
		s.door.ServeSend(ctx)
	case path == healthPath, path == livePath:
		s.serveHealth(ctx, path)
	case s.serveOwnPaths(ctx, path):
	case snippet.Match(path):
		s.serveScript(ctx, strings.TrimPrefix(path, "/js/"))
	case s.demo != nil && (strings.HasPrefix(path, demoPath) || path+"/" == demoPath):
		s.demo(ctx)
	default:
		return false
	}
	return true
}

// isOpen reports whether pages of every site may read what is answered to a
// request: beacons and scripts are theirs.
func (s *Server) isOpen(ctx *fasthttp.RequestCtx) bool {
	switch path := s.inside(ctx); path {
	case "/api/event", "/count", "/api/send":
		return true
	default:
		return s.flags.isOwnPath(path) || snippet.Match(path)
	}
}

// serveTeam answers what the team calls: the dashboard and the APIs.
func (s *Server) serveTeam(ctx *fasthttp.RequestCtx) {
	strict(ctx)
	s.ui.Serve(ctx)
}

// stopGrace is how long requests that are under way may take when the server
// stops. What stops containers kills them after ten seconds, and by then everything
// has to be committed: a sender that dawdles does not decide about that.
const stopGrace = 4 * time.Second

// Run serves until ctx is done or a part fails, then stops in order: no more
// requests, no more background work, everything committed.
func (s *Server) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	ended := make(chan error, 16) // more than there are actors
	actor := func(run func() error) { wg.Go(func() { ended <- guarded(run) }) }
	for _, e := range s.entrances {
		actor(func() error { return e.http.Serve(e.listener) })
	}
	if s.socket != nil {
		actor(func() error { return s.control.serve(ctx, s.socket) })
	}
	for _, work := range []func(context.Context){s.commitLoop, s.checkpointLoop, s.mendLoop, s.housekeeping, s.placesLoop, s.certificates.watch, s.noticeLoop, s.exportLoop} {
		actor(func() error { work(ctx); return nil })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	s.pulse.stopping.Store(true)
	grace, cancel := context.WithTimeout(context.Background(), stopGrace)
	defer cancel()
	var shut sync.WaitGroup
	for _, e := range s.entrances {
		shut.Go(func() {
			if err := e.http.ShutdownWithContext(grace); err != nil {
				s.log.Warn("some requests did not end in time", "error", err)
			}
			e.listener.Close() // a stop may come before Serve, which would serve for ever
		})
	}
	shut.Wait()
	stop()
	wg.Wait()
	return errors.Join(err, s.Close())
}

// Close commits everything and lets go. Run calls it. Without salts no beacon is
// counted any more: one that dawdled through the grace is answered 503, not 202.
func (s *Server) Close() error {
	err := errors.Join(s.salts.Close(), s.lastCommit())
	s.release()
	return err
}

// lastCommit writes what is in memory. With a memory state the days stay open for
// the next process; without one, their links so far are written too.
func (s *Server) lastCommit() error {
	if s.engine == nil {
		return nil
	}
	if s.state == nil || !s.engine.Journaling() {
		_, err := s.engine.CloseAll()
		return err
	}
	_, err := s.engine.Commit(true)
	return errors.Join(err, s.engine.Checkpoint())
}

// release closes what is open, in the reverse order of opening.
func (s *Server) release() {
	logged := func(what string, err error) {
		if err != nil {
			s.log.Error("closing "+what, "error", err)
		}
	}
	if s.socket != nil {
		s.socket.Close() // closed already after a Run
		os.Remove(s.socket.Addr().String())
		os.Remove(filepath.Dir(s.socket.Addr().String())) // where it is the socket's own; a data directory is not empty
	}
	for _, e := range s.entrances {
		e.listener.Close() // likewise
	}
	if s.salts != nil {
		logged("the salts", s.salts.Close())
	}
	if s.state != nil {
		logged("the memory state", s.state.Close())
	}
	logged("the database of places", s.places.Close())
	logged("the database of networks", s.networks.Close())
	if s.db != nil {
		logged("the database", s.db.Close())
	}
}
