package ui

import (
	"errors"
	"slices"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/ask"
	"footfall/ui/view"
	"footfall/ui/words"
)

// card is one place for reports, of which one is open.
type card struct {
	ID     string
	Title  string
	Tabs   []choice
	Report report
	Map    *worldMap
	URL    string // of the report alone
	More   string // "9 of 1,234"
}

// report is a table.
type report struct {
	ID, Title, First string
	Columns          []column
	Rows             []row
	Notes            []string
	Error            string
	Refused          *refused
	Filtered         bool // nothing, under a filter
	Why              []row
}

// column is a figure of all rows.
type column struct {
	Name, Meaning string
	Sign          string // why it is not exact
	URL           string // to sort by it
	Sort          string // "ascending", "descending" or ""
	Money         bool   // amounts, which take more room than counts
}

// row is one value of a dimension.
type row struct {
	Label, More string // the value, and what it belongs to
	Code        string // of a country
	URL         string // of the page narrowed to it; "" where that cannot be told
	Here        bool   // the page is narrowed to it
	Bar         string // percent of the longest bar
	Cells       []string
	Why         string // what (other) and (hidden) stand for
	Rest        bool
}

const (
	cardRows    = 9
	detailsRows = 100
	// mapRows are enough for every country.
	mapRows = 300
)

// Labels that do not name a value but what was left out, or that there is none.
const (
	otherLabel  = "(other)"
	hiddenLabel = "(hidden)"
	directLabel = "Direct / None"
	notSetLabel = "(not set)"
	noneLabel   = "(none)"
)

// labelName is a value's label in the reader's language: values are as they came,
// what stands for none or for the rest is ours.
func (s *scene) labelName(label string) string {
	switch label {
	case otherLabel:
		return s.l.Say("label.other")
	case hiddenLabel:
		return s.l.Say("label.hidden")
	case directLabel:
		return s.l.Say("label.direct")
	case notSetLabel:
		return s.l.Say("label.not_set")
	case noneLabel:
		return s.l.Say("label.none")
	}
	return label
}

// reportTitle names a report: of a property it is the property.
func reportTitle(l *words.Locale, id string) string {
	if prop, ok := strings.CutPrefix(id, view.PropPrefix); ok {
		return prop
	}
	return l.Say("report." + id)
}

// cardAnswer is the answer of the report that is open in a card.
type cardAnswer struct {
	report view.Report
	answer answer
	asked  bool
}

// askCards asks for the open report of each card.
func (s *scene) askCards(a *asking) []*cardAnswer {
	all := make([]*cardAnswer, len(view.Groups))
	for i, group := range view.Groups {
		r, _ := view.ReportOf(s.v.Tab(group))
		all[i] = &cardAnswer{report: r}
		if all[i].asked = r.Answerable(s.v, s.days, s.today); !all[i].asked {
			continue
		}
		if r.ID == view.Properties {
			s.askKeys(a, &all[i].answer, 0, cardRows)
			continue
		}
		if s.isEmpty(&r) {
			all[i].answer.report = &aggregate.Report{}
			continue
		}
		q := s.reportQuery(&r, s.short(&r))
		q.Limit = cardRows
		if r.ID == "countries" {
			q.Limit = mapRows
		}
		a.run(&all[i].answer, q)
	}
	return all
}

// askKeys asks for keys of properties, as the rows of a report.
func (s *scene) askKeys(a *asking, into *answer, from, n int) {
	a.wait.Go(func() { into.report, into.err = s.keys(from, n) })
}

// keys are those of [from, from+n), without any on a public page: how many visitors
// stand behind a key is not known, and so no floor can be kept. How many events is
// known of no filter, and of no more days than are looked through.
func (s *scene) keys(from, n int) (*aggregate.Report, error) {
	if s.u.access.public > 0 {
		return &aggregate.Report{}, nil
	}
	first, last := s.days.First, s.days.Last
	if s.days.Realtime {
		first, last = s.today, s.today
	}
	keys, err := s.u.propertyKeys(s.site, first, last)
	if err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(keys, func(k ask.PropertyKey) bool {
		return !strings.Contains(strings.ToLower(k.Key), strings.ToLower(s.v.Search))
	})
	told := !s.days.Realtime && len(s.v.Filters) == 0 && last-first < ask.KeysDays
	r := &aggregate.Report{TotalRows: len(keys)}
	for _, k := range keys[min(from, len(keys)):min(from+n, len(keys))] {
		events := aggregate.Value{Null: true}
		if told {
			events = aggregate.Value{Number: float64(k.Events)}
		}
		r.Rows = append(r.Rows, aggregate.ReportRow{Labels: []string{k.Key}, Values: []aggregate.Value{events}})
	}
	return r, nil
}

// isEmpty reports whether a report is about what the site's owner has not defined:
// it has no rows then, and need not be asked for.
func (s *scene) isEmpty(r *view.Report) bool {
	return r.ID == "searches" && s.settings.SearchKey == "" || r.ID == "goals" && !s.u.hasGoals(s.site)
}

// told are the figures of a report: of revenue only where the site has a currency,
// and never on a public page.
func (s *scene) told(r *view.Report) []aggregate.Metric {
	if s.settings.Earns() && s.u.access.public == 0 {
		return r.Metrics
	}
	return slices.DeleteFunc(slices.Clone(r.Metrics), func(m aggregate.Metric) bool { return m == aggregate.MetricTotalRevenue })
}

// short are the figures of a report's short table: the first two, and revenue.
func (s *scene) short(r *view.Report) []aggregate.Metric {
	told := s.told(r)
	short := told[:min(2, len(told)):min(2, len(told))]
	if slices.Contains(told, aggregate.MetricTotalRevenue) {
		short = append(short, aggregate.MetricTotalRevenue)
	}
	return short
}

// reportQuery asks for the rows of a report, the most visited first.
func (s *scene) reportQuery(r *view.Report, metrics []aggregate.Metric) aggregate.Query {
	q := s.query(metrics...)
	q.Fields, q.Filters = r.Fields, r.Filters(s.v)
	q.Orders = []aggregate.Order{{Metric: metrics[0], Descending: true}}
	return q
}

// cards makes the cards.
func (s *scene) cards(answers []*cardAnswer, totals *figureAnswers) (all []card) {
	visitors := 0.0
	if totals.totals.report != nil {
		visitors = values(&totals.totals, len(totals.metrics))[0].Number
	}
	for i, group := range view.Groups {
		a := answers[i]
		c := card{ID: group, Title: s.l.Say("group." + group), Tabs: s.tabs(group), URL: s.url(s.v.WithReport(a.report.ID))}
		if a.report.ID == "countries" && a.answer.report != nil {
			c.Map = s.worldMap(&a.report, a.answer.report)
			a.answer.report.Rows = a.answer.report.Rows[:min(cardRows, len(a.answer.report.Rows))]
		}
		c.Report = s.report(&a.report, s.short(&a.report), &a.answer, a.asked, visitors)
		if got := a.answer.report; got != nil && got.TotalRows > len(got.Rows) {
			c.More = s.l.Say("report.more", "shown", len(got.Rows), "n", got.TotalRows)
		}
		all = append(all, c)
	}
	return all
}

// tabMenus are tabs that hold several reports, by the first of them.
var tabMenus = map[string]struct {
	key string
	ids []string
}{
	"utm_medium":       {"report.campaigns", []string{"utm_medium", "utm_source", "utm_campaign", "utm_content", "utm_term"}},
	"browser_versions": {"report.versions", []string{"browser_versions", "os_versions"}},
}

// tabs are the reports of a card.
func (s *scene) tabs(group string) (all []choice) {
	open := s.v.Tab(group)
	tab := func(id string) choice {
		return choice{Name: reportTitle(s.l, id), URL: s.url(s.v.WithTab(id)), Here: id == open}
	}
	inMenu := map[string]bool{}
	for _, r := range view.Reports(group) {
		if r.ID != open && s.isEmpty(&r) {
			continue
		}
		menu, is := tabMenus[r.ID]
		switch {
		case is:
			one := choice{Name: s.l.Say(menu.key)}
			for _, id := range menu.ids {
				inMenu[id] = true
				one.Sub = append(one.Sub, tab(id))
				if id == open {
					one.Here, one.Name = true, reportTitle(s.l, id)
				}
			}
			all = append(all, one)
		case r.ID == view.Properties && s.u.access.public > 0:
			// see keys
		case !inMenu[r.ID]:
			all = append(all, tab(r.ID))
		}
	}
	if strings.HasPrefix(open, view.PropPrefix) && group == view.GroupOf(open) {
		all = append(all, tab(open))
	}
	return all
}

// report makes a table of an answer.
func (s *scene) report(r *view.Report, metrics []aggregate.Metric, a *answer, asked bool, visitors float64) report {
	t := report{ID: r.ID, Title: reportTitle(s.l, r.ID), First: s.keyName(r.Key), Filtered: len(s.v.Filters) > 0}
	if !asked {
		t.Refused = s.refuse(s.l.Say("refused.report"), r.Fields...)
		return t
	}
	if a.err != nil {
		t.Refused, t.Error = s.failure(a.err)
		return t
	}
	for _, m := range metrics {
		t.Columns = append(t.Columns, column{Name: s.l.Say("col." + string(m)), Meaning: s.l.Say("meaning." + string(m)), Sign: a.report.Warnings[m].Warning, Money: m == aggregate.MetricTotalRevenue})
	}
	share := secondShare(r, metrics)
	if share {
		t.Columns[1] = column{Name: s.l.Say("col.share"), Meaning: s.l.Say("meaning.share")}
	}
	longest := 0.0
	for _, row := range a.report.Rows {
		if len(row.Values) > 0 {
			longest = max(longest, row.Values[0].Number)
		}
	}
	link := s.rowLinks(r)
	for _, answered := range a.report.Rows {
		if len(answered.Labels) != len(r.Fields) || len(answered.Values) != len(metrics) {
			continue
		}
		line := s.row(r, &answered, link)
		if line.Bar = "0"; longest > 0 {
			line.Bar = number(100 * answered.Values[0].Number / longest)
		}
		for i, m := range metrics {
			line.Cells = append(line.Cells, s.figureText(m, answered.Values[i]))
		}
		if share {
			line.Cells[1] = s.l.Share(answered.Values[0].Number, visitors)
		}
		t.Rows = append(t.Rows, line)
		if line.Why != "" {
			t.Why = append(t.Why, line)
		}
	}
	inRow := slices.ContainsFunc(a.report.Rows, func(row aggregate.ReportRow) bool { return slices.Contains(row.Labels, hiddenLabel) })
	if h := a.report.Hidden; h != nil {
		if note := s.hiddenNote(h, inRow); note != "" {
			t.Notes = append(t.Notes, note)
		}
	}
	return t
}

// secondShare reports whether a short table shows the share of all visitors in
// place of its second figure.
func secondShare(r *view.Report, metrics []aggregate.Metric) bool {
	return len(metrics) == 2 && metrics[1] == aggregate.MetricVisits && r.Key != "entry" && r.Key != "exit"
}

// rowLinks returns how a row's value narrows the page, or nil where the counters
// could not tell the figures then.
func (s *scene) rowLinks(r *view.Report) func(value string) (url string, here bool) {
	if r.ID == view.Properties {
		return func(key string) (string, bool) { return s.url(s.v.WithTab(view.PropPrefix + key)), false }
	}
	to := s.v.Whole()
	if r.Event != "" {
		to = to.With(view.Filter{Op: view.Is, Key: "event", Values: []string{r.Event}})
	}
	field, _ := view.Field(r.Key)
	if s.u.access.public > 0 {
		return func(string) (string, bool) { return "", false }
	}
	if !to.Answerable(s.days, s.today, field) {
		return func(value string) (string, bool) { return "", s.v.Has(r.Key, value) }
	}
	return func(value string) (string, bool) {
		if value == hiddenLabel || value == "" {
			return "", false
		}
		if s.v.Has(r.Key, value) {
			for i, f := range s.v.Filters {
				if f.Key == r.Key && f.Op == view.Is {
					return s.url(s.v.Without(i)), true
				}
			}
		}
		return s.url(to.With(view.Filter{Op: view.Is, Key: r.Key, Values: []string{value}})), false
	}
}

// row is a line of a table, without its figures.
func (s *scene) row(r *view.Report, answered *aggregate.ReportRow, link func(string) (string, bool)) row {
	value := answered.Labels[0]
	line := row{Label: s.valueName(r.Key, value)}
	line.URL, line.Here = link(value)
	if len(answered.Labels) > 1 {
		switch more := answered.Labels[1]; r.Key {
		case "region", "city":
			line.Code, line.More = countryCode(more), s.countryName(more)
			if name, ok := s.u.called(more, value, s.l.Language()); ok {
				line.Label = name
			}
		case "browser_version", "os_version":
			line.Label, line.More = s.labelName(more)+" "+line.Label, ""
		}
	}
	if r.Key == "country" {
		line.Code = countryCode(value)
	}
	switch value {
	case otherLabel:
		line.Why, line.Rest = s.l.Say("why.other"), true
	case hiddenLabel:
		line.Why, line.Rest = s.l.Say("why.hidden", "n", s.settings.Floor), true
	case notSetLabel, noneLabel, directLabel:
		line.Rest = value != directLabel
	}
	return line
}

// countryCode is a country's code where it is one.
func countryCode(country string) string {
	if _, ok := ask.CountryName(country); ok {
		return country
	}
	return ""
}

// failure is an error as a card shows it: what the counters cannot tell is
// refused, anything else is a fault of ours.
func (s *scene) failure(err error) (*refused, string) {
	var refusal *ask.Refusal
	if errors.As(err, &refusal) {
		return s.refuse(refusal.Error()), ""
	}
	return nil, s.u.sentenceIn(s.l, s.site, err)
}

// hiddenNote says what the rows of a report do not show; inRow: what the floor
// withholds has its row, which explains itself.
func (s *scene) hiddenNote(h *aggregate.HiddenRows, inRow bool) string {
	var parts []string
	known := h.Pageviews > 0 || h.Events > 0 || h.Visits > 0
	if known && !inRow {
		parts = append(parts, s.l.Say("hidden.floor", "floor", max(h.Floor, s.settings.Floor), "n", max(h.Visits, 0), "pageviews", s.l.Whole(max(h.Pageviews, 0))))
	}
	if h.Capped {
		parts = append(parts, s.l.Say("hidden.capped"))
	}
	if len(parts) == 0 && !known {
		return h.Reason
	}
	return strings.Join(parts, " ")
}

// lossNote explains days that miss a part.
func (s *scene) lossNote(days []aggregate.Day) string {
	var names []string
	for _, d := range days[:min(len(days), 3)] {
		names = append(names, s.l.Date(words.Short, d))
	}
	return s.l.Say("site.loss", "days", strings.Join(names, ", "), "n", len(days))
}

// countryName is a country as people call it.
func (s *scene) countryName(code string) string {
	if name, ok := s.l.Country(code); ok {
		return name
	}
	return s.labelName(code)
}

// languageName is a language by its own name: "de" is Deutsch. A region is kept
// as it is.
func languageName(tag string) string {
	language, region, _ := strings.Cut(tag, "-")
	name, ok := languageNames[language]
	if !ok {
		return tag
	}
	if region != "" {
		name += " (" + region + ")"
	}
	return name
}

// languageNames are languages as their speakers write them.
var languageNames = map[string]string{"ar": "العربية", "bg": "Български", "bn": "বাংলা", "ca": "Català", "cs": "Čeština", "da": "Dansk", "de": "Deutsch",
	"el": "Ελληνικά", "en": "English", "es": "Español", "et": "Eesti", "eu": "Euskara", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "gl": "Galego",
	"he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar", "id": "Indonesia", "is": "Íslenska", "it": "Italiano", "ja": "日本語", "ka": "ქართული",
	"kk": "Қазақ тілі", "ko": "한국어", "lt": "Lietuvių", "lv": "Latviešu", "ms": "Melayu", "nb": "Norsk bokmål", "nl": "Nederlands", "nn": "Norsk nynorsk",
	"no": "Norsk", "pl": "Polski", "pt": "Português", "ro": "Română", "ru": "Русский", "sk": "Slovenčina", "sl": "Slovenščina", "sr": "Српски",
	"sv": "Svenska", "sw": "Kiswahili", "ta": "தமிழ்", "te": "తెలుగు", "th": "ไทย", "tr": "Türkçe", "uk": "Українська", "ur": "اردو", "vi": "Tiếng Việt", "zh": "中文"}
