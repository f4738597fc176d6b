package ask

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"footfall/aggregate"
)

// The reference: visits as they happened, and every answer recomputed from them.

type happening struct {
	at      int64
	kind    aggregate.Kind
	facts   map[aggregate.Dimension]string // page, hostname, event name
	props   map[string]string
	engaged int64
	scroll  int
	paid    bool
	revenue aggregate.Money
}

func (h *happening) active() bool { return h.kind != aggregate.Engagement }

type visitor struct {
	imp    aggregate.ImportID
	person int
}

type visit struct {
	visitor
	facts    map[aggregate.Dimension]string
	events   []happening
	entry    *happening
	bounce   bool
	duration int64
	views    int64
}

func (v *visit) finish() {
	interactive := false
	for i := range v.events {
		e := &v.events[i]
		if !e.active() {
			continue
		}
		v.duration = e.at - v.events[0].at
		interactive = interactive || e.kind == aggregate.Custom
		if e.kind == aggregate.Pageview {
			v.views++
			if v.facts[aggregate.EntryPage] == "" {
				v.facts[aggregate.EntryPage] = e.facts[aggregate.Page]
			}
			v.facts[aggregate.ExitPage] = e.facts[aggregate.Page]
		}
		if v.entry == nil || e.kind == aggregate.Pageview && v.entry.kind != aggregate.Pageview {
			v.entry = e
		}
	}
	v.bounce = v.views == 1 && !interactive
}

// world is a site with everything that happened there.
type world struct {
	loc    *time.Location
	floor  int
	visits []*visit
	first  aggregate.Day
	last   aggregate.Day
	defs   aggregate.Definitions // what the fold knows of
}

var (
	someSources   = []string{"", "Google", "Bing", "Hacker News"}
	someAddresses = []string{"", "example.org/a", "example.org/b"}
	somePlaces    = []string{"", aggregate.Join("DE", "DE-BE", "Berlin", "2950159", "Berlin"),
		aggregate.Join("DE", "DE-BY", "Bavaria", "2867714", "Munich"), aggregate.Join("FR", "FR-IDF", "Île-de-France", "2988507", "Paris")}
	someBrowsers = []string{aggregate.Join("Chrome", "131.0"), aggregate.Join("Firefox", "131.0"), aggregate.Join("Chrome", "130.0")}
	someNames    = []string{"Signup", "Outbound"}
	somePlans    = []string{"", "", "pro", "free"}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// makeWorld makes a site's history. Visits start at whole minutes, so that no two
// activities share a moment with a border of an hour.
func makeWorld(r *rand.Rand, loc *time.Location, first, last aggregate.Day, persons, pages, imports int, floor int) *world {
	w := &world{loc: loc, floor: floor, first: first, last: last}
	for imp := range imports + 1 {
		for person := range persons {
			place, browser := pick(r, somePlaces), pick(r, someBrowsers)
			free := int64(0)
			for d := first; d <= last; d++ {
				start := d.Start(loc).UnixMilli()
				for n := r.IntN(3); n > 0; n-- {
					at := start + r.Int64N(24*60)*60_000
					if r.IntN(3) == 0 {
						at = d.End(loc).UnixMilli() - r.Int64N(10)*60_000 - 30_000
					}
					if at < free {
						continue
					}
					v := w.makeVisit(r, visitor{aggregate.ImportID(imp), person}, at, place, browser, pages)
					if e := v.events[len(v.events)-1].at; aggregate.DayOf(time.UnixMilli(e), loc) <= last {
						w.visits = append(w.visits, v)
						free = e + 31*60_000
					}
				}
			}
		}
	}
	return w
}

func (w *world) makeVisit(r *rand.Rand, who visitor, at int64, place, browser string, pages int) *visit {
	source := pick(r, someSources)
	v := &visit{visitor: who, facts: map[aggregate.Dimension]string{
		aggregate.Source: source, aggregate.Referrer: aggregate.Join(source, pick(r, someAddresses)),
		aggregate.Browser: aggregate.Part(browser, 0), aggregate.BrowserVersion: browser,
		aggregate.City: place, aggregate.UTMCampaign: pick(r, []string{"", "spring"}),
	}}
	v.facts[aggregate.Country], _ = aggregate.City.Project(place, aggregate.Country)
	v.facts[aggregate.Region], _ = aggregate.City.Project(place, aggregate.Region)
	page := ""
	for n := 1 + r.IntN(5); n > 0; n-- {
		e := happening{at: at, kind: aggregate.Pageview, facts: map[aggregate.Dimension]string{}, props: map[string]string{}, scroll: aggregate.NoScroll}
		switch k := r.IntN(6); {
		case k == 0 && len(v.events) > 0:
			e.kind, e.engaged, e.scroll = aggregate.Engagement, 1+r.Int64N(60_000), r.IntN(101)
		case k == 1 && len(v.events) > 0:
			e.kind = aggregate.Custom
			e.facts[aggregate.EventName] = pick(r, someNames)
			if e.paid = at/60_000%2 == 0; e.paid {
				e.revenue = aggregate.Money(at / 1000 % 99_991)
			}
		}
		if e.kind == aggregate.Pageview || page == "" {
			page = fmt.Sprintf("/p%d", min(r.IntN(pages), r.IntN(pages)))
		}
		e.facts[aggregate.Page] = page
		e.facts[aggregate.Hostname] = "example.com"
		if e.kind == aggregate.Pageview {
			e.facts[aggregate.EventName] = aggregate.PageviewName
		}
		if plan := pick(r, somePlans); plan != "" && e.active() {
			e.props["plan"] = plan
		}
		if e.active() && r.IntN(4) == 0 {
			e.props["lang"] = pick(r, []string{"en", "de"})
		}
		v.events = append(v.events, e)
		at += (1 + r.Int64N(12)) * 60_000
	}
	v.finish()
	return v
}

// keep forgets the visits of an import that were not within some days.
func (w *world) keep(imp aggregate.ImportID, first, last aggregate.Day) {
	w.visits = slices.DeleteFunc(w.visits, func(v *visit) bool {
		return v.imp == imp && (w.day(v.events[0].at) < first || w.day(v.events[len(v.events)-1].at) > last)
	})
}

func (w *world) day(at int64) aggregate.Day { return aggregate.DayOf(time.UnixMilli(at), w.loc) }
func (w *world) hour(at int64) int          { return time.UnixMilli(at).In(w.loc).Hour() }

// condition is a predicate on an event of a visit. byPage: it names the page, so
// that starts belong to where the visit entered (there is but one host).
type condition struct {
	holds  func(v *visit, e *happening) bool
	byPage bool
	goals  bool // an engagement for which holds is true has reached a goal
}

// value is the stored value of a dimension for an event of a visit; ok is false
// where there is none (engagement has no name, events may lack a property).
func value(v *visit, e *happening, d aggregate.Dimension, key string) (string, bool) {
	switch {
	case d == aggregate.Property:
		x, ok := e.props[key]
		return x, ok
	case d == aggregate.EventName:
		return e.facts[d], e.active()
	case d.OfVisit():
		return v.facts[d], true
	default:
		return e.facts[d], true
	}
}

// tally is what the reference counts in a bucket.
func (w *world) tally(visits []*visit, in func(at int64) bool, c condition) (t aggregate.Counts) {
	type active struct {
		visitor
		day aggregate.Day
	}
	persons := map[active]bool{}
	known := map[active]bool{} // by a visit that crossed midnight, and was active here the day before
	for _, v := range visits {
		days := map[aggregate.Day]bool{}
		engaged, deepest, hit := int64(0), -1, false
		entered, hitStart := false, false
		for i := range v.events {
			e := &v.events[i]
			if !in(e.at) || !c.holds(v, e) {
				continue
			}
			if !e.active() && c.goals {
				hit = true
				hitStart = hitStart || w.day(e.at) == w.day(v.events[0].at)
				entered = true
				days[w.day(e.at)] = true
				continue
			}
			if !e.active() {
				engaged += e.engaged
				deepest = max(deepest, e.scroll)
				continue
			}
			hit = true
			hitStart = hitStart || w.day(e.at) == w.day(v.events[0].at)
			days[w.day(e.at)] = true
			t[aggregate.Events]++
			if e.paid {
				t[aggregate.Paid]++
				t[aggregate.Revenue] += int64(e.revenue)
			}
			if e.kind == aggregate.Pageview {
				t[aggregate.Pageviews]++
			}
			entered = entered || !c.byPage || e.facts[aggregate.Page] == v.entry.facts[aggregate.Page]
		}
		if hit {
			t[aggregate.Visits]++
			if entered && hitStart && in(v.events[0].at) {
				t[aggregate.Starts]++
				t[aggregate.Duration] += v.duration
				t[aggregate.StartViews] += v.views
				if v.bounce {
					t[aggregate.Bounces]++
				}
			}
		}
		if engaged > 0 {
			t[aggregate.Engaged] += engaged
			t[aggregate.EngagedVisits]++
		}
		if deepest >= 0 {
			t[aggregate.Scroll] += int64(deepest)
			t[aggregate.ScrollVisits]++
		}
		for d := range days {
			persons[active{v.visitor, d}] = true
			if d < w.day(v.events[len(v.events)-1].at) {
				known[active{v.visitor, d + 1}] = true
			}
		}
	}
	for p := range persons {
		if !known[p] {
			t[aggregate.Visitors]++
		}
	}
	return t
}

// dayRow is the counter row of a day: its tally and what was carried into it.
func (w *world) dayRow(visits []*visit, d aggregate.Day, c condition) aggregate.Counts {
	on := func(day aggregate.Day) func(int64) bool {
		return func(at int64) bool { return w.day(at) == day }
	}
	t := w.tally(visits, on(d), c)
	// What the sum of both days has too often was carried over midnight.
	before := w.tally(visits, on(d-1), c)
	if before == (aggregate.Counts{}) {
		return t
	}
	both := w.tally(visits, func(at int64) bool { return w.day(at) == d-1 || w.day(at) == d }, c)
	for col, carried := range map[aggregate.Column]aggregate.Column{
		aggregate.Visitors: aggregate.CarriedVisitors, aggregate.Visits: aggregate.CarriedVisits,
		aggregate.EngagedVisits: aggregate.CarriedEngagedVisits, aggregate.Scroll: aggregate.CarriedScroll,
		aggregate.ScrollVisits: aggregate.CarriedScrollVisits,
	} {
		t[carried] = before[col] + t[col] - both[col]
	}
	return t
}

// fakeBlocks holds blocks made from a world, and counts reads.
type fakeBlocks struct {
	blocks map[aggregate.Key]*aggregate.Block
	reads  int
	fail   error
}

func (f *fakeBlocks) Range(site aggregate.Site, imports bool, span aggregate.Span, a, b aggregate.Dimension,
	first, last aggregate.Day, fn func(aggregate.Key, *aggregate.Block) error) error {
	if f.fail != nil {
		return f.fail
	}
	var keys []aggregate.Key
	for d := first; d <= last; d++ {
		for imp := aggregate.ImportID(0); imp < 3; imp++ {
			k := aggregate.Key{Site: site, Import: imp, Span: span, Day: d, A: a, B: b}
			if f.blocks[k] != nil && (imports || imp == aggregate.Live) {
				keys = append(keys, k)
			}
		}
	}
	for _, k := range keys {
		f.reads++
		lent := f.blocks[k]
		before := aggregate.Block{Rows: slices.Clone(lent.Rows), A: slices.Clone(lent.A), B: slices.Clone(lent.B)}
		if err := fn(k, lent); err != nil {
			return err
		}
		if !slices.Equal(before.Rows, lent.Rows) || !slices.Equal(before.A, lent.A) || !slices.Equal(before.B, lent.B) {
			panic("a block was changed")
		}
	}
	return nil
}

func (f *fakeBlocks) Days(aggregate.Site) (first, last aggregate.Day, ok bool) {
	for k := range f.blocks {
		if k.Span != aggregate.OneDay {
			continue
		}
		if !ok || k.Day < first {
			first = k.Day
		}
		if !ok || k.Day > last {
			last = k.Day
		}
		ok = true
	}
	return first, last, ok
}

const testSite aggregate.Site = "example.com"

var testDims = []aggregate.Dimension{aggregate.Source, aggregate.Referrer, aggregate.UTMCampaign, aggregate.Country, aggregate.Region,
	aggregate.City, aggregate.Browser, aggregate.BrowserVersion, aggregate.EntryPage, aggregate.ExitPage,
	aggregate.Page, aggregate.Hostname, aggregate.EventName, aggregate.Property}

// stored lists the stored values of a dimension that an event of a visit has.
func stored(v *visit, e *happening, d aggregate.Dimension) []string {
	if d == aggregate.Property {
		var all []string
		for k, x := range e.props {
			all = append(all, aggregate.Join(k, x))
		}
		if _, ok := e.props["plan"]; !ok && e.active() {
			all = append(all, "plan") // the row of the events that lack it
		}
		return all
	}
	if x, ok := value(v, e, d, ""); ok {
		return []string{x}
	}
	return nil
}

// ofImport are the visits of one import with events on a day or the day before.
func (w *world) around(imp aggregate.ImportID, d aggregate.Day) (near []*visit) {
	for _, v := range w.visits {
		if first, last := w.day(v.events[0].at), w.day(v.events[len(v.events)-1].at); v.imp == imp && last >= d && first <= d {
			near = append(near, v)
		}
	}
	return near
}

// block makes the counter block of one day from the reference.
func (w *world) block(imp aggregate.ImportID, d aggregate.Day, a, b aggregate.Dimension) *aggregate.Block {
	near := w.around(imp, d)
	type ab struct{ a, b string }
	seen := map[ab]bool{}
	for _, v := range near {
		for i := range v.events {
			e := &v.events[i]
			if w.day(e.at) != d {
				continue
			}
			for _, x := range stored(v, e, a) {
				if x == "plan" && d%2 == 0 {
					continue // not every key has such a row
				}
				if b == aggregate.None {
					seen[ab{x, ""}] = true
					continue
				}
				for _, y := range stored(v, e, b) {
					if y == "plan" && (a != aggregate.EventName || d%2 == 0) {
						continue
					}
					seen[ab{x, y}] = true
				}
			}
		}
	}
	rows := map[[2]string]aggregate.Counts{}
	for s := range seen {
		c := condition{byPage: a == aggregate.Page || b == aggregate.Page, holds: func(v *visit, e *happening) bool {
			return slices.Contains(stored(v, e, a), s.a) && (b == aggregate.None || slices.Contains(stored(v, e, b), s.b))
		}}
		rows[[2]string{s.a, s.b}] = w.dayRow(near, d, c)
	}
	return makeBlock(rows, b != aggregate.None)
}

func makeBlock(rows map[[2]string]aggregate.Counts, pair bool) *aggregate.Block {
	blk := &aggregate.Block{Meta: aggregate.Meta{Floor: 1}}
	for k, c := range rows {
		if c.Zero() {
			continue
		}
		blk.A = append(blk.A, k[0])
		if pair {
			blk.B = append(blk.B, k[1])
		}
	}
	slices.Sort(blk.A)
	blk.A = slices.Compact(blk.A)
	slices.Sort(blk.B)
	blk.B = slices.Compact(blk.B)
	for k, c := range rows {
		if c.Zero() {
			continue
		}
		r := aggregate.Row{Counts: c}
		i, _ := slices.BinarySearch(blk.A, k[0])
		r.A = uint32(i)
		if pair {
			i, _ = slices.BinarySearch(blk.B, k[1])
			r.B = uint32(i)
		}
		blk.Rows = append(blk.Rows, r)
	}
	slices.SortFunc(blk.Rows, func(x, y aggregate.Row) int {
		if x.A != y.A {
			return int(x.A) - int(y.A)
		}
		return int(x.B) - int(y.B)
	})
	return blk
}

// totalsBlock makes the block of totals of a day.
func (w *world) totalsBlock(imp aggregate.ImportID, d aggregate.Day) *aggregate.Block {
	near := w.around(imp, d)
	all := condition{holds: func(*visit, *happening) bool { return true }}
	rows := map[[2]string]aggregate.Counts{{aggregate.TotalDay, ""}: w.dayRow(near, d, all)}
	for h := range 24 {
		rows[[2]string{aggregate.HourValue(h), ""}] = w.hourRow(near, d, h)
	}
	b := makeBlock(rows, false)
	b.Meta.Linked = true
	b.Meta.Closes = 1
	return b
}

// hourRow follows the rule of hour totals: a visit counts in every hour from its
// first activity to its last.
func (w *world) hourRow(near []*visit, d aggregate.Day, h int) aggregate.Counts {
	in := func(at int64) bool { return w.day(at) == d && w.hour(at) == h }
	t := w.tally(near, in, condition{holds: func(*visit, *happening) bool { return true }})
	persons := map[visitor]bool{}
	t[aggregate.Visits], t[aggregate.Visitors] = 0, 0
	for _, v := range near {
		first, last := int64(0), int64(0)
		for i := range v.events {
			if e := &v.events[i]; e.active() {
				if first == 0 {
					first = e.at
				}
				last = e.at
				if in(e.at) {
					persons[v.visitor] = true
				}
			}
		}
		spans, before := false, false
		for at := first; at <= last; at += 60_000 {
			if in(at) {
				spans = true
			} else if !spans {
				before = true
			}
		}
		if spans {
			t[aggregate.Visits]++
			if before {
				t[aggregate.CarriedVisits]++
			}
		}
	}
	t[aggregate.Visitors] = int64(len(persons))
	return t
}

// blocks stores all closed days, as a close would: pairs under the floor lose
// their date. Days in open keep what was projected of them.
func (w *world) blocks(imports int, open ...aggregate.Day) *fakeBlocks {
	f := &fakeBlocks{blocks: map[aggregate.Key]*aggregate.Block{}}
	for imp := aggregate.ImportID(0); int(imp) <= imports; imp++ {
		for d := w.first; d <= w.last; d++ {
			if len(w.around(imp, d)) == 0 {
				continue
			}
			if imp == aggregate.Live && slices.Contains(open, d) {
				f.put(imp, d, aggregate.None, aggregate.None, makeBlock(map[[2]string]aggregate.Counts{{}: {1, 1, 1, 1}}, false))
				continue
			}
			f.put(imp, d, aggregate.None, aggregate.None, w.totalsBlock(imp, d))
			for _, a := range testDims {
				f.put(imp, d, a, aggregate.None, w.block(imp, d, a, aggregate.None))
				for _, b := range testDims {
					if a < b && aggregate.Crossed(a, b) {
						f.putPair(w, imp, d, a, b)
					}
				}
			}
		}
	}
	return f
}

func (f *fakeBlocks) put(imp aggregate.ImportID, d aggregate.Day, a, b aggregate.Dimension, blk *aggregate.Block) {
	f.blocks[aggregate.Key{Site: testSite, Import: imp, Span: aggregate.OneDay, Day: d, A: a, B: b}] = blk
}

func (f *fakeBlocks) putPair(w *world, imp aggregate.ImportID, d aggregate.Day, a, b aggregate.Dimension) {
	full := w.block(imp, d, a, b)
	keep, lose := map[[2]string]aggregate.Counts{}, map[[2]string]aggregate.Counts{}
	month := aggregate.Key{Site: testSite, Import: imp, Span: aggregate.OneMonth, Day: d.Month(), A: a, B: b}
	if old := f.blocks[month]; old != nil {
		for _, r := range old.Rows {
			lose[[2]string{old.A[r.A], old.B[r.B]}] = r.Counts
		}
	}
	for _, r := range full.Rows {
		k := [2]string{full.A[r.A], full.B[r.B]}
		if w.floor <= 1 || r.Counts[aggregate.Visitors] >= int64(w.floor) {
			keep[k] = r.Counts
			continue
		}
		c := r.Counts
		if d != d.Month() {
			c.Uncarry()
		}
		old := lose[k]
		old.Add(&c)
		lose[k] = old
	}
	dated := makeBlock(keep, true)
	dated.Meta.Floor = uint32(w.floor)
	f.put(imp, d, a, b, dated)
	f.blocks[month] = makeBlock(lose, true)
}

// fakeOpen answers scans from the reference.
type fakeOpen struct {
	w     *world
	days  []aggregate.Day
	lossy bool
	scans int
	// onScan runs before each scan, to let days close in between.
	onScan func()
}

func (f *fakeOpen) OpenDays(aggregate.Site) []aggregate.Day { return f.days }

func (f *fakeOpen) Scan(_ aggregate.Site, day aggregate.Day, s aggregate.Scan) ([]aggregate.ScanRow, aggregate.Meta, error) {
	if f.onScan != nil {
		f.onScan()
	}
	f.scans++
	if !slices.Contains(f.days, day) {
		return nil, aggregate.Meta{}, fmt.Errorf("scan: %w", aggregate.ErrDayClosed)
	}
	w := f.w
	near := w.around(aggregate.Live, day)
	in := func(at int64) bool { return s.To == 0 || at >= s.From && at < s.To }
	type key struct {
		bucket int64
		labels string
	}
	found := map[key][]string{}
	for _, v := range near {
		for i := range v.events {
			e := &v.events[i]
			if w.day(e.at) != day || !in(e.at) {
				continue
			}
			var labels []string
			k := key{bucket: w.bucket(s.Grain, e.at)}
			for _, g := range s.Groups {
				x, ok := value(v, e, g.Dimension, g.Key)
				if !ok && g.Dimension != aggregate.Property {
					x = aggregate.EngagementName
				}
				labels = append(labels, g.Label(x))
			}
			k.labels = fmt.Sprint(labels)
			found[k] = labels
		}
	}
	var rows []aggregate.ScanRow
	for k, labels := range found {
		if s.Grain == aggregate.ByHour && s.Filter == nil && len(s.Groups) == 0 && s.To == 0 {
			rows = append(rows, aggregate.ScanRow{Bucket: k.bucket, Counts: w.hourRow(near, day, int(k.bucket))})
			continue
		}
		c := w.scanCondition(s, labels)
		inner := c.holds
		c.holds = func(v *visit, e *happening) bool {
			return inner(v, e) && (s.Grain == aggregate.WholeScan || w.bucket(s.Grain, e.at) == k.bucket) && (w.day(e.at) != day || in(e.at))
		}
		row := aggregate.ScanRow{Values: labels, Bucket: k.bucket, Counts: w.dayRow(near, day, c)}
		if s.To != 0 {
			row.DropCarried() // rows of a part of a day do not tell
		}
		rows = append(rows, row)
	}
	return rows, aggregate.Meta{Lossy: f.lossy}, nil
}

func (w *world) bucket(g aggregate.Grain, at int64) int64 {
	switch g {
	case aggregate.ByHour:
		return int64(w.hour(at))
	case aggregate.ByMinute:
		return at / 60_000
	}
	return 0
}

// scanCondition is a scan's filter together with the labels of one row.
func (w *world) scanCondition(s aggregate.Scan, labels []string) condition {
	c := condition{}
	for _, g := range s.Groups {
		c.byPage = c.byPage || g.Dimension == aggregate.Page
	}
	if s.Filter != nil {
		s.Filter.Leaves(func(l *aggregate.Expr) {
			c.byPage = c.byPage || l.Dimension == aggregate.Page
		})
	}
	c.holds = func(v *visit, e *happening) bool {
		for i, g := range s.Groups {
			x, ok := value(v, e, g.Dimension, g.Key)
			if !ok && g.Dimension != aggregate.Property {
				x = aggregate.EngagementName
			}
			if g.Label(x) != labels[i] {
				return false
			}
		}
		return s.Filter == nil || s.Filter.Eval(func(l *aggregate.Expr) bool {
			x, ok := value(v, e, l.Dimension, l.Key)
			if !ok && l.Dimension != aggregate.Property {
				x = aggregate.EngagementName
			}
			return l.Match(x)
		})
	}
	return c
}
