package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// certificates are what HTTPS is spoken with: the operator's files, or what an
// authority gives out for the operator's names. Asking the authority is the only
// connection that this opens, and only with --acme.
type certificates struct {
	files *certificateFiles // nil with an authority
	acme  *autocert.Manager // nil with files
	names []string          // of --acme, the main one first
	log   *slog.Logger
}

// openCertificates reads the files or prepares for the authority; nil when the
// server shall speak plain HTTP.
func openCertificates(f *entranceFlags, data string, log *slog.Logger) (*certificates, error) {
	given := f.TLSCert != "" || f.TLSKey != ""
	switch {
	case given && len(f.ACME) > 0:
		return nil, hint(errors.New("--tls-cert and --acme exclude each other"), "give the one or the other")
	case given && (f.TLSCert == "" || f.TLSKey == ""):
		return nil, hint(errors.New("--tls-cert and --tls-key belong together"), "give both, or neither")
	case given:
		files, err := openCertificateFiles(f.TLSCert, f.TLSKey)
		if err != nil {
			return nil, hint(err, "--tls-cert takes a certificate with its chain, --tls-key its key, both PEM")
		}
		return &certificates{files: files, log: log}, nil
	case len(f.ACME) == 0:
		return nil, nil
	}
	for _, name := range f.ACME {
		if net.ParseIP(name) != nil || !strings.Contains(name, ".") || strings.ContainsAny(name, "/:* ") {
			return nil, hint(fmt.Errorf("--acme %q is no name that authorities certify", name), "give a domain, such as stats.example.com")
		}
	}
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(data, "certificates")),
		HostPolicy: autocert.HostWhitelist(f.ACME...),
		Client:     &acme.Client{DirectoryURL: f.ACMEDirectory, UserAgent: "footfall"},
		Email:      f.ACMEEmail,
	}
	return &certificates{acme: m, names: f.ACME, log: log}, nil
}

// encrypt lets connections speak TLS. The server below speaks HTTP/1.1 only, which
// is therefore all that is offered.
func (c *certificates) encrypt(l net.Listener) net.Listener {
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if c.files != nil {
		config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.files.current.Load(), nil }
	} else {
		config.GetCertificate = c.acme.GetCertificate
		config.NextProtos = append(config.NextProtos, acme.ALPNProto)
	}
	return tls.NewListener(l, config)
}

// name is a name that the certificate is good for, blank if none is known.
func (c *certificates) name() string {
	if c.files == nil {
		return c.names[0]
	}
	for _, name := range c.files.current.Load().Leaf.DNSNames {
		if !strings.HasPrefix(name, "*") {
			return name
		}
	}
	return ""
}

// certifies reports whether the certificate is good for a host.
func (c *certificates) certifies(host string) bool {
	if c.files == nil {
		return slices.Contains(c.names, host)
	}
	return c.files.current.Load().Leaf.VerifyHostname(host) == nil
}

// sendOn answers plain HTTP: an authority's question about a name, and everybody
// else with the same address under HTTPS. Whoever calls under a foreign name is
// sent nowhere.
func (c *certificates) sendOn(port string) fasthttp.RequestHandler {
	challenge := func(ctx *fasthttp.RequestCtx) { ctx.SetStatusCode(fasthttp.StatusNotFound) }
	if c.acme != nil {
		challenge = fasthttpadaptor.NewFastHTTPHandler(c.acme.HTTPHandler(nil))
	}
	return func(ctx *fasthttp.RequestCtx) {
		if strings.HasPrefix(string(ctx.Path()), "/.well-known/acme-challenge/") {
			challenge(ctx)
			return
		}
		host := string(ctx.Host())
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !c.certifies(host) {
			ctx.SetStatusCode(fasthttp.StatusMisdirectedRequest)
			ctx.SetBodyString("This server speaks HTTPS, and not under this name.\n")
			return
		}
		if port != "443" {
			host = net.JoinHostPort(host, port)
		}
		ctx.Response.Header.Set(fasthttp.HeaderLocation, "https://"+host+string(ctx.RequestURI()))
		ctx.SetStatusCode(fasthttp.StatusPermanentRedirect)
	}
}

// watch keeps certificates fresh until ctx is done: it reads files anew, or asks
// the authority right away instead of at the first visitor.
func (c *certificates) watch(ctx context.Context) {
	if c == nil {
		<-ctx.Done()
		return
	}
	if c.files != nil {
		every(ctx, placesPace, func() {
			switch changed, err := c.files.refresh(); {
			case changed:
				c.log.Info("a new certificate serves")
			case err != nil:
				c.log.Error("the certificate is refused; the one before goes on serving", "error", err)
			}
		})
		return
	}
	for _, name := range c.names {
		// The error is the authority's answer about a name of ours.
		if _, err := c.acme.GetCertificate(&tls.ClientHelloInfo{ServerName: name, SupportedCurves: []tls.CurveID{tls.X25519, tls.CurveP256},
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}); err != nil {
			c.log.Error("no certificate yet; it is asked for again when somebody calls", "name", name, "error", err)
		}
	}
	<-ctx.Done()
}

// certificateFiles is a certificate in files, which somebody may renew.
type certificateFiles struct {
	cert, key string
	current   atomic.Pointer[tls.Certificate]
	used      [2]fs.FileInfo // of the pair that serves
	seen      [2]fs.FileInfo // at the latest look
	refused   [2]fs.FileInfo // of a pair that could not be used
}

func openCertificateFiles(cert, key string) (*certificateFiles, error) {
	f := &certificateFiles{cert: cert, key: key}
	var err error
	if f.seen, err = f.look(); err != nil {
		return nil, err
	}
	return f, f.load(f.seen)
}

func (f *certificateFiles) look() (found [2]fs.FileInfo, err error) {
	for i, path := range []string{f.cert, f.key} {
		if found[i], err = os.Stat(path); err != nil {
			return found, err
		}
	}
	return found, nil
}

func (f *certificateFiles) load(found [2]fs.FileInfo) error {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err == nil && pair.Leaf == nil {
		pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0])
	}
	if err != nil {
		f.refused = found
		return fmt.Errorf("certificate %s: %w", f.cert, err)
	}
	f.used = found
	f.current.Store(&pair)
	return nil
}

// refresh changes over to a pair that two looks in a row saw alike: whoever
// renews writes one file after the other.
func (f *certificateFiles) refresh() (changed bool, err error) {
	now, err := f.look()
	if err != nil {
		return false, nil // being replaced; what serves goes on
	}
	before := f.seen
	f.seen = now
	if alike(now, f.used) || alike(now, f.refused) || !alike(now, before) {
		return false, nil
	}
	err = f.load(now)
	return err == nil, err
}

func alike(a, b [2]fs.FileInfo) bool {
	for i := range a {
		if a[i] == nil || b[i] == nil || a[i].Size() != b[i].Size() || !a[i].ModTime().Equal(b[i].ModTime()) || !os.SameFile(a[i], b[i]) {
			return false
		}
	}
	return true
}

// strict tells browsers to come by HTTPS only from now on, for a year.
func strict(ctx *fasthttp.RequestCtx) {
	if ctx.IsTLS() {
		ctx.Response.Header.Set("Strict-Transport-Security", fmt.Sprintf("max-age=%d", int((365*24*time.Hour).Seconds())))
	}
}
