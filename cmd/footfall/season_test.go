//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"footfall/aggregate"
)

// A season is some weeks of one site: days that were lived through, and imports of
// parts of them. Visitors are not matched across these, so what is true of the
// season is the sum of what is true of each.
type season struct {
	t      *testing.T
	random *rand.Rand
	first  time.Time
	parts  []*part // the first is live
	next   int     // event of the live part
	kept   int     // the first day that was not removed
	sites  []*seasonSite
	clock  *wallClock
	// forgetful is a season without a memory state: after each restart a visitor is a
	// new one.
	forgetful bool
	dropped   bool
}

// part is a week of the season that begins some days after it.
type part struct {
	*week
	offset  int
	visited []*visited // what is counted by now
}

// seasonSite is the same site under another floor, or with a cap.
type seasonSite struct {
	*inside
	home   *installation
	floor  int
	capped bool
	copied bool // everything came by an import
	moved  bool // the floor was another one before
}

func newSeason(t *testing.T, seed uint64, forgetful bool) *season {
	s := &season{t: t, random: rand.New(rand.NewPCG(seed, 21)), clock: new(wallClock), forgetful: forgetful}
	for i, p := range []struct {
		first        string
		days, people int
	}{{"2026-03-12", 36, 70}, {"2026-03-14", 9, 25}, {"2026-03-27", 10, 25}} {
		w := newDays("week.example", "Europe/Berlin", p.first, p.days, p.people, seed+uint64(i))
		if i == 0 {
			s.first = w.first
		}
		s.parts = append(s.parts, &part{week: w, offset: int(w.first.Sub(s.first).Hours()/24 + 0.5)})
	}
	s.clock.set(s.first)
	for _, site := range []*seasonSite{{floor: 1}, {floor: 3}, {floor: 10}, {floor: 3, capped: true}} {
		s.add(site)
	}
	return s
}

func (s *season) add(site *seasonSite) {
	site.home = install(s.t)
	settings := []string{fmt.Sprintf("floor=%d", site.floor), "retention=off", "mask=off", "hostnames=any", "currency=EUR"}
	if site.capped {
		settings = append(settings, "values_per_day=10")
	}
	site.home.addSite("week.example", "Europe/Berlin", settings...)
	s.start(site)
	s.sites = append(s.sites, site)
}

// raise gives a site another floor from now on.
func (s *season) raise(site *seasonSite, floor int) {
	site.floor, site.moved = floor, true
	site.home.must("site", "set", "week.example", fmt.Sprintf("floor=%d", floor))
}

// copy brings all that the first site has into a new one, under another floor.
func (s *season) copy(floor int) {
	name := filepath.Join(s.t.TempDir(), "everything.json")
	s.sites[0].home.must("export", "--site", "week.example", "--format", "json", name)
	s.add(&seasonSite{floor: floor, copied: true})
	s.sites[len(s.sites)-1].home.must("import", "footfall", "--site", "week.example", "--yes", name)
}

func (s *season) start(site *seasonSite) {
	state := site.home.state
	if s.forgetful {
		state = "none"
	}
	site.inside = site.home.inside(s.clock, state)
}

// day is the date of a day of the season.
func (s *season) day(n int) aggregate.Day {
	return aggregate.DayOf(s.first.AddDate(0, 0, n), s.first.Location())
}

func (s *season) at(day, hour int) time.Time {
	return s.first.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour)
}

// live sends the events up to an instant.
func (s *season) live(until time.Time) {
	p := s.parts[0]
	for ; s.next < len(p.events) && p.events[s.next].at.Before(until); s.next++ {
		e := p.events[s.next]
		s.clock.set(e.at)
		headers := []string{"Content-Type", "text/plain"}
		if !e.fragmentary {
			headers = append(headers, "Accept-Language", e.language)
		}
		for _, site := range s.sites {
			r := site.send(p.people[e.who].ip, p.people[e.who].agent, p.beacon(e), headers...)
			s.dropped = s.dropped || r.dropped() != "" && e.name != "engagement"
		}
		if s.random.IntN(20) == 0 {
			s.close()
		}
		if s.forgetful && s.random.IntN(150) == 0 {
			s.restart()
		}
	}
	whole := p.week.events
	p.week.events = whole[:s.next]
	p.visited, _ = p.week.visits()
	p.week.events = whole
	s.clock.set(until)
	s.close()
}

func (s *season) close() {
	for _, site := range s.sites {
		site.real.salts.Expire(s.clock.now())
		if _, err := site.real.engine.CloseEnded(); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *season) imports(p *part) {
	name := filepath.Join(s.t.TempDir(), "events.jsonl")
	if err := os.WriteFile(name, p.file(), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.command("import", "events", "--site", p.site, "--yes", name)
	p.visited, _ = p.week.visits()
}

func (s *season) command(args ...string) {
	for _, site := range s.sites {
		site.home.must(args...)
	}
}

func (s *season) restart(between ...string) {
	for _, site := range s.sites {
		site.stop()
		if len(between) > 0 {
			site.home.must(between...)
		}
		s.start(site)
	}
}

// TestASeasonEqualsItsNaiveRecomputation lives through five weeks, imports some of
// their days, restarts, compacts and forgets in between, under several floors, and
// puts random questions. FOOTFALL_SEED repeats a run.
func TestASeasonEqualsItsNaiveRecomputation(t *testing.T) {
	t.Parallel()
	liveSeason(t, false)
}

// Without a memory state visitors are counted again after a restart, and what is
// asked of that very day under filters misses a part. Everything adds up all the same.
func TestASeasonWithoutAMemoryStateAddsUp(t *testing.T) {
	t.Parallel()
	liveSeason(t, true)
}

func liveSeason(t *testing.T, forgetful bool) {
	seed, questions := rand.Uint64(), 15
	if given, err := strconv.ParseUint(os.Getenv("FOOTFALL_SEED"), 10, 64); err == nil {
		seed = given
	}
	if given, err := strconv.Atoi(os.Getenv("FOOTFALL_QUESTIONS")); err == nil {
		questions = given
	}
	t.Logf("FOOTFALL_SEED=%d", seed)
	s := newSeason(t, seed, forgetful)
	s.live(s.at(12, 9))
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"before any import", func() {}},
		{"with an import", func() { s.imports(s.parts[1]) }},
		{"under other floors", func() { s.raise(s.sites[1], 10); s.raise(s.sites[2], 3); s.live(s.at(16, 12)) }},
		{"with two imports, shortly after midnight", func() { s.live(s.at(28, 1)); s.imports(s.parts[2]) }},
		{"after a restart", func() { s.restart() }},
		{"compacted", func() { s.restart("compact") }},
		{"on the last day", func() { s.live(s.at(35, 23)) }},
		{"all closed", func() { s.live(s.at(36, 15)); s.clock.set(s.at(39, 12)); s.close() }},
		{"all closed and compacted", func() { s.restart("compact") }},
		{"copied", func() { s.copy(3) }},
		{"without March", func() {
			s.command("site", "reset", "week.example", "--from", "2026-03", "--yes")
			s.kept = 20
		}},
		{"without an import", func() {
			s.sites[4].stop()
			s.sites = s.sites[:4] // whose imports have other numbers
			s.command("import", "remove", "2")
			s.parts[2].visited = nil
		}},
	} {
		step.do()
		s.compare(questions)
		if t.Failed() {
			t.Fatal(step.name)
		}
	}
	for _, site := range s.sites {
		site.stop()
	}
}

// seasonQuestion is one that past days can answer, or that is about today alone.
type seasonQuestion struct {
	today       bool
	first, last int
	dimension   string // "" = totals
	filters     [][2]string
	live        bool // without imports
}

func (q *seasonQuestion) String() string {
	return fmt.Sprintf("days %d to %d by %q under %q, live alone %v", q.first, q.last, q.dimension, q.filters, q.live)
}

var seasonDimensions = []string{"visit:source", "visit:channel", "visit:utm_medium", "visit:utm_campaign", "visit:entry_page", "visit:exit_page",
	"visit:browser", "visit:os", "visit:device", "visit:language", "event:page", "event:name"}

// question makes one up: often of a range that ends yesterday, or of this month.
func (s *season) question() seasonQuestion {
	r := s.random
	today := int(s.clock.now().Sub(s.first).Hours()/24 + 0.1)
	a, b := r.IntN(today+1), r.IntN(today+1)
	q := seasonQuestion{first: min(a, b), last: max(a, b), live: r.IntN(4) == 0}
	switch month := 20; r.IntN(4) {
	case 0:
		q.last = max(q.first, today-1)
	case 1:
		q.first = 0
	case 2:
		if q.first = month; today <= month {
			q.first = 0
		}
		q.last = today - r.IntN(2)
	}
	if open := s.sites[0].real.engine.OpenDays("week.example"); r.IntN(5) == 0 && slices.Equal(open, []aggregate.Day{s.day(today)}) {
		q.first, q.last, q.today = today, today, true
	}
	if s.forgetful { // what is open goes on from its counters, and lacks links until it is closed
		for _, day := range s.sites[0].real.engine.OpenDays("week.example") {
			q.last = min(q.last, int(day-s.day(0))-1)
		}
		q.first, q.today = min(q.first, q.last), false
	}
	d := r.Perm(len(seasonDimensions))
	filter := func(dimension string) [2]string {
		p := s.parts[0]
		v := p.visited[r.IntN(len(p.visited))]
		return [2]string{dimension, p.fact(dimension, v.events[0])}
	}
	if k := r.IntN(6); k > 0 {
		q.filters = append(q.filters, filter(seasonDimensions[d[0]]))
		if k == 1 || q.today {
			q.filters = append(q.filters, filter(seasonDimensions[d[1]]))
		}
	}
	if (len(q.filters) < 2 || q.today) && r.IntN(4) > 0 {
		q.dimension = seasonDimensions[d[2]]
	}
	return q
}

// truth is what the answer should be: rows by label, and all of it.
func (s *season) truth(q *seasonQuestion) (rows map[string]figures, whole figures) {
	rows = map[string]figures{}
	for i, p := range s.parts {
		if q.live && i > 0 {
			continue
		}
		first, last := max(q.first, s.kept)-p.offset, q.last-p.offset
		all := p.count(p.visited, slice{first: first, last: last, holds: p.under(q.filters)})
		whole.add(all)
		own := map[string]figures{"": all}
		if q.dimension != "" {
			own = p.figuresBy(p.visited, q.dimension, first, last, q.filters...)
		}
		for label, f := range own {
			sum := rows[label]
			sum.add(f)
			rows[label] = sum
		}
	}
	for label, f := range rows {
		if f.events == 0 && q.dimension != "" {
			delete(rows, label)
		}
	}
	return rows, whole
}
