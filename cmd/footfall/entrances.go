package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/pires/go-proxyproto"
	"github.com/valyala/fasthttp"

	"footfall/ingest"
)

// entranceFlags say where the server listens, and how connections are protected.
type entranceFlags struct {
	Listen          string   `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"ADDR"`
	DashboardListen string   `help:"Address for the dashboard and the APIs alone; --listen then takes beacons and gives out scripts and the pages for visitors." placeholder:"ADDR"`
	MetricsListen   string   `help:"Address for GET /metrics (Prometheus' text format) and the health checks alone." placeholder:"ADDR"`
	PlainListen     string   `help:"With TLS: an address, such as :80, that sends plain HTTP on to HTTPS and answers certificate authorities." placeholder:"ADDR"`
	ProxyProtocol   string   `help:"Load balancers whose connections begin with a PROXY protocol header: networks, or loopback, private, none." default:"none" placeholder:"LIST"`
	TLSCert         string   `name:"tls-cert" env:"FOOTFALL_TLS_CERT" help:"Certificate with its chain (PEM) for HTTPS; read anew when it changes." placeholder:"FILE"`
	TLSKey          string   `name:"tls-key" env:"FOOTFALL_TLS_KEY" help:"Private key (PEM) of --tls-cert." placeholder:"FILE"`
	ACME            []string `name:"acme" env:"FOOTFALL_ACME" help:"Names for which certificates are obtained (ACME); using it accepts the authority's terms." placeholder:"NAME"`
	ACMEDirectory   string   `name:"acme-directory" env:"FOOTFALL_ACME_DIRECTORY" help:"The certificate authority's directory." default:"https://acme-v02.api.letsencrypt.org/directory" placeholder:"URL"`
	ACMEEmail       string   `name:"acme-email" env:"FOOTFALL_ACME_EMAIL" help:"Address that the authority may write to." placeholder:"EMAIL"`
}

// entrance is one address that the server listens on.
type entrance struct {
	listener net.Listener
	http     *fasthttp.Server
}

// openEntrances listens wherever it is told to: a taken port is an error here.
// What is served there is decided by serveEntrances.
func (s *Server) openEntrances(proxies ingest.Proxies) (err error) {
	balancers, err := ingest.ParseProxies(s.flags.ProxyProtocol)
	if err != nil {
		return hint(err, "--proxy-protocol takes networks such as 10.0.0.0/8, and loopback, private, none")
	}
	if s.certificates, err = openCertificates(&s.flags.entranceFlags, s.data, s.log); err != nil {
		return err
	}
	if s.certificates == nil && s.flags.PlainListen != "" {
		return hint(errors.New("--plain-listen has nothing to send its callers on to"), "give --tls-cert and --tls-key, or --acme NAME")
	}
	open := func(flag, addr string, encrypted bool) net.Listener {
		if err != nil || addr == "" {
			return nil
		}
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err != nil {
			err = hint(fmt.Errorf("cannot listen on %s: %w", addr, plain(err)), "choose another address with --%s, such as --%[1]s 127.0.0.1:8081", flag)
			return nil
		}
		l = behindBalancers(ingest.LimitPeers(l, ingest.DefaultPeers, s.log, proxies, balancers), balancers)
		if encrypted && s.certificates != nil {
			l = s.certificates.encrypt(l)
		}
		s.entrances = append(s.entrances, &entrance{listener: l})
		return l
	}
	s.listener = open("listen", s.flags.Listen, true)
	s.dashboard = open("dashboard-listen", s.flags.DashboardListen, true)
	s.plain = open("plain-listen", s.flags.PlainListen, false)
	s.watchers = open("metrics-listen", s.flags.MetricsListen, false)
	return err
}

// serveEntrances says what is served at each address.
func (s *Server) serveEntrances() {
	for _, e := range s.entrances {
		handler := s.route
		switch {
		case e.listener == s.plain:
			handler = s.certificates.sendOn(s.port())
		case e.listener == s.watchers:
			handler = s.serveMetrics
		case s.dashboard != nil && e.listener == s.listener:
			handler = s.routeVisitors
		case e.listener == s.dashboard:
			handler = s.serveTeam
		}
		e.http = ingest.NewServer(handler, s.isOpen, s.log)
	}
}

// headerTime is how long a load balancer may take for its PROXY header.
const headerTime = 5 * time.Second

// behindBalancers reads the PROXY header of connections that come from balancers.
// Theirs must have one; everybody else's is no header, but a request that cannot
// be read: nobody forges an address by sending one.
func behindBalancers(l net.Listener, balancers ingest.Proxies) net.Listener {
	if balancers.None() {
		return l
	}
	return &proxyproto.Listener{Listener: l, ReadHeaderTimeout: headerTime,
		ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
			peer, err := netip.ParseAddrPort(o.Upstream.String())
			if err != nil || !balancers.Trust(peer.Addr().Unmap().WithZone("")) {
				return proxyproto.SKIP, nil
			}
			return proxyproto.REQUIRE, nil
		}}
}

// port is where --listen listens.
func (s *Server) port() string {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	return port
}

// URL is where the dashboard is, seen from this machine.
func (s *Server) URL() string {
	l := s.listener
	if s.dashboard != nil {
		l = s.dashboard
	}
	host, port, _ := net.SplitHostPort(l.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	base := strings.TrimSuffix(s.flags.BasePath, "/") + "/"
	if s.certificates == nil {
		return "http://" + net.JoinHostPort(host, port) + base
	}
	if name := s.certificates.name(); name != "" {
		host = name
	}
	if port == "443" {
		return "https://" + host + base
	}
	return "https://" + net.JoinHostPort(host, port) + base
}
