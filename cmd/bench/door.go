package main

import (
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"footfall/aggregate"
	"footfall/ingest"
	"footfall/ingest/agent"
	"footfall/ingest/geo"
	"footfall/ingest/visitor"
)

const (
	mostKnown       = 2.0 // microseconds per beacon whose agent is remembered
	mostNew         = 20  // whose agent is not
	mostKnownAllocs = 0.05
	mostNewAllocs   = 25
)

// agentForms are agents in which a number is whatever it likes to be, so that each
// of them is a new one: what is usual, what the base has to read, an app, a program.
var agentForms = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.%d.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0.%d Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.%d.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0.%d Safari/605.1.15",
	"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.%d",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 400.%d.0.9",
	"Mozilla/5.0 (compatible; Examplebot/1.%d; +https://bot.example/)",
}

// measureDoor measures what is made of a beacon that has been read: whether it is
// let in, and agent, place, source, channel and visitor.
func measureDoor(b *bench) error {
	beacons := 400_000
	if b.quick {
		beacons = 40_000
	}
	a, err := newAdmission()
	if err != nil {
		return err
	}
	defer a.salts.Close()
	known := a.agents(0, 5*len(agentForms))
	if _, err := a.admit(known, len(known)); err != nil {
		return err
	}
	for _, m := range []struct {
		what             string
		agents           func(round int) [][]byte
		beacons          int
		limit, mostAlloc float64
	}{
		{"of a known agent", func(int) [][]byte { return known }, beacons, mostKnown, mostKnownAllocs},
		{"of a new agent", func(round int) [][]byte { return a.agents(1000+round*beacons, beacons/10) }, beacons / 10, mostNew, mostNewAllocs},
	} {
		var times, allocs []float64
		for round := range b.rounds {
			cost, err := a.admit(m.agents(round), m.beacons)
			if err != nil {
				return err
			}
			times, allocs = append(times, cost.micros), append(allocs, cost.allocs)
		}
		f := atMost("microseconds to judge a beacon "+m.what, median(times), m.limit, "%.1f")
		f.note = fmt.Sprintf("spread %.1f-%.1f", lowest(times), highest(times))
		b.report(f)
		b.report(atMost("allocations to judge a beacon "+m.what, median(allocs), m.mostAlloc, "%.2f"))
	}
	return nil
}

// admission is a clerk with the real parts around it, and a beacon.
type admission struct {
	clerk    *ingest.Clerk
	salts    *visitor.Salts
	settings aggregate.Settings
	tickets  [256]ingest.Ticket // read at once, and judged at once: only that is measured
	now      time.Time
	who      ingest.Caller // of the beacon that is being judged
}

const admitted = `{"n":"pageview","u":"https://www.example.com/blog/a%20post?utm_campaign=spring","d":"example.com","r":"https://www.google.com/search"}`

func newAdmission() (*admission, error) {
	a := &admission{salts: visitor.NewSalts(visitor.Options{}), settings: aggregate.DefaultSettings(), now: time.Now()}
	a.clerk = ingest.NewClerk(a.salts, agent.NewParser(0), new(geo.Places))
	return a, a.read()
}

// agents are n of them, of all forms, with numbers from first.
func (a *admission) agents(first, n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = fmt.Appendf(nil, agentForms[i%len(agentForms)], first+i)
	}
	return all
}

// cost is that of one beacon.
type cost struct{ micros, allocs float64 }

// read reads the beacon into all tickets.
func (a *admission) read() error {
	for i := range a.tickets {
		t := &a.tickets[i]
		if err := t.ReadJSON([]byte(admitted)); err != nil || len(t.Problems) > 0 {
			return fmt.Errorf("the beacon cannot be read: %v %s", err, t.ProblemText())
		}
	}
	return nil
}

// admit judges about n beacons of people at many addresses, whose agents take turns.
// What is measured is processor time: the machine may do other things meanwhile.
func (a *admission) admit(agents [][]byte, n int) (cost, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var took time.Duration
	done, refused := 0, 0
	for done < n {
		if err := a.read(); err != nil {
			return cost{}, err
		}
		start, err := threadTime()
		if err != nil {
			return cost{}, err
		}
		for i := range a.tickets {
			gone, err := a.judge(i, done, agents[done%len(agents)])
			if err != nil {
				return cost{}, err
			}
			refused += gone
			done++
		}
		end, err := threadTime()
		if err != nil {
			return cost{}, err
		}
		took += end - start
	}
	runtime.ReadMemStats(&after)
	if want := done / len(agentForms); refused < want*9/10 || refused > want*11/10 {
		return cost{}, fmt.Errorf("%d of %d beacons were refused, want those of the program, about %d", refused, done, want)
	}
	return cost{float64(took.Nanoseconds()) / 1e3 / float64(done), float64(after.Mallocs-before.Mallocs) / float64(done)}, nil
}

// judge judges ticket i for the visitor of a number; refused is 1 or 0.
func (a *admission) judge(i, number int, agent []byte) (refused int, err error) {
	a.who = ingest.Caller{At: a.now, Agent: agent, Language: "en-US,en;q=0.9", Origin: "https://www.example.com", Referer: "https://www.example.com/",
		Addr: netip.AddrFrom4([4]byte{91, byte(number >> 16), byte(number >> 8), byte(number)})}
	dropped, _, err := a.clerk.Admit(&a.tickets[i], "example.com", &a.settings, &a.who)
	if dropped != "" {
		refused = 1
	}
	return refused, err
}
