package export

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"footfall/aggregate"
	"footfall/aggregate/archive"
)

// Blocks are the stored counters of a site.
type Blocks interface {
	// Range calls fn for the blocks of a span and of two facts, of one import or, with
	// every, of all: import by import, each in order of its days. Months are named by
	// their first day. The block is lent. The error is that of fn or of the database.
	Range(id aggregate.ImportID, every bool, span aggregate.Span, a, b aggregate.Dimension,
		first, last aggregate.Day, fn func(aggregate.Key, *aggregate.Block) error) error
	// Days are the first and the last day that has totals; ok is false where none has.
	Days() (first, last aggregate.Day, ok bool)
}

// Stock is what is stored of a site.
type Stock struct {
	Site        aggregate.Site
	Settings    aggregate.Settings
	Definitions aggregate.Definitions
	Annotations []aggregate.Annotation
	Segments    []aggregate.Segment // everybody's
	Imports     []archive.Import    // finished ones, without the live counters
	Blocks      Blocks
}

// Format names a kind of export.
type Format string

const (
	Plausible Format = "plausible" // CSV zip as Plausible has it
	JSON      Format = "json"      // everything, see package archive
	CSV       Format = "csv"       // zip of a table for each report
)

// Formats are all formats.
func Formats() []Format { return []Format{Plausible, JSON, CSV} }

// Name is the usual name of an export's file.
func (s *Stock) Name(f Format) string {
	name := strings.NewReplacer(".", "_", ":", "_").Replace(string(s.Site))
	_, last, ok := s.Blocks.Days()
	if ok {
		name += "_" + compact(last)
	}
	switch f {
	case JSON:
		return name + ".json"
	case CSV:
		return name + "_reports.zip"
	}
	return name + ".zip"
}

// compact is a date without hyphens.
func compact(d aggregate.Day) string { return strings.ReplaceAll(d.String(), "-", "") }

// Write writes the site in a format. The error is that of w or of the database.
func (s *Stock) Write(w io.Writer, f Format) error {
	switch f {
	case Plausible:
		return s.writePlausible(w)
	case JSON:
		return s.writeJSON(w)
	case CSV:
		return s.writeCSV(w)
	}
	return fmt.Errorf("there is no export format %q", f)
}

// far bounds the days of blocks.
const far = 3_000_000

// pairs are all pairs of dimensions that may be stored: totals and single facts
// first.
func pairs() []aggregate.Pair {
	all := []aggregate.Pair{{}}
	for d := aggregate.None + 1; int(d) < aggregate.Dimensions; d++ {
		all = append(all, aggregate.Pair{A: d})
	}
	return append(all, aggregate.Pairs()...)
}

// eachBlock calls fn for every block of an import, or of all together.
func (s *Stock) eachBlock(id aggregate.ImportID, fn func(aggregate.Key, *aggregate.Block) error) error {
	for _, span := range []aggregate.Span{aggregate.OneDay, aggregate.OneMonth} {
		for _, p := range pairs() {
			if err := s.Blocks.Range(id, false, span, p.A, p.B, -far, far, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeJSON writes the document of package archive.
func (s *Stock) writeJSON(w io.Writer) error {
	imports := append([]archive.Import{{ID: aggregate.Live, Format: "live", Note: "counted live"}}, s.Imports...)
	out := archive.NewWriter(w, archive.Head{Site: s.Site, Settings: s.Settings, Goals: s.Definitions.Goals, Funnels: s.Definitions.Funnels,
		Annotations: s.Annotations, Segments: s.Segments, Imports: imports})
	for _, i := range imports {
		if err := s.eachBlock(i.ID, out.Block); err != nil {
			return err
		}
	}
	return out.Close()
}

// sums are the rows of some days, live and imported ones added up.
type sums map[aggregate.Day]map[string]*aggregate.Counts

func (s sums) add(d aggregate.Day, value string, c *aggregate.Counts) *aggregate.Counts {
	if s[d] == nil {
		s[d] = map[string]*aggregate.Counts{}
	}
	if s[d][value] == nil {
		s[d][value] = new(aggregate.Counts)
	}
	s[d][value].Add(c)
	return s[d][value]
}

// months are the first days of the months that have anything.
func (s *Stock) months() (all []aggregate.Day) {
	first, last, ok := s.Blocks.Days()
	if !ok {
		return nil
	}
	for m := first.Month(); m <= last; m = m.AddMonths(1) {
		all = append(all, m)
	}
	return all
}

// gather adds up a month's blocks of one fact, or of two joined by a zero byte.
func (s *Stock) gather(month aggregate.Day, span aggregate.Span, a, b aggregate.Dimension) (sums, error) {
	all := sums{}
	last := month.AddMonths(1) - 1
	if span == aggregate.OneMonth {
		last = month
	}
	err := s.Blocks.Range(0, true, span, a, b, month, last, func(k aggregate.Key, block *aggregate.Block) error {
		for i := range block.Rows {
			value := block.A[block.Rows[i].A]
			if b != aggregate.None {
				value += "\x00" + block.B[block.Rows[i].B]
			}
			all.add(k.Day, value, &block.Rows[i].Counts)
		}
		return nil
	})
	return all, err
}

// sortedDays are the days of s in order.
func (s sums) sortedDays() []aggregate.Day {
	days := make([]aggregate.Day, 0, len(s))
	for d := range s {
		days = append(days, d)
	}
	slices.Sort(days)
	return days
}
