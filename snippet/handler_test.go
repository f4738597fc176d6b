package snippet_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/valyala/fasthttp"

	"footfall/snippet"
)

// ask sends one request to the handler; headers as "Name: value".
func ask(method, path string, headers ...string) *fasthttp.Response {
	var ctx fasthttp.RequestCtx
	var req fasthttp.Request
	req.Header.SetMethod(method)
	req.SetRequestURI(path)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	ctx.Init(&req, nil, nil)
	snippet.Handler(&ctx)
	return &ctx.Response
}

func header(r *fasthttp.Response, name string) string { return string(r.Header.Peek(name)) }

func TestScriptIsServedWithTheHeadersOfAPublicFile(t *testing.T) {
	r := ask("GET", "/js/script.js")
	if r.StatusCode() != 200 || len(r.Body()) == 0 {
		t.Fatalf("status %d, %d bytes, want 200 and a script", r.StatusCode(), len(r.Body()))
	}
	for name, want := range map[string]string{
		"Content-Type":                 "text/javascript; charset=utf-8",
		"Access-Control-Allow-Origin":  "*",
		"X-Content-Type-Options":       "nosniff",
		"Cross-Origin-Resource-Policy": "cross-origin",
		"Cache-Control":                "public, max-age=86400, must-revalidate",
		"Vary":                         "Accept-Encoding",
		"Set-Cookie":                   "",
		"Last-Modified":                "",
	} {
		if got := header(r, name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestEveryOldNameIsServedAndUnknownNamesAreNot(t *testing.T) {
	for _, name := range []string{
		"script.js", "plausible.js", "plausible.hash.outbound-links.js", "pa-AbC_d-1.js", "script.hash.js", "script.outbound-links.js",
		"script.manual.tagged-events.hash.js", "script.hash.outbound-links.file-downloads.tagged-events.revenue.pageview-props.manual.local.compat.exclusions.js",
	} {
		if r := ask("GET", "/js/"+name); r.StatusCode() != 200 {
			t.Errorf("%s: got %d, want 200", name, r.StatusCode())
		}
		if !snippet.Match("/js/" + name) {
			t.Errorf("%s: does not match", name)
		}
	}
	for _, name := range []string{"", "core.js", "script", "script..js", "plausible..js", "other.hash.js", "script.nonsense.js", "pa-.js", "pa-../x.js", "script.js.br", "scripthash.js", "../script.js", "script." + strings.Repeat("hash.", 50) + "js"} {
		if r := ask("GET", "/js/"+name); r.StatusCode() != 404 {
			t.Errorf("%q: got %d, want 404", name, r.StatusCode())
		}
		if snippet.Match("/js/" + name) {
			t.Errorf("%q: matches", name)
		}
	}
	if snippet.Match("/script.js") || snippet.Match("/api/event") {
		t.Error("paths outside /js/ match")
	}
}

func TestPartsOfAnOldNameCountInAnyOrder(t *testing.T) {
	want := ask("GET", "/js/script.hash.manual.js").Body()
	for _, name := range []string{"script.manual.hash.js", "script.manual.revenue.hash.js", "script.hash.hash.manual.js"} {
		if got := ask("GET", "/js/"+name).Body(); !bytes.Equal(got, want) {
			t.Errorf("%s differs from script.hash.manual.js", name)
		}
	}
	if bytes.Equal(ask("GET", "/js/script.js").Body(), want) {
		t.Error("script.hash.manual.js is the same as script.js")
	}
}

func TestCompressedFormsHoldTheSameText(t *testing.T) {
	text := ask("GET", "/js/script.js").Body()
	for accept, want := range map[string]string{
		"":                          "",
		"gzip":                      "gzip",
		"br":                        "br",
		"gzip, deflate, br, zstd":   "br",
		"GZIP;q=0.5":                "gzip",
		"br;q=0, gzip":              "gzip",
		"br;q=0.0, *":               "gzip",
		"*":                         "br",
		"*;q=0":                     "",
		"identity":                  "",
		"brotli":                    "",
		"gzip; q=0 , br; q=0.000 ":  "",
		"br;q=nonsense, gzip;level": "br",
	} {
		r := ask("GET", "/js/script.js", "Accept-Encoding: "+accept)
		if got := header(r, "Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: got %q, want %q", accept, got, want)
			continue
		}
		if got := unpack(t, want, r.Body()); !bytes.Equal(got, text) {
			t.Errorf("Accept-Encoding %q: the text differs", accept)
		}
	}
}

func unpack(t *testing.T, encoding string, body []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	switch encoding {
	case "br":
		r = brotli.NewReader(r)
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestValidatorsComeFromTheContentAlone(t *testing.T) {
	tags := map[string]bool{}
	for _, accept := range []string{"", "gzip", "br"} {
		one := ask("GET", "/js/script.js", "Accept-Encoding: "+accept, "User-Agent: a", "Cookie: id=1", "Referer: http://a.test/")
		two := ask("GET", "/js/plausible.js", "Accept-Encoding: "+accept, "User-Agent: b", "If-None-Match: \"mine\"")
		if header(one, "ETag") == "" || header(one, "ETag") != header(two, "ETag") {
			t.Errorf("%q: ETags %q and %q, want one and the same", accept, header(one, "ETag"), header(two, "ETag"))
		}
		tags[header(one, "ETag")] = true
	}
	if len(tags) != 3 {
		t.Errorf("got %d ETags for three encodings, want 3: strong validators differ with the bytes", len(tags))
	}
	for tag := range tags {
		for _, header := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
			r := ask("GET", "/js/script.js", "If-None-Match: "+header)
			if r.StatusCode() != 304 || len(r.Body()) != 0 {
				t.Errorf("If-None-Match %s: got %d with %d bytes, want an empty 304", header, r.StatusCode(), len(r.Body()))
			}
		}
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		r := ask(method, "/js/script.js")
		if r.StatusCode() != 405 || header(r, "Allow") != "GET, HEAD" {
			t.Errorf("%s: got %d, Allow %q, want 405 and GET, HEAD", method, r.StatusCode(), header(r, "Allow"))
		}
	}
	if r := ask("HEAD", "/js/script.js"); r.StatusCode() != 200 || header(r, "ETag") == "" {
		t.Errorf("HEAD: got %d, ETag %q", r.StatusCode(), header(r, "ETag"))
	}
}

func TestVersionedNameIsForGoodAndItsHashIsRight(t *testing.T) {
	path, integrity := snippet.Versioned()
	r := ask("GET", path)
	sum := sha512.Sum384(r.Body())
	if want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); integrity != want {
		t.Errorf("integrity: got %q, want %q", integrity, want)
	}
	if got, want := header(r, "Cache-Control"), "public, max-age=31536000, immutable"; got != want {
		t.Errorf("Cache-Control: got %q, want %q", got, want)
	}
	old := ask("GET", "/js/script.0123456789abcdef.js")
	if old.StatusCode() != 200 || header(old, "Cache-Control") != "public, max-age=86400, must-revalidate" {
		t.Errorf("a name of another version: got %d, Cache-Control %q, want today's script for a day", old.StatusCode(), header(old, "Cache-Control"))
	}
}

func TestScriptCanHaveAPathOfItsOwn(t *testing.T) {
	var ctx fasthttp.RequestCtx
	ctx.Request.SetRequestURI("/assets/visits.js")
	snippet.Serve(&ctx, "script.hash.js", nil)
	if !bytes.Equal(ctx.Response.Body(), ask("GET", "/js/script.hash.js").Body()) {
		t.Error("the script at another path differs from /js/script.hash.js")
	}
	snippet.Serve(&ctx, "nonsense.js", nil)
	if got := ctx.Response.StatusCode(); got != 404 {
		t.Errorf("a script that is not there: answered %d, want 404", got)
	}
}

func TestScriptIsSentWithOptionsUnderAValidatorOfItsOwn(t *testing.T) {
	serve := func(options map[string]string) *fasthttp.Response {
		var ctx fasthttp.RequestCtx
		ctx.Request.SetRequestURI("/js/script.js")
		snippet.Serve(&ctx, "script.js", options)
		return &ctx.Response
	}
	plain, set, again := serve(nil), serve(map[string]string{"hash": "", "domain": "</script>"}), serve(map[string]string{"domain": "</script>", "hash": ""})
	if !bytes.HasSuffix(set.Body(), plain.Body()) || bytes.Contains(set.Body(), []byte("</script>")) {
		t.Errorf("with options: %.200s", set.Body())
	}
	if header(set, "ETag") == header(plain, "ETag") || header(set, "ETag") != header(again, "ETag") || !bytes.Equal(set.Body(), again.Body()) {
		t.Errorf("validators: plain %s, with options %s and %s", header(plain, "ETag"), header(set, "ETag"), header(again, "ETag"))
	}
}
