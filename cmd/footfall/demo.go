package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"footfall/aggregate"
)

// demoDomain is the site of the demo. Nobody can own a name below .example.
const demoDomain = "demo.example"

// demoListen is the default address; where it is taken, any free port will do.
const demoListen = "127.0.0.1:8080"

type demoCmd struct {
	Listen   string `help:"Address to listen on; where the default is taken, a free port is chosen." default:"127.0.0.1:8080" placeholder:"ADDR"`
	GeoIP    string `name:"geoip" env:"FOOTFALL_GEOIP" help:"Country or city database (.mmdb); by default the made-up visitors have made-up places." placeholder:"FILE"`
	BasePath string `help:"Path under which everything is served, such as /stats." placeholder:"PATH"`
	Months   int    `help:"Months of history." default:"13" placeholder:"N"`
	LogLevel string `help:"How much is logged: debug, info, warn, error." default:"warn" enum:"debug,info,warn,error"`
	machines
}

func (c *demoCmd) Run(io *streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if c.Months < 0 {
		return hint(wrong("--months takes a number from 0 on, not %d", c.Months), "13 months show a whole year compared with the one before")
	}
	return c.run(ctx, io, time.Now)
}

// run is the whole demo, until ctx is done.
func (c *demoCmd) run(ctx context.Context, io *streams, clock func() time.Time) error {
	d, err := openDemo(c, io, clock)
	if err != nil {
		return err
	}
	return d.run(ctx)
}

// demo is a server on throw-away data, with a past and with visitors.
type demo struct {
	*Server
	dir     string
	cmd     *demoCmd
	streams *streams
	history *demoHistory
	crowd   *demoCrowd
}

// openDemo opens everything in a new directory; run removes it.
func openDemo(c *demoCmd, io *streams, clock func() time.Time) (d *demo, err error) {
	dir, err := os.MkdirTemp("", "footfall-demo-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	world, err := newDemoWorld(demoDomain)
	if err != nil {
		return nil, err
	}
	d = &demo{dir: dir, cmd: c, streams: io}
	if d.Server, err = openDemoServer(c, io, clock, dir); err != nil {
		return nil, err
	}
	if _, err = d.control.addSite(siteQuestion{Domain: demoDomain, Timezone: "UTC"}); err == nil {
		d.Server.demo, err = demoSite(demoDomain)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	now := clock()
	d.history = &demoHistory{world: world, today: aggregate.DayOf(now, time.UTC), level: demoLevel}
	d.crowd = newDemoCrowd(d.history, uint64(now.Unix()), now)
	return d, nil
}

// openDemoServer opens the server itself, on another port where need be.
func openDemoServer(c *demoCmd, io *streams, clock func() time.Time, dir string) (*Server, error) {
	flags := serverFlags{entranceFlags: entranceFlags{Listen: c.Listen}, StateDir: "none", CommitInterval: 10 * time.Second, TrustedProxies: "loopback", LocalAccess: true,
		GeoIP: c.GeoIP, BasePath: c.BasePath, LogLevel: c.LogLevel}
	if flags.GeoIP == "" {
		places, err := demoFiles.ReadFile("demo/places.mmdb")
		if err != nil {
			return nil, err
		}
		flags.GeoIP = filepath.Join(dir, "places.mmdb")
		if err := os.WriteFile(flags.GeoIP, places, 0o600); err != nil {
			return nil, err
		}
	}
	open := func() (*Server, error) {
		return OpenServer(serverOptions{data: filepath.Join(dir, "data"), flags: flags, clock: clock, log: io.err})
	}
	s, err := open()
	if c.Listen == demoListen && errors.Is(err, syscall.EADDRINUSE) {
		fmt.Fprintf(c.asides(io), "%s is taken; another port is used\n", demoListen)
		flags.Listen = "127.0.0.1:0"
		s, err = open()
	}
	return s, err
}

// demoFirst is how many days are imported before the addresses are printed: those
// that the dashboard shows first.
const demoFirst = 28

// run fills the site, serves it, and stops in order: first those who write, then
// the server, then everything is removed.
func (d *demo) run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, os.RemoveAll(d.dir)) }()
	first, oldest := d.history.today-demoFirst, d.history.today.AddMonths(-d.cmd.Months)
	first = max(first, oldest)
	counted, err := d.history.load(ctx, d.control, first, d.history.today-1)
	if ctx.Err() != nil {
		return d.Close() // ended before it began
	}
	if err != nil {
		return errors.Join(err, d.Close())
	}
	if err := d.greet(counted, first); err != nil {
		return errors.Join(err, d.Close())
	}
	work, stopWork := context.WithCancel(ctx)
	serve, stopServer := context.WithCancel(context.Background())
	defer stopServer()
	var wait sync.WaitGroup
	wait.Go(func() { d.fill(work, oldest, first-1, counted) })
	wait.Go(func() { d.visit(work) })
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-work.Done()
		wait.Wait()
		stopServer()
	}()
	err = d.Server.Run(serve)
	stopWork()
	<-stopped
	return err
}

// asides is where else something is said: machines are told one object.
func (c *demoCmd) asides(s *streams) io.Writer {
	if c.JSON {
		return s.err
	}
	return s.out
}

// greeting is what machines are told of a demo that has begun.
type greeting struct {
	started
	SampleSite string `json:"sample_site"`
	Since      string `json:"since"`
	Events     int    `json:"events"`
}

func (d *demo) greet(counted int, first aggregate.Day) error {
	g := greeting{started{Version: buildVersion().Version, Dashboard: d.URL() + demoDomain, Sites: 1}, d.URL() + demoPath[1:], first.String(), counted}
	return d.cmd.tell(d.streams.out, g, `footfall %s, a demo: made-up visitors, throw-away data

dashboard    %s
sample site  %s   (click around: you are counted too)

Since %s %d events are counted; what was before follows in the background.
Ctrl-C ends the demo and removes everything.
`, g.Version, g.Dashboard, g.SampleSite, g.Since, counted)
}

// fill imports the rest of the history month by month, the latest first; each is
// there as soon as it is whole.
func (d *demo) fill(ctx context.Context, oldest, last aggregate.Day, counted int) {
	for last >= oldest {
		first := max(oldest, last.Month())
		n, err := d.history.load(ctx, d.control, first, last)
		if err != nil {
			if ctx.Err() == nil {
				fmt.Fprintln(d.cmd.asides(d.streams), "the history could not be completed:", err)
			}
			return
		}
		counted, last = counted+n, first-1
	}
	fmt.Fprintf(d.cmd.asides(d.streams), "The whole history is in: %d events since %s.\n", counted, oldest)
}

// visit sends the crowd's beacons to the server as browsers behind a proxy would.
func (d *demo) visit(ctx context.Context) {
	client := &http.Client{Timeout: 10 * time.Second}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		now := d.clock()
		steps, next := d.crowd.due(now)
		for i := range steps {
			if err := d.send(ctx, client, &steps[i]); err != nil && ctx.Err() == nil {
				d.log.Warn("a visitor of the demo was not counted", "error", err)
			}
		}
		timer.Reset(max(10*time.Millisecond, next.Sub(d.clock())))
	}
}

func (d *demo) send(ctx context.Context, client *http.Client, s *demoStep) error {
	body, err := json.Marshal(&s.demoBeacon)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL()+"api/event", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/plain")
	req.Header.Set("User-Agent", s.who.agent)
	req.Header.Set("Accept-Language", s.who.language)
	req.Header.Set("X-Forwarded-For", s.who.addr.String())
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if reason := resp.Header.Get("X-Footfall-Dropped"); resp.StatusCode != http.StatusAccepted || reason != "" {
		return fmt.Errorf("answered %s %s", resp.Status, reason)
	}
	return err
}
