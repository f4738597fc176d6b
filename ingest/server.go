package ingest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// Limits of the server. A request that is not there in time is answered 408 and
// its connection closed, however slowly its bytes drip.
const (
	readTimeout  = 10 * time.Second // of a whole request, from its first byte
	writeTimeout = time.Minute
	idleTimeout  = 75 * time.Second // between two requests
	maxHeader    = 16 << 10         // a browser's cookies for the site may come along
	maxConns     = 32 << 10         // of some 24 KiB each; more are answered 503 at once
)

// NewServer makes the server that beacons come in by, and everything else that is
// served beside them: its limits and what it logs protect them all. handler may
// panic: that is answered 500 and logged. isOpen reports whether pages of every site
// may read what is answered to a request: what is refused before it reaches the
// handler is told them, too.
func NewServer(handler fasthttp.RequestHandler, isOpen func(*fasthttp.RequestCtx) bool, logger *slog.Logger) *fasthttp.Server {
	r := refuser{isOpen}
	return &fasthttp.Server{
		Handler:                      r.catch(r.plainly(handler), logger),
		ErrorHandler:                 r.serveError,
		ExpectHandler:                r.expect,
		Logger:                       redacted{logger},
		SecureErrorLogMessage:        true,
		Concurrency:                  maxConns,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		ReadBufferSize:               maxHeader,
		MaxRequestBodySize:           MaxBody,
		DisablePreParseMultipartForm: true,
		NoDefaultServerHeader:        true,
		NoDefaultContentType:         true,
		LazyRequestTime:              true,
		CloseOnShutdown:              true,
		TCPKeepalive:                 true,
		// The server speaks HTTP/1.1 only; the second one is for certificates.
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1", "acme-tls/1"}},
	}
}

// plainly refuses headers that two servers may read differently: lines that end
// without a carriage return, or go on in the next line (RFC 9112 sections 2.2 and
// 5.2 leave both to the reader). What else smuggles one request within another,
// the server below refuses itself; the connection ends with it.
func (r refuser) plainly(handler fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		if isAmbiguous(ctx.Request.Header.RawHeaders()) {
			r.refuse(ctx, fasthttp.StatusBadRequest, bodyUnreadable)
			ctx.SetConnectionClose() // of the answer, which refuse begins anew
			return
		}
		handler(ctx)
	}
}

// isAmbiguous looks at the end of each header line, and at what follows it.
func isAmbiguous(headers []byte) bool {
	for {
		end := bytes.IndexByte(headers, '\n')
		if end < 0 {
			return false
		}
		if end == 0 || headers[end-1] != '\r' {
			return true
		}
		headers = headers[end+1:]
		if len(headers) > 0 && (headers[0] == ' ' || headers[0] == '\t') {
			return true
		}
	}
}

// redacted logs that something went wrong with a connection, never with whose:
// the server's messages hold addresses and bytes of requests in their arguments.
// The formats are constants.
type redacted struct{ logger *slog.Logger }

func (r redacted) Printf(format string, _ ...any) {
	r.logger.Warn("http server", "message", strings.NewReplacer("%q", "…", "%s", "…", "%v", "…", "%d", "…").Replace(format))
}

var bodyUnreadable = []byte("This is not a request that can be read.")

// refuser answers requests that no handler answers.
type refuser struct {
	isOpen func(*fasthttp.RequestCtx) bool
}

// refuse answers a request. Where the server below has forgotten already what was
// asked for, nothing in the sentence is anybody's secret.
func (r refuser) refuse(ctx *fasthttp.RequestCtx, status int, body []byte) {
	ctx.Response.Reset()
	if len(ctx.Request.Header.RawHeaders()) == 0 || r.isOpen(ctx) {
		ctx.Response.Header.SetCanonical(headerAllowOrigin, valueAny)
	}
	answer(ctx, status, body)
}

// expect answers clients that ask before they send a body.
func (r refuser) expect(ctx *fasthttp.RequestCtx) int {
	if ctx.Request.Header.ContentLength() <= MaxBody {
		return fasthttp.StatusContinue
	}
	r.refuse(ctx, fasthttp.StatusRequestEntityTooLarge, bodyTooLarge)
	return fasthttp.StatusRequestEntityTooLarge
}

// serveError answers what never became a request.
func (r refuser) serveError(ctx *fasthttp.RequestCtx, err error) {
	var slow net.Error
	var long *fasthttp.ErrSmallBuffer
	status, body := fasthttp.StatusBadRequest, bodyUnreadable
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		status, body = fasthttp.StatusRequestEntityTooLarge, bodyTooLarge
		drain(ctx)
	case errors.As(err, &long):
		status, body = fasthttp.StatusRequestHeaderFieldsTooLarge, []byte("The request's headers are larger than 16 KiB.")
	case errors.As(err, &slow) && slow.Timeout():
		status, body = fasthttp.StatusRequestTimeout, []byte("The request took too long to arrive.")
	}
	r.refuse(ctx, status, body)
}

// Bounds of drain. A sender that takes its time could take as long for a request.
const (
	drainBytes = 32 << 20
	drainTime  = readTimeout
	drainPause = 100 * time.Millisecond
)

// drain takes in what a client still sends of a body that is too large. Closing a
// connection with bytes unread resets it, and the client would never see the
// answer.
func drain(ctx *fasthttp.RequestCtx) {
	conn := ctx.Conn()
	deadline := time.Now().Add(drainTime)
	buf := make([]byte, 16<<10)
	for n := 0; n < drainBytes && time.Now().Before(deadline); {
		if conn.SetReadDeadline(time.Now().Add(drainPause)) != nil {
			return
		}
		m, err := conn.Read(buf)
		if err != nil {
			return
		}
		n += m
	}
}

// catch keeps a panic from ending the process, and logs where it happened: not
// its value, which may hold a piece of a request.
func (r refuser) catch(handler fasthttp.RequestHandler, logger *slog.Logger) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		defer func() {
			if v := recover(); v != nil {
				logger.Error("BUG: a request's handler panicked", "where", panicPlaces())
				r.refuse(ctx, fasthttp.StatusInternalServerError, []byte("Something went wrong; the server's log says more."))
			}
		}()
		handler(ctx)
	}
}

// panicPlaces are the functions and lines that led to a panic.
func panicPlaces() []string {
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	var places []string
	for {
		frame, more := frames.Next()
		if frame.Function != "" {
			places = append(places, fmt.Sprintf("%s:%d", frame.Function, frame.Line))
		}
		if !more {
			return places
		}
	}
}
