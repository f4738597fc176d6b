package view

import (
	"reflect"
	"strings"
	"testing"

	"footfall/aggregate"
)

var (
	today = aggregate.Date(2026, 11, 24) // a Tuesday
	first = aggregate.Date(2025, 3, 5)
)

// parse reads a query all of which must be understood.
func parse(t *testing.T, query string) *View {
	t.Helper()
	v, _ := Parse(query)
	if len(v.Unread) > 0 {
		t.Errorf("%s: not understood: %q", query, v.Unread)
	}
	return v
}

func TestAnAddressIsPrintedAsItWasRead(t *testing.T) {
	for _, query := range []string{"", "?period=today", "?period=7d&date=2026-10-05", "?period=custom&from=2026-01-02&to=2026-02-03",
		"?compare=year&match=weekday", "?compare=custom&compare_from=2026-01-01&compare_to=2026-01-28",
		"?f=is,page,/a,/b%252Cc&f=contains_not,source,100%2525", "?metric=bounce_rate&interval=week", "?tabs=cities,exit",
		"?tabs=prop:a%252Cb", "?report=pages&sort=pageviews&ascending=1&search=a+b&page=3", "?f=is,prop:plan,%3Cb%3E",
		"?report=prop:a,b", "?period=today&lang=de"} {
		v := parse(t, strings.TrimPrefix(query, "?"))
		if got := v.Query(); got != query {
			t.Errorf("%s is printed as %s", query, got)
		}
	}
}

func TestWhatIsNotUnderstoodIsLeftOutAndReported(t *testing.T) {
	for query, want := range map[string]string{
		"period=fortnight":                   "",
		"period=today&frob=1":                "?period=today",
		"date=2026-13-41":                    "",
		"f=is,page":                          "",
		"f=sounds_like,page,/a":              "",
		"f=is,shoe_size,41":                  "",
		"f=is,page,%01":                      "",
		"f=is,page,%zz":                      "",
		"metric=" + "happiness":              "",
		"report=secrets":                     "",
		"page=0&report=pages":                "?report=pages",
		"search=%00&report=pages":            "?report=pages",
		"period=custom&from=x&to=y":          "",
		"compare=yesterday":                  "",
		"tabs=nothing":                       "",
		strings.Repeat("a", mostQuery) + "a": "",
	} {
		v, _ := Parse(query)
		if len(v.Unread) == 0 {
			t.Errorf("%.60s: nothing is reported", query)
		}
		if got := v.Query(); got != want {
			t.Errorf("%.60s: becomes %q, want %q", query, got, want)
		}
	}
}

func TestAFormAddsReplacesAndRemovesAFilter(t *testing.T) {
	for query, want := range map[string]string{
		"key=page&op=is&value=/a%0D%0A/b":                         "?f=is,page,/a,/b",
		"f=is,page,/a&key=page&op=is&value=/b":                    "?f=is,page,/b",
		"f=is,page,/a&key=source&op=is&value=Bing&replace=0":      "?f=is,source,Bing",
		"f=is,page,/a&key=source&op=is&value=&replace=0":          "",
		"f=is,page,/a&key=page&op=contains&value=x":               "?f=is,page,/a&f=contains,page,x",
		"period=custom&from=2026-05-09&to=2026-05-01&compare_to=": "?period=custom&from=2026-05-01&to=2026-05-09",
	} {
		if got := parse(t, query).Query(); got != want {
			t.Errorf("%s: becomes %q, want %q", query, got, want)
		}
	}
	if _, formed := Parse("key=page&op=is&value="); !formed {
		t.Error("a form's address is not told from a plain one")
	}
	v, _ := Parse("key=shoe&op=is&value=41")
	if len(v.Filters) != 0 || len(v.Unread) != 1 {
		t.Errorf("a filter on nothing: %v, reported %q", v.Filters, v.Unread)
	}
}

func TestPeriodsAreTheseDays(t *testing.T) {
	for query, want := range map[string]string{
		"":                              "2026-10-28 2026-11-24",
		"period=today":                  "2026-11-24 2026-11-24",
		"period=yesterday":              "2026-11-23 2026-11-23",
		"period=day&date=2026-02-03":    "2026-02-03 2026-02-03",
		"period=day":                    "2026-10-28 2026-11-24",
		"period=7d":                     "2026-11-18 2026-11-24",
		"period=7d&date=2026-11-17":     "2026-11-11 2026-11-17",
		"period=7d&date=2027-11-17":     "2026-11-18 2026-11-24",
		"period=91d":                    "2026-08-26 2026-11-24",
		"period=month":                  "2026-11-01 2026-11-24",
		"period=month&date=2026-02-14":  "2026-02-01 2026-02-28",
		"period=last_month":             "2026-10-01 2026-10-31",
		"period=6mo":                    "2026-06-01 2026-11-24",
		"period=12mo":                   "2025-12-01 2026-11-24",
		"period=12mo&date=2026-03-09":   "2025-04-01 2026-03-31",
		"period=year":                   "2026-01-01 2026-11-24",
		"period=year&date=2025-06-01":   "2025-01-01 2025-12-31",
		"period=all":                    "2025-03-05 2026-11-24",
		"period=custom&from=2026-01-05": "2026-10-28 2026-11-24",
	} {
		v, _ := Parse(query)
		r := v.Range(first, today)
		if got := r.First.String() + " " + r.Last.String(); got != want || !r.Days {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if v := parse(t, "period=realtime"); !v.Range(first, today).Realtime {
		t.Error("real time is a range of days")
	}
}

func TestArrowsStepByAPeriod(t *testing.T) {
	for query, want := range map[string][2]string{ // the one before and the one after
		"period=today":               {"?period=yesterday", "none"},
		"period=yesterday":           {"?period=day&date=2026-11-22", "?period=today"},
		"period=day&date=2026-11-22": {"?period=day&date=2026-11-21", "?period=yesterday"},
		"":                           {"?period=28d&date=2026-10-27", "none"},
		"period=7d&date=2026-11-17":  {"?period=7d&date=2026-11-10", "?period=7d"},
		"period=month":               {"?period=month&date=2026-10-01", "none"},
		"period=last_month":          {"?period=month&date=2026-09-01", "?period=month"},
		"period=year":                {"?period=year&date=2025-01-01", "none"},
		"period=12mo":                {"?period=12mo&date=2025-11-01", "none"},
		"period=all":                 {"none", "none"},
		"period=realtime":            {"none", "none"},
		"period=day&date=2025-03-05": {"none", "?period=day&date=2025-03-06"},
		"period=custom&from=2026-03-01&to=2026-03-10": {"?period=custom&from=2026-02-19&to=2026-02-28",
			"?period=custom&from=2026-03-11&to=2026-03-20"},
	} {
		for i, n := range []int{-1, 1} {
			got := "none"
			if to, ok := parse(t, query).Step(n, first, today); ok {
				got = to.Query()
			}
			if got != want[i] {
				t.Errorf("%s, step %d: %s, want %s", query, n, got, want[i])
			}
		}
	}
}

func TestComparisonsAreTheseDays(t *testing.T) {
	for query, want := range map[string]string{
		"":                                     "2026-09-30 2026-10-27",
		"period=today":                         "2026-11-23 2026-11-23",
		"period=month":                         "2026-10-01 2026-10-24",
		"period=last_month":                    "2026-09-01 2026-09-30",
		"period=month&date=2026-03-01":         "2026-02-01 2026-02-28",
		"period=month&compare=year":            "2025-11-01 2025-11-24",
		"period=7d&compare=year":               "2025-11-18 2025-11-24",
		"period=7d&compare=year&match=weekday": "2025-11-19 2025-11-25",
		"period=30d&compare=previous&match=weekday": "2026-09-21 2026-10-20",
		"period=year":                "2025-01-01 2025-11-24",
		"period=6mo":                 "2025-12-01 2026-05-26",
		"compare=none":               "none",
		"period=all":                 "none",
		"period=realtime":            "none",
		"period=day&date=2025-03-05": "none",
		"compare=custom&compare_from=2026-01-01&compare_to=2026-01-28": "2026-01-01 2026-01-28",
		"compare=custom&compare_from=2024-01-01&compare_to=2024-01-28": "none",
	} {
		v := parse(t, query)
		got := "none"
		if c, ok := v.Compared(v.Range(first, today), first); ok {
			got = c.First.String() + " " + c.Last.String()
		}
		if got != want {
			t.Errorf("%s: compared with %s, want %s", query, got, want)
		}
	}
}

func TestATrendHasFewEnoughSteps(t *testing.T) {
	for query, want := range map[string]string{"period=today": "hour", "period=7d": "day", "": "day", "period=91d": "day",
		"period=12mo": "month", "period=year": "week", "period=realtime": "minute", "period=7d&interval=hour": "hour",
		"period=91d&interval=hour": "day", "period=12mo&interval=day": "day",
		"period=custom&from=2020-01-01&to=2026-01-01&interval=day": "month"} {
		v := parse(t, query)
		if _, g := v.Grains(v.Range(first, today), true); GrainName(g) != want {
			t.Errorf("%s: by %s, want %s", query, GrainName(g), want)
		}
	}
	v := parse(t, "period=yesterday&interval=hour")
	if _, g := v.Grains(v.Range(first, today), false); g != aggregate.DayGrain {
		t.Error("a trend is offered by hours that are not known")
	}
}

func TestOnlyWhatTheCountersLinkIsOffered(t *testing.T) {
	field := func(key string) aggregate.Field { f, _ := Field(key); return f }
	for _, c := range []struct {
		query, key string
		want       bool
	}{
		{"", "page", true}, {"f=is,source,Bing", "page", true}, {"f=is,source,Bing", "", true},
		{"f=is,source,Bing&f=is,page,/", "", true}, {"f=is,source,Bing&f=is,page,/", "device", false},
		{"f=is,source,Bing&f=is,page,/", "source", true}, {"f=is,source,Bing", "city", false},
		{"f=is,country,DE", "city", true}, {"f=is,browser,Firefox", "browser_version", true},
		{"f=is,section,/blog", "page", true}, {"f=is,source,Bing&f=is,page,/&period=today", "device", true},
		{"f=is,source,Bing&f=is,city,Bonn&f=is,page,/&period=realtime", "download", true},
		{"f=is,prop:plan,pro", "prop:size", false},
	} {
		v := parse(t, c.query)
		var fields []aggregate.Field
		if c.key != "" {
			fields = append(fields, field(c.key))
		}
		if got := v.Answerable(v.Range(first, today), today, fields...); got != c.want {
			t.Errorf("%q by %q: offered %v, want %v", c.query, c.key, got, c.want)
		}
	}
}

func TestATabIsRememberedPerGroup(t *testing.T) {
	v := parse(t, "tabs=cities").WithTab("exit").WithTab("regions").WithTab("browsers")
	if got, want := v.Query(), "?tabs=exit,regions"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if v.Tab("pages") != "exit" || v.Tab("sources") != "channels" {
		t.Errorf("open are %s and %s", v.Tab("pages"), v.Tab("sources"))
	}
}

func TestEveryReportCanBeAskedFor(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Reports("") {
		if seen[r.ID] || GroupOf(r.ID) != r.Group || len(r.Fields) == 0 || len(r.Metrics) == 0 {
			t.Errorf("report %q is there twice, in no group, or has no columns", r.ID)
		}
		seen[r.ID] = true
	}
	for _, key := range Keys() {
		if _, ok := Field(key); !ok {
			t.Errorf("no dimension for %q", key)
		}
	}
	for _, g := range Groups {
		if FirstOf(g) == "" {
			t.Errorf("group %q is empty", g)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, query := range []string{"", "period=7d&date=2026-10-05", "f=is,page,/a%252C,/b&f=contains,prop:a,%25", "key=page&op=is&value=/a%0Ab&replace=0",
		"report=prop:x,y&search=%E2%82%AC&page=2&sort=visitors", "compare=custom&compare_from=2026-01-01&compare_to=2025-01-01",
		"tabs=prop%253Ax%25252Cy,exit", "f=is,page,%ff", "%zz=%zz", "period=custom&from=0001-01-01&to=9999-12-31"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		v, _ := Parse(query)
		printed := v.Query()
		again, formed := Parse(strings.TrimPrefix(printed, "?"))
		if len(again.Unread) > 0 || formed {
			t.Fatalf("%q is printed as %q, of which %q is not understood", query, printed, again.Unread)
		}
		v.Unread = nil
		if got := again.Query(); got != printed || !reflect.DeepEqual(normal(v), normal(again)) {
			t.Fatalf("%q is printed as %q, and that as %q", query, printed, got)
		}
		if len(v.Filters) > MostFilters || v.Page < 0 {
			t.Fatalf("%q is out of bounds: %+v", query, v)
		}
		r := v.Range(first, today)
		if r.Days && r.First > r.Last {
			t.Fatalf("%q: the range ends before it begins", query)
		}
		v.Compared(r, first)
		v.Answerable(r, today)
		for _, n := range []int{-1, 1} {
			if to, ok := v.Step(n, first, today); ok && to.Range(first, today).First == r.First && r.Last < today {
				t.Fatalf("%q: a step leads nowhere", query)
			}
		}
	})
}

// normal spells empty lists in one way.
func normal(v *View) *View {
	c := v.Clone()
	if len(c.Tabs) == 0 {
		c.Tabs = nil
	}
	if len(c.Kept) == 0 {
		c.Kept = nil
	}
	if len(c.Filters) == 0 {
		c.Filters = nil
	}
	return c
}
