package ui

import (
	"strings"
	"testing"

	"footfall/aggregate"
)

func TestThePlaygroundAsksForWhoeverSeesTheSite(t *testing.T) {
	var asked string
	s := serve(t, fullAsker(), func(o *Options) {
		o.Query = func(site aggregate.Site, body []byte) (int, []byte) {
			asked = string(site) + " " + string(body)
			if strings.Contains(asked, "wrong") {
				return 400, []byte(`{"error":"#: \u003cb\u003eno"}`)
			}
			return 200, []byte(`{"results":[{"dimensions":[],"metrics":[7,8]}]}`)
		}
	})
	b := &browser{stand: s}
	body := b.open(t, "/example.com/playground")
	wantText(t, body, `&#34;site_id&#34;: &#34;example.com&#34;`, `&#34;date_range&#34;: &#34;28d&#34;`, "/api/v2/query", "/api/v1/stats/breakdown", `href="/api/openapi.json"`,
		"curl "+s.url+"/api/v2/query", "Nothing was asked yet.")
	wantText(t, b.open(t, "/example.com/playground?example=now"), `&#34;date_range&#34;: &#34;realtime&#34;`)

	answer, body := b.post(t, "/example.com/playground", "/example.com/playground", "query", "{\"a\": \"it's\"}")
	wantStatus(t, answer, 200)
	wantText(t, body, "200 OK", "&#34;dimensions&#34;: [],\n      &#34;metrics&#34;: [7, 8]\n", `-d &#39;{&#34;a&#34;:&#34;it&#39;\&#39;&#39;s&#34;}&#39;`)
	if asked != `example.com {"a": "it's"}` {
		t.Errorf("asked %q", asked)
	}
	_, body = b.post(t, "/example.com/playground", "/example.com/playground", "query", "<script>wrong")
	wantText(t, body, "400 Bad Request", `#: \u003cb\u003eno`, "&lt;script&gt;wrong")
	if strings.Contains(body, "<script>wrong") {
		t.Error("the question is printed as it came")
	}
	asked = ""
	if answer, _ := s.do(t, "POST", "/example.com/playground", "query=x", "Content-Type: application/x-www-form-urlencoded"); answer.StatusCode != 403 || asked != "" {
		t.Errorf("a form without its token: %d, asked %q; want 403 and nothing", answer.StatusCode, asked)
	}
}

func playgroundInABrowser(t *testing.T, b *tab) {
	s := serve(t, fullAsker(), func(o *Options) {
		o.Query = func(aggregate.Site, []byte) (int, []byte) { return 200, []byte(`{"results":[{"metrics":[7]}]}`) }
	})
	b.open(t, s.url+"/example.com/playground")
	evaluate[bool](t, b, `(window.stayed = true)`)
	evaluate[bool](t, b, `(document.getElementById('query').dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true, bubbles: true})))`)
	b.until(t, `document.querySelector('#answer .reply')?.innerText.includes('7') && document.querySelector('#answer').innerText.includes('200 OK')`)
	evaluate[bool](t, b, `(document.querySelector('[data-play] button').click(), true)`)
	b.until(t, `document.querySelector('#answer')?.getAttribute('aria-busy') !== 'true'`)
	if !evaluate[bool](t, b, `window.stayed === true`) {
		t.Error("the page was loaded anew")
	}
	b.quiet(t)
}
