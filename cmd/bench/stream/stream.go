// Package stream owns the load that the budgets are measured under: pageviews of
// 200,000 visitors on 2,000 paths from 300 referrers, the same ones in the same
// order for the same seed.
//
// It makes them in the forms in which they are needed: as requests, as bodies,
// as lines of an event file. It must never see a server.
//
// Visitors are drawn evenly, paths and referrers by rank (Zipf), as they are on
// real sites. The addresses are of 240.0.0.0/4, which nobody has.
package stream

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"sort"
	"strconv"
	"time"
)

// Site is the site that all beacons are for.
const Site = "example.com"

// Options shape a stream. The zero value is the one of the budgets.
type Options struct {
	Visitors  int // 0 = 200,000
	Paths     int // 0 = 2,000
	Referrers int // 0 = 300
	// Even draws paths and referrers evenly too, which no real site sees.
	Even bool
}

// Stream draws beacons. It is not for concurrent use.
type Stream struct {
	visitors  uint32
	random    *rand.Rand
	paths     ranks
	referrers ranks
}

// New makes a stream.
func New(seed uint64, o Options) *Stream {
	return &Stream{
		visitors:  uint32(or(o.Visitors, 200_000)),
		random:    rand.New(rand.NewPCG(seed, 0x666f6f7466616c6c)),
		paths:     newRanks(or(o.Paths, 2_000), o.Even),
		referrers: newRanks(or(o.Referrers, 300), o.Even),
	}
}

func or(n, preset int) int {
	if n == 0 {
		return preset
	}
	return n
}

// ranks draws ranks from 0, the low ones more often: rank r weighs 1/(r+1).
type ranks []float64 // cumulated shares

func newRanks(n int, even bool) ranks {
	r, sum := make(ranks, n), 0.0
	for i := range r {
		weight := 1.0
		if !even {
			weight = 1 / float64(i+1)
		}
		sum += weight
		r[i] = sum
	}
	for i := range r {
		r[i] /= sum
	}
	r[n-1] = math.Inf(1)
	return r
}

func (r ranks) draw(random *rand.Rand) uint16 {
	return uint16(sort.SearchFloat64s(r, random.Float64()))
}

// Beacon is one pageview.
type Beacon struct {
	Visitor  uint32
	Path     uint16
	Referrer uint16 // 0 = none
}

// Next draws a beacon of any visitor.
func (s *Stream) Next() Beacon { return s.By(s.random.Uint32N(s.visitors)) }

// By draws a beacon of one visitor. Four in ten come from nowhere.
func (s *Stream) By(visitor uint32) Beacon {
	b := Beacon{Visitor: visitor, Path: s.paths.draw(s.random)}
	if s.random.Uint32N(10) >= 4 {
		b.Referrer = 1 + s.referrers.draw(s.random)
	}
	return b
}

// Addr is the visitor's address.
func (b Beacon) Addr() netip.Addr {
	v := b.Visitor
	return netip.AddrFrom4([4]byte{240 | byte(v>>24)&15, byte(v >> 16), byte(v >> 8), byte(v)})
}

// Agent is the visitor's user agent.
func (b Beacon) Agent() string { return agents[mix(b.Visitor)%uint32(len(agents))] }

// Language is what the visitor's browser asks for.
func (b Beacon) Language() string {
	return languages[mix(b.Visitor)>>16%uint32(len(languages))]
}

// mix spreads a visitor's number, so that neighbours differ.
func mix(v uint32) uint32 {
	v = (v ^ v>>16) * 0x45d9f3b
	v = (v ^ v>>16) * 0x45d9f3b
	return v ^ v>>16
}

var sections = [...]string{"blog", "docs", "guides", "products", "help"}

// AppendFields appends the keys of the beacon as the script sends them.
func (b Beacon) AppendFields(dst []byte) []byte {
	dst = append(dst, `"n":"pageview","u":"https://www.`+Site+`/`...)
	dst = append(append(dst, sections[b.Path%uint16(len(sections))]...), "/how-to-do-thing-number-"...)
	dst = strconv.AppendUint(dst, uint64(b.Path), 10)
	dst = append(dst, `","d":"`+Site+`","r":"`...)
	if b.Referrer > 0 {
		dst = strconv.AppendUint(append(dst, "https://www.place-"...), uint64(b.Referrer), 10)
		dst = append(dst, ".example/links/today"...)
	}
	return append(dst, '"')
}

// AppendBody appends the body of the beacon's request.
func (b Beacon) AppendBody(dst []byte) []byte {
	return append(b.AppendFields(append(dst, '{')), `,"p":{},"h":0}`...)
}

// Requests writes the requests of a stream's beacons.
type Requests struct {
	head string
	body []byte
}

// NewRequests makes requests to a host.
func NewRequests(host string) *Requests {
	return &Requests{head: "POST /api/event HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: text/plain\r\nUser-Agent: "}
}

// Append appends a whole request, as a proxy on the same machine hands it on.
func (r *Requests) Append(dst []byte, b Beacon) []byte {
	r.body = b.AppendBody(r.body[:0])
	dst = append(append(dst, r.head...), b.Agent()...)
	dst = append(append(dst, "\r\nAccept-Language: "...), b.Language()...)
	dst = b.Addr().AppendTo(append(dst, "\r\nX-Forwarded-For: "...))
	dst = strconv.AppendInt(append(dst, "\r\nContent-Length: "...), int64(len(r.body)), 10)
	return append(append(dst, "\r\n\r\n"...), r.body...)
}

// AppendLine appends the beacon as a line of an event file.
func (b Beacon) AppendLine(dst []byte, at time.Time) []byte {
	dst = at.UTC().AppendFormat(append(dst, `{"time":"`...), time.RFC3339Nano)
	dst = b.Addr().AppendTo(append(dst, `","ip":"`...))
	dst = append(append(dst, `","user_agent":"`...), b.Agent()...)
	dst = append(append(dst, `","language":"`...), b.Language()...)
	return append(b.AppendFields(append(dst, `",`...)), "}\n"...)
}

var languages = [...]string{
	"en-US,en;q=0.9", "en-US,en;q=0.9", "en-US,en;q=0.9", "en-GB,en;q=0.8", "de-DE,de;q=0.9,en;q=0.7", "de", "fr-FR,fr;q=0.9",
	"es-ES,es;q=0.9", "pt-BR,pt;q=0.9,en;q=0.8", "nl-NL,nl;q=0.9", "ja", "it-IT,it;q=0.9", "pl", "sv-SE,sv;q=0.9,en;q=0.5",
}

var agents = [...]string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/124.0.0.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
	"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
	"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
	"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
}
