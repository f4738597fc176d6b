package ingest

import (
	"fmt"
	"strings"
	"testing"

	"footfall/aggregate"
)

// element is a beacon of the script about an element of example.com/page.
func element(happened, keys string) string {
	return `{"n":"` + happened + `","u":"https://example.com:444/page",` + keys + `}`
}

func TestElementsCountUnderTheirNames(t *testing.T) {
	h := newHouse(t)
	type props = []aggregate.Prop
	url := func(link string) props { return props{{Key: "url", Value: link}} }
	for _, c := range []struct {
		beacon, name string
		props        props
	}{
		{element("click", `"k":[null,null],"l":"https://other.example/p","t":[null,null]`), "Outbound Link: Click", url("https://other.example/p")},
		{element("auxclick", `"k":[null,null],"l":"https://example.com/p"`), "Outbound Link: Click", url("https://example.com/p")},
		{element("click", `"k":[null,null],"l":"https://example.com:444/a/list.PDF"`), "File Download", url("https://example.com:444/a/list.PDF")},
		{element("click", `"k":[null,null],"l":"https://other.example/x.tar.gz"`), "File Download", url("https://other.example/x.tar.gz")},
		{element("click", `"k":["epub|.iso"],"l":"https://example.com:444/x.iso"`), "File Download", url("https://example.com:444/x.iso")},
		{element("click", `"k":["epub|iso",null],"l":"https://other.example/x.pdf"`), "Outbound Link: Click", url("https://other.example/x.pdf")},
		{element("click", `"k":[null,null],"l":"https://example.zip"`), "Outbound Link: Click", url("https://example.zip")},
		{element("click", `"k":[null,null],"l":"https://other.example/p?token=secret#x"`), "Outbound Link: Click", url("https://other.example/p")},
		{element("submit", `"k":[null,null],"t":[null,null]`), "Form: Submission", props{{Key: "path", Value: "/page"}}},
		{element("click", `"k":[null,null],"t":[null,["plausible-event-name=Sign+up","plausible-event-plan--pro=x"," event-card--big"]]`), "Sign up", props{{Key: "plan", Value: "pro=x"}}},
		{element("click", `"k":[null,null],"t":[null,["footfall-event-name=\"Sign &quot;up&quot;","footfall-event-a=\"b+c = d","plausible-x=y","footfall-event-="]]`), `Sign "up"`, props{{Key: "a", Value: "b+c = d"}}},
		{element("submit", `"k":[null,null],"t":[null,["plausible-event-name=Send\n\tplausible-event-to=us"]]`), "Send", props{{Key: "to", Value: "us"}}},
		{element("click", `"k":[null,null],"t":[null,["plausible-event-name=Send&#xA;&#9;plausible-event-to=us&#160;all"]]`), "Send", props{{Key: "to", Value: "us\u00a0all"}}},
		{element("click", `"k":[null,"off"],"l":"https://cdn.example/x.pdf"`), "File Download", url("https://cdn.example/x.pdf")},
		{element("submit", `"k":[null,null],"l":"undefinedundefined"`), "Form: Submission", props{{Key: "path", Value: "/page"}}},
		{element("Renamed", `"k":[null,null],"l":"https://other.example/p"`), "Renamed", url("https://other.example/p")},
		{element("Other", `"k":0,"l":"https://other.example/p"`), "Other", nil},
		{element("click", `"k":[null,null],"l":"https://other.example/","t":[[" event-theme=\"dark"," event-url=\"no"],["plausible-event-name=Go","plausible-event-theme=light"]]`), "Go",
			props{{Key: "theme", Value: "light"}, {Key: "url", Value: "https://other.example/"}}},
		{element("Order", `"t":[[" event-theme=\"dark"," event-plan=\"none"," event-name=\"Ann"],null],"props":{"plan":"pro"}`), "Order",
			props{{Key: "theme", Value: "dark"}, {Key: "plan", Value: "pro"}, {Key: "name", Value: "Ann"}}},
		{element("click", `"t":[null,null]`), "click", nil},
	} {
		hit := h.hit(c.beacon)
		if got := hit.Facts[aggregate.EventName]; got != c.name || fmt.Sprint(hit.Props) != fmt.Sprint(c.props) {
			t.Errorf("%s:\n got %q %v\nwant %q %v", c.beacon, got, hit.Props, c.name, c.props)
		}
	}
}

func TestTheLinkOfAnElementIsAFact(t *testing.T) {
	h := newHouse(t)
	if hit := h.hit(element("click", `"k":[null,null],"l":"https://other.example/p"`)); hit.Facts[aggregate.Outbound] != "https://other.example/p" {
		t.Errorf("got outbound %q", hit.Facts[aggregate.Outbound])
	}
	if hit := h.hit(element("click", `"k":[null,null],"l":"https://example.com:444/ann@example.org.pdf"`)); hit.Facts[aggregate.Download] == "" {
		t.Errorf("got download %q", hit.Facts[aggregate.Download])
	}
}

func TestTaggedElementsBringRevenue(t *testing.T) {
	h := newHouse(t)
	h.set("example.com", "currency", "EUR")
	hit := h.hit(element("click", `"k":[null,null],"t":[null,["plausible-event-name=Buy","plausible-revenue-currency=EUR","footfall-revenue-amount=\"9.90"]]`))
	told := h.hit(`{"n":"Buy","u":"https://example.com/","$":{"currency":"EUR","amount":"9.90"}}`)
	if !hit.Paid || hit.Revenue != told.Revenue || len(hit.Props) != 0 {
		t.Errorf("got paid %v, %d, properties %v; want %d as from a call, and none", hit.Paid, hit.Revenue, hit.Props, told.Revenue)
	}
}

func TestClicksThatAreNoEventsAreDropped(t *testing.T) {
	h := newHouse(t)
	beacons := []string{
		element("click", `"k":[null,null],"l":"https://example.com:444/photo.png"`),
		element("click", `"k":["off",null],"l":"https://example.com:444/x.pdf"`),
		element("click", `"k":["off",null],"l":"https://example.com:444/x.off"`),
		element("click", `"k":[null,"off"],"l":"https://other.example/v1.0"`),
		element("click", `"k":[null,null],"l":"mailto:ann@example.org"`),
		element("click", `"k":[null,null],"l":"https://EXAMPLE.com:444/v1.0"`),
		element("click", `"k":[null,null],"t":[null,["plausible-event-plan=pro"]]`),
		element("click", `"k":[null,null],"l":7`),
	}
	for _, body := range beacons {
		if got := h.send(body); got.status != 202 || got.header.Get("X-Footfall-Dropped") != NoEvent {
			t.Errorf("%s: got %d, dropped %q, want %s", body, got.status, got.header.Get("X-Footfall-Dropped"), NoEvent)
		}
	}
	if got := h.sink.ledger(); got["example.com no_event"] != len(beacons) || len(h.sink.all()) != 0 {
		t.Errorf("got ledger %v and %d hits, want all dropped", got, len(h.sink.all()))
	}
	if got := h.send(beacons[0], "Sec-GPC: 1"); got.header.Get("X-Footfall-Dropped") != OptOut || h.sink.ledger()["example.com no_event"] != len(beacons) {
		t.Errorf("an objector is in the ledger: %v", h.sink.ledger())
	}
}

func TestWordsOfElementsAreBounded(t *testing.T) {
	h := newHouse(t)
	var words []string
	for i := range 2000 {
		words = append(words, fmt.Sprintf(`"plausible-event-k%d=v"`, i))
	}
	long := strings.Repeat("x", maxPropValue+1)
	hit := h.hit(element("click", `"k":[null,null],"l":"https://other.example/`+long+`","t":[null,["plausible-event-name=Go","plausible-event-long=`+long+`",`+strings.Join(words, ",")+`],["plausible-event-third=x"],[]]`))
	if len(hit.Props) > maxProps+1 || len(hit.Props[0].Value) != maxPropValue {
		t.Errorf("got %d properties, the first of %d bytes", len(hit.Props), len(hit.Props[0].Value))
	}
	for _, odd := range []string{`7`, `"x"`, `{}`, `[]`, `[1,"x"]`, `[[1,null,[]],{}]`, `[["plausible-event-x","plausible-","=","--"," event-"]]`} {
		if hit := h.hit(element("Order", `"t":`+odd)); len(hit.Props) != 0 {
			t.Errorf("t = %s: got properties %v, want none", odd, hit.Props)
		}
	}
}

// Plausible's trackers and the script send nothing before the page is visible; the
// browser says for a moment longer that it was prerendered.
func TestPrerenderedPagesCountOnceTheyAreSeen(t *testing.T) {
	h := newHouse(t)
	for _, mark := range []string{`"t":[null,null]`, `"v":34`} {
		body := `{"n":"pageview","u":"https://example.com/",` + mark + `}`
		if got := h.send(body, "Sec-Purpose: prefetch;prerender"); got.header.Get("X-Footfall-Dropped") != "" {
			t.Errorf("%s: dropped as %q, want it counted", body, got.header.Get("X-Footfall-Dropped"))
		}
		if got := h.send(body, "Sec-Purpose: prefetch"); got.header.Get("X-Footfall-Dropped") != Prefetch {
			t.Errorf("%s: dropped as %q, want %s", body, got.header.Get("X-Footfall-Dropped"), Prefetch)
		}
	}
}

// The kinds are those of https://plausible.io/docs/file-downloads-tracking.
func TestTheUsualDownloadsAreThoseThatPlausibleCounts(t *testing.T) {
	for _, yes := range strings.Fields("pdf xlsx docx txt rtf csv exe key pps ppt pptx 7z pkg rar gz zip avi mov mp4 mpeg wmv midi mp3 wav wma dmg PDF") {
		if !isDownload("https://example.com/files/x."+yes, "") {
			t.Errorf("%s is no download, want it to be one", yes)
		}
	}
	for _, no := range strings.Fields("html htm php aspx png jpg gif svg webp ico xml json js css md com net 0") {
		if isDownload("https://example.com/files/x."+no, "") {
			t.Errorf("%s is a download, want a page or a picture", no)
		}
	}
}

// The script writes no h: of a fragment it leaves what belongs to the path.
func TestFragmentsOfTheScriptBelongToThePath(t *testing.T) {
	h := newHouse(t)
	for keys, want := range map[string]string{`"t":[null,null]`: "/app#/route", `"h":1`: "/app#/route", `"t":"a title"`: "/app"} {
		if got := h.hit(`{"n":"pageview","u":"https://example.com/app#/route",` + keys + `}`).Facts[aggregate.Page]; got != want {
			t.Errorf("%s: got page %q, want %q", keys, got, want)
		}
	}
}
