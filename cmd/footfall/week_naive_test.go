//go:build linux

package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// The naive recomputation: every figure from the list of all events, by the words
// of its definition, as slowly as need be.

// seen is one event with the visit it belongs to.
type seen struct {
	event
	day   int // since the first
	visit *visited
}

func (s *seen) active() bool { return s.name != "engagement" }

// visited is a visit: its events in order of time.
type visited struct {
	who    int
	events []*seen
}

func (v *visited) start() int { return v.events[0].day }

// firstView is the visit's first pageview, lastView its last; nil without any.
func (v *visited) firstView() *seen { return v.view(v.events) }
func (v *visited) lastView() *seen {
	back := slices.Clone(v.events)
	slices.Reverse(back)
	return v.view(back)
}

// entered is the event by which a visit entered, as far as the day knows on which
// it started: its first pageview, or the first event if it saw none.
func (v *visited) entered() *seen {
	if e := v.firstView(); e != nil && e.day == v.start() {
		return e
	}
	return v.events[0]
}

func (v *visited) view(events []*seen) *seen {
	for _, e := range events {
		if e.name == "pageview" {
			return e
		}
	}
	return nil
}

// visits cuts what happened into visits: gaps of at most half an hour, and the end
// of the day after the visit's first. What belongs to no visit is returned.
func (w *week) visits() (all []*visited, homeless int) {
	byPerson := map[int][]event{}
	for _, e := range w.events {
		byPerson[e.who] = append(byPerson[e.who], e)
	}
	for who := range w.people {
		var v *visited
		for _, e := range byPerson[who] {
			s := &seen{event: e, day: w.dayOf(e.at)}
			switch {
			case v != nil && e.at.Sub(v.events[len(v.events)-1].at) <= 30*time.Minute && s.day <= v.start()+1:
			case e.name == "engagement":
				homeless++
				continue
			default:
				v = &visited{who: who}
				all = append(all, v)
			}
			s.visit = v
			v.events = append(v.events, s)
		}
	}
	return all, homeless
}

// dayOf is the number of a local day.
func (w *week) dayOf(at time.Time) int {
	civil := func(t time.Time) time.Time {
		y, m, d := t.In(w.loc).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(civil(at).Sub(civil(w.first)).Hours() / 24)
}

func (w *week) dayName(day int) string { return w.first.AddDate(0, 0, day).Format(time.DateOnly) }

// figures are what a row of a report can say.
type figures struct {
	visitors, visits, pageviews, events int
	starts, bounces, startViews         int
	duration                            time.Duration
	engaged, engagedVisits              int
	scroll, scrolled                    int
	cents, paid                         int
}

// add adds what others did.
func (f *figures) add(o figures) {
	f.visitors += o.visitors
	f.visits += o.visits
	f.pageviews += o.pageviews
	f.events += o.events
	f.starts += o.starts
	f.bounces += o.bounces
	f.startViews += o.startViews
	f.duration += o.duration
	f.engaged += o.engaged
	f.engagedVisits += o.engagedVisits
	f.scroll += o.scroll
	f.scrolled += o.scrolled
	f.cents += o.cents
	f.paid += o.paid
}

var allMetrics = []string{"visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration", "views_per_visit", "time_on_page", "scroll_depth"}

// row is the figures as the stats API gives them; null is -1. Only the views per
// visit are not rounded yet: which way a half goes is a matter of taste.
func (f figures) row() []float64 {
	mean := func(sum, n int, unit float64) float64 {
		if n == 0 {
			return -1
		}
		return math.Round(float64(sum) / unit / float64(n))
	}
	row := []float64{float64(f.visitors), float64(f.visits), float64(f.pageviews), float64(f.events),
		max(0, mean(100*f.bounces, f.starts, 1)), mean(int(f.duration.Milliseconds()), f.starts, 1000), 0,
		mean(f.engaged, f.engagedVisits, 1000), mean(f.scroll, f.scrolled, 1)}
	if f.starts > 0 {
		row[6] = float64(f.startViews) / float64(f.starts)
	}
	return row
}

// same compares one figure that was answered with a row's.
func same(metric string, got, want float64) bool {
	if metric == "views_per_visit" {
		cents := math.Round(got * 100)
		return math.Abs(got*100-cents) < 1e-6 && math.Abs(cents-want*100) < 0.5+1e-6
	}
	return got == want
}

// slice is a part of the week: some days, and the events for which holds is true.
// A visit's bounce and duration belong to it where holds is true of its entry.
type slice struct {
	first, last int
	holds       func(*seen) bool
}

func anything(*seen) bool { return true }

// count computes the figures of a slice.
func (w *week) count(all []*visited, s slice) (f figures) {
	for day := s.first; day <= s.last; day++ {
		people, before := map[int]bool{}, map[int]bool{}
		for _, v := range all {
			if s.activeOn(v, day) {
				people[v.who] = true
			}
			// A visit across midnight gave its person the same fact the day before.
			if day > s.first && v.start() == day-1 && v.events[len(v.events)-1].day == day && s.activeOn(v, day-1) {
				before[v.who] = true
			}
		}
		for who := range people {
			if !before[who] {
				f.visitors++
			}
		}
	}
	for _, v := range all {
		s.addVisit(&f, v)
	}
	return f
}

func (s *slice) activeOn(v *visited, day int) bool {
	return slices.ContainsFunc(v.events, func(e *seen) bool { return e.day == day && e.active() && s.holds(e) })
}

func (s *slice) addVisit(f *figures, v *visited) {
	active, engaged, deepest := false, 0, -1
	for _, e := range v.events {
		switch {
		case e.day < s.first || e.day > s.last || !s.holds(e):
		case !e.active():
			engaged += e.engaged
			deepest = max(deepest, e.scroll)
		default:
			active = true
			f.events++
			if f.cents += e.cents; e.cents > 0 {
				f.paid++
			}
			if e.name == "pageview" {
				f.pageviews++
			}
		}
	}
	if active {
		f.visits++
	}
	if f.engaged += engaged; engaged > 0 {
		f.engagedVisits++
	}
	if deepest >= 0 {
		f.scroll += deepest
		f.scrolled++
	}
	if v.start() >= s.first && v.start() <= s.last && s.holds(v.entered()) {
		f.addStart(v)
	}
}

// addStart adds what belongs to where the visit started.
func (f *figures) addStart(v *visited) {
	views, bounces := 0, true
	var end time.Time
	for _, e := range v.events {
		if !e.active() {
			continue
		}
		end = e.at
		if e.name == "pageview" {
			views++
		} else if !e.passive {
			bounces = false
		}
	}
	f.starts++
	f.startViews += views
	f.duration += end.Sub(v.events[0].at)
	if bounces && views == 1 {
		f.bounces++
	}
}

// fact is the label of a dimension for an event.
func (w *week) fact(dimension string, s *seen) string {
	v, o := s.visit, s.visit.events[0]
	switch dimension {
	case "event:page":
		return page(s)
	case "event:hostname":
		return strings.TrimPrefix(s.host, "www.")
	case "event:name":
		return s.name
	case "visit:entry_page":
		return page(v.firstView())
	case "visit:exit_page":
		return page(v.lastView())
	case "visit:browser":
		return w.people[v.who].browser
	case "visit:os":
		return w.people[v.who].os
	case "visit:device":
		return w.people[v.who].device
	case "visit:language":
		if o.fragmentary {
			return unset
		}
		return o.language
	case "visit:country":
		return unset
	}
	if key, ok := strings.CutPrefix(dimension, "event:props:"); ok {
		return property(s, key)
	}
	return map[string]string{"visit:source": o.from.source, "visit:channel": o.from.channel, "visit:referrer": o.from.address,
		"visit:utm_source": o.from.tag, "visit:utm_medium": o.from.medium, "visit:utm_campaign": o.from.campaign,
		"visit:utm_content": o.from.content, "visit:utm_term": o.from.term_}[dimension]
}

func page(s *seen) string {
	if s == nil {
		return unset
	}
	for _, p := range paths {
		if p[0] == s.path {
			return p[1]
		}
	}
	return s.path
}

func property(s *seen, key string) string {
	switch v := s.props[key].(type) {
	case string, int, bool:
		return fmt.Sprint(v)
	}
	return "(none)"
}

// breakdown computes all rows of a report over some days, under filters.
func (w *week) breakdown(all []*visited, dimension string, first, last int, filters ...[2]string) map[string][]float64 {
	rows := map[string][]float64{}
	for label, f := range w.figuresBy(all, dimension, first, last, filters...) {
		if f.events > 0 {
			rows[label] = f.row()
		}
	}
	return rows
}

// figuresBy computes the figures of all values of a dimension.
func (w *week) figuresBy(all []*visited, dimension string, first, last int, filters ...[2]string) map[string]figures {
	under := w.under(filters)
	labels := map[string]bool{}
	for _, v := range all {
		for _, e := range v.events {
			if e.day >= first && e.day <= last && under(e) && (e.active() || dimension != "event:name") {
				labels[w.fact(dimension, e)] = true
			}
		}
	}
	rows := map[string]figures{}
	for label := range labels {
		rows[label] = w.count(all, slice{first: first, last: last, holds: func(e *seen) bool { return under(e) && w.fact(dimension, e) == label }})
	}
	return rows
}

// under is the conjunction of filters: dimension and value.
func (w *week) under(filters [][2]string) func(*seen) bool {
	return func(e *seen) bool {
		for _, f := range filters {
			if w.fact(f[0], e) != f[1] {
				return false
			}
		}
		return true
	}
}

// hours are the site's totals hour by hour: visits are those active in it, and an
// hour between two active ones of a visit counts too.
func (w *week) hours(all []*visited) map[string][]float64 {
	type hour struct {
		figures
		people map[int]bool
	}
	rows := map[string]*hour{}
	at := func(t time.Time) *hour {
		name := t.In(w.loc).Format("2006-01-02 15:00:00")
		if rows[name] == nil {
			rows[name] = &hour{people: map[int]bool{}}
		}
		return rows[name]
	}
	for _, v := range all {
		touched := map[*hour]bool{}
		var before time.Time
		for _, e := range v.events {
			if !e.active() {
				continue
			}
			for t := before; !before.IsZero() && t.Before(e.at); t = t.Add(time.Minute) {
				touched[at(t)] = true
			}
			before = e.at
			h := at(e.at)
			touched[h] = true
			h.people[v.who] = true
			h.events++
			if e.name == "pageview" {
				h.pageviews++
			}
		}
		for h := range touched {
			h.visits++
		}
		at(v.events[0].at).addStart(v)
	}
	numbers := map[string][]float64{}
	for name, h := range rows {
		h.visitors = len(h.people)
		numbers[name] = h.row()
	}
	return numbers
}
