package agent

import (
	"strings"
	"testing"
)

const (
	chrome131  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	mac131     = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	linux131   = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
	android131 = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
	edge131    = chrome131 + " Edg/131.0.0.0"
	safari18   = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
	firefox140 = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

// brandsOf is a list as Chromium sends it, with a brand that means nothing.
func brandsOf(brand, version string) string {
	return `"` + brand + `";v="` + version + `", "Chromium";v="131", "Not_A Brand";v="24"`
}

func hintsOf(brands, mobile, platform string) Hints {
	return Hints{Brands: []byte(brands), Mobile: []byte(mobile), Platform: []byte(`"` + platform + `"`)}
}

func TestHintsNameBrowsersThatSayChrome(t *testing.T) {
	cases := []struct{ agent, brand, version, browser, wantVersion string }{
		{chrome131, "Google Chrome", "131", "Chrome", "131.0"},
		{chrome131, "Brave", "131", "Brave", "131.0"},
		{chrome131, "Vivaldi", "7.0", "Vivaldi", "7.0"},
		{chrome131, "Opera GX", "116", "Opera", "116"},
		{edge131, "Microsoft Edge", "131", "Microsoft Edge", "131.0"},
		{edge131, "DuckDuckGo", "0.98", "DuckDuckGo Privacy Browser", "0.98"},
		{android131, "Android WebView", "131", App, ""},
		{android131, "Samsung Internet", "27.0", "Samsung Browser", "27.0"},
		{chrome131, "<script>", "131", "Chrome", "131.0"},
		{chrome131 + " OPR/116.0.0.0", "Google Chrome", "131", "Opera", "116.0"},
	}
	p := NewParser(0)
	for _, c := range cases {
		h := Hints{Brands: []byte(brandsOf(c.brand, c.version))}
		got := p.Parse([]byte(c.agent), &h)
		if got.Browser != c.browser || got.BrowserVersion != c.wantVersion || got.Bot != "" || got.Doubts != 0 {
			t.Errorf("%s %s is %s %s (bot %q, %d doubts), want %s %s",
				c.brand, c.version, got.Browser, got.BrowserVersion, got.Bot, got.Doubts, c.browser, c.wantVersion)
		}
	}
}

func TestTheFullListTellsTheVersion(t *testing.T) {
	h := Hints{Brands: []byte(brandsOf("Brave", "131")), Versions: []byte(`"Brave";v="131.1.73.91", "Chromium";v="131.0.6778.86"`)}
	if got := read(chrome131, &h); got.BrowserVersion != "131.1" {
		t.Errorf("got %q, want 131.1", got.BrowserVersion)
	}
}

func TestHintsTellTheTrueSystem(t *testing.T) {
	cases := []struct{ agent, mobile, platform, version, model, os, osVersion, device string }{
		{chrome131, "?0", "Windows", "15.0.0", "", "Windows", "11", Desktop},
		{chrome131, "?0", "Windows", "13.0.0", "", "Windows", "11", Desktop},
		{chrome131, "?0", "Windows", "10.0.0", "", "Windows", "10", Desktop},
		{chrome131, "?0", "Windows", "0.3.0", "", "Windows", "8.1", Desktop},
		{chrome131, "?0", "Windows", "", "", "Windows", "10", Desktop},
		{mac131, "?0", "macOS", "15.1.0", "", "Mac", "15.1", Desktop},
		{mac131, "?0", "macOS", "26.0.1", "", "Mac", "26.0", Desktop},
		{linux131, "?0", "Linux", "6.8.0", "", "GNU/Linux", "", Desktop},
		{android131, "?1", "Android", "14.0.0", "", "Android", "14", Mobile},
		{android131, "?1", "Android", "8.1.0", "", "Android", "8.1", Mobile},
		{android131, "?1", "Android", "14.0.0", "SM-X906C", "Android", "14", Tablet},
		{linux131, "?0", "Android", "15.0.0", "", "Android", "15", Tablet},
	}
	p := NewParser(0)
	for _, c := range cases {
		h := hintsOf(brandsOf("Google Chrome", "131"), c.mobile, c.platform)
		h.PlatformVersion, h.Model = []byte(`"`+c.version+`"`), []byte(`"`+c.model+`"`)
		got := p.Parse([]byte(c.agent), &h)
		if got.OS != c.os || got.OSVersion != c.osVersion || got.Device != c.device || got.Doubts != 0 {
			t.Errorf("%s %s %s is %s %s on %s (%d doubts), want %s %s on %s", c.platform, c.version, c.model,
				got.OS, got.OSVersion, got.Device, got.Doubts, c.os, c.osVersion, c.device)
		}
	}
}

func TestHintsThatContradictAreCounted(t *testing.T) {
	brands := brandsOf("Google Chrome", "131")
	cases := []struct {
		what, agent string
		hints       Hints
		want        int
	}{
		{"nothing", chrome131, hintsOf(brands, "?0", "Windows"), 0},
		{"no hints", firefox140, Hints{}, 0},
		{"another engine", firefox140, hintsOf(brands, "?0", "Linux"), 1},
		{"another engine and platform", safari18, hintsOf(brands, "?0", "Linux"), 2},
		{"another version", strings.Replace(chrome131, "131", "99", 1), hintsOf(brands, "?0", "Windows"), 1},
		{"another platform", chrome131, hintsOf(brands, "?0", "Linux"), 1},
		{"mobile on a desktop", chrome131, hintsOf(brands, "?1", "Windows"), 1},
		{"version and platform", strings.Replace(mac131, "131", "99", 1), hintsOf(brands, "?0", "Linux"), 2},
		{"an unknown platform", chrome131, hintsOf(brands, "?0", "Fuchsia"), 0},
	}
	for _, c := range cases {
		if got := read(c.agent, &c.hints); got.Doubts != c.want || got.Bot != "" {
			t.Errorf("%s: %d doubts, bot %q, want %d and a person", c.what, got.Doubts, got.Bot, c.want)
		}
	}
}

func TestHeadlessBrowsersGiveThemselvesAwayInHints(t *testing.T) {
	h := hintsOf(brandsOf("HeadlessChrome", "131"), "?0", "Linux")
	if got := read(chrome131, &h); got.Bot != BotHeadless || got.Refusal() != BotHeadless {
		t.Errorf("got %q, refused as %q, want headless", got.Bot, got.Refusal())
	}
}

func TestTheSameAgentWithOtherHintsIsAnother(t *testing.T) {
	p := NewParser(0)
	ua := []byte(chrome131)
	brave, chrome := hintsOf(brandsOf("Brave", "131"), "?0", "Windows"), hintsOf(brandsOf("Google Chrome", "131"), "?0", "Windows")
	windows11 := chrome
	windows11.PlatformVersion = []byte(`"15.0.0"`)
	for range 2 {
		if got := p.Parse(ua, nil); got.Browser != "Chrome" {
			t.Errorf("without hints it is %s", got.Browser)
		}
		if got := p.Parse(ua, &brave); got.Browser != "Brave" {
			t.Errorf("with Brave's hints it is %s", got.Browser)
		}
		if got := p.Parse(ua, &chrome); got.Browser != "Chrome" || got.OSVersion != "10" {
			t.Errorf("with Chrome's hints it is %s on %s", got.Browser, got.OSVersion)
		}
		if got := p.Parse(ua, &windows11); got.OSVersion != "11" {
			t.Errorf("with Windows 11's hints it is Windows %s", got.OSVersion)
		}
	}
	swapped := Hints{Brands: chrome.Platform, Platform: chrome.Brands}
	if p.hash(ua, &chrome) == p.hash(ua, &swapped) {
		t.Error("the order of hints does not count")
	}
}

func TestRememberedHintsAllocateNothing(t *testing.T) {
	p := NewParser(0)
	h := hintsOf(brandsOf("Brave", "131"), "?0", "Windows")
	ua := []byte(chrome131)
	p.Parse(ua, &h)
	if got := testing.AllocsPerRun(100, func() { p.Parse(ua, &h) }); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func TestQuotedTextsEndAtTheirMark(t *testing.T) {
	for in, want := range map[string]string{
		`"a"`: "a", `x "a" b`: "a", `"a\"b" c`: `a\"b`, `""`: "", `"a`: "", ``: "", `a`: "", `"a\`: "",
	} {
		if got, _ := quoted([]byte(in)); string(got) != want {
			t.Errorf("%s gives %q, want %q", in, got, want)
		}
	}
}

func FuzzHints(f *testing.F) {
	f.Add(chrome131, brandsOf("Brave", "131"), `"Brave";v="131.1.2.3"`, "?0", `"Windows"`, `"15.0.0"`, `""`)
	f.Add(android131, brandsOf("Android WebView", "131"), ``, "?1", `"Android"`, `"14.0.0"`, `"SM-T970"`)
	f.Add(linux131, `"a\"b";v="1";x="\`, ``, "?1", `"`, `"x`, `;`)
	known := map[string]bool{"": true, App: true}
	for _, b := range brands {
		known[b.name] = true
	}
	p := NewParser(0)
	f.Fuzz(func(t *testing.T, ua, list, full, mobile, platform, version, model string) {
		h := Hints{Brands: []byte(list), Versions: []byte(full), Mobile: []byte(mobile),
			Platform: []byte(platform), PlatformVersion: []byte(version), Model: []byte(model)}
		a, plain := p.Parse([]byte(ua), &h), p.Parse([]byte(ua), nil)
		if again := p.Parse([]byte(ua), &h); again != a {
			t.Fatalf("first %+v, then %+v", a, again)
		}
		if a.Browser != plain.Browser && !known[a.Browser] {
			t.Fatalf("hints made a browser of their own: %q", a.Browser)
		}
		for _, v := range []string{a.BrowserVersion, a.OSVersion} {
			if strings.Count(v, ".") > 1 || strings.Trim(v, "0123456789.") != "" && v != "Vista" && v != "XP" {
				t.Fatalf("version %q", v)
			}
		}
		if a.Browser == "" && a.BrowserVersion != "" || a.OS == "" && a.OSVersion != "" {
			t.Fatalf("a version of nothing: %+v", a)
		}
		if a.Doubts < 0 || a.Doubts > 2 || plain.Doubts != 0 {
			t.Fatalf("%d doubts, without hints %d", a.Doubts, plain.Doubts)
		}
	})
}

func BenchmarkParseRememberedWithHints(b *testing.B) {
	p := NewParser(0)
	h := hintsOf(brandsOf("Brave", "131"), "?0", "Windows")
	ua := []byte(chrome131)
	b.ReportAllocs()
	for b.Loop() {
		p.Parse(ua, &h)
	}
}

func BenchmarkReadNewWithHints(b *testing.B) {
	h := hintsOf(brandsOf("Brave", "131"), "?0", "Windows")
	b.ReportAllocs()
	for b.Loop() {
		read(chrome131, &h)
	}
}
