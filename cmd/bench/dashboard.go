package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/andybalholm/brotli"

	"footfall/cmd/bench/stream"
)

const (
	mostTransfer = 120 // KB
	mostOpening  = 300 // milliseconds
)

// fetcher asks as a browser does, and counts what comes over the wire, headers
// included.
type fetcher struct {
	client http.Client
	read   atomic.Int64
}

func newFetcher() *fetcher {
	f := &fetcher{}
	f.client.Transport = &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return counted{conn, &f.read}, err
	}}
	return f
}

type counted struct {
	net.Conn
	read *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// get returns the text of an address.
func (f *fetcher) get(addr string) (string, error) {
	req, err := http.NewRequest("GET", addr, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept-Encoding", "gzip, deflate, br")
	resp, err := f.client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s is answered %s", addr, resp.Status)
	}
	var body io.Reader = resp.Body
	if encoding := resp.Header.Get("Content-Encoding"); encoding == "br" {
		body = brotli.NewReader(body)
	} else if encoding != "" {
		return "", fmt.Errorf("%s is sent as %s, want br", addr, encoding)
	}
	text, err := io.ReadAll(body)
	return string(text), err
}

// parts are what a page, a style sheet or a module asks a browser to fetch by
// itself; links for people to follow are not among them.
var parts = regexp.MustCompile(`<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\bsrc="([^"]+)"` +
	`|<link\b[^>]*?\bhref="([^"]+)"|<use\b[^>]*?\bhref="([^"#]+)#|\burl\(['"]?([^'")]+)|(?:^|[\s;}])(?:from|import)\s*\(?['"]([^'"]+)['"]`)

// measureDashboard loads a site's page with everything that belongs to it.
func measureDashboard(b *bench) error {
	dir, _, err := b.yearDir()
	if err != nil {
		return err
	}
	p, err := b.serve(dir)
	if err != nil {
		return err
	}
	f := newFetcher()
	page := "http://" + p.addr + "/" + stream.Site
	queue, seen, foreign := []string{page}, map[string]bool{page: true}, []string{}
	for len(queue) > 0 {
		addr := queue[0]
		queue = queue[1:]
		text, err := f.get(addr)
		if err != nil {
			return err
		}
		base, err := url.Parse(addr)
		if err != nil {
			return err
		}
		for _, found := range parts.FindAllStringSubmatch(text, -1) {
			ref, err := base.Parse(strings.Join(found[1:], ""))
			if err != nil || ref.Scheme == "data" || ref.Fragment != "" || seen[ref.String()] {
				continue
			}
			seen[ref.String()] = true
			if ref.Host != base.Host {
				foreign = append(foreign, ref.Host)
				continue
			}
			queue = append(queue, ref.String())
		}
	}
	figure := atMost("KB for the dashboard's first view, compressed", float64(f.read.Load())/1000, mostTransfer, "%.1f")
	figure.note = fmt.Sprintf("%d requests", len(seen)-len(foreign))
	b.report(figure)
	hosts := atMost("requests of the first view to other hosts", float64(len(foreign)), 0, "%.0f")
	hosts.cap, hosts.note = "none", strings.Join(foreign, " ")
	b.report(hosts)
	if err := measureOpening(b, f, page); err != nil {
		return err
	}
	return p.stop()
}

// measureOpening asks for the page with 12 months on it, as somebody does who opens it:
// once with nothing read before, and then when it is no longer kept.
func measureOpening(b *bench, f *fetcher, page string) error {
	open := func(figure string) (float64, error) {
		return timed(func() error { _, err := f.get(page + "?period=12mo&compare=year&metric=" + figure); return err })
	}
	cold, err := open("visits")
	if err != nil {
		return err
	}
	var times []float64
	for _, figure := range []string{"pageviews", "views_per_visit", "bounce_rate", "visit_duration", "time_on_page", "scroll_depth"} {
		took, err := open(figure) // another page each time: none is kept
		if err != nil {
			return err
		}
		times = append(times, took)
	}
	opening := atMost("ms to open 12 months, 2,000 pages a day, against the year before", median(times), mostOpening, "%.0f")
	opening.note = fmt.Sprintf("cold %.0f, slowest %.0f", cold, highest(times))
	b.report(opening)
	return nil
}
