package ingest

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// callers is a listener whose connections come from addresses that a test names.
type callers chan net.Conn

func (c callers) Accept() (net.Conn, error) {
	conn, ok := <-c
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (c callers) Close() error   { return nil }
func (c callers) Addr() net.Addr { return &net.TCPAddr{} }

type calling struct {
	net.Conn
	from net.Addr
}

func (c calling) RemoteAddr() net.Addr { return c.from }

// call connects from an address, and reports whether the connection was taken: it is
// returned then.
func (c callers) call(t *testing.T, l net.Listener, from string) net.Conn {
	t.Helper()
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close() })
	go func() {
		c <- calling{there, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 4711))}
	}()
	taken, ended := make(chan net.Conn), make(chan struct{})
	go func() {
		conn, err := l.Accept()
		if err == nil {
			taken <- conn
		}
	}()
	go func() { // a connection that is ended reads EOF here
		if _, err := io.Copy(io.Discard, here); err == nil {
			close(ended)
		}
	}()
	select {
	case conn := <-taken:
		return conn
	case <-ended:
		go func() { c <- calling{there, &net.UnixAddr{}} }() // lets the waiting Accept go
		(<-taken).Close()
		return nil
	}
}

func TestANetworkHoldsSoManyConnectionsAndNoMore(t *testing.T) {
	var log bytes.Buffer
	c := make(callers)
	l := LimitPeers(c, 2, slog.New(slog.NewTextHandler(&log, nil)), mustProxies(t, "198.51.100.77"), Proxies{})
	held := map[string][]net.Conn{}
	for _, step := range []struct {
		from string
		want bool
	}{
		{"203.0.113.7", true}, {"203.0.113.7", true}, {"203.0.113.7", false}, {"203.0.113.8", true},
		{"2001:db8:1:2::1", true}, {"2001:db8:1:2::2", true}, {"2001:db8:1:2:ffff::3", false}, {"2001:db8:1:3::1", true},
		{"::ffff:203.0.113.7", false},
		{"127.0.0.1", true}, {"127.0.0.1", true}, {"127.0.0.1", true}, {"10.1.2.3", true}, {"10.1.2.3", true}, {"10.1.2.3", true},
		{"198.51.100.77", true}, {"198.51.100.77", true}, {"198.51.100.77", true},
	} {
		conn := c.call(t, l, step.from)
		if taken := conn != nil; taken != step.want {
			t.Errorf("a connection from %s beside %d: taken %v, want %v", step.from, len(held[step.from]), taken, step.want)
		} else if taken {
			held[step.from] = append(held[step.from], conn)
		}
	}
	left := held["203.0.113.7"][0]
	left.Close()
	left.Close() // once more frees nothing
	if c.call(t, l, "203.0.113.7") == nil || c.call(t, l, "203.0.113.7") != nil {
		t.Error("a connection that is closed makes room for one")
	}
	for _, conns := range held {
		for _, conn := range conns {
			conn.Close()
		}
	}
	if p := l.(*peers); len(p.open) != 1 {
		t.Errorf("%d networks are remembered, want the one that is connected", len(p.open))
	}
	if text := log.String(); strings.Count(text, "one network holds") != 1 || strings.Contains(text, "203.0.113") {
		t.Errorf("the log has %s", text)
	}
}
