package api

import (
	"bytes"
	_ "embed"

	"github.com/valyala/fasthttp"
)

// openAPI describes all addresses of the API in OpenAPI 3.1. A test holds it against
// the running server, request by request.
//
//go:embed openapi.json
var openAPI []byte

// document is GET /api/openapi.json. It needs no token: it holds no figure and names
// no site.
func (a *API) document(*fasthttp.RequestCtx) (status int, body []byte) {
	if a.o.BasePath == "" || a.o.BasePath == "/" {
		return fasthttp.StatusOK, openAPI
	}
	return fasthttp.StatusOK, bytes.Replace(openAPI, []byte(`"servers": [{"url": "/"}]`),
		appendJSON([]byte(`"servers": `), []map[string]string{{"url": a.o.BasePath}}), 1)
}
