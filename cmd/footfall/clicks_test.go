//go:build linux

package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// The script tells what was clicked, the server under which name that counts.
func TestWhatVisitorsClickIsCountedUnderItsName(t *testing.T) {
	t.Parallel()
	s, relay := shop(t)
	page := clickables + fmt.Sprintf(`<script defer data-domain="shop.example" data-forms event-theme="dark & light" src="%s/js/script.js"></script>
		<button id="buy" class="btn plausible-event-name=Buy
			plausible-event-size=XL&amp;co plausible-revenue-currency=EUR plausible-revenue-amount=29.90">Buy</button>
		<a id="ask" href="http://other.example/ask?id=7#top" data-footfall-event-name="Ask &quot;us&quot;" data-footfall-event-topic="a+b = c">Ask</a>
		<a id="photo" href="/photo.png">photo</a> <a id="inside" href="/next">next</a> <a id="cdn" href="http://files.example/x.ZIP">zip</a>
		<script>addEventListener('click', event => event.target.closest('a') && event.preventDefault())</script>`, relay.under("stats.example"))
	port := pagesOf(t, map[string]string{"/": page})
	b := openBrowser(t)
	b.open("http://shop.example:" + port + "/")
	s.wantRows("shop.example", "event:name", "events", map[string]float64{"pageview": 1})
	for _, id := range []string{"out", "file", "tagged", "buy", "ask", "photo", "inside", "cdn"} {
		b.js(`(document.getElementById('` + id + `').click(), true)`)
	}
	b.do(chromedp.Click("#form button"))
	s.wantRows("shop.example", "event:name", "events", map[string]float64{"pageview": 1, "Outbound Link: Click": 1, "File Download": 2,
		"Add to cart": 1, "Buy": 1, `Ask "us"`: 1, "Form: Submission": 1})
	s.wantRows("shop.example", "event:props:url", "events", map[string]float64{"(none)": 4, "http://other.example/there": 1,
		"http://other.example/ask": 1, "http://shop.example:" + port + "/price-list.pdf": 1, "http://files.example/x.ZIP": 1})
	s.wantRows("shop.example", "event:props:size", "events", map[string]float64{"(none)": 6, "XL": 1, "XL&co": 1})
	s.wantRows("shop.example", "event:props:topic", "events", map[string]float64{"(none)": 7, "a+b = c": 1})
	s.wantRows("shop.example", "event:props:theme", "events", map[string]float64{"dark & light": 8})
	s.wantRows("shop.example", "event:props:path", "events", map[string]float64{"(none)": 7, "/": 1})
	dropped := map[string]int{}
	for _, told := range relay.beacons() {
		if told.dropped != "" {
			dropped[told.dropped]++
		}
	}
	if fmt.Sprint(dropped) != "map[no_event:1]" {
		t.Errorf("dropped were %v, want the click on the photo alone", dropped)
	}
}
