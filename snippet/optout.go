package snippet

import (
	_ "embed"
	"sync"

	"github.com/valyala/fasthttp"
)

// optOutName is the script behind a site's own opt-out button.
const optOutName = "opt-out.js"

//go:embed optout.js
var optOutText []byte

// optOut is no build: it is sent as it was written, so that whoever wonders what
// the button does can read it. It is compressed at the first request, because few
// installations ever have one.
var optOut = sync.OnceValue(func() *script {
	s := new(script)
	s.body[plain] = optOutText
	s.body[gzipped] = fasthttp.AppendGzipBytesLevel(nil, optOutText, 9)
	s.body[brotlied] = fasthttp.AppendBrotliBytesLevel(nil, optOutText, 11)
	s.seal()
	return s
})
