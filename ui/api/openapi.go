package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
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

// Address is one address of the API, as people read it.
type Address struct{ Method, Path, Summary string }

// Addresses are all that the document describes, in its order.
var Addresses = sync.OnceValue(func() (all []Address) {
	var doc struct{ Paths ordered }
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		panic("BUG: openapi.json: " + err.Error()) // embedded: tests read it
	}
	for _, path := range doc.Paths {
		var operations ordered
		if err := json.Unmarshal(path.value, &operations); err != nil {
			panic("BUG: openapi.json: " + err.Error())
		}
		for _, o := range operations {
			var said struct{ Summary string }
			if o.key != "parameters" && json.Unmarshal(o.value, &said) == nil {
				all = append(all, Address{strings.ToUpper(o.key), path.key, said.Summary})
			}
		}
	}
	return all
})

// ordered is an object of JSON whose members keep their order.
type ordered []member

type member struct {
	key   string
	value json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *ordered) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var m member
		m.key, _ = key.(string)
		if err := d.Decode(&m.value); err != nil {
			return err
		}
		*o = append(*o, m)
	}
	return nil
}

// Ask answers a query about a site from somebody who may see it, as POST
// /api/v2/query answers one who shows a token. The body names no other site. All who
// ask here about one site count as one token: its figures may be public.
func (a *API) Ask(site aggregate.Site, body []byte) (status int, answer []byte) {
	if len(body) > maxBody {
		return fasthttp.StatusRequestEntityTooLarge, errorBody(bodyTooLong)
	}
	asked, err := parseStatsQuery(body)
	if err == nil && asked.Site != site {
		err = wrong("#/site_id", "This page asks about %s", site)
	}
	if err != nil {
		return fasthttp.StatusBadRequest, errorBody(err.Error())
	}
	settings, known := a.o.Settings(site)
	if !known {
		return fasthttp.StatusUnauthorized, errorBody(unauthorized)
	}
	if a.rates.take("everybody on "+string(site), a.o.Clock()) > 0 {
		return fasthttp.StatusTooManyRequests, errorBody("Too many questions are asked here. Try again in a minute.")
	}
	return a.report(asked, &settings)
}
