package export

import (
	"archive/zip"
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"
	"testing"

	"footfall/aggregate"
)

// shelf is a made-up stock of blocks.
type shelf []aggregate.Put

func (s shelf) Range(id aggregate.ImportID, every bool, span aggregate.Span, a, b aggregate.Dimension,
	first, last aggregate.Day, fn func(aggregate.Key, *aggregate.Block) error) error {
	for _, p := range s {
		k := p.Key
		if (every || k.Import == id) && k.Span == span && k.A == a && k.B == b && k.Day >= first && k.Day <= last {
			if err := fn(k, p.Block); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s shelf) Days() (first, last aggregate.Day, ok bool) {
	for _, p := range s {
		if p.Key.A == aggregate.None {
			if !ok {
				first, last, ok = p.Key.Day, p.Key.Day, true
			}
			first, last = min(first, p.Key.Day), max(last, p.Key.Day)
		}
	}
	return first, last, ok
}

// put is a block with rows of visitors, visits and pageviews. Values of links are
// joined by a bar.
func put(id aggregate.ImportID, day aggregate.Day, a, b aggregate.Dimension, rows map[string][3]int64) aggregate.Put {
	p := aggregate.Put{Key: aggregate.Key{Import: id, Span: aggregate.OneDay, Day: day, A: a, B: b}, Block: &aggregate.Block{}}
	var as, bs []string
	for v := range rows {
		x, y, _ := strings.Cut(v, "|")
		as, bs = append(as, x), append(bs, y)
	}
	slices.Sort(as)
	slices.Sort(bs)
	p.Block.A, p.Block.B = slices.Compact(as), slices.Compact(bs)
	for v, n := range rows {
		x, y, _ := strings.Cut(v, "|")
		i, _ := slices.BinarySearch(p.Block.A, x)
		j, _ := slices.BinarySearch(p.Block.B, y)
		r := aggregate.Row{A: uint32(i), B: uint32(j)}
		r.Counts[aggregate.Visitors], r.Counts[aggregate.Visits], r.Counts[aggregate.Pageviews], r.Counts[aggregate.Events] = n[0], n[1], n[2], n[2]
		p.Block.Rows = append(p.Block.Rows, r)
	}
	slices.SortFunc(p.Block.Rows, func(x, y aggregate.Row) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) })
	return p
}

func files(t *testing.T, blocks shelf, f Format) map[string]string {
	t.Helper()
	s := &Stock{Site: "example.com", Settings: aggregate.DefaultSettings(), Blocks: blocks}
	var b, again bytes.Buffer
	if err := s.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	if s.Write(&again, f); !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("the same data make different bytes")
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = string(content)
	}
	return all
}

const day = aggregate.Day(20_000) // 2024-10-04

func stocked() shelf {
	j := aggregate.Join
	return shelf{
		put(0, day, aggregate.None, aggregate.None, map[string][3]int64{"": {5, 6, 20}, "07": {5, 6, 20}}),
		put(3, day+40, aggregate.None, aggregate.None, map[string][3]int64{"": {1, 1, 2}}),
		put(0, day, aggregate.Country, aggregate.None, map[string][3]int64{"DE": {4, 5, 17}, "FR": {1, 1, 1}, "": {1, 1, 2}}),
		put(0, day, aggregate.Region, aggregate.None, map[string][3]int64{j("DE", "DE-BE", "Berlin"): {3, 3, 9}, j("DE", "DE-BY", "Bavaria"): {1, 1, 4}, "": {2, 2, 7}}),
		put(0, day, aggregate.City, aggregate.None, map[string][3]int64{j("DE", "DE-BE", "Berlin", "2950159", "Berlin"): {2, 2, 6}, "": {3, 4, 14}}),
		put(0, day, aggregate.Referrer, aggregate.None, map[string][3]int64{j("Google", "google.com"): {3, 3, 9}, "": {2, 3, 11}}),
		put(3, day, aggregate.Referrer, aggregate.None, map[string][3]int64{j("Google", "google.com"): {1, 1, 1}, aggregate.Other: {1, 1, 1}}),
		put(0, day, aggregate.UTMMedium, aggregate.None, map[string][3]int64{"cp\"c": {1, 1, 3}, "": {4, 5, 17}}),
		put(0, day, aggregate.EventName, aggregate.None, map[string][3]int64{"pageview": {5, 6, 20}, "404": {2, 2, 5}, "Outbound Link: Click": {1, 1, 3}, "Signup": {1, 1, 1}}),
		put(0, day, aggregate.Outbound, aggregate.None, map[string][3]int64{"https://a.example": {1, 1, 2}}),
		put(0, day, aggregate.EventName, aggregate.Property, map[string][3]int64{"404|" + j("path", "/gone"): {2, 2, 4}, "Signup|" + j("path", "/x"): {1, 1, 1}}),
		put(0, day, aggregate.Property, aggregate.None, map[string][3]int64{j("plan", "pro"): {1, 1, 1}, "plan": {5, 5, 8}}),
	}
}

func TestPlausiblesTablesAreWritten(t *testing.T) {
	got := files(t, stocked(), Plausible)
	for name, want := range map[string]string{
		"visitors": `"date","visitors","pageviews","bounces","visits","visit_duration"
"2024-10-04",5,20,0,6,0
"2024-11-13",1,2,0,1,0
`,
		"locations": `"date","country","region","city","visitors","visits","visit_duration","bounces","pageviews"
"2024-10-04","DE","","",1,1,0,0,4
"2024-10-04","DE","DE-BE","",1,1,0,0,3
"2024-10-04","DE","DE-BE","2950159",2,2,0,0,6
"2024-10-04","DE","DE-BY","",1,1,0,0,4
"2024-10-04","FR","","",1,1,0,0,1
`,
		"sources": `"date","source","referrer","utm_source","utm_medium","utm_campaign","utm_content","utm_term","pageviews","visitors","visits","visit_duration","bounces"
"2024-10-04","","","","","","","",11,2,3,0,0
"2024-10-04","","","","cp""c","","","",3,1,1,0,0
"2024-10-04","(other)","","","","","","",1,1,1,0,0
"2024-10-04","Google","google.com","","","","","",10,4,4,0,0
`,
		"custom_events": `"date","name","link_url","path","visitors","events"
"2024-10-04","404","","",1,1
"2024-10-04","404","","/gone",2,4
"2024-10-04","Outbound Link: Click","","",1,1
"2024-10-04","Outbound Link: Click","https://a.example","",1,2
"2024-10-04","Signup","","",1,1
`,
		"custom_props": `"date","property","value","visitors","events"
"2024-10-04","plan","pro",1,1
`,
	} {
		if got := got["imported_"+name+"_20241004_20241113.csv"]; got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	if len(got) != 11 {
		t.Errorf("got %d tables, want 11", len(got))
	}
}

func TestTheZipOfReportsHoldsEverything(t *testing.T) {
	got := files(t, stocked(), CSV)
	for name, want := range map[string]string{
		"totals.csv":                    "date,hour,visitors,visits,pageviews\n2024-10-04,,5,6,20\n2024-10-04,07,5,6,20\n2024-11-13,,1,1,2\n",
		"city.csv":                      "date,country,region,region_name,city,city_name,visitors,visits,pageviews\n2024-10-04,,,,,,3,4,14\n2024-10-04,DE,DE-BE,Berlin,2950159,Berlin,2,2,6\n",
		"country.csv":                   "date,country,visitors,visits,pageviews\n2024-10-04,,1,1,2\n2024-10-04,DE,4,5,17\n2024-10-04,FR,1,1,1\n",
		"links/event_name_property.csv": "date,event_name,property,value,visitors,visits,pageviews\n2024-10-04,404,path,/gone,2,2,4\n2024-10-04,Signup,path,/x,1,1,1\n",
	} {
		var lines []string
		columns := strings.Count(strings.SplitN(want, "\n", 2)[0], ",") + 1
		for _, line := range strings.SplitAfter(got[name], "\n") {
			if cells := strings.Split(line, ","); len(cells) > columns {
				line = strings.Join(cells[:columns], ",") + "\n"
			}
			lines = append(lines, line)
		}
		if got := strings.Join(lines, ""); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestAnEmptySiteMakesAWholeExport(t *testing.T) {
	for _, f := range []Format{Plausible, CSV} {
		if got := files(t, nil, f); len(got) != 0 {
			t.Errorf("%s: got %v", f, got)
		}
	}
	var b bytes.Buffer
	s := &Stock{Site: "example.com", Blocks: shelf{}}
	if err := s.Write(&b, JSON); err != nil || !strings.HasSuffix(b.String(), "\"count\":0}\n") {
		t.Errorf("got %s, %v", b.String(), err)
	}
	if err := s.Write(&b, "pdf"); err == nil {
		t.Error("an unknown format is no error")
	}
}
