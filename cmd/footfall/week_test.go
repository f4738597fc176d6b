//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A week is a random stretch of days in the life of a website: who came when, and
// what they did. It is written as an import file, and week_naive_test.go computes
// from the same list, event by event, what a report has to say about it.
type week struct {
	site  string
	seed  uint64
	loc   *time.Location
	first time.Time // local midnight
	days  int

	people []person
	events []event // counted or not, in order of time
	random *rand.Rand

	lines   [][]byte // of the file
	dropped map[string]int
	bad     int
}

// person is one pair of address and user agent. Some share one of the two.
type person struct{ ip, agent, browser, os, device string }

// event is one line of the file.
type event struct {
	at          time.Time
	who         int
	name        string
	host, path  string
	from        origin
	props       map[string]any
	language    string
	passive     bool // interactive: false
	scroll      int
	engaged     int
	cents       int  // what it brought, in cents
	fragmentary bool // without the keys that may be left out
}

// origin is where somebody comes from: what the browser tells, and what a report
// should make of it.
type origin struct {
	referrer, query string

	source, channel, address              string
	tag, medium, campaign, content, term_ string
}

const unset, direct = "(not set)", "Direct / None"

// from makes an origin without tags.
func from(referrer, source, channel, address string) origin {
	return origin{referrer: referrer, source: source, channel: channel, address: address,
		tag: unset, medium: unset, campaign: unset, content: unset, term_: unset}
}

func (o origin) tagged(query, tag, medium, campaign, content, term string) origin {
	o.query, o.tag, o.medium, o.campaign, o.content, o.term_ = query, tag, medium, campaign, content, term
	return o
}

var origins = []origin{
	from("", direct, "Direct", direct),
	from("", direct, "Direct", direct),
	from("", direct, "Direct", direct).tagged("?token=geheim", unset, unset, unset, unset, unset),
	from("https://week.example/elsewhere", direct, "Direct", direct),
	from("https://google.com/search?q=geheim", "Google", "Organic Search", "google.com/search"),
	from("https://google.com/", "Google", "Organic Search", "google.com"),
	from("https://duckduckgo.com/", "DuckDuckGo", "Organic Search", "duckduckgo.com"),
	from("https://news.ycombinator.com/item?id=7", "Hacker News", "Organic Social", "news.ycombinator.com/item"),
	from("https://t.co/AbCdE", "Twitter", "Organic Social", "t.co/AbCdE"),
	from("https://chatgpt.com/", "ChatGPT", "AI Assistants", "chatgpt.com"),
	from("https://youtube.com/watch?v=1", "Youtube", "Organic Video", "youtube.com/watch"),
	from("https://blog.example.net/a/b/", "blog.example.net", "Referral", "blog.example.net/a/b"),
	from("https://en.wikipedia.org/wiki/Footfall", "Wikipedia", "Referral", "en.wikipedia.org/wiki/Footfall"),
	from("", "newsletter", "Email", direct).
		tagged("?utm_source=newsletter&utm_medium=email&utm_campaign=Spring+Sale", "newsletter", "email", "Spring Sale", unset, unset),
	from("https://facebook.com/", "Facebook", "Paid Social", "facebook.com").
		tagged("?utm_source=fb&utm_medium=cpc&utm_campaign=launch&utm_content=banner-1", "fb", "cpc", "launch", "banner-1", unset),
	from("https://google.com/", "Google", "Paid Search", "google.com").
		tagged("?gclid=geheim", unset, "(gclid)", unset, unset, unset),
	from("", "Google", "Paid Search", direct).
		tagged("?utm_source=google&utm_medium=ppc&utm_term=footfall%20counter", "google", "ppc", unset, unset, "footfall counter"),
	from("", "Reddit", "Organic Social", direct).tagged("?ref=reddit", "reddit", unset, unset, unset, unset),
	from("", "partner.example", "Affiliates", direct).
		tagged("?source=partner.example&utm_medium=affiliate", "partner.example", "affiliate", unset, unset, unset),
	from("https://shop.example.net/x", "shop.example.net", "Display", "shop.example.net/x").
		tagged("?utm_medium=banner&utm_campaign=cross", unset, "banner", "cross", unset, unset),
}

var agents = []person{
	{agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", browser: "Chrome", os: "Windows", device: "Desktop"},
	{agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", browser: "Chrome", os: "Windows", device: "Desktop"},
	{agent: "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", browser: "Firefox", os: "GNU/Linux", device: "Desktop"},
	{agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15", browser: "Safari", os: "Mac", device: "Desktop"},
	{agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", browser: "Safari", os: "iOS", device: "Mobile"},
	{agent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36", browser: "Chrome", os: "Android", device: "Mobile"},
	{agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", browser: "Microsoft Edge", os: "Windows", device: "Desktop"},
	{agent: "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", browser: "Safari", os: "iPadOS", device: "Tablet"},
}

const robot = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

// paths are pages as they stand in an address, and as a report names them.
var paths = [][2]string{{"/", "/"}, {"", "/"}, {"/about", "/about"}, {"/caf%C3%A9", "/café"}, {"/a%20b", "/a b"}, {"/docs/", "/docs/"}, {"/docs/start#top", "/docs/start"}}

// newWeek makes up a week from a seed.
func newWeek(site, zone, first string, people int, seed uint64) *week {
	return newDays(site, zone, first, 7, people, seed)
}

// newDays makes up a stretch of days from a seed.
func newDays(site, zone, first string, days, people int, seed uint64) *week {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	midnight, err := time.ParseInLocation(time.DateOnly, first, loc)
	if err != nil {
		panic(err)
	}
	w := &week{site: site, seed: seed, loc: loc, first: midnight, days: days, dropped: map[string]int{},
		random: rand.New(rand.NewPCG(seed, 7))}
	for range people {
		p := agents[w.random.IntN(len(agents))]
		p.ip = fmt.Sprintf("%s.%d", []string{"198.51.100", "203.0.113"}[w.random.IntN(2)], 1+w.random.IntN(250)) // some share it
		if w.random.IntN(4) == 0 {
			p.ip = fmt.Sprintf("2001:db8:%x::%x", w.random.IntN(1<<16), 1+w.random.IntN(9))
		}
		if !slices.Contains(w.people, p) {
			w.people = append(w.people, p)
		}
	}
	for who := range w.people {
		w.live(who)
	}
	slices.SortStableFunc(w.events, func(a, b event) int { return a.at.Compare(b.at) })
	w.write()
	return w
}

func (w *week) end() time.Time { return w.first.AddDate(0, 0, w.days) }

// live lets a person visit the site a few times.
func (w *week) live(who int) {
	taken := map[int64]bool{}
	add := func(e event) {
		for taken[e.at.UnixMilli()] {
			e.at = e.at.Add(time.Millisecond)
		}
		if taken[e.at.UnixMilli()] = true; e.at.Before(w.end()) {
			w.events = append(w.events, e)
		}
	}
	if who == 0 { // somebody who never leaves: cut at the second midnight
		for at := w.first.Add(7 * time.Hour); at.Before(w.first.Add(60 * time.Hour)); at = at.Add(25 * time.Minute) {
			add(w.page(who, at, origins[0]))
		}
		return
	}
	for range 1 + w.random.IntN(4) {
		w.visit(who, w.start(), origins[w.random.IntN(len(origins))], add)
	}
}

// start is a random time, often shortly before a midnight or a change of clocks.
func (w *week) start() time.Time {
	day := w.first.AddDate(0, 0, w.random.IntN(w.days))
	switch w.random.IntN(4) {
	case 0:
		return day.AddDate(0, 0, 1).Add(-time.Duration(w.random.Int64N(int64(40 * time.Minute)))).Truncate(time.Millisecond)
	case 1:
		return day.Add(time.Duration(w.random.Int64N(int64(5 * time.Hour)))).Truncate(time.Millisecond)
	}
	length := day.AddDate(0, 0, 1).Sub(day)
	return day.Add(time.Duration(w.random.Int64N(int64(length)))).Truncate(time.Millisecond)
}

// visit is what may be one visit, or several.
func (w *week) visit(who int, at time.Time, from origin, add func(event)) {
	if w.random.IntN(30) == 0 { // an engagement that belongs to no visit, mostly
		e := w.page(who, at.Add(-2*time.Hour), from)
		e.name, e.engaged = "engagement", 1000
		add(e)
	}
	steps := 1 + w.random.IntN(7)
	if w.random.IntN(3) == 0 {
		steps = 1
	}
	// A custom event may come first, but not where the first page is of another day.
	opening := w.random.IntN(8) == 0 && at.Add(time.Hour).In(w.loc).Day() == at.In(w.loc).Day()
	for step := range steps {
		e := w.page(who, at, from)
		if step > 0 && w.random.IntN(2) == 0 {
			e.from = origins[w.random.IntN(len(origins))] // nobody asks any more
		}
		if step > 0 && w.random.IntN(4) == 0 || step == 0 && opening {
			w.custom(&e)
		}
		add(e)
		if w.random.IntN(2) == 0 {
			look := e
			look.at = at.Add(time.Duration(1+w.random.IntN(120)) * time.Second)
			look.name, look.props, look.passive, look.cents = "engagement", nil, false, 0
			look.scroll, look.engaged = w.random.IntN(101), 1+w.random.IntN(90_000)
			add(look)
		}
		at = at.Add(w.gap())
	}
}

// gap is the time to the next event: sometimes just short enough to be of the same
// visit, sometimes just too long.
func (w *week) gap() time.Duration {
	switch w.random.IntN(12) {
	case 0:
		return 30 * time.Minute
	case 1:
		return 30*time.Minute + time.Millisecond
	case 2:
		return time.Duration(25+w.random.IntN(10)) * time.Minute
	}
	return time.Duration(5_000+w.random.IntN(600_000)) * time.Millisecond
}

func (w *week) page(who int, at time.Time, from origin) event {
	path := w.random.IntN(len(paths) + 20)
	e := event{at: at, who: who, name: "pageview", host: w.site, from: from, language: "de", fragmentary: w.random.IntN(10) == 0}
	if path < len(paths) {
		e.path = paths[path][0]
	} else {
		e.path = fmt.Sprintf("/post/%d", path*path%23)
	}
	if w.random.IntN(9) == 0 {
		e.host = "www." + w.site
	} else if w.random.IntN(9) == 0 {
		e.host = "blog." + w.site
	}
	if w.random.IntN(5) == 0 {
		e.props = map[string]any{"plan": []string{"free", "pro"}[w.random.IntN(2)]}
	}
	return e
}

// custom turns an event into a custom one.
func (w *week) custom(e *event) {
	switch w.random.IntN(3) {
	case 0:
		e.name, e.props = "Signup", map[string]any{"plan": "pro", "seats": w.random.IntN(3), "nothing": nil, "list": []int{1}}
	case 1:
		e.name, e.props = "Purchase", map[string]any{"trial": w.random.IntN(2) == 0}
		e.cents = 100 + len(e.path)*e.at.Second()
	default:
		e.name, e.props, e.passive = "Heartbeat", nil, w.random.IntN(3) > 0
	}
}

// line is an event as it stands in the file.
func (w *week) line(e event) []byte {
	p := w.people[e.who]
	query := e.from.query
	path, fragment, ok := strings.Cut(e.path, "#")
	if ok {
		fragment = "#" + fragment
	}
	m := map[string]any{"time": e.at.UTC().Format("2006-01-02T15:04:05.000Z07:00"), "ip": p.ip, "user_agent": p.agent,
		"n": e.name, "u": "https://" + e.host + path + query + fragment, "d": w.site, "r": e.from.referrer}
	if e.from.referrer == "" || e.fragmentary && e.from.referrer == "" {
		delete(m, "r")
	}
	if !e.fragmentary {
		m["language"], m["v"], m["w"] = e.language, 3, 1024
		m["time"] = e.at.In(w.loc).Format("2006-01-02T15:04:05.000Z07:00")
	}
	if e.props != nil {
		m["p"] = e.props
	}
	if e.passive {
		m["i"] = false
	}
	if e.cents > 0 {
		m["$"] = map[string]any{"currency": "EUR", "amount": fmt.Sprintf("%d.%02d", e.cents/100, e.cents%100)}
	}
	if e.name == "engagement" {
		m["sd"], m["e"] = e.scroll, e.engaged
	}
	line, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return line
}

// write puts the lines into the file up to half an hour out of order, and others
// between them that are not to be counted.
func (w *week) write() {
	type placed struct {
		at   time.Time // where it stands
		line []byte
	}
	var all []placed
	for _, e := range w.events {
		all = append(all, placed{e.at.Add(time.Duration(w.random.Int64N(int64(30 * time.Minute)))), w.line(e)})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.at.Compare(b.at) })
	extra := func(place time.Time, line []byte, reason string) {
		all = append(all, placed{place, line})
		if reason == "" {
			w.bad++
		} else {
			w.dropped[reason]++
		}
	}
	middle := w.events[len(w.events)/2]
	for i := range 5 {
		at := w.first.Add(time.Duration(20+i) * time.Hour)
		bot := w.line(w.page(0, at, origins[0]))
		extra(at, bytes.ReplaceAll(bot, []byte(w.people[0].agent), []byte(robot)), "bot")
		old := middle
		old.at = middle.at.Add(-3 * time.Hour)
		extra(middle.at.Add(time.Hour), w.line(old), "late")
		ahead := middle
		ahead.at = time.Now().AddDate(1, 0, 0)
		extra(at, w.line(ahead), "future")
		extra(at, []byte(strings.Repeat("{", i)+"no line"), "")
		extra(at, []byte(`{"time":"yesterday","ip":"198.51.100.1","user_agent":"Mozilla/5.0","n":"pageview","u":"https://week.example/"}`), "")
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.at.Compare(b.at) })
	for _, p := range all {
		w.lines = append(w.lines, p.line)
	}
}

// file is the whole import file, with blank lines that are no lines.
func (w *week) file() []byte {
	return append(bytes.Join(w.lines, []byte("\n")), "\n\n"...)
}
