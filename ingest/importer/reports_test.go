package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"footfall/aggregate"
	"footfall/aggregate/tables"
)

// tableTrial is an import of tables of one test.
type tableTrial struct {
	rows []string // table, day, facts that are not blank, counts that are not zero
	m    *Reports
	full bool
}

func newTableTrial(t testing.TB, format Format, change ...func(*ReportsOptions)) *tableTrial {
	t.Helper()
	tr := &tableTrial{}
	o := ReportsOptions{Format: format, Site: site, Settings: aggregate.DefaultSettings(), Sink: tr, Now: now}
	for _, f := range change {
		f(&o)
	}
	var err error
	if tr.m, err = NewReports(o); err != nil {
		t.Fatal(err)
	}
	return tr
}

func (tr *tableTrial) Add(table tables.Table, d aggregate.Day, f *aggregate.Facts, c *aggregate.Counts) error {
	if tr.full {
		return tables.ErrTooLarge
	}
	text := table.String() + " " + d.String()
	for dim, v := range f {
		if v != "" {
			text += fmt.Sprintf(" %v=%s", aggregate.Dimension(dim), strings.ReplaceAll(v, aggregate.Separator, "|"))
		}
	}
	for col, n := range c {
		if n != 0 {
			text += fmt.Sprintf(" %d:%d", col, n)
		}
	}
	tr.rows = append(tr.rows, text)
	return nil
}

func (tr *tableTrial) read(t testing.TB, name, file string) Result {
	t.Helper()
	if err := tr.m.Read(context.Background(), name, strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	r := tr.m.Result()
	sum := r.Counted + r.Bad
	for _, n := range r.Dropped {
		sum += n
	}
	if sum != r.Lines || len(tr.rows) != r.Counted {
		t.Errorf("got %+v with %d rows, which does not add up", r, len(tr.rows))
	}
	return r
}

func (tr *tableTrial) want(t testing.TB, rows ...string) {
	t.Helper()
	if !slices.Equal(tr.rows, rows) {
		t.Errorf("got rows\n  %s\nwant\n  %s", strings.Join(tr.rows, "\n  "), strings.Join(rows, "\n  "))
	}
}

func TestPlausiblesTablesAreRead(t *testing.T) {
	tr := newTableTrial(t, Plausible)
	for name, file := range map[string]string{
		"imported_sources_20260101_20260501.csv": `"date","source","referrer","utm_source","utm_medium","utm_campaign","utm_content","utm_term","pageviews","visitors","visits","visit_duration","bounces"
2026-05-01,Google,https://google.com/,adwords,cpc,"a, b",,"say ""x""",9,3,4,100,2`,
	} {
		tr.read(t, name, file)
	}
	tr.want(t, `sources 2026-05-01 source=Google referrer=Google|google.com channel=Paid Search utm_source=adwords utm_medium=cpc utm_campaign=a, b utm_term=say "x" 0:3 1:4 2:9 5:2 6:100000`)
	tr = newTableTrial(t, Plausible)
	tr.read(t, "x/imported_locations_1_2.csv", "date,country,region,city,visitors,visits,visit_duration,bounces,pageviews\n2026-05-01,DE,DE-BE,2950159,3,4,0,0,9\n2026-05-02,US,,0,1,1,0,0,1\n")
	tr.read(t, "imported_custom_events_1_2.csv", "date,name,link_url,path,visitors,events\n2026-05-01,Outbound Link: Click,https://a.example/ann@b.example,,1,2\n2026-05-01,404,,/gone,1,1")
	tr.read(t, "imported_browsers_1_2.csv", "date,browser,browser_version,visitors,visits,visit_duration,bounces,pageviews\n2026-05-01,Chrome,145.0,1,1,0,0,1\n2026-05-01,(not set),,1,1,0,0,1")
	tr.read(t, "imported_custom_props_1_2.csv", "date,property,value,visitors,events\n2026-05-01,plan,pro,1,2\n2026-05-01,plan,(none),1,2")
	tr.read(t, "imported_pages_1_2.csv", "date,hostname,page,visits,visitors,pageviews\n2026-05-01,www.example.com,/order/ann@b.example,1,1,1")
	tr.want(t, "locations 2026-05-01 country=DE region=DE|DE-BE city=DE|DE-BE||2950159 0:3 1:4 2:9", "locations 2026-05-02 country=US 0:1 1:1 2:1",
		"events 2026-05-01 event_name=Outbound Link: Click outbound_link=https://a.example/:email property=url|https://a.example/:email 0:1 3:2",
		"events 2026-05-01 event_name=404 property=path|/gone 0:1 3:1",
		"browsers 2026-05-01 browser=Chrome browser_version=Chrome|145.0 0:1 1:1 2:1", "browsers 2026-05-01 0:1 1:1 2:1",
		"properties 2026-05-01 property=plan|pro 0:1 3:2", "properties 2026-05-01 property=plan 0:1 3:2",
		"pages 2026-05-01 page=/order/:email hostname=example.com 0:1 1:1 2:1")
}

func TestTablesAreKnownByTheirColumnsToo(t *testing.T) {
	for header, want := range map[string]tables.Table{"date,visitors,pageviews": tables.Totals, "date,entry_page,visitors": tables.EntryPages, "date,page,hostname,pageviews": tables.Pages,
		"date,device,visitors": tables.Devices, "date,operating_system,visits": tables.Systems} {
		if s := plausibleSheet("table.csv", strings.Split(header, ",")); s == nil || s.table != want {
			t.Errorf("%s: got %+v, want %v", header, s, want)
		}
	}
}

func TestRowsThatCannotBeReadAreNamedAndOthersCounted(t *testing.T) {
	tr := newTableTrial(t, Plausible, func(o *ReportsOptions) { o.Settings.Retention = 2 })
	got := tr.read(t, "imported_visitors_1_2.csv", "\ufeff\"date\",\"visitors\",\"pageviews\",\"bounces\",\"visits\",\"visit_duration\"\n"+
		"2026-05-01,1,2,0,1,5\n\n2026-05-01,x,2,0,1,5\nyesterday,1,2,0,1,5\n2026-05-01,1,2,0\n2026-05-01,-1,2,0,1,5\n\"2026-05-01,1,2,0,1,5\n2026-05-20,1,1,1,1,1\n2026-05-21,1,1,1,1,1\n\",1,1,1,1,1\n"+
		"2026-02-28,1,1,1,1,1\n2026-05-02,1.0,1e0,1,1,1\n")
	if want := map[string]int{Expired: 1}; !maps.Equal(got.Dropped, want) || got.Counted != 2 || got.Bad != 5 {
		t.Errorf("got %+v", got)
	}
	var shown []string
	for _, b := range got.FirstBad {
		shown = append(shown, b.String())
	}
	want := []string{"imported_visitors_1_2.csv:4: visitors is not a number", "imported_visitors_1_2.csv:5: date is not YYYY-MM-DD", "imported_visitors_1_2.csv:6: 4 columns, the table has 6",
		"imported_visitors_1_2.csv:7: visitors is not a number of things", "imported_visitors_1_2.csv:8: date is not YYYY-MM-DD"}
	if !slices.Equal(shown, want) {
		t.Errorf("got %q, want %q", shown, want)
	}
	tr = newTableTrial(t, Plausible)
	got = tr.read(t, "imported_visitors_1_2.csv", "date,visitors\n2026-05-20,1\n2026-05-21,1\n")
	if want := map[string]int{LiveDay: 1, Future: 1}; !maps.Equal(got.Dropped, want) {
		t.Errorf("got %+v", got)
	}
	got = tr.read(t, "imported_unheard_of_1_2.csv", "date,visitors\n2026-05-01,1\n")
	if got.Dropped[UnknownTable] != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestAFullSinkEndsTheImport(t *testing.T) {
	tr := newTableTrial(t, Plausible)
	tr.full = true
	err := tr.m.Read(context.Background(), "visitors", strings.NewReader("date,visitors\n2026-05-01,1\n"))
	if !errors.Is(err, tables.ErrTooLarge) {
		t.Errorf("got %v, want %v", err, tables.ErrTooLarge)
	}
}

// fuzzTables reads a table that may be anything into a fold.
func fuzzTables(f *testing.F, format Format, name string, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		sink := &tables.Fold{Site: site, Floor: 3, Cap: 10}
		m, err := NewReports(ReportsOptions{Format: format, Site: site, Settings: aggregate.DefaultSettings(), Sink: sink, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Read(context.Background(), name, bytes.NewReader(file)); err != nil {
			t.Fatal(err)
		}
		err = sink.Blocks(func(d aggregate.Day, puts []aggregate.Put) error {
			for _, p := range puts {
				for _, v := range append(slices.Clone(p.Block.A), p.Block.B...) {
					if strings.Contains(v, aggregate.Other+aggregate.Other) || strings.Contains(v, aggregate.Hidden) {
						t.Errorf("value %q is reserved", v)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzPlausibleTables(f *testing.F) {
	fuzzTables(f, Plausible, "table.csv", "date,source,utm_medium,visitors,visits,pageviews,bounces\n2026-05-01,Google,cpc,3,4,9,2\n", "date,page,hostname,visitors,pageviews\n2026-05-01,\"/a\n\"\"b\",x,1,2\n",
		"date,property,value,events\n2026-05-01,k,\x01,1", "date,visitors,visits,pageviews\n2026-05-01,1,0,0\n2026-05-01,,,")
}

func FuzzCSVRecords(f *testing.F) {
	f.Add([]byte("a,b\n\"c\nd\",\"\"\"\"\n\"e\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r := newCSVReader(bytes.NewReader(file))
		for range len(file) + 2 {
			if _, err := r.next(); errors.Is(err, io.EOF) {
				return
			} else if err != nil && !errors.Is(err, errQuote) && !errors.Is(err, errLongLine) {
				t.Fatal(err)
			}
		}
		t.Error("there are more records than bytes")
	})
}
