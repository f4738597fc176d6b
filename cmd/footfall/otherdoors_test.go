//go:build linux

package main

import (
	"net"
	"net/http"
	"strings"
	"testing"
)

// Pages that carry the scripts of other trackers, which send to this server
// instead. The scripts here are our own, and send what those send, the way they
// send it: GoatCounter's an image or navigator.sendBeacon with everything in the
// query, Umami's a fetch of JSON to another host, which a preflight precedes, and
// what the last answer said in a header of the next.

const goatPage = `<title>A page</title><script>
	const endpoint = 'http://stats.test:PORT/count'
	function address(vars) {
		const data = { p: vars.path ?? location.pathname + location.search, r: document.referrer, t: document.title, e: !!vars.event,
			s: [screen.width, screen.height, devicePixelRatio], b: navigator.webdriver ? 153 : 0, q: location.search,
			rnd: Math.random().toString(36).slice(2, 7) }
		const set = Object.entries(data).filter(([, value]) => value !== '' && value !== false && value != null)
		return endpoint + '?' + set.map(([key, value]) => encodeURIComponent(key) + '=' + encodeURIComponent(value)).join('&')
	}
	const image = new Image()
	image.onload = () => { window.loaded = image.naturalWidth }
	image.src = address({})
	window.click = () => navigator.sendBeacon(address({ path: 'buy-button', event: true }))
</script>`

const umamiPage = `<title>A page</title><script>
	let cache
	window.answers = []
	async function send(payload, type = 'event') {
		const answer = await fetch('http://stats.test:PORT/api/send', { keepalive: true, method: 'POST', credentials: 'omit',
			body: JSON.stringify({ type, payload: { website: '4fb7fa4c-5b46-438d-94b3-3a8fb9bc2e8b', screen: screen.width + 'x' + screen.height,
				language: navigator.language, title: document.title, hostname: location.hostname, url: location.href,
				referrer: document.referrer.startsWith(location.origin) ? '' : document.referrer, ...payload } }),
			headers: { 'Content-Type': 'application/json', ...(typeof cache !== 'undefined' && { 'x-umami-cache': cache }) } })
		const data = await answer.json()
		cache = data.cache
		answers.push(data)
	}
	send({}).then(() => send({ name: 'Signup', data: { plan: 'pro', seats: 3 } })).then(() => send({ id: 'ann' }, 'identify'))
</script>`

// statsPort is the port under which a page's script reaches the server.
func (s *server) statsPort() string {
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	return port
}

func TestAPageWithGoatCountersScriptIsCounted(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("goat.test", noonZone(), "floor=1")
	s := h.serve()
	web := pagesOf(t, map[string]string{"/read": strings.ReplaceAll(goatPage, "PORT", s.statsPort())})
	b := openBrowser(t)
	b.open("http://www.goat.test:" + web + "/read?utm_source=newsletter&secret=1")
	b.until("window.loaded === 1")
	if !b.js("click()") {
		t.Error("the browser did not take the beacon")
	}
	s.wantRows("goat.test", "event:name", "events", map[string]float64{"pageview": 1, "buy-button": 1})
	// An event does not say its page, and the browser tells another host no more than "/".
	s.wantRows("goat.test", "event:page", "pageviews", map[string]float64{"/read": 1, "/": 0})
	s.wantRows("goat.test", "event:hostname", "events", map[string]float64{"goat.test": 2})
	s.wantRows("goat.test", "visit:source", "visitors", map[string]float64{"newsletter": 1})
}

func TestAPageWithUmamisScriptIsCounted(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("umami.test", noonZone(), "floor=1", "umami_id=4FB7FA4C-5B46-438D-94B3-3A8FB9BC2E8B")
	s := h.serve()
	web := pagesOf(t, map[string]string{"/read": strings.ReplaceAll(umamiPage, "PORT", s.statsPort())})
	b := openBrowser(t)
	b.open("http://umami.test:" + web + "/read?utm_campaign=may#part")
	b.until("answers.length === 3")
	if !b.js("answers.every(a => a.cache === answers[0].cache && a.sessionId === answers[0].sessionId && !a.disabled)") {
		t.Error("the answers tell something, want the same for all")
	}
	s.wantRows("umami.test", "event:name", "events", map[string]float64{"pageview": 1, "Signup": 1})
	s.wantRows("umami.test", "event:page", "pageviews", map[string]float64{"/read": 1})
	s.wantRows("umami.test", "event:props:plan", "events", map[string]float64{"(none)": 1, "pro": 1})
	s.wantRows("umami.test", "visit:utm_campaign", "visitors", map[string]float64{"may": 1})
	answer, err := s.do("GET", "/api/v2/refusals?site_id=umami.test", nil, "Authorization", "Bearer "+s.token)
	if err != nil || answer.status != http.StatusOK || !strings.Contains(answer.body, `"totals":{"identify":1}`) {
		t.Errorf("the ledger answered %d %s (%v), want the one refusal to know who somebody is", answer.status, answer.body, err)
	}
}

func TestACopyOfASiteIsRefusedUntilItsHostIsAllowed(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("site.test", noonZone(), "floor=1")
	s := h.serve()
	tag := `<script defer data-domain="site.test" src="http://stats.test:` + s.statsPort() + `/js/script.js"></script>`
	web := pagesOf(t, map[string]string{"/": tag, "/true": tag})
	b := openBrowser(t)
	b.open("http://site.test:" + web + "/true")
	s.wantRows("site.test", "event:page", "pageviews", map[string]float64{"/true": 1})
	b.open("http://copy.test:" + web + "/")
	refused := func() bool {
		answer, err := s.do("GET", "/api/v2/refusals?site_id=site.test&days=1", nil, "Authorization", "Bearer "+s.token)
		return err == nil && strings.Contains(answer.body, `"reason":"hostname","detail":"copy.test"`)
	}
	eventually(t, "the copy stands in the ledger", refused)
	h.must("site", "set", "site.test", "hostnames=site,copy.test")
	b.open("http://copy.test:" + web + "/")
	s.wantRows("site.test", "event:page", "pageviews", map[string]float64{"/true": 1, "/": 1})
}

func TestATokenSendsForOthers(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("site.test", noonZone(), "floor=1")
	sender, reader := strings.TrimSpace(h.must("token", "add", "shipper", "--scope", "send", "--site", "site.test")), h.token()
	s := h.serve()
	lines := `{"n":"pageview","u":"https://site.test/a","ip":"203.0.113.7","user_agent":"` + browsers[0] + `"}` + "\n" +
		`{"n":"pageview","u":"https://site.test/b","ip":"203.0.113.8","user_agent":"` + browsers[0] + `"}` + "\n" +
		`{"n":"pageview","u":"https://site.test/b","ip":"203.0.113.8","user_agent":"curl/8.5.0"}`
	for token, want := range map[string]int{sender: http.StatusAccepted, reader: http.StatusUnauthorized, "made up": http.StatusUnauthorized} {
		answer, err := s.do("POST", "/api/event", strings.NewReader(lines), "Authorization", "Bearer "+token)
		if err != nil || answer.status != want {
			t.Errorf("got %d %s (%v), want %d", answer.status, answer.body, err, want)
		}
		if want == http.StatusAccepted && !strings.Contains(answer.body, `"events":3,"counted":2,"dropped":{"bot":1}`) {
			t.Errorf("got %s, want two counted and a bot", answer.body)
		}
	}
	s.wantRows("site.test", "event:page", "visitors", map[string]float64{"/a": 1, "/b": 1})
}

func TestANetworkThatIsTakenBackLeavesTheFile(t *testing.T) {
	t.Parallel()
	h := install(t)
	h.addSite("site.test", noonZone(), "shield_ip=198.51.100.77")
	h.must("audit") // what the owner has typed is no visitor's
	h.must("site", "set", "site.test", "shield_ip=none")
	if strings.Contains(string(h.stableCopy()), "198.51.100.77") {
		t.Error("the address that was taken back is still in the file")
	}
	h.must("audit")
}
