package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/ask"
)

// statsQuery is a query as it was posted, understood but for its range, which
// needs the site's zone and the time.
type statsQuery struct {
	aggregate.Query           // Range is unset
	dateRange       dateRange // see resolve
	timeLabels      bool
	totalRows       bool
	filters         any // as posted, for the echo
	comparison      *comparison
}

// queryError says what is wrong with a query, and where.
type queryError struct{ place, text string }

func (e *queryError) Error() string { return e.place + ": " + e.text }

func wrong(place, format string, args ...any) error {
	return &queryError{place, fmt.Sprintf(format, args...)}
}

// Limits of a query.
const (
	maxRows        = 10_000
	maxConditions  = 64
	maxFilterDepth = 8
	maxValues      = 1_000
	maxPattern     = 1_000
)

var statsMetrics = []aggregate.Metric{
	aggregate.MetricVisitors, aggregate.MetricVisits, aggregate.MetricPageviews, aggregate.MetricEvents,
	aggregate.MetricViewsPerVisit, aggregate.MetricBounceRate, aggregate.MetricVisitDuration,
	aggregate.MetricTimeOnPage, aggregate.MetricScrollDepth, aggregate.MetricPercentage,
	aggregate.MetricConversionRate, aggregate.MetricGroupConversion, aggregate.MetricExitRate,
	aggregate.MetricTotalRevenue, aggregate.MetricAverageRevenue,
}

// parseStatsQuery reads the body of a query. The error names the place.
func parseStatsQuery(body []byte) (*statsQuery, error) {
	object, err := readObject(body)
	if err != nil {
		return nil, err
	}
	q := &statsQuery{filters: []any{}}
	q.Limit = maxRows
	readers := []struct {
		key      string
		required bool
		read     func(v any) error
	}{
		{"site_id", true, q.readSite}, {"metrics", true, q.readMetrics}, {"date_range", true, q.readRange},
		{"dimensions", false, q.readDimensions}, {"filters", false, q.readFilters}, {"order_by", false, q.readOrder},
		{"include", false, q.readInclude}, {"pagination", false, q.readPagination},
	}
	known := map[string]bool{}
	for _, r := range readers {
		known[r.key] = true
	}
	if err := onlyKnown("#", object, known); err != nil {
		return nil, err
	}
	for _, r := range readers {
		v, there := object[r.key]
		if !there || v == nil {
			if r.required {
				return nil, wrong("#", "Required key %q is missing", r.key)
			}
			continue
		}
		if err := r.read(v); err != nil {
			return nil, err
		}
	}
	if q.timeLabels && !slices.ContainsFunc(q.Fields, isTimeField) {
		return nil, wrong("#/include/time_labels", "Needs a time dimension")
	}
	return q, nil
}

// readObject reads one JSON object and nothing after it.
func readObject(body []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, wrong("#", "The body is not JSON")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, wrong("#", "There is more than one JSON value")
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, wrong("#", "Want an object")
	}
	return object, nil
}

func onlyKnown(place string, object map[string]any, known map[string]bool) error {
	var unknown []string
	for k := range object {
		if !known[k] {
			unknown = append(unknown, k)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	sort.Strings(unknown)
	return wrong(place+"/"+pointer(unknown[0]), "Unknown key %s", shown(unknown[0]))
}

// pointer escapes a key as RFC 6901 has it.
func pointer(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// shown prints a posted value in an error, cut to a readable length.
func shown(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return "?"
	}
	s := strings.TrimSpace(b.String())
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "..."
	}
	return s
}

func at(place string, i int) string { return fmt.Sprintf("%s/%d", place, i) }

// readList calls read for each member of a list.
func readList(place string, v any, read func(place string, v any) error) error {
	list, ok := v.([]any)
	if !ok {
		return wrong(place, "Want a list, got %s", shown(v))
	}
	for i, member := range list {
		if err := read(at(place, i), member); err != nil {
			return err
		}
	}
	return nil
}

func (q *statsQuery) readSite(v any) error {
	name, ok := v.(string)
	if !ok {
		return wrong("#/site_id", "Want a domain, got %s", shown(v))
	}
	site, err := aggregate.ParseSite(name)
	if err != nil {
		return wrong("#/site_id", "%s is not a domain", shown(v))
	}
	q.Site = site
	return nil
}

func (q *statsQuery) readMetrics(v any) error {
	err := readList("#/metrics", v, func(place string, v any) error {
		name, _ := v.(string)
		m := aggregate.Metric(name)
		if !slices.Contains(statsMetrics, m) {
			return wrong(place, "Invalid metric %s", shown(v))
		}
		if slices.Contains(q.Metrics, m) {
			return wrong(place, "Metric %s is there twice", shown(v))
		}
		q.Metrics = append(q.Metrics, m)
		return nil
	})
	if err == nil && len(q.Metrics) == 0 {
		return wrong("#/metrics", "Want at least one metric")
	}
	return err
}

func (q *statsQuery) readDimensions(v any) error {
	times := 0
	return readList("#/dimensions", v, func(place string, v any) error {
		name, _ := v.(string)
		f, ok := ask.ParseField(name)
		if !ok {
			return wrong(place, "Invalid dimension %s", shown(v))
		}
		if slices.ContainsFunc(q.Fields, func(x aggregate.Field) bool { return x.Name == name }) {
			return wrong(place, "Dimension %s is there twice", shown(v))
		}
		if isTimeField(f) {
			times++
		}
		if times > 1 {
			return wrong(place, "There can be one time dimension only")
		}
		q.Fields = append(q.Fields, f)
		return nil
	})
}

func isTimeField(f aggregate.Field) bool { return f.Name == "time" || f.Time != aggregate.NoTime }

func (q *statsQuery) readFilters(v any) error {
	n := 0
	q.filters = v
	return readList("#/filters", v, func(place string, v any) error {
		f, err := readFilter(place, v, 1, &n)
		q.Filters = append(q.Filters, f)
		return err
	})
}

// readFilter reads one filter; n counts conditions.
func readFilter(place string, v any, depth int, n *int) (f aggregate.Filter, err error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return f, wrong(place, "Invalid filter %s", shown(v))
	}
	if depth > maxFilterDepth {
		return f, wrong(place, "Filters are nested more than %d deep", maxFilterDepth)
	}
	op, _ := list[0].(string)
	switch op {
	case "and", "or":
		return readCombination(place, op, list, depth, n)
	case "not":
		if len(list) != 2 {
			return f, wrong(place, `Want ["not", filter]`)
		}
		arg, err := readFilter(at(place, 1), list[1], depth+1, n)
		return aggregate.Filter{Op: aggregate.FilterNot, Args: []aggregate.Filter{arg}}, err
	}
	if *n++; *n > maxConditions {
		return f, wrong(place, "There can be %d conditions", maxConditions)
	}
	return readCondition(place, op, list)
}

func readCombination(place, op string, list []any, depth int, n *int) (f aggregate.Filter, err error) {
	f.Op = aggregate.FilterAnd
	if op == "or" {
		f.Op = aggregate.FilterOr
	}
	if len(list) != 2 {
		return f, wrong(place, `Want [%q, [filters]]`, op)
	}
	err = readList(at(place, 1), list[1], func(place string, v any) error {
		arg, err := readFilter(place, v, depth+1, n)
		f.Args = append(f.Args, arg)
		return err
	})
	if err == nil && len(f.Args) == 0 {
		err = wrong(at(place, 1), "Want at least one filter")
	}
	return f, err
}

// operators are the comparisons; true: negated.
var operators = map[string]struct {
	op      aggregate.FilterOp
	negated bool
}{
	"is": {aggregate.FilterIs, false}, "is_not": {aggregate.FilterIs, true},
	"contains": {aggregate.FilterContains, false}, "contains_not": {aggregate.FilterContains, true},
	"matches": {aggregate.FilterMatches, false}, "matches_not": {aggregate.FilterMatches, true},
}

func readCondition(place, op string, list []any) (f aggregate.Filter, err error) {
	o, ok := operators[op]
	if !ok {
		return f, wrong(at(place, 0), "Unknown operator %s", shown(list[0]))
	}
	if len(list) < 3 || len(list) > 4 {
		return f, wrong(place, "Want [operator, dimension, [values]], got %s", shown(list))
	}
	name, _ := list[1].(string)
	f.Op = o.op
	if f.Field, ok = ask.ParseField(name); name == segmentField && f.Op == aggregate.FilterIs {
		f.Field = aggregate.Field{Name: segmentField}
	} else if !ok || isTimeField(f.Field) {
		return f, wrong(at(place, 1), "Invalid filter dimension %s", shown(list[1]))
	}
	err = readList(at(place, 2), list[2], func(place string, v any) error {
		text, err := readValue(place, v)
		if err == nil && f.Op == aggregate.FilterMatches {
			err = checkPattern(place, text)
		}
		f.Values = append(f.Values, text)
		return err
	})
	switch {
	case err != nil:
		return f, err
	case len(f.Values) == 0:
		return f, wrong(at(place, 2), "Want at least one value")
	case len(f.Values) > maxValues:
		return f, wrong(at(place, 2), "There can be %d values", maxValues)
	}
	if name == segmentField {
		if err := readSegmentIDs(at(place, 2), f.Values); err != nil {
			return f, err
		}
	}
	if len(list) == 4 {
		if err := readModifiers(at(place, 3), list[3], &f); err != nil {
			return f, err
		}
	}
	if o.negated {
		f = aggregate.Filter{Op: aggregate.FilterNot, Args: []aggregate.Filter{f}}
	}
	return f, nil
}

// readValue reads a text, or a number (GeoNames ids are).
func readValue(place string, v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	return "", wrong(place, "Want a text, got %s", shown(v))
}

func checkPattern(place, pattern string) error {
	if len(pattern) > maxPattern {
		return wrong(place, "A regular expression may have %d bytes", maxPattern)
	}
	if _, err := regexp.Compile("(?i)" + pattern); err != nil {
		return wrong(place, "Invalid regular expression %s (want the syntax of RE2)", shown(pattern))
	}
	return nil
}

func readModifiers(place string, v any, f *aggregate.Filter) error {
	object, ok := v.(map[string]any)
	if !ok {
		return wrong(place, "Want an object, got %s", shown(v))
	}
	if err := onlyKnown(place, object, map[string]bool{"case_sensitive": true}); err != nil {
		return err
	}
	if v, there := object["case_sensitive"]; there {
		sensitive, ok := v.(bool)
		if !ok {
			return wrong(place+"/case_sensitive", "Want true or false, got %s", shown(v))
		}
		f.FoldCase = !sensitive
	}
	return nil
}

func (q *statsQuery) readOrder(v any) error {
	return readList("#/order_by", v, func(place string, v any) error {
		list, _ := v.([]any)
		if len(list) != 2 {
			return wrong(place, "Want [metric or dimension, \"asc\" or \"desc\"], got %s", shown(v))
		}
		name, _ := list[0].(string)
		var o aggregate.Order
		switch {
		case slices.Contains(q.Metrics, aggregate.Metric(name)):
			o.Metric = aggregate.Metric(name)
		case slices.ContainsFunc(q.Fields, func(f aggregate.Field) bool { return f.Name == name }):
			o.Field = name
		default:
			return wrong(at(place, 0), "%s is neither a metric nor a dimension of this query", shown(list[0]))
		}
		switch list[1] {
		case "asc":
		case "desc":
			o.Descending = true
		default:
			return wrong(at(place, 1), "Want \"asc\" or \"desc\", got %s", shown(list[1]))
		}
		q.Orders = append(q.Orders, o)
		return nil
	})
}

func (q *statsQuery) readInclude(v any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return wrong("#/include", "Want an object, got %s", shown(v))
	}
	imports := true
	flags := map[string]*bool{"time_labels": &q.timeLabels, "total_rows": &q.totalRows, "imports": &imports}
	if err := onlyKnown("#/include", object, map[string]bool{"time_labels": true, "total_rows": true, "imports": true, "comparisons": true}); err != nil {
		return err
	}
	for _, key := range []string{"time_labels", "total_rows", "imports"} {
		if v, there := object[key]; there && v != nil {
			on, ok := v.(bool)
			if !ok {
				return wrong("#/include/"+key, "Want true or false, got %s", shown(v))
			}
			*flags[key] = on
		}
	}
	q.NoImports = !imports
	if c := object["comparisons"]; c != nil && c != false {
		var err error
		q.comparison, err = readComparison(c)
		return err
	}
	return nil
}

func (q *statsQuery) readPagination(v any) error {
	object, ok := v.(map[string]any)
	if !ok {
		return wrong("#/pagination", "Want an object, got %s", shown(v))
	}
	if err := onlyKnown("#/pagination", object, map[string]bool{"limit": true, "offset": true}); err != nil {
		return err
	}
	if err := readNumber("#/pagination/limit", object["limit"], 1, maxRows, &q.Limit); err != nil {
		return err
	}
	return readNumber("#/pagination/offset", object["offset"], 0, 1<<40, &q.Offset)
}

func readNumber(place string, v any, low, high int64, to *int) error {
	if v == nil {
		return nil
	}
	n, ok := v.(json.Number)
	i, err := n.Int64()
	if !ok || err != nil || i < low || i > high {
		return wrong(place, "Want a whole number from %d to %d, got %s", low, high, shown(v))
	}
	*to = int(i)
	return nil
}
