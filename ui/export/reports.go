package export

import (
	"archive/zip"
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"footfall/aggregate"
)

// zipper writes the tables of a zip. Its files have no time, so that the same
// tables make the same bytes.
type zipper struct{ z *zip.Writer }

func (z *zipper) header(name string) *zip.FileHeader {
	return &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (z *zipper) table(name string) (*csv.Writer, error) {
	w, err := z.z.CreateHeader(z.header(name))
	if err != nil {
		return nil, err
	}
	return csv.NewWriter(w), nil
}

// writeCSV writes a table for each report: totals and hours, each fact, and each
// link of two under its day or, where it was too rare for that, under its month.
func (s *Stock) writeCSV(w io.Writer) error {
	z := &zipper{zip.NewWriter(w)}
	for _, p := range pairs() {
		if err := s.report(z, p); err != nil {
			return err
		}
	}
	return z.z.Close()
}

// reportName is the file of a pair of dimensions.
func reportName(p aggregate.Pair) string {
	switch {
	case p.A == aggregate.None:
		return "totals.csv"
	case p.B == aggregate.None:
		return p.A.String() + ".csv"
	}
	return "links/" + p.A.String() + "_" + p.B.String() + ".csv"
}

// partNames are the columns of a value that has parts.
var partNames = map[aggregate.Dimension][]string{
	aggregate.Referrer: {"source", "referrer"}, aggregate.Region: {"country", "region", "region_name"},
	aggregate.City: {"country", "region", "region_name", "city", "city_name"}, aggregate.BrowserVersion: {"browser", "browser_version"},
	aggregate.OSVersion: {"os", "os_version"}, aggregate.Property: {"property", "value"}, aggregate.Reached: {"funnel", "step"},
}

func valueColumns(d aggregate.Dimension) []string {
	switch {
	case d == aggregate.None:
		return []string{"hour"}
	case partNames[d] != nil:
		return partNames[d]
	}
	return []string{d.String()}
}

// parts are the cells of a value.
func parts(d aggregate.Dimension, value string) []string {
	columns := valueColumns(d)
	cells := make([]string, len(columns))
	if value == aggregate.Other {
		cells[0] = otherLabel
		return cells
	}
	for i := range cells {
		if cells[i] = aggregate.Part(value, i); cells[i] == aggregate.Other {
			cells[i] = otherLabel
		}
	}
	return cells
}

// otherLabel stands for what a cap cut.
const otherLabel = "(other)"

// report writes the table of one or two facts, if it has rows.
func (s *Stock) report(z *zipper, p aggregate.Pair) error {
	var table *csv.Writer
	spans := []aggregate.Span{aggregate.OneDay}
	if p.B != aggregate.None {
		spans = append(spans, aggregate.OneMonth)
	}
	for _, month := range s.months() {
		for _, span := range spans {
			rows, err := s.gather(month, span, p.A, p.B)
			if err != nil {
				return err
			}
			if len(rows) > 0 && table == nil {
				if table, err = z.table(reportName(p)); err != nil {
					return err
				}
				table.Write(reportHeader(p)) // the writer keeps its error until Flush
			}
			writeReport(table, p, span, rows)
		}
	}
	if table == nil {
		return nil
	}
	table.Flush()
	return table.Error()
}

func reportHeader(p aggregate.Pair) []string {
	header := append([]string{"date"}, valueColumns(p.A)...)
	if p.B != aggregate.None {
		header = append(header, valueColumns(p.B)...)
	}
	for c := range aggregate.Column(aggregate.Columns) {
		header = append(header, c.String())
	}
	return header
}

func writeReport(table *csv.Writer, p aggregate.Pair, span aggregate.Span, rows sums) {
	var record []string
	for _, d := range rows.sortedDays() {
		date := d.String()
		if span == aggregate.OneMonth {
			date = date[:len("2026-01")]
		}
		for _, value := range slices.Sorted(maps.Keys(rows[d])) {
			a, b, _ := strings.Cut(value, "\x00")
			record = append(append(record[:0], date), parts(p.A, a)...)
			if p.B != aggregate.None {
				record = append(record, parts(p.B, b)...)
			}
			for _, n := range rows[d][value] {
				record = append(record, strconv.FormatInt(n, 10))
			}
			table.Write(record)
		}
	}
}
