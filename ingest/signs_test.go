package ingest

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/ingest/agent"
)

// datacenter takes one address for a data centre's.
type datacenter netip.Addr

func (d datacenter) Datacenter(addr netip.Addr) bool { return addr == netip.Addr(d) }

const (
	windowsChrome = "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	english       = "Accept-Language: en-US"
	chromeHint    = `Sec-CH-UA: "Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24"`
	onWindows     = `Sec-CH-UA-Platform: "Windows"`
	onLinux       = `Sec-CH-UA-Platform: "Linux"`
	isMobile      = "Sec-CH-UA-Mobile: ?1"
	notMobile     = "Sec-CH-UA-Mobile: ?0"
	byScript      = "Sec-Fetch-Mode: cors"
	toNothing     = "Sec-Fetch-Dest: empty"
	fromElsewhere = "X-Forwarded-For: 203.0.113.7"
	fromMachines  = "X-Forwarded-For: 203.0.113.99"
)

func TestTwoSignsRefuseAndOneDoesNot(t *testing.T) {
	cases := []struct {
		what    string
		headers []string
		refused string // kind of bot
	}{
		{"a browser", []string{windowsChrome, english, chromeHint, onWindows, notMobile, byScript, toNothing}, ""},
		{"a browser without TLS", []string{windowsChrome, english}, ""},
		{"a back end in the visitor's name", []string{windowsChrome}, ""},
		{"a back end that passes hints on", []string{windowsChrome, chromeHint, onWindows, notMobile}, ""},
		{"Sec-Fetch over HTTP/1.1 without a language", []string{windowsChrome, byScript, toNothing}, ""},
		{"an image", []string{windowsChrome, english, "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, ""},
		{"another platform alone", []string{windowsChrome, english, chromeHint, onLinux, notMobile}, ""},
		{"a mobile desktop alone", []string{windowsChrome, english, chromeHint, onWindows, isMobile}, ""},
		{"a page being opened alone", []string{windowsChrome, english, "Sec-Fetch-Mode: navigate"}, ""},
		{"a data centre alone", []string{windowsChrome, english, fromMachines}, ""},

		{"another platform, and no language", []string{windowsChrome, chromeHint, onLinux}, agent.BotShape},
		{"a mobile desktop, and no language", []string{windowsChrome, chromeHint, isMobile}, agent.BotShape},
		{"another engine on another platform", []string{"User-Agent: " + person, english, chromeHint, onWindows}, agent.BotShape},
		{"a page being opened, and no language", []string{windowsChrome, "Sec-Fetch-Mode: navigate"}, agent.BotShape},
		{"a document, and no language", []string{windowsChrome, "Sec-Fetch-Dest: document"}, agent.BotShape},
		{"a click that opens a page, and no language", []string{windowsChrome, byScript, "Sec-Fetch-User: ?1"}, agent.BotShape},
		{"another platform, a page being opened", []string{windowsChrome, english, chromeHint, onLinux, "Sec-Fetch-Mode: navigate"}, agent.BotShape},
		{"a data centre, and no language", []string{windowsChrome, fromMachines}, agent.BotShape},
		{"a data centre, another platform", []string{windowsChrome, english, chromeHint, onLinux, fromMachines}, agent.BotShape},
		{"a brand without a window", []string{windowsChrome, english, strings.Replace(chromeHint, "Google", "Headless", 1)}, ""}, // "Headless Chrome" is nobody's
		{"a browser without a window", []string{windowsChrome, english, strings.Replace(chromeHint, "Google Chrome", "HeadlessChrome", 1)}, agent.BotHeadless},
		{"a name is enough", []string{"User-Agent: curl/8.5.0", english}, agent.BotLibrary},
		{"a language model's is told by name", []string{"User-Agent: GPTBot/1.2", english}, "ai: GPTBot"},
	}
	for _, c := range cases {
		h := newHouse(t, func(o *Options) { o.Clerk = NewClerk(o.Clerk.visitors, agent.NewParser(0), testPlaces{}) })
		h.options.Clerk.UseNetworks(datacenter(netip.MustParseAddr("203.0.113.99")))
		got := h.send(beaconA, append([]string{fromElsewhere}, c.headers...)...)
		dropped, ledger := got.header.Get("X-Footfall-Dropped"), h.sink.ledger()
		if c.refused == "" {
			if got.status != http.StatusAccepted || dropped != "" || len(h.sink.all()) != 1 {
				t.Errorf("%s: got %d, dropped %q, %d hits, want it counted", c.what, got.status, dropped, len(h.sink.all()))
			}
		} else if dropped != Bot || ledger["example.com bot: "+c.refused] != 1 {
			t.Errorf("%s: dropped %q, ledger %v, want bot: %s", c.what, dropped, ledger, c.refused)
		}
	}
}

// Whoever tries a new installation out with a browser under another name is at
// home: tests in real browsers do.
func TestSignsDoNotCountNearby(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Clerk = NewClerk(o.Clerk.visitors, agent.NewParser(0), testPlaces{}) })
	h.hit(beaconA, windowsChrome, chromeHint, onLinux, "Sec-Fetch-Mode: navigate")
	if got := h.send(beaconA, "User-Agent: curl/8.5.0").header.Get("X-Footfall-Dropped"); got != Bot {
		t.Errorf("curl from nearby is dropped as %q, want bot", got)
	}
}

func TestHintsReachTheFacts(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Clerk = NewClerk(o.Clerk.visitors, agent.NewParser(0), testPlaces{}) })
	headers := []string{windowsChrome, english, strings.ReplaceAll(chromeHint, "Google Chrome", "Brave"), onWindows, notMobile,
		`Sec-CH-UA-Platform-Version: "15.0.0"`, "X-Forwarded-For: 203.0.113.8"}
	got := h.debug(beaconA, headers...)
	for key, want := range map[string]string{"browser": "Brave", "browser_version": "131.0", "os": "Windows", "os_version": "11"} {
		if got[key] != want {
			t.Errorf("%s is %v, want %s", key, got[key], want)
		}
	}
	hit := h.hit(beaconA, headers...)
	if fmt.Sprint(hit.Facts) == "" || !strings.Contains(fmt.Sprint(hit.Facts), "Brave\x1f131.0") {
		t.Errorf("the hit is %q, want Brave 131.0 in it", hit.Facts)
	}
}

func TestAVisitorFasterThanPeopleIsRefused(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.Pace = 20 })
	send := func(from string) string {
		return h.send(beaconA, "X-Forwarded-For: "+from).header.Get("X-Footfall-Dropped")
	}
	for i := range 20 {
		if got := send("93.184.216.7"); got != "" {
			t.Fatalf("page %d is dropped as %q, want it counted", i+1, got)
		}
	}
	if got := send("93.184.216.7"); got != Bot {
		t.Errorf("page 21 of a minute is dropped as %q, want bot", got)
	}
	if got := send("93.184.216.8"); got != "" {
		t.Errorf("another visitor's page is dropped as %q", got)
	}
	if got := h.sink.ledger()["example.com bot: behaviour"]; got != 1 {
		t.Errorf("the ledger has %v", h.sink.ledger())
	}
	for range 100 {
		if got := h.send(beaconA).header.Get("X-Footfall-Dropped"); got != "" {
			t.Fatalf("from nearby a page is dropped as %q", got)
		}
	}
	h.now = h.now.Add(time.Minute)
	if got := send("93.184.216.7"); got != Bot {
		t.Errorf("in the minute after, a page is dropped as %q, want bot still", got)
	}
	h.now = h.now.Add(time.Minute)
	if got := send("93.184.216.7"); got != "" {
		t.Errorf("after a quiet minute a page is dropped as %q, want it counted", got)
	}
}

// chromeHeaders are what Chrome sends besides what every beacon has.
func chromeHeaders() *fasthttp.RequestHeader {
	h := new(fasthttp.RequestHeader)
	for _, line := range []string{windowsChrome, "Accept-Language: en-US,en;q=0.9", chromeHint, onWindows, notMobile, byScript, toNothing,
		"Accept: */*", "Accept-Encoding: gzip, deflate, br, zstd", "Connection: keep-alive", "Origin: https://example.com",
		"Referer: https://example.com/", "Sec-Fetch-Site: same-origin", "Priority: u=4, i", "Content-Type: text/plain"} {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	return h
}

func TestSignsAllocateNothing(t *testing.T) {
	h := chromeHeaders()
	clerk := NewClerk(nil, agent.NewParser(0), nil)
	addr, who := netip.MustParseAddr("203.0.113.7"), new(Caller)
	if got := testing.AllocsPerRun(100, func() {
		*who = Caller{Addr: addr}
		who.hear(h)
		if told := clerk.recognize(who); told.Bot != "" || told.Browser != "Chrome" {
			t.Fatalf("it is %+v", told)
		}
	}); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func BenchmarkRecognize(b *testing.B) {
	h := chromeHeaders()
	clerk := NewClerk(nil, agent.NewParser(0), nil)
	addr, who := netip.MustParseAddr("203.0.113.7"), new(Caller)
	for b.Loop() {
		*who = Caller{Addr: addr}
		who.hear(h)
		clerk.recognize(who)
	}
}
