package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/valyala/fasthttp"

	"footfall/snippet"
)

const (
	mostScript = 1100 // bytes
	mostCore   = 500
	brotliBest = 11
)

// measureScript compresses the committed builds as well as brotli can.
func measureScript(b *bench) error {
	var ctx fasthttp.RequestCtx
	ctx.Request.SetRequestURI("/js/script.js")
	snippet.Handler(&ctx)
	if status := ctx.Response.StatusCode(); status != fasthttp.StatusOK {
		return fmt.Errorf("/js/script.js is answered %d", status)
	}
	b.report(atMost("bytes of the script, everything in one file, brotli", packed(ctx.Response.Body()), mostScript, "%.0f"))
	core, err := os.ReadFile(filepath.Join(b.root, "snippet", "dist", "core.js"))
	if err != nil {
		return err
	}
	b.report(atMost("bytes of the script's core alone, brotli", packed(core), mostCore, "%.0f"))
	return nil
}

func packed(text []byte) float64 {
	return float64(len(fasthttp.AppendBrotliBytesLevel(nil, text, brotliBest)))
}
