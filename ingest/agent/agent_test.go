package agent

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"footfall/aggregate"
)

func TestStoredValuesCarryTheirFamily(t *testing.T) {
	cases := []struct {
		agent       string
		browser, os string
	}{
		{people[0].agent, "Chrome\x1f131.0", "Windows\x1f10"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox\x1f140.0", "GNU/Linux"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", "Mobile App", "iOS\x1f17.0"},
	}
	p := NewParser(0)
	for _, c := range cases {
		a := p.Parse([]byte(c.agent), nil)
		byHand := Agent{Browser: a.Browser, BrowserVersion: a.BrowserVersion, OS: a.OS, OSVersion: a.OSVersion}
		for how, a := range map[string]*Agent{"parsed": &a, "made by hand": &byHand} {
			if a.BrowserVersionValue() != c.browser || a.OSVersionValue() != c.os {
				t.Errorf("%s: %q and %q, want %q and %q", how, a.BrowserVersionValue(), a.OSVersionValue(), c.browser, c.os)
			}
		}
		if got, _ := aggregate.BrowserVersion.Project(c.browser, aggregate.Browser); got != a.Browser {
			t.Errorf("the version's browser is %q, want %q", got, a.Browser)
		}
	}
}

// P1: what is remembered must not be, nor keep alive, a piece of an agent.
func TestNoPartOfAnAgentIsKept(t *testing.T) {
	agents := []string{
		"Canary/1.0 (Linux; Android 14; CANARY-PHONE) CanaryBrowser/7.7 CANARY-MODEL",
		"Mozilla/5.0 (CANARY-SYSTEM; Linux; CANARY) Gecko/1 CanaryFox/12.34",
		"CanaryTool",
	}
	for _, c := range people {
		agents = append(agents, c.agent)
	}
	for _, b := range bots {
		agents = append(agents, b.agent)
	}
	for _, agent := range agents {
		ua := strings.Clone(agent)
		a := read(ua, nil)
		for _, s := range []string{a.Browser, a.BrowserVersion, a.OS, a.OSVersion, a.Device, a.Bot, a.BotName, a.browserValue, a.osValue} {
			if strings.Contains(strings.ToLower(s), "canary") {
				t.Errorf("%q came through from %q", s, ua)
			}
			if within(s, ua) {
				t.Errorf("%q is a piece of the memory of %q", s, ua)
			}
		}
	}
}

func within(s, of string) bool {
	if s == "" || of == "" {
		return false
	}
	at, from := uintptr(unsafe.Pointer(unsafe.StringData(s))), uintptr(unsafe.Pointer(unsafe.StringData(of)))
	return at >= from && at < from+uintptr(len(of))
}

func TestAgentsAreCutAtTheirMaximum(t *testing.T) {
	p := NewParser(0)
	ua := []byte(people[0].agent + strings.Repeat(" x", MaxLength))
	cut := p.Parse(ua[:MaxLength], nil)
	if got := p.Parse(append(ua, " Googlebot/2.1"...), nil); got != cut {
		t.Errorf("beyond the maximum it is %+v, cut there %+v", got, cut)
	}
}

func TestVersionsAreMajorAndMinorAtMost(t *testing.T) {
	for in, want := range map[string]string{
		"131.0.6778.85": "131.0", "18_5_1 like": "18.5", "14;": "14", "7": "7", "7.": "7", "7.x": "7", ".5": "", "": "",
		"x": "", "1234567": "", "12.1234567": "12", "10_15": "10.15", "5\x1f6": "5",
	} {
		if got := version(in); got != want {
			t.Errorf("version of %q is %q, want %q", in, got, want)
		}
	}
}

func TestTokensDoNotBeginWithinWords(t *testing.T) {
	if has("Pipeline/2.0", "Line/") {
		t.Error("Line/ was found in Pipeline/2.0")
	}
	if rest, ok := after("Pipeline/2.0 Line/14.5", "Line/"); !ok || rest != "14.5" {
		t.Errorf("after Line/ comes %q, %v", rest, ok)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	p := NewParser(64)
	for i := range 10000 {
		p.Parse(fmt.Appendf(nil, "Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0", i, i), nil)
	}
	if got := len(p.places); got != 64 {
		t.Errorf("%d places, want 64", got)
	}
	taken := 0
	for i := range p.places {
		if p.places[i].Load() != nil {
			taken++
		}
	}
	if taken < 48 {
		t.Errorf("only %d of 64 places are used", taken)
	}
}

func TestParsersHaveKeysOfTheirOwn(t *testing.T) {
	a, b := NewParser(4), NewParser(4)
	ua := []byte(people[0].agent)
	a.Parse(ua, nil)
	b.Parse(ua, nil)
	keys := map[uint64]bool{}
	for _, p := range []*Parser{a, b} {
		for i := range p.places {
			if one := p.places[i].Load(); one != nil {
				keys[one.hash] = true
			}
		}
	}
	if len(keys) != 2 {
		t.Errorf("two parsers keep an agent under %d hashes, want 2", len(keys))
	}
}

func TestConcurrentParsesAgree(t *testing.T) {
	p := NewParser(32) // fewer than there are agents, so that places are fought for
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				c := people[(i+g)%len(people)]
				if got := p.Parse([]byte(c.agent), nil); got.Browser != c.want.Browser || got.OS != c.want.OS {
					t.Errorf("%s is %s on %s, want %s on %s", c.agent, got.Browser, got.OS, c.want.Browser, c.want.OS)
				}
			}
		})
	}
	wg.Wait()
}

func TestRememberedAgentsAllocateNothing(t *testing.T) {
	p := NewParser(0)
	var agents [][]byte
	for _, c := range people[:20] {
		agents = append(agents, []byte(c.agent))
		p.Parse([]byte(c.agent), nil)
	}
	got := testing.AllocsPerRun(100, func() {
		for _, ua := range agents {
			a := p.Parse(ua, nil)
			_, _ = a.BrowserVersionValue(), a.OSVersionValue()
		}
	})
	if got != 0 {
		t.Errorf("%v allocations for %d remembered agents, want 0", got, len(agents))
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range people {
		f.Add([]byte(c.agent))
	}
	for _, c := range bots {
		f.Add([]byte(c.agent))
	}
	devices := map[string]bool{"": true, Desktop: true, Mobile: true, Tablet: true}
	p := NewParser(0)
	f.Fuzz(func(t *testing.T, ua []byte) {
		a := p.Parse(ua, nil)
		if again := p.Parse(ua, nil); again != a {
			t.Fatalf("first %+v, then %+v", a, again)
		}
		if !devices[a.Device] || a.Bot != "" && rank[a.Bot] == 0 && a.Bot != BotShape {
			t.Fatalf("device %q, bot %q", a.Device, a.Bot)
		}
		for _, v := range []string{a.BrowserVersion, a.OSVersion} {
			if strings.Count(v, ".") > 1 || strings.Trim(v, "0123456789.") != "" && v != "Vista" && v != "XP" {
				t.Fatalf("version %q", v)
			}
		}
		if a.Browser == "" && a.BrowserVersion != "" || a.OS == "" && a.OSVersion != "" {
			t.Fatalf("a version of nothing: %+v", a)
		}
	})
}

func BenchmarkParseRemembered(b *testing.B) {
	p := NewParser(0)
	ua := []byte(people[0].agent)
	b.ReportAllocs()
	for b.Loop() {
		p.Parse(ua, nil)
	}
}

func BenchmarkReadNew(b *testing.B) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		read(people[i%len(people)].agent, nil)
		i++
	}
}

func TestRefusalsNameProgramsOfLanguageModels(t *testing.T) {
	for ua, want := range map[string]string{
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)": "ai: GPTBot",
		"meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)":              "ai: meta-externalagent",
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                               "crawler",
		"curl/8.5.0":    "library",
		"":              "shape",
		people[0].agent: "",
	} {
		a := read(ua, nil)
		if got := a.Refusal(); got != want {
			t.Errorf("%q is refused as %q, want %q", ua, got, want)
		}
	}
}

// Agents made to be slow to read, at the length up to which they are read.
func hostileAgents() []string {
	var all []string
	for _, part := range []string{"(", "((a;", "@a", "a@a.", ".com", "a.com.", "x.io_", "bo", "google-", "python ", "Android ",
		"Mozilla/5.0 (", "Chrome/", "Version/4.0 ", "crawl", "like gecko;", "a", "a ", "\xff", "Windows NT ", "/ "} {
		all = append(all, strings.Repeat(part, MaxLength/len(part)), "Mozilla/5.0 ("+strings.Repeat(part, (MaxLength-13)/len(part)))
	}
	return all
}

func BenchmarkReadHostile(b *testing.B) {
	for _, ua := range hostileAgents() {
		b.Run(fmt.Sprintf("%.20q", ua), func(b *testing.B) {
			for b.Loop() {
				read(ua, nil)
			}
		})
	}
}
