package ingest

import (
	"hash/maphash"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// DefaultPeers is how many connections one network may hold: an IPv4 address, or the
// /64 of an IPv6 one. A whole office, or a carrier's customers, may come by one; but
// nobody takes all of the server's connections alone.
const DefaultPeers = 4096

// peers is a listener that ends connections at once that are one network's beyond so
// many. It counts them by a keyed hash whose key is made when the process starts: no
// address is remembered, and of what is closed nothing.
type peers struct {
	net.Listener
	most   int
	exempt []Proxies
	logger *slog.Logger
	seed   maphash.Seed

	mu   sync.Mutex // protects the rest
	open map[uint64]int
	told time.Time // when the log last heard of it
}

// LimitPeers limits the connections of every network on a listener. It must be the
// one that accepts from the network itself. Proxies and balancers, this machine and
// private networks have no limit: they speak for others.
func LimitPeers(l net.Listener, most int, logger *slog.Logger, exempt ...Proxies) net.Listener {
	return &peers{Listener: l, most: most, exempt: exempt, logger: logger, seed: maphash.MakeSeed(), open: map[uint64]int{}}
}

// Accept waits for a connection that is not one too many.
func (p *peers) Accept() (net.Conn, error) {
	for {
		conn, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		addr := peerAddr(conn.RemoteAddr())
		if isNearby(addr) || slices.ContainsFunc(p.exempt, func(x Proxies) bool { return x.Trust(addr) }) {
			return conn, nil
		}
		network := networkOf(p.seed, addr)
		if p.came(network) {
			return &peer{Conn: conn, left: sync.OnceFunc(func() { p.left(network) })}, nil
		}
		_ = conn.Close()
	}
}

// peer is a counted connection.
type peer struct {
	net.Conn
	left func()
}

func (c *peer) Close() error {
	c.left()
	return c.Conn.Close()
}

// came counts a connection, and reports whether there is room for it.
func (p *peers) came(network uint64) bool {
	p.mu.Lock()
	room := p.open[network] < p.most
	if room {
		p.open[network]++
	}
	tell := !room && time.Since(p.told) > time.Minute
	if tell {
		p.told = time.Now()
	}
	p.mu.Unlock()
	if tell {
		p.logger.Warn("one network holds as many connections as it may; more are ended at once", "most", p.most)
	}
	return room
}

func (p *peers) left(network uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[network]--; p.open[network] <= 0 {
		delete(p.open, network)
	}
}

// networkOf is the keyed hash of an address's network, never 0.
func networkOf(seed maphash.Seed, addr netip.Addr) uint64 {
	var hash uint64
	if addr.Is4() {
		four := addr.As4()
		hash = maphash.Bytes(seed, four[:])
	} else {
		sixteen := addr.As16()
		hash = maphash.Bytes(seed, sixteen[:8])
	}
	return max(hash, 1)
}
