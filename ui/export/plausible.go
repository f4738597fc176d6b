package export

import (
	"archive/zip"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"footfall/aggregate"
)

// plausibleTable is a table of Plausible's export: the columns after the date, and
// the rows of a month's days.
type plausibleTable struct {
	name    string
	columns string
	rows    func(s *Stock, month aggregate.Day) (sums, error) // values are the texts of a row, joined by a zero byte
}

const visitNumbers = " visitors visits visit_duration bounces pageviews"

var plausibleTables = []plausibleTable{
	{"visitors", "visitors pageviews bounces visits visit_duration", totalRows},
	{"sources", "source referrer utm_source utm_medium utm_campaign utm_content utm_term pageviews visitors visits visit_duration bounces", sourceRows},
	{"pages", "hostname page visits visitors pageviews total_scroll_depth total_scroll_depth_visits total_time_on_page total_time_on_page_visits", pageRows},
	{"entry_pages", "entry_page visitors entrances visit_duration bounces pageviews", factRows(aggregate.EntryPage)},
	{"exit_pages", "exit_page visitors visit_duration exits bounces pageviews", factRows(aggregate.ExitPage)},
	{"custom_events", "name link_url path visitors events", eventRows},
	{"custom_props", "property value visitors events", propRows},
	{"locations", "country region city" + visitNumbers, placeRows},
	{"devices", "device" + visitNumbers, factRows(aggregate.Device)},
	{"browsers", "browser browser_version" + visitNumbers, factRows(aggregate.BrowserVersion)},
	{"operating_systems", "operating_system operating_system_version" + visitNumbers, factRows(aggregate.OSVersion)},
}

// plausibleColumns are the numbers of the tables. Visits are those that started on
// the day; durations are seconds.
var plausibleColumns = map[string]func(*aggregate.Counts) int64{
	"visitors":  func(c *aggregate.Counts) int64 { return c[aggregate.Visitors] },
	"visits":    func(c *aggregate.Counts) int64 { return c[aggregate.Visits] },
	"entrances": func(c *aggregate.Counts) int64 { return c[aggregate.Visits] },
	"exits":     func(c *aggregate.Counts) int64 { return c[aggregate.Visits] },
	"pageviews": func(c *aggregate.Counts) int64 { return c[aggregate.Pageviews] },
	"bounces":   func(c *aggregate.Counts) int64 { return c[aggregate.Bounces] },
	"events":    func(c *aggregate.Counts) int64 { return c[aggregate.Events] },

	"visit_duration":            func(c *aggregate.Counts) int64 { return seconds(c[aggregate.Duration]) },
	"total_scroll_depth":        func(c *aggregate.Counts) int64 { return c[aggregate.Scroll] },
	"total_scroll_depth_visits": func(c *aggregate.Counts) int64 { return c[aggregate.ScrollVisits] },
	"total_time_on_page":        func(c *aggregate.Counts) int64 { return seconds(c[aggregate.Engaged]) },
	"total_time_on_page_visits": func(c *aggregate.Counts) int64 { return c[aggregate.EngagedVisits] },
}

func seconds(ms int64) int64 { return (ms + 500) / 1000 }

// writePlausible writes the CSV zip of Plausible.
func (s *Stock) writePlausible(w io.Writer) error {
	z := &zipper{zip.NewWriter(w)}
	first, last, ok := s.Blocks.Days()
	for i := range plausibleTables {
		if !ok {
			break
		}
		t := &plausibleTables[i]
		name := "imported_" + t.name + "_" + compact(first) + "_" + compact(last) + ".csv"
		if err := t.write(z, s, name); err != nil {
			return err
		}
	}
	return z.z.Close()
}

func (t *plausibleTable) write(z *zipper, s *Stock, name string) error {
	file, err := z.z.CreateHeader(z.header(name))
	if err != nil {
		return err
	}
	columns := strings.Fields(t.columns)
	if _, err := io.WriteString(file, `"date","`+strings.Join(columns, `","`)+"\"\n"); err != nil {
		return err
	}
	var line []byte
	for _, month := range s.months() {
		rows, err := t.rows(s, month)
		if err != nil {
			return err
		}
		for _, d := range rows.sortedDays() {
			for _, value := range slices.Sorted(maps.Keys(rows[d])) {
				line = t.appendLine(line[:0], columns, d, value, rows[d][value])
				if line == nil {
					continue
				}
				if _, err := file.Write(line); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// appendLine appends a row; a row of zeros is none.
func (t *plausibleTable) appendLine(line []byte, columns []string, d aggregate.Day, value string, c *aggregate.Counts) []byte {
	line = append(append(append(line, '"'), d.String()...), '"')
	texts, any := strings.Split(value, "\x00"), false
	for i, column := range columns {
		line = append(line, ',')
		number := plausibleColumns[column]
		if number == nil {
			line = appendQuoted(line, texts[i])
			continue
		}
		n := number(c)
		any = any || n != 0
		line = strconv.AppendInt(line, n, 10)
	}
	if !any {
		return nil
	}
	return append(line, '\n')
}

// appendQuoted appends a text in quotes, without control characters of ours.
func appendQuoted(line []byte, text string) []byte {
	if text == aggregate.Other {
		text = otherLabel
	}
	line = append(line, '"')
	for i := 0; i < len(text); i++ {
		if text[i] == '"' {
			line = append(line, '"')
		}
		line = append(line, text[i])
	}
	return append(line, '"')
}

// texts are the texts of a row.
func texts(all ...string) string { return strings.Join(all, "\x00") }

// begun turns the counters of a day into what began on it: visits are those that
// started, and a visitor who crossed midnight counted on the day before.
func begun(all sums) sums {
	for _, rows := range all {
		for _, c := range rows {
			c.Uncarry()
		}
	}
	return all
}

func totalRows(s *Stock, month aggregate.Day) (sums, error) {
	all, err := s.gather(month, aggregate.OneDay, aggregate.None, aggregate.None)
	for _, rows := range all {
		maps.DeleteFunc(rows, func(value string, _ *aggregate.Counts) bool { return value != aggregate.TotalDay })
	}
	return begun(all), err
}

// factRows are the rows of one fact, its parts in columns of their own.
func factRows(d aggregate.Dimension) func(*Stock, aggregate.Day) (sums, error) {
	return func(s *Stock, month aggregate.Day) (sums, error) {
		all, err := s.gather(month, aggregate.OneDay, d, aggregate.None)
		return begun(all).rename(func(value string) string { return texts(parts(d, value)...) }), err
	}
}

// rename gives rows other texts; those that become equal are added up.
func (s sums) rename(to func(string) string) sums {
	all := sums{}
	for d, rows := range s {
		for value, c := range rows {
			all.add(d, to(value), c)
		}
	}
	return all
}

// sourceRows are source and referrer without tags, then each tag alone.
func sourceRows(s *Stock, month aggregate.Day) (sums, error) {
	all, err := factRows(aggregate.Referrer)(s, month)
	if err != nil {
		return nil, err
	}
	all = all.rename(func(value string) string { return value + strings.Repeat("\x00", 5) })
	for i, tag := range []aggregate.Dimension{aggregate.UTMSource, aggregate.UTMMedium, aggregate.UTMCampaign, aggregate.UTMContent, aggregate.UTMTerm} {
		rows, err := factRows(tag)(s, month)
		if err != nil {
			return nil, err
		}
		for d, values := range rows {
			for value, c := range values {
				if value != aggregate.Blank {
					all.add(d, strings.Repeat("\x00", 2+i)+value+strings.Repeat("\x00", 4-i), c)
				}
			}
		}
	}
	return all, nil
}

// pageRows are the pages. Which host a page is of is known where a day has one.
func pageRows(s *Stock, month aggregate.Day) (sums, error) {
	hosts, err := s.gather(month, aggregate.OneDay, aggregate.Hostname, aggregate.None)
	if err != nil {
		return nil, err
	}
	pages, err := s.gather(month, aggregate.OneDay, aggregate.Page, aggregate.None)
	all := sums{}
	for d, rows := range begun(pages) {
		host := ""
		if len(hosts[d]) == 1 {
			for host = range hosts[d] {
			}
		}
		for page, c := range rows {
			all.add(d, texts(host, page), c)
		}
	}
	return all, err
}

// placeRows are places as fine as they are known. What of a country lies in no
// known region, and of a region in no known city, has rows without; what lies in
// no known country has none.
func placeRows(s *Stock, month aggregate.Day) (sums, error) {
	all := sums{}
	told := map[aggregate.Dimension]sums{aggregate.Region: {}, aggregate.Country: {}} // by finer rows
	for _, dim := range []aggregate.Dimension{aggregate.City, aggregate.Region, aggregate.Country} {
		rows, err := s.gather(month, aggregate.OneDay, dim, aggregate.None)
		if err != nil {
			return nil, err
		}
		for d, values := range begun(rows) {
			for value, c := range values {
				rest := *c
				if finer := told[dim][d][value]; finer != nil {
					rest = less(&rest, finer)
				}
				country := aggregate.Part(value, 0)
				if rest.Zero() || country == aggregate.Blank || country == aggregate.Other {
					continue
				}
				all.add(d, texts(country, aggregate.Part(value, 1), aggregate.Part(value, 3)), &rest)
				for coarse := range told {
					if whole, ok := dim.Project(value, coarse); ok && coarse != dim {
						told[coarse].add(d, whole, &rest)
					}
				}
			}
		}
	}
	return all, nil
}

// less is what is left of a row without its finer ones. Visitors do not add: at
// least one is left where a visit is.
func less(whole, finer *aggregate.Counts) aggregate.Counts {
	rest := *whole
	for i := range rest {
		rest[i] = max(0, whole[i]-finer[i])
	}
	if rest[aggregate.Visits] > 0 {
		rest[aggregate.Visitors] = max(1, rest[aggregate.Visitors])
	}
	return rest
}
