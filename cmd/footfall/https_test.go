//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/challtestsrv"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// writeCertificate makes a certificate of its own signature in two files.
func writeCertificate(t *testing.T, dir, name string, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// secureClient calls every name on this machine, and trusts what is in a file.
func secureClient(t *testing.T, roots *x509.CertPool) *http.Client {
	return &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, NextProtos: []string{"h2", "http/1.1"}},
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				_, port, _ := net.SplitHostPort(address)
				return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
			}}}
}

func poolOf(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(file)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		t.Fatalf("no certificate in %s: %v", file, err)
	}
	return pool
}

// portIn is the port at the end of an address.
func portIn(address string) string { return address[strings.LastIndex(address, ":")+1:] }

func TestHTTPSWithCertificatesOfTheOperator(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("secure.example", "UTC")
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, "stats.secure.example", 1)
	plain := freePort(t)
	s := h.serve("--tls-cert", cert, "--tls-key", key, "--plain-listen", plain)
	if !strings.HasPrefix(s.url, "https://stats.secure.example:") {
		t.Errorf("the server says it is at %s", s.url)
	}
	client := secureClient(t, poolOf(t, cert))
	resp, err := client.Get(s.url + "/opt-out")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.Proto != "HTTP/1.1" || resp.TLS.PeerCertificates[0].SerialNumber.Int64() != 1 {
		t.Errorf("HTTPS answers %s in %s", resp.Status, resp.Proto)
	}
	if got := resp.Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("Strict-Transport-Security is %q", got)
	}
	resp, err = client.Post(s.url+"/api/event", "text/plain", strings.NewReader(`{"n":"pageview","u":"https://secure.example/","d":"secure.example"}`))
	if err != nil || resp.StatusCode != 202 || resp.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("a beacon over TLS: %v, %v", resp, err)
	}
	for host, want := range map[string]string{
		"stats.secure.example": "https://stats.secure.example:" + portIn(s.url) + "/x?y=1",
		"evil.example":         "",
	} {
		req, _ := http.NewRequest("GET", "http://"+plain+"/x?y=1", nil)
		req.Host = host
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Header.Get("Location"); got != want || (want != "") != (resp.StatusCode == 308) {
			t.Errorf("plain HTTP for %s: %s to %q, want %q", host, resp.Status, got, want)
		}
	}
	s.stop()
}

func TestARenewedCertificateServesAndABrokenOneIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, "a.example", 1)
	f, err := openCertificateFiles(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 { return f.current.Load().Leaf.SerialNumber.Int64() }
	looks := func(n int) (changes int, failures int) {
		for range n {
			changed, err := f.refresh()
			if changed {
				changes++
			}
			if err != nil {
				failures++
			}
		}
		return changes, failures
	}
	if changes, failures := looks(3); changes != 0 || failures != 0 {
		t.Errorf("nothing new, and %d changes, %d failures", changes, failures)
	}
	writeCertificate(t, dir, "a.example", 2)
	if changes, failures := looks(3); changes != 1 || failures != 0 || serial() != 2 {
		t.Errorf("a renewed pair: %d changes, %d failures, number %d serves", changes, failures, serial())
	}
	if err := os.WriteFile(key, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if changes, failures := looks(3); changes != 0 || failures != 1 || serial() != 2 {
		t.Errorf("a broken key: %d changes, %d failures, number %d serves; want one failure told once", changes, failures, serial())
	}
	os.Remove(cert)
	if changes, failures := looks(3); changes != 0 || failures != 0 || serial() != 2 {
		t.Errorf("a missing certificate: %d changes, %d failures, number %d serves", changes, failures, serial())
	}
	writeCertificate(t, dir, "a.example", 3)
	if changes, _ := looks(3); changes != 1 || serial() != 3 {
		t.Errorf("a mended pair: %d changes, number %d serves", changes, serial())
	}
}

// authority is a certificate authority on this machine that asks for proof of
// names, where every name resolves to this machine.
type authority struct {
	url      string
	trust    string // file with the certificate of its own server
	handler  atomic.Value
	resolver string
	store    *db.MemoryStore
	issuer   *ca.CAImpl
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{resolver: freePort(t)}
	names, err := challtestsrv.New(challtestsrv.Config{DNSAddrs: []string{a.resolver}, Log: log.New(io.Discard, "", 0)})
	if err != nil {
		t.Fatal(err)
	}
	names.SetDefaultDNSIPv4("127.0.0.1")
	names.SetDefaultDNSIPv6("")
	go names.Run()
	t.Cleanup(names.Shutdown)
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.handler.Load().(http.Handler).ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	a.url = front.URL + wfe.DirectoryPath
	a.trust = filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(a.trust, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// proveAt opens the authority; it proves names at these ports.
func (a *authority) proveAt(plain, secure string) {
	quiet := log.New(io.Discard, "", 0)
	number := func(address string) int { n, _ := strconv.Atoi(portIn(address)); return n }
	a.store = db.NewMemoryStore()
	a.issuer = ca.New(quiet, a.store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: 0}})
	checker := va.New(quiet, number(plain), number(secure), false, a.resolver, a.store)
	front := wfe.New(quiet, a.store, checker, a.issuer, []string{"authority.example"}, false, false, 1, 1)
	a.handler.Store(front.Handler())
}

func TestACertificateIsObtainedFromAnAuthority(t *testing.T) {
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	a := newAuthority(t)
	h := install(t)
	plain, secure := freePort(t), freePort(t)
	a.proveAt(plain, secure)
	h.env = []string{"SSL_CERT_FILE=" + a.trust}
	flags := []string{"--listen", secure, "--plain-listen", plain, "--acme", "stats.acme.example", "--acme-directory", a.url}
	s := h.serve(flags...)
	if s.url != "https://stats.acme.example:"+portIn(secure) {
		t.Errorf("the server says it is at %s", s.url)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.issuer.GetRootCert(0).Cert)
	client := secureClient(t, roots)
	serial := func() string {
		resp, err := client.Get(s.url + "/opt-out")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.TLS.PeerCertificates[0].SerialNumber.String()
	}
	first := serial()
	info, err := os.Stat(filepath.Join(h.data, "certificates"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory of the certificates: %v, %v; want mode 0700", info, err)
	}
	if _, err := client.Get("https://other.acme.example:" + portIn(secure) + "/"); err == nil {
		t.Error("a name that nobody configured got a certificate")
	}
	s.stop()
	s = h.serve(flags...)
	if again := serial(); again != first {
		t.Error("after a restart the authority was asked again")
	}
	s.stop()
}

func TestALoadBalancerTellsAddressesAndNobodyElseDoes(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("balanced.example", "UTC")
	ask := func(s *server, header string) string {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		body := `{"n":"pageview","u":"https://balanced.example/","d":"balanced.example"}`
		fmt.Fprintf(conn, "%sPOST /api/event HTTP/1.1\r\nHost: x\r\nUser-Agent: %s\r\nX-Debug-Request: true\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
			header, browsers[0], len(body), body)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return "closed"
		}
		text, _ := io.ReadAll(resp.Body)
		_, rest, _ := strings.Cut(string(text), `"client_ip":"`)
		ip, _, _ := strings.Cut(rest, `"`)
		return fmt.Sprint(resp.StatusCode, " ", ip)
	}
	const told = "PROXY TCP4 198.51.100.7 127.0.0.1 5000 80\r\n"
	trusting := h.serve("--proxy-protocol", "loopback")
	for header, want := range map[string]string{told: "200 198.51.100.7", "": "closed"} {
		if got := ask(trusting, header); got != want {
			t.Errorf("from a load balancer with header %q: %s, want %s", header, got, want)
		}
	}
	trusting.stop()
	for _, flags := range [][]string{nil, {"--proxy-protocol", "10.0.0.0/8"}} {
		s := h.serve(flags...)
		if got := ask(s, told); strings.HasPrefix(got, "200") {
			t.Errorf("%v: a stranger's PROXY header was believed: %s", flags, got)
		}
		if got := ask(s, ""); got != "200 127.0.0.1" {
			t.Errorf("%v: without a header: %s", flags, got)
		}
		s.stop()
	}
}

func TestTheDashboardMayHaveAnAddressOfItsOwn(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("split.example", "UTC")
	h.must("site", "set", "split.example", "badge=on")
	door := freePort(t)
	s := h.serve("--listen", door, "--dashboard-listen", "127.0.0.1:0")
	if strings.HasSuffix(s.url, door) {
		t.Fatal("the dashboard is where the beacons are")
	}
	get := func(address, path string) int {
		resp, err := s.client.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	team := strings.TrimPrefix(s.url, "http://")
	for path, want := range map[string][2]int{ // at the door, at the dashboard
		"/js/script.js": {200, 404}, "/pixel.gif": {400, 404}, "/opt-out": {200, 200}, "/opt-out.css": {200, 200}, "/assets/none": {404, 404},
		"/privacy/split.example": {200, 200}, "/badge/split.example.svg": {200, 200}, "/split.example": {404, 200},
	} {
		if got := [2]int{get(door, path), get(team, path)}; got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	if got := get(door, "/"); got != 404 {
		t.Errorf("the dashboard is at the visitors' door, too: %d", got)
	}
	s.stop()
}

func TestEntrancesThatCannotBeMeantAreRefused(t *testing.T) {
	t.Parallel()
	h := install(t)
	cert, key := writeCertificate(t, t.TempDir(), "a.example", 1)
	for _, flags := range [][]string{
		{"--tls-cert", cert},
		{"--tls-cert", cert, "--tls-key", cert},
		{"--tls-cert", cert, "--tls-key", key, "--acme", "a.example"},
		{"--acme", "203.0.113.1"},
		{"--acme", "*.example.com"},
		{"--plain-listen", "127.0.0.1:0"},
		{"--proxy-protocol", "everybody"},
	} {
		r := h.try(append([]string{"serve", "--listen", "127.0.0.1:0", "--state-dir", "none"}, flags...)...)
		if r.code != failed || !strings.Contains(r.err, "\nhint: ") {
			t.Errorf("%v: exit %d and %q, want a reason and a hint", flags, r.code, r.err)
		}
	}
}
