package ui

import (
	"strconv"
	"strings"

	"footfall/aggregate"
	"footfall/ui/view"
)

// controls are what a reader turns: period, comparison, filters.
type controls struct {
	Period         string
	Periods        []choice
	Earlier, Later string // "" where there is nothing
	From, To       string // of the form for a period of one's own
	Least, Most    string // its bounds
	PeriodArgs     []view.Pair
	Compare        string
	Compares       []choice
	Weekdays       *choice
	CompareFrom    string
	CompareTo      string
	CompareArgs    []view.Pair
	CompareCustom  bool
	Chips          []chip
	Clear          string
	Saved          []choice    // filters that were saved
	Named          string      // the one that is shown
	Save, Manage   string      // pages of them
	Share          string      // the page on which a secret link to this view is made
	Form           *filterForm // for one filter more
	Full           string      // why no filter can be added
	Keys           []keyHelp
	CSV, Zip       string
}

// choice is one of several, a link.
type choice struct {
	Name, URL string
	Key       string // on the keyboard
	Here      bool
	Break     bool // begins a new group
	Sub       []choice
}

// chip is a filter that is on.
type chip struct {
	Name    string // all of it, in words
	Key, Op string
	Values  []string // as people read them
	More    int      // values that are not named
	Remove  string
	Form    *filterForm
}

// filterForm adds a filter, or changes one.
type filterForm struct {
	ID      string
	Args    []view.Pair
	Replace string
	Keys    []option
	Ops     []option
	Values  []string
	Path    string
}

type option struct {
	Value, Name string
	Here        bool
}

// keyHelp is a line of the help sheet.
type keyHelp struct{ Key, Does string }

// periodKeys are the periods on the keyboard.
var periodKeys = map[view.Period]string{view.Today: "d", view.Yesterday: "e", view.Realtime: "r", view.Days7: "w", view.Days28: "f",
	view.Days30: "t", view.Days91: "n", view.Month: "m", view.LastMonth: "p", view.Months6: "h", view.Months12: "l", view.Year: "y", view.All: "a"}

// periodBreaks begin a new group in the menu.
var periodBreaks = map[view.Period]bool{view.Days7: true, view.Month: true, view.Year: true}

func (s *scene) controls() controls {
	c := controls{Period: s.periodName(), Earlier: s.step(-1), Later: s.step(1), Most: s.today.String(), Least: s.first.String()}
	for _, p := range view.Periods {
		if p == view.Custom || p == view.Realtime && s.u.access.public > 0 {
			continue
		}
		to := s.v.Clone()
		to.Period, to.Date, to.First, to.Last, to.Page = p, 0, 0, 0, 0
		c.Periods = append(c.Periods, choice{Name: s.l.Say("period." + string(p)), URL: s.url(to), Key: periodKeys[p],
			Here: p == s.v.Period && s.v.Date == 0, Break: periodBreaks[p]})
	}
	if s.days.Days {
		c.From, c.To = s.days.First.String(), s.days.Last.String()
	}
	c.CSV, c.Zip = s.as(s.v.Whole(), asCSV), s.as(s.v.Whole(), asZip)
	if s.u.access.public > 0 { // nothing can be chosen but what the menu has
		c.Earlier, c.Later = "", ""
		c.Keys = s.keyHelp(&c)
		return c
	}
	c.PeriodArgs = append(s.v.Pairs("period", "date", "from", "to", "page"), view.Pair{Name: "period", Value: string(view.Custom)})
	s.compareControls(&c)
	s.filterControls(&c)
	c.Keys = s.keyHelp(&c)
	return c
}

func (s *scene) periodName() string {
	if s.v.Date == 0 && s.v.Period != view.Custom {
		return s.l.Say("period." + string(s.v.Period))
	}
	return s.rangeText()
}

func (s *scene) step(n int) string {
	if to, ok := s.v.Step(n, s.first, s.today); ok {
		return s.url(to)
	}
	return ""
}

func (s *scene) compareControls(c *controls) {
	if !s.days.Days || s.v.Period == view.All {
		return
	}
	for _, one := range []view.Comparison{view.CompareQuietly, view.ComparePrevious, view.CompareYear, view.CompareNot} {
		to := s.v.Clone()
		to.Compare, to.CompareFirst, to.CompareLast = one, 0, 0
		to.Weekdays = s.v.Weekdays && (one == view.ComparePrevious || one == view.CompareYear)
		name := s.l.Say("compare." + compareName(one))
		c.Compares = append(c.Compares, choice{Name: name, URL: s.url(to), Here: one == s.v.Compare})
		if one == s.v.Compare {
			c.Compare = name
		}
		if s.v.Compare == view.CompareQuietly {
			c.Compare = s.l.Say("compare.title")
		}
	}
	if s.v.Compare == view.CompareCustom {
		c.Compare, c.CompareCustom = s.l.Range(s.compared.First, s.compared.Last), true
	}
	if s.compares {
		c.CompareFrom, c.CompareTo = s.compared.First.String(), s.compared.Last.String()
	}
	c.CompareArgs = append(s.v.Pairs("compare", "compare_from", "compare_to", "match"), view.Pair{Name: "compare", Value: string(view.CompareCustom)})
	if s.v.Compare == view.ComparePrevious || s.v.Compare == view.CompareYear {
		to := s.v.Clone()
		to.Weekdays = !to.Weekdays
		c.Weekdays = &choice{Name: s.l.Say("compare.weekday"), URL: s.url(to), Here: s.v.Weekdays}
	}
}

func compareName(c view.Comparison) string {
	if c == view.CompareQuietly {
		return "quietly"
	}
	return string(c)
}

func (s *scene) filterControls(c *controls) {
	for i, f := range s.v.Filters {
		chip := s.chip(f)
		chip.Remove, chip.Form = s.url(s.v.Without(i)), s.filterForm(i, f)
		c.Chips = append(c.Chips, chip)
	}
	to := s.v.Whole()
	to.Filters = nil
	c.Clear = s.url(to)
	if form := s.filterForm(-1, view.Filter{Op: view.Is}); len(form.Keys) > 0 {
		c.Form = form
	} else {
		c.Full = s.l.Say("filter.full")
	}
	s.savedControls(c)
}

// chip is a filter in words.
func (s *scene) chip(f view.Filter) chip {
	c := chip{Key: s.keyName(f.Key), Op: s.l.Say("op." + string(f.Op))}
	for _, value := range f.Values {
		c.Values = append(c.Values, s.valueName(f.Key, value))
	}
	if n := len(c.Values); n > 3 {
		c.Values, c.More = c.Values[:2], n-2
	}
	c.Name = c.Key + " " + c.Op + " " + strings.Join(c.Values, ", ")
	return c
}

// filterForm is the form that adds a filter or, with i of one that is on, changes
// it. It offers the dimensions under which the counters still tell the figures.
func (s *scene) filterForm(i int, f view.Filter) *filterForm {
	form := &filterForm{ID: "filter-new", Path: s.u.sitePath(s.site), Values: f.Values, Args: s.v.Pairs("report", "sort", "ascending", "search", "page")}
	rest := s.v.Whole()
	if i >= 0 {
		form.ID, form.Replace = "filter-"+strconv.Itoa(i), strconv.Itoa(i)
		rest = s.v.Without(i)
	}
	if len(rest.Filters) >= view.MostFilters {
		return form
	}
	keys := view.Keys()
	if strings.HasPrefix(f.Key, view.PropPrefix) {
		keys = append(keys, f.Key)
	}
	for _, key := range keys {
		field, _ := view.Field(key)
		if key == f.Key || rest.Answerable(s.days, s.today, field) {
			form.Keys = append(form.Keys, option{key, s.keyName(key), key == f.Key})
		}
	}
	for _, op := range view.Ops {
		form.Ops = append(form.Ops, option{string(op), s.l.Say("op." + string(op)), op == f.Op})
	}
	return form
}

// keyName names a dimension: "prop:plan" is the property itself.
func (s *scene) keyName(key string) string {
	if prop, ok := strings.CutPrefix(key, view.PropPrefix); ok {
		return prop
	}
	return s.l.Say("key." + key)
}

// valueName is a value as people read it.
func (s *scene) valueName(key, value string) string {
	switch key {
	case "country":
		return s.countryName(value)
	case "language":
		return languageName(value)
	}
	return s.labelName(value)
}

// keyHelp lists what the keyboard does.
func (s *scene) keyHelp(c *controls) (all []keyHelp) {
	for _, p := range c.Periods {
		if p.Key != "" {
			all = append(all, keyHelp{strings.ToUpper(p.Key), p.Name})
		}
	}
	for _, k := range []struct{ key, text string }{{"C", "keys.custom"}, {"X", "keys.compare"}, {"←", "keys.earlier"}, {"→", "keys.later"},
		{"/", "keys.search"}, {"Esc", "keys.close"}, {"?", "keys.help"}} {
		all = append(all, keyHelp{k.key, s.l.Say(k.text)})
	}
	return all
}

// refused says why the counters cannot tell something, and what can be done.
type refused struct {
	Text   string
	Remove []choice // filters to take away
	Today  string   // the same of today, where any number of filters goes together
}

// refusedTotals is the refusal of figures and trend: too many filters on past days.
func (s *scene) refusedTotals() *refused { return s.refuse(s.l.Say("refused.totals")) }

func (s *scene) refuse(text string, fields ...aggregate.Field) *refused {
	r := &refused{Text: text}
	for i, f := range s.v.Filters {
		without := s.v.Without(i)
		if without.Answerable(s.days, s.today, fields...) {
			r.Remove = append(r.Remove, choice{Name: s.l.Say("refused.remove", "filter", s.keyName(f.Key)), URL: s.url(without)})
		}
	}
	if !view.OpenOnly(s.days, s.today) {
		today := s.v.Clone()
		today.Period, today.Date, today.First, today.Last = view.Today, 0, 0, 0
		r.Today = s.url(today)
	}
	return r
}
