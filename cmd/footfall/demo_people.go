package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// The people of the demo are made up, and the same every time: who they are,
// where they come from, and how they walk through the sample site.

// demoPlace is a line of places.tsv.
type demoPlace struct {
	addresses netip.Prefix
	weight    int
	language  string
}

// readDemoPlaces reads places.tsv.
func readDemoPlaces() ([]demoPlace, error) {
	list, err := demoFiles.ReadFile("demo/places.tsv")
	if err != nil {
		return nil, err
	}
	var places []demoPlace
	for line := range strings.Lines(string(list)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "\t")
		p := demoPlace{language: columns[2]}
		if p.addresses, err = netip.ParsePrefix(columns[0]); err != nil {
			return nil, err
		}
		if p.weight, err = strconv.Atoi(columns[1]); err != nil {
			return nil, err
		}
		places = append(places, p)
	}
	return places, nil
}

// demoPerson is who visits.
type demoPerson struct {
	addr            netip.Addr
	agent, language string
}

// demoAgent is a kind of browser. Where there is a %d, it is the version of the
// day.
type demoAgent struct {
	weight int
	agent  string
	// The version grows by one every four weeks, and was this in November 2024.
	version int
}

var demoDesktops = []demoAgent{
	{34, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 131},
	{12, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/%d.0.0.0", 131},
	{10, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/%d.0", 132},
	{14, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 131},
	{16, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15", 0},
	{4, "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/%d.0", 132},
	{3, "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/%d.0", 132},
	{4, "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 131},
	{3, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 OPR/%d.0.0.0", 115},
}

var demoMobiles = []demoAgent{
	{34, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", 0},
	{9, "Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1", 0},
	{30, "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Mobile Safari/537.36", 131},
	{8, "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36", 0},
	{4, "Mozilla/5.0 (Android 15; Mobile; rv:132.0) Gecko/132.0 Firefox/%d.0", 132},
	{7, "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1", 0},
}

func (a *demoAgent) at(t time.Time) string {
	if a.version == 0 {
		return a.agent
	}
	since := t.Sub(time.Date(2024, time.November, 12, 0, 0, 0, 0, time.UTC))
	return fmt.Sprintf(a.agent, max(a.version, a.version+int(since/(4*7*24*time.Hour))))
}

// demoOrigin is a way to the site.
type demoOrigin struct {
	weight   int
	referrer string
	tags     string // query of the first page
	mobile   int    // percent on phones and tablets
	landing  map[string]int
	// months are those before the present one in which it is open; nil: always.
	months []int
	// days says that it is open on single days only.
	days bool
}

// always reports whether people come this way every day.
func (o *demoOrigin) always() bool { return o.months == nil && !o.days }

var (
	anywhere = map[string]int{"": 60, "kayaks": 14, "tours": 14, "journal": 6, "first-paddle": 3, "reading-tides": 3}
	searched = map[string]int{"": 34, "kayaks": 20, "tours": 14, "first-paddle": 16, "reading-tides": 16}
	articles = map[string]int{"first-paddle": 45, "reading-tides": 40, "journal": 15}
)

var demoOrigins = []demoOrigin{
	{weight: 270, mobile: 42, landing: anywhere},
	{weight: 300, referrer: "https://www.google.com/", mobile: 52, landing: searched},
	{weight: 34, referrer: "https://www.bing.com/", mobile: 12, landing: searched},
	{weight: 32, referrer: "https://duckduckgo.com/", mobile: 30, landing: searched},
	{weight: 26, referrer: "https://chatgpt.com/", mobile: 35, landing: map[string]int{"kayaks": 40, "reading-tides": 30, "": 30}},
	{weight: 9, referrer: "https://www.perplexity.ai/", mobile: 25, landing: map[string]int{"kayaks": 50, "reading-tides": 50}},
	{weight: 48, referrer: "https://www.reddit.com/r/kayaking/", mobile: 60, landing: articles},
	{weight: 55, referrer: "https://l.instagram.com/", mobile: 96, landing: map[string]int{"": 60, "tours": 40}},
	{weight: 28, referrer: "https://m.facebook.com/", mobile: 92, landing: map[string]int{"tours": 70, "": 30}},
	{weight: 24, referrer: "https://www.youtube.com/", mobile: 65, landing: map[string]int{"kayaks": 80, "": 20}},
	{weight: 30, referrer: "https://coastal-notes.example/reviews/boats-that-fold", mobile: 38, landing: map[string]int{"kayaks": 90, "": 10}},
	{weight: 14, referrer: "https://slowwater.example/links", mobile: 34, landing: articles},
	{weight: 52, tags: "utm_source=google&utm_medium=cpc&utm_campaign=folding-kayaks&gclid=1", referrer: "https://www.google.com/",
		mobile: 55, landing: map[string]int{"kayaks": 100}},
	{weight: 70, tags: "utm_source=instagram&utm_medium=paid_social&utm_campaign=summer-tours&utm_content=video", referrer: "https://l.instagram.com/",
		mobile: 97, landing: map[string]int{"tours": 100}, months: []int{4, 5, 6}},
	{weight: 40, tags: "utm_source=instagram&utm_medium=paid_social&utm_campaign=summer-tours&utm_content=carousel", referrer: "https://l.instagram.com/",
		mobile: 97, landing: map[string]int{"tours": 100}, months: []int{4, 5, 6}},
	{weight: 90, tags: "utm_source=partner-shop&utm_medium=affiliate&utm_campaign=winter-sale", mobile: 40, landing: map[string]int{"kayaks": 100}, months: []int{0, 11, 12}},
}

// Ways that open on single days.
var (
	demoLetter = demoOrigin{days: true, tags: "utm_source=newsletter&utm_medium=email&utm_campaign=tide-letter", mobile: 48,
		landing: map[string]int{"journal": 30, "reading-tides": 30, "kayaks": 40}}
	demoNews = demoOrigin{days: true, referrer: "https://news.ycombinator.com/item", mobile: 35, landing: map[string]int{"reading-tides": 100}}
)

// demoWays is where people go next from a page; "" is home, "." the way out.
var demoWays = map[string]map[string]int{
	"":              {"kayaks": 34, "tours": 22, "journal": 10, "order": 2, ".": 32},
	"kayaks":        {"order": 16, "tours": 14, "": 12, "journal": 4, ".": 54},
	"tours":         {"kayaks": 18, "": 10, "journal": 6, "order": 3, ".": 63},
	"journal":       {"first-paddle": 38, "reading-tides": 32, "": 8, ".": 22},
	"first-paddle":  {"tours": 18, "journal": 12, "kayaks": 10, ".": 60},
	"reading-tides": {"journal": 14, "kayaks": 12, "": 6, ".": 68},
	"order":         {"thanks": 24, "kayaks": 18, "": 4, ".": 54},
	"thanks":        {"": 12, ".": 88},
	"old-shop":      {"": 30, ".": 70},
}

// demoHours is how many come in each hour of the day, in the site's zone.
var demoHours = []int{14, 9, 6, 5, 5, 8, 16, 28, 40, 48, 52, 54, 58, 56, 52, 52, 54, 58, 64, 70, 72, 60, 42, 26}

// pick draws a key by its weight. The keys are asked for in order, because the
// order of a map is not the same every time.
func pick(r *rand.Rand, weights map[string]int, order []string) string {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := r.IntN(sum)
	for _, key := range order {
		if n -= weights[key]; n < 0 {
			return key
		}
	}
	return "."
}

// pickOf draws an element by its weight.
func pickOf[T any](r *rand.Rand, from []T, weight func(*T) int) *T {
	sum := 0
	for i := range from {
		sum += weight(&from[i])
	}
	n := r.IntN(sum)
	for i := range from {
		if n -= weight(&from[i]); n < 0 {
			return &from[i]
		}
	}
	return &from[0]
}
