package api

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// readLegacy reads what all questions of the first version have in common. The
// error names the parameter.
func readLegacy(args *fasthttp.Args, loc *time.Location, now time.Time, first func() (aggregate.Day, bool)) (*legacyQuery, error) {
	q := &legacyQuery{args: args, loc: loc, period: "30d"}
	if period := string(args.Peek("period")); period != "" {
		q.period = period
	}
	if err := q.readMetrics(string(args.Peek("metrics"))); err != nil {
		return nil, err
	}
	if err := q.readPeriod(string(args.Peek("date")), aggregate.DayOf(now, loc), first); err != nil {
		return nil, err
	}
	if err := q.readFilters(string(args.Peek("filters"))); err != nil {
		return nil, err
	}
	switch text := string(args.Peek("with_imported")); text {
	case "", "true":
	case "false":
		q.NoImports = true
	default:
		return nil, wrong("with_imported", "Want true or false, got %s", shown(text))
	}
	return q, nil
}

func (q *legacyQuery) readMetrics(text string) error {
	if text == "" {
		text = string(aggregate.MetricVisitors)
	}
	for name := range strings.SplitSeq(text, ",") {
		m := aggregate.Metric(strings.TrimSpace(name))
		if !slices.Contains(statsMetrics, m) {
			return wrong("metrics", "Invalid metric %s", shown(name))
		}
		if slices.Contains(q.Metrics, m) {
			return wrong("metrics", "Metric %s is there twice", shown(name))
		}
		q.Metrics = append(q.Metrics, m)
	}
	return nil
}

// readPeriod finds the days of a period: relative to the date, which is today
// unless it is given. <n>d end on the day before it, <n>mo with its month.
func (q *legacyQuery) readPeriod(date string, today aggregate.Day, first func() (aggregate.Day, bool)) (err error) {
	if q.period == "custom" {
		return q.readCustom(date)
	}
	day := today
	if date != "" {
		if day, err = readDay("date", date); err != nil {
			return err
		}
	}
	r := aggregate.Range{Days: true, First: day, Last: day}
	year, _, _ := day.Civil()
	switch counted := countedRange.FindStringSubmatch(q.period); {
	case counted != nil:
		n, _ := strconv.Atoi(counted[1])
		r.First, r.Last = day-aggregate.Day(n), day-1
		if counted[2] == "mo" {
			r.First, r.Last = day.AddMonths(1-n), day.AddMonths(1)-1
		}
	case q.period == "day":
	case q.period == "month":
		r.First, r.Last = day.Month(), day.AddMonths(1)-1
	case q.period == "year":
		r.First, r.Last = aggregate.Date(year, time.January, 1), aggregate.Date(year, time.December, 31)
	case q.period == "all":
		if d, ok := first(); ok {
			r.First = min(d, day)
		}
	case q.period == "realtime":
		r = aggregate.Range{Realtime: true}
	default:
		return wrong("period", "Invalid period %s: want day, 7d, 30d, 6mo, 12mo, month, year, all, realtime or custom", shown(q.period))
	}
	q.Range = r
	return nil
}

// readCustom reads two dates with a comma between them.
func (q *legacyQuery) readCustom(date string) (err error) {
	from, to, ok := strings.Cut(date, ",")
	if !ok {
		return wrong("date", "With the period custom, send two dates as date, such as 2026-01-01,2026-01-31")
	}
	q.Range.Days = true
	if q.Range.First, err = readDay("date", strings.TrimSpace(from)); err != nil {
		return err
	}
	if q.Range.Last, err = readDay("date", strings.TrimSpace(to)); err != nil {
		return err
	}
	if q.Range.First > q.Range.Last {
		return wrong("date", "The range ends before it begins")
	}
	return nil
}

// legacyFilter is one condition: a property, an operator and values.
var legacyFilter = regexp.MustCompile(`^\s*([a-z]+:[^=!~]+?)(==|!=|!~|~)(?s:(.*))$`)

// readFilters reads conditions such as
//
//	visit:country==DE|FR;event:page!=/x;event:page==/blog/*
//
// A backslash takes the meaning from |, ; and *. Newer clients send the list of
// the second version instead.
func (q *legacyQuery) readFilters(text string) error {
	if strings.HasPrefix(text, "[") {
		filters, err := ReadFilters([]byte(text))
		q.Filters = filters
		return err
	}
	if len(text) > maxBody {
		return wrong("filters", "There are too many")
	}
	for _, part := range splitUnescaped(text, ';') {
		if strings.TrimSpace(part) == "" {
			continue
		}
		if len(q.Filters) == maxConditions {
			return wrong("filters", "There can be %d conditions", maxConditions)
		}
		f, err := readLegacyFilter(part)
		if err != nil {
			return err
		}
		q.Filters = append(q.Filters, f)
	}
	return nil
}

func readLegacyFilter(text string) (f aggregate.Filter, err error) {
	m := legacyFilter.FindStringSubmatch(text)
	if m == nil {
		return f, wrong("filters", "Want a property, an operator (==, !=, ~ or !~) and values, got %s", shown(text))
	}
	var ok bool
	if f.Field, ok = ask.ParseField(m[1]); !ok || isTimeField(f.Field) {
		return f, wrong("filters", "Invalid property %s", shown(m[1]))
	}
	values := splitUnescaped(m[3], '|')
	if len(values) > maxValues || slices.Contains(values, "") {
		return f, wrong("filters", "Want from 1 to %d values for %s", maxValues, shown(m[1]))
	}
	switch {
	case strings.HasSuffix(m[2], "~"):
		f.Op = aggregate.FilterContains
	case slices.ContainsFunc(values, hasWildcard):
		f.Op = aggregate.FilterMatches
	}
	for _, v := range values {
		if f.Op == aggregate.FilterMatches {
			v = wildcardPattern(v)
			if err := checkPattern("filters", v); err != nil {
				return f, err
			}
		} else {
			v = unescape(v)
		}
		f.Values = append(f.Values, v)
	}
	if m[2][0] == '!' {
		f = aggregate.Filter{Op: aggregate.FilterNot, Args: []aggregate.Filter{f}}
	}
	return f, nil
}

// splitUnescaped cuts a text at a separator that no backslash stands before.
func splitUnescaped(text string, separator byte) (parts []string) {
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

const escapable = `|;*\`

// unescape takes the backslashes off what they keep from having a meaning.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && strings.IndexByte(escapable, text[i+1]) >= 0 {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func hasWildcard(text string) bool { return len(splitUnescaped(text, '*')) > 1 }

// wildcardPattern is the regular expression of a value in which * is anything.
func wildcardPattern(text string) string {
	parts := splitUnescaped(text, '*')
	for i := range parts {
		parts[i] = regexp.QuoteMeta(unescape(parts[i]))
	}
	return "(?s)^" + strings.Join(parts, ".*") + "$"
}
