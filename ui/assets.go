package ui

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"path"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"
)

//go:embed assets
var assetFiles embed.FS

// assets are the embedded files by the name they are served under, which carries
// a hash of the content: "style.0f3a....css". Such an answer never changes and is
// kept by browsers for good.
type assets struct {
	build  string            // a hash over all of them
	url    map[string]string // file name -> served name
	served map[string]*asset
}

type asset struct {
	mime  string
	plain []byte
	// Packed at the first request: the best compression takes milliseconds that
	// the start of the server does not have.
	brotli, gzip func() []byte
}

// loadAssets reads and names the assets, once: the dashboards of secret links have
// the same.
var loadAssets = sync.OnceValue(func() *assets {
	all := &assets{url: map[string]string{}, served: map[string]*asset{}}
	build := sha256.New()
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	for _, entry := range entries {
		body, err := assetFiles.ReadFile("assets/" + entry.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		build.Write(sum[:])
		ext := path.Ext(entry.Name())
		name := strings.TrimSuffix(entry.Name(), ext) + "." + hex.EncodeToString(sum[:8]) + ext
		all.url[entry.Name()] = name
		all.served[name] = &asset{mime: mimeOf(ext), plain: body,
			brotli: sync.OnceValue(func() []byte { return fasthttp.AppendBrotliBytesLevel(nil, body, 11) }),
			gzip:   sync.OnceValue(func() []byte { return fasthttp.AppendGzipBytesLevel(nil, body, 9) }),
		}
	}
	all.build = hex.EncodeToString(build.Sum(nil)[:8])
	return all
})

func mimeOf(ext string) string {
	if ext == ".js" {
		return "text/javascript; charset=utf-8"
	}
	return mime.TypeByExtension(ext)
}

// serveAsset answers /assets/<name>.
func (u *UI) serveAsset(ctx *fasthttp.RequestCtx, name string) {
	a := u.assets.served[name]
	if a == nil {
		u.sayMessage(ctx, fasthttp.StatusNotFound, "message.not_found", "message.not_found.file")
		return
	}
	ctx.Response.Header.Set(fasthttp.HeaderCacheControl, "public, max-age=31536000, immutable")
	a.send(ctx)
}

func (a *asset) send(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	h.Set(fasthttp.HeaderVary, fasthttp.HeaderAcceptEncoding)
	ctx.SetContentType(a.mime)
	switch encoding(ctx) {
	case "br":
		h.Set(fasthttp.HeaderContentEncoding, "br")
		ctx.Response.SetBodyRaw(a.brotli())
	case "gzip":
		h.Set(fasthttp.HeaderContentEncoding, "gzip")
		ctx.Response.SetBodyRaw(a.gzip())
	default:
		ctx.Response.SetBodyRaw(a.plain)
	}
}

// encoding is the best encoding that the client takes: "br", "gzip" or "".
func encoding(ctx *fasthttp.RequestCtx) string {
	best := ""
	for part := range bytes.SplitSeq(ctx.Request.Header.Peek(fasthttp.HeaderAcceptEncoding), []byte(",")) {
		name, params, _ := strings.Cut(string(part), ";")
		if q := strings.ReplaceAll(params, " ", ""); q == "q=0" || strings.Trim(strings.TrimPrefix(q, "q=0."), "0") == "" && strings.HasPrefix(q, "q=0.") {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "br":
			return "br"
		case "gzip":
			best = "gzip"
		}
	}
	return best
}
