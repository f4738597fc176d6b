package main

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"footfall/aggregate"
)

// demoBeacon is what the script would send, as it stands in a request's body or,
// with the first four keys, in a line of an event file.
type demoBeacon struct {
	Time      string            `json:"time,omitempty"`
	IP        string            `json:"ip,omitempty"`
	UserAgent string            `json:"user_agent,omitempty"`
	Language  string            `json:"language,omitempty"`
	Name      string            `json:"n"`
	URL       string            `json:"u"`
	Domain    aggregate.Site    `json:"d"`
	Referrer  string            `json:"r,omitempty"`
	Props     map[string]string `json:"p,omitempty"`
	Scroll    int               `json:"sd,omitempty"`
	Engaged   int64             `json:"e,omitempty"`
}

// demoStep is one beacon of a visit.
type demoStep struct {
	at  time.Time
	who *demoPerson
	demoBeacon
}

// demoWorld makes visits.
type demoWorld struct {
	site   aggregate.Site
	places []demoPlace
	pages  []string // in order
}

func newDemoWorld(site aggregate.Site) (*demoWorld, error) {
	places, err := readDemoPlaces()
	w := &demoWorld{site: site, places: places}
	for _, p := range demoPages {
		w.pages = append(w.pages, p.path)
	}
	return w, err
}

// person makes somebody who comes by a way.
func (w *demoWorld) person(r *rand.Rand, from *demoOrigin, at time.Time) *demoPerson {
	place := pickOf(r, w.places, func(p *demoPlace) int { return p.weight })
	base := place.addresses.Addr().As4()
	base[2] |= byte(r.IntN(4))
	base[3] = byte(1 + r.IntN(254))
	agents := demoDesktops
	if r.IntN(100) < from.mobile {
		agents = demoMobiles
	}
	agent := pickOf(r, agents, func(a *demoAgent) int { return a.weight })
	return &demoPerson{addr: netip.AddrFrom4(base), agent: agent.at(at), language: place.language}
}

// visit makes all steps of one visit.
func (w *demoWorld) visit(r *rand.Rand, who *demoPerson, from *demoOrigin, at time.Time) (steps []demoStep) {
	page := pick(r, from.landing, w.pages)
	referrer, query := from.referrer, from.tags
	if query != "" {
		query = "?" + query
	}
	if from.referrer == "" && query == "" && r.IntN(160) == 0 {
		page = "old-shop" // a link that nobody has mended
	}
	for range 12 {
		url := "https://" + string(w.site) + demoPath + page + query
		add := func(at time.Time, b demoBeacon) {
			b.URL, b.Domain = url, w.site
			steps = append(steps, demoStep{at, who, b})
		}
		add(at, demoBeacon{Name: aggregate.PageviewName, Referrer: referrer})
		if page == "old-shop" {
			add(at.Add(time.Second), demoBeacon{Name: "404"})
		}
		stay := time.Duration(math.Exp(r.NormFloat64()*0.9+3.1) * float64(time.Second))
		stay = min(max(stay, 2*time.Second), 9*time.Minute)
		next := pick(r, demoWays[page], w.pages)
		w.act(r, page, next, func(b demoBeacon) { add(at.Add(stay*9/10), b) })
		read := min(100, 25+int(stay/time.Second)+r.IntN(30))
		add(at.Add(stay), demoBeacon{Name: aggregate.EngagementName, Scroll: read, Engaged: (stay * 8 / 10).Milliseconds()})
		if next == "." {
			return steps
		}
		at, page, referrer, query = at.Add(stay+50*time.Millisecond), next, "", ""
	}
	return steps
}

// act adds what people do besides reading.
func (w *demoWorld) act(r *rand.Rand, page, next string, add func(demoBeacon)) {
	switch {
	case page == "order" && next == "thanks":
		add(demoBeacon{Name: "Order", Props: map[string]string{"model": []string{"one", "one", "two"}[r.IntN(3)]}})
	case page == "tours" && r.IntN(14) == 0:
		add(demoBeacon{Name: "Tour request", Props: map[string]string{"tour": []string{"seals", "seals", "city", "islands"}[r.IntN(4)]}})
	case (page == "kayaks" || page == "reading-tides") && r.IntN(22) == 0:
		add(demoBeacon{Name: "File Download", Props: map[string]string{"url": "https://" + string(w.site) + demoPath + "packing-list.pdf"}})
	case page == "" && r.IntN(60) == 0:
		add(demoBeacon{Name: "Outbound Link: Click", Props: map[string]string{"url": "https://www.openstreetmap.org/"}})
	}
}
