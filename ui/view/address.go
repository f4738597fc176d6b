package view

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"footfall/aggregate"
)

// Names of the parts of an address.
const (
	argPeriod    = "period"
	argDate      = "date"
	argFrom      = "from"
	argTo        = "to"
	argCompare   = "compare"
	argCompFrom  = "compare_from"
	argCompTo    = "compare_to"
	argMatch     = "match"
	argFilter    = "f"
	argMetric    = "metric"
	argInterval  = "interval"
	argTabs      = "tabs"
	argReport    = "report"
	argSort      = "sort"
	argAscending = "ascending"
	argSearch    = "search"
	argPage      = "page"

	// A form adds a filter with these; f has the others. ArgReplace is the number of
	// the one whose place it takes.
	ArgKey     = "key"
	ArgOp      = "op"
	ArgValue   = "value"
	ArgReplace = "replace"

	// ArgAs asks for the view in another form than a page.
	ArgAs = "as"
)

// Grains of a trend by their names in an address.
var grainNames = map[aggregate.TimeGrain]string{aggregate.Minute: "minute", aggregate.Hour: "hour",
	aggregate.DayGrain: "day", aggregate.Week: "week", aggregate.MonthGrain: "month"}

// GrainName is a grain's name in an address.
func GrainName(g aggregate.TimeGrain) string { return grainNames[g] }

// mostQuery is the longest query of an address that is read, in bytes.
const mostQuery = 16 << 10

// Parse reads the query of an address. formed tells that a form sent it, so that
// the address should be spelled plainly before it is shown: see Query.
func Parse(query string) (v *View, formed bool) {
	v = &View{Period: DefaultPeriod}
	if len(query) > mostQuery {
		v.Unread = append(v.Unread, query[:40]+"…")
		return v, false
	}
	form := formFilter{replace: -1}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(rawName)
		value, err2 := url.QueryUnescape(rawValue)
		if err1 != nil || err2 != nil || !v.read(name, value, &form) {
			v.Unread = append(v.Unread, strings.ToValidUTF8(cut(pair, 80), "�"))
		}
	}
	v.addForm(&form)
	v.check()
	return v, form.sent
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}

// formFilter is a filter as a form sends it, field by field.
type formFilter struct {
	Filter
	replace int
	sent    bool
}

// read takes one part of an address; false where it is not understood.
func (v *View) read(name, value string, form *formFilter) bool {
	switch name {
	case ArgKey, ArgOp, ArgValue, ArgReplace:
		return form.read(name, value)
	case argPeriod:
		v.Period = Period(value)
		return slices.Contains(Periods, v.Period) || v.Period == OneDay
	case argDate:
		return readDay(value, &v.Date)
	case argFrom:
		return readDay(value, &v.First)
	case argTo:
		return readDay(value, &v.Last)
	case argCompare:
		v.Compare = Comparison(value)
		return v.Compare == CompareQuietly || slices.Contains(Comparisons, v.Compare)
	case argCompFrom:
		return readDay(value, &v.CompareFirst)
	case argCompTo:
		return readDay(value, &v.CompareLast)
	case argMatch:
		v.Weekdays = value == "weekday"
		return v.Weekdays || value == ""
	case argFilter:
		return v.readFilter(value)
	case argMetric:
		v.Metric = aggregate.Metric(value)
		return slices.Contains(Metrics, v.Metric)
	case argInterval:
		for g, name := range grainNames {
			if name == value {
				v.Grain = g
				return true
			}
		}
		return value == ""
	}
	return v.readReport(name, value)
}

// readReport takes the parts that are about reports.
func (v *View) readReport(name, value string) bool {
	if slices.Contains(kept, name) {
		if len(value) <= 40 && clean(value) && value != "" && !slices.ContainsFunc(v.Kept, func(p Pair) bool { return p.Name == name }) {
			v.Kept = append(v.Kept, Pair{name, value})
		}
		return true
	}
	switch name {
	case argTabs:
		for id := range strings.SplitSeq(value, ",") {
			if id, err := url.PathUnescape(id); err != nil || GroupOf(id) == "" || len(id) > MostBytes {
				return false
			} else if v.Tab(GroupOf(id)) == FirstOf(GroupOf(id)) && id != FirstOf(GroupOf(id)) {
				v.Tabs = append(v.Tabs, id)
			}
		}
		slices.Sort(v.Tabs)
		return true
	case argReport:
		v.Report = value
		return value == "" || GroupOf(value) != "" && len(value) <= MostBytes
	case argSort:
		v.Sort = aggregate.Metric(value)
		return true // judged when the report is known
	case argAscending:
		v.Ascending = value == "1"
		return v.Ascending || value == "" || value == "0"
	case argSearch:
		v.Search = strings.TrimSpace(value)
		return clean(v.Search)
	case ArgAs:
		return true // judged by who answers
	case argPage:
		n, err := strconv.Atoi(value)
		v.Page = n - 1
		return err == nil && n >= 1 && n <= 1e6
	}
	return false
}

func readDay(s string, d *aggregate.Day) bool {
	if s == "" {
		return true // a form's empty field
	}
	day, err := aggregate.ParseDay(s)
	if err != nil {
		return false
	}
	if y, _, _ := day.Civil(); y < 1970 || y > 2999 {
		return false
	}
	*d = day
	return true
}

// readFilter reads "op,key,value,value"; commas and percent signs within a part
// are percent-encoded.
func (v *View) readFilter(s string) bool {
	parts := strings.Split(s, ",")
	if len(parts) < 3 || len(v.Filters) >= MostFilters {
		return false
	}
	for i := range parts {
		var err error
		if parts[i], err = url.PathUnescape(parts[i]); err != nil {
			return false
		}
	}
	f := Filter{Op(parts[0]), parts[1], parts[2:]}
	if !f.valid() {
		return false
	}
	v.Filters = append(v.Filters, f)
	return true
}

func (f *formFilter) read(name, value string) bool {
	f.sent = true
	switch name {
	case ArgKey:
		f.Key = value
	case ArgOp:
		f.Op = Op(value)
	case ArgValue:
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); line != "" && !slices.Contains(f.Values, line) {
				f.Values = append(f.Values, line)
			}
		}
	case ArgReplace:
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n >= MostFilters {
			return value == ""
		}
		f.replace = n
	}
	return true
}

// addForm adds what a form sent; a form without a value takes the filter away.
func (v *View) addForm(f *formFilter) {
	if !f.sent {
		return
	}
	if f.replace >= 0 && f.replace < len(v.Filters) {
		v.Filters = slices.Delete(v.Filters, f.replace, f.replace+1)
	}
	if len(f.Values) == 0 {
		return
	}
	if !f.valid() {
		v.Unread = append(v.Unread, cut(string(f.Op)+" "+f.Key+" "+strings.Join(f.Values, ", "), 80))
		return
	}
	v.Filters = v.With(f.Filter).Filters
}

// check mends what does not go together.
func (v *View) check() {
	if !slices.Contains(Periods, v.Period) && v.Period != OneDay {
		v.Period = DefaultPeriod
	}
	if v.Period == Custom && (v.First == 0 || v.Last == 0) || v.Period == OneDay && v.Date == 0 {
		v.Period = DefaultPeriod
	}
	if v.Period != Custom {
		v.First, v.Last = 0, 0
	} else if v.First > v.Last {
		v.First, v.Last = v.Last, v.First
	}
	if !v.Period.movable() {
		v.Date = 0
	}
	if !slices.Contains(Metrics, v.Metric) || v.Metric == aggregate.MetricVisitors {
		v.Metric = ""
	}
	if v.Compare != CompareQuietly && !slices.Contains(Comparisons, v.Compare) ||
		v.Compare == CompareCustom && (v.CompareFirst == 0 || v.CompareLast == 0) {
		v.Compare = CompareQuietly
	}
	if v.Compare != CompareCustom {
		v.CompareFirst, v.CompareLast = 0, 0
	} else if v.CompareFirst > v.CompareLast {
		v.CompareFirst, v.CompareLast = v.CompareLast, v.CompareFirst
	}
	v.Weekdays = v.Weekdays && (v.Compare == ComparePrevious || v.Compare == CompareYear)
	if GroupOf(v.Report) == "" || len(v.Report) > MostBytes {
		v.Report = ""
	}
	if !clean(v.Search) {
		v.Search = ""
	}
	v.Page = max(0, min(v.Page, 1e6))
	if v.Report == "" {
		*v = *v.Whole()
	} else if !slices.Contains(MetricsOf(v.Report), v.Sort) {
		v.Sort = ""
	}
}

// Query prints the view: what Parse reads back as the same. It is blank for the
// page as it opens, and begins with "?" otherwise.
func (v *View) Query() string {
	var b strings.Builder
	for i, p := range v.Pairs() {
		b.WriteByte("?&"[min(i, 1)])
		b.WriteString(p.Name + "=" + escape(p.Value))
	}
	return b.String()
}

// Pairs are the parts of the view's address, those with the names without left
// out: what a form that sets these carries on.
func (v *View) Pairs(without ...string) (all []Pair) {
	add := func(name, value string) {
		if value != "" && !slices.Contains(without, name) {
			all = append(all, Pair{name, value})
		}
	}
	day := func(name string, d aggregate.Day) {
		if d != 0 {
			add(name, d.String())
		}
	}
	if v.Period != DefaultPeriod || v.Date != 0 {
		add(argPeriod, string(v.Period))
	}
	day(argDate, v.Date)
	day(argFrom, v.First)
	day(argTo, v.Last)
	add(argCompare, string(v.Compare))
	day(argCompFrom, v.CompareFirst)
	day(argCompTo, v.CompareLast)
	if v.Weekdays {
		add(argMatch, "weekday")
	}
	for _, f := range v.Filters {
		add(argFilter, f.String())
	}
	add(argMetric, string(v.Metric))
	add(argInterval, grainNames[v.Grain])
	tabs := make([]string, len(v.Tabs))
	for i, id := range v.Tabs {
		tabs[i] = inner.Replace(id)
	}
	add(argTabs, strings.Join(tabs, ","))
	add(argReport, v.Report)
	add(argSort, string(v.Sort))
	if v.Ascending {
		add(argAscending, "1")
	}
	add(argSearch, v.Search)
	if v.Page > 0 {
		add(argPage, strconv.Itoa(v.Page+1))
	}
	for _, p := range v.Kept {
		add(p.Name, p.Value)
	}
	return all
}

// String is the filter as Parse reads it.
func (f *Filter) String() string {
	parts := []string{string(f.Op), inner.Replace(f.Key)}
	for _, value := range f.Values {
		parts = append(parts, inner.Replace(value))
	}
	return strings.Join(parts, ",")
}

// inner escapes what separates the parts of a filter.
var inner = strings.NewReplacer("%", "%25", ",", "%2C")

// escape is url.QueryEscape that leaves readable what an address may hold as it is.
func escape(s string) string { return plain.Replace(url.QueryEscape(s)) }

var plain = strings.NewReplacer("%2F", "/", "%2C", ",", "%3A", ":", "%40", "@", "%21", "!", "%28", "(", "%29", ")", "%2A", "*")
